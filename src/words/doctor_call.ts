// The words for what `sesame doctor HOST` found: a line for each step of its call, and the three parts behind them.
// Pure. Not in here: finding out (cli/doctor_call.ts), the words for a cause (call_failures.ts).

import { CALL_PLACES, type CallCause, type CallPlace, type TcpFault } from "../call.ts";
import { type CallProgress, isLoopback } from "../transport/call_progress.ts";
import { callProblem } from "./call_failures.ts";
import type { Problem } from "./problems.ts";

/** One step as it is told. */
export interface StepReport {
  readonly step: CallPlace;
  readonly state: "ok" | "failed" | "not tried";
  readonly found: string;
}

export interface Diagnosis extends Problem {
  readonly address: string;
  /** Beside the names of failures: a call that went well, also to this machine's own address. */
  readonly cause: CallCause | "none" | "own-address";
  /** Where it fails; absent: it does not. */
  readonly step?: CallPlace;
}

/** `target` as HOST:PORT. */
export function diagnose(target: string, progress: CallProgress): Diagnosis {
  const { failure, isOwn, proxy, reached } = progress;
  if (failure !== undefined) {
    return { address: target, cause: failure.why, step: failure.at, ...callProblem(target, failure, proxy) };
  }
  const doing = `Called ${target}${proxy === undefined ? "" : ` through ${proxy}`}.`;
  if (!isOwn) {
    const where = isLoopback(reached ?? "") ? "on this machine" : "there";
    return {
      address: target,
      cause: "none",
      doing,
      wrong: `All is well: a Sesame answers ${where}.`,
      next: `Type: sesame connect ${target}`,
    };
  }
  return {
    address: target,
    cause: "own-address",
    doing,
    wrong: "A Sesame answers, but that is this machine's own address.",
    next: "Give your friend's address, not your own; they can reach you at this one if they are on the same network.",
  };
}

/** A line for each step, in order, those that were not come to included. `tried`: the phrase was to be tried as well. */
export function stepReports(progress: CallProgress, tried: { readonly phrase: boolean }): StepReport[] {
  const at = progress.at === undefined ? CALL_PLACES.length : CALL_PLACES.indexOf(progress.at);
  // A proxy looks the name up itself.
  const none: CallPlace = progress.proxy === undefined ? "proxy" : "name";
  return CALL_PLACES.filter((step) => step !== none).map((step) => {
    const index = CALL_PLACES.indexOf(step);
    if (index > at || (step === "phrase" && !tried.phrase)) {
      return { step, state: "not tried", found: step === "phrase" && index <= at ? "--with-phrase tries it too" : "" };
    }
    return { step, state: index < at ? "ok" : "failed", found: found(step, index < at, progress) };
  });
}

function found(step: CallPlace, ok: boolean, progress: CallProgress): string {
  const { addresses, attempts, reached, failure } = progress;
  const cause: CallCause = failure?.why ?? "filtered";
  switch (step) {
    case "name":
      return ok ? addresses.join(", ") : NAME_FOUND[cause] ?? "no such name";
    case "proxy":
      return ok ? `${progress.proxy} takes the connection` : "no answer";
    case "connect": {
      if (progress.proxy !== undefined) return ok ? "made by the proxy" : PROXY_FOUND[cause] ?? cause;
      const failed = [...attempts].map(([address, fault]) => `${address}: ${FAULTS[fault ?? "filtered"]}`);
      return [...(ok && reached !== undefined ? [`${reached} takes the connection`] : []), ...failed].join("; ");
    }
    case "tls":
      if (!ok) return TLS_FOUND[cause] ?? "";
      return `TLS 1.3, with ${
        progress.familiar ? "a certificate like those that Sesame makes" : "a certificate of another kind"
      }`;
    case "offer":
      return ok ? "a Sesame of this version" : cause === "busy" ? "closed without one" : OFFER_FOUND[cause] ?? "";
    case "phrase":
      return ok ? "right, and in the same mode" : cause === "phrase" ? "did not match" : "no answer";
  }
}

/** Of a step, for people. */
export const LABELS: Readonly<Record<CallPlace, string>> = {
  name: "name",
  proxy: "proxy",
  connect: "TCP connection",
  tls: "TLS",
  offer: "Sesame's offer",
  phrase: "phrase",
};

/** Of an address, behind it. */
const FAULTS: Readonly<Record<TcpFault, string>> = {
  refused: "refused",
  filtered: "silent",
  unreachable: "unreachable",
  forbidden: "forbidden",
  "turned-away": "closed at once",
};
const NAME_FOUND: Partial<Record<CallCause, string>> = { "no-resolver": "no answer", "onion-name": "not asked for" };
const PROXY_FOUND: Partial<Record<CallCause, string>> = {
  "proxy-login": "the proxy wants a login",
  "proxy-refused": "the proxy could not connect",
  "proxy-protocol": "what answers does not speak SOCKS5",
  filtered: "no answer",
};
const TLS_FOUND: Partial<Record<CallCause, string>> = {
  silent: "no answer",
  "turned-away": "closed at once",
  "not-tls": "the answer is not TLS",
  "not-sesame": "another kind of TLS",
};
const OFFER_FOUND: Partial<Record<CallCause, string>> = {
  "large-packets-lost": "does not arrive",
  "not-sesame": "something else, or nothing",
};

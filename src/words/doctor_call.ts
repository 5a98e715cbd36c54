// The words for what `sesame doctor HOST` found: a line for each step of its call, and the three parts behind them.
// Pure. Out of scope: finding out (cli/doctor_call.ts), the words for a cause (call_failures.ts).

import { CALL_PLACES, type CallCause, type CallFailure, type CallPlace, type TcpFault } from "../call.ts";
import { scopeOf } from "../transport/address.ts";
import type { CallProgress } from "../transport/call_progress.ts";
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
    const where = scopeOf(reached) === "machine" ? "on this machine" : "there";
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
  const { failure } = progress;
  const at = failure === undefined ? CALL_PLACES.length : CALL_PLACES.indexOf(failure.at);
  // A proxy looks the name up itself.
  const none: CallPlace = progress.proxy === undefined ? "proxy" : "name";
  return CALL_PLACES.filter((step) => step !== none).map((step) => {
    if (step === "phrase" && !tried.phrase) {
      const comeTo = failure === undefined || failure.at === step;
      return { step, state: "not tried", found: comeTo ? "--with-phrase tries it too" : "" };
    }
    if (CALL_PLACES.indexOf(step) < at) return { step, state: "ok", found: foundWell(step, progress) };
    return step === failure?.at
      ? { step, state: "failed", found: foundWrong(failure, progress) }
      : { step, state: "not tried", found: "" };
  });
}

function foundWell(step: CallPlace, progress: CallProgress): string {
  switch (step) {
    case "name":
      return progress.addresses.join(", ");
    case "proxy":
      return `${progress.proxy} takes the connection`;
    case "connect":
      if (progress.proxy !== undefined) return "made by the proxy";
      return [`${progress.reached} takes the connection`, ...notReached(progress)].join("; ");
    case "tls":
      return `TLS 1.3, with ${
        progress.familiar ? "a certificate like those that Sesame makes" : "a certificate of another kind"
      }`;
    case "offer":
      return "a Sesame of this version";
    case "phrase":
      return "right, and in the same mode";
  }
}

function foundWrong({ at, why }: CallFailure, progress: CallProgress): string {
  if (at === "connect" && progress.proxy === undefined) return notReached(progress).join("; ");
  return FOUND_WRONG[at][why] ?? "no answer";
}

/** The addresses that took no connection, each with its fault. */
function notReached({ attempts }: CallProgress): string[] {
  return [...attempts].map(([address, fault]) => `${address}: ${FAULTS[fault ?? "filtered"]}`);
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
/** In a few words; what is not in here is silence. */
const FOUND_WRONG: Readonly<Record<CallPlace, Partial<Record<CallCause, string>>>> = {
  name: { "name-not-found": "no such name", "onion-name": "not asked for" },
  proxy: {},
  // By the proxy.
  connect: {
    "proxy-login": "the proxy wants a login",
    "proxy-refused": "the proxy could not connect",
    "proxy-protocol": "what answers does not speak SOCKS5",
    refused: "refused",
    unreachable: "unreachable",
  },
  tls: {
    "turned-away": "closed at once",
    "not-tls": "the answer is not TLS",
    "not-sesame": "another kind of TLS",
  },
  offer: {
    busy: "closed without one",
    "large-packets-lost": "does not arrive",
    "not-sesame": "something else, or nothing",
  },
  phrase: { phrase: "did not match" },
};

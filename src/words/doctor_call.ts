// The words for what `sesame doctor HOST` found: a line for each step of its call, and the three parts behind them.
// Pure. Out of scope: finding out (cli/doctor_call.ts), the words for a cause (call_failures.ts).

import { CALL_PLACES, type CallCause, type CallFailure, type CallPlace } from "../call.ts";
import { scopeOf } from "../transport/address.ts";
import type { CallProgress } from "../transport/call_progress.ts";
import { callFailureShort, callProblem } from "./call_failures.ts";
import { forShell } from "./invitation.ts";
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
      next: `Type: sesame connect ${forShell(target)}`,
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

function foundWrong(failure: CallFailure, progress: CallProgress): string {
  return failure.at === "connect" && progress.proxy === undefined
    ? notReached(progress).join("; ")
    : callFailureShort(failure);
}

/** The addresses that took no connection, each with its fault. */
function notReached({ attempts }: CallProgress): string[] {
  return [...attempts].map(([address, fault]) =>
    `${address}: ${callFailureShort({ at: "connect", why: fault ?? "filtered" })}`
  );
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

// The calls under way, as the person waits for them: how far each has come, and whether it is time to say why it fails.
// Pure: the clock is an argument. Out of scope: calling (loop.ts), when a call is given up (peers), words
// (words/call_failures.ts).

import type { CallFailure, CallStep } from "../call.ts";
import type { Millis } from "../ports.ts";
import { CallProgress } from "../transport/call_progress.ts";

/** A call that has not succeeded for a while, and why. */
export interface Due {
  readonly target: string;
  readonly failure: CallFailure;
}

interface Watched {
  /** When the first attempt began. */
  readonly since: Millis;
  now: CallProgress;
  /** Why the attempt before failed, and the present one if it has ended. */
  last: CallFailure | undefined;
  ended: CallFailure | undefined;
  /** When the present attempt was last heard of. */
  steppedAt: Millis;
  told: boolean;
  /** When two-sided attempts began beside the call; undefined: there are none, or it was said that they meet nobody. */
  meets: Millis | undefined;
}

export class Watch {
  readonly #calls = new Map<string, Watched>();

  /** An attempt begins. */
  begin(target: string, now: Millis): void {
    const call = this.#calls.get(target);
    if (call === undefined) {
      const attempt = { now: new CallProgress(), last: undefined, ended: undefined };
      this.#calls.set(target, { since: now, ...attempt, steppedAt: now, told: false, meets: undefined });
    } else {
      call.last = call.ended;
      call.ended = undefined;
      call.now = new CallProgress();
      call.steppedAt = now;
    }
  }

  follow(target: string, step: CallStep, now: Millis): void {
    const call = this.#calls.get(target);
    if (call === undefined) return;
    call.now.follow(step);
    call.steppedAt = now;
  }

  /** There are places where this call's friend may be met halfway, from about now on. */
  aimed(target: string, now: Millis): void {
    const call = this.#calls.get(target);
    if (call !== undefined && call.last === undefined) call.meets ??= now;
  }

  /** The present attempt has ended. */
  refused(target: string, failure: CallFailure): void {
    const call = this.#calls.get(target);
    if (OURS.includes(failure.why)) this.#calls.delete(target); // there is nothing to find out
    else if (call !== undefined) call.ended = failure;
  }

  /**
   * What is to be said now: once for each target that has been called for DIAGNOSE_AFTER_MS. `calling`: those that are
   * still called; the others are forgotten.
   */
  due(now: Millis, calling: readonly string[]): Due[] {
    const due: Due[] = [];
    for (const [target, call] of this.#calls) {
      if (!calling.includes(target)) {
        this.#calls.delete(target); // the friend may be here: "still no connection" would be a lie
        continue;
      }
      if (call.meets !== undefined && now - call.meets >= NOT_MET_AFTER_MS) {
        call.meets = undefined;
        const failure = call.last ?? call.ended ?? call.now.failure;
        if (failure !== undefined && UNREACHED.includes(failure.why)) due.push({ target, failure: NOT_MET });
      }
      if (call.told || now - call.since < DIAGNOSE_AFTER_MS) continue;
      const stuck = now - call.steppedAt >= STUCK_MS && !call.now.waitsForUs;
      const failure = call.last ?? (stuck ? call.ended ?? call.now.failure : undefined);
      if (failure === undefined) continue;
      call.told = true;
      due.push({ target, failure });
    }
    return due;
  }
}

/** How long a person waits without a word. */
export const DIAGNOSE_AFTER_MS = 5_000;
/** Two friends who call each other meet within a few seconds, or not at all. */
const NOT_MET_AFTER_MS = 20_000;
const NOT_MET: CallFailure = { at: "connect", why: "nat-random-ports" };
const UNREACHED: readonly CallFailure["why"][] = ["filtered", "refused", "unreachable"];
/** A first attempt that goes on must have brought nothing for this long. */
const STUCK_MS = 2_000;
/** What `peers` ends a call for, or what its connections tell by themselves. */
const OURS: readonly CallFailure["why"][] = ["self", "duplicate", "full"];

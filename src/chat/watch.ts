// The calls under way as the person waits for them: how far each came, and whether it is time to say why it fails.
// Pure: the clock is an argument. Not in here: calling (loop.ts), when a call is given up (peers), words (diagnosis.ts).

import type { RefusedReason } from "../notice.ts";
import type { Millis } from "../ports.ts";
import { CallProgress, type CallStep } from "../transport/call_progress.ts";
import { diagnose, type Diagnosis } from "../words/diagnosis.ts";

interface Watched {
  /** When the first attempt began. */
  readonly since: Millis;
  now: CallProgress;
  /** The attempt before. */
  last: CallProgress | undefined;
  /** When the present attempt was last heard of. */
  steppedAt: Millis;
  told: boolean;
}

export class Watch {
  readonly #calls = new Map<string, Watched>();

  /** An attempt begins. */
  begin(target: string, now: Millis): void {
    const call = this.#calls.get(target);
    if (call === undefined) {
      this.#calls.set(target, { since: now, now: new CallProgress(), last: undefined, steppedAt: now, told: false });
    } else {
      call.last = call.now;
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

  /** The present attempt has ended. */
  refused(target: string, reason: RefusedReason): void {
    if (reason === "closed" || reason === "phrase" || reason === "protocol") {
      this.#calls.get(target)?.now.follow({ step: "ended", why: reason });
    } else if (reason !== "timeout" && reason !== "unreachable") this.#calls.delete(target); // there is nothing to find out
  }

  /**
   * What is to be said now: once for each target that has been called for DIAGNOSE_AFTER_MS. `calling`: those that are
   * still called; the others are forgotten.
   */
  due(now: Millis, calling: readonly string[]): Diagnosis[] {
    const due: Diagnosis[] = [];
    for (const [target, call] of this.#calls) {
      if (!calling.includes(target)) {
        this.#calls.delete(target); // the friend may be here: "still no connection" would be a lie
        continue;
      }
      if (call.told || now - call.since < DIAGNOSE_AFTER_MS) continue;
      const stuck = now - call.steppedAt >= STUCK_MS && !call.now.waitsForUs;
      const course = call.last ?? (stuck ? call.now : undefined);
      if (course === undefined) continue;
      call.told = true;
      due.push(diagnose(target, course));
    }
    return due;
  }

  /** Why the attempt that has just ended with this reason failed, where its course tells more than the reason. */
  explain(target: string, reason: RefusedReason): Diagnosis | undefined {
    const course = this.#calls.get(target)?.now;
    if (course === undefined || !COARSE.includes(reason)) return undefined;
    // Whoever hangs up after the answer does it because of the phrase, unless `peers`, which knows more, says otherwise.
    if (course.at === undefined || (course.at === "phrase" && reason === "closed")) return undefined;
    return diagnose(target, course);
  }
}

/** How long a person waits without a word. */
export const DIAGNOSE_AFTER_MS = 5_000;
/** A first attempt that goes on must have brought nothing for this long. */
const STUCK_MS = 2_000;
const COARSE: readonly RefusedReason[] = ["timeout", "unreachable", "protocol", "closed"];

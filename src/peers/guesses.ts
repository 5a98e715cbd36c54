// The guesses of all strangers together (docs/PROTOCOL.md section 8): one bucket, from which one guess is set aside for
// each connection before it is offered anything. Pure: time is an argument. Out of scope: who gets one.

import { GUESS_BURST, GUESSES_PER_MINUTE, MINUTE_MS } from "../constants.ts";
import type { Millis } from "../ports.ts";

export class Guesses {
  #left = GUESS_BURST;
  #at: Millis = 0;

  left(now: Millis): number {
    const gained = Math.max(0, now - this.#at) * GUESSES_PER_MINUTE / MINUTE_MS;
    this.#left = Math.min(GUESS_BURST, this.#left + gained);
    this.#at = now;
    return this.#left;
  }

  /** When this many are left, if nobody takes one. */
  leftAt(count: number, now: Millis): Millis {
    const missing = count - this.left(now);
    return missing <= 0 ? now : now + missing * MINUTE_MS / GUESSES_PER_MINUTE;
  }

  take(now: Millis): void {
    this.#left = Math.max(0, this.left(now) - 1);
  }

  giveBack(now: Millis): void {
    this.#left = Math.min(GUESS_BURST, this.left(now) + 1);
  }
}

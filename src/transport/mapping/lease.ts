// When a router is asked again to go on forwarding a port. Pure: the clock is an argument. Out of scope: asking
// (mapper.ts).

import type { Millis } from "../../ports.ts";

/** Seconds that are asked for: how long a port stays open when this program could not take it back. */
export const LIFETIME_S = 1200;
const RENEW_LEAST_MS = 30_000;
const RENEW_MOST_MS = 600_000;
const AGAIN_MS = 30_000;

export class Lease {
  /** When to ask again. */
  askAt: Millis;
  /** When the router forgets it. */
  readonly #endsAt: Millis;

  /** Granted for `seconds`. */
  constructor(seconds: number, now: Millis) {
    this.askAt = now + Math.min(Math.max(seconds * 1000 / 2, RENEW_LEAST_MS), RENEW_MOST_MS);
    this.#endsAt = now + seconds * 1000;
  }

  /** Nobody answered. True: it is over by now. */
  silent(now: Millis): boolean {
    this.askAt = now + AGAIN_MS;
    return now >= this.#endsAt;
  }
}

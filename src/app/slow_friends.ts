// For whom a pipe waits: a friend who has too much unconfirmed loses nothing by being slow, and one who confirms nothing
// does not keep the others waiting for ever. Pure: the clock is an argument. Not in here: the pipe, what is said of it.

import { MAX_UNCONFIRMED, SLOW_FRIEND_MS } from "../constants.ts";
import type { Millis, PeerId } from "../ports.ts";
import type { Present } from "../peers/step.ts";

export class SlowFriends {
  /** Those who are full, or were passed over and have not caught up. */
  readonly #behind = new Map<PeerId, { readonly since: Millis; passed: boolean }>();

  /** Asked after each change, and as time passes: whether the next line may go. With nobody here nothing is waited for. */
  mayGo(present: readonly Pick<Present, "peer" | "unconfirmed">[], now: Millis): boolean {
    for (const peer of this.#behind.keys()) if (!present.some((p) => p.peer === peer)) this.#behind.delete(peer);
    const full: { readonly since: Millis; passed: boolean }[] = [];
    for (const { peer, unconfirmed } of present) {
      const behind = this.#behind.get(peer) ?? { since: now, passed: false };
      if (unconfirmed >= MAX_UNCONFIRMED) {
        this.#behind.set(peer, behind);
        full.push(behind);
      } else if (!behind.passed || unconfirmed === 0) this.#behind.delete(peer);
    }
    // Who is passed over is passed over for somebody.
    if (full.length === present.length) return present.length === 0;
    for (const behind of full) behind.passed ||= now - behind.since >= SLOW_FRIEND_MS;
    return full.every(({ passed }) => passed);
  }
}

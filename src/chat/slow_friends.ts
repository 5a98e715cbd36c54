// Which friends a pipe waits for: a friend with too much unconfirmed loses nothing by being slow, and one who confirms
// nothing does not keep the others waiting for ever. Pure: the clock is an argument. Out of scope: the pipe, what is
// said about it.

import { DRAIN_TIMEOUT_MS, MAX_FRAGMENTS, MAX_UNCONFIRMED, SLOW_FRIEND_MS } from "../constants.ts";
import type { Millis, PeerId } from "../ports.ts";
import type { Present } from "../peers/event.ts";
import type { Shape } from "../session/pacer.ts";

export class SlowFriends {
  readonly #most: number;
  readonly #patienceMs: number;
  /** Those who have the most unconfirmed, or were passed over and have not caught up. */
  readonly #behind = new Map<PeerId, { readonly since: Millis; passed: boolean }>();

  /** `most`: how many unconfirmed ones a friend may have before the pipe waits, and `patienceMs` how long it does. */
  constructor(most: number = MAX_UNCONFIRMED, patienceMs: number = SLOW_FRIEND_MS) {
    this.#most = most;
    this.#patienceMs = patienceMs;
  }

  /** Nobody is waited for, or would be if this is the most that anybody has unconfirmed: `mayGo` need not be asked. */
  free(mostUnconfirmed: number): boolean {
    return this.#behind.size === 0 && mostUnconfirmed < this.#most;
  }

  /** Asked after each change, and as time passes: whether the next line may go. With nobody here nothing is waited for. */
  mayGo(present: readonly Pick<Present, "peer" | "unconfirmed">[], now: Millis): boolean {
    for (const peer of this.#behind.keys()) if (!present.some((p) => p.peer === peer)) this.#behind.delete(peer);
    const full: { readonly since: Millis; passed: boolean }[] = [];
    for (const { peer, unconfirmed } of present) {
      const behind = this.#behind.get(peer) ?? { since: now, passed: false };
      if (unconfirmed >= this.#most) {
        this.#behind.set(peer, behind);
        full.push(behind);
      } else if (!behind.passed || unconfirmed === 0) this.#behind.delete(peer);
    }
    // Nobody takes anything: then nobody is passed over.
    if (present.every(({ unconfirmed }) => unconfirmed >= MAX_UNCONFIRMED)) return present.length === 0;
    for (const behind of full) behind.passed ||= now - behind.since >= this.#patienceMs;
    return full.every(({ passed }) => passed);
  }
}

/**
 * So few that half of the time at the end of the pipe is enough to send them, if each takes a cell: what is in the pipe is
 * sent before its end is seen, and so does not go under in that time.
 */
export function mostWaiting({ cover, intervalMs }: Shape): number {
  if (cover === "off") return MAX_UNCONFIRMED;
  return Math.min(MAX_UNCONFIRMED, Math.max(1, Math.floor(DRAIN_TIMEOUT_MS / 2 / intervalMs)));
}

/** Where cells are rare the largest message takes longer than SLOW_FRIEND_MS, and its ack may stand behind another such. */
export function patienceMs({ intervalMs }: Shape): number {
  return Math.max(SLOW_FRIEND_MS, 2 * MAX_FRAGMENTS * intervalMs);
}

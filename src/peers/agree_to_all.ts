// With `--introductions yes`: when a PeerId that a friend names is agreed to without a question. Each PeerId once for
// as long as somebody names it; one that was here and was lost, again after a pause, since it may simply have left,
// which the friend who names it reports a little later. Out of scope: what a yes does (introductions.ts).

import { MEET_PAUSE_MS } from "../constants.ts";
import type { Millis, PeerId } from "../ports.ts";

/** In place of a time: this PeerId is a friend who is here. */
const HERE: Millis = -1;

export class AgreeToAll {
  /** Of each PeerId that somebody names, when it may be agreed to, or HERE. */
  readonly #at = new Map<PeerId, Millis>();

  get deadline(): Millis {
    return Math.min(...[...this.#at.values()].filter((at) => at !== HERE));
  }

  /** Whom to agree to now: at most as many as there is room for. `open` has an introduction already. */
  due(
    named: ReadonlySet<PeerId>,
    here: (peer: PeerId) => boolean,
    open: (peer: PeerId) => boolean,
    room: number,
    now: Millis,
  ): PeerId[] {
    const due: PeerId[] = [];
    for (const peer of this.#at.keys()) if (!named.has(peer)) this.#at.delete(peer);
    for (const peer of named) {
      const at = this.#at.get(peer);
      if (here(peer)) this.#at.set(peer, HERE);
      else if (open(peer)) this.#at.set(peer, Infinity);
      else if (at === HERE) this.#at.set(peer, now + MEET_PAUSE_MS);
      else if (at !== undefined && now < at) continue;
      else if (due.length < room) {
        this.#at.set(peer, Infinity);
        due.push(peer);
      } else if (at !== undefined) this.#at.set(peer, now + MEET_PAUSE_MS);
    }
    return due;
  }
}

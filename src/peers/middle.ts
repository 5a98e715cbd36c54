// The part of the friend in the middle (docs/PROTOCOL.md section 8, "Introductions"): what one friend wants another to
// know is passed on unchanged, after the circle that names the sender, and not too often. Pure. Out of scope: who is
// here and whom they have been told about (step.ts says so), our own introductions (introductions.ts).

import { MINUTE_MS, PASS_ON_PAUSE_MS, PASS_ON_PER_MINUTE } from "../constants.ts";
import type { Millis, PeerId } from "../ports.ts";
import type { IntroductionMessage } from "../wire/message.ts";

/** An `introduce` about `about`, for `to`. */
export interface PassedOn {
  readonly to: PeerId;
  readonly message: IntroductionMessage;
}

/** From whom, to whom. */
interface Way {
  readonly about: PeerId;
  readonly to: PeerId;
  /** The newest that waits. */
  waiting: IntroductionMessage | undefined;
  notBefore: Millis;
}

export class Middle {
  /** By pair and direction: those between friends who are here. */
  readonly #ways = new Map<string, Way>();
  /** When the last messages of each friend came, at most PASS_ON_PER_MINUTE of the last minute. */
  readonly #asked = new Map<PeerId, Millis[]>();
  #lookedAt: Millis = -Infinity;

  /** When something that waits may go. What only waits for a circle is due at no time: the circle's leaving is an event. */
  get deadline(): Millis {
    let deadline = Infinity;
    for (const way of this.#ways.values()) {
      if (way.waiting !== undefined && way.notBefore > this.#lookedAt) deadline = Math.min(deadline, way.notBefore);
    }
    return deadline;
  }

  /** `from` wants to hear `message.peer`, who is here. Too many of one friend in a minute are dropped. */
  meet(from: PeerId, message: IntroductionMessage, now: Millis): void {
    const recent = (this.#asked.get(from) ?? []).filter((at) => now - at < MINUTE_MS);
    this.#asked.set(from, recent);
    if (recent.length >= PASS_ON_PER_MINUTE) return;
    recent.push(now);
    this.#wait(from, message.peer, message.addresses, message.from);
  }

  /** Our person proposes that these two hear each other: each gets an introduction without an address. */
  propose(first: PeerId, second: PeerId): void {
    this.#wait(first, second, [], "");
    this.#wait(second, first, [], "");
  }

  /** Those whose time has come. `isHere`; `knows(to, about)`: the circle that `to` was last sent names `about`. */
  take(isHere: (peer: PeerId) => boolean, knows: (to: PeerId, about: PeerId) => boolean, now: Millis): PassedOn[] {
    this.#lookedAt = now;
    const due: PassedOn[] = [];
    for (const [key, way] of this.#ways) {
      if (!isHere(way.about) || !isHere(way.to)) {
        this.#ways.delete(key);
        continue;
      }
      if (way.waiting === undefined || now < way.notBefore || !knows(way.to, way.about)) continue;
      due.push({ to: way.to, message: way.waiting });
      way.waiting = undefined;
      way.notBefore = now + PASS_ON_PAUSE_MS;
    }
    for (const peer of this.#asked.keys()) if (!isHere(peer)) this.#asked.delete(peer);
    return due;
  }

  #wait(about: PeerId, to: PeerId, addresses: IntroductionMessage["addresses"], from: string): void {
    const key = `${about} ${to}`;
    const way = this.#ways.get(key) ?? { about, to, waiting: undefined, notBefore: -Infinity };
    way.waiting = { type: "introduce", peer: about, addresses, from };
    this.#ways.set(key, way);
  }
}

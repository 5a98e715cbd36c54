// How often a person is asked about introductions (docs/PROTOCOL.md section 8): about nobody twice in ten minutes, and
// eight times a minute through one friend. Pure. Out of scope: what else becomes of an introduction (introductions.ts).

import { INTRODUCTION_MS, INTRODUCTIONS_MAX, MINUTE_MS, QUESTIONS_PER_MINUTE } from "../constants.ts";
import type { Millis, PeerId } from "../ports.ts";

export class Questions {
  /** When the person was last asked about somebody; and the times of the last questions through each friend. */
  readonly #questions = new Map<PeerId, Millis>();
  readonly #questionsBy = new Map<PeerId, Millis[]>();

  /** Whether the person is asked about `peer` now, on whose behalf `friend` has come. A question that may be asked counts. */
  mayAsk(peer: PeerId, friend: PeerId, now: Millis): boolean {
    for (const [by, times] of this.#questionsBy) if (now - times.at(-1)! >= MINUTE_MS) this.#questionsBy.delete(by);
    const recent = (this.#questionsBy.get(friend) ?? []).filter((at) => now - at < MINUTE_MS);
    for (const [asked, at] of this.#questions) if (now - at >= INTRODUCTION_MS) this.#questions.delete(asked);
    if (this.#questions.has(peer) || recent.length >= QUESTIONS_PER_MINUTE) return false;
    recent.push(now);
    this.#questionsBy.set(friend, recent);
    this.#questions.set(peer, now);
    while (this.#questions.size > INTRODUCTIONS_MAX) this.#questions.delete(this.#questions.keys().next().value!);
    return true;
  }
}

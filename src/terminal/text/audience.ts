// Who was here when a line was begun: what is meant for them must not go to somebody who arrived while it was being
// typed. Pure.

import type { PeerId } from "../../ports.ts";

export class Audience {
  /** Who was here at the first character; undefined: nothing is typed. */
  #noted: ReadonlySet<PeerId> | undefined;

  /** After each key: `text` is what stands in the line now, `here` who is here. */
  typed(text: string, here: Iterable<PeerId>): void {
    if (text === "") this.#noted = undefined;
    else this.#noted ??= new Set(here);
  }

  /** Enter: those who would get the line and were not here when it was begun. They are noted, so that the next Enter sends. */
  newcomers(text: string, here: Iterable<PeerId>): PeerId[] {
    // A command goes to nobody, and /msg names whom it goes to.
    if (text.startsWith("/") && !text.startsWith("//")) return [];
    const now = [...here];
    const newcomers = now.filter((peer) => this.#noted?.has(peer) === false);
    this.#noted = new Set(now);
    return newcomers;
  }
}

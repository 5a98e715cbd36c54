// A colour for each friend's name, so that those who are here at the same time differ for as long as there are enough
// colours.

import type { PeerId } from "../../ports.ts";
import { dropOldest } from "../text/roster.ts";

/** By arrival: the first that nobody here has, or one that the fewest have. A friend who comes back gets theirs, if kept. */
export class NameColours {
  readonly #of = new Map<PeerId, number>();

  /** The SGR code; `here`: who else counts. */
  of(peer: PeerId, here: Iterable<PeerId>): number {
    const known = this.#of.get(peer);
    if (known !== undefined) return known;
    const others = new Set(here);
    others.delete(peer);
    const users = (colour: number) => [...others].filter((other) => this.#of.get(other) === colour).length;
    const [colour = 36] = NAME_COLOURS.toSorted((a, b) => users(a) - users(b)); // the order of equals stays
    this.#of.set(peer, colour);
    dropOldest(this.#of, KEPT_MAX, (old) => others.has(old) || old === peer);
    return colour;
  }

  clear(): void {
    this.#of.clear();
  }
}

/** Cyan, magenta, green first: readable on light and on dark. */
const NAME_COLOURS = [36, 35, 32, 34, 33, 31];
/** More than can be here at once. */
const KEPT_MAX = 256;

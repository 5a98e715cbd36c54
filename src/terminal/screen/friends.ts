// Who is here, as the screen shows them: labels, short names, colours, the header. Out of scope: what a view knows
// about people (text/roster.ts), when they are announced.

import type { Hearing, Notice } from "../../notice.ts";
import type { PeerId } from "../../ports.ts";
import { hearingText, unheardText, withoutText } from "../../words/circle.ts";
import { quietText } from "../../words/screen.ts";
import { labels, looksLike, nameOf, newRoster, type Roster, tagOf, unheardNames } from "../text/roster.ts";
import { tag } from "../text/sanitise.ts";
import { cautiousWidth, cut } from "../text/width.ts";
import { headerText } from "./bars.ts";
import { NameColours } from "./colours.ts";
import { NAME_CELLS } from "./layout.ts";
import type { Label } from "./log.ts";

export class Friends {
  roster: Roster;
  hearing: Hearing | undefined;
  readonly #colours = new NameColours();
  #quiet: ReadonlyMap<PeerId, number> = new Map();

  /** `own`: one's own name; raw. */
  constructor(own: string | undefined) {
    this.roster = newRoster(own);
  }

  get here(): PeerId[] {
    return [...this.roster.here.keys()];
  }

  /** Whether that is news. Milliseconds since something came from a friend, of those from whom it should have. */
  quiet(friends: ReadonlyMap<PeerId, number>): boolean {
    const news = this.#quiet.size > 0 || friends.size > 0;
    this.#quiet = friends;
    return news;
  }

  clear(): void {
    this.roster = newRoster();
    this.hearing = undefined;
    this.#colours.clear();
    this.#quiet = new Map();
  }

  label(peer: PeerId): Label {
    return {
      name: nameOf(this.roster, peer),
      tag: tagOf(this.roster, peer),
      suspect: looksLike(this.roster, peer) !== undefined,
      colour: this.#colours.of(peer, this.roster.here.keys()),
    };
  }

  /** For receipts: with its tag only where somebody else could be meant. */
  shortName(peer: PeerId): string {
    const name = nameOf(this.roster, peer);
    const others = this.here.filter((other) => other !== peer);
    const alike = looksLike(this.roster, peer) !== undefined || others.some((p) => nameOf(this.roster, p) === name);
    return cut(name, 12, cautiousWidth) + (alike ? ` [${tag(peer)}]` : "");
  }

  /** What follows the receipts of one's own message. */
  noteOf({ private: alone, to, unheard, without }: Notice & { event: "sent" }): string {
    const short = (peers: readonly PeerId[]) => peers.map((peer) => this.shortName(peer));
    if (alone) return `to ${short(to).join(", ")} alone`;
    const notes = [withoutText(short(without)), unheardText(unheardNames(this.roster, unheard))];
    return notes.filter((note) => note !== "").join(" · ");
  }

  /** The header, `columns` wide. */
  header(columns: number): string {
    const here = this.here.map((peer) => {
      const seconds = Math.floor((this.#quiet.get(peer) ?? 0) / 1000);
      return { ...this.label(peer), note: seconds >= QUIET_FROM_S ? quietText(seconds) : "" };
    });
    const { own, self } = this.roster;
    const you = self === undefined
      ? ""
      : `you are ${own === "" ? "" : `${cut(own, NAME_CELLS, cautiousWidth)} `}[${tag(self)}]`;
    const hearing = this.hearing === undefined ? "" : hearingText(this.hearing, labels(this.roster));
    return headerText(you, here, hearing, columns);
  }
}

/** Less is shown by the next cell, a moment later. */
const QUIET_FROM_S = 2;

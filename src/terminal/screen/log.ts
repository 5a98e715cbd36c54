// What was said, as entries with permanent numbers, and which part of it is in view. Scope: scroll-back and its bounds,
// receipts, the place while scrolled up. Out of scope: sentences, rows and colours (layout.ts).

import type { PeerId } from "../../ports.ts";
import { sanitise } from "../text/sanitise.ts";

export interface Label {
  readonly name: string;
  readonly tag: string;
  readonly suspect: boolean;
  readonly colour: number;
}

/** One's own message, and who has confirmed it. */
export interface Mine {
  readonly id: string;
  peers: number;
  /** Short names as they were then. */
  readonly delivered: Map<PeerId, string>;
  readonly unconfirmed: Map<PeerId, string>;
  /** Who did not get it though they talk with a friend of ours, as a sentence; or that it went to one friend alone. */
  readonly note: string;
}

export interface Entry {
  readonly kind: "system" | "problem" | "theirs" | "mine";
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Of a message raw when added, and cleaned from then on; what the program says is clean. */
  text: string;
  readonly peer?: PeerId;
  readonly label?: Label;
  readonly mine?: Mine;
  /** Of a message: called once a row of it is on the terminal. */
  shown?: () => void;
  /** A line above it says that what follows has not been read. */
  unread?: boolean;
  laidOut?: LaidOut;
}

/** An entry's rows on a screen with this many columns. */
export interface LaidOut {
  readonly columns: number;
  /** Of the text. */
  readonly rows: string[];
  /** What a further row begins with, and how much room it has. */
  readonly next: string;
  readonly width: number;
  /** The text of the last row, and how much room that row has. */
  readonly last: string;
  readonly lastRoom: number;
  /** Of one's own message. */
  withReceipt?: string[];
}

/** A row of the log. */
interface Place {
  /** The entry's number. */
  readonly entry: number;
  readonly row: number;
}

/** Owns what was said: `clear` forgets it. */
export class Log {
  /** The rows of an entry as the screen is now. */
  readonly #rowsOf: (entry: Entry) => readonly string[];
  #entries: Entry[] = [];
  /** Number of the oldest entry kept. */
  #first = 0;
  #size = 0;
  /** One's own messages that are not settled, by id: the entry's number. */
  readonly #mine = new Map<string, number>();
  /** The lowest row shown while scrolled up; undefined follows what arrives. */
  #anchor: Place | undefined;
  /** Messages of others of which no row has been shown yet, by number, in order. */
  readonly #unseen = new Map<number, Entry>();
  /** Of those shown since they were last asked for. */
  #shown: (() => void)[] = [];
  /** The entry with the line above it. */
  #marked: Entry | undefined;
  /** Nothing has come yet since the person scrolled up. */
  #undisturbed = true;

  constructor(rowsOf: (entry: Entry) => readonly string[]) {
    this.#rowsOf = rowsOf;
  }

  get scrolledUp(): boolean {
    return this.#anchor !== undefined;
  }

  /** Messages of others that have never been shown: above what is shown, and below. */
  get unseen(): { above: number; below: number } {
    const last = this.#anchor?.entry ?? Infinity;
    const above = [...this.#unseen.keys()].filter((number) => number < last).length;
    return { above, below: this.#unseen.size - above };
  }

  /** To be called once the rows that were asked for are on the terminal. */
  takeShown(): (() => void)[] {
    const shown = this.#shown;
    this.#shown = [];
    return shown;
  }

  add(entry: Entry): void {
    // Bounded by one message here: its size on the wire is bounded too, but this room trusts nobody.
    if (entry.kind === "theirs" || entry.kind === "mine") entry.text = sanitise(entry.text.slice(0, ENTRY_MAX), "text");
    this.#entries.push(entry);
    this.#size += entry.text.length;
    if (entry.kind === "theirs") this.#came(entry);
    while (this.#entries.length > ENTRIES_MAX || (this.#size > SCROLLBACK_MAX && this.#entries.length > 1)) {
      const oldest = this.#entries.shift();
      this.#unseen.delete(this.#first++);
      this.#size -= oldest?.text.length ?? 0;
      if (oldest?.mine !== undefined) this.#mine.delete(oldest.mine.id);
    }
  }

  /** Another text in the place of one of the program's. */
  rewrite(entry: Entry, text: string): void {
    this.#size -= entry.text.length;
    entry.text = text;
    this.#size += entry.text.length;
    delete entry.laidOut;
  }

  /** The last entry, if it is this one: something is said in its place. */
  takeBack(entry: Entry): void {
    if (this.#entries.at(-1) !== entry) return;
    this.#entries.pop();
    this.#size -= entry.text.length;
  }

  /** One's own message; told again when what was kept for the first friend is on its way. */
  sent(id: string, peers: number, text: string, note: string, at: number): void {
    if (this.#mine.has(id)) return this.receipt(id, (mine) => mine.peers = Math.max(peers, mine.peers));
    this.add({ kind: "mine", at, text, mine: { id, peers, delivered: new Map(), unconfirmed: new Map(), note } });
    this.#mine.set(id, this.#first + this.#entries.length - 1);
  }

  /** Changes who has confirmed one's own message, if it is still kept. */
  receipt(id: string, change: (mine: Mine) => void): void {
    const number = this.#mine.get(id);
    const entry = number === undefined ? undefined : this.#entries[number - this.#first];
    if (entry?.mine === undefined) return;
    change(entry.mine);
    if (entry.laidOut !== undefined) delete entry.laidOut.withReceipt;
  }

  clear(): void {
    this.#entries = [];
    this.#mine.clear();
    this.#unseen.clear();
    this.#shown = [];
    this.#marked = undefined;
    this.#size = 0;
    this.follow();
  }

  /** All but the messages that have never been shown. */
  clearSeen(): void {
    const unseen = [...this.#unseen.values()];
    this.#first += this.#entries.length;
    this.#entries = unseen;
    this.#unseen.clear();
    for (const [i, entry] of unseen.entries()) this.#unseen.set(this.#first + i, entry);
    this.#size = unseen.reduce((sum, entry) => sum + entry.text.length, 0);
    this.#mine.clear();
    this.read();
    this.follow();
  }

  /** Back to the end, and along with it. */
  follow(): void {
    this.#anchor = undefined;
    this.#undisturbed = true;
  }

  /** What has come was read: the line above it goes. */
  read(): void {
    const marked = this.#marked;
    this.#marked = undefined;
    if (marked === undefined) return;
    delete marked.unread;
    delete marked.laidOut;
  }

  /** A message while the person reads further up: the first one gets the line above it. */
  #came(entry: Entry): void {
    this.#unseen.set(this.#first + this.#entries.length - 1, entry);
    if (this.#anchor === undefined || !this.#undisturbed) return;
    this.#undisturbed = false;
    this.read();
    this.#marked = entry;
    entry.unread = true;
  }

  /**
   * By this many rows, up if negative, on a screen with `height` rows for the log. Never above the first full page, and
   * at the end it follows again.
   */
  scroll(by: number, height: number): void {
    const highest = this.#moved({ entry: this.#first, row: 0 }, height - 1);
    const last = this.#entries.at(-1);
    if (highest === undefined || last === undefined) return this.follow(); // all of it is visible
    const end = { entry: this.#first + this.#entries.length - 1, row: this.#rowsOf(last).length - 1 };
    const to = this.#moved(this.#anchor ?? end, by);
    if (to === undefined || !isBefore(to, end)) return this.follow();
    this.#anchor = isBefore(to, highest) ? highest : to;
  }

  /** At most `height` rows, ending at the anchor or the end. */
  visible(height: number): string[] {
    let index = (this.#anchor?.entry ?? Infinity) - this.#first;
    index = Math.min(Math.max(0, index), this.#entries.length - 1);
    const rows: string[] = [];
    for (let below = this.#anchor?.row ?? Infinity; index >= 0 && rows.length < height; index--, below = Infinity) {
      const entry = this.#entries[index];
      if (entry === undefined) break;
      const all = this.#rowsOf(entry);
      for (let row = Math.min(below, all.length - 1); row >= 0 && rows.length < height; row--) {
        rows.push(all[row] ?? "");
        if (row >= (entry.unread === true ? 1 : 0)) this.#see(this.#first + index, entry);
      }
    }
    return rows.reverse();
  }

  #see(number: number, entry: Entry): void {
    this.#unseen.delete(number);
    if (entry.shown === undefined) return;
    this.#shown.push(entry.shown);
    delete entry.shown;
  }

  /** The place this many rows away; the first row if there are fewer above, undefined if there are fewer below. */
  #moved(from: Place, by: number): Place | undefined {
    const rowsOf = (number: number) => {
      const entry = this.#entries[number - this.#first];
      return entry === undefined ? 0 : this.#rowsOf(entry).length;
    };
    let entry = Math.max(from.entry, this.#first);
    // An entry may have gone, or have fewer rows than when it was the anchor.
    let row = from.entry < this.#first ? 0 : Math.max(0, Math.min(from.row, rowsOf(entry) - 1));
    for (let up = -by; up > 0; up--) {
      if (row > 0) row--;
      else if (entry > this.#first) row = rowsOf(--entry) - 1;
    }
    for (let down = by; down > 0; down--) {
      if (++row < rowsOf(entry)) continue;
      entry++;
      row = 0;
    }
    return row < rowsOf(entry) ? { entry, row } : undefined;
  }
}

function isBefore(a: Place, b: Place): boolean {
  return a.entry < b.entry || (a.entry === b.entry && a.row < b.row);
}

/** Scroll-back: messages, and characters of them all. */
const ENTRIES_MAX = 10_000;
const SCROLLBACK_MAX = 8_000_000;
/** Longer than any message. */
const ENTRY_MAX = 32_768;

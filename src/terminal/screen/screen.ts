// The chat on the alternate screen: a model of what is to be seen, and a painter that writes only the rows that changed.
// In here: scroll-back, layout, questions, the input line. Not in here: the terminal, reading bytes, what a line means.
//
// The rules that keep a peer inside its message: all of its text has passed `sanitise`; each row is addressed absolutely
// and erased before it is written; automatic wrapping is off, so a row that turns out too wide is cut at the edge; the last
// column stays free, since terminals without wrapping garble a grapheme of several code points there; the
// column after the time says whose row it is (│ a friend, › oneself, ─ the program, ! a problem), on every row.

import type { Notice } from "../../notice.ts";
import type { PeerId } from "../../ports.ts";
import { suspicion } from "../secret_filter.ts";
import { answersYes, type Key, type KeyName } from "../keys.ts";
import { COMMANDS, LineEditor } from "../line_editor.ts";
import { label, learn, looksLike, nameOf, newPeople, type People } from "../text/roster.ts";
import { LEFT, REFUSED, turnedAway } from "../plain.ts";
import { isolate, sanitise, tag, withoutIsolates } from "../text/sanitise.ts";
import { cautiousWidth, cut, isRun, piecesOf, textWidth, wrap } from "../text/width.ts";

export interface ScreenOptions {
  readonly colour: boolean;
  /** Milliseconds since the epoch as `12:04`. */
  readonly clock: (at: number) => string;
  /** One's own name; raw. */
  readonly name?: string;
  /** Whether the text gives away a secret that only the caller knows. */
  readonly guard?: (text: string) => boolean;
}

export type ScreenAction = { type: "line"; text: string } | { type: "leave" } | { type: "panic" };

/** Owns what was said: `clear` forgets it. */
export class ChatScreen {
  readonly #options: ScreenOptions;
  #people: People;
  readonly #editor: LineEditor;
  /** That are written to. */
  #columns: number;
  #rows: number;

  #entries: Entry[] = [];
  /** Number of the oldest entry kept; entries are numbered for ever. */
  #first = 0;
  #size = 0;
  /** One's own messages that are not settled, by id: the entry's number. */
  readonly #mine = new Map<string, number>();
  /** The lowest row shown while scrolled up; undefined follows what arrives. */
  #anchor: Place | undefined;
  #unread = 0;

  #question: Question | undefined;
  /** A line of the moment in the status row, gone with the next key. */
  #remark = "";
  #listening: string[] = [];
  /** Calls under way and the stretching, with the time of their start. */
  readonly #busy = new Map<string, number>();
  /** Addresses called since nobody was being called; at most BUSY_MAX. */
  readonly #called = new Set<string>();
  #spoken = false;

  #inputLaidOut:
    | { text: string; cursor: number; columns: number; screenRows: number; spoken: boolean; rows: InputRows }
    | undefined;
  readonly #graphemes = new Map<string, { seen: string; wide: number }>();

  /** The rows on the terminal now. */
  #painted: string[] = [];
  #paintedCursor = "";
  #wipe = true;

  constructor(options: ScreenOptions, columns: number, rows: number) {
    this.#options = options;
    this.#people = newPeople(options.name);
    this.#editor = new LineEditor((word, first) => this.#complete(word, first));
    this.#columns = writable(columns);
    this.#rows = rows;
  }

  /** Takes a notice in; `at` is milliseconds since the epoch. */
  notice(notice: Notice, at: number): void {
    switch (notice.event) {
      case "protection": {
        const { locked, coreDumps } = notice.protection;
        const memory = { all: "locked", part: "locked in part", none: "not locked" }[locked];
        this.#add({ kind: "system", at, text: `memory for secrets ${memory}, core dumps ${coreDumps}` });
        break;
      }
      case "listening":
        if (!this.#listening.includes(notice.address)) this.#listening.push(notice.address);
        this.#add({ kind: "system", at, text: `waiting for friends on ${notice.address}` });
        break;
      case "connecting":
        if (this.#busy.size < BUSY_MAX) {
          if (this.#calls().length === 0) this.#called.clear();
          this.#busy.set(CALLING + notice.address, at);
          if (this.#called.size < BUSY_MAX) this.#called.add(notice.address);
        }
        break;
      case "connected":
        this.#busy.delete(CALLING + notice.address);
        learn(this.#people, notice);
        this.#add({
          kind: "system",
          at,
          text: notice.direction === "in"
            ? `${label(this.#people, notice.peer)} is here, calling from ${notice.address}`
            : `${label(this.#people, notice.peer)} is here, at ${notice.address}`,
        });
        break;
      case "refused":
        this.#busy.delete(CALLING + notice.address);
        this.#add({ kind: "system", at, text: `no connection with ${notice.address}: ${REFUSED[notice.reason]}` });
        break;
      case "message":
        this.#add({ kind: "theirs", at, text: notice.text, peer: notice.peer, label: this.#label(notice.peer) });
        if (this.#anchor !== undefined) this.#unread++;
        break;
      case "sent":
        this.#sent(notice.id, notice.peers, notice.text, at);
        break;
      case "delivered":
        this.#receipt(notice.id, (entry) => {
          entry.unconfirmed.delete(notice.peer);
          entry.delivered.set(notice.peer, this.#shortName(notice.peer));
        });
        break;
      case "unconfirmed":
        this.#receipt(notice.id, (entry) => {
          if (!entry.delivered.has(notice.peer)) entry.unconfirmed.set(notice.peer, this.#shortName(notice.peer));
        });
        break;
      case "named": {
        const before = label(this.#people, notice.peer);
        learn(this.#people, notice);
        const name = this.#people.names.get(notice.peer) ?? "";
        this.#add({ kind: "system", at, text: name === "" ? `${before} has no name` : `${before} is ${name}` });
        const other = looksLike(this.#people, notice.peer);
        if (other !== undefined) {
          const what = other === "you" ? "a name of yours" : `${label(this.#people, other)}, who is someone else`;
          this.#add({ kind: "problem", at, text: `careful: ${label(this.#people, notice.peer)} looks like ${what}` });
        }
        break;
      }
      case "left":
        this.#add({ kind: "system", at, text: `${label(this.#people, notice.peer)} ${LEFT[notice.reason]}` });
        learn(this.#people, notice);
        break;
      case "new-session": {
        const [now, before] = [notice.peer, notice.before].map((peer) => label(this.#people, peer));
        const text = `new session of somebody who knows the phrase at ${notice.address}: ${now}, before ${before}`;
        this.#add({ kind: "system", at, text });
        break;
      }
      case "stopped":
        break;
      case "stretching":
        if (notice.done) this.#busy.delete(STRETCHING);
        else this.#busy.set(STRETCHING, at);
        break;
      case "turned-away":
        this.#add({ kind: "system", at, text: turnedAway(notice.count, notice.guesses) });
        break;
      case "hint":
        this.#add({ kind: "system", at, text: notice.text });
        break;
      case "diagnosis":
        this.#add({
          kind: "system",
          at,
          text: `still no connection with ${notice.address}. ${notice.wrong} ${notice.next}`,
        });
        break;
      case "problem":
        this.#add({ kind: "problem", at, text: `${notice.doing} ${notice.wrong} ${notice.next}`.trim() });
        break;
    }
  }

  /** Does what the key means here, and tells what the program is asked for. */
  key(key: Key): ScreenAction | undefined {
    if (key.type === "panic") return { type: "panic" };
    this.#remark = "";
    const question = this.#question;
    if (question !== undefined) {
      this.#question = undefined;
      // The key that says no is not typed either.
      return answersYes(key, question.key) ? question.yes() : undefined;
    }
    if (key.type === "text") return this.#insert(key.text);
    if (key.type === "paste") {
      if (key.cut) this.#remark = "That paste is longer than 64 KiB and was left out.";
      else {
        this.#insert(key.text);
        const { all, rows } = this.#input();
        if (this.#remark === "" && all > rows.length) {
          this.#remark = `one message of ${all} rows: arrows show all, Enter sends, Ctrl-_ undoes`;
        }
      }
      return undefined;
    }
    switch (key.name) {
      case "enter":
        return this.#enter();
      case "ctrl-c":
        this.#question = { texts: LEAVE, yes: () => ({ type: "leave" }), key: "ctrl-c" };
        return undefined;
      case "ctrl-d":
        if (this.#editor.text === "") return { type: "leave" };
        this.#editor.key("delete");
        return undefined;
      case "ctrl-l":
        this.repaint();
        return undefined;
      case "page-up":
        this.#scroll(-Math.max(1, this.#logRows() - 1));
        return undefined;
      case "page-down":
        this.#scroll(Math.max(1, this.#logRows() - 1));
        return undefined;
      case "ctrl-end":
        this.#follow();
        return undefined;
      case "tab": {
        const choices = this.#editor.complete();
        if (choices.length > 0) this.#remark = choices.slice(0, 20).join("  ");
        return undefined;
      }
      case "up":
      case "down":
        this.#editor.key(key.name, this.#input().starts);
        return undefined;
      default:
        this.#editor.key(key.name);
        return undefined;
    }
  }

  /** In cells. */
  resize(columns: number, rows: number): void {
    if (writable(columns) === this.#columns && rows === this.#rows) return;
    this.#columns = writable(columns);
    this.#rows = rows;
    this.repaint();
  }

  /** The next `render` writes everything anew. */
  repaint(): void {
    this.#wipe = true;
  }

  /** What must be written so that the terminal shows the present state; "" if it does. `now`: as `at`. */
  render(now: number): string {
    const { rows, cursor } = this.#frame(now);
    let out = "";
    if (this.#wipe) {
      out += `${RESET}\x1b[2J`;
      this.#painted = [];
      this.#paintedCursor = "";
      this.#wipe = false;
    }
    for (const [i, row] of rows.entries()) {
      if (row === (this.#painted[i] ?? "")) continue;
      out += `\x1b[${i + 1};1H${RESET}\x1b[2K${row}`;
    }
    this.#painted = rows;
    if (out === "" && cursor === this.#paintedCursor) return "";
    this.#paintedCursor = cursor;
    return `\x1b[?25l${out}${RESET}${cursor}\x1b[?25h`;
  }

  /** Whether something on the screen counts seconds, so that it should be rendered again soon. */
  get busy(): boolean {
    return this.#busy.size > 0;
  }

  /** Whether the next key answers a question. */
  get asks(): boolean {
    return this.#question !== undefined;
  }

  /** Puts a line back that could not be sent, unless something else has been begun. */
  giveBack(text: string): void {
    if (this.#editor.text === "") this.#insert(text);
  }

  /** Forgets everything that was said and typed. */
  clear(): void {
    this.#entries = [];
    this.#mine.clear();
    this.#editor.clear();
    this.#people = newPeople();
    this.#painted = [];
    this.#inputLaidOut = undefined;
    this.#graphemes.clear();
    this.#question = undefined;
    this.#remark = "";
    this.#follow();
    this.#busy.clear();
    this.#called.clear();
    this.#size = 0;
  }

  // --- The model ---

  #insert(text: string): undefined {
    if (!this.#editor.insert(text)) this.#remark = "The line is full.";
    return undefined;
  }

  #enter(): ScreenAction | undefined {
    const { text } = this.#editor;
    if (text.trim() === "") return undefined;
    const send = (): ScreenAction => {
      this.#spoken = true;
      this.#follow();
      return { type: "line", text: this.#editor.take() };
    };
    const secret = this.#options.guard?.(text) === true ? "the phrase of this session" : suspicion(text);
    if (secret === undefined) return send();
    this.#question = {
      texts: [
        `Looks like ${secret}. y sends it, any other key does not.`,
        `Looks like ${secret}. y sends it, other keys do not.`,
        "Secret? y sends it, any other key does not.",
        "Secret? y sends, others not",
        "y sends, others not",
      ],
      yes: send,
    };
    return undefined;
  }

  #complete(word: string, first: boolean): string[] {
    if (first && word.startsWith("/")) return COMMANDS.filter((command) => command.startsWith(word));
    const lower = word.toLowerCase();
    const names = new Set<string>();
    for (const peer of this.#people.here.keys()) {
      const name = withoutIsolates(this.#people.names.get(peer) ?? "");
      if (name.toLowerCase().startsWith(lower)) names.add(name);
    }
    return [...names];
  }

  /** For receipts: with its tag only where somebody else could be meant. */
  #shortName(peer: PeerId): string {
    const name = nameOf(this.#people, peer);
    const others = [...this.#people.here.keys()].filter((other) => other !== peer);
    const alike = looksLike(this.#people, peer) !== undefined || others.some((p) => nameOf(this.#people, p) === name);
    return cut(name, 12, cautiousWidth) + (alike ? ` [${tag(peer)}]` : "");
  }

  #label(peer: PeerId): Label {
    return {
      name: nameOf(this.#people, peer),
      tag: tag(peer),
      suspect: looksLike(this.#people, peer) !== undefined,
      colour: NAME_COLOURS[Number.parseInt(peer.slice(0, 2), 16) % NAME_COLOURS.length] ?? 36,
    };
  }

  #add(entry: Entry): void {
    // Bounded by one message here: its size on the wire is bounded too, but this room trusts nobody.
    entry.text = sanitise(entry.text.slice(0, ENTRY_MAX), "text");
    this.#entries.push(entry);
    this.#size += entry.text.length;
    while (this.#entries.length > ENTRIES_MAX || (this.#size > SCROLLBACK_MAX && this.#entries.length > 1)) {
      const oldest = this.#entries.shift();
      this.#first++;
      this.#size -= oldest?.text.length ?? 0;
      if (oldest?.mine !== undefined) this.#mine.delete(oldest.mine.id);
    }
  }

  #sent(id: string, peers: number, text: string, at: number): void {
    this.#spoken = true;
    const known = this.#mine.get(id);
    if (known !== undefined) {
      // Kept for the first friend, and now on its way.
      this.#receipt(id, (mine) => mine.peers = Math.max(peers, mine.peers));
      return;
    }
    this.#add({ kind: "mine", at, text, mine: { id, peers, delivered: new Map(), unconfirmed: new Map() } });
    this.#mine.set(id, this.#first + this.#entries.length - 1);
  }

  #receipt(id: string, change: (mine: Mine) => void): void {
    const number = this.#mine.get(id);
    const entry = number === undefined ? undefined : this.#entries[number - this.#first];
    if (entry?.mine === undefined) return;
    change(entry.mine);
    if (entry.laidOut !== undefined) delete entry.laidOut.withReceipt;
  }

  // --- Scrolling ---

  #follow(): void {
    this.#anchor = undefined;
    this.#unread = 0;
  }

  /** By so many rows, up if negative. Never above the first full page, and at the end it follows again. */
  #scroll(by: number): void {
    const highest = this.#moved({ entry: this.#first, row: 0 }, this.#logRows() - 1);
    const last = this.#entries.at(-1);
    if (highest === undefined || last === undefined) return this.#follow(); // all of it is visible
    const end = { entry: this.#first + this.#entries.length - 1, row: this.#layOut(last).length - 1 };
    const to = this.#moved(this.#anchor ?? end, by);
    if (to === undefined || !isBefore(to, end)) return this.#follow();
    this.#anchor = isBefore(to, highest) ? highest : to;
  }

  /** The place so many rows away; the first row if there are fewer above, undefined if there are fewer below. */
  #moved(from: Place, by: number): Place | undefined {
    let number = Math.max(from.entry, this.#first);
    let row = from.entry < this.#first ? 0 : from.row;
    for (let left = by; left !== 0;) {
      const entry = this.#entries[number - this.#first];
      if (entry === undefined) return undefined;
      const last = this.#layOut(entry).length - 1;
      row = Math.min(row, last);
      if (left < 0) {
        const step = Math.min(row, -left);
        row -= step;
        left += step;
        if (left === 0) break;
        if (number === this.#first) return { entry: number, row: 0 };
        number--;
        left++;
        row = Infinity;
      } else {
        const step = Math.min(last - row, left);
        row += step;
        left -= step;
        if (left === 0) break;
        number++;
        left--;
        row = 0;
      }
    }
    const entry = this.#entries[number - this.#first];
    return entry === undefined ? undefined : { entry: number, row: Math.min(row, this.#layOut(entry).length - 1) };
  }

  // --- Layout ---

  /** At most `height` rows of the log, ending at the anchor or the end. */
  #visible(height: number): string[] {
    let index = (this.#anchor?.entry ?? Infinity) - this.#first;
    index = Math.min(Math.max(0, index), this.#entries.length - 1);
    const rows: string[] = [];
    for (let below = this.#anchor?.row ?? Infinity; index >= 0 && rows.length < height; index--, below = Infinity) {
      const entry = this.#entries[index];
      if (entry === undefined) break;
      const all = this.#layOut(entry);
      for (let row = Math.min(below, all.length - 1); row >= 0 && rows.length < height; row--) {
        rows.push(all[row] ?? "");
      }
    }
    return rows.reverse();
  }

  #inputRowsMax(): number {
    return Math.max(1, Math.min(INPUT_ROWS_MAX, Math.floor(this.#rows / 3)));
  }

  #logRows(): number {
    return Math.max(0, this.#rows - this.#input().rows.length - (this.#rows > 3 ? 1 : 0) - (this.#rows > 2 ? 1 : 0));
  }

  #frame(now: number): { rows: string[]; cursor: string } {
    const input = this.#input();
    const height = this.#logRows();
    const log = this.#visible(height);
    const rows: string[] = [];
    if (this.#rows > 3) rows.push(this.#header());
    rows.push(...log, ...Array.from({ length: height - log.length }, () => ""));
    if (this.#rows > 2) rows.push(this.#status(now));
    const top = rows.length + 1;
    rows.push(...input.rows);
    return { rows: rows.slice(0, this.#rows), cursor: `\x1b[${top + input.row};${input.column + 1}H` };
  }

  #header(): string {
    const parts = [...this.#people.here.keys()].map((peer) => {
      const { name, tag, suspect } = this.#label(peer);
      return `${suspect ? "!" : ""}${cut(name, NAME_CELLS, cautiousWidth)} [${tag}]`;
    });
    let text = " Sesame  ";
    if (parts.length === 0) text += "nobody is here yet";
    for (const [i, part] of parts.entries()) {
      const left = parts.length - i;
      const more = left > 1 ? ` and ${left - 1} more`.length : 0;
      const next = `${i > 0 ? ", " : ""}${part}`;
      if (cautiousWidth(text + next) + more > this.#columns) {
        text += i > 0 ? ` and ${left} more` : `${left} here`;
        break;
      }
      text += next;
    }
    text = cut(text, this.#columns);
    return this.#style("7", text + " ".repeat(Math.max(0, this.#columns - textWidth(text))));
  }

  #status(now: number): string {
    if (this.#question !== undefined) {
      const { texts } = this.#question;
      const text = texts.find((text) => textWidth(text) < this.#columns) ?? texts.at(-1) ?? "";
      return this.#style("1", cut(` ${text}`, this.#columns));
    }
    const parts: string[] = [];
    if (this.#remark !== "") parts.push(sanitise(this.#remark, "text"));
    if (this.#anchor !== undefined) {
      parts.push(this.#unread > 0 ? `${this.#unread} unread below, PgDn` : "scrolled up, PgDn goes down");
    }
    // Of several calls the one that has waited longest stands for all: the row has no place for each.
    const [call, ...further] = this.#calls();
    const over = this.#called.size - further.length - 1;
    const which = this.#called.size > 1 ? ` (${over + 1} of ${this.#called.size})` : "";
    for (const [what, since] of this.#busy) {
      if (what.startsWith(CALLING) && what !== call) continue;
      const seconds = Math.floor((now - since) / 1000);
      const elapsed = seconds >= ELAPSED_FROM_S ? ` ${seconds} s` : "";
      parts.push(`${sanitise(what, "text")}${what === call ? which : ""}…${elapsed}`);
    }
    if (parts.length === 0) {
      const [address] = this.#listening;
      if (this.#people.here.size === 0 && address !== undefined) parts.push(`waiting on ${address}`);
    }
    const text = cut(parts.length > 0 ? `── ${parts.join(" · ")} ` : "──", this.#columns);
    return this.#style("2", text + "─".repeat(Math.max(0, this.#columns - textWidth(text))));
  }

  /** The calls under way, the longest first. */
  #calls(): string[] {
    return [...this.#busy.keys()].filter((what) => what.startsWith(CALLING));
  }

  /** The input's rows, and the cursor within them. Hard wrapping by grapheme: the cursor has to be where it seems. */
  #input(): InputRows {
    const { text, cursor } = this.#editor;
    const old = this.#inputLaidOut;
    if (
      old !== undefined && old.text === text && old.cursor === cursor && old.columns === this.#columns &&
      old.screenRows === this.#rows && old.spoken === this.#spoken
    ) return old.rows;
    const rows = this.#layOutInput();
    this.#inputLaidOut = {
      text,
      cursor,
      columns: this.#columns,
      screenRows: this.#rows,
      spoken: this.#spoken,
      rows,
    };
    return rows;
  }

  #layOutInput(): InputRows {
    // The cursor behind a full row may stand in the last column.
    const width = Math.max(2, this.#columns - PROMPT.length - (this.#columns > NARROW_COLUMNS ? 0 : 1));
    const { text, cursor } = this.#editor;
    if (text === "") {
      const hint = this.#spoken ? "" : this.#style("2", cut(FIRST_HINT, width));
      return { rows: [PROMPT + hint], all: 1, starts: [0], row: 0, column: PROMPT.length };
    }
    const rows = [""];
    let cells = 0;
    let offset = 0;
    let at = { row: 0, column: 0 };
    const starts = [0];
    const newRow = () => {
      rows.push("");
      starts.push(offset);
      cells = 0;
    };
    for (const [i, line] of text.split("\n").entries()) {
      if (i > 0) {
        offset++;
        newRow();
      }
      if (offset === cursor) at = { row: rows.length - 1, column: cells };
      for (const piece of piecesOf(line)) {
        if (!isRun(piece)) {
          const { seen, wide } = this.#shown(piece);
          if (cells + wide > width) newRow();
          rows[rows.length - 1] += seen;
          cells += wide;
          offset += piece.length;
          if (offset === cursor) at = { row: rows.length - 1, column: cells };
          continue;
        }
        for (let from = 0; from < piece.length;) {
          if (cells >= width) newRow(); // a TAB may be wider than a row
          const part = piece.slice(from, from + width - cells);
          rows[rows.length - 1] += part;
          if (cursor > offset && cursor <= offset + part.length) {
            at = { row: rows.length - 1, column: cells + cursor - offset };
          }
          cells += part.length;
          offset += part.length;
          from += part.length;
        }
      }
    }
    const height = this.#inputRowsMax();
    const top = Math.max(0, Math.min(at.row - Math.floor(height / 2), rows.length - height));
    const more = rows.length - top - height;
    const shown = rows.slice(top, top + height).map((row, i) => {
      const mark = top + i === 0 ? PROMPT : i === 0 || (i === height - 1 && more > 0) ? "… " : "  ";
      return mark + isolate(row);
    });
    return { rows: shown, all: rows.length, starts, row: at.row - top, column: at.column + PROMPT.length };
  }

  /** One's own text is cleaned as well: it may have been pasted. Remembered, since a long line is laid out at each key. */
  #shown(grapheme: string): { seen: string; wide: number } {
    const known = this.#graphemes.get(grapheme);
    if (known !== undefined) return known;
    const seen = grapheme === "\t" ? "    " : withoutIsolates(sanitise(grapheme, "text"));
    const shown = { seen, wide: textWidth(seen) };
    if (this.#graphemes.size >= GRAPHEMES_MAX) this.#graphemes.clear();
    this.#graphemes.set(grapheme, shown);
    return shown;
  }

  #layOut(entry: Entry): string[] {
    if (entry.laidOut?.columns !== this.#columns) entry.laidOut = this.#layOutText(entry);
    const { laidOut, mine } = entry;
    return mine === undefined ? laidOut.rows : laidOut.withReceipt ??= this.#withReceipt(laidOut, receiptText(mine));
  }

  #layOutText(entry: Entry): LaidOut {
    const time = this.#columns >= TIME_COLUMNS ? this.#options.clock(entry.at) : "";
    const mark = MARKS[entry.kind];
    const dim = entry.kind === "system" ? "2" : entry.kind === "problem" ? "1" : "";
    const first = time === "" ? "" : `${time} `;
    const gutter = first.length + 2;
    const width = Math.max(2, this.#columns - gutter);
    const head = this.#style("2", first) + mark + " ";
    const next = " ".repeat(first.length) + mark + " ";
    const { prefix, prefixWidth } = this.#prefix(entry, width);
    const rows: string[] = [];
    const put = (text: string) => rows.push((rows.length === 0 ? head + prefix : next) + text);
    // A prefix that leaves too little room stands on a row of its own.
    const alone = prefixWidth > 0 && width - prefixWidth < Math.min(12, width / 2);
    if (alone) put("");
    let last = "";
    let lastRoom = width;
    for (const line of withoutIsolates(entry.text).split("\n")) {
      const room = rows.length === 0 ? width - prefixWidth : width;
      for (const row of wrap(line, room, width)) {
        lastRoom = rows.length === 0 ? room : width;
        last = row;
        put(this.#style(dim, isolate(row)));
      }
    }
    return { columns: this.#columns, rows, next, width, last, lastRoom };
  }

  /** Apart from the text, which is not laid out again each time somebody confirms. */
  #withReceipt({ rows, next, width, last, lastRoom }: LaidOut, receipt: string): string[] {
    if (receipt === "") return rows;
    // Not behind right-to-left text, where it is hard to say which end is behind.
    if (isolate(last) === last && textWidth(last) + 2 + textWidth(receipt) <= lastRoom) {
      return [...rows.slice(0, -1), `${rows.at(-1)}  ${this.#style("2", receipt)}`];
    }
    return [...rows, next + this.#style("2", cut(receipt, width))];
  }

  #prefix(entry: Entry, width: number): { prefix: string; prefixWidth: number } {
    if (entry.kind === "mine") return { prefix: this.#style("1", "you") + ": ", prefixWidth: 5 };
    if (entry.label === undefined) return { prefix: "", prefixWidth: 0 };
    const { name, tag, suspect, colour } = entry.label;
    const behind = ` [${tag}]: `;
    const before = suspect ? "!" : "";
    const shown = before +
      cut(name, Math.max(1, Math.min(NAME_CELLS, width - behind.length - before.length)), cautiousWidth);
    return {
      prefix: this.#style(`1;${colour}`, shown) + this.#style("2", behind),
      prefixWidth: cautiousWidth(shown) + behind.length,
    };
  }

  #style(sgr: string, text: string): string {
    const codes = this.#options.colour ? sgr : sgr.replace(/;?3\d/, "");
    return codes === "" || text === "" ? text : `\x1b[${codes}m${text}${RESET}`;
  }
}

interface Question {
  /** The same, from the longest to the shortest: what the keys do matters most where there is little room. */
  readonly texts: readonly string[];
  readonly yes: () => ScreenAction;
  /** Answers yes, besides y. */
  readonly key?: KeyName;
}

/** All but the last column, unless each is needed. */
function writable(columns: number): number {
  return columns > NARROW_COLUMNS ? columns - 1 : columns;
}

/** A row of the log. */
interface Place {
  /** The entry's number. */
  readonly entry: number;
  readonly row: number;
}

function isBefore(a: Place, b: Place): boolean {
  return a.entry < b.entry || (a.entry === b.entry && a.row < b.row);
}

interface Label {
  readonly name: string;
  readonly tag: string;
  readonly suspect: boolean;
  readonly colour: number;
}

interface InputRows {
  readonly rows: readonly string[];
  /** How many rows the text has; `rows` holds at most a third of the screen. */
  readonly all: number;
  /** Where in the text each of them begins. */
  readonly starts: readonly number[];
  /** Of the cursor, within `rows`. */
  readonly row: number;
  readonly column: number;
}

interface Mine {
  readonly id: string;
  peers: number;
  /** Short names as they were then. */
  readonly delivered: Map<PeerId, string>;
  readonly unconfirmed: Map<PeerId, string>;
}

interface Entry {
  readonly kind: "system" | "problem" | "theirs" | "mine";
  readonly at: number;
  text: string;
  readonly peer?: PeerId;
  readonly label?: Label;
  readonly mine?: Mine;
  laidOut?: LaidOut;
}

/** An entry's rows on a screen of so many columns. */
interface LaidOut {
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

/** `✓ alice, bob · 1 waiting`, `✓ 5 of 32`, `? carol`. */
function receiptText(mine: Mine): string {
  const { peers, delivered, unconfirmed } = mine;
  if (peers === 0) return "nobody here yet";
  const parts: string[] = [];
  const names = (map: Map<PeerId, string>) => [...map.values()].join(", ");
  if (delivered.size > 0) {
    parts.push(
      peers === 1 ? "✓" : delivered.size > 3 ? `✓ ${delivered.size} of ${peers}` : `✓ ${names(delivered)}`,
    );
  }
  if (unconfirmed.size > 0) {
    parts.push(unconfirmed.size > 3 ? `? ${unconfirmed.size} not confirmed` : `? ${names(unconfirmed)} not confirmed`);
  }
  const waiting = peers - delivered.size - unconfirmed.size;
  if (waiting > 0 && (delivered.size <= 3)) parts.push(peers === 1 ? "…" : `${waiting} waiting`);
  return parts.join(" · ");
}

const RESET = "\x1b[0m";
const PROMPT = "> ";
const LEAVE: readonly string[] = [
  "Leave? y or Ctrl-C leaves, any other key stays.",
  "Leave? y leaves, others stay",
  "y leaves, others stay",
];
const STRETCHING = "stretching the phrase";
const CALLING = "calling ";
const FIRST_HINT = "Enter sends, Alt+Enter is a new line, /help, F12 ends everything at once";
const MARKS = { system: "─", problem: "!", theirs: "│", mine: "›" } as const;
/** Cyan, magenta, green: readable on light and on dark. */
const NAME_COLOURS = [36, 35, 32];
const NAME_CELLS = 20;
/** Such a screen uses its last column too. */
const NARROW_COLUMNS = 20;
/** Narrower screens have no time column. */
const TIME_COLUMNS = 31;
const INPUT_ROWS_MAX = 8;
const ELAPSED_FROM_S = 2;
const BUSY_MAX = 64;
const GRAPHEMES_MAX = 4096;
/** Scroll-back: messages, and characters of them all. */
const ENTRIES_MAX = 10_000;
const SCROLLBACK_MAX = 8_000_000;
/** Longer than any message. */
const ENTRY_MAX = 32_768;

// The chat on the alternate screen: what a notice and a key change, and which rows that makes. Scope: what goes where,
// questions. Other files have the rest: what was said (log.ts), an entry as rows (layout.ts), the input line as rows
// (input.ts), the two fixed rows (bars.ts), writing only what changed (paint.ts). Out of scope: the terminal, reading
// bytes, what a line means.
//
// The rules that keep a peer inside its message: all of its text has passed `sanitise`; the last column stays free,
// since terminals without wrapping garble a grapheme of several code points there; the column after the time says whose
// row it is (│ a friend, › you, ─ the program, ! a problem), on every row; and those of paint.ts.

import type { Notice } from "../../notice.ts";
import type { PeerId } from "../../ports.ts";
import { FIRST_HINT, longMessage, SCROLLED_UP, unreadText } from "../../words/screen.ts";
import { Composer } from "../composer.ts";
import type { KeyName, PlainKey } from "../keys.ts";
import { learn } from "../text/roster.ts";
import { sanitise } from "../text/sanitise.ts";
import { cut, textWidth } from "../text/width.ts";
import type { Input, ViewOptions } from "../view.ts";
import { Busy, statusText } from "./bars.ts";
import { Friends } from "./friends.ts";
import { InputLayout, type InputRows, PROMPT } from "./input.ts";
import { Layout, type Style, styleOf } from "./layout.ts";
import { Log, type Mine } from "./log.ts";
import { Painter } from "./paint.ts";
import { ProgramLines } from "./told.ts";

export interface ScreenOptions extends Partial<Pick<ViewOptions, "colour" | "name" | "holdsPhrase">> {
  /** Milliseconds since the epoch as `12:04`. */
  readonly clock: (at: number) => string;
}

/** Owns what was said: `clear` forgets it. */
export class ChatScreen {
  readonly #style: Style;
  readonly #composer: Composer;
  readonly #layout: Layout;
  readonly #log: Log;
  readonly #inputLayout = new InputLayout();
  readonly #painter = new Painter();
  readonly #busy = new Busy();
  readonly #friends: Friends;
  readonly #lines: ProgramLines;
  /** That are written to. */
  #columns: number;
  #rows: number;

  readonly #listening: string[] = [];
  #spoken = false;

  constructor(options: ScreenOptions, columns: number, rows: number) {
    this.#style = styleOf(options.colour !== "none");
    this.#friends = new Friends(options.name);
    this.#composer = new Composer({
      roster: () => this.#friends.roster,
      label: (peer) => this.#friends.shortName(peer),
      holdsPhrase: options.holdsPhrase ?? (() => false),
    });
    this.#columns = writable(columns);
    this.#rows = rows;
    this.#layout = new Layout(this.#columns, this.#style, options.clock);
    this.#log = new Log((entry) => this.#layout.rowsOf(entry));
    this.#lines = new ProgramLines(this.#log, this.#friends);
  }

  /**
   * Takes a notice in; `at` is milliseconds since the epoch. `shown`, of a message: `takeShown` gives it back once a row of
   * the message has been rendered.
   */
  notice(notice: Notice, at: number, shown?: () => void): void {
    this.#lines.tell(notice, at);
    switch (notice.event) {
      case "listening":
        if (!this.#listening.includes(notice.address)) this.#listening.push(notice.address);
        return;
      case "connecting":
        return this.#busy.call(notice.address, at);
      case "connected":
      case "refused":
        return this.#busy.called(notice.address);
      case "stretching":
        return this.#busy.stretching(!notice.done, at);
      case "message":
        return this.#log.add({
          kind: "theirs",
          at,
          text: notice.text,
          peer: notice.peer,
          label: this.#friends.label(notice.peer),
          ...(shown === undefined ? {} : { shown }),
        });
      case "sent":
        this.#spoken = true;
        return this.#log.sent(notice.id, notice.peers, notice.text, this.#friends.noteOf(notice), at);
      case "hearing":
        this.#friends.hearing = notice.hearing;
        return;
      case "delivered":
      case "unconfirmed":
        return this.#log.receipt(notice.id, (mine) => confirm(mine, notice, this.#friends.shortName(notice.peer)));
    }
  }

  /** A friend of whom `notice` tells later is here already. */
  arrives(notice: Notice & { event: "connected" }): void {
    learn(this.#friends.roster, notice);
  }

  /** Does what the key means here, and tells what the program is asked for. */
  key(key: PlainKey): Input | undefined {
    const composer = this.#composer;
    const answers = composer.asks !== undefined;
    const input = composer.key(key, () => this.#input().starts);
    if (input?.type === "line") {
      this.#spoken = true;
      this.#log.follow();
      this.#log.read();
    }
    if (answers) return input;
    if (key.type === "key") this.#moves(key.name);
    if (key.type === "paste" && composer.remark === "") {
      const { all, rows } = this.#input();
      if (all > rows.length) composer.remark = longMessage(all);
    }
    return input;
  }

  /** In cells. Painted anew even where these are as before: the screen may have been smaller for a moment. */
  resize(columns: number, rows: number): void {
    this.#columns = this.#layout.columns = writable(columns);
    this.#rows = rows;
    this.repaint();
  }

  /** The next `render` writes everything again. */
  repaint(): void {
    this.#painter.repaint();
  }

  /** What must be written so that the terminal shows the present state; "" if it does. `now`: as `at`. */
  render(now: number): string {
    const input = this.#input();
    const height = this.#logRows();
    const log = this.#log.visible(height);
    const rows: string[] = [];
    if (this.#rows > 3) rows.push(this.#style("7", this.#friends.header(this.#columns)));
    rows.push(...log, ...Array.from({ length: height - log.length }, () => ""));
    if (this.#rows > 2) rows.push(this.#status(now));
    const top = rows.length + 1;
    rows.push(...input.rows);
    return this.#painter.paint(rows.slice(0, this.#rows), `\x1b[${top + input.row};${input.column + 1}H`);
  }

  /** The `shown` of messages of which a row was in what `render` returned, for when it is on the terminal. */
  takeShown(): (() => void)[] {
    return this.#log.takeShown();
  }

  /** Whether something on the screen counts seconds, so that it should be rendered again soon. */
  get busy(): boolean {
    return this.#busy.any;
  }

  /** Whether the next key answers a question. */
  get asks(): boolean {
    return this.#composer.asks !== undefined;
  }

  /** Who has been quiet for how long, in milliseconds; whether that is news. */
  quiet(friends: ReadonlyMap<PeerId, number>): boolean {
    return this.#friends.quiet(friends);
  }

  /** Puts a line back that could not be sent, unless something else has been begun. */
  giveBack(text: string): void {
    this.#composer.giveBack(text);
  }

  /** Forgets what was said, and what was typed before; what nobody has seen yet stays. */
  clearLog(): void {
    this.#log.clearSeen();
    this.#lines.clear();
    this.#composer.clear();
    this.#inputLayout.clear();
    this.repaint();
  }

  /** Forgets everything that was said and typed. */
  clear(): void {
    this.#log.clear();
    this.#composer.clear();
    this.#friends.clear();
    this.#lines.clear();
    this.#painter.clear();
    this.#inputLayout.clear();
    this.#busy.clear();
  }

  // --- Keys ---

  /** The keys that are for the screen rather than for the line. */
  #moves(name: KeyName): void {
    const height = this.#logRows();
    const page = Math.max(1, height - 1);
    if (name === "ctrl-l") this.repaint();
    else if (name === "page-up") this.#log.scroll(-page, height);
    else if (name === "page-down") this.#log.scroll(page, height);
    else if (name === "ctrl-end") this.#log.follow();
  }

  // --- Rows ---

  #logRows(): number {
    return Math.max(0, this.#rows - this.#input().rows.length - (this.#rows > 3 ? 1 : 0) - (this.#rows > 2 ? 1 : 0));
  }

  #status(now: number): string {
    const { asks: texts, remark } = this.#composer;
    if (texts !== undefined) {
      const text = texts.find((text) => textWidth(text) < this.#columns) ?? texts.at(-1) ?? "";
      return this.#style("1", cut(` ${text}`, this.#columns));
    }
    const parts: string[] = [];
    if (remark !== "") parts.push(sanitise(remark, "text"));
    const { above, below } = this.#log.unseen;
    if (above > 0) parts.push(unreadText("PgUp", above));
    if (this.#log.scrolledUp) parts.push(below > 0 ? unreadText("PgDn", below) : SCROLLED_UP);
    parts.push(...this.#busy.texts(now));
    const [address] = this.#listening;
    if (parts.length === 0 && this.#friends.here.length === 0 && address !== undefined) {
      parts.push(`waiting on ${address}`);
    }
    return this.#style("2", statusText(parts, this.#columns));
  }

  #input(): InputRows {
    const { text, cursor } = this.#composer.editor;
    // The cursor behind a full row may stand in the last column.
    const width = Math.max(2, this.#columns - PROMPT.length - (this.#columns > NARROW_COLUMNS ? 0 : 1));
    if (text === "") {
      const hint = this.#spoken ? "" : this.#style("2", cut(FIRST_HINT, width));
      return { rows: [PROMPT + hint], all: 1, starts: [0], row: 0, column: PROMPT.length };
    }
    const height = Math.max(1, Math.min(INPUT_ROWS_MAX, Math.floor(this.#rows / 3)));
    return this.#inputLayout.rows(text, cursor, width, height);
  }
}

function confirm(mine: Mine, { event, peer }: { event: "delivered" | "unconfirmed"; peer: PeerId }, name: string) {
  if (event === "delivered") {
    mine.unconfirmed.delete(peer);
    mine.delivered.set(peer, name);
  } else if (!mine.delivered.has(peer)) mine.unconfirmed.set(peer, name);
}

/** All but the last column, unless each is needed. */
function writable(columns: number): number {
  return columns > NARROW_COLUMNS ? columns - 1 : columns;
}

/** Such a screen uses its last column too. */
const NARROW_COLUMNS = 20;
const INPUT_ROWS_MAX = 8;

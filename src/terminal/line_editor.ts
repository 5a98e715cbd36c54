// Editing a line, or several, as people know it from readline. Scope: the text, the cursor, kill and yank, undo, history,
// completion. Out of scope: keys as bytes, painting, what a line means.

import type { KeyName } from "./keys.ts";

/** The words that could stand instead of `word`, the last one before the cursor. `first`: it begins the text. */
export type Complete = (word: string, first: boolean) => readonly string[];

/** One's own words: a class, because it holds them, and `clear` forgets them all. */
export class LineEditor {
  #text = "";
  /** Offset in `#text`, in UTF-16 units, always between graphemes. */
  #cursor = 0;
  #killed = "";
  /** What the last key did, since several kills in a row are yanked as one and several letters are undone as one. */
  #last: "kill" | "type" | "other" = "other";
  #undo: { text: string; cursor: number }[] = [];
  #history: string[] = [];
  /** Index in `#history` while walking in it; its length is the line being written. */
  #at = 0;
  #draft = "";
  /** Of the draft. */
  #draftUndo: { text: string; cursor: number }[] = [];
  readonly #complete: Complete;

  constructor(complete: Complete = () => []) {
    this.#complete = complete;
  }

  get text(): string {
    return this.#text;
  }

  get cursor(): number {
    return this.#cursor;
  }

  /** Inserts at the cursor. Controls but LF and TAB are left out; what would make the text too long is refused. */
  insert(text: string): boolean {
    const clean = text.toWellFormed().replace(/\r\n?|[\u2028\u2029]/g, "\n").replace(CONTROLS, "");
    if (clean === "") return true;
    if (this.#text.length + clean.length > TEXT_MAX) return false;
    this.#remember(clean.length === 1 && !/\s/.test(clean) ? "type" : "other");
    this.#splice(this.#cursor, this.#cursor, clean);
    return true;
  }

  /**
   * Does what the key stands for; `false` if it stands for nothing here. `starts`: where the rows begin in which the
   * text is shown, for the arrows; without it each line is a row.
   */
  key(name: KeyName, starts?: readonly number[]): boolean {
    switch (name) {
      case "left":
      case "ctrl-b":
        return this.#move(this.#before(this.#cursor));
      case "right":
      case "ctrl-f":
        return this.#move(this.#after(this.#cursor));
      case "word-left":
        return this.#move(this.#wordBefore());
      case "word-right":
        return this.#move(this.#wordAfter());
      case "home":
      case "ctrl-a":
        return this.#move(this.#lineStart());
      case "end":
      case "ctrl-e":
        return this.#move(this.#lineEnd());
      case "up":
        return this.#vertical(-1, starts) || this.#walk(-1);
      case "ctrl-p":
        return this.#walk(-1);
      case "down":
        return this.#vertical(1, starts) || this.#walk(1);
      case "ctrl-n":
        return this.#walk(1);
      case "backspace":
        return this.#erase(this.#before(this.#cursor), this.#cursor);
      case "delete":
        return this.#erase(this.#cursor, this.#after(this.#cursor));
      case "alt-enter":
        return this.insert("\n");
      case "ctrl-w":
        return this.#kill(this.#blankBefore(), this.#cursor);
      case "delete-word-left":
        return this.#kill(this.#wordBefore(), this.#cursor);
      case "delete-word-right":
        return this.#kill(this.#cursor, this.#wordAfter());
      case "ctrl-u":
        return this.#kill(this.#lineStart(), this.#cursor);
      case "ctrl-k": {
        const end = this.#lineEnd();
        return this.#kill(this.#cursor, end === this.#cursor ? this.#after(end) : end);
      }
      case "ctrl-y":
        return this.insert(this.#killed);
      case "ctrl-_":
      case "ctrl-z":
        return this.#undoOne();
      case "tab":
        return this.complete().length === 0;
      default:
        return false;
    }
  }

  /** Completes the word before the cursor as far as it is certain; the choices, if there are several. */
  complete(): readonly string[] {
    const start = this.#blankBefore();
    const word = this.#text.slice(start, this.#cursor);
    if (word === "" || word.trimEnd() !== word) return [];
    const found = this.#complete(word, start === 0);
    const [first] = found;
    if (first === undefined) return [];
    const common = found.reduce((a, b) => commonStart(a, b));
    if (common.length >= word.length && common !== word) {
      this.#remember("other");
      this.#splice(start, this.#cursor, found.length === 1 ? `${first} ` : common);
    }
    return found.length === 1 ? [] : found;
  }

  /** Gives the text away and empties the line; the text goes into the history, which `clear` forgets. */
  take(): string {
    const text = this.#text;
    if (text.trim() !== "" && this.#history.at(-1) !== text) this.#history.push(text);
    if (this.#history.length > HISTORY_MAX) this.#history.shift();
    this.#reset();
    return text;
  }

  /** Forgets everything. */
  clear(): void {
    this.#history = [];
    this.#killed = "";
    this.#reset();
  }

  #reset(): void {
    this.#text = "";
    this.#cursor = 0;
    this.#undo = [];
    this.#draft = "";
    this.#draftUndo = [];
    this.#last = "other";
    this.#at = this.#history.length;
  }

  #move(to: number): true {
    this.#cursor = to;
    this.#last = "other";
    return true;
  }

  /** Saves the state for undo, unless it goes on with what the last key did. */
  #remember(what: "kill" | "type" | "other"): void {
    if (what !== "type" || this.#last !== "type") {
      this.#undo.push({ text: this.#text, cursor: this.#cursor });
      if (this.#undo.length > UNDO_MAX) this.#undo.shift();
    }
    this.#last = what;
  }

  #undoOne(): true {
    const state = this.#undo.pop();
    if (state !== undefined) {
      this.#text = state.text;
      this.#cursor = state.cursor;
    }
    this.#last = "other";
    return true;
  }

  #splice(from: number, to: number, text: string): void {
    this.#text = this.#text.slice(0, from) + text + this.#text.slice(to);
    // What was put in can join with its neighbours (a mark, an emoji's other half): the cursor goes behind the whole.
    this.#cursor = boundary(this.#text, from + text.length);
  }

  #erase(from: number, to: number): true {
    if (from === to) return true;
    this.#remember("other");
    this.#splice(from, to, "");
    return true;
  }

  #kill(from: number, to: number): true {
    if (from === to) return true;
    const goesOn = this.#last === "kill";
    this.#remember("kill");
    const text = this.#text.slice(from, to);
    this.#killed = !goesOn ? text : to === this.#cursor ? text + this.#killed : this.#killed + text;
    this.#splice(from, to, "");
    return true;
  }

  #before(from: number): number {
    const start = this.#lineStart(from);
    if (start === from) return Math.max(0, from - 1); // over the line break
    // Not from the line's start, which may be far: a key has to be answered within milliseconds.
    const near = Math.max(start, from - GRAPHEME_MAX);
    let last = near;
    for (const { index } of graphemes().segment(this.#text.slice(near, from))) last = near + index;
    return last;
  }

  #after(from: number): number {
    for (const { segment } of graphemes().segment(this.#text.slice(from, from + GRAPHEME_MAX))) {
      return from + segment.length;
    }
    return from;
  }

  #wordBefore(): number {
    return this.#startOf(lastRun(this.#text, this.#cursor, WORDS));
  }

  #wordAfter(): number {
    const word = /^[^\p{L}\p{N}\p{M}_]*[\p{L}\p{N}\p{M}_]*/u.exec(this.#text.slice(this.#cursor))?.[0] ?? "";
    return boundary(this.#text, this.#cursor + word.length);
  }

  /** The start of the grapheme that `at` is in. */
  #startOf(at: number): number {
    return at === 0 || boundary(this.#text, at) === at ? at : this.#before(at);
  }

  #blankBefore(): number {
    return this.#startOf(lastRun(this.#text, this.#cursor, NO_BLANKS));
  }

  #lineStart(from = this.#cursor): number {
    return from === 0 ? 0 : this.#text.lastIndexOf("\n", from - 1) + 1;
  }

  #lineEnd(): number {
    const end = this.#text.indexOf("\n", this.#cursor);
    return end === -1 ? this.#text.length : end;
  }

  #lineStarts(): number[] {
    const starts = [0];
    for (let at = this.#text.indexOf("\n"); at !== -1; at = this.#text.indexOf("\n", at + 1)) starts.push(at + 1);
    return starts;
  }

  /** To the same distance from the start in the row above or below; `false` where there is none. */
  #vertical(by: -1 | 1, starts: readonly number[] = this.#lineStarts()): boolean {
    const isLine = (start: number) => start === 0 || this.#text[start - 1] === "\n";
    // Where a line goes on in another row, the cursor between the two stands behind the upper one.
    const row = starts.findLastIndex((start) => start < this.#cursor || (start === this.#cursor && isLine(start)));
    const start = starts[row + by];
    if (row < 0 || start === undefined) return false;
    const column = Array.from(graphemes().segment(this.#text.slice(starts[row], this.#cursor))).length;
    const next = starts[row + by + 1] ?? this.#text.length + 1;
    const stop = isLine(next) || next > this.#text.length ? next - 1 : next;
    let at = start;
    for (let i = 0; i < Math.max(column, isLine(start) ? 0 : 1) && at < stop; i++) at = this.#after(at);
    return this.#move(Math.min(at, stop));
  }

  #walk(by: -1 | 1): boolean {
    const to = this.#at + by;
    if (to < 0 || to > this.#history.length) return true;
    if (this.#at === this.#history.length) {
      this.#draft = this.#text;
      this.#draftUndo = this.#undo;
    }
    this.#at = to;
    this.#undo = to === this.#history.length ? this.#draftUndo : [];
    this.#text = this.#history[to] ?? this.#draft;
    return this.#move(this.#text.length);
  }
}

/**
 * Where the last run before `end` begins, 0 without one. Looked for in ever larger pieces from the end, so that each
 * character is read a few times at most: a pattern that ends in `$` would begin again at each character.
 */
function lastRun(text: string, end: number, runs: RegExp): number {
  for (let size = PIECE;; size *= 4) {
    let from = Math.max(0, end - size);
    if (from > 0 && /[\udc00-\udfff]/.test(text[from] ?? "")) from--; // not between the halves of one character
    let start = -1;
    for (const { index } of text.slice(from, end).matchAll(runs)) start = from + index;
    if (from === 0) return Math.max(0, start);
    if (start > from) return start; // a run that fills the piece may have begun before it
  }
}

function commonStart(a: string, b: string): string {
  let i = 0;
  while (i < a.length && a[i] === b[i]) i++;
  return a.slice(0, i);
}

/** The first end of a grapheme at or after `at`. */
function boundary(text: string, at: number): number {
  if (at >= text.length) return text.length;
  // From the line's start, since where graphemes end depends on what stands before.
  const start = Math.max(text.lastIndexOf("\n", Math.max(0, at - 1)) + 1, at - GRAPHEME_MAX);
  if (at <= start) return at;
  const inside = graphemes().segment(text.slice(start, at + GRAPHEME_MAX)).containing(at - start);
  return inside === undefined || inside.index === at - start ? at : start + inside.index + inside.segment.length;
}

let segmenter: Intl.Segmenter | undefined;
/** Made at first use: it loads ICU's tables. */
function graphemes(): Intl.Segmenter {
  return segmenter ??= new Intl.Segmenter("en", { granularity: "grapheme" });
}

// deno-lint-ignore no-control-regex -- these are what is to be left out
const CONTROLS = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/g;
const WORDS = /[\p{L}\p{N}\p{M}_]+/gu;
const NO_BLANKS = /\S+/g;
const PIECE = 256;
/** UTF-16 units; the longest message is shorter, and the chat says so. */
export const TEXT_MAX = 65536;
const UNDO_MAX = 100;
const HISTORY_MAX = 100;
/** Longest grapheme that is treated as one. */
const GRAPHEME_MAX = 256;

// How many cells text takes, and where lines are broken. Scope: graphemes, East Asian width, wrapping. Out of scope:
// escape codes, cleaning (text comes from `sanitise`). Loads the width tables: never imported by the prompt.

import { eastAsianWidth } from "get-east-asian-width";
import { isolate, withoutIsolates, withoutLast } from "./sanitise.ts";

/** A part of a line. */
export interface Piece {
  readonly text: string;
  /** A run of characters that are a grapheme each, with this many cells; undefined: one grapheme. */
  readonly each: 1 | 2 | undefined;
}

/** The graphemes of one line, in order. */
export function graphemesOf(line: string): string[] {
  return piecesOf(line).flatMap(({ text, each }) => each === undefined ? [text] : text.split(""));
}

/**
 * One line, cut so that long text is cheap: printable ASCII, and Chinese, Japanese and Korean characters, in runs;
 * everything else a grapheme at a time.
 */
export function piecesOf(line: string): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  const runs = (text: string) => {
    for (const [run] of text.matchAll(RUNS)) pieces.push({ text: run, each: ASCII.test(run) ? 1 : 2 });
  };
  for (const { index, 0: other } of line.matchAll(OTHERS)) {
    runs(line.slice(at, index));
    segmenter ??= new Intl.Segmenter("en", { granularity: "grapheme" });
    for (const { segment } of segmenter.segment(other)) pieces.push({ text: segment, each: undefined });
    at = index + other.length;
  }
  runs(line.slice(at));
  return pieces;
}

/** Cells of one grapheme, as most terminals count. A terminal may disagree on rare ones; no row depends on another. */
export function graphemeWidth(grapheme: string): number {
  const code = grapheme.codePointAt(0) ?? 0;
  if (code < 0x7f) return grapheme.includes("\ufe0f") ? 2 : code < 0x20 ? 0 : 1;
  if (grapheme.includes("\ufe0f") || EMOJI.test(grapheme)) return 2;
  if (grapheme.includes("\u200d") && PICTOGRAPH.test(grapheme)) return 2;
  return cautiousWidth(grapheme);
}

/** As `graphemeWidth`, but as a terminal counts that joins nothing: for what must not push its neighbour off the row. */
export function cautiousWidth(text: string): number {
  if (ASCII.test(text)) return text.length;
  let width = 0;
  for (const char of text) {
    if (!ZERO.test(char)) width += codePointWidth(char.codePointAt(0) ?? 0);
    else if (char === "\ufe0f") width++; // emoji style may widen what stands before it
  }
  return width;
}

/** Cells of a code point that is not combining: 1 or 2. */
export function codePointWidth(code: number): number {
  return eastAsianWidth(code) === 2 ? 2 : 1;
}

/**
 * The most cells that any terminal could give a grapheme. For rows that must not run over the edge where automatic
 * wrapping is on: what runs over would stand at the start of a row, like a line of the program.
 */
export function widestOf(grapheme: string): number {
  if (ASCII.test(grapheme)) return grapheme.length;
  let width = 0;
  for (const char of grapheme) width += char === FSI || char === PDI ? 0 : /\p{M}/u.test(char) ? 1 : 2;
  return width;
}

/** Cells of a line without LF; a TAB counts as TAB_CELLS. */
export function textWidth(line: string): number {
  if (ASCII.test(line)) return line.length;
  let width = 0;
  for (const { text, each } of piecesOf(line)) {
    width += each !== undefined ? each * text.length : text === "\t" ? TAB_CELLS : graphemeWidth(text);
  }
  return width;
}

/** The start of the line that takes at most `columns` cells, with … in its last one if something was cut. */
export function cut(line: string, columns: number, widthOf = textWidth): string {
  if (widthOf(line) <= columns) return line;
  let kept = "";
  let width = 0;
  for (const grapheme of graphemesOf(line)) {
    width += widthOf(grapheme);
    if (width > columns - 1) break;
    kept += grapheme;
  }
  return columns > 0 ? isolatesWhole([`${kept}…`]).join() : "";
}

/**
 * Breaks one line, without LF, into rows: at spaces, between wide characters, and inside a word only if it is longer than
 * a row. The first row has `first` cells, the others `rest`. At least one row; TABs become spaces; isolates stay whole. With `widestOf` as
 * `widthOf` no terminal can need more cells than given.
 */
export function wrap(
  line: string,
  first: number,
  rest: number,
  widthOf: (grapheme: string) => number = graphemeWidth,
): string[] {
  if (line.length <= first && ASCII.test(line)) return [withoutLast(line, " ")]; // there may be thousands
  const breaking = new Breaking(first, rest);
  for (const { text, each } of piecesOf(line.replaceAll("\t", " ".repeat(TAB_CELLS)))) {
    if (each === undefined) breaking.put(text, widthOf(text));
    else if (each === 2) { for (const char of text) breaking.put(char, 2); }
    else breaking.run(text);
  }
  return line.includes(FSI) ? isolatesWhole(breaking.end()) : breaking.end();
}

/**
 * Rows of a line that was cut: an isolate (there is none within another) ends with its row and begins anew with the next; a
 * row without right-to-left letters needs none.
 */
function isolatesWhole(rows: readonly string[]): string[] {
  let open = false;
  return rows.map((row) => {
    const begun = open ? FSI + row : row;
    open = begun.lastIndexOf(FSI) > begun.lastIndexOf(PDI);
    const bare = withoutIsolates(row);
    return isolate(bare) === bare ? bare : open ? begun + PDI : begun;
  });
}

/** Rows being filled, and where the last of them can be broken. */
class Breaking {
  readonly #rows: string[] = [];
  readonly #rest: number;
  #limit: number;
  #row = "";
  #width = 0;
  /** The row's length and width up to where it can be broken. */
  #breakAt = -1;
  #breakWidth = 0;

  constructor(first: number, rest: number) {
    this.#limit = Math.max(2, first);
    this.#rest = Math.max(2, rest);
  }

  put(grapheme: string, cells: number): void {
    if (this.#width + cells > this.#limit) {
      if (grapheme === " ") return this.#break(this.#row.length, this.#width); // the space is the break itself
      if (this.#breakAt > 0) this.#break(this.#breakAt, this.#breakWidth);
      if (this.#width + cells > this.#limit) this.#break(this.#row.length, this.#width);
    }
    if (cells >= 2 && this.#row !== "") this.#mayBreak(this.#row.length, this.#width);
    this.#row += grapheme;
    this.#width += cells;
    if (grapheme === " " || cells >= 2) this.#mayBreak(this.#row.length, this.#width);
  }

  /** Characters of one cell, as many at once as there is room for; where there is none, the one that makes the row end. */
  run(text: string): void {
    for (let at = 0; at < text.length;) {
      const part = text.slice(at, at + Math.max(0, this.#limit - this.#width));
      const space = part.lastIndexOf(" ");
      if (space >= 0) this.#mayBreak(this.#row.length + space + 1, this.#width + space + 1);
      this.#row += part;
      this.#width += part.length;
      at += part.length;
      if (at < text.length) this.put(text[at++]!, 1);
    }
  }

  /** All rows. */
  end(): string[] {
    this.#break(this.#row.length, this.#width);
    return this.#rows;
  }

  #mayBreak(at: number, width: number): void {
    this.#breakAt = at;
    this.#breakWidth = width;
  }

  /** The row ends there, and what stands behind begins the next one. */
  #break(at: number, width: number): void {
    this.#rows.push(withoutLast(this.#row.slice(0, at), " "));
    this.#row = this.#row.slice(at);
    this.#width -= width;
    this.#breakAt = -1;
    this.#limit = this.#rest;
  }
}

/** First strong isolate and its end, as `sanitise` puts them around right-to-left text. */
const FSI = "\u2068";
const PDI = "\u2069";
const ASCII = /^[\x20-\x7e]*$/;
/** What is neither ASCII nor Chinese, Japanese or Korean, with the neighbours, which can belong to the same grapheme. */
const OTHERS =
  /(?:[^\x20-\x7e\u3001\u3002\u3041-\u3096\u30a1-\u30fa\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3]|[\x20-\x7e\u3001\u3002\u3041-\u3096\u30a1-\u30fa\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3](?=[^\x20-\x7e\u3001\u3002\u3041-\u3096\u30a1-\u30fa\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3])|(?<=[^\x20-\x7e\u3001\u3002\u3041-\u3096\u30a1-\u30fa\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3])[\x20-\x7e\u3001\u3002\u3041-\u3096\u30a1-\u30fa\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3])+/g;
/** The rest: of one cell each, and of two. */
const RUNS = /[\x20-\x7e]+|[^\x20-\x7e]+/g;
// Marks that take no cell of their own, joiners, isolates, and the later parts of a Hangul syllable.
const ZERO = /^[\p{Mn}\p{Me}\u200c\u200d\u2068\u2069\ufe0e\ufe0f\u1160-\u11ff\ud7b0-\ud7ff]$/u;
const EMOJI = /^\p{Emoji_Presentation}|^\p{Regional_Indicator}{2}/u;
const PICTOGRAPH = /\p{Extended_Pictographic}/u;
const TAB_CELLS = 4;
let segmenter: Intl.Segmenter | undefined;

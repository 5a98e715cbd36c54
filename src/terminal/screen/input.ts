// The input line as rows, and the cursor within them. Scope: hard wrapping by grapheme (the cursor has to be where it
// seems), which rows of a long text are shown. Out of scope: editing (line_editor.ts).

import { isolate, sanitise, withoutIsolates } from "../text/sanitise.ts";
import { piecesOf, textWidth } from "../text/width.ts";

export const PROMPT = "> ";

export interface InputRows {
  readonly rows: readonly string[];
  /** How many rows the text has; `rows` holds at most `height`. */
  readonly all: number;
  /** Where in the text each of them begins. */
  readonly starts: readonly number[];
  /** Of the cursor, within `rows`. */
  readonly row: number;
  readonly column: number;
}

interface Asked {
  readonly text: string;
  readonly cursor: number;
  readonly width: number;
  readonly height: number;
}

/** Remembers the last layout, since rows are asked for several times a key. `clear` forgets it. */
export class InputLayout {
  #last: (Asked & { readonly rows: InputRows }) | undefined;
  readonly #graphemes = new Map<string, { seen: string; wide: number }>();

  /** `text` with the cursor at an offset in it, in rows of `width` cells behind the prompt, at most `height` of them. */
  rows(text: string, cursor: number, width: number, height: number): InputRows {
    const old = this.#last;
    if (
      old !== undefined && old.text === text && old.cursor === cursor && old.width === width && old.height === height
    ) return old.rows;
    const wrapping = new Wrapping(width, cursor, (grapheme) => this.#shown(grapheme));
    for (const [i, line] of text.split("\n").entries()) wrapping.line(line, i === 0);
    const rows = window(wrapping, height);
    this.#last = { text, cursor, width, height, rows };
    return rows;
  }

  clear(): void {
    this.#last = undefined;
    this.#graphemes.clear();
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
}

/** Rows being filled, and where in them the cursor came to stand. */
class Wrapping {
  readonly rows = [""];
  readonly starts = [0];
  at = { row: 0, column: 0 };
  #cells = 0;
  #offset = 0;

  constructor(
    readonly width: number,
    readonly cursor: number,
    readonly shown: (grapheme: string) => { seen: string; wide: number },
  ) {}

  line(line: string, first: boolean): void {
    if (!first) {
      this.#offset++; // the line break
      this.#newRow();
    }
    if (this.#offset === this.cursor) this.at = this.#here();
    for (const { text, each } of piecesOf(line)) {
      if (each === undefined) this.#grapheme(text);
      else this.#run(text, each);
    }
  }

  #grapheme(grapheme: string): void {
    const { seen, wide } = this.shown(grapheme);
    if (this.#cells + wide > this.width) this.#newRow();
    this.#put(seen, wide, grapheme.length);
    if (this.#offset === this.cursor) this.at = this.#here();
  }

  /** Characters of `each` cells, as many at once as a row takes. */
  #run(run: string, each: 1 | 2): void {
    for (let from = 0; from < run.length;) {
      if (this.#cells + each > this.width) this.#newRow(); // a TAB may be wider than a row
      const part = run.slice(from, from + Math.floor((this.width - this.#cells) / each));
      const into = this.cursor - this.#offset;
      if (into > 0 && into <= part.length) this.at = { row: this.rows.length - 1, column: this.#cells + each * into };
      this.#put(part, each * part.length, part.length);
      from += part.length;
    }
  }

  #put(seen: string, cells: number, length: number): void {
    this.rows[this.rows.length - 1] += seen;
    this.#cells += cells;
    this.#offset += length;
  }

  #newRow(): void {
    this.rows.push("");
    this.starts.push(this.#offset);
    this.#cells = 0;
  }

  #here(): { row: number; column: number } {
    return { row: this.rows.length - 1, column: this.#cells };
  }
}

/** The rows around the cursor, with marks where there are more above or below. */
function window({ rows, starts, at }: Wrapping, height: number): InputRows {
  const top = Math.max(0, Math.min(at.row - Math.floor(height / 2), rows.length - height));
  const more = rows.length - top - height;
  const shown = rows.slice(top, top + height).map((row, i) => {
    const mark = top + i === 0 ? PROMPT : i === 0 || (i === height - 1 && more > 0) ? "… " : "  ";
    return mark + isolate(row);
  });
  return { rows: shown, all: rows.length, starts, row: at.row - top, column: at.column + PROMPT.length };
}

const GRAPHEMES_MAX = 4096;

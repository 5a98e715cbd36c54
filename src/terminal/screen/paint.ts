// What must be written so that the terminal shows new rows in place of the old. The rules that keep a peer inside its
// message: each row is addressed absolutely and erased before it is written; automatic wrapping is off, so that a row
// that turns out too wide is cut at the edge. Out of scope: what the rows are.

import { RESET } from "./layout.ts";

/** Knows what is on the terminal. */
export class Painter {
  #painted: readonly string[] = [];
  #cursor = "";
  #wipe = true;

  /** The next painting writes everything again. */
  repaint(): void {
    this.#wipe = true;
  }

  /** Forgets what it painted, without painting. */
  clear(): void {
    this.#painted = [];
  }

  /** `cursor`: the sequence that puts it in its place. "" if the terminal shows all of it already. */
  paint(rows: readonly string[], cursor: string): string {
    let out = "";
    if (this.#wipe) {
      out += `${RESET}\x1b[2J`;
      this.#painted = [];
      this.#cursor = "";
      this.#wipe = false;
    }
    for (const [i, row] of rows.entries()) {
      if (row === (this.#painted[i] ?? "")) continue;
      out += `\x1b[${i + 1};1H${RESET}\x1b[2K${row}`;
    }
    this.#painted = rows;
    if (out === "" && cursor === this.#cursor) return "";
    this.#cursor = cursor;
    return `\x1b[?25l${out}${RESET}${cursor}\x1b[?25h`;
  }
}

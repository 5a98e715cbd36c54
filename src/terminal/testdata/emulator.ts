// A terminal for tests: cells, a cursor, and a list of everything that a chat screen has no business sending. Far from
// complete on purpose: what it does not know, it reports. Out of scope: colours.

import { codePointWidth } from "../text/width.ts";

export class Emulator {
  readonly cells: string[][];
  /** Sequences and controls outside the painter's small vocabulary. */
  readonly unexpected: string[] = [];
  bells = 0;
  row = 0;
  column = 0;
  readonly modes = new Map<string, boolean>();

  /** `wide`: how a disagreeing terminal counts, every non-ASCII character two cells, marks too. */
  constructor(readonly columns: number, readonly rows: number, readonly wide = false) {
    this.cells = Array.from({ length: rows }, () => this.#blank());
    this.modes.set("7", true);
  }

  /** The rows as text, trailing blanks cut. */
  text(): string[] {
    return this.cells.map((row) => row.join("").trimEnd());
  }

  write(out: string): void {
    for (let i = 0; i < out.length;) {
      const rest = out.slice(i, i + 64);
      // deno-lint-ignore no-control-regex -- escape sequences are what this reads
      const csi = /^\x1b\[([\x30-\x3f]*)([\x20-\x2f]*)([\x40-\x7e])/.exec(rest);
      if (csi !== null) {
        this.#csi(csi[1] ?? "", csi[3] ?? "", csi[0]);
        i += csi[0].length;
        continue;
      }
      const char = String.fromCodePoint(out.codePointAt(i) ?? 0);
      i += char.length;
      const code = char.codePointAt(0) ?? 0;
      if (code === 7) this.bells++;
      else if (code < 0x20 || (code >= 0x7f && code < 0xa0)) this.unexpected.push(JSON.stringify(rest.slice(0, 8)));
      else this.#put(char, code);
    }
  }

  #csi(parameters: string, final: string, whole: string): void {
    if (final === "m") return;
    if (final === "H") {
      const [row = 1, column = 1] = parameters.split(";").map((part) => Number(part) || 1);
      this.row = Math.min(row, this.rows) - 1;
      this.column = Math.min(column, this.columns) - 1;
    } else if (final === "K" && parameters === "2") this.cells[this.row] = this.#blank();
    else if (final === "J" && parameters === "2") this.cells.forEach((_, i) => this.cells[i] = this.#blank());
    else if ((final === "h" || final === "l") && /^\?(7|25|1049|2004)$/.test(parameters)) {
      this.modes.set(parameters.slice(1), final === "h");
    } else this.unexpected.push(JSON.stringify(whole));
  }

  #put(char: string, code: number): void {
    const zero = /^[\p{M}\p{Cf}]$/u.test(char);
    const cells = this.wide && code > 0x7e ? 2 : zero ? 0 : codePointWidth(code);
    const row = this.cells[this.row];
    if (row === undefined) return;
    if (cells === 0) {
      const before = Math.max(0, this.column - 1);
      row[before] = (row[before] ?? "") + char;
      return;
    }
    if (this.column + cells > this.columns) {
      if (this.modes.get("7") === false) this.column = this.columns - cells;
      else {
        this.unexpected.push("wrapped");
        this.column = 0;
        this.row = Math.min(this.row + 1, this.rows - 1);
      }
    }
    const target = this.cells[this.row];
    if (target === undefined) return;
    target[this.column] = char;
    if (cells === 2) target[this.column + 1] = "";
    this.column = Math.min(this.columns, this.column + cells);
  }

  #blank(): string[] {
    return Array.from({ length: this.columns }, () => " ");
  }
}

// An entry of the log as rows of a screen. Scope: time, mark, name, wrapping, receipts, colours. Out of scope: which
// entries are in view (log.ts), the input line (input.ts).

import { RECEIPT } from "../../words/screen.ts";
import type { PeerId } from "../../ports.ts";
import { isolate } from "../text/sanitise.ts";
import { cautiousWidth, cut, textWidth, wrap } from "../text/width.ts";
import type { Entry, LaidOut, Mine } from "./log.ts";

export const RESET = "\x1b[0m";

/** Text between an SGR code and its end; where no colours are wanted, weight alone. */
export type Style = (sgr: string, text: string) => string;

export function styleOf(colour: boolean): Style {
  return (sgr, text) => {
    const codes = colour ? sgr : sgr.replace(/;?3\d/, "");
    return codes === "" || text === "" ? text : `\x1b[${codes}m${text}${RESET}`;
  };
}

/** Lays entries out for `columns`, and keeps the rows in the entry while those stay the same. */
export class Layout {
  columns: number;
  readonly #style: Style;
  readonly #clock: (at: number) => string;

  /** `clock`: milliseconds since the epoch as `12:04`. */
  constructor(columns: number, style: Style, clock: (at: number) => string) {
    this.columns = columns;
    this.#style = style;
    this.#clock = clock;
  }

  rowsOf(entry: Entry): readonly string[] {
    if (entry.laidOut?.columns !== this.columns) entry.laidOut = this.#text(entry);
    const { laidOut, mine } = entry;
    return mine === undefined ? laidOut.rows : laidOut.withReceipt ??= this.#withReceipt(laidOut, receiptText(mine));
  }

  #text(entry: Entry): LaidOut {
    const time = this.columns >= TIME_COLUMNS ? this.#clock(entry.at) : "";
    const mark = MARKS[entry.kind];
    const dim = entry.kind === "system" ? "2" : entry.kind === "problem" ? "1" : "";
    const first = time === "" ? "" : `${time} `;
    const gutter = first.length + 2;
    const width = Math.max(2, this.columns - gutter);
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
    for (const line of entry.text.split("\n")) {
      const room = rows.length === 0 ? width - prefixWidth : width;
      for (const row of wrap(line, room, width)) {
        lastRoom = rows.length === 0 ? room : width;
        last = row;
        put(this.#style(dim, row));
      }
    }
    if (entry.unread === true) rows.unshift(this.#style("1", cut(UNREAD.padEnd(this.columns, "─"), this.columns)));
    return { columns: this.columns, rows, next, width, last, lastRoom };
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
}

/** `✓ alice, bob · 1 waiting`, `✓ 5 of 32`, `? carol`. */
function receiptText(mine: Mine): string {
  const { peers, delivered, unconfirmed } = mine;
  if (peers === 0) return RECEIPT.nobody;
  // With a note beside it, "✓" alone could be read as everybody's.
  const named = mine.note !== "";
  const parts: string[] = [];
  const names = (map: Map<PeerId, string>) => [...map.values()].join(", ");
  if (delivered.size > 0) {
    parts.push(
      peers === 1 && !named
        ? "✓"
        : delivered.size > 3
        ? RECEIPT.deliveredOf(delivered.size, peers)
        : RECEIPT.delivered(names(delivered)),
    );
  }
  if (unconfirmed.size > 0) {
    parts.push(RECEIPT.unconfirmed(unconfirmed.size > 3 ? String(unconfirmed.size) : names(unconfirmed)));
  }
  const waiting = peers - delivered.size - unconfirmed.size;
  if (waiting > 0 && (delivered.size <= 3)) parts.push(peers === 1 ? "…" : RECEIPT.waiting(waiting));
  if (named) parts.push(mine.note);
  return parts.join(" · ");
}

const MARKS = { system: "─", problem: "!", theirs: "│", mine: "›" } as const;
const UNREAD = "── unread ──";
export const NAME_CELLS = 20;
/** Narrower screens have no time column. */
const TIME_COLUMNS = 31;

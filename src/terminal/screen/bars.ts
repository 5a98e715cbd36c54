// The two fixed rows: who is here, at the top, and what the program is doing, above the input. Scope: what goes into
// them when there is little room. Out of scope: questions, which the screen puts into the same row.

import { andMore, CALLING, howManyHere, NOBODY_HERE_YET, STRETCHING } from "../../words/screen.ts";
import { sanitise } from "../text/sanitise.ts";
import { cautiousWidth, cut, textWidth } from "../text/width.ts";
import { NAME_CELLS } from "./layout.ts";
import type { Label } from "./log.ts";

/** What takes a while: calls, and the stretching of the phrase. */
export class Busy {
  /** Calls under way, by address, with the time of their start: the longest first. */
  readonly #calls = new Map<string, number>();
  /** Addresses called since nobody was being called; at most BUSY_MAX. */
  readonly #called = new Set<string>();
  #stretchingSince: number | undefined;

  get any(): boolean {
    return this.#calls.size > 0 || this.#stretchingSince !== undefined;
  }

  call(address: string, at: number): void {
    if (this.#calls.size >= BUSY_MAX) return;
    if (this.#calls.size === 0) this.#called.clear();
    this.#calls.set(address, at);
    if (this.#called.size < BUSY_MAX) this.#called.add(address);
  }

  called(address: string): void {
    this.#calls.delete(address);
  }

  stretching(on: boolean, at: number): void {
    this.#stretchingSince = on ? at : undefined;
  }

  clear(): void {
    this.#calls.clear();
    this.#called.clear();
    this.#stretchingSince = undefined;
  }

  /** `calling 192.0.2.7:7373 (2 of 3)… 4 s`. Of several calls the one that has waited longest stands for all. */
  texts(now: number): string[] {
    const texts: string[] = [];
    const [call] = this.#calls;
    if (this.#stretchingSince !== undefined) texts.push(`${STRETCHING}${elapsed(now - this.#stretchingSince)}`);
    if (call !== undefined) {
      const [address, since] = call;
      const [all, over] = [this.#called.size, this.#called.size - this.#calls.size];
      const which = all > 1 ? ` (${over + 1} of ${all})` : "";
      texts.push(`${CALLING}${sanitise(address, "text")}${which}${elapsed(now - since)}`);
    }
    return texts;
  }
}

function elapsed(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  return seconds >= ELAPSED_FROM_S ? `… ${seconds} s` : "…";
}

/** A friend in the header; `note` may be empty. */
export type Here = Label & { readonly note: string };

/**
 * `Sesame you are Carol [b0b0-0000] · alice [3f2a-91bc] and 3 more · everyone hears everyone`, filled up to `columns`.
 * `you` and `hearing` may be empty. Of several friends only as many are named as leave HEARING_CELLS for who hears
 * whom; oneself goes first.
 */
export function headerText(you: string, people: readonly Here[], hearing: string, columns: number): string {
  const behind = hearing === "" ? "" : `  ·  ${hearing}`;
  const kept = people.length > 1 ? Math.min(cautiousWidth(behind), HEARING_CELLS) : 0;
  const friends = friendsText(people, columns - kept);
  const before = you === "" ? "" : `${you}  ·  `;
  const fits = cautiousWidth(` Sesame  ${before}${friends}${behind}`) <= columns;
  const front = ` Sesame  ${fits ? before : ""}${friends}`;
  // A word of it or two would say nothing.
  const room = columns - cautiousWidth(front);
  const text = cut(front + (room >= Math.min(cautiousWidth(behind), HEARING_CELLS_MIN) ? behind : ""), columns);
  return text + " ".repeat(Math.max(0, columns - textWidth(text)));
}

function friendsText(people: readonly Here[], columns: number): string {
  const start = " Sesame  ";
  let text = start;
  if (people.length === 0) text += NOBODY_HERE_YET;
  for (const [i, { name, tag, suspect, note }] of people.entries()) {
    const part = `${suspect ? "!" : ""}${cut(name, NAME_CELLS, cautiousWidth)} [${tag}]${
      note === "" ? "" : ` ${note}`
    }`;
    const left = people.length - i;
    const more = left > 1 ? andMore(left - 1).length : 0;
    const next = `${i > 0 ? ", " : ""}${part}`;
    if (cautiousWidth(text + next) + more > columns) {
      text += i > 0 ? andMore(left) : howManyHere(left);
      break;
    }
    text += next;
  }
  return text.slice(start.length);
}

/** The parts between lines, filled up to `columns`. */
export function statusText(parts: readonly string[], columns: number): string {
  const text = cut(parts.length > 0 ? `── ${parts.join(" · ")} ` : "──", columns);
  return text + "─".repeat(Math.max(0, columns - textWidth(text)));
}

const HEARING_CELLS = 40;
const HEARING_CELLS_MIN = 24;
const ELAPSED_FROM_S = 2;
const BUSY_MAX = 64;

// When a session counts as silent (docs/PROTOCOL.md section 8): ten cells within 10 s and then nothing for 5 s, or nothing
// for 45 s. Not in here: when a link is dead (section 7).

import { SILENT_BUSY_MS, SILENT_CELLS, SILENT_IDLE_MS, SILENT_WINDOW_MS } from "../constants.ts";
import type { Millis } from "../ports.ts";

export class OpenedCells {
  /** Times of the last ones, at most SILENT_CELLS. */
  readonly #times: Millis[] = [];

  add(now: Millis): void {
    this.#times.push(now);
    if (this.#times.length > SILENT_CELLS) this.#times.shift();
  }

  isSilent(now: Millis, lastFrame: Millis): boolean {
    const [first] = this.#times;
    const last = this.#times.at(-1);
    if (first === undefined || last === undefined) return now - lastFrame >= SILENT_IDLE_MS;
    const quiet = now - Math.max(last, lastFrame);
    const busy = this.#times.length === SILENT_CELLS && last - first <= SILENT_WINDOW_MS;
    return quiet >= SILENT_IDLE_MS || (busy && quiet >= SILENT_BUSY_MS);
  }
}

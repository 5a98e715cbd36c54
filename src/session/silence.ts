// When a session counts as silent (docs/PROTOCOL.md section 8): ten cells within 10 s and then nothing for 5 s, or nothing
// for 45 s. Out of scope: when a link is dead (section 7).

import { SILENT_BUSY_MS, SILENT_CELLS, SILENT_IDLE_MS, SILENT_WINDOW_MS } from "../constants.ts";
import type { Millis } from "../ports.ts";

export class OpenedCells {
  /** Times of the last ones, at most SILENT_CELLS. */
  readonly #times: Millis[] = [];

  add(now: Millis): void {
    this.#times.push(now);
    if (this.#times.length > SILENT_CELLS) this.#times.shift();
  }

  /** How long nothing has come, once three cells are missing by the pace at which the last ones came; else 0. */
  quietFor(now: Millis, lastFrame: Millis): Millis {
    const [first] = this.#times;
    const last = this.#times.at(-1);
    if (first === undefined || last === undefined || this.#times.length < 2) return 0;
    const pace = (last - first) / (this.#times.length - 1);
    return now - lastFrame > MISSED_CELLS * pace ? now - lastFrame : 0;
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

/** So many are missing before a person is told: one or two are late on any network. */
const MISSED_CELLS = 3;

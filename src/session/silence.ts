// How long nothing has come on a link: when it counts as silent (docs/PROTOCOL.md section 8: ten cells within 10 s and then
// nothing for 5 s, or nothing for 45 s), when it is dead (section 7), and what a person is told meanwhile.

import {
  DEAD_AFTER_MS,
  SILENCE_GRACE_MS,
  SILENT_BUSY_MS,
  SILENT_CELLS,
  SILENT_IDLE_MS,
  SILENT_WINDOW_MS,
} from "../constants.ts";
import type { Millis } from "../ports.ts";

export class Silence {
  #since: Millis;
  /** It has lasted too long, and the socket gets a moment to show what was waiting in it. */
  #noticed = false;
  /** When the last cells were opened, at most SILENT_CELLS of them. */
  readonly #opened: Millis[] = [];

  constructor(now: Millis) {
    this.#since = now;
  }

  /** A frame has come, or the machine slept: it is counted again from here. */
  ended(now: Millis): void {
    this.#since = now;
    this.#noticed = false;
  }

  opened(now: Millis): void {
    this.#opened.push(now);
    if (this.#opened.length > SILENT_CELLS) this.#opened.shift();
  }

  /** When `isDead` is to be asked. */
  get deadline(): Millis {
    return this.#since + DEAD_AFTER_MS + (this.#noticed ? SILENCE_GRACE_MS : 0);
  }

  /** The first time that the deadline has come, there is another one, after the socket has been read. */
  isDead(now: Millis): boolean {
    if (now < this.deadline) return false;
    const dead = this.#noticed;
    this.#noticed = true;
    return dead;
  }

  /**
   * How long nothing has come, once it is three times the longest pause between the last cells; else 0. The longest, and not
   * the mean: without cover some cells come at once and then none for half a minute.
   */
  quietFor(now: Millis): Millis {
    if (this.#opened.length < SILENT_CELLS) return 0;
    const pause = Math.max(...this.#opened.slice(1).map((at, i) => at - this.#opened[i]!));
    return now - this.#since > MISSED_CELLS * pause ? now - this.#since : 0;
  }

  isSilent(now: Millis): boolean {
    const [first] = this.#opened;
    const last = this.#opened.at(-1);
    if (first === undefined || last === undefined) return now - this.#since >= SILENT_IDLE_MS;
    const quiet = now - Math.max(last, this.#since);
    const busy = this.#opened.length === SILENT_CELLS && last - first <= SILENT_WINDOW_MS;
    return quiet >= SILENT_IDLE_MS || (busy && quiet >= SILENT_BUSY_MS);
  }
}

/** How many pauses before a person is told: one or two cells are late on any network. */
const MISSED_CELLS = 3;

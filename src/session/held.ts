// Cells that wait for a tick to be over. The listener's work on a key takes 0.3 ms, so a key that comes shortly before
// our tick is opened right after it, and so is everything that came after that key. Out of scope: opening them.

import { QUIET_MS } from "../constants.ts";
import type { Frame, Millis } from "../ports.ts";

/** How long after a tick its frame is with the operating system. */
const BEHIND_TICK_MS = 1;
/** With more than this many, all are opened, tick or not. */
const MAX_HELD = 32;

export class Held {
  #frames: Frame[] = [];
  #until: Millis = Infinity;

  /** When they are to be opened; Infinity while there are none. */
  get until(): Millis {
    return this.#until;
  }

  get full(): boolean {
    return this.#frames.length >= MAX_HELD;
  }

  /** True: a copy of this cell is in here now. `isKey`: it would begin that work. `tick`: when our next one is due. */
  takes(frame: Frame, isKey: boolean, tick: Millis, now: Millis): boolean {
    if (this.#frames.length === 0) {
      if (!isKey || tick - now > QUIET_MS) return false;
      this.#until = Math.max(now, tick) + BEHIND_TICK_MS;
    }
    this.#frames.push(frame.slice());
    return true;
  }

  /** All of them, in their order; none is left in here. */
  release(): Frame[] {
    const frames = this.#frames;
    this.#frames = [];
    this.#until = Infinity;
    return frames;
  }
}

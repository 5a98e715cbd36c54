// What the person says and sees, and a renewal's key, are worked on while no cell is due: otherwise a cell would leave
// later when there is much work to do, and its time would reveal that. Scope: when work may begin, in the order in
// which it was asked for. Out of scope: ticks themselves, which wait for nothing, and the panic keys, which do not come
// this way.

import { QUIET_MS } from "../constants.ts";
import type { Millis } from "../ports.ts";

/** With many friends the next tick is always near: this long after a tick that was waited for, work goes on all the same. */
const BEHIND_MS = 4;

export class QuietWindow {
  readonly #nextTick: () => Millis;
  readonly #now: () => Millis;
  readonly #after: (ms: number, run: () => void) => () => void;
  #queue: (() => void)[] = [];
  #running = false;
  #cancel: (() => void) | undefined;
  #behindUntil: Millis = -Infinity;

  /** `after` calls once, later; what it returns cancels that. */
  constructor(nextTick: () => Millis, now: () => Millis, after: (ms: number, run: () => void) => () => void) {
    this.#nextTick = nextTick;
    this.#now = now;
    this.#after = after;
  }

  /** At once, unless a tick is due soon: then right after it. */
  run(work: () => void): void {
    this.#queue.push(work);
    if (this.#cancel === undefined) this.#go();
  }

  /** All of it now, ticks or not: for the end. */
  flush(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#running = true;
    for (let work = this.#queue.shift(); work !== undefined; work = this.#queue.shift()) work();
    this.#running = false;
  }

  #go(): void {
    if (this.#running) return; // work asks for more work: it comes behind
    this.#running = true;
    try {
      while (this.#queue.length > 0) {
        const now = this.#now();
        const left = this.#nextTick() - now;
        if (left <= QUIET_MS && now >= this.#behindUntil) {
          this.#cancel = this.#after(Math.max(0, left) + 1, () => {
            this.#cancel = undefined;
            const now = this.#now();
            if (this.#nextTick() > now) this.#behindUntil = now + BEHIND_MS; // else its own timer is late
            this.#go();
          });
          return;
        }
        this.#queue.shift()?.();
      }
    } finally {
      this.#running = false;
    }
  }
}

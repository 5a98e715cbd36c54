// What the person says and sees is worked on while no cell is due: else a cell would leave later when there is much to be
// worked on, and its time would tell. In here: when work may begin, in the order in which it was asked for.
// Not in here: ticks themselves, which wait for nothing, and the panic keys, which do not come this way.

import type { Millis } from "../ports.ts";

/** No piece of work takes this long, the longest paste of a fresh process included (measured: 2 ms). */
const QUIET_MS = 4;
/** With many friends some tick is always near: what has waited this long is done right behind one, a little at a time. */
const WAIT_MAX_MS = 8;
const LITTLE_MS = 1;

export class BetweenTicks {
  readonly #nextTick: () => Millis;
  readonly #now: () => Millis;
  readonly #after: (ms: number, run: () => void) => () => void;
  #queue: { readonly work: () => void; readonly since: Millis }[] = [];
  #running = false;
  #cancel: (() => void) | undefined;

  /** `after` calls once, later; what it returns cancels that. */
  constructor(nextTick: () => Millis, now: () => Millis, after: (ms: number, run: () => void) => () => void) {
    this.#nextTick = nextTick;
    this.#now = now;
    this.#after = after;
  }

  /** At once, unless a tick is due soon: then right after it. */
  run(work: () => void): void {
    this.#queue.push({ work, since: this.#now() });
    if (this.#cancel === undefined) this.#go();
  }

  /** All of it now, ticks or not: for the end. */
  flush(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#running = true;
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) next.work();
    this.#running = false;
  }

  #go(behindTick = false): void {
    if (this.#running) return; // work asks for more work: it comes behind
    this.#running = true;
    const began = this.#now();
    try {
      for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
        const now = this.#now();
        const left = this.#nextTick() - now;
        const overdue = behindTick && now - next.since >= WAIT_MAX_MS && now - began < LITTLE_MS;
        if (left <= QUIET_MS && !overdue) {
          this.#cancel = this.#after(Math.max(0, left) + 1, () => {
            this.#cancel = undefined;
            this.#go(true);
          });
          return;
        }
        this.#queue.shift();
        next.work();
      }
    } finally {
      this.#running = false;
    }
  }
}

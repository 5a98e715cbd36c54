// A simulated clock: what is due runs in the order of its time, and what is due at the same time in the order in which it
// was asked for. Nothing here waits.

import type { Millis } from "../../src/ports.ts";

interface Entry {
  readonly at: Millis;
  readonly order: number;
  readonly run: () => void;
}

export class Timeline {
  now: Millis = 0;
  /** How many entries have run. */
  ran = 0;
  /** A binary heap, the next one first. */
  readonly #heap: Entry[] = [];
  #order = 0;

  /** In the past means now. */
  at(when: Millis, run: () => void): void {
    const heap = this.#heap;
    const entry = { at: Math.max(when, this.now), order: this.#order++, run };
    let i = heap.push(entry) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (before(heap[parent]!, entry)) break;
      heap[i] = heap[parent]!;
      i = parent;
    }
    heap[i] = entry;
  }

  after(ms: number, run: () => void): void {
    this.at(this.now + ms, run);
  }

  /** Everything that is due until then, or until it is done. */
  runUntil(end: Millis, done: () => boolean = () => false): void {
    for (let next = this.#heap[0]; next !== undefined && next.at <= end && !done(); next = this.#heap[0]) {
      this.#take();
      this.now = next.at;
      this.ran++;
      next.run();
    }
    if (!done()) this.now = Math.max(this.now, end);
  }

  #take(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++;
      if (before(last, heap[child]!)) break;
      heap[i] = heap[child]!;
      i = child;
    }
    heap[i] = last;
  }
}

function before(a: Entry, b: Entry): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

// A clock that a test moves on, with the timers that are set by it.

interface Timer {
  readonly at: number;
  readonly run: () => void;
}

export class Clock {
  now = 0;
  readonly #timers = new Set<Timer>();

  /** Calls `run` once after `ms`, unless the returned function is called before. */
  readonly after = (ms: number, run: () => void): () => void => {
    const timer = { at: this.now + ms, run };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  };

  /** How many wait. */
  get timers(): number {
    return this.#timers.size;
  }

  /** Lets the time pass, timers on the way included. */
  pass(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      const [next] = [...this.#timers].sort((a, b) => a.at - b.at);
      if (next === undefined || next.at > end) break;
      this.#timers.delete(next);
      this.now = Math.max(this.now, next.at);
      next.run();
    }
    this.now = Math.max(this.now, end);
  }
}

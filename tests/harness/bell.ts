// Waiting until something has come about that events bring: it is looked for again at each of them.

/** Who waits for something to change: each `stir` wakes all. */
export class Bell {
  #waiting: (() => void)[] = [];

  stir(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** The first thing that `look` finds, now or after a stir. Throws `late()` when it has not by then. */
  async until<T>(look: () => T | undefined, ms: number, late: () => string): Promise<T> {
    const deadline = performance.now() + ms;
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      const left = deadline - performance.now();
      if (left <= 0) throw new Error(late());
      await new Promise<void>((done) => {
        const timer = setTimeout(done, left);
        this.#waiting.push(() => {
          clearTimeout(timer);
          done();
        });
      });
    }
  }
}

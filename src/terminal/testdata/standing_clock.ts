// A clock that stands until a test lets it go on.

export interface StandingClock {
  after(ms: number, run: () => void): () => void;
  /** All that waits is due. */
  pass(): void;
  /** How many wait. */
  readonly timers: number;
}

export function standingClock(): StandingClock {
  const waiting = new Set<() => void>();
  return {
    after(_ms, run) {
      waiting.add(run);
      return () => void waiting.delete(run);
    },
    pass() {
      for (const run of [...waiting]) {
        waiting.delete(run);
        run();
      }
    },
    get timers() {
      return waiting.size;
    },
  };
}

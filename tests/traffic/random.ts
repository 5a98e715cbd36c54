// Chance that can be had again: the same seed gives the same labels, texts, folds and shuffles.

export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** An integer from 0 to n - 1. */
  below(n: number): number;
  /** Exponential with this mean: the time between things that happen by chance. */
  pause(mean: number): number;
  shuffled<T>(items: readonly T[]): T[];
}

/** Mulberry32 (public domain): small, and good enough for choosing; no secret is ever made of it. */
export function makeRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (n: number) => Math.floor(next() * n);
  return {
    next,
    below,
    pause: (mean) => -mean * Math.log(1 - next()),
    shuffled: (items) => {
      const out = [...items];
      for (let i = out.length - 1; i > 0; i--) {
        const j = below(i + 1);
        [out[i], out[j]] = [out[j]!, out[i]!];
      }
      return out;
    },
  };
}

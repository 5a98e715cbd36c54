// The one seeded generator of a simulation (sfc32 by Chris Doty-Humphrey): the same seed gives the same run, to the byte.
// Not for the product, whose entropy comes from the operating system.

import type { Entropy } from "../../src/ports.ts";

export class Random {
  #a: number;
  #b: number;
  #c = 0x243f6a88;
  #counter = 1;

  constructor(seed: number) {
    this.#a = seed | 0;
    this.#b = Math.floor(seed / 2 ** 32) | 0;
    for (let i = 0; i < 15; i++) this.u32();
  }

  u32(): number {
    const t = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21 | this.#c >>> 11) + t) | 0;
    return t >>> 0;
  }

  /** Uniform in [0, 1). */
  unit(): number {
    return this.u32() / 2 ** 32;
  }

  /** A whole number from 0 to n - 1. */
  below(n: number): number {
    return Math.floor(this.unit() * n);
  }

  /** Exponential with this mean: the time between things that happen by chance. */
  pause(mean: number): number {
    return -mean * Math.log(1 - this.unit());
  }

  shuffled<T>(items: readonly T[]): T[] {
    const out = [...items];
    for (let i = out.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [out[i], out[j]] = [out[j]!, out[i]!];
    }
    return out;
  }

  /** A whole number from `low` to `high`, both included. */
  int(low: number, high: number): number {
    return low + Math.floor(this.unit() * (high - low + 1));
  }

  between(low: number, high: number): number {
    return low + this.unit() * (high - low);
  }

  chance(probability: number): boolean {
    return this.unit() < probability;
  }

  pick<T>(from: readonly T[]): T {
    const picked = from[this.int(0, from.length - 1)];
    if (picked === undefined) throw new RangeError("nothing to pick from");
    return picked;
  }

  /** One of the keys, by its weight. */
  weighted<K extends string>(weights: Readonly<Record<K, number>>): K {
    const entries = Object.entries(weights) as [K, number][];
    let left = this.unit() * entries.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [key, weight] of entries) {
      left -= weight;
      if (left < 0) return key;
    }
    return entries.at(-1)![0];
  }

  readonly fill: Entropy = (into) => {
    for (let i = 0; i < into.length; i += 4) {
      const word = this.u32();
      into[i] = word;
      if (i + 1 < into.length) into[i + 1] = word >>> 8;
      if (i + 2 < into.length) into[i + 2] = word >>> 16;
      if (i + 3 < into.length) into[i + 3] = word >>> 24;
    }
  };

  hex(bytes: number): string {
    const drawn = new Uint8Array(bytes);
    this.fill(drawn);
    return drawn.toHex();
  }
}

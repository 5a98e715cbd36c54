// The real clock and the real entropy. This is the only place that names them; everything else gets them as arguments.

import type { Entropy, Millis } from "./ports.ts";

/** Monotonic. */
export function now(): Millis {
  return performance.now();
}

/** Milliseconds since the epoch, for what people and scripts read. */
export function wallClock(): number {
  return Date.now();
}

/** Entropy from the operating system, straight into the memory that asks for it. */
export function entropyOf(host: { random(into: Uint8Array): void }): Entropy {
  return (into) => host.random(into);
}

/** Calls `run` once after `ms`, unless the returned function is called before. */
export function after(ms: number, run: () => void): () => void {
  // The runtime drops what is less than a millisecond: rounded down it would fire early, and be set again, twice a tick.
  const timer = setTimeout(run, Math.max(0, Math.min(Math.ceil(ms), LONGEST_TIMER_MS)));
  return () => clearTimeout(timer);
}

/**
 * Lets what has arrived be handled, the panic key above all: for between two long pieces of work. A millisecond, because
 * a key comes by way of another thread.
 */
export function turn(): Promise<void> {
  return new Promise((done) => setTimeout(done, 1));
}

/** Calls `run` each `ms`, about, until it is disposed. */
export function every(ms: number, run: () => void): Disposable {
  const timer = setInterval(run, ms);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/** Longer ones overflow and fire at once. A timer that fires early is set again by whoever looks at the clock. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

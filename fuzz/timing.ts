// Does the time that a computation takes reveal what it worked on? After dudect (Reparaz, Balasch, Verbauwhede, 2017):
// two classes of input in random order, many measurements, Welch's t of the two. |t| above 4.5 is a difference that
// chance would hardly make; below it none was *seen*, on this machine, with this many measurements, which proves
// nothing.
//
//   deno run --allow-read fuzz/timing.ts [SECONDS]     seconds each (default: 5)
//
// Two controls accompany the measurements: a comparison that stops at the first difference must be seen, and a class
// compared with itself must not be; if either comes out otherwise, the machine is too noisy and the rest means nothing.
// This is not a test: a busy machine makes it lie both ways. The exit code is 0 if the controls hold, whatever else was
// seen.

import { normalisePhrase } from "../src/auth/phrase.ts";
import { CANONICAL_ROOM, canonicalise, generate } from "../src/auth/words.ts";
import { equal32 } from "../src/crypto/equal.ts";
import { sha256 } from "../src/crypto/sha256.ts";
import type { Arena } from "../src/secrets/locked.ts";
import { Random } from "../tests/simulation/random.ts";
import { testArena } from "../tests/harness/arena.ts";
import { primitives, type Subject } from "./timing_primitives.ts";

const random = new Random(7);
const THRESHOLD = 4.5;
/** The slowest are interruptions and garbage collection, which come to both classes. */
const KEPT = 0.9;

function subjects(arena: Arena): Subject[] {
  const secret = arena.key();
  random.fill(secret.bytes);
  // One place for what is compared, so that where it stands in memory is no difference.
  const guess = new Uint8Array(32);
  const differs = (at: number) => {
    guess.set(secret.bytes);
    if (at >= 0) guess[at]! ^= 0x55;
  };
  const early = (a: Uint8Array, b: Uint8Array) => {
    for (let at = 0; at < 32; at++) if (a[at] !== b[at]) return false;
    return true;
  };
  const hash = (from: Uint8Array, into: Uint8Array) => sha256(into, from);
  const out = new Uint8Array(CANONICAL_ROOM);
  const fixed = phraseOf(() => generate(7, (into) => into.fill(3), hash));
  const typed = new Uint8Array(fixed.length);
  const plain = new Uint8Array(fixed.length);
  let sink = 0;
  return [
    {
      name: "a comparison that stops early (control)",
      classes: "first byte differs / last byte differs",
      expected: "seen",
      prepare: (which) => differs(which === 0 ? 0 : 31),
      run: () => void (sink += Number(early(secret.bytes, guess))),
      times: 100,
    },
    {
      name: "equal32 against itself (control)",
      classes: "last byte differs / the same",
      expected: "unseen",
      prepare: () => differs(31),
      run: () => void (sink += Number(equal32(secret, guess))),
      times: 20,
    },
    {
      name: "equal32, the compare of confirmations",
      classes: "first byte differs / last byte differs",
      expected: "asked",
      prepare: (which) => differs(which === 0 ? 0 : 31),
      run: () => void (sink += Number(equal32(secret, guess))),
      times: 20,
    },
    {
      name: "equal32, right and wrong",
      classes: "equal / a random other one",
      expected: "asked",
      prepare: (which) => which === 0 ? differs(-1) : random.fill(guess),
      run: () => void (sink += Number(equal32(secret, guess))),
      times: 20,
    },
    {
      name: "canonicalise, a phrase of words",
      classes: "always the same phrase / another each time, as long",
      expected: "asked",
      prepare: (which) => typed.set(which === 0 ? fixed : another(fixed.length, hash)),
      run: () => void (sink += canonicalise(typed, out, hash).kind.length),
      times: 5,
    },
    {
      name: "normalisePhrase, an ASCII phrase of one's own",
      classes: "always the same / other letters each time, as long",
      expected: "asked",
      prepare: (which) => plain.forEach((_, at) => plain[at] = which === 0 ? 0x71 : random.int(0x61, 0x7a)),
      run() {
        const phrase = normalisePhrase(arena, plain);
        if (typeof phrase !== "string" && !("typo" in phrase)) phrase[Symbol.dispose]();
      },
      times: 5,
    },
    ...primitives(arena, random),
  ];
}

function phraseOf(make: () => string): Uint8Array {
  return new TextEncoder().encode(make());
}

/** A phrase of seven words of that length in all. */
function another(length: number, hash: (from: Uint8Array, into: Uint8Array) => void): Uint8Array {
  for (;;) {
    const phrase = phraseOf(() => generate(7, random.fill, hash));
    if (phrase.length === length) return phrase;
  }
}

interface Measured {
  readonly t: number;
  readonly count: number;
  /** Of the two means, in nanoseconds a call. */
  readonly apart: number;
}

function measure({ prepare, run, times }: Subject, ms: number): Measured {
  const taken: [number[], number[]] = [[], []];
  const end = performance.now() + ms;
  for (let n = 0; performance.now() < end; n++) {
    const which = random.int(0, 1) as 0 | 1;
    prepare(which);
    const began = performance.now();
    for (let k = 0; k < times; k++) run();
    if (n > 500) taken[which].push(performance.now() - began); // the first ones are the compiler's
  }
  const all = [...taken[0], ...taken[1]].sort((a, b) => a - b);
  const slowest = all[Math.floor(all.length * KEPT)] ?? Infinity;
  const [a, b] = taken.map((list) => moments(list.filter((one) => one <= slowest))) as [Moments, Moments];
  const t = (a.mean - b.mean) / Math.sqrt(a.variance / a.count + b.variance / b.count);
  return { t, count: a.count + b.count, apart: 1e6 * (a.mean - b.mean) / times };
}

interface Moments {
  readonly mean: number;
  readonly variance: number;
  readonly count: number;
}

function moments(list: readonly number[]): Moments {
  const mean = list.reduce((sum, one) => sum + one, 0) / list.length;
  const variance = list.reduce((sum, one) => sum + (one - mean) ** 2, 0) / (list.length - 1);
  return { mean, variance, count: list.length };
}

if (import.meta.main) {
  const seconds = Number(Deno.args[0] ?? 5);
  let controlsHold = true;
  for (const subject of subjects(await testArena())) {
    const { t, count, apart } = measure(subject, 1000 * seconds);
    const seen = Math.abs(t) > THRESHOLD;
    if (subject.expected !== "asked" && seen !== (subject.expected === "seen")) controlsHold = false;
    console.log(
      `${subject.name} (${subject.classes}): ${seen ? "a difference was SEEN" : "none was seen"}; ` +
        `|t| = ${Math.abs(t).toFixed(1)}, ${Math.abs(apart).toFixed(1)} ns apart, ${count} measurements`,
    );
  }
  console.log(
    controlsHold ? "The controls came out as they must." : "A CONTROL CAME OUT WRONG: this run means nothing.",
  );
  Deno.exit(controlsHold ? 0 : 1);
}

// A handful of seeds with the real primitives, for every run of the tests; `deno task check simulate` has the thousands.
// And what a simulation stands on: that a seed replays, that the clock keeps order, that a pair of sessions can be driven.

import { deepStrictEqual as deepEqual, notStrictEqual as notEqual, strictEqual as equal } from "node:assert/strict";
import { loadSodium } from "../../src/crypto/sodium.ts";
import { sharedArena } from "./arenas.ts";
import { Random } from "./random.ts";
import { Timeline } from "./timeline.ts";
import { simulate } from "./world.ts";

const SEEDS = 24;

const arena = await loadSodium([[32, 12_000], [64, 512], [256, 512], [1280, 8]]);
const arenas = sharedArena(arena);

Deno.test(`seeds 1 to ${SEEDS} hold all invariants, with libsodium's primitives`, () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { failure } = simulate(seed, arenas);
    equal(
      failure,
      undefined,
      `seed ${seed}: ${failure}; replay: deno task check simulate --seed ${seed} --verbose --real`,
    );
  }
  equal(arena.used, 0);
});

Deno.test("a seed gives the same run every time, and another seed another one", () => {
  const [first, again, other] = [7, 7, 8].map((seed) => simulate(seed, arenas));
  deepEqual(first, again);
  notEqual(first!.digest, other!.digest);
});

Deno.test("Timeline runs what is due by time, and what is due at the same time in the order of asking", () => {
  const random = new Random(3);
  const timeline = new Timeline();
  const asked = Array.from({ length: 500 }, (_, order) => ({ at: random.int(0, 40), order }));
  const ran: typeof asked = [];
  for (const entry of asked) timeline.at(entry.at, () => ran.push(entry));
  timeline.runUntil(40);
  deepEqual(ran, asked.toSorted((a, b) => a.at - b.at || a.order - b.order));
  timeline.at(10, () => ran.push({ at: timeline.now, order: -1 }));
  timeline.runUntil(41);
  deepEqual(ran.at(-1), { at: 40, order: -1 });
});

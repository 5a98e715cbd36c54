// The stretched phrases of one process: which are kept, and that each is wiped once.

import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import type { StretchedPhrase } from "../auth/stretched.ts";
import { MAX_STRETCHED } from "../constants.ts";
import { Phrases } from "./phrases.ts";

const wiped: number[] = [];
const phrase = (n: number) =>
  ({ salt: new Uint8Array(1).fill(n), [Symbol.dispose]: () => void wiped.push(n) }) as unknown as StretchedPhrase;
const hex = (n: number) => n.toString(16).padStart(2, "0");
const none: ReadonlySet<string> = new Set();

Deno.test("a salt is stretched once at a time, and again when it has been forgotten", () => {
  const phrases = new Phrases();
  deepEqual([phrases.begin("01"), phrases.begin("01"), phrases.begin("02")], [true, false, true]);
  equal(phrases.put(phrase(1), none), "01");
  deepEqual([phrases.begin("01"), phrases.begin("02")], [true, false]);
});

Deno.test("the last 32 phrases are kept, the oldest that nobody uses is wiped, and at the end all are", () => {
  wiped.splice(0);
  const phrases = new Phrases();
  const all = Array.from({ length: MAX_STRETCHED + 2 }, (_, n) => phrase(n));
  for (const one of all.slice(0, MAX_STRETCHED)) phrases.put(one, none);
  deepEqual(wiped, []);
  for (let n = 0; n < MAX_STRETCHED; n++) equal(phrases.get(hex(n)), all[n]);
  phrases.put(all[MAX_STRETCHED]!, new Set([hex(0)]));
  phrases.put(all[MAX_STRETCHED + 1]!, none);
  deepEqual(wiped, [1, 0]);
  deepEqual([0, 1, 2].map((n) => phrases.get(hex(n))), [undefined, undefined, all[2]]);
  const again = phrase(5);
  phrases.put(again, none);
  deepEqual([wiped, phrases.get(hex(5))], [[1, 0, 5], again]);
  phrases.own = phrase(99);
  phrases[Symbol.dispose]();
  equal(wiped.length, 3 + MAX_STRETCHED + 1);
  equal(wiped.filter((n) => n === 99).length, 1);
});

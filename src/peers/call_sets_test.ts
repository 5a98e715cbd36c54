// The calls of one introduction, without the introduction: what is due when, what ends it, and what counts as busy.

import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { INTRODUCTION_CALL_AT_MS, INTRODUCTION_CALLS_MAX } from "../constants.ts";
import { CallSets } from "./call_sets.ts";

const F = "f1".repeat(32);
const G = "f2".repeat(32);
const ONE = "203.0.113.1:7373";
const TWO = "203.0.113.2:7373";
const THREE = "203.0.113.3:7373";

function sets(...lists: readonly (readonly string[])[]): CallSets {
  const calls = new CallSets();
  for (const list of lists) calls.add(F, list);
  return calls;
}
const taken = (calls: CallSets, now: number) => calls.takeDue(now)?.addresses.join();
const stands = ({ deadline, busy, tried, hopeless }: CallSets) => [deadline, busy, tried, hopeless];

Deno.test("without a set nothing is due, busy, tried or hopeless, and nothing ends", () => {
  const calls = sets();
  deepEqual(stands(calls), [Infinity, false, false, false]);
  equal(calls.takeDue(0), undefined);
  equal(calls.ended(undefined, 0), undefined);
  equal(calls.ended(ONE, 0), undefined);
  deepEqual(stands(calls), [Infinity, false, false, false]);
});

Deno.test("a set waits for its turn, is busy from its first call on, and is called three times from there", () => {
  const calls = sets([ONE, TWO]);
  deepEqual(stands(calls), [-Infinity, false, false, false]);
  equal(calls.ended(undefined, 900), undefined, "no call is under way");
  equal(calls.tried, false);
  deepEqual(calls.takeDue(1_000), { by: F, addresses: [ONE, TWO] });
  deepEqual(stands(calls), [Infinity, true, false, false]);
  equal(calls.takeDue(1_000), undefined, "one call at a time");
  equal(calls.takeDue(50_000), undefined, "however late it is");
  equal(calls.ended(undefined, 1_100)?.by, F);
  deepEqual(stands(calls), [6_000, true, true, false]);
  equal(taken(calls, 5_999), undefined);
  equal(taken(calls, 6_000), `${ONE},${TWO}`);
  calls.ended(undefined, 6_100);
  deepEqual(stands(calls), [16_000, true, true, false]);
  equal(taken(calls, 16_000), `${ONE},${TWO}`);
  deepEqual(stands(calls), [Infinity, true, true, false]);
  calls.ended(undefined, 16_100);
  deepEqual(stands(calls), [Infinity, false, true, false]);
  equal(taken(calls, 99_000), undefined);
});

Deno.test("the next set begins when the one before has had its calls", () => {
  const calls = sets([ONE], [TWO]);
  for (const now of [0, 5_000, 15_000]) {
    equal(taken(calls, now), ONE);
    calls.ended(undefined, now);
  }
  deepEqual(stands(calls), [-Infinity, false, true, false]);
  equal(taken(calls, 15_000), TWO);
});

Deno.test("the same addresses in another order are no new set, and no addresses are none; three sets at most", () => {
  const calls = new CallSets();
  calls.add(F, []);
  equal(calls.deadline, Infinity);
  calls.add(F, [TWO, ONE]);
  calls.add(G, [ONE, TWO]);
  const called = (): string[] => {
    const all: string[] = [];
    for (let now = 0; now < 300_000; now += 5_000) {
      const set = calls.takeDue(now);
      if (set === undefined) continue;
      all.push(`${set.by.slice(0, 2)} ${set.addresses.length}`);
      calls.ended(undefined, now);
    }
    return all;
  };
  deepEqual(called(), ["f1 2", "f1 2", "f1 2"]);
  for (let n = 0; n < INTRODUCTION_CALLS_MAX; n++) calls.add(G, [`203.0.113.${10 + n}:7373`]);
  equal(called().length, 3 * (INTRODUCTION_CALLS_MAX - 1));
});

Deno.test("where somebody else answered is not called again, and the next of its set's three calls is made at once", () => {
  const calls = sets([ONE, TWO]);
  taken(calls, 0);
  deepEqual(calls.ended(ONE, 1_000)?.addresses, [TWO]);
  deepEqual(stands(calls), [1_000, true, true, false]);
  equal(taken(calls, 999), undefined);
  equal(taken(calls, 1_000), TWO);
  equal(calls.hopeless, false);
  calls.ended(undefined, 1_500);
  equal(taken(calls, 14_999), undefined);
  equal(taken(calls, 15_000), TWO, "the third keeps its time");
  calls.ended(undefined, 15_000);
  deepEqual(stands(calls), [Infinity, false, true, true]);
  calls.add(F, [ONE]);
  deepEqual(stands(calls), [Infinity, false, true, true], "there is nothing in it that may be called");
  calls.add(F, [ONE, THREE]);
  deepEqual(stands(calls), [-Infinity, false, true, false]);
  equal(taken(calls, 30_000), THREE);
  equal(calls.hopeless, false);
  calls.ended(THREE, 30_000);
  deepEqual(stands(calls), [Infinity, false, true, true]);
});

Deno.test("however many somebody else answers at, an address is called three times for its set", () => {
  const wrong = Array.from({ length: 15 }, (_, i) => `198.51.100.${i}:7373`);
  const calls = sets([...wrong, ONE]);
  let called = 0;
  for (let now = 0; now < 60_000; now += 100) {
    const set = calls.takeDue(now);
    if (set === undefined) continue;
    if (set.addresses.includes(ONE)) called++;
    calls.ended(set.addresses[0], now);
  }
  equal(called, INTRODUCTION_CALL_AT_MS.length);
});

Deno.test("somebody who has not been reached anywhere is not somebody else", () => {
  const calls = sets([ONE]);
  for (const now of [0, 5_000, 15_000]) {
    taken(calls, now);
    calls.ended(undefined, now);
  }
  equal(calls.hopeless, false);
});

// When cells leave, as a pure function of times: the grid, and what cover off does instead.

import { ok, strictEqual as equal } from "node:assert/strict";
import fc from "fast-check";
import { COVER_OFF_DUMMY_MS, COVER_OFF_FIRST_MS } from "../constants.ts";
import { makePacer } from "./pacer.ts";

const RUNS = { seed: 7, numRuns: 300 };
const moment = fc.double({ min: 0, max: 1e9, noNaN: true });
const interval = fc.double({ min: 50, max: 1000, noNaN: true });
const chance = fc.double({ min: 0, max: 1 - 2 ** -32, noNaN: true });

function constant(intervalMs: number, now: number, random: number) {
  return makePacer({ cover: "constant", intervalMs }, now, random);
}

function off(now: number, random: number) {
  return makePacer({ cover: "off", intervalMs: 250 }, now, random);
}

Deno.test("constant: the first tick is uniform in one interval", () => {
  for (const random of [0, 0.25, 0.5, 0.999]) equal(constant(200, 1000, random).next(false), 1000 + 200 * random);
  fc.assert(
    fc.property(moment, interval, chance, (now, ms, random) => {
      const first = constant(ms, now, random).next(false);
      ok(now <= first && first <= now + ms);
    }),
    RUNS,
  );
});

Deno.test("constant: deadlines are absolute on the grid, so that no error adds up", () => {
  const pacer = constant(1000 / 3, 5, 0.7);
  const first = pacer.next(false);
  for (let k = 0; k < 20_000; k++) {
    equal(pacer.next(false), first + k * (1000 / 3));
    ok(pacer.take(pacer.next(false) + 0.2, false));
  }
});

Deno.test("constant: a tick met to the moment is taken once, however the sums round", () => {
  // Found by the simulation: the division came out below k, and the tick just taken was due again at once.
  fc.assert(
    fc.property(moment, interval, chance, (now, ms, random) => {
      const pacer = constant(ms, now, random);
      for (let k = 0; k < 200; k++) {
        const due = pacer.next(false);
        ok(pacer.take(due, false));
        ok(!pacer.take(due, false), "a burst");
        ok(pacer.next(false) > due);
        ok(pacer.next(false) - due < ms + 1e-6, "a tick was left out");
      }
    }),
    RUNS,
  );
});

Deno.test("constant: a late tick sends one and returns to the grid; missed ones are never made up", () => {
  fc.assert(
    fc.property(moment, interval, chance, fc.double({ min: 0, max: 1e5, noNaN: true }), (now, ms, random, late) => {
      const pacer = constant(ms, now, random);
      const first = pacer.next(false);
      const at = first + late;
      ok(pacer.take(at, true));
      ok(!pacer.take(at, true));
      const next = pacer.next(true);
      ok(next > at && next - at <= ms + 1e-3);
      const k = Math.round((next - first) / ms);
      ok(Math.abs(first + k * ms - next) < 1e-6 * Math.max(1, k), "off the grid");
    }),
    RUNS,
  );
});

Deno.test("constant: neither work nor a nudge changes when the next cell is due", () => {
  const pacer = constant(250, 0, 0.5);
  equal(pacer.next(true), pacer.next(false));
  pacer.nudge(10);
  equal(pacer.next(true), 125);
  ok(!pacer.take(124.9, true));
});

Deno.test("constant: an interval below 50 ms counts as 50", () => {
  const pacer = constant(10, 0, 0);
  ok(pacer.take(0, true));
  equal(pacer.next(true), 50);
});

Deno.test("cover off: the first cell comes at a uniform moment within 250 ms, with work or without", () => {
  for (const random of [0, 0.5, 0.99]) {
    const pacer = off(1000, random);
    equal(pacer.next(false), 1000 + random * COVER_OFF_FIRST_MS);
    equal(pacer.next(true), pacer.next(false));
    ok(!pacer.take(pacer.next(true) - 0.1, true));
  }
});

Deno.test("cover off: then a cell when there is work, at most 50 a second, and a dummy every 30 s", () => {
  const pacer = off(0, 0);
  ok(pacer.take(0, false));
  equal(pacer.next(false), COVER_OFF_DUMMY_MS);
  equal(pacer.next(true), 20);
  ok(!pacer.take(19.9, true));
  ok(pacer.take(20, true));
  equal(pacer.next(false), 20 + COVER_OFF_DUMMY_MS);
  let cells = 0;
  for (let now = 1000; now < 2000; now++) if (pacer.take(now, true)) cells++;
  equal(cells, 50);
  ok(!pacer.take(25_000, false));
});

Deno.test("cover off: a nudge asks for a cell at once, but not before the first moment nor within the shortest gap", () => {
  const pacer = off(0, 0.4);
  pacer.nudge(10);
  equal(pacer.next(false), 100);
  ok(pacer.take(100, false));
  pacer.nudge(105);
  equal(pacer.next(false), 120);
  ok(pacer.take(130, false));
  pacer.nudge(500);
  equal(pacer.next(false), 500);
});

// When cells leave, as a pure function of times: the grid, and what cover off does instead.

import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";
import fc from "fast-check";
import { COVER_OFF_DUMMY_MS, COVER_OFF_FIRST_MS, OPENING_CELLS, OPENING_GAP_MS } from "../constants.ts";
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

/** The opening is over: what is left is the grid. */
function opened(intervalMs: number, now: number, random: number) {
  const pacer = constant(intervalMs, now, random);
  for (let k = 0; k < OPENING_CELLS; k++) ok(pacer.take(pacer.next(false), false));
  return pacer;
}

/** When the opening has its last tick. */
const OPENING_MS = (OPENING_CELLS - 1) * OPENING_GAP_MS;

Deno.test("constant: ten cells 25 ms apart open it, at any interval; then the first tick is uniform in one interval", () => {
  for (const [ms, random] of [[50, 0.01], [200, 0.25], [250, 0.5], [1000, 0.999]] as const) {
    const pacer = constant(ms, 1000, random);
    const ticks = Array.from({ length: 12 }, () => {
      const due = pacer.next(false);
      ok(!pacer.take(due - 0.001, true));
      ok(pacer.take(due, false));
      return due;
    });
    const first = 1225 + random * ms;
    deepEqual(ticks, [1000, 1025, 1050, 1075, 1100, 1125, 1150, 1175, 1200, 1225, first, first + ms]);
  }
});

Deno.test("constant: a late tick of the opening sends one, and neither it nor the missed ones move the others", () => {
  const pacer = constant(250, 1000, 0.5);
  ok(pacer.take(1000, true));
  ok(pacer.take(1090, true), "due at 1025");
  equal(pacer.next(true), 1100);
  ok(pacer.take(1300, true), "the end of the opening was missed");
  equal(pacer.next(true), 1350);
  ok(pacer.take(1400, true));
  equal(pacer.next(true), 1600);
});

Deno.test("constant: deadlines are absolute on the grid, so that no error adds up", () => {
  const pacer = opened(1000 / 3, 5, 0.7);
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
        ok(pacer.next(false) - due < Math.max(ms, OPENING_GAP_MS) + 1e-6, "a tick was left out");
      }
    }),
    RUNS,
  );
});

Deno.test("constant: a late tick sends one and returns to the grid; missed ones are never made up", () => {
  fc.assert(
    fc.property(moment, interval, chance, fc.double({ min: 0, max: 1e5, noNaN: true }), (now, ms, random, late) => {
      const pacer = opened(ms, now, random);
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
  const pacer = opened(250, 0, 0.5);
  equal(pacer.next(true), pacer.next(false));
  pacer.nudge(10);
  equal(pacer.next(true), OPENING_MS + 125);
  ok(!pacer.take(OPENING_MS + 124.9, true));
});

Deno.test("constant: an interval below 50 ms counts as 50", () => {
  const pacer = opened(10, 0, 0.5);
  ok(pacer.take(OPENING_MS + 25, true));
  equal(pacer.next(true), OPENING_MS + 75);
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

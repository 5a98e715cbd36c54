// The statistics of docs/BENCHMARKS.md against figures that are known beforehand.

import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";
import { Random } from "../../tests/simulation/random.ts";
import { powerLaw, ratioOf, summaryOf } from "./statistics.ts";
import { quantile } from "../../tests/harness/quantile.ts";

Deno.test("quantile() interpolates between the two nearest samples, whatever their order", () => {
  equal(quantile([30, 10, 20], 0.5), 20);
  equal(quantile([1, 2], 0.5), 1.5);
  equal(quantile([5, 1, 2, 3, 4], 0.95), 4.8);
  equal(quantile([], 0.5), NaN);
});

Deno.test("summaryOf() is not moved by one wild sample", () => {
  const { p95, ...rest } = summaryOf([1, 2, 3, 4, 1000]);
  deepEqual(rest, { n: 5, median: 3, mad: 1 });
  ok(Math.abs(p95 - 800.8) < 1e-9);
});

Deno.test("ratioOf() has the ratio in its interval, and the same samples give the same interval", () => {
  const random = new Random(3);
  const around = (middle: number) => Array.from({ length: 40 }, () => middle * random.between(0.9, 1.1));
  const [ours, peer] = [around(6), around(3)];
  const ratio = ratioOf(ours, peer);
  ok(ratio.low < ratio.median && ratio.median < ratio.high, JSON.stringify(ratio));
  ok(ratio.low > 1.9 && ratio.high < 2.1, JSON.stringify(ratio));
  deepEqual(ratioOf(ours, peer), ratio);
  deepEqual(ratioOf([4, 4, 4], [2, 2, 2]), { median: 2, low: 2, high: 2 });
});

Deno.test("powerLaw() recovers a power law, exactly if nothing disturbs it", () => {
  const fit = powerLaw([1, 2, 4, 8, 16].map((x) => [x, 3 * x ** 1.5]))!;
  ok(Math.abs(fit.exponent - 1.5) < 1e-9 && Math.abs(fit.factor - 3) < 1e-9 && fit.r2 > 1 - 1e-9);
  ok(fit.high - fit.low < 1e-6);
});

Deno.test("powerLaw() has the exponent in its interval if something disturbs it, and says how well it fits", () => {
  // Worked out by hand: logarithms to the base 2 are (0,0) (1,2) (2,3) (3,4): slope 1.3, R² 0.9657, t(2) = 4.303.
  const fit = powerLaw([[1, 1], [2, 4], [4, 8], [8, 16]])!;
  ok(Math.abs(fit.exponent - 1.3) < 1e-9, String(fit.exponent));
  ok(Math.abs(fit.r2 - 0.965714) < 1e-6, String(fit.r2));
  ok(Math.abs(fit.high - fit.exponent - 0.745302) < 1e-4, String(fit.high));
});

Deno.test("powerLaw() draws nothing through two points, or through one that has no logarithm", () => {
  equal(powerLaw([[1, 1], [2, 2]]), undefined);
  equal(powerLaw([[1, 1], [2, 2], [4, 0]]), undefined);
});

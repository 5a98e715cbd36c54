// The statistics of docs/BENCHMARKS.md: a median with its spread, a ratio with its interval, a power law through points.
// Pure: the interval is drawn with a seeded generator, so the same samples give the same page.

import { quantile } from "../../tests/harness/quantile.ts";
import { Random } from "../../tests/simulation/random.ts";

/** What is left of a list of samples. */
export interface Summary {
  readonly n: number;
  readonly median: number;
  readonly p95: number;
  /** Half of all samples are no further from the median than this. */
  readonly mad: number;
}

export function summaryOf(samples: readonly number[]): Summary {
  const median = quantile(samples, 0.5);
  const mad = quantile(samples.map((sample) => Math.abs(sample - median)), 0.5);
  return { n: samples.length, median, p95: quantile(samples, 0.95), mad };
}

/** Of two medians; `low` and `high` are the 95 % interval by bootstrap. */
export interface Ratio {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

export function ratioOf(ours: readonly number[], peer: readonly number[]): Ratio {
  const random = new Random(RESAMPLES);
  const again = (list: readonly number[]) => quantile(list.map(() => random.pick(list)), 0.5);
  const ratios = Array.from({ length: RESAMPLES }, () => again(ours) / again(peer));
  return {
    median: quantile(ours, 0.5) / quantile(peer, 0.5),
    low: quantile(ratios, 0.025),
    high: quantile(ratios, 0.975),
  };
}

const RESAMPLES = 1000;

/** y = factor * x ** exponent. */
export interface Fit {
  readonly factor: number;
  readonly exponent: number;
  /** The exponent's 95 % interval, by Student's t. */
  readonly low: number;
  readonly high: number;
  /** Of the logarithms. */
  readonly r2: number;
}

/** Least squares through the logarithms. Undefined for fewer than three points, or one that has no logarithm. */
export function powerLaw(points: readonly (readonly [number, number])[]): Fit | undefined {
  if (points.length < 3 || points.some(([x, y]) => !(x > 0 && y > 0))) return undefined;
  const logs = points.map(([x, y]) => [Math.log(x), Math.log(y)] as const);
  const mean = (of: 0 | 1) => logs.reduce((sum, log) => sum + log[of], 0) / logs.length;
  const [mx, my] = [mean(0), mean(1)];
  const sum = (term: (x: number, y: number) => number) => logs.reduce((all, [x, y]) => all + term(x - mx, y - my), 0);
  const [xx, xy, yy] = [sum((x) => x * x), sum((x, y) => x * y), sum((_, y) => y * y)];
  const exponent = xy / xx;
  const unexplained = Math.max(0, yy - exponent * xy);
  const freedom = points.length - 2;
  const half = (T_975[freedom - 1] ?? 2.1) * Math.sqrt(unexplained / freedom / xx);
  return {
    factor: Math.exp(my - exponent * mx),
    exponent,
    low: exponent - half,
    high: exponent + half,
    r2: yy === 0 ? 1 : 1 - unexplained / yy,
  };
}

/** Student's t, 97.5 %, for 1, 2, 3 ... degrees of freedom. */
const T_975 = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228];

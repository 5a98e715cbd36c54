// Three classifiers that see different things, small enough to be read: logistic regression (sums), boosted stumps
// (thresholds of single features), nearest neighbours (shapes). Each gives a score that is higher for class 1.
//
// Own code, after a look at the libraries (November 2026, npm): ml-logistic-regression has no intercept, no
// regularisation and a fixed 50,000 steps of descent; ml-knn gives classes and no scores; ml-random-forest took 4.8 s
// for one forest of 25 trees over 900 sessions, and a gate needs hundreds. `classify_test.ts` shows that these learn.

import { deviation, mean } from "./grid.ts";
import type { Random } from "../simulation/random.ts";

export type Rows = readonly (readonly number[])[];
/** 0 or 1 for each row. */
export type Labels = readonly number[];
/** Trains, and gives the function that scores. */
export type Learner = (rows: Rows, labels: Labels) => (row: readonly number[]) => number;

/** Newton's method with a ridge: the weights of features that carry nothing stay small. */
export const logistic: Learner = (rows, labels) => {
  const columns = (rows[0]?.length ?? 0) + 1;
  const weights = new Float64Array(columns);
  const withOne = rows.map((row) => [1, ...row]);
  for (let step = 0; step < NEWTON_STEPS; step++) {
    const gradient = new Float64Array(columns);
    const hessian = Array.from({ length: columns }, () => new Float64Array(columns));
    withOne.forEach((row, i) => {
      const p = sigmoid(dot(row, weights));
      const slope = Math.max(p * (1 - p), 1e-6);
      for (let a = 0; a < columns; a++) {
        gradient[a]! += row[a]! * (labels[i]! - p);
        const h = hessian[a]!;
        const factor = row[a]! * slope;
        for (let b = 0; b <= a; b++) h[b]! += factor * row[b]!;
      }
    });
    for (let a = 0; a < columns; a++) {
      for (let b = a + 1; b < columns; b++) hessian[a]![b] = hessian[b]![a]!;
      hessian[a]![a]! += a === 0 ? 1e-6 : RIDGE;
      if (a > 0) gradient[a]! -= RIDGE * weights[a]!;
    }
    solve(hessian, gradient).forEach((change, a) => weights[a]! += change);
  }
  return (row) => dot([1, ...row], weights);
};

const NEWTON_STEPS = 6;
const RIDGE = 10;

/** Gradient boosting of the logistic loss with trees of one cut (Friedman 2001), over thresholds at quantiles. */
export const stumps: Learner = (rows, labels) => {
  const columns = rows[0]?.length ?? 0;
  const cuts = Array.from({ length: columns }, (_, c) => thresholds(rows.map((row) => row[c]!)));
  // Which bin a value is in, once: then each round is a pass of additions.
  const bins = cuts.map((at, c) => Uint8Array.from(rows, (row) => binOf(row[c]!, at)));
  const scores = new Float64Array(rows.length);
  const trees: { column: number; cut: number; below: number; above: number }[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const residuals = scores.map((score, i) => labels[i]! - sigmoid(score));
    const total = residuals.reduce((sum, r) => sum + r, 0);
    let best: { gain: number; column: number; bin: number; below: number; above: number } | undefined;
    for (let column = 0; column < columns; column++) {
      const sums = new Float64Array(CUTS + 1);
      const counts = new Uint32Array(CUTS + 1);
      const bin = bins[column]!;
      for (let i = 0; i < bin.length; i++) {
        sums[bin[i]!]! += residuals[i]!;
        counts[bin[i]!]!++;
      }
      for (let b = 0, sum = 0, count = 0; b < cuts[column]!.length; b++) {
        sum += sums[b]!;
        count += counts[b]!;
        const others = rows.length - count;
        if (count === 0 || others === 0) continue;
        const gain = sum ** 2 / count + (total - sum) ** 2 / others;
        if (best === undefined || gain > best.gain) {
          best = { gain, column, bin: b, below: sum / count, above: (total - sum) / others };
        }
      }
    }
    if (best === undefined) break;
    const { column, bin } = best;
    const [below, above] = [best.below * LEARNING_RATE, best.above * LEARNING_RATE];
    trees.push({ column, cut: cuts[column]![bin]!, below, above });
    bins[column]!.forEach((b, i) => scores[i]! += b <= bin ? below : above);
  }
  return (row) => trees.reduce((sum, t) => sum + (row[t.column]! <= t.cut ? t.below : t.above), 0);
};

const ROUNDS = 60;
const LEARNING_RATE = 0.5;
const CUTS = 16;

function thresholds(values: readonly number[]): number[] {
  const sorted = values.toSorted((a, b) => a - b);
  const cuts = Array.from({ length: CUTS }, (_, i) => sorted[Math.floor((i + 1) * sorted.length / (CUTS + 1))]!);
  return [...new Set(cuts)];
}

function binOf(value: number, cuts: readonly number[]): number {
  const at = cuts.findIndex((cut) => value <= cut);
  return at < 0 ? cuts.length : at;
}

/** The share of class 1 among the nearest, each counted by its nearness. */
export const neighbours: Learner = (rows, labels) => {
  const k = Math.max(5, Math.round(Math.sqrt(rows.length)));
  return (row) => {
    const near = rows.map((other, i) => ({ distance: distance(row, other), label: labels[i]! }))
      .sort((a, b) => a.distance - b.distance).slice(0, k);
    const weights = near.map(({ distance }) => 1 / (1e-9 + distance));
    return near.reduce((sum, { label }, i) => sum + label * weights[i]!, 0) / weights.reduce((sum, w) => sum + w, 0);
  };
};

export const LEARNERS: Readonly<Record<string, Learner>> = { logistic, stumps, neighbours };

/**
 * A score for each row by a learner that has not seen it: stratified folds, scaled by what is known about the training
 * rows alone. Scores of different folds are put on one scale by their ranks within the fold.
 */
export function crossValidated(learner: Learner, rows: Rows, labels: Labels, folds: number, random: Random): number[] {
  const foldOf = new Array<number>(rows.length);
  for (const label of [0, 1]) {
    const members = random.shuffled([...labels.keys()].filter((i) => labels[i] === label));
    members.forEach((row, i) => foldOf[row] = i % folds);
  }
  const scores = new Array<number>(rows.length);
  for (let fold = 0; fold < folds; fold++) {
    const training = [...rows.keys()].filter((i) => foldOf[i] !== fold);
    const tested = [...rows.keys()].filter((i) => foldOf[i] === fold);
    const scale = scalerOf(training.map((i) => rows[i]!));
    const score = learner(training.map((i) => scale(rows[i]!)), training.map((i) => labels[i]!));
    const raw = tested.map((i) => score(scale(rows[i]!)));
    const ranks = midRanks(raw);
    tested.forEach((i, at) => scores[i] = ranks[at]! / tested.length);
  }
  return scores;
}

/** 1 for the smallest; equal ones share the mean of their ranks. */
export function midRanks(values: readonly number[]): number[] {
  const order = [...values.keys()].sort((a, b) => values[a]! - values[b]!);
  const ranks = new Array<number>(values.length);
  for (let from = 0; from < order.length;) {
    let to = from + 1;
    while (to < order.length && values[order[to]!] === values[order[from]!]) to++;
    for (let i = from; i < to; i++) ranks[order[i]!] = (from + to + 1) / 2;
    from = to;
  }
  return ranks;
}

/** To mean 0 and deviation 1, no further than CLIP: one outlier must not rule a distance. */
function scalerOf(rows: Rows): (row: readonly number[]) => number[] {
  const columns = rows[0]?.length ?? 0;
  const scales = Array.from({ length: columns }, (_, c) => {
    const values = rows.map((row) => row[c]!);
    return { middle: mean(values), width: deviation(values) };
  });
  return (row) =>
    scales.map(({ middle, width }, c) =>
      // A column without any variation in training says nothing; a value unlike all of them says much.
      width < 1e-9 ? (Math.abs(row[c]! - middle) < 1e-9 ? 0 : Math.sign(row[c]! - middle) * CLIP) : Math.max(
        -CLIP,
        Math.min(CLIP, (row[c]! - middle) / width),
      )
    );
}

const CLIP = 4;

function dot(a: readonly number[], b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

function distance(a: readonly number[], b: readonly number[]): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2;
  return Math.sqrt(sum);
}

/** x of A x = b, by elimination with pivots; A and b are used up. */
function solve(a: Float64Array[], b: Float64Array): Float64Array {
  const n = b.length;
  for (let i = 0; i < n; i++) {
    let pivot = i;
    for (let r = i + 1; r < n; r++) if (Math.abs(a[r]![i]!) > Math.abs(a[pivot]![i]!)) pivot = r;
    [a[i], a[pivot]] = [a[pivot]!, a[i]!];
    [b[i], b[pivot]] = [b[pivot]!, b[i]!];
    for (let r = i + 1; r < n; r++) {
      const factor = a[r]![i]! / a[i]![i]!;
      for (let c = i; c < n; c++) a[r]![c]! -= factor * a[i]![c]!;
      b[r]! -= factor * b[i]!;
    }
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let c = i + 1; c < n; c++) b[i]! -= a[i]![c]! * b[c]!;
    b[i]! /= a[i]![i]!;
  }
  return b;
}

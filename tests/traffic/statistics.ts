// AUC with its interval (DeLong, DeLong and Clarke-Pearson 1988, in the fast form of Sun and Xu 2014), and the
// two-sample Kolmogorov-Smirnov statistic with a permutation test that shuffles whole sessions: pauses of one session
// belong together, and a test that took each for itself would find the difference between any two sessions.

import { midRanks } from "./classify.ts";
import { mean } from "./grid.ts";
import type { Random } from "../simulation/random.ts";

export interface Auc {
  /** The chance that a session of class 1 gets a higher score than one of class 0; 0.5 is guessing. */
  readonly auc: number;
  readonly low: number;
  readonly high: number;
}

/** With the 95 % interval. `scatter`: a standard deviation that it takes into account, if DeLong's is smaller. */
export function aucOf(scores: readonly number[], labels: readonly number[], scatter = 0): Auc {
  const positives = scores.filter((_, i) => labels[i] === 1);
  const negatives = scores.filter((_, i) => labels[i] === 0);
  const [m, n] = [positives.length, negatives.length];
  if (m === 0 || n === 0) return { auc: NaN, low: NaN, high: NaN };
  const all = midRanks([...positives, ...negatives]);
  const among = [midRanks(positives), midRanks(negatives)] as const;
  const v10 = among[0].map((rank, i) => (all[i]! - rank) / n);
  const v01 = among[1].map((rank, i) => 1 - (all[m + i]! - rank) / m);
  const auc = mean(v10);
  const variance = spread(v10) / m + spread(v01) / n;
  // Perfect separation has no spread; the rule of three bounds what so few sessions can say (Hanley 1983).
  const floor = 3 / Math.min(m, n) / 2;
  const half = Math.max(variance === 0 ? floor : 1.96 * Math.sqrt(variance), 1.96 * scatter);
  return { auc, low: Math.max(0, auc - half), high: Math.min(1, auc + half) };
}

function spread(values: readonly number[]): number {
  const middle = mean(values);
  return values.length < 2 ? 0 : values.reduce((sum, v) => sum + (v - middle) ** 2, 0) / (values.length - 1);
}

export interface Ks {
  /** The largest distance between the two distributions. */
  readonly d: number;
  /** How often shuffled labels give a distance as large. */
  readonly p: number;
}

/** `samples`: of each session. */
export function ksOf(
  samples: readonly (readonly number[])[],
  labels: readonly number[],
  permutations: number,
  random: Random,
): Ks {
  // One sorting for all permutations: what changes is only which session counts where.
  const sorted = samples.flatMap((values, session) => values.map((value) => ({ value, session })))
    .sort((a, b) => a.value - b.value);
  const values = Float64Array.from(sorted, ({ value }) => value);
  const sessions = Uint32Array.from(sorted, ({ session }) => session);
  const sizes = samples.map((s) => s.length);
  const distance = (of: readonly number[]): number => {
    let ones = 0;
    let zeros = 0;
    sizes.forEach((size, i) => of[i] === 1 ? ones += size : zeros += size);
    if (ones === 0 || zeros === 0) return 0;
    let a = 0;
    let b = 0;
    let most = 0;
    for (let i = 0; i < values.length; i++) {
      if (of[sessions[i]!] === 1) a++;
      else b++;
      if (values[i] !== values[i + 1]) most = Math.max(most, Math.abs(a / ones - b / zeros));
    }
    return most;
  };
  const d = distance(labels);
  let asLarge = 0;
  for (let i = 0; i < permutations; i++) if (distance(random.shuffled(labels)) >= d) asLarge++;
  return { d, p: (asLarge + 1) / (permutations + 1) };
}

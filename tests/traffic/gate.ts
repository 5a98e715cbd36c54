// The verdicts: what is compared with what, under which bar, and how a row of the table is judged and printed.
// Out of scope: where sessions come from (simulate.ts, sessions.ts).

import { crossValidated, type Labels, LEARNERS, type Rows } from "./classify.ts";
import { mean } from "./grid.ts";
import type { Lateness } from "./keys.ts";
import type { Random } from "../simulation/random.ts";
import { type Auc, aucOf, type Ks } from "./statistics.ts";

/** An AUC above this tells something. */
export const BAR = 0.55;
/** The upper end of the 95 % interval must stay below this. */
export const UPPER_BAR = 0.6;
/** What is plain to see must be seen this well. */
export const CONTROL_BAR = 0.95;
/** A KS test this improbable is no chance; a whole run makes about ten. */
export const KS_BAR = 0.001;

/** Cells next to a key may be this much later on average, in milliseconds: half of what a runtime's timer is off by. */
export const KEYS_BAR = 0.5;

/** Cells of a renewal, the same: less than what the work for one takes. */
export const RENEWALS_BAR = 0.2;

export type Rule =
  /** AUC at most BAR, and the whole 95 % interval under UPPER_BAR: enough sessions to say that there is nothing. */
  | "hidden"
  /** Not seen: the interval does not lie above BAR. For few sessions. */
  | "not seen"
  /** Must be recognised, or the gate is blind. */
  | "seen"
  /** Shown for what it is; visible by design, or for information. */
  | "shown";

export interface Comparison {
  readonly what: string;
  readonly where: "simulated" | "real";
  readonly rule: Rule;
  readonly rows: Rows;
  readonly labels: Labels;
}

export interface Verdict {
  /** "doubt": too much for chance by itself, too little for so many looks; new sessions have to decide. */
  readonly outcome: "passed" | "failed" | "shown" | "doubt";
  readonly line: string;
}

/** Fewer and larger ones: a score is a rank within its fold. */
const FOLDS = 5;
/** Three classifiers make a dozen comparisons: about 95 % for all of them together. */
const MANY_LOOKS_Z = 3;
/**
 * With fewer sessions of a class chance alone makes no mistake now and then (of six pairs once in 64 times): then new
 * sessions have to decide, whatever the AUC.
 */
const PLAIN_MIN = 20;

/**
 * Judges, and where there is doubt judges once more, by `more`: sessions that nobody has looked at yet. Doubt about those
 * as well is red. Chance alone is so about once in a thousand runs, and a weak leak is not lost among many looks.
 */
export async function settle(
  comparison: Comparison,
  more: () => Promise<Comparison>,
  shuffles: number,
  random: Random,
  say: (verdict: Verdict) => void,
): Promise<Judged> {
  const first = judge(comparison, shuffles, random);
  say(first);
  if (first.outcome !== "doubt") return first;
  const second = judge(await more(), shuffles, random);
  say(second.outcome === "doubt" ? { outcome: "failed", line: second.line.replace(/^doubt /, "FAILED") } : second);
  return first;
}

export interface Judged extends Verdict {
  /** For each learner, what it made of labels dealt again. */
  readonly shuffled: readonly (readonly number[])[];
}

/**
 * The interval is DeLong's, but never narrower than the results with labels dealt again scatter. DeLong's takes each score for
 * itself, and here sessions have trained for each other: of 20 and 20 sessions alike in everything (idle ones, really
 * captured) his intervals missed a half 17 to 27 times in 100 instead of 5, and rows with nothing in them were red.
 */
export function judge({ what, where, rule, rows, labels }: Comparison, shuffles: number, random: Random): Judged {
  const ones = labels.filter((label) => label === 1).length;
  const zeros = labels.length - ones;
  const folds = Math.min(FOLDS, ones, zeros);
  const learners = Object.values(LEARNERS);
  const shuffled = learners.map((learner) =>
    Array.from({ length: shuffles }, () => {
      const dealt = random.shuffled(labels);
      return aucOf(crossValidated(learner, rows, dealt, folds, random), dealt).auc;
    })
  );
  const aucs = learners.map((learner, i) => {
    const scatter = Math.sqrt(mean(shuffled[i]!.map((auc) => (auc - 0.5) ** 2)));
    return aucOf(crossValidated(learner, rows, labels, folds, random), labels, scatter);
  });
  const outcome = outcomeOf(rule, aucs, Math.min(ones, zeros));
  const cells = aucs.map(({ auc, low, high }) => `${two(auc)} (${two(low)}-${two(high)})`);
  return { outcome, line: rowLine(outcome, what, where, `${zeros}+${ones}`, cells, RULES[rule]), shuffled };
}

function outcomeOf(rule: Rule, aucs: readonly Auc[], sessions: number): Verdict["outcome"] {
  // Beyond any number of looks.
  const plain = sessions >= PLAIN_MIN && aucs.some(({ auc, low }) => auc - (auc - low) * MANY_LOOKS_Z / 1.96 > BAR);
  switch (rule) {
    case "hidden":
      if (aucs.every(({ auc, high }) => auc <= BAR && high < UPPER_BAR)) return "passed";
      return plain ? "failed" : "doubt";
    case "not seen":
      // What is told as well as a control is looked at again, however wide the interval of so few sessions is.
      if (aucs.every(({ auc, low }) => low <= BAR && auc <= CONTROL_BAR)) return "passed";
      return plain ? "failed" : "doubt";
    case "seen":
      return Math.max(...aucs.map(({ auc }) => auc)) > CONTROL_BAR ? "passed" : "failed";
    case "shown":
      return "shown";
  }
}

/**
 * For each of these one of the others from the same batch, so that both are alike in number and in time: what a machine does
 * meanwhile changes within minutes, and idle sessions from the beginning and the end of a run are distinguished as well.
 * Throws where a batch has too few.
 */
export function beside<T extends { readonly batch: number }>(these: readonly T[], others: readonly T[]): T[] {
  const left = [...others];
  return these.map(({ batch }) => {
    const at = left.findIndex((other) => other.batch === batch);
    if (at < 0) throw new Error(`batch ${batch} has too few sessions to compare with`);
    return left.splice(at, 1)[0]!;
  });
}

/** The same sessions with labels dealt again, as `judge` dealt them: whatever is found then, the method has made up. */
export function judgeShuffled({ what, where, labels }: Comparison, { shuffled }: Judged): Verdict {
  // The mean of so many is within this of a half, or the folds leak.
  const single = Math.sqrt((labels.length + 1) / 3) / labels.length;
  const slack = 4 * single / Math.sqrt(shuffled[0]!.length) + 0.01;
  const outcome = shuffled.every((aucs) => Math.abs(mean(aucs) - 0.5) <= slack) ? "passed" : "failed";
  const cells = shuffled.map((aucs) => `${two(mean(aucs))} (${two(Math.min(...aucs))}-${two(Math.max(...aucs))})`);
  const rule = `mean of ${shuffled[0]!.length} within ${two(slack)} of a half`;
  return { outcome, line: rowLine(outcome, `${what}, labels shuffled`, where, `${labels.length}`, cells, rule) };
}

/** Pauses between cells, all of one label against all of the other. */
export function judgeKs(what: string, where: Comparison["where"], sessions: number, { d, p }: Ks): Verdict {
  const outcome = p >= KS_BAR ? "passed" : "failed";
  const cells = [`D ${d.toFixed(4)}`, `p ${p.toFixed(4)}`, ""];
  return {
    outcome,
    line: rowLine(outcome, `${what}, pauses (KS)`, where, `${sessions}`, cells, `p at least ${KS_BAR}`),
  };
}

/** Cells that leave just after a key, against the others: with the keys' times known, which no observer has. */
export function judgeKeys(
  where: Comparison["where"],
  sessions: number,
  { late, low, high, near }: Lateness,
): Verdict {
  const outcome = near > 0 && low <= KEYS_BAR ? "passed" : "failed";
  const cells = [`${two(late)} ms later`, `(${two(low)} to ${two(high)})`, `${near} cells`];
  const line = rowLine(
    outcome,
    "cells just after a key",
    where,
    `${sessions}`,
    cells,
    `not above ${KEYS_BAR} ms`,
  );
  return { outcome, line };
}

/** Cells that work for a renewal could delay, against the others of their connection. */
export function judgeRenewals(
  where: Comparison["where"],
  sessions: number,
  { late, low, high, near, renewals }: Lateness & { readonly renewals: number },
): Verdict {
  const outcome = renewals > 0 && low <= RENEWALS_BAR ? "passed" : "failed";
  const cells = [`${two(late)} ms later`, `(${two(low)} to ${two(high)})`, `${near} of ${renewals}`];
  const line = rowLine(outcome, "cells around a renewal", where, `${sessions}`, cells, `not above ${RENEWALS_BAR} ms`);
  return { outcome, line };
}

/** A check that is right or wrong, without statistics. */
export function judgePlain(
  what: string,
  where: Comparison["where"],
  sessions: number,
  wrong: readonly string[],
): Verdict {
  const outcome = wrong.length === 0 ? "passed" : "failed";
  const line = rowLine(
    outcome,
    what,
    where,
    `${sessions}`,
    ["", "", ""],
    wrong.length === 0 ? "all" : wrong.join("; "),
  );
  return { outcome, line };
}

const RULES: Readonly<Record<Rule, string>> = {
  "hidden": `at most ${BAR}, upper end under ${UPPER_BAR.toFixed(2)}`,
  "not seen": `interval not above ${BAR}`,
  "seen": `above ${CONTROL_BAR}`,
  "shown": "for information",
};

export const TABLE_HEAD = rowLine("", "compared", "where", "sessions", Object.keys(LEARNERS), "bar");

function rowLine(
  outcome: Verdict["outcome"] | "",
  what: string,
  where: string,
  sessions: string,
  cells: readonly string[],
  bar: string,
): string {
  const mark = { passed: "ok", failed: "FAILED", shown: "--", doubt: "doubt", "": "" }[outcome];
  const columns = cells.map((cell) => cell.padEnd(17)).join(" ");
  return `${mark.padEnd(6)} ${what.padEnd(44)} ${where.padEnd(9)} ${sessions.padStart(8)}  ${columns} ${bar}`.trimEnd();
}

function two(value: number): string {
  return value.toFixed(2);
}

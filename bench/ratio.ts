// Two ways of doing one thing, measured in turn in one run, and the ratio of their times. A ratio says more than a time:
// it is nearly the same on a fast machine and a slow one, on a quiet one and a busy one.
// Scope: the interleaving, the medians, the line that is printed, and the list that `deno task check paper-bench`
// measures too. Out of scope: what is measured.

import { quantile } from "../tests/harness/quantile.ts";

/** One way of doing the thing. */
export interface Side {
  /** The thing, once. This is timed. */
  run(): void | Promise<void>;
  /** What has to follow a batch and is not timed. */
  after?(): void | Promise<void>;
}

/** Our time over the peer's, or how many times as fast as the peer we are. */
export type Goal = { readonly atMost: number } | { readonly timesAsFast: number };

export interface Comparison {
  readonly name: string;
  readonly goal: Goal | undefined;
  readonly ours: Side;
  readonly peer: Side;
  /** How often each side is measured, after a fifth as many rounds that are not counted. */
  readonly rounds: number;
  /** How often the thing is done in one measurement: enough for the clock, few enough for the sides to share one moment. */
  readonly batch: number;
}

type Make = () => Promise<Omit<Comparison, "name">> | Omit<Comparison, "name">;

/** What was registered, by name, for whoever measures without `deno bench`. */
export const COMPARISONS: Map<string, Make> = new Map();

/**
 * Registers the comparison with `deno bench`, which prints its line and then a table of our side alone. The sides are made
 * on the first call, so that a file costs nothing until it is its turn.
 */
export function compare(name: string, make: Make): void {
  COMPARISONS.set(name, make);
  let made: Omit<Comparison, "name"> | undefined;
  Deno.bench({ name, n: TABLE_RUNS, warmup: 1 }, async (context) => {
    if (made === undefined) {
      made = await make();
      say(lineOf(await measure({ name, ...made })));
    }
    const { ours } = made;
    context.start();
    await ours.run();
    context.end();
    await ours.after?.();
  });
}

/** In microseconds for one time. */
export interface Measured {
  readonly name: string;
  readonly goal: Goal | undefined;
  readonly rounds: number;
  readonly medians: Pair;
  /** Of the fastest quarter of the rounds the slowest: what a busy machine hides, since it interrupts the longer side more. */
  readonly quartiles: Pair;
}

interface Pair {
  readonly ours: number;
  readonly peer: number;
}

export async function measure(comparison: Comparison): Promise<Measured> {
  const { name, goal, rounds } = comparison;
  const times = await timesOf(comparison);
  const at = (share: number): Pair => ({ ours: quantile(times.ours, share), peer: quantile(times.peer, share) });
  return { name, goal, rounds, medians: at(0.5), quartiles: at(0.25) };
}

/** Microseconds for one time, a number a round. */
export async function timesOf(
  { ours, peer, rounds, batch }: Pick<Comparison, "ours" | "peer" | "rounds" | "batch">,
): Promise<{ readonly ours: number[]; readonly peer: number[] }> {
  const times = { ours: [] as number[], peer: [] as number[] };
  for (let round = -Math.ceil(rounds / 5); round < rounds; round++) {
    // Who is first changes, so that neither always pays for the other's garbage.
    const turns = [["ours", ours], ["peer", peer]] as const;
    for (const [who, side] of round % 2 === 0 ? turns : turns.toReversed()) {
      const took = await time(side, batch);
      if (round >= 0) times[who].push(took);
    }
  }
  return times;
}

/** `handshake: ours 4811 us, peer 2340 us, ratio 2.06 (goal at most 2.2: met; fastest quarter 2.01, 200 rounds, load 0.4)` */
export function lineOf({ name, goal, rounds, medians, quartiles }: Measured): string {
  const us = (time: number) => `${time.toFixed(time < 1000 ? 1 : 0)} us`;
  const ratio = ({ ours, peer }: Pair) => goal !== undefined && "timesAsFast" in goal ? peer / ours : ours / peer;
  const load = Deno.loadavg()[0]!.toFixed(1);
  const figures = `ours ${us(medians.ours)}, peer ${us(medians.peer)}, ratio ${ratio(medians).toFixed(2)}`;
  const how = `fastest quarter ${ratio(quartiles).toFixed(2)}, ${rounds} rounds, load ${load}`;
  return `${name}: ${figures} (${judge(goal, ratio(medians))}; ${how})`;
}

function judge(goal: Goal | undefined, ratio: number): string {
  if (goal === undefined) return "no goal";
  return "atMost" in goal
    ? `goal at most ${goal.atMost}: ${ratio <= goal.atMost ? "met" : "MISSED"}`
    : `goal at least ${goal.timesAsFast} times as fast: ${ratio >= goal.timesAsFast ? "met" : "MISSED"}`;
}

async function time({ run, after }: Side, batch: number): Promise<number> {
  const began = performance.now();
  for (let i = 0; i < batch; i++) {
    const running = run();
    if (running !== undefined) await running;
  }
  const took = performance.now() - began;
  await after?.();
  return took * 1000 / batch;
}

/** Past the console, before whose lines the bench runner puts the name once more. */
function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

const TABLE_RUNS = 10;

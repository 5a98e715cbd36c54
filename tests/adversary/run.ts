// Runs rows and reports how each came out. Scope: one victim for many rows, a new one where the row or the victim's own
// limits need it; two victims' rows at a time, and the time-out rows side by side on a third. Out of scope: the rows,
// printing (tests/adversary/adversary.ts).

import { type Row, World } from "./world.ts";

export interface Result {
  readonly row: Row;
  readonly outcome: "passed" | "failed" | "skipped";
  /** What was observed; of a failed row, what went wrong. */
  readonly observed: string;
  readonly ms: number;
}

/** The longest way of a friend's message in any world, and the largest victim. */
export interface Figures {
  slowestFriendTicks: number;
  largestVictimKib: number;
  worlds: number;
}

/** The victim reports 20 strangers a minute one by one, and the rows look for those reports. */
const REFUSALS_PER_WORLD = 18;
const ROW_LIMIT_MS = 40_000;
/** Rows mostly wait: for a tick, a stretch, a close. */
const AT_ONCE = 2;

export async function runRows(
  rows: readonly Row[],
  has: (program: "openssl") => boolean,
  report: (result: Result) => void,
): Promise<{ results: Result[]; figures: Figures }> {
  const results: Result[] = [];
  const figures: Figures = { slowestFriendTicks: 0, largestVictimKib: 0, worlds: 0 };
  const tell = (result: Result) => {
    results.push(result);
    report(result);
  };
  const able = rows.filter((row) => {
    if (row.needs === undefined || has(row.needs)) return true;
    tell({ row, outcome: "skipped", observed: `needs ${row.needs}, which is not here`, ms: 0 });
    return false;
  });
  const close = async (world: World) => {
    figures.slowestFriendTicks = Math.max(figures.slowestFriendTicks, world.slowestTicks);
    figures.largestVictimKib = Math.max(figures.largestVictimKib, world.largestKib);
    figures.worlds++;
    await world[Symbol.asyncDispose]();
  };

  const sideBySide = async (slow: readonly Row[]) => {
    if (slow.length === 0) return;
    const world = await World.open();
    try {
      const all = await Promise.all(slow.map((row) => runRow(row, world, false)));
      const after = await well(world);
      for (const result of all) tell(after === undefined ? result : { ...result, outcome: "failed", observed: after });
    } finally {
      await close(world);
    }
  };

  const oneByOne = async (waiting: Row[]) => {
    let shared: World | undefined;
    try {
      for (let row = waiting.shift(); row !== undefined; row = waiting.shift()) {
        const refusals = row.refusals ?? 1;
        if (row.world === undefined && (shared?.refusals ?? 0) + refusals > REFUSALS_PER_WORLD) {
          if (shared !== undefined) await close(shared);
          shared = undefined;
        }
        const world = row.world === undefined ? shared ??= await World.open() : await World.open(row.world);
        world.refusals += refusals;
        const result = await runRow(row, world, true);
        tell(result);
        if (row.world !== undefined) await close(world);
        else if (result.outcome === "failed") {
          // What follows must not suffer from it.
          await close(world);
          shared = undefined;
        }
      }
    } finally {
      if (shared !== undefined) await close(shared);
    }
  };

  const waiting = able.filter((row) => !row.slow);
  await Promise.all([
    sideBySide(able.filter((row) => row.slow)),
    ...Array.from({ length: AT_ONCE }, () => oneByOne(waiting)),
  ]);
  return { results, figures };
}

async function runRow(row: Row, world: World, alone: boolean): Promise<Result> {
  const began = performance.now();
  const limit = row.limitMs ?? ROW_LIMIT_MS;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, fail) => {
    timer = setTimeout(() => fail(new Error(`not over after ${limit} ms`)), limit);
  });
  const took = () => performance.now() - began;
  try {
    const observed = await Promise.race([row.run(world), late]);
    if (alone) {
      await world.tidy();
      await world.stillWell();
    }
    return { row, outcome: "passed", observed, ms: took() };
  } catch (error) {
    const dead = world.victim.alive ? "" : " THE VICTIM HAS ENDED.";
    return { row, outcome: "failed", observed: `${error instanceof Error ? error.message : error}${dead}`, ms: took() };
  } finally {
    clearTimeout(timer);
  }
}

async function well(world: World): Promise<string | undefined> {
  try {
    await world.stillWell();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

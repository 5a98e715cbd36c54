// The network simulation over many seeds, in as many processes as there are cores (at most eight).
//
//   deno task check simulate                      1,000 seeds
//   deno task check simulate --seeds 10000        and --from S: the seeds S to S + N - 1
//   deno task check simulate --minutes 30         as many seeds as that takes
//   deno task check simulate --seed S --verbose   one seed, with everything that happens in it
//   deno task check simulate --planted NAME       plants a bug (`all`: each in turn), and must find it and replay it
//   --real                                  libsodium's primitives instead of toys: for few seeds, twenty times slower
//
// A seed that fails is printed with what went wrong, and always fails the same way. The last line is
// `suite: N passed, N failed, 0 skipped`; the exit code is 0 if none failed. What a seed is: tests/simulation/world.ts.

import { tellCounts } from "../../scripts/suites.ts";
import { parseArgs } from "node:util";
import { PLANTED } from "./planted.ts";
import type { WorkerLine } from "./worker.ts";

const ROOT = new URL("../../", import.meta.url);
const PROGRESS_MS = 5_000;
/** A planted bug that this many seeds do not find counts as not found. */
const PLANTED_SEEDS = 2_000;

interface Run {
  readonly from: number;
  readonly seeds: number;
  readonly workers: number;
  readonly until: number;
  readonly real: boolean;
  readonly verbose: boolean;
  readonly planted: string | undefined;
  /** Ends at the first failure. */
  readonly findOne: boolean;
}

interface Outcome {
  readonly total: Omit<WorkerLine, "failed" | "log">;
  readonly failures: NonNullable<WorkerLine["failed"]>[];
}

if (import.meta.main) Deno.exit(await main());

async function main(): Promise<number> {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      seeds: { type: "string" },
      from: { type: "string", default: "1" },
      seed: { type: "string" },
      minutes: { type: "string" },
      planted: { type: "string" },
      verbose: { type: "boolean", default: false },
      real: { type: "boolean", default: false },
    },
  });
  const { real, verbose } = values;
  const one = values.seed !== undefined;
  const run: Run = {
    from: whole(values.seed ?? values.from),
    seeds: one ? 1 : values.minutes !== undefined ? Infinity : whole(values.seeds ?? "1000"),
    workers: one ? 1 : Math.min(navigator.hardwareConcurrency, 8),
    until: values.minutes === undefined ? Infinity : Date.now() + Number(values.minutes) * 60_000,
    real,
    verbose,
    planted: values.planted,
    findOne: false,
  };
  const began = performance.now();
  if (run.planted !== undefined && !one) return await findPlanted(run);
  const { total, failures } = await perform(run);
  const seconds = (performance.now() - began) / 1000;
  console.log(`${summary(total)} in ${seconds.toFixed(1)} s; digest ${total.digest.toString(16).padStart(8, "0")}`);
  return tellCounts({ passed: total.ran - failures.length, failed: failures.length });
}

/** Each bug must be found, and its seed must fail the same way when it is run again. */
async function findPlanted(run: Run): Promise<number> {
  const names = run.planted === "all" ? Object.keys(PLANTED) : [run.planted ?? ""];
  let missed = 0;
  for (const name of names) {
    const bug = PLANTED[name];
    if (bug === undefined) throw new RangeError(`no such bug: ${name}; there are ${Object.keys(PLANTED).join(", ")}`);
    console.log(`planted ${name}: breaks "${bug.breaks}"`);
    const seeds = Math.min(run.seeds, PLANTED_SEEDS);
    const [found] = (await perform({ ...run, planted: name, seeds, findOne: true, workers: 1 })).failures;
    if (found === undefined) {
      missed++;
      console.log(`  NOT FOUND in ${seeds} seeds`);
      continue;
    }
    const again = await perform({ ...run, planted: name, from: found.seed, seeds: 1, workers: 1 });
    const [replay] = again.failures;
    const same = replay !== undefined && replay.why === found.why && replay.digest === found.digest;
    if (!same) missed++;
    console.log(`  found by seed ${found.seed}: ${firstLine(found.why)}`);
    console.log(same ? "  its replay fails the same way" : `  its replay DIFFERS: ${replay?.why ?? "it passes"}`);
  }
  return tellCounts({ passed: names.length - missed, failed: missed });
}

async function perform(run: Run): Promise<Outcome> {
  const totals: WorkerLine[] = [];
  const failures: Outcome["failures"] = [];
  const began = performance.now();
  let told = began;
  const workers = Array.from({ length: run.workers }, (_, i) =>
    work(run, i, (line) => {
      totals[i] = line;
      if (line.log !== undefined) console.log(line.log);
      if (line.failed !== undefined) {
        failures.push(line.failed);
        const { seed, why } = line.failed;
        if (run.planted === undefined) console.log(`seed ${seed} FAILED: ${why}\n  replay: ${replayText(seed, run)}`);
        if (run.findOne) return false;
      }
      const now = performance.now();
      if (now - told < PROGRESS_MS || run.verbose || run.planted !== undefined) return true;
      told = now;
      console.log(`  ${((now - began) / 1000).toFixed(0)} s: ${summary(added(totals))}, ${failures.length} failed`);
      return true;
    }));
  await Promise.all(workers);
  return { total: added(totals), failures };
}

/** One process: every `workers`-th seed from its own first one. `onLine` returns false when that is enough. */
async function work(run: Run, index: number, onLine: (line: WorkerLine) => boolean): Promise<void> {
  const count = Math.max(0, Math.ceil((run.seeds - index) / run.workers));
  const config = run.real ? "deno.json" : "tests/simulation/toy/config.json";
  const process = new Deno.Command(Deno.execPath(), {
    cwd: ROOT,
    args: [
      ...["run", "--quiet", "--no-check", "--no-prompt", "--allow-read", `--config=${config}`],
      ...["tests/simulation/worker.ts", String(run.from + index), String(run.workers), String(count)],
      ...(run.until === Infinity ? [] : ["--until", String(run.until)]),
      ...(run.planted === undefined ? [] : ["--planted", run.planted]),
      ...(run.verbose ? ["--verbose"] : []),
    ],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const lines = process.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(intoLines());
  let enough = false;
  for await (const line of lines) {
    enough = !onLine(JSON.parse(line) as WorkerLine);
    if (!enough) continue;
    process.kill();
    break;
  }
  const { success } = await process.status;
  if (!success && !enough) throw new Error("a process of the simulation ended early");
}

function intoLines(): TransformStream<string, string> {
  let rest = "";
  return new TransformStream({
    transform(chunk, to) {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) to.enqueue(line);
    },
  });
}

function added(totals: readonly WorkerLine[]): Outcome["total"] {
  const sum = { ran: 0, steps: 0, cells: 0, delivered: 0, simulatedMs: 0, digest: 0 };
  for (const total of totals) {
    if (total === undefined) continue;
    for (const key of Object.keys(sum) as (keyof typeof sum)[]) sum[key] += total[key];
  }
  return { ...sum, digest: sum.digest >>> 0 };
}

function summary({ ran, steps, cells, delivered, simulatedMs }: Outcome["total"]): string {
  const hours = (simulatedMs / 3_600_000).toFixed(1);
  return `${ran} seeds, ${hours} simulated hours, ${steps} steps, ${cells} cells, ${delivered} messages delivered`;
}

function replayText(seed: number, run: Run): string {
  return `deno task check simulate --seed ${seed} --verbose${run.real ? " --real" : ""}`;
}

function firstLine(text: string): string {
  return text.split("\n")[0] ?? "";
}

function whole(text: string): number {
  const n = Number(text);
  if (!Number.isSafeInteger(n) || n < 0) throw new RangeError(`not a whole number: ${text}`);
  return n;
}

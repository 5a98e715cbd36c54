// Mutation testing: the code is made wrong in one place at a time, and a test must catch it.
//
//   deno task mutate --room NAME [--limit N] [--seed S]   N places of one room, drawn by the seed (default: all, 1)
//   deno task mutate [--limit N] [--seed S]               the same of every room in tests/mutation/rooms.ts
//   deno task mutate --handmade                           the mutants of tests/mutation/handmade.ts, each against its one test
//   deno task mutate --handmade --only NAME               one of them
//   ... --minutes N                                       ends each room after so long, and says what share was run
//   ... --workers N                                       so many at a time (default: 2)
//   ... --again                                           without what is known from before
//   ... --write                                           writes docs/MUTATION.md, of one room its row; every place must have been run
//
// First each test of the room is run alone, to see how long it takes and which blocks of the room it enters. Then each mutant
// is written into a copy of the project, and those tests that enter its block run there, the fastest first, until one fails or
// hangs; the replay of the fuzz targets comes last. What was found is kept in dist/mutate (known.ts), so a second run asks only
// what may have changed. A survivor that changes nothing anybody could see stands with its reason in
// tests/mutation/survivors.json; the score is told with and without those.
// The last lines are `suite: N passed, N failed, N skipped` (for scripts/test.ts) and the same as `mutate: ...`: with
// --handmade each mutant is one; else each room is one, which passes from a score of 90 % on, with no survivor unexplained
// if all its places were run.

import { type ProjectCopy, Unplantable } from "../harness/project_copy.ts";
import { Random } from "../simulation/random.ts";
import { DIST, runDeno } from "./deno.ts";
import { HANDMADE, type Handmade } from "./handmade.ts";
import { Known } from "./known.ts";
import { page, type Result, resultOf, rowsOf, show } from "./report.ts";
import { MUTATED, type MutatedRoom } from "./rooms.ts";
import { find, shown } from "./sites.ts";
import { inCopies, judge, judgesOf, measure, type Verdict } from "./tests.ts";

const PAGE = new URL("../../docs/MUTATION.md", import.meta.url);

interface Options {
  readonly limit: number;
  readonly seed: number;
  readonly minutes: number;
  readonly workers: number;
  readonly again: boolean;
}

// --- A room ---------------------------------------------------------------------------------------------------------

async function mutateRoom(room: MutatedRoom, { limit, seed, minutes, workers, again }: Options): Promise<Result> {
  const end = Date.now() + 60_000 * minutes;
  const found = await find(room);
  const known = new Known(room, again);
  const verdicts = new Map<string, Verdict>();
  const chosen = limit === Infinity ? found.mutants : drawn(found.mutants, limit, seed);
  for (const { id } of chosen) {
    const verdict = known.get(id);
    if (verdict !== undefined) verdicts.set(id, verdict);
  }
  const cached = verdicts.size;
  const waiting = chosen.filter(({ id }) => !verdicts.has(id));
  const tests = waiting.length === 0 ? [] : await measure(room, found, known.sources, workers, end);
  if (tests !== undefined) {
    await inCopies(workers, waiting, async ({ folder: copy }, mutant) => {
      if (Date.now() > end) return false;
      const verdict = await judge(copy, mutant, judgesOf(mutant, found, tests, known.killer(mutant.id)));
      verdicts.set(mutant.id, verdict);
      known.set(mutant.id, verdict);
      if (verdict.fate === "survived") console.log(`survived  ${shown(mutant)}`);
      return true;
    });
  }
  return resultOf(room, found.mutants, verdicts, cached);
}

function drawn<T>(all: readonly T[], limit: number, seed: number): T[] {
  const random = new Random(seed);
  const left = [...all];
  const some: T[] = [];
  while (some.length < limit && left.length > 0) some.push(...left.splice(random.int(0, left.length - 1), 1));
  return some;
}

// --- By hand --------------------------------------------------------------------------------------------------------

async function passes(copy: string, what: readonly string[]): Promise<boolean> {
  const args = ["test", "--no-check", "--quiet", "--fail-fast", "--no-prompt", "--allow-read", ...what];
  return (await runDeno(args, copy, undefined, AbortSignal.timeout(300_000))).code === 0;
}

async function handmade(copy: ProjectCopy, { name, file, text, without, test }: Handmade): Promise<boolean> {
  const filter = [test.file, "--filter", `/^${test.name.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&")}$/`];
  let word: string | undefined;
  try {
    const heal = copy.plant(file, text, () => without);
    if (await passes(copy.folder, filter)) word = "it lives";
    heal();
    if (word === undefined && !await passes(copy.folder, filter)) word = "its test fails without it";
  } catch (error) {
    if (!(error instanceof Unplantable)) throw error;
    word = error.message;
  }
  console.log(`${word === undefined ? "ok     " : "FAILED "} ${name} (${file}): ${word ?? `dies of “${test.name}”`}`);
  return word === undefined;
}

async function main(args: readonly string[]): Promise<number> {
  const number = (name: string, absent: number) => args.includes(name) ? Number(args[args.indexOf(name) + 1]) : absent;
  await Deno.mkdir(DIST, { recursive: true });
  const workers = number("--workers", 2);
  const sum = { passed: 0, failed: 0 };
  if (args.includes("--handmade")) {
    const only = args.includes("--only") ? args[args.indexOf("--only") + 1] : undefined;
    const chosen = HANDMADE.filter(({ name }) => only === undefined || name === only);
    if (chosen.length === 0) {
      console.error(`Could not plant ${only}. docs/CLAIMS.md lists the mutants.`);
      return 2;
    }
    await inCopies(workers, chosen, async (copy, mutant) => {
      sum[await handmade(copy, mutant) ? "passed" : "failed"]++;
      return true;
    });
  } else {
    const named = args.includes("--room") ? args[args.indexOf("--room") + 1] : undefined;
    const rooms = MUTATED.filter(({ name }) => named === undefined || name === named);
    if (rooms.length === 0) {
      console.error(`Could not mutate ${named}. There are ${MUTATED.map(({ name }) => name).join(", ")}.`);
      return 2;
    }
    const options = {
      limit: number("--limit", Infinity),
      seed: number("--seed", 1),
      minutes: number("--minutes", 1440),
      workers,
      again: args.includes("--again"),
    };
    const results: Result[] = [];
    for (const room of rooms) {
      const result = await mutateRoom(room, options);
      show(result);
      sum[result.good ? "passed" : "failed"]++;
      results.push(result);
    }
    if (args.includes("--write")) {
      const part = results.find(({ run, places }) => run < places)?.room;
      if (part !== undefined) {
        console.error(
          `Could not write docs/MUTATION.md. Only a part of ${part} was run. Leave out --limit and --minutes.`,
        );
        return 2;
      }
      await Deno.writeTextFile(PAGE, page(rowsOf(results, await Deno.readTextFile(PAGE))));
    }
  }
  const counts = `${sum.passed} passed, ${sum.failed} failed, 0 skipped`;
  console.log(`suite: ${counts}`);
  console.log(`mutate: ${counts}`);
  return sum.failed > 0 ? 1 : 0;
}

if (import.meta.main) Deno.exit(await main(Deno.args));

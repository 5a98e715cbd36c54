// Mutation testing: the code is made wrong in one place at a time, and a test must notice.
//
//   deno task mutate --room NAME [--limit N] [--seed S]   N places of one room, drawn by the seed (default: all, 1)
//   deno task mutate [--limit N] [--seed S]               the same of every room in scripts/mutate/rooms.ts
//   deno task mutate --handmade                           the mutants of scripts/mutate/handmade.ts, each against its one test
//   ... --minutes N                                       ends each room after so long, and says what share was run
//   ... --again                                           without what is known from before
//
// The project is copied once for each of two workers; each mutant is written into a copy and the tests run there until one
// fails: those of the mutated file, then of its room, then the fuzz targets' replay. A mutant that runs too long is noticed
// as well. Results are kept in dist/mutate by the text of the mutated file and of everything that could notice, so a second
// run asks only what has changed. A survivor that changes nothing anybody could see stands with its reason in
// scripts/mutate/survivors.json; the score is told with and without those.
// The last lines are `suite: N passed, N failed, N skipped` (for scripts/test.ts) and the same as `mutate: ...`: with
// --handmade each mutant is one; else each room is one, which passes from a score of 90 % on.

import { createHash } from "node:crypto";
import { cpSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Random } from "../tests/simulation/random.ts";
import { HANDMADE, type Handmade } from "./mutate/handmade.ts";
import type { Site } from "./mutate/plugin.ts";
import { MUTATED, type MutatedRoom, NOT_MUTATED } from "./mutate/rooms.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const DIST = `${ROOT}dist/mutate`;
const COPIED = ["deno.json", "deno.lock", "src", "fuzz", "scripts", "tests"];
const WORKERS = 2;
/** A mutant that takes so many times as long as the tests do hangs. */
const TOO_LONG = 8;
const SCORE_WANTED = 0.9;

interface Mutant extends Site {
  readonly file: string;
  readonly source: string;
  readonly line: number;
}

type Fate = "killed" | "survived";

/** A survivor that was looked at: the line of code, what was written there, and why nobody can see it. */
interface Excused {
  readonly file: string;
  readonly line: string;
  readonly became: string;
  readonly reason: string;
}

// --- Mutants --------------------------------------------------------------------------------------------------------

async function mutantsOf(room: MutatedRoom): Promise<Mutant[]> {
  const files: string[] = [];
  for (const source of room.sources) {
    if (source.endsWith(".ts")) files.push(source);
    else {
      const names = [...Deno.readDirSync(`${ROOT}${source}`)].map(({ name }) => name).sort();
      files.push(...names.filter((name) => !NOT_MUTATED.test(name)).map((name) => `${source}/${name}`));
    }
  }
  const config = `${DIST}/lint.json`;
  await Deno.mkdir(DIST, { recursive: true });
  const plugins = [`${ROOT}scripts/mutate/plugin.ts`];
  await Deno.writeTextFile(
    config,
    JSON.stringify({ lint: { plugins, rules: { tags: [], include: ["mutate/sites"] } } }),
  );
  const { stdout } = await deno(["lint", "-c", config, "--json", ...files], ROOT, 60_000);
  const { diagnostics } = JSON.parse(stdout) as { diagnostics: { filename: string; message: string }[] };
  const all = diagnostics.map(({ filename, message }) => {
    const file = fileURLToPath(filename).slice(ROOT.length);
    const source = Deno.readTextFileSync(`${ROOT}${file}`);
    const site = JSON.parse(message) as Site;
    return { ...site, file, source, line: source.slice(0, site.from).split("\n").length };
  });
  return all.filter((mutant, n) => all.findIndex((other) => mutated(other) === mutated(mutant)) === n);
}

function mutated({ source, from, to, text }: Mutant): string {
  return source.slice(0, from) + text + source.slice(to);
}

function lineOf({ source, line }: Mutant): string {
  return source.split("\n")[line - 1]!.trim();
}

function shown(mutant: Mutant): string {
  const { file, line, kind, from, to, text, source } = mutant;
  const before = source.slice(from, to).replace(/\s+/g, " ");
  const short = (code: string) => code.length > 60 ? `${code.slice(0, 57)}...` : code;
  return `${file}:${line} ${kind}: ${short(before)} → ${short(text)}`;
}

function drawn<T>(all: readonly T[], limit: number, seed: number): T[] {
  const random = new Random(seed);
  const left = [...all];
  const some: T[] = [];
  while (some.length < limit && left.length > 0) some.push(...left.splice(random.int(0, left.length - 1), 1));
  return some;
}

// --- Running --------------------------------------------------------------------------------------------------------

/** Each stage is what `deno test` is asked for; the first that fails is enough. */
function stages(room: MutatedRoom, file: string): string[][] {
  const own = file.replace(/\.ts$/, "_test.ts");
  const has = exists(`${ROOT}${own}`);
  const fuzz = `/^(${room.fuzz.join("|")}): /`;
  return [...(has ? [[own]] : []), room.tests.filter((path) => exists(`${ROOT}${path}`)), [
    "fuzz/replay_test.ts",
    "--filter",
    fuzz,
  ]];
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

async function passes(copy: string, what: readonly string[], limitMs: number): Promise<boolean> {
  const args = ["test", "--no-check", "--quiet", "--fail-fast", "--no-prompt", "--allow-read", ...what];
  return (await deno(args, copy, limitMs)).code === 0;
}

async function deno(args: readonly string[], cwd: string, limitMs: number): Promise<{ code: number; stdout: string }> {
  const abort = new AbortController();
  const limit = setTimeout(() => abort.abort("SIGKILL"), limitMs);
  try {
    const { code, stdout } = await new Deno.Command(Deno.execPath(), {
      args: [...args],
      cwd,
      env: { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
      stdin: "null",
      stdout: "piped",
      stderr: "null",
      signal: abort.signal,
    }).output();
    return { code: abort.signal.aborted ? 124 : code, stdout: new TextDecoder().decode(stdout) };
  } finally {
    clearTimeout(limit);
  }
}

async function copies<T>(work: (copy: string) => Promise<T>): Promise<T[]> {
  return await Promise.all(Array.from({ length: WORKERS }, async () => {
    const copy = await Deno.makeTempDir({ prefix: "sesame-mutate-" });
    try {
      for (const part of COPIED) cpSync(`${ROOT}${part}`, `${copy}/${part}`, { recursive: true });
      return await work(copy);
    } finally {
      await Deno.remove(copy, { recursive: true });
    }
  }));
}

// --- What is known --------------------------------------------------------------------------------------------------

/** Of everything that a mutant of this room is judged by: the room's code and tests, and what tests share. */
function hashOf(room: MutatedRoom): string {
  const hash = createHash("sha256");
  const add = (path: string) => {
    if (!exists(`${ROOT}${path}`)) return;
    if (Deno.statSync(`${ROOT}${path}`).isFile) {
      return void hash.update(path).update(Deno.readFileSync(`${ROOT}${path}`));
    }
    for (const { name } of [...Deno.readDirSync(`${ROOT}${path}`)].sort((a, b) => a.name < b.name ? -1 : 1)) {
      add(`${path}/${name}`);
    }
  };
  for (const path of [...room.sources, ...room.tests, "tests/support", "fuzz/replay_test.ts", "fuzz/target.ts"]) {
    add(path);
  }
  for (const name of room.fuzz) for (const path of [`fuzz/targets/${name}.ts`, `fuzz/corpus/${name}`]) add(path);
  return hash.digest("hex").slice(0, 32);
}

class Known {
  readonly #file: string;
  readonly #fates: Record<string, Fate>;

  constructor(room: MutatedRoom, again: boolean) {
    this.#file = `${DIST}/${room.name}-${hashOf(room)}.json`;
    this.#fates = !again && exists(this.#file) ? JSON.parse(Deno.readTextFileSync(this.#file)) : {};
  }

  get(mutant: Mutant): Fate | undefined {
    return this.#fates[this.#key(mutant)];
  }

  set(mutant: Mutant, fate: Fate): void {
    this.#fates[this.#key(mutant)] = fate;
    Deno.writeTextFileSync(this.#file, JSON.stringify(this.#fates));
  }

  #key(mutant: Mutant): string {
    return createHash("sha256").update(mutant.file).update(mutated(mutant)).digest("hex").slice(0, 24);
  }
}

// --- A room ---------------------------------------------------------------------------------------------------------

interface Options {
  readonly limit: number;
  readonly seed: number;
  readonly minutes: number;
  readonly again: boolean;
}

async function mutateRoom(room: MutatedRoom, { limit, seed, minutes, again }: Options): Promise<boolean> {
  const end = Date.now() + 60_000 * minutes;
  const all = await mutantsOf(room);
  const chosen = drawn(all, limit, seed);
  const known = new Known(room, again);
  const fates = new Map<Mutant, Fate>();
  for (const mutant of chosen) {
    const fate = known.get(mutant);
    if (fate !== undefined) fates.set(mutant, fate);
  }
  const waiting = chosen.filter((mutant) => !fates.has(mutant));
  const cached = fates.size;
  if (waiting.length > 0) {
    await copies(async (copy) => {
      const times = new Map<string, number>();
      for (let mutant = waiting.shift(); mutant !== undefined && Date.now() < end; mutant = waiting.shift()) {
        const fate = await fateOf(copy, room, mutant, times);
        if (fate === undefined) throw new Error(`the tests of ${room.name} fail without any mutant`);
        fates.set(mutant, fate);
        known.set(mutant, fate);
        if (fate === "survived") console.log(`survived  ${shown(mutant)}`);
      }
    });
  }
  return report(room, all.length, fates, cached);
}

/** Undefined: the tests fail as it is. `times`: of each stage without a mutant, measured when it is first wanted. */
async function fateOf(
  copy: string,
  room: MutatedRoom,
  mutant: Mutant,
  times: Map<string, number>,
): Promise<Fate | undefined> {
  for (const stage of stages(room, mutant.file)) {
    const key = stage.join(" ");
    if (!times.has(key)) {
      const began = performance.now();
      if (!await passes(copy, stage, 300_000)) return undefined;
      times.set(key, performance.now() - began);
    }
    await Deno.writeTextFile(`${copy}/${mutant.file}`, mutated(mutant));
    try {
      if (!await passes(copy, stage, 5000 + TOO_LONG * times.get(key)!)) return "killed";
    } finally {
      await Deno.writeTextFile(`${copy}/${mutant.file}`, mutant.source);
    }
  }
  return "survived";
}

function report(room: MutatedRoom, all: number, fates: ReadonlyMap<Mutant, Fate>, cached: number): boolean {
  const excused: readonly Excused[] = JSON.parse(Deno.readTextFileSync(`${ROOT}scripts/mutate/survivors.json`));
  const survivors = [...fates].filter(([, fate]) => fate === "survived").map(([mutant]) => mutant);
  const excuse = (m: Mutant) =>
    excused.find(({ file, line, became }) => file === m.file && line === lineOf(m) && became === m.text);
  const open = survivors.filter((mutant) => excuse(mutant) === undefined);
  const killed = fates.size - survivors.length;
  const rate = killed / Math.max(1, fates.size);
  const fair = killed / Math.max(1, fates.size - (survivors.length - open.length));
  const percent = (n: number) => `${(100 * n).toFixed(1)} %`;
  console.log(
    `${room.name}: ${killed} of ${fates.size} killed, ${percent(rate)}; without ${
      survivors.length - open.length
    } that ` +
      `nobody could see ${
        percent(fair)
      }; ${fates.size} of the room's ${all} places were run (${cached} known from before)`,
  );
  for (const mutant of survivors) {
    console.log(
      `  ${excuse(mutant) === undefined ? "OPEN  " : "excused"} ${shown(mutant)}  ${excuse(mutant)?.reason ?? ""}`,
    );
  }
  return fates.size > 0 && fair >= SCORE_WANTED;
}

// --- By hand --------------------------------------------------------------------------------------------------------

async function handmade(copy: string, { name, file, text, without, test }: Handmade): Promise<boolean> {
  const source = await Deno.readTextFile(`${copy}/${file}`);
  const times = source.split(text).length - 1;
  const filter = [test.file, "--filter", `/^${test.name.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&")}$/`];
  let word = times === 1 ? undefined : `the text stands in ${file} ${times} times`;
  if (word === undefined && !await passes(copy, filter, 300_000)) word = "its test fails without it";
  if (word === undefined) {
    await Deno.writeTextFile(`${copy}/${file}`, source.replace(text, () => without));
    if (await passes(copy, filter, 300_000)) word = "it lives";
    await Deno.writeTextFile(`${copy}/${file}`, source);
  }
  console.log(`${word === undefined ? "ok     " : "FAILED "} ${name} (${file}): ${word ?? `dies of “${test.name}”`}`);
  return word === undefined;
}

async function main(args: readonly string[]): Promise<number> {
  const number = (name: string, absent: number) => args.includes(name) ? Number(args[args.indexOf(name) + 1]) : absent;
  const sum = { passed: 0, failed: 0 };
  if (args.includes("--handmade")) {
    const waiting = [...HANDMADE];
    await copies(async (copy) => {
      for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
        sum[await handmade(copy, mutant) ? "passed" : "failed"]++;
      }
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
      again: args.includes("--again"),
    };
    for (const room of rooms) sum[await mutateRoom(room, options) ? "passed" : "failed"]++;
  }
  const counts = `${sum.passed} passed, ${sum.failed} failed, 0 skipped`;
  console.log(`suite: ${counts}`);
  console.log(`mutate: ${counts}`);
  return sum.failed > 0 ? 1 : 0;
}

if (import.meta.main) Deno.exit(await main(Deno.args));

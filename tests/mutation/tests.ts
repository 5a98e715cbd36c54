// The tests that judge a room's mutants: how long each takes and which blocks of the room it enters, found by running
// it alone once; and running those that enter a mutant's block, until one fails. Out of scope: mutants, and what is
// known about them.

import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { createHash } from "node:crypto";
import { ProjectCopy } from "../harness/project_copy.ts";
import { DIST, ROOT, runDeno } from "./deno.ts";
import type { Block } from "./plugin.ts";
import type { MutatedRoom } from "./rooms.ts";
import { type Found, type Mutant, mutated } from "./sites.ts";

const REPLAY = "fuzz/replay_test.ts";
/** A test hangs that takes so many times as long as it does without a mutant, and this on top of it. */
const TOO_LONG = 8;
const TOO_LONG_MS = 3000;

export interface Test {
  readonly file: string;
  readonly name: string;
  /** Alone, with the start of its process. */
  readonly ms: number;
  /** The blocks that it enters, by `blockName`. */
  readonly blocks: ReadonlySet<string>;
}

export type Verdict =
  | { readonly fate: "survived" }
  | { readonly fate: "killed" | "timed out"; readonly file: string; readonly test: string | undefined };

// --- Copies and hashes ----------------------------------------------------------------------------------------------

/** Does all `work`, each piece in a copy of the project that no other piece uses meanwhile. */
export async function inCopies<T>(
  workers: number,
  waiting: T[],
  work: (copy: ProjectCopy, piece: T) => Promise<boolean>,
) {
  await Promise.all(Array.from({ length: Math.min(workers, waiting.length) }, async () => {
    using copy = new ProjectCopy("README.md", "fuzz", "scripts", "tests");
    for (let piece = waiting.shift(); piece !== undefined; piece = waiting.shift()) {
      if (!await work(copy, piece)) return;
    }
  }));
}

/** Of files, and of all that is in folders. */
export function hashOf(paths: readonly string[]): string {
  const hash = createHash("sha256");
  const add = (path: string): void => {
    if (!existsSync(`${ROOT}${path}`)) return;
    if (statSync(`${ROOT}${path}`).isFile()) return void hash.update(path).update(readFileSync(`${ROOT}${path}`));
    for (const name of readdirSync(`${ROOT}${path}`).sort()) add(`${path}/${name}`);
  };
  paths.forEach(add);
  return hash.digest("hex").slice(0, 24);
}

/** Of everything but the room's own code that says what a test file does. */
export function testHash(room: MutatedRoom, file: string): string {
  const more = file === REPLAY
    ? [
      "fuzz/target.ts",
      ...room.fuzz.flatMap((n) => [`fuzz/targets/${n}.ts`, `fuzz/corpus/${n}`, `fuzz/regressions/${n}`]),
    ]
    : file.startsWith("tests/simulation/")
    ? ["tests/simulation"]
    : [];
  return hashOf([file, "tests/harness", ...more]);
}

export function testFilesOf(room: MutatedRoom): string[] {
  const files = room.tests.flatMap((path) =>
    path.endsWith(".ts")
      ? [path]
      : readdirSync(`${ROOT}${path}`).filter((name) => name.endsWith("_test.ts")).sort().map((name) =>
        `${path}/${name}`
      )
  );
  return [...files, REPLAY];
}

// --- Every test alone -----------------------------------------------------------------------------------------------

function blockName(file: string, { from }: Block): string {
  return `${file}:${from}`;
}

/** Undefined: there was not enough time. Throws when a test fails alone and without a mutant. */
export async function measure(
  room: MutatedRoom,
  { blocks }: Found,
  sources: string,
  workers: number,
  end: number,
): Promise<Test[] | undefined> {
  const all = [...blocks].flatMap(([file, list]) => list.map((block) => ({ file, block })));
  const tests: Test[] = [];
  const waiting = testFilesOf(room).filter((file) => {
    const path = measured(room, file, sources);
    if (!existsSync(path)) return true;
    tests.push(...read(path));
    return false;
  });
  await inCopies(workers, waiting, async ({ folder: copy }, file) => {
    for (const [source, list] of blocks) await instrument(copy, source, list, all);
    const names = (await plan<string[]>(copy, file, { list: true, names: [] })).filter((name) =>
      file !== REPLAY || room.fuzz.some((target) => name.startsWith(`${target}: `))
    );
    const found: Test[] = [];
    for (const name of new Set(names)) {
      if (Date.now() > end) return false;
      const began = performance.now();
      const entered = await plan<number[]>(copy, file, { hits: true, names: [name] });
      const ms = Math.round(performance.now() - began);
      found.push({ file, name, ms, blocks: new Set(entered.map((n) => blockName(all[n]!.file, all[n]!.block))) });
    }
    // In the order of a mutant's run, which is not that of the file.
    const { fate } = found.length === 0 ? { fate: "survived" } : await judgeByFile(copy, found.toSorted(faster));
    if (fate !== "survived") throw new Error(`${file} fails without a mutant when its tests run in another order`);
    await Deno.writeTextFile(
      measured(room, file, sources),
      JSON.stringify(found.map((test) => ({ ...test, blocks: [...test.blocks] }))),
    );
    tests.push(...found);
    return true;
  });
  return testFilesOf(room).every((file) => existsSync(measured(room, file, sources))) ? tests : undefined;
}

function measured(room: MutatedRoom, file: string, sources: string): string {
  return `${DIST}/${room.name}-${file.replace(/\W/g, "-")}-${testHash(room, file)}-${sources}.json`;
}

function read(path: string): Test[] {
  const tests = JSON.parse(readFileSync(path, "utf8")) as (Omit<Test, "blocks"> & { blocks: string[] })[];
  return tests.map((test) => ({ ...test, blocks: new Set(test.blocks) }));
}

async function instrument(
  copy: string,
  file: string,
  list: readonly Block[],
  all: readonly { readonly file: string; readonly block: Block }[],
): Promise<void> {
  let text = readFileSync(`${ROOT}${file}`, "utf8");
  for (const block of [...list].sort((a, b) => b.from - a.from)) {
    const n = all.findIndex((one) => one.file === file && one.block === block);
    text = `${text.slice(0, block.from)} __entered(${n}); ${text.slice(block.from)}`;
  }
  await Deno.writeTextFile(`${copy}/${file}`, text);
}

const PLAN = "tests/mutation/plan.json";
const RESULT = "tests/mutation/result.json";

function argsOf(file: string, ...more: string[]): string[] {
  const preload = "--preload=./tests/mutation/preload.ts";
  return ["test", "--no-check", "--quiet", "--fail-fast", "--no-prompt", "--allow-read", preload, ...more, file];
}

/** What the tests of a plan wrote. */
async function plan<T>(copy: string, file: string, what: Record<string, unknown>): Promise<T> {
  await Deno.writeTextFile(`${copy}/${PLAN}`, JSON.stringify(what));
  const { code, stdout } = await runDeno(argsOf(file, `--allow-write=${RESULT}`), copy);
  if (code !== 0) throw new Error(`${file} fails without a mutant (${JSON.stringify(what)}):\n${stdout}`);
  return JSON.parse(await Deno.readTextFile(`${copy}/${RESULT}`));
}

// --- A mutant -------------------------------------------------------------------------------------------------------

/**
 * The tests that enter the innermost block around the mutant (all of them, if there is none), the fastest first; file by
 * file, that of the mutated file first. `before` is the test that killed this mutant the last time.
 */
export function judgesOf(
  mutant: Mutant,
  { blocks }: Found,
  tests: readonly Test[],
  before: { readonly file: string; readonly test: string | undefined } | undefined,
): Test[][] {
  const around = blocks.get(mutant.file)!.filter(({ from, to }) => from <= mutant.from && mutant.to <= to)
    .sort((a, b) => b.from - a.from)[0];
  const fit = around === undefined ? tests : tests.filter((test) => test.blocks.has(blockName(mutant.file, around)));
  const own = mutant.file.replace(/\.ts$/, "_test.ts");
  const rank = (file: string) =>
    file === before?.file
      ? -1
      : file === own
      ? 0
      : file === REPLAY
      ? Infinity
      : sum(fit.filter((t) => t.file === file));
  const killer = (test: Test) => test.file === before?.file && test.name === before.test;
  const files = [...new Set(fit.map(({ file }) => file))].sort((a, b) => rank(a) - rank(b));
  return files.map((file) => {
    const all = fit.filter((test) => test.file === file).sort(faster);
    return [...all.filter(killer), ...all.filter((test) => !killer(test))];
  });
}

function faster(a: Test, b: Test): number {
  return a.ms - b.ms;
}

function sum(tests: readonly Test[]): number {
  return tests.reduce((ms, test) => ms + test.ms, 1);
}

export async function judge(copy: string, mutant: Mutant, judges: readonly Test[][]): Promise<Verdict> {
  await Deno.writeTextFile(`${copy}/${mutant.file}`, mutated(mutant));
  try {
    for (const tests of judges) {
      const verdict = await judgeByFile(copy, tests);
      if (verdict.fate !== "survived") return verdict;
    }
    return { fate: "survived" };
  } finally {
    await Deno.writeTextFile(`${copy}/${mutant.file}`, mutant.source);
  }
}

/** Tests of one file, in one process. */
async function judgeByFile(copy: string, tests: readonly Test[]): Promise<Verdict> {
  const { file } = tests[0]!;
  await Deno.writeTextFile(`${copy}/${PLAN}`, JSON.stringify({ names: tests.map(({ name }) => name) }));
  const abort = new AbortController();
  let running = 0;
  let failed: string | undefined;
  let limit: ReturnType<typeof setTimeout> | undefined;
  const restart = () => {
    clearTimeout(limit);
    const ms = TOO_LONG_MS + TOO_LONG * (tests[running]?.ms ?? 0);
    limit = setTimeout(() => abort.abort("SIGKILL"), ms);
  };
  restart();
  const { code } = await runDeno(
    argsOf(file),
    copy,
    (line) => {
      const [, name, how] = /^(\S.*) \.\.\. (ok|FAILED) \(/.exec(line) ?? [];
      if (name === undefined || name !== tests[running]?.name) return;
      if (how === "FAILED") failed ??= name;
      else running++;
      restart();
    },
    abort.signal,
  );
  clearTimeout(limit);
  if (abort.signal.aborted) return { fate: "timed out", file, test: tests[running]?.name };
  return code === 0 ? { fate: "survived" } : { fate: "killed", file, test: failed };
}

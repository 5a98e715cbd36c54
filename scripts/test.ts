// Runs suites (suites.ts) and adds the results up.
//
//   deno task test              each promise's quickest real check: a few minutes on two cores
//   deno task test --all        everything
//   deno task test NAME...      the named suites, whole, one after the other, shown as they run
//   deno task ok                those marked `ok`: the gate before a commit
//
// Suites that compute run as many at a time as there are cores, suites that mostly wait run two at a time, and suites
// that measure times run alone. The last line is `tests: N passed, N failed, N skipped`, and the exit code is not 0 if
// anything failed or a suite ran no test. The lines above it say which programs were missing, and what was therefore
// not checked (tools.txt).

import { type Beside, type Counts, NOTHING_CHECKED, type Suite, SUITES } from "./suites.ts";

/** A suite that takes longer hangs: it is ended and counts as failed. */
const SUITE_LIMIT_MS = 600_000;

/** What one suite's output and exit code (`undefined`: it was ended) come to, and what is wrong with it, if anything. */
export function countsOf(
  how: Suite["counts"],
  output: string,
  code: number | undefined,
): Counts & { readonly wrong?: string } {
  const failedWithout = code !== 0;
  const counts = how === "one check"
    ? { passed: failedWithout ? 0 : 1, failed: failedWithout ? 1 : 0, skipped: 0 }
    : printed(how, output) ?? { passed: 0, failed: 0, skipped: 0 };
  if (code === undefined) {
    return { ...counts, failed: counts.failed + 1, wrong: "it was ended, because it took too long" };
  }
  if (how === "one check") return counts;
  if (code === NOTHING_CHECKED && counts.passed + counts.failed === 0 && counts.skipped > 0) return counts;
  if (code !== 0 && counts.failed === 0) {
    return { ...counts, failed: 1, wrong: `it ended with code ${code} and counted no failure` };
  }
  if (counts.passed + counts.failed + counts.skipped === 0) return { ...counts, failed: 1, wrong: "it ran no test" };
  return counts;
}

/** The last summary in the output. */
function printed(how: "deno test" | "suite line", output: string): Counts | undefined {
  const summary = how === "deno test" ? DENO_SUMMARY : SUITE_LINE;
  const match = [...output.matchAll(summary)].at(-1);
  if (match === undefined) return undefined;
  const [passed, failed, skipped] = match.slice(1).map((n) => Number(n ?? 0));
  return { passed: passed!, failed: failed!, skipped: skipped! };
}

const DENO_SUMMARY =
  /^(?:ok|FAILED) \| (\d+) passed(?: \([^)]*\))? \| (\d+) failed(?: \([^)]*\))?(?: \| (\d+) ignored)?(?: \([^)]*\))?(?: \| .*)?(?: \(.*\))?$/gm;
const SUITE_LINE = /^suite: (\d+) passed, (\d+) failed, (\d+) skipped$/gm;

/** Lines of `deno test` that say only that all is well. */
const GOOD_NEWS = /^(running \d+ tests? from .*|.* \.\.\. ok \(.*\)|Check .*|)$/;

interface Result extends Counts {
  readonly ms: number;
  readonly wrong?: string;
}

/** `show` is given each line that is worth reading. */
async function run(suite: Suite, show: (line: string) => void): Promise<Result> {
  const began = performance.now();
  const took = () => performance.now() - began;
  const child = new Deno.Command(Deno.execPath(), {
    args: [...suite.args],
    env: {
      ...{ NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
      ...(suite.jobs === undefined ? {} : { DENO_JOBS: String(suite.jobs) }),
    },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const said: string[] = [];
  const listen = (stream: ReadableStream<Uint8Array>) =>
    eachLine(stream, (line) => {
      said.push(line);
      if (!GOOD_NEWS.test(line)) show(line);
    });
  const streams = Promise.all([listen(child.stdout), listen(child.stderr)]);
  let ended = false;
  const limit = setTimeout(() => {
    ended = true;
    child.kill("SIGKILL");
  }, SUITE_LIMIT_MS);
  const { code } = await child.status;
  clearTimeout(limit);
  // What a killed suite had started may hold the streams open: then what was read so far has to do.
  await Promise.race([streams, new Promise((resolve) => setTimeout(resolve, ended ? 1000 : SUITE_LIMIT_MS))]);
  return { ...countsOf(suite.counts, said.join("\n"), ended ? undefined : code), ms: took() };
}

async function eachLine(stream: ReadableStream<Uint8Array>, line: (text: string) => void): Promise<void> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    lines.forEach(line);
  }
  if (rest !== "") line(rest);
}

function summary({ name }: Suite, { passed, failed, skipped, ms, wrong }: Result): string {
  const what = `${passed} passed, ${failed} failed, ${skipped} skipped`;
  return `${failed === 0 ? "ok    " : "FAILED"} ${name.padEnd(14)} ${(ms / 1000).toFixed(1).padStart(6)} s   ${what}` +
    (wrong === undefined ? "" : `: ${wrong}`);
}

/** How many suites of a kind run at a time. */
const LANES: Readonly<Record<Beside, number>> = { cpu: 2, waits: 2, alone: 1 };

/**
 * Runs the suites kind by kind and returns the exit code; with `shown` one by one, each line as it comes. The last line
 * that it prints is the sum.
 */
export async function runAll(
  suites: readonly Suite[],
  shown: boolean,
  print: (line: string) => void,
): Promise<number> {
  const results = new Map<Suite, Result>();
  const work = async (waiting: Suite[], quiet: boolean) => {
    for (let suite = waiting.shift(); suite !== undefined; suite = waiting.shift()) {
      const kept: string[] = [];
      if (!quiet) print(`--- ${suite.name}`);
      const result = await run(suite, quiet ? (line) => kept.push(line) : print);
      if (result.failed > 0 || result.skipped > 0) kept.forEach(print);
      print(summary(suite, result));
      results.set(suite, result);
    }
  };
  const groups: [Suite[], number][] = shown
    ? [[[...suites], 1]]
    : Object.entries(LANES).map(([kind, lanes]) => [suites.filter(({ beside }) => beside === kind), lanes]);
  for (const [group, lanes] of groups) {
    await Promise.all(Array.from({ length: lanes }, () => work(group, lanes > 1)));
  }
  if (!shown && suites.some(({ beside }) => beside === "alone")) {
    print("--- all");
    for (const suite of suites) print(summary(suite, results.get(suite)!));
  }
  const sum = (key: keyof Counts) => [...results.values()].reduce((n, result) => n + result[key], 0);
  if (sum("skipped") > 0) { for (const line of await missingTools()) print(line); }
  print(`tests: ${sum("passed")} passed, ${sum("failed")} failed, ${sum("skipped")} skipped`);
  return sum("failed") > 0 || suites.length === 0 ? 1 : 0;
}

/** What `deno task test` runs: of each suite its quick share. */
export function quickShare(suites: readonly Suite[]): Suite[] {
  return suites.flatMap(({ quick, ...suite }) => {
    if (quick === undefined) return [];
    return [quick === true ? suite : { ...suite, args: quick }];
  });
}

/** A line for each program of tools.txt that is not on this machine. */
async function missingTools(): Promise<string[]> {
  const table = await Deno.readTextFile(new URL("tools.txt", import.meta.url));
  const rows = table.split("\n").filter((line) => line !== "" && !line.startsWith("#")).map((line) => line.split(" "));
  const lines: string[] = [];
  for (const [program, debian, ...what] of rows) {
    if (await isHere(program!)) continue;
    lines.push(`Not checked here: ${what.join(" ")}. It needs ${program} (Debian's ${debian}).`);
  }
  return lines;
}

async function isHere(program: string): Promise<boolean> {
  const folders = program.startsWith("/")
    ? [""]
    : (Deno.env.get("PATH") ?? "").split(":").map((folder) => `${folder}/`);
  for (const folder of [...folders, ...(program.startsWith("/") ? [] : ["/usr/sbin/"])]) {
    if (await Deno.stat(folder + program).then(() => true, () => false)) return true;
  }
  return false;
}

if (import.meta.main) {
  Deno.chdir(new URL("..", import.meta.url));
  const names = Deno.args.filter((name) => name !== "--all");
  const all = names.length < Deno.args.length;
  const gate = names.includes("ok");
  const unknown = names.filter((name) => name !== "ok" && !SUITES.some((suite) => suite.name === name));
  if (unknown.length > 0) {
    console.error(
      `Could not run ${unknown.join(", ")}. There is no such suite. There are: ok, ${
        SUITES.map((s) => s.name).join(", ")
      }.`,
    );
    Deno.exit(2);
  }
  const chosen = gate
    ? SUITES.filter((suite) => suite.ok)
    : names.length > 0
    ? SUITES.filter((suite) => names.includes(suite.name))
    : all
    ? SUITES
    : quickShare(SUITES);
  Deno.exit(await runAll(chosen, !gate && names.length > 0, (line) => console.log(line)));
}

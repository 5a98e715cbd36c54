// Runs everything that CI runs, suite by suite, and adds the results up.
//
//   deno task test              all suites: two at a time, shown when done; then, one by one, those that want to be alone
//   deno task test NAME...      the named ones, one after the other, shown as they run
//   deno task ok                those marked `ok`: the gate before a commit
//
// The last line is `tests: N passed, N failed, N skipped`, and the exit code is not 0 if anything failed or a suite ran
// no test. Not in here: what a suite does. To add one, add a line to SUITES.

export interface Suite {
  readonly name: string;
  /** What `deno` is called with. */
  readonly args: readonly string[];
  /**
   * How its results are counted: by deno's own summary of `deno test`; by its last line
   * `suite: N passed, N failed, N skipped` (or with the script's own name); or as one check, by its exit code.
   */
  readonly counts: "deno test" | "suite line" | "one check";
  /** Test files at a time, where `--parallel` is given and not every core is wanted. */
  readonly jobs?: number;
  /** Part of `deno task ok`. */
  readonly ok?: true;
  /** It measures times, or wants a terminal or the network's limits for itself: nothing else runs beside it. */
  readonly alone?: true;
  /** A path, from the project's root, without which the suite counts as one skipped. */
  readonly needs?: string;
}

// Types are a suite of their own, so no test run checks them again. Tests of pure code get to read their vectors and
// nothing else, which shows that it is pure; the others start processes with permissions of their own.
const PURE = ["test", "--no-check", "--parallel", "--no-prompt", "--allow-read"];
const EDGE = ["test", "--no-check", "--no-prompt", "--allow-all"];

export const SUITES: readonly Suite[] = [
  { name: "format", args: ["fmt", "--check"], counts: "one check", ok: true },
  { name: "lint", args: ["lint"], counts: "one check", ok: true },
  {
    name: "types",
    args: ["check", "main.ts", "src", "tests", "scripts", "bench", "fuzz"],
    counts: "one check",
    ok: true,
  },
  {
    name: "worker",
    args: ["run", "--allow-read", "--allow-run", "scripts/bundle_worker.ts", "--check"],
    counts: "one check",
    ok: true,
  },
  {
    name: "rooms",
    args: [
      ...EDGE,
      "tests/papers",
      "tests/models",
      "tests/mutation",
      "tests/traffic/classify_test.ts",
      "tests/traffic/keys_test.ts",
      "tests/traffic/pcap_test.ts",
      "scripts",
      "bench",
    ],
    counts: "deno test",
    ok: true,
  },
  {
    name: "core",
    args: [
      ...PURE,
      "src/secrets",
      "src/crypto",
      "src/wire",
      "src/auth",
      "src/ratchet",
      "src/session",
      "src/peers",
      "src/terminal",
    ],
    counts: "deno test",
    ok: true,
  },
  {
    name: "edges",
    args: [...EDGE, "src/host", "src/transport", "src/words", "src/chat", "src/cli"],
    counts: "deno test",
    ok: true,
  },
  { name: "transport", args: [...EDGE, "tests/transport"], counts: "deno test", alone: true },
  { name: "screen", args: [...EDGE, "tests/screen"], counts: "deno test", alone: true },
  { name: "simulation", args: [...PURE, "tests/simulation"], counts: "deno test" },
  {
    name: "simulate",
    args: ["run", "--allow-read", "--allow-run", "tests/simulation/simulate.ts", "--seeds", "3000"],
    counts: "suite line",
  },
  { name: "typos", args: ["run", "--no-check", "--allow-read", "tests/phrase/typos_task.ts"], counts: "suite line" },
  { name: "fuzz regressions", args: [...EDGE, "fuzz"], counts: "deno test" },
  {
    // One each of wire, auth, terminal and app: `deno task fuzz --planted` has all.
    name: "fuzz planted",
    args: ["run", "--allow-all", "fuzz/fuzz.ts", "--planted", "frame", "phrase", "sanitise", "options"],
    counts: "suite line",
  },
  {
    name: "mutants by hand",
    args: ["run", "--allow-all", "tests/mutation/mutate.ts", "--handmade"],
    counts: "suite line",
  },
  { name: "models", args: ["run", "--allow-all", "tests/models/models.ts"], counts: "suite line" },
  {
    // With the packages of its own lock. It looks at no time.
    name: "benchmarks",
    args: [
      ...["run", "--no-check", "--lock=bench/deno.lock", "--frozen", "--allow-all"],
      ...["bench/paper/paper.ts", "--short"],
    ],
    counts: "suite line",
  },
  { name: "wire gate", args: [...EDGE, "tests/traffic/gate_test.ts"], counts: "deno test" },
  { name: "wire", args: [...EDGE, "tests/traffic/session_test.ts"], counts: "deno test", alone: true },
  { name: "vectors", args: [...EDGE, "tests/vectors"], counts: "deno test" },
  {
    name: "shared vectors",
    args: ["run", "--allow-read", "tests/vectors/check.ts", "../shared/vectors/exchange-v1.json"],
    counts: "one check",
    needs: "../shared/vectors/exchange-v1.json",
  },
  {
    name: "build",
    args: [...EDGE, "tests/artifact/build_test.ts", "tests/artifact/completions_test.ts"],
    counts: "deno test",
    alone: true,
  },
  { name: "e2e source", args: ["run", "--allow-all", "tests/artifact/e2e.ts"], counts: "deno test", alone: true },
  { name: "npm", args: [...EDGE, "tests/artifact/npm_test.ts"], counts: "deno test", alone: true },
  { name: "e2e npm", args: ["run", "--allow-all", "tests/artifact/e2e.ts", "--npm"], counts: "deno test", alone: true },
  {
    name: "e2e file",
    args: ["run", "--allow-all", "tests/artifact/e2e.ts", "--build"],
    counts: "deno test",
    alone: true,
  },
  { name: "trace tests", args: [...EDGE, "tests/memory"], counts: "deno test", alone: true },
  {
    name: "trace",
    args: ["run", "--no-check", "--allow-all", "tests/memory/memory_search.ts"],
    counts: "suite line",
    alone: true,
  },
  // They mostly wait, so three files at a time, but for those that look at milliseconds.
  {
    name: "process",
    args: [...EDGE, "--parallel", "--ignore=tests/process/grid_test.ts,tests/process/pace_test.ts", "tests/process"],
    jobs: 3,
    counts: "deno test",
    alone: true,
  },
  {
    name: "grid",
    args: [...EDGE, "tests/process/grid_test.ts", "tests/process/pace_test.ts"],
    counts: "deno test",
    alone: true,
  },
  {
    name: "doctor cases",
    args: ["run", "--no-check", "--allow-all", "tests/doctor/cases.ts"],
    counts: "suite line",
    alone: true,
  },
  { name: "exporter", args: [...EDGE, "tests/adversary"], counts: "deno test", alone: true },
  {
    name: "adversary",
    args: ["run", "--no-check", "--allow-all", "tests/adversary/adversary.ts"],
    counts: "suite line",
    alone: true,
  },
  {
    name: "soak",
    args: ["run", "--no-check", "--allow-all", "tests/adversary/soak.ts", "--seconds", "30"],
    counts: "suite line",
    alone: true,
  },
  {
    name: "panic",
    args: ["run", "--no-check", "--allow-all", "tests/panic/panic.ts", "--short"],
    counts: "suite line",
    alone: true,
  },
  { name: "demo", args: ["run", "--allow-all", "scripts/demo.ts"], counts: "one check", alone: true },
];

/** A suite that takes longer hangs: it is ended and counts as failed. */
const SUITE_LIMIT_MS = 600_000;

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

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
const SUITE_LINE = /^(?:suite|simulate|trace|models|panic): (\d+) passed, (\d+) failed, (\d+) skipped$/gm;

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
  if (suite.needs !== undefined && !await exists(suite.needs)) {
    show(`SKIPPED: the suite "${suite.name}" needs ${suite.needs}, which is not there.`);
    return { passed: 0, failed: 0, skipped: 1, ms: took() };
  }
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

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch {
    return false;
  }
}

function summary({ name }: Suite, { passed, failed, skipped, ms, wrong }: Result): string {
  const what = `${passed} passed, ${failed} failed, ${skipped} skipped`;
  return `${failed === 0 ? "ok    " : "FAILED"} ${name.padEnd(14)} ${(ms / 1000).toFixed(1).padStart(6)} s   ${what}` +
    (wrong === undefined ? "" : `: ${wrong}`);
}

/** Runs them, `atOnce` at a time, and returns the exit code. The last line that it prints is the sum. */
export async function runAll(
  suites: readonly Suite[],
  atOnce: number,
  print: (line: string) => void,
): Promise<number> {
  const results = new Map<Suite, Result>();
  const work = async (waiting: Suite[], beside: boolean) => {
    for (let suite = waiting.shift(); suite !== undefined; suite = waiting.shift()) {
      const kept: string[] = [];
      if (!beside) print(`--- ${suite.name}`);
      const result = await run(suite, beside ? (line) => kept.push(line) : print);
      if (result.failed > 0 || result.skipped > 0) kept.forEach(print);
      print(summary(suite, result));
      results.set(suite, result);
    }
  };
  const together = atOnce === 1 ? [] : suites.filter(({ alone }) => alone !== true);
  const alone = suites.filter((suite) => !together.includes(suite));
  const queue = [...together];
  await Promise.all(Array.from({ length: atOnce }, () => work(queue, true)));
  await work([...alone], false);
  if (alone.length > 0 && suites.length > 1) {
    print("--- all");
    for (const suite of suites) print(summary(suite, results.get(suite)!));
  }
  const sum = (key: keyof Counts) => [...results.values()].reduce((n, result) => n + result[key], 0);
  print(`tests: ${sum("passed")} passed, ${sum("failed")} failed, ${sum("skipped")} skipped`);
  return sum("failed") > 0 || suites.length === 0 ? 1 : 0;
}

if (import.meta.main) {
  Deno.chdir(new URL("..", import.meta.url));
  const names = Deno.args;
  const unknown = names.filter((name) => name !== "ok" && !SUITES.some((suite) => suite.name === name));
  if (unknown.length > 0) {
    console.error(
      `Could not run ${unknown.join(", ")}. There is no such suite. There are: ok, ${
        SUITES.map((s) => s.name).join(", ")
      }.`,
    );
    Deno.exit(2);
  }
  const gate = names.includes("ok");
  const chosen = SUITES.filter((suite) => names.length === 0 || names.includes(suite.name) || (gate && suite.ok));
  const atOnce = gate || names.length === 0 ? 2 : 1;
  Deno.exit(await runAll(chosen, atOnce, (line) => console.log(line)));
}

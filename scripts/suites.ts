// What is run by `deno task ok`, `deno task test` and `deno task test --all`, as a table. To add a suite, add a row.
// Out of scope: how suites are run and added up (test.ts), what a suite does.

export interface Suite {
  readonly name: string;
  /** What `deno` is called with. */
  readonly args: readonly string[];
  /**
   * Its share of `deno task test`: `true` for the whole, or what `deno` is called with instead. Without it the suite runs
   * with `--all` only.
   */
  readonly quick?: true | readonly string[];
  /**
   * How its results are counted: by deno's own summary of `deno test`; by its last line
   * `suite: N passed, N failed, N skipped`; or as one check, by its exit code.
   */
  readonly counts: "deno test" | "suite line" | "one check";
  /**
   * What may run beside it. `cpu`: it computes, so as many as there are cores. `waits`: it mostly waits, so a few more.
   * `alone`: it measures times, or wants a terminal or the network's limits for itself.
   */
  readonly beside: Beside;
  /** Test files at a time, where `--parallel` is given and not every core is wanted. */
  readonly jobs?: number;
  /** Part of `deno task ok`. */
  readonly ok?: true;
}

/** How a script ends whose every row was skipped: an error for whoever asked for it by name, skips in a run of all. */
export const NOTHING_CHECKED = 3;

/** The exit code of a script with these results. To have run nothing at all is a failure as well. */
export function exitCodeOf({ passed, failed, skipped }: Counts): number {
  if (failed > 0) return 1;
  if (passed > 0) return 0;
  return skipped > 0 ? NOTHING_CHECKED : 1;
}

/** Prints the sum in the line that scripts/test.ts reads, a program's last. Returns its exit code. */
export function tellCounts({ passed = 0, failed = 0, skipped = 0 }: Partial<Counts>): number {
  console.log(`suite: ${passed} passed, ${failed} failed, ${skipped} skipped`);
  return exitCodeOf({ passed, failed, skipped });
}

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export type Beside = "cpu" | "waits" | "alone";

// Types are a suite of their own, so no test run checks them again. Tests of pure code get to read their vectors and
// nothing else, which shows that it is pure; the others start processes with permissions of their own.
const PURE = ["test", "--no-check", "--parallel", "--no-prompt", "--allow-read"];
const EDGE = ["test", "--no-check", "--no-prompt", "--allow-all"];
const RUN = ["run", "--no-check", "--allow-all"];

export const SUITES: readonly Suite[] = [
  { name: "format", args: ["fmt", "--check"], counts: "one check", beside: "cpu", ok: true, quick: true },
  { name: "lint", args: ["lint"], counts: "one check", beside: "cpu", ok: true, quick: true },
  {
    name: "types",
    args: ["check", "main.ts", "src", "tests", "scripts", "bench", "fuzz"],
    counts: "one check",
    beside: "cpu",
    ok: true,
    quick: true,
  },
  {
    name: "worker",
    args: ["run", "--allow-read", "--allow-run", "scripts/bundle_worker.ts", "--check"],
    counts: "one check",
    beside: "cpu",
    ok: true,
    quick: true,
  },
  {
    name: "papers",
    args: [
      ...EDGE,
      "tests/papers",
      "tests/models",
      "tests/mutation",
      "tests/traffic/classify_test.ts",
      "tests/traffic/keys_test.ts",
      "tests/traffic/pcap_test.ts",
      "tests/traffic/planted_test.ts",
      "fuzz/runner",
      "scripts",
      "bench",
    ],
    counts: "deno test",
    beside: "cpu",
    ok: true,
    quick: true,
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
    beside: "cpu",
    ok: true,
    quick: true,
  },
  {
    name: "edges",
    args: [...EDGE, "src/host", "src/transport", "src/words", "src/chat", "src/cli"],
    counts: "deno test",
    beside: "cpu",
    ok: true,
    quick: true,
  },
  { name: "spelling", args: [...RUN, "tests/papers/spelling.ts"], counts: "suite line", beside: "waits" },
  { name: "simulation", args: [...PURE, "tests/simulation"], counts: "deno test", beside: "cpu", quick: true },
  {
    name: "simulate",
    args: ["run", "--allow-read", "--allow-run", "tests/simulation/simulate.ts", "--seeds", "3000"],
    quick: ["run", "--allow-read", "--allow-run", "tests/simulation/simulate.ts", "--seeds", "200"],
    counts: "suite line",
    beside: "cpu",
  },
  {
    name: "circles",
    args: [
      "run",
      "--no-check",
      "--allow-read",
      "--config=tests/simulation/toy/config.json",
      "tests/simulation/circles.ts",
    ],
    counts: "suite line",
    beside: "cpu",
  },
  {
    name: "typos",
    args: ["run", "--no-check", "--allow-read", "tests/phrase/typos_task.ts"],
    counts: "suite line",
    beside: "cpu",
  },
  { name: "fuzz regressions", args: [...EDGE, "fuzz/replay_test.ts"], counts: "deno test", beside: "cpu", quick: true },
  {
    // One each of wire, auth, terminal and cli: `deno task fuzz --planted` has all.
    name: "fuzz planted",
    args: ["run", "--allow-all", "fuzz/fuzz.ts", "--planted", "frame", "phrase", "sanitise", "options"],
    counts: "suite line",
    beside: "cpu",
  },
  {
    name: "mutants by hand",
    args: ["run", "--allow-all", "tests/mutation/mutate.ts", "--handmade"],
    counts: "suite line",
    beside: "cpu",
  },
  {
    name: "models",
    args: ["run", "--allow-all", "tests/models/models.ts"],
    counts: "suite line",
    beside: "cpu",
  },
  {
    // With the packages of its own lock. It looks at no time.
    name: "benchmarks",
    args: [
      ...["run", "--no-check", "--lock=bench/deno.lock", "--frozen", "--allow-all"],
      ...["bench/paper/paper.ts", "--short"],
    ],
    counts: "suite line",
    beside: "cpu",
  },
  { name: "vectors", args: [...EDGE, "tests/vectors"], counts: "deno test", beside: "cpu", quick: true },
  { name: "traffic gate", args: [...EDGE, "tests/traffic/gate_test.ts"], counts: "deno test", beside: "cpu" },
  { name: "transport", args: [...EDGE, "tests/transport"], counts: "deno test", beside: "waits" },
  // They mostly wait, so three files at a time, but for those that look at milliseconds.
  {
    name: "process",
    args: [...EDGE, "--parallel", "--ignore=tests/process/grid_test.ts,tests/process/pace_test.ts", "tests/process"],
    quick: [
      ...EDGE,
      "--parallel",
      "tests/process/bad_input_test.ts",
      "tests/process/phrase_test.ts",
      "tests/process/proxy_test.ts",
      "tests/process/redirected_test.ts",
      "tests/process/terminal_test.ts",
    ],
    jobs: 3,
    counts: "deno test",
    beside: "waits",
  },
  {
    name: "adversary",
    args: [...RUN, "tests/adversary/adversary.ts"],
    quick: [
      ...[...RUN, "tests/adversary/adversary.ts", "--rows"],
      "good peer|another's|resumed|share of the|wrong phrase|wrong mode|KEM|relay|replayed|changed|of a wrong form",
    ],
    counts: "suite line",
    beside: "alone",
  },
  {
    // A quarter of a minute. What it judges is cells and epochs; time has room for a busy machine.
    name: "healing",
    args: [...RUN, "tests/healing/healing.ts", "--interval", "50", "--reveals", "16"],
    counts: "suite line",
    beside: "waits",
  },
  {
    name: "doctor",
    args: [...RUN, "tests/doctor/cases.ts"],
    counts: "suite line",
    beside: "alone",
  },
  {
    name: "screen",
    args: [...EDGE, "tests/screen"],
    quick: [...EDGE, "tests/screen/product_test.ts", "tests/screen/redraw_test.ts", "tests/screen/speech_test.ts"],
    counts: "deno test",
    beside: "waits",
  },
  {
    name: "traffic",
    args: [...EDGE, "tests/traffic/session_test.ts", "tests/traffic/renewals_test.ts"],
    counts: "deno test",
    beside: "alone",
  },
  {
    name: "build",
    args: [...EDGE, "tests/artifact/build_test.ts", "tests/artifact/completions_test.ts"],
    counts: "deno test",
    beside: "alone",
  },
  {
    name: "e2e source",
    args: ["run", "--allow-all", "tests/artifact/e2e.ts"],
    counts: "deno test",
    beside: "alone",
  },
  {
    name: "e2e file",
    args: ["run", "--allow-all", "tests/artifact/e2e.ts", "--build"],
    counts: "deno test",
    beside: "alone",
  },
  { name: "npm", args: [...EDGE, "tests/artifact/npm_test.ts"], counts: "deno test", beside: "cpu" },
  { name: "Debian package", args: [...EDGE, "tests/artifact/deb_test.ts"], counts: "deno test", beside: "cpu" },
  { name: "macos", args: [...EDGE, "tests/macos"], counts: "deno test", beside: "cpu" },
  { name: "windows", args: [...EDGE, "tests/windows/windows_test.ts"], counts: "deno test", beside: "alone" },
  {
    name: "release",
    args: [...EDGE, "tests/artifact/release_test.ts", "tests/artifact/scoop_test.ts"],
    counts: "deno test",
    beside: "cpu",
  },
  {
    name: "e2e npm",
    args: ["run", "--allow-all", "tests/artifact/e2e.ts", "--npm"],
    counts: "deno test",
    beside: "alone",
  },
  { name: "memory tests", args: [...EDGE, "tests/memory"], counts: "deno test", beside: "alone" },
  {
    name: "memory",
    args: [...RUN, "tests/memory/memory_search.ts"],
    quick: [...RUN, "tests/memory/memory_search.ts", "--runs", "prompt,listener"],
    counts: "suite line",
    beside: "alone",
  },
  {
    name: "grid",
    args: [...EDGE, "tests/process/grid_test.ts", "tests/process/pace_test.ts"],
    counts: "deno test",
    beside: "alone",
  },
  { name: "exporter", args: [...EDGE, "tests/adversary"], counts: "deno test", beside: "alone", quick: true },
  {
    name: "soak",
    args: [...RUN, "tests/adversary/soak.ts", "--seconds", "30"],
    counts: "suite line",
    beside: "alone",
  },
  {
    name: "panic",
    args: [...RUN, "tests/panic/panic.ts", "--short"],
    quick: true,
    counts: "suite line",
    beside: "alone",
  },
  { name: "demo", args: ["run", "--allow-all", "scripts/demo.ts"], counts: "one check", beside: "alone", quick: true },
];

// The checks that few people need every day, each under its name.
//
//   deno task check                  lists them
//   deno task check NAME [ARG ...]   runs one, with the arguments that stand at the top of its script
//
// A check that was asked for and could check nothing, because a program is missing, ends with an error.

interface Check {
  /** What `deno` is called with, before the person's arguments. */
  readonly args: readonly string[];
  readonly what: string;
}

const RUN = ["run", "--quiet", "--no-check", "--allow-all"];

const CHECKS: Readonly<Record<string, Check>> = {
  types: { args: ["check", "--quiet", "main.ts", "src", "tests", "scripts", "bench", "fuzz"], what: "types" },
  words: {
    args: ["run", "--quiet", "--allow-read=src/words", "scripts/words.ts"],
    what: "every sentence that the program can say, as one page",
  },
  spelling: {
    args: [...RUN, "tests/papers/spelling.ts"],
    what: "the spelling of the papers and of src/words, by cspell",
  },
  claims: {
    args: [...RUN, "tests/papers/claims.ts"],
    what: "one claim of docs/CLAIMS.md: model, vectors, test, mutant",
  },
  adversary: { args: [...RUN, "tests/adversary/adversary.ts"], what: "hostile peers over real sockets" },
  soak: { args: [...RUN, "tests/adversary/soak.ts"], what: "two people talk while strangers flood the listener" },
  "circle-soak": {
    args: [...RUN, "tests/adversary/circle_soak.ts"],
    what: "five friends talk for hours, roam and sleep, while strangers flood one of them",
  },
  healing: { args: [...RUN, "tests/healing/healing.ts"], what: "how soon real conversations heal after a reveal" },
  simulate: { args: [...RUN, "tests/simulation/simulate.ts"], what: "the network simulator, seed by seed" },
  circles: {
    args: [
      ...["run", "--quiet", "--no-check", "--no-prompt", "--allow-read", "--config=tests/simulation/toy/config.json"],
      "tests/simulation/circles.ts",
    ],
    what: "who hears whom, with 120 orders of coming and going",
  },
  memory: {
    args: [...RUN, "tests/memory/memory_search.ts"],
    what: "copies of secrets in the memory of real processes",
  },
  traffic: {
    args: [...RUN, "tests/traffic/traffic.ts"],
    what: "what traffic reveals to a classifier; --load: what it costs",
  },
  panic: { args: [...RUN, "tests/panic/panic.ts"], what: "how fast F12 is, and what it leaves" },
  screen: { args: ["test", "--no-check", "--allow-all", "tests/screen"], what: "the screen in a real tmux" },
  doctor: { args: [...RUN, "tests/doctor/cases.ts"], what: "the ways in which a call fails, staged in namespaces" },
  onion: { args: [...RUN, "tests/onion/onion.ts"], what: "two processes talk through a Tor network on loopback" },
  reach: { args: [...RUN, "tests/reach/table.ts"], what: "who meets whom behind which kinds of routers, and how fast" },
  vectors: { args: ["run", "--quiet", "--allow-read", "tests/vectors/check.ts"], what: "every value of a vector file" },
  models: { args: [...RUN, "tests/models/models.ts"], what: "the models of the protocol, in ProVerif and Spin" },
  timing: {
    args: ["run", "--quiet", "--allow-read", "fuzz/timing.ts"],
    what: "whether timing reveals anything about a secret",
  },
  typos: { args: [...RUN, "tests/phrase/typos_task.ts"], what: "how many typos of a phrase are caught before a call" },
  strength: {
    args: [...RUN, "--lock=tests/phrase/strength/deno.lock", "tests/phrase/strength.ts"],
    what: "the estimate of a phrase's strength, compared again with zxcvbn-ts",
  },
  e2e: { args: [...RUN, "tests/artifact/e2e.ts"], what: "a built file from end to end" },
  npm: { args: [...RUN, "scripts/release/npm.ts"], what: "the npm package, made into dist/" },
  vm: { args: [...RUN, "tests/artifact/vm.ts"], what: "a built file in a virtual machine: limits, swap, core dumps" },
  "paper-bench": {
    args: ["run", "--quiet", "--no-check", "--lock=bench/deno.lock", "--frozen", "--allow-all", "bench/paper/paper.ts"],
    what: "docs/BENCHMARKS.md, measured and written again",
  },
  picture: { args: [...RUN, "tests/screen/picture.ts"], what: "the README's pictures, made again" },
  idle: { args: [...RUN, "bench/idle.ts"], what: "start to prompt and private memory beside an empty Deno program" },
  worker: { args: [...RUN, "scripts/bundle_worker.ts"], what: "the Argon2id worker, bundled again" },
  launcher: { args: [...RUN, "scripts/release/launcher.ts"], what: "the portable file's launcher, built again" },
};

/** What `deno task check NAME` does, a line each. */
export function listOfChecks(): string {
  return Object.entries(CHECKS).map(([name, { what }]) => `  ${name.padEnd(12)} ${what}`).join("\n");
}

if (import.meta.main) {
  const [name, ...rest] = Deno.args;
  const check = CHECKS[name ?? ""];
  if (check === undefined) {
    const wrong = name === undefined ? "" : `Could not check ${name}. There is no such check.\n`;
    console.error(`${wrong}deno task check NAME [ARG ...]\n${listOfChecks()}`);
    Deno.exit(name === undefined ? 0 : 2);
  }
  const command = new Deno.Command(Deno.execPath(), {
    args: [...check.args, ...rest],
    env: { DENO_NO_UPDATE_CHECK: "1" },
  });
  Deno.exit((await command.spawn().status).code);
}

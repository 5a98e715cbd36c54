// What waiting costs: the time from the start of a process to its prompt, and the private memory of a listener that
// nobody calls, each beside an empty Deno program in the same run. Linux, with script(1).
//
//   deno run --allow-all bench/idle.ts [COMMAND ...]     the source, and each COMMAND: a portable file, or `sesame` of npm,
//                                                        or that behind a Node of one's own: "NODE SESAME"
//
// Figures from one run can be compared with each other, but not with another run's. Out of scope: the paper
// (bench/paper).

import { Child, pause, shownMs } from "../tests/harness/child.ts";
import { PRODUCT, productEnvironment } from "../tests/harness/product.ts";

const ROUNDS = 15;
/** V8 gives the memory of the worker that stretched the phrase back after half a minute. */
const IDLE_MS = [2_000, 60_000];
const PHRASE = "correct horse battery staple\n";

interface Program {
  readonly label: string;
  readonly command: readonly string[];
  readonly env: Record<string, string>;
}

const home = await Deno.makeTempDir({ prefix: "sesame-idle-" });
const env = productEnvironment(home);
const programs: Program[] = [
  { label: "from source", command: [Deno.execPath(), ...PRODUCT], env },
  ...Deno.args.map((line) => ({
    label: line,
    command: line.split(" "),
    env: { PATH: Deno.env.get("PATH") ?? "", HOME: home },
  })),
];
const DENO = [Deno.execPath(), "run", "--quiet", "--no-check", "--allow-net"];

async function empty(name: string, text: string): Promise<readonly string[]> {
  await Deno.writeTextFile(`${home}/${name}.ts`, text);
  return [...DENO, `${home}/${name}.ts`];
}

/** MiB that are nobody else's, after each of the times. */
async function anonymous({ command, env }: Pick<Program, "command" | "env">, input: string): Promise<number[]> {
  await using child = new Child(command, { env });
  await child.write(input);
  await child.until(/"stretching","done":true|^empty listens/m);
  const figures: number[] = [];
  let before = 0;
  for (const ms of IDLE_MS) {
    await pause(ms - before);
    before = ms;
    // The npm package's launcher may be the parent.
    const children = Deno.readTextFileSync(`/proc/${child.pid}/task/${child.pid}/children`).trim();
    const status = Deno.readTextFileSync(`/proc/${children.split(" ")[0] || child.pid}/status`);
    figures.push(Number(/^RssAnon:\s+(\d+) kB/m.exec(status)?.[1]) / 1024);
  }
  return figures;
}

const middle = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1] ?? NaN;

try {
  const nothing = await empty("nothing", 'Deno.stdout.writeSync(new TextEncoder().encode("ready"));');
  const times = new Map<string, number[]>();
  const note = (label: string, ms: number) => void times.set(label, [...(times.get(label) ?? []), ms]);
  for (let i = 0; i < ROUNDS; i++) {
    note("empty", await shownMs(nothing, env, /ready/));
    for (const program of programs) {
      const command = [...program.command, "listen", "127.0.0.1:0"];
      note(program.label, await shownMs(command, program.env, /nothing shows while you type/));
    }
  }
  const base = middle(times.get("empty") ?? []);
  console.log(`start to prompt, medians of ${ROUNDS}: an empty Deno program ${base.toFixed(0)} ms`);
  for (const { label } of programs) {
    const ms = middle(times.get(label) ?? []);
    console.log(`  ${label}: ${ms.toFixed(0)} ms, ${(ms / base).toFixed(2)} times`);
  }
  const listens = 'console.log("empty listens");';
  const listeners: [string, string][] = [
    ["Deno.listen", `Deno.listen({ hostname: "127.0.0.1", port: 0 }).accept(); ${listens}`],
    [
      "node:net",
      `import { createServer } from "node:net"; createServer().listen(0, "127.0.0.1", () => { ${listens} });`,
    ],
  ];
  console.log(`private memory (RssAnon) after ${IDLE_MS.map((ms) => `${ms / 1000} s`).join(" and ")}, MiB:`);
  const show = (label: string, figures: readonly number[]) =>
    console.log(`  ${label}: ${figures.map((mib) => mib.toFixed(1)).join(", ")}`);
  for (const [name, text] of listeners) {
    show(`empty, ${name}`, await anonymous({ command: await empty("listens", text), env }, ""));
  }
  for (const program of programs) {
    const command = [...program.command, "listen", "127.0.0.1:0", "--json", "--phrase-fd", "0"];
    show(program.label, await anonymous({ ...program, command }, PHRASE));
  }
} finally {
  await Deno.remove(home, { recursive: true });
}

// The models of the protocol (docs/models): handshake and ratchet in ProVerif, connections and messages in Spin.
//
//   deno task check models                    the rows that are quick by the seconds in the table, or not measured: CI's share
//   deno task check models --all              every row
//   deno task check models --rows "TEXT|..."  the rows whose name holds one of the texts
//
// Each row of docs/models/expected.txt is run, and the result is compared with the expected one. Spin is needed on PATH
// (or in $SPIN) with a C compiler ($CC or `cc`), ProVerif 2.05 on PATH or in $PROVERIF; nothing is built here but
// Spin's own verifiers. Rows of a tool that is missing are skipped, loudly. $LIMIT: seconds a row may take (300);
// $JOBS: rows at once. The last line is `suite: N passed, N failed, N skipped`. Out of scope: what a model says (docs/models/README.md), which line of code it stands for
// (docs/models/code.json).

import { TemporaryFolder } from "../../scripts/release/files.ts";
import { fileURLToPath } from "node:url";
import { tellCounts } from "../../scripts/suites.ts";
import { ran } from "../harness/command.ts";

export type Row =
  | {
    readonly tool: "proverif";
    /** The folder of docs/models. */
    readonly model: "proverif" | "ratchet";
    /** Names distinguished as finely as ProVerif can, to put attacks together; else less finely, which is sound for "true". */
    readonly fine: boolean;
    readonly switches: string;
    /** Undefined: that model has none. */
    readonly mask: string | undefined;
    readonly query: string;
    readonly expected: string;
    readonly seconds: number | undefined;
  }
  | {
    readonly tool: "spin";
    readonly model: string;
    readonly switches: string;
    readonly expected: string;
    /** As measured on two cores; undefined: never measured here. */
    readonly seconds: number | undefined;
  };

/** CI's share: rows measured at no more than this, 29 of Spin's, 56 s of one core in all. */
export const QUICK_SECONDS = 8;

const MODELS = fileURLToPath(new URL("../../docs/models", import.meta.url));

/** The table of expected results. Throws an Error for a line that is none. */
export function parseTable(text: string): Row[] {
  return text.split("\n").filter((line) => line !== "" && !line.startsWith("#")).map((line) => {
    const fields = line.split("|");
    const time = fields.at(-1)!;
    const seconds = time === "?" ? undefined : Number(time);
    const [kind, a, b, c] = fields;
    if (!/^(\d+|\?)$/.test(time) || a === undefined || b === undefined || c === undefined) throw new Error(line);
    if (kind === "spin" && fields.length === 5) return { tool: "spin", model: a, switches: b, expected: c, seconds };
    if ((kind === "pv" || kind === "pvx") && fields.length === 6) {
      const [model, fine, expected] = ["proverif" as const, kind === "pvx", fields[4]!];
      return { tool: "proverif", model, fine, switches: a, mask: b, query: c, expected, seconds };
    }
    if (kind === "ratchet" && fields.length === 5) {
      const [model, fine, mask] = ["ratchet" as const, true, undefined];
      return { tool: "proverif", model, fine, switches: a, mask, query: b, expected: c, seconds };
    }
    throw new Error(`not a row of the table: ${line}`);
  });
}

export function nameOf(row: Row): string {
  return row.tool === "spin"
    ? `${row.model} [${row.switches === "" ? "as it stands" : row.switches}]`
    : `${row.query} [${row.mask === undefined ? row.model : row.switches}, ${row.mask ?? row.switches}]`;
}

/** ProVerif's output: one word a query. Nothing else of it counts. */
export function proverifVerdict(output: string): string {
  const words = output.split("\n").flatMap((line) => {
    if (!line.startsWith("RESULT") || line.startsWith("RESULT (")) return [];
    if (line.endsWith(" is true.")) return ["true"];
    if (line.endsWith(" is false.")) return ["false"];
    return [line.endsWith(" cannot be proved.") ? "unproved" : line];
  });
  return words.length === 0 ? "none" : words.join(" ");
}

/** Output and exit code of Spin's verifier: `holds`, what failed, or `incomplete` when not every state was seen. */
export function spinVerdict(output: string, code: number): string {
  const violated = /^pan:1: assertion violated (.*)$/m.exec(output)?.[1];
  if (violated !== undefined) return FAILURES.find(([text]) => text.test(violated))?.[1] ?? "fails:other";
  const whole = code === 0 && /errors: 0$/m.test(output) &&
    !/max search depth too small|out of memory|Search not completed/.test(output);
  return whole ? "holds" : "incomplete";
}

/** By the text of the assertion, the first that fits. */
const FAILURES: readonly (readonly [text: RegExp, verdict: string])[] = [
  [/n0==1|cur/, "fails:apart"], // not both on the same one connection
  [/said/, "fails:said"], // said to be undelivered, yet shown
  [/shown.*==1/, "fails:twice"], // shown twice
  [/acked.*\|\|/, "fails:unshown"], // confirmed, yet not shown
  [/acked/, "fails:undelivered"], // not everything shown and confirmed in the end
];

/** With code 124 where the time was over. */
async function run(program: string, args: readonly string[], cwd: string, limitMs: number) {
  const signal = AbortSignal.timeout(limitMs);
  const { said, code } = await ran([program, ...args], { cwd, signal });
  return { output: said, code: signal.aborted ? 124 : code };
}

interface Tools {
  readonly proverif: string | undefined;
  readonly spin: string | undefined;
  readonly cc: string | undefined;
}

/** A tool is there if it starts. It is started in other folders, so a path is made a whole one. */
async function find(wanted: string, version: string): Promise<string | undefined> {
  try {
    const name = wanted.includes("/") ? await Deno.realPath(wanted) : wanted;
    await new Deno.Command(name, { args: [version], stdin: "null", stdout: "null", stderr: "null" }).output();
    return name;
  } catch {
    return undefined;
  }
}

async function verdict(row: Row, tools: Tools, limitMs: number): Promise<string> {
  using folder = new TemporaryFolder("model");
  return row.tool === "spin"
    ? await runSpin(row, tools.spin!, tools.cc!, folder.path, limitMs)
    : await runProverif(row, tools.proverif!, folder.path, limitMs);
}

async function runSpin(
  row: Row & { tool: "spin" },
  spin: string,
  cc: string,
  folder: string,
  limitMs: number,
): Promise<string> {
  const switches = row.switches.split(" ").filter((word) => word !== "");
  const made = await run(spin, ["-a", ...switches, `${MODELS}/spin/${row.model}.pml`], folder, limitMs);
  const options = ["-O1", "-w", "-DSAFETY", "-DCOLLAPSE", "-DVECTORSZ=4096", "-o", "pan", "pan.c"];
  if (made.code !== 0 || (await run(cc, options, folder, limitMs)).code !== 0) return "broken";
  const { output, code } = await run(`${folder}/pan`, ["-m2000000"], folder, limitMs);
  return spinVerdict(output, code);
}

async function runProverif(
  row: Row & { tool: "proverif" },
  proverif: string,
  folder: string,
  limitMs: number,
): Promise<string> {
  const libraries = filesOf(row).slice(0, -1);
  const model = `${MODELS}/${row.model}`;
  if (row.model === "proverif") {
    const roles = await Deno.readTextFile(`${model}/roles.pvl`);
    // The names mr and mk are distinguished less finely by their annotations; without them as finely as ProVerif can.
    const text = row.fine ? roles.replace(/\[[A-Za-z,]*\]: (mrnd|msec)/g, ": $1") : roles;
    await Deno.writeTextFile(`${folder}/roles.pvl`, text);
    libraries[libraries.indexOf("roles.pvl")] = `${folder}/roles.pvl`;
  }
  const args = [...libraries.flatMap((file) => ["-lib", file]), `${row.query}.pv`];
  return proverifVerdict((await run(proverif, args, model, limitMs)).output);
}

/** The files of its folder that a row needs, in the order in which ProVerif reads them; the question is the last. */
export function filesOf({ mask, switches, query }: Row & { tool: "proverif" }): string[] {
  const masks = mask === undefined ? [] : [`mask-${mask}.pvl`];
  // Agreement on one renewal is asked of a session that has one: with three ProVerif is too slow.
  const roles = query === "q-agree1" ? "roles-one.pvl" : "roles.pvl";
  return ["crypto.pvl", ...masks, `cfg-${switches}.pvl`, roles, `${query}.pv`];
}

async function main(args: readonly string[]): Promise<number> {
  const rows = parseTable(await Deno.readTextFile(`${MODELS}/expected.txt`));
  const at = args.indexOf("--rows");
  const texts = at < 0 ? undefined : args[at + 1]?.split("|") ?? [];
  const wanted = (row: Row) =>
    texts !== undefined
      ? texts.some((text) => nameOf(row).includes(text))
      : args.includes("--all") || (row.seconds ?? 0) <= QUICK_SECONDS;
  const chosen = rows.filter(wanted);
  const tools: Tools = {
    proverif: await find(Deno.env.get("PROVERIF") ?? "proverif", "--help"),
    spin: await find(Deno.env.get("SPIN") ?? "spin", "-V"),
    cc: await find(Deno.env.get("CC") ?? "cc", "--version"),
  };
  const runnable = (row: Row) =>
    row.tool === "spin" ? tools.spin !== undefined && tools.cc !== undefined : tools.proverif !== undefined;
  const sum = { passed: 0, failed: 0, skipped: chosen.filter((row) => !runnable(row)).length };
  const missing = Object.entries(tools).flatMap(([name, found]) => found === undefined ? [name] : []);
  if (sum.skipped > 0) console.log(`SKIPPED: ${sum.skipped} rows, because of ${missing.join(" and ")}, not found.`);

  const limitMs = 1000 * Number(Deno.env.get("LIMIT") ?? 300);
  const waiting = chosen.filter(runnable).sort((a, b) => (b.seconds ?? 0) - (a.seconds ?? 0));
  const work = async () => {
    for (let row = waiting.shift(); row !== undefined; row = waiting.shift()) {
      const began = performance.now();
      const got = await verdict(row, tools, limitMs);
      const seconds = Math.round((performance.now() - began) / 1000);
      sum[got === row.expected ? "passed" : "failed"]++;
      const mark = got === row.expected ? "ok     " : "DIFFERS";
      const words = `expected: ${row.expected.padEnd(18)} got: ${got.padEnd(18)}`;
      console.log(`${mark} ${nameOf(row).padEnd(78)} ${words} ${String(seconds).padStart(4)} s`);
    }
  };
  const jobs = Number(Deno.env.get("JOBS") ?? Math.min(2, navigator.hardwareConcurrency));
  await Promise.all(Array.from({ length: jobs }, work));
  const left = rows.length - chosen.length;
  if (left > 0) console.log(`(${left} more rows of the table were not asked for; --all runs them.)`);
  return tellCounts(sum);
}

if (import.meta.main) Deno.exit(await main(Deno.args));

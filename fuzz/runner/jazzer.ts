// Running one target under Jazzer.js (libFuzzer for node): its tools installed once into dist/fuzz, the target bundled by
// Deno and compiled for node, the fuzzer started for so many seconds, and what it said read.
// Out of scope: which targets there are (fuzz/targets.ts), planted bugs (planted.ts), the command line (fuzz/fuzz.ts).

import { cpSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Target } from "../target.ts";
import { ran } from "../../tests/harness/command.ts";

export const ROOT: string = fileURLToPath(new URL("../..", import.meta.url));
export const DIST: string = `${ROOT}dist/fuzz`;

export interface Outcome {
  readonly runs: number;
  readonly seconds: number;
  /** Edges of the bundle that were reached, and features: edges with how often they were taken, and compared values. */
  readonly edges: number;
  readonly features: number;
  readonly inputs: number;
  /** The message of what was thrown, and where the input is. */
  readonly finding?: { readonly message: string; readonly file: string };
  /** It did not run as it should. */
  readonly broken?: string;
}

/** Installs the tools if they are not there. A sentence: why they cannot be had. */
export async function install(): Promise<string | undefined> {
  const lock = await Deno.readTextFile(`${ROOT}fuzz/runner/tools-lock.json`);
  const stamp = `${DIST}/installed`;
  try {
    if (await Deno.readTextFile(stamp) === lock) return undefined;
  } catch {
    // Not installed yet.
  }
  await Deno.mkdir(DIST, { recursive: true });
  // Not named package.json where they are kept: Deno would take that folder for a project of its own.
  cpSync(`${ROOT}fuzz/runner/tools.json`, `${DIST}/package.json`);
  cpSync(`${ROOT}fuzz/runner/tools-lock.json`, `${DIST}/package-lock.json`);
  try {
    const { code, output } = await run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], DIST, 300_000);
    if (code !== 0) {
      return `npm could not install them: ${output.trim().split("\n").at(-1)}`;
    }
  } catch {
    return "npm is not on PATH";
  }
  await Deno.writeTextFile(stamp, lock);
  return undefined;
}

/** One file of JavaScript for node, made from the project in `root`. Throws an Error with what the tools said. */
export async function bundle(
  name: string,
  root: string,
  into: string,
): Promise<void> {
  const entry = `${into}.entry.ts`;
  const source = `import { target } from ${JSON.stringify(`${root}/fuzz/targets/${name}.ts`)};\n` +
    "export const make = () => target.make();\n";
  await Deno.writeTextFile(entry, source);
  const bundled = `${into}.bundle.mjs`;
  const bundling = ["bundle", "--quiet", "--format", "esm", "--platform", "deno", "-c", `${root}/deno.json`];
  await worked(Deno.execPath(), [...bundling, "-o", bundled, entry], root);
  // Node 20 has no `using` and gives a module of CommonJS no import.meta, which libsodium asks for.
  const banner = 'const __url = require("node:url").pathToFileURL(__filename).href;';
  const compiling = ["--target=node20", "--platform=node", "--format=cjs", "--log-level=warning"];
  const meta = ["--define:import.meta.url=__url", `--banner:js=${banner}`];
  await worked(`${DIST}/node_modules/.bin/esbuild`, [bundled, ...compiling, ...meta, `--outfile=${into}`], root);
}

async function worked(
  program: string,
  args: readonly string[],
  cwd: string,
): Promise<void> {
  const { code, output } = await run(program, args, cwd, 120_000);
  if (code !== 0) {
    throw new Error(`${program.split("/").at(-1)} ${args[0]}: ${output.slice(-800)}`);
  }
}

export interface FuzzOptions {
  /** The file that `bundle` made. */
  readonly file: string;
  /** Where new inputs are kept; then further folders to begin with. */
  readonly corpora: readonly string[];
  readonly findings: string;
  readonly seconds: number;
  /** 0: another one each time. */
  readonly seed?: number;
}

export async function fuzz(
  target: Target,
  options: FuzzOptions,
): Promise<Outcome> {
  const { file, corpora, findings, seconds, seed = 0 } = options;
  for (const folder of [...corpora, findings]) {
    await Deno.mkdir(folder, { recursive: true });
  }
  const dictionary = `${file}.dict`;
  await Deno.writeTextFile(dictionary, dictionaryOf(target));
  cpSync(`${ROOT}fuzz/runner/node.mjs`, `${DIST}/node.mjs`);
  const args = [
    `${DIST}/node_modules/@jazzer.js/core/dist/cli.js`,
    `${DIST}/node.mjs`,
    ...corpora,
    // Only the bundle is instrumented, and Jazzer's own detectors (for servers) look for nothing that is here.
    ...["-i", file.split("/").at(-1)!, "--sync", "--disableBugDetectors", ".*", "--"],
    `-max_total_time=${seconds}`,
    `-max_len=${target.maxLength}`,
    `-dict=${dictionary}`,
    `-artifact_prefix=${findings}/`,
    // Inputs of any length from the beginning; a run that takes 20 s hangs; memory is bounded.
    ...["-len_control=0", "-timeout=20", "-rss_limit_mb=2048", "-print_final_stats=1", `-seed=${seed}`],
  ];
  const began = performance.now();
  const env = { SESAME_FUZZ_TARGET: file };
  const { code, output } = await run("node", args, DIST, (seconds + 120) * 1000, env);
  return read(output, code, (performance.now() - began) / 1000);
}

/** What libFuzzer and Jazzer.js print. */
export function read(output: string, code: number, took: number): Outcome {
  const states = [
    ...output.matchAll(/^#(\d+)\t\w+\s+cov: (\d+) ft: (\d+) corp: (\d+)\//gm),
  ];
  const last = states.at(-1)?.slice(1).map(Number) ?? [0, 0, 0, 0];
  const [runs = 0, edges = 0, features = 0, inputs = 0] = last;
  const done = /^Done (\d+) runs in (\d+) second/m.exec(output);
  const all = Number(done?.[1] ?? /number_of_executed_units: (\d+)/.exec(output)?.[1] ?? runs);
  const outcome = { runs: all, seconds: Math.max(1, Number(done?.[2] ?? took)), edges, features, inputs };
  const file = /Test unit written to (\S+)/.exec(output)?.[1];
  if (file !== undefined) {
    const message = /(?:Uncaught Exception: |^)(\w*(?:Error|Promise|Exhausted|Violation): .*)$/m
      .exec(output)?.[1] ??
      /ERROR: libFuzzer: (.*)/.exec(output)?.[1];
    return { ...outcome, finding: { message: message ?? "it failed", file } };
  }
  if (done !== null && code === 0) return outcome;
  return { ...outcome, broken: output.trim().split("\n").slice(-12).join("\n") };
}

/** In libFuzzer's form: a token a line, in quotes, what is not plain as \xHH. */
export function dictionaryOf(target: Target): string {
  const lines = target.dictionary.map((token) => {
    const bytes = typeof token === "string" ? new TextEncoder().encode(token) : token;
    const text = Array.from(bytes, (byte) => {
      const plain = byte > 0x20 && byte < 0x7f && byte !== 0x22 &&
        byte !== 0x5c;
      return plain ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, "0")}`;
    });
    return `"${text.join("")}"`;
  });
  return lines.join("\n") + "\n";
}

async function run(
  program: string,
  args: readonly string[],
  cwd: string,
  limitMs: number,
  env: Record<string, string> = {},
): Promise<{ code: number; output: string }> {
  const { code, said } = await ran([program, ...args], {
    cwd,
    env: { ...env, NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
    signal: AbortSignal.timeout(limitMs),
  });
  return { code, output: said };
}

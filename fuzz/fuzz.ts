// The fuzzers: bytes that nobody would send, millions of them, against promises and not only against crashes.
//
//   deno task fuzz TARGET... [--minutes N]   coverage-guided, N minutes each (default: 1), two at a time
//   deno task fuzz --all [--minutes N]       every target
//   deno task fuzz --planted [TARGET...]     plants a bug in reach of each in a copy of the project: it must be found in a minute
//   deno task fuzz TARGET... --seeds         writes the target's own first inputs into fuzz/corpus
//
// The fuzzer is Jazzer.js (libFuzzer) under node: the first run installs it into dist/fuzz by npm, as pinned in
// fuzz/runner/tools-lock.json. Without node, npm or the network every target counts as skipped, loudly. What was found
// in a run stays in dist/fuzz/corpus and is where the next begins. A finding is a file in dist/fuzz/findings: copy it
// to fuzz/regressions/TARGET, fix the bug, and from then on fuzz/replay_test.ts replays it, under Deno and without the
// fuzzer. The last line is `suite: N passed, N failed, N skipped`.

import { tellCounts } from "../scripts/suites.ts";
import { createHash } from "node:crypto";
import { ProjectCopy, Unplantable } from "../tests/harness/project_copy.ts";
import { load, TARGETS } from "./targets.ts";
import { bundle, DIST, fuzz, install, type Outcome, ROOT } from "./runner/jazzer.ts";
import { PLANTED, type Planted } from "./runner/planted.ts";

const AT_ONCE = 2;
/** A planted bug must be found within this. */
const PLANTED_SECONDS = 60;
const NODE_LACKS = /^ReferenceError|is not a (function|constructor)$/;

interface Sum {
  passed: number;
  failed: number;
}

async function each<T>(
  items: readonly T[],
  act: (item: T) => Promise<boolean>,
): Promise<Sum> {
  const waiting = [...items];
  const sum = { passed: 0, failed: 0 };
  const work = async () => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) {
      sum[await act(item) ? "passed" : "failed"]++;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return sum;
}

async function one(name: string, seconds: number): Promise<boolean> {
  const target = await load(name);
  const file = `${DIST}/${name}.cjs`;
  await bundle(name, ROOT.replace(/\/$/, ""), file);
  const outcome = await fuzz(target, {
    file,
    corpora: [`${DIST}/corpus/${name}`, `${ROOT}fuzz/corpus/${name}`, `${ROOT}fuzz/regressions/${name}`],
    findings: `${DIST}/findings/${name}`,
    seconds,
  });
  const good = outcome.finding === undefined && outcome.broken === undefined;
  console.log(
    `${good ? "ok     " : "FAILED "} ${name.padEnd(13)} ${figures(outcome)}${trouble(outcome)}`,
  );
  return good;
}

function figures({ runs, seconds, edges, features, inputs }: Outcome): string {
  const number = (n: number, width: number) => n.toLocaleString("en").padStart(width);
  const speed = number(Math.round(runs / seconds), 7);
  return `${number(runs, 10)} runs in ${number(Math.round(seconds), 3)} s, ${speed} a second, ` +
    `${number(edges, 6)} edges and ${number(features, 6)} features reached by ${number(inputs, 5)} inputs`;
}

function trouble({ finding, broken }: Outcome): string {
  if (finding !== undefined) {
    return `\n        ${finding.message}\n        by ${finding.file}`;
  }
  return broken === undefined ? "" : `\n${broken}`;
}

async function planted({ target, bug, file, text, without }: Planted): Promise<boolean> {
  using copy = new ProjectCopy("fuzz", "tests");
  const began = performance.now();
  try {
    copy.plant(file, text, () => without);
  } catch (error) {
    if (!(error instanceof Unplantable)) throw error;
    console.log(`FAILED  ${target.padEnd(13)} ${bug}: ${error.message}`);
    return false;
  }
  const bundled = `${copy.folder}/${target}.cjs`;
  await bundle(target, copy.folder, bundled);
  const options = {
    file: bundled,
    // Only what is committed: an input that a run here has found may be the bug's own.
    corpora: [`${copy.folder}/found`, `${ROOT}fuzz/corpus/${target}`],
    findings: `${copy.folder}/findings`,
    seconds: PLANTED_SECONDS,
  };
  const outcome = await fuzz(await load(target), options);
  const seconds = ((performance.now() - began) / 1000).toFixed(0).padStart(3);
  // What node does not know is no finding: it would be there without the bug too.
  const finding = NODE_LACKS.test(outcome.finding?.message ?? "") ? undefined : outcome.finding;
  const found = finding === undefined ? `not found; ${figures(outcome)}${trouble(outcome)}` : finding.message;
  const mark = finding === undefined ? "FAILED " : "ok     ";
  console.log(`${mark} ${target.padEnd(13)} ${seconds} s  planted: ${bug}\n${" ".repeat(29)}found: ${found}`);
  return finding !== undefined;
}

async function writeSeeds(names: readonly string[]): Promise<void> {
  for (const name of names) {
    const folder = `${ROOT}fuzz/corpus/${name}`;
    await Deno.mkdir(folder, { recursive: true });
    for (const seed of await (await load(name)).seeds()) {
      const hash = createHash("sha1").update(seed).digest("hex").slice(0, 16);
      await Deno.writeFile(`${folder}/${hash}`, seed);
    }
  }
}

async function main(args: readonly string[]): Promise<number> {
  const at = args.indexOf("--minutes");
  const minutes = at < 0 ? 1 : Number(args[at + 1]);
  const named = args.filter((arg, n) => !arg.startsWith("--") && (at < 0 || n !== at + 1));
  const unknown = named.filter((name) => !TARGETS.includes(name));
  const chosen = args.includes("--all") || (named.length === 0 && args.includes("--planted")) ? TARGETS : named;
  if (unknown.length > 0 || chosen.length === 0 || !(minutes > 0)) {
    console.error(
      `Could not fuzz. Name targets (${TARGETS.join(", ")}) or say --all, and --minutes N.`,
    );
    return 2;
  }
  if (args.includes("--seeds")) {
    await writeSeeds(chosen);
    return 0;
  }
  const missing = await install();
  let sum: Sum = { passed: 0, failed: 0 };
  if (missing !== undefined) {
    console.log(`SKIPPED: all ${chosen.length} targets, because of the fuzzer's tools: ${missing}.`);
  } else if (args.includes("--planted")) {
    sum = await each(PLANTED.filter((p) => chosen.includes(p.target)), planted);
  } else sum = await each(chosen, (name) => one(name, Math.ceil(60 * minutes)));
  const skipped = missing === undefined ? 0 : chosen.length;
  return tellCounts({ ...sum, skipped });
}

if (import.meta.main) Deno.exit(await main(Deno.args));

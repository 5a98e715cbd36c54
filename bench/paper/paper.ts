// `deno task check paper-bench`: measures Sesame beside what people would pick instead, and writes docs/BENCHMARKS.md and its plots.
//
//   deno task check paper-bench               everything, about 15 minutes on a quiet machine
//   deno task check paper-bench SECTION...    starts, room, mesh, meet, primitives: some of it, kept in dist/bench. The page is written
//                                       when all five were measured of this Sesame on this machine
//   deno task check paper-bench --page        the page and plots again from docs/bench/figures.json, nothing measured
//   deno task check paper-bench --short       all of it as small as it goes, nothing kept: does the script work, and is the
//                                       committed page what the committed figures give? (for scripts/test.ts)
//
// No test looks at a time. A program that is not there costs its rows, which say so.

import { tellCounts } from "../../scripts/suites.ts";
import { fetchDependencies } from "../../tests/harness/product.ts";
import { machineHere } from "./machine.ts";
import { meet } from "./meet.ts";
import { mesh } from "./mesh.ts";
import { type Machine, type Measured, page, rowsOf, type Run } from "./page.ts";
import { plots } from "./plot.ts";
import { primitives } from "./primitives.ts";
import { room } from "./room.ts";
import type { Section } from "./section.ts";
import { Ssh } from "./ssh.ts";
import { starts } from "./starts.ts";
import { Wormhole } from "./wormhole.ts";

const DOCS = new URL("../../docs/", import.meta.url);
const FIGURES = new URL("bench/figures.json", DOCS);
const KEPT = new URL("../../dist/bench/", import.meta.url);

interface Beside {
  readonly ssh: Ssh | string;
  readonly wormhole: Wormhole | string;
}

const SECTIONS: Readonly<Record<string, (beside: Beside, short: boolean) => Promise<Section>>> = {
  starts: ({ ssh, wormhole }, short) => starts(ssh, wormhole, short ? 1 : 20),
  room: ({ ssh }, short) =>
    room(
      ssh,
      short
        ? { sizes: [1, 2, 4], starts: 1, windowMs: 300, messages: 1, settleMs: 100 }
        : { sizes: [1, 2, 4, 8, 16, 32, 64], starts: 3, windowMs: 6_000, messages: 10, settleMs: 1_500 },
    ),
  mesh: (_, short) =>
    mesh(
      short
        ? { sizes: [1, 2], windowMs: 300, messages: 1, settleMs: 100 }
        : { sizes: [1, 2, 4, 8, 12, 16], windowMs: 6_000, messages: 10, settleMs: 1_500 },
    ),
  meet: (_, short) => meet(short ? 1 : 10),
  primitives: (_, short) => primitives(!short, short ? 0.05 : 1),
};

async function main(args: readonly string[]): Promise<number> {
  const named = args.filter((arg) => !arg.startsWith("--"));
  const unknown = named.filter((name) => SECTIONS[name] === undefined);
  if (unknown.length > 0) {
    console.error(`Could not measure ${unknown.join(", ")}. The sections are ${Object.keys(SECTIONS).join(", ")}.`);
    return 2;
  }
  if (args.includes("--page")) {
    await write(JSON.parse(await Deno.readTextFile(FIGURES)));
    return 0;
  }
  await fetchDependencies();
  if (args.includes("--short")) return await short();
  await Deno.mkdir(KEPT, { recursive: true });
  await withOthers(async (beside, machine) => {
    for (const name of named.length === 0 ? Object.keys(SECTIONS) : named) {
      const kept: Kept = { machine, measured: await measured(name, beside, false) };
      await Deno.writeTextFile(new URL(`${name}.json`, KEPT), JSON.stringify(kept));
      console.log(`${name}: measured in ${kept.measured.seconds} s`);
    }
  });
  const run = await merged();
  if (typeof run === "string") console.log(`No page yet: ${run}`);
  else await write(run);
  return 0;
}

/** What a section left in dist/bench. */
interface Kept {
  readonly machine: Machine;
  readonly measured: Measured;
}

/** A sentence where the sections do not make one run. */
async function merged(): Promise<Run | string> {
  const all: [string, Kept][] = [];
  for (const name of Object.keys(SECTIONS)) {
    try {
      all.push([name, JSON.parse(await Deno.readTextFile(new URL(`${name}.json`, KEPT)))]);
    } catch {
      return `${name} was not measured.`;
    }
  }
  const machine = all[0]![1].machine;
  if (all.some(([, kept]) => JSON.stringify(kept.machine) !== JSON.stringify(machine))) {
    return "the sections were measured of different Sesames, or beside different programs.";
  }
  return { machine, sections: Object.fromEntries(all.map(([name, kept]) => [name, kept.measured])) };
}

async function withOthers<T>(act: (beside: Beside, machine: Machine) => Promise<T>): Promise<T> {
  const beside = { ssh: await Ssh.make(), wormhole: await Wormhole.make() };
  const present = Object.values(beside).filter((other) => typeof other !== "string");
  try {
    return await act(beside, await machineHere(present.map(({ version }) => version)));
  } finally {
    for (const other of present) await other[Symbol.asyncDispose]();
  }
}

async function measured(name: string, beside: Beside, short: boolean): Promise<Measured> {
  const load = Number(Deno.loadavg()[0]!.toFixed(1));
  const began = performance.now();
  const section = await SECTIONS[name]!(beside, short);
  const measured = { seconds: Math.round((performance.now() - began) / 1000), load, ...section };
  return JSON.parse(JSON.stringify(measured, (_, value) => typeof value === "number" ? rounded(value) : value));
}

/** Four digits that count. */
function rounded(value: number): number {
  return Number.isInteger(value) ? value : Number(value.toPrecision(4));
}

async function write(run: Run): Promise<void> {
  await Deno.mkdir(new URL("bench/", DOCS), { recursive: true });
  await Deno.writeTextFile(FIGURES, `${JSON.stringify(run, null, 1)}\n`);
  for (const [name, text] of await files(run)) await Deno.writeTextFile(new URL(name, DOCS), text);
  console.log("Written: docs/BENCHMARKS.md, docs/bench/.");
}

/** What a run is in docs/, by name. */
async function files(run: Run): Promise<[name: string, text: string][]> {
  const svgs = [...await plots(run)].map(([name, svg]) => [`bench/${name}`, svg] as [string, string]);
  return [["BENCHMARKS.md", page(run)], ...svgs];
}

// --- The short form -------------------------------------------------------------------------------------------------

async function short(): Promise<number> {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const check = async (what: string, act: () => unknown) => {
    const began = performance.now();
    try {
      await act();
      counts.passed++;
      console.log(`ok      ${what} (${((performance.now() - began) / 1000).toFixed(1)} s)`);
    } catch (error) {
      counts.failed++;
      console.log(`FAILED  ${what}: ${error}`);
    }
  };
  await withOthers(async (beside, machine) => {
    for (const [name, other] of Object.entries(beside)) {
      if (typeof other !== "string") continue;
      counts.skipped++;
      console.log(`SKIPPED: what is measured beside ${name}: ${other}`);
    }
    const sections: Record<string, Measured> = {};
    for (const name of Object.keys(SECTIONS)) {
      await check(`the section ${name} has a figure for each side of each row`, async () => {
        const section = await measured(name, beside, true);
        wrongIn(section);
        sections[name] = section;
      });
    }
    await check("page and plots can be made of it, the same ones twice", async () => {
      const run = { machine, sections };
      const made = await files(run);
      if (made.some(([, text]) => /\b(NaN|Infinity|undefined)\b/.test(text))) {
        throw new Error("there is no number in one");
      }
      if (JSON.stringify(await files(run)) !== JSON.stringify(made)) throw new Error("the second time they are others");
      for (const { name } of rowsOf(run)) if (!made[0]![1].includes(name)) throw new Error(`the page lacks ${name}`);
    });
  });
  await check("docs/BENCHMARKS.md and its plots are what docs/bench/figures.json gives", async () => {
    for (const [name, text] of await files(JSON.parse(await Deno.readTextFile(FIGURES)))) {
      if (await Deno.readTextFile(new URL(name, DOCS)) !== text) throw new Error(`docs/${name} differs`);
    }
  });
  return tellCounts(counts);
}

/** Throws where a figure is no positive number, or there is none and no reason. */
function wrongIn({ rows, curves }: Section): void {
  if (rows.length + curves.length === 0) throw new Error("it measured nothing");
  for (const { name, ours, peer, ratio } of rows) {
    const figures = [ours, "missing" in peer ? undefined : peer].flatMap((side) =>
      side === undefined ? [] : [side.median, side.p95]
    );
    if ("missing" in peer ? peer.missing === "" : !(ratio!.low > 0)) throw new Error(`${name}: no ratio`);
    if (figures.some((figure) => !(figure > 0))) throw new Error(`${name}: ${JSON.stringify(figures)}`);
  }
  for (const { name, points } of curves) {
    if (points.length < 2 || points.some(([, value]) => !Number.isFinite(value))) {
      throw new Error(`${name}: ${JSON.stringify(points)}`);
    }
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));

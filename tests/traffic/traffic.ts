// What the line reveals: `deno task wire` plays labelled sessions, lets classifiers look at their traffic, and fails if
// one of them can tell what must be hidden, or cannot tell what is plain to see.
//
//   deno task wire                 the whole gate, a quarter of an hour: simulated sessions for volume, real ones for truth
//   deno task wire --short         the same in under a minute, with fewer and shorter sessions and so a coarser bar
//   deno task wire --planted [B]   the gate over a copy of the project with a bug in it: must fail (dummies, late)
//   deno task wire --load          what the pacer costs and how well it keeps time: 64 links at 10 Hz, one at 250 ms
//   ... --captures N  --sessions N  --seed N   batches of eight real sessions; simulated sessions; chance
//   ... --only simulated|real                  one half of it
//   ... --interval MS  --window MS             of the real sessions: 50 and 10000 unless told otherwise
//
// Real sessions need tcpdump and the right to use it; without, they are skipped, loudly. All traffic stays on loopback.
// The last line is `suite: N passed, N failed, N skipped`.

import { tellCounts } from "../../scripts/suites.ts";
import { parseArgs } from "node:util";
import { INTERVAL_MIN_MS } from "../../src/constants.ts";
import { fetchDependencies } from "../harness/product.ts";
import { captureProblem, Tcpdump } from "./capture.ts";
import { pausesOf, steadyFeatures, wholeFeatures, type WholeObservation } from "./features.ts";
import { type Flow, flowsOf } from "./flow.ts";
import {
  beside,
  type Comparison,
  judge,
  judgeKeys,
  judgeKs,
  judgePlain,
  judgeRenewals,
  judgeShuffled,
  settle,
  TABLE_HEAD,
  type Verdict,
} from "./gate.ts";
import { type Activity, TALKING } from "./human.ts";
import { lateAfterKeys } from "./keys.ts";
import { lateAtRenewals } from "./renewals.ts";
import { measureBare, measureLoad } from "./load.ts";
import { Unplantable } from "../harness/project_copy.ts";
import { PLANT_NAMES, runPlanted } from "./planted.ts";
import { Random } from "../simulation/random.ts";
import { FRAME_RECORD, type Label, observationOf, type Plan, play, type Played } from "./sessions.ts";
import { makeSimulator } from "./simulate.ts";
import { ksOf } from "./statistics.ts";

interface Effort {
  readonly short: boolean;
  readonly simulated: number;
  readonly simulatedMs: number;
  readonly simulatedControl: number;
  /** Batches of eight. */
  readonly captures: number;
  readonly windowMs: number;
  /** Of the real sessions. */
  readonly intervalMs: number;
  readonly shuffles: number;
  readonly permutations: number;
}

/** Real captures have the shortest interval that there is: a short window holds many cells, and a late one shows most. */
const WHOLE: Effort = {
  short: false,
  simulated: 1200,
  simulatedMs: 60_000,
  simulatedControl: 100,
  captures: 14,
  windowMs: 10_000,
  intervalMs: INTERVAL_MIN_MS,
  shuffles: 12,
  permutations: 4999,
};
const SHORT: Effort = {
  short: true,
  simulated: 160,
  simulatedMs: 20_000,
  simulatedControl: 40,
  captures: 1,
  windowMs: 6_000,
  intervalMs: INTERVAL_MIN_MS,
  shuffles: 5,
  permutations: 1999,
};

const SIMULATED_INTERVAL_MS = 250;

/** A session, and what the observer has of it. */
interface Labelled {
  readonly label: Label;
  /** Which of them were played side by side. */
  readonly batch: number;
  readonly seen: WholeObservation;
}

const tally = { passed: 0, failed: 0, skipped: 0 };

function say({ outcome, line }: Verdict): void {
  if (outcome === "passed" || outcome === "failed") tally[outcome]++;
  console.log(line);
}

async function gate(effort: Effort, parts: string, random: Random): Promise<number> {
  console.log(TABLE_HEAD);
  if (parts !== "real") await simulatedPart(effort, random);
  const problem = parts === "simulated" ? undefined : await captureProblem();
  if (parts === "simulated") {
    console.log("The real sessions were left out, as asked for.");
  } else if (problem === undefined) {
    await fetchDependencies();
    await realPart(effort, random);
  } else {
    console.log(`SKIPPED: no real session was captured: ${problem}.`);
    tally.skipped++;
  }
  return tellCounts(tally);
}

// --- Simulated: volume ----------------------------------------------------------------------------------------------

async function simulatedPart(effort: Effort, random: Random): Promise<void> {
  const simulate = await makeSimulator();
  let played = 0;
  const session = (label: Label): Labelled => {
    const batch = Math.floor(played++ / SIMULATED_BATCH);
    const shape = { cover: label.cover, intervalMs: SIMULATED_INTERVAL_MS };
    return { label, batch, seen: simulate({ ...label, shape, ms: effort.simulatedMs }, random) };
  };
  // The first ones are slower, while the engine compiles, whatever is said in them.
  for (let i = 0; i < SIMULATED_BATCH; i++) session(labelFor(i, "constant"));
  const constant: Labelled[] = [];
  while (constant.length < effort.simulated) {
    const size = Math.min(SIMULATED_BATCH, effort.simulated - constant.length);
    const labels = Array.from({ length: size }, (_, i) => labelFor(constant.length + i, "constant"));
    constant.push(...random.shuffled(labels).map(session));
  }
  const more = (labels: readonly Label[]) => Promise.resolve(labels.map(session));
  await compare("simulated", constant, more, effort, random);
  const three = random.shuffled(Array.from({ length: effort.simulated / 8 }, (_, i) => i))
    .map((i) => session({ ...labelFor(i >> 1, "constant"), peers: i % 2 === 0 ? 1 : 3 }));
  say(judge(byPeers("simulated", three), effort.shuffles, random));
  const off = random.shuffled(Array.from({ length: effort.simulatedControl }, (_, i) => labelFor(i, "off"))).map(
    session,
  );
  say(judge(byTalk("simulated", off, "seen", "idle or talking, --cover off"), effort.shuffles, random));
  if (!effort.short) eyesight(constant.filter(({ label }) => label.activity === "idle"), effort, random);
}

/** One after the other, but each batch has all labels in equal parts, in the order of chance. */
const SIMULATED_BATCH = 24;
const CONTROL_TALKING: readonly Activity[] = ["paste", "chatty"];

/** The i-th of a row in which talking and mode are balanced, each within the other. */
function labelFor(i: number, cover: Label["cover"]): Label {
  // Somebody who types slowly finishes no line within a short window, and then there is nothing to be recognised.
  const talking = cover === "off" ? CONTROL_TALKING : TALKING;
  const activity: Activity = i % 2 === 0 ? "idle" : talking[(i >> 2) % talking.length]!;
  return { activity, mode: (i >> 1) % 2 === 0 ? "real" : "decoy", peers: 1, cover };
}

/** How little the gate still sees: idle sessions, in half of which every other cell leaves a little later. */
function eyesight(idle: readonly Labelled[], { shuffles }: Effort, random: Random): void {
  for (const lateMs of [0.25, 0.5, 1, 2]) {
    const labels = random.shuffled(idle.map((_, i) => i % 2));
    const rows = idle.map(({ seen }, i) => {
      const moved = seen.seen.map((s) => labels[i] === 1 && random.below(2) === 0 ? { ...s, at: s.at + lateMs } : s);
      return steadyFeatures({ ...seen, seen: moved });
    });
    const what = `eyesight: every other cell ${lateMs} ms later`;
    say(judge({ what, where: "simulated", rule: "shown", rows, labels }, shuffles, random));
  }
}

// --- Real: truth ----------------------------------------------------------------------------------------------------

async function realPart(effort: Effort, random: Random): Promise<void> {
  const batch = (first: number, cover: Label["cover"]): Plan[] =>
    Array.from({ length: BATCH }, (_, i) => planOf(labelFor(first + i, cover), effort));
  const constant: Captured[] = [];
  for (let i = 0; i < effort.captures; i++) constant.push(...await captured(batch(i * BATCH, "constant"), random));
  const off: Captured[] = [];
  for (let i = 0; i < (effort.short ? 1 : 2); i++) off.push(...await captured(batch(i * BATCH, "off"), random));
  console.log(summary);
  say(
    judgePlain(
      "one size, one record a segment, a cell a tick",
      "real",
      constant.length,
      constant.flatMap((one) => wrongShape(one, effort)),
    ),
  );
  say(judgePlain("one size before the cells, either mode", "real", constant.length, wrongBeginnings(constant)));
  say(renewalsRow(constant, effort));
  if (effort.short) {
    // Eight sessions are too few for a classifier to say anything; their pauses are many.
    say(ksRow("idle or talking", "real", constant, talks, effort, random));
  } else {
    const more = async (labels: readonly Label[]) => {
      const sessions: Captured[] = [];
      for (let at = 0; at < Math.min(labels.length, MORE_REAL); at += BATCH) {
        sessions.push(...await captured(labels.slice(at, at + BATCH).map((label) => planOf(label, effort)), random));
      }
      return sessions;
    };
    await compare("real", constant, more, effort, random);
    say(keysRow(constant, effort));
    const three: Captured[] = [];
    for (let i = 0; i < 3; i++) {
      const plans = Array.from(
        { length: 6 },
        (_, at) => planOf({ ...labelFor((i * 6 + at) >> 1, "constant"), peers: at % 2 === 0 ? 1 : 3 }, effort),
      );
      three.push(...await captured(plans, random));
    }
    say(judge(byPeers("real", three), effort.shuffles, random));
  }
  say(judge(byTalk("real", off, "seen", "idle or talking, --cover off"), effort.shuffles, random));
}

const BATCH = 8;
/** New sessions where there is doubt. */
const MORE_REAL = 32;

function planOf(label: Label, effort: Effort): Plan {
  return { label, intervalMs: effort.intervalMs, windowMs: effort.windowMs };
}

interface Captured extends Labelled {
  readonly flow: Flow;
  readonly played: Played;
}

async function captured(plans: readonly Plan[], random: Random): Promise<Captured[]> {
  const batch = batches++;
  await using tcpdump = await Tcpdump.start();
  const sessions = await play(random.shuffled(plans), random);
  const flows = flowsOf((await tcpdump.read()).segments);
  const seen = sessions.map((played) => {
    const flow = flows.find(({ listener }) => listener.endsWith(`:${played.port}`))!;
    return { label: played.label, batch, seen: observationOf(played, flows), flow, played };
  });
  const [first] = seen;
  if (first !== undefined) summary ??= await tsharkSummary(tcpdump.path, first, plans[0]!.intervalMs);
  return seen;
}

let batches = 0;
let summary: string | undefined;

/** One session in the words of a second reader, where it is installed: how many segments of which size, and ticks. */
async function tsharkSummary(path: string, { label, played }: Captured, intervalMs: number): Promise<string> {
  const [from, until] = [played.windowFrom / 1000, played.windowUntil / 1000];
  const filter = `tcp.port==${played.port} && tcp.len>0 && frame.time_epoch>=${from} && frame.time_epoch<${until}`;
  const fields = ["-T", "fields", "-e", "tcp.dstport", "-e", "tcp.len"];
  try {
    const { stdout } = await new Deno.Command("tshark", { args: ["-r", path, "-Y", filter, ...fields], stderr: "null" })
      .output();
    const counts = new Map<string, number>();
    for (const line of new TextDecoder().decode(stdout).trim().split("\n")) {
      const [port, size] = line.split("\t");
      const what = `${size} bytes ${Number(port) === played.port ? "up" : "down"}`;
      counts.set(what, (counts.get(what) ?? 0) + 1);
    }
    const sizes = [...counts].map(([what, count]) => `${count} segments of ${what}`).join(", ");
    return `tshark, one session (${label.activity}): ${sizes}; ${(until - from) * 1000 / intervalMs} ticks`;
  } catch {
    return "tshark is not installed: no summary by a second reader.";
  }
}

/** At 50 ms a tick a busy machine of two cores misses some; a person's line that silenced dummies would cost more. */
const MISSED_MAX = 0.03;

/** What a session with cover may never show, whatever was said in it. */
function wrongShape({ label, seen, flow, played }: Captured, { intervalMs }: Effort): string[] {
  const ticks = (played.windowUntil - played.windowFrom) / intervalMs;
  const name = `${label.activity} ${label.mode}`;
  const wrong: string[] = [];
  for (const way of ["up", "down"] as const) {
    const cells = flow.records.filter((r) => r.way === way && r.at > seen.connectedAt);
    const within = cells.filter(({ at }) => at >= seen.from && at < seen.until).length;
    // Never more. Fewer where the machine was so busy that ticks were missed: a few, whatever was said.
    const missed = ticks - within;
    if (missed < -1 || missed > 1 + ticks * MISSED_MAX) wrong.push(`${name}: ${within} cells ${way} in ${ticks} ticks`);
    if (cells.some(({ size }) => size !== FRAME_RECORD)) wrong.push(`${name}: a record of another size ${way}`);
    if (cells.some(({ alone }) => !alone)) wrong.push(`${name}: a record shares a segment ${way}`);
  }
  return wrong;
}

/** Signatures of ECDSA vary by a few bytes by chance, those of both modes alike; everything else is one size. */
function wrongBeginnings(sessions: readonly Captured[]): string[] {
  const sizes = (mode: Label["mode"]) =>
    sessions.filter(({ label }) => label.mode === mode).map(({ flow }) =>
      flow.records.slice(0, BEGINNING_RECORDS).map(({ way, size }) =>
        `${way}${size >= 430 && size <= 500 ? " certificate" : ` ${size}`}`
      ).join(", ")
    );
  const all = new Set([...sizes("real"), ...sizes("decoy")]);
  return all.size === 1 ? [] : [...all];
}

/** Both hellos, both change-cipher-specs, both certificates, the tickets, offer, answer, accept. */
const BEGINNING_RECORDS = 10;

// --- Comparisons ----------------------------------------------------------------------------------------------------

const talks = ({ label }: Labelled) => label.activity === "idle" ? 0 : 1;
const isDecoy = ({ label }: Labelled) => label.mode === "decoy" ? 1 : 0;

/** `more` plays new sessions with these labels. */
async function compare(
  where: Comparison["where"],
  sessions: readonly Labelled[],
  more: (labels: readonly Label[]) => Promise<readonly Labelled[]>,
  effort: Effort,
  random: Random,
): Promise<void> {
  const rule = where === "simulated" && !effort.short ? "hidden" : "not seen";
  const count = Math.max(sessions.length, where === "real" ? MORE_REAL : 0);
  const again = (activity: (i: number) => Activity) =>
    more(Array.from({ length: count }, (_, i) => ({ ...labelFor(i, "constant"), activity: activity(i) })));
  const talk = byTalk(where, sessions, rule, "idle or talking");
  const anyTalk = (i: number) => labelFor(i, "constant").activity;
  const settled = (one: Comparison, more: () => Promise<Comparison>) => settle(one, more, effort.shuffles, random, say);
  const talked = await settled(talk, async () => byTalk(where, await again(anyTalk), rule, `${talk.what}, again`));
  for (const activity of TALKING) {
    const some = sessions.filter(({ label }) => label.activity === activity);
    if (some.length < 5) continue;
    const idle = sessions.filter(({ label }) => label.activity === "idle");
    const one = byTalk(where, [...beside(some, idle), ...some], "not seen", `idle or ${activity}`);
    const half = (i: number): Activity => i % 2 === 0 ? "idle" : activity;
    await settled(one, async () => byTalk(where, await again(half), "not seen", `${one.what}, again`));
  }
  const mode = byMode(where, sessions, rule, "real or decoy, from hello to close");
  await settled(mode, async () => byMode(where, await again(anyTalk), rule, `${mode.what}, again`));
  say(judgeShuffled(talk, talked));
  say(ksRow("idle or talking", where, sessions, talks, effort, random));
  say(ksRow("real or decoy", where, sessions, isDecoy, effort, random));
}

function byMode(
  where: Comparison["where"],
  sessions: readonly Labelled[],
  rule: Comparison["rule"],
  what: string,
): Comparison {
  return { what, where, rule, rows: sessions.map(({ seen }) => wholeFeatures(seen)), labels: sessions.map(isDecoy) };
}

function byTalk(
  where: Comparison["where"],
  sessions: readonly Labelled[],
  rule: Comparison["rule"],
  what: string,
): Comparison {
  return { what, where, rule, rows: sessions.map(({ seen }) => steadyFeatures(seen)), labels: sessions.map(talks) };
}

/** The number of connections is there to be counted; this asks whether one of them tells it. */
function byPeers(where: Comparison["where"], sessions: readonly Labelled[]): Comparison {
  return {
    what: "1 or 3 friends, from one connection",
    where,
    rule: "shown",
    rows: sessions.map(({ seen }) => steadyFeatures(seen)),
    labels: sessions.map(({ label }) => label.peers === 3 ? 1 : 0),
  };
}

function ksRow(
  what: string,
  where: Comparison["where"],
  sessions: readonly Labelled[],
  label: (session: Labelled) => number,
  { permutations }: Effort,
  random: Random,
): Verdict {
  const pauses = sessions.map(({ seen }) => [...pausesOf(seen, "up"), ...pausesOf(seen, "down")]);
  return judgeKs(what, where, sessions.length, ksOf(pauses, sessions.map(label), permutations, random));
}

function renewalsRow(sessions: readonly Captured[], { intervalMs }: Effort): Verdict {
  return judgeRenewals("real", sessions.length, lateAtRenewals(sessions.map(({ seen }) => seen), intervalMs));
}

function keysRow(sessions: readonly Captured[], { intervalMs }: Effort): Verdict {
  const keyed = sessions.filter(({ label }) => label.activity !== "idle").map(({ seen, played }) => ({
    keys: played.keys,
    seen,
  }));
  return judgeKeys("real", keyed.length, lateAfterKeys(keyed, intervalMs));
}

// --- Load -----------------------------------------------------------------------------------------------------------

/** Of the issue: at least this share of the cells within half an interval; at most this share of a core. */
const ON_TIME_BAR = 0.999;
/** `timesBare`: what the whole process is to take at most, beside the same cells over bare TLS. On a busy machine no bar. */
const LOADS = [{ links: 64, intervalMs: 100, seconds: 30, cpuBar: 0.15, timesBare: 2.5 }, {
  links: 1,
  intervalMs: 250,
  seconds: 90,
  cpuBar: 0.01,
  timesBare: 2,
}];

async function load(): Promise<number> {
  await fetchDependencies();
  for (const { cpuBar, timesBare, ...what } of LOADS) {
    // At the same time: what else the machine does is to weigh on both.
    const [m, bare] = await Promise.all([measureLoad(what), measureBare(what)]);
    const onTime = m.onTime / m.ticks;
    const name = `${m.links} link(s) at ${what.intervalMs} ms`;
    for (
      const [ok, line] of [
        [
          onTime >= ON_TIME_BAR,
          `${name}: ${(onTime * 100).toFixed(3)} % of ${m.ticks} cells within half an interval; late by ${
            m.lateP50Ms.toFixed(1)
          } ms (median), ${m.lateP99Ms.toFixed(1)} (99 %), ${m.latestMs.toFixed(1)} (worst)`,
        ],
        [
          m.cpu <= cpuBar,
          `${name}: ${(m.cpu * 100).toFixed(2)} % of a core, the bar is ${cpuBar * 100} %; ${
            m.residentMib.toFixed(0)
          } MiB`,
        ],
      ] as const
    ) {
      say({ outcome: ok ? "passed" : "failed", line: `${ok ? "ok    " : "FAILED"} ${line}` });
    }
    const [tls, renewals] = [bare.tls, bare.renewals].map((share) => (share * 100).toFixed(2));
    const times = m.cpu / bare.tls;
    say({
      outcome: "shown",
      line: `--     ${name}: of that, bare TLS would take ${tls} %, and the keys of renewals alone ${renewals} %: ` +
        `${times.toFixed(2)} times bare TLS (the goal of ${timesBare}: ${times <= timesBare ? "met" : "MISSED"})`,
    });
  }
  return tellCounts(tally);
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    args: [...Deno.args],
    allowPositionals: true,
    options: {
      short: { type: "boolean" },
      planted: { type: "boolean" },
      load: { type: "boolean" },
      captures: { type: "string" },
      sessions: { type: "string" },
      seed: { type: "string" },
      only: { type: "string" },
      interval: { type: "string" },
      window: { type: "string" },
    },
  });
  const chosen = values.short === true ? SHORT : WHOLE;
  const effort: Effort = {
    ...chosen,
    captures: Number(values.captures ?? chosen.captures),
    simulated: Number(values.sessions ?? chosen.simulated),
    intervalMs: Number(values.interval ?? chosen.intervalMs),
    windowMs: Number(values.window ?? chosen.windowMs),
  };
  const seed = Number(values.seed ?? crypto.getRandomValues(new Uint32Array(1))[0]);
  if (values.planted === true) {
    const [name = PLANT_NAMES[0]!] = positionals;
    if (!PLANT_NAMES.includes(name)) {
      console.error(`Could not plant ${name}. There is no such bug. There are: ${PLANT_NAMES.join(", ")}.`);
      Deno.exit(2);
    }
    console.log(`The bug "${name}" is planted in a copy of the project: this must be red.`);
    try {
      Deno.exit(await runPlanted(name, Deno.args.filter((arg) => arg !== "--planted" && arg !== name)));
    } catch (error) {
      if (!(error instanceof Unplantable)) throw error;
      console.error(`Could not plant the bug. ${error.message}. Mend tests/traffic/planted.ts.`);
      Deno.exit(3);
    }
  }
  if (values.load === true) Deno.exit(await load());
  console.log(`seed ${seed}`);
  Deno.exit(await gate(effort, values.only ?? "both", new Random(seed)));
}

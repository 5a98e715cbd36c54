// Makes docs/BENCHMARKS.md from figures. Pure: the same figures give the same page, and a test compares it with what is
// committed. Out of scope: the plots (plot.ts), measuring.

import type { Curve, Figures, Missing, Row, Section, Unit } from "./section.ts";
import { powerLaw } from "./statistics.ts";

/** docs/bench/figures.json. */
export interface Run {
  readonly machine: Machine;
  readonly sections: Readonly<Record<string, Measured>>;
}

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGib: number;
  readonly system: string;
  readonly deno: string;
  /** The last one that changed Sesame itself; with a + where the work tree had changes. */
  readonly commit: string;
  /** What was beside it, with versions. */
  readonly tools: readonly string[];
}

export interface Measured extends Section {
  readonly seconds: number;
  /** Of the last minute, when it began. */
  readonly load: number;
}

/** Every row, in the order of the sections. */
export function rowsOf({ sections }: Run): Row[] {
  return Object.values(sections).flatMap(({ rows }) => rows);
}

export function curvesOf({ sections }: Run): Curve[] {
  return Object.values(sections).flatMap(({ curves }) => curves);
}

export function page(run: Run): string {
  const rows = rowsOf(run);
  return [
    ...HEAD,
    ...machine(run),
    "## Ratios",
    "",
    "A ratio is Sesame's figure divided by the other's: below 1 Sesame is faster or smaller, above 1 slower or larger. In brackets is the 95 %",
    "interval of the ratio of the medians (bootstrap). Each figure is followed by its 95th percentile; n is how often each side was measured, in turns.",
    "",
    ...picture("ratios", "Each ratio with its interval on a logarithmic scale; the same figures are in the table."),
    "| what | beside | ratio | Sesame | the other | n |",
    "|---|---|---|---|---|---|",
    ...rows.filter((row) => row.ratio !== undefined).map(ratioLine),
    "",
    ...missing(rows),
    ...ABOUT,
    "The last table on this page says what each side does.",
    "",
    "## Where Sesame loses",
    "",
    ...losses(rows),
    "",
    "## What a mesh costs",
    "",
    ...MESH,
    ...picture(
      "mesh",
      "CPU, memory and time over the number of peers, both axes logarithmic, with the fitted power laws.",
    ),
    ...fits(curvesOf(run)),
    "",
    ...points(curvesOf(run)),
    "",
    ...saturation(run),
    "## What each side does",
    "",
    "| what | Sesame | the other |",
    "|---|---|---|",
    ...rows.map((row) => `| ${row.name} | ${does(row.ours)} | ${does(row.peer)} |`),
    "",
    ...TAIL,
  ].join("\n");
}

const HEAD = [
  "# Benchmarks",
  "",
  "For anybody who asks how fast and how large Sesame is compared with ssh, magic-wormhole and libsignal. `deno task check",
  "paper-bench` writes this page from one run on one machine: do not edit it; change `bench/paper/` and run it again.",
  "A ratio more or less carries over to other machines; a time does not.",
  "",
];

/** What stands behind some of the rows. */
const ABOUT = [
  "libsignal's sessions are post-quantum: its messages carry SPQR, a second ratchet with ML-KEM-768 (the benchmark reads SPQR's epoch in them and",
  "fails if it does not advance). When the two sides speak in turn, SPQR begins a new epoch every 87 messages; Sesame renews X25519 and ML-KEM-768",
  "together every 20 or so. In one direction, without answers, SPQR stays in its first epoch.",
  "",
  "A first message is timed from just before a process is started until the text is read at the other end. The side that is called is ready before the",
  "caller starts; Sesame has stretched its phrase by then. **The goal, at most 1.3 times wormhole from the caller's start to the first message, is not",
  "met**, and the protocol does not allow it. This is where a caller's time went (medians of 11 starts on 28 November 2026, at real-time priority, 1190",
  "ms in all):",
  "",
  "| part of a caller's start | ms |",
  "|---|---|",
  "| the runtime, hardening, libsodium, modules, the TLS self-test, while a person types the phrase | 130 |",
  "| TCP, TLS, the listener's offer with its salt | 14 |",
  "| Argon2id for that salt | 245 |",
  "| answer and accept | 13 |",
  "| cells: the first tick after 125 on average, then one every 250 until it is the message's turn, third or fourth | 788 |",
  "",
  "The cells alone take longer than wormhole takes altogether, and their timing and order are fixed by the protocol. With `--interval 50` on both",
  "sides, which is five times the traffic, it took 564 ms and 2.10 times wormhole (9 starts); without any wait it would be 1.5. Two ideas were tried",
  "or considered, and left out. Loading the chat while libsodium is compiled gained nothing. A worker kept ready for Argon2id could gain about the 13",
  "ms that its start takes, going by the two rows of Argon2id, and would stay in memory for as long as nobody answers.",
  "",
];

function machine({ machine, sections }: Run): string[] {
  const { cpu, cores, memoryGib, system, deno, commit, tools } = machine;
  const parts = Object.entries(sections).map(([name, { seconds, load }]) => `${name} ${seconds} s (load ${load})`);
  return [
    "| measured on | |",
    "|---|---|",
    `| machine | ${cpu}, ${cores} cores, ${memoryGib} GiB, ${system} |`,
    `| runtime | Deno ${deno}; Sesame from source, last changed in ${commit} |`,
    `| beside it | ${tools.length === 0 ? "nothing" : tools.join(" · ")} |`,
    `| sections, with the load when each began | ${parts.join(" · ")} |`,
    "",
  ];
}

function picture(name: string, alt: string): string[] {
  return [
    "<picture>",
    `  <source media="(prefers-color-scheme: dark)" srcset="bench/${name}-dark.svg">`,
    `  <img alt="${alt}" src="bench/${name}-light.svg">`,
    "</picture>",
    "",
  ];
}

function ratioLine({ name, unit, ours, peer, ratio }: Row): string {
  const { median, low, high } = ratio!;
  const theirs = peer as Figures;
  const n = ours!.n === theirs.n ? String(theirs.n) : `${ours!.n}, ${theirs.n}`;
  return `| ${name} | ${program(peer)} | **${short(median)}** (${short(low)} to ${short(high)}) | ` +
    `${both(ours!, unit)} | ${both(theirs, unit)} | ${n} |`;
}

function both({ median, p95 }: Figures, unit: Unit): string {
  return `${short(median)} ${unit}, p95 ${short(p95)}`;
}

/** What stands before the colon. */
export function program({ label }: Figures | Missing): string {
  return label.split(":")[0]!;
}

function does(side: Figures | Missing | undefined): string {
  return side === undefined ? "not measured here" : side.label;
}

function missing(rows: readonly Row[]): string[] {
  const lines = rows.flatMap(({ name, peer }) =>
    "missing" in peer ? [`- **Not measured here**: ${name}, beside ${program(peer)}: ${peer.missing}`] : []
  );
  return lines.length === 0 ? [] : [...lines, ""];
}

/** All that are above 1 with their whole interval, the worst first. */
function losses(rows: readonly Row[]): string[] {
  const lost = rows.filter(({ ratio }) => ratio !== undefined && ratio.low > 1)
    .toSorted((a, b) => b.ratio!.median - a.ratio!.median);
  const lines = lost.map(({ name, peer, ratio, because }) =>
    `- **${short(ratio!.median)} times ${program(peer)}**, ${name}: ${because}.`
  );
  return lines.length === 0 ? ["Nowhere in this run."] : lines;
}

const MESH = [
  "Cover traffic is on and nobody talks, which costs the same as talking: 4 cells a second each way for each friend (250 ms). *One process*",
  "is a member of a room with that many friends, who are real and all live in one other process. *A mesh* is that many processes plus one,",
  "each a friend of every other, all on this machine. *Confirmed by all* is the time from a line of input until the last friend's program",
  "has said that the line is on the screen. The fits are least squares of the logarithms, with the exponent's 95 % interval.",
  "",
];

function fits(curves: readonly Curve[]): string[] {
  return [
    "| of p peers | grows as | 95 % | R² | expected |",
    "|---|---|---|---|---|",
    ...curves.map((curve) => {
      const fit = powerLaw(curve.points);
      if (fit === undefined) return `| ${curve.panel}, ${curve.name} | no power law | | | ${curve.expected} |`;
      const { factor, exponent, low, high, r2 } = fit;
      return `| ${curve.panel}, ${curve.name} | ${short(factor)} ${curve.unit} · p^${exponent.toFixed(2)} | ` +
        `${low.toFixed(2)} to ${high.toFixed(2)} | ${r2.toFixed(3)} | ${curve.expected} |`;
    }),
  ];
}

function points(curves: readonly Curve[]): string[] {
  const peers = [...new Set(curves.flatMap((curve) => curve.points.map(([p]) => p)))].sort((a, b) => a - b);
  return [
    `| peers | ${peers.join(" | ")} |`,
    `|---|${peers.map(() => "---|").join("")}`,
    ...curves.map(({ panel, name, unit, points }) => {
      const at = new Map(points);
      const cells = peers.map((p) => at.has(p) ? short(at.get(p)!) : "");
      return `| ${panel}, ${name} (${unit}) | ${cells.join(" | ")} |`;
    }),
  ];
}

/** The last mesh and how full it makes the machine. */
function saturation(run: Run): string[] {
  const mesh = curvesOf(run).find(({ panel, name }) => panel === "CPU" && name === MESH_CPU);
  const last = mesh?.points.at(-1);
  const fit = mesh === undefined ? undefined : powerLaw(mesh.points);
  if (last === undefined || fit === undefined) return [];
  const all = 100 * run.machine.cores;
  const full = Math.floor((all / fit.factor) ** (1 / fit.exponent));
  const notes = Object.values(run.sections).flatMap(({ note }) => note === undefined ? [] : [note]);
  return [
    ...notes,
    `A mesh of ${last[0] + 1} processes took ${
      short(last[1])
    } % of the ${all} % that this machine's cores offer. By the fit, they are used up at about ` +
    `${full} peers each;`,
    "larger meshes were not measured, because they would measure only this machine. On separate machines each member pays for one process only.",
    "",
  ];
}

/** The curve that says how full the machine is. */
export const MESH_CPU = "all processes of a mesh";

const TAIL = [
  "## How to repeat it",
  "",
  "Run `deno task check paper-bench` on a quiet machine, which takes about 15 minutes, or go section by section (`deno task check paper-bench",
  "starts`, `room`, `mesh`, `meet`, `primitives`), a few minutes each: the page is written once all five have been measured with the same Sesame on one",
  "machine. The programs that people would use instead are Debian's: `apt-get install openssh-client openssh-server magic-wormhole",
  "python3-magic-wormhole-mailbox-server argon2`. If a program is missing, its row says so. Every side is a real process or library with its",
  "defaults; Sesame's processes have the product's permissions and its cover traffic. All traffic is on loopback, where the network takes no time, so",
  "anything slow here is the program; only the two homes have a round trip of 20 ms between them. Memory is RSS, and private memory what of it is no",
  "file's; for a daemon with its sessions, file pages are counted once. CPU is the process's clock.",
  "",
  "The benchmarks do not compare throughput, since Sesame sends cells at a constant rate on purpose and carries no files; the time that a person",
  "takes to type a phrase or a code; or anything over a real network. The samples' medians and spreads are in `bench/figures.json`.",
  "",
];

/** Three digits that count. */
export function short(value: number): string {
  if (value === 0) return "0";
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toFixed(Math.min(digits, 4));
}

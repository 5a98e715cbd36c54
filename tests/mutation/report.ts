// What became of a room's mutants: lines for the terminal, and docs/MUTATION.md. Out of scope: running them.

import { readFileSync } from "node:fs";
import { ROOT } from "./deno.ts";
import { MUTATED, type MutatedRoom } from "./rooms.ts";
import { lineOf, type Mutant, shown, was } from "./sites.ts";
import type { Verdict } from "./tests.ts";

const SCORE_WANTED = 0.9;

/** Survivors that were looked at, and why nobody can see them. */
export interface Excused {
  readonly file: string;
  /** The line without its indentation, what stands there (with single spaces), and what the mutant has instead. */
  readonly line: string;
  readonly was: string;
  readonly became: string;
  readonly reason: string;
}

export interface Result {
  readonly room: string;
  readonly places: number;
  readonly run: number;
  readonly cached: number;
  readonly killed: number;
  /** Those of `killed` that a test only noticed by not coming to an end. */
  readonly timedOut: number;
  readonly excused: readonly { readonly mutant: Mutant; readonly reason: string }[];
  readonly open: readonly Mutant[];
  /** Of those that were run, and of those that were run and not excused. */
  readonly score: number;
  readonly fairScore: number;
  readonly good: boolean;
}

export function excuses(): readonly Excused[] {
  return JSON.parse(readFileSync(`${ROOT}tests/mutation/survivors.json`, "utf8"));
}

export function resultOf(
  room: MutatedRoom,
  mutants: readonly Mutant[],
  verdicts: ReadonlyMap<string, Verdict>,
  cached: number,
): Result {
  const all = excuses();
  const reasonOf = (m: Mutant) =>
    all.find((e) => e.file === m.file && e.line === lineOf(m) && e.was === was(m) && e.became === m.text)?.reason;
  const survivors = mutants.filter(({ id }) => verdicts.get(id)?.fate === "survived");
  const excused = survivors.flatMap((mutant) => {
    const reason = reasonOf(mutant);
    return reason === undefined ? [] : [{ mutant, reason }];
  });
  const open = survivors.filter((mutant) => reasonOf(mutant) === undefined);
  const run = verdicts.size;
  const killed = run - survivors.length;
  const fairScore = killed / Math.max(1, run - excused.length);
  return {
    room: room.name,
    places: mutants.length,
    run,
    cached,
    killed,
    timedOut: [...verdicts.values()].filter(({ fate }) => fate === "timed out").length,
    excused,
    open,
    score: killed / Math.max(1, run),
    fairScore,
    good: run > 0 && fairScore >= SCORE_WANTED && (run < mutants.length || open.length === 0),
  };
}

export function show({ room, places, run, cached, killed, timedOut, excused, open, score, fairScore }: Result): void {
  console.log(
    `${room}: ${killed} of ${run} killed (${timedOut} by hanging), ${
      percent(score)
    }; without ${excused.length} that nobody ` +
      `could see ${percent(fairScore)}; ${run} of the room's ${places} places were run (${cached} known from before)`,
  );
  for (const { mutant, reason } of excused) console.log(`  excused ${shown(mutant)}  ${reason}`);
  for (const mutant of open) console.log(`  OPEN    ${shown(mutant)}`);
}

/** A room's row of docs/MUTATION.md: places, run, killed, of these by hanging, survivors with a reason and without. */
export interface Row {
  readonly room: string;
  readonly figures: readonly number[];
  /** The room's code has changed a great deal since: starred on the page by hand, until the room is run again. */
  readonly old: boolean;
}

/** The rows of the page as it was, with those of the rooms that were run just now in their place. */
export function rowsOf(results: readonly Result[], before: string): Row[] {
  const fresh = results.map((r): Row => ({
    room: r.room,
    figures: [r.places, r.run, r.killed, r.timedOut, r.excused.length, r.open.length],
    old: false,
  }));
  const old = [...before.matchAll(/^\| (\w+)( \*)? ((?:\| \d+ ){6})\|/gm)].map((
    [, room = "", star, cells = ""],
  ): Row => ({
    room,
    figures: cells.split("|").slice(1).map(Number),
    old: star !== undefined,
  }));
  return MUTATED.flatMap(({ name }) => [...fresh, ...old].find(({ room }) => room === name) ?? []);
}

const OLD =
  `\\* Much of these rooms' code has changed since they were run. Their rows, and their share of the total, describe the older
code and say nothing about the new.

`;

/** docs/MUTATION.md. */
export function page(rows: readonly Row[]): string {
  const line = (name: string, figures: readonly number[]) =>
    `| ${[name, ...figures, percent(figures[2]! / figures[1]!)].join(" | ")} |`;
  const sums = rows[0]!.figures.map((_, i) => rows.reduce((sum, { figures }) => sum + figures[i]!, 0));
  return `# Mutants

For anybody who asks whether the tests would catch a mistake. \`deno task mutate --write\` writes this page: it breaks the code in one place
at a time (an operator, a condition, a number, a missing statement, a value not returned) and expects a test of the same room to fail.
The comments at the top of \`tests/mutation/mutate.ts\`, \`tests/mutation/plugin.ts\` and \`tests/mutation/rooms.ts\` say what is broken, and how
the tests are run.

| room | places | run | killed | of these by hanging | survivors with a reason | survivors without | score |
|---|---|---|---|---|---|---|---|
${rows.map(({ room, figures, old }) => line(old ? `${room} *` : room, figures)).join("\n")}
${line("**all**", sums)}

${
    rows.some(({ old }) => old)
      ? OLD
      : ""
  }A row describes the code at the room's last run; what has changed a little since has no star.

The score counts every survivor against us. Survivors with a reason change nothing that anybody could see;
\`tests/mutation/survivors.json\` gives the reasons. A mutant that hangs is caught by the time limit, not by a test.
The mutants in [CLAIMS.md](CLAIMS.md), one for each promise, are made by hand (\`deno task mutate --handmade\`).
`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

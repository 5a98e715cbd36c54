// What a section of docs/BENCHMARKS.md delivers, and the contest that most sections are: several ways to do one thing,
// one after another in each round, so that a busy moment affects all of them.

import { type Ratio, ratioOf, type Summary, summaryOf } from "./statistics.ts";

export interface Section {
  readonly rows: readonly Row[];
  readonly curves: readonly Curve[];
  /** What could not be measured, as a sentence. */
  readonly note?: string;
}

/** Sesame beside one other program. */
export interface Row {
  readonly name: string;
  readonly unit: Unit;
  /** Absent where Sesame itself could not be measured; `peer` says why. */
  readonly ours?: Figures;
  readonly peer: Figures | Missing;
  readonly ratio?: Ratio;
  /** Where the difference comes from: two or three clauses. */
  readonly because: string;
}

export type Unit = "µs" | "ms" | "MiB";

export interface Figures extends Summary {
  readonly label: string;
}

/** Why there are no figures, as a sentence. */
export interface Missing {
  readonly label: string;
  readonly missing: string;
}

/** Something that grows with the number of peers. */
export interface Curve {
  readonly name: string;
  readonly unit: string;
  readonly panel: "CPU" | "memory" | "time";
  readonly points: readonly (readonly [peers: number, value: number])[];
  /** The exponent that one would expect, and why. */
  readonly expected: string;
}

export function row(name: string, unit: Unit, ours: Samples, peer: Samples | Missing, because: string): Row {
  const first = { label: ours.label, ...summaryOf(ours.samples) };
  if ("missing" in peer) return { name, unit, ours: first, peer, because };
  const second = { label: peer.label, ...summaryOf(peer.samples) };
  return { name, unit, ours: first, peer: second, ratio: ratioOf(ours.samples, peer.samples), because };
}

export interface Samples {
  readonly label: string;
  readonly samples: readonly number[];
}

/** What is asked of each in every round, one or several figures, and who is beside us. */
export interface Contest {
  readonly asked: readonly { readonly name: string; readonly unit: Unit }[];
  readonly ours: Contestant;
  readonly peers: readonly (Contestant & { readonly because: string } | Missing)[];
  readonly rounds: number;
}

export interface Contestant {
  readonly label: string;
  /** Once; resolves with a figure for each thing that is asked. */
  run(): Promise<readonly number[]>;
}

/** A row for each figure and peer. The first round of several is not counted: it fills caches. */
export async function contest({ asked, ours, peers, rounds }: Contest): Promise<Row[]> {
  const present = [ours, ...peers.filter((peer) => "run" in peer)];
  const taken = new Map(present.map((contestant) => [contestant.label, asked.map(() => [] as number[])]));
  for (let round = rounds === 1 ? 0 : -1; round < rounds; round++) {
    // Who is first changes, so that nobody always pays for what the other has left behind.
    for (const contestant of round % 2 === 0 ? present : present.toReversed()) {
      const figures = await contestant.run();
      if (round >= 0) asked.forEach((_, i) => taken.get(contestant.label)![i]!.push(figures[i]!));
    }
  }
  const samples = (label: string, i: number) => ({ label, samples: taken.get(label)![i]! });
  return asked.flatMap(({ name, unit }, i) =>
    peers.map((peer) =>
      "missing" in peer
        ? row(name, unit, samples(ours.label, i), peer, "")
        : row(name, unit, samples(ours.label, i), samples(peer.label, i), peer.because)
    )
  );
}

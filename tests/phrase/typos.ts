// The typo experiment: how many single-word typos of a phrase of Sesame's own words are noticed before a call is made.
// Scope: the kinds of typo, drawn from a seed, and the counting. Out of scope: what must come out (words_test.ts,
// tests/phrase/typos_task.ts).

import { createHash } from "node:crypto";
import { wordlist } from "@scure/bip39/wordlists/english.js";
import { CANONICAL_ROOM, canonicalise, generate, type Sha256 } from "../../src/auth/words.ts";

export const sha256: Sha256 = (bytes, out) => out.set(createHash("sha256").update(bytes).digest());

export type Random = (below: number) => number;

/** A generator that gives the same bytes for the same seed: nothing here may depend on the run. */
export function seeded(seed: number): Random {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor(state / 2 ** 32 * below);
  };
}

export function phraseOf(random: Random, words = 7): string {
  return generate(words, (into) => into.forEach((_, i) => into[i] = random(256)), sha256);
}

const ROWS = ["1234567890", "qwertyuiop", "asdfghjkl;", "zxcvbnm,./"];

/** Keys beside, above and below. */
function neighbours(letter: string): string[] {
  const row = ROWS.findIndex((r) => r.includes(letter));
  const column = ROWS[row]!.indexOf(letter);
  return [[0, -1], [0, 1], [-1, 0], [-1, 1], [1, -1], [1, 0]]
    .map(([down, right]) => ROWS[row + down!]?.[column + right!]).filter((key) => key !== undefined);
}

export const pick = <T>(from: readonly T[], random: Random): T => from[random(from.length)]!;

const TYPOS: Record<string, (word: string, random: Random) => string> = {
  "neighbour key": (word, random) => {
    const at = random(word.length);
    return word.slice(0, at) + pick(neighbours(word[at]!), random) + word.slice(at + 1);
  },
  "letters swapped": (word, random) => {
    const at = random(word.length - 1);
    return word.slice(0, at) + word[at + 1] + word[at] + word.slice(at + 2);
  },
  "missing letter": (word, random) => {
    const at = random(word.length);
    return word.slice(0, at) + word.slice(at + 1);
  },
  "doubled letter": (word, random) => {
    const at = random(word.length);
    return word.slice(0, at) + word[at] + word.slice(at);
  },
  "wrong list word": (_, random) => pick(wordlist, random),
};

export interface Row {
  caught: number;
  tried: number;
}

/** How many of `count` random typos, of each kind, are caught before a call is made. */
export function experiment(count: number, seed: number): Map<string, Row> {
  const random = seeded(seed);
  const table = new Map(Object.keys(TYPOS).map((kind) => [kind, { caught: 0, tried: 0 }]));
  for (let n = 0; n < count; n++) {
    const kind = pick(Object.keys(TYPOS), random);
    const words = phraseOf(random).split(" ");
    const at = random(words.length);
    const wrong = TYPOS[kind]!(words[at]!, random);
    if (wrong === words[at]) { // two equal letters swapped, the same word drawn: no typo
      n--;
      continue;
    }
    const raw = new TextEncoder().encode(words.with(at, wrong).join(" "));
    const { kind: found } = canonicalise(raw, new Uint8Array(CANONICAL_ROOM), sha256);
    const row = table.get(kind)!;
    row.tried++;
    if (found === "typo" || found === "checksum") row.caught++;
  }
  return table;
}

export function sum(table: ReadonlyMap<string, Row>): Row {
  const all = { caught: 0, tried: 0 };
  for (const { caught, tried } of table.values()) [all.caught, all.tried] = [all.caught + caught, all.tried + tried];
  return all;
}

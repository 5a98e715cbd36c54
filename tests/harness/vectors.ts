// Test vectors: the files of tests/vectors. Out of scope: what the values mean.

import type { CellValues, Inputs, RenewalInputs } from "../reference/exchange.ts";

const FILES = new URL("../vectors/", import.meta.url);

/** A file of tests/vectors. Its shape is the caller's claim. */
export async function vectors<T>(name: string): Promise<T> {
  return JSON.parse(await Deno.readTextFile(new URL(name, FILES))) as T;
}

/** One row, of which a test reads these strings. */
export type Row<Names extends string> = Readonly<Record<Names, string>>;

/** A file of C2SP/wycheproof: what a test reads of each row, and of a group besides. */
export interface Wycheproof<Of, Group = unknown> {
  readonly testGroups: readonly (Group & { readonly tests: readonly (Of & { readonly tcId: number })[] })[];
}

/** The parts of exchange-v1's format that tests read by name. `tests/vectors/check.ts` checks all of them. */
export interface Exchange {
  readonly name: string;
  readonly inputs: Inputs;
  readonly derived: Readonly<Record<string, string>> & { readonly wBytes: string; readonly w: string };
  readonly frames: { readonly offer: string; readonly answer: string; readonly accept: string };
  readonly epoch0: { readonly dh: string; readonly rk: string; readonly ckA: string; readonly ckB: string };
  readonly renewals: readonly RenewalValues[];
  readonly cells: readonly CellValues[];
  readonly steps: readonly StepValues[];
  readonly ratchetEnd: Readonly<Record<"A" | "B", { readonly rk: string; readonly stored: readonly unknown[] }>>;
  readonly digest: string;
}

export interface RenewalValues extends RenewalInputs {
  readonly epoch: number;
  readonly keyBody: string;
  readonly ciphertextBody: string;
  readonly ss: string;
  readonly dh: string;
  readonly th: string;
  readonly rk: string;
  readonly ckA: string;
  readonly ckB: string;
}

export type StepValues =
  | { readonly op: "seal"; readonly at: "A" | "B"; readonly cell: number }
  | {
    readonly op: "open";
    readonly at: "A" | "B";
    readonly cell: number;
    /** It gives this side the keys of this epoch. */
    readonly epoch?: number;
    /** It was opened with a stored key. */
    readonly stored?: true;
    /** So many keys of cells passed over are stored. */
    readonly stores?: number;
  };

export interface ExchangeFile {
  readonly exchanges: readonly Exchange[];
}

// What earlier runs found out about a room's mutants, in dist/mutate. A death counts for as long as the room's code and
// the test file that saw it are the same; a survival for as long as no test of the room has changed either. Otherwise,
// only the test that killed the mutant last time is kept, and it is asked first. Out of scope: running anything.

import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { DIST } from "./deno.ts";
import { sourcesOf } from "./sites.ts";
import type { MutatedRoom } from "./rooms.ts";
import { hashOf, testFilesOf, testHash, type Verdict } from "./tests.ts";

type Entry = Verdict & { readonly sources: string; readonly tests: string };

/** What every room stands on. */
const BELOW = ["src/constants.ts", "src/ports.ts", "src/protocol_violation.ts", "src/secrets", "src/crypto"];

export class Known {
  /** Of the code that is mutated and of what it stands on. */
  readonly sources: string;
  readonly #tests: ReadonlyMap<string, string>;
  readonly #path: string;
  readonly #entries: Record<string, Entry>;

  constructor(room: MutatedRoom, again: boolean) {
    this.sources = hashOf(sourcesOf({ ...room, sources: [...room.sources, ...BELOW] }));
    this.#tests = new Map(testFilesOf(room).map((file) => [file, testHash(room, file)]));
    this.#path = `${DIST}/${room.name}.json`;
    this.#entries = !again && existsSync(this.#path) ? JSON.parse(readFileSync(this.#path, "utf8")) : {};
  }

  get(id: string): Verdict | undefined {
    const entry = this.#entries[id];
    return entry?.sources === this.sources && entry.tests === this.#testsOf(entry) ? entry : undefined;
  }

  /** The test that killed it the last time, whatever has changed since. */
  killer(id: string): { readonly file: string; readonly test: string | undefined } | undefined {
    const entry = this.#entries[id];
    return entry === undefined || entry.fate === "survived" ? undefined : entry;
  }

  set(id: string, verdict: Verdict): void {
    this.#entries[id] = { ...verdict, sources: this.sources, tests: this.#testsOf(verdict) };
    writeFileSync(`${this.#path}.new`, JSON.stringify(this.#entries));
    renameSync(`${this.#path}.new`, this.#path);
  }

  #testsOf(verdict: Verdict): string {
    return verdict.fate === "survived" ? [...this.#tests.values()].join() : this.#tests.get(verdict.file) ?? "none";
  }
}

// What the benchmarks share: the arena with the program's own slots, entropy, a phrase that has been stretched already.

import { StretchedPhrase } from "../src/auth/stretched.ts";
import { SALT_SIZE, STRETCHED_SIZE } from "../src/constants.ts";
import { loadSodium } from "../src/crypto/sodium.ts";
import type { Entropy } from "../src/ports.ts";
import type { Arena, SlotClasses } from "../src/secrets/locked.ts";

/** As in src/cli/boot.ts. */
const SLOTS: SlotClasses = [[32, 18_000], [64, 512], [256, 512], [1280, 8]];

let arena: Promise<Arena> | undefined;

/** One in a file: each benchmark file has modules of its own. */
export function benchArena(): Promise<Arena> {
  arena ??= loadSodium(SLOTS);
  return arena;
}

/** The program draws with getrandom(2) through FFI, which is about 2 us a call faster. */
export const entropy: Entropy = (into) => void crypto.getRandomValues(into as Uint8Array<ArrayBuffer>);

/** As if Argon2id had just run. */
export function stretchedAlready(arena: Arena): StretchedPhrase {
  using bytes = arena.bytes(STRETCHED_SIZE);
  entropy(bytes.bytes);
  return StretchedPhrase.from(arena, new Uint8Array(SALT_SIZE).fill(7), bytes);
}

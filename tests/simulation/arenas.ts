// Arenas for simulated processes: with toy primitives one each on ordinary memory, with the real ones a share of
// libsodium's. Out of scope: what is kept in them.

import { Arena, arenaSize, type SlotClasses } from "../../src/secrets/locked.ts";
import type { Arenas } from "./world.ts";

const CLASSES: SlotClasses = [[32, 1600], [64, 64], [256, 128], [1280, 8]];

/** One each; used again by the next seed if it came back empty. */
export function separateArenas(): Arenas {
  let free: Arena[] = [];
  let taken: Arena[] = [];
  return {
    separate: true,
    take() {
      const arena = free.pop() ?? new Arena(new Uint8Array(arenaSize(CLASSES)), 0, CLASSES);
      taken.push(arena);
      return arena;
    },
    reset() {
      free = [...free, ...taken.filter((arena) => arena.used === 0)];
      taken = [];
    },
  };
}

/** All the same one: the primitives compute only there. */
export function sharedArena(arena: Arena): Arenas {
  const before = arena.used;
  return {
    separate: false,
    take: () => arena,
    reset() {
      if (arena.used !== before) throw new Error(`${arena.used - before} slots of secrets are left`);
    },
  };
}

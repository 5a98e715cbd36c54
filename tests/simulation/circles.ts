// Who hears whom, in all orders, with toy primitives. Says what it ran; exits 1 at the first header that is wrong.
//
//   deno task check circles [SEEDS]    so many each of three people and of five (default: 120), a sixth of them agreeing to all

import { tellCounts } from "../../scripts/suites.ts";
import { Arena, arenaSize, type SlotClasses } from "../../src/secrets/locked.ts";
import { agreeToAll, comeAndGo } from "./circle.ts";

const CLASSES: SlotClasses = [[32, 8000], [64, 256], [256, 512], [1280, 32]];
const seeds = Number(Deno.args[0] ?? 120);
const arena = new Arena(new Uint8Array(arenaSize(CLASSES)), 0, CLASSES);
for (const count of [3, 5]) {
  for (let seed = 1; seed <= seeds; seed++) comeAndGo(arena, seed, count);
  console.log(`${seeds} orders of ${count} people: every header is right`);
}
const all = Math.ceil(seeds / 6);
for (let seed = 1; seed <= all; seed++) agreeToAll(arena, seed);
console.log(`${all} orders of 5 who agree to all: everyone hears everyone, each message once`);
if (arena.used > 0) throw new Error(`${arena.used} slots of secrets are left`);
tellCounts({ passed: 2 * seeds + all });

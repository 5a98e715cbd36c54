// A process of tests/simulation/simulate.ts: runs the seeds that its arguments name and prints one line of JSON for
// each that fails, one now and then for progress, and one at the end. Out of scope: how results are added up and shown.
//
//   worker.ts FROM STEP COUNT [--planted NAME] [--verbose] [--until EPOCH_MS]

import { separateArenas, sharedArena } from "./arenas.ts";
import { plant } from "./planted.ts";
import { type Arenas, simulate } from "./world.ts";

export interface WorkerLine {
  readonly failed?: { readonly seed: number; readonly digest: number; readonly why: string };
  readonly log?: string;
  readonly ran: number;
  readonly steps: number;
  readonly cells: number;
  readonly delivered: number;
  readonly simulatedMs: number;
  readonly digest: number;
}

if (import.meta.main) {
  const [from, step, count, ...options] = Deno.args;
  const value = (name: string) => options.includes(name) ? options[options.indexOf(name) + 1] : undefined;
  const planted = value("--planted");
  if (planted !== undefined) plant(planted);
  const until = Number(value("--until") ?? Infinity);
  await work(Number(from), Number(step), Number(count), until, options.includes("--verbose"));
}

async function work(from: number, step: number, count: number, until: number, verbose: boolean): Promise<void> {
  const arenas = await makeArenas();
  const total = { ran: 0, steps: 0, cells: 0, delivered: 0, simulatedMs: 0, digest: 0 };
  const say = (extra: Partial<WorkerLine>) => console.log(JSON.stringify({ ...total, ...extra }));
  let told = Date.now();
  for (let i = 0; i < count && Date.now() < until; i++) {
    const seed = from + i * step;
    const { failure, ...report } = simulate(seed, arenas, verbose ? (log) => say({ log }) : undefined);
    total.ran++;
    for (const key of ["steps", "cells", "delivered", "simulatedMs"] as const) total[key] += report[key];
    // Added up, so that it does not matter how many processes share the seeds.
    total.digest = (total.digest + report.digest) >>> 0;
    if (failure !== undefined) say({ failed: { seed, digest: report.digest, why: failure } });
    if (Date.now() - told < 500) continue;
    told = Date.now();
    say({});
  }
  say({});
}

/** With toy/config.json the primitives are toys; else they are libsodium's, in libsodium's memory. */
async function makeArenas(): Promise<Arenas> {
  const toy = !import.meta.resolve("../../src/crypto/aead.ts").includes("/src/crypto/");
  if (toy) return separateArenas();
  const { loadSodium } = await import("../../src/crypto/sodium.ts");
  return sharedArena(await loadSodium([[32, 12_000], [64, 512], [256, 512], [1280, 8]]));
}

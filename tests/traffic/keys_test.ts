// Whether a delay next to keys is seen, and none where there is none: the gate's row must be able to fail.

import { ok } from "node:assert/strict";
import type { Seen } from "./features.ts";
import { judgeKeys } from "./gate.ts";
import { type Key, lateAfterKeys } from "./keys.ts";
import { Random } from "../simulation/random.ts";

const INTERVAL_MS = 50;

/** A minute of cells, each up to 2 ms late by chance; those within 4 ms after a key of their side `delay` more. */
function session(seed: number, delay: number) {
  const random = new Random(seed);
  const began = 1e12 + random.unit() * 1e6;
  const keys: Key[] = Array.from({ length: 350 }, () => ({ at: began + random.unit() * 60_000, side: "dialer" }));
  const cells: Seen[] = (["up", "down"] as const).flatMap((way) => {
    const phase = random.unit() * INTERVAL_MS;
    return Array.from({ length: 1200 }, (_, k) => {
      const due = began + phase + k * INTERVAL_MS;
      const near = way === "up" && keys.some(({ at }) => at <= due && due < at + 4);
      return { at: due + random.unit() * 2 + (near ? delay : 0), way, size: 1302 };
    });
  });
  return { keys, seen: { seen: cells, from: began, until: Infinity } };
}

const sessions = (delay: number) => Array.from({ length: 10 }, (_, i) => session(i + 1, delay));

Deno.test("cells that leave later next to a key are seen, and by how much", () => {
  const { late, low, high, near } = lateAfterKeys(sessions(1), INTERVAL_MS);
  ok(near > 100, String(near));
  // One in five is so late by chance that it is counted as next to a key without having been delayed.
  ok(low > 0.5 && late < 1 && high < 1.2, JSON.stringify({ late, low, high }));
  ok(judgeKeys("real", 10, { late, low, high, near }).outcome === "failed");
});

Deno.test("where keys delay nothing, nothing is seen", () => {
  const lateness = lateAfterKeys(sessions(0), INTERVAL_MS);
  ok(lateness.low < 0.1 && lateness.high > -0.1 && lateness.high < 0.4, JSON.stringify(lateness));
  ok(judgeKeys("real", 10, lateness).outcome === "passed");
});

Deno.test("no cell next to a key: nothing is known, and the row fails", () => {
  const lateness = lateAfterKeys([{ ...session(1, 0), keys: [] }], INTERVAL_MS);
  ok(lateness.near === 0 && judgeKeys("real", 1, lateness).outcome === "failed");
});

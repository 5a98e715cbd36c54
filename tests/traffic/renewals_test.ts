// Whether the cells of a renewal are found by counting, and whether a delay in them is seen: the row must be able to
// fail.

import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";
import { judgeRenewals } from "./gate.ts";
import { Random } from "../simulation/random.ts";
import { lateAtRenewals, placesOf } from "./renewals.ts";
import { CONSTANT, SessionPair } from "../simulation/session_pair.ts";
import { seededEntropy, testArena } from "../harness/arena.ts";

const arena = await testArena();

/** When the cells of two sessions left, and which of them were the key, the ciphertext, and the first of an epoch. */
function conversation(seed: string) {
  using pair = new SessionPair(arena, {
    entropy: { dialer: seededEntropy(`${seed} dialer`), listener: seededEntropy(`${seed} listener`) },
  });
  pair.authenticate();
  pair.runUntil(60_000);
  const cells = (["dialer", "listener"] as const).map((role) =>
    pair.happened.flatMap(({ at, by, effect }) => {
      if (by !== role || effect.type !== "send" || effect.frame[1] !== 0x10) return [];
      const view = new DataView(effect.frame.buffer, effect.frame.byteOffset);
      return [{ at, epoch: view.getUint32(4), n: view.getUint16(10) }];
    })
  );
  const [up, down] = cells as [typeof cells[0], typeof cells[0]];
  const key = up.flatMap(({ n }, i) => n === 8 ? [i] : []);
  const first = up.flatMap(({ n, epoch }, i) => n === 0 && epoch > 0 ? [i] : []);
  const ciphertext = down.flatMap(({ epoch }, i) => (down[i + 1]?.epoch ?? epoch) > epoch ? [i] : []);
  return { up: up.map(({ at }) => at), down: down.map(({ at }) => at), key, first, ciphertext };
}

Deno.test("key, ciphertext and the first cell of each epoch are found by counting cells, as the sessions number them", () => {
  for (let seed = 0; seed < 20; seed++) {
    const { up, down, key, first, ciphertext } = conversation(`count ${seed}`);
    const places = placesOf(up, down);
    ok(places.renewals >= 20, `${places.renewals}`);
    deepEqual([...places.up].sort((a, b) => a - b), [...key, ...first].sort((a, b) => a - b));
    for (const cell of ciphertext) ok(places.down.has(cell), `ciphertext ${cell}`);
  }
});

/** A conversation as it would be captured: each cell up to 1 ms late by chance, those of renewals `delay` more. */
function captured(seed: number, delay: number) {
  const random = new Random(seed);
  const { up, down } = conversation(`late ${seed}`);
  const places = placesOf(up, down);
  const of = (way: "up" | "down", times: readonly number[]) =>
    times.map((at, i) => ({ at: 1e6 + at + random.unit() + (places[way].has(i) ? delay : 0), way, size: 1302 }));
  const seen = [...of("up", up), ...of("down", down)].sort((a, b) => a.at - b.at);
  return { seen, connectedAt: 1e6 - 1, from: 1e6, until: Infinity };
}

Deno.test("cells of renewals that leave later are seen, and where they do not nothing is", () => {
  for (const [delay, outcome] of [[1, "failed"], [0, "passed"]] as const) {
    const sessions = Array.from({ length: 4 }, (_, seed) => captured(seed + 1, delay));
    const lateness = lateAtRenewals(sessions, CONSTANT.intervalMs);
    ok(lateness.renewals > 60 && lateness.near > 200, JSON.stringify(lateness));
    ok(Math.abs(lateness.late - delay) < 0.25, JSON.stringify(lateness));
    equal(judgeRenewals("real", 4, lateness).outcome, outcome);
  }
});

Deno.test("without a renewal nothing is known, and the row fails", () => {
  const lateness = lateAtRenewals([], CONSTANT.intervalMs);
  equal(judgeRenewals("real", 0, lateness).outcome, "failed");
});

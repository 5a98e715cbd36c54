// The derivations of the ratchet, each against the pinned exchange.

import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";
import { fromHex, lockedBytes, lockedDhSecret, lockedKey, testArena, toHex } from "../../tests/harness/arena.ts";
import { LOW_ORDER_X25519 } from "../../tests/harness/points.ts";
import {
  type Exchange,
  type ExchangeFile,
  type RootStepValues,
  testShared,
  vectors,
} from "../../tests/harness/vectors.ts";
import { aadFor, CellKey, chainStep, rootStep, setAadHeaders } from "./steps.ts";

const arena = await testArena();
const { exchanges } = await vectors<ExchangeFile>("exchange-v1.json");

function checkRootSteps(before: string, steps: readonly RootStepValues[]) {
  using rootKey = lockedKey(arena, before);
  using chainKey = arena.key();
  for (const step of steps) {
    using secret = lockedDhSecret(arena, step.dhPrivate);
    ok(rootStep(arena, rootKey, chainKey, secret, fromHex(step.peerDh)));
    deepEqual([toHex(rootKey), toHex(chainKey)], [step.rk, step.ck]);
  }
}

function check({ inputs, derived, ratchetStart, cells, steps }: Exchange) {
  const root = { A: derived.RK!, B: derived.RK! };
  for (const side of ["A", "B"] as const) {
    checkRootSteps(root[side], ratchetStart[side]);
    root[side] = ratchetStart[side].at(-1)!.rk;
  }
  for (const step of steps) {
    if (step.op !== "open") continue;
    checkRootSteps(root[step.at], step.rootSteps);
    root[step.at] = step.rootSteps.at(-1)?.rk ?? root[step.at];
  }
  for (const cell of cells) {
    using chainKey = lockedKey(arena, cell.ckBefore);
    using messageKey = arena.key();
    chainStep(chainKey, messageKey);
    equal(toHex(messageKey), cell.mk);
    equal(toHex(chainKey), cell.ckAfter);
    using both = new CellKey(arena, messageKey);
    equal(toHex(both.key), cell.key);
    equal(toHex(both.nonce), cell.nonce);
    using sessionId = lockedBytes(arena, derived.sessionId!);
    const [from, to] = cell.from === "A" ? [inputs.peerIdA, inputs.peerIdB] : [inputs.peerIdB, inputs.peerIdA];
    using aad = aadFor(arena, sessionId, cell.from === "A" ? "dialer" : "listener", fromHex(from), fromHex(to));
    const frame = fromHex(cell.frame);
    setAadHeaders(aad, frame.subarray(0, 4), frame.subarray(4));
    equal(toHex(aad), cell.aad);
  }
  equal(arena.used, 0);
}

Deno.test("rootStep(), chainStep(), CellKey and the AAD give every value of the pinned exchange", () => {
  exchanges.forEach(check);
});

testShared<ExchangeFile>("the steps give every value of all shared exchanges", "exchange-v1.json", (file) => {
  equal(file.exchanges.length, 3);
  file.exchanges.forEach(check);
});

Deno.test("rootStep() of a key of low order is false and changes nothing", () => {
  using rootKey = lockedKey(arena, "01".repeat(32));
  using chainKey = lockedKey(arena, "02".repeat(32));
  using secret = lockedDhSecret(arena, "03".repeat(32));
  for (const point of LOW_ORDER_X25519) {
    equal(rootStep(arena, rootKey, chainKey, secret, fromHex(point)), false);
    deepEqual([toHex(rootKey), toHex(chainKey)], ["01".repeat(32), "02".repeat(32)]);
  }
  equal(arena.used, 3);
});

// The derivations of the ratchet, each against the exchanges.

import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";
import { fromHex, lockedBytes, lockedDhSecret, lockedKey, testArena, toHex } from "../../tests/harness/arena.ts";
import { LOW_ORDER_X25519 } from "../../tests/harness/points.ts";
import { type Exchange, type ExchangeFile, vectors } from "../../tests/harness/vectors.ts";
import { aadFor, chainStep, epochStep, renewalHash, setAadHeaders, startStep } from "./steps.ts";

const arena = await testArena();
const { exchanges } = await vectors<ExchangeFile>("exchange-v1.json");

/** Root key and both chains in slots, the chains empty. */
function epochKeys(rk: string) {
  const keys = { rootKey: lockedKey(arena, rk), chainA: arena.key(), chainB: arena.key() };
  return {
    keys,
    hex: () => [keys.rootKey, keys.chainA, keys.chainB].map(toHex),
    [Symbol.dispose]: () => Object.values(keys).forEach((key) => key[Symbol.dispose]()),
  };
}

function checkEpochs({ inputs, derived, epoch0, renewals }: Exchange) {
  const sides = [[inputs.ratchetPrivateA, derived.ratchetB!], [inputs.ratchetPrivateB, derived.ratchetA!]] as const;
  for (const [own, peer] of sides) {
    using epoch = epochKeys(derived.RK!);
    using secret = lockedDhSecret(arena, own);
    ok(startStep(arena, epoch.keys, secret, fromHex(peer)));
    deepEqual(epoch.hex(), [epoch0.rk, epoch0.ckA, epoch0.ckB]);
  }
  let rk = epoch0.rk;
  for (const renewal of renewals) {
    using epoch = epochKeys(rk);
    using ss = lockedKey(arena, renewal.ss);
    using dh = lockedKey(arena, renewal.dh);
    const [key, ciphertext] = [fromHex(renewal.keyBody), fromHex(renewal.ciphertextBody)];
    epochStep(arena, epoch.keys, renewal.epoch, { ss, dh, key, ciphertext });
    deepEqual(epoch.hex(), [renewal.rk, renewal.ckA, renewal.ckB]);
    const th = new Uint8Array(32);
    renewalHash(th, renewal.epoch, key, ciphertext);
    equal(toHex(th), renewal.th);
    rk = renewal.rk;
  }
}

function checkCells({ inputs, derived, cells }: Exchange) {
  for (const cell of cells) {
    using chainKey = lockedKey(arena, cell.ckBefore);
    using messageKey = arena.key();
    chainStep(chainKey, messageKey);
    equal(toHex(messageKey), cell.mk);
    equal(toHex(chainKey), cell.ckAfter);
    using sessionId = lockedBytes(arena, derived.sessionId!);
    const [from, to] = cell.from === "A" ? [inputs.peerIdA, inputs.peerIdB] : [inputs.peerIdB, inputs.peerIdA];
    using aad = aadFor(arena, sessionId, cell.from === "A" ? "dialer" : "listener", fromHex(from), fromHex(to));
    const frame = fromHex(cell.frame);
    setAadHeaders(aad, frame.subarray(0, 4), frame.subarray(4));
    equal(toHex(aad), cell.aad);
    equal(aad.length, 106);
  }
}

Deno.test("startStep(), epochStep(), chainStep() and the AAD give every value of the three exchanges", () => {
  equal(exchanges.length, 3);
  for (const exchange of exchanges) {
    checkEpochs(exchange);
    checkCells(exchange);
  }
  equal(arena.used, 0);
});

Deno.test("startStep() with a key of low order is false and changes nothing", () => {
  using epoch = epochKeys("01".repeat(32));
  using secret = lockedDhSecret(arena, "03".repeat(32));
  for (const point of LOW_ORDER_X25519) {
    equal(startStep(arena, epoch.keys, secret, fromHex(point)), false);
    deepEqual(epoch.hex(), ["01".repeat(32), "00".repeat(32), "00".repeat(32)]);
  }
  equal(arena.used, 4);
});

Deno.test("epochStep() depends on each of its inputs: root key, ss, dh, epoch, key and ciphertext", () => {
  const base = { rk: 1, ss: 2, dh: 3, epoch: 4, key: 5, ciphertext: 6 };
  const run = (values: typeof base) => {
    using epoch = epochKeys(`0${values.rk}`.repeat(32));
    using ss = lockedKey(arena, new Uint8Array(32).fill(values.ss));
    using dh = lockedKey(arena, new Uint8Array(32).fill(values.dh));
    const [key, ciphertext] = [new Uint8Array(1216).fill(values.key), new Uint8Array(1120).fill(values.ciphertext)];
    epochStep(arena, epoch.keys, values.epoch, { ss, dh, key, ciphertext });
    return epoch.hex().join();
  };
  const outcomes = new Set([run(base)]);
  for (const name of Object.keys(base) as (keyof typeof base)[]) outcomes.add(run({ ...base, [name]: 9 }));
  equal(outcomes.size, 7);
});

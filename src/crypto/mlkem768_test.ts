// ML-KEM-768: vectors from given seeds, agreement with noble, FIPS 203's check of a key, implicit rejection.

import { notStrictEqual as notEqual, ok, strictEqual as equal, throws } from "node:assert/strict";
import { ml_kem768 } from "@noble/post-quantum/ml-kem.js";
import { draw, fromHex, lockedBytes, lockedKey, seededEntropy, testArena, toHex } from "../../tests/harness/arena.ts";
import { withLargeCoefficient } from "../../tests/harness/kem.ts";
import { type Row, vectors } from "../../tests/harness/vectors.ts";
import { kemDecapsulate, kemEncapsulate, kemPublicKey } from "./mlkem768.ts";

const arena = await testArena();
const entropy = seededEntropy("mlkem768_test");

function publicKey(seed: Uint8Array): Uint8Array {
  using locked = lockedBytes(arena, seed);
  const out = new Uint8Array(1184);
  kemPublicKey(out, locked);
  return out;
}

function encapsulate(key: Uint8Array, random: Uint8Array): { ciphertext: Uint8Array; shared: string } | undefined {
  using m = lockedKey(arena, random);
  using shared = arena.key();
  const ciphertext = new Uint8Array(1088);
  if (!kemEncapsulate(ciphertext, shared, key, m)) return undefined;
  return { ciphertext, shared: toHex(shared) };
}

function decapsulate(ciphertext: Uint8Array, seed: Uint8Array): string {
  using locked = lockedBytes(arena, seed);
  using shared = arena.key();
  kemDecapsulate(shared, ciphertext, locked);
  return toHex(shared);
}

Deno.test("all three functions give the values of the FIPS 203 vectors, implicit rejection included", async () => {
  type Vector = Row<"d" | "z" | "ek" | "m" | "ct" | "ss" | "ctBad" | "ssOfCtBad">;
  const { mlkem768: rows } = await vectors<{ mlkem768: Vector[] }>("mlkem768.json");
  equal(rows.length, 4);
  for (const row of rows) {
    const seed = fromHex(row.d + row.z);
    equal(toHex(publicKey(seed)), row.ek);
    const made = encapsulate(fromHex(row.ek), fromHex(row.m));
    ok(made !== undefined);
    equal(toHex(made.ciphertext), row.ct);
    equal(made.shared, row.ss);
    equal(decapsulate(fromHex(row.ct), seed), row.ss);
    equal(decapsulate(fromHex(row.ctBad), seed), row.ssOfCtBad);
    notEqual(row.ss, row.ssOfCtBad);
  }
  equal(arena.used, 0);
});

Deno.test("all three functions agree with noble on 50 random inputs, implicit rejection included", () => {
  for (let i = 0; i < 50; i++) {
    const [seed, m] = [draw(entropy, 64), draw(entropy, 32)];
    const keys = ml_kem768.keygen(seed);
    const key = publicKey(seed);
    equal(toHex(key), toHex(keys.publicKey));
    const made = encapsulate(key, m);
    const noble = ml_kem768.encapsulate(keys.publicKey, m);
    ok(made !== undefined);
    equal(toHex(made.ciphertext), toHex(noble.cipherText));
    equal(made.shared, toHex(noble.sharedSecret));
    equal(decapsulate(made.ciphertext, seed), made.shared);
    made.ciphertext[(i * 37) % 1088]! ^= 1 << (i % 8);
    const rejected = decapsulate(made.ciphertext, seed);
    equal(rejected, toHex(ml_kem768.decapsulate(made.ciphertext, keys.secretKey)));
    notEqual(rejected, made.shared);
  }
  equal(arena.used, 0);
});

Deno.test("kemEncapsulate() refuses a key with a coefficient that is not below q, wherever it stands", () => {
  const key = publicKey(draw(entropy, 64));
  const m = draw(entropy, 32);
  for (const at of [0, 1, 2, 255, 256, 383, 511, 766, 767]) {
    for (const value of [3329, 3330, 4095]) equal(encapsulate(withLargeCoefficient(key, at, value), m), undefined);
    // The control: the largest coefficient that is allowed.
    ok(encapsulate(withLargeCoefficient(key, at, 3328), m) !== undefined);
  }
  equal(arena.used, 0);
});

Deno.test("wrong lengths throw a RangeError before anything is computed", () => {
  using seed = arena.bytes(64);
  using short = arena.bytes(63);
  using key = arena.key();
  const ek = new Uint8Array(1184);
  const ct = new Uint8Array(1088);
  throws(() => kemPublicKey(ek.subarray(1), seed), RangeError);
  throws(() => kemPublicKey(ek, short), RangeError);
  throws(() => kemEncapsulate(ct.subarray(1), key, ek, key), RangeError);
  throws(() => kemEncapsulate(ct, key, ek.subarray(1), key), RangeError);
  throws(() => kemEncapsulate(ct, key, ek, short), RangeError);
  throws(() => kemDecapsulate(key, ct.subarray(1), seed), RangeError);
  throws(() => kemDecapsulate(short, ct, seed), RangeError);
});

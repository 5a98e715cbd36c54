// The group edwards25519: agreement with noble, and every encoding that must not count as a point.

import { strictEqual as equal, throws } from "node:assert/strict";
import { ed25519 } from "@noble/curves/ed25519.js";
import { draw, fromHex, lockedBytes, seededEntropy, testArena, toHex } from "../../tests/harness/arena.ts";
import { nonCanonical, offCurve, SMALL_ORDER, subgroupPoint, torsioned } from "../../tests/harness/points.ts";
import {
  addPoints,
  isValidPoint,
  multiplyBase,
  multiplyPoint,
  multiplyScalars,
  reduceScalar,
  subtractPoints,
} from "./ed25519.ts";

const arena = await testArena();
const entropy = seededEntropy("ed25519_test");
const { Point } = ed25519;
const ORDER = Point.Fn.ORDER;

function toBigInt(bytes: Uint8Array): bigint {
  return bytes.reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n);
}

function toBytes(scalar: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, i) => Number((scalar >> BigInt(8 * i)) & 0xffn));
}

function randomScalar(): bigint {
  return toBigInt(draw(entropy, 64)) % ORDER;
}

Deno.test("reduceScalar() and multiplyScalars() agree with BigInt on 50 random inputs and at the edges", () => {
  const edges = [0n, 1n, ORDER - 1n, ORDER, ORDER + 1n, 2n ** 512n - 1n].map((n) =>
    Uint8Array.from({ length: 64 }, (_, i) => Number((n >> BigInt(8 * i)) & 0xffn))
  );
  for (const wide of [...edges, ...Array.from({ length: 50 }, () => draw(entropy, 64))]) {
    using locked = lockedBytes(arena, wide);
    using out = arena.key();
    reduceScalar(out, locked);
    equal(toBigInt(out.bytes), toBigInt(wide) % ORDER);
    const other = randomScalar();
    const expected = toBigInt(out.bytes) * other % ORDER;
    multiplyScalars(out, out, toBytes(other));
    equal(toBigInt(out.bytes), expected);
  }
  throws(() => reduceScalar(new Uint8Array(32), new Uint8Array(32)), RangeError);
  equal(arena.used, 0);
});

Deno.test("multiplyBase(), multiplyPoint(), addPoints() and subtractPoints() agree with noble on 50 random inputs", () => {
  for (let i = 0; i < 50; i++) {
    const [a, b] = [randomScalar(), randomScalar()];
    const [A, B] = [Point.BASE.multiply(a), Point.BASE.multiply(b)];
    const out = new Uint8Array(32);
    equal(multiplyBase(out, toBytes(a)), true);
    equal(toHex(out), A.toHex());
    using locked = lockedBytes(arena, toBytes(a));
    using point = arena.bytes(32);
    equal(multiplyPoint(point, locked, B.toBytes()), true);
    equal(toHex(point), B.multiply(a).toHex());
    equal(addPoints(out, A.toBytes(), B.toBytes()), true);
    equal(toHex(out), A.add(B).toHex());
    equal(subtractPoints(point, A.toBytes(), B.toBytes()), true);
    equal(toHex(point), A.subtract(B).toHex());
    equal(isValidPoint(point), true);
  }
  equal(arena.used, 0);
});

Deno.test("multiplyBase() and multiplyPoint() refuse the scalar 0", () => {
  const out = new Uint8Array(32);
  equal(multiplyBase(out, new Uint8Array(32)), false);
  equal(multiplyPoint(out, new Uint8Array(32), subgroupPoint(5n)), false);
});

Deno.test("multiplyPoint() of the smallest and the largest scalar gives the point and its negative", () => {
  const P = Point.BASE.multiply(77n);
  const out = new Uint8Array(32);
  equal(multiplyPoint(out, toBytes(1n), P.toBytes()), true);
  equal(toHex(out), P.toHex());
  equal(multiplyPoint(out, toBytes(ORDER - 1n), P.toBytes()), true);
  equal(toHex(out), P.negate().toHex());
});

function refused(point: Uint8Array) {
  equal(isValidPoint(point), false, toHex(point));
  equal(multiplyPoint(new Uint8Array(32), toBytes(9n), point), false, toHex(point));
}

Deno.test("isValidPoint() and multiplyPoint() refuse all eight points of small order", () => {
  equal(SMALL_ORDER.length, 8);
  SMALL_ORDER.forEach(refused);
});

Deno.test("isValidPoint() and multiplyPoint() refuse a point of the subgroup plus any point of small order", () => {
  for (let i = 0; i < 10; i++) {
    const good = subgroupPoint(randomScalar());
    equal(isValidPoint(good), true);
    const bad = torsioned(good);
    equal(new Set(bad.map(toHex)).size, 7);
    bad.forEach(refused);
  }
});

Deno.test("isValidPoint() and multiplyPoint() refuse encodings that are not canonical", () => {
  equal(nonCanonical().length, 40);
  nonCanonical().forEach(refused);
});

Deno.test("isValidPoint() and multiplyPoint() refuse what is not on the curve, and isValidPoint() other lengths", () => {
  offCurve().forEach(refused);
  for (const length of [0, 31, 33, 64]) equal(isValidPoint(new Uint8Array(length).fill(1)), false);
});

Deno.test("addPoints() and subtractPoints() refuse what is not on the curve", () => {
  const good = subgroupPoint(3n);
  for (const bad of offCurve()) {
    const out = new Uint8Array(32);
    equal(addPoints(out, good, bad), false);
    equal(addPoints(out, bad, good), false);
    equal(subtractPoints(out, good, bad), false);
    equal(subtractPoints(out, bad, good), false);
  }
});

Deno.test("a point minus itself is the identity, which is not valid", () => {
  const out = new Uint8Array(32);
  equal(subtractPoints(out, subgroupPoint(3n), subgroupPoint(3n)), true);
  equal(toHex(out), toHex(fromHex("01" + "00".repeat(31))));
  refused(out);
});

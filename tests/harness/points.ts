// Points that a peer must not be able to use: of low order, outside the subgroup, not in the one canonical encoding.
// Made with noble; the product has no such arithmetic.

import { ed25519, ED25519_TORSION_SUBGROUP } from "@noble/curves/ed25519.js";
import { fromHex } from "./arena.ts";

/** Every u-coordinate below 2^255 of low order: 0, 1, both of order 8, p - 1, and p and p + 1 written without reduction. */
export const LOW_ORDER_X25519: readonly string[] = [
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
  "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
];

/** The eight points of small order, the identity first. */
export const SMALL_ORDER: readonly Uint8Array[] = ED25519_TORSION_SUBGROUP.map((hex) => fromHex(hex));

/** A point of the prime-order subgroup. */
export function subgroupPoint(scalar: bigint): Uint8Array {
  return ed25519.Point.BASE.multiply(scalar).toBytes();
}

/** The same point plus each of the seven points of small order: on the curve, canonical, outside the subgroup. */
export function torsioned(point: Uint8Array): Uint8Array[] {
  const P = ed25519.Point.fromBytes(point);
  return SMALL_ORDER.slice(1).map((t) => P.add(ed25519.Point.fromBytes(t, true)).toBytes());
}

/** Encodings that RFC 8032 does not allow: y not below p, in each sign; x = 0 with the sign bit. */
export function nonCanonical(): Uint8Array[] {
  const found: Uint8Array[] = [];
  // y = p + k for the 19 values of k that still fit into 255 bits.
  for (let k = 0; k < 19; k++) {
    for (const sign of [0, 0x80]) {
      const bytes = new Uint8Array(32).fill(0xff);
      bytes[0] = 0xed + k;
      bytes[31] = 0x7f | sign;
      found.push(bytes);
    }
  }
  const one = new Uint8Array(32);
  one[0] = 1;
  one[31] = 0x80;
  const minusOne = new Uint8Array(32).fill(0xff);
  minusOne[0] = 0xec;
  return [...found, one, minusOne];
}

/** 32 bytes whose y has no x on the curve. */
export function offCurve(): Uint8Array[] {
  const found: Uint8Array[] = [];
  for (let y = 2; found.length < 5; y++) {
    const bytes = new Uint8Array(32);
    bytes[0] = y;
    try {
      ed25519.Point.fromBytes(bytes);
    } catch {
      found.push(bytes);
    }
  }
  return found;
}

// The group that SPAKE2 runs over, as an interface, because the RFC's own vectors are for P-256: the tests run those
// vectors through the same code (`p256_test_group.ts` over noble), while the product has edwards25519 and nothing else.
// There is no arithmetic here; `crypto/ed25519.ts` has libsodium's.

import {
  addPoints,
  isValidPoint,
  multiplyBase,
  multiplyPoint,
  multiplyScalars,
  reduceScalar,
  subtractPoints,
} from "../crypto/ed25519.ts";
import type { Bytes } from "../crypto/sodium.ts";
import type { LockedBytes, LockedKey } from "../secrets/locked.ts";

/** Scalars are 32 bytes little-endian below the group's order. A function that returns false has no usable result. */
export interface Group {
  /** Bytes of an encoded point. */
  readonly pointSize: number;
  /** RFC 9382 section 6. */
  readonly M: Uint8Array;
  readonly N: Uint8Array;
  /** `out` = 64 bytes, little-endian, mod the order; false if that is 0. */
  reduce(out: LockedKey, wide: LockedBytes): boolean;
  /** `out` = cofactor * scalar mod the order. */
  timesCofactor(out: LockedKey, scalar: LockedKey): void;
  /** Canonical, on the curve, in the subgroup of prime order, not the identity. */
  valid(point: Bytes): boolean;
  multiplyBase(out: Bytes, scalar: LockedKey): boolean;
  /** False if the result is the identity, too. */
  multiply(out: Bytes, scalar: LockedKey, point: Bytes): boolean;
  add(out: Bytes, p: Bytes, q: Bytes): boolean;
  subtract(out: Bytes, p: Bytes, q: Bytes): boolean;
}

const EIGHT = Uint8Array.from({ length: 32 }, (_, i) => i === 0 ? 8 : 0);

/** The suite of docs/PROTOCOL.md section 3. */
export const edwards25519: Group = {
  pointSize: 32,
  M: Uint8Array.fromHex("d048032c6ea0b6d697ddc2e86bda85a33adac920f1bf18e1b0c6d166a5cecdaf"),
  N: Uint8Array.fromHex("d3bfb518f44f3430f29d0c92af503865a1ed3281dc69b35dd868ba85f886c4ab"),
  reduce(out, wide) {
    reduceScalar(out, wide);
    return out.bytes.some((byte) => byte !== 0);
  },
  timesCofactor: (out, scalar) => multiplyScalars(out, scalar, EIGHT),
  valid: isValidPoint,
  multiplyBase,
  multiply: multiplyPoint,
  add: addPoints,
  subtract: subtractPoints,
};

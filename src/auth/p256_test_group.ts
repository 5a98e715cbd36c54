// P-256 as a Group, for one thing: RFC 9382 prints vectors for P-256 only, and with this they run through the product's
// own SPAKE2 code. Over noble, which leaves copies of scalars behind: tests only, never the product.
// Points are 65 bytes, uncompressed, as the RFC's transcripts have them. Scalars are little-endian, as the interface says.

import { p256 } from "@noble/curves/nist.js";
import type { Bytes } from "../crypto/sodium.ts";
import { LockedBytes } from "../secrets/locked.ts";
import type { Group } from "./group.ts";

const { Point } = p256;
type P256Point = InstanceType<typeof Point>;

export const p256TestGroup: Group = {
  pointSize: 65,
  M: Point.fromHex("02886e2f97ace46e55ba9dd7242579f2993b64e16ef3dcab95afd497333d8fa12f").toBytes(false),
  N: Point.fromHex("03d8bbd6c639c62937b04d997f38c3770719c629d7014d49a24b4f98baa1292b49").toBytes(false),
  reduce(out, wide) {
    const scalar = toScalar(wide) % Point.Fn.ORDER;
    out.bytes.set(Point.Fn.toBytes(scalar).reverse());
    return scalar !== 0n;
  },
  // The cofactor of P-256 is 1.
  timesCofactor: (out, scalar) => out.bytes.set(scalar.bytes),
  valid: (point) => decode(point) !== undefined,
  multiplyBase: (out, scalar) => encode(out, Point.BASE.multiplyUnsafe(toScalar(scalar))),
  multiply(out, scalar, point) {
    const P = decode(point);
    return P !== undefined && encode(out, P.multiplyUnsafe(toScalar(scalar)));
  },
  add: (out, p, q) => combine(out, p, q, (P, Q) => P.add(Q)),
  subtract: (out, p, q) => combine(out, p, q, (P, Q) => P.subtract(Q)),
};

function plain(bytes: Bytes): Uint8Array {
  return bytes instanceof LockedBytes ? bytes.bytes : bytes;
}

function toScalar(bytes: Bytes): bigint {
  return plain(bytes).reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n);
}

/** Undefined for the identity, too: uncompressed it has no encoding. */
function decode(bytes: Bytes): P256Point | undefined {
  if (bytes.length !== 65) return undefined;
  try {
    return Point.fromBytes(plain(bytes));
  } catch {
    return undefined;
  }
}

function encode(out: Bytes, point: P256Point): boolean {
  if (point.is0()) return false;
  plain(out).set(point.toBytes(false));
  return true;
}

function combine(out: Bytes, p: Bytes, q: Bytes, operation: (P: P256Point, Q: P256Point) => P256Point): boolean {
  const [P, Q] = [decode(p), decode(q)];
  return P !== undefined && Q !== undefined && encode(out, operation(P, Q));
}

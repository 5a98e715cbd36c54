// The group edwards25519 (RFC 8032's points, RFC 9382's use). libsodium; leaves nothing behind (measured).
// Points are 32 bytes as in RFC 8032, scalars 32 bytes little-endian and below the group order l.

import { type Bytes, use } from "./sodium.ts";

/** Canonical, on the curve, not of small order, in the subgroup of prime order. */
export function isValidPoint(point: Bytes): boolean {
  if (point.length !== 32) return false;
  return use((raw, scratch) => raw._crypto_core_ed25519_is_valid_point!(scratch.in(point))) === 1;
}

/** `out` = 64 bytes, read little-endian, mod l. */
export function reduceScalar(out: Bytes, wide: Bytes): void {
  if (wide.length !== 64) throw new RangeError("a wide scalar has 64 bytes");
  use((raw, scratch) => {
    const w = scratch.in(wide);
    scratch.out(out, (at) => raw._crypto_core_ed25519_scalar_reduce!(at, w));
  });
}

/** `out` = a * b mod l. */
export function multiplyScalars(out: Bytes, a: Bytes, b: Bytes): void {
  use((raw, scratch) => {
    const [x, y] = [scratch.in(a), scratch.in(b)];
    scratch.out(out, (at) => raw._crypto_core_ed25519_scalar_mul!(at, x, y));
  });
}

/** `out` = scalar * G. False if the scalar is zero. */
export function multiplyBase(out: Bytes, scalar: Bytes): boolean {
  return use((raw, scratch) => {
    const s = scratch.in(scalar);
    return scratch.out(out, (at) => raw._crypto_scalarmult_ed25519_base_noclamp!(at, s)) === 0;
  });
}

/** `out` = scalar * point. False if the point is not valid or the result is the identity. */
export function multiplyPoint(out: Bytes, scalar: Bytes, point: Bytes): boolean {
  return use((raw, scratch) => {
    const [s, p] = [scratch.in(scalar), scratch.in(point)];
    return scratch.out(out, (at) => raw._crypto_scalarmult_ed25519_noclamp!(at, s, p)) === 0;
  });
}

/** `out` = p + q. False if one is not on the curve. */
export function addPoints(out: Bytes, p: Bytes, q: Bytes): boolean {
  return use((raw, scratch) => {
    const [a, b] = [scratch.in(p), scratch.in(q)];
    return scratch.out(out, (at) => raw._crypto_core_ed25519_add!(at, a, b)) === 0;
  });
}

/** `out` = p - q. False if one is not on the curve. */
export function subtractPoints(out: Bytes, p: Bytes, q: Bytes): boolean {
  return use((raw, scratch) => {
    const [a, b] = [scratch.in(p), scratch.in(q)];
    return scratch.out(out, (at) => raw._crypto_core_ed25519_sub!(at, a, b)) === 0;
  });
}

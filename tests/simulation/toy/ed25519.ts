// A toy: see mix.ts. The group is the integers mod 2^32 in the first four bytes; scalars are odd, so that no product is 0.

import { type Bytes, plain } from "./mix.ts";

export function isValidPoint(point: Bytes): boolean {
  return point.length === 32;
}

export function reduceScalar(out: Bytes, wide: Bytes): void {
  put(out, get(wide) | 1);
}

export function multiplyScalars(out: Bytes, a: Bytes, b: Bytes): void {
  put(out, Math.imul(get(a), get(b)));
}

export function multiplyBase(out: Bytes, scalar: Bytes): boolean {
  put(out, Math.imul(get(scalar), 0x2545f491));
  return true;
}

export function multiplyPoint(out: Bytes, scalar: Bytes, point: Bytes): boolean {
  put(out, Math.imul(get(scalar), get(point)));
  return true;
}

export function addPoints(out: Bytes, p: Bytes, q: Bytes): boolean {
  put(out, get(p) + get(q));
  return true;
}

export function subtractPoints(out: Bytes, p: Bytes, q: Bytes): boolean {
  put(out, get(p) - get(q));
  return true;
}

function get(bytes: Bytes): number {
  const b = plain(bytes);
  return b[0]! | b[1]! << 8 | b[2]! << 16 | b[3]! << 24;
}

function put(out: Bytes, value: number): void {
  const b = plain(out);
  b.fill(0);
  b[0] = value;
  b[1] = value >>> 8;
  b[2] = value >>> 16;
  b[3] = value >>> 24;
}

// What all toy primitives share: a fast hash of no strength. They stand in for src/crypto in the many-seeds simulation
// (deno.json beside this file maps the imports), because there the state machines are tested and not the primitives: a
// wrong key, nonce or header still fails, and a seed costs a twentieth. NEVER for anything but the simulation.

import { LockedBytes } from "../../../src/secrets/locked.ts";

export type Bytes = Uint8Array | LockedBytes;

export function plain(bytes: Bytes): Uint8Array {
  return bytes instanceof LockedBytes ? bytes.bytes : bytes;
}

/** Fills `out` with bytes that depend on all parts, their order and their lengths. `out` may be one of them. */
export function mix(out: Uint8Array, label: number, parts: readonly Bytes[]): void {
  let a = 0x9e3779b9 ^ label;
  let b = 0x85ebca6b + label;
  for (const part of parts) {
    const bytes = plain(part);
    const { length } = bytes;
    a = Math.imul(a ^ length, 0x2c1b3c6d);
    const whole = length & ~3;
    let i = 0;
    for (; i < whole; i += 4) {
      const word = bytes[i]! | bytes[i + 1]! << 8 | bytes[i + 2]! << 16 | bytes[i + 3]! << 24;
      a = Math.imul(a ^ word, 0x01000193) ^ (b >>> 15);
      b = Math.imul(b + word, 0x297a2d39) ^ (a >>> 13);
    }
    for (; i < length; i++) {
      a = Math.imul(a ^ bytes[i]!, 0x01000193) ^ (b >>> 15);
      b = Math.imul(b + bytes[i]!, 0x297a2d39) ^ (a >>> 13);
    }
  }
  for (let i = 0; i < out.length; i += 4) {
    a = (a + 0x6d2b79f5) | 0;
    b = (b ^ Math.imul(a, 0x85ebca6b)) | 0;
    let t = Math.imul((a ^ b) ^ ((a ^ b) >>> 15), 1 | b);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ a;
    t ^= t >>> 14;
    out[i] = t;
    if (i + 1 < out.length) out[i + 1] = t >>> 8;
    if (i + 2 < out.length) out[i + 2] = t >>> 16;
    if (i + 3 < out.length) out[i + 3] = t >>> 24;
  }
}

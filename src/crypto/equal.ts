// Comparison of 32 bytes in constant time (libsodium's crypto_verify_32).

import { type Bytes, use } from "./sodium.ts";

/** True if both are the same 32 bytes. Other lengths throw: they are never data from a peer. */
export function equal32(a: Bytes, b: Bytes): boolean {
  if (a.length !== 32 || b.length !== 32) throw new RangeError("equal32 compares 32 bytes");
  return use((raw, scratch) => raw._crypto_verify_32!(scratch.in(a), scratch.in(b))) === 0;
}

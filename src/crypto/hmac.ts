// HMAC-SHA-256 (RFC 2104). libsodium; leaves nothing behind (measured), but its stack is wiped all the same.

import { type Bytes, use } from "./sodium.ts";

/** `out` (32 bytes) = HMAC(key, parts joined). Keys of any length. `out` may be the key. */
export function hmacSha256(out: Bytes, key: Bytes, ...parts: Bytes[]): void {
  if (out.length !== 32) throw new RangeError("HMAC-SHA-256 gives 32 bytes");
  use((raw, scratch) => {
    const state = scratch.room(208);
    raw._crypto_auth_hmacsha256_init!(state, scratch.in(key), key.length);
    for (const part of parts) {
      use((raw, inner) => raw._crypto_auth_hmacsha256_update!(state, inner.in(part), part.length, 0));
    }
    scratch.out(out, (pointer) => raw._crypto_auth_hmacsha256_final!(state, pointer));
  });
}

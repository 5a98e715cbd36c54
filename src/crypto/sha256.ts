// SHA-256 (FIPS 180-4). libsodium; leaves nothing behind (measured), but its stack is wiped all the same.

import { type Bytes, use } from "./sodium.ts";

/** `out` (32 bytes) = SHA-256 of the parts joined. `out` may be one of the parts. */
export function sha256(out: Bytes, ...parts: Bytes[]): void {
  if (out.length !== 32) throw new RangeError("SHA-256 gives 32 bytes");
  use((raw, scratch) => {
    const state = scratch.room(104);
    raw._crypto_hash_sha256_init!(state);
    // Part by part: a transcript may be longer than the scratch.
    for (const part of parts) {
      use((raw, inner) => raw._crypto_hash_sha256_update!(state, inner.in(part), part.length, 0));
    }
    scratch.out(out, (pointer) => raw._crypto_hash_sha256_final!(state, pointer));
  });
}

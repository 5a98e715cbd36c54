// HKDF-SHA-256, extract then expand (RFC 5869). libsodium; leaves nothing behind (measured).

import { type Bytes, use } from "./sodium.ts";

/**
 * Fills `out` (at most 8160 bytes) with HKDF(salt, ikm, info). An absent salt is 32 zero bytes, as the RFC says.
 * The input key material and the info are given in parts that are joined. `out` may be one of them, or the salt.
 */
export function hkdfSha256(out: Bytes, salt: Bytes | undefined, ikm: readonly Bytes[], info: readonly Bytes[]): void {
  use((raw, scratch) => {
    const prk = scratch.room(32);
    const [ikmAt, ikmLength] = scratch.join(ikm);
    const saltAt = salt === undefined ? scratch.room(32) : scratch.in(salt);
    raw._crypto_kdf_hkdf_sha256_extract!(prk, saltAt, salt?.length ?? 32, ikmAt, ikmLength);
    const [infoAt, infoLength] = scratch.join(info);
    const failed = scratch.out(
      out,
      (at) => raw._crypto_kdf_hkdf_sha256_expand!(at, out.length, infoAt, infoLength, prk),
    );
    if (failed !== 0) throw new RangeError("HKDF cannot give that many bytes");
  });
}

// ChaCha20-Poly1305 (RFC 8439). libsodium; leaves nothing behind (measured).

import { type Bytes, use } from "./sodium.ts";

/** Seals `plaintext` into `out` = ciphertext || tag, so `out` is 16 bytes longer. Key 32 bytes, nonce 12. */
export function seal(out: Bytes, key: Bytes, nonce: Bytes, aad: Bytes, plaintext: Bytes): void {
  if (out.length !== plaintext.length + 16 || key.length !== 32 || nonce.length !== 12) throw new RangeError("seal");
  use((raw, scratch) => {
    const [p, a, n, k] = [scratch.in(plaintext), scratch.in(aad), scratch.in(nonce), scratch.in(key)];
    scratch.out(
      out,
      (at) => raw._crypto_aead_chacha20poly1305_ietf_encrypt!(at, 0, p, plaintext.length, 0, a, aad.length, 0, 0, n, k),
    );
  });
}

/** Opens `sealed` into `out`, which is 16 bytes shorter. False, and `out` zeroed, if the tag is wrong. */
export function open(out: Bytes, key: Bytes, nonce: Bytes, aad: Bytes, sealed: Bytes): boolean {
  if (sealed.length !== out.length + 16 || key.length !== 32 || nonce.length !== 12) throw new RangeError("open");
  return use((raw, scratch) => {
    const [c, a, n, k] = [scratch.in(sealed), scratch.in(aad), scratch.in(nonce), scratch.in(key)];
    return scratch.out(
      out,
      (at) => raw._crypto_aead_chacha20poly1305_ietf_decrypt!(at, 0, 0, c, sealed.length, 0, a, aad.length, 0, n, k),
    ) === 0;
  });
}

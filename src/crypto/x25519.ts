// X25519 (RFC 7748). libsodium; leaves nothing behind (measured), its stack is wiped.

import type { LockedDhSecret } from "../secrets/locked.ts";
import { type Bytes, use } from "./sodium.ts";

/** `out` (32 bytes) = the public key of a private one. */
export function x25519PublicKey(out: Bytes, secret: LockedDhSecret): void {
  use((raw, scratch) => scratch.out(out, (at) => raw._crypto_scalarmult_curve25519_base!(at, scratch.in(secret))));
}

/**
 * `out` (32 bytes) = what both sides share. False if that is all zero: the other's key is then of low order and the
 * result one that anybody knows (RFC 7748 section 6.1).
 */
export function x25519(out: Bytes, secret: LockedDhSecret, publicKey: Bytes): boolean {
  return use((raw, scratch) => {
    const [s, p] = [scratch.in(secret), scratch.in(publicKey)];
    return scratch.out(out, (at) => raw._crypto_scalarmult_curve25519!(at, s, p)) === 0;
  });
}

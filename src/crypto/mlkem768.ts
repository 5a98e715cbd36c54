// ML-KEM-768 (FIPS 203). libsodium; leaves nothing behind once its stack is wiped (measured).
// The 64-byte seed d || z stands for the key pair: expanding it again costs 49 microseconds and keeps 2400 bytes out of
// the arena.

import type { LockedBytes } from "../secrets/locked.ts";
import { type Bytes, use } from "./sodium.ts";

const PUBLIC_KEY = 1184;
const SECRET_KEY = 2400;
const CIPHERTEXT = 1088;

/** `out` (1184 bytes) = the encapsulation key of a seed. */
export function kemPublicKey(out: Bytes, seed: LockedBytes): void {
  check(out, PUBLIC_KEY, seed, 64);
  use((raw, scratch) => {
    const dk = scratch.room(SECRET_KEY);
    scratch.out(out, (at) => raw._crypto_kem_mlkem768_seed_keypair!(at, dk, scratch.in(seed)));
  });
}

/** Ciphertext (1088 bytes) and shared secret (32) from 32 random bytes. False if the key fails FIPS 203's check. */
export function kemEncapsulate(ciphertext: Bytes, shared: LockedBytes, key: Bytes, random: LockedBytes): boolean {
  check(ciphertext, CIPHERTEXT, key, PUBLIC_KEY);
  check(shared, 32, random, 32);
  return use((raw, scratch) => {
    const k = scratch.in(key);
    return scratch.out(
      ciphertext,
      (at) => raw._crypto_kem_mlkem768_enc_deterministic!(at, scratch.in(shared), k, scratch.in(random)),
    ) === 0;
  });
}

/** `shared` (32 bytes) of a ciphertext. A changed ciphertext gives another secret and no error (implicit rejection). */
export function kemDecapsulate(shared: LockedBytes, ciphertext: Bytes, seed: LockedBytes): void {
  check(shared, 32, ciphertext, CIPHERTEXT);
  use((raw, scratch) => {
    const dk = scratch.room(SECRET_KEY);
    raw._crypto_kem_mlkem768_seed_keypair!(scratch.room(PUBLIC_KEY), dk, scratch.in(seed));
    raw._crypto_kem_mlkem768_dec!(scratch.in(shared), scratch.in(ciphertext), dk);
  });
}

function check(a: Bytes, aLength: number, b: Bytes, bLength: number): void {
  if (a.length !== aLength || b.length !== bLength) throw new RangeError("ML-KEM-768: wrong length");
}

// What `deno task check timing` asks of the primitives: libsodium's code as this runtime compiles it from WebAssembly,
// called as the program calls it. A fixed secret is measured against a new one each time, and for comparisons, wrong at
// the beginning against wrong at the end. Both classes are prepared by the same work. Out of scope: the measuring.

import { open, seal } from "../src/crypto/aead.ts";
import { multiplyPoint, reduceScalar } from "../src/crypto/ed25519.ts";
import { hmacSha256 } from "../src/crypto/hmac.ts";
import { kemDecapsulate, kemEncapsulate, kemPublicKey } from "../src/crypto/mlkem768.ts";
import { x25519, x25519PublicKey } from "../src/crypto/x25519.ts";
import type { Arena } from "../src/secrets/locked.ts";
import type { Random } from "../tests/simulation/random.ts";

export interface Subject {
  readonly name: string;
  readonly classes: string;
  /** "seen" and "unseen" are controls; a subject of "asked" is reported as it comes out. */
  readonly expected: "seen" | "unseen" | "asked";
  /** Makes an input of class 0 or 1 ready, outside what is measured. */
  prepare(which: 0 | 1): void;
  /** Measured, so many times in a row. */
  run(): void;
  readonly times: number;
}

export function primitives(arena: Arena, random: Random): Subject[] {
  const fresh = (length: number) => {
    const bytes = new Uint8Array(length);
    random.fill(bytes);
    return bytes;
  };
  /** Fills a slot with what is always the same or with something new. */
  const either = (
    slot: Uint8Array,
    first: Uint8Array,
    which: 0 | 1,
    make = (into: Uint8Array) => random.fill(into),
  ) => {
    const other = new Uint8Array(first.length);
    make(other);
    slot.set(which === 0 ? first : other);
  };
  const out = new Uint8Array(32);
  const asked = (
    name: string,
    classes: string,
    times: number,
    prepare: Subject["prepare"],
    run: () => void,
  ): Subject => {
    return { name, classes, expected: "asked", times, prepare, run };
  };
  const fixedOrRandom = "always the same / another each time";

  const dh = arena.dhSecret();
  const [dhFirst, base] = [fresh(32), new Uint8Array(32)];
  random.fill(dh.bytes);
  x25519PublicKey(base, dh);

  const scalar = arena.key();
  const reduced = (into: Uint8Array) => reduceScalar(into as Uint8Array<ArrayBuffer>, fresh(64));
  const scalarFirst = new Uint8Array(32);
  reduced(scalarFirst);
  // The base point of edwards25519, RFC 8032 section 5.1.
  const point = new Uint8Array(32).fill(0x66);
  point[0] = 0x58;

  const wide = arena.bytes(64);
  const wideFirst = fresh(64);

  const key = arena.key();
  const keyFirst = fresh(32);

  const [aeadKey, nonce, aad, plaintext] = [fresh(32), fresh(12), fresh(32), fresh(1220)];
  const opened = new Uint8Array(plaintext.length);
  const sealed = new Uint8Array(plaintext.length + 16);
  seal(sealed, aeadKey, nonce, aad, plaintext);
  const wrong = sealed.slice();

  const [seed, shared, coins] = [arena.bytes(64), arena.key(), arena.key()];
  for (const slot of [seed, coins]) random.fill(slot.bytes);
  const [kemKey, ciphertext] = [new Uint8Array(1184), new Uint8Array(1088)];
  kemPublicKey(kemKey, seed);
  kemEncapsulate(ciphertext, shared, kemKey, coins);
  const received = ciphertext.slice();

  return [
    asked(
      "X25519, the secret",
      fixedOrRandom,
      1,
      (which) => either(dh.bytes, dhFirst, which),
      () => void x25519(out, dh, base),
    ),
    asked(
      "edwards25519, the scalar",
      fixedOrRandom,
      1,
      (which) => either(scalar.bytes, scalarFirst, which, reduced),
      () => void multiplyPoint(out, scalar, point),
    ),
    asked(
      "reduceScalar, what Argon2id gave",
      fixedOrRandom,
      5,
      (which) => either(wide.bytes, wideFirst, which),
      () => reduceScalar(out, wide),
    ),
    asked(
      "HMAC-SHA-256, the key",
      fixedOrRandom,
      5,
      (which) => either(key.bytes, keyFirst, which),
      () => hmacSha256(out, key, aad),
    ),
    asked(
      "ChaCha20-Poly1305, the tag",
      "first byte wrong / last byte wrong",
      5,
      (which) => {
        wrong.set(sealed);
        wrong[plaintext.length + (which === 0 ? 0 : 15)]! ^= 0x55;
      },
      () => void open(opened, aeadKey, nonce, aad, wrong),
    ),
    asked(
      "ML-KEM-768, decapsulation",
      "an honest ciphertext / one with a changed byte",
      1,
      (which) => {
        received.set(ciphertext);
        received[7]! ^= which === 0 ? 0 : 0x55;
      },
      () => kemDecapsulate(shared, received, seed),
    ),
  ];
}

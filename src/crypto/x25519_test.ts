// X25519: RFC 7748, wycheproof, agreement with noble, and every low-order key refused.

import { ok, strictEqual as equal } from "node:assert/strict";
import { x25519 as noble } from "@noble/curves/ed25519.js";
import { draw, fromHex, lockedDhSecret, seededEntropy, testArena, toHex } from "../../tests/harness/arena.ts";
import { LOW_ORDER_X25519 } from "../../tests/harness/points.ts";
import { type Row, vectors, type Wycheproof } from "../../tests/harness/vectors.ts";
import { x25519, x25519PublicKey } from "./x25519.ts";

const arena = await testArena();
const entropy = seededEntropy("x25519_test");

interface Vectors {
  readonly x25519: {
    readonly scalarMult: readonly { k: string; u: string; out: string }[];
    readonly iterated: { readonly start: string; readonly after: Readonly<Record<string, string>> };
    readonly diffieHellman: Readonly<
      Record<"alicePrivate" | "alicePublic" | "bobPrivate" | "bobPublic" | "shared", string>
    >;
  };
}
const { x25519: rfc } = await vectors<Vectors>("rfc-misc.json");

function shared(secret: string | Uint8Array, publicKey: string | Uint8Array): string | undefined {
  using key = lockedDhSecret(arena, secret);
  const out = new Uint8Array(32);
  return x25519(out, key, typeof publicKey === "string" ? fromHex(publicKey) : publicKey) ? toHex(out) : undefined;
}

function publicKey(secret: string | Uint8Array): string {
  using key = lockedDhSecret(arena, secret);
  const out = new Uint8Array(32);
  x25519PublicKey(out, key);
  return toHex(out);
}

Deno.test("x25519() gives the values of RFC 7748 section 5.2", () => {
  equal(rfc.scalarMult.length, 2);
  for (const { k, u, out } of rfc.scalarMult) equal(shared(k, u), out);
});

Deno.test("x25519() gives RFC 7748's value after 1 and after 1000 iterations", () => {
  let [k, u] = [rfc.iterated.start, rfc.iterated.start];
  for (let i = 1; i <= 1000; i++) {
    const next = shared(k, u);
    ok(next !== undefined);
    [k, u] = [next, k];
    const expected = rfc.iterated.after[i];
    if (expected !== undefined) equal(k, expected, `after ${i}`);
  }
  equal(k, rfc.iterated.after[1000]);
});

Deno.test("x25519PublicKey() and x25519() give RFC 7748's section 6.1, on both sides", () => {
  const { alicePrivate, alicePublic, bobPrivate, bobPublic, shared: expected } = rfc.diffieHellman;
  equal(publicKey(alicePrivate), alicePublic);
  equal(publicKey(bobPrivate), bobPublic);
  equal(shared(alicePrivate, bobPublic), expected);
  equal(shared(bobPrivate, alicePublic), expected);
});

Deno.test("x25519() gives wycheproof's shared secrets and refuses the all-zero ones", async () => {
  type File = Wycheproof<Row<"public" | "private" | "shared">>;
  const { testGroups } = await vectors<File>("wycheproof/x25519_test.json");
  let [given, refused] = [0, 0];
  for (const test of testGroups.flatMap((group) => group.tests)) {
    const zero = /^0*$/.test(test.shared);
    equal(shared(test.private, test.public), zero ? undefined : test.shared, `tcId ${test.tcId}`);
    if (zero) refused++;
    else given++;
  }
  equal(given, 487);
  equal(refused, 31);
});

Deno.test("x25519() and x25519PublicKey() agree with noble on 50 random inputs, and with each other", () => {
  for (let i = 0; i < 50; i++) {
    const [a, b] = [draw(entropy, 32), draw(entropy, 32)];
    const [A, B] = [publicKey(a), publicKey(b)];
    equal(A, toHex(noble.getPublicKey(a)));
    const expected = toHex(noble.getSharedSecret(a, fromHex(B)));
    equal(shared(a, B), expected);
    equal(shared(b, A), expected);
    // Any 32 bytes are a public key, those of the twist and the ones over the prime included.
    const any = draw(entropy, 32);
    equal(shared(a, any), toHex(noble.getSharedSecret(a, any)));
  }
  equal(arena.used, 0);
});

Deno.test("x25519() refuses every key of low order, canonical or not, with the high bit or without", () => {
  equal(LOW_ORDER_X25519.length, 7);
  for (const point of LOW_ORDER_X25519) {
    for (const high of [0, 0x80]) {
      const key = fromHex(point);
      key[31]! |= high;
      for (let i = 0; i < 3; i++) equal(shared(draw(entropy, 32), key), undefined);
    }
  }
  equal(arena.used, 0);
});

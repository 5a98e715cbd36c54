// ChaCha20-Poly1305: RFC 8439, wycheproof, agreement with noble, and what a failed open leaves (nothing).

import { ok, strictEqual as equal, throws } from "node:assert/strict";
import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { draw, fromHex, lockedBytes, lockedKey, seededEntropy, testArena, toHex } from "../../tests/harness/arena.ts";
import { type Row, vectors, type Wycheproof } from "../../tests/harness/vectors.ts";
import { open, seal } from "./aead.ts";

const arena = await testArena();
const entropy = seededEntropy("aead_test");

type Vector = Row<"name" | "key" | "nonce" | "aad" | "plaintext" | "ciphertext" | "tag">;

Deno.test("seal() and open() give RFC 8439's 2.8.2 and A.5", async () => {
  const { chacha20poly1305: { vectors: rows } } = await vectors<{ chacha20poly1305: { vectors: Vector[] } }>(
    "rfc-misc.json",
  );
  equal(rows.length, 2);
  for (const { name, key, nonce, aad, plaintext, ciphertext, tag } of rows) {
    const sealed = new Uint8Array(plaintext.length / 2 + 16);
    seal(sealed, fromHex(key), fromHex(nonce), fromHex(aad), fromHex(plaintext));
    equal(toHex(sealed), ciphertext + tag, name);
    const opened = new Uint8Array(plaintext.length / 2);
    ok(open(opened, fromHex(key), fromHex(nonce), fromHex(aad), sealed));
    equal(toHex(opened), plaintext, name);
  }
});

type AeadFile = Wycheproof<Row<"key" | "iv" | "aad" | "msg" | "ct" | "tag" | "result">, { readonly ivSize: number }>;

Deno.test("open() and seal() judge wycheproof's chacha20_poly1305 as that file does", async () => {
  const { testGroups } = await vectors<AeadFile>("wycheproof/chacha20_poly1305_test.json");
  let judged = 0;
  for (const { ivSize, tests } of testGroups) {
    for (const { tcId, key, iv, aad, msg, ct, tag, result } of tests) {
      judged++;
      const opened = new Uint8Array(msg.length / 2);
      const run = () => open(opened, fromHex(key), fromHex(iv), fromHex(aad), fromHex(ct + tag));
      if (ivSize !== 96) {
        equal(result, "invalid");
        throws(run, RangeError, `tcId ${tcId}`);
        continue;
      }
      equal(run(), result === "valid", `tcId ${tcId}`);
      if (result !== "valid") continue;
      equal(toHex(opened), msg, `tcId ${tcId}`);
      const sealed = new Uint8Array(opened.length + 16);
      seal(sealed, fromHex(key), fromHex(iv), fromHex(aad), fromHex(msg));
      equal(toHex(sealed), ct + tag, `tcId ${tcId}`);
    }
  }
  equal(judged, 325);
});

Deno.test("seal() and open() agree with noble on 50 random inputs, locked or not", () => {
  for (let i = 0; i < 50; i++) {
    const [key, nonce] = [draw(entropy, 32), draw(entropy, 12)];
    const [aad, plaintext] = [draw(entropy, 1 + i * 3), draw(entropy, 1 + i * 25)];
    const expected = toHex(chacha20poly1305(key, nonce, aad).encrypt(plaintext));
    const sealed = new Uint8Array(plaintext.length + 16);
    seal(sealed, key, nonce, aad, plaintext);
    equal(toHex(sealed), expected);
    using lockedAad = lockedBytes(arena, aad);
    using lockedPlain = lockedBytes(arena, plaintext);
    using locked = lockedKey(arena, key);
    sealed.fill(0);
    seal(sealed, locked, nonce, lockedAad, lockedPlain);
    equal(toHex(sealed), expected);
    using opened = arena.bytes(plaintext.length);
    ok(open(opened, locked, nonce, lockedAad, sealed));
    equal(toHex(opened), toHex(plaintext));
  }
  equal(arena.used, 0);
});

Deno.test("open() refuses each changed bit of a short cell, its nonce, its AAD and its key, and zeroes the output", () => {
  const [key, nonce, aad, plaintext] = [draw(entropy, 32), draw(entropy, 12), draw(entropy, 20), draw(entropy, 24)];
  const sealed = new Uint8Array(40);
  seal(sealed, key, nonce, aad, plaintext);
  for (const target of [key, nonce, aad, sealed]) {
    for (let bit = 0; bit < target.length * 8; bit++) {
      target[bit >> 3]! ^= 1 << (bit & 7);
      using opened = arena.bytes(24);
      opened.bytes.fill(0x55);
      equal(open(opened, key, nonce, aad, sealed), false);
      ok(opened.bytes.every((byte) => byte === 0));
      target[bit >> 3]! ^= 1 << (bit & 7);
    }
  }
  const opened = new Uint8Array(24).fill(0x55);
  ok(open(opened, key, nonce, aad, sealed));
  sealed[0]! ^= 1;
  equal(open(opened, key, nonce, aad, sealed), false);
  ok(opened.every((byte) => byte === 0), "in ordinary memory too");
  equal(arena.used, 0);
});

Deno.test("seal() and open() refuse wrong sizes before anything is computed", () => {
  const [key, nonce, none] = [new Uint8Array(32), new Uint8Array(12), new Uint8Array(0)];
  throws(() => seal(new Uint8Array(15), key, nonce, none, none), RangeError);
  throws(() => seal(new Uint8Array(16), key.subarray(1), nonce, none, none), RangeError);
  throws(() => seal(new Uint8Array(16), key, nonce.subarray(1), none, none), RangeError);
  throws(() => open(new Uint8Array(1), key, nonce, none, new Uint8Array(16)), RangeError);
  throws(() => open(none, key, nonce, none, new Uint8Array(15)), RangeError);
  throws(() => open(none, key.subarray(1), nonce, none, new Uint8Array(16)), RangeError);
});

// From a phrase's stretched bytes to w, w*M and w*N; and the salt that Argon2id gets.

import {
  deepStrictEqual as deepEqual,
  notStrictEqual as notEqual,
  strictEqual as equal,
  throws,
} from "node:assert/strict";
import { ed25519 } from "@noble/curves/ed25519.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { fromHex, lockedBytes, reversedHex, testArena, toHex, utf8 } from "../../tests/harness/arena.ts";
import { stretch } from "../../tests/harness/stretch.ts";
import { type Exchange, type ExchangeFile, vectors } from "../../tests/harness/vectors.ts";
import { p256TestGroup } from "./p256_test_group.ts";
import { argon2Salt, StretchedPhrase } from "./stretched.ts";

const arena = await testArena();
const { rows } = await vectors<{ rows: { out: string; w: string }[] }>("argon2id-cli.json");
const { exchanges } = await vectors<ExchangeFile>("exchange-v1.json");

function check({ inputs, derived }: Exchange) {
  equal(toHex(argon2Salt(inputs.mode, fromHex(inputs.salt))), derived.saltPrime);
  using wBytes = lockedBytes(arena, derived.wBytes);
  using phrase = StretchedPhrase.from(arena, fromHex(inputs.salt), wBytes);
  equal(toHex(phrase.w), reversedHex(derived.w));
  equal(toHex(phrase.wM), derived.wM);
  equal(toHex(phrase.wN), derived.wN);
}

Deno.test("argon2Salt() and StretchedPhrase.from() give the values of the exchange", () => {
  exchanges.forEach(check);
  equal(arena.used, 0);
});

Deno.test("argon2Salt() and StretchedPhrase.from() give the values of one exchange, Argon2id included", async () => {
  // `deno task vectors` does all.
  const { derived } = exchanges[1]!;
  const { out } = await stretch(fromHex(derived.phraseBytes!), fromHex(derived.saltPrime!));
  equal(toHex(out), derived.wBytes);
});

Deno.test("StretchedPhrase.from() gives w of all rows of the reference program", () => {
  equal(rows.length, 13);
  for (const row of rows) {
    using wBytes = lockedBytes(arena, row.out);
    using phrase = StretchedPhrase.from(arena, new Uint8Array(16), wBytes);
    equal(toHex(phrase.w), reversedHex(row.w));
  }
  equal(arena.used, 0);
});

Deno.test("argon2Salt() is the hash of the label, the mode as 0 or 1, and the salt", () => {
  const salt = fromHex("8c517b475208ca0f598db86a8da86e2e");
  for (const [mode, byte] of [["real", 0], ["decoy", 1]] as const) {
    const expected = sha256(Uint8Array.from([...utf8("sesame/1 phrase"), byte, ...salt]));
    equal(toHex(argon2Salt(mode, salt)), toHex(expected));
  }
});

Deno.test("argon2Salt() differs for the other mode and for each changed bit of the salt", () => {
  const salt = fromHex("8c517b475208ca0f598db86a8da86e2e");
  const seen = new Set([toHex(argon2Salt("real", salt)), toHex(argon2Salt("decoy", salt))]);
  for (let bit = 0; bit < 128; bit++) {
    const changed = salt.slice();
    changed[bit >> 3]! ^= 1 << (bit & 7);
    seen.add(toHex(argon2Salt("real", changed)));
    seen.add(toHex(argon2Salt("decoy", changed)));
  }
  equal(seen.size, 258);
});

Deno.test("StretchedPhrase.from() refuses w = 0 and keeps no slot", () => {
  const { ORDER } = ed25519.Point.Fn;
  using wBytes = arena.bytes(64);
  for (const value of [0n, ORDER, ORDER << 100n]) {
    wBytes.bytes.set(Array.from({ length: 64 }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn)));
    throws(() => StretchedPhrase.from(arena, new Uint8Array(16), wBytes), RangeError);
    equal(arena.used, 1);
  }
  wBytes.bytes.fill(0);
  throws(() => StretchedPhrase.from(arena, new Uint8Array(16), wBytes, p256TestGroup), RangeError);
  equal(arena.used, 1);
});

Deno.test("StretchedPhrase keeps a copy of the salt, and prints nothing of w", () => {
  const salt = fromHex("000102030405060708090a0b0c0d0e0f");
  using wBytes = lockedBytes(arena, rows[0]!.out);
  using phrase = StretchedPhrase.from(arena, salt, wBytes);
  salt.fill(0xff);
  deepEqual([...phrase.salt], Array.from({ length: 16 }, (_, i) => i));
  for (const text of [Deno.inspect(phrase), JSON.stringify(phrase)]) {
    equal(text.includes("[locked]"), true);
    notEqual(text.includes(toHex(phrase.w)), true);
  }
});

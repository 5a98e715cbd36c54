// The estimate of a phrase's strength: against zxcvbn-ts's figures (tests/vectors/strength-zxcvbn.json), and part by part.

import { ok, strictEqual as equal } from "node:assert/strict";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { compare } from "../../scripts/strength.ts";
import { COMMON_WORDS, COMMON_WORDS_COUNT } from "./common_words.generated.ts";
import { guessBits, isWeak, WEAK_BITS } from "./strength.ts";
import { generate } from "./words.ts";

function bits(phrase: string): number {
  return guessBits(new TextEncoder().encode(phrase));
}

function weak(phrase: string): boolean {
  return isWeak(new TextEncoder().encode(phrase));
}

/** Of words that our list is not made of, so many of 60 are taken for random letters. */
const MISSED_MOST: Readonly<Record<string, number>> = { "two words of film subtitles": 8 };

Deno.test("what zxcvbn-ts calls weak we call weak, but for words that our list does not know", async () => {
  const rows = await compare();
  ok(rows.length >= 16);
  for (const { kind, count, missed } of rows) {
    equal(count, 60);
    ok(missed <= (MISSED_MOST[kind] ?? 0), `${kind}: ${missed}`);
  }
});

Deno.test("no phrase of words that it knows is thought strong by more than a factor of 16 over zxcvbn-ts", async () => {
  for (const { kind, highestStrong } of await compare()) {
    if (kind.includes("subtitles")) continue;
    ok(highestStrong <= Math.log10(16), `${kind}: 10^${highestStrong.toFixed(2)}`);
  }
});

Deno.test("weak: what people take", () => {
  for (
    const phrase of [
      "password",
      "P4$$w0rd!",
      "drowssap1",
      "12345678",
      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
      "abcabcabcabcabc",
      "qwertyuiop",
      "qwertzuiop",
      "1qaz2wsx3edc",
      "24.12.1987",
      "1987-12-24",
      "19871224",
      "Michael1987",
      "Summer2026!",
      "abcdefgh12345678",
      "zyxwvutsrqp",
      "lkjhgfdsayxcvbnm", // on a German keyboard
      "monkey monkey monkey monkey",
      "the cat sat",
      "I love you so",
    ]
  ) ok(weak(phrase), `${phrase}: ${bits(phrase)}`);
});

Deno.test("not weak: four words that chance took, and ten random characters", () => {
  for (
    const phrase of [
      "vacant lobster canvas pretty",
      "unpadded-gestate-quiver-mocha",
      "Ein K\u00e4se gr\u00f6\u00dfer als das Meer",
      "kX9#mQ2!vB",
      "\u5bc6\u7801\u5f88\u957f\u7684\u8bdd\u5f88\u957f\u4e5f\u884c",
    ]
  ) ok(!weak(phrase), `${phrase}: ${bits(phrase)}`);
});

Deno.test("each way to change a word costs a bit, and the cheapest reading counts", () => {
  const plain = bits("kangaroos");
  equal(bits("Kangaroos"), plain + 1);
  equal(bits("k4ngar00s"), plain + 1);
  equal(bits("K4ngar00s"), plain + 2);
  equal(bits("sooragnak"), plain + 1);
  equal(bits("kangaroos kangaroos"), bits("kangaroos ") + 1);
  ok(bits("kangaroos x") > plain);
});

Deno.test("a phrase of Sesame's own words that chance took is not weak", () => {
  let state = 1;
  const sha256 = (from: Uint8Array, into: Uint8Array) => into.set(createHash("sha256").update(from).digest());
  for (let n = 0; n < 500; n++) {
    const phrase = generate(
      5,
      (into) => into.forEach((_, i) => into[i] = (state = state * 48271 % 2147483647) >> 8),
      sha256,
    );
    ok(!weak(phrase), `${phrase}: ${bits(phrase)}`);
  }
  ok(weak(generate(5, (into) => into.fill(0), sha256)), "put together by hand, of one word five times");
});

Deno.test("any bytes: a number that is not negative, and no more than 10 for each character", () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.uint8Array({ maxLength: 100 }), fc.array(fc.constantFrom(0x61, 0x62), { maxLength: 64 })),
      (bytes) => {
        const found = guessBits(Uint8Array.from(bytes));
        ok(found >= 0 && found <= 64 * Math.log2(10) + 1e-9, `${found}`);
      },
    ),
    { seed: 4, numRuns: 2000 },
  );
  equal(bits(""), 0);
  equal(bits("a".repeat(64) + "x7#Q"), bits("a".repeat(64)), "what comes behind 64 bytes counts for nothing");
});

Deno.test("the bytes are only lent, and nothing made of them is kept in an array", () => {
  const made: Float64Array[] = [];
  const real = Float64Array;
  globalThis.Float64Array = class extends real {
    constructor(length: number) {
      super(length);
      made.push(this);
    }
  } as unknown as typeof Float64Array;
  try {
    const phrase = new TextEncoder().encode("abcabc Kangaroos 1987");
    const before = phrase.slice();
    guessBits(phrase);
    ok(phrase.every((byte, i) => byte === before[i]));
  } finally {
    globalThis.Float64Array = real;
  }
  ok(made.length > 0 && made.every((array) => array.every((value) => value === 0)));
});

Deno.test("the packed list: as many entries as it says, in order, none with a capital of its own", () => {
  let word = "";
  let count = 0;
  for (const [, head, rest] of COMMON_WORDS.matchAll(/([A-Z][A-Z])([^A-Z]+)/g)) {
    const next = word.slice(0, head!.charCodeAt(0) - 0x41) + rest;
    ok(next > word, next);
    word = next;
    count++;
  }
  equal(count, COMMON_WORDS_COUNT);
  equal(WEAK_BITS, 30);
});

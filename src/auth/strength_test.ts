// The estimate of a phrase's strength: against zxcvbn-ts's figures (tests/vectors/strength-zxcvbn.json), and part by part.

import { ok, strictEqual as equal } from "node:assert/strict";
import fc from "fast-check";
import { compare } from "../../tests/phrase/strength.ts";
import { phraseOf, seeded, sha256 } from "../../tests/phrase/typos.ts";
import { arraysMade, watching } from "../../tests/harness/watching.ts";
import { COMMON_WORDS, COMMON_WORDS_COUNT } from "./common_words.generated.ts";
import { forgetWords, guessBits, isWeak, loadWords, WEAK_BITS } from "./strength.ts";
import { generate } from "./words.ts";

function bits(phrase: string): number {
  return guessBits(new TextEncoder().encode(phrase));
}

function weak(phrase: string): boolean {
  return isWeak(new TextEncoder().encode(phrase));
}

/** Of words that our list is not made of, so many of 60 are taken for random letters. */
const MISSED_MOST: Readonly<Record<string, number>> = { "two words of film subtitles": 8 };

Deno.test("what zxcvbn-ts calls weak we call weak, except for words that our list does not know", async () => {
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

Deno.test("weak: what people choose", () => {
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
      "one two three four five six",
      "Monday, Tuesday, Wednesday",
      "alpha bravo charlie delta echo",
      "I love you so",
    ]
  ) ok(weak(phrase), `${phrase}: ${bits(phrase)}`);
});

Deno.test("not weak: four words chosen at random, and ten random characters", () => {
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

/** Bits by the rules as they are written down, for phrases of one part, which hold no word of the list. */
const chars = (n: number) => n * Math.log2(10);
/** Of a run of `n` characters along one of the paths, which have so many together. */
const along = (n: number, changes = 0) => Math.log2(565) + Math.log2(n) + changes;
const times = (bits: number, n: number) => bits + Math.log2(n);
const year = (y: number) => Math.log2(Math.max(20, Math.abs(y - 2026)));
const date = (y: number, gaps = 1) => Math.log2(365) + year(y) + 2 * gaps;

const PARTS: Readonly<Record<string, readonly (readonly [phrase: string, bits: number])[]>> = {
  "a character": [["\u00e9", chars(1)], ["\u{1f511}", chars(1)], [" ", 1], ["^", chars(1)], ["km", chars(2)]],
  "a run along a path": [
    ["ghijk", along(5)],
    ["jihgf", along(5, 1)],
    ["VWXYZ", along(5, 1)],
    ["NMLKJI", along(6, 2)],
    ["02468", along(5)],
    ["97531", along(5, 1)],
    ["34567890", along(8)],
    ["^&*()", along(5)],
    ["0-=", chars(3)], // three characters are found sooner one by one
    ["0-=q", chars(4)],
    ["8ik,9ol.0p;/", along(12)],
    ["uiop[]\\", along(7)],
    ["uztrew", along(6, 1)], // on a German keyboard
    ["g h i j k", along(5)],
    ["g-h.i j,k", along(5)],
    ["-ghijk", chars(1) + along(5)],
    [" ghijk", 1 + along(5)],
    ["hGFEDCBA", along(8, 2)],
    ["g!h", chars(3)],
    ["xghijk", chars(1) + along(5)],
    ["ghijkx", along(5) + chars(1)],
    ["xyzab", chars(5)], // no path is a ring
    ["one two three four five six", along(22)],
    ["one-two-three-four-five-six", along(22)],
    ["Eight Nine Ten Eleven", along(18, 1)],
    ["saturday sunday", along(14)],
  ],
  "a repetition": [
    ["^^", chars(2)],
    ["^^^", times(chars(1), 3)],
    ["aaaa", times(chars(1), 4)],
    ["x7x7", times(chars(2), 2)],
    ["x7x", times(chars(2), 2)],
    ["x7#x", chars(4)],
    ["x7#x7", times(chars(3), 2)],
    ["x7#x7#x7#", times(chars(3), 3)],
    ["x7#Bx7#", times(chars(4), 2)],
    ["x^^^x^^^x^^^", times(chars(4), 3)], // what is repeated is not looked at for repetitions itself
    ["x^^^^", chars(1) + times(chars(1), 4)],
    ["monkeyyyy", bits("monkey") + chars(3)], // each is looked at from its beginning, which is in the word
    ["xx7x7x7", chars(1) + times(chars(2), 3)],
    ["x7x7monkey", times(chars(2), 2) + bits("monkey")],
  ],
  "a year": [
    ...[1900, 1961, 1987, 2005, 2006, 2026, 2046, 2047, 2099].map((y) => [String(y), year(y)] as const),
    ["1899", date(2018, 0)],
    ["2100", date(2000, 0)],
    ["198x", chars(4)],
  ],
  "a date": [
    ...["24.12.1987", "24/12/87", "1987-12-24", "24 12 1987", "24_12_1987", "24,12,1987", "24\\12\\1987"].map((
      day,
    ) => [day, date(1987)] as const),
    ...["1.2.1987", "1987.1.2", "31.12.1987", "12.31.1987", "12.24.1987"].map((day) => [day, date(1987)] as const),
    ...["27111961", "3111961", "611127", "271161", "19871224", "871224"].map((day) =>
      [day, date(/87/.test(day) ? 1987 : 1961, 0)] as const
    ),
    ["31.1.2005", date(2005)],
    ["241249", date(2049, 0)],
    ["241250", date(2050, 0)],
    ["241251", date(1951, 0)],
    ["30.12.0", chars(3) + along(3)], // a year has two digits or four
    ["0.11.30", chars(7)],
    ["32/10/1987", chars(1) + date(1987)],
    ["13.14.1987", chars(1) + date(1987)],
    ["0/11/1961", chars(5) + year(1961)],
    ["24.12/1987", chars(6) + year(1987)],
    ["23:11:1961", chars(6) + year(1961)],
  ],
};

for (const [part, phrases] of Object.entries(PARTS)) {
  Deno.test(`what ${part} costs, at its bounds`, () => {
    for (const [phrase, wanted] of phrases) {
      ok(Math.abs(bits(phrase) - wanted) < 1e-9, `${phrase}: ${bits(phrase)}, not ${wanted}`);
    }
  });
}

Deno.test("every word of the list costs the logarithm of its rank at most, a rare long one just that", () => {
  let rare = 0;
  for (const { word, rank } of listed()) {
    ok(bits(word) <= rank, word);
    if (["kangaroo", "lobster", "password"].includes(word) && bits(word) === rank) rare++;
  }
  equal(rare, 3);
  equal(bits("Zebra"), bits("zebra") + 1);
  ok(bits("kangar") > bits("kangaroo"), "the beginning of a word is none");
});

Deno.test("a phrase of just WEAK_BITS is not weak", () => {
  const phrase = "lobster purple zebra";
  equal(bits(phrase), WEAK_BITS);
  ok(!weak(phrase));
});

Deno.test("a phrase of Sesame's own words, chosen at random, is not weak", () => {
  const random = seeded(1);
  for (let n = 0; n < 500; n++) {
    const phrase = phraseOf(random, 5);
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
  ok(bits("a".repeat(63) + "x") > bits("a".repeat(63)));
});

Deno.test("the bytes are only lent, and nothing made of them is kept in an array", () => {
  const phrase = new TextEncoder().encode("abcabc Kangaroos 1987");
  const before = phrase.slice();
  const made = arraysMade("Float64Array", () => void guessBits(phrase));
  ok(phrase.every((byte, i) => byte === before[i]));
  ok(made.length > 0 && made.every((array) => array.every((value) => value === 0)));
});

Deno.test("the packed list: as many entries as it says, in order, none with a capital of its own", () => {
  let before = "";
  for (const { word } of listed()) {
    ok(word > before, word);
    before = word;
  }
  equal([...listed()].length, COMMON_WORDS_COUNT);
  equal(WEAK_BITS, 30);
});

/** The packed list, unpacked by other means. */
function* listed(): Generator<{ readonly word: string; readonly rank: number }> {
  let word = "";
  for (const [, shared, rank, rest] of COMMON_WORDS.matchAll(/([A-Z])([A-Z])([^A-Z]+)/g)) {
    word = word.slice(0, shared!.charCodeAt(0) - 0x41) + rest;
    yield { word, rank: rank!.charCodeAt(0) - 0x41 };
  }
}

Deno.test("forgetWords() gives every byte of the list back at once, and a later question gets the same estimate", () => {
  const before = bits("correct horse battery staple");
  const given = watching(ArrayBuffer.prototype, "transfer", forgetWords);
  equal(given.length, 3);
  for (const { args, self } of given) ok(args[0] === 0 && (self as ArrayBuffer).detached);
  equal(watching(ArrayBuffer.prototype, "transfer", forgetWords).length, 0, "there is nothing more to give back");
  loadWords();
  equal(bits("correct horse battery staple"), before);
});

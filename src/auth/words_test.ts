// Sesame's own phrases: what is recognised, what is left alone, and how many typos get through.

import {
  deepStrictEqual as deepEqual,
  notStrictEqual as notEqual,
  ok,
  strictEqual as equal,
  throws,
} from "node:assert/strict";
import { createHash } from "node:crypto";
import { wordlist } from "@scure/bip39/wordlists/english.js";
import fc from "fast-check";
import { experiment, phraseOf, pick, seeded, sha256, sum } from "../../tests/phrase/typos.ts";
import {
  type Canonical,
  CANONICAL_ROOM,
  canonicalise,
  generate,
  type Sha256,
  wordAt,
  WORDS_MAX,
  WORDS_MIN,
} from "./words.ts";

/** Both answers of `canonicalise` at once; `text` is the canonical form. */
function canonical(raw: string | Uint8Array): Canonical & { readonly text?: string } {
  const bytes = typeof raw === "string" ? new TextEncoder().encode(raw) : raw;
  const before = bytes.slice();
  const out = new Uint8Array(Math.max(CANONICAL_ROOM, bytes.length)).fill(0x55);
  const found = canonicalise(bytes, out, sha256);
  deepEqual(bytes, before, "what was typed was changed");
  const length = found.kind === "words" ? found.length : 0;
  equal(out.subarray(length).every((b) => b === 0), true, "something is left behind the canonical form");
  return found.kind === "words" ? { ...found, text: new TextDecoder().decode(out.subarray(0, length)) } : found;
}

/** The rule once more, with strings and regular expressions. */
function secondOpinion(raw: string): Canonical["kind"] {
  const tokens = raw.split(/[\t\n\r -/:-@[-`{-~\u00a0\u2000-\u2015\u202f\u3000]+/u).filter((t) => t !== "")
    .map((t) => t.replace(/[A-Z]/g, (c) => c.toLowerCase()));
  const indices = tokens.map((t) => wordlist.indexOf(t));
  const unknown = indices.filter((i) => i < 0).length;
  if (tokens.length < 6 || tokens.length > 14 || unknown * 4 > tokens.length) return "other";
  if (unknown > 0) return "typo";
  if (tokens.length === 14) return "checksum";
  return checksumWord(tokens.slice(0, -1)) === tokens.at(-1) ? "words" : "checksum";
}

function checksumWord(words: readonly string[]): string {
  const hash = createHash("sha256").update("sesame/1 words");
  for (const word of words) {
    const index = wordlist.indexOf(word);
    hash.update(Uint8Array.of(index >> 8, index & 0xff));
  }
  return wordlist[hash.digest().readUInt16BE(0) >> 5]!;
}

/** Pinned: another value here is another protocol, and friends with different versions no longer meet. */
const VECTORS: readonly (readonly [words: number, entropy: (i: number) => number, phrase: string])[] = [
  [5, () => 0x00, "abandon abandon abandon abandon abandon motor"],
  [7, () => 0x00, "abandon abandon abandon abandon abandon abandon abandon mouse"],
  [7, () => 0xff, "zoo zoo zoo zoo zoo zoo zoo warrior"],
  [7, (i) => 17 * i + 3, "glad plug twelve consider inform result winter evolve"],
  [12, (i) => 31 * i + 5, "pig hobby cross wink phone hero credit width penalty heart craft what market"],
];
const PHRASE = VECTORS[3]![2];
const WORDS = PHRASE.split(" ");

Deno.test("generate() gives the pinned phrases", () => {
  for (const [words, byte, phrase] of VECTORS) {
    equal(generate(words, (into) => into.forEach((_, i) => into[i] = byte(i)), sha256), phrase);
    equal(checksumWord(phrase.split(" ").slice(0, -1)), phrase.split(" ").at(-1));
  }
});

Deno.test("generate() draws from all 2048 words alike, and asks for two bytes a word", () => {
  const asked: number[] = [];
  generate(9, (into) => void asked.push(into.length), sha256);
  deepEqual(asked, [18]);
  const seen = new Map<string, number>();
  for (let index = 0; index < 65536; index++) {
    const [first] = generate(5, (into) => into.set([index >> 8, index & 0xff]), NO_HASH).split(" ");
    seen.set(first!, (seen.get(first!) ?? 0) + 1);
  }
  equal(seen.size, 2048);
  equal([...seen.values()].every((count) => count === 32), true);
});

const NO_HASH: Sha256 = () => {};

Deno.test("generate() wipes the bytes that the words were made from", () => {
  let kept = new Uint8Array();
  generate(7, (into) => kept = into.fill(0xa5) as Uint8Array<ArrayBuffer>, sha256);
  equal(kept.length, 14);
  equal(kept.every((b) => b === 0), true);
});

Deno.test("generate() refuses every other number of words", () => {
  for (const words of [-1, 0, 1, WORDS_MIN - 1, WORDS_MAX + 1, 100, 7.5, NaN, Infinity]) {
    throws(() => generate(words, () => {}, sha256), RangeError);
  }
});

Deno.test("generate() prints the canonical form, at every length", () => {
  const random = seeded(1);
  for (let words = WORDS_MIN; words <= WORDS_MAX; words++) {
    for (let n = 0; n < 20; n++) {
      const phrase = phraseOf(random, words);
      equal(phrase.split(" ").length, words + 1);
      deepEqual(canonical(phrase), { kind: "words", length: phrase.length, text: phrase });
    }
  }
});

Deno.test("a phrase is recognised however it is spaced, cased and joined", () => {
  const capital = (w: string) => w[0]!.toUpperCase() + w.slice(1);
  const spellings = [
    PHRASE.toUpperCase(),
    WORDS.map(capital).join(" "),
    WORDS.map(capital).join("-"),
    WORDS.join("  "),
    ` ${PHRASE}`,
    `${PHRASE} `,
    `${PHRASE}\n`,
    `${PHRASE}\r\n`,
    WORDS.join("\t"),
    WORDS.join("\n"),
    WORDS.join("-"),
    WORDS.join("_"),
    WORDS.join(","),
    WORDS.join(", "),
    WORDS.join("."),
    WORDS.join(" - "),
    WORDS.join("\u00a0"), // no-break space
    WORDS.join("\u2000"), // en quad
    WORDS.join("\u2011"), // no-break hyphen
    WORDS.join(" \u2013 "), // en dash
    WORDS.join("\u2014"), // em dash
    WORDS.join("\u2015"),
    WORDS.join("\u202f"),
    WORDS.join("\u3000"), // ideographic space
    `"${PHRASE}"`,
    `(${WORDS.join("/")})`,
    `-- ${WORDS.join("--")} --`,
  ];
  for (const spelling of spellings) equal(canonical(spelling).text, PHRASE, spelling);
  for (let code = 0x20; code < 0x7f; code++) {
    const character = String.fromCharCode(code);
    if (/[0-9A-Za-z]/.test(character)) continue;
    equal(canonical(WORDS.join(character)).text, PHRASE, character);
  }
});

Deno.test("the canonical form may lie right before or right after what was typed", () => {
  const typed = new TextEncoder().encode(PHRASE);
  for (const at of [0, CANONICAL_ROOM]) {
    const memory = new Uint8Array(CANONICAL_ROOM + typed.length);
    const raw = memory.subarray(at, at + typed.length);
    raw.set(typed);
    const out = at === 0 ? memory.subarray(typed.length) : memory.subarray(0, CANONICAL_ROOM);
    equal(canonicalise(raw, out, sha256).kind, "words");
  }
});

Deno.test("a letter or digit after a word does not separate", () => {
  // Nor is what begins like one and is no character.
  const broken = new TextEncoder().encode(PHRASE.replace(" ", "...")).map((byte, i, all) =>
    byte !== 0x2e ? byte : all[i - 1] !== 0x2e ? 0xe2 : all[i + 1] === 0x2e ? 0x80 : 0x7f
  );
  deepEqual(canonical(broken).kind, "typo");
  for (const character of "09AZaz") {
    deepEqual(canonical(PHRASE.replace("plug", `plug${character}`)), { kind: "typo", position: 2 }, character);
  }
});

Deno.test("an unknown word is a typo at its position", () => {
  for (const [at, word] of WORDS.entries()) {
    for (
      const wrong of [
        word.slice(1),
        word.slice(0, -1),
        `${word}x`,
        `x${word}`,
        "staple",
        "7",
        "é",
        "\0",
        `${word}\0`,
        `${word}\x7f`,
        `${word}\u2016`,
      ]
    ) {
      if (wordlist.includes(wrong)) continue;
      deepEqual(canonical(WORDS.with(at, wrong).join(" ")), { kind: "typo", position: at + 1 }, wrong);
    }
  }
});

Deno.test("the first four letters of a word are not the word", () => {
  const long = wordlist.filter((word) => word.length > 4 && !wordlist.includes(word.slice(0, 4)));
  for (const word of long) equal(canonical(WORDS.with(2, word.slice(0, 4)).join(" ")).kind, "typo");
});

Deno.test("a split, a joined and two wrong words are typos, at the first of them", () => {
  deepEqual(canonical(WORDS.with(3, "sta;ple").join(" ")), { kind: "typo", position: 4 });
  deepEqual(canonical(WORDS.slice(0, -2).join(" ") + " " + WORDS.slice(-2).join("")), { kind: "typo", position: 7 });
  deepEqual(canonical(WORDS.with(1, "staple").with(5, "tr0ubador").join(" ")), { kind: "typo", position: 2 });
});

Deno.test("another word, a missing, an extra and an exchanged one are refused by the checksum", () => {
  const other = (word: string) => wordlist[(wordlist.indexOf(word) + 1) % 2048]!;
  for (const at of WORDS.keys()) {
    equal(canonical(WORDS.with(at, other(WORDS[at]!)).join(" ")).kind, "checksum");
    equal(canonical(WORDS.toSpliced(at, 1).join(" ")).kind, "checksum");
    equal(canonical(WORDS.toSpliced(at, 0, WORDS[at]!).join(" ")).kind, "checksum");
    if (at > 0) equal(canonical(WORDS.with(at, WORDS[at - 1]!).with(at - 1, WORDS[at]!).join(" ")).kind, "checksum");
  }
  const thirteen = new Array<string>(13).fill("abandon");
  equal(canonical([...thirteen, checksumWord(thirteen)].join(" ")).kind, "checksum"); // right, but one word too many
});

Deno.test("phrases of other kinds are left alone", () => {
  const others = [
    "",
    " ",
    "\n",
    "---",
    "correct horse battery staple",
    "correct horse battery staple correct horse battery staple",
    "my own phrase begins so, then abandon ability able",
    "abandon ability able about above", // five words of the list are too few
    "Tr0ub4dor&3",
    "the quick brown fox jumps over the lazy dog",
    "abandonabilityableaboutaboveabsent",
    new Array(15).fill("abandon").join(" "), // a mnemonic of 15 words
    new Array(24).fill("abandon").join(" "),
    "a".repeat(1024),
    "- ".repeat(512),
    "übung macht den meister sagt man",
    WORDS.with(0, "x").with(1, "y").with(2, "z").join(" "), // three of eight are no typo any more
  ];
  for (const phrase of others) deepEqual(canonical(phrase), { kind: "other" }, phrase);
});

Deno.test("bytes that are not UTF-8 are never a word", () => {
  const phrase = new TextEncoder().encode(PHRASE);
  for (let at = 0; at < phrase.length; at++) {
    for (const byte of [0x00, 0x80, 0xc2, 0xe2, 0xff]) {
      const raw = phrase.slice();
      raw[at] = byte;
      notEqual(canonical(raw).kind, "words", `${byte} at ${at}`);
    }
  }
  // The beginning of a separator that ends too soon.
  for (const tail of [[0xc2], [0xe2], [0xe2, 0x80], [0xe3, 0x80]]) {
    deepEqual(canonical(Uint8Array.from([...phrase, ...tail])), { kind: "typo", position: WORDS.length });
  }
});

Deno.test("canonicalise() needs an output that does not overlap its input", () => {
  const block = new Uint8Array(4 * CANONICAL_ROOM);
  throws(() => canonicalise(block.subarray(0, 8), new Uint8Array(CANONICAL_ROOM - 1), sha256), RangeError);
  throws(() => canonicalise(new Uint8Array(300), new Uint8Array(299), sha256), RangeError);
  throws(() => canonicalise(block.subarray(0, 200), block.subarray(199, 399), sha256), RangeError);
  throws(() => canonicalise(block.subarray(100, 200), block.subarray(0, CANONICAL_ROOM), sha256), RangeError);
  block.set(new TextEncoder().encode(PHRASE));
  const found = canonicalise(block.subarray(0, PHRASE.length), block.subarray(200, 200 + CANONICAL_ROOM), sha256);
  equal(found.kind, "words");
});

Deno.test("canonicalise() gives the hash bytes of `out` alone, so that nothing typed leaves locked memory", () => {
  const out = new Uint8Array(CANONICAL_ROOM);
  let calls = 0;
  canonicalise(new TextEncoder().encode(PHRASE), out, (bytes, digest) => {
    calls++;
    equal(bytes.buffer, out.buffer);
    equal(digest.buffer, out.buffer);
    equal(digest.length, 32);
    sha256(bytes, digest);
  });
  equal(calls, 1);
});

Deno.test("canonicalise() agrees with a second reading of the rule on anything", () => {
  const word = fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...WORDS, ...wordlist.slice(0, 3)) }, {
    weight: 1,
    arbitrary: fc.oneof(
      fc.string({ unit: "binary", maxLength: 5 }),
      fc.constantFrom("staple", "ABLE", "abandonn", "\0"),
    ),
  });
  const gap = fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(" ", "  ", "-", ", ", "\u2014", "\u3000", "\n") },
    { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 2 }) },
  );
  const seen = { words: 0, typo: 0, checksum: 0, other: 0 };
  const any = fc.array(fc.tuple(word, gap), { maxLength: 16 }).map((pairs) => pairs.flat().join(""));
  const right = fc.array(gap, { minLength: 8, maxLength: 8 }).map((gaps) => WORDS.map((w, i) => w + gaps[i]).join(""));
  fc.assert(
    fc.property(fc.oneof(any, right), (raw) => {
      const phrase = raw.toWellFormed();
      const found = canonical(phrase);
      equal(found.kind, secondOpinion(phrase));
      if (found.text !== undefined) {
        equal(found.text, found.text.toLowerCase().split(/\s+/).join(" "));
        deepEqual(canonical(found.text), found); // the canonical form is its own
      }
      seen[found.kind]++;
    }),
    { seed: 13, numRuns: 4000 },
  );
  ok(Math.min(...Object.values(seen)) > 100, JSON.stringify(seen));
});

// --- the typo experiment (tests/phrase/typos.ts) --------------------------------------------------------------------

Deno.test("of 1,000 random single-word typos at least 99.9 % are caught locally", () => {
  const table = experiment(1000, 2026);
  const { caught, tried } = sum(table);
  equal(tried, 1000);
  ok(caught >= 999, JSON.stringify([...table]));
});

Deno.test("of words that are exchanged for another or with their neighbour, about 1 in 2048 is missed and no more", () => {
  const random = seeded(7);
  let missed = 0;
  for (let n = 0; n < 20_000; n++) {
    const words = phraseOf(random).split(" ");
    const at = random(words.length);
    const wrong = n % 2 === 0
      ? words.with(at, pick(wordlist, random))
      : words.with(at, words[(at + 1) % 8]!).with((at + 1) % 8, words[at]!);
    const phrase = wrong.join(" ");
    if (phrase !== words.join(" ") && canonical(phrase).kind === "words") missed++;
  }
  ok(missed > 0 && missed < 25, `${missed} of 20,000 were missed; about 10 are expected`);
});

Deno.test("wordAt() has the 2048 words of BIP39 and no other", () => {
  equal([0, 2047].map(wordAt).join(" "), "abandon zoo");
  for (const index of [-1, 2048]) throws(() => wordAt(index), RangeError);
});

// What a phrase becomes and why one is refused. Rejections first of all: the rule is in docs/PROTOCOL.md section 3.
// Normal forms are those of nfkc_test.ts and of the vectors; Sesame's own words are not here (`words_test.ts`).

import { ok, strictEqual as equal } from "node:assert/strict";
import fc from "fast-check";
import { testArena, toHex, utf8 } from "../../tests/harness/arena.ts";
import { watching } from "../../tests/harness/watching.ts";
import { phraseOf, seeded } from "../../tests/phrase/typos.ts";
import { LockedBytes } from "../secrets/locked.ts";
import { holdsPhrase, normalisePhrase, type PhraseProblem } from "./phrase.ts";

const arena = await testArena();

/** `=` and the hex of the phrase, or the problem. A typo in words is `words_test.ts`'s matter. */
function outcome(typed: Uint8Array): string {
  const result = normalisePhrase(arena, typed);
  if (!(result instanceof LockedBytes)) return typeof result === "string" ? result : `typo in word ${result.typo}`;
  using phrase = result;
  return `=${toHex(phrase)}`;
}

function becomes(typed: string | Uint8Array, phrase: string) {
  equal(outcome(typeof typed === "string" ? utf8(typed) : typed), `=${toHex(utf8(phrase))}`);
}

function refuses(typed: string | Uint8Array, problem: Exclude<PhraseProblem, object>, what = "phrase") {
  equal(outcome(typeof typed === "string" ? utf8(typed) : typed), problem, what);
}

/** ASCII with these bytes in its middle. */
function around(...bytes: number[]): Uint8Array {
  return Uint8Array.from([...utf8("before "), ...bytes, ...utf8(" after")]);
}

Deno.test("normalisePhrase() leaves ASCII as it is, spaces and case included", () => {
  becomes("correct horse battery staple", "correct horse battery staple");
  becomes("  two  SPACES  ", "  two  SPACES  ");
  becomes(" !~{}\"'\\`^|", " !~{}\"'\\`^|");
  equal(arena.used, 0);
});

Deno.test("normalisePhrase() removes one trailing LF or CRLF and nothing else", () => {
  becomes("12345678\n", "12345678");
  becomes("12345678\r\n", "12345678");
  becomes("12345678 \n", "12345678 ");
  becomes("caf\u00e9 ol\u00e9\n", "caf\u00e9 ol\u00e9");
  becomes("caf\u00e9 ol\u00e9\r\n", "caf\u00e9 ol\u00e9");
  refuses("12345678\n\n", "control character");
  refuses("12345678\r\n\n", "control character");
  refuses("12345678\n\r\n", "control character");
  refuses("12345678\r", "control character");
  refuses("12345678\r\r\n", "control character");
  refuses("\n12345678", "control character");
  refuses("12345678\u0085", "control character");
  equal(arena.used, 0);
});

Deno.test("normalisePhrase() calls nothing, or a line end alone, empty", () => {
  refuses("", "empty");
  refuses("\n", "empty");
  refuses("\r\n", "empty");
  refuses("\r", "control character");
  refuses("\n\n", "control character");
});

Deno.test("normalisePhrase() wants 8 to 1024 bytes", () => {
  refuses("1234567", "too short");
  refuses("1234567\n", "too short");
  becomes("12345678", "12345678");
  becomes("k".repeat(1024), "k".repeat(1024));
  becomes("k".repeat(1024) + "\r\n", "k".repeat(1024));
  refuses("k".repeat(1025), "too long");
  refuses("k".repeat(1025) + "\n", "too long");
  refuses("k".repeat(4000), "too long");
  // Bytes count, not characters.
  becomes("\u5bc6\u78bc\u77ed", "\u5bc6\u78bc\u77ed");
  refuses("\u5bc6\u78bc", "too short");
  becomes("\u{1f511}\u{1f511}", "\u{1f511}\u{1f511}");
  refuses("\u00e9".repeat(513), "too long");
  becomes("\u00e9".repeat(512), "\u00e9".repeat(512));
  equal(arena.used, 0);
});

Deno.test("normalisePhrase() counts the 8 and the 1024 bytes after NFKC too", () => {
  // 9 bytes of ligatures become 6, 12 become 8; 24 bytes of full width become 8.
  refuses("\ufb01".repeat(3), "too short");
  becomes("\ufb01".repeat(4), "fifi".repeat(2));
  becomes("\uff41".repeat(8), "a".repeat(8));
  refuses("\uff41".repeat(7), "too short");
  // U+FDFA is 3 bytes and becomes 33.
  const long = "\ufdfa".normalize("NFKC");
  equal(utf8(long).length, 33);
  becomes("\ufdfa".repeat(31), long.repeat(31));
  refuses("\ufdfa".repeat(32), "too long");
  refuses("\ufdfa".repeat(341), "too long");
  // Too long before, short enough after: the first bound counts.
  refuses("\uff41".repeat(342), "too long");
  equal(arena.used, 0);
});

Deno.test("normalisePhrase() refuses each control character, in ASCII and beside other text", () => {
  for (let code = 0; code < 0xa0; code++) {
    if (code >= 0x20 && code < 0x7f) continue;
    const character = String.fromCodePoint(code);
    refuses(`before ${character} after`, "control character", code.toString(16));
    refuses(`caf\u00e9 ${character} after`, "control character", code.toString(16));
    if (code !== 0x0a) refuses(`phrase ${character}`, "control character", code.toString(16));
  }
  equal(arena.used, 0);
});

Deno.test("normalisePhrase() refuses code points that are not assigned, and non-characters", () => {
  for (const code of [0x0378, 0x05ff, 0x2065, 0xfdd0, 0xfdef, 0xfffe, 0xffff, 0x1fffe, 0xe0080, 0x10ffff]) {
    refuses(`some text ${String.fromCodePoint(code)}`, "unassigned", code.toString(16));
  }
  // Private use and format characters are assigned, and kept.
  becomes("some text \ue000", "some text \ue000");
  becomes("joined \u{1f469}\u200d\u{1f4bb}", "joined \u{1f469}\u200d\u{1f4bb}");
  equal(arena.used, 0);
});

Deno.test("normalisePhrase() refuses what is not UTF-8", () => {
  const broken: [string, number[]][] = [
    ["a lone lead byte", [0xc3]],
    ["a lone continuation", [0x80]],
    ["an overlong slash", [0xc0, 0xaf]],
    ["an overlong NUL", [0xc0, 0x80]],
    ["an overlong three bytes", [0xe0, 0x80, 0xaf]],
    ["a high surrogate", [0xed, 0xa0, 0x80]],
    ["a low surrogate", [0xed, 0xbf, 0xbf]],
    ["a surrogate pair, CESU-8", [0xed, 0xa0, 0xbd, 0xed, 0xb4, 0x91]],
    ["over U+10FFFF", [0xf4, 0x90, 0x80, 0x80]],
    ["five bytes", [0xf8, 0x88, 0x80, 0x80, 0x80]],
    ["FF", [0xff]],
    ["FE", [0xfe]],
    ["Latin-1", [0xe9]],
    ["a cut emoji", [0xf0, 0x9f, 0x94]],
  ];
  for (const [what, bytes] of broken) {
    refuses(around(...bytes), "not UTF-8", what);
    refuses(Uint8Array.from([...utf8("the end "), ...bytes]), "not UTF-8", what);
    refuses(Uint8Array.from([...bytes, ...utf8(" the start\n")]), "not UTF-8", what);
  }
  equal(arena.used, 0);
});

Deno.test("normalisePhrase() leaves its result unchanged, and makes any bytes a phrase within the bounds or a problem", () => {
  const text = fc.string({ unit: "binary", maxLength: 60 }).map(utf8);
  const bytes = fc.uint8Array({ maxLength: 60 });
  fc.assert(
    fc.property(
      fc.oneof(text, bytes, fc.string({ unit: "grapheme", minLength: 4, maxLength: 60 }).map(utf8)),
      (typed) => {
        const before = typed.slice();
        const result = normalisePhrase(arena, typed);
        equal(toHex(typed), toHex(before), "what was typed is only lent");
        if (result instanceof LockedBytes) {
          using phrase = result;
          ok(phrase.length >= 8 && phrase.length <= 1024);
          equal(outcome(phrase.bytes.slice()), `=${toHex(phrase)}`);
          const decoded = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(phrase.bytes.slice());
          equal(decoded.normalize("NFKC"), decoded);
        }
        equal(arena.used, 0);
      },
    ),
    { seed: 3, numRuns: 500 },
  );
});

Deno.test("normalisePhrase() takes locked memory and gives locked memory", () => {
  using typed = arena.bytes(1026);
  typed.bytes.fill(0x61);
  typed.bytes.set([0x0d, 0x0a], 1024);
  const result = normalisePhrase(arena, typed.bytes);
  ok(result instanceof LockedBytes);
  using phrase = result;
  equal(phrase.length, 1024);
  equal(phrase.bytes.buffer, typed.bytes.buffer);
  equal(`${phrase}`, "[locked]");
});

/** Whether holdsPhrase() would stop this message, with that phrase in use. */
function held(message: string, typed: string): boolean {
  const result = normalisePhrase(arena, utf8(typed));
  ok(result instanceof LockedBytes);
  using phrase = result;
  const wanted = toHex(phrase);
  const answer = holdsPhrase(arena, message, (bytes) => toHex(bytes).includes(wanted));
  equal(arena.used, 1, "only the phrase is left");
  return answer;
}

Deno.test("holdsPhrase() finds the phrase in a message in any spelling that the prompt takes for the same", () => {
  const words = phraseOf(() => 0x33);
  for (const spelling of [words, words.toUpperCase(), words.replaceAll(" ", "-"), ` ${words}\n`]) {
    ok(held(spelling, words), spelling);
  }
  ok(held(`here it is: ${words}, all right?`, words));
  ok(held("caf\u00e9 au lait", "cafe\u0301 au lait") && held("say cafe\u0301 au lait\nplease", "caf\u00e9 au lait"));
  ok(held(`${"long ".repeat(300)}cafe\u0301 au lait`, "caf\u00e9 au lait"), "longer than a phrase can be");
  ok(held("\ufdfa".repeat(1000) + "final cut", "\ufb01nal cut"), "what grows most");
  ok(held(words.padEnd(1024), words) && held(words.padStart(1024).toUpperCase(), words), "as long as a phrase can be");
  equal(held("k".repeat(16_000), words), false);
  for (const other of ["", "hello", words.slice(1), words.toUpperCase().replace(" ", " a "), "\ud800", "\n\n"]) {
    equal(held(other, words), false, other);
  }
});

Deno.test("holdsPhrase() wipes its copies of the message", () => {
  for (const message of ["a message", "caf\u00e9", "long ".repeat(300)]) {
    const seen: ArrayBufferLike[] = [];
    equal(holdsPhrase(arena, message, (bytes) => seen.push(bytes.buffer) === 0), false);
    equal(seen.length, 1);
    ok(new Uint8Array(seen[0]!).every((byte) => byte === 0), message);
  }
});

Deno.test("normalisePhrase() knows Sesame's own words: their form, the place of a typo, a wrong checksum", () => {
  const phrase = phraseOf(seeded(1));
  const words = phrase.split(" ");
  becomes(` ${words.join("-").toUpperCase()}.\n`, phrase);
  equal(outcome(utf8(words.with(4, `${words[4]}x`).join(" "))), "typo in word 5");
  refuses(words.toReversed().join(" "), "checksum");
  equal(arena.used, 0);
});

Deno.test("normalisePhrase() makes no string of an ASCII phrase, good or bad", () => {
  const ascii = ["correct horse battery staple", "short", "a control\tcharacter", "~".repeat(1025)];
  const decoded = watching(TextDecoder.prototype, "decode", () => {
    for (const typed of ascii) outcome(utf8(typed));
  });
  equal(decoded.length, 0);
});

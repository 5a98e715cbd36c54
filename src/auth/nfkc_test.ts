// NFKC by single characters against the runtime's of whole strings: the algorithm must be the same for anything.

import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";
import fc from "fast-check";
import { type Call, watching } from "../../tests/harness/watching.ts";
import { nfkc } from "./nfkc.ts";

const ROOM = 40_000;

/** The text that `nfkc` makes, or what it refuses. */
function outcome(text: string | Uint8Array, room = ROOM): string {
  const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
  const before = bytes.slice();
  const out = new Uint8Array(room);
  const { length, refused } = nfkc(bytes, out);
  ok(bytes.every((byte, i) => byte === before[i]), "the text is only lent");
  if (refused === "not UTF-8") ok(length === 0 && out.every((byte) => byte === 0));
  ok(out.subarray(length, length + 8).every((byte) => byte === 0), "nothing stands behind the end");
  return refused ?? new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(out.subarray(0, length));
}

/** The same with whole strings. */
function oracle(text: string): string {
  for (const form of [text, text.normalize("NFKC")]) {
    if (/\p{Cc}/u.test(form)) return "control character";
    if (/\p{Cn}/u.test(form)) return "unassigned";
  }
  return text.normalize("NFKC");
}

function agrees(text: string) {
  const got = outcome(text);
  const wanted = oracle(text);
  if (got !== wanted) equal(points(got), points(wanted), points(text));
}

function points(text: string): string {
  return Array.from(text, (c) => c.codePointAt(0)!.toString(16)).join(" ");
}

/** Every code point that is not a surrogate. */
function* everyCharacter(): Generator<string> {
  for (let code = 0; code <= 0x10ffff; code++) {
    if (code < 0xd800 || code > 0xdfff) yield String.fromCodePoint(code);
  }
}

/** Made by the first test that asks. */
function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => made ??= make();
}

const assigned = once(() => [...everyCharacter()].filter((c) => !/[\p{Cn}\p{Cc}\p{Co}]/u.test(c)));
/** What matters to the algorithm: all that decomposes, marks of every class, and what composes with its neighbour. */
const changing = once(() => assigned().filter((c) => c.normalize("NFKD") !== c && !/[\uac00-\ud7a3]/.test(c)));
const marks = once(() => assigned().filter((c) => /\p{M}/u.test(c)));
const jamo = once(() =>
  assigned().filter((c) => /[\u1100-\u11ff\ua960-\ua97f\ud7b0-\ud7ff\uac00\uac01\uac1b\ud7a3]/u.test(c))
);
/** Second halves of canonical pairs, Kirat Rai's letters among them, which are no marks. */
const seconds = once(() => [...new Set(assigned().flatMap((c) => [...c.normalize("NFD")].slice(1)))]);

Deno.test("nfkc() agrees with the runtime on every character alone", () => {
  for (const c of assigned()) agrees(c);
  for (
    const c of ["\0", "\x1f", "\x7f", "\x80", "\x9f", "\u0378", "\ud7ff", "\ufffe", "\u{10ffff}", "\ue000", "\u{f0000}"]
  ) {
    agrees(c);
  }
});

Deno.test("nfkc() agrees with the runtime on each canonical pair and triple, and when something stands between", () => {
  for (const c of changing()) {
    const parts = [...c.normalize("NFD")];
    agrees(parts.join(""));
    agrees(parts.join("\u0334")); // class 1 before each mark
    agrees(parts.join("\u0345")); // class 240
    agrees(parts.join("\u034f")); // a joiner, class 0
    agrees(parts.toReversed().join(""));
    agrees(`${c}${parts.at(-1)}\u0323${parts.at(-1)}`);
  }
});

Deno.test("nfkc() agrees with the runtime on any text: marks, jamo, exclusions, private and unassigned characters", () => {
  const from = (list: readonly string[]) => fc.nat({ max: list.length - 1 }).map((i) => list[i]!);
  const character = fc.oneof(
    { weight: 4, arbitrary: from(marks()) },
    { weight: 4, arbitrary: from(changing()) },
    { weight: 3, arbitrary: from(seconds()) },
    { weight: 3, arbitrary: from(jamo()) },
    { weight: 2, arbitrary: from(assigned()) },
    { weight: 2, arbitrary: fc.constantFrom("a", "A", "e", "o", " ", "1", "\u0334", "\u0345", "\u0301", "\u0323") },
  );
  const text = fc.array(character, { maxLength: 24 }).map((parts) => parts.join(""));
  fc.assert(fc.property(text, agrees), { seed: 11, numRuns: 20_000 });
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 12 }), (s) => agrees(s.toWellFormed())), {
    seed: 12,
    numRuns: 5_000,
  });
});

Deno.test("nfkc() takes hundreds of marks on one letter, in any order of their classes", () => {
  const random = fc.sample(fc.array(fc.constantFrom(...marks()), { minLength: 400, maxLength: 500 }), {
    seed: 5,
    numRuns: 20,
  });
  for (const some of random) agrees(`a${some.join("")}e${some.toReversed().join("")}`);
  agrees("\u0344".repeat(512)); // each becomes two
  agrees("\u0f73\u0f81".repeat(170));
});

Deno.test("nfkc() refuses bytes as the runtime's strict decoder does", () => {
  // The last overlong form of each size, and a byte that begins no character.
  for (const bytes of [[0xc1, 0xbf], [0xe0, 0x9f, 0xbf], [0xf0, 0x8f, 0xbf, 0xbf], [0xf8, 0x88, 0x80, 0x80]]) {
    equal(outcome(Uint8Array.from(bytes), 200), "not UTF-8");
  }
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array({ maxLength: 12 }),
        fc.array(fc.constantFrom(0x41, 0x80, 0xbf, 0xc0, 0xc1, 0xc2, 0xc3, 0xe0, 0xed, 0xa0, 0xef, 0xf0, 0xf4, 0x90), {
          maxLength: 8,
        }).map((bytes) => Uint8Array.from(bytes)),
      ),
      (bytes) => {
        let wanted = "not UTF-8";
        try {
          wanted = oracle(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
        } catch {
          // Refused.
        }
        equal(points(outcome(bytes, 200)), points(wanted));
      },
    ),
    { seed: 6, numRuns: 20_000 },
  );
});

Deno.test("nfkc() gives a length above the room if there is too little, and writes nothing beyond the end", () => {
  const text = new TextEncoder().encode("\u00e9\ufdfa\u{1f511}");
  const whole = new TextEncoder().encode("\u00e9\ufdfa\u{1f511}".normalize("NFKC"));
  for (let room = 0; room <= whole.length; room++) {
    const memory = new Uint8Array(whole.length + 8).fill(0x55);
    const { length } = nfkc(text, memory.subarray(0, room));
    ok(room < whole.length ? length > room : length === room);
    // Whole characters, as many as there is room for.
    const written = new TextEncoder().encodeInto(new TextDecoder().decode(whole), new Uint8Array(room)).written;
    deepEqual(memory.subarray(0, written), whole.subarray(0, written));
    ok(memory.subarray(written).every((byte) => byte === 0x55));
  }
});

Deno.test("nfkc() makes no string longer than a letter with its marks and the character behind it", () => {
  const text = new TextEncoder().encode(
    "Ka\u0308\u0323se gro\u0308\u00dfer \ufdfa \u1112\u1161\u11ab\u6f22\u5b57 \u{1f469}\u200d",
  );
  const calls: Call[] = [];
  const watched = [[String.prototype, "normalize"], [String, "fromCodePoint"], [
    TextDecoder.prototype,
    "decode",
  ]] as const;
  watched.reduce(
    (run, [of, name]) => () => void calls.push(...watching(of, name, run)),
    () => void nfkc(text, new Uint8Array(200)),
  )();
  // What is normalised, and what the others make.
  const seen = calls.map(({ self, result }) => String(typeof self === "string" ? self : result));
  ok(seen.length > 50);
  const letters = (text: string) =>
    (text.match(/\P{M}/gu) ?? []).length - (text.match(/[\u1160-\u11ff]/g) ?? []).length;
  equal(seen.find((text) => letters(text) > 2), undefined);
  equal(seen.find((text) => /[Ksegr]/.test(text)), undefined, "nothing is asked about ASCII without marks");
});

Deno.test("nfkc() normalises what it refuses as well, for the guard of messages, which may have line breaks", () => {
  const out = new Uint8Array(64);
  const { length, refused } = nfkc(new TextEncoder().encode("a\u0308\nb\u0308"), out);
  equal(refused, "control character");
  equal(new TextDecoder().decode(out.subarray(0, length)), "\u00e4\nb\u0308");
  for (const [c, size] of [["\x7f", 1], ["\x80", 2], ["\uffff", 3], ["\u{10ffff}", 4]] as const) {
    equal(nfkc(new TextEncoder().encode(c), out).length, size);
  }
});

Deno.test("no character's NFKC is more than eleven times as long", () => {
  const out = new Uint8Array(200);
  for (const c of assigned()) {
    const bytes = new TextEncoder().encode(c);
    ok(nfkc(bytes, out).length <= 11 * bytes.length, points(c));
  }
});

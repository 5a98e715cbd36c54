import assert from "node:assert/strict";
import fc from "fast-check";
import { hostileStrings } from "../testdata/hostile.ts";
import { isolate } from "./sanitise.ts";
import { cut, graphemesOf, graphemeWidth, piecesOf, textWidth, widestOf, wrap } from "./width.ts";

Deno.test("textWidth() counts cells", () => {
  const ONE = ["é", "e\u0301", "ｱ", "\u2068ש\u2069"];
  const TWO = ["👩", "👨‍👩‍👧‍👦", "🇩🇪", "❤\ufe0f", "한"];
  for (const [cells, texts] of [[0, [""]], [1, ONE], [2, TWO], [3, ["abc"]], [4, ["日本"]]] as const) {
    for (const text of texts) assert.equal(textWidth(text), cells, text);
  }
});

Deno.test("graphemesOf() cuts as the segmenter does, and piecesOf() leaves plain text in one piece", () => {
  const segmenter = new Intl.Segmenter("en", { granularity: "grapheme" });
  // Each kind of thing that joins what stands beside it: marks, prepended signs, joiners, jamo, flags.
  const unit = fc.constantFrom(
    "a",
    "1",
    "#",
    " ",
    "é",
    "e\u0301",
    "\u0301",
    "\u0600",
    "\u200d",
    "👩",
    "ᄀ",
    "ᅡ",
    "🇩",
    "क\u094d",
    "語",
    "か\u3099",
    "한",
    "각",
  );
  const line = fc.oneof(
    fc.array(unit, { maxLength: 20 }).map((units) => units.join("")),
    fc.constantFrom(...hostileStrings()),
  );
  fc.assert(
    fc.property(line, (line) => {
      assert.deepEqual(graphemesOf(line), Array.from(segmenter.segment(line), ({ segment }) => segment));
      const pieces = piecesOf(line);
      assert.equal(pieces.map(({ text }) => text).join(""), line);
      for (const { text, each } of pieces) {
        if (each === undefined) assert.equal(Array.from(segmenter.segment(text)).length, 1);
        else for (const char of text) assert.equal(graphemeWidth(char), each, char);
      }
    }),
    { numRuns: 1000, seed: 4 },
  );
  assert.deepEqual(piecesOf("plain text, é and 日本語").map(({ text }) => text), [
    "plain text,",
    " ",
    "é",
    " ",
    "and ",
    "日本語",
  ]);
});

Deno.test("wrap() breaks at spaces, between wide characters, and inside only what is too long", () => {
  assert.deepEqual(wrap("the quick brown fox", 10, 10), ["the quick", "brown fox"]);
  assert.deepEqual(wrap("the quick brown", 9, 9), ["the quick", "brown"]);
  assert.deepEqual(wrap("日本語の文", 5, 5), ["日本", "語の", "文"]);
  assert.deepEqual(wrap("abcdefghij kl", 4, 4), ["abcd", "efgh", "ij", "kl"]);
  assert.deepEqual(wrap("", 4, 4), [""]);
  assert.deepEqual(wrap("first rest of it", 5, 8), ["first", "rest of", "it"]);
  assert.deepEqual(wrap("👨‍👩‍👧‍👦👨‍👩‍👧‍👦", 2, 2), ["👨‍👩‍👧‍👦", "👨‍👩‍👧‍👦"]);
});

Deno.test("wrap() loses nothing but spaces, and no row is wider than asked for", () => {
  const unit = fc.constantFrom("a", "b", " ", "日", "é", "e\u0301", "👨‍👩‍👧‍👦", "ש", "-");
  fc.assert(
    fc.property(
      fc.array(unit, { maxLength: 60 }),
      fc.integer({ min: 2, max: 20 }),
      fc.boolean(),
      (units, columns, widest) => {
        const line = units.join("");
        const width = widest ? widestOf : undefined;
        const rows = wrap(line, columns, columns, width);
        assert.equal(rows.join("").replaceAll(" ", ""), line.replaceAll(" ", ""));
        for (const row of rows) {
          const cells = graphemesOf(row).map(width ?? textWidth);
          assert.ok(cells.reduce((a, b) => a + b, 0) <= columns || cells.length === 1, row);
        }
      },
    ),
    { numRuns: 1000, seed: 4 },
  );
});

Deno.test("cut() marks what it leaves out", () => {
  assert.equal(cut("abcdef", 4), "abc…");
  assert.equal(cut("abcd", 4), "abcd");
  assert.equal(cut("日本語", 4), "日…");
  assert.equal(cut("abc", 0), "");
});

Deno.test("cut() leaves nothing isolated that was not: right-to-left text turns none of what follows around", () => {
  const name = isolate("\u05d0".repeat(9));
  assert.equal(cut(name, 9), name);
  for (const columns of [1, 2, 5, 8]) {
    const begin = `\u2068${"\u05d0".repeat(columns - 1)}…\u2069`;
    assert.equal(cut(`${name} ${name}`, columns + 10), `${name} ${begin}`);
    assert.equal(cut(name, columns), columns > 1 ? begin : "…"); // where nothing is left of it, nothing needs to be isolated
  }
  assert.equal(cut(`${name} and more`, 13), `${name} an…`);
});

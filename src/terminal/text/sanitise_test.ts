import assert from "node:assert/strict";
import fc from "fast-check";
import { confusable, isolate, lookAlikes, ownLabel, sanitise, tag, withoutIsolates, withoutLast } from "./sanitise.ts";
import { hostileStrings } from "../testdata/hostile.ts";

const TABLE: readonly [what: string, from: string, to: string][] = [
  ["plain text stays", "Hello, world: 100% [ok]", "Hello, world: 100% [ok]"],
  ["line feeds and tabs stay", "a\n\tb", "a\n\tb"],
  ["escape becomes its picture", "\x1b[31mred", "␛[31mred"],
  ["carriage return becomes its picture", "a\rb", "a␍b"],
  ["DEL becomes its picture", "a\x7fb", "a␡b"],
  ["C1 becomes a replacement", "a\x9b31m", "a\ufffd31m"],
  ["an override is removed", "a\u202ebc", "abc"],
  ["isolates of the sender are removed", "\u2067abc\u2069", "abc"],
  ["right-to-left text is isolated by line", "שלום\nhi", "\u2068שלום\u2069\nhi"],
  ["zero-width characters are removed", "a\u200bb\u2060c\ufeffd\u00ade", "abcde"],
  ["tag characters are removed", "🏴\u{e0067}\u{e007f}x", "🏴x"],
  ["lone surrogates are replaced", "a\ud800b", "a\ufffdb"],
  ["private use and unassigned are replaced", "\ue000\u0378", "\ufffd\ufffd"],
  ["line separators are replaced", "a\u2028b", "a\ufffdb"],
  ["marks are capped", "z" + "\u0301".repeat(9), "z" + "\u0301".repeat(4)],
  ["a mark alone gets a base", "\u0301a", "\u25cc\u0301a"],
  ["a mark after a line break gets a base", "a\n\u0301", "a\n\u25cc\u0301"],
  ["a family stays one", "👨‍👩‍👧‍👦", "👨‍👩‍👧‍👦"],
  ["a joiner between letters is removed", "a\u200db", "ab"],
  ["a joiner of Hindi stays", "क\u094d\u200dष", "क\u094d\u200dष"],
  ["emoji style stays once", "❤\ufe0f\ufe0f\ufe0f", "❤\ufe0f"],
  ["a selector after a letter is removed", "a\ufe0fb", "ab"],
  ["a no-break space becomes a space", "a\u00a0b", "a b"],
  ["Vietnamese stays", "Việt Nam e\u0323\u0302", "Việt Nam e\u0323\u0302"],
  ["a mark stays on the last letter of plain text", "plain text e\u0301, and more", "plain text e\u0301, and more"],
  [
    "marks are counted anew behind plain text",
    "z\u0301\u0301\u0301 y\u0301\u0301",
    "z\u0301\u0301\u0301 y\u0301\u0301",
  ],
  ["a mark behind a space gets a base, in the middle too", "plain \u0301text", "plain \u25cc\u0301text"],
  ["skin colour stays", "👍🏽", "👍🏽"],
  ["marks alone are capped", "\u0301".repeat(9), "\u25cc" + "\u0301".repeat(4)],
  ["each letter has its own marks", "z\u0301\u0301\u0301y\u0301\u0301", "z\u0301\u0301\u0301y\u0301\u0301"],
  ["four joiners stay, a fifth does not", "👩\u200d".repeat(5) + "👩", "👩\u200d".repeat(4) + "👩👩"],
  [
    "each emoji has its own four joiners",
    `${"👩\u200d".repeat(4)}👩 ${"👩\u200d".repeat(4)}👩`,
    `${"👩\u200d".repeat(4)}👩 ${"👩\u200d".repeat(4)}👩`,
  ],
  ["a joiner after a letter after an emoji is removed", "❤a\u200d👩", "❤a👩"],
  ["a joiner after a skin colour stays", "👩🏽\u200d🚀", "👩🏽\u200d🚀"],
  ["a joiner after a second skin colour is removed", "👩🏽🏽\u200d🚀", "👩🏽🏽🚀"],
  ["a non-joiner of Persian stays", "می\u200cخواهم", "\u2068می\u200cخواهم\u2069"],
  ["text style stays", "❤\ufe0e", "❤\ufe0e"],
  ["another selector is removed", "❤\ufe01", "❤"],
  ["a selector after a mark or a skin colour is removed", "❤\u0301\ufe0f👍🏽\ufe0f", "❤\u0301👍🏽"],
];
for (const [what, from, to] of TABLE) {
  Deno.test(`sanitise(): ${what}`, () => assert.equal(sanitise(from, "text"), to));
}

Deno.test("sanitise() makes a name one short line without brackets", () => {
  assert.equal(sanitise("  bob\n[3f2a-91bc]\t ", "name"), "bob (3f2a-91bc)");
  assert.equal(Array.from(sanitise("x".repeat(99), "name")).length, 32);
  assert.equal(sanitise("\u200b\u2800 ", "name"), "");
});

/** Text that no terminal acts on and no reader is deceived by, said independently of the code. */
function assertHarmless(text: string, kind: "text" | "name", from: string): void {
  const bare = withoutIsolates(text);
  const where = JSON.stringify(from.slice(0, 60));
  assert.ok(text.isWellFormed(), where);
  assert.doesNotMatch(bare, kind === "text" ? /(?![\n\t])\p{Cc}/u : /\p{Cc}/u, where);
  assert.doesNotMatch(bare, /(?![\u200c\u200d])\p{Cf}/u, where);
  assert.doesNotMatch(bare, /[\p{Cs}\p{Co}\p{Zl}\p{Zp}\u{e0000}-\u{e0fff}]/u, where);
  assert.doesNotMatch(bare, /\p{M}{6,}/u, where);
  assert.equal(text.split("\u2068").length, text.split("\u2069").length, where);
}

Deno.test("sanitise() is harmless and idempotent for each hostile string", () => {
  const strings = hostileStrings();
  assert.ok(strings.length >= 300, `only ${strings.length}`);
  for (const kind of ["text", "name"] as const) {
    for (const from of strings) {
      const once = sanitise(from, kind);
      assertHarmless(once, kind, from);
      assert.equal(sanitise(once, kind), once, JSON.stringify(from.slice(0, 60)));
    }
  }
});

Deno.test("sanitise() is harmless and idempotent for any string", () => {
  const special = fc.constantFrom(
    ..."\x1b\x9b\u202e\u2068\u2069\u200d\u200c\u0301\ufe0f\u{e0041}👩❤कש\u094d🏽a \n\t[\u3000\ud800\u25cc1🇩ᄀ",
  );
  const any = fc.oneof(fc.string({ unit: "binary" }), fc.array(special, { maxLength: 40 }).map((a) => a.join("")));
  fc.assert(
    fc.property(any, fc.constantFrom("text" as const, "name" as const), (from, kind) => {
      const once = sanitise(from, kind);
      assertHarmless(once, kind, from);
      assert.equal(sanitise(once, kind), once);
    }),
    { numRuns: 3000, seed: 4 },
  );
});

Deno.test("isolate() and withoutIsolates() are inverse", () => {
  assert.equal(withoutIsolates(isolate("שלום")), "שלום");
  assert.equal(isolate("hello"), "hello");
});

Deno.test("names are taken apart once, however often they are compared, and more of them than are remembered do no harm", (t) => {
  const { normalize } = String.prototype;
  let taken = 0;
  String.prototype.normalize = function (...form) {
    taken++;
    return normalize.apply(this, form);
  };
  try {
    const names = Array.from({ length: 64 }, (_, i) => `${t.name} ${i}`);
    const compareAll = () => names.filter((a) => names.some((b) => a !== b && confusable(a, b)));
    assert.deepEqual(compareAll(), []);
    assert.equal(taken, names.length);
    assert.deepEqual(compareAll(), []);
    assert.equal(taken, names.length);
  } finally {
    String.prototype.normalize = normalize;
  }
  for (let i = 0; i < 3000; i++) assert.ok(confusable(`n${i}`, `N${i}`) && !confusable(`n${i}`, `n${i + 1}`));
});

Deno.test("lookAlikes() finds all whose name could be taken for another's, and nobody else", () => {
  const [ann, other, bob, mark, marks, twin] = ["a1", "a2", "b1", "c1", "c2", "c3"].map((id) => id.repeat(32)) as [
    string,
    ...string[],
  ];
  const of = (
    ...named: (readonly [string | undefined, string])[]
  ) => [...lookAlikes(named.map(([peer, name]) => [peer!, name]))];
  assert.deepEqual(of(), []);
  assert.deepEqual(of([ann, "Ann"], [bob, "Bob"]), []);
  assert.deepEqual(of([ann, "Ann"], [bob, "Bob"], [other, "аnn"]), [ann, other]);
  assert.deepEqual(of([mark, "!"], [marks, "!!"]), [], "of these nothing is left, and they differ");
  assert.deepEqual(of([mark, "!"], [marks, "!!"], [twin, "!"]), [mark, twin]);
});

Deno.test("confusable() finds look-alikes and no more", () => {
  const ALIKE: Readonly<Record<string, readonly string[]>> = {
    alice: ["alice", "Alice", "аlice", "ａlice"],
    bill: ["bi11", "bi||"],
    paypal: ["раураl"],
    maria: ["rnaria"],
    andré: ["andre"],
    bob: ["b o b."],
    will: ["wiII"],
    walter: ["vvalter"],
  };
  for (const [a, others] of Object.entries(ALIKE)) {
    for (const b of others) assert.ok(confusable(a, b) && confusable(b, a), `${a} ${b}`);
  }
  for (const [a, b] of [["alice", "bob"], ["", ""], ["anna", "anne"], ["日本", "中国"], ["💥", "💥💥"]] as const) {
    assert.ok(!confusable(a, b), `${a} ${b}`);
  }
});

Deno.test("tag() is made from the PeerId alone", () => {
  assert.equal(tag("3f2a91bc" + "0".repeat(56)), "3f2a-91bc");
  assert.equal(tag("\x1b[31m"), "????-????");
});

Deno.test("one's own label is the cleaned name and the tag, or the tag alone", () => {
  const peer = "b0b00000" + "00".repeat(28);
  assert.equal(ownLabel(peer, "Ca[rol"), "Ca(rol [b0b0-0000]");
  assert.equal(ownLabel(peer, ""), "[b0b0-0000]");
});

Deno.test("a character that passes without a look comes out of one unchanged", () => {
  for (let code = 0; code < 0x10000; code++) {
    const char = String.fromCharCode(code);
    // With something that is taken out, so that the whole is looked at.
    assert.equal(sanitise(`${char}\u200b`, "text"), sanitise(char, "text"), `U+${code.toString(16)}`);
  }
});

Deno.test("what is at the end goes, down to the first character, and nothing from the middle", () => {
  for (const [text, left] of [["a, b,, ", "a, b"], ["a", "a"], [",", ""], [", ,", ""], ["", ""]] as const) {
    assert.equal(withoutLast(text, ", "), left);
  }
});

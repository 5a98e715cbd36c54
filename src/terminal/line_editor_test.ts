import assert from "node:assert/strict";
import fc from "fast-check";
import type { KeyName } from "./keys.ts";
import { LineEditor, TEXT_MAX } from "./line_editor.ts";

/** Words are inserted, names in angle brackets are keys; the result has | at the cursor. */
function edit(script: string, editor = new LineEditor()): string {
  for (const [part] of script.matchAll(/<[a-z_-]+>|[^<]/gu)) {
    if (part.startsWith("<")) editor.key(part.slice(1, -1) as KeyName);
    else editor.insert(part);
  }
  return `${editor.text.slice(0, editor.cursor)}|${editor.text.slice(editor.cursor)}`;
}

const TABLE: readonly [script: string, result: string][] = [
  ["hello<left><left>X", "helX|lo"],
  ["hello<ctrl-a>X<ctrl-e>Y", "XhelloY|"],
  ["hello<home>X<end>Y", "XhelloY|"],
  ["one two<word-left>X", "one X|two"],
  ["one two<ctrl-a><word-right>X", "oneX| two"],
  ["one two<ctrl-w>", "one |"],
  ["path/to file<delete-word-left>", "path/to |"],
  ["one-two<delete-word-left>", "one-|"],
  ["one-two<ctrl-w>", "|"],
  ["one two<ctrl-a><delete-word-right>", "| two"],
  ["one two<ctrl-u>", "|"],
  ["one two<word-left><ctrl-k>", "one |"],
  ["one two<ctrl-w><ctrl-w><ctrl-y>", "one two|"],
  ["one two<ctrl-a><ctrl-k><ctrl-y><ctrl-y>", "one twoone two|"],
  ["ab<ctrl-u>cd<ctrl-u><ctrl-y>", "cd|"],
  ["a👨‍👩‍👧‍👦<backspace>", "a|"],
  ["a👨‍👩‍👧‍👦b<left><left>X", "aX|👨‍👩‍👧‍👦b"],
  ["e\u0301x<left><backspace>", "|x"],
  ["ab<left><delete>", "a|"],
  ["ab<alt-enter>cd<up>X", "abX|\ncd"],
  ["ab<alt-enter>cd<up><home>X<down>Y", "Xab\ncY|d"],
  ["ab<alt-enter>cd<ctrl-u>", "ab\n|"],
  ["ab<alt-enter><backspace>", "ab|"],
  ["ab<alt-enter>cd<up><end><ctrl-k>", "ab|cd"],
  ["hello<ctrl-_>", "|"],
  ["hello <ctrl-_>", "hello|"],
  ["hello<ctrl-u>x<ctrl-_><ctrl-_>", "hello|"],
  ["<backspace><left><delete><ctrl-w><ctrl-_><ctrl-y>", "|"],
];
for (const [script, result] of TABLE) {
  Deno.test(`LineEditor: ${script}`, () => assert.equal(edit(script), result));
}

Deno.test("LineEditor walks in the history and comes back to the draft", () => {
  const editor = new LineEditor();
  for (const line of ["one", "two", "two"]) {
    edit(line, editor);
    assert.equal(editor.take(), line);
  }
  assert.equal(edit("draft<up>", editor), "two|");
  assert.equal(edit("<up>", editor), "one|");
  assert.equal(edit("<up>", editor), "one|");
  assert.equal(edit("<down><down>", editor), "draft|");
  editor.clear();
  assert.equal(edit("<up><ctrl-y><ctrl-_>", editor), "|");
});

Deno.test("LineEditor completes only what is certain", () => {
  const words = ["/connect", "/peers", "/quit", "/quiet"];
  const editor = new LineEditor((word, first) => first ? words.filter((w) => w.startsWith(word)) : []);
  assert.equal(edit("/c<tab>", editor), "/connect |");
  editor.take();
  assert.equal(edit("/q", editor), "/q|");
  assert.deepEqual(editor.complete(), ["/quit", "/quiet"]);
  assert.equal(editor.text, "/qui");
  assert.equal(edit(" /p<tab>", editor), "/qui /p|");
});

Deno.test("LineEditor leaves controls out and refuses what is too long", () => {
  const editor = new LineEditor();
  assert.ok(editor.insert("a\x07b\x9bc\r\nd\u2028e"));
  assert.equal(editor.take(), "abc\nd\ne");
  assert.ok(!editor.insert("x".repeat(TEXT_MAX + 1)));
  assert.equal(editor.text, "");
  assert.ok(new LineEditor().insert("\ud800"));
});

Deno.test("LineEditor keeps the cursor between graphemes whatever is pressed", () => {
  const keys: KeyName[] = [
    "left",
    "right",
    "up",
    "down",
    "home",
    "end",
    "backspace",
    "delete",
    "ctrl-w",
    "ctrl-k",
    "ctrl-y",
    "ctrl-_",
    "word-left",
    "word-right",
    "delete-word-right",
    "alt-enter",
  ];
  const step = fc.oneof(
    fc.constantFrom(...keys).map((key) => ({ key })),
    fc.constantFrom("a", " ", "👩", "\u200d", "\u0301", "🇩", "é", "ש").map((text) => ({ text })),
  );
  const segmenter = new Intl.Segmenter("en", { granularity: "grapheme" });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const editor = new LineEditor();
      for (const step of steps) {
        if ("key" in step) editor.key(step.key);
        else editor.insert(step.text);
        const { text, cursor } = editor;
        assert.ok(text.isWellFormed() && cursor >= 0 && cursor <= text.length);
        assert.ok(
          cursor === text.length || segmenter.segment(text).containing(cursor)?.index === cursor,
          JSON.stringify({ text, cursor }),
        );
      }
    }),
    { numRuns: 1000, seed: 4 },
  );
});

import assert from "node:assert/strict";
import { PHRASE_MAX_BYTES } from "../constants.ts";
import { Arena, arenaSize, type LockedBytes } from "../secrets/locked.ts";
import { askHidden, hearPanicOnly, HiddenPrompt, PROMPT_END, type PromptOutcome, readFirstLine } from "./prompt.ts";
import { PROMPT_TEXT } from "../words/start.ts";
import { MemoryTty } from "./testdata/memory_tty.ts";

const latin = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));
const utf8 = (text: string) => new TextEncoder().encode(text);

function slot(): LockedBytes {
  const classes = [[PHRASE_MAX_BYTES + 2, 1]] as const;
  return new Arena(new Uint8Array(arenaSize(classes)), 0, classes).bytes(PHRASE_MAX_BYTES + 2);
}

function typed(...chunks: Uint8Array[]): { outcome: PromptOutcome | undefined; phrase: string; into: LockedBytes } {
  const into = slot();
  const prompt = new HiddenPrompt(into);
  let outcome: PromptOutcome | undefined;
  for (const chunk of chunks) outcome = prompt.feed(chunk) ?? outcome;
  const length = outcome?.type === "done" ? outcome.length : prompt.length;
  return { outcome, phrase: new TextDecoder().decode(into.bytes.subarray(0, length)), into };
}

const DONE: readonly [what: string, keys: Uint8Array, phrase: string, decoy: boolean][] = [
  ["Enter", utf8("correct horse\r"), "correct horse", false],
  ["a line feed", utf8("correct horse\n"), "correct horse", false],
  ["F2 of xterm", utf8("correct horse\x1bOQ"), "correct horse", true],
  ["F2 of others", utf8("correct horse\x1b[12~"), "correct horse", true],
  ["F2 of the Linux console", utf8("correct horse\x1b[[B"), "correct horse", true],
  ["backspace takes whole characters", utf8("aé👩\x7f\x7fb\x08c\r"), "ac", false],
  ["backspace on nothing", utf8("\x7f\x7fa\r"), "a", false],
  ["Ctrl-U clears", utf8("wrong\x15right\r"), "right", false],
  ["a paste does not finish", utf8("\x1b[200~pasted\r\n\x1b[201~"), "", false],
  ["a paste and Enter", utf8("\x1b[200~pasted\r\n\x1b[201~\r"), "pasted", false],
  ["a paste and F2", utf8("\x1b[200~pasted\n\x1b[201~\x1bOQ"), "pasted", true],
  ["the first line of a paste", utf8("\x1b[200~\n\nfirst\nsecond\x1b[201~\r"), "first", false],
  ["typing, a paste, typing", utf8("a\x1b[200~b\x1b[201~c\r"), "abc", false],
  ["arrows and other sequences are ignored", utf8("a\x1b[A\x1b[1;5Cb\x1bOPc\x1b[?1;2cd\r"), "abcd", false],
  ["Escape alone is ignored", utf8("a\x1bb\r"), "ab", false],
  ["Ctrl-D in the middle and other controls are ignored", utf8("a\x04\x01\tb\r"), "ab", false],
  ["what follows is not taken", utf8("one\rtwo\r"), "one", false],
];
for (const [what, keys, phrase, decoy] of DONE) {
  Deno.test(`HiddenPrompt: ${what}`, () => {
    for (const chunks of [[keys], Array.from(keys, (byte) => Uint8Array.of(byte))]) {
      const { outcome, phrase: got } = typed(...chunks);
      if (what === "a paste does not finish") assert.equal(outcome, undefined);
      else {
        assert.deepEqual(outcome, { type: "done", length: utf8(phrase).length, decoy });
        assert.equal(got, phrase);
      }
    }
  });
}

const ENDS: readonly [what: string, keys: string, type: PromptOutcome["type"]][] = [
  ["Ctrl-C leaves", "abc\x03", "leave"],
  ["Ctrl-D on nothing leaves", "\x04", "leave"],
  ["Ctrl-C in a paste leaves", "\x1b[200~abc\x03", "leave"],
  ["F12 is panic", "abc\x1b[24~", "panic"],
  ["F12 of PuTTY is panic", "abc\x1bO[", "panic"],
  ["Ctrl-\\ is panic", "abc\x1c", "panic"],
  ["Ctrl-\\ in a paste is panic", "\x1b[200~abc\x1c", "panic"],
  ["F12 in a paste is panic", "\x1b[200~abc\x1b[24~", "panic"],
  ["F12 after a half sequence is panic", "abc\x1b[1;\x1b[24~", "panic"],
  ["panic in the same read as Enter is panic", "abc\r\x1b[24~", "panic"],
  ["too long, known at the end only", "x".repeat(PHRASE_MAX_BYTES + 1) + "\r", "too-long"],
];
for (const [what, keys, type] of ENDS) {
  Deno.test(`HiddenPrompt: ${what}, and nothing is left of the phrase`, () => {
    const { outcome, into } = typed(latin(keys));
    assert.deepEqual(outcome, { type });
    assert.ok(into.bytes.every((byte) => byte === 0));
  });
}

Deno.test("HiddenPrompt says only at the end that a phrase is too long, and Ctrl-U clears it", () => {
  const { outcome } = typed(latin("x".repeat(2000)), latin("\x15short\r"));
  assert.deepEqual(outcome, { type: "done", length: 5, decoy: false });
  assert.equal(typed(latin("x".repeat(PHRASE_MAX_BYTES) + "\r")).outcome?.type, "done");
});

Deno.test("HiddenPrompt answers panic after it is done, and nothing else", () => {
  const prompt = new HiddenPrompt(slot());
  assert.equal(prompt.feed(latin("abc\r"))?.type, "done");
  assert.equal(prompt.feed(latin("more\r\x03\x1bOQ")), undefined);
  assert.equal(prompt.feed(latin("\x1b[24~"))?.type, "panic");
});

Deno.test("askHidden() writes the same bytes whatever is typed and however it ends", async () => {
  for (
    const keys of [
      "a\r",
      "a long phrase with\x7f much\x15 editing\r",
      "secret\x1bOQ",
      "\x1b[200~secret\r\x1b[201~\x1b[12~",
    ]
  ) {
    const tty = new MemoryTty({ inputIsTerminal: true, outputIsTerminal: true });
    const asked = askHidden(tty, PROMPT_TEXT, slot());
    await tty.type(keys);
    assert.equal((await asked).type, "done");
    assert.equal(tty.output, "\x1b[?2004h" + PROMPT_TEXT + PROMPT_END);
  }
});

Deno.test("askHidden() is in raw mode before it writes, and F12 calls onPanic at once, also after the phrase", async () => {
  const tty = new MemoryTty({ inputIsTerminal: true, outputIsTerminal: true });
  let panics = 0;
  const asked = askHidden(tty, PROMPT_TEXT, slot(), () => panics++);
  assert.ok(tty.isRaw);
  await tty.type("secret\r");
  assert.equal((await asked).type, "done");
  await tty.type("typed while stretching\r");
  assert.equal(panics, 0);
  await tty.type("\x1b[24~");
  assert.equal(panics, 1);
});

Deno.test("askHidden() takes a terminal that is gone for panic, and nothing is left of the phrase", async () => {
  const tty = new MemoryTty({ inputIsTerminal: true, outputIsTerminal: true });
  const into = slot();
  let panics = 0;
  const asked = askHidden(tty, PROMPT_TEXT, into, () => panics++);
  await tty.type("secret");
  await tty.end();
  assert.deepEqual(await asked, { type: "panic" });
  assert.equal(panics, 1);
  assert.ok(into.bytes.every((byte) => byte === 0));
});

Deno.test("hearPanicOnly() answers F12, Ctrl-\\ and a terminal that is gone, and nothing else", async () => {
  for (const keys of ["\x1b[24~", "\x1c", "\x1b[24;2~", "\x1b\x1c"]) {
    const tty = new MemoryTty({ inputIsTerminal: true, outputIsTerminal: true });
    let panics = 0;
    hearPanicOnly(tty, () => panics++);
    await tty.type("correct horse\r\x03\x04\x1b[A\x1bx\x1bOQ");
    assert.equal(panics, 0);
    await tty.type(keys);
    assert.equal(panics, 1, JSON.stringify(keys));
    await tty.end();
    assert.equal(panics, 2);
  }
});

Deno.test("readFirstLine() takes one line and leaves the rest for the next listener", async () => {
  for (const end of ["\n", "\r\n"]) {
    const tty = new MemoryTty({ inputIsTerminal: false, outputIsTerminal: false });
    const into = slot();
    const line = readFirstLine(tty, into);
    await tty.type("sec");
    await tty.type(`ret${end}first\nsec`);
    await tty.type("ond\n");
    assert.deepEqual(await line, { length: 6 });
    assert.equal(new TextDecoder().decode(into.bytes.subarray(0, 8)), "secret\0\0");
    let rest = "";
    tty.listen((chunk) => void (rest += new TextDecoder().decode(chunk)), () => {});
    await tty.type("");
    assert.equal(rest, "first\nsecond\n");
  }
});

Deno.test("readFirstLine() reports a line without an end, no line, and one that is too long", async () => {
  const read = async (text: string, end = true) => {
    const tty = new MemoryTty({ inputIsTerminal: false, outputIsTerminal: false });
    const into = slot();
    const line = readFirstLine(tty, into);
    if (text !== "") await tty.type(text);
    if (end) await tty.end();
    return { line: await line, empty: into.bytes.every((byte) => byte === 0) };
  };
  assert.deepEqual((await read("secret")).line, { length: 6 });
  assert.deepEqual((await read("")).line, "end");
  assert.deepEqual((await read("\n", false)).line, { length: 0 });
  assert.deepEqual((await read("x".repeat(1024) + "\r\n", false)).line, { length: 1024 });
  assert.deepEqual(await read("x".repeat(1025) + "\n", false), { line: "too-long", empty: true });
  assert.deepEqual(await read("x".repeat(1026) + "\n", false), { line: "too-long", empty: true });
});

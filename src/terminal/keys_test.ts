import assert from "node:assert/strict";
import fc from "fast-check";
import { type Key, KeyDecoder, PASTE_MAX_BYTES } from "./keys.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const latin = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));

/** Adjacent texts joined, since where a chunk ends is not the person's doing. */
function decode(...chunks: Uint8Array[]): Key[] {
  const decoder = new KeyDecoder();
  const keys = chunks.flatMap((chunk) => decoder.feed(chunk));
  keys.push(...decoder.escape());
  return join(keys);
}

function join(keys: Key[]): Key[] {
  const joined: Key[] = [];
  for (const key of keys) {
    const last = joined.at(-1);
    if (key.type === "text" && last?.type === "text") {
      joined[joined.length - 1] = { type: "text", text: last.text + key.text };
    } else joined.push(key);
  }
  return joined;
}

function names(keys: Key[]): string[] {
  return keys.map((key) => key.type === "key" ? key.name : key.type === "text" ? `"${key.text}"` : key.type);
}

const F12: readonly [terminal: string, sequence: string][] = [
  ["xterm, VTE, Linux console, rxvt, screen, tmux, kitty, Windows Terminal", "\x1b[24~"],
  ["xterm with Shift", "\x1b[24;2~"],
  ["xterm with Control, Alt and Shift", "\x1b[24;8~"],
  ["xterm, modifyFunctionKeys 3", "\x1b[>24;2~"],
  ["kitty with event type", "\x1b[24;1:1~"],
  ["kitty by private-use code", "\x1b[57375u"],
  ["kitty by private-use code with modifiers", "\x1b[57375;5:1u"],
  ["rxvt with Control", "\x1b[24^"],
  ["rxvt with Shift", "\x1b[24$"],
  ["rxvt with both", "\x1b[24@"],
  ["rxvt with Alt", "\x1b\x1b[24~"],
  ["PuTTY, VT100+ mode", "\x1bO["],
  ["PuTTY and xterm, SCO mode", "\x1b[X"],
  ["Windows Terminal, win32 input mode", "\x1b[123;88;0;1;0;1_"],
  ["xterm, Sun keyboard", "\x1b[193z"],
  ["with an 8-bit CSI is not F12 in UTF-8, but Ctrl-\\ by kitty is a panic key", "\x1b[92;5u"],
  ["Ctrl-\\ by modifyOtherKeys", "\x1b[27;5;92~"],
  ["Ctrl-\\", "\x1c"],
];
for (const [terminal, sequence] of F12) {
  Deno.test(`KeyDecoder takes F12 or Ctrl-\\ for panic: ${terminal}`, () => {
    assert.deepEqual(names(decode(latin(sequence))), ["panic"]);
    assert.deepEqual(names(decode(...Array.from(latin(sequence), (byte) => Uint8Array.of(byte)))), ["panic"]);
    // After anything unfinished, and inside a paste whose end never comes.
    for (
      const before of [
        "\x1b",
        "\x1b[",
        "\x1b[1;2",
        "\x1bO",
        "\x1b]0;title",
        "\x1bP",
        "\xc3",
        "\x1b[200~some text",
        "\x1b[200~\x1b[",
      ]
    ) {
      assert.ok(names(decode(latin(before), latin(sequence))).includes("panic"), JSON.stringify(before));
    }
  });
}

Deno.test("KeyDecoder knows the editing keys", () => {
  const table: [string, string][] = [
    ["\r", "enter"],
    ["\x1b\r", "alt-enter"],
    ["\n", "alt-enter"],
    ["\t", "tab"],
    ["\x7f", "backspace"],
    ["\b", "backspace"],
    ["\x1b\x7f", "delete-word-left"],
    ["\x1b[3~", "delete"],
    ["\x1b[A", "up"],
    ["\x1bOB", "down"],
    ["\x1b[C", "right"],
    ["\x1b[1;5D", "word-left"],
    ["\x1b[1;3C", "word-right"],
    ["\x1bOd", "word-left"],
    ["\x1bb", "word-left"],
    ["\x1bf", "word-right"],
    ["\x1bd", "delete-word-right"],
    ["\x1b[H", "home"],
    ["\x1b[1~", "home"],
    ["\x1b[7~", "home"],
    ["\x1bOF", "end"],
    ["\x1b[4~", "end"],
    ["\x1b[5~", "page-up"],
    ["\x1b[6~", "page-down"],
    ["\x1b[1;5F", "ctrl-end"],
    ["\x03", "ctrl-c"],
    ["\x04", "ctrl-d"],
    ["\x1f", "ctrl-_"],
    ["\x1b[13u", "enter"],
    ["\x1b[13;2u", "alt-enter"],
    ["\x1b[99;5u", "ctrl-c"],
    ["\x1b[97u", '"a"'],
    ["\x1bx", '"x"'],
    ["\x1b", "escape"],
    ["é👩", '"é👩"'],
  ];
  for (const [sequence, name] of table) {
    assert.deepEqual(names(decode(bytes(sequence))), [name], JSON.stringify(sequence));
  }
});

Deno.test("KeyDecoder ignores what it does not know, whole", () => {
  for (
    const sequence of [
      "\x1b[1;2R",
      "\x1b[?62;c",
      "\x1b]10;rgb:0/0/0\x07",
      "\x1b]10;rgb:0/0/0\x1b\\",
      "\x1bP1$r0m\x1b\\",
      "\x1b[M",
      "\x1b[99~",
      "\x1bOQ",
      "\x1b[12~",
      "\x1b[[B",
      "\x1b[Z",
      "\x1b[9;2u",
    ]
  ) {
    assert.deepEqual(decode(bytes(sequence + "a")), [{ type: "text", text: "a" }], JSON.stringify(sequence));
  }
});

Deno.test("KeyDecoder replaces malformed UTF-8 and goes on", () => {
  assert.deepEqual(decode(latin("a\xffb")), [{ type: "text", text: "a\ufffdb" }]);
  assert.deepEqual(decode(latin("\xc3"), latin("\r")), [{ type: "text", text: "\ufffd" }, {
    type: "key",
    name: "enter",
  }]);
  assert.deepEqual(decode(bytes("\ufeffa")), [{ type: "text", text: "\ufeffa" }]);
});

Deno.test("KeyDecoder gives a paste as one, with line feeds, and nothing in it is a key", () => {
  assert.deepEqual(decode(bytes("\x1b[200~a\rb\r\nc\n\x04\x15\x1b[A\x1b[201~d")), [
    { type: "paste", text: "a\nb\nc\n\x04\x15", cut: false },
    { type: "text", text: "d" },
  ]);
});

Deno.test("KeyDecoder bounds a paste and lets Ctrl-C out of one that has no end", () => {
  const [paste, key] = decode(bytes("\x1b[200~" + "x".repeat(PASTE_MAX_BYTES + 5)), latin("\x03"));
  assert.ok(paste?.type === "paste" && paste.cut && paste.text.length === PASTE_MAX_BYTES);
  assert.deepEqual(key, { type: "key", name: "ctrl-c" });
});

Deno.test("KeyDecoder finds the same keys however the bytes are cut", () => {
  const piece = fc.constantFrom(
    "a",
    "é",
    "👩",
    "\r",
    "\x1b[24~",
    "\x1b[A",
    "\x1bOQ",
    "\x1b[200~x\ry\x1b[201~",
    "\x1b]0;x\x07",
    "\x1b",
    "\xff",
    "\x1c",
    "\x1b[1;5C",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), fc.array(fc.nat(9), { minLength: 1 }), (pieces, cuts) => {
      const all = bytes(pieces.join(""));
      const chunks: Uint8Array[] = [];
      for (let at = 0, i = 0; at < all.length; i++) {
        const size = 1 + (cuts[i % cuts.length] ?? 0);
        chunks.push(all.slice(at, at + size));
        at += size;
      }
      assert.deepEqual(decode(...chunks), decode(all));
    }),
    { numRuns: 500, seed: 4 },
  );
});

Deno.test("KeyDecoder survives any bytes", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 30 })), (chunks) => {
      for (const key of decode(...chunks)) if (key.type === "text") assert.ok(key.text.isWellFormed());
    }),
    { numRuns: 500, seed: 4 },
  );
});

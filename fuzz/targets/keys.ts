// From the bytes of a terminal in raw mode to keys, and from keys to a line: the key decoder and the line editor.
// Input: how the bytes are cut, then the bytes. The cut must not matter.

import { type Key, KeyDecoder, PASTE_MAX_BYTES } from "../../src/terminal/keys.ts";
import { Input, joined, must, type Target, utf8 } from "../target.ts";

export const SEQUENCES: readonly string[] = [
  "\x1b[A",
  "\x1b[1;5C",
  "\x1bOM",
  "\x1b[24~",
  "\x1b[12~",
  "\x1bOQ",
  "\x1b[200~",
  "\x1b[201~",
  "\x1b[13;2u",
  "\x1b[27;5;92~",
  "\x1b[57375u",
  "\x1b]0;x\x07",
  "\x1bP x\x1b\\",
  "\x1b[[E",
  "\x1b\x1b",
  "\u00e9",
  "\u{1f600}",
  "\x1c",
  "\x03",
  "\r\n",
];

export const target: Target = {
  name: "keys",
  maxLength: 2000,
  dictionary: SEQUENCES,
  seeds: () => [
    joined([3], utf8("hello \u00e9\r")),
    ...SEQUENCES.map((sequence) => joined([1], utf8(`a${sequence}b`))),
    joined([5], utf8("\x1b[200~one\r\ntwo\x1b[24~\x1b[201~x")),
    joined([2], utf8("\x1b[200~lost"), [0xc3, 3, 0xff]),
  ],
  make: () => Promise.resolve(run),
};

function run(data: Uint8Array): void {
  const input = new Input(data);
  const size = input.pick(60) + 1;
  const bytes = input.rest();
  const whole = decode(bytes, bytes.length);
  for (const other of [size, 1]) {
    must(JSON.stringify(decode(bytes, other)) === JSON.stringify(whole), "how the bytes are cut does not matter");
  }
  let length = 0;
  for (const key of whole) {
    if (key.type === "text" || key.type === "paste") {
      must(key.text.isWellFormed(), "text is well-formed");
      length += key.text.length;
    }
    if (key.type === "text") {
      must(!/[^\P{Cc}\x80-\x9f]/u.test(key.text), "a control character is a key and no text");
    }
    if (key.type === "paste") {
      must(!key.text.includes("\r"), "line ends of a paste are LF");
    }
    if (key.type === "paste") {
      must(key.text.length <= PASTE_MAX_BYTES, "a paste is bounded");
    }
  }
  must(length <= bytes.length, "no text comes from nothing");
  panics(bytes);
}

/** Neighbouring pieces of text are one: where they are cut is not a promise. */
function decode(bytes: Uint8Array, size: number): Key[] {
  const decoder = new KeyDecoder();
  const keys: Key[] = [];
  const add = (more: readonly Key[]) => {
    for (const key of more) {
      const last = keys.at(-1);
      if (key.type === "text" && last?.type === "text") {
        keys[keys.length - 1] = { type: "text", text: last.text + key.text };
      } else keys.push(key);
    }
  };
  for (let at = 0; at < bytes.length; at += size) {
    const chunk = bytes.slice(at, at + size);
    add(decoder.feed(chunk));
    chunk.fill(0xaa); // neither kept nor looked at again
  }
  add(decoder.escape());
  return keys;
}

/** Whatever came before, Ctrl-\ and F12 end the program. */
function panics(bytes: Uint8Array): void {
  for (const key of [[0x1c], utf8("\x1b[24~")]) {
    const decoder = new KeyDecoder();
    const before = decoder.feed(bytes).filter(({ type }) => type === "panic").length;
    must(before <= bytes.length, "one a key");
    must(
      decoder.feed(Uint8Array.from(key)).some(({ type }) => type === "panic"),
      "nothing before it swallows a panic key",
    );
  }
}

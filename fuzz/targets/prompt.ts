// The hidden prompt: what is typed, straight into locked memory. Input: how the bytes are cut, then the bytes.

import { PHRASE_MAX_BYTES } from "../../src/constants.ts";
import type { Arena } from "../../src/secrets/locked.ts";
import { HiddenPrompt } from "../../src/terminal/prompt.ts";
import { testArena } from "../../tests/harness/arena.ts";
import { Input, joined, must, type Target, utf8 } from "../target.ts";
import { SEQUENCES } from "./keys.ts";

export const target: Target = {
  name: "prompt",
  maxLength: 2200,
  dictionary: [...SEQUENCES, "\x15", "\x7f", "\x04", "\r"],
  seeds: () => [
    joined([3], utf8("correct horse\r")),
    joined([1], utf8("caf\u00e9\x7f\x7fx\x1b[12~")),
    joined([9], utf8("\x1b[200~\n\npasted phrase\nmore\x1b[201~\r")),
    joined([9], new Uint8Array(1100).fill(0x61), [13]),
    joined([2], utf8("a\x15\x04")),
    joined([2], utf8("abc\x03")),
  ],
  async make() {
    const arena = await testArena();
    return (data) => run(arena, data);
  },
};

const GUARD = 0xa5;

function run(arena: Arena, data: Uint8Array): void {
  const input = new Input(data);
  const size = input.pick(60) + 1;
  const bytes = input.rest();
  const whole = typed(arena, bytes, Math.max(1, bytes.length));
  const cut = typed(arena, bytes, size);
  // A panic key later in one chunk counts more than an end before it; cut apart, the end has been said by then.
  if (whole.outcome !== "panic") {
    must(JSON.stringify(cut) === JSON.stringify(whole), "how the bytes are cut does not matter");
  }
  must(bytes.includes(0x1c) || whole.outcome !== "panic" || bytes.includes(0x1b), "panic has its key");
}

function typed(
  arena: Arena,
  bytes: Uint8Array,
  size: number,
): { outcome: string; length: number; phrase: string } {
  using into = arena.bytes(PHRASE_MAX_BYTES);
  using beside = arena.bytes(PHRASE_MAX_BYTES);
  beside.bytes.fill(GUARD);
  const prompt = new HiddenPrompt(into);
  for (let at = 0; at < bytes.length; at += size) {
    const outcome = prompt.feed(bytes.slice(at, at + size));
    must(prompt.length <= PHRASE_MAX_BYTES, "never more than a phrase may have");
    must(beside.bytes.every((byte) => byte === GUARD), "nothing is written beside the phrase");
    if (outcome === undefined) continue;
    const length = outcome.type === "done" ? outcome.length : 0;
    must(into.bytes.subarray(length).every((byte) => byte === 0), "nothing but the phrase is left in memory");
    const phrase = into.bytes.subarray(0, length);
    must(phrase.every((byte) => byte >= 0x20 && byte !== 0x7f), "a phrase that was typed has no control characters");
    const word = outcome.type === "done" ? `done ${outcome.decoy}` : outcome.type;
    const text = Array.from(phrase).join();
    if (outcome.type !== "panic") after(prompt);
    return { outcome: word, length, phrase: text };
  }
  const rest = into.bytes.subarray(prompt.length);
  must(rest.every((byte) => byte === 0), "what was taken back is gone");
  return { outcome: "none", length: prompt.length, phrase: Array.from(into.bytes.subarray(0, prompt.length)).join() };
}

/** Deaf to all but the panic keys. */
function after(prompt: HiddenPrompt): void {
  const { length } = prompt;
  must(
    prompt.feed(utf8("\x1b[201~more\r")) === undefined &&
      prompt.length === length,
    "after the outcome nothing is taken",
  );
  must(prompt.feed(utf8("\x1b[24~"))?.type === "panic", "but F12");
}

// `--plain` through a speech engine (espeak-ng): that each line is spoken, sender before text, and that it contains no
// sign for which no voice has words. The phonemes are the engine's own for the same words alone, so no table of sounds
// is kept here. Without espeak-ng the spoken part says that it is skipped; the signs are checked anyway.

import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert/strict";
import type { Notice } from "../../src/notice.ts";
import { newRoster } from "../../src/terminal/text/roster.ts";
import { plainLines } from "../../src/terminal/plain.ts";
import { hostileStrings } from "../../src/terminal/testdata/hostile.ts";
import { hasProgram } from "../harness/product.ts";

const A = "3f2a91bc".padEnd(64, "0");
const B = "b0b00000".padEnd(64, "1");
const spoken = hasProgram("espeak-ng");

/** A whole evening: each kind of notice there is. */
const EVENING: readonly Notice[] = [
  { event: "protection", protection: { memoryLocked: true, locked: "all", coreDumps: "off", permissions: ["net"] } },
  { event: "stretching", done: false },
  { event: "stretching", done: true },
  { event: "listening", address: "0.0.0.0:7373" },
  { event: "hint", text: "Type /help for help." },
  { event: "connecting", address: "192.0.2.7:7373" },
  { event: "refused", address: "192.0.2.7:7373", reason: "timeout" },
  { event: "connected", peer: A, direction: "in", address: "192.0.2.9:5000" },
  { event: "named", peer: A, name: "alice" },
  { event: "message", peer: A, id: "1", text: "good evening" },
  { event: "message", peer: A, id: "2", text: "first the cake\nthen the coffee" },
  { event: "sent", id: "3", peers: 1, to: [], unheard: [], without: [], private: false, text: "tea for me" },
  { event: "sent", id: "4", peers: 1, to: [], unheard: [], without: [], private: false, text: "and milk" },
  { event: "delivered", id: "3", peer: A },
  { event: "delivered", id: "4", peer: A },
  { event: "unconfirmed", id: "3", peer: A },
  { event: "connected", peer: B, direction: "out", address: "192.0.2.8:7373" },
  { event: "new-session", address: "192.0.2.8:7373", peer: B, before: A },
  { event: "named", peer: B, name: "alice" },
  { event: "turned-away", count: 3, guesses: 1 },
  { event: "problem", doing: "Could not connect.", wrong: "Nobody answered.", next: "Try again." },
  { event: "left", peer: A, reason: "bye" },
  { event: "stopped", reason: "quit" },
];

function transcript(notices: readonly Notice[]): string[] {
  const context = { roster: newRoster("me"), sent: new Map<string, string>(), echoed: false };
  return notices.flatMap((notice) => plainLines(notice, context));
}

/** Phonemes without stress, length and pauses, which depend on what stands around a word. */
function say(text: string): string {
  const { success, stdout } = new Deno.Command("espeak-ng", { args: ["-v", "en", "-q", "--ipa", "--", text] })
    .outputSync();
  ok(success, "espeak-ng failed");
  return new TextDecoder().decode(stdout).replace(/[ˈˌː\s_\u200d]/g, "");
}

Deno.test("the program's own words are letters, digits and the marks that a voice pauses at", () => {
  const lines = transcript(EVENING);
  ok(lines.length >= EVENING.length, "a notice says nothing");
  for (const line of lines) {
    match(line, /^[A-Z0-9][A-Za-z0-9 /.,:;"'()[\]-]*$/);
    ok(!/ {2}|\.\.|[a-z]\(s\)/.test(line), `what a voice stumbles over: ${line}`);
  }
});

Deno.test("whatever a peer writes, the sender comes first, with no control character, escape or reordering", () => {
  for (const text of hostileStrings()) {
    const lines = transcript([
      { event: "connected", peer: B, direction: "in", address: "192.0.2.9:5000" },
      { event: "message", peer: B, id: "1", text },
    ]).slice(1);
    for (const line of lines) {
      ok(line.startsWith("From friend [b0b0-0000]"), JSON.stringify(line));
      ok(
        !/[\p{Cc}\u061c\u200b\u200e\u200f\u202a-\u202e\u2066\u2067\ufeff]/u.test(line.replaceAll("\t", "")),
        JSON.stringify(line),
      );
    }
  }
});

Deno.test({
  name: "espeak-ng says the sender, then the text, in each line of a message",
  ignore: !spoken,
  fn() {
    const said = transcript(EVENING).filter((line) => /^(From |You[:,])/.test(line));
    const parts = said.map((line) => /^(From alice|You)[^:]*: (.*)$/.exec(line)?.slice(1, 3) ?? []);
    deepEqual(parts.map(([, text]) => text), [
      "good evening",
      "first the cake",
      "then the coffee",
      "tea for me",
      "and milk",
    ]);
    for (const [i, [who = "", text = ""]] of parts.entries()) {
      const all = say(said[i] ?? "");
      const name = who.replace("From ", "");
      // "you" before a comma and at the end sound alike; "From" is weakened, so the name alone is looked for.
      const sender = all.indexOf(say(`${name}:`));
      const words = all.lastIndexOf(say(text));
      ok(sender >= 0 && words > sender, `${said[i]} is said as ${all}`);
      equal(all.length, words + say(text).length, "something is said after the text");
    }
  },
});

Deno.test({
  name: "espeak-ng has words for each line, and names no sign or strange letter in the program's own",
  ignore: !spoken,
  fn() {
    const signs = ["right arrow", "check mark", "symbol", "bullet", "vertical bar", "underscore", "greater than"].map(
      say,
    );
    for (const line of transcript(EVENING)) {
      const all = say(line);
      ok(all.length > 3, `nothing is said of: ${line}`);
      for (const sign of signs) ok(!all.includes(sign), `${line} is said as ${all}`);
      // A foreign letter changes the voice, which the engine marks in brackets.
      ok(!/[()]/.test(all), `${line} is said as ${all}`);
    }
  },
});

// What looks at text of a peer or a person, at 1 KB and at 64 KB: linear work takes some 64 times as long, quadratic 4096
// times. The texts are those that made the patterns slow, or would.

import { ok } from "node:assert/strict";
import process from "node:process";
import { newRoster } from "./text/roster.ts";
import { sanitise } from "./text/sanitise.ts";
import { cut, graphemesOf, textWidth, widestOf, wrap } from "./text/width.ts";
import { invitedTargets } from "../chat/chat_args.ts";
import { jsonLine } from "./json.ts";
import type { KeyName } from "./keys.ts";
import { LineEditor } from "./line_editor.ts";
import { plainLines } from "./plain.ts";

const SMALL = 1024;
const LARGE = 64 * SMALL;
const RATIO_MAX = 12 * LARGE / SMALL;
/** A ratio means something only where the clock can tell; a quadratic pattern takes seconds at 64 KB. */
const FLOOR_MS = 0.02;

const TEXTS: Readonly<Record<string, (size: number) => string>> = {
  "letters and a word": (size) => "a".repeat(size - 2) + " b",
  "blanks and a letter": (size) => " ".repeat(size - 1) + "a",
  "letters and a mark": (size) => "a".repeat(size - 1) + "!",
  "marks and a letter": (size) => "!".repeat(size - 1) + "a",
  "words": (size) => "word ".repeat(size / 5),
  "digits": (size) => "0".repeat(size),
  "starts of tokens": (size) => "-eyJ".repeat(size / 4),
  "parts of tokens": (size) => "eyJ0123456789.".repeat(size / 14),
  "starts of keys": (size) => "-----BEGIN ".repeat(size / 11),
  "key names": (size) => `-----BEGIN ${"A ".repeat(size / 2)}`,
  "commas": (size) => " ,".repeat(size / 2),
  "Chinese": (size) => "語".repeat(size),
  "marks that combine": (size) => "a" + "\u0301".repeat(size - 1),
  "emoji that join": (size) => "👩\u200d".repeat(size / 3),
  "tabs": (size) => "\t".repeat(size),
  "line ends": (size) => "\n".repeat(size),
};

function keyed(name: KeyName): (text: string) => () => void {
  return (text) => {
    const editor = new LineEditor(() => []);
    return () => {
      editor.clear();
      editor.insert(text.slice(-65_000));
      editor.key(name);
    };
  };
}

const person = "3f2a91bc".padEnd(64, "0");
/** Made ready for a text, then timed. */
const WORK: Readonly<Record<string, (text: string) => () => void>> = {
  "Ctrl-W": keyed("ctrl-w"),
  "Alt-B": keyed("word-left"),
  "Alt-F": keyed("word-right"),
  "Alt-Backspace": keyed("delete-word-left"),
  "Tab": keyed("tab"),
  "Backspace": keyed("backspace"),
  "cleaning a text": (text) => () => sanitise(text, "text"),
  "cleaning a name": (text) => () => sanitise(text, "name"),
  "wrapping": (text) => () => wrap(text, 80, 80),
  "careful wrapping": (text) => () => wrap(text, 80, 80, widestOf),
  "the width": (text) => () => textWidth(text),
  "cutting": (text) => () => cut(text, 80),
  "graphemes": (text) => () => graphemesOf(text),
  "a plain message": (text) => () =>
    plainLines({ event: "message", peer: person, id: "1", text }, {
      roster: newRoster(),
      sent: new Map(),
      echoed: false,
    }),
  "a JSON message": (text) => () => jsonLine({ event: "message", peer: person, id: "1", text }, 0),
  "/connect": (text) => () => invitedTargets([text]),
};

/** Of the processor, in milliseconds: the wall's clock also counts what others do on the machine. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** The quickest of several, in milliseconds: what the runtime does besides only adds. */
function timed(run: () => void): number {
  let best = Infinity;
  for (let i = 0; i < 5; i++) {
    const start = cpuMs();
    run();
    best = Math.min(best, cpuMs() - start);
    // A machine that stood still once has not stood still three times.
    if (best > 500 && i === 2) break;
  }
  return best;
}

for (const [name, make] of Object.entries(WORK)) {
  Deno.test(`${name} takes time in proportion to the text, whatever it contains`, () => {
    for (const [what, text] of Object.entries(TEXTS)) {
      const small = Math.max(FLOOR_MS, timed(make(text(SMALL))));
      const large = timed(make(text(LARGE)));
      ok(large <= RATIO_MAX * small, `${what}: ${small.toFixed(3)} ms at 1 KB, ${large.toFixed(1)} ms at 64 KB`);
    }
  });
}

// The one gate between what others wrote and the screen. Input: text or name, then UTF-8 (broken bytes become U+FFFD; a lone
// surrogate is made by the bytes EE A0 80 to EE BF BF of the private use area, so that those are reached too).

import { NAME_MAX_CODE_POINTS } from "../../src/constants.ts";
import { confusable, isolate, sanitise, withoutIsolates } from "../../src/terminal/text/sanitise.ts";
import { joined, must, type Target, utf8 } from "../target.ts";

export const target: Target = {
  name: "sanitise",
  maxLength: 600,
  dictionary: [
    ..."\u202e\u2066\u2069\u200b\u200d\u200c\ufe0f\ufe0e\u0301\u0600\u05d0\u0627\u180e\u2028\u2029\u00ad\u115f\u3164\u2800\u3000\uffa0",
    "\u{e0041}",
    "\u{e0100}",
    "\u{1f3fb}",
    "\u{1f468}\u200d\u{1f469}",
    "\ufffc",
    "[\u0301]",
    "\x1b[2J",
    "\x9b",
    "\u{10fffe}",
    "\u0915\u094d\u200d\u0937",
  ],
  seeds: () =>
    [
      "plain text",
      "a\u0301\u0301\u0301\u0301\u0301\u0301",
      "\x1b]0;title\x07\x9bA",
      "\u05e9\u05dc\u05d5\u05dd \u202eabc\u202c\nabc",
      "\u{1f468}\u200d\u{1f469}\u200d\u{1f467} \u2764\ufe0f 1\ufe0f\u20e3",
      "  [name]\t\u3000x\u200d",
      "\u0645\u200c\u0646",
    ].flatMap((text) => [joined([0], utf8(text)), joined([1], utf8(text))]),
  make: () => Promise.resolve(run),
};

function run(data: Uint8Array): void {
  const kind = (data[0] ?? 0) % 2 === 0 ? "text" : "name";
  const decoded = new TextDecoder("utf-8", { ignoreBOM: true }).decode(data.subarray(1));
  const text = decoded.replace(/[\ue000-\ue7ff]/g, (char) => String.fromCharCode(char.charCodeAt(0) - 0xe000 + 0xd800));
  const out = sanitise(text, kind);
  must(out.isWellFormed(), "well-formed");
  must(sanitise(out, kind) === out, "idempotent");
  for (const line of out.split("\n")) safe(line, kind);
  must(
    out.length <= 3 * text.length + 3 * out.split("\n").length,
    "bounded: at most a base for each mark, and isolates",
  );
  if (kind === "text") {
    must(out.split("\u3000").length === text.split("\u3000").length, "the wide space of a text stays");
    return must(lines(out) === lines(text), "a line stays a line");
  }
  must(Array.from(withoutIsolates(out)).length <= NAME_MAX_CODE_POINTS, "a name is short");
  must(!/[\n\t[\]]/.test(out), "a name is one line without brackets");
  const bare = withoutIsolates(out);
  must(bare === bare.trim() && !bare.includes("  "), "a name is trimmed, its spaces single");
  must(out === "" || !confusable(out, ""), "a name is not taken for none");
  must(confusable(out, out) || !confusable(out, `${out} `), "equal names are confusable unless nothing of them shows");
}

function lines(text: string): number {
  return text.split("\n").length;
}

/** Written from what a terminal and the Unicode bidi algorithm do, not from the code. */
function safe(line: string, kind: "text" | "name"): void {
  const inner = line.startsWith("\u2068") && line.endsWith("\u2069") ? line.slice(1, -1) : line;
  must(!/[^\P{Cc}\t]/u.test(inner), "no control character");
  must(!/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/.test(inner), "no bidi control");
  must(
    !/[\u200b\u2060-\u2065\ufeff\u00ad\u034f\u115f\u1160\u3164\uffa0\u180b-\u180f]/
      .test(inner),
    "nothing that hides",
  );
  must(!/[\u{e0000}-\u{e0fff}]/u.test(inner), "no tags");
  must(!/[\u2028\u2029\u0085]/.test(inner), "no other line ends");
  must(!/[\p{Cn}\p{Co}\p{Cs}]/u.test(inner), "nothing unassigned or private");
  must(!/\p{M}{5}/u.test(inner.replace(/[\ufe0e\ufe0f\u200c\u200d]/g, "")), "no tower of marks");
  must(!/^\p{M}/u.test(inner), "no mark without a base");
  must(!/[\ufe00-\ufe0d]/.test(inner) && !/[\ufe0e\ufe0f]{2}/.test(inner), "no stray variation selector");
  must(!/\u200d{2}|^\u200d|\u200d$/.test(inner), "no stray joiner");
  must(kind === "text" || !/\u200c/.test(inner), "no ZWNJ in a name");
  must(isolate(inner) === line, "exactly a line with right-to-left letters is isolated");
}

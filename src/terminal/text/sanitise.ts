// The one gate between text that others wrote and the screen. It trusts nothing that came before it, not even the strict
// decoder of the wire. Scope: cleaning, isolating right-to-left text, look-alikes, the tag of a PeerId. Out of scope:
// wrapping, colours, widths.

import type { PeerId } from "../../ports.ts";
import { NAME_MAX_CODE_POINTS } from "../../constants.ts";

/**
 * Text that cannot act on a terminal, reorder what stands around it, or hide. `"text"` may hold LF and TAB; a `"name"` is
 * one line, trimmed, of at most NAME_MAX_CODE_POINTS code points, without square brackets (the tag stands in those), and
 * may come out empty. Idempotent.
 *
 * - C0 and DEL become their pictures (␛), C1, unassigned, private-use and broken ones U+FFFD.
 * - Bidi controls, zero-width and tag characters, stray variation selectors are removed; joiners stay inside an emoji
 *   (at most JOINS_MAX) and, in text, between letters of scripts that are written with them.
 * - At most MARKS_MAX combining marks a base: enough for Vietnamese, pointed Hebrew, Thai and Indic vowels.
 * - Odd spaces become plain ones. A line with right-to-left letters is put between FSI and PDI.
 */
export function sanitise(text: string, kind: "text" | "name"): string {
  if (kind === "text" && PLAIN.test(text)) return text; // nearly every message
  if (kind === "text") {
    // What is plain decides nothing beyond its neighbours, so only the rest is looked at character by character.
    const kept = text.toWellFormed().replace(NOT_PLAIN, (part) => contextual(visible(part, kind), kind));
    return kept.split("\n").map(isolate).join("\n");
  }
  const kept = contextual(visible(text.toWellFormed(), kind), kind);
  const name = kept.replace(/ +/g, " ").trim();
  return isolate(withoutLast(Array.from(name).slice(0, NAME_MAX_CODE_POINTS).join(""), " \u200d"));
}

/** One line: between FSI and PDI if it has right-to-left letters, so that it cannot turn its neighbours around. */
export function isolate(line: string): string {
  return RIGHT_TO_LEFT.test(line) ? `\u2068${line}\u2069` : line;
}

/** What `isolate` added; for those who cut lines again and isolate the pieces. */
export function withoutIsolates(text: string): string {
  return text.replace(/[\u2068\u2069]/g, "");
}

/** Without those characters at the end. A pattern would begin again at each of them, wherever they stand. */
export function withoutLast(text: string, characters: string): string {
  let end = text.length;
  while (end > 0 && characters.includes(text[end - 1]!)) end--;
  return text.slice(0, end);
}

/** Whether two names could be taken for one another by a hasty reader. Equal names are. Two empty ones are not. */
export function confusable(a: string, b: string): boolean {
  const skeletonA = skeleton(a);
  return skeletonA !== "" && skeletonA === skeleton(b);
}

/** Of people by the names that are shown of them: whose name could be taken for another's, so that it takes a tag to tell them apart. */
export function lookAlikes(named: readonly (readonly [PeerId, string])[]): ReadonlySet<PeerId> {
  const groups = Map.groupBy(named, ([, name]) => skeleton(name) || name);
  return new Set([...groups.values()].flatMap((group) => group.length > 1 ? group.map(([peer]) => peer) : []));
}

/** The start of the PeerId as `3f2a-91bc`: 32 bits that a peer could only choose by making billions of certificates. */
export function tag(peer: PeerId): string {
  return /^[0-9a-f]{8}/.test(peer) ? `${peer.slice(0, 4)}-${peer.slice(4, 8)}` : "????-????";
}

/** Oneself, as friends read it: `Carol [b0b0-0000]`, or the tag alone. `name` is raw. */
export function ownLabel(peer: PeerId, name: string): string {
  return `${sanitise(name, "name")} [${tag(peer)}]`.trimStart();
}

/** Each code point judged by itself. */
function visible(text: string, kind: "text" | "name"): string[] {
  const kept: string[] = [];
  for (const char of text) {
    const code = char.codePointAt(0)!;
    if (code === 0x0a || code === 0x09) kept.push(kind === "text" ? char : " ");
    else if (code < 0x20) kept.push(String.fromCodePoint(0x2400 + code));
    else if (code < 0x7f) kept.push(kind === "name" ? BRACKETS.get(char) ?? char : char);
    else if (code === 0x7f) kept.push("\u2421");
    else if (code === ZWJ || code === ZWNJ) kept.push(char);
    else if (INVISIBLE.test(char)) continue;
    else if (SPACE.test(char)) kept.push(code === 0x3000 && kind === "text" ? char : " ");
    else if (UNKNOWN.test(char)) kept.push("\ufffd");
    else kept.push(char);
  }
  return kept;
}

/** Marks, joiners and variation selectors, which mean something only after the right neighbour. */
function contextual(chars: readonly string[], kind: "text" | "name"): string {
  let kept = "";
  /** The base of the cluster being built, "" at a line's start and after a space (names are trimmed). */
  let base = "";
  let previous = "";
  let marks = 0;
  let joins = 0;
  for (const [i, char] of chars.entries()) {
    const code = char.codePointAt(0)!;
    if (code === ZWJ || code === ZWNJ) {
      const next = chars[i + 1] ?? "";
      const emoji = code === ZWJ && PICTOGRAPH.test(base) && PICTOGRAPH.test(next) && joins < JOINS_MAX;
      const letters = kind === "text" && JOINED_SCRIPTS.test(previous) && JOINED_SCRIPTS.test(next);
      if (!emoji && !letters) continue;
      joins++;
      kept += char;
      previous = char;
      continue;
    }
    if (SELECTOR.test(char)) {
      // Only text or emoji style, once, directly after what has both.
      if ((code !== 0xfe0e && code !== 0xfe0f) || previous !== base || !STYLED.test(base)) continue;
      kept += char;
      previous = char;
      continue;
    }
    if (MARK.test(char)) {
      if (marks >= MARKS_MAX) continue;
      marks++;
      if (base === "") kept += base = "\u25cc"; // a mark alone would sit on what stands before the text
      kept += char;
      previous = char;
      continue;
    }
    if (SKIN.test(char) && PICTOGRAPH.test(base) && previous === base) {
      kept += char;
      previous = char;
      continue;
    }
    if (previous.codePointAt(0) !== ZWJ) joins = 0;
    marks = 0;
    kept += char;
    base = previous = char === "\n" || char === "\t" || char === " " ? "" : char;
  }
  return kept;
}

/**
 * What is left of a name for a hasty reader. Each friend's is compared with all others' in each painting, and a friend may
 * name many people at once: the last ones are remembered.
 */
function skeleton(name: string): string {
  let known = skeletons.get(name);
  if (known === undefined) {
    known = bareOf(name);
    if (skeletons.size >= SKELETONS_MAX) skeletons.clear();
    skeletons.set(name, known);
  }
  return known;
}

function bareOf(name: string): string {
  let bare = "";
  for (const char of name.toWellFormed().normalize("NFKD")) {
    const alike = HOMOGLYPHS.get(char);
    if (alike !== undefined) bare += alike;
    else if (!UNSEEN.some((kind) => kind.test(char))) bare += fold(char);
  }
  return bare.replaceAll("rn", "m").replaceAll("vv", "w");
}

function fold(char: string): string {
  // Upper case first: ß and ſ then fold as well.
  return Array.from(char.toUpperCase().toLowerCase(), (c) => HOMOGLYPHS.get(c) ?? c).join("");
}

// Printable ASCII, and letters that stand for themselves wherever they stand: Latin, Greek, Cyrillic, Chinese, Japanese,
// Korean. The test compares each with what is done to the others.
const PLAIN =
  /^[\n\x20-\x7e\u00c0-\u024f\u0391-\u03a1\u03a3-\u03ce\u0400-\u0481\u048a-\u052f\u3001\u3002\u3041-\u3096\u30a1-\u30fa\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3]*$/;
/** Each stretch of other characters, with the plain ones right beside it. */
const NOT_PLAIN =
  /(?:[^\x20-\x7e\u00c0-\u024f\u0391-\u03a1\u03a3-\u03ce\u0400-\u0481\u048a-\u052f\u3001\u3002\u3041-\u3096\u30a1-\u30fa\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3]|[\x20-\x7e\u00c0-\u024f\u0391-\u03a1\u03a3-\u03ce\u0400-\u0481\u048a-\u052f\u3001\u3002\u3041-\u3096\u30a1-\u30fa\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3](?=[^\x20-\x7e\u00c0-\u024f\u0391-\u03a1\u03a3-\u03ce\u0400-\u0481\u048a-\u052f\u3001\u3002\u3041-\u3096\u30a1-\u30fa\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3])|(?<=[^\x20-\x7e\u00c0-\u024f\u0391-\u03a1\u03a3-\u03ce\u0400-\u0481\u048a-\u052f\u3001\u3002\u3041-\u3096\u30a1-\u30fa\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3])[\x20-\x7e\u00c0-\u024f\u0391-\u03a1\u03a3-\u03ce\u0400-\u0481\u048a-\u052f\u3001\u3002\u3041-\u3096\u30a1-\u30fa\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3])+/g;
const ZWNJ = 0x200c;
const ZWJ = 0x200d;
/** Families and flags need three. */
const JOINS_MAX = 4;
const MARKS_MAX = 4;
/** A name's square brackets would look like a tag. */
const BRACKETS: ReadonlyMap<string, string> = new Map([["[", "("], ["]", ")"]]);
// Format characters (bidi, joiners, tags, interlinear, musical), default-ignorable letters and fillers, CGJ, all
// selectors but the sixteen that `contextual` judges.
const INVISIBLE =
  /[\p{Cf}\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u3164\uffa0\ufff0-\ufff8\u{e0000}-\u{e0fff}]/u;
const SPACE = /[\p{Zs}\u2800]/u;
const UNKNOWN = /[\p{Cc}\p{Cn}\p{Co}\p{Cs}\p{Zl}\p{Zp}\ufffc]/u;
const SELECTOR = /[\ufe00-\ufe0f]/;
const MARK = /\p{M}/u;
const PICTOGRAPH = /\p{Extended_Pictographic}/u;
const STYLED = /[\p{Extended_Pictographic}0-9#*\u2190-\u21ff]/u;
const SKIN = /\p{Emoji_Modifier}/u;
const JOINED_SCRIPTS =
  /[\p{Script=Arabic}\p{Script=Syriac}\p{Script=Nko}\p{Script=Mongolian}\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Gurmukhi}\p{Script=Gujarati}\p{Script=Oriya}\p{Script=Tamil}\p{Script=Telugu}\p{Script=Kannada}\p{Script=Malayalam}\p{Script=Sinhala}\p{Script=Khmer}]/u;
// The blocks of UAX 9 whose letters are R or AL.
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefe\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;
const skeletons = new Map<string, string>();
/** Of everybody met and everybody reported (roster.ts), with and without what looks like a tag. */
const SKELETONS_MAX = 1024;
/** What a hasty reader does not see in a name: accents, spaces, punctuation, and what nobody sees. */
const UNSEEN = [MARK, INVISIBLE, SELECTOR, /[\p{Z}\p{P}\p{S}]/u, /[\u200c\u200d]/];

// Not the thousands of Unicode's confusables.txt: the letters of the scripts that most often stand in for Latin. The
// first of each group is what it is taken for.
const HOMOGLYPHS: ReadonlyMap<string, string> = new Map(
  [
    "aаαɑӓ",
    "bЬьƅв",
    "cсϲᴄ",
    "dԁɗ",
    "eеєҽε",
    "gɡց",
    "hһհн",
    "lI1iіιıӏ|ɩǀ",
    "jјϳ",
    "kκк",
    "mм",
    "nոпη",
    "o0οоօσ๐०",
    "pρр",
    "qԛգ",
    "rгᴦ",
    "sѕꜱ5",
    "tтτ",
    "uυսцʋ",
    "vνѵ",
    "wԝѡω",
    "xхχ",
    "yуүγ",
    "zᴢ2",
  ].flatMap((group) => {
    const [to = "", ...from] = Array.from(group);
    return from.map((char): [string, string] => [char, to]);
  }),
);

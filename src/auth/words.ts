// Sesame's own phrases (docs/PROTOCOL.md section 3, "Phrase"): words that catch a typo before any network is touched.
// Scope: how one is drawn, recognised and brought to its canonical form, by the rule of that page. Out of scope: phrases
// of other kinds, which stay as they were typed (`phrase.ts`), SHA-256 (an argument), and what is said to the person.
//
// What is caught: a typo that makes no word, always; a typo that makes another word, two words exchanged, a word left
// out or repeated, with probability 2047/2048. What is refused by mistake: of phrases from EFF's long list, 1 in 10,000
// with six words, 1 in 80,000 with seven, 1 in 22,000 with eight; of running English (measured on a licence and on our
// own pages), about 1 in 100 pieces of six to eight words. Such a phrase is refused with advice, alike on both sides,
// before any call: draw one with `sesame phrase`, or choose one with more words. A wallet's mnemonic is refused too
// unless it has 15 words or more. No phrase is ever changed unless its checksum is right.
//
// What it leaves in memory: nothing of what was typed but word numbers in registers and on V8's stack. Finding a word
// is a binary search whose time depends on the word, but only this machine can see that.

import { wordlist } from "@scure/bip39/wordlists/english.js";
import type { Entropy } from "../ports.ts";

/** Writes the 32 bytes of SHA-256(`bytes`) into `out`, which does not overlap `bytes`. */
export type Sha256 = (bytes: Uint8Array, out: Uint8Array) => void;

/** Words of a phrase without its checksum word. */
export const WORDS_MIN = 5;
export const WORDS_MAX = 12;

export type Canonical =
  /** One of Sesame's: its canonical form is the first `length` bytes of `out`. */
  | { readonly kind: "words"; readonly length: number }
  /** One of Sesame's, except for a token that is not a word; `position` is 1 for the first. */
  | { readonly kind: "typo"; readonly position: number }
  /** Known words only, but the last is not the checksum of the others: some word is wrong, missing or out of place. */
  | { readonly kind: "checksum" }
  /** Not one of Sesame's: it stays as it is. */
  | { readonly kind: "other" };

/** Bytes that `out` of `canonicalise` must have at least, besides being as long as `raw`. */
export const CANONICAL_ROOM = 128;

/**
 * Recognises a phrase of Sesame's words and writes its canonical form into `out`, which is never longer than `raw`.
 * `raw` is what was typed (UTF-8, a line end may follow it); `out` is locked memory that does not overlap it, at least
 * CANONICAL_ROOM bytes and `raw.length`. All of `out` is written: it is zero behind the canonical form, and all zero
 * unless the answer is `words`. Neither is kept. Throws a RangeError for an `out` that is too small or overlaps.
 */
export function canonicalise(raw: Uint8Array, out: Uint8Array, sha256: Sha256): Canonical {
  if (out.length < CANONICAL_ROOM || out.length < raw.length || overlap(raw, out)) {
    throw new RangeError("no room of its own for the canonical form");
  }
  const found = recognise(raw, out, sha256);
  out.fill(0);
  return found.kind === "words" ? { kind: "words", length: writeCanonical(raw, out) } : found;
}

/** The word of this number, 0 to 2047. Throws a RangeError for another. */
export function wordAt(index: number): string {
  const word = wordlist[index];
  if (word === undefined) throw new RangeError("there are 2048 words");
  return word;
}

/**
 * A fresh phrase: `words` random words (WORDS_MIN to WORDS_MAX) and the checksum word, in canonical form. It is a string,
 * because it is to be printed; the bytes that it was made from are wiped. Throws a RangeError for another number.
 */
export function generate(words: number, entropy: Entropy, sha256: Sha256): string {
  if (!Number.isInteger(words) || words < WORDS_MIN || words > WORDS_MAX) {
    throw new RangeError(`a phrase has ${WORDS_MIN} to ${WORDS_MAX} words, not ${words}`);
  }
  const scratch = new Uint8Array(CANONICAL_ROOM);
  try {
    const drawn = scratch.subarray(LABEL.length, LABEL.length + 2 * words);
    entropy(drawn);
    for (let at = 0; at < drawn.length; at += 2) drawn[at]! &= 0x07; // 11 of 16 bits: uniform without a second draw
    const indices = Array.from({ length: words }, (_, n) => indexAt(scratch, n));
    return [...indices, checksumOf(scratch, words, sha256)].map((index) => wordlist[index]!).join(" ");
  } finally {
    scratch.fill(0);
  }
}

type Recognised = Exclude<Canonical, { readonly kind: "words" }> | { readonly kind: "words" };

/** Word numbers are kept in `scratch` behind the label, as the checksum wants them. */
function recognise(raw: Uint8Array, scratch: Uint8Array, sha256: Sha256): Recognised {
  let tokens = 0;
  let unknown = 0;
  let firstUnknown = 0;
  for (let start = skipSeparators(raw, 0); start < raw.length;) {
    const end = tokenEnd(raw, start);
    tokens++;
    if (tokens > TOKENS_MAX) return { kind: "other" };
    const index = indexOf(raw, start, end);
    if (index === undefined) {
      unknown++;
      firstUnknown ||= tokens;
    } else setIndexAt(scratch, tokens - 1, index);
    start = skipSeparators(raw, end);
  }
  if (tokens < TOKENS_MIN || UNKNOWN_ONE_IN * unknown > tokens) return { kind: "other" };
  if (unknown > 0) return { kind: "typo", position: firstUnknown };
  const words = tokens - 1;
  if (words > WORDS_MAX) return { kind: "checksum" };
  const said = indexAt(scratch, words);
  return { kind: checksumOf(scratch, words, sha256) === said ? "words" : "checksum" };
}

/** Copies the tokens in lower case with one space between; they are known words, so ASCII. Returns the length. */
function writeCanonical(raw: Uint8Array, out: Uint8Array): number {
  let length = 0;
  for (let start = skipSeparators(raw, 0); start < raw.length;) {
    const end = tokenEnd(raw, start);
    if (length > 0) out[length++] = SPACE;
    for (let at = start; at < end; at++) out[length++] = lower(raw[at]!);
    start = skipSeparators(raw, end);
  }
  return length;
}

/** The number of the checksum word for the first `words` indices in `scratch`. Uses the room behind them. */
function checksumOf(scratch: Uint8Array, words: number, sha256: Sha256): number {
  scratch.set(LABEL);
  const digest = scratch.subarray(DIGEST_AT, DIGEST_AT + 32);
  sha256(scratch.subarray(0, LABEL.length + 2 * words), digest);
  return digest[0]! << 3 | digest[1]! >> 5;
}

function indexAt(scratch: Uint8Array, n: number): number {
  const at = LABEL.length + 2 * n;
  return scratch[at]! << 8 | scratch[at + 1]!;
}

function setIndexAt(scratch: Uint8Array, n: number, index: number): void {
  const at = LABEL.length + 2 * n;
  scratch[at] = index >> 8;
  scratch[at + 1] = index & 0xff;
}

/** The number of the word that stands in `raw` from `start` to `end`. */
function indexOf(raw: Uint8Array, start: number, end: number): number | undefined {
  if (end - start > WORD_SIZE) return undefined;
  const words = table();
  let low = 0;
  let high = wordlist.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const order = compare(raw, start, end, words, middle * WORD_SIZE);
    if (order === 0) return middle;
    if (order < 0) high = middle - 1;
    else low = middle + 1;
  }
  return undefined;
}

/** Below, at or above 0: the token against the word at `row`, which is filled up with zeros. */
function compare(raw: Uint8Array, start: number, end: number, words: Uint8Array, row: number): number {
  for (let at = 0; at < WORD_SIZE; at++) {
    // A zero byte that was typed is not a letter, and must not pass for the filling.
    const letter = start + at < end ? lower(raw[start + at]!) || 0xff : 0;
    const order = letter - words[row + at]!;
    if (order !== 0) return order;
  }
  return 0;
}

let rows: Uint8Array | undefined;

/** The list as rows of WORD_SIZE bytes. It is in the order of its bytes, so a row is found by halving. */
function table(): Uint8Array {
  if (rows === undefined) {
    rows = new Uint8Array(wordlist.length * WORD_SIZE);
    for (const [index, word] of wordlist.entries()) {
      new TextEncoder().encodeInto(word, rows.subarray(index * WORD_SIZE));
    }
  }
  return rows;
}

function tokenEnd(raw: Uint8Array, at: number): number {
  while (at < raw.length && separatorSize(raw, at) === 0) at++;
  return at;
}

function skipSeparators(raw: Uint8Array, at: number): number {
  for (let size = separatorSize(raw, at); size > 0; size = separatorSize(raw, at)) at += size;
  return at;
}

/** Bytes of the separator that begins at `at`; 0 if none does. Behind the end is nothing, which begins none. */
function separatorSize(raw: Uint8Array, at: number): number {
  const byte = raw[at]!;
  if (byte < 0x80) {
    if (byte === 0x09 || byte === 0x0a || byte === 0x0d) return 1;
    const letterOrDigit = (byte >= 0x30 && byte <= 0x39) || (lower(byte) >= 0x61 && lower(byte) <= 0x7a);
    return byte >= SPACE && byte < 0x7f && !letterOrDigit ? 1 : 0;
  }
  const second = raw[at + 1]!;
  const third = raw[at + 2]!;
  if (byte === 0xc2 && second === 0xa0) return 2; // U+00A0
  if (byte === 0xe2 && second === 0x80 && ((third >= 0x80 && third <= 0x95) || third === 0xaf)) return 3; // U+2000 ...
  if (byte === 0xe3 && second === 0x80 && third === 0x80) return 3; // U+3000
  return 0;
}

function lower(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
}

function overlap(a: Uint8Array, b: Uint8Array): boolean {
  return a.buffer === b.buffer && a.byteOffset < b.byteOffset + b.length && b.byteOffset < a.byteOffset + a.length;
}

const SPACE = 0x20;
/** Of the longest words; the others are filled up with zeros. */
const WORD_SIZE = 8;
const LABEL = new TextEncoder().encode("sesame/1 words");
const TOKENS_MIN: number = WORDS_MIN + 1;
const TOKENS_MAX: number = WORDS_MAX + 2;
const UNKNOWN_ONE_IN = 4;
/** Behind the label and as many indices as there can be. */
const DIGEST_AT: number = LABEL.length + 2 * TOKENS_MAX;

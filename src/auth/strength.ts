// Whether somebody could find a phrase by trying: an estimate of how many guesses it takes, made on the locked bytes.
// After Wheeler, "zxcvbn: Low-Budget Password Strength Estimation" (USENIX Security 2016): the cheapest way to put the
// phrase together from what guessers try first: common words and passwords (also reversed, capitalised, in leet
// letters), repetitions, dates, runs along the alphabet, a keyboard or a list that people recite; what is left counts
// 10 for each character.
//
// It errs on the low side: the order of the parts need not be guessed, a variation counts for one bit at most, and
// whatever comes after PART_BYTES counts for nothing. It errs on the high side for what its lists do not contain: words
// that are not English, and well-known sentences, such as quotations.
//
// Each of these ways finds phrases that the others miss. Of the 1,080 in tests/vectors/strength-zxcvbn.json the
// estimate misses 8 that zxcvbn-ts calls weak; without runs 27, without dates 31, without leet letters 9, without all
// three 52.
//
// Out of scope: the lists (common_words.generated.ts), what is said to the person (words). What it leaves in memory:
// nothing of the phrase; how long its parts are may stay in numbers.

import { COMMON_WORDS, COMMON_WORDS_COUNT } from "./common_words.generated.ts";

/**
 * An attacker who knows only the address has 10 guesses a minute (docs/PROTOCOL.md section 8): a year of that tries one
 * in 204 of 2^30 phrases. Below that, a phrase is weak.
 */
export const WEAK_BITS = 30;

/** Whether `phrase` (lent, after NFKC) should not be relied on. */
export function isWeak(phrase: Uint8Array): boolean {
  return guessBits(phrase) < WEAK_BITS;
}

/** The logarithm, to base 2, of about how many guesses find these bytes. */
export function guessBits(phrase: Uint8Array): number {
  return cheapest(phrase.subarray(0, PART_BYTES), true);
}

/** What takes some milliseconds the first time, done beforehand. */
export function loadWords(): void {
  wordList();
}

/** Gives the list's memory back, a megabyte, at once: nobody asks again after the prompt. Whoever does waits again. */
export function forgetWords(): void {
  if (known === undefined) return;
  for (const { buffer } of [known.letters, known.starts, known.bits]) free(buffer);
  known = undefined;
}

/** Not when the garbage is collected, which a process that waits does not do. */
function free(buffer: ArrayBufferLike): void {
  if (buffer instanceof ArrayBuffer) buffer.transfer(0);
}

/** Called with the end of a part and the bits that it costs. */
type Part = (end: number, bits: number) => void;

/** `repetitions`: not inside what is repeated itself. */
function cheapest(text: Uint8Array, repetitions: boolean): number {
  const best = new Float64Array(text.length + 1).fill(Infinity);
  best[0] = 0;
  try {
    for (let at = 0; at <= text.length; at++) {
      // Words read backwards end here and begin further in front.
      words(text, at - 1, -1, (begin, bits) => best[at] = Math.min(best[at]!, best[begin + 1]! + bits + 1));
      if (at === text.length) break;
      const part: Part = (end, bits) => best[end] = Math.min(best[end]!, best[at]! + bits);
      part(at + 1, characterBits(text[at]!));
      words(text, at, 1, part);
      runs(text, at, part);
      dates(text, at, part);
      if (repetitions) repeats(text, at, part);
    }
    return best[text.length]!;
  } finally {
    best.fill(0);
  }
}

/** One of 10, whatever it is: few people take them at random. A space between words is hardly a choice. */
function characterBits(byte: number): number {
  if (byte === 0x20) return 1;
  return (byte & 0xc0) === 0x80 ? 0 : Math.log2(10); // the first byte of a character counts for all
}

// --- Common words ---------------------------------------------------------------------------------------------------

interface List {
  /** All words in the order of their bytes, one behind the other; `starts` has one number more than there are words. */
  readonly letters: Uint8Array;
  readonly starts: Uint32Array;
  /** Of each word: the logarithm of its rank among the common ones. */
  readonly bits: Uint8Array;
}

/** Where words are looked for: from `at` on in the direction of `step`; the part's end is the index behind the word. */
interface Search {
  readonly list: List;
  readonly text: Uint8Array;
  readonly at: number;
  readonly step: 1 | -1;
  readonly part: Part;
}

function words(text: Uint8Array, at: number, step: 1 | -1, part: Part): void {
  const list = wordList();
  grow({ list, text, at, step, part }, 0, list.bits.length, 0, 0);
}

// What is found says what the phrase is. So it goes from call to call as numbers, and neither into an array nor into a closure:
// both would stay on the heap.

/** One letter more. The words from `first` up to `behind` begin as the text does, `depth` letters long. */
function grow(search: Search, first: number, behind: number, depth: number, changes: number): void {
  const byte = search.text[search.at + search.step * depth];
  if (byte === undefined) return;
  const capital = byte >= CAPITAL_A && byte <= CAPITAL_Z ? CAPITALS : 0;
  narrow(search, first, behind, depth, capital === 0 ? byte : byte + 0x20, changes | capital);
  for (const letter of LEET_LETTERS.get(byte) ?? []) narrow(search, first, behind, depth, letter, changes | LEET);
}

/** The letter at `depth` is this one. */
function narrow(
  search: Search,
  first: number,
  behind: number,
  depth: number,
  letter: number,
  changes: number,
): void {
  const { list, at, step, part } = search;
  const low = bound(list, first, behind, depth, letter);
  const high = bound(list, low, behind, depth, letter + 1);
  if (low === high) return;
  const whole = list.starts[low + 1]! - list.starts[low]! === depth + 1;
  if (whole) part(at + step * (depth + 1), list.bits[low]! + (changes & CAPITALS) + ((changes & LEET) >> 1));
  grow(search, low, high, depth + 1, changes);
}

/** The first of the words from `first` up to `behind`, which begin alike, whose letter at `depth` is `least` or comes after it. */
function bound(list: List, first: number, behind: number, depth: number, least: number): number {
  let low = first;
  let high = behind;
  while (low < high) {
    const middle = (low + high) >> 1;
    const at = list.starts[middle]! + depth;
    const found = at < list.starts[middle + 1]! ? list.letters[at]! : 0;
    if (found < least) low = middle + 1;
    else high = middle;
  }
  return low;
}

let known: List | undefined;

/** Each entry of the packed text: how many letters it shares with the one before it, then its bits, both as A, B, C ..., then the others. */
function wordList(): List {
  if (known !== undefined) return known;
  const packed = new TextEncoder().encode(COMMON_WORDS);
  const letters = new Uint8Array(COMMON_WORDS_COUNT * WORD_ROOM);
  const starts = new Uint32Array(COMMON_WORDS_COUNT + 1);
  const bits = new Uint8Array(COMMON_WORDS_COUNT);
  let end = 0;
  for (let at = 0, word = 0; at < packed.length; word++) {
    const shared = packed[at++]! - CAPITAL_A;
    bits[word] = packed[at++]! - CAPITAL_A;
    const before = starts[word - 1] ?? 0;
    letters.copyWithin(end, before, before + shared);
    end += shared;
    while (at < packed.length && (packed[at]! < CAPITAL_A || packed[at]! > CAPITAL_Z)) letters[end++] = packed[at++]!;
    starts[word + 1] = end;
  }
  known = { letters: letters.slice(0, end), starts, bits };
  free(letters.buffer);
  free(packed.buffer);
  return known;
}

// --- Runs -----------------------------------------------------------------------------------------------------------

/** A piece of one of PATHS, forwards or backwards; spaces and the like between its characters count for nothing. */
function runs(text: Uint8Array, at: number, part: Part): void {
  for (const path of PATHS) {
    for (let start = 0; start < path.length; start++) {
      run(path, start, 1, text, at, part);
      run(path, start, -1, text, at, part);
    }
  }
}

function run(path: Uint8Array, start: number, step: 1 | -1, text: Uint8Array, at: number, part: Part): void {
  let count = 0;
  let capitals = 0;
  for (let i = at; i < text.length; i++) {
    const byte = text[i]!;
    const isCapital = byte >= CAPITAL_A && byte <= CAPITAL_Z;
    if (count > 0 && path[start + step * count] !== byte && SEPARATORS.includes(byte)) continue;
    if (path[start + step * count] !== (isCapital ? byte + 0x20 : byte)) return;
    count++;
    if (isCapital) capitals = 1;
    part(i + 1, PATH_BITS + Math.log2(count) + capitals + (step === 1 ? 0 : 1));
  }
}

// --- Repetitions ----------------------------------------------------------------------------------------------------

/** Where something is said again at once, its first saying and how often. Each run is looked at from its beginning only. */
function repeats(text: Uint8Array, at: number, part: Part): void {
  for (let period = 1; at + 2 * period - 1 <= text.length; period++) {
    if (at > 0 && text[at - 1] === text[at - 1 + period]) continue;
    let end = at + period;
    while (end < text.length && text[end] === text[end - period]) end++;
    // One short: the separator between two words has none behind it.
    if (end - at < Math.max(2 * period - 1, RUN_MIN)) continue;
    part(end, cheapest(text.subarray(at, at + period), false) + Math.log2(Math.ceil((end - at) / period)));
  }
}

// --- Dates ----------------------------------------------------------------------------------------------------------

/** `1987`, `24121987`, `24.12.87`, `1987-12-24` and the like. */
function dates(text: Uint8Array, at: number, part: Part): void {
  const year = numberAt(text, at, 4);
  if (year >= 1900 && year < 2100) part(at + 4, yearBits(year, 4));
  // Three groups of digits: sizes a, b, c, with or without a separator between them.
  for (const [a, b, c] of DATE_SHAPES) {
    for (const gap of [0, 1] as const) {
      const second = at + a + gap;
      const third = second + b + gap;
      if (gap === 1 && !(SEPARATORS.includes(text[second - 1]!) && text[third - 1] === text[second - 1])) continue;
      const x = numberAt(text, at, a);
      const y = numberAt(text, second, b);
      const z = numberAt(text, third, c);
      if (Number.isNaN(x + y + z)) continue;
      if (isDay(x, y) && c !== 1) part(third + c, DAY_BITS + yearBits(z, c) + 2 * gap);
      if (isDay(y, z) && a !== 1) part(third + c, DAY_BITS + yearBits(x, a) + 2 * gap);
    }
  }
}

/** So many digits as a number; NaN where there are fewer. */
function numberAt(text: Uint8Array, from: number, size: number): number {
  let value = 0;
  for (let i = from; i < from + size; i++) {
    const digit = text[i]! - 0x30; // NaN behind the end
    value = digit >= 0 && digit <= 9 ? 10 * value + digit : NaN;
  }
  return value;
}

/** Day and month, in one order or the other. */
function isDay(a: number, b: number): boolean {
  return a >= 1 && b >= 1 && Math.min(a, b) <= 12 && Math.max(a, b) <= 31;
}

/** Years near this program's own are tried first. */
function yearBits(year: number, digits: number): number {
  const full = digits === 4 ? year : year > 50 ? 1900 + year : 2000 + year;
  return Math.log2(Math.max(YEARS_NEAR, Math.abs(full - OWN_YEAR)));
}

// --- Constants ------------------------------------------------------------------------------------------------------

/** What is looked at: half as many random letters are far above WEAK_BITS, and the time grows with the square. */
const PART_BYTES = 64;
const CAPITAL_A = 0x41;
const CAPITAL_Z = 0x5a;
/** More than the longest common word has. */
const WORD_ROOM = 26;
/** What a word was changed in; one bit of cost each. */
const CAPITALS = 1;
const LEET = 2;
/** A character, and the letters that it stands for. */
const LEET_LETTERS: ReadonlyMap<number, readonly number[]> = new Map(
  "4a @a 8b (c {c [c <c 3e 6g 9g 1il !i |il 7lt 0o $s 5s +t %x 2z".split(" ").map((pair) => {
    const [character, ...letters] = Array.from(pair, (one) => one.charCodeAt(0));
    return [character!, letters];
  }),
);
const RUN_MIN = 3;
/** What fingers run along, on a US keyboard or a German one, and what people count and recite. */
const PATHS: readonly Uint8Array[] = [
  "abcdefghijklmnopqrstuvwxyz",
  "01234567890",
  "02468",
  "13579",
  "`1234567890-=",
  "~!@#$%^&*()_+",
  "qwertyuiop[]\\",
  "qwertzuiop",
  "asdfghjkl;'",
  "zxcvbnm,./",
  "yxcvbnm",
  "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/",
  "1qay2wsx3edc4rfv5tgb6zhn7ujm",
  "zeroonetwothreefourfivesixseveneightnineteneleventwelve",
  "firstsecondthirdfourthfifthsixthseventheighthninthtenth",
  "mondaytuesdaywednesdaythursdayfridaysaturdaysunday",
  "januaryfebruarymarchaprilmayjunejulyaugustseptemberoctobernovemberdecember",
  "alphabravocharliedeltaechofoxtrotgolfhotelindiajuliettkilolimamike" +
  "novemberoscarpapaquebecromeosierratangouniformvictorwhiskeyxrayyankeezulu",
].map((path) => new TextEncoder().encode(path));
const PATH_BITS: number = Math.log2(PATHS.reduce((sum, { length }) => sum + length, 0));
const SEPARATORS: readonly number[] = [..." -/._,\\"].map((c) => c.charCodeAt(0));
const DATE_SHAPES: readonly (readonly [number, number, number])[] = [2, 4].flatMap((year) =>
  [1, 2].flatMap((a) => [1, 2].flatMap((b) => [[a, b, year], [year, a, b]] as [number, number, number][]))
);
const DAY_BITS: number = Math.log2(365);
const YEARS_NEAR = 20;
const OWN_YEAR = 2026;

// Makes the data that the estimate of a phrase's strength uses and is checked with, from zxcvbn-ts and its lists.
//
//   deno task check strength           checks the estimate against zxcvbn-ts's figures, and prints the table
//   deno task check strength --make    makes src/auth/common_words.generated.ts and tests/vectors/strength-zxcvbn.json again
//
// zxcvbn-ts works on strings only, so the program cannot use it; it is the second opinion. It is not a dependency of
// the project, which would make everybody fetch it: only `--make` names it, by imports that nothing resolves
// beforehand, and `tests/phrase/strength/deno.lock` pins it. Out of scope: the estimate (src/auth/strength.ts), its
// test (strength_test.ts).

import { seeded } from "./typos.ts";
import { wordlist } from "@scure/bip39/wordlists/english.js";
import { guessBits, WEAK_BITS } from "../../src/auth/strength.ts";

const WORDS = new URL("../../src/auth/common_words.generated.ts", import.meta.url);
const FIGURES = new URL("../vectors/strength-zxcvbn.json", import.meta.url);
const [CORE, COMMON, ENGLISH] = [
  "npm:@zxcvbn-ts/core@4.2.0",
  "npm:@zxcvbn-ts/language-common@4.1.3",
  "npm:@zxcvbn-ts/language-en@4.1.1",
] as const;

export interface Figures {
  readonly what: string;
  readonly kinds: Readonly<Record<string, readonly (readonly [phrase: string, log10: number])[]>>;
}

type Lists = Readonly<Record<string, readonly string[]>>;

interface Zxcvbn {
  check(phrase: string): { readonly guessesLog10: number };
}

async function load(): Promise<{ lists: Lists; zxcvbn: Zxcvbn }> {
  const [core, common, english] = await Promise.all([CORE, COMMON, ENGLISH].map((name) => import(name)));
  const dictionary = { ...common.dictionary, ...english.dictionary };
  return { lists: dictionary, zxcvbn: new core.ZxcvbnFactory({ graphs: common.adjacencyGraphs, dictionary }) };
}

// --- The list -------------------------------------------------------------------------------------------------------

/** From each list so many, and those behind that make a phrase by themselves; `flat`: all are as likely, since chance takes them. */
function ranks(lists: Lists): Map<string, number> {
  const wanted: readonly [words: readonly string[], most: number, flat: boolean][] = [
    [lists["passwords-common"]!, PASSWORDS, false],
    [lists["wikipedia-en"]!, 30_000, false],
    [lists["firstnames-en"]!, 5_000, false],
    [lists["lastnames-en"]!, 5_000, false],
    [lists["diceware-common"]!, 7_776, true],
    [wordlist, 2_048, true],
  ];
  const ranks = new Map<string, number>();
  for (const [words, most, flat] of wanted) {
    words.forEach((word, i) => {
      // Character by character, a shorter word is weak already.
      if (i >= most && (flat || most !== PASSWORDS || word.length < 9)) return;
      const rank = flat ? Math.min(most, words.length) : i + 1;
      // A word that character by character is found sooner, or that has other characters than the estimate walks through.
      if (!/^[!-@[-`a-~]{3,25}$/.test(word) || rank >= 10 ** word.length) return;
      ranks.set(word, Math.min(rank, ranks.get(word) ?? Infinity));
    });
  }
  return ranks;
}

/** As `wordList` of strength.ts reads it. */
function packed(ranks: ReadonlyMap<string, number>): string {
  const letter = (n: number) => String.fromCharCode(0x41 + n);
  let before = "";
  return [...ranks].sort(([a], [b]) => a < b ? -1 : 1).map(([word, rank]) => {
    let shared = 0;
    while (shared < before.length && before[shared] === word[shared]) shared++;
    before = word;
    return letter(shared) + letter(Math.floor(Math.log2(rank))) + word.slice(shared);
  }).join("");
}

function source(text: string, count: number): string {
  return `// Made by tests/phrase/strength.ts: ${count} common words, packed as src/auth/strength.ts reads them. Do not edit.
//
// From @zxcvbn-ts/language-common 4.1.3 (passwords, diceware) and @zxcvbn-ts/language-en 4.1.1 (words of Wikipedia, names):
// MIT, Copyright (c) 2012-2016 Dan Wheeler and Dropbox, Inc., Copyright (c) 2021 zxcvbn-ts. The diceware words are the EFF's
// Long Wordlist (Joseph Bonneau, Electronic Frontier Foundation, CC BY 3.0 US). And BIP39's English list.
//
// Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
// documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
// rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
// persons to whom the Software is furnished to do so, subject to the following conditions: The above copyright notice and
// this permission notice shall be included in all copies or substantial portions of the Software. THE SOFTWARE IS PROVIDED
// "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF
// MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS
// BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
// OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.

export const COMMON_WORDS_COUNT = ${count};
export const COMMON_WORDS =
  ${JSON.stringify(text)};
`;
}

// --- The corpus -----------------------------------------------------------------------------------------------------

/** At least eight bytes each, as a phrase has. */
function corpus(lists: Lists): Map<string, string[]> {
  const random = seeded(39);
  const pick = <T>(from: readonly T[]): T => from[random(from.length)]!;
  const many = (make: () => string) => {
    const all = new Set<string>();
    while (all.size < EACH) {
      const phrase = make();
      if (phrase.length >= 8) all.add(phrase);
    }
    return [...all];
  };
  const [passwords, english, diceware, names] = [
    lists["passwords-common"]!,
    lists["wikipedia-en"]!,
    lists["diceware-common"]!,
    lists["firstnames-en"]!,
  ];
  // A list that ours is not made of: words of it that ours lacks are taken for random letters.
  const subtitles = lists["commonWords-en"]!.slice(0, 20_000).filter((word) => /^[a-z]{3,}$/.test(word));
  const letters = (from: string, least: number) =>
    Array.from({ length: least + random(8) }, () => pick([...from])).join("");
  const joined = (from: readonly string[], count: number) =>
    Array.from({ length: count }, () => pick(from)).join(pick([" ", " ", "-", "", "."]));
  const leet = (word: string) =>
    word.replace(/[aeios]/g, (c) => random(2) === 0 ? c : ({ a: "4", e: "3", i: "1", o: "0", s: "$" })[c]!);
  const capital = (word: string) => word[0]!.toUpperCase() + word.slice(1);
  return new Map([
    ["common passwords", many(() => pick(passwords))],
    ["the same in leet and capitals", many(() => capital(leet(pick(passwords))))],
    ["a name and a year", many(() => capital(pick(names)) + pick(["", " ", "."]) + (1940 + random(90)))],
    [
      "a date",
      many(() =>
        `${1 + random(28)}${pick([".", "/", "-"])}${1 + random(12)}.${1950 + random(80)}`.replace(
          /[.](?=\d+$)/,
          pick([".", "/", "-"]),
        )
      ),
    ],
    ["a word said again", many(() => pick(english.slice(0, 2000)).repeat(2 + random(3)))],
    ["along the keyboard", many(() => pick(RUNS).slice(random(3)) + pick(["", "1", "!", "123"]))],
    ["one English word and digits", many(() => pick(english) + random(10_000))],
    ["two English words", many(() => joined(english, 2))],
    ["three English words", many(() => joined(english, 3))],
    ["four English words", many(() => joined(english, 4))],
    ["two words of film subtitles", many(() => joined(subtitles, 2))],
    ["three words of film subtitles", many(() => joined(subtitles, 3))],
    ["two diceware words", many(() => joined(diceware, 2))],
    ["four diceware words", many(() => joined(diceware, 4))],
    ["random letters", many(() => letters("abcdefghijklmnopqrstuvwxyz", 8))],
    [
      "random printable",
      many(() => letters(Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i)).join(""), 8)),
    ],
    ["random digits", many(() => letters("0123456789", 8))],
    ["not ASCII", many(() => letters("äöüßéèçñабвгд密码短语 aeiou", 8))],
  ]);
}

const EACH = 60;
const PASSWORDS = 10_000;
const RUNS = [
  "qwertyuiop",
  "asdfghjkl",
  "1qaz2wsx3edc",
  "zxcvbnm,./",
  "qwertzuiop",
  "abcdefghijk",
  "9876543210",
  "zyxwvutsr",
];

// --- The comparison -------------------------------------------------------------------------------------------------

export interface Row {
  readonly kind: string;
  readonly count: number;
  /** Of our logarithm to base 10 over zxcvbn's. */
  readonly highest: number;
  readonly median: number;
  /** The highest among those that we do not call weak; minus infinity if there is none. */
  readonly highestStrong: number;
  /** Weak by zxcvbn's figure, and not by ours; and the other way round. */
  readonly missed: number;
  readonly strict: number;
}

export async function compare(): Promise<Row[]> {
  const { kinds } = JSON.parse(await Deno.readTextFile(FIGURES)) as Figures;
  return Object.entries(kinds).map(([kind, phrases]) => {
    const pairs = phrases.map(([phrase, theirs]) => ({
      ours: guessBits(utf8(phrase)),
      theirs: theirs / Math.log10(2),
    }));
    const over = pairs.map(({ ours, theirs }) => (ours - theirs) * Math.log10(2)).sort((a, b) => a - b);
    return {
      kind,
      count: pairs.length,
      highest: over.at(-1)!,
      median: over[over.length >> 1]!,
      highestStrong: Math.max(
        ...pairs.filter(({ ours }) => ours >= WEAK_BITS).map(({ ours, theirs }) => (ours - theirs) * Math.log10(2)),
      ),
      missed: pairs.filter(({ ours, theirs }) => theirs < WEAK_BITS && ours >= WEAK_BITS).length,
      strict: pairs.filter(({ ours, theirs }) => theirs >= WEAK_BITS && ours < WEAK_BITS).length,
    };
  });
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

async function make(): Promise<void> {
  const { lists, zxcvbn } = await load();
  const words = ranks(lists);
  await Deno.writeTextFile(WORDS, source(packed(words), words.size));
  const kinds = Object.fromEntries(
    [...corpus(lists)].map(([kind, phrases]) => [
      kind,
      phrases.map((phrase) => [phrase, Number(zxcvbn.check(phrase).guessesLog10.toFixed(2))] as const),
    ]),
  );
  const figures: Figures = {
    what: `log10 of the guesses by ${CORE}, its lists and its graphs; tests/phrase/strength.ts`,
    kinds,
  };
  await Deno.writeTextFile(
    FIGURES,
    JSON.stringify(figures).replaceAll('"],', '"],\n').replaceAll("],[", "],\n[") + "\n",
  );
}

if (import.meta.main) {
  if (Deno.args.includes("--make")) await make();
  else {
    console.log(`${"kind".padEnd(32)}phrases  over zxcvbn, log10: most  median   weak, not seen   weak for us only`);
    for (const { kind, count, highest, median, missed, strict } of await compare()) {
      console.log(
        kind.padEnd(32) + `${count}`.padStart(7) + highest.toFixed(2).padStart(27) + median.toFixed(2).padStart(8) +
          `${missed}`.padStart(17) + `${strict}`.padStart(19),
      );
    }
  }
}

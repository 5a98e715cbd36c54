// A command line taken apart into options and words. This is our own small parser: `node:util`, whose `parseArgs` does
// the same, takes longer to load than everything else before the prompt. A test compares the two. Pure. Out of scope:
// which options there are (words/options.ts), what they mean (args.ts).

/** One option: `--name`, and `-x` if it has a letter. */
export interface Spelling {
  readonly name: string;
  readonly short?: string;
  /** `optional`: it stands behind `=` or nowhere, and is empty then. */
  readonly value: "none" | "wanted" | "optional";
}

export interface Split {
  /** What was given, in its order; a switch is `true`. */
  readonly given: readonly (readonly [name: string, value: string | true])[];
  /** All else, and whatever stands behind `--`. */
  readonly words: readonly string[];
}

/** `option` as it was typed, with its hyphens and without a value; it may be anything, also part of a secret. */
export interface SplitFault {
  readonly fault: "unknown" | "takes none" | "wants one";
  readonly option: string;
}

/**
 * As POSIX and GNU have it: `--name VALUE`, `--name=VALUE`, `-hV` for `-h -V`, `-` is a word, `--` ends the options. A value
 * that stands by itself must not begin with a hyphen, since one that was forgotten is likelier; behind `=` it may.
 * Never throws.
 */
export function split(argv: readonly string[], spellings: readonly Spelling[]): Split | SplitFault {
  const given: [string, string | true][] = [];
  const words: string[] = [];
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i]!;
    if (word === "--") return { given, words: [...words, ...argv.slice(i + 1)] };
    if (word === "-" || !word.startsWith("-")) {
      words.push(word);
      continue;
    }
    if (!word.startsWith("--")) {
      for (const letter of word.slice(1)) {
        const switched = spellings.find(({ short }) => short === letter);
        if (switched === undefined) return { fault: "unknown", option: `-${letter}` };
        given.push([switched.name, true]);
      }
      continue;
    }
    const equals = word.indexOf("=");
    const option = equals < 0 ? word : word.slice(0, equals);
    const spelling = spellings.find(({ name }) => `--${name}` === option);
    if (spelling === undefined) return { fault: "unknown", option };
    const behind = equals < 0 ? undefined : word.slice(equals + 1);
    if (spelling.value === "none") {
      if (behind !== undefined) return { fault: "takes none", option };
      given.push([spelling.name, true]);
    } else if (behind !== undefined) given.push([spelling.name, behind]);
    else if (spelling.value === "optional") given.push([spelling.name, ""]);
    else {
      const next = argv[++i];
      if (next === undefined || (next.length > 1 && next.startsWith("-"))) return { fault: "wants one", option };
      given.push([spelling.name, next]);
    }
  }
  return { given, words };
}

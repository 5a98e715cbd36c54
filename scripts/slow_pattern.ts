// Whether a regular expression can take more than linear time, judged by its shape and on the safe side: what it cannot be
// sure of, it refuses, and the code scans by hand instead. For `lint_plugin.ts`.
//
// A pattern is tried at each character of a text. A repetition without an upper bound reads on to the end, and if
// something after it can then fail, that was for nothing: n characters, n times. So such a repetition must be the last
// thing that can fail, or the pattern must begin with `^`, where it is tried once; and even there one is enough, since
// two try every division of the text between them. A repetition inside a repetition tries them all.

/** One element, with how often it may come. */
interface Element {
  /** What a group holds; undefined for a character, a class, an assertion. */
  readonly inside: readonly Element[][] | undefined;
  readonly least: number;
  readonly most: number;
  readonly start: boolean;
}

/** What is wrong with it, as a sentence; undefined if nothing is. */
export function slowPattern(pattern: string, flags: string): string | undefined {
  const alternatives = new Parser(pattern).alternatives();
  if (alternatives.some(nests)) return "A repetition inside a repetition can take exponential time.";
  const losing = Math.max(...alternatives.map((sequence) => losers(sequence, false)));
  const once = flags.includes("y") ||
    (!flags.includes("m") && alternatives.every((sequence) => sequence[0]?.start === true));
  if (losing > 1) return "Two repetitions without a bound, and something behind them that can fail: quadratic time.";
  if (losing === 1 && !once) {
    return "A repetition without a bound, something behind it that can fail, and no ^: quadratic time.";
  }
  return undefined;
}

/** How many unbounded repetitions on one way through are followed by something that can fail. */
function losers(sequence: readonly Element[], behind: boolean): number {
  let count = 0;
  for (const [i, element] of sequence.entries()) {
    const fails = behind || sequence.slice(i + 1).some(canFail);
    if (element.most === Infinity && fails) count++;
    count += Math.max(0, ...(element.inside ?? []).map((inner) => losers(inner, fails || element.most > 1)));
  }
  return count;
}

function canFail(element: Element): boolean {
  if (element.least === 0) return false;
  return element.inside === undefined || element.inside.every((inner) => inner.some(canFail));
}

function nests(sequence: readonly Element[]): boolean {
  const unbounded = (inner: readonly Element[]): boolean =>
    inner.some((e) => e.most === Infinity || (e.inside ?? []).some(unbounded));
  return sequence.some(({ most, inside = [] }) => (most === Infinity && inside.some(unbounded)) || inside.some(nests));
}

/** Of valid patterns: the compiler has read them already. */
class Parser {
  readonly #pattern: string;
  #at = 0;

  constructor(pattern: string) {
    this.#pattern = pattern;
  }

  alternatives(): Element[][] {
    const all: Element[][] = [[]];
    while (this.#at < this.#pattern.length && this.#pattern[this.#at] !== ")") {
      if (this.#takes(/\|/y) !== undefined) all.push([]);
      else all.at(-1)!.push(this.#element());
    }
    return all;
  }

  #element(): Element {
    const start = this.#pattern[this.#at] === "^";
    let inside: Element[][] | undefined;
    if (this.#takes(/\((?:\?(?:[:=!]|<[=!]|<\w+>))?/y) !== undefined) {
      inside = this.alternatives();
      this.#at++; // the bracket
    } else if (this.#takes(/\[(?:\\.|[^\]\\])*\]/ys) === undefined) {
      this.#takes(/\\[pP]\{[^}]*\}|\\u\{[^}]*\}|\\u.{4}|\\x..|\\c.|\\k<\w+>|\\.|./ys);
    }
    return { inside, start, ...this.#often() };
  }

  #often(): { least: number; most: number } {
    const mark = this.#takes(/(?:[*+?]|\{\d+(?:,\d*)?\})\??/y)?.replace(/(.)\?$/, "$1");
    if (mark === undefined) return { least: 1, most: 1 };
    if (!mark.startsWith("{")) return { least: mark === "+" ? 1 : 0, most: mark === "?" ? 1 : Infinity };
    const [least = "0", most] = mark.slice(1, -1).split(",");
    return { least: Number(least), most: most === undefined ? Number(least) : most === "" ? Infinity : Number(most) };
  }

  #takes(what: RegExp): string | undefined {
    what.lastIndex = this.#at;
    const found = what.exec(this.#pattern)?.[0];
    this.#at += found?.length ?? 0;
    return found;
  }
}

// The command line. Input: arguments, cut at zero bytes; a byte from 0x80 on stands for a word of the program's own.

import { type Args, parse } from "../../src/cli/args.ts";
import { COMMANDS, OPTIONS, type UsageProblem } from "../../src/words/options.ts";
import { joined, must, type Target, utf8 } from "../target.ts";

const WORDS: readonly string[] = [
  ...COMMANDS.map(({ name }) => name),
  ...OPTIONS.map(({ name }) => `--${name}`),
  ...[
    "0",
    "1",
    "50",
    "250",
    "1001",
    "64",
    "65",
    "off",
    "constant",
    "--",
    "-h",
    "-V",
    "--help",
    "help",
    "--phrase=",
  ],
];
/** What a person would not want to see printed: it stands for a phrase, typed in some wrong place. */
const SECRET = "Qx7secret";

export const target: Target = {
  name: "options",
  maxLength: 400,
  dictionary: WORDS,
  seeds: () => [
    utf8("listen\x007373"),
    utf8("connect\x00192.0.2.7\x00--name\x00Ada\x00--once"),
    ...OPTIONS.map((_, n) => Uint8Array.of(0x80, 0, 0x84 + n, 0, 0x31)),
    ...WORDS.map((_, n) => Uint8Array.of(0x80 + n)),
    joined([0x80, 0], utf8(`--phrase\x00${SECRET}\x00${SECRET}`)),
  ],
  make: () => Promise.resolve(run),
};

function run(data: Uint8Array): void {
  const argv = arguments_(data);
  const before = JSON.stringify(argv);
  const got = parse(argv); // never throws
  must(JSON.stringify(argv) === before, "the arguments are not changed");
  must(JSON.stringify(parse(argv)) === JSON.stringify(got), "the same again");
  if ("wrong" in got) return problem(got);
  if (got.command === "chat") chat(got, argv);
  if (got.command === "phrase") {
    must(got.words >= 5 && got.words <= 12, "5 to 12 words");
  }
  // With what the program would print as wrong put behind a good command line, nothing of it is printed.
  for (
    const extra of [[SECRET], ["--phrase-fd", SECRET], ["--words", SECRET], [
      `--phrase=${SECRET}`,
      `--phrase=${SECRET}`,
    ]]
  ) {
    const worse = parse([...argv, ...extra]);
    if (!("wrong" in worse)) continue;
    problem(worse);
    // The name of an unknown option is printed; the fuzzer may have typed it.
    const printed = `${worse.wrong} ${worse.next}`.toLowerCase();
    must(
      before.includes("secret") || !printed.includes("secret"),
      "nothing of what stands where a phrase may stand is printed",
    );
  }
}

function problem({ wrong, next }: UsageProblem): void {
  for (const text of [wrong, next]) {
    must(text.length > 0 && text.length < 200 && /^(?:[A-Z]|--?|sesame ).*[^\s]$/s.test(text), "a sentence");
    must(!/\p{Cc}/u.test(text), "nothing that acts on a terminal");
  }
}

/** A target is a word, or of a pasted invitation what stands behind `connect` in its words. */
function typed(target: string, argv: readonly string[]): boolean {
  if (argv.some((word) => bare(word) === bare(target))) return true;
  const all = bare(argv.join(" "));
  return all.includes("sesameconnect") && all.split("sesameconnect").at(-1)!.startsWith(bare(target));
}

/** Without what may stand around and between addresses. */
function bare(text: string): string {
  return text.replace(/[\s─,'"]+/g, "");
}

function chat(args: Args & { command: "chat" }, argv: readonly string[]): void {
  must(args.intervalMs >= 50 && args.intervalMs <= 1000, "50 to 1000 ms");
  must(args.friends === undefined || (args.friends >= 1 && args.friends <= 64), "1 to 64 friends");
  must(
    args.targets.length <= 64 &&
      args.targets.every((target) => typed(target, argv)),
    "targets as they were typed",
  );
  must(args.listen !== undefined || args.targets.length > 0, "there is something to do");
  must(
    args.phrase.from !== "fd" ||
      (args.phrase.fd >= 0 && args.phrase.fd !== 1 && args.phrase.fd !== 2),
    "a descriptor",
  );
}

function arguments_(data: Uint8Array): string[] {
  const argv: string[] = [];
  let text = "";
  for (const byte of data) {
    if (byte === 0) {
      argv.push(text);
      text = "";
    } else text += byte >= 0x80 ? WORDS[byte - 0x80] ?? String.fromCharCode(byte) : String.fromCharCode(byte);
  }
  return [...argv, text];
}

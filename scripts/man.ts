// The man page, made from the same tables as `--help`: commands and options from src/words/options.ts, examples from
// help.ts, exit codes from problems.ts. Anything that is in no table is written here.
//
//   deno run --allow-read --allow-write=docs scripts/man.ts            writes docs/sesame.1
//   deno run --allow-read scripts/man.ts --check                       exits 1 if it is not what the tables give

import { COMMANDS, OPTIONS } from "../src/words/options.ts";
import { EXIT } from "../src/words/problems.ts";
import { EXAMPLES } from "../src/words/help.ts";
import { VERSION } from "../src/cli/version.ts";
import { writeOrCheck } from "./release/generated.ts";

/** When what this file itself says was last changed; the times of a release's packages are this day's. */
export const DATE = "2026-11-28";

/** What each exit code means, here and on docs/SCRIPTS.md. */
export const CODES: Readonly<Record<keyof typeof EXIT, string>> = {
  left: "You left, input ended, or F12 ended everything.",
  unexpected:
    "Something unexpected happened; everything was wiped. Also: the output could not be written, or a signal ended doctor HOST.",
  usage: "The command line or the phrase was not accepted.",
  connection: "Could not listen or connect. Also: input ended before a friend who was called had connected.",
  phrase:
    "The phrase did not match, one of you is in the other mode, or the friend's door is closed. Only if that is so for everybody whom you called, without --listen. If the phrase was typed at the prompt, Sesame asks again instead, until you leave.",
  protection: "A protection that you asked for is missing, or TLS keys are being logged.",
};

const KEYS: readonly (readonly [string, string])[] = [
  ["Enter", "sends."],
  ["Alt+Enter", "begins a new line; so does a line break that is pasted."],
  ["F12, Ctrl-\\", "wipes the keys, clears the screen and ends the program, at once and without a goodbye."],
  ["Ctrl-C", "asks first, then says goodbye and leaves."],
  ["/help", "lists the commands of the chat. A line that begins with // is sent with one slash."],
];

/** A word and what it means beside it, which keeps the page short: of commands and options, and of keys and codes. */
const BESIDE = ".TP 24n";
const NEAR = ".TP 13n";

/** The page, in the man macros. */
export function manPage(): string {
  const version = /^sesame [\d.]+/.exec(VERSION)?.[0] ?? "sesame";
  const lines = [
    '.\\" Made by scripts/man.ts from src/words/options.ts; not edited by hand.',
    `.TH SESAME 1 ${DATE} "${version}" "User Commands"`,
    // Neither hyphens nor wide spaces, so that what is typed stays as it is. AD is what groff adjusts each paragraph by.
    ".nh",
    ".ds AD l",
    ".SH NAME",
    "sesame \\- a private chat in the terminal that leaves nothing behind",
    ".SH SYNOPSIS",
    ...COMMANDS.flatMap(({ usage }, i) => [...(i === 0 ? [] : [".br"]), synopsis(usage)]),
    ".br",
    ".B sesame help",
    ".RI [ COMMAND ]",
    ".br",
    ".B sesame \\-\\-help",
    "|",
    ".B \\-\\-version",
    ".SH EXAMPLES",
    ".PD 0",
    ...COMMANDS.flatMap(({ name }) => EXAMPLES[name]?.slice(0, 2) ?? []).flatMap((
      [type, why],
    ) => [BESIDE, `.B ${escape(type)}`, ...roff(sentence(why))]),
    ".PD",
    ".SH DESCRIPTION",
    ...roff(
      "Sesame is a chat for people who share a secret phrase and can reach each other by IP. There is no server, no account " +
        "and no history. It asks for the phrase, and nothing shows while you type. Only people who know the phrase get in. " +
        "Messages are encrypted end to end, and cells of one size at a constant rate hide when you write.",
    ),
    ".PP",
    ...roff(`Without a command it does the same as "sesame listen".`),
    ".PP",
    ...roff(
      "Decoy mode is another room behind the same phrase: only friends who chose it too get in, and it looks the same. If " +
        "somebody makes you open Sesame, nobody is there.",
    ),
    ".SH COMMANDS",
    ".PD 0",
    ...COMMANDS.flatMap(({ usage, help }) => [BESIDE, synopsis(usage), ...roff(sentence(help))]),
    BESIDE,
    '.BR "sesame help" " [\\fICOMMAND\\fR]"',
    "Explain a command, or list everything.",
    ".PD",
    ".SH OPTIONS",
    ".PD 0",
    ...OPTIONS.flatMap(({ name, value, optional, help, of }) => [
      BESIDE,
      `.B ${escape(`--${name}`)}${
        value === undefined ? "" : optional === true ? `[=\\fI${escape(value)}\\fR]` : ` \\fI${escape(value)}\\fR`
      }`,
      ...roff(`${sentence(help)}${of.length === 1 ? ` Only with "sesame ${of[0]}".` : ""}`),
    ]),
    BESIDE,
    '.BR \\-h ", " \\-\\-help',
    "Commands and options on one page.",
    BESIDE,
    '.BR \\-V ", " \\-\\-version',
    "The version, and what kind of file this is.",
    ".PD",
    ".SH IN THE CHAT",
    ".PD 0",
    ...KEYS.flatMap(([key, does]) => [NEAR, `.B ${escape(key)}`, ...roff(does)]),
    ".PD",
    ".SH EXIT STATUS",
    ".PD 0",
    ...Object.entries(EXIT).flatMap(([name, code]) => [NEAR, `.B ${code}`, ...roff(CODES[name as keyof typeof EXIT])]),
    ".PD",
    ".SH ENVIRONMENT",
    ".TP",
    ".B SSLKEYLOGFILE",
    ...roff("If it is set, Sesame refuses to start, because TLS would write its keys to that file."),
    ".SH FILES",
    "Sesame has no configuration and writes no file.",
    ".SH SECURITY",
    ...roff(
      "Nobody outside has reviewed Sesame yet. docs/SECURITY.md in its source lists each guarantee, its limit and its test. " +
        "Sesame does not protect against a machine that somebody else controls, a friend who passes things on, or a phrase " +
        "that is easy to guess.",
    ),
    ".SH SEE ALSO",
    ".BR deno (1),",
    ".BR ssh (1)",
  ];
  return lines.join("\n") + "\n";
}

/** `sesame connect HOST[:PORT] ...`: what is typed as it stands is bold, what stands for something is italic. */
function synopsis(usage: string): string {
  const [program = "", command = "", ...rest] = usage.split(/ +/);
  const shown = rest.map((word) =>
    escape(word).replace(/[A-Z]+/g, (name) => `\\fI${name}\\fR`).replace(/(\\-)+[a-z]+/g, (flag) => `\\fB${flag}\\fR`)
  );
  return `\\fB${program} ${command}\\fR${shown.length === 0 ? "" : ` ${shown.join(" ")}`}`;
}

function sentence(help: string): string {
  const text = help.charAt(0).toUpperCase() + help.slice(1);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

/** A paragraph, each sentence on lines of its own, none over 78 bytes; nothing in it is taken for a request. */
function roff(text: string): string[] {
  const lines: string[] = [];
  for (const part of text.split(/(?<=[.!?;]) (?=\S)/)) {
    lines.push("");
    for (const word of escape(part).split(" ")) {
      const line = lines.at(-1) ?? "";
      if (line === "") lines[lines.length - 1] = word;
      else if (line.length + 1 + word.length <= 78) lines[lines.length - 1] = `${line} ${word}`;
      else lines.push(word);
    }
  }
  return lines.map((line) => line.replace(/^([.'])/, "\\&$1"));
}

function escape(text: string): string {
  return text.replaceAll("\\", "\\e").replaceAll("-", "\\-");
}

export const MAN: Readonly<Record<string, () => string>> = { "docs/sesame.1": manPage };

if (import.meta.main) Deno.exit(await writeOrCheck(MAN, "deno task papers"));

// The command line: one table of commands and options, from which parsing and `--help` both come.
// Pure, and light: this is read before the prompt stands. Not in here: files, terminals, what a command does.

import { parseArgs, type ParseArgsConfig } from "node:util";
import {
  DEFAULT_PORT,
  INTERVAL_DEFAULT_MS,
  INTERVAL_MAX_MS,
  INTERVAL_MIN_MS,
  MAX_SESSIONS,
  MAX_TARGETS,
} from "../constants.ts";

export interface ChatArgs {
  readonly command: "chat";
  /** Bare `sesame`: says what the friend has to type. */
  readonly bare: boolean;
  /** `[HOST:]PORT` to listen on. */
  readonly listen: string | undefined;
  /** Whom to call: each a friend's address, or several of it with commas between. */
  readonly targets: readonly string[];
  readonly phrase: { from: "prompt" } | { from: "fd"; fd: number } | { from: "argument"; text: string };
  readonly decoy: boolean;
  readonly name: string | undefined;
  readonly cover: "constant" | "off";
  readonly intervalMs: number;
  readonly output: "screen" | "plain" | "json";
  readonly colour: "auto" | "none";
  readonly bell: boolean;
  readonly notify: boolean;
  /** A line that begins with a slash is a message like any other. */
  readonly noCommands: boolean;
  readonly friends: number | undefined;
  /** What to do when a friend introduces somebody; undefined: ask a person, nothing without one. */
  readonly introductions: "ask" | "yes" | "no" | undefined;
  readonly retry: boolean;
  /** The proxy that calls go through, as typed. */
  readonly proxy: string | undefined;
  readonly requireLockedMemory: boolean;
}

export interface DoctorArgs {
  readonly command: "doctor";
  readonly json: boolean;
  /** Whom to call; undefined: look at this machine. */
  readonly target: string | undefined;
  /** Undefined: the call goes without it. */
  readonly phrase: Exclude<ChatArgs["phrase"], { from: "argument" }> | undefined;
  readonly decoy: boolean;
  /** As typed; checks.ts looks at it. */
  readonly proxy: string | undefined;
}

export type Args =
  | ChatArgs
  | DoctorArgs
  | { readonly command: "phrase"; readonly words: number }
  | { readonly command: "help"; readonly topic?: Command }
  | { readonly command: "version" };

/** What is wrong, and what to do about it. Nothing of the phrase is ever in it. */
export interface UsageProblem {
  readonly wrong: string;
  readonly next: string;
}

export interface Option {
  readonly name: string;
  /** The value's name in `--help`; absent: a switch. */
  readonly value?: string;
  readonly help: string;
  readonly of: readonly Command[];
}

export type Command = "listen" | "connect" | "phrase" | "doctor";
const CHAT = ["listen", "connect"] as const;

export const COMMANDS: readonly { name: Command; usage: string; help: string }[] = [
  {
    name: "listen",
    usage: "sesame listen  [HOST:]PORT",
    help: `wait for friends (default: every interface, port ${DEFAULT_PORT})`,
  },
  {
    name: "connect",
    usage: "sesame connect HOST[:PORT] ...",
    help: "call friends; an invitation can be pasted here",
  },
  { name: "phrase", usage: "sesame phrase  [--words N]", help: "print a fresh phrase (7 words and a checksum)" },
  {
    name: "doctor",
    usage: "sesame doctor  [HOST[:PORT]]",
    help: "what protects you here, or why a call fails",
  },
];

export const OPTIONS: readonly Option[] = [
  {
    name: "listen",
    value: "[HOST:]PORT",
    help: "take calls too, and keep calling as with --retry",
    of: ["connect"],
  },
  {
    name: "phrase-fd",
    value: "N",
    help: "read the phrase from a descriptor, to a line end",
    of: [...CHAT, "doctor"],
  },
  { name: "phrase", value: "TEXT", help: "the phrase; process lists and history then hold it", of: CHAT },
  { name: "with-phrase", help: "ask for the phrase, and try it too", of: ["doctor"] },
  {
    name: "decoy",
    help: "decoy mode (in the prompt: F2 instead of Enter)",
    of: [...CHAT, "doctor"],
  },
  { name: "name", value: "NAME", help: "your name for your friends (sent encrypted)", of: CHAT },
  { name: "cover", value: "constant|off", help: "shape of the traffic (default: constant)", of: CHAT },
  {
    name: "interval",
    value: "MS",
    help: `time between two cells, ${INTERVAL_MIN_MS} to ${INTERVAL_MAX_MS} (default: ${INTERVAL_DEFAULT_MS})`,
    of: CHAT,
  },
  { name: "plain", help: "append-only lines: for screen readers and logs", of: CHAT },
  {
    name: "json",
    help: "JSON lines; in a chat, lines of stdin are messages",
    of: [...CHAT, "doctor"],
  },
  { name: "no-colour", help: "no colours on the screen", of: CHAT },
  { name: "no-commands", help: "with --json: send lines that begin with / too", of: CHAT },
  { name: "bell", help: "ring the terminal's bell for a message", of: CHAT },
  { name: "notify", help: "notify of a message (OSC 9, 777), not what it says", of: CHAT },
  { name: "friends", value: "N", help: "close the door after N friends", of: CHAT },
  {
    name: "introductions",
    value: "WHEN",
    help: "ask, yes or no when friends introduce somebody",
    of: CHAT,
  },
  { name: "retry", help: "keep calling an address that is away, with pauses", of: CHAT },
  {
    name: "proxy",
    value: "URL",
    help: "SOCKS5 proxy socks5h://HOST:PORT, names unresolved",
    of: [...CHAT, "doctor"],
  },
  { name: "require-locked-memory", help: "refuse to start where memory cannot be locked", of: CHAT },
  { name: "words", value: "N", help: "how many words, 5 to 12, before the checksum word", of: ["phrase"] },
];

/** The whole of `sesame --help`, at most 80 columns wide. */
export function helpText(): string {
  const lines = ["Sesame: a private chat that leaves nothing behind.", "", "Usage:"];
  for (const { usage, help } of COMMANDS) lines.push(...wrap(`  ${usage.padEnd(32)}`, help, 80, 34));
  lines.push(
    `  ${"sesame".padEnd(32)}as "sesame listen"`,
    `  ${"sesame help COMMAND".padEnd(32)}its options, and examples`,
  );
  lines.push("", "Options:");
  for (const { name, value, help } of OPTIONS) {
    lines.push(...wrap(`  ${`--${name}${value === undefined ? "" : ` ${value}`}`.padEnd(26)}`, help, 80));
  }
  lines.push(...wrap(`  ${"--help, --version".padEnd(26)}`, "this page; the version", 80));
  lines.push("", "Without an option the phrase is asked for, and nothing shows while it is typed.");
  lines.push("In the chat: Enter sends, F12 or Ctrl-\\ ends everything at once; see /help.");
  return lines.join("\n") + "\n";
}

/** Never throws. */
export function parse(argv: readonly string[]): Args | UsageProblem {
  const options: ParseArgsConfig["options"] = {
    help: { type: "boolean", short: "h" },
    version: { type: "boolean", short: "V" },
  };
  for (const { name, value } of OPTIONS) {
    options[name] = { type: value === undefined ? "boolean" : "string", multiple: true };
  }
  let parsed;
  try {
    parsed = parseArgs({ args: [...argv], options, allowPositionals: true, strict: true });
  } catch (error) {
    return parseFault(error);
  }
  const { values, positionals } = parsed;
  if (values.help === true) return { command: "help" };
  if (values.version === true) return { command: "version" };
  const [word = "listen", ...rest] = positionals;
  if (word === "help") return helpArgs(rest);
  const command = COMMANDS.find(({ name }) => name === word)?.name;
  if (command === undefined) {
    return {
      wrong: `There is no command "${shown(word)}".`,
      next: `${
        meant(word, COMMANDS.map(({ name }) => name))
      }The commands are listen, connect, phrase and doctor; see sesame --help.`,
    };
  }
  const given = new Map<string, string | true>();
  for (const { name, of } of OPTIONS) {
    const all = values[name];
    if (!Array.isArray(all) || all[0] === undefined) continue;
    if (all.length > 1) return { wrong: `--${name} is given more than once.`, next: "Give it once." };
    if (!of.includes(command)) {
      return { wrong: `--${name} does not belong to "sesame ${command}".`, next: "See sesame --help." };
    }
    given.set(name, all[0] === true ? true : String(all[0]));
  }
  switch (command) {
    case "phrase":
      return phraseArgs(given, rest);
    case "doctor":
      return doctorArgs(given, rest);
    case "listen":
    case "connect":
      return chatArgs(command, positionals.length === 0, given, rest);
  }
}

function helpArgs(rest: readonly string[]): Args | UsageProblem {
  const [word, ...more] = rest;
  if (word === undefined) return { command: "help" };
  const topic = COMMANDS.find(({ name }) => name === word)?.name;
  if (topic !== undefined && more.length === 0) return { command: "help", topic };
  return {
    wrong: more.length > 0 ? "sesame help takes one command." : `There is no command "${shown(word)}".`,
    next: `${meant(word, COMMANDS.map(({ name }) => name))}Type: sesame help`,
  };
}

function doctorArgs(given: ReadonlyMap<string, string | true>, rest: readonly string[]): Args | UsageProblem {
  if (rest.length > 1) return { wrong: "sesame doctor takes one address.", next: "Type: sesame doctor HOST[:PORT]" };
  const fd = descriptor(given.get("phrase-fd"));
  if (typeof fd === "object") return fd;
  const prompt = given.has("with-phrase");
  if (fd !== undefined && prompt) {
    return { wrong: "--phrase-fd and --with-phrase are both given.", next: "Give one of them, or neither." };
  }
  const [target] = rest;
  const way = given.get("proxy");
  const proxy = typeof way === "string" ? way : undefined;
  if (target === undefined && proxy !== undefined) {
    return {
      wrong: "Without an address there is nobody to call through the proxy.",
      next: "Type: sesame doctor HOST[:PORT]",
    };
  }
  if (target === undefined && (fd !== undefined || prompt || given.has("decoy"))) {
    return {
      wrong: "Without an address there is nobody to try the phrase with.",
      next: "Type: sesame doctor HOST[:PORT]",
    };
  }
  return {
    command: "doctor",
    json: given.has("json"),
    target,
    phrase: fd !== undefined ? { from: "fd", fd } : prompt ? { from: "prompt" } : undefined,
    decoy: given.has("decoy"),
    proxy,
  };
}

/** What --phrase-fd says; undefined where it is not given. */
function descriptor(value: string | true | undefined): number | undefined | UsageProblem {
  if (value === undefined) return undefined;
  const fd = integer(value, -1, 0, 1_000_000);
  if (fd !== undefined && fd !== 1 && fd !== 2) return fd;
  return {
    wrong: "--phrase-fd takes the number of a descriptor open for reading.",
    next: "Use 0, or 3 with 3< in the shell.",
  };
}

function phraseArgs(given: ReadonlyMap<string, string | true>, rest: readonly string[]): Args | UsageProblem {
  if (rest.length > 0) return { wrong: "sesame phrase takes no address.", next: "Type: sesame phrase" };
  const words = integer(given.get("words"), 7, 5, 12);
  if (words === undefined) return { wrong: "--words takes a number from 5 to 12.", next: "Leave it away for 7." };
  return { command: "phrase", words };
}

function chatArgs(
  command: "listen" | "connect",
  bare: boolean,
  given: ReadonlyMap<string, string | true>,
  rest: readonly string[],
): Args | UsageProblem {
  const text = (name: string) => {
    const value = given.get(name);
    return typeof value === "string" ? value : undefined;
  };
  const sources = ["phrase-fd", "phrase"].filter((name) => given.has(name));
  if (sources.length > 1) {
    return { wrong: "--phrase-fd and --phrase are both given.", next: "Give one of them, or neither." };
  }
  const fd = descriptor(given.get("phrase-fd"));
  if (typeof fd === "object") return fd;
  const phraseText = text("phrase");
  const cover = text("cover") ?? "constant";
  if (cover !== "constant" && cover !== "off") {
    return { wrong: "--cover is constant or off.", next: "Leave it away for constant." };
  }
  const intervalMs = integer(given.get("interval"), INTERVAL_DEFAULT_MS, INTERVAL_MIN_MS, INTERVAL_MAX_MS);
  if (intervalMs === undefined) {
    return {
      wrong: `--interval takes milliseconds from ${INTERVAL_MIN_MS} to ${INTERVAL_MAX_MS}.`,
      next: `Leave it away for ${INTERVAL_DEFAULT_MS}.`,
    };
  }
  const friends = integer(given.get("friends"), 0, 1, MAX_SESSIONS);
  if (friends === undefined) {
    return {
      wrong: `--friends takes a number from 1 to ${MAX_SESSIONS}.`,
      next: "Leave it away to keep the door open.",
    };
  }
  if (given.has("plain") && given.has("json")) {
    return { wrong: "--plain and --json are both given.", next: "Give one of them." };
  }
  if (given.has("no-commands") && !given.has("json")) {
    return { wrong: "--no-commands is for scripts, with --json.", next: "Add --json, or leave --no-commands out." };
  }
  const introductions = text("introductions");
  if (introductions !== undefined && introductions !== "ask" && introductions !== "yes" && introductions !== "no") {
    return { wrong: "--introductions is ask, yes or no.", next: "Leave it out to be asked." };
  }
  const targets = command === "connect" ? invitedTargets(rest) : [];
  if (command === "connect" && targets.length === 0) {
    return { wrong: "There is nobody to call.", next: "Type: sesame connect HOST[:PORT]" };
  }
  if (command === "listen" && rest.length > 1) {
    return { wrong: "sesame listen takes one address.", next: "Type: sesame listen [HOST:]PORT" };
  }
  if (targets.length > MAX_TARGETS) {
    return { wrong: `At most ${MAX_TARGETS} friends can be called.`, next: "Call fewer at once." };
  }
  return {
    command: "chat",
    bare,
    listen: command === "listen" ? rest[0] ?? String(DEFAULT_PORT) : text("listen"),
    targets,
    phrase: fd !== undefined
      ? { from: "fd", fd }
      : phraseText !== undefined
      ? { from: "argument", text: phraseText }
      : { from: "prompt" },
    decoy: given.has("decoy"),
    name: text("name"),
    cover,
    intervalMs,
    output: given.has("json") ? "json" : given.has("plain") ? "plain" : "screen",
    colour: given.has("no-colour") ? "none" : "auto",
    bell: given.has("bell"),
    notify: given.has("notify"),
    noCommands: given.has("no-commands"),
    friends: friends === 0 ? undefined : friends,
    introductions,
    // Two friends who call each other: whoever starts first finds nobody yet, and may be the only one who can get through.
    retry: given.has("retry") || (command === "connect" && given.has("listen")),
    proxy: text("proxy"),
    requireLockedMemory: given.has("require-locked-memory"),
  };
}

/**
 * Whom to call, of the words behind `connect`. A pasted invitation (`sesame connect ADDRESSES`, in one word or several,
 * whatever stands in front) is one friend; the quotes that a shell would have taken away are. Around commas may be white
 * space: line breaks of our own screen too, with the mark in front of its rows.
 */
export function invitedTargets(words: readonly string[]): string[] {
  const all = words.flatMap((word) => word.split(/[\s─]+/)).filter((word) => word !== "");
  const at = all.findLastIndex((word, i) => word === "connect" && all[i - 1] === "sesame");
  if (at < 0) return words.map((word) => unquoted(word).split(",").map(bare).join(","));
  const addresses = unquoted(all.slice(at + 1).join(",")).replace(/,+/g, ",");
  return addresses === "" ? [] : [addresses];
}

/** A part between commas without the white space and marks beside those. */
function bare(part: string, i: number, all: readonly string[]): string {
  const start = i > 0 ? part.replace(/^[\s─]+/, "") : part;
  return i < all.length - 1 ? start.trimEnd() : start;
}

/** Without the quotes around it. */
function unquoted(word: string): string {
  return word.replace(/^(['"])(.*)\1$/s, "$2");
}

/** `absent` where the option is not given; undefined where it is no whole number between the limits. */
function integer(value: string | true | undefined, absent: number, least: number, most: number): number | undefined {
  if (value === undefined) return absent;
  if (typeof value !== "string" || !/^\d{1,7}$/.test(value)) return undefined;
  const number = Number(value);
  return number >= least && number <= most ? number : undefined;
}

/** parseArgs says what it stumbled on in its own words, which may hold a value; only the option's name is taken from it. */
function parseFault(error: unknown): UsageProblem {
  const text = error instanceof Error ? error.message : "";
  const name = /'(-{1,2}[A-Za-z0-9-]{1,30})/.exec(text)?.[1];
  const option = OPTIONS.find((o) => `--${o.name}` === name);
  if (option !== undefined && name !== undefined) {
    return option.value === undefined
      ? { wrong: `${name} takes no value.`, next: `Type it alone: ${name}` }
      : { wrong: `${name} wants a value.`, next: `Type: ${name} ${option.value}` };
  }
  return {
    wrong: name === undefined ? "The options make no sense." : `There is no option ${name}.`,
    next: `${meant(name?.slice(2) ?? "", OPTIONS.map((o) => o.name), "--")}See sesame --help.`,
  };
}

/** "Did you mean ...? " of the nearest name, or nothing. Only our own names are ever in it, never what was typed. */
function meant(typed: string, names: readonly string[], before = ""): string {
  if (!/^[\w-]{2,30}$/.test(typed)) return "";
  const begun = names.filter((name) => typed.length >= 3 && name.startsWith(typed));
  if (begun.length === 1) return `Did you mean ${before}${begun[0]}? `;
  const [near] = names.map((name) => ({ name, away: distance(typed, name) })).sort((a, b) => a.away - b.away);
  return near !== undefined && near.away <= Math.max(1, Math.floor(near.name.length / 3))
    ? `Did you mean ${before}${near.name}? `
    : "";
}

/** How many letters to add, drop, change or swap with the next: optimal string alignment. */
function distance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  const at = (i: number, j: number) => rows[i]?.[j] ?? Infinity;
  for (let i = 1; i <= a.length; i++) {
    rows.push([i]);
    for (let j = 1; j <= b.length; j++) {
      const change = at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swap = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? at(i - 2, j - 2) + 1 : Infinity;
      rows[i]?.push(Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, change, swap));
    }
  }
  return at(a.length, b.length);
}

/** Somebody may have typed their phrase where a command belongs; a few letters are enough to recognise a mistake by. */
function shown(word: string): string {
  return /^[a-z]{1,12}$/.test(word) ? word : "…";
}

/** `head` on the first line, the text wrapped beside it to `width` columns; what continues is indented. */
export function wrap(head: string, text: string, width: number, indent = 28): string[] {
  const lines = [head];
  let first = true;
  for (const word of text.split(" ")) {
    const line = lines.at(-1) ?? "";
    if (!first && line.length + 1 + word.length > width) lines.push(" ".repeat(indent) + word);
    else lines[lines.length - 1] = first ? line + word : `${line} ${word}`;
    first = false;
  }
  return lines;
}

// The commands and options: one table from which parsing, `--help`, the man page and the shells' completions come; and what
// is said of a command line that cannot be understood. Pure, and light: read before the prompt stands.

import {
  DEFAULT_PORT,
  INTERVAL_DEFAULT_MS,
  INTERVAL_MAX_MS,
  INTERVAL_MIN_MS,
  MAX_SESSIONS,
  MAX_TARGETS,
} from "../constants.ts";
import { asTyped, commandName } from "./command.ts";
import { wrap } from "./wrap.ts";

/** What is wrong, and what to do about it. Nothing of the phrase is ever in it. */
export interface UsageProblem {
  readonly wrong: string;
  readonly next: string;
}

export interface Option {
  readonly name: string;
  /** The value's name in `--help`; absent: a switch. */
  readonly value?: string;
  /** The value may be left out, and stands behind `=`. */
  readonly optional?: true;
  readonly help: string;
  readonly of: readonly Command[];
}

export type Command = "listen" | "connect" | "phrase" | "doctor";
const CHAT = ["listen", "connect"] as const;

export const COMMANDS: readonly { name: Command; usage: string; help: string }[] = [
  {
    name: "listen",
    usage: "sesame listen  [[HOST:]PORT]",
    help: `wait for friends (default: port ${DEFAULT_PORT})`,
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
    help: "take calls too",
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
    help: "decoy mode: meet only others in it (prompt: F2)",
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
  { name: "no-commands", help: "with --json: send lines that begin with / too", of: CHAT },
  { name: "bell", help: "ring the terminal's bell for a message", of: CHAT },
  { name: "notify", help: "notify of a message without its text (OSC 9, 777)", of: CHAT },
  { name: "friends", value: "N", help: "accept no more than N friends", of: CHAT },
  {
    name: "introductions",
    value: "ask|yes|no",
    help: "when a friend introduces somebody (default: ask)",
    of: CHAT,
  },
  { name: "once", help: "for scripts: call each friend once, and not again", of: CHAT },
  {
    name: "proxy",
    value: "URL",
    help: "SOCKS5 proxy socks5h://HOST:PORT, names unresolved",
    of: [...CHAT, "doctor"],
  },
  {
    name: "map-port",
    value: "ROUTER",
    optional: true,
    help: "have the router forward the port until you leave",
    of: [...CHAT, "doctor"],
  },
  {
    name: "onion",
    value: "HOST:PORT",
    optional: true,
    help: "be called through Tor, by a name that it makes",
    of: ["listen"],
  },
  {
    name: "onion-password-fd",
    value: "N",
    help: "read Tor's control password from a descriptor",
    of: ["listen"],
  },
  { name: "require-locked-memory", help: "refuse to start where memory cannot be locked", of: CHAT },
  { name: "words", value: "N", help: "how many words, 5 to 12, plus a checksum word", of: ["phrase"] },
];

/** The whole of `sesame --help`, at most 80 columns wide. */
export function helpText(): string {
  const lines = ["Sesame: a private chat that leaves nothing behind.", "", "Usage:"];
  const name = commandName();
  const width = 26 + name.length;
  for (const { usage, help } of COMMANDS) {
    lines.push(...wrap(`  ${asTyped(usage).padEnd(width)}`, help, 80, width + 2));
  }
  lines.push(
    `  ${name.padEnd(width)}as "${name} listen"`,
    `  ${`${name} help COMMAND`.padEnd(width)}its options, and examples`,
  );
  lines.push("", "Options:");
  for (const option of OPTIONS) lines.push(...optionLines(synopsis(option), option.help));
  lines.push(...optionLines("--help, --version", "this page; the version"));
  lines.push("", "Sesame asks for the phrase unless an option gives it; typing it shows nothing.");
  lines.push("In the chat: Enter sends, F12 or Ctrl-\\ ends everything at once; see /help.");
  return lines.join("\n") + "\n";
}

/** One row of a list of options; at most 80 columns wide. */
export function optionLines(typed: string, help: string): string[] {
  return wrap(`  ${typed.padEnd(OPTION_COLUMNS)}`, help, 80, OPTION_COLUMNS + 2);
}

/** The longest, and two spaces. */
const OPTION_COLUMNS = 28;

/** As one types it: `--proxy URL`, `--map-port[=ROUTER]`. */
export function synopsis({ name, value, optional }: Option): string {
  if (value === undefined) return `--${name}`;
  return optional === true ? `--${name}[=${value}]` : `--${name} ${value}`;
}

/** Options of before, and what stands in their place. */
const RETIRED: Readonly<Record<string, string>> = {
  "--onion-auth": "Tell your friend the name alone: it is as hard to guess as a key, and each start makes a new one.",
  "--onion-auth-fd": "Leave it out: an onion name needs no key.",
  "--no-colour": "Leave it out, and set NO_COLOR=1 in the environment instead.",
  "--retry": "Leave it out: Sesame keeps calling by itself, unless --once is given.",
};

/** What is wrong with a command line, and what to do. Only our own names are ever in it, and `shown` words. */
export const USAGE = {
  noCommand: (shown: string, meant: string): UsageProblem => ({
    wrong: `There is no command "${shown}".`,
    next: `${didYouMean(meant)}The commands are listen, connect, phrase and doctor; see sesame --help.`,
  }),
  noTopic: (shown: string, meant: string): UsageProblem => ({
    wrong: `There is no command "${shown}".`,
    next: `${didYouMean(meant)}Type: sesame help`,
  }),
  oneTopic: { wrong: "sesame help takes one command.", next: "Type: sesame help" },
  noOption: (name: string | undefined, meant: string): UsageProblem => ({
    wrong: name === undefined ? "The options cannot be understood." : `There is no option ${name}.`,
    next: name !== undefined && RETIRED[name] || `${didYouMean(meant)}See sesame --help.`,
  }),
  mapPortWith: {
    wrong: "--map-port asks this machine's own router, and an address is somebody else's.",
    next: "Type: sesame doctor --map-port",
  },
  mapPortWithout: { wrong: "--map-port is for those who take calls.", next: "Add --listen 7373, or leave it out." },
  onionAlone: {
    wrong: "With --onion, Sesame takes calls through Tor only.",
    next: "Leave the address and --map-port out: sesame listen --onion",
  },
  onionPassword: {
    wrong: "--onion-password-fd is for --onion.",
    next: "Type: sesame listen --onion --onion-password-fd 3",
  },
  sameDescriptor: {
    wrong: "The phrase and Tor's password cannot come from one descriptor.",
    next: "Give one of them another descriptor: 3 with 3< in the shell.",
  },
  noValue: (name: string): UsageProblem => ({ wrong: `${name} takes no value.`, next: `Type it alone: ${name}` }),
  wantsValue: (name: string, value: string): UsageProblem => ({
    wrong: `${name} wants a value.`,
    next: `Type: ${name} ${value}`,
  }),
  twice: (name: string): UsageProblem => ({ wrong: `--${name} is given more than once.`, next: "Give it once." }),
  notOf: (name: string, command: string): UsageProblem => ({
    wrong: `--${name} does not belong to "sesame ${command}".`,
    next: "See sesame --help.",
  }),
  both: (one: string, other: string): UsageProblem => ({
    wrong: `--${one} and --${other} cannot be used together.`,
    next: "Use one of them, or neither.",
  }),
  doctorAddress: { wrong: "sesame doctor takes one address.", next: "Type: sesame doctor HOST[:PORT]" },
  proxyWithout: {
    wrong: "Without an address there is nobody to call through the proxy.",
    next: "Type: sesame doctor HOST[:PORT]",
  },
  phraseWithout: {
    wrong: "Without an address there is nobody to try the phrase with.",
    next: "Type: sesame doctor HOST[:PORT]",
  },
  decoyWithout: {
    wrong: "--decoy says in which mode the phrase is tried, and none is.",
    next: "Add --with-phrase, or leave --decoy out.",
  },
  descriptor: {
    wrong: "--phrase-fd takes the number of a descriptor open for reading.",
    next: "Use 0, or 3 with 3< in the shell.",
  },
  onionDescriptor: {
    wrong: "--onion-password-fd takes the number of a descriptor above 2, open for reading.",
    next: "Use 3 with 3< in the shell.",
  },
  phraseAddress: { wrong: "sesame phrase takes no address.", next: "Type: sesame phrase" },
  words: { wrong: "--words takes a number from 5 to 12.", next: "Leave it out for 7." },
  cover: { wrong: "--cover takes constant or off.", next: "Leave it out for constant." },
  interval: {
    wrong: `--interval takes milliseconds from ${INTERVAL_MIN_MS} to ${INTERVAL_MAX_MS}.`,
    next: `Leave it out for ${INTERVAL_DEFAULT_MS}.`,
  },
  friends: {
    wrong: `--friends takes a number from 1 to ${MAX_SESSIONS}.`,
    next: "Leave it out to keep the door open.",
  },
  noCommands: { wrong: "--no-commands is for scripts, with --json.", next: "Add --json, or leave --no-commands out." },
  introductions: { wrong: "--introductions takes ask, yes or no.", next: "Leave it out to be asked." },
  nobody: { wrong: "There is nobody to call.", next: "Type: sesame connect HOST[:PORT]" },
  listenAddress: { wrong: "sesame listen takes one address.", next: "Type: sesame listen [[HOST:]PORT]" },
  tooMany: { wrong: `At most ${MAX_TARGETS} friends can be called.`, next: "Call fewer at once." },
} as const;

function didYouMean(name: string): string {
  return name === "" ? "" : `Did you mean ${name}? `;
}

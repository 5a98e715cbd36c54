// The command line, by the tables of words/options.ts.
// Pure, and light: this is read before the prompt stands. Not in here: files, terminals, what a command does, sentences.

import { parseArgs, type ParseArgsConfig } from "node:util";
import { type ChatArgs, invitedTargets } from "../chat/chat_args.ts";
import {
  DEFAULT_PORT,
  INTERVAL_DEFAULT_MS,
  INTERVAL_MAX_MS,
  INTERVAL_MIN_MS,
  MAX_SESSIONS,
  MAX_TARGETS,
} from "../constants.ts";
import { type Command, COMMANDS, OPTIONS, USAGE, type UsageProblem } from "../words/options.ts";

export interface DoctorArgs {
  readonly command: "doctor";
  readonly json: boolean;
  /** Whom to call; undefined: look at this machine. */
  readonly target: string | undefined;
  /** Undefined: the call goes without it. */
  readonly phrase: Exclude<ChatArgs["phrase"], { from: "argument" }> | undefined;
  readonly decoy: boolean;
  /** As typed; checks.ts looks at them. */
  readonly proxy: string | undefined;
  readonly mapPort: string | undefined;
}

export type Args =
  | ChatArgs
  | DoctorArgs
  | { readonly command: "phrase"; readonly words: number }
  | { readonly command: "help"; readonly topic?: Command }
  | { readonly command: "version" };

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
    parsed = parseArgs({ args: withEmptyValues(argv), options, allowPositionals: true, strict: true });
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
    return USAGE.noCommand(shown(word), meant(word, COMMANDS.map(({ name }) => name)));
  }
  const given = new Map<string, string | true>();
  for (const { name, of } of OPTIONS) {
    const all = values[name];
    if (!Array.isArray(all) || all[0] === undefined) continue;
    if (all.length > 1) return USAGE.twice(name);
    if (!of.includes(command)) return USAGE.notOf(name, command);
    given.set(name, all[0] === true ? true : String(all[0]));
  }
  switch (command) {
    case "phrase":
      return phraseArgs(given, rest);
    case "doctor":
      return doctorArgs(given, rest);
    case "listen":
    case "connect":
      return chatArgs(command, given, rest);
  }
}

/** An option whose value may be left out gets an empty one; what stands behind `--` is no option. */
function withEmptyValues(argv: readonly string[]): string[] {
  const end = argv.indexOf("--");
  const alone = OPTIONS.filter(({ optional }) => optional === true).map(({ name }) => `--${name}`);
  return argv.map((word, i) => alone.includes(word) && (end < 0 || i < end) ? `${word}=` : word);
}

function helpArgs(rest: readonly string[]): Args | UsageProblem {
  const [word, ...more] = rest;
  if (word === undefined) return { command: "help" };
  const topic = COMMANDS.find(({ name }) => name === word)?.name;
  if (topic !== undefined && more.length === 0) return { command: "help", topic };
  if (more.length > 0) return USAGE.oneTopic;
  return USAGE.noTopic(shown(word), meant(word, COMMANDS.map(({ name }) => name)));
}

function doctorArgs(given: ReadonlyMap<string, string | true>, rest: readonly string[]): Args | UsageProblem {
  if (rest.length > 1) return USAGE.doctorAddress;
  const fd = descriptor(given.get("phrase-fd"));
  if (typeof fd === "object") return fd;
  const prompt = given.has("with-phrase");
  if (fd !== undefined && prompt) return USAGE.both("phrase-fd", "with-phrase");
  const [target] = rest;
  const way = given.get("proxy");
  const proxy = typeof way === "string" ? way : undefined;
  if (target === undefined && proxy !== undefined) return USAGE.proxyWithout;
  const router = given.get("map-port");
  if (target !== undefined && router !== undefined) return USAGE.mapPortWith;
  if (target === undefined && (fd !== undefined || prompt || given.has("decoy"))) return USAGE.phraseWithout;
  return {
    command: "doctor",
    json: given.has("json"),
    target,
    phrase: fd !== undefined ? { from: "fd", fd } : prompt ? { from: "prompt" } : undefined,
    decoy: given.has("decoy"),
    proxy,
    mapPort: typeof router === "string" ? router : undefined,
  };
}

/** What --phrase-fd says; undefined where it is not given. */
function descriptor(value: string | true | undefined): number | undefined | UsageProblem {
  if (value === undefined) return undefined;
  const fd = integer(value, -1, 0, 1_000_000);
  if (fd !== undefined && fd !== 1 && fd !== 2) return fd;
  return USAGE.descriptor;
}

function phraseArgs(given: ReadonlyMap<string, string | true>, rest: readonly string[]): Args | UsageProblem {
  if (rest.length > 0) return USAGE.phraseAddress;
  const words = integer(given.get("words"), 7, 5, 12);
  if (words === undefined) return USAGE.words;
  return { command: "phrase", words };
}

function chatArgs(
  command: "listen" | "connect",
  given: ReadonlyMap<string, string | true>,
  rest: readonly string[],
): Args | UsageProblem {
  const text = (name: string) => {
    const value = given.get(name);
    return typeof value === "string" ? value : undefined;
  };
  const phrase = phraseSource(given);
  if ("wrong" in phrase) return phrase;
  const shape = shapeOf(given);
  if ("wrong" in shape) return shape;
  const onion = onionOf(given, rest, phrase);
  if ("wrong" in onion) return onion;
  const whom = command === "listen" ? listenTo(onion.onion === undefined ? rest : [ONION_LISTENS_ON]) : callTo(rest);
  if ("wrong" in whom) return whom;
  if (given.has("map-port") && command === "connect" && !given.has("listen")) return USAGE.mapPortWithout;
  const friends = integer(given.get("friends"), 0, 1, MAX_SESSIONS);
  if (friends === undefined) return USAGE.friends;
  if (given.has("no-commands") && !given.has("json")) return USAGE.noCommands;
  const introductions = text("introductions");
  if (introductions !== undefined && !isIntroductions(introductions)) return USAGE.introductions;
  if (given.has("plain") && given.has("json")) return USAGE.both("plain", "json");
  return {
    command: "chat",
    listen: whom.listen ?? text("listen"),
    targets: whom.targets,
    phrase,
    decoy: given.has("decoy"),
    name: text("name"),
    ...shape,
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
    mapPort: text("map-port"),
    ...onion,
    requireLockedMemory: given.has("require-locked-memory"),
  };
}

function isIntroductions(text: string): text is NonNullable<ChatArgs["introductions"]> {
  return text === "ask" || text === "yes" || text === "no";
}

function phraseSource(given: ReadonlyMap<string, string | true>): ChatArgs["phrase"] | UsageProblem {
  if (given.has("phrase-fd") && given.has("phrase")) return USAGE.both("phrase-fd", "phrase");
  const fd = descriptor(given.get("phrase-fd"));
  if (typeof fd === "object") return fd;
  if (fd !== undefined) return { from: "fd", fd };
  const text = given.get("phrase");
  return typeof text === "string" ? { from: "argument", text } : { from: "prompt" };
}

function shapeOf(given: ReadonlyMap<string, string | true>): Pick<ChatArgs, "cover" | "intervalMs"> | UsageProblem {
  const cover = given.get("cover") ?? "constant";
  if (cover !== "constant" && cover !== "off") return USAGE.cover;
  const intervalMs = integer(given.get("interval"), INTERVAL_DEFAULT_MS, INTERVAL_MIN_MS, INTERVAL_MAX_MS);
  return intervalMs === undefined ? USAGE.interval : { cover, intervalMs };
}

function onionOf(
  given: ReadonlyMap<string, string | true>,
  rest: readonly string[],
  phrase: ChatArgs["phrase"],
): Pick<ChatArgs, "onion" | "onionPasswordFd"> | UsageProblem {
  const onion = given.get("onion");
  const fd = integer(given.get("onion-password-fd"), 0, 3, 1_000_000);
  if (fd === undefined) return USAGE.onionDescriptor;
  if (typeof onion !== "string") {
    return fd === 0 ? { onion: undefined, onionPasswordFd: undefined } : USAGE.onionPassword;
  }
  if (rest.length > 0 || given.has("map-port")) return USAGE.onionAlone;
  if (fd !== 0 && phrase.from === "fd" && phrase.fd === fd) return USAGE.sameDescriptor;
  return { onion, onionPasswordFd: fd === 0 ? undefined : fd };
}

/** A port that nobody can guess: a web page on this machine could call a known one. */
const ONION_LISTENS_ON = "127.0.0.1:0";

interface Whom {
  readonly listen: string | undefined;
  readonly targets: readonly string[];
}

function listenTo(rest: readonly string[]): Whom | UsageProblem {
  return rest.length > 1 ? USAGE.listenAddress : { listen: rest[0] ?? String(DEFAULT_PORT), targets: [] };
}

function callTo(rest: readonly string[]): Whom | UsageProblem {
  const targets = invitedTargets(rest);
  if (targets.length === 0) return USAGE.nobody;
  return targets.length > MAX_TARGETS ? USAGE.tooMany : { listen: undefined, targets };
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
  if (option === undefined || name === undefined) {
    const near = meant(name?.slice(2) ?? "", OPTIONS.map((o) => o.name));
    return USAGE.noOption(name, near === "" ? "" : `--${near}`);
  }
  return option.value === undefined ? USAGE.noValue(name) : USAGE.wantsValue(name, option.value);
}

/** The one of our names that begins with what was typed; "" if there is none, or more than one. */
function meant(typed: string, names: readonly string[]): string {
  if (!/^[\w-]{3,30}$/.test(typed)) return "";
  const near = names.filter((name) => name.startsWith(typed) || name.slice(0, 2) === typed.slice(0, 2));
  return near.length === 1 ? near[0]! : "";
}

/** Somebody may have typed their phrase where a command belongs; a few letters are enough to recognise a mistake by. */
function shown(word: string): string {
  return /^[a-z]{1,12}$/.test(word) ? word : "…";
}

// The command line, read by the tables in words/options.ts. Pure, and light: this runs before the prompt appears. Out
// of scope: files, terminals, what a command does, sentences.

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
import { type Spelling, split, type SplitFault } from "./command_line.ts";

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

/** Each option with its value; a switch with any. */
type Given = ReadonlyMap<string, string>;

/** Never throws. */
export function parse(argv: readonly string[]): Args | UsageProblem {
  const line = split(argv, SPELLINGS);
  if ("fault" in line) return faultOf(line);
  const asked = (name: string) => line.given.some(([given]) => given === name);
  if (asked("help")) return { command: "help" };
  if (asked("version")) return { command: "version" };
  const [word = "listen", ...rest] = line.words;
  if (word === "help") return helpArgs(rest);
  const command = COMMANDS.find(({ name }) => name === word)?.name;
  if (command === undefined) {
    return USAGE.noCommand(shown(word), meant(word, COMMANDS.map(({ name }) => name)));
  }
  const given = new Map<string, string>();
  for (const { name, of } of OPTIONS) {
    const [value, ...more] = line.given.filter(([given]) => given === name).map(([, value]) => value);
    if (value === undefined) continue;
    if (more.length > 0) return USAGE.twice(name);
    if (!of.includes(command)) return USAGE.notOf(name, command);
    given.set(name, String(value));
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

function helpArgs(rest: readonly string[]): Args | UsageProblem {
  const [word, ...more] = rest;
  if (word === undefined) return { command: "help" };
  if (more.length > 0) return USAGE.oneTopic;
  const topic = COMMANDS.find(({ name }) => name === word)?.name;
  if (topic !== undefined) return { command: "help", topic };
  return USAGE.noTopic(shown(word), meant(word, COMMANDS.map(({ name }) => name)));
}

function doctorArgs(given: Given, rest: readonly string[]): Args | UsageProblem {
  const targets = invitedTargets(rest);
  if (targets.length > 1) return USAGE.doctorAddress;
  const fd = descriptor(given, "phrase-fd");
  if (typeof fd === "object") return fd;
  const prompt = given.has("with-phrase");
  if (fd !== undefined && prompt) return USAGE.both("phrase-fd", "with-phrase");
  const [target] = targets;
  const proxy = given.get("proxy");
  if (target === undefined && proxy !== undefined) return USAGE.proxyWithout;
  const mapPort = given.get("map-port");
  if (target !== undefined && mapPort !== undefined) return USAGE.mapPortWith;
  if (target === undefined && (fd !== undefined || prompt || given.has("decoy"))) return USAGE.phraseWithout;
  if (given.has("decoy") && fd === undefined && !prompt) return USAGE.decoyWithout;
  return {
    command: "doctor",
    json: given.has("json"),
    target,
    phrase: fd !== undefined ? { from: "fd", fd } : prompt ? { from: "prompt" } : undefined,
    decoy: given.has("decoy"),
    proxy,
    mapPort,
  };
}

/** What an option that takes a descriptor says; undefined where it is not given. Standard input is for the phrase alone. */
function descriptor(
  given: Given,
  name: "phrase-fd" | "onion-password-fd",
): number | undefined | UsageProblem {
  const value = given.get(name);
  if (value === undefined) return undefined;
  const fd = integer(value, undefined, 0, DESCRIPTOR_MAX);
  if (fd !== undefined && (fd > 2 || (fd === 0 && name === "phrase-fd"))) return fd;
  return name === "phrase-fd" ? USAGE.descriptor : USAGE.onionDescriptor;
}

const DESCRIPTOR_MAX = 1_000_000;

function phraseArgs(given: Given, rest: readonly string[]): Args | UsageProblem {
  if (rest.length > 0) return USAGE.phraseAddress;
  const words = integer(given.get("words"), 7, 5, 12);
  if (words === undefined) return USAGE.words;
  return { command: "phrase", words };
}

function chatArgs(
  command: "listen" | "connect",
  given: Given,
  rest: readonly string[],
): Args | UsageProblem {
  const phrase = phraseSource(given);
  if ("wrong" in phrase) return phrase;
  const shape = shapeOf(given);
  if ("wrong" in shape) return shape;
  const onion = onionOf(given, rest, phrase);
  if ("wrong" in onion) return onion;
  const whom = command === "listen" ? listenTo(onion.onion === undefined ? rest : [ONION_LISTENS_ON]) : callTo(rest);
  if ("wrong" in whom) return whom;
  if (given.has("map-port") && command === "connect" && !given.has("listen")) return USAGE.mapPortWithout;
  const friends = integer(given.get("friends"), undefined, 1, MAX_SESSIONS);
  if (friends === undefined && given.has("friends")) return USAGE.friends;
  if (given.has("no-commands") && !given.has("json")) return USAGE.noCommands;
  const introductions = given.get("introductions");
  if (introductions !== undefined && !isIntroductions(introductions)) return USAGE.introductions;
  // For people, whom no event calls.
  const other = given.has("json") ? ["plain", "bell", "notify"].find((name) => given.has(name)) : undefined;
  if (other !== undefined) return USAGE.both(other, "json");
  return {
    command: "chat",
    listen: whom.listen ?? given.get("listen"),
    targets: whom.targets,
    phrase,
    decoy: given.has("decoy"),
    name: given.get("name"),
    ...shape,
    output: given.has("json") ? "json" : given.has("plain") ? "plain" : "screen",
    bell: given.has("bell"),
    notify: given.has("notify"),
    noCommands: given.has("no-commands"),
    friends,
    introductions,
    once: given.has("once"),
    proxy: given.get("proxy"),
    mapPort: given.get("map-port"),
    ...onion,
    requireLockedMemory: given.has("require-locked-memory"),
  };
}

function isIntroductions(text: string): text is NonNullable<ChatArgs["introductions"]> {
  return text === "ask" || text === "yes" || text === "no";
}

function phraseSource(given: Given): ChatArgs["phrase"] | UsageProblem {
  if (given.has("phrase-fd") && given.has("phrase")) return USAGE.both("phrase-fd", "phrase");
  const fd = descriptor(given, "phrase-fd");
  if (typeof fd === "object") return fd;
  if (fd !== undefined) return { from: "fd", fd };
  const text = given.get("phrase");
  return text === undefined ? { from: "prompt" } : { from: "argument", text };
}

function shapeOf(given: Given): Pick<ChatArgs, "cover" | "intervalMs"> | UsageProblem {
  const cover = given.get("cover") ?? "constant";
  if (cover !== "constant" && cover !== "off") return USAGE.cover;
  const intervalMs = integer(given.get("interval"), INTERVAL_DEFAULT_MS, INTERVAL_MIN_MS, INTERVAL_MAX_MS);
  return intervalMs === undefined ? USAGE.interval : { cover, intervalMs };
}

type OnionArgs = Pick<ChatArgs, "onion" | "onionPasswordFd">;

function onionOf(given: Given, rest: readonly string[], phrase: ChatArgs["phrase"]): OnionArgs | UsageProblem {
  const onionPasswordFd = descriptor(given, "onion-password-fd");
  if (typeof onionPasswordFd === "object") return onionPasswordFd;
  const onion = given.get("onion");
  if (onionPasswordFd !== undefined && onion === undefined) return USAGE.onionPassword;
  if (onion !== undefined && (rest.length > 0 || given.has("map-port"))) return USAGE.onionAlone;
  if (onionPasswordFd !== undefined && phrase.from === "fd" && phrase.fd === onionPasswordFd) {
    return USAGE.sameDescriptor;
  }
  return { onion, onionPasswordFd };
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

/** `absent` where the option is not given; undefined where it is not a whole number between the limits. */
function integer<T>(value: string | undefined, absent: T, least: number, most: number): number | T | undefined {
  if (value === undefined) return absent;
  if (!/^\d{1,7}$/.test(value)) return undefined;
  const number = Number(value);
  return number >= least && number <= most ? number : undefined;
}

/** What was typed may hold part of a phrase: only what could be an option's name is said about it. */
function faultOf({ fault, option }: SplitFault): UsageProblem {
  const name = /^--?[A-Za-z0-9][A-Za-z0-9-]{0,29}/.exec(option)?.[0];
  if (fault === "takes none" && name !== undefined) return USAGE.noValue(name);
  const known = OPTIONS.find((o) => `--${o.name}` === option);
  if (known?.value !== undefined) return USAGE.wantsValue(option, known.value);
  const near = meant(name?.slice(2), OPTIONS.map((o) => o.name));
  return USAGE.noOption(name, near === "" ? "" : `--${near}`);
}

/** The one of our names that begins most like what was typed, two letters at least; "" if there is none, or more than one. */
function meant(typed: string | undefined, names: readonly string[]): string {
  if (typed === undefined || !/^[\w-]{3,30}$/.test(typed)) return "";
  for (let length = typed.length; length >= 2; length--) {
    const near = names.filter((name) => name.startsWith(typed.slice(0, length)));
    if (near.length > 0) return near.length === 1 ? near[0]! : "";
  }
  return "";
}

/** Somebody may have typed their phrase where a command belongs; a few letters are enough to recognise a mistake by. */
function shown(word: string): string {
  return /^[a-z]{1,12}$/.test(word) ? word : "…";
}

const SPELLINGS: readonly Spelling[] = [
  { name: "help", short: "h", value: "none" },
  { name: "version", short: "V", value: "none" },
  ...OPTIONS.map(({ name, value, optional }): Spelling => ({
    name,
    value: value === undefined ? "none" : optional === true ? "optional" : "wanted",
  })),
];

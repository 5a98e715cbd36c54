// The start in its order: options, the prompt, the memory for secrets, then everything heavy while the person types.
// Light until then: the prompt must appear at once. Out of scope: hardening (host, before this), the chat itself (run.ts).

import { DEFAULT_PORT } from "../constants.ts";
import type { Host } from "../host/host.ts";
import { report } from "../host/protection.ts";
import { askHidden, PROMPT_END, readFirstLine } from "../terminal/prompt.ts";
import { Tty } from "../terminal/tty.ts";
import type { ChatArgs } from "../chat/chat_args.ts";
import { startedAs } from "../words/command.ts";
import { helpText } from "../words/options.ts";
import {
  KEY_LOG,
  NO_TERMINAL,
  NOT_WRITTEN,
  notLocked,
  phraseShown,
  PROMPT_TEXT,
  usageLine,
  WARNINGS,
  WRITTEN_DOWN,
} from "../words/start.ts";
import { type Args, type DoctorArgs, parse } from "./args.ts";
import { Signals } from "./signals.ts";
import { tell } from "./tell.ts";
import type { argsProblem } from "./checks.ts";
import type { Password } from "./onion.ts";
import type { NoPhrase, PhraseRead } from "./run.ts";
import { VERSION } from "./version.ts";
import type { Arena, LockedBytes, SlotClasses } from "../secrets/locked.ts";

/** How long until a descriptor with nothing in it is looked at again. */
const LOOK_AGAIN_MS = 20;
/** A phrase as it was typed, with room for a line end. */
const TYPED_SIZE = 1026;

/**
 * Slots of the arena.
 *
 * - 32 bytes: of the 128 connections (two with each of 64 friends) each has 128 stored keys and at most 5 others (root key,
 *   two chains, and of a renewal two chains more or one and the X25519 key): 128 x 133 = 17,024. For the moment a cell that
 *   passes over 64 others takes 68, the stretched phrases (33 of 3) 99, a handshake 10. The rest is room.
 * - 64: a renewal's KEM seed or a handshake's for each connection, and wide scalars.
 * - 256: transcripts, two AADs a session, and the 96 bytes of an epoch's keys for the moment.
 * - 1280: cells, the phrase.
 */
const SLOTS: SlotClasses = [[32, 18_000], [64, 512], [256, 512], [1280, 8]];

/** Runs the program; resolves with its exit code. */
export async function boot(host: Host, argv: readonly string[]): Promise<number> {
  startedAs(host.startedAs);
  const args = parse(argv);
  const tty = new Tty(host.writeNow, host.dumbTerminal, host.console);
  if ("wrong" in args) {
    await tell(tty, usageLine(args));
    return 2;
  }
  const code = await command(host, tty, args.command === "chat" ? asTheTerminalWants(host, args) : args);
  if (!tty.failed) return code;
  await tell(tty, NOT_WRITTEN);
  return 1;
}

/** What the environment says about the terminal. */
function asTheTerminalWants(host: Host, args: ChatArgs): ChatArgs {
  return { ...args, output: host.dumbTerminal && args.output === "screen" ? "plain" : args.output };
}

async function command(host: Host, tty: Tty, args: Args): Promise<number> {
  switch (args.command) {
    case "help":
      await tty.write(args.topic === undefined ? helpText() : (await import("../words/help.ts")).topicText(args.topic));
      return 0;
    case "version":
      await tty.write(`${VERSION}\n`);
      return 0;
    case "phrase": {
      const { freshPhrase } = await import("./fresh_phrase.ts");
      await tty.write(`${await freshPhrase(host, args.words)}\n`);
      return 0;
    }
    case "doctor": {
      if (args.target !== undefined) return await doctorCall(host, tty, args, args.target);
      const wrong = await refuseArgs(tty, { mapPort: args.mapPort });
      if (wrong !== undefined) return wrong;
      const end = () => endNow(tty, undefined, PROMPT_END, 1); // its question about F12 takes raw mode
      const signals = new Signals(end);
      signals.onInterrupt(end);
      const { doctor } = await import("./doctor.ts");
      return await doctor(host, tty, args, { signals, end, lock: async () => (await openMemory(host)).locked });
    }
    case "chat":
      return await chat(host, tty, args);
  }
}

async function chat(host: Host, tty: Tty, args: ChatArgs): Promise<number> {
  // Loaded only for what can be wrong: the prompt waits for it.
  const { name, targets, listen, proxy, mapPort, onion } = args;
  if (targets.length > 0 || listen !== String(DEFAULT_PORT) || (name ?? proxy ?? mapPort ?? onion) !== undefined) {
    const wrong = await refuseArgs(tty, args);
    if (wrong !== undefined) return wrong;
  }
  const asks = args.phrase.from === "prompt";
  const refused = await refuseSource(host, tty, args.phrase, true);
  if (refused !== undefined) return refused;
  if (asks && listen !== undefined && await portTaken(tty, listen, targets)) return 3;
  if (asks && onion !== undefined && await torIsAway(tty, onion)) return 3;
  await warn(host, tty);
  await warnOfLogin(tty, proxy);
  let memory: Memory | undefined;
  const panic = (lineEnd: string) => endNow(tty, memory, lineEnd);
  const signalled = () => panic(asks ? PROMPT_END : "");
  const signals = new Signals(signalled); // before the prompt stands, so that a hang-up does not leave it raw
  // As Ctrl-C, which is not a signal there. Without a prompt nothing is raw.
  if (asks) signals.onInterrupt(signalled);
  // The prompt first; the memory for what is typed is made while it stands, and keys wait in the terminal meanwhile.
  const opening = deferred(async () => memory = await openMemory(host));
  const password = await passwordOf(host, tty, args, opening);
  if (typeof password === "number") return password;
  const readAgain = () => readPhrase(host, tty, args, async () => (await opening()).typed, panic);
  const read = readAgain();
  const opened = await opening();
  const weak = await refuseMemory(tty, args, opened, asks ? "\n" : "");
  if (weak !== undefined) return weak;
  const { arena, locked, typed } = opened;
  // What is loaded now keeps the thread for long: a key that waits comes first.
  const { turn } = await import("../system.ts");
  await turn();
  const { run } = await import("./run.ts");
  const protection = report(host, locked);
  return await run({ host, tty, args, arena, protection, typed, read, readAgain, password, signals });
}

/** `sesame doctor HOST`: with the phrase, everything that keeps it safe in a chat holds here as well. */
async function doctorCall(host: Host, tty: Tty, args: DoctorArgs, target: string): Promise<number> {
  const wrong = await refuseArgs(tty, { targets: [target], proxy: args.proxy });
  if (wrong !== undefined) return wrong;
  const { phrase, decoy, json, proxy } = args;
  if (phrase !== undefined) {
    const refused = await refuseSource(host, tty, phrase, false);
    if (refused !== undefined) return refused;
    await warn(host, tty);
  }
  await warnOfLogin(tty, proxy);
  let memory: Memory | undefined;
  const panic = (lineEnd: string) => endNow(tty, memory, lineEnd);
  let asks = phrase?.from === "prompt";
  // Nothing was found out, and a script must not take that for an open way.
  const signalled = () => endNow(tty, memory, asks ? PROMPT_END : "", 1);
  new Signals(signalled).onInterrupt(signalled);
  const opening = deferred(async () => memory = await openMemory(host));
  const reading = phrase && readPhrase(host, tty, { phrase, decoy }, async () => (await opening()).typed, panic);
  const { arena, typed } = await opening();
  const { examine } = await import("./doctor_call.ts");
  const { withLocalTor } = await import("./onion.ts");
  const read = await reading;
  asks = false;
  const way = await withLocalTor(host, { targets: [target], proxy });
  return await examine(host, tty, { target, json, proxy: way.proxy, arena, typed, read });
}

/** Why these values cannot be used, told, with the exit code; undefined: they can. */
async function refuseArgs(tty: Tty, args: Parameters<typeof argsProblem>[0]): Promise<number | undefined> {
  const problem = (await import("./checks.ts")).argsProblem(args);
  if (problem === undefined) return undefined;
  await tell(tty, (await import("../words/problems.ts")).sentence(problem));
  return 2;
}

/** Told before a person types the phrase for nothing. */
async function portTaken(tty: Tty, listen: string, targets: readonly string[]): Promise<boolean> {
  const fault = (await import("../transport/free_port.ts")).portFault(listen);
  if (fault === undefined) return false;
  const { listenProblem, listenWay, sentence } = await import("../words/problems.ts");
  await tell(tty, sentence(listenProblem(listen, fault, listenWay(targets))));
  return true;
}

/** The same of Tor's control port. */
async function torIsAway(tty: Tty, typed: string): Promise<boolean> {
  if (await (await import("./onion.ts")).torAnswers(typed)) return false;
  const { onionProblem } = await import("../words/onion.ts");
  const { sentence } = await import("../words/problems.ts");
  await tell(tty, sentence(onionProblem("nobody", typed === "" ? undefined : typed)));
  return true;
}

/** Why the phrase cannot be taken from there, told, with the exit code; undefined: it can. */
async function refuseSource(
  host: Host,
  tty: Tty,
  phrase: ChatArgs["phrase"],
  chat: boolean,
): Promise<number | undefined> {
  if (phrase.from === "prompt" && !tty.inputIsTerminal) {
    await tell(tty, NO_TERMINAL);
    return 2;
  }
  if (phrase.from === "fd" && (phrase.fd === 0 ? tty.inputIsTerminal : host.isTerminal(phrase.fd))) {
    await tell(tty, phraseShown(phrase.fd, chat));
    return 2;
  }
  if (host.facts.keyLog === true) {
    await tell(tty, KEY_LOG);
    return 5;
  }
  if (host.facts.writesDown === true) {
    await tell(tty, WRITTEN_DOWN);
    return 5;
  }
  return undefined;
}

/** Of what can read the phrase while it is typed: said before it is. The rest is said by the chat (doctor.ts). */
async function warn(host: Host, tty: Tty): Promise<void> {
  const { tracer, preload } = host.facts;
  if (tracer === true) await tell(tty, WARNINGS.tracer);
  if (preload === true) await tell(tty, WARNINGS.preload);
}

async function warnOfLogin(tty: Tty, proxy: string | undefined): Promise<void> {
  if (!proxy?.includes("@")) return;
  await tell(tty, WARNINGS.login);
}

/** The panic of this stretch of the program; panic.ts is loaded later. `lineEnd`: of the line that the prompt stands on. */
function endNow(tty: Tty, memory: Memory | undefined, lineEnd: string, code = 0): never {
  memory?.wipe();
  tty.restore("", lineEnd);
  Deno.exit(code);
}

interface Memory {
  readonly arena: Arena;
  readonly locked: "all" | "part" | "none";
  readonly typed: LockedBytes;
  wipe(): void;
}

async function openMemory(host: Host): Promise<Memory> {
  const { loadSodium, lockSodium, wipeSodium } = await import("../crypto/sodium.ts");
  const arena = await loadSodium(SLOTS);
  return { arena, locked: lockSodium((view) => host.lock(view)), typed: arena.bytes(TYPED_SIZE), wipe: wipeSodium };
}

/** Runs `make` at the first call, and gives its result to every one. */
function deferred<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => made ??= make();
}

async function readPhrase(
  host: Host,
  tty: Tty,
  { phrase, decoy }: Pick<ChatArgs, "phrase" | "decoy">,
  memory: () => Promise<LockedBytes>,
  panic: (lineEnd: string) => never,
): Promise<PhraseRead> {
  if (phrase.from === "argument") void tell(tty, WARNINGS.phrase);
  switch (phrase.from) {
    case "prompt": {
      const outcome = await askHidden(tty, PROMPT_TEXT, memory, panic);
      if (outcome.type === "panic") return panic("");
      return outcome.type === "done" ? { ...outcome, decoy: outcome.decoy || decoy } : outcome;
    }
    case "argument": {
      const bytes = new TextEncoder().encode(phrase.text);
      if (bytes.length > TYPED_SIZE) return { type: "too-long" };
      (await memory()).bytes.set(bytes);
      return { type: "done", length: bytes.length, decoy };
    }
    case "fd": {
      const into = await memory();
      const line = phrase.fd === 0 ? await readFirstLine(tty, into) : await readDescriptor(host, phrase.fd, into);
      return typeof line === "object" ? { type: "done", length: line.length, decoy } : { type: line };
    }
  }
}

/** Before anything has been typed: no secret must come into memory that is not locked, where that is asked for. */
async function refuseMemory(
  tty: Tty,
  { requireLockedMemory }: ChatArgs,
  { locked, wipe }: Memory,
  lineEnd: string,
): Promise<number | undefined> {
  if (!requireLockedMemory || locked === "all") return undefined;
  wipe();
  if (lineEnd !== "") await tty.writeError(lineEnd);
  await tell(tty, notLocked(locked === "part"));
  await tty.restoreWithin();
  return 5;
}

/** Before the phrase is asked for, the password of Tor's control port, if there is one; or the exit code. */
async function passwordOf(
  host: Host,
  tty: Tty,
  args: ChatArgs,
  opening: () => Promise<Memory>,
): Promise<Password | undefined | number> {
  if (args.onionPasswordFd === undefined) return undefined;
  const opened = await opening();
  const weak = await refuseMemory(tty, args, opened, "");
  if (weak !== undefined) return weak;
  const { takePassword } = await import("./onion_password.ts");
  const readLine = (fd: number, into: LockedBytes) => readDescriptor(host, fd, into);
  return await takePassword({ host, tty, arena: opened.arena, readLine }, args.onionPasswordFd);
}

/**
 * Byte by byte, so that nothing behind the first line end is taken away from whoever else reads there; and only what is
 * there already, since a read that waits would keep a signal waiting too.
 */
async function readDescriptor(host: Host, fd: number, into: LockedBytes): Promise<{ length: number } | NoPhrase> {
  const { after } = await import("../system.ts");
  for (let length = 0; length < into.length; length++) {
    while (!host.readable(fd)) await new Promise<void>((resolve) => after(LOOK_AGAIN_MS, resolve));
    const at = into.bytes.subarray(length, length + 1);
    const got = host.readFd(fd, at);
    if (got < 0) return "no such descriptor";
    if (got === 0) return length === 0 ? "end" : { length };
    if (at[0] === 0x0a) return { length: length + 1 };
  }
  return "too-long";
}

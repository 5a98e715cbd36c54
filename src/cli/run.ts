// Everything heavy, loaded while the phrase is typed: TLS is made ready and tried, the phrase is taken, the chat runs.
// Scope: who owns what, signals, and the way out. Out of scope: what happens in the chat (chat/chat.ts).

import { holdsPhrase, normalisePhrase } from "../auth/phrase.ts";
import type { Mode } from "../auth/stretched.ts";
import { forgetWords, isWeak, loadWords } from "../auth/strength.ts";
import { type Arena, LockedBytes } from "../secrets/locked.ts";
import type { Host } from "../host/host.ts";
import type { report } from "../host/protection.ts";
import { guessWaitMs } from "../peers/addresses.ts";
import type { Entropy, Millis } from "../ports.ts";
import { hearPanicOnly, PROMPT_END, PROMPTS } from "../terminal/prompt.ts";
import { tag } from "../terminal/text/sanitise.ts";
import type { Tty } from "../terminal/tty.ts";
import { openView } from "../terminal/open_view.ts";
import type { View } from "../terminal/view.ts";
import { type Identity, makeIdentity } from "../transport/certificate.ts";
import { selfTest } from "../transport/self_check.ts";
import { freshLogin, parseProxy } from "../transport/proxy_address.ts";
import { DEFAULT_PORT } from "../constants.ts";
import { punchPort } from "../transport/address.ts";
import { type TlsOptions, TlsTransport } from "../transport/tls.ts";
import { asTyped } from "../words/command.ts";
import { askedAgain } from "../words/call_failures.ts";
import { unconfirmedText } from "../words/chat.ts";
import type { ChatArgs } from "../chat/chat_args.ts";
import { QuietWindow } from "../chat/quiet_window.ts";
import { Chat, type Outcome } from "../chat/chat.ts";
import { doctorText, startHints } from "../words/doctor.ts";
import { DESCRIPTOR_PROBLEM, EXIT, phraseProblem, type Problem, sentence, WEAK_PHRASE } from "../words/problems.ts";
import { fault, panic, type Restorable } from "./panic.ts";
import { LOCAL_TOR } from "../words/onion.ts";
import { LocalOnion, type Password, withLocalTor } from "./onion.ts";
import { mapperOf } from "./port_mapper.ts";
import type { Signals } from "./signals.ts";
import { tell } from "./tell.ts";
import { Stretcher } from "../chat/stretcher.ts";
import { after, entropyOf, now, turn, wallClock } from "../system.ts";

/** What `run` gets: a machine that is hardened, a terminal, memory for secrets, and a phrase on its way into it. */
export interface Booted {
  /** Of Tor's control port. */
  readonly password: Password | undefined;
  readonly host: Host;
  readonly tty: Tty;
  readonly args: ChatArgs;
  readonly arena: Arena;
  readonly protection: ReturnType<typeof report>;
  readonly typed: LockedBytes;
  readonly read: Promise<PhraseRead>;
  /** Asks at the prompt once more, into the same memory. */
  readonly readAgain: () => Promise<PhraseRead>;
  readonly signals: Signals;
}

/** How reading the phrase ended; `length` bytes of it stand in the locked memory. */
export type PhraseRead =
  | { type: "done"; length: number; decoy: boolean }
  | { type: "leave" }
  | { type: NoPhrase };

export type NoPhrase = "too-long" | "end" | "no such descriptor";

/** Resolves with the exit code; the terminal is in order again then. */
export async function run(booted: Booted): Promise<number> {
  const { tty, host } = booted;
  // Before there is a view, panic puts the terminal back by itself.
  const shown: { now: Restorable } = { now: { panic: () => tty.restore() } };
  const onPanic = () => panic(shown.now);
  const onFault = (error: unknown) => fault(shown.now, (text) => tty.sayLast(text), error);
  booted.signals.onEnd(onPanic);
  watchFaults(onFault);
  tty.onClosed = onPanic;

  const [identity, first] = await Promise.all([ready(host), booted.read]);
  const made: Made = { identity, args: await withLocalTor(host, booted.args), shown, onPanic, onFault };
  const mayAskAgain = booted.args.phrase.from === "prompt" && booted.args.output !== "json";
  let taken = await takeOrAskAgain(booted, first);
  for (let guesses = 0, callFrom: Millis | undefined;;) {
    if (!mayAskAgain) booted.typed[Symbol.dispose]();
    if (taken instanceof Refusal) {
      await end(booted, taken.problem);
      return guesses > 0 && taken.code === EXIT.left ? EXIT.phrase : taken.code;
    }
    const network = made.network ??= networkOf(booted, made);
    const { view, outcome } = await converse(booted, made, network, taken, callFrom);
    if (!mayAskAgain || outcome.phraseRefused === undefined) {
      return await finish(booted, view, outcome);
    }
    guesses += outcome.guesses;
    callFrom = now() + guessWaitMs(guesses);
    taken = await askAnew(booted, made, view, outcome);
  }
}

/** What one start makes once, however often the phrase is asked for. */
interface Made {
  readonly identity: Identity;
  readonly args: ChatArgs;
  /** What panic puts back. */
  readonly shown: { now: Restorable };
  readonly onPanic: () => never;
  readonly onFault: (error: unknown) => never;
  network?: Network;
}

interface Network {
  readonly onion: LocalOnion | undefined;
  readonly transport: TlsTransport;
}

function networkOf({ host, password }: Booted, { identity, args }: Made): Network {
  const entropy = entropyOf(host);
  const onion = args.onion === undefined ? undefined : new LocalOnion(host, args.onion, password, entropy);
  const direct = args.proxy === undefined && onion === undefined;
  const ways = {
    ...proxyOf(args.proxy, entropy),
    ...listening(host, onion),
    ...direct && { callingPort: punchPort(DEFAULT_PORT) },
  };
  return { onion, transport: new TlsTransport(identity, ways) };
}

/** One chat with this phrase, which it takes over and has wiped when it resolves. */
async function converse(
  booted: Booted,
  made: Made,
  { onion, transport }: Network,
  { phrase, mode }: Taken,
  callFrom: Millis | undefined,
): Promise<{ readonly view: View; readonly outcome: Outcome }> {
  const { tty, host, protection } = booted;
  const { identity, args, shown, onPanic, onFault } = made;
  const entropy = entropyOf(host);
  const weak = isWeak(phrase.bytes);
  forgetWords();
  const stretcher = new Stretcher(booted.arena, phrase, mode, (view) => host.lock(view));
  const current: { chat?: Chat } = {};
  const view = viewOf(booted, args, stretcher, current);
  shown.now = view;
  const chat = current.chat = new Chat({
    args,
    arena: booted.arena,
    self: identity.peerId,
    transport,
    stretcher,
    view,
    entropy,
    scripted: !tty.inputIsTerminal,
    ...callFrom !== undefined && { callFrom },
    descriptors: () => host.descriptors && { limit: host.descriptors.limit, left: host.descriptors.left() },
    addresses: () => host.addresses?.(),
    openOnion: onion?.open,
    openMapper: args.mapPort === undefined ? undefined : await mapperOf(host, args.mapPort, entropy),
    doctor: () =>
      doctorText(protection, { input: tty.inputIsTerminal, output: tty.outputIsTerminal, f12: "not tried" }),
    onPanic,
    onFault,
  });
  view.start();
  view.show({ event: "protection", protection });
  for (const text of startHints(protection)) view.show({ event: "hint", text });
  if (weak) view.show({ event: "hint", text: asTyped(WEAK_PHRASE) });
  if (args.proxy !== booted.args.proxy) view.show({ event: "hint", text: LOCAL_TOR });
  booted.signals.onInterrupt(polite(() => chat.input({ type: "leave" }), onPanic));
  return { view, outcome: await chat.run() };
}

/** The phrase was refused: the chat's screen goes, the person is told, and asked once more. */
async function askAnew(
  booted: Booted,
  { shown, onPanic }: Made,
  view: View,
  { problem, earlier = [], phraseRefused, unsent }: Outcome,
): Promise<Taken | Refusal> {
  const { tty, signals } = booted;
  hearPanicOnly(tty, onPanic);
  await view.stop("asks");
  shown.now = { panic: () => tty.restore("", PROMPT_END) };
  tty.onClosed = onPanic;
  signals.onInterrupt(onPanic);
  const lost = booted.args.output === "screen" ? [unsent, ...earlier] : [];
  // What one can do about the phrase comes last.
  for (const other of [...lost, problem]) {
    if (other !== undefined && other !== phraseRefused) await tell(tty, sentence(other));
  }
  if (phraseRefused !== undefined) await tell(tty, sentence(askedAgain(phraseRefused)));
  loadWords();
  return await takeOrAskAgain(booted, await booted.readAgain());
}

/** The phrase as it is stretched, and for which of the two rooms. */
interface Taken {
  readonly phrase: LockedBytes;
  readonly mode: Mode;
}

/** Asked again rather than ended: the phrase typed once more would go to the shell, which shows it and keeps it. */
async function takeOrAskAgain(booted: Booted, first: PhraseRead): Promise<Taken | Refusal> {
  let taken = takePhrase(booted, first);
  for (let asked = 1; booted.args.phrase.from === "prompt" && taken instanceof Refusal && asked < PROMPTS; asked++) {
    if (taken.problem === undefined) break;
    await tell(booted.tty, sentence(taken.problem));
    taken = takePhrase(booted, await booted.readAgain());
  }
  return taken;
}

/** `current`: the chat, as soon as there is one, gets the input and says when it has time for painting. */
function viewOf(
  { host, tty, arena }: Booted,
  args: ChatArgs,
  stretcher: Stretcher,
  current: { readonly chat?: Chat },
): View {
  return openView(
    args.output,
    tty,
    {
      colour: host.noColour ? "none" : "auto",
      bell: args.bell,
      notify: args.notify,
      wall: wallClock,
      pace: new QuietWindow(() => current.chat?.nextTick ?? Infinity, now, after),
      after,
      name: args.name,
      holdsPhrase: (text) => holdsPhrase(arena, text, (bytes) => stretcher.heldIn(bytes)),
    },
    (input) => current.chat?.input(input),
  );
}

/** What keeps the chat from beginning; with no problem to tell, the person has simply left. */
export class Refusal {
  constructor(readonly code: number, readonly problem: Problem | undefined) {}
}

/** What can be made ready while the phrase is typed. */
async function ready(host: Host): Promise<Identity> {
  const identity = await readyTls(host);
  await turn();
  loadWords();
  return identity;
}

/** A fresh identity, on TLS that has been tried. */
export async function readyTls(host: Host): Promise<Identity> {
  const identity = makeIdentity(entropyOf(host));
  await turn(); // the first handshake of a process keeps the thread for 30 ms
  await selfTest(identity);
  return identity;
}

/** A typed proxy that checks.ts has nothing against. Without a login each call takes one of its own, so that Tor keeps them apart. */
export function proxyOf(typed: string | undefined, entropy: Entropy): TlsOptions {
  if (typed === undefined) return {};
  const proxy = parseProxy(typed);
  // Never past the proxy, whatever else is wrong.
  if (typeof proxy === "string") throw new TypeError("an unchecked proxy");
  return { proxy: { address: proxy.address, login: () => proxy.login ?? freshLogin(entropy) } };
}

/** How many callers there is room for, and which of them Tor brought. */
function listening({ descriptors }: Host, onion: LocalOnion | undefined): TlsOptions {
  return { ...descriptors && { descriptors }, ...onion && { brought: onion.brought } };
}

/** What was typed is wiped. */
export function takePhrase({ arena, typed }: Pick<Booted, "arena" | "typed">, read: PhraseRead): Taken | Refusal {
  switch (read.type) {
    case "leave":
      return new Refusal(EXIT.left, undefined);
    case "too-long":
    case "end":
      return new Refusal(EXIT.usage, phraseProblem(read.type));
    case "no such descriptor":
      return new Refusal(EXIT.usage, DESCRIPTOR_PROBLEM);
    case "done": {
      const phrase = normalisePhrase(arena, typed.bytes.subarray(0, read.length));
      typed.bytes.fill(0);
      if (!(phrase instanceof LockedBytes)) return new Refusal(EXIT.usage, phraseProblem(phrase));
      return { phrase, mode: read.decoy ? "decoy" : "real" };
    }
  }
}

async function finish(booted: Booted, view: View, outcome: Outcome): Promise<number> {
  if (outcome.stopped !== undefined) view.show({ event: "stopped", reason: outcome.stopped });
  await view.stop(outcome.problem === undefined ? undefined : "told");
  // Lines have said it already; a screen is gone by now, and what is said here stays on the person's own.
  if (booted.args.output === "screen") {
    for (const [peer, count] of outcome.unconfirmed) {
      await tell(booted.tty, unconfirmedText(tag(peer), count));
    }
    if (outcome.unsent !== undefined) await tell(booted.tty, sentence(outcome.unsent));
    for (const problem of outcome.earlier ?? []) await tell(booted.tty, sentence(problem));
  }
  await end(booted, outcome.problem);
  return outcome.code;
}

async function end({ tty }: Booted, problem: Problem | undefined): Promise<void> {
  if (problem !== undefined) await tell(tty, sentence(problem));
  await tty.restoreWithin();
}

/** Everything that nobody caught. */
function watchFaults(onFault: (error: unknown) => never): void {
  globalThis.addEventListener("error", (event) => {
    event.preventDefault();
    onFault(event.error);
  });
  globalThis.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    onFault(event.reason);
  });
}

/** Where the terminal is not raw, Ctrl-C is a signal: it says goodbye, and ends at once the second time. */
function polite(leave: () => void, onPanic: () => never): () => void {
  let asked = false;
  return () => {
    if (asked) onPanic();
    asked = true;
    leave();
  };
}

// One run of the chat: from a phrase to the last goodbye. In here: what a line of input means, when the program ends and
// with which exit code. Not in here: who may connect (peers), how it looks (terminal), performing effects (loop).

import type { ChatArgs } from "./chat_args.ts";
import { OnionName, type OpenOnion } from "./onion_name.ts";
import { ONION_PUBLISHING, onionProblem } from "../words/onion.ts";
import { fullTarget, parseCommand, shownProxy } from "./commands.ts";
import { asTyped } from "../words/command.ts";
import {
  inputEnded,
  LOST_EVERYBODY,
  messageRefused,
  missedBy,
  missedInAll,
  NOBODY_ANY_MORE,
  NOBODY_CONFIRMS,
  NOBODY_HERE,
  unsent,
  waitsForFirst,
} from "../words/chat.ts";
import {
  addressProblem,
  commandHelp,
  costText,
  NOT_LISTENING,
  peersText,
  proxyText,
  wireText,
} from "../words/commands.ts";
import { callProblem } from "../words/call_failures.ts";
import { EXIT, listenProblem, type Problem } from "../words/problems.ts";
import { COULD_NOT_LISTEN, HIDDEN, LISTENING_ALREADY, nameRefused } from "../words/circle.ts";
import { calledAt, invitation } from "../words/invitation.ts";
import { type Address, formatAddress, parseListen } from "../transport/address.ts";
import { CircleTalk } from "./circle.ts";
import { Loop } from "./loop.ts";
import type { Stretcher } from "./stretcher.ts";
import { after, every, now, wallClock } from "../system.ts";
import { mostWaiting, patienceMs, SlowFriends } from "./slow_friends.ts";
import { LOOK_MS, Waking } from "./waking.ts";
import { Watch } from "./watch.ts";
import { DEFAULT_PORT, DRAIN_TIMEOUT_MS, HELD_MESSAGES_MAX, MAX_UNCONFIRMED, SALT_SIZE } from "../constants.ts";
import { type CallFailure, reasonOf } from "../call.ts";
import type { StoppedReason } from "../notice.ts";
import type { Present } from "../peers/event.ts";
import { Peers } from "../peers/step.ts";
import type { Entropy, Millis, PeerId, Transport } from "../ports.ts";
import type { Arena } from "../secrets/locked.ts";
import type { MapEvent, Mapper } from "../transport/mapping/mapper.ts";
import { wokeText } from "../words/mapping.ts";
import { isName, messageProblem } from "../wire/message.ts";
import { sanitise, tag } from "../terminal/text/sanitise.ts";
import type { Input, View } from "../terminal/view.ts";

export interface ChatParts {
  readonly args: ChatArgs;
  readonly arena: Arena;
  readonly self: PeerId;
  readonly transport: Transport;
  readonly stretcher: Stretcher;
  readonly view: View;
  readonly entropy: Entropy;
  /** Input comes from a pipe. */
  readonly scripted: boolean;
  /** How many descriptors there may be and are left; undefined: more than enough, or not known. */
  descriptors?(): { readonly limit: number; readonly left: number } | undefined;
  /** This machine's own addresses, undefined where they cannot be found out. */
  addresses(): readonly Uint8Array[] | undefined;
  /** Has an onion name made for our port, if that was asked for. */
  readonly openOnion?: OpenOnion | undefined;
  /** What has our port passed on by the router, if that was asked for. */
  readonly openMapper?: ((port: number, tell: (event: MapEvent) => void) => PortMapper) | undefined;
  /** What protects the person here, in lines. */
  doctor(): string;
  onPanic(): never;
  onFault(error: unknown): never;
}

/** The part of transport/mapping that a chat uses. */
export type PortMapper = Pick<Mapper, "ask" | "end" | typeof Symbol.dispose>;

/** How a chat ended: its exit code, why, what could not be done, and for whom something was not confirmed, how much. */
export interface Outcome {
  readonly code: number;
  readonly stopped: StoppedReason | undefined;
  readonly problem: Problem | undefined;
  readonly unconfirmed: ReadonlyMap<PeerId, number>;
}

const NOTHING_UNCONFIRMED: Outcome["unconfirmed"] = new Map();

export class Chat {
  readonly #parts: ChatParts;
  readonly #peers: Peers;
  readonly #loop: Loop;
  readonly #watch = new Watch();
  /** Said before the first friend was there, and not sent yet. */
  readonly #held: string[] = [];
  #releasing = false;
  /** The pipe is held back: there may be more in it than was read. */
  #holding = false;
  /** How many lines of a script came when nobody was here any more. */
  #unsent = 0;
  readonly #slow: SlowFriends;
  /** Who did not get the last messages, as 64 before were not confirmed there, and how many. */
  readonly #missed = new Map<PeerId, { readonly who: string; count: number }>();
  /** What calls go through, without its login. */
  readonly #proxy: string | undefined;
  readonly #circle: CircleTalk;
  #met = false;
  /** How many were here after the last step. */
  #here = 0;
  /** The address that we listen on. */
  #listening: string | undefined;
  #mapper: PortMapper | undefined;
  #onion: OnionName | undefined;
  readonly #waking = new Waking();
  /** Where the router lets calls through to us. */
  #outer: readonly Address[] = [];
  /** We take calls, or are about to. */
  #opening = false;
  #ending = false;
  #end: (outcome: Outcome) => void = () => {};
  /** Runs after each step until it says that it is done. */
  #whenSettled: (() => void) | undefined;

  constructor(parts: ChatParts) {
    this.#parts = parts;
    const { args, arena, self } = parts;
    this.#proxy = shownProxy(args.proxy);
    this.#slow = new SlowFriends(mostWaiting(args), patienceMs(args));
    this.#peers = new Peers(arena, {
      self,
      shape: { cover: args.cover, intervalMs: args.intervalMs },
      name: args.name,
      friends: args.friends,
      descriptors: parts.descriptors?.(),
      introductions: args.introductions ?? (parts.scripted ? "no" : "ask"),
      hidden: this.#hides,
    });
    this.#circle = new CircleTalk({
      self,
      peers: this.#peers,
      step: (event) => this.#loop.step(event),
      hint: (text) => this.#hint(text),
      problem: (problem) => this.#problem(problem),
      lines: args.output !== "json",
    });
    this.#loop = new Loop({
      ...parts,
      onNotice: (notice) => this.#circle.notice(notice, now()),
      peers: this.#peers,
      watch: this.#watch,
      onCallEnded: (target, failure) => this.#callEnded(target, failure),
      onStep: () => this.#afterStep(),
    });
  }

  /** Resolves when the chat is over, everything is closed and every secret of it wiped. */
  async run(): Promise<Outcome> {
    const ended = new Promise<Outcome>((done) => this.#end = done);
    using _ = this.#loop;
    using _reach = { [Symbol.dispose]: () => (this.#mapper?.[Symbol.dispose](), this.#onion?.[Symbol.dispose]()) };
    using _clock = every(1_000, () => this.#tick());
    this.#look(); // what is so at the start is no change
    using _waking = every(LOOK_MS, () => this.#look());
    // Whoever leaves while the phrase is being stretched does not wait for it.
    const begun = this.#begin().catch((error) => {
      if (!this.#ending) throw error;
      return undefined;
    });
    const problem = await Promise.race([begun, ended.then(() => undefined)]);
    if (problem !== undefined) {
      return { code: EXIT.connection, stopped: undefined, problem, unconfirmed: NOTHING_UNCONFIRMED };
    }
    return await ended;
  }

  #tick(): void {
    const { view } = this.#parts;
    view.tick();
    if (this.#ending) return;
    view.quiet(this.#peers.quiet(now()));
    this.#circle.tick(now());
    this.#regulate();
    for (const { target, failure } of this.#watch.due(now(), this.#peers.callingWhom)) {
      view.show({ event: "diagnosis", address: target, failure, proxy: this.#proxy });
    }
  }

  /** After sleep, and in another network: calls, meetings and the router's word begin anew. A listener goes on by itself. */
  #look(): void {
    const change = this.#waking.look(now(), wallClock(), this.#parts.addresses());
    if (change === undefined || this.#ending) return;
    this.#hint(wokeText(change, this.#peers.calling));
    this.#loop.step({ type: "woke" });
    if (this.#listening === undefined) return;
    this.#tellReachable(this.#listening);
    if (change === "moved") this.#hint(this.#invitation(this.#listening));
    void this.#mapper?.ask().catch(this.#parts.onFault);
  }

  /** When something is due on some link; Infinity if nothing is. */
  get nextTick(): Millis {
    return this.#peers.deadline;
  }

  /** What the person, or the pipe, puts in. */
  input(input: Input): void {
    switch (input.type) {
      case "line":
        return this.#line(input.text);
      case "leave":
        return void this.#leave("quit");
      case "end":
        return void this.#endOfInput();
      case "panic":
        this.#parts.onPanic();
    }
  }

  async #begin(): Promise<Problem | undefined> {
    const { args, view, self } = this.#parts;
    view.show({ event: "self", peer: self, name: args.name ?? "" });
    view.show({ event: "hint", text: costText(args) });
    if (this.#proxy !== undefined) {
      view.show({ event: "hint", text: proxyText(this.#proxy, args.listen !== undefined) });
    }
    const problem = args.listen === undefined ? undefined : await this.#listen(args.listen);
    if (problem !== undefined || this.#ending) return problem;
    for (const target of args.targets) this.#loop.step({ type: "call", target: fullTarget(target), retry: args.retry });
    return undefined;
  }

  /**
   * Takes the port and shows the invitation at once. Then the phrase is stretched for our own salt; who calls meanwhile
   * waits as long as that takes.
   */
  async #listen(where: string): Promise<Problem | undefined> {
    const { view, stretcher, entropy } = this.#parts;
    this.#opening = true;
    let address: string;
    try {
      address = await this.#loop.listen(where);
    } catch (error) {
      this.#opening = false;
      return listenProblem(where, error instanceof Error && "code" in error ? String(error.code) : undefined);
    }
    if (this.#ending) return undefined;
    this.#listening = address;
    view.show({ event: "listening", address });
    if (this.#parts.openOnion === undefined) this.#hint(this.#invitation(address));
    const salt = new Uint8Array(SALT_SIZE);
    entropy(salt);
    view.show({ event: "stretching", done: false });
    const phrase = await stretcher.stretch(salt);
    if (this.#ending) {
      phrase[Symbol.dispose]();
      return undefined;
    }
    view.show({ event: "stretching", done: true });
    this.#loop.step({ type: "ready", phrase });
    this.#tellReachable(address);
    this.#loop.takeCalls();
    this.#mapPort(address);
    return await this.#nameByTor(address);
  }

  // --- Being reachable ---

  #invitation(listening: string): string {
    if (this.#onion !== undefined) return this.#onion.invitation;
    return invitation(listening, this.#parts.addresses(), this.#outer);
  }

  /** Our address is not to be shown, as calls go through a proxy or come through Tor. */
  get #hides(): boolean {
    return this.#proxy !== undefined || this.#parts.openOnion !== undefined;
  }

  /** What introductions may tell of where we are called. */
  #tellReachable(listening: string): void {
    const { addresses, loopback } = calledAt(listening, this.#parts.addresses(), this.#outer);
    this.#loop.step({ type: "reachable", addresses, hidden: loopback || this.#hides });
  }

  /** Without the name nobody can call: then the chat ends. */
  async #nameByTor(listening: string): Promise<Problem | undefined> {
    const { openOnion, view, args } = this.#parts;
    const at = parseListen(listening);
    if (openOnion === undefined || typeof at === "string") return undefined;
    this.#onion = new OnionName(openOnion, at.port, (notice) => view.show(notice));
    const fault = await this.#onion.start();
    if (fault !== undefined && !this.#ending) return onionProblem(fault, args.onion === "" ? undefined : args.onion);
    if (fault === undefined) this.#hint(ONION_PUBLISHING);
    return undefined;
  }

  /** Nobody waits for the router: it may take its time, or not be there. */
  #mapPort(listening: string): void {
    const at = parseListen(listening);
    if (typeof at === "string") return;
    this.#mapper = this.#parts.openMapper?.(at.port, (event) => this.#mapped(listening, event));
    void this.#mapper?.ask().catch(this.#parts.onFault);
  }

  #mapped(listening: string, event: MapEvent): void {
    if (this.#ending) return;
    const { view } = this.#parts;
    if (event.type === "unmapped") {
      this.#outer = this.#outer.filter(({ host }) => host.includes(":"));
      view.show({ event: "unmapped", address: listening, why: event.why, lost: event.lost });
      return this.#tellReachable(listening);
    }
    const { address, by, seconds } = event;
    const six = address.host.includes(":");
    this.#outer = [...this.#outer.filter(({ host }) => host.includes(":") !== six), address];
    view.show({ event: "mapped", address: formatAddress(address), by, seconds });
    this.#tellReachable(listening);
    this.#hint(this.#invitation(listening));
  }

  /** `/listen [PORT]` */
  #listenNow(text: string): void {
    if (this.#opening) return this.#hint(LISTENING_ALREADY);
    if (this.#proxy !== undefined) return this.#problem({ ...HIDDEN, doing: COULD_NOT_LISTEN });
    const port = text === "" ? String(DEFAULT_PORT) : text;
    const parsed = /^\d{1,5}$/.test(port) ? parseListen(port) : "port";
    if (typeof parsed === "string") return this.#problem(addressProblem(COULD_NOT_LISTEN, parsed));
    void this.#listen(port).then((problem) => problem && this.#problem(problem), (error) => {
      if (!this.#ending) this.#parts.onFault(error);
    });
  }

  #rename(text: string): void {
    if (isName(text)) {
      this.#parts.view.show({ event: "self", peer: this.#parts.self, name: text });
      return this.#loop.step({ type: "rename", name: text });
    }
    this.#problem(nameRefused());
  }

  // --- Lines ---

  #line(line: string): void {
    if (this.#ending) return;
    const commands = !this.#parts.args.noCommands;
    if (commands && line.startsWith("/") && !line.startsWith("//")) return this.#command(line);
    const text = commands && line.startsWith("//") ? line.slice(1) : line;
    if (text === "" && this.#parts.args.output !== "json") return;
    const problem = messageProblem(text);
    if (problem === undefined) return this.#say(text, line);
    this.#parts.view.giveBack(line);
    this.#problem(messageRefused(problem.problem === "too big" ? problem.size : undefined));
  }

  /** `line` is what was typed for it. */
  #say(text: string, line: string): void {
    const { scripted, view } = this.#parts;
    if (!this.#met || (!scripted && this.#held.length > 0)) return this.#hold(text, line);
    // Not back into the input, where the next line would be typed behind it: the history has it.
    if (!scripted && this.#peers.present().length === 0) return this.#problem(NOBODY_ANY_MORE);
    // A pipe is held back before this; a person keeps the line until there is room.
    if (!scripted && this.#peers.full) {
      view.giveBack(line);
      return this.#problem(NOBODY_CONFIRMS);
    }
    this.#send(text);
  }

  /** Until the first friend is there. A person is told so, a script held back. */
  #hold(text: string, line: string): void {
    if (!this.#parts.scripted) {
      if (this.#held.length >= HELD_MESSAGES_MAX) {
        this.#parts.view.giveBack(line);
        return this.#problem(NOBODY_HERE);
      }
      this.#hint(waitsForFirst(text));
    }
    this.#held.push(text);
    // Now, as nothing else may happen before the next line, which may be of the same read.
    this.#regulate();
  }

  /** To all who are here and have room for it, and the person is told who has not: at the end of a gap how much it was. */
  #send(text: string): void {
    const present = this.#peers.present();
    if (present.length === 0) {
      // Who comes next may be somebody else: nothing waits for them that was said after others had left.
      this.#unsent++;
      return this.#problem(NOBODY_HERE);
    }
    const without = present.filter(({ unconfirmed }) => unconfirmed >= MAX_UNCONFIRMED);
    this.#loop.step({ type: "say", text });
    for (const friend of without) {
      const missed = this.#missed.get(friend.peer) ?? { who: labelOf(friend), count: 0 };
      this.#missed.set(friend.peer, missed);
      // A script does not read what it is told, and a log wants it once.
      if (++missed.count > 1 && this.#parts.scripted) continue;
      this.#problem(missedBy(missed.who));
    }
  }

  /** Of those who have caught up, or left: at the end of everybody. */
  #tellMissed(): void {
    if (this.#missed.size === 0) return;
    const present = this.#peers.present();
    for (const [peer, { who, count }] of this.#missed) {
      if ((present.find((p) => p.peer === peer)?.unconfirmed ?? 0) > 0) continue;
      this.#missed.delete(peer);
      this.#hint(missedInAll(who, count));
    }
  }

  #command(line: string): void {
    const command = parseCommand(line);
    switch (command.name) {
      case "peers": {
        const present = this.#peers.present().map((friend) => ({ ...friend, who: labelOf(friend) }));
        return this.#hint(peersText(present, this.#circle.lines(), this.#parts.args));
      }
      case "introduce":
        return this.#circle.introduce(command.text);
      case "decline":
        return this.#circle.decline(command.text);
      case "verify":
        return this.#circle.verify(command.text);
      case "msg":
        if (!this.#circle.message(command.text)) this.#parts.view.giveBack(line);
        return;
      case "name":
        return this.#rename(command.text);
      case "listen":
        return this.#listenNow(command.text);
      case "connect":
        for (const target of command.targets) {
          this.#loop.step({ type: "call", target, retry: this.#parts.args.retry });
        }
        return;
      case "invite":
        return this.#hint(
          this.#listening === undefined ? asTyped(NOT_LISTENING) : this.#invitation(this.#listening),
        );
      case "clear":
        return this.#parts.view.clear();
      case "wire":
        return this.#hint([
          wireText(this.#parts.args, this.#peers.present().length),
          ...this.#proxy === undefined ? [] : [proxyText(this.#proxy, this.#listening !== undefined)],
        ].join("\n"));
      case "doctor":
        return this.#hint(this.#parts.doctor());
      case "help":
        return this.#hint(commandHelp());
      case "quit":
        return void this.#leave("quit");
      case "unknown":
        this.#parts.view.giveBack(line); // a slip of a letter, or a message that begins like a path
        return this.#problem(command.problem);
    }
  }

  #hint(text: string): void {
    this.#parts.view.show({ event: "hint", text });
  }

  #problem(problem: Problem): void {
    this.#parts.view.show({ event: "problem", ...problem });
  }

  // --- What happens after each step ---

  #afterStep(): void {
    const here = this.#peers.present().length;
    this.#met ||= here > 0;
    // Who only calls has nobody left to wait for.
    const alone = this.#here > 0 && here === 0 && this.#listening === undefined && !this.#peers.calling;
    this.#here = here;
    if (alone && !this.#parts.scripted && !this.#ending) this.#hint(LOST_EVERYBODY);
    this.#tellMissed();
    this.#regulate();
    this.#whenSettled?.();
  }

  /** Lets go what may go, and of a pipe holds back the rest. */
  #regulate(): void {
    const mayGo = this.#mayGo;
    if (this.#met && mayGo && this.#held.length > 0 && !this.#releasing) {
      this.#releasing = true;
      // Not from inside the step that brought the friend.
      queueMicrotask(() => this.#release());
    }
    if (!this.#parts.scripted) return;
    // What was held goes before what is still in the pipe, so that a command there keeps its place.
    this.#holding = this.#met ? !mayGo || this.#held.length > 0 : this.#held.length >= HELD_MESSAGES_MAX;
    this.#parts.view.hold(this.#holding);
  }

  get #mayGo(): boolean {
    return this.#parts.scripted ? this.#slow.mayGo(this.#peers.present(), now()) : !this.#peers.full;
  }

  /** As much as there is room for; the rest when something has been confirmed. */
  #release(): void {
    while (!this.#ending && this.#mayGo) {
      const text = this.#held.shift();
      if (text === undefined) break;
      this.#send(text);
    }
    this.#releasing = false;
    this.#regulate();
    this.#whenSettled?.();
  }

  #callEnded(target: string, failure: CallFailure): void {
    if (this.#ending) return;
    const problem = callProblem(target, failure, this.#proxy);
    const hopeless = this.#listening === undefined && !this.#peers.calling && this.#peers.present().length === 0;
    const targets = this.#parts.args.targets.map(fullTarget);
    // After a conversation the person is asked what to do, and nothing ends by itself.
    if (!hopeless || this.#met || !targets.includes(target)) return this.#problem(problem);
    this.#ending = true;
    this.#tellUnsent();
    const code = targets.length === 1 && reasonOf(failure) === "phrase" ? EXIT.phrase : EXIT.connection;
    this.#end({ code, stopped: undefined, problem, unconfirmed: NOTHING_UNCONFIRMED });
  }

  // --- The end ---

  /**
   * At most DRAIN_TIMEOUT_MS for confirmations, and for a call that has not brought anybody yet; then goodbye. Counted
   * anew when something that was held is sent, as it would be had it been in the pipe until then.
   */
  #endOfInput(): void {
    if (this.#ending || this.#whenSettled !== undefined) return;
    let held = Infinity;
    let cancel = () => {};
    this.#whenSettled = () => {
      if (this.#held.length < held) {
        held = this.#held.length;
        cancel();
        cancel = after(DRAIN_TIMEOUT_MS, () => void this.#leave("end-of-input"));
      }
      const waits = held > 0 || (this.#met ? !this.#peers.settled : this.#peers.calling);
      if (waits) return;
      cancel();
      this.#whenSettled = undefined;
      // Not from inside a step.
      queueMicrotask(() => void this.#leave("end-of-input"));
    };
    this.#whenSettled();
  }

  /** Said by a script, and sent to nobody. Where the pipe is held there may be further ones, which were not read. */
  #tellUnsent(more = this.#holding): void {
    const waiting = this.#held.length;
    const count = waiting + this.#unsent;
    if (count === 0) return;
    this.#problem(unsent(count, more, this.#met && waiting > 0));
  }

  async #leave(reason: StoppedReason): Promise<void> {
    if (this.#ending) return;
    this.#ending = true;
    this.#whenSettled = undefined;
    const { view } = this.#parts;
    const more = this.#holding; // after the goodbyes it is not any more
    await Promise.all([this.#loop.leave(), this.#mapper?.end()]);
    const unconfirmed = new Map<PeerId, number>();
    for (const { id, peer, reported } of this.#peers.unconfirmed()) {
      unconfirmed.set(peer, (unconfirmed.get(peer) ?? 0) + 1);
      if (!reported) view.show({ event: "unconfirmed", id, peer });
    }
    this.#tellUnsent(more);
    const { targets } = this.#parts.args;
    const failed = reason === "end-of-input" && targets.length > 0 && !this.#met;
    const problem = failed ? inputEnded(targets.map(fullTarget).join(" ")) : undefined;
    this.#end({ code: failed ? EXIT.connection : EXIT.left, stopped: reason, problem, unconfirmed });
  }
}

function labelOf({ name, peer }: Present): string {
  return `${name === undefined ? "friend" : sanitise(name, "name")} [${tag(peer)}]`;
}

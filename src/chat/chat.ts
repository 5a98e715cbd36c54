// One run of the chat: from a phrase to the last goodbye. Scope: what a line of input means, when the program ends and
// with which exit code. Out of scope: who may connect (peers), how it looks (terminal), performing effects (loop).

import { fullTarget, parseCommand, shownProxy } from "./commands.ts";
import { inputEnded } from "../words/chat.ts";
import {
  asText,
  commandHelp,
  costText,
  isCommand,
  NOT_LISTENING,
  peersText,
  proxyText,
  wireText,
} from "../words/commands.ts";
import { EXIT, type Problem } from "../words/problems.ts";
import { NAME_REFUSED } from "../words/circle.ts";
import { CircleTalk } from "./circle.ts";
import { FirstCalls } from "./first_calls.ts";
import { GuessPause } from "./guess_pause.ts";
import { Loop } from "./loop.ts";
import { Pipe } from "./pipe.ts";
import { Reachable, type ReachableParts } from "./reachable.ts";
import { after, every, now, wallClock } from "../system.ts";
import type { Stretcher } from "./stretcher.ts";
import { LOOK_MS, Waking } from "./waking.ts";
import { Watch } from "./watch.ts";
import { ownLabel } from "../terminal/text/sanitise.ts";
import { labelOf } from "./who.ts";
import { DRAIN_TIMEOUT_MS } from "../constants.ts";
import type { CallFailure } from "../call.ts";
import type { StoppedReason } from "../notice.ts";
import { Peers } from "../peers/step.ts";
import type { Millis, PeerId, Transport } from "../ports.ts";
import type { Arena } from "../secrets/locked.ts";
import { wokeText } from "../words/mapping.ts";
import { isName } from "../wire/message.ts";
import type { Input } from "../terminal/view.ts";

export interface ChatParts extends ReachableParts {
  readonly arena: Arena;
  readonly stretcher: Stretcher;
  readonly self: PeerId;
  readonly transport: Transport;
  /** Input comes from a pipe. */
  readonly scripted: boolean;
  /** No friend is called before this time: they would not hear us after that many wrong phrases. */
  readonly callFrom?: Millis;
  /** How many descriptors there may be and are left; undefined: more than enough, or not known. */
  descriptors?(): { readonly limit: number; readonly left: number } | undefined;
  /** What protects the person here, in lines. */
  doctor(): string;
  onPanic(): never;
}

/** How a chat ended. */
export interface Outcome {
  readonly code: number;
  readonly stopped: StoppedReason | undefined;
  /** What could not be done. */
  readonly problem: Problem | undefined;
  /** Of the other calls that the chat began with: the view has told them, and a screen takes them with it. */
  readonly earlier?: readonly Problem[];
  /** Nobody was ever here, and the phrase may be why: the first call that it failed. */
  readonly phraseRefused?: Problem | undefined;
  /** The friends who have not confirmed something, and how much. */
  readonly unconfirmed: ReadonlyMap<PeerId, number>;
  /** What was said and sent to nobody. */
  readonly unsent: Problem | undefined;
  /** Our answers that may have been wrong guesses in the eyes of those we called. */
  readonly guesses: number;
}

export class Chat {
  readonly #parts: ChatParts;
  readonly #says: { hint(text: string): void; problem(problem: Problem): void };
  readonly #peers: Peers;
  readonly #loop: Loop;
  readonly #watch = new Watch();
  readonly #pipe: Pipe;
  readonly #reachable: Reachable;
  /** What calls go through, without its login. */
  readonly #proxy: string | undefined;
  readonly #circle: CircleTalk;
  /** One's own; empty: none. */
  #name: string;
  /** How many were here after the last step. */
  readonly #waking = new Waking();
  #ending = false;
  #end: (outcome: Pick<Outcome, "code" | "stopped" | "problem"> & Partial<Outcome>) => void = () => {};
  readonly #pause = new GuessPause();
  readonly #firstCalls: FirstCalls;
  /** Runs after each step until it says that it is done. */
  #whenSettled: (() => void) | undefined;

  constructor(parts: ChatParts) {
    this.#parts = parts;
    const { args, arena, self } = parts;
    this.#name = args.name ?? "";
    this.#proxy = shownProxy(args.proxy);
    this.#firstCalls = new FirstCalls(args.targets, this.#proxy);
    const hidden = this.#proxy !== undefined || parts.openOnion !== undefined;
    this.#peers = new Peers(arena, {
      self,
      shape: { cover: args.cover, intervalMs: args.intervalMs },
      name: args.name,
      friends: args.friends,
      descriptors: parts.descriptors?.(),
      introductions: args.introductions ?? (parts.scripted ? "no" : "ask"),
      hidden,
    });
    const says = this.#says = {
      hint: (text) => parts.view.show({ event: "hint", text }),
      problem: (problem) => parts.view.show({ event: "problem", ...problem }),
    };
    this.#pipe = new Pipe({
      ...says,
      shape: args,
      scripted: parts.scripted,
      view: parts.view,
      peers: this.#peers,
      send: (text) => this.#loop.step({ type: "say", text }),
      onReleased: () => this.#whenSettled?.(),
    });
    this.#circle = new CircleTalk({
      ...says,
      self,
      peers: this.#peers,
      step: (event) => this.#loop.step(event),
      hangUp: (target) => this.#loop.hangUp(target),
      lines: args.output !== "json",
    });
    this.#loop = new Loop({
      ...parts,
      onNotice: (notice) => {
        this.#pause.take(notice);
        this.#firstCalls.take(notice);
        this.#circle.notice(notice, now());
      },
      peers: this.#peers,
      watch: this.#watch,
      takesCallsBack: !args.once && !hidden,
      onAimed: () => this.#reachable.meetHalfway(),
      onCallEnded: (target, failure) => this.#callEnded(target, failure),
      onStep: () => this.#afterStep(),
    });
    this.#reachable = new Reachable(parts, {
      ...says,
      loop: this.#loop,
      hidden,
      ending: () => this.#ending,
      calling: () => this.#peers.calling,
    });
  }

  /** Resolves when the chat is over, everything is closed and every secret of it wiped. */
  async run(): Promise<Outcome> {
    const { promise: ended, resolve, reject } = Promise.withResolvers<Outcome>();
    this.#end = (outcome) => {
      resolve({ unconfirmed: new Map(), unsent: undefined, guesses: this.#pause.guesses, ...outcome });
    };
    using _ = this.#loop;
    using _reachable = this.#reachable;
    using _clock = every(1_000, () => this.#tick());
    this.#look(); // what is so at the start is no change
    using _waking = every(LOOK_MS, () => this.#look());
    using _pause = this.#pause;
    // Whoever leaves while the phrase is being stretched does not wait for it.
    this.#begin().then(
      (problem) => problem && this.#giveUp({ code: EXIT.connection, problem }),
      (error) => this.#ending || reject(error),
    );
    return await ended;
  }

  #tick(): void {
    const { view } = this.#parts;
    view.tick(this.#peers.quiet(now()));
    if (this.#ending) return;
    this.#circle.tick(now());
    this.#pipe.look();
    for (const { target, failure } of this.#watch.due(now(), this.#peers.callingWhom)) {
      view.show({ event: "diagnosis", address: target, failure, proxy: this.#proxy });
    }
  }

  /** After sleep, and in another network: calls, meetings and the router's word begin again. A listener goes on by itself. */
  #look(): void {
    const change = this.#waking.look(now(), wallClock(), this.#parts.addresses());
    if (change === undefined || this.#ending) return;
    this.#says.hint(wokeText(change, this.#peers.calling));
    this.#loop.step({ type: "woke" });
    this.#reachable.woke(change === "moved");
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
    const { args, view, self, callFrom } = this.#parts;
    view.show({ event: "self", peer: self, name: this.#name });
    this.#says.hint(costText(args));
    if (this.#proxy !== undefined) this.#says.hint(proxyText(this.#proxy, args.listen !== undefined));
    const problem = args.listen === undefined ? undefined : await this.#reachable.listen(args.listen);
    if (problem !== undefined || this.#ending) return problem;
    // Not a turn later where nothing is waited for: the input may end in it, and nobody would be called yet.
    if (callFrom !== undefined) await this.#pause.until(callFrom, (text) => this.#says.hint(text));
    for (const target of args.targets) this.#loop.step({ type: "call", target: fullTarget(target), retry: !args.once });
    return undefined;
  }

  #rename(text: string): void {
    if (!isName(text)) return this.#says.problem(NAME_REFUSED);
    this.#name = text;
    this.#parts.view.show({ event: "self", peer: this.#parts.self, name: text });
    this.#loop.step({ type: "rename", name: text });
  }

  // --- Lines ---

  #line(line: string): void {
    if (this.#ending) return;
    const commands = !this.#parts.args.noCommands;
    if (commands && isCommand(line)) return this.#command(line);
    const text = commands ? asText(line) : line;
    if (text === "" && this.#parts.args.output !== "json") return;
    this.#pipe.say(text, line);
  }

  #command(line: string): void {
    const command = parseCommand(line.trimStart());
    switch (command.name) {
      case "peers": {
        const present = this.#peers.present().map((friend) => ({ ...friend, who: labelOf(friend) }));
        const you = ownLabel(this.#parts.self, this.#name);
        return this.#says.hint(peersText(you, present, this.#circle.lines(), this.#parts.args));
      }
      case "introduce":
      case "decline":
      case "verify":
      case "bye":
        return this.#circle[command.name](command.text);
      case "msg": {
        const problem = this.#circle.message(command.text);
        return problem && this.#refuse(line, problem);
      }
      case "name":
        return this.#rename(command.text);
      case "listen":
        return this.#reachable.listenNow(command.text);
      case "connect":
        for (const target of command.targets) {
          this.#loop.step({ type: "call", target, retry: !this.#parts.args.once });
        }
        return;
      case "invite":
        return this.#says.hint(this.#reachable.invitation ?? NOT_LISTENING);
      case "clear":
        return this.#parts.view.clear();
      case "wire":
        return this.#says.hint(
          wireText(this.#parts.args, this.#peers.here, this.#proxy, this.#reachable.listening !== undefined),
        );
      case "doctor":
        return this.#says.hint(this.#parts.doctor());
      case "help":
        return this.#says.hint(commandHelp());
      case "quit":
        return void this.#leave("quit");
      case "unknown":
        return this.#refuse(line, command.problem); // a slip of a letter, or a message that begins like a path
    }
  }

  #refuse(line: string, problem: Problem): void {
    this.#parts.view.giveBack(line);
    this.#says.problem(problem);
  }

  // --- What happens after each step ---

  #afterStep(): void {
    const goesOn = this.#parts.scripted || this.#pipe.met || this.#reachable.listening !== undefined;
    if (!goesOn && this.#firstCalls.mistyped(this.#peers)) this.#giveUp(this.#firstCalls.outcome);
    this.#pipe.look();
    this.#whenSettled?.();
  }

  /** Nobody is here, and there is nobody to wait for. */
  get #isHopeless(): boolean {
    return this.#peers.here === 0 && this.#reachable.listening === undefined && !this.#peers.calling;
  }

  #callEnded(target: string, failure: CallFailure): void {
    if (this.#ending) return;
    const { problem, isFirst } = this.#firstCalls.failed(target, failure);
    // After a conversation the person is asked what to do, and nothing ends by itself.
    if (!this.#isHopeless || this.#pipe.met || !isFirst) return this.#says.problem(problem);
    this.#giveUp(this.#firstCalls.outcome);
  }

  // --- The end ---

  /** Nobody can be reached, so there is nobody to say goodbye to. */
  #giveUp(outcome: Pick<Outcome, "code" | "problem"> & Partial<Outcome>): void {
    if (this.#ending) return;
    this.#ending = true;
    this.#pipe.close();
    const unsent = this.#pipe.tellUnsent(this.#pipe.holding);
    this.#end({ ...outcome, stopped: undefined, unsent });
  }

  /**
   * At most DRAIN_TIMEOUT_MS for confirmations, and for a call that has not brought anybody yet; then goodbye. Counted
   * anew when something that was held is sent, as it would be had it been in the pipe until then.
   */
  #endOfInput(): void {
    if (this.#ending || this.#whenSettled !== undefined) return;
    let held = Infinity;
    let cancel = () => {};
    this.#whenSettled = () => {
      if (this.#pipe.waiting < held) {
        held = this.#pipe.waiting;
        cancel();
        cancel = after(DRAIN_TIMEOUT_MS, () => void this.#leave("end-of-input"));
      }
      const waits = held > 0 || (this.#pipe.met ? !this.#peers.settled : this.#peers.calling);
      if (waits) return;
      cancel();
      this.#whenSettled = undefined;
      // Not from inside a step.
      queueMicrotask(() => void this.#leave("end-of-input"));
    };
    this.#whenSettled();
  }

  async #leave(reason: StoppedReason): Promise<void> {
    if (this.#ending) return;
    this.#ending = true;
    this.#pipe.close();
    this.#whenSettled = undefined;
    const { view } = this.#parts;
    const more = this.#pipe.holding; // after the goodbyes it is not any more
    await Promise.all([this.#loop.leave(), this.#reachable.end()]);
    const unconfirmed = new Map<PeerId, number>();
    for (const { id, peer, reported } of this.#peers.unconfirmed()) {
      unconfirmed.set(peer, (unconfirmed.get(peer) ?? 0) + 1);
      if (!reported) view.show({ event: "unconfirmed", id, peer });
    }
    const unsent = this.#pipe.tellUnsent(more);
    const { targets } = this.#parts.args;
    const failed = reason === "end-of-input" && targets.length > 0 && !this.#pipe.met;
    const problem = failed ? inputEnded(targets.map(fullTarget).join(" ")) : undefined;
    this.#end({ code: failed ? EXIT.connection : EXIT.left, stopped: reason, problem, unconfirmed, unsent });
  }
}

// One run of the chat: from a phrase to the last goodbye. In here: what a line of input means, when the program ends and
// with which exit code. Not in here: who may connect (peers), how it looks (terminal), performing effects (loop).

import type { ChatArgs } from "./args.ts";
import { commandHelp, costText, fullTarget, parseCommand, proxyText, shownProxy, wireText } from "./commands.ts";
import { connectProblem, EXIT, listenProblem, type Problem } from "./errors.ts";
import { invitation } from "./invitation.ts";
import { Loop } from "./loop.ts";
import type { Stretcher } from "./stretcher.ts";
import { after, every, now } from "./system.ts";
import { Watch } from "./watch.ts";
import { DRAIN_TIMEOUT_MS, HELD_MESSAGES_MAX, MAX_JSON_SIZE, SALT_SIZE } from "../constants.ts";
import type { RefusedReason, StoppedReason } from "../notice.ts";
import { Peers } from "../peers/step.ts";
import type { Entropy, Millis, PeerId, Transport } from "../ports.ts";
import type { Arena } from "../secrets/locked.ts";
import { messageProblem } from "../wire/message.ts";
import { sanitise, tag } from "../terminal/sanitise.ts";
import type { Input, View } from "../terminal/view.ts";

export interface ChatParts {
  readonly args: ChatArgs;
  readonly arena: Arena;
  readonly self: PeerId;
  readonly transport: Transport;
  readonly stretcher: Stretcher;
  readonly view: View;
  readonly entropy: Entropy;
  /** Input comes from a pipe: what is said before the first friend is there waits for that friend. */
  readonly scripted: boolean;
  /** This machine's own addresses, undefined where they cannot be found out. */
  addresses(): readonly Uint8Array[] | undefined;
  /** What protects the person here, in lines. */
  doctor(): string;
  onPanic(): never;
  onFault(error: unknown): never;
}

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
  /** Said before the first friend was there, by a script; undefined once somebody has been, and for a person. */
  #held: string[] | undefined;
  #releasing = false;
  /** What calls go through, without its login. */
  readonly #proxy: string | undefined;
  #met = false;
  /** The address that we listen on. */
  #listening: string | undefined;
  #ending = false;
  #end: (outcome: Outcome) => void = () => {};
  /** Runs after each step until it says that it is done. */
  #whenSettled: (() => void) | undefined;

  constructor(parts: ChatParts) {
    this.#parts = parts;
    const { args, arena, self } = parts;
    this.#held = parts.scripted ? [] : undefined;
    this.#proxy = shownProxy(args.proxy);
    this.#peers = new Peers(arena, {
      self,
      shape: { cover: args.cover, intervalMs: args.intervalMs },
      name: args.name,
      friends: args.friends,
    });
    this.#loop = new Loop({
      ...parts,
      peers: this.#peers,
      watch: this.#watch,
      onUncalled: (target, reason) => this.#uncalled(target, reason),
      onStep: () => this.#afterStep(),
    });
  }

  /** Resolves when the chat is over, everything is closed and every secret of it wiped. */
  async run(): Promise<Outcome> {
    const ended = new Promise<Outcome>((done) => this.#end = done);
    using _ = this.#loop;
    using _clock = every(1_000, () => this.#tick());
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
    for (const { address, step, cause, wrong, next } of this.#watch.due(now(), this.#peers.callingWhom)) {
      view.show({ event: "diagnosis", address, ...(step === undefined ? {} : { step }), cause, wrong, next });
    }
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
    const { args, view, stretcher, entropy } = this.#parts;
    view.show({ event: "hint", text: costText(args) });
    if (this.#proxy !== undefined) {
      view.show({ event: "hint", text: proxyText(this.#proxy, args.listen !== undefined) });
    }
    if (args.listen !== undefined) {
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
      try {
        const address = await this.#loop.listen(args.listen);
        this.#listening = address;
        view.show({ event: "listening", address });
        this.#hint(invitation(address, this.#parts.addresses()));
      } catch (error) {
        return listenProblem(args.listen, error instanceof Error && "code" in error ? String(error.code) : undefined);
      }
    }
    for (const target of args.targets) this.#loop.step({ type: "call", target: fullTarget(target), retry: args.retry });
    return undefined;
  }

  // --- Lines ---

  #line(line: string): void {
    if (this.#ending) return;
    if (line.startsWith("/") && !line.startsWith("//")) return this.#command(line);
    const text = line.startsWith("//") ? line.slice(1) : line;
    if (text === "" && this.#parts.args.output !== "json") return;
    const problem = messageProblem(text);
    if (problem === undefined) return this.#say(text, line);
    this.#parts.view.giveBack(line);
    const doing = "Could not send that message.";
    this.#problem(
      problem.problem === "too big"
        ? {
          doing,
          wrong: `It takes ${problem.size} bytes, and ${MAX_JSON_SIZE} are the most.`,
          next: "Send it in parts.",
        }
        : { doing, wrong: "It has a character in it that messages cannot have.", next: "Take control characters out." },
    );
  }

  /** `line` is what was typed for it. */
  #say(text: string, line: string): void {
    if (this.#held !== undefined) {
      if (this.#held.length < HELD_MESSAGES_MAX) this.#held.push(text);
      return;
    }
    if (!this.#parts.scripted && this.#peers.present().length === 0) {
      this.#parts.view.giveBack(line);
      return this.#problem({
        doing: "Could not send that message.",
        wrong: "Nobody is here.",
        next: "Wait until a friend is connected; /peers shows who is.",
      });
    }
    // A pipe is held back before this; a person keeps the line until there is room.
    if (!this.#parts.scripted && this.#peers.full) {
      this.#parts.view.giveBack(line);
      return this.#problem({
        doing: "Could not send that message.",
        wrong: "Somebody here has not confirmed the last 64.",
        next: "Wait until they have; /peers shows who.",
      });
    }
    this.#loop.step({ type: "say", text });
  }

  #command(line: string): void {
    const command = parseCommand(line);
    switch (command.name) {
      case "peers": {
        const present = this.#peers.present();
        const lines = present.map((p) =>
          `${p.name === undefined ? "friend" : sanitise(p.name, "name")} [${tag(p.peer)}] ${p.address}, ${
            p.direction === "in" ? "called us" : "called by us"
          }, ` +
          `${p.unconfirmed} unconfirmed`
        );
        return this.#hint([
          present.length === 0 ? "Nobody is here." : `Here: ${present.length}.`,
          ...lines,
          costText(this.#parts.args, present.length),
        ].join("\n"));
      }
      case "connect":
        for (const target of command.targets) {
          this.#loop.step({ type: "call", target, retry: this.#parts.args.retry });
        }
        return;
      case "invite":
        return this.#hint(
          this.#listening === undefined
            ? "You take no calls. Start with: sesame listen, or sesame connect ... --listen PORT"
            : invitation(this.#listening, this.#parts.addresses()),
        );
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
    this.#met ||= this.#peers.present().length > 0;
    if (this.#held !== undefined && this.#met && !this.#releasing) {
      this.#releasing = true;
      // Not from inside the step that brought the friend.
      queueMicrotask(() => this.#release());
    }
    const heldFull = this.#held !== undefined && this.#held.length >= HELD_MESSAGES_MAX;
    this.#parts.view.hold(heldFull || this.#peers.full);
    this.#whenSettled?.();
  }

  #release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const text of held) this.#loop.step({ type: "say", text });
    this.#whenSettled?.();
  }

  #uncalled(target: string, reason: RefusedReason): void {
    if (this.#ending) return;
    const problem = this.#watch.explain(target, reason) ?? connectProblem(target, reason, this.#proxy);
    const hopeless = this.#listening === undefined && !this.#peers.calling && this.#peers.present().length === 0;
    const targets = this.#parts.args.targets.map(fullTarget);
    if (!hopeless || !targets.includes(target)) return this.#problem(problem);
    this.#ending = true;
    const code = targets.length === 1 && reason === "phrase" ? EXIT.phrase : EXIT.connection;
    this.#end({ code, stopped: undefined, problem, unconfirmed: NOTHING_UNCONFIRMED });
  }

  // --- The end ---

  /** At most DRAIN_TIMEOUT_MS for confirmations, and for a call that has not brought anybody yet; then goodbye. */
  #endOfInput(): void {
    if (this.#ending || this.#whenSettled !== undefined) return;
    const cancel = after(DRAIN_TIMEOUT_MS, () => void this.#leave("end-of-input"));
    this.#whenSettled = () => {
      const waits = this.#met
        ? this.#held !== undefined || !this.#peers.settled
        : this.#peers.calling || this.#held?.length;
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
    this.#whenSettled = undefined;
    const { view } = this.#parts;
    await this.#loop.leave();
    const unconfirmed = new Map<PeerId, number>();
    for (const { id, peer, reported } of this.#peers.unconfirmed()) {
      unconfirmed.set(peer, (unconfirmed.get(peer) ?? 0) + 1);
      if (!reported) view.show({ event: "unconfirmed", id, peer });
    }
    if (this.#held !== undefined && this.#held.length > 0) {
      this.#problem({
        doing: `Could not send ${this.#held.length === 1 ? "1 message" : `${this.#held.length} messages`}.`,
        wrong: "Nobody was here.",
        next: "Start again when your friend is there.",
      });
    }
    const failed = reason === "end-of-input" && this.#parts.args.targets.length > 0 && !this.#met;
    this.#end({ code: failed ? EXIT.connection : EXIT.left, stopped: reason, problem: undefined, unconfirmed });
  }
}

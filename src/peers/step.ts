// All links of one process as a synchronous, deterministic machine (docs/PROTOCOL.md sections 6 and 8): who may
// connect, who stays connected, who is called, which message is for whom and who has confirmed it. Events in, effects
// out as data; `chat/loop.ts` performs them. One level above `session/step.ts`, which it drives. This file hands each
// event to the part that handles it: connections (a connection's way from its link to its end), door (strangers),
// calling (whom we call), glare (several connections with one friend), messages. Out of scope: bytes, cryptography,
// sockets, timers, sentences.

import type { Hearing, MessageId } from "../notice.ts";
import type { Entropy, Millis, PeerId } from "../ports.ts";
import type { Arena } from "../secrets/locked.ts";
import type { Source } from "./addresses.ts";
import type { CallerId } from "./ranks.ts";
import { Calling } from "./calling.ts";
import type { Company } from "./company.ts";
import type { LinkId } from "./connection.ts";
import { Connections } from "./connections.ts";
import { Door } from "./door.ts";
import type { Effect, Event, PeersOptions, Present } from "./event.ts";
import { Friends } from "./friend.ts";
import { Turn } from "./turn.ts";

export class Peers implements Disposable {
  readonly #turn = new Turn();
  readonly #friends: Friends;
  readonly #door: Door;
  readonly #calling: Calling;
  readonly #connections: Connections;
  #gone = false;

  constructor(arena: Arena, options: PeersOptions) {
    this.#friends = new Friends(options.self);
    this.#door = new Door(arena, options, this.#turn);
    this.#calling = new Calling(this.#turn, this.#friends);
    this.#connections = new Connections(arena, options, this.#turn, this.#friends, this.#door, this.#calling);
  }

  /**
   * Asked in the middle of a two-sided call, in which we are the listener: such a one cannot wait for a turn. True: it has
   * a place, and "linked" or "punchFailed" follows.
   */
  admit(caller: CallerId, source: Source, now: Millis, entropy: Entropy): boolean {
    return this.#door.admit(caller, source, now, entropy);
  }

  step(event: Event, now: Millis, entropy: Entropy): Effect[] {
    this.#turn.begin(now, entropy);
    this.#handle(event);
    this.#connections.acquaintances.settle();
    this.#connections.takeTurns();
    this.#calling.punchDue();
    if (this.#turn.leaving && !this.#gone && this.#connections.none) {
      this.#gone = true;
      this.#turn.effects.push({ type: "gone" });
    }
    return this.#turn.effects;
  }

  /** When "time" is due. */
  get deadline(): Millis {
    let deadline = Math.min(this.#calling.deadline, this.#door.deadline, this.#connections.deadline);
    for (const friend of this.#friends.here()) deadline = Math.min(deadline, friend.settleAt);
    return Math.min(deadline, this.#connections.naming.deadline, this.#connections.acquaintances.deadline);
  }

  /** Some session has work that no tick should wait for: a "quiet" event is asked for, for each piece of it. */
  get wantsQuiet(): boolean {
    return this.#connections.wantsQuiet;
  }

  /** How many friends are here. */
  get here(): number {
    return this.#friends.here().length;
  }

  /** Whether a frame of this link may be handled a little later, behind others of it. */
  mayWait(link: LinkId): boolean {
    return this.#connections.mayWait(link);
  }

  present(): Present[] {
    return this.#friends.present();
  }

  /** Who has been quiet for how long, from three missed cells on. */
  quiet(now: Millis): ReadonlyMap<PeerId, Millis> {
    return this.#friends.quiet(now);
  }

  /** Nothing more can be said to anybody who is here until somebody confirms something. */
  get full(): boolean {
    return this.#friends.full;
  }

  /** How many messages those who are here have not confirmed: the most of any. */
  get mostUnconfirmed(): number {
    return this.#friends.mostUnconfirmed;
  }

  /** Everybody who is here has confirmed everything, and everything shown has been acknowledged to them. */
  get settled(): boolean {
    return this.#friends.settled;
  }

  /** Messages that nobody can know the fate of, by friend; for the last words of the program. */
  unconfirmed(): { peer: PeerId; id: MessageId; reported: boolean }[] {
    return this.#friends.unconfirmed();
  }

  /** Calls that may still bring somebody. */
  get calling(): boolean {
    return this.callingWhom.length > 0;
  }

  /** Some of them have not failed yet. */
  get trying(): boolean {
    return this.#calling.trying;
  }

  /** Their targets. */
  get callingWhom(): readonly string[] {
    return this.#calling.targets;
  }

  /** Who hears whom, as far as friends say. */
  get hearing(): Hearing {
    return this.#company.hearing;
  }

  /** Introductions that are open. */
  get introductions(): Company["open"] {
    return this.#company.open;
  }

  /** No introduction is possible, since even a call would show our address. */
  get hidden(): boolean {
    return this.#company.hidden;
  }

  /** The numbers of the words to compare with this friend. Undefined: not yet, or never. */
  words(peer: PeerId): number[] | undefined {
    return this.#connections.verifying.words(peer);
  }

  get #company(): Company {
    return this.#connections.acquaintances.company;
  }

  /** Wipes everything. */
  [Symbol.dispose](): void {
    this.#connections[Symbol.dispose]();
    this.#door[Symbol.dispose]();
  }

  /** What the person typed about friends who are here, and about calls. */
  #typed(event: Event & { type: "say" | "rename" | "compared" | "bye" | "hang up" }): void {
    const { messages, naming, verifying } = this.#connections;
    switch (event.type) {
      case "say":
        return messages.say(event.text, this.hearing.others, event.to);
      case "rename":
        return naming.change(event.name);
      case "compared":
        return verifying.compared(event.peer, event.same);
      case "bye":
        return this.#connections.dismiss(event.peer);
      case "hang up":
        return this.#connections.stopCall(event.target);
    }
  }

  #handle(event: Event): void {
    switch (event.type) {
      case "ready":
        this.#connections.phrases.own = event.phrase;
        return;
      case "arrived":
        return this.#door.arrived(event.caller, event.source);
      case "linked":
        return this.#connections.linked(event);
      case "frame":
        return this.#connections.frame(event.link, event.frame, event.at);
      case "ended":
        return this.#connections.ended(event.link);
      case "failed":
        if (event.why === "stopped") return this.#door.gaveUp(event.caller);
        return this.#door.failed(event.caller, event.address, event.why);
      case "dialFailed":
        if (this.#connections.acquaintances.dialFailed(event.call)) return;
        return this.#calling.dialFailed(event.call, event.failure);
      case "aimed":
        return this.#calling.aimed(event.call, event.meetAt);
      case "dialOpened":
        return this.#calling.dialOpened(event.call);
      case "dialClosed":
        return this.#calling.dialClosed(event.call);
      case "punchOpened":
        return this.#calling.punchOpened(event.punch);
      case "punchFailed":
        if (event.caller !== undefined) this.#door.gaveUp(event.caller);
        return this.#calling.punchFailed(event.punch, event.why);
      case "stretched":
        return this.#connections.stretched(event.phrase, event.tookMs);
      case "read":
        return this.#connections.read(event.link);
      case "say":
      case "rename":
      case "compared":
      case "bye":
      case "hang up":
        return this.#typed(event);
      case "reachable":
      case "listening at":
      case "introduce":
      case "decline":
      case "propose":
        return this.#connections.acquaintances.asked(event);
      case "shown":
        return this.#connections.messages.shown(event.peer, event.id);
      case "call":
        return this.#calling.add(event.target, event.retry);
      case "woke":
        return this.#calling.woke();
      case "leave":
        return this.#leave();
      case "quiet":
        return this.#connections.quiet();
      case "time":
        return this.#time(event.unsent);
    }
  }

  #time(unsent: (link: LinkId) => number): void {
    this.#connections.time(unsent);
    for (const friend of this.#friends.here()) this.#connections.glare.time(friend);
    this.#connections.naming.time();
    this.#door.report();
    this.#calling.dialDue();
  }

  #leave(): void {
    this.#turn.leaving = true;
    this.#calling.stop();
    this.#door.close();
    this.#connections.acquaintances.stop();
    this.#connections.leave();
  }
}

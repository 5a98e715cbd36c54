// A connection's way from its link to its end: whether it may go on, the phrase for its salt, its authentication, its
// place among its friend's connections, and the one way in which it ends, however far it got. Out of scope: who is
// refused (refusal.ts), what strangers cost (door.ts), which of several is kept (glare.ts).

import { MAX_SESSIONS } from "../constants.ts";
import type { StretchedPhrase } from "../auth/stretched.ts";
import type { LeftReason } from "../notice.ts";
import type { Frame, Millis, PeerId } from "../ports.ts";
import type { Arena } from "../secrets/locked.ts";
import { type Effect as SessionEffect, type Event as SessionEvent, Session } from "../session/step.ts";
import { Acquaintances } from "./acquaintances.ts";
import type { Calling } from "./calling.ts";
import {
  type Connection,
  directionOf,
  type EarlyReason,
  type EndReason,
  type LinkId,
  type Steer,
} from "./connection.ts";
import type { Door } from "./door.ts";
import type { Event, PeersOptions } from "./event.ts";
import type { Friend, Friends } from "./friend.ts";
import { Glare } from "./glare.ts";
import { Messages } from "./messages.ts";
import { Naming } from "./naming.ts";
import { Phrases } from "./phrases.ts";
import { refusalOf } from "./refusal.ts";
import type { Turn } from "./turn.ts";
import { Verifying } from "./verifying.ts";

/** Frames of a friend that wait until the other links have been read. */
const MAX_HELD = 64;

export class Connections implements Steer, Disposable {
  readonly phrases = new Phrases();
  readonly glare: Glare;
  readonly messages: Messages;
  readonly naming: Naming;
  readonly verifying: Verifying;
  readonly acquaintances: Acquaintances;
  readonly #arena: Arena;
  readonly #options: PeersOptions;
  readonly #turn: Turn;
  readonly #friends: Friends;
  readonly #door: Door;
  readonly #calling: Calling;
  readonly #all = new Map<LinkId, Connection>();

  constructor(arena: Arena, options: PeersOptions, turn: Turn, friends: Friends, door: Door, calling: Calling) {
    this.#arena = arena;
    this.#options = options;
    this.#turn = turn;
    this.#friends = friends;
    this.#door = door;
    this.#calling = calling;
    this.glare = new Glare(turn, this);
    this.messages = new Messages(turn, friends, this);
    this.naming = new Naming(options.name, turn, friends, this);
    this.verifying = new Verifying(arena, options.self, turn, friends, this);
    const isShutOut = (peer: PeerId) => this.verifying.isShutOut(peer);
    this.acquaintances = new Acquaintances(options, turn, friends, calling, this, isShutOut);
  }

  get none(): boolean {
    return this.#all.size === 0;
  }

  /** When `time` is due. */
  get deadline(): Millis {
    let deadline = Infinity;
    for (const { session } of this.#all.values()) deadline = Math.min(deadline, session.deadline);
    return deadline;
  }

  /** The deadlines that have come. `unsent`: frames of a link that the operating system has not taken yet. */
  time(unsent: (link: LinkId) => number): void {
    for (const connection of [...this.#all.values()]) {
      if (connection.session.deadline > this.#turn.now) continue;
      this.drive(connection, { type: "time", unsent: unsent(connection.link) });
    }
  }

  get wantsQuiet(): boolean {
    for (const { session } of this.#all.values()) if (session.wantsQuiet) return true;
    return false;
  }

  /** One piece of work; the next tick may be near by then. */
  quiet(): void {
    for (const connection of this.#all.values()) {
      if (connection.session.wantsQuiet) return this.drive(connection, { type: "quiet" });
    }
  }

  /** Says goodbye on all of them. */
  /** A goodbye on every connection with this friend, whom nobody calls any more. */
  dismiss(peer: PeerId): void {
    const friend = this.#friends.get(peer);
    if (friend === undefined) return;
    friend.dismissed = true;
    this.#calling.dismiss(peer);
    for (const connection of [...friend.connections]) this.drive(connection, { type: "leave" });
  }

  /** That target is called no more; who is here stays. */
  stopCall(target: string): void {
    this.#calling.hangUp(target);
    for (const connection of [...this.#all.values()]) {
      if (connection.call?.target === target && connection.state !== "live") this.end(connection, "closed");
    }
  }

  leave(): void {
    for (const connection of [...this.#all.values()]) this.drive(connection, { type: "leave" });
  }

  /** Wipes everything. */
  [Symbol.dispose](): void {
    for (const { session } of this.#all.values()) session[Symbol.dispose]();
    this.#all.clear();
    this.phrases[Symbol.dispose]();
    this.#friends[Symbol.dispose]();
  }

  // --- A connection begins ---

  /** After each step: whose turn it is now, and who has waited, or kept others waiting, for too long. */
  takeTurns(): void {
    for (const { move, caller } of this.#door.moves()) {
      const linked = [...this.#all.values()].find((connection) => connection.caller === caller);
      if (linked !== undefined) this.end(linked, "timeout");
      else if (move === "start") this.#turn.effects.push({ type: "start", caller });
      else this.#door.shut(caller);
    }
  }

  linked({ link, facts, address, local, fixed, caller, call, punch, familiar }: Event & { type: "linked" }): void {
    const { now } = this.#turn;
    const dialled = call === undefined ? undefined : this.#calling.get(call);
    const of = punch === undefined ? dialled : this.#calling.punched(punch);
    const connection: Connection = {
      link,
      role: facts.role,
      peer: facts.peer,
      address,
      local,
      fixed: fixed === true,
      expected: this.acquaintances.expectedOf(call) ?? of?.introduced?.peer,
      revealed: false,
      session: new Session(this.#arena, facts, this.#options.shape, now),
      caller,
      call: of,
      punched: punch !== undefined,
      state: "handshake",
      familiar: familiar !== false,
      offered: false,
      answered: false,
      salt: undefined,
      awaitedSalt: undefined,
      held: [],
      down: false,
      openedSince: false,
      since: now,
    };
    this.#all.set(link, connection);
    // A two-sided one whose place was given to somebody else meanwhile has no guess set aside for it.
    if (!this.#door.hasPlace(connection)) return this.end(connection, "timeout");
    if (this.#friends.get(facts.peer)?.here) this.#door.countsNot(connection);
    if (this.#isRefused(connection)) return;
    if (facts.role === "dialer") return;
    const phrase = this.acquaintances.phraseFor(facts.peer, this.phrases)!;
    connection.salt = phrase.salt.toHex();
    this.drive(connection, { type: "opened", phrase });
  }

  /** Asked before an offer, and again before an answer. True: it has been closed. */
  #isRefused(connection: Connection): boolean {
    const refusal = refusalOf(connection, {
      self: this.#options.self,
      friends: this.#friends,
      connections: [...this.#all.values()],
      friendsMax: this.#options.friends ?? Infinity,
      leaving: this.#turn.leaving,
      ready: this.acquaintances.phraseFor(connection.peer, this.phrases) !== undefined,
      shutOut: this.verifying.isShutOut(connection.peer) || this.#friends.get(connection.peer)?.dismissed === true,
      slots: this.#arena.available(32),
    }, this.#turn.now);
    if (refusal !== undefined) this.end(connection, refusal);
    return refusal !== undefined;
  }

  /** Frames of a friend may wait; of a stranger, who may send few, none does. */
  mayWait(link: LinkId): boolean {
    return this.#all.get(link)?.state === "live";
  }

  /** `at`: when it came, if it had to wait. */
  frame(link: LinkId, frame: Frame, at?: Millis): void {
    const connection = this.#all.get(link);
    if (connection === undefined) return;
    if (connection.state === "verified") {
      connection.held.push(frame.slice());
      // Whoever has slept finds many: the other links are waited for no longer.
      if (connection.held.length > MAX_HELD) this.read(link);
      return;
    }
    if (connection.session.phase === "offered" && !this.#door.mayCheck(connection)) {
      return this.end(connection, "busy");
    }
    this.drive(connection, { type: "frame", frame, ...at !== undefined && { at } });
  }

  drive(connection: Connection, event: SessionEvent): void {
    const { now, entropy } = this.#turn;
    for (const effect of connection.session.step(event, now, entropy)) this.#perform(connection, effect);
  }

  #perform(connection: Connection, effect: SessionEffect): void {
    if (connection.state === "over") return;
    switch (effect.type) {
      case "send":
        this.#turn.effects.push({ type: "send", link: connection.link, frame: effect.frame });
        return;
      case "stretch":
        return this.#offered(connection, effect.salt);
      case "verified":
        return this.#verified(connection);
      case "opened":
        return this.glare.opened(this.#friends.get(connection.peer), connection);
      case "received":
        return this.#received(connection, effect.message);
      case "begun":
        if (effect.message.type === "verify") this.verifying.begun(connection.peer);
        if (effect.message.type === "circle") this.acquaintances.begun(connection, effect.message, effect.cells);
        return;
      case "close":
        return this.end(connection, effect.reason);
    }
  }

  #received(connection: Connection, message: (SessionEffect & { type: "received" })["message"]): void {
    switch (message.type) {
      case "verify":
        return this.verifying.received(connection, message);
      case "circle":
      case "meet":
      case "introduce":
        return this.acquaintances.received(connection.peer, message);
      default:
        return this.messages.received(connection, message);
    }
  }

  /** A listener's offer has come: the phrase must be stretched for its salt before it can be answered. */
  #offered(connection: Connection, salt: Uint8Array): void {
    const key = salt.toHex();
    if (this.#isRefused(connection)) return;
    if (!this.#calling.takeSalt(connection, key)) return this.end(connection, "restarts");
    connection.offered = true;
    this.#calling.came(connection, "offered");
    connection.awaitedSalt = connection.salt = key;
    const phrase = this.phrases.get(key);
    if (phrase !== undefined) this.#answer(connection, phrase);
    else if (this.phrases.begin(key)) this.#turn.effects.push({ type: "stretch", salt });
  }

  stretched(phrase: StretchedPhrase, tookMs: number): void {
    this.#calling.stretchTook(tookMs);
    const inUse = new Set([...this.#all.values()].filter(({ state }) => state === "handshake").map((c) => c.salt));
    const salt = this.phrases.put(phrase, inUse);
    for (const connection of [...this.#all.values()]) {
      if (connection.awaitedSalt === salt) this.#answer(connection, phrase);
    }
  }

  #answer(connection: Connection, phrase: StretchedPhrase): void {
    connection.awaitedSalt = undefined;
    if (this.#isRefused(connection)) return;
    this.drive(connection, { type: "stretched", phrase });
    // An invalid offer gets no answer, so nobody can have guessed anything by it.
    connection.answered = connection.state !== "over";
    if (connection.answered) this.#calling.came(connection, "answered");
  }

  /** What waited on the other links has been read. It may have ended some of them: then the door is asked again. */
  read(link: LinkId): void {
    const connection = this.#all.get(link);
    if (connection?.state !== "verified") return;
    // Cells that wait for a tick have come as well.
    const others = this.#friends.get(connection.peer)?.connections ?? [];
    for (const other of [...others]) this.drive(other, { type: "flush" });
    if (connection.state === "verified" && this.#mayEnter(connection)) this.#admit(connection);
  }

  // --- Authentication ---

  /** The peer knows the phrase. What already waits on its other connections is read before it counts as connected. */
  #verified(connection: Connection): void {
    connection.answered = false; // whatever comes now, it is not a guess
    connection.state = "verified";
    this.#door.authenticated(connection);
    this.#calling.authenticated(connection);
    if (!this.#mayEnter(connection)) return;
    if (!this.#friends.get(connection.peer)?.here) return this.#admit(connection);
    this.#turn.effects.push({ type: "read", link: connection.link });
  }

  /** False: this one has been turned away, for its words or for friends enough. A PeerId with a session never is. */
  #mayEnter(connection: Connection): boolean {
    if (this.#friends.get(connection.peer)?.here) return true;
    if (this.verifying.isShutOut(connection.peer)) {
      this.end(connection, "busy");
      return false;
    }
    const here = this.#friends.here().length;
    const closed = here >= (this.#options.friends ?? Infinity);
    if (closed) {
      this.#turn.notice({ event: "door-closed", address: connection.address });
    }
    // MAX_SESSIONS was asked before the offer, but others may have come in since.
    if (closed || here >= MAX_SESSIONS) this.end(connection, "busy");
    return connection.state !== "over";
  }

  #admit(connection: Connection): void {
    const { peer, role, address, link } = connection;
    const friend = this.#friends.meet(peer);
    const wasHere = friend.here;
    // A silent one in the same direction is closed when its successor authenticates.
    const silent = friend.connections.filter((c) => c.role === role && c.session.isSilent(this.#turn.now));
    connection.state = "live";
    this.#friends.join(friend, connection);
    this.drive(connection, { type: "admit" });
    this.verifying.say(friend, connection);
    this.naming.greet(friend, connection);
    this.#turn.presenceChanged = true;
    this.#calling.met(address);
    if (!wasHere) {
      const punched = connection.punched ? { punched: true as const } : {};
      this.#turn.notice({ event: "connected", peer, direction: directionOf(role), address, ...punched });
      this.glare.use(friend, connection);
    }
    this.#calling.connected(connection);
    this.glare.begin(friend, silent);
    const held = connection.held;
    connection.held = [];
    for (const frame of held) this.frame(link, frame);
  }

  // --- A connection ends ---

  hangUp(peer: PeerId): void {
    for (const c of [...this.#all.values()]) if (c.expected === peer && c.state === "handshake") this.end(c, "closed");
  }

  /** Its link is closed already. */
  ended(link: LinkId): void {
    const connection = this.#all.get(link);
    if (connection === undefined) return;
    // What came before the end may have been a goodbye, or have broken a rule.
    connection.down = true;
    this.drive(connection, { type: "flush" });
    this.end(connection, "down");
  }

  /** The one way in which a connection ends, however far it had come and whoever ended it. */
  end(connection: Connection, reason: EndReason): void {
    const { state, link, peer } = connection;
    if (state === "over") return;
    connection.session[Symbol.dispose]();
    if (!connection.down) this.#turn.effects.push({ type: "close", link, lost: reason === "timeout" });
    this.#all.delete(link);
    connection.state = "over";
    if (state !== "live") {
      return this.#endedEarly(connection, reason === "bye" || reason === "down" ? "closed" : reason);
    }
    this.#endedLive(connection, LEFT_BY[reason]);
    if (reason !== "bye") return;
    // Whoever receives bye closes, both connections if there are two, and one that is not authenticated or admitted yet.
    for (const c of [...this.#all.values()]) if (c.peer === peer) this.end(c, "bye");
  }

  /** Before it authenticated, or instead of being admitted. */
  #endedEarly(connection: Connection, reason: EarlyReason): void {
    if (reason === "phrase") this.#door.wrongGuess(connection);
    this.#door.giveBackPlace(connection);
    const { call, peer, expected } = connection;
    if (call?.introduced !== undefined) {
      // Oneself is nobody else: somebody on the line can join two attempts of ours.
      if (peer !== expected && peer !== this.#options.self) this.acquaintances.metElse(connection);
      return this.#calling.metNobody(call, reason);
    }
    if (connection.expected !== undefined) return this.acquaintances.callEnded(connection);
    // A friend who is here has closed one of several connections: there is no more to it.
    const here = this.#friends.get(connection.peer)?.here;
    const why = here && reason === "closed" ? "duplicate" : reason;
    if (connection.role === "dialer" || why === "restarts") return this.#calling.refused(connection, why);
    this.#calling.refusedHalfway(connection, why);
    if (why === "self") return; // told on the dialling side
    if (here) this.#door.refuseKnown(connection.address, why);
    else this.#door.refuseStranger(connection.address, why);
  }

  #endedLive(connection: Connection, reason: LeftReason): void {
    const friend = this.#friends.get(connection.peer);
    if (friend === undefined) return;
    this.#turn.presenceChanged = true;
    this.#friends.part(friend, connection);
    const keep = friend.toKeep;
    if (keep === undefined) return this.#left(friend, reason);
    // Messages move to the one to be kept when the one in use ends.
    if (friend.inUse === connection) this.glare.use(friend, keep);
  }

  #left(friend: Friend, reason: LeftReason): void {
    const { peer } = friend;
    friend.inUse = undefined;
    if (!this.#turn.leaving) this.#turn.notice({ event: "left", peer, reason });
    for (const message of friend.outbox) {
      if (message.reported) continue;
      message.reported = true;
      this.#turn.notice({ event: "unconfirmed", id: message.id, peer });
    }
    this.#calling.left(peer);
  }
}

/** Why a friend left, by what ended their connection. Only a session in a handshake ends with one of the others. */
const LEFT_BY: Readonly<Record<EndReason, LeftReason>> = {
  bye: "bye",
  timeout: "timeout",
  protocol: "protocol",
  closed: "closed",
  down: "closed",
  restarts: "protocol",
  phrase: "protocol",
  self: "closed",
  duplicate: "closed",
  busy: "closed",
};

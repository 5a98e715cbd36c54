// All links of one process as a synchronous, deterministic machine (docs/PROTOCOL.md sections 6 and 8): who may connect,
// who stays connected, who is called, which message is for whom and who has confirmed it.
// Events in, effects out as data; `chat/loop.ts` performs them. One scale above `session/step.ts`, which it drives.
// Not in here: bytes, cryptography, sockets, timers, sentences.

import {
  MAX_CONNECTIONS,
  MAX_CONNECTIONS_PER_PEER,
  MAX_SESSIONS,
  MAX_STRETCHED,
  MAX_UNCONFIRMED,
  SETTLE_TIMEOUT_MS,
  SILENCE_GRACE_MS,
  TURNED_AWAY_REPORT_MS,
  WAITING_FOR_SCREEN_MAX,
} from "../constants.ts";
import type { StretchedPhrase } from "../auth/stretched.ts";
import type { LeftReason, MessageId, Notice, RefusedReason } from "../notice.ts";
import type { DialFailure, Entropy, Frame, Millis, PeerId } from "../ports.ts";
import type { Arena } from "../secrets/locked.ts";
import type { Shape } from "../session/pacer.ts";
import { type CloseReason, type Effect as SessionEffect, Session, type SessionFacts } from "../session/step.ts";
import { newMessageId } from "../wire/message.ts";
import { Admission, type Source } from "./admission.ts";
import { type Call, type CallId, Calls } from "./calls.ts";
import type { Connection, LinkId } from "./connection.ts";
import { type Friend, Friends } from "./friend.ts";

export interface PeersOptions {
  readonly self: PeerId;
  readonly shape: Shape;
  /** What friends see beside our messages. */
  readonly name: string | undefined;
  /** Close the door after so many friends. */
  readonly friends: number | undefined;
}

export type Event =
  /** Our own salt's phrase: from now on calls can be taken. Owned by `peers` from here. */
  | { type: "ready"; phrase: StretchedPhrase }
  /** A link is up. `source` for one that was accepted, `call` for one that was dialled. */
  | { type: "linked"; link: LinkId; facts: SessionFacts; address: string; source?: Source; call?: CallId }
  | { type: "frame"; link: LinkId; frame: Frame }
  /** The other side closed the link, or it broke. */
  | { type: "ended"; link: LinkId }
  /** An admitted connection never became a link. */
  | { type: "failed"; source: Source; address: string; why: "timeout" | "protocol" | "closed" }
  | { type: "dialFailed"; call: CallId; failure: DialFailure }
  /** The answer to "stretch"; owned by `peers` from here. `tookMs`: how long it took. */
  | { type: "stretched"; phrase: StretchedPhrase; tookMs: number }
  /** The answer to "read": what was waiting on the other links has been handed over. */
  | { type: "read"; link: LinkId }
  | { type: "say"; text: string }
  /** A message has been put on the person's screen. */
  | { type: "shown"; peer: PeerId; id: MessageId }
  | { type: "call"; target: string; retry: boolean }
  /** Say goodbye to everybody; "gone" follows. */
  | { type: "leave" }
  | { type: "time"; unsent: (link: LinkId) => number };

export type Effect =
  | { type: "send"; link: LinkId; frame: Frame }
  /** Without a word. */
  | { type: "close"; link: LinkId }
  | { type: "dial"; call: CallId; target: string }
  | { type: "stretch"; salt: Uint8Array }
  /** Read everything that waits on all sockets, then say "read" for this link. */
  | { type: "read"; link: LinkId }
  /** Tell the person. A "message" is answered with "shown". */
  | { type: "notice"; notice: Notice }
  /** A call without --retry has ended without a friend, or calling has been stopped. */
  | { type: "callEnded"; target: string; reason: RefusedReason }
  /** Everything is closed after "leave". */
  | { type: "gone" };

/** A friend as the person asks for them. */
export interface Present {
  readonly peer: PeerId;
  readonly name: string | undefined;
  readonly address: string;
  readonly direction: "in" | "out";
  readonly since: Millis;
  readonly unconfirmed: number;
  readonly links: number;
}

/** Slots that a handshake and a session's first steps take at most; without them no connection is begun. */
const SLOTS_PER_SESSION = 160;
/** Frames that a peer may have sent right behind its accept. */
const MAX_HELD = 64;
/** Those turned away that are reported one by one in a minute; the rest are counted. */
const REPORTED_ONE_BY_ONE = 20;

export class Peers implements Disposable {
  readonly #arena: Arena;
  readonly #options: PeersOptions;
  readonly #admission = new Admission();
  readonly #calls = new Calls();
  readonly #friends: Friends;
  readonly #connections = new Map<LinkId, Connection>();
  /** By salt as hex, oldest first. Our own is kept apart. */
  readonly #stretched = new Map<string, StretchedPhrase>();
  readonly #stretching = new Set<string>();
  #own: StretchedPhrase | undefined;
  #leaving = false;
  #gone = false;
  #turnedAway = { count: 0, guesses: 0, since: Infinity };
  /** Refused connections of PeerIds that are here, told one by one since a minute before `until`. */
  #known = { count: 0, until: -Infinity };

  // Of the step that is being taken.
  #now: Millis = 0;
  #entropy: Entropy = () => {
    throw new Error("entropy outside a step");
  };
  #effects: Effect[] = [];

  constructor(arena: Arena, options: PeersOptions) {
    this.#arena = arena;
    this.#options = options;
    this.#friends = new Friends(options.self);
  }

  /** Asked at TCP accept, before any TLS work. True: "linked" or "failed" follows for this source. */
  admit(source: Source, now: Millis): boolean {
    const admitted = !this.#leaving && this.#admission.open(source, now);
    if (!admitted) this.#countTurnedAway(now, false);
    return admitted;
  }

  step(event: Event, now: Millis, entropy: Entropy): Effect[] {
    this.#now = now;
    this.#entropy = entropy;
    this.#effects = [];
    this.#handle(event);
    if (this.#leaving && !this.#gone && this.#connections.size === 0) {
      this.#gone = true;
      this.#effects.push({ type: "gone" });
    }
    return this.#effects;
  }

  /** When "time" is due. */
  get deadline(): Millis {
    let deadline = Math.min(this.#calls.deadline, this.#turnedAway.since + TURNED_AWAY_REPORT_MS);
    for (const { session } of this.#connections.values()) deadline = Math.min(deadline, session.deadline);
    for (const friend of this.#friends.here()) deadline = Math.min(deadline, friend.settleAt);
    return deadline;
  }

  present(): Present[] {
    return this.#friends.here().map((friend) => {
      const first = friend.connections[0]!;
      return {
        peer: friend.peer,
        name: friend.name,
        address: (friend.inUse ?? first).address,
        direction: directionOf(friend.inUse ?? first),
        since: first.since,
        unconfirmed: friend.outbox.length,
        links: friend.connections.length,
      };
    });
  }

  /** Nothing more can be said to anybody who is here until somebody confirms something. */
  get full(): boolean {
    const here = this.#friends.here();
    return here.length > 0 && here.every((friend) => friend.outbox.length >= MAX_UNCONFIRMED);
  }

  /** Everybody who is here has confirmed everything, and everything shown has been acknowledged to them. */
  get settled(): boolean {
    return this.#friends.here().every((friend) =>
      friend.outbox.length === 0 && friend.connections.every((c) => c.session.unacknowledged === 0)
    );
  }

  /** Messages that nobody can know the fate of, by friend; for the last words of the program. */
  unconfirmed(): { peer: PeerId; id: MessageId; reported: boolean }[] {
    return [...this.#friends.all()].flatMap(({ peer, outbox }) =>
      outbox.map(({ id, reported }) => ({ peer, id, reported }))
    );
  }

  /** Calls that may still bring somebody. */
  get calling(): boolean {
    return this.callingWhom.length > 0;
  }

  /** Their targets. */
  get callingWhom(): readonly string[] {
    return this.#calls.all().filter(({ state }) => state === "waiting" || state === "under way").map(({ target }) =>
      target
    );
  }

  /** Wipes everything. */
  [Symbol.dispose](): void {
    for (const { session } of this.#connections.values()) session[Symbol.dispose]();
    for (const phrase of this.#stretched.values()) phrase[Symbol.dispose]();
    this.#own?.[Symbol.dispose]();
    this.#connections.clear();
    this.#stretched.clear();
  }

  #handle(event: Event): void {
    switch (event.type) {
      case "ready":
        this.#own = event.phrase;
        return;
      case "linked":
        return this.#linked(event);
      case "frame":
        return this.#frame(event.link, event.frame);
      case "ended":
        return this.#ended(event.link);
      case "failed":
        this.#admission.settled(event.source);
        return this.#refuseStranger(event.address, event.why, false);
      case "dialFailed":
        return this.#dialFailed(event.call, event.failure);
      case "stretched":
        return this.#stretchedPhrase(event.phrase, event.tookMs);
      case "read": {
        const connection = this.#connections.get(event.link);
        // What was read meanwhile may have ended its other connections: then the door is asked again.
        if (connection?.state === "verified" && this.#mayEnter(connection)) this.#admit(connection);
        return;
      }
      case "say":
        return this.#say(event.text);
      case "shown":
        return this.#shown(event.peer, event.id);
      case "call":
        return this.#call(event.target, event.retry);
      case "leave":
        return this.#leave();
      case "time":
        return this.#time(event.unsent);
    }
  }

  // --- A connection begins ---

  #linked(event: Event & { type: "linked" }): void {
    const { link, facts, address, source } = event;
    const call = event.call === undefined ? undefined : this.#calls.get(event.call);
    const connection: Connection = {
      link,
      role: facts.role,
      peer: facts.peer,
      address,
      session: new Session(this.#arena, facts, this.#options.shape, this.#now),
      source,
      holdsPlace: source !== undefined,
      call,
      state: "handshake",
      guessToken: false,
      answered: false,
      awaitedSalt: undefined,
      held: [],
      openedSince: false,
      since: this.#now,
    };
    this.#connections.set(link, connection);
    const friend = this.#friends.get(facts.peer);
    if (source !== undefined && friend?.here) {
      this.#admission.forget(source);
      connection.holdsPlace = false;
    }
    const refusal = this.#refusal(connection);
    if (refusal !== undefined) return this.#refuse(connection, refusal);
    if (facts.role === "listener") this.#drive(connection, { type: "opened", phrase: this.#own! });
  }

  /** Why this connection must not go on: asked before an offer, and again before an answer. */
  #refusal(connection: Connection): RefusedReason | undefined {
    if (this.#leaving) return "busy";
    if (connection.peer === this.#options.self) return "self";
    const friend = this.#friends.get(connection.peer);
    const sameDirection = friend?.connections.some((c) => c.role === connection.role && !c.session.isSilent(this.#now));
    const answerOut = connection.role === "dialer" &&
      [...this.#connections.values()].some((c) =>
        c !== connection && c.role === "dialer" && c.peer === connection.peer && (c.answered || c.state === "verified")
      );
    if (sameDirection || answerOut) return "duplicate";
    // A PeerId that is here takes no place of admission, so it is counted here.
    const ofPeer = [...this.#connections.values()].filter((c) => c.peer === connection.peer).length;
    if (ofPeer > MAX_CONNECTIONS_PER_PEER) return "duplicate";
    if (this.#connections.size > MAX_CONNECTIONS) return "busy";
    if (connection.role === "listener" && this.#own === undefined) return "busy";
    if (friend?.here) return undefined;
    const here = this.#friends.here().length;
    if (here >= MAX_SESSIONS) return "busy";
    if (connection.role === "dialer" && here >= (this.#options.friends ?? Infinity)) return "busy";
    if (this.#friends.waitingForScreen >= WAITING_FOR_SCREEN_MAX) return "busy";
    return this.#arena.available(32) < SLOTS_PER_SESSION ? "busy" : undefined;
  }

  #frame(link: LinkId, frame: Frame): void {
    const connection = this.#connections.get(link);
    if (connection === undefined) return;
    if (connection.state === "verified") {
      connection.held.push(frame.slice());
      if (connection.held.length > MAX_HELD) this.#over(connection, "protocol");
      return;
    }
    if (connection.session.phase === "offered" && !this.#takeGuess(connection)) return this.#refuse(connection, "busy");
    this.#drive(connection, { type: "frame", frame });
    // Right, or not even a confirmation: no guess.
    if (connection.guessToken) this.#admission.giveBack();
    connection.guessToken = false;
  }

  /** Before an answer is checked. A connection that counts as nothing, since its PeerId is here, is no guess either. */
  #takeGuess(connection: Connection): boolean {
    const { source, holdsPlace } = connection;
    if (source === undefined || !holdsPlace) return true;
    const taken = this.#admission.takeGuess(source, this.#now);
    connection.guessToken = taken === "token";
    return taken !== undefined;
  }

  #drive(connection: Connection, event: Parameters<Session["step"]>[0]): void {
    for (const effect of connection.session.step(event, this.#now, this.#entropy)) this.#perform(connection, effect);
  }

  #perform(connection: Connection, effect: SessionEffect): void {
    if (connection.state === "over") return;
    switch (effect.type) {
      case "send":
        this.#effects.push({ type: "send", link: connection.link, frame: effect.frame });
        return;
      case "stretch":
        return this.#offered(connection, effect.salt);
      case "verified":
        return this.#verified(connection);
      case "opened":
        return this.#opened(connection);
      case "received": {
        const { message } = effect;
        if (message.type === "chat") return this.#chat(connection, message.id, message.text);
        if (message.type === "ack") return this.#confirmed(connection, message.id);
        if (message.type !== "name") return;
        if (this.#friends.get(connection.peer)?.takeName(message.name, this.#now)) {
          this.#notice({ event: "named", peer: connection.peer, name: message.name });
        }
        return;
      }
      case "begun":
        return;
      case "close":
        return this.#over(connection, effect.reason);
    }
  }

  /** A listener's offer has come: the phrase must be stretched for its salt before it can be answered. */
  #offered(connection: Connection, salt: Uint8Array): void {
    const key = salt.toHex();
    const { call } = connection;
    const refusal = this.#refusal(connection);
    if (refusal !== undefined) return this.#refuse(connection, refusal);
    if (call !== undefined && !this.#calls.takeSalt(call, key, this.#now)) return this.#refuse(connection, "protocol");
    connection.awaitedSalt = key;
    const phrase = this.#stretched.get(key);
    if (phrase !== undefined) return this.#answer(connection, phrase);
    if (this.#stretching.has(key)) return;
    this.#stretching.add(key);
    this.#effects.push({ type: "stretch", salt });
  }

  #stretchedPhrase(phrase: StretchedPhrase, tookMs: number): void {
    const key = phrase.salt.toHex();
    this.#stretching.delete(key);
    this.#calls.stretchMs = tookMs;
    this.#stretched.get(key)?.[Symbol.dispose]();
    this.#stretched.set(key, phrase);
    for (const [oldest, old] of this.#stretched) {
      if (this.#stretched.size <= MAX_STRETCHED) break;
      this.#stretched.delete(oldest);
      old[Symbol.dispose]();
    }
    for (const connection of [...this.#connections.values()]) {
      if (connection.awaitedSalt === key) this.#answer(connection, phrase);
    }
  }

  #answer(connection: Connection, phrase: StretchedPhrase): void {
    connection.awaitedSalt = undefined;
    const refusal = this.#refusal(connection);
    if (refusal !== undefined) return this.#refuse(connection, refusal);
    this.#drive(connection, { type: "stretched", phrase });
    // An offer that is no offer gets no answer, so nobody can have guessed anything by it.
    connection.answered = connection.state !== "over";
  }

  // --- Authentication ---

  /** The peer knows the phrase. What already waits on its other connections is read before it counts as connected. */
  #verified(connection: Connection): void {
    connection.answered = false; // whatever comes now, it is no guess
    connection.state = "verified";
    const { source } = connection;
    if (source !== undefined) {
      this.#admission.authenticated(source);
      this.#freePlace(connection);
    }
    if (!this.#mayEnter(connection)) return;
    if (this.#friends.get(connection.peer)?.here) this.#effects.push({ type: "read", link: connection.link });
    else this.#admit(connection);
  }

  /** False: there are friends enough, and this one has been turned away. A PeerId with a session never is. */
  #mayEnter(connection: Connection): boolean {
    if (this.#friends.get(connection.peer)?.here) return true;
    const here = this.#friends.here().length;
    const closed = here >= (this.#options.friends ?? Infinity);
    if (closed) {
      this.#notice({
        event: "hint",
        text:
          `Somebody else who knows the phrase called from ${connection.address} and was turned away: the door is closed.`,
      });
    }
    // MAX_SESSIONS was asked before the offer, but others may have come in since.
    if (closed || here >= MAX_SESSIONS) this.#refuse(connection, "busy");
    return connection.state !== "over";
  }

  #admit(connection: Connection): void {
    const friend = this.#friends.meet(connection.peer);
    const wasHere = friend.here;
    // A silent one of the same direction is closed when its successor authenticates.
    const silent = friend.connections.filter((c) => c.role === connection.role && c.session.isSilent(this.#now));
    connection.state = "live";
    friend.connections.push(connection);
    const before = connection.call && this.#calls.connected(connection.call, connection.peer);
    this.#drive(connection, { type: "admit" });
    if (this.#options.name !== undefined) {
      this.#drive(connection, { type: "submit", message: { type: "name", name: this.#options.name } });
    }
    if (!wasHere) {
      this.#notice({
        event: "connected",
        peer: connection.peer,
        direction: directionOf(connection),
        address: connection.address,
      });
      this.#useFor(friend, connection);
    }
    this.#tellNewSession(connection, before);
    // Before anything is closed: what came before this authentication settles nothing any more.
    for (const c of friend.connections) c.openedSince = false;
    for (const old of silent) this.#close(old, "closed");
    if (friend.connections.length > 1) {
      this.#awaitSettling(friend, SETTLE_TIMEOUT_MS);
      for (const c of friend.connections) this.#drive(c, { type: "nudge" });
    }
    const held = connection.held;
    connection.held = [];
    for (const frame of held) this.#frame(connection.link, frame);
  }

  // --- Several connections with one PeerId ---

  #opened(connection: Connection): void {
    const friend = this.#friends.get(connection.peer);
    if (friend === undefined || friend.connections.length < 2) return;
    connection.openedSince = true;
    this.#settle(friend);
  }

  /** Moves to the connection to be kept once it has brought a cell since the last authentication, and closes the rest. */
  #settle(friend: Friend): void {
    const keep = friend.toKeep;
    if (keep === undefined || !keep.openedSince) return;
    this.#useFor(friend, keep);
    for (const c of [...friend.connections]) if (c !== keep) this.#close(c, "closed");
  }

  /** The one to be kept brought nothing in time: it is dropped, and the next is to be kept. */
  #settleTimedOut(friend: Friend): void {
    friend.settleAt = Infinity;
    const keep = friend.toKeep;
    if (friend.connections.length < 2 || keep === undefined || keep.openedSince) return;
    if (!friend.settleNoticed) {
      // Section 7: silence is judged only after the socket has been read; this process may have been the late one.
      friend.settleNoticed = true;
      friend.settleAt = this.#now + SILENCE_GRACE_MS;
      return;
    }
    this.#close(keep, "timeout");
    if (friend.connections.length > 1) this.#awaitSettling(friend, SETTLE_TIMEOUT_MS);
  }

  #awaitSettling(friend: Friend, ms: number): void {
    friend.settleAt = this.#now + ms;
    friend.settleNoticed = false;
  }

  /** From here on messages go on this connection; what is unconfirmed goes again, in order, under its old ids. */
  #useFor(friend: Friend, connection: Connection): void {
    if (friend.inUse === connection) return;
    friend.inUse = connection;
    for (const { id, text } of friend.outbox) {
      this.#drive(connection, { type: "submit", message: { type: "chat", id, text } });
    }
  }

  // --- A connection ends ---

  #ended(link: LinkId): void {
    const connection = this.#connections.get(link);
    if (connection === undefined) return;
    connection.session[Symbol.dispose]();
    this.#removed(connection, "closed");
  }

  /** The session closed it. */
  #over(connection: Connection, reason: CloseReason): void {
    if (connection.state !== "live") {
      if (reason === "phrase" && connection.source !== undefined && connection.holdsPlace) {
        connection.guessToken = false;
        this.#admission.wrongGuess(connection.source, this.#now);
      }
      return this.#refuse(connection, reason === "bye" ? "closed" : reason);
    }
    this.#close(connection, reason === "phrase" ? "protocol" : reason);
    if (reason !== "bye") return;
    // Whoever receives bye closes, both connections if there are two, and one that is not authenticated or welcome yet.
    for (const c of [...this.#connections.values()]) if (c.peer === connection.peer) this.#close(c, "bye");
  }

  #close(connection: Connection, reason: LeftReason): void {
    if (connection.state === "over") return;
    connection.session[Symbol.dispose]();
    this.#effects.push({ type: "close", link: connection.link });
    this.#removed(connection, reason);
  }

  /** Closed before it authenticated, or instead of being welcomed. */
  #refuse(connection: Connection, reason: RefusedReason): void {
    connection.session[Symbol.dispose]();
    this.#effects.push({ type: "close", link: connection.link });
    this.#removedEarly(connection, reason);
  }

  #removed(connection: Connection, reason: LeftReason): void {
    if (connection.state !== "live") return this.#removedEarly(connection, "closed");
    this.#connections.delete(connection.link);
    connection.state = "over";
    const friend = this.#friends.get(connection.peer);
    if (friend === undefined) return;
    friend.connections.splice(friend.connections.indexOf(connection), 1);
    const keep = friend.toKeep;
    if (keep === undefined) return this.#left(friend, reason);
    // Messages move to the one to be kept when the one in use ends.
    if (friend.inUse === connection) this.#useFor(friend, keep);
    if (friend.connections.length > 1) this.#settle(friend);
  }

  #left(friend: Friend, reason: LeftReason): void {
    friend.inUse = undefined;
    if (!this.#leaving) this.#notice({ event: "left", peer: friend.peer, reason });
    for (const message of friend.outbox) {
      if (message.reported) continue;
      message.reported = true;
      this.#notice({ event: "unconfirmed", id: message.id, peer: friend.peer });
    }
    for (const call of this.#calls.all()) {
      if (call.peer === friend.peer && call.state === "connected") this.#calls.again(call, this.#now, this.#random());
    }
  }

  #removedEarly(connection: Connection, reason: RefusedReason): void {
    this.#connections.delete(connection.link);
    connection.state = "over";
    this.#freePlace(connection);
    const { call, address } = connection;
    // A friend who is here has closed one of several connections: there is no more to it.
    const here = this.#friends.get(connection.peer)?.here;
    const why = here && reason === "closed" ? "duplicate" : reason;
    if (connection.role === "listener") {
      if (reason === "self") return; // told on the dialling side
      if (here || why === "duplicate") return this.#refuseKnown(address, why);
      return this.#refuseStranger(address, reason, reason === "phrase");
    }
    // Closed after our answer and before a valid accept: the other side, too, closes without a word on a wrong phrase.
    const guess = connection.answered;
    const told = guess && why === "closed" ? "phrase" : why;
    if (!this.#leaving) this.#notice({ event: "refused", address: call?.target ?? address, reason: told });
    if (call === undefined) return;
    // Whom the call was for is here, whichever connection brought them.
    if (here && reason !== "phrase" && reason !== "self") {
      return this.#tellNewSession(connection, this.#calls.connected(call, connection.peer));
    }
    const knownPeer = this.#friends.get(connection.peer) !== undefined;
    if (guess && !knownPeer) this.#calls.wrongGuess(call, this.#now);
    // A wrong confirmB ends the calling of that target at once.
    this.#callFailed(call, told, reason === "phrase" || !this.#calls.mayGoOn(call, this.#now) || reason === "self");
  }

  #freePlace(connection: Connection): void {
    if (!connection.holdsPlace || connection.source === undefined) return;
    connection.holdsPlace = false;
    this.#admission.settled(connection.source);
  }

  // --- Calls ---

  #call(target: string, retry: boolean): void {
    this.#calls.clearGuesses();
    if (this.#calls.add(target, retry, this.#now) === undefined) {
      this.#notice({ event: "hint", text: this.#calls.hurry(target, this.#now) });
    }
    this.#dialDue();
  }

  /** `before`: who else answered this call's target the last time. */
  #tellNewSession({ call, peer }: Connection, before: PeerId | undefined): void {
    if (call === undefined || before === undefined) return;
    this.#notice({ event: "new-session", address: call.target, peer, before });
  }

  #dialDue(): void {
    if (this.#leaving) return void this.#calls.stopWaiting();
    if (!this.#calls.mayCall(this.#now)) {
      for (const { target } of this.#calls.stopWaiting()) {
        this.#effects.push({ type: "callEnded", target, reason: "phrase" });
      }
    }
    for (const call of this.#calls.takeDue(this.#now)) {
      this.#notice({ event: "connecting", address: call.target });
      this.#effects.push({ type: "dial", call: call.id, target: call.target });
    }
  }

  #dialFailed(id: CallId, failure: DialFailure): void {
    const call = this.#calls.get(id);
    if (call === undefined) return;
    const reason: RefusedReason = failure === "unknown host" ? "unreachable" : failure;
    if (!this.#leaving) this.#notice({ event: "refused", address: call.target, reason });
    this.#callFailed(call, reason, false);
  }

  #callFailed(call: Call, reason: RefusedReason, stop: boolean): void {
    if (stop || this.#leaving) call.state = "over";
    else this.#calls.again(call, this.#now, this.#random());
    if (call.state === "over") this.#effects.push({ type: "callEnded", target: call.target, reason });
    this.#dialDue();
  }

  // --- Messages ---

  #say(text: string): void {
    const id = newMessageId(this.#entropy);
    let peers = 0;
    for (const friend of this.#friends.here()) {
      if (friend.outbox.length >= MAX_UNCONFIRMED || friend.inUse === undefined) continue;
      friend.outbox.push({ id, text, reported: false });
      this.#drive(friend.inUse, { type: "submit", message: { type: "chat", id, text } });
      peers++;
    }
    this.#notice({ event: "sent", id, peers, text });
  }

  #chat(connection: Connection, id: MessageId, text: string): void {
    const friend = this.#friends.get(connection.peer);
    if (friend === undefined || friend.showing.has(id)) return;
    // A known id is confirmed anew and not shown again.
    if (friend.shown.has(id)) return this.#drive(connection, { type: "shown", id });
    // However often it connects: who keeps to the rules has no more than this unconfirmed.
    if (friend.showing.size >= MAX_UNCONFIRMED) return this.#over(connection, "protocol");
    friend.showing.add(id);
    this.#notice({ event: "message", peer: connection.peer, id, text });
  }

  #shown(peer: PeerId, id: MessageId): void {
    const friend = this.#friends.get(peer);
    if (friend === undefined) return;
    friend.markShown(id);
    for (const c of friend.connections) this.#drive(c, { type: "shown", id });
  }

  #confirmed(connection: Connection, id: MessageId): void {
    if (this.#friends.get(connection.peer)?.confirm(id)) {
      this.#notice({ event: "delivered", id, peer: connection.peer });
    }
  }

  // --- Time and the end ---

  #time(unsent: (link: LinkId) => number): void {
    for (const connection of [...this.#connections.values()]) {
      if (connection.session.deadline > this.#now) continue;
      this.#drive(connection, { type: "time", unsent: unsent(connection.link) });
    }
    for (const friend of this.#friends.here()) if (friend.settleAt <= this.#now) this.#settleTimedOut(friend);
    if (this.#now >= this.#turnedAway.since + TURNED_AWAY_REPORT_MS) {
      const { count, guesses } = this.#turnedAway;
      this.#turnedAway = { count: 0, guesses: 0, since: Infinity };
      this.#notice({ event: "turned-away", count, guesses });
    }
    this.#dialDue();
  }

  #leave(): void {
    this.#leaving = true;
    for (const call of this.#calls.all()) call.state = "over";
    for (const connection of [...this.#connections.values()]) this.#drive(connection, { type: "leave" });
  }

  #refuseStranger(address: string, reason: RefusedReason, guess: boolean): void {
    if (this.#leaving) return;
    this.#countTurnedAway(this.#now, guess);
    if (this.#turnedAway.count <= REPORTED_ONE_BY_ONE) this.#notice({ event: "refused", address, reason });
  }

  /** One connection too many of somebody who is here: not counted with strangers', unless there are as many. */
  #refuseKnown(address: string, reason: RefusedReason): void {
    if (this.#now >= this.#known.until) this.#known = { count: 0, until: this.#now + TURNED_AWAY_REPORT_MS };
    if (++this.#known.count <= REPORTED_ONE_BY_ONE) this.#notice({ event: "refused", address, reason });
    else this.#countTurnedAway(this.#now, false);
  }

  #countTurnedAway(now: Millis, guess: boolean): void {
    this.#turnedAway.since = Math.min(this.#turnedAway.since, now);
    this.#turnedAway.count++;
    if (guess) this.#turnedAway.guesses++;
  }

  #notice(notice: Notice): void {
    this.#effects.push({ type: "notice", notice });
  }

  /** Uniform in [0, 1). */
  #random(): number {
    const bytes = new Uint8Array(4);
    this.#entropy(bytes);
    return new DataView(bytes.buffer).getUint32(0) / 2 ** 32;
  }
}

function directionOf(connection: Connection): "in" | "out" {
  return connection.role === "dialer" ? "out" : "in";
}

// Calls as `peers` makes them: whose turn it is to be dialled, what a failed call means for the next, and what the
// person is told. Out of scope: how often and how long (calls.ts), the connections themselves (step.ts).

import { INTRODUCTIONS_AT_ONCE, WOKEN_CHECK_MS } from "../constants.ts";
import { type CallFailure, type CallStep, linkFault, reasonOf } from "../call.ts";
import type { Millis, PeerId, PunchFault } from "../ports.ts";
import { type Call, type CallId, Calls } from "./calls.ts";
import type { Connection, EarlyReason } from "./connection.ts";
import type { PunchAddress, PunchId } from "./event.ts";
import type { Friends } from "./friend.ts";
import { Halfway } from "./halfway.ts";
import { Salts } from "./salts.ts";
import type { Turn } from "./turn.ts";

export class Calling {
  readonly #turn: Turn;
  readonly #friends: Friends;
  readonly #calls = new Calls();
  readonly #halfway: Halfway;
  /** Two-sided calls of introductions, and when each began: they are nothing that a person called. */
  readonly #meetings = new Map<CallId, { readonly call: Call; readonly since: Millis }>();
  readonly #salts = new Salts();
  /** When those are called again whose sessions have not outlived sleep or a change of network. */
  #checkAt: Millis = Infinity;

  constructor(turn: Turn, friends: Friends) {
    this.#turn = turn;
    this.#friends = friends;
    this.#halfway = new Halfway(turn, friends);
  }

  /** When `dialDue` or `punchDue` is due. */
  get deadline(): Millis {
    if (this.#turn.leaving) return Infinity;
    return Math.min(this.#calls.deadline, this.#halfway.deadline, this.#checkAt);
  }

  /** For a call that the person did not ask for. */
  newId(): CallId {
    return this.#calls.newId();
  }

  get(id: CallId): Call | undefined {
    return this.#calls.get(id) ?? this.#meetings.get(id)?.call;
  }

  /** Targets of the calls that may still bring somebody. */
  get targets(): readonly string[] {
    const open = this.#calls.all().filter(({ state }) => state === "waiting" || state === "under way");
    return open.map(({ target }) => target);
  }

  /** Some call has neither failed nor brought anybody yet. */
  get trying(): boolean {
    return this.#calls.all().some(({ state, told }) =>
      told === undefined && (state === "waiting" || state === "under way")
    );
  }

  /** The person wants `target` called. */
  add(target: string, retry: boolean): void {
    const { now } = this.#turn;
    this.#calls.clearGuesses();
    for (const friend of this.#friends.all()) friend.dismissed = false;
    if (this.#calls.add(target, retry, now) === undefined) {
      this.#turn.notice({ event: "already-called", address: target, state: this.#calls.hurry(target, now) });
      const known = this.#calls.all().find((call) => call.target === target);
      if (known !== undefined && known.state !== "connected") this.#halfway.anew(known);
    }
    this.dialDue();
  }

  /** Whoever was called and has come is called no more. */
  dismiss(peer: PeerId): void {
    this.meetNoMore(peer);
    for (const call of this.#calls.all()) if (call.peer === peer) this.#stop(call);
  }

  /** The person wants that target called no more. */
  hangUp(target: string): void {
    for (const call of this.#calls.all()) if (call.target === target) this.#stop(call);
  }

  #stop(call: Call): void {
    if (call.state === "under way") this.#turn.effects.push({ type: "stopDial", call: call.id });
    call.state = "over";
    call.stopped = true;
    this.#halfway.end(call.id);
  }

  /** Whoever waits for a pause is called now, and met again. */
  woke(): void {
    for (const call of this.#calls.all()) {
      if (call.state === "waiting") call.nextAt = this.#turn.now;
      if (call.state === "waiting" || call.state === "under way") this.#halfway.woke(call);
    }
    this.#checkAt = this.#turn.now + WOKEN_CHECK_MS;
    this.dialDue();
  }

  /** Sessions silent by now are most likely dead: a successor takes their place, or is refused if they are alive. */
  #check(): void {
    this.#checkAt = Infinity;
    for (const call of this.#calls.all()) {
      const friend = call.peer === undefined ? undefined : this.#friends.get(call.peer);
      if (call.state !== "connected" || !call.retry || friend === undefined) continue;
      if (!friend.connections.every(({ session }) => session.isSilent(this.#turn.now))) continue;
      call.state = "waiting";
      call.nextAt = this.#turn.now;
    }
  }

  dialDue(): void {
    if (this.#turn.leaving) return void this.#calls.stopWaiting();
    if (this.#turn.now >= this.#checkAt) this.#check();
    if (!this.#calls.mayCall(this.#turn.now)) {
      for (const call of this.#calls.stopWaiting()) this.#ended(call, { at: "phrase", why: "phrase" });
    }
    for (const call of this.#calls.takeDue(this.#turn.now)) {
      this.#halfway.begin(call);
      this.#turn.notice({ event: "connecting", address: call.target, ...call.told !== undefined && AGAIN });
      this.#turn.effects.push({ type: "dial", call: call.id, target: call.target, quiet: false });
    }
  }

  dialFailed(id: CallId, failure: CallFailure): void {
    const call = this.#calls.get(id);
    if (call === undefined || call.stopped === true) return;
    this.#tell(call.target, failure, call);
    this.#failed(call, failure, false);
  }

  /** For whoever tells the person how far a call has come. */
  came({ call }: Connection, step: (CallStep & { step: "offered" | "answered" })["step"]): void {
    if (call !== undefined && call.introduced === undefined) {
      this.#turn.effects.push({ type: "came", target: call.target, step });
    }
  }

  // --- Two-sided calls ---

  /** How many calls are met halfway, or were until that was ended for good. */
  get metHalfway(): number {
    return this.#halfway.size;
  }

  /** An introduction: this PeerId calls from there, at the same moment as we do. */
  meet(peer: PeerId, meetAt: readonly PunchAddress[]): void {
    const { now } = this.#turn;
    this.meetNoMore(peer);
    for (const [id, { since }] of this.#meetings) if (now - since > MEETING_KEPT_MS) this.#endMeeting(id);
    if (this.#meetings.size >= INTRODUCTIONS_AT_ONCE || this.#turn.leaving) return;
    const call = this.#calls.meeting({ peer, meetAt: meetAt.slice(0, MEETING_PLACES_MAX) });
    this.#meetings.set(call.id, { call, since: now });
    this.#halfway.anew(call);
  }

  /** They are here, or nobody is met any more. */
  meetNoMore(peer: PeerId): void {
    for (const [id, { call }] of this.#meetings) if (call.introduced?.peer === peer) this.#endMeeting(id);
  }

  /** A connection of a meeting has ended before anybody was connected by it; a person is told of none. */
  metNobody({ id }: Call, reason: EarlyReason): void {
    this.#halfway.inVain(id, reason);
    this.#halfway.release(id);
  }

  #endMeeting(id: CallId): void {
    this.#meetings.delete(id);
    this.#halfway.forget(id);
  }

  aimed(id: CallId, meetAt: readonly PunchAddress[]): void {
    const call = this.#calls.get(id);
    if (call !== undefined) this.#halfway.aimed(call, meetAt);
  }

  /** After each step. */
  punchDue(): void {
    const { now } = this.#turn;
    this.#halfway.due((call) => this.#meetings.has(call) ? this.#calls.mayCall(now) : this.#calls.mayPunch(call, now));
  }

  dialOpened(id: CallId): void {
    this.#halfway.hold(id);
  }

  dialClosed(id: CallId): void {
    this.#halfway.release(id);
  }

  /** The first connection of a call stops its other attempts until it fails. */
  punchOpened(punch: PunchId): void {
    const id = this.#halfway.opened(punch);
    // The person did not ask for an introduction's ordinary calls, and they end by themselves.
    const call = id === undefined ? undefined : this.#calls.get(id);
    if (call === undefined) return;
    if (call.state === "under way") this.#turn.effects.push({ type: "stopDial", call: call.id });
    call.state = "under way";
  }

  punchFailed(punch: PunchId, why: PunchFault): void {
    const id = this.#halfway.failed(punch, why);
    const call = id === undefined ? undefined : this.#calls.get(id);
    // The ordinary attempt was given up for this one.
    if (call?.state === "under way") this.#failed(call, { at: "connect", why: "turned-away" }, false);
  }

  /** Whose connection this attempt has become; undefined: nobody's, it had been given up. */
  punched(punch: PunchId): Call | undefined {
    const id = this.#halfway.linked(punch);
    return id === undefined ? undefined : this.get(id);
  }

  /** A two-sided connection in which we were the listener has ended before anybody was connected by it. */
  refusedHalfway(connection: Connection, reason: EarlyReason): void {
    const { call, peer } = connection;
    if (call === undefined) return;
    if (this.#friends.get(peer)?.here && reason !== "phrase" && reason !== "self") return this.connected(connection);
    this.#halfway.inVain(call.id, reason);
    if (call.state === "under way") this.#failed(call, failureOf(connection, reason), false);
  }

  /** There is a session with somebody at this address. */
  met(address: string): void {
    this.#halfway.met(address);
  }

  /** How long a stretch takes here: calls are begun only as far as theirs can begin soon. */
  stretchTook(ms: number): void {
    this.#calls.stretchMs = ms;
  }

  /** False: this connection must not be answered for that salt: its call, or its introduction, has shown three others. */
  takeSalt(connection: Pick<Connection, "call" | "expected">, salt: string): boolean {
    return this.#salts.take(connection, salt, this.#turn.now);
  }

  /** A valid accept has come. */
  authenticated(connection: Connection): void {
    this.#salts.forget(connection);
  }

  /** Its call has its friend. The person is told if somebody else answered at its target the last time. */
  connected({ call, peer }: Connection): void {
    if (call === undefined) return;
    if (this.#meetings.has(call.id)) return this.#endMeeting(call.id);
    this.#halfway.end(call.id);
    const before = this.#calls.connected(call, peer);
    if (before === undefined) return;
    this.#turn.notice({ event: "new-session", address: call.target, peer, before });
  }

  /** A dialled connection has ended before anybody was connected by it. */
  refused(connection: Connection, reason: EarlyReason): void {
    const { call, peer } = connection;
    if (call?.stopped === true) return;
    const friend = this.#friends.get(peer);
    const failure = failureOf(connection, reason);
    this.#tell(call?.target ?? connection.address, failure, call);
    if (call === undefined) return;
    // Whom the call was for is here, whichever connection brought them.
    if (friend?.here && reason !== "phrase" && reason !== "self") return this.connected(connection);
    if (connection.answered && friend === undefined) this.#calls.wrongGuess(call, this.#turn.now);
    if (connection.punched) this.#halfway.inVain(call.id, reason);
    // A wrong confirmB ends the calling of that target at once. Oneself does not: somebody on the line can join a call of
    // ours to our own listener.
    this.#failed(call, failure, reason === "phrase" || !this.#calls.mayGoOn(call, this.#turn.now));
  }

  /** A friend is gone: those who brought them call again. */
  left(peer: PeerId): void {
    for (const call of this.#calls.all()) {
      if (call.peer === peer && call.state === "connected") {
        this.#calls.again(call, this.#turn.now, this.#turn.random());
      }
    }
  }

  /** Nobody is called any more. */
  stop(): void {
    for (const call of this.#calls.all()) call.state = "over";
    for (const { id } of this.#calls.all()) this.#halfway.end(id);
    for (const id of this.#meetings.keys()) this.#endMeeting(id);
  }

  #failed(call: Call, failure: CallFailure, stop: boolean): void {
    if (stop || this.#turn.leaving) call.state = "over";
    else this.#calls.again(call, this.#turn.now, this.#turn.random());
    if (call.state === "over") this.#ended(call, failure);
    else this.#halfway.release(call.id);
    this.dialDue();
  }

  #ended({ id, target }: Call, failure: CallFailure): void {
    this.#halfway.forget(id);
    this.#turn.effects.push({ type: "callEnded", target, failure });
  }

  /** A call that fails again as it did before is nothing new for a person. */
  #tell(address: string, failure: CallFailure, call?: Call): void {
    if (this.#turn.leaving) return;
    const again = call?.told === failure.why;
    if (call !== undefined) call.told = failure.why;
    this.#turn.notice({ event: "refused", address, reason: reasonOf(failure), failure, ...again && AGAIN });
  }
}

/** Why a connection of a call ended before anybody was connected by it. */
function failureOf({ offered, familiar, answered }: Connection, reason: EarlyReason): CallFailure {
  const at = offered ? "phrase" : "offer";
  switch (reason) {
    case "self":
    case "duplicate":
    case "restarts":
      return { at, why: reason };
    case "busy":
      return { at, why: "full" };
    case "phrase":
    case "protocol":
    case "closed":
      return { at, why: linkFault({ at, familiar, answered, end: reason }) };
    default:
      return { at, why: linkFault({ at, familiar, answered, end: undefined }) };
  }
}

const AGAIN = { again: true } as const;
/** Longer than a meeting lasts. */
const MEETING_KEPT_MS = 30_000;
/** Of one introduction. */
const MEETING_PLACES_MAX = 4;

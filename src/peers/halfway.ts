// Two-sided calls as `peers` makes them (docs/PROTOCOL.md section 8): which attempts to begin and which to give up. Out
// of scope: when each begins (punching.ts), what its connection means for the call (calling.ts).

import type { EarlyReason } from "./connection.ts";
import type { Millis, PunchFault } from "../ports.ts";
import { addressParts } from "../wire/forms.ts";
import type { Call, CallId } from "./calls.ts";
import type { Friends } from "./friend.ts";
import { INTRODUCTION_LIMITS, type PunchAddress, type PunchId, Punching } from "./punching.ts";
import type { Turn } from "./turn.ts";

export class Halfway {
  readonly #turn: Turn;
  readonly #friends: Friends;
  readonly #punching = new Punching();

  constructor(turn: Turn, friends: Friends) {
    this.#turn = turn;
    this.#friends = friends;
  }

  /** When `due` has something to do. */
  get deadline(): Millis {
    return this.#punching.deadline;
  }

  /** The call is dialled: its two-sided part begins unless it has. */
  begin(call: Call): void {
    if (!this.#punching.has(call.id)) this.anew(call);
  }

  /** The person asks again, or all has changed. */
  anew({ id, introduced }: Call): void {
    this.#stop(this.#punching.begin(id, this.#turn.now, introduced && INTRODUCTION_LIMITS));
    if (introduced !== undefined) this.#aim(id, introduced.meetAt);
  }

  /** The same after sleep, which forgives nothing. */
  woke(call: Call): void {
    if (!this.#punching.isBanned(call.id)) this.anew(call);
  }

  /** Where the call's own addresses lead; an introduction has told by itself. */
  aimed({ id, introduced }: Call, meetAt: readonly PunchAddress[]): void {
    if (introduced === undefined) this.#aim(id, meetAt);
  }

  /** The attempts whose turn it is begin. */
  due(mayCall: (call: CallId) => boolean): void {
    if (this.#turn.leaving) return;
    for (const attempt of this.#punching.take(this.#turn.now, () => this.#turn.random(), mayCall)) {
      this.#turn.effects.push({ type: "punch", ...attempt });
    }
  }

  /** A connection of this call has opened, an ordinary one: the others are given up until it fails. */
  hold(call: CallId): void {
    this.#stop(this.#punching.hold(call));
  }

  release(call: CallId): void {
    this.#punching.release(call, this.#turn.now, this.#turn.random());
  }

  /** Returns the call that this attempt has opened a connection for; undefined: it came second, or too late. */
  opened(punch: PunchId): CallId | undefined {
    this.#stop(this.#punching.opened(punch));
    return this.#punching.callOf(punch);
  }

  /** Returns the call whose connection has failed with this attempt; undefined: there was none. */
  failed(punch: PunchId, why: PunchFault): CallId | undefined {
    const call = this.#punching.isOpen(punch) ? this.#punching.callOf(punch) : undefined;
    this.#stop(this.#punching.failed(punch, why, this.#turn.now, this.#turn.random()));
    return call;
  }

  /** Returns whose connection it is; undefined: it had been given up. */
  linked(punch: PunchId): CallId | undefined {
    const call = this.#punching.callOf(punch);
    this.#punching.linked(punch);
    return call;
  }

  /** A link of this call has brought no session. One wrong confirmation, or oneself, is enough; else it is the third time. */
  inVain(call: CallId, reason: EarlyReason): void {
    const atOnce = reason === "phrase" || reason === "self";
    this.#stop(atOnce ? this.#punching.ban(call) : this.#punching.fruitless(call));
  }

  /** There is a session with somebody at this address. */
  met(address: string): void {
    this.#stop(this.#punching.met(addressParts(address).host));
  }

  /** The call has its friend. */
  end(call: CallId): void {
    this.#stop(this.#punching.end(call));
  }

  /** The call is over: if it is made again, that is another call. */
  forget(call: CallId): void {
    this.#stop(this.#punching.forget(call));
  }

  /** How many calls are remembered. */
  get size(): number {
    return this.#punching.size;
  }

  /** With whom there is a session nobody needs to be met. */
  #aim(call: CallId, meetAt: readonly PunchAddress[]): void {
    const here = new Set(
      this.#friends.here().flatMap((f) => f.connections.map(({ address }) => addressParts(address).host)),
    );
    this.#stop(this.#punching.aim(call, meetAt.filter(({ host }) => !here.has(host))));
  }

  #stop(punches: readonly PunchId[]): void {
    for (const punch of punches) this.#turn.effects.push({ type: "stopPunch", punch });
  }
}

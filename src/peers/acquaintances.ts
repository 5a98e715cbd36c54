// Where introductions meet connections: whom a call must reach and nobody else, which phrase an expected caller is
// offered, and how the effects of `company.ts` are performed. Out of scope: who is told what and when (company.ts).

import type { StretchedPhrase } from "../auth/stretched.ts";
import { MAX_SESSIONS } from "../constants.ts";
import type { Millis, PeerId } from "../ports.ts";
import { addressParts } from "../wire/forms.ts";
import type { CircleMessage, IntroductionMessage } from "../wire/message.ts";
import type { Calling } from "./calling.ts";
import type { CallId } from "./calls.ts";
import { Company, type CompanyEffect, type Here } from "./company.ts";
import type { Connection, Steer } from "./connection.ts";
import type { Event, PeersOptions } from "./event.ts";
import type { Friends } from "./friend.ts";
import type { Phrases } from "./phrases.ts";
import type { Turn } from "./turn.ts";

type Asked = Extract<Event, { type: "reachable" | "listening at" | "introduce" | "decline" | "propose" }>;

export class Acquaintances {
  readonly company: Company;
  readonly #turn: Turn;
  readonly #friends: Friends;
  readonly #calling: Calling;
  readonly #steer: Steer;
  /** Calls of introductions that have brought no link yet, and whom each must reach. */
  readonly #calls = new Map<CallId, PeerId>();
  /** Something has happened since the last `settle` that friends may have to be told of. */
  #due = false;

  constructor(
    options: PeersOptions,
    turn: Turn,
    friends: Friends,
    calling: Calling,
    steer: Steer,
    isShutOut: (peer: PeerId) => boolean,
  ) {
    this.#turn = turn;
    this.#friends = friends;
    this.#calling = calling;
    this.#steer = steer;
    const { self, shape, introductions: mode, friends: most = MAX_SESSIONS, hidden } = options;
    this.company = new Company(
      { self, intervalMs: shape.intervalMs, mode, most: Math.min(most, MAX_SESSIONS), isShutOut },
      { addresses: [], listens: false, hidden },
    );
  }

  /** When `settle` is due, besides after each step that changed something. */
  get deadline(): Millis {
    return this.#turn.leaving ? Infinity : this.company.deadline; // nobody is introduced any more
  }

  /** Whom this call must reach, if it is an introduction's; it has brought a link. */
  expectedOf(call: CallId | undefined): PeerId | undefined {
    if (call === undefined) return undefined;
    const peer = this.#calls.get(call);
    this.#calls.delete(call);
    return peer;
  }

  /** False: it is not one of ours. */
  dialFailed(call: CallId): boolean {
    const peer = this.expectedOf(call);
    if (peer === undefined) return false;
    this.company.callEnded(peer, undefined, this.#turn.now);
    return true;
  }

  /** A connection that had to reach somebody ended before they were let in. */
  callEnded({ expected, peer, address }: Connection): void {
    if (expected === undefined) return;
    this.#due = true;
    this.company.callEnded(expected, peer === expected ? undefined : address, this.#turn.now);
  }

  /** A two-sided connection that had to reach somebody has reached somebody else. */
  metElse({ expected, address }: Connection): void {
    if (expected === undefined) return;
    this.#due = true;
    this.company.metElse(expected, address);
  }

  /**
   * What a caller is offered: our own salt, or for somebody whom our person agreed to hear the salt that both of us have
   * stretched already, as we dialled the same friend in the middle. TLS has proved the caller's key.
   */
  phraseFor(peer: PeerId, phrases: Phrases): StretchedPhrase | undefined {
    for (const middle of this.company.expected(peer) ?? []) {
      const salt = this.#friends.get(middle)?.connections.find((c) => c.role === "dialer")?.salt;
      const phrase = salt === undefined ? undefined : phrases.get(salt);
      if (phrase !== undefined) return phrase;
    }
    return phrases.own;
  }

  received(from: PeerId, message: CircleMessage | IntroductionMessage): void {
    this.#due = true;
    this.#present(); // what waited on a connection comes in the step that lets its friend in
    this.company.received(from, message, this.#turn.now);
  }

  /** The first cell of a circle leaves. */
  begun({ peer, link }: Connection, message: CircleMessage, cells: number): void {
    this.#due = true;
    this.company.begun(peer, link, message, cells, this.#turn.now);
  }

  /** What the person wants, or the outside says. */
  asked(event: Asked): void {
    const { company } = this;
    const { now } = this.#turn;
    this.#due = true;
    switch (event.type) {
      case "reachable":
        return company.reachable({ addresses: event.addresses, listens: true, hidden: event.hidden });
      case "listening at":
        return company.listeningAt(event.host, event.addresses);
      case "introduce":
        return void company.agree(event.peer, now);
      case "decline":
        return company.decline(event.peer, now);
      case "propose":
        return company.propose(event.first, event.second);
    }
  }

  /** At the end of each step: tells friends what they are owed, asks and calls whom an introduction is about. */
  settle(): void {
    const { now, presenceChanged, leaving } = this.#turn;
    if (leaving || (!this.#due && !presenceChanged && this.company.deadline > now)) return;
    this.#present();
    this.#due = false;
    for (const effect of this.company.settle(now)) this.#perform(effect);
  }

  /** Nobody is called any more. */
  stop(): void {
    for (const call of this.#calls.keys()) this.#turn.effects.push({ type: "stopDial", call });
    this.#calls.clear();
    this.#turn.effects.push({ type: "listen at", hosts: [] });
  }

  #present(): void {
    if (!this.#turn.presenceChanged) return;
    this.#turn.presenceChanged = false;
    const here = this.#here();
    this.company.present(here);
    for (const { peer } of here) this.#calling.meetNoMore(peer);
  }

  #here(): Here[] {
    return this.#friends.here().flatMap(({ peer, name, inUse, connections }) =>
      inUse === undefined ? [] : [{
        peer,
        name,
        link: inUse.link,
        links: connections.length,
        address: inUse.address,
        local: inUse.local,
        dialled: inUse.role === "dialer",
        fixed: inUse.fixed,
      }]
    );
  }

  #perform(effect: CompanyEffect): void {
    switch (effect.type) {
      case "submit":
      case "withdraw circle": {
        const connection = this.#friends.get(effect.to)?.inUse;
        if (connection === undefined) return;
        const { type } = effect;
        return this.#steer.drive(connection, type === "submit" ? { type, message: effect.message } : { type });
      }
      case "notice":
        return this.#turn.notice(effect.notice);
      case "dial": {
        const call = this.#calling.newId();
        this.#calls.set(call, effect.peer);
        this.#turn.effects.push({ type: "dial", call, target: effect.addresses.join(","), quiet: true });
        return;
      }
      case "meet at":
        return this.#calling.meet(effect.peer, effect.places.map(addressParts));
      case "hang up":
        this.#calling.meetNoMore(effect.peer);
        return this.#hangUp(effect.peer);
      case "listen at":
        this.#turn.effects.push(effect);
    }
  }

  #hangUp(peer: PeerId): void {
    for (const [call, expected] of this.#calls) {
      if (expected !== peer) continue;
      this.#calls.delete(call);
      this.#turn.effects.push({ type: "stopDial", call });
    }
    this.#steer.hangUp(peer);
  }
}

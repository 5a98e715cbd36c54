// Two-sided calls (docs/PROTOCOL.md sections 1 and 8): where each call may meet its friend, when each attempt begins, and
// which are given up. Out of scope: sockets (transport), what a connection means for its call (calling.ts).

import {
  PUNCH_AFTER_MS,
  PUNCH_FOR_MS,
  PUNCH_FRUITLESS_MAX,
  PUNCH_HASTE_MS,
  PUNCH_PAUSES,
  PUNCHES_IN_THE_AIR,
  PUNCHES_PER_SECOND,
} from "../constants.ts";
import type { Millis, PunchFault } from "../ports.ts";
import { addressParts } from "../wire/forms.ts";
import type { Call, CallId } from "./calls.ts";
import type { EarlyReason } from "./connection.ts";
import type { PunchAddress, PunchId } from "./event.ts";
import type { Friends } from "./friend.ts";
import type { Turn } from "./turn.ts";

interface Place {
  readonly address: PunchAddress;
  readonly target: Target;
  /** Not before; while an attempt is under way this says nothing. */
  nextAt: Millis;
  startedAt: Millis;
  attempt: PunchId | undefined;
}

interface Target {
  /** When the first attempt may begin. */
  readonly since: Millis;
  readonly until: Millis;
  attemptsLeft: number;
  places: Place[];
  /** Where nobody but ourselves answered: not tried again, though the call's addresses be looked up again and again. */
  readonly mirrors: PunchAddress[];
  /** Connections that opened and brought no session. */
  fruitless: number;
  /** No more until the person asks again. */
  over: boolean;
  /** A connection of this call has opened, and may still bring somebody. */
  held: boolean;
}

/** How long and how often, for a call of the person's. */
const PERSONS_LIMITS = { forMs: PUNCH_FOR_MS, attempts: Infinity };
/** Somebody else names the addresses of an introduction. */
export const INTRODUCTION_LIMITS = { forMs: 20_000, attempts: 200 };

export class Halfway {
  readonly #turn: Turn;
  readonly #friends: Friends;
  readonly #targets = new Map<CallId, Target>();
  readonly #attempts = new Map<PunchId, { readonly call: CallId; readonly place: Place; opened: boolean }>();
  /** When the last ones began, oldest first, those of the last second. */
  #began: Millis[] = [];
  /** Those that have not had a turn in this round, in the order that was drawn. */
  #round: Place[] = [];
  #next: PunchId = 1;

  constructor(turn: Turn, friends: Friends) {
    this.#turn = turn;
    this.#friends = friends;
  }

  /** How many calls are remembered. */
  get size(): number {
    return this.#targets.size;
  }

  /** When `due` has something to do. */
  get deadline(): Millis {
    if (this.#inTheAir >= PUNCHES_IN_THE_AIR) return Infinity;
    let next = Infinity;
    for (const target of this.#targets.values()) {
      if (!mayGoOn(target)) continue;
      for (const place of target.places) {
        if (place.attempt === undefined && place.nextAt < target.until) next = Math.min(next, place.nextAt);
      }
    }
    const full = this.#began.length >= PUNCHES_PER_SECOND ? this.#began[0]! + 1000 : -Infinity;
    return Math.max(next, full);
  }

  // --- A call begins and ends ---

  /** The call is dialled: its two-sided part begins unless it has. */
  begin(call: Call): void {
    if (!this.#targets.has(call.id)) this.anew(call);
  }

  /** The person asks again, or all has changed. */
  anew({ id, introduced }: Call): void {
    const held = this.#targets.get(id)?.held ?? false;
    this.end(id);
    const { forMs, attempts } = introduced === undefined ? PERSONS_LIMITS : INTRODUCTION_LIMITS;
    const since = this.#turn.now + PUNCH_AFTER_MS;
    const until = since + forMs;
    const fresh = { places: [], mirrors: [], fruitless: 0, over: false };
    this.#targets.set(id, { since, until, attemptsLeft: attempts, held, ...fresh });
    if (introduced !== undefined) this.#aim(id, introduced.meetAt);
  }

  /** The same after sleep, which forgives nothing. */
  woke(call: Call): void {
    if (this.#targets.get(call.id)?.over !== true) this.anew(call);
  }

  /** Where the call's own addresses lead; an introduction has told by itself. */
  aimed({ id, introduced }: Call, meetAt: readonly PunchAddress[]): void {
    if (introduced === undefined) this.#aim(id, meetAt);
  }

  /** There is a session with somebody at this address. */
  met(address: string): void {
    const { host } = addressParts(address);
    for (const target of this.#targets.values()) this.#keep(target, (place) => place.address.host !== host);
  }

  /** A link of this call has brought no session. One wrong confirmation, or oneself, is enough; else it is the third time. */
  inVain(call: CallId, reason: EarlyReason): void {
    const target = this.#targets.get(call);
    if (target === undefined) return;
    target.fruitless++;
    const enough = reason === "phrase" || reason === "self" || target.fruitless >= PUNCH_FRUITLESS_MAX;
    if (!enough) return;
    target.over = true;
    this.#keep(target, () => false);
  }

  /** The call has its friend, or begins anew. For whom it is over for good, it stays so. */
  end(call: CallId): void {
    const target = this.#targets.get(call);
    if (target === undefined) return;
    this.#keep(target, () => false);
    if (!target.over) this.#targets.delete(call);
  }

  /** The call is over: if it is made again, that is another call. */
  forget(call: CallId): void {
    this.end(call);
    this.#targets.delete(call);
  }

  // --- Attempts ---

  /** The attempts whose turn it is begin. `mayCall`: whether a stretch for this call could start soon enough. */
  due(mayCall: (call: CallId) => boolean): void {
    const { now, leaving, effects } = this.#turn;
    if (leaving) return;
    this.#began = this.#began.filter((at) => now - at < 1000);
    while (this.#inTheAir < PUNCHES_IN_THE_AIR && this.#began.length < PUNCHES_PER_SECOND) {
      const found = this.#nextTurn(mayCall);
      if (found === undefined) return;
      const { call, place } = found;
      const punch = this.#next++;
      place.attempt = punch;
      place.startedAt = now;
      place.target.attemptsLeft--;
      this.#attempts.set(punch, { call, place, opened: false });
      this.#began.push(now);
      effects.push({ type: "punch", punch, ...place.address });
    }
  }

  /** One connection of this call has opened: its other attempts are given up, and none begins until it fails. */
  hold(call: CallId): void {
    const target = this.#targets.get(call);
    if (target === undefined) return;
    target.held = true;
    this.#giveUp((attempt) => attempt.call === call);
  }

  /** That connection has come to nothing. */
  release(call: CallId): void {
    this.#release(call, this.#turn.random());
  }

  /** Returns the call that this attempt has opened a connection for; undefined: it came second, or too late. */
  opened(punch: PunchId): CallId | undefined {
    const attempt = this.#attempts.get(punch);
    if (attempt === undefined) {
      this.#turn.effects.push({ type: "stopPunch", punch });
      return undefined;
    }
    attempt.opened = true;
    this.hold(attempt.call);
    return attempt.call;
  }

  /** It ended before there was a link. Returns the call whose connection has failed with it; undefined: there was none. */
  failed(punch: PunchId, why: PunchFault): CallId | undefined {
    const random = this.#turn.random();
    const attempt = this.#attempts.get(punch);
    if (attempt === undefined) return undefined;
    const { place, call, opened } = attempt;
    this.#over(punch);
    if (why === "silent") place.nextAt = this.#turn.now;
    else rest(place, this.#turn.now, random);
    if (opened) this.#release(call, random);
    if (why === "mirror") {
      place.target.mirrors.push(place.address);
      this.#keep(place.target, (other) => other !== place);
    } else if (opened) this.inVain(call, "closed");
    return opened ? call : undefined;
  }

  /** It has become a link, and is nobody's attempt any more. Returns whose; undefined: it had been given up. */
  linked(punch: PunchId): CallId | undefined {
    const call = this.#attempts.get(punch)?.call;
    this.#over(punch);
    return call;
  }

  // --- Helpers ---

  get #inTheAir(): number {
    let count = 0;
    for (const { opened } of this.#attempts.values()) if (!opened) count++;
    return count;
  }

  /** What is known already keeps its pause. With whom there is a session nobody needs to be met. */
  #aim(call: CallId, meetAt: readonly PunchAddress[]): void {
    const target = this.#targets.get(call);
    if (target === undefined || target.over) return;
    const here = new Set(
      this.#friends.here().flatMap((f) => f.connections.map(({ address }) => addressParts(address).host)),
    );
    const others = meetAt.filter((address) =>
      !here.has(address.host) && !target.mirrors.some((mirror) => isSame(mirror, address))
    );
    const places = others.map((address) =>
      target.places.find((place) => isSame(place.address, address)) ??
        { address, target, nextAt: target.since, startedAt: -Infinity, attempt: undefined }
    );
    this.#keep(target, (place) => places.includes(place), places);
  }

  /** Forgets the places that are not wanted any more, and gives their attempts up. What has opened goes on by itself. */
  #keep(target: Target, wanted: (place: Place) => boolean, places = target.places.filter(wanted)): void {
    const lost = target.places.filter((place) => !wanted(place));
    target.places = places;
    this.#round = this.#round.filter((place) => !lost.includes(place));
    this.#giveUp(({ place }) => lost.includes(place));
  }

  /** Of those in the air. */
  #giveUp(which: (attempt: { readonly call: CallId; readonly place: Place }) => boolean): void {
    for (const [punch, attempt] of this.#attempts) {
      if (attempt.opened || !which(attempt)) continue;
      this.#over(punch);
      this.#turn.effects.push({ type: "stopPunch", punch });
    }
  }

  /** Nothing more is heard of this attempt. */
  #over(punch: PunchId): void {
    const place = this.#attempts.get(punch)?.place;
    if (place?.attempt === punch) place.attempt = undefined;
    this.#attempts.delete(punch);
  }

  #release(call: CallId, random: number): void {
    const target = this.#targets.get(call);
    if (target === undefined || !target.held) return;
    target.held = false;
    for (const place of target.places) if (place.attempt === undefined) rest(place, this.#turn.now, random);
  }

  /** Nobody has a second turn while another who may go waits for a first. */
  #nextTurn(mayCall: (call: CallId) => boolean): { call: CallId; place: Place } | undefined {
    const { now } = this.#turn;
    const random = () => this.#turn.random();
    const due = new Map<Place, CallId>();
    for (const [call, target] of this.#targets) {
      if (!mayGoOn(target)) continue;
      const places = target.places.filter((place) => place.attempt === undefined && place.nextAt <= now);
      if (now >= target.until) {
        // What was due and was not asked for in time, as while the machine slept, is due no more.
        for (const place of places) place.nextAt = Infinity;
        continue;
      }
      if (places.length === 0) continue;
      if (mayCall(call)) { for (const place of places) due.set(place, call); }
      else for (const place of places) rest(place, now, random());
    }
    if (due.size === 0) return undefined;
    if (!this.#round.some((place) => due.has(place))) {
      this.#round = shuffled([...this.#targets.values()].flatMap(({ places }) => places), random);
    }
    const at = this.#round.findIndex((place) => due.has(place));
    const [place] = this.#round.splice(at, 1);
    return { call: due.get(place!)!, place: place! };
  }
}

function isSame(a: PunchAddress, b: PunchAddress): boolean {
  return a.host === b.host && a.port === b.port;
}

function mayGoOn({ over, held, attemptsLeft }: Target): boolean {
  return !over && !held && attemptsLeft > 0;
}

/** Fixed pauses would meet rarely: each side's SYN would find the other between two of theirs, again and again. */
function rest(place: Place, now: Millis, random: number): void {
  const { least, most } = now - place.target.since < PUNCH_HASTE_MS ? PUNCH_PAUSES.first : PUNCH_PAUSES.later;
  place.nextAt = Math.max(now, place.startedAt + least) + random * most;
}

function shuffled<T>(all: T[], random: () => number): T[] {
  for (let i = all.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [all[i], all[j]] = [all[j]!, all[i]!];
  }
  return all;
}

// When each attempt of a two-sided call begins (docs/PROTOCOL.md section 1): pauses, turns, how many at once, and when
// to stop. Pure: time and randomness are arguments. Out of scope: sockets (transport), what a connection brings
// (step.ts).

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
import type { CallId } from "./calls.ts";

/** The number of one attempt. */
export type PunchId = number;

export interface PunchAddress {
  /** A bare IP address. */
  readonly host: string;
  readonly port: number;
}

export interface Attempt extends PunchAddress {
  readonly punch: PunchId;
}

/** How long and how often; for an introduction it is less than for a call of the person's. */
export interface PunchLimits {
  readonly forMs: number;
  readonly attempts: number;
}

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

const PERSONS_LIMITS: PunchLimits = { forMs: PUNCH_FOR_MS, attempts: Infinity };
/** Somebody else names the addresses. */
export const INTRODUCTION_LIMITS: PunchLimits = { forMs: 20_000, attempts: 200 };

export class Punching {
  readonly #targets = new Map<CallId, Target>();
  readonly #attempts = new Map<PunchId, { readonly call: CallId; readonly place: Place; opened: boolean }>();
  /** When the last ones began, oldest first, those of the last second. */
  #began: Millis[] = [];
  /** Those that have not had a turn in this round, in the order that was drawn. */
  #round: Place[] = [];
  #next: PunchId = 1;

  /** This call begins now, for the first time or since the person asked again. */
  begin(call: CallId, now: Millis, limits: PunchLimits = PERSONS_LIMITS): PunchId[] {
    const before = this.#targets.get(call);
    const stopped = this.end(call);
    const since = now + PUNCH_AFTER_MS;
    this.#targets.set(call, {
      since,
      until: since + limits.forMs,
      attemptsLeft: limits.attempts,
      places: [],
      mirrors: [],
      fruitless: 0,
      over: false,
      held: before?.held ?? false,
    });
    return stopped;
  }

  isBanned(call: CallId): boolean {
    return this.#targets.get(call)?.over === true;
  }

  has(call: CallId): boolean {
    return this.#targets.has(call);
  }

  /** How many calls are remembered. */
  get size(): number {
    return this.#targets.size;
  }

  /** Where this call may meet its friend. What is known already keeps its pause. Returns attempts to be given up. */
  aim(call: CallId, addresses: readonly PunchAddress[]): PunchId[] {
    const target = this.#targets.get(call);
    if (target === undefined || target.over) return [];
    const others = addresses.filter((address) => !target.mirrors.some((mirror) => isSame(mirror, address)));
    const places = others.map((address) =>
      target.places.find((place) => isSame(place.address, address)) ??
        { address, target, nextAt: target.since, startedAt: -Infinity, attempt: undefined }
    );
    return this.#keep(target, (place) => places.includes(place), places);
  }

  /** When `take` has something to give. */
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

  /** The attempts that are to begin now. `mayCall`: whether a stretch for this call could start soon enough. */
  take(now: Millis, random: () => number, mayCall: (call: CallId) => boolean): Attempt[] {
    this.#began = this.#began.filter((at) => now - at < 1000);
    const begun: Attempt[] = [];
    while (this.#inTheAir < PUNCHES_IN_THE_AIR && this.#began.length < PUNCHES_PER_SECOND) {
      const found = this.#nextTurn(now, random, mayCall);
      if (found === undefined) break;
      const { call, place } = found;
      const punch = this.#next++;
      place.attempt = punch;
      place.startedAt = now;
      place.target.attemptsLeft--;
      this.#attempts.set(punch, { call, place, opened: false });
      this.#began.push(now);
      begun.push({ punch, ...place.address });
    }
    return begun;
  }

  /** Whose attempt this is; undefined: it has been given up. */
  callOf(punch: PunchId): CallId | undefined {
    return this.#attempts.get(punch)?.call;
  }

  /** Whether it has a TCP connection. */
  isOpen(punch: PunchId): boolean {
    return this.#attempts.get(punch)?.opened === true;
  }

  /** It has a TCP connection. Returns the attempts to be given up for it: the call's others, or itself where it came too late. */
  opened(punch: PunchId): PunchId[] {
    const attempt = this.#attempts.get(punch);
    if (attempt === undefined) return [punch];
    attempt.opened = true;
    return this.hold(attempt.call);
  }

  /** One connection of this call has opened: its other attempts are given up, and none begins. */
  hold(call: CallId): PunchId[] {
    const target = this.#targets.get(call);
    if (target === undefined) return [];
    target.held = true;
    return this.#drop([...this.#attempts].filter(([, a]) => a.call === call && !a.opened).map(([id]) => id));
  }

  /** That connection has come to nothing. */
  release(call: CallId, now: Millis, random: number): void {
    const target = this.#targets.get(call);
    if (target === undefined || !target.held) return;
    target.held = false;
    for (const place of target.places) if (place.attempt === undefined) rest(place, now, random);
  }

  /** An attempt ended before there was a link. Returns attempts to be given up. */
  failed(punch: PunchId, why: PunchFault, now: Millis, random: number): PunchId[] {
    const attempt = this.#attempts.get(punch);
    if (attempt === undefined) return [];
    this.#drop([punch]);
    const { place, call, opened } = attempt;
    const { target } = place;
    if (why === "silent") place.nextAt = now;
    else rest(place, now, random);
    if (opened) this.release(call, now, random);
    if (why === "mirror") {
      target.mirrors.push(place.address);
      return this.#keep(target, (other) => other !== place);
    }
    return opened ? this.fruitless(call) : [];
  }

  /** It has become a link, and is nobody's attempt any more. */
  linked(punch: PunchId): void {
    this.#drop([punch]);
  }

  /** A connection of this call opened and brought no session. */
  fruitless(call: CallId): PunchId[] {
    const target = this.#targets.get(call);
    if (target === undefined) return [];
    target.fruitless++;
    return target.fruitless >= PUNCH_FRUITLESS_MAX ? this.ban(call) : [];
  }

  /** No more of this target until the person asks again. */
  ban(call: CallId): PunchId[] {
    const target = this.#targets.get(call);
    if (target === undefined) return [];
    target.over = true;
    return this.#keep(target, () => false);
  }

  /** There is a session with somebody at this address. */
  met(host: string): PunchId[] {
    return [...this.#targets.values()].flatMap((target) => this.#keep(target, (place) => place.address.host !== host));
  }

  /** The call has its friend, or begins anew. Who was banned stays so. */
  end(call: CallId): PunchId[] {
    const target = this.#targets.get(call);
    if (target === undefined) return [];
    const stopped = this.#keep(target, () => false);
    if (!target.over) this.#targets.delete(call);
    return stopped;
  }

  /** The call is over for good, and so is what was remembered of it. */
  forget(call: CallId): PunchId[] {
    const stopped = this.end(call);
    this.#targets.delete(call);
    return stopped;
  }

  get #inTheAir(): number {
    let count = 0;
    for (const { opened } of this.#attempts.values()) if (!opened) count++;
    return count;
  }

  /** Nobody has a second turn while another who may go waits for a first. */
  #nextTurn(
    now: Millis,
    random: () => number,
    mayCall: (call: CallId) => boolean,
  ): { call: CallId; place: Place } | undefined {
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

  /** Gives these up. */
  #drop(punches: readonly PunchId[]): PunchId[] {
    for (const punch of punches) {
      const attempt = this.#attempts.get(punch);
      if (attempt?.place.attempt === punch) attempt.place.attempt = undefined;
      this.#attempts.delete(punch);
    }
    return [...punches];
  }

  /** Forgets the places that are not wanted any more, and gives their attempts up. What has opened goes on by itself. */
  #keep(target: Target, wanted: (place: Place) => boolean, places = target.places.filter(wanted)): PunchId[] {
    const lost = target.places.filter((place) => !wanted(place));
    target.places = places;
    this.#round = this.#round.filter((place) => !lost.includes(place));
    const flying = [...this.#attempts].filter(([, a]) => lost.includes(a.place) && !a.opened);
    return this.#drop(flying.map(([id]) => id));
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

// Who hears whom (docs/PROTOCOL.md section 6, "circle"). Scope: when a friend is told who is here, and what everything
// that was told adds up to. Pure. Out of scope: the message's form (wire), its delivery (step.ts), its words (words/).

import { CIRCLE_PAUSE_MS, CIRCLE_TICKS_PER_CELL, DISPUTE_MS } from "../constants.ts";
import type { Hearing } from "../notice.ts";
import type { Millis, PeerId } from "../ports.ts";
import type { CircleMessage } from "../wire/message.ts";
import type { LinkId } from "./connection.ts";

/** What one friend has been told, and when they may be told again. */
export class Teller {
  readonly #intervalMs: number;
  /** The last circle whose first cell has left, and on which connection. Undefined: one is owed, whatever it says. */
  #told: { readonly key: string; readonly message: CircleMessage; readonly link: LinkId } | undefined;
  /** One that waits for its first cell. */
  #waiting: { readonly key: string; readonly link: LinkId } | undefined;
  #notBefore: Millis = -Infinity;
  #dueAt: Millis = Infinity;

  /** `intervalMs`: the time between two ticks, by `--interval` also without cover. */
  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
  }

  /** When a circle that has to wait may go. */
  get deadline(): Millis {
    return this.#dueAt;
  }

  /** Whom the friend has been told of. */
  lists(peer: PeerId): boolean {
    return this.#told?.message.with.some((member) => member.peer === peer) ?? false;
  }

  /** Several connections have become one: the next circle goes whatever it says. */
  renew(): void {
    this.#told = undefined;
  }

  /** What to do now, given what is so and on which connection messages go. `withdraw`: what waits there is not sent. */
  next(message: CircleMessage, link: LinkId, now: Millis): "send" | "withdraw" | "nothing" {
    const key = JSON.stringify(message);
    const waits = this.#waiting?.link === link ? this.#waiting : undefined;
    this.#dueAt = Infinity;
    if (this.#told?.key === key && this.#told.link === link) {
      this.#waiting = undefined;
      return waits === undefined ? "nothing" : "withdraw";
    }
    if (waits?.key === key) return "nothing";
    if (now < this.#notBefore) {
      this.#dueAt = this.#notBefore;
      return "nothing";
    }
    this.#waiting = { key, link };
    return "send";
  }

  /** The first of `cells` has left. */
  begun(message: CircleMessage, link: LinkId, cells: number, now: Millis): void {
    this.#told = { key: JSON.stringify(message), message, link };
    if (this.#waiting?.link === link) this.#waiting = undefined;
    this.#notBefore = now + Math.max(CIRCLE_PAUSE_MS, CIRCLE_TICKS_PER_CELL * cells * this.#intervalMs);
  }
}

/** Contradictions between two friends who are here, and since when. */
export class Disputes {
  readonly #since = new Map<string, Millis>();
  #lookedAt: Millis = -Infinity;

  /** When one becomes old enough to be told. */
  get deadline(): Millis {
    let deadline = Infinity;
    for (const since of this.#since.values()) {
      if (since + DISPUTE_MS > this.#lookedAt) deadline = Math.min(deadline, since + DISPUTE_MS);
    }
    return deadline;
  }

  /** `first` says that it hears `second`, who does not say so. */
  look(pairs: readonly (readonly [first: PeerId, second: PeerId])[], now: Millis): (readonly [PeerId, PeerId])[] {
    this.#lookedAt = now;
    const keys = new Set(pairs.map((pair) => pair.join()));
    for (const key of this.#since.keys()) if (!keys.has(key)) this.#since.delete(key);
    for (const key of keys) if (!this.#since.has(key)) this.#since.set(key, now);
    return pairs.filter((pair) => now >= this.#since.get(pair.join())! + DISPUTE_MS);
  }
}

/** One friend who is here, and the last circle read from them. */
export interface Told {
  readonly peer: PeerId;
  readonly circle: CircleMessage | undefined;
}

/** Friends who contradict each other: the first says that it hears the second. */
export function contradictions(here: readonly Told[]): (readonly [PeerId, PeerId])[] {
  const named = whomAllName(here);
  const pairs: (readonly [PeerId, PeerId])[] = [];
  for (const { peer: first } of here) {
    for (const { peer: second } of here) {
      if (named.get(first)?.has(second) && named.get(second)?.has(first) === false) pairs.push([first, second]);
    }
  }
  return pairs;
}

/**
 * What it adds up to. Two who are here hear each other only if both say so. `disputed`: contradictions that have lasted.
 * `everyone`: from two friends on, each has told, and has named all the others and nobody else.
 */
export function hearing(self: PeerId, here: readonly Told[], disputed: Hearing["disputed"]): Hearing {
  const named = whomAllName(here);
  const present = new Set(here.map(({ peer }) => peer));
  const others = new Map<PeerId, { names: Set<string>; by: PeerId[] }>();
  const apart: (readonly [PeerId, PeerId])[] = [];
  for (const [index, friend] of here.entries()) {
    for (const { peer, name } of friend.circle?.with ?? []) {
      if (peer === self || present.has(peer)) continue;
      const known = others.get(peer) ?? { names: new Set(), by: [] };
      if (name !== "") known.names.add(name);
      known.by.push(friend.peer);
      others.set(peer, known);
    }
    for (const { peer: second } of here.slice(index + 1)) {
      const neither = named.get(friend.peer)?.has(second) === false && named.get(second)?.has(friend.peer) === false;
      if (neither) apart.push([friend.peer, second]);
    }
  }
  const silent = here.length - named.size;
  const agreed = contradictions(here).length === 0;
  const everyone = here.length >= 2 && silent === 0 && others.size === 0 && apart.length === 0 && agreed;
  return {
    everyone,
    settling: silent > 0 || (!agreed && disputed.length === 0),
    others: [...others].map(([peer, { names, by }]) => ({ peer, name: names.size === 1 ? [...names][0]! : "", by })),
    apart,
    disputed,
  };
}

/** Whether this friend says that `peer` has a session with them. */
export function names({ circle }: Pick<Told, "circle">, peer: PeerId): boolean {
  return circle?.with.some((member) => member.peer === peer) ?? false;
}

/** For each friend who has told: whom they name. */
function whomAllName(here: readonly Told[]): ReadonlyMap<PeerId, ReadonlySet<PeerId>> {
  const told = here.filter(({ circle }) => circle !== undefined);
  return new Map(told.map(({ peer, circle }) => [peer, new Set(circle!.with.map((member) => member.peer))]));
}

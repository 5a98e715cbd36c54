// Strangers take turns before anybody has proved anything (docs/PROTOCOL.md section 8). Callers wait in a room, and the
// best of them begins TLS, with a guess set aside for it, in one of a few places. Deterministic: time and entropy are
// arguments, and what is to be done comes out as moves. Out of scope: what addresses and networks are remembered for,
// sockets, sessions, what the person is told.

import {
  DESCRIPTORS_KEPT,
  GUESS_STEP,
  MAX_PLACES,
  MAX_PLACES_KNOWN,
  MAX_PLACES_PER_ADDRESS,
  MAX_PLACES_PER_NETWORK,
  MAX_WAITING,
  MAX_WAITING_PER_NETWORK,
  PLACE_SAFE_MS,
  START_PAUSE_MS,
  WAITING_MS,
} from "../constants.ts";
import type { Entropy, Millis } from "../ports.ts";
import type { Arena } from "../secrets/locked.ts";
import { Addresses, type Source } from "./addresses.ts";
import { Guesses } from "./guesses.ts";
import { type Caller, type CallerId, Ranks } from "./ranks.ts";

export type Move =
  /** Begins TLS: `failed`, `hereAlready`, `authenticated` or `wrongGuess` follows. */
  | { readonly move: "start"; readonly caller: CallerId }
  /** Is closed without a word. It counts as over already. */
  | { readonly move: "shut"; readonly caller: CallerId };

export interface AdmissionOptions {
  /** That the process may have, and that are left. A caller takes one; undefined: there are more than enough. */
  readonly descriptors?: { readonly limit: number; readonly left: number } | undefined;
}

/** How many may wait, and how many may have a place: where descriptors are few, both have a half of what can be spared. */
function roomFor({ limit, left }: { limit: number; left: number }): { waiting: number; places: number } {
  const spare = Math.max(2, left - DESCRIPTORS_KEPT);
  const waiting = Math.min(MAX_WAITING, Math.max(1, Math.floor(Math.min(limit / 4, spare / 2))));
  return { waiting, places: Math.min(MAX_PLACES, Math.max(1, spare - waiting)) };
}

export class Admission implements Disposable {
  readonly #addresses = new Addresses();
  readonly #ranks: Ranks;
  readonly #guesses = new Guesses();
  readonly #most: { readonly waiting: number; readonly places: number };
  /** In the order of their arrival; of those with a place, in the order in which they got it. */
  readonly #waiting = new Map<CallerId, Caller>();
  readonly #placed = new Map<CallerId, Caller>();
  readonly #placesOfAddress = new Map<string, number>();
  #nextStart: Millis = -Infinity;
  /** Decided since the last moves. */
  #soon: Move[] = [];
  #deadline: Millis = Infinity;

  constructor(arena: Arena, { descriptors = { limit: Infinity, left: Infinity } }: AdmissionOptions = {}) {
    this.#most = roomFor(descriptors);
    this.#ranks = new Ranks(arena);
  }

  /** Who waits, and who has a place and has not authenticated. */
  get waiting(): number {
    return this.#waiting.size;
  }
  get places(): number {
    return this.#placed.size;
  }

  /** Of all strangers together, as far as they are not set aside. */
  guessesLeft(now: Millis): number {
    return this.#guesses.left(now);
  }

  /** When `moves` is due. */
  get deadline(): Millis {
    return this.#deadline;
  }

  [Symbol.dispose](): void {
    this.#ranks[Symbol.dispose]();
  }

  /** At TCP accept. False: it is closed at once, and nothing is known about it. */
  arrive(id: CallerId, source: Source, now: Millis, entropy: Entropy): boolean {
    const known = this.#addresses.isKnown(source);
    const { network } = source;
    // First what costs nothing: a flood ends here.
    if (!known && this.#ranks.waitingFrom(network) >= MAX_WAITING_PER_NETWORK) return false;
    if (!this.#addresses.arrive(source, now)) return false;
    if (known && !this.#hasRoomForKnown(source)) return false;
    const caller = this.#ranks.caller(id, source, known, now, entropy);
    if (known) {
      this.#place(caller, now);
      this.#soon.push({ move: "start", caller: id });
    } else {
      this.#waiting.set(id, caller);
      caller.network.waiting.push(caller);
      if (this.#waiting.size > this.#most.waiting) this.#turnAway(this.#lastOf(now));
    }
    this.#deadline = Math.min(this.#deadline, Math.max(now, this.#nextStart));
    return true;
  }

  /**
   * One that cannot wait, since both sides have opened it: a place at once, with a guess set aside, if there is one for it.
   * What ends it is told as of one that was started.
   */
  admit(id: CallerId, source: Source, now: Millis, entropy: Entropy): boolean {
    const known = this.#addresses.isKnown(source);
    if (!this.#addresses.arrive(source, now)) return false;
    const caller = this.#ranks.caller(id, source, known, now, entropy);
    const free = known
      ? this.#hasRoomForKnown(source)
      : this.#placed.size < this.#most.places && this.#mayHavePlace(caller) && this.#mayGuessAt(caller, now) <= now;
    if (!free) {
      this.#ranks.forget(caller);
      return false;
    }
    this.#place(caller, now);
    if (!known) this.#guesses.take(now);
    return true;
  }

  /** What is to be done now, in this order. */
  moves(now: Millis): Move[] {
    if (now >= this.#deadline) {
      for (const caller of this.#waiting.values()) {
        if (now < caller.since + WAITING_MS) break;
        this.#turnAway(caller);
      }
    }
    const moves = this.#soon;
    this.#soon = [];
    if (now < this.#deadline) return moves;
    const next = now < this.#nextStart ? undefined : this.#firstOf(now);
    if (next !== undefined && this.#makePlace(now, moves)) {
      this.#place(next, now);
      this.#guesses.take(now);
      this.#nextStart = now + START_PAUSE_MS;
      moves.push({ move: "start", caller: next.id });
    }
    this.#deadline = this.#nextDeadline(now);
    return moves;
  }

  hasPlace(id: CallerId): boolean {
    return this.#placed.has(id);
  }

  /** Whether its answer may be checked: not while its address has to wait, however long ago it began. */
  mayCheck(id: CallerId, now: Millis): boolean {
    const caller = this.#placed.get(id);
    return caller === undefined || now >= this.#addresses.waitUntil(caller.source);
  }

  /** It is over, and nobody has authenticated on it. Nothing happens if it is over already. */
  failed(id: CallerId, now: Millis): void {
    const waiting = this.#waiting.get(id);
    if (waiting !== undefined) return this.#leave(waiting, now);
    const caller = this.#placed.get(id);
    if (caller !== undefined) this.#wasted(caller, false, now);
  }

  /** Its confirmation was wrong: what was set aside for it is spent. */
  wrongGuess(id: CallerId, now: Millis): void {
    const caller = this.#placed.get(id);
    if (caller === undefined) return;
    this.#addresses.wrongGuess(caller.source, now);
    this.#wasted(caller, true, now);
  }

  /** Its confirmation was right: its address is known from now on, and nothing is held against its network. */
  authenticated(id: CallerId, now: Millis): void {
    const caller = this.#placed.get(id);
    if (caller === undefined) return;
    this.#addresses.authenticated(caller.source);
    this.#ranks.authenticated(caller);
    this.#giveBackGuess(caller, now);
    this.#leave(caller, now);
  }

  /** Its PeerId has a session: it counts as nothing. */
  hereAlready(id: CallerId, now: Millis): void {
    const caller = this.#placed.get(id);
    if (caller === undefined) return;
    this.#addresses.uncount(caller.source);
    this.gaveUp(id, now);
  }

  /** It is over, and that is nobody's fault. */
  gaveUp(id: CallerId, now: Millis): void {
    const caller = this.#placed.get(id);
    if (caller === undefined) return;
    this.#giveBackGuess(caller, now);
    this.#leave(caller, now);
  }

  /** Nobody waits any longer. */
  close(now: Millis): Move[] {
    for (const caller of [...this.#waiting.values()]) this.#turnAway(caller);
    this.#deadline = now;
    return this.moves(now);
  }

  // --- Who is first, who is last ---

  /** How many guesses must be left for it: the more its network has had wrong, the more. */
  #guessesNeeded(caller: Caller, now: Millis): number {
    return 1 + GUESS_STEP * Math.min(3, this.#ranks.wrongGuesses(caller, now) + caller.network.places);
  }

  /** When it may guess, as things are. */
  #mayGuessAt(caller: Caller, now: Millis): Millis {
    const filled = this.#guesses.leftAt(this.#guessesNeeded(caller, now), now);
    return Math.max(filled, this.#addresses.waitUntil(caller.source));
  }

  #mayHavePlace({ source, network }: Caller): boolean {
    const ofAddress = this.#placesOfAddress.get(source.address) ?? 0;
    return network.places < MAX_PLACES_PER_NETWORK && ofAddress < MAX_PLACES_PER_ADDRESS;
  }

  /** Of those who may start now, the one with the best rank; among equals the one with the lower lot, then the first to come. */
  #firstOf(now: Millis): Caller | undefined {
    let first: Caller | undefined;
    let best = Infinity;
    for (const caller of this.#waiting.values()) {
      if (!this.#mayHavePlace(caller) || this.#mayGuessAt(caller, now) > now) continue;
      const rank = this.#ranks.inRoom(caller, now);
      if (first !== undefined && (rank > best || (rank === best && caller.network.lot >= first.network.lot))) continue;
      first = caller;
      best = rank;
    }
    return first;
  }

  /** Of the whole room: who may not guess before who may, then the worst rank, the higher lot, the last to come. */
  #lastOf(now: Millis): Caller {
    const left = this.#guesses.left(now);
    let last: Caller | undefined;
    let mayNot = false;
    let worst = -Infinity;
    for (const caller of this.#waiting.values()) {
      const less = this.#guessesNeeded(caller, now) > left;
      const rank = this.#ranks.inRoom(caller, now);
      const better = less !== mayNot ? mayNot : rank !== worst ? rank < worst : caller.network.lot < last!.network.lot;
      if (last !== undefined && better) continue;
      [last, mayNot, worst] = [caller, less, rank];
    }
    return last!;
  }

  /** Of those there for PLACE_SAFE_MS without a whole answer: the worst rank, then the longest. */
  #replaceable(now: Millis): Caller | undefined {
    let found: Caller | undefined;
    let worst = -Infinity;
    for (const caller of this.#placed.values()) {
      if (caller.known || now < caller.since + PLACE_SAFE_MS) continue;
      const rank = this.#ranks.of(caller, now);
      if (found !== undefined && (rank < worst || (rank === worst && caller.network.lot <= found.network.lot))) {
        continue;
      }
      [found, worst] = [caller, rank];
    }
    return found;
  }

  // --- Places ---

  #makePlace(now: Millis, moves: Move[]): boolean {
    if (this.#placed.size < this.#most.places) return true;
    const replaced = this.#replaceable(now);
    if (replaced === undefined) return false;
    this.#wasted(replaced, false, now);
    moves.push({ move: "shut", caller: replaced.id });
    return true;
  }

  #hasRoomForKnown({ address }: Source): boolean {
    const ofAddress = this.#placesOfAddress.get(address) ?? 0;
    return this.#placed.size < this.#most.places + MAX_PLACES_KNOWN && ofAddress < MAX_PLACES_PER_ADDRESS;
  }

  #place(caller: Caller, now: Millis): void {
    this.#leaveRoom(caller);
    caller.since = now;
    this.#placed.set(caller.id, caller);
    caller.network.places++;
    add(this.#placesOfAddress, caller.source.address, 1);
  }

  #turnAway(caller: Caller): void {
    this.#leaveRoom(caller);
    this.#ranks.forget(caller);
    this.#soon.push({ move: "shut", caller: caller.id });
  }

  #leaveRoom(caller: Caller): void {
    if (!this.#waiting.delete(caller.id)) return;
    const { waiting } = caller.network;
    waiting.splice(waiting.indexOf(caller), 1);
  }

  #wasted(caller: Caller, wrongGuess: boolean, now: Millis): void {
    this.#ranks.wasted(caller, wrongGuess, now);
    if (!wrongGuess) this.#giveBackGuess(caller, now);
    // One that needed none takes one all the same when it was wrong, if there is one.
    else if (caller.known) this.#guesses.take(now);
    this.#leave(caller, now);
  }

  #leave(caller: Caller, now: Millis): void {
    this.#leaveRoom(caller);
    if (this.#placed.delete(caller.id)) {
      caller.network.places--;
      add(this.#placesOfAddress, caller.source.address, -1);
    }
    this.#ranks.forget(caller);
    this.#deadline = now;
  }

  #giveBackGuess(caller: Caller, now: Millis): void {
    if (!caller.known) this.#guesses.giveBack(now);
  }

  #nextDeadline(now: Millis): Millis {
    const [oldest] = this.#waiting.values();
    if (oldest === undefined) return Infinity;
    let start = Infinity;
    for (const caller of this.#waiting.values()) {
      if (this.#mayHavePlace(caller)) start = Math.min(start, this.#mayGuessAt(caller, now));
    }
    start = Math.max(start, this.#nextStart);
    if (this.#placed.size >= this.#most.places) {
      const strangers = [...this.#placed.values()].filter(({ known }) => !known);
      start = Math.max(start, Math.min(...strangers.map(({ since }) => since + PLACE_SAFE_MS), Infinity));
    }
    // What is due now has been done: a guess that is short by a rounding error is there a moment later.
    return Math.max(Math.min(start, oldest.since + WAITING_MS), now + 1);
  }
}

function add(counts: Map<string, number>, key: string, by: 1 | -1): void {
  const sum = (counts.get(key) ?? 0) + by;
  if (sum <= 0) counts.delete(key);
  else counts.set(key, sum);
}

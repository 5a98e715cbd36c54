// Strangers at the door: the places and guesses that admission has given an accepted connection, and what the person is
// told about those who were turned away. Out of scope: the rules of admission (admission.ts), who is refused
// (refusal.ts).

import { TURNED_AWAY_REPORT_MS } from "../constants.ts";
import type { RefusedReason } from "../call.ts";
import type { Entropy, Millis } from "../ports.ts";
import type { Arena } from "../secrets/locked.ts";
import type { Source } from "./addresses.ts";
import { Admission, type AdmissionOptions, type Move } from "./admission.ts";
import type { Connection } from "./connection.ts";
import type { CallerId } from "./ranks.ts";
import type { Turn } from "./turn.ts";

/** Those turned away that are reported one by one in a minute; the rest are counted. */
const REPORTED_ONE_BY_ONE = 20;

export class Door implements Disposable {
  readonly #turn: Turn;
  readonly #admission: Admission;
  #turnedAway = { count: 0, guesses: 0, since: Infinity };
  /** Refused connections of PeerIds that are here, told one by one since a minute before `until`. */
  #known = { count: 0, until: -Infinity };

  constructor(arena: Arena, options: AdmissionOptions, turn: Turn) {
    this.#turn = turn;
    this.#admission = new Admission(arena, options);
  }

  [Symbol.dispose](): void {
    this.#admission[Symbol.dispose]();
  }

  /** When `report` or `moves` is due. */
  get deadline(): Millis {
    return Math.min(this.#admission.deadline, this.#reportAt);
  }

  /** Somebody has opened a TCP connection. */
  arrived(caller: CallerId, source: Source): void {
    const { now, entropy, leaving } = this.#turn;
    if (leaving || !this.#admission.arrive(caller, source, now, entropy)) this.shut(caller);
  }

  /** A connection that cannot wait has a place now, or none. */
  admit(caller: CallerId, source: Source, now: Millis, entropy: Entropy): boolean {
    const admitted = !this.#turn.leaving && this.#admission.admit(caller, source, now, entropy);
    if (!admitted) this.#count(now, false);
    return admitted;
  }

  /** Closes one that is not a link, and counts it. */
  shut(caller: CallerId): void {
    this.#turn.effects.push({ type: "shut", caller });
    this.#count(this.#turn.now, false);
  }

  moves(): Move[] {
    return this.#admission.moves(this.#turn.now);
  }

  /** Nobody waits any longer. */
  close(): void {
    for (const { caller } of this.#admission.close(this.#turn.now)) this.#turn.effects.push({ type: "shut", caller });
  }

  /** A connection that was started never became a link. */
  failed(caller: CallerId, address: string, why: RefusedReason): void {
    this.#admission.failed(caller, this.#turn.now);
    this.refuseStranger(address, why);
  }

  /** We have ended it, as an attempt to meet somebody halfway that came to nothing: it is not held against them. */
  gaveUp(caller: CallerId): void {
    this.#admission.gaveUp(caller, this.#turn.now);
    this.#admission.failed(caller, this.#turn.now); // one that still waits
  }

  /** False: it had one, and has lost it to somebody who waited. */
  hasPlace({ caller }: Connection): boolean {
    return caller === undefined || this.#admission.hasPlace(caller);
  }

  /** Its PeerId is here already: it counts as nothing. */
  countsNot(connection: Connection): void {
    if (connection.caller !== undefined) this.#admission.hereAlready(connection.caller, this.#turn.now);
    connection.caller = undefined;
  }

  /** Whether its answer may be checked now. */
  mayCheck({ caller }: Connection): boolean {
    return caller === undefined || this.#admission.mayCheck(caller, this.#turn.now);
  }

  wrongGuess({ caller }: Connection): void {
    if (caller !== undefined) this.#admission.wrongGuess(caller, this.#turn.now);
  }

  authenticated(connection: Connection): void {
    if (connection.caller !== undefined) this.#admission.authenticated(connection.caller, this.#turn.now);
    connection.caller = undefined;
  }

  giveBackPlace({ caller }: Connection): void {
    if (caller !== undefined) this.#admission.failed(caller, this.#turn.now);
  }

  refuseStranger(address: string, reason: RefusedReason): void {
    if (this.#turn.leaving) return;
    this.#count(this.#turn.now, reason === "phrase");
    if (this.#turnedAway.count <= REPORTED_ONE_BY_ONE) this.#turn.notice({ event: "refused", address, reason });
  }

  /** One connection too many of somebody who is here: not counted with strangers', unless there are as many. */
  refuseKnown(address: string, reason: RefusedReason): void {
    const { now, leaving } = this.#turn;
    if (leaving) return;
    if (now >= this.#known.until) this.#known = { count: 0, until: now + TURNED_AWAY_REPORT_MS };
    if (++this.#known.count <= REPORTED_ONE_BY_ONE) this.#turn.notice({ event: "refused", address, reason });
    else this.#count(now, false);
  }

  /** Tells the person of those turned away, once their minute is over. */
  report(): void {
    if (this.#turn.now < this.#reportAt) return;
    const { count, guesses } = this.#turnedAway;
    this.#turnedAway = { count: 0, guesses: 0, since: Infinity };
    this.#turn.notice({ event: "turned-away", count, guesses });
  }

  get #reportAt(): Millis {
    return this.#turnedAway.since + TURNED_AWAY_REPORT_MS;
  }

  #count(now: Millis, guess: boolean): void {
    this.#turnedAway.since = Math.min(this.#turnedAway.since, now);
    this.#turnedAway.count++;
    if (guess) this.#turnedAway.guesses++;
  }
}

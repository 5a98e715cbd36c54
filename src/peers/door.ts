// Strangers at the door: the places and guesses that an accepted connection holds of admission, and what the person is
// told of those who were turned away. Not in here: the rules of admission (admission.ts), who is refused (refusal.ts).

import { TURNED_AWAY_REPORT_MS } from "../constants.ts";
import type { RefusedReason } from "../call.ts";
import type { Millis } from "../ports.ts";
import { Admission, type Source } from "./admission.ts";
import type { Connection } from "./connection.ts";
import type { Turn } from "./turn.ts";

/** Those turned away that are reported one by one in a minute; the rest are counted. */
const REPORTED_ONE_BY_ONE = 20;

export class Door {
  readonly #turn: Turn;
  readonly #admission = new Admission();
  #turnedAway = { count: 0, guesses: 0, since: Infinity };
  /** Refused connections of PeerIds that are here, told one by one since a minute before `until`. */
  #known = { count: 0, until: -Infinity };

  constructor(turn: Turn) {
    this.#turn = turn;
  }

  /** When `report` is due. */
  get deadline(): Millis {
    return this.#turnedAway.since + TURNED_AWAY_REPORT_MS;
  }

  /** Asked at TCP accept. True: a place is taken. */
  open(source: Source, now: Millis): boolean {
    const admitted = !this.#turn.leaving && this.#admission.open(source, now);
    if (!admitted) this.#count(now, false);
    return admitted;
  }

  /** An admitted connection never became a link. */
  failed(source: Source, address: string, why: RefusedReason): void {
    this.#admission.settled(source);
    this.refuseStranger(address, why);
  }

  /** An admitted two-sided one never became a link, which is no news: the next attempt follows. */
  gaveUp(source: Source): void {
    this.#admission.settled(source);
  }

  /** Its PeerId is here already: it counts as nothing. */
  countsNot(connection: Connection): void {
    if (connection.source === undefined) return;
    this.#admission.forget(connection.source);
    connection.holdsPlace = false;
  }

  /** Before an answer is checked. False: no more guesses may be made now. */
  takeGuess(connection: Connection): boolean {
    const { source, holdsPlace } = connection;
    if (source === undefined || !holdsPlace) return true;
    const taken = this.#admission.takeGuess(source, this.#turn.now);
    connection.guessToken = taken === "token";
    return taken !== undefined;
  }

  /** The answer was right, or not even a confirmation: no guess. */
  giveBackGuess(connection: Connection): void {
    if (connection.guessToken) this.#admission.giveBack();
    connection.guessToken = false;
  }

  wrongGuess(connection: Connection): void {
    if (connection.source === undefined || !connection.holdsPlace) return;
    connection.guessToken = false;
    this.#admission.wrongGuess(connection.source, this.#turn.now);
  }

  authenticated(connection: Connection): void {
    if (connection.source === undefined) return;
    this.#admission.authenticated(connection.source);
    this.giveBackPlace(connection);
  }

  giveBackPlace(connection: Connection): void {
    if (!connection.holdsPlace || connection.source === undefined) return;
    connection.holdsPlace = false;
    this.#admission.settled(connection.source);
  }

  refuseStranger(address: string, reason: RefusedReason): void {
    if (this.#turn.leaving) return;
    this.#count(this.#turn.now, reason === "phrase");
    if (this.#turnedAway.count <= REPORTED_ONE_BY_ONE) this.#turn.notice({ event: "refused", address, reason });
  }

  /** One connection too many of somebody who is here: not counted with strangers', unless there are as many. */
  refuseKnown(address: string, reason: RefusedReason): void {
    const { now } = this.#turn;
    if (now >= this.#known.until) this.#known = { count: 0, until: now + TURNED_AWAY_REPORT_MS };
    if (++this.#known.count <= REPORTED_ONE_BY_ONE) this.#turn.notice({ event: "refused", address, reason });
    else this.#count(now, false);
  }

  /** Tells the person of those turned away, once their minute is over. */
  report(): void {
    if (this.#turn.now < this.deadline) return;
    const { count, guesses } = this.#turnedAway;
    this.#turnedAway = { count: 0, guesses: 0, since: Infinity };
    this.#turn.notice({ event: "turned-away", count, guesses });
  }

  #count(now: Millis, guess: boolean): void {
    this.#turnedAway.since = Math.min(this.#turnedAway.since, now);
    this.#turnedAway.count++;
    if (guess) this.#turnedAway.guesses++;
  }
}

// Whom we call, how often, and when we stop (docs/PROTOCOL.md section 8, the dialer's side). Pure: time and randomness
// are arguments. Out of scope: names and sockets (transport), what a call's connection does (step.ts).

import {
  DIAL_GUESSES_PER_HOUR,
  DIAL_GUESSES_PER_TARGET,
  MAX_TARGETS,
  RETRY_FIRST_MS,
  RETRY_LONGEST_MS,
  STRETCH_WAIT_MAX_MS,
} from "../constants.ts";
import type { CallCause } from "../call.ts";
import type { Millis, PeerId } from "../ports.ts";

export type CallId = number;

export interface Call {
  readonly id: CallId;
  /** What the person typed. */
  readonly target: string;
  /** Called again, after a call that failed and when its friend is gone. */
  readonly retry: boolean;
  /** waiting: for its turn or its pause. under way: dialling or in a handshake. connected: its friend is here. over. */
  state: "waiting" | "under way" | "connected" | "over";
  nextAt: Millis;
  /** Failures since the last success. */
  failures: number;
  /** Answers sent to this target that brought no valid accept. */
  guesses: number;
  readonly salts: { readonly salt: string; readonly at: Millis }[];
  /** Who answered last. */
  peer: PeerId | undefined;
  /** Why it failed, as the person was told last; undefined: they were not, or somebody was here since. */
  told: CallCause | undefined;
  /** The person wants it no more: what is still heard of it is told to nobody. */
  stopped?: boolean;
  /** A friend of both told us of them; undefined: the person typed the target. */
  readonly introduced: Introduced | undefined;
}

/** Whom an introduction is about: nobody else may answer, and where they may be met is told as well. */
export interface Introduced {
  readonly peer: PeerId;
  /** Addresses and ports of two-sided calls, as they are now; without any, no two-sided call is made. */
  readonly meetAt: readonly { readonly host: string; readonly port: number }[];
}

const HOUR_MS = 3_600_000;

export class Calls {
  readonly #calls: Call[] = [];
  #next: CallId = 1;
  /** Possible guesses of the last hour, over all targets. */
  #guesses: Millis[] = [];
  /** How long the last stretch took; before the first, a cautious guess. */
  stretchMs = 1000;

  /** For a call that the person did not ask for: it is not kept here. */
  newId(): CallId {
    return this.#next++;
  }

  /** A two-sided call of an introduction: it is not kept here, and never dialled. */
  meeting(introduced: Introduced): Call {
    return this.#fresh({ target: "", retry: false, state: "under way", nextAt: Infinity, introduced });
  }

  /** Undefined: there are too many, or this target is being called already. */
  add(target: string, retry: boolean, now: Millis): Call | undefined {
    const again = this.#calls.find((call) => call.target === target);
    if (again !== undefined && again.state !== "over") return undefined;
    if (again !== undefined) this.#calls.splice(this.#calls.indexOf(again), 1);
    if (this.#calls.length >= MAX_TARGETS) {
      const over = this.#calls.findIndex((call) => call.state === "over");
      if (over < 0) return undefined;
      this.#calls.splice(over, 1);
    }
    // Ten minutes are ten minutes, also if the person calls again meanwhile.
    const { salts, peer } = again ?? {};
    const call = this.#fresh({ target, retry, state: "waiting", nextAt: now, peer, ...salts && { salts } });
    this.#calls.push(call);
    return call;
  }

  #fresh(parts: Pick<Call, "target" | "retry" | "state" | "nextAt"> & Partial<Call>): Call {
    return {
      id: this.newId(),
      failures: 0,
      guesses: 0,
      salts: [],
      peer: undefined,
      told: undefined,
      introduced: undefined,
      ...parts,
    };
  }

  /** Of a target that could not be added: calls it now if it only waits for its pause, and says how things stand. */
  hurry(target: string, now: Millis): "many" | "connected" | "called" {
    const call = this.#calls.find((known) => known.target === target);
    if (call === undefined) return "many";
    if (call.state === "connected") return "connected";
    if (call.state === "waiting") {
      call.nextAt = now;
      call.told = undefined;
    }
    return "called";
  }

  get(id: CallId): Call | undefined {
    return this.#calls.find((call) => call.id === id);
  }

  all(): readonly Call[] {
    return this.#calls;
  }

  /** When the next waiting call is due. A call that only waits for others to end is not due at any time. */
  get deadline(): Millis {
    if (!this.#hasTurn) return Infinity;
    return Math.min(...this.#calls.filter((call) => call.state === "waiting").map((call) => call.nextAt), Infinity);
  }

  /** Calls whose turn has come, now under way: connect only when the stretch can start within STRETCH_WAIT_MAX_MS. */
  takeDue(now: Millis): Call[] {
    const due: Call[] = [];
    for (const call of this.#calls) {
      if (call.state !== "waiting" || call.nextAt > now || !this.#hasTurn) continue;
      call.state = "under way";
      due.push(call);
    }
    return due;
  }

  /** Whether an attempt of this call may begin beside what is under way: its own stretch must find its place too. */
  mayPunch(id: CallId, now: Millis): boolean {
    const state = this.get(id)?.state;
    return (state === "under way" || (state === "waiting" && this.#hasTurn)) && this.mayCall(now);
  }

  /** Returns who answered there before, if that was somebody else. */
  connected(call: Call, peer: PeerId): PeerId | undefined {
    const before = call.peer === peer ? undefined : call.peer;
    call.state = "connected";
    call.peer = peer;
    call.failures = 0;
    call.guesses = 0;
    call.told = undefined;
    return before;
  }

  /** An answer was sent and no valid accept came: it may have been a guess by a false listener. */
  wrongGuess(call: Call, now: Millis): void {
    call.guesses++;
    this.#guesses = [...this.#guesses.filter((at) => now - at < HOUR_MS), now];
  }

  /**
   * Whether to go on calling after possible guesses, until the person says so. Whom nobody has ever answered stops at the
   * first: whoever mistyped a phrase hears of it at once.
   */
  mayGoOn(call: Call, now: Millis): boolean {
    const most = call.peer === undefined ? 1 : DIAL_GUESSES_PER_TARGET;
    return call.guesses < most && this.mayCall(now);
  }

  /** False: too many possible guesses in an hour over all targets, and nobody at all is called until the person says so. */
  mayCall(now: Millis): boolean {
    return this.#guesses.filter((at) => now - at < HOUR_MS).length < DIAL_GUESSES_PER_HOUR;
  }

  /** Nobody waits any longer; those that did, now over. */
  stopWaiting(): Call[] {
    const stopped = this.#calls.filter((call) => call.state === "waiting");
    for (const call of stopped) call.state = "over";
    return stopped;
  }

  /** The person says so: counts begin again. */
  clearGuesses(): void {
    this.#guesses = [];
  }

  /** The call failed, or its friend is gone: again after a growing pause, or over where it was to be made once. */
  again(call: Call, now: Millis, random: number): void {
    if (!call.retry) {
      call.state = "over";
      return;
    }
    const pause = Math.min(RETRY_FIRST_MS * 2 ** call.failures, RETRY_LONGEST_MS);
    call.failures++;
    call.state = "waiting";
    call.nextAt = now + pause * (1 + random / 2);
  }

  get #hasTurn(): boolean {
    const underWay = this.#calls.filter((call) => call.state === "under way").length;
    return underWay < Math.max(1, Math.floor(STRETCH_WAIT_MAX_MS / Math.max(this.stretchMs, 1)));
  }
}

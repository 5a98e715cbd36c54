// What was said and has not been sent yet: lines from before the first friend was there, and lines from a pipe that
// friends have no room for. And what became of the rest: how many each friend missed, how many went to nobody. Out of
// scope: what a line means (chat), for whom a pipe waits (slow_friends), sending (loop).

import { HELD_MESSAGES_MAX, MAX_UNCONFIRMED } from "../constants.ts";
import type { Present } from "../peers/event.ts";
import type { PeerId } from "../ports.ts";
import type { Shape } from "../session/pacer.ts";
import { now } from "../system.ts";
import type { View } from "../terminal/view.ts";
import {
  messageRefused,
  missedBy,
  missedInAll,
  NOBODY_ANY_MORE,
  NOBODY_CONFIRMS,
  NOBODY_HERE,
  unsent,
  waitsForFirst,
  wouldMiss,
} from "../words/chat.ts";
import type { Problem } from "../words/problems.ts";
import { messageProblem } from "../wire/message.ts";
import { mostWaiting, patienceMs, SlowFriends } from "./slow_friends.ts";
import { labelOf } from "./who.ts";

export interface PipeParts {
  readonly shape: Shape;
  /** Lines come from a pipe, which can be held back. */
  readonly scripted: boolean;
  readonly view: Pick<View, "hold" | "giveBack">;
  /** Who is here, how many, the most that anybody has not confirmed, and whether none of them has room for one more. */
  readonly peers: {
    present(): readonly Present[];
    readonly here: number;
    readonly mostUnconfirmed: number;
    readonly full: boolean;
  };
  readonly send: (text: string) => void;
  readonly hint: (text: string) => void;
  readonly problem: (problem: Problem) => void;
  /** What was held went, or some of it. */
  readonly onReleased: () => void;
}

export class Pipe {
  readonly #parts: PipeParts;
  readonly #slow: SlowFriends;
  /** Said before the first friend was there, and not sent yet. */
  readonly #held: string[] = [];
  /** Who did not get the last messages, as 64 before were not confirmed there, and how many. */
  readonly #missed = new Map<PeerId, { readonly who: string; count: number }>();
  /** Whom the person leaves out, having been told, until they have caught up. */
  readonly #leftOut = new Set<PeerId>();
  /** How many lines of a script came when nobody was here any more. */
  #unsent = 0;
  #releasing = false;
  #holding = false;
  #met = false;
  #closed = false;

  constructor(parts: PipeParts) {
    this.#parts = parts;
    this.#slow = new SlowFriends(mostWaiting(parts.shape), patienceMs(parts.shape));
  }

  /** Somebody has been here. */
  get met(): boolean {
    return this.#met;
  }

  /** How many lines wait. */
  get waiting(): number {
    return this.#held.length;
  }

  /** The pipe is held back: there may be more in it than was read. */
  get holding(): boolean {
    return this.#holding;
  }

  /** From here on nothing that waits goes any more. */
  close(): void {
    this.#closed = true;
  }

  /** A message, and what was typed for it, which a person gets back if it can't be taken. */
  say(text: string, line: string): void {
    const { scripted, view, peers, problem } = this.#parts;
    const fault = messageProblem(text);
    if (fault !== undefined) {
      view.giveBack(line);
      return problem(messageRefused(fault));
    }
    if (!this.#met || (!scripted && this.#held.length > 0)) return this.#hold(text, line);
    // Not back into the input, where the next line would be typed behind it: the history has it.
    if (!scripted && peers.here === 0) return problem(NOBODY_ANY_MORE);
    // A pipe is held back before this; a person keeps the line until there is room.
    if (!scripted && peers.full) {
      view.giveBack(line);
      return problem(NOBODY_CONFIRMS);
    }
    const full = scripted ? [] : this.#full(peers.present()).filter(({ peer }) => !this.#leftOut.has(peer));
    if (full.length > 0) {
      for (const { peer } of full) this.#leftOut.add(peer);
      view.giveBack(line);
      return problem(wouldMiss(full.map(labelOf)));
    }
    this.#send(text);
  }

  /** After each step, and as time passes: who is here, who has caught up, what may go. */
  look(): void {
    const { peers } = this.#parts;
    this.#met ||= peers.here > 0;
    if (this.#missed.size > 0) this.#tellMissed(peers.present());
    for (const peer of this.#leftOut) if (hasCaughtUp(peer, peers.present())) this.#leftOut.delete(peer);
    this.#regulate();
  }

  /** At the end: what was said and sent to nobody, told and returned. `more`: further lines may not have been read. */
  tellUnsent(more: boolean): Problem | undefined {
    const waiting = this.#held.length;
    const count = waiting + this.#unsent;
    if (count === 0) return undefined;
    const problem = unsent(count, more, this.#met && waiting > 0);
    this.#parts.problem(problem);
    return problem;
  }

  /** Until the first friend is there. A person is told so, a script held back. */
  #hold(text: string, line: string): void {
    const { scripted, view, problem, hint } = this.#parts;
    if (!scripted) {
      if (this.#held.length >= HELD_MESSAGES_MAX) {
        view.giveBack(line);
        return problem(NOBODY_HERE);
      }
      hint(waitsForFirst(text));
    }
    this.#held.push(text);
    // Now, as nothing else may happen before the next line, which may be of the same read.
    this.#regulate();
  }

  #full(present: readonly Present[]): Present[] {
    return present.filter(({ unconfirmed }) => unconfirmed >= MAX_UNCONFIRMED);
  }

  /**
   * To all who are here and have room for it. Who has none is told to a script here, and to a person with the receipt;
   * at the end of a gap both are told how much it was.
   */
  #send(text: string): void {
    const { peers, scripted, problem, send } = this.#parts;
    const present = peers.present();
    if (present.length === 0) {
      // The next to come may be somebody else: nothing that was said after others had left waits for them.
      this.#unsent++;
      return problem(NOBODY_HERE);
    }
    const without = this.#full(present);
    send(text);
    for (const friend of without) {
      const missed = this.#missed.get(friend.peer) ?? { who: labelOf(friend), count: 0 };
      this.#missed.set(friend.peer, missed);
      // A script does not read what it is told, and a log wants it once.
      if (++missed.count === 1 && scripted) problem(missedBy(missed.who));
    }
  }

  /** Of those who have caught up, or left: at the end of everybody. */
  #tellMissed(present: readonly Present[]): void {
    for (const [peer, { who, count }] of this.#missed) {
      if (!hasCaughtUp(peer, present)) continue;
      this.#missed.delete(peer);
      this.#parts.hint(missedInAll(who, count));
    }
  }

  /** Lets go what may go, and of a pipe holds back the rest. */
  #regulate(): void {
    const mayGo = this.#mayGo;
    if (!this.#closed && this.#met && mayGo && this.#held.length > 0 && !this.#releasing) {
      this.#releasing = true;
      // Not from inside the step that brought the friend.
      queueMicrotask(() => this.#release());
    }
    if (!this.#parts.scripted) return;
    // What was held goes before what is still in the pipe, so that a command there keeps its place.
    this.#holding = this.#met ? !mayGo || this.#held.length > 0 : this.#held.length >= HELD_MESSAGES_MAX;
    this.#parts.view.hold(this.#holding);
  }

  get #mayGo(): boolean {
    const { scripted, peers } = this.#parts;
    if (!scripted) return !peers.full;
    return this.#slow.free(peers.mostUnconfirmed) || this.#slow.mayGo(peers.present(), now());
  }

  /** As much as there is room for; the rest when something has been confirmed. */
  #release(): void {
    while (!this.#closed && this.#mayGo) {
      const text = this.#held.shift();
      if (text === undefined) break;
      this.#send(text);
    }
    this.#releasing = false;
    this.#regulate();
    this.#parts.onReleased();
  }
}

/** Everything is confirmed, or the friend has left. */
function hasCaughtUp(peer: PeerId, present: readonly Present[]): boolean {
  return (present.find((one) => one.peer === peer)?.unconfirmed ?? 0) === 0;
}

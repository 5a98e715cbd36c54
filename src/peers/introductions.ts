// Our own part in introductions (docs/PROTOCOL.md section 8): for each PeerId that a friend talks with and we do not,
// whether there was a question, a yes or a no, which addresses were given, and who is asked when. Pure: what is known
// about the friends who are here is an argument. Out of scope: links, calls' connections (step.ts), passing messages on
// (middle.ts).

import {
  INTRODUCERS_MAX,
  INTRODUCTION_ADDRESSES_MAX,
  INTRODUCTION_CALLS_MAX,
  INTRODUCTION_CALLS_PER_MINUTE,
  INTRODUCTION_MS,
  INTRODUCTIONS_AT_ONCE,
  INTRODUCTIONS_MAX,
  MEET_PAUSE_MS,
  MINUTE_MS,
} from "../constants.ts";
import type { IntroductionEnd, Notice } from "../notice.ts";
import type { Millis, PeerId } from "../ports.ts";
import type { WireAddress } from "../wire/forms.ts";
import type { CircleMessage, IntroductionMessage } from "../wire/message.ts";
import { AgreeToAll } from "./agree_to_all.ts";
import { mayUse, type MiddleLink } from "./address_rules.ts";
import { CallSets } from "./call_sets.ts";
import { names } from "./circle.ts";
import { Questions } from "./questions.ts";

/** A friend who is here, who may be in the middle. */
export interface MiddleFriend extends MiddleLink {
  readonly peer: PeerId;
  /** The last one read from them: whom they name, and how they see our end of the link. */
  readonly circle: CircleMessage | undefined;
  /** The link leaves from the port that two-sided calls leave from, whoever dialled: where they see us is where those come from. */
  readonly fixed?: boolean;
}

/** `ask` the person, agree to everything automatically, or take no part except in what the person types. */
export type IntroductionsMode = "ask" | "yes" | "no";

/** What is so, at the time of a step. */
export interface Situation {
  /** Everybody who is here, by PeerId. */
  readonly friends: ReadonlyMap<PeerId, MiddleFriend>;
  /** Where this process can be called, as the invitation names it. */
  readonly own: readonly WireAddress[];
  /** Why even a call would show what is to be hidden; undefined: nothing is. */
  readonly hidden: boolean;
  /** There are friends enough. */
  readonly full: boolean;
  /** `own` is not known yet: calls are about to be taken. */
  readonly preparing: boolean;
  /** The person found other words with this PeerId: nobody is to hear of us for its sake. */
  readonly isShutOut: (peer: PeerId) => boolean;
}

export type IntroductionEffect =
  | { type: "submit"; to: PeerId; message: IntroductionMessage }
  | { type: "notice"; notice: Notice }
  /** Call these addresses, and take nobody but this PeerId. */
  | { type: "dial"; peer: PeerId; by: PeerId; addresses: readonly WireAddress[] }
  /** Meet this PeerId, and nobody else, where their two-sided calls come from. */
  | { type: "meet at"; peer: PeerId; places: readonly WireAddress[] }
  /** Calls to this PeerId that are under way end. */
  | { type: "hang up"; peer: PeerId };

/** How an introduction stands. `addresses`: how many were given. */
export interface Standing {
  readonly peer: PeerId;
  readonly state: "asked" | "yes";
  readonly by: readonly PeerId[];
  readonly addresses: number;
}

interface Introducer {
  readonly peer: PeerId;
  readonly addresses: WireAddress[];
  /** Where two-sided calls come from, or empty. */
  from: WireAddress | "";
}

interface Introduction {
  readonly peer: PeerId;
  state: "asked" | "yes" | "declined";
  until: Millis;
  readonly by: Introducer[];
  /** Of a yes: when the next friend in the middle is asked, and who was asked last. */
  nextMeetAt: Millis;
  lastAsked: PeerId | undefined;
  /** Friends in the middle who got a `meet` in this yes; and those at whose addresses somebody else was found in it. */
  met: Set<PeerId>;
  readonly misled: Set<PeerId>;
  /** Friends in the middle who get a `meet` as soon as we know where we can be called, and have room. */
  readonly owed: Set<PeerId>;
  calls: CallSets;
  /** Of a yes: how often two-sided calls have begun. */
  meetings: number;
}

export class Introductions {
  readonly #self: PeerId;
  readonly #mode: IntroductionsMode;
  readonly #all = new Map<PeerId, Introduction>();
  readonly #questions = new Questions();
  readonly #agreeable = new AgreeToAll();
  /** When the last calls were made, at most INTRODUCTION_CALLS_PER_MINUTE of the last minute. */
  #called: Millis[] = [];
  #toldHidden = false;
  readonly #emit: (effect: IntroductionEffect) => void;

  /** `emit`: is given what follows from each event, in its order. */
  constructor(self: PeerId, mode: IntroductionsMode, emit: (effect: IntroductionEffect) => void) {
    this.#self = self;
    this.#mode = mode;
    this.#emit = emit;
  }

  get deadline(): Millis {
    const room = this.#busy < INTRODUCTIONS_AT_ONCE;
    const full = this.#called.length >= INTRODUCTION_CALLS_PER_MINUTE;
    const notBefore = full ? this.#called[0]! + MINUTE_MS : -Infinity;
    let deadline = this.#agreeable.deadline;
    for (const one of this.#all.values()) {
      deadline = Math.min(deadline, one.until);
      if (one.state !== "yes") continue;
      const call = room || one.calls.busy ? Math.max(one.calls.deadline, notBefore) : Infinity;
      deadline = Math.min(deadline, one.nextMeetAt, call);
    }
    return deadline;
  }

  get #busy(): number {
    return [...this.#all.values()].filter(({ calls }) => calls.busy).length;
  }

  /** Those that are open, for the person who asks how things stand. */
  open(): Standing[] {
    return [...this.#all.values()].flatMap(({ peer, state, by }) =>
      state === "declined"
        ? []
        : [{ peer, state, by: by.map((f) => f.peer), addresses: by.reduce((sum, f) => sum + f.addresses.length, 0) }]
    );
  }

  /** Whether this PeerId is expected: our person has said yes. */
  expects(peer: PeerId): boolean {
    return this.#all.get(peer)?.state === "yes";
  }

  /** Some introduction is in yes: whoever does not listen does so meanwhile. Names the friends in the middle. */
  middles(friends: Situation["friends"]): MiddleFriend[] {
    const agreed = [...this.#all.values()].filter(({ state }) => state === "yes");
    return [...friends.values()].filter((f) => agreed.some(({ peer }) => names(f, peer)));
  }

  /** An `introduce` came. What does not fit is ignored. */
  introduced(from: PeerId, message: IntroductionMessage, situation: Situation, now: Millis): void {
    const { peer } = message;
    const friend = situation.friends.get(from);
    if (friend === undefined || peer === this.#self || situation.friends.has(peer) || !names(friend, peer)) return;
    if (situation.isShutOut(peer)) return;
    if (situation.hidden) return this.#tellHidden();
    const known = this.#all.get(peer);
    if (known?.state === "declined" || situation.full) return;
    if (known === undefined && (this.#mode === "no" || this.#all.size >= INTRODUCTIONS_MAX)) return;
    const one = known ?? this.#make(peer, now);
    const introducer = this.#join(one, friend, message.addresses);
    if (introducer === undefined) return;
    const moved = message.from !== "" && message.from !== introducer.from && mayUse(message.from, friend);
    if (moved) introducer.from = message.from;
    if (one.state === "yes") return this.#inYes(one, introducer, moved);
    if (this.#mode === "yes") return this.#enterYes(one, situation, now);
    if (known === undefined) this.#tell(one, "asked", undefined, !this.#questions.mayAsk(peer, from, now));
  }

  /** The person says yes. False: nobody who is here names this PeerId, or it is here or shut out, or this process is hidden. */
  agree(peer: PeerId, situation: Situation, now: Millis): boolean {
    const named = [...situation.friends.values()].some((friend) => names(friend, peer)) && !situation.isShutOut(peer);
    const may = named && peer !== this.#self && !situation.friends.has(peer) && !situation.hidden && !situation.full;
    const one = this.#all.get(peer);
    if (may && one?.state !== "yes") this.#enterYes(one ?? this.#make(peer, now), situation, now);
    return may;
  }

  /** The person says no. Nobody is told. */
  decline(peer: PeerId, now: Millis): void {
    const one = this.#all.get(peer) ?? this.#make(peer, now);
    if (one.state === "yes") this.#emit({ type: "hang up", peer });
    const open = one.state !== "declined";
    one.state = "declined";
    one.until = now + INTRODUCTION_MS;
    if (open) this.#tell(one, "over", "declined");
  }

  /** A call of an introduction has ended without a session, or `wrong`: the one at this address was somebody else. */
  callEnded(peer: PeerId, wrong: WireAddress | undefined, now: Millis): void {
    const one = this.#all.get(peer);
    const set = one?.calls.ended(wrong, now);
    if (one === undefined || set === undefined || wrong === undefined) return;
    this.#tellWrong(one, set.by, wrong);
    if (one.state === "yes" && one.calls.hopeless) this.#end(one, "wrong-peer");
  }

  /** Somebody else was met where the two-sided calls of this PeerId come from, as a friend in the middle said. */
  metElse(peer: PeerId, at: WireAddress): void {
    const one = this.#all.get(peer);
    const introducer = one?.by.find(({ from }) => from === at);
    if (one !== undefined && introducer !== undefined) this.#tellWrong(one, introducer.peer, at);
  }

  /** What has ended or begun by itself. `act` follows. */
  settle(situation: Situation, now: Millis): void {
    const named = new Set(
      [...situation.friends.values()].flatMap((f) => f.circle?.with.map(({ peer }) => peer) ?? []),
    );
    for (const one of [...this.#all.values()]) this.#settleOne(one, named, situation, now);
    if (this.#mode === "yes") this.#agreeToAll(named, situation, now);
  }

  /** Asks the friends in the middle and makes the calls whose time has come. */
  act(situation: Situation, now: Millis): void {
    this.#called = this.#called.filter((at) => now - at < MINUTE_MS);
    for (const one of this.#all.values()) {
      if (one.state !== "yes") continue;
      this.#meetOwed(one, situation);
      if (this.#called.length >= INTRODUCTION_CALLS_PER_MINUTE) continue;
      if (!one.calls.busy && this.#busy >= INTRODUCTIONS_AT_ONCE) continue;
      const set = one.calls.takeDue(now);
      if (set === undefined) continue;
      this.#called.push(now);
      this.#emit({ type: "dial", peer: one.peer, ...set });
    }
  }

  #settleOne(one: Introduction, named: ReadonlySet<PeerId>, situation: Situation, now: Millis): void {
    if (one.state === "declined") {
      if (now >= one.until) this.#all.delete(one.peer);
      return;
    }
    if (situation.friends.has(one.peer)) {
      this.#all.delete(one.peer);
      return this.#tell(one, "met");
    }
    if (!named.has(one.peer)) return this.#end(one, "gone");
    if (now >= one.until) return this.#end(one, one.calls.tried ? "unreachable" : "expired");
    if (one.state === "yes" && now >= one.nextMeetAt) {
      one.nextMeetAt = now + MEET_PAUSE_MS;
      const next = this.#nextMiddle(one, situation);
      if (next !== undefined) this.#owe(one, next);
    }
  }

  #agreeToAll(named: ReadonlySet<PeerId>, situation: Situation, now: Millis): void {
    const room = situation.full || situation.hidden ? 0 : INTRODUCTIONS_MAX - this.#all.size;
    const here = (peer: PeerId) => peer === this.#self || situation.friends.has(peer);
    const settled = (peer: PeerId) => this.#all.has(peer) || situation.isShutOut(peer);
    for (const peer of this.#agreeable.due(named, here, settled, room, now)) {
      this.#enterYes(this.#make(peer, now), situation, now);
    }
  }

  #make(peer: PeerId, now: Millis): Introduction {
    const one: Introduction = {
      peer,
      state: "asked",
      until: now + INTRODUCTION_MS,
      by: [],
      nextMeetAt: Infinity,
      lastAsked: undefined,
      met: new Set(),
      misled: new Set(),
      owed: new Set(),
      calls: new CallSets(),
      meetings: 0,
    };
    this.#all.set(peer, one);
    return one;
  }

  /** Undefined: there are friends in the middle enough. Addresses that may not be called, and further ones, are left out. */
  #join(one: Introduction, friend: MiddleFriend, addresses: readonly WireAddress[]): Introducer | undefined {
    let introducer = one.by.find(({ peer }) => peer === friend.peer);
    if (introducer === undefined) {
      if (one.by.length >= INTRODUCERS_MAX) return undefined;
      introducer = { peer: friend.peer, addresses: [], from: "" };
      one.by.push(introducer);
    }
    const held = new Set(one.by.flatMap((f) => f.addresses));
    for (const address of addresses) {
      if (held.size >= INTRODUCTION_ADDRESSES_MAX || held.has(address) || !mayUse(address, friend)) continue;
      held.add(address);
      introducer.addresses.push(address);
    }
    return introducer;
  }

  #enterYes(one: Introduction, situation: Situation, now: Millis): void {
    one.state = "yes";
    one.calls = new CallSets();
    one.meetings = 0;
    one.met = new Set();
    one.misled.clear();
    one.until = now + INTRODUCTION_MS;
    one.nextMeetAt = now + MEET_PAUSE_MS;
    const asked = one.by.filter(({ peer }) => situation.friends.has(peer));
    for (const introducer of asked) this.#owe(one, introducer.peer);
    if (asked.length === 0) {
      const first = this.#nextMiddle(one, situation);
      if (first !== undefined) this.#owe(one, first);
    }
    this.#tell(one, "yes");
    for (const { peer, addresses } of one.by) one.calls.add(peer, addresses);
    this.#meetAt(one);
  }

  #inYes(one: Introduction, introducer: Introducer, moved: boolean): void {
    if (!one.met.has(introducer.peer)) this.#owe(one, introducer.peer);
    one.calls.add(introducer.peer, introducer.addresses);
    if (moved) this.#meetAt(one);
  }

  /** Both sides call at the same moment: each from its yes on, and again when the other's place becomes known. */
  #meetAt(one: Introduction): void {
    const places = [...new Set(one.by.map(({ from }) => from).filter((from) => from !== ""))];
    if (places.length === 0 || one.meetings >= INTRODUCTION_CALLS_MAX) return;
    one.meetings++;
    this.#emit({ type: "meet at", peer: one.peer, places });
  }

  /** Of those who name the PeerId the next one behind whoever was asked last, and round again. */
  #nextMiddle(one: Introduction, situation: Situation): PeerId | undefined {
    const those = [...situation.friends.values()].filter((f) => names(f, one.peer)).map(({ peer }) => peer).sort();
    return those.find((peer) => one.lastAsked === undefined || peer > one.lastAsked) ?? those[0];
  }

  #owe(one: Introduction, to: PeerId): void {
    one.lastAsked = to;
    one.met.add(to);
    one.owed.add(to);
  }

  #meetOwed(one: Introduction, situation: Situation): void {
    if (situation.preparing || situation.full) return;
    for (const to of one.owed) {
      const friend = situation.friends.get(to);
      if (friend === undefined) continue;
      const addresses = ownAddresses(friend, situation.own);
      this.#emit({
        type: "submit",
        to,
        message: { type: "meet", peer: one.peer, addresses, from: ownFrom(friend) },
      });
    }
    one.owed.clear();
  }

  #end(one: Introduction, reason: IntroductionEnd): void {
    this.#all.delete(one.peer);
    this.#emit({ type: "hang up", peer: one.peer });
    this.#tell(one, "over", reason);
  }

  #tell(one: Introduction, state: "asked" | "yes" | "met" | "over", reason?: IntroductionEnd, quiet = false): void {
    const by = one.by.map(({ peer }) => peer);
    this.#emit({
      type: "notice",
      notice: {
        event: "introduction",
        peer: one.peer,
        by: by.length > 0 || one.lastAsked === undefined ? by : [one.lastAsked],
        state,
        ...(reason === undefined ? {} : { reason }),
        quiet,
      },
    });
  }

  /** Once for each friend in the middle: a list of wrong addresses is one lie. */
  #tellWrong({ peer, misled }: Introduction, by: PeerId, address: WireAddress): void {
    if (misled.has(by)) return;
    misled.add(by);
    this.#emit({ type: "notice", notice: { event: "wrong-peer", peer, by, address } });
  }

  /** Once: it is so for as long as the process runs. */
  #tellHidden(): void {
    if (this.#toldHidden) return;
    this.#toldHidden = true;
    this.#emit({ type: "notice", notice: { event: "hidden" } });
  }
}

/** What a friend in the middle may pass on of ours: where we can be called, judged by the link with that friend. */
export function ownAddresses(friend: MiddleFriend, own: readonly WireAddress[]): WireAddress[] {
  const you = friend.circle?.you ?? "";
  const seen = friend.dialled || you === "" ? [] : [you];
  return [...new Set([...own, ...seen])].filter((address) => mayUse(address, friend)).slice(0, 8);
}

/** Where our two-sided calls come from, as this friend sees it; empty where they do not know. */
export function ownFrom(friend: MiddleFriend): WireAddress | "" {
  const { fixed, circle } = friend;
  const you = circle?.you ?? "";
  return fixed === true && you !== "" && mayUse(you, friend) ? you : "";
}

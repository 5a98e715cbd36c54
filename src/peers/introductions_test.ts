// Our own part in introductions, by the table in docs/PROTOCOL.md section 8.

import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import {
  INTRODUCTION_CALLS_MAX,
  INTRODUCTION_CALLS_PER_MINUTE,
  INTRODUCTION_MS,
  INTRODUCTIONS_AT_ONCE,
  INTRODUCTIONS_MAX,
  MEET_PAUSE_MS,
} from "../constants.ts";
import type { IntroductionMessage } from "../wire/message.ts";
import {
  type IntroductionEffect,
  Introductions,
  type MiddleFriend,
  ownAddresses,
  type Situation,
} from "./introductions.ts";

const SELF = "00".repeat(32);
const F = "f1".repeat(32);
const G = "f2".repeat(32);
const H = "f3".repeat(32);
const I = "f4".repeat(32);
const PEER = "99".repeat(32);
const OTHER = "98".repeat(32);
const AT = "203.0.113.7:7373";
const OWN = ["198.51.100.9:7373"];

function friend(peer: string, ...names: string[]): MiddleFriend {
  const members = names.map((member) => ({ peer: member, name: "Bob" }));
  return { peer, remote: "203.0.113.1:7373", dialled: true, circle: { type: "circle", you: "", with: members } };
}
/** The same friend, who sees our end of the link there. */
function seeing(you: string, one: MiddleFriend): MiddleFriend {
  return { ...one, circle: { ...one.circle!, you } };
}
function situation(friends: readonly MiddleFriend[], more: Partial<Situation> = {}): Situation {
  const all = new Map(friends.map((one) => [one.peer, one]));
  return { friends: all, own: OWN, hidden: false, full: false, preparing: false, isShutOut: () => false, ...more };
}
const introduce = (peer: string, ...addresses: string[]): IntroductionMessage => ({
  type: "introduce",
  peer,
  addresses,
  from: "",
});
/** In a word each. */
function words(effects: readonly IntroductionEffect[]): string[] {
  return effects.map((effect) => {
    switch (effect.type) {
      case "submit":
        return `meet ${effect.to.slice(0, 2)} ${effect.message.addresses.join()}` +
          (effect.message.from === "" ? "" : ` from ${effect.message.from}`);
      case "dial":
        return `dial ${effect.peer.slice(0, 2)} ${effect.addresses.join()}`;
      case "meet at":
        return `meet ${effect.peer.slice(0, 2)} at ${effect.places.join()}`;
      case "hang up":
        return `hang up ${effect.peer.slice(0, 2)}`;
      case "notice": {
        const { notice } = effect;
        if (notice.event !== "introduction") return notice.event;
        const by = notice.by.map((peer) => peer.slice(0, 2)).join("+");
        return [notice.state, notice.reason, by, notice.quiet ? "quiet" : undefined].filter((w) => w).join(" ");
      }
    }
  });
}

class Trial {
  readonly all: Introductions;
  readonly #effects: IntroductionEffect[] = [];
  now = 0;
  around = situation([friend(F, PEER)]);
  constructor(mode: "ask" | "yes" | "no" = "ask") {
    this.all = new Introductions(SELF, mode, (effect) => this.#effects.push(effect));
  }
  /** What follows from this. */
  of(act: () => void): IntroductionEffect[] {
    this.#effects.splice(0);
    act();
    return this.#effects.splice(0);
  }
  introduced(from: string, ...addresses: string[]): string[] {
    return words(this.of(() => this.all.introduced(from, introduce(PEER, ...addresses), this.around, this.now)));
  }
  agree(): string[] {
    return words(this.of(() => this.all.agree(PEER, this.around, this.now)));
  }
  settle(ms = 0): string[] {
    this.now += ms;
    return words(this.of(() => {
      this.all.settle(this.around, this.now);
      this.all.act(this.around, this.now);
    }));
  }
}

Deno.test("none: an introduction is asked about; nobody is asked, told or called before the yes", () => {
  const trial = new Trial();
  deepEqual(trial.introduced(F, AT), ["asked f1"]);
  deepEqual(trial.settle(60_000), []);
  deepEqual(trial.agree(), ["yes f1"]);
  deepEqual(trial.settle(), [`meet f1 ${OWN}`, `dial 99 ${AT}`]);
});

Deno.test("none: the person's own yes asks the smallest PeerId who names them, then every 30 s the next in turn", () => {
  const trial = new Trial();
  trial.around = situation([friend(H, PEER), friend(G, OTHER), friend(F, PEER)]);
  deepEqual(trial.agree(), ["yes f1"]);
  deepEqual(trial.settle(), [`meet f1 ${OWN}`]);
  deepEqual(trial.settle(MEET_PAUSE_MS - 1), []);
  deepEqual(trial.settle(1), [`meet f3 ${OWN}`]);
  deepEqual(trial.settle(MEET_PAUSE_MS), [`meet f1 ${OWN}`]);
});

Deno.test("asked: three friends in the middle and 16 addresses join, and no more", () => {
  const trial = new Trial();
  trial.around = situation([F, G, H, I].map((peer) => friend(peer, PEER)));
  const many = (base: number) => Array.from({ length: 8 }, (_, i) => `203.0.113.${base + i}:7373`);
  deepEqual(trial.introduced(F, ...many(10)), ["asked f1"]);
  deepEqual(trial.introduced(G, ...many(20)), []);
  deepEqual(trial.introduced(H, ...many(30)), []);
  deepEqual(trial.introduced(I, ...many(40)), []);
  deepEqual(trial.all.open(), [{ peer: PEER, state: "asked", by: [F, G, H], addresses: 16 }]);
  trial.agree();
  deepEqual(trial.settle().filter((w) => w.startsWith("meet")), [F, G, H].map((f) => `meet ${f.slice(0, 2)} ${OWN}`));
});

Deno.test("yes: an introduction's addresses are called, and its friend gets a meet if they got none in this yes", () => {
  const trial = new Trial();
  trial.around = situation([friend(F, PEER), friend(G, PEER)]);
  trial.agree();
  trial.settle();
  deepEqual(trial.introduced(F, AT), []);
  deepEqual(trial.settle(), [`dial 99 ${AT}`]);
  deepEqual(trial.introduced(G, AT), []);
  deepEqual(trial.settle(), [`meet f2 ${OWN}`], "the same address is no new set");
  deepEqual(trial.introduced(G), []);
  deepEqual(trial.settle(), []);
});

Deno.test("declined: nobody is told, what arrives is ignored for 10 min, and the person may still say yes", () => {
  const trial = new Trial();
  trial.introduced(F, AT);
  deepEqual(words(trial.of(() => trial.all.decline(PEER, 0))), ["over declined f1"]);
  deepEqual(trial.introduced(F, "203.0.113.200:7373"), []);
  deepEqual(trial.agree(), ["yes f1"]);
  deepEqual(trial.settle(), [`meet f1 ${OWN}`, `dial 99 ${AT}`], "what came meanwhile was not kept");
  const other = new Trial();
  other.introduced(F, AT);
  other.all.decline(PEER, 0);
  deepEqual(other.settle(INTRODUCTION_MS), []);
  deepEqual(other.introduced(F, AT), ["asked f1"], "10 min later");
});

Deno.test("asked and yes end after 10 min, when they are here, or when nobody names them", () => {
  for (const state of ["asked", "yes"]) {
    const begun = () => {
      const trial = new Trial();
      trial.introduced(F);
      if (state === "yes") trial.agree();
      trial.settle();
      return trial;
    };
    const late = begun();
    late.now = INTRODUCTION_MS - 1;
    equal(late.settle().some((w) => w.startsWith("over")), false);
    deepEqual(late.settle(1), ["hang up 99", "over expired f1"]);
    const met = begun();
    met.around = situation([friend(F, PEER), friend(PEER, F)]);
    deepEqual(met.settle(), ["met f1"]);
    const gone = begun();
    gone.around = situation([friend(F)]);
    deepEqual(gone.settle(), ["hang up 99", "over gone f1"]);
    deepEqual(gone.all.open(), []);
  }
});

Deno.test("what does not fit is ignored: somebody who is here, ourselves, somebody whom this friend does not name, an unknown sender", () => {
  const trial = new Trial();
  const of = (peer: string, from = F) =>
    words(trial.of(() => trial.all.introduced(from, introduce(peer, AT), trial.around, 0)));
  trial.around = situation([friend(F, PEER, SELF, G), friend(G, F)]);
  deepEqual(of(SELF), []);
  deepEqual(of(G), []);
  deepEqual(of(OTHER), []);
  deepEqual(of(PEER, G), []);
  deepEqual(of(PEER, H), []);
  deepEqual(of(PEER), ["asked f1"]);
});

Deno.test("a hidden process asks nobody, calls nobody, and says why once; with a full house there is no question", () => {
  const trial = new Trial();
  trial.around = situation([friend(F, PEER)], { hidden: true });
  deepEqual(trial.introduced(F, AT), ["hidden"]);
  deepEqual(trial.introduced(F, AT), []);
  equal(trial.all.agree(PEER, trial.around, 0), false);
  deepEqual(trial.settle(), []);
  trial.around = situation([friend(F, PEER)], { full: true });
  deepEqual(trial.introduced(F, AT), []);
  equal(trial.all.agree(PEER, trial.around, 0), false);
});

Deno.test("addresses that the link with the friend forbids are neither told nor called", () => {
  const trial = new Trial();
  trial.around = situation([friend(F, PEER)], { own: ["192.168.1.5:7373", "127.0.0.1:7373", "198.51.100.9:7373"] });
  trial.introduced(F, "127.0.0.1:22", "192.168.1.1:7373", "[64:ff9b::808:808]:7373", "203.0.113.9:25");
  trial.agree();
  deepEqual(trial.settle(), ["meet f1 198.51.100.9:7373"]);
});

Deno.test("the address at which a friend sees us is passed on if they dialled us, not if we dialled them", () => {
  for (const dialled of [true, false]) {
    const trial = new Trial();
    trial.around = situation([seeing("203.0.113.77:7373", { ...friend(F, PEER), dialled })], { own: [] });
    trial.agree();
    deepEqual(trial.settle(), [`meet f1 ${dialled ? "" : "203.0.113.77:7373"}`]);
  }
});

Deno.test("a meet waits until it is known where we can be called", () => {
  const trial = new Trial();
  trial.around = situation([friend(F, PEER)], { own: [], preparing: true });
  trial.agree();
  deepEqual(trial.settle(), []);
  trial.around = situation([friend(F, PEER)]);
  deepEqual(trial.settle(10), [`meet f1 ${OWN}`]);
});

Deno.test("a set is called at 0, 5 and 15 s, one call at a time, and three sets in a yes", () => {
  const trial = new Trial();
  trial.introduced(F, AT);
  trial.agree();
  const dials = () => trial.settle().filter((w) => w.startsWith("dial"));
  const failed = () => trial.all.callEnded(PEER, undefined, trial.now);
  deepEqual(dials(), [`dial 99 ${AT}`]);
  trial.now = 6_000;
  deepEqual(dials(), [], "the first is still under way");
  failed();
  deepEqual(dials(), [`dial 99 ${AT}`]);
  failed();
  trial.now = 14_999;
  deepEqual(dials(), []);
  trial.now = 15_000;
  deepEqual(dials(), [`dial 99 ${AT}`]);
  failed();
  deepEqual(dials(), []);
  for (const last of [1, 2, 3]) trial.introduced(F, `203.0.113.${last}:7373`);
  trial.now = 16_000;
  equal(dials().length, 1);
  for (let call = 0; call < 20; call++) {
    failed();
    trial.now += 20_000;
    if (trial.now < INTRODUCTION_MS) dials();
  }
  trial.now = INTRODUCTION_MS - 1;
  deepEqual(dials(), []);
  deepEqual(trial.settle(1), ["hang up 99", "over unreachable f1"]);
});

Deno.test("four introductions are called at once, the others wait their turn", () => {
  const peers = Array.from({ length: 6 }, (_, i) => `${i + 10}`.repeat(32));
  const trial = new Trial("yes");
  trial.around = situation([friend(F, ...peers)]);
  trial.settle();
  for (const [i, peer] of peers.entries()) {
    trial.all.introduced(F, introduce(peer, `203.0.113.${i + 1}:7373`), trial.around, 0);
  }
  const dialled = trial.settle().filter((w) => w.startsWith("dial"));
  equal(dialled.length, INTRODUCTIONS_AT_ONCE);
  equal(trial.all.deadline > 0, true, "nothing is due before one of them ends");
  trial.around = situation([friend(F, ...peers), friend(peers[0]!, F)]);
  equal(trial.settle().filter((w) => w.startsWith("dial")).length, 1);
});

Deno.test("a friend who names somebody anew again and again makes us call 64 times in a minute, and then again", () => {
  const trial = new Trial("yes");
  const rounds = (count: number): number => {
    let dials = 0;
    for (let round = 0; round < count; round++) {
      trial.around = situation([friend(F, PEER)]);
      trial.settle();
      trial.introduced(F, AT);
      dials += trial.settle().filter((w) => w.startsWith("dial")).length;
      trial.around = situation([friend(F)]);
      trial.settle();
    }
    return dials;
  };
  equal(rounds(INTRODUCTION_CALLS_PER_MINUTE + 10), INTRODUCTION_CALLS_PER_MINUTE);
  trial.around = situation([friend(F, PEER)]);
  trial.settle();
  trial.introduced(F, AT);
  equal(trial.settle().some((w) => w.startsWith("dial")), false);
  equal(trial.all.deadline, MEET_PAUSE_MS);
  trial.settle(59_999);
  equal(trial.all.deadline, 60_000);
  deepEqual(trial.settle(1), [`dial 99 ${AT}`]);
  trial.around = situation([friend(F)]);
  trial.settle();
  equal(rounds(INTRODUCTION_CALLS_PER_MINUTE), INTRODUCTION_CALLS_PER_MINUTE - 1);
});

Deno.test("somebody else at an address is told once with the friend's name; the other addresses are called at once", () => {
  const trial = new Trial();
  const ELSE = "203.0.113.8:7373";
  trial.introduced(F, AT, ELSE);
  trial.agree();
  trial.settle();
  deepEqual(words(trial.of(() => trial.all.callEnded(PEER, ELSE, 0))), ["wrong-peer"]);
  deepEqual(trial.settle(), [`dial 99 ${AT}`]);
  deepEqual(words(trial.of(() => trial.all.callEnded(PEER, AT, 0))), ["hang up 99", "over wrong-peer f1"]);
});

Deno.test("after a new yes somebody else at an address is told anew", () => {
  const trial = new Trial();
  const ELSE = "203.0.113.8:7373";
  trial.introduced(F, AT, ELSE);
  for (const yes of ["the first yes", "the second yes"]) {
    trial.agree();
    trial.settle();
    deepEqual(words(trial.of(() => trial.all.callEnded(PEER, ELSE, 0))), ["wrong-peer"], yes);
    trial.all.decline(PEER, 0);
  }
});

Deno.test("the next call waits until the first of the last minute's 64 is a minute old", () => {
  const trial = new Trial("yes");
  for (let call = 0; call < INTRODUCTION_CALLS_PER_MINUTE; call++) {
    trial.around = situation([friend(F, PEER)]);
    trial.settle(call);
    trial.introduced(F, AT);
    equal(trial.settle().some((w) => w.startsWith("dial")), true);
    trial.around = situation([friend(F)]);
    trial.settle();
  }
  trial.around = situation([friend(F, PEER)]);
  trial.settle();
  trial.introduced(F, AT);
  trial.settle(MEET_PAUSE_MS);
  equal(trial.all.deadline, 60_000);
});

Deno.test("nobody is asked about twice in 10 min, nor 8 times a minute through one friend", () => {
  const trial = new Trial();
  deepEqual(trial.introduced(F), ["asked f1"]);
  trial.around = situation([friend(F)]);
  trial.settle();
  trial.around = situation([friend(F, PEER)]);
  deepEqual(trial.introduced(F), ["asked f1 quiet"]);
  const many = Array.from({ length: 9 }, (_, i) => `${i + 20}`.repeat(32));
  trial.around = situation([friend(F, PEER, ...many)]);
  const told = many.flatMap((peer) => words(trial.of(() => trial.all.introduced(F, introduce(peer), trial.around, 0))));
  equal(told.filter((w) => !w.endsWith("quiet")).length, 7, "one was asked about before");
});

Deno.test("with yes everybody who is named is agreed to, once; with no an introduction is ignored, and the person's word holds", () => {
  const trial = new Trial("yes");
  deepEqual(trial.settle(), ["yes f1", `meet f1 ${OWN}`]);
  deepEqual(trial.settle(INTRODUCTION_MS), ["hang up 99", "over expired f1"]);
  deepEqual(trial.settle(1), [], "not again until they were gone");
  const no = new Trial("no");
  deepEqual(no.introduced(F, AT), []);
  deepEqual(no.agree(), ["yes f1"]);
  deepEqual(no.introduced(F, AT), []);
  deepEqual(no.settle(), [`meet f1 ${OWN}`, `dial 99 ${AT}`]);
});

Deno.test("whose words were different is not asked about, agreed to, met or called again, in any mode", () => {
  for (const mode of ["ask", "yes"] as const) {
    const trial = new Trial(mode);
    trial.around = situation([friend(F, PEER)], { isShutOut: (peer) => peer === PEER });
    deepEqual([trial.introduced(F, AT), trial.agree(), trial.settle(), trial.settle(60_000)], [[], [], [], []], mode);
  }
});

Deno.test("with yes a friend who was lost is agreed to again after a pause, unless they are named no more by then", () => {
  const trial = new Trial("yes");
  const [here, lost] = [situation([friend(F, PEER), friend(PEER, F)]), situation([friend(F, PEER)])];
  for (let round = 0; round < 2; round++) {
    trial.around = here;
    trial.settle(1);
    equal(trial.all.deadline, Infinity, "nothing is waited for while they are here");
    trial.around = lost;
    deepEqual(trial.settle(), []);
    equal(trial.all.deadline, trial.now + MEET_PAUSE_MS);
    deepEqual(trial.settle(MEET_PAUSE_MS - 1), []);
    deepEqual(trial.settle(1), ["yes f1", `meet f1 ${OWN}`]);
  }
  trial.around = here;
  deepEqual(trial.settle(), ["met f1"]);
  trial.around = lost;
  trial.settle();
  trial.around = situation([friend(F)]);
  deepEqual(trial.settle(), []);
  equal(trial.all.deadline, Infinity);
});

Deno.test("with yes a friend who was lost from a full house waits for room, and is not agreed to twice if a friend is quicker", () => {
  const trial = new Trial("yes");
  const named = [friend(F, PEER)];
  trial.around = situation([...named, friend(PEER, F)]);
  trial.settle();
  trial.around = situation(named, { full: true });
  trial.settle();
  deepEqual(trial.settle(MEET_PAUSE_MS), []);
  equal(trial.all.deadline, trial.now + MEET_PAUSE_MS, "looked at again, and not at once");
  trial.around = situation(named);
  deepEqual(trial.settle(1), []);
  deepEqual(trial.introduced(F, AT), ["yes f1"]);
  trial.settle();
  deepEqual(trial.settle(MEET_PAUSE_MS).filter((word) => word.startsWith("yes")), []);
  equal(trial.all.deadline > trial.now, true);
});

Deno.test("what is kept in mind is bounded", () => {
  const trial = new Trial();
  const names = Array.from({ length: INTRODUCTIONS_MAX + 10 }, (_, i) => i.toString(16).padStart(4, "0").repeat(16));
  trial.around = situation([friend(F, ...names)]);
  for (const peer of names) trial.all.introduced(F, introduce(peer, AT), trial.around, 0);
  equal(trial.all.open().length, INTRODUCTIONS_MAX);
});

const THERE = "203.0.113.9:7374";

function introducedFrom(trial: Trial, by: string, from: string): string[] {
  return words(trial.of(() => trial.all.introduced(by, { ...introduce(PEER, AT), from }, trial.around, trial.now)));
}

Deno.test("both meet where the other's calls come from: each from its yes on, and again when the other's place becomes known", () => {
  const early = new Trial();
  introducedFrom(early, F, THERE);
  deepEqual(early.agree(), ["yes f1", `meet 99 at ${THERE}`]);
  const late = new Trial();
  late.introduced(F, AT);
  deepEqual(late.agree(), ["yes f1"]);
  deepEqual(introducedFrom(late, F, THERE), [`meet 99 at ${THERE}`]);
  deepEqual(introducedFrom(late, F, THERE), [], "the same place again begins nothing");
  deepEqual(introducedFrom(late, F, "203.0.113.9:7375"), ["meet 99 at 203.0.113.9:7375"]);
});

Deno.test("somebody else where two-sided calls come from is told once, with the name of the friend who said so", () => {
  const trial = new Trial();
  const told = (at: string, peer = PEER) => words(trial.of(() => trial.all.metElse(peer, at)));
  deepEqual(told(THERE), []);
  introducedFrom(trial, F, THERE);
  trial.agree();
  deepEqual(told("203.0.113.9:7375"), [], "nobody said so");
  deepEqual(told(THERE, OTHER), []);
  deepEqual(told(THERE), ["wrong-peer"]);
  deepEqual(told(THERE), []);
});

Deno.test("nobody is met at a place that may not be called, nor before a yes", () => {
  const trial = new Trial();
  for (const from of ["127.0.0.1:7374", "192.168.1.1:7374", "[64:ff9b::102:304]:7374", "203.0.113.9:25"]) {
    introducedFrom(trial, F, from);
  }
  deepEqual(trial.agree(), ["yes f1"]);
});

Deno.test("only a friend whose link leaves from the calling port is told our place, as they see it", () => {
  const you = "203.0.113.2:7374";
  for (
    const [more, seen, from] of [
      [{ fixed: true }, you, ` from ${you}`],
      [{ fixed: false }, you, ""],
      [{ fixed: true }, "", ""],
      [{ fixed: true, dialled: false }, you, ` from ${you}`],
      [{ fixed: false, dialled: false }, you, ""],
      [{ fixed: true }, "192.168.1.2:7374", ""],
    ] as const
  ) {
    const trial = new Trial();
    trial.around = situation([seeing(seen, { ...friend(F, PEER), dialled: true, ...more })]);
    trial.agree();
    const told = trial.settle().find((word) => word.startsWith("meet f1"));
    equal(told, `meet f1 ${trial.around.friends.get(F)!.dialled ? OWN.join() : [...OWN, you].join()}${from}`);
  }
});

Deno.test("a deadline is the end of what is open, the next friend's turn, or a call for which there is room", () => {
  const trial = new Trial();
  equal(trial.all.deadline, Infinity);
  trial.introduced(F, AT);
  equal(trial.all.deadline, INTRODUCTION_MS, "a question is nothing but open");
  trial.now = 1_000;
  trial.agree();
  equal(trial.all.deadline, -Infinity, "a call is due at once");
  trial.settle();
  equal(trial.all.deadline, 1_000 + MEET_PAUSE_MS, "it is under way");
  trial.all.callEnded(PEER, undefined, 1_500);
  equal(trial.all.deadline, 6_000);
  trial.all.decline(PEER, 2_000);
  equal(trial.all.deadline, 2_000 + INTRODUCTION_MS, "a no is nothing but remembered");
});

Deno.test("with four under way the next calls of these are due, and no fifth introduction's", () => {
  const peers = Array.from({ length: INTRODUCTIONS_AT_ONCE + 1 }, (_, i) => `${i + 10}`.repeat(32));
  const trial = new Trial("yes");
  trial.around = situation([friend(F, ...peers)]);
  trial.settle();
  for (const peer of peers) trial.all.introduced(F, introduce(peer, AT), trial.around, 0);
  trial.settle();
  equal(trial.all.deadline, MEET_PAUSE_MS);
  trial.all.callEnded(peers[1]!, undefined, 0);
  equal(trial.all.deadline, 5_000, "one that is between two calls keeps its room");
  deepEqual(trial.settle(5_000), [`dial 11 ${AT}`]);
});

Deno.test("expected is only who was agreed to, and in the middle is only who names one of these", () => {
  const trial = new Trial();
  trial.around = situation([friend(F, PEER), friend(G, OTHER)]);
  const middles = () => trial.all.middles(trial.around.friends).map(({ peer }) => peer);
  const expects = () => [PEER, OTHER].map((peer) => trial.all.expects(peer));
  deepEqual([expects(), middles()], [[false, false], []]);
  trial.introduced(F);
  deepEqual([expects(), middles()], [[false, false], []], "asked is not agreed");
  trial.agree();
  deepEqual([expects(), middles()], [[true, false], [F]]);
  trial.all.decline(PEER, 0);
  deepEqual([expects(), middles()], [[false, false], []]);
  deepEqual(trial.all.open(), [], "what was declined is not open");
});

Deno.test("nobody is agreed to who is not named, who is oneself or here already; a second yes does nothing", () => {
  const trial = new Trial();
  trial.around = situation([friend(F, PEER, SELF, G), friend(G, F)]);
  const agree = (peer: string) => {
    let may = false;
    const said = words(trial.of(() => may = trial.all.agree(peer, trial.around, 0)));
    return [may, said];
  };
  deepEqual(agree(OTHER), [false, []]);
  deepEqual(agree(SELF), [false, []]);
  deepEqual(agree(G), [false, []]);
  deepEqual(agree(PEER), [true, ["yes f1"]]);
  deepEqual(agree(PEER), [true, []]);
});

Deno.test("a no to somebody unheard of is kept for 10 min, a second one lengthens it silently, and a no ends a yes", () => {
  const trial = new Trial();
  deepEqual(words(trial.of(() => trial.all.decline(PEER, 0))), ["over declined"]);
  deepEqual(words(trial.of(() => trial.all.decline(PEER, 1_000))), []);
  trial.settle(INTRODUCTION_MS);
  deepEqual(trial.introduced(F), [], "the second no is not 10 min old");
  trial.settle(1_000);
  deepEqual(trial.introduced(F), ["asked f1"]);
  trial.agree();
  deepEqual(words(trial.of(() => trial.all.decline(PEER, trial.now))), ["hang up 99", "over declined f1"]);
});

Deno.test("a call that has ended for nobody says nothing, and one of somebody declined ends nothing more", () => {
  const trial = new Trial();
  deepEqual(words(trial.of(() => trial.all.callEnded(PEER, AT, 0))), []);
  trial.introduced(F, AT);
  deepEqual(words(trial.of(() => trial.all.callEnded(PEER, AT, 0))), [], "none was under way");
  trial.agree();
  trial.settle();
  trial.all.decline(PEER, 0);
  deepEqual(words(trial.of(() => trial.all.callEnded(PEER, AT, 0))), ["wrong-peer"]);
});

Deno.test("with yes: not oneself, nobody who is here, nobody with a full house or hidden, and anew who was gone meanwhile", () => {
  const trial = new Trial("yes");
  trial.around = situation([friend(F, SELF, G), friend(G)]);
  deepEqual(trial.settle(), []);
  trial.around = situation([friend(F, PEER)], { full: true });
  deepEqual(trial.settle(), []);
  trial.around = situation([friend(F, PEER)], { hidden: true });
  deepEqual(trial.settle(), []);
  trial.around = situation([friend(F, PEER)]);
  deepEqual(trial.settle(), ["yes f1", `meet f1 ${OWN}`]);
  trial.all.decline(PEER, 0);
  deepEqual(trial.settle(INTRODUCTION_MS), []);
  deepEqual(trial.settle(), [], "the person said no");
  trial.around = situation([friend(F)]);
  trial.settle();
  trial.around = situation([friend(F, PEER)]);
  deepEqual(trial.settle(), ["yes f1", `meet f1 ${OWN}`]);
});

Deno.test("with yes no more are agreed to than are kept in mind", () => {
  const trial = new Trial("yes");
  const names = Array.from({ length: INTRODUCTIONS_MAX + 2 }, (_, i) => i.toString(16).padStart(4, "0").repeat(16));
  trial.around = situation([friend(F, ...names.slice(1))]);
  equal(trial.settle().filter((word) => word === "yes f1").length, INTRODUCTIONS_MAX);
  equal(trial.settle().length, 0);
});

Deno.test("a question is asked again 10 min after the last one, and eight a minute are counted from each", () => {
  const trial = new Trial();
  const again = (now: number) => {
    trial.now = now;
    trial.around = situation([friend(F)]);
    trial.settle();
    trial.around = situation([friend(F, PEER)]);
    return trial.introduced(F);
  };
  deepEqual(again(0), ["asked f1"]);
  deepEqual(again(INTRODUCTION_MS - 1), ["asked f1 quiet"]);
  deepEqual(again(INTRODUCTION_MS), ["asked f1"]);
  const many = Array.from({ length: 12 }, (_, i) => `${i + 20}`.repeat(32));
  const other = new Trial();
  other.around = situation([friend(F, ...many), friend(G, ...many)]);
  const ask = (n: number, now: number, by = F) =>
    words(other.of(() => other.all.introduced(by, introduce(many[n]!), other.around, now)))[0];
  deepEqual([0, 1, 2, 3, 4, 5, 6].map((n) => ask(n, n)), Array(7).fill("asked f1"));
  equal(ask(7, 59_999), "asked f1");
  equal(ask(8, 59_999), "asked f1 quiet", "the ninth in a minute");
  equal(ask(9, 59_999, G), "asked f2", "through another friend");
  equal(ask(10, 60_000), "asked f1", "the first is a minute old");
  equal(ask(11, 60_000), "asked f1 quiet");
});

Deno.test("whom a person is asked about stays in mind for the last 256", () => {
  const trial = new Trial();
  const names = Array.from(
    { length: INTRODUCTIONS_MAX + 1 },
    (_, i) => (i + 1).toString(16).padStart(4, "0").repeat(16),
  );
  const ask = (peer: string, now: number) => {
    trial.around = situation([friend(F, peer)]);
    const asked = words(trial.of(() => trial.all.introduced(F, introduce(peer), trial.around, now)));
    trial.around = situation([friend(F)]);
    trial.all.settle(trial.around, now);
    return asked;
  };
  // Eight a minute, so that none of them is quiet for another reason; all within 10 min through several friends.
  const through = (i: number) => (0xa000 + Math.floor(i / 8)).toString(16).repeat(16);
  for (const [i, peer] of names.entries()) {
    trial.around = situation([friend(through(i), peer)]);
    trial.all.introduced(through(i), introduce(peer), trial.around, 0);
    trial.all.settle(situation([friend(through(i))]), 0);
  }
  deepEqual(ask(names[1]!, 1), ["asked f1 quiet"], "of the last 256");
  deepEqual(ask(names[0]!, 2), ["asked f1"], "the 257th before is forgotten");
});

Deno.test("16 addresses in all are kept, each once, whoever gave it", () => {
  const trial = new Trial();
  trial.around = situation([F, G].map((peer) => friend(peer, PEER)));
  const many = (base: number, count: number) => Array.from({ length: count }, (_, i) => `203.0.113.${base + i}:7373`);
  trial.introduced(F, ...many(10, 8), ...many(10, 2));
  equal(trial.all.open()[0]?.addresses, 8);
  trial.introduced(G, ...many(17, 8));
  equal(trial.all.open()[0]?.addresses, 15);
  trial.introduced(G, ...many(40, 3));
  equal(trial.all.open()[0]?.addresses, 16);
});

Deno.test("a yes asks those who introduced and are here, and goes on behind whoever was asked last", () => {
  const trial = new Trial();
  trial.around = situation([F, G, H].map((peer) => friend(peer, PEER)));
  trial.introduced(G);
  trial.introduced(F);
  trial.around = situation([G, H].map((peer) => friend(peer, PEER)));
  deepEqual(trial.agree(), ["yes f2+f1"]);
  deepEqual(trial.settle(), [`meet f2 ${OWN}`]);
  deepEqual(trial.settle(MEET_PAUSE_MS), [`meet f3 ${OWN}`]);
  deepEqual(trial.settle(MEET_PAUSE_MS), [`meet f2 ${OWN}`]);
});

Deno.test("a friend who is owed a meet and has left gets none", () => {
  const trial = new Trial();
  trial.around = situation([friend(F, PEER), friend(G, PEER)]);
  trial.introduced(F);
  trial.introduced(G);
  trial.agree();
  trial.around = situation([friend(G, PEER)]);
  deepEqual(trial.settle(), [`meet f2 ${OWN}`]);
});

Deno.test("eight addresses of ours are told, each once, and that at which the friend sees us last", () => {
  const own = Array.from({ length: 9 }, (_, i) => `198.51.100.${i + 1}:7373`);
  const through = (mine: readonly string[], you: string) =>
    ownAddresses(seeing(you, { ...friend(F, PEER), dialled: false }), mine);
  deepEqual(through(own, ""), own.slice(0, 8));
  deepEqual(through(own.slice(0, 2), own[0]!), own.slice(0, 2));
  deepEqual(through(own.slice(0, 2), own[5]!), [own[0], own[1], own[5]]);
});

Deno.test("places are told in one go, each once, of those who gave one", () => {
  const trial = new Trial();
  trial.around = situation([F, G, H].map((peer) => friend(peer, PEER)));
  introducedFrom(trial, F, THERE);
  introducedFrom(trial, G, THERE);
  introducedFrom(trial, H, "");
  deepEqual(trial.agree(), ["yes f1+f2+f3", `meet 99 at ${THERE}`]);
  deepEqual(introducedFrom(trial, H, "203.0.113.9:7375"), [`meet 99 at ${THERE},203.0.113.9:7375`]);
  deepEqual(introducedFrom(trial, H, ""), [], "no place takes none away");
});

Deno.test("the person is told whose introductions they are asked about, as loudly as the question is", () => {
  const trial = new Trial();
  const quiet = (effects: readonly IntroductionEffect[]) =>
    effects.map((effect) => effect.type === "notice" && effect.notice.event === "introduction" && effect.notice.quiet);
  deepEqual(quiet(trial.of(() => trial.all.introduced(F, introduce(PEER), trial.around, 0))), [false]);
  deepEqual(quiet(trial.of(() => trial.all.agree(PEER, trial.around, 0))), [false]);
  deepEqual(quiet(trial.of(() => trial.all.settle(situation([friend(F)]), 0))), [false, false]);
  const [asked] = trial.of(() => trial.all.introduced(F, introduce(PEER), trial.around, 0));
  equal(asked?.type === "notice" && "reason" in asked.notice, false, "only an end has a reason");
});

Deno.test("a fourth friend in the middle is ignored, whatever they say, before a yes and in it", () => {
  const trial = new Trial();
  trial.around = situation([F, G, H, I].map((peer) => friend(peer, PEER)));
  for (const by of [F, G, H]) trial.introduced(by);
  deepEqual(introducedFrom(trial, I, THERE), []);
  deepEqual(trial.agree(), ["yes f1+f2+f3"]);
  trial.settle();
  deepEqual(introducedFrom(trial, I, THERE), []);
  deepEqual(trial.settle(), []);
});

Deno.test("with yes an introduction is a yes at once, with the addresses in it", () => {
  const trial = new Trial("yes");
  deepEqual(trial.introduced(F, AT), ["yes f1"]);
  deepEqual(trial.settle(), [`meet f1 ${OWN}`, `dial 99 ${AT}`]);
});

Deno.test("after a no nobody is called or asked any more, and a new yes begins anew", () => {
  const trial = new Trial();
  trial.around = situation([friend(F, PEER), friend(G, PEER)]);
  deepEqual(trial.agree(), ["yes f1"]);
  trial.settle();
  trial.introduced(F, AT);
  deepEqual(trial.settle(), [`dial 99 ${AT}`]);
  trial.all.callEnded(PEER, undefined, trial.now);
  trial.all.decline(PEER, trial.now);
  deepEqual(trial.settle(60_000), []);
  deepEqual(trial.agree(), ["yes f1"]);
  deepEqual(trial.settle(), [`meet f1 ${OWN}`, `dial 99 ${AT}`]);
  trial.all.decline(PEER, trial.now);
  trial.agree();
  deepEqual(trial.settle(), [`meet f1 ${OWN}`, `dial 99 ${AT}`], "the call that was under way is over");
  const own = new Trial();
  own.around = trial.around;
  own.agree();
  deepEqual(own.settle(), [`meet f1 ${OWN}`]);
  own.all.decline(PEER, 0);
  own.agree();
  deepEqual(own.settle(), [`meet f2 ${OWN}`]);
  own.introduced(F);
  deepEqual(own.settle(), [`meet f1 ${OWN}`], "they got none in this yes");
});

Deno.test("a yes lasts 10 min from when it was said, and asks one friend in 30 s", () => {
  const trial = new Trial();
  trial.around = situation([friend(F, PEER), friend(G, PEER)]);
  trial.introduced(F);
  trial.now = 1_000;
  trial.agree();
  deepEqual(trial.settle(), [`meet f1 ${OWN}`]);
  deepEqual(trial.settle(MEET_PAUSE_MS), [`meet f2 ${OWN}`]);
  deepEqual(trial.settle(), []);
  equal(trial.all.deadline, 1_000 + 2 * MEET_PAUSE_MS);
  trial.now = INTRODUCTION_MS + 999;
  equal(trial.settle().includes("over expired f1"), false);
  equal(trial.settle(1).includes("over expired f1"), true);
});

Deno.test("a question late in the day is quiet for 10 min as well", () => {
  const trial = new Trial();
  for (const [now, asked] of [[400_000, "asked f1"], [500_000, "asked f1 quiet"], [1_000_000, "asked f1"]] as const) {
    trial.now = now;
    trial.around = situation([friend(F, PEER)]);
    deepEqual(trial.introduced(F), [asked]);
    trial.around = situation([friend(F)]);
    trial.settle();
  }
});

Deno.test("an introduction is told with whoever introduced, and only without one with whoever was asked last", () => {
  for (const introduced of [true, false]) {
    const trial = new Trial();
    trial.around = situation([friend(F, PEER), friend(G, PEER)]);
    if (introduced) trial.introduced(F);
    trial.agree();
    trial.settle();
    trial.settle(MEET_PAUSE_MS);
    trial.around = situation([friend(F), friend(G)]);
    deepEqual(trial.settle(), ["hang up 99", `over gone ${introduced ? "f1" : "f2"}`]);
  }
});

Deno.test("whoever moves about is met three times in a yes, however often a friend says so, and anew in the next one", () => {
  const trial = new Trial();
  const met = () => {
    let count = trial.agree().filter((w) => w.includes(" at ")).length;
    for (let port = 7001; port < 7010; port++) {
      count += introducedFrom(trial, F, `203.0.113.9:${port}`).filter((w) => w.includes(" at ")).length;
    }
    return count;
  };
  introducedFrom(trial, F, "203.0.113.9:7000");
  equal(met(), INTRODUCTION_CALLS_MAX);
  trial.all.decline(PEER, trial.now);
  equal(met(), INTRODUCTION_CALLS_MAX);
});

Deno.test("while the house is full nobody is asked to introduce us, and each once when there is room again", () => {
  const trial = new Trial();
  trial.around = situation([friend(F, PEER), friend(G, PEER)]);
  trial.agree();
  trial.around = situation([friend(F, PEER), friend(G, PEER)], { full: true });
  deepEqual([trial.settle(), trial.settle(MEET_PAUSE_MS), trial.settle(MEET_PAUSE_MS)], [[], [], []]);
  trial.around = situation([friend(F, PEER), friend(G, PEER)]);
  deepEqual(trial.settle(), [`meet f1 ${OWN}`, `meet f2 ${OWN}`]);
});

Deno.test("a process that is hidden by now is not woken for somebody whom it would have agreed to again", () => {
  const trial = new Trial("yes");
  trial.around = situation([friend(F, PEER), friend(PEER, F)]);
  trial.settle();
  trial.around = situation([friend(F, PEER)]);
  trial.settle();
  equal(trial.all.deadline, trial.now + MEET_PAUSE_MS);
  trial.around = situation([friend(F, PEER)], { hidden: true });
  deepEqual(trial.settle(MEET_PAUSE_MS), []);
  equal(trial.all.deadline > trial.now, true);
});

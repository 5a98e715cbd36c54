// How the effects of introductions are performed on connections and calls: each kind once, and what it must leave alone.

import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import type { StretchedPhrase } from "../auth/stretched.ts";
import type { CircleMessage, IntroductionMessage } from "../wire/message.ts";
import { Acquaintances } from "./acquaintances.ts";
import type { Calling } from "./calling.ts";
import type { Connection } from "./connection.ts";
import type { Effect, PeersOptions } from "./event.ts";
import { type Friend, Friends } from "./friend.ts";
import type { Phrases } from "./phrases.ts";
import { Turn } from "./turn.ts";

const SELF = "00".repeat(32);
const F = "f1".repeat(32);
const G = "f2".repeat(32);
const PEER = "99".repeat(32);
const OTHER = "98".repeat(32);
const AT = "203.0.113.7:7373";
const OWN = "198.51.100.9:7373";

class Trial {
  readonly turn = new Turn();
  readonly friends = new Friends(SELF);
  readonly acquaintances: Acquaintances;
  /** Everything that was done, in a line each. */
  done: string[] = [];
  /** The last circle for each link. */
  readonly circles = new Map<number, CircleMessage>();
  #calls = 0;

  constructor(more: Partial<PeersOptions> = {}) {
    this.turn.begin(0, (into) => into.fill(7));
    const calling = {
      newId: () => ++this.#calls,
      meet: (peer: string, places: readonly { host: string; port: number }[]) =>
        this.done.push(`meet ${peer.slice(0, 2)} at ${places.map(({ host, port }) => `${host} ${port}`)}`),
      meetNoMore: (peer: string) => this.done.push(`meet ${peer.slice(0, 2)} no more`),
    };
    const options = {
      self: SELF,
      shape: { intervalMs: 250 },
      name: undefined,
      friends: undefined,
      introductions: "ask",
      hidden: false,
      ...more,
    } as PeersOptions;
    this.acquaintances = new Acquaintances(options, this.turn, this.friends, calling as unknown as Calling, {
      drive: ({ link }, event) => {
        if (event.type !== "submit") return void this.done.push(`${Object.values(event)} on ${link}`);
        const message = event.message as CircleMessage | IntroductionMessage;
        if (message.type === "circle") {
          this.circles.set(link, message);
          return void this.done.push(`circle of ${message.with.map(({ peer }) => peer.slice(0, 2))} on ${link}`);
        }
        this.done.push(`${message.type} ${message.peer.slice(0, 2)} ${message.addresses} on ${link}`);
      },
      end: ({ link }, reason) => this.done.push(`end ${link} ${reason}`),
      hangUp: (peer) => this.done.push(`hang up ${peer.slice(0, 2)}`),
    }, () => false);
  }

  join(peer: string, link: number, more: Partial<Connection> = {}): Friend {
    const friend = this.friends.meet(peer);
    const address = `203.0.113.${100 + link}:7373`;
    friend.inUse = {
      peer,
      link,
      role: "dialer",
      address,
      local: "",
      fixed: false,
      salt: undefined,
      ...more,
    } as Connection;
    this.friends.join(friend, friend.inUse);
    this.turn.presenceChanged = true;
    return friend;
  }

  circle(from: string, ...others: string[]): void {
    const members = others.map((peer) => ({ peer, name: "" }));
    this.acquaintances.received(from, { type: "circle", you: "", with: members });
  }

  introduced(from: string, peer: string, at: readonly string[], place = ""): void {
    this.acquaintances.received(from, { type: "introduce", peer, addresses: at, from: place });
  }

  /** What it leads to. */
  settle(ms = 0): string[] {
    this.turn.now += ms;
    this.acquaintances.settle();
    const done = [...this.done, ...this.turn.effects.map(inWords)];
    this.done = [];
    this.turn.effects = [];
    return done;
  }

  /** F is here, names PEER, and has told where they are; our person has said yes, and they are being called. */
  calls(): Trial {
    this.acquaintances.asked({ type: "reachable", addresses: [OWN], hidden: false });
    this.join(F, 1);
    this.settle();
    this.circle(F, PEER);
    this.introduced(F, PEER, [AT]);
    this.settle();
    this.acquaintances.asked({ type: "introduce", peer: PEER });
    return this;
  }
}

function inWords(effect: Effect): string {
  switch (effect.type) {
    case "dial":
      return `dial ${effect.call} ${effect.target}${effect.quiet ? " quiet" : ""}`;
    case "stopDial":
      return `stopDial ${effect.call}`;
    case "listen at":
      return `listen at ${effect.hosts}`;
    case "notice":
      return effect.notice.event === "introduction" ? effect.notice.reason ?? effect.notice.state : effect.notice.event;
    default:
      return effect.type;
  }
}

Deno.test("nothing is settled before something happens, while nothing is due, or when the person leaves", () => {
  const trial = new Trial();
  deepEqual(trial.settle(), [], "nothing has happened");
  trial.join(F, 1);
  deepEqual(trial.settle(), ["meet f1 no more", "circle of  on 1", "hearing"]);
  equal(trial.turn.presenceChanged, false);
  deepEqual(trial.settle(), []);
  trial.friends.get(F)!.name = "Fred";
  trial.join(G, 2);
  equal(trial.acquaintances.deadline, Infinity);
  trial.turn.leaving = true;
  deepEqual(trial.settle(), []);
  trial.turn.leaving = false;
  deepEqual(trial.settle(), [
    "meet f1 no more",
    "meet f2 no more",
    "circle of f2 on 1",
    "circle of f1 on 2",
  ]);
  deepEqual(trial.circles.get(2)?.with, [{ peer: F, name: "Fred" }]);
  equal(trial.circles.get(2)?.you, "203.0.113.102:7373");
});

Deno.test("what comes due is settled without anything else happening, and is due for nobody who leaves", () => {
  const trial = new Trial().calls();
  deepEqual(trial.settle(), ["meet 99 198.51.100.9:7373 on 1", "yes", `dial 1 ${AT} quiet`]);
  trial.acquaintances.dialFailed(1);
  deepEqual(trial.settle(), []);
  equal(trial.acquaintances.deadline, 5_000);
  trial.turn.leaving = true;
  equal(trial.acquaintances.deadline, Infinity);
  trial.turn.leaving = false;
  deepEqual(trial.settle(4_999), []);
  deepEqual(trial.settle(1), [`dial 2 ${AT} quiet`]);
});

Deno.test("a call of an introduction must reach its PeerId, and is ours until it brings a link or fails", () => {
  const trial = new Trial().calls();
  trial.settle();
  const { acquaintances } = trial;
  equal(acquaintances.expectedOf(undefined), undefined);
  equal(acquaintances.expectedOf(7), undefined);
  equal(acquaintances.expectedOf(1), PEER);
  equal(acquaintances.expectedOf(1), undefined);
  equal(acquaintances.dialFailed(1), false);
  const failing = new Trial().calls();
  failing.settle();
  equal(failing.acquaintances.dialFailed(1), true);
  equal(failing.acquaintances.dialFailed(1), false);
});

Deno.test("a connection that found somebody else is told of, one that found the right one or was not ours is not", () => {
  const of = (more: Partial<Connection>) => {
    const trial = new Trial().calls();
    trial.settle();
    trial.acquaintances.expectedOf(1);
    trial.acquaintances.callEnded({ peer: PEER, expected: PEER, address: AT, ...more } as Connection);
    return [trial.settle(), trial.acquaintances.deadline];
  };
  deepEqual(of({ peer: OTHER }), [["meet 99 no more", "hang up 99", "wrong-peer", "wrong-peer"], Infinity]);
  deepEqual(of({}), [[], 5_000]);
  deepEqual(of({ expected: undefined }), [[], 30_000]);
});

Deno.test("somebody else at the place where a meeting leads is told of at once, with whose word that was", () => {
  const place = "203.0.113.7:7374";
  const of = (more: Partial<Connection>) => {
    const trial = new Trial().calls();
    trial.introduced(F, PEER, [AT], place);
    trial.settle();
    trial.acquaintances.metElse({ peer: OTHER, expected: PEER, address: place, ...more } as Connection);
    return trial.settle();
  };
  deepEqual(of({}), ["wrong-peer"]);
  deepEqual(of({ address: AT }), [], "nobody said that calls come from there");
  deepEqual(of({ expected: undefined }), []);
});

Deno.test("a step in which nothing has happened looks at nobody again", () => {
  const trial = new Trial();
  const { company } = trial.acquaintances;
  const settle = company.settle.bind(company);
  let looks = 0;
  company.settle = (now) => (looks++, settle(now));
  trial.join(F, 1);
  trial.settle();
  equal(looks, 1);
  trial.settle();
  equal(looks, 1);
  trial.circle(F, PEER);
  trial.settle();
  equal(looks, 2);
  trial.settle();
  equal(looks, 2);
});

Deno.test("an expected caller is offered the salt that both have stretched for the friend in the middle, others our own", () => {
  const salted = { salt: "its salt" } as unknown as StretchedPhrase;
  const own = { salt: "our own" } as unknown as StretchedPhrase;
  const phrases = { own, get: (salt: string) => salt === "aa" ? salted : undefined } as unknown as Phrases;
  const offered = (more: Partial<Connection>, peer = PEER) => {
    const trial = new Trial();
    trial.join(F, 1, more);
    trial.settle();
    trial.circle(F, PEER);
    trial.settle();
    trial.acquaintances.asked({ type: "introduce", peer: PEER });
    return trial.acquaintances.phraseFor(peer, phrases);
  };
  equal(offered({ salt: "aa" }), salted);
  equal(offered({ salt: "aa" }, OTHER), own);
  equal(offered({ salt: "aa", role: "listener" }), own);
  equal(offered({ salt: "bb" }), own);
  equal(offered({ salt: undefined }), own);
  const two = new Trial();
  two.join(G, 1, { salt: "bb" });
  two.join(F, 2, { salt: "aa" });
  two.settle();
  for (const middle of [F, G]) two.circle(middle, PEER);
  two.settle();
  two.acquaintances.asked({ type: "introduce", peer: PEER });
  equal(two.acquaintances.phraseFor(PEER, phrases), salted, "the first one's phrase is not known any more");
});

Deno.test("an introduce is passed on as soon as the circle that names its sender has left", () => {
  const trial = new Trial();
  const f = trial.join(F, 1);
  const g = trial.join(G, 2);
  trial.settle();
  trial.acquaintances.asked({ type: "propose", first: F, second: G });
  deepEqual(trial.settle(), []);
  trial.acquaintances.begun(g.inUse!, trial.circles.get(2)!, 1);
  deepEqual(trial.settle(), ["introduce f1  on 2"]);
  trial.acquaintances.begun(f.inUse!, trial.circles.get(1)!, 1);
  deepEqual(trial.settle(), ["introduce f2  on 1"]);
});

Deno.test("a circle that waits is taken back when things are as they were", () => {
  const trial = new Trial();
  const friend = trial.join(F, 1);
  trial.settle();
  trial.acquaintances.begun(friend.inUse!, trial.circles.get(1)!, 1);
  trial.settle();
  const other = trial.join(G, 2);
  deepEqual(trial.settle(5_000).filter((word) => word.endsWith("on 1")), ["circle of f2 on 1"]);
  trial.friends.part(other, other.inUse!);
  other.inUse = undefined;
  trial.turn.presenceChanged = true;
  deepEqual(trial.settle().filter((word) => word.endsWith("on 1")), ["withdraw circle on 1"]);
});

Deno.test("both are met where the other's calls come from", () => {
  const trial = new Trial().calls();
  trial.introduced(F, PEER, [AT], "203.0.113.7:7374");
  deepEqual(trial.settle()[0], "meet 99 at 203.0.113.7 7374");
  trial.introduced(F, PEER, [AT], "203.0.113.7:7375");
  deepEqual(trial.settle(), ["meet 99 at 203.0.113.7 7375"]);
});

Deno.test("a no hangs up the calls of that introduction, and no others", () => {
  const trial = new Trial();
  trial.acquaintances.asked({ type: "reachable", addresses: [OWN], hidden: false });
  trial.join(F, 1);
  trial.settle();
  trial.circle(F, PEER, OTHER);
  trial.introduced(F, PEER, [AT]);
  trial.introduced(F, OTHER, ["203.0.113.8:7373"]);
  for (const peer of [PEER, OTHER]) trial.acquaintances.asked({ type: "introduce", peer });
  trial.settle();
  trial.acquaintances.asked({ type: "decline", peer: PEER });
  deepEqual(trial.settle(), ["meet 99 no more", "hang up 99", "stopDial 1", "declined"]);
  equal(trial.acquaintances.dialFailed(1), false, "nothing is left of it");
  trial.acquaintances.stop();
  deepEqual(trial.settle(), ["stopDial 2", "listen at "]);
  trial.acquaintances.stop();
  deepEqual(trial.settle(), ["listen at "]);
});

Deno.test("who takes no calls does so for an introduction, and then tells where", () => {
  const trial = new Trial();
  trial.join(F, 1, { local: "198.51.100.9" });
  trial.settle();
  trial.circle(F, PEER);
  trial.settle();
  trial.acquaintances.asked({ type: "introduce", peer: PEER });
  deepEqual(trial.settle(), ["yes", "listen at 198.51.100.9"]);
  trial.acquaintances.asked({ type: "listening at", host: "198.51.100.9", addresses: [OWN] });
  deepEqual(trial.settle(), [`meet 99 ${OWN} on 1`]);
});

Deno.test("there are friends enough at the number that was asked for, and a hidden process agrees to nobody", () => {
  for (
    const [more, may] of [
      [{}, true],
      [{ friends: 2 }, true],
      [{ friends: 1 }, false],
      [{ friends: 1_000 }, true],
      [{ hidden: true }, false],
      [{ introductions: "no" }, true],
    ] as const
  ) {
    const trial = new Trial(more);
    trial.join(F, 1);
    trial.settle();
    trial.circle(F, PEER);
    equal(trial.acquaintances.company.agree(PEER, 0), may, JSON.stringify(more));
  }
});

Deno.test("only a friend whose link leaves from the calling port is told our place", () => {
  for (
    const [more, told] of [[{ fixed: true }, 1], [{ fixed: false }, 0], [{ fixed: true, role: "listener" }, 1]] as const
  ) {
    const trial = new Trial();
    trial.acquaintances.asked({ type: "reachable", addresses: [], hidden: false });
    trial.join(F, 1, more);
    trial.settle();
    trial.acquaintances.received(F, { type: "circle", you: "203.0.113.2:7374", with: [{ peer: PEER, name: "" }] });
    equal(trial.acquaintances.company.tells(PEER).length, told, JSON.stringify(more));
  }
});

Deno.test("who has no connection in use is not here, and is sent nothing", () => {
  const trial = new Trial();
  trial.join(F, 1).inUse = undefined;
  trial.join(G, 2);
  deepEqual(trial.settle(), ["meet f2 no more", "circle of  on 2", "hearing"]);
  const going = new Trial().calls();
  going.friends.get(F)!.inUse = undefined;
  deepEqual(going.settle(), ["yes", `dial 1 ${AT} quiet`]);
});

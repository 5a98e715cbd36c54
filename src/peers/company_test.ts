// Circles, introductions and words between whole `Peers` on one clock: stars, chains, and people who do not keep to it.

import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";
import { testArena } from "../../tests/harness/arena.ts";
import { Bench, type Person, storiesIn } from "../../tests/simulation/bench.ts";
import { PASS_ON_PER_MINUTE } from "../constants.ts";
import { FrameType } from "../wire/frame.ts";
import type { CircleMessage } from "../wire/message.ts";
import { Disputes, Teller } from "./circle.ts";
import { Company, type CompanyOptions, type Here, type Reachable } from "./company.ts";

const arena = await testArena();
const ASK = { introductions: "ask", hidden: false } as const;
const YES = { introductions: "yes", hidden: false } as const;
/** Alice listens at a global address; Bob and Carol only call. */
const A: Person = { name: "a", rank: 1, displayName: "Alice", host: "203.0.113.1", circle: ASK };
const B: Person = { name: "b", rank: 2, displayName: "Bob", host: "203.0.113.2", deaf: true, circle: ASK };
const C: Person = { name: "c", rank: 3, displayName: "Carol", host: "203.0.113.3", deaf: true, circle: ASK };

const test = storiesIn(arena);
function star(bench: Bench): Bench {
  return bench.call("b", "a").call("c", "a").run(6_000);
}
const hears = (bench: Bench, who: string) => bench.node(who).peers.hearing;
const agree = (bench: Bench, who: string, other: string) =>
  bench.node(who).step({ type: "introduce", peer: bench.id(other) });
const states = (bench: Bench, who: string) =>
  bench.notices(who, "introduction").map(({ state, reason }) => reason ?? state);

test("in a star each is told who else is there, before the first word", [A, B, C], (bench) => {
  bench.call("b", "a").run(3_000);
  bench.call("c", "a");
  bench.node("a").step({ type: "say", text: "only Bob is here" });
  bench.run(300);
  bench.say("a", "hello you two");
  bench.run(5_000);
  deepEqual(hears(bench, "c").others, [{ peer: bench.id("b"), name: "Bob", by: [bench.id("a")] }]);
  deepEqual(hears(bench, "b").others, [{ peer: bench.id("c"), name: "Carol", by: [bench.id("a")] }]);
  deepEqual(hears(bench, "a").apart, [[bench.id("b"), bench.id("c")]]);
  equal(hears(bench, "a").everyone, false);
  const toCarol = bench.told.filter(({ who }) => who === "c").map(({ notice }) => notice.event);
  ok(toCarol.indexOf("circle") < toCarol.indexOf("message") && toCarol.includes("message"));
});

test("a sent message says to whom it went, and who talks with a friend and does not hear it", [A, B, C], (bench) => {
  star(bench);
  bench.say("c", "hello you two!");
  const [sent] = bench.notices("c", "sent");
  deepEqual([sent?.to, sent?.unheard], [[bench.id("a")], [{ peer: bench.id("b"), name: "Bob", by: [bench.id("a")] }]]);
  bench.node("a").step({ type: "say", text: "psst", to: bench.id("b") });
  bench.run(2_000);
  deepEqual([bench.texts("b"), bench.texts("c")], [["psst"], []]);
  deepEqual(bench.notices("a", "sent").map(({ to, private: alone, unheard }) => [to, alone, unheard]), [
    [[bench.id("b")], true, []],
  ]);
});

test("everyone hears everyone once a triangle stands, and no longer when one link of it is gone", [
  { ...A },
  { ...B, deaf: false },
  { ...C, deaf: false },
], (bench) => {
  bench.call("b", "a").call("c", "a").call("c", "b").run(8_000);
  for (const who of ["a", "b", "c"]) equal(hears(bench, who).everyone, true, who);
  const link = bench.joined.find(({ from, to }) => from === "c" && to === "b")!;
  link.pair.die(["dialer", "listener"], []);
  bench.run(5_000);
  for (const who of ["a", "b", "c"]) equal(hears(bench, who).everyone, false, who);
  deepEqual(hears(bench, "a").apart, [[bench.id("b"), bench.id("c")]]);
});

test("with two yeses two friends of a friend come to hear each other, without stretching again", [A, B, C], (bench) => {
  star(bench);
  agree(bench, "c", "b");
  bench.run(3_000);
  deepEqual(states(bench, "c"), ["yes"]);
  deepEqual(states(bench, "b"), ["asked"]);
  deepEqual(bench.notices("b", "introduction")[0]?.by, [bench.id("a")]);
  equal(bench.friend("b", "c"), undefined, "one yes is not enough");
  equal(bench.joined.length, 2, "and nobody is called for it");
  const stretches = () => bench.effects.filter(({ effect }) => effect.type === "stretch").length;
  const before = stretches();
  agree(bench, "b", "c");
  bench.run(8_000);
  ok(bench.friend("b", "c") !== undefined && bench.friend("c", "b") !== undefined);
  deepEqual([states(bench, "b"), states(bench, "c")], [["asked", "yes", "met"], ["yes", "met"]]);
  equal(stretches(), before);
  for (const who of ["a", "b", "c"]) equal(hears(bench, who).everyone, true, who);
  bench.say("c", "hello you two!");
  bench.run(2_000);
  deepEqual([bench.texts("a"), bench.texts("b")], [["hello you two!"], ["hello you two!"]]);
});

test("crossed requests end in one session and one question at most each", [A, B, C], (bench) => {
  star(bench);
  agree(bench, "b", "c");
  agree(bench, "c", "b");
  bench.run(10_000);
  deepEqual([states(bench, "b"), states(bench, "c")], [["yes", "met"], ["yes", "met"]]);
  equal(bench.friend("b", "c")?.links, 1);
});

test("the friend in the middle proposes, and both are asked", [A, B, C], (bench) => {
  star(bench);
  bench.node("a").step({ type: "propose", first: bench.id("b"), second: bench.id("c") });
  bench.run(2_000);
  deepEqual([states(bench, "b"), states(bench, "c")], [["asked"], ["asked"]]);
  agree(bench, "b", "c");
  agree(bench, "c", "b");
  bench.run(30_000); // one introduction for a pair and direction in 20 s
  deepEqual([states(bench, "b").at(-1), states(bench, "c").at(-1)], ["met", "met"]);
});

test("a no is silent: the other side learns nothing of it", [A, B, C], (bench) => {
  star(bench);
  agree(bench, "c", "b");
  bench.run(2_000);
  bench.node("b").step({ type: "decline", peer: bench.id("c") });
  bench.run(60_000);
  deepEqual(states(bench, "b"), ["asked", "declined"]);
  deepEqual(states(bench, "c"), ["yes"]);
  equal(bench.joined.length, 2);
});

test("a friend in the middle with no passes nothing on", [
  { ...A, circle: { introductions: "no", hidden: false } },
  B,
  C,
], (bench) => {
  star(bench);
  agree(bench, "c", "b");
  bench.run(70_000);
  deepEqual(states(bench, "b"), []);
  deepEqual(hears(bench, "c").others.length, 1, "who is there is told all the same");
});

test("five in a star with yes come to hear each other", [
  { ...A, circle: YES },
  ...["b", "c", "d", "e"].map((name, i): Person => ({
    name,
    rank: i + 2,
    host: `203.0.113.${i + 2}`,
    deaf: true,
    circle: YES,
  })),
], (bench) => {
  for (const name of ["b", "c", "d", "e"]) bench.call(name, "a");
  bench.run(40_000);
  for (const who of ["a", "b", "c", "d", "e"]) {
    equal(bench.node(who).peers.present().length, 4, who);
    equal(hears(bench, who).everyone, true, who);
  }
  bench.say("d", "one each");
  bench.run(2_000);
  for (const who of ["a", "b", "c", "e"]) deepEqual(bench.texts(who), ["one each"]);
});

test("a hidden process sends no address, calls nobody, and its friends' circles do not name its end", [
  A,
  { ...B, circle: { introductions: "yes", hidden: true } },
  C,
], (bench) => {
  star(bench);
  equal(bench.notices("a", "circle").find(({ peer }) => peer === bench.id("b"))?.you, "");
  agree(bench, "c", "b");
  bench.run(20_000);
  deepEqual(states(bench, "b"), []);
  deepEqual(bench.notices("b", "hidden").length, 1);
  equal(
    bench.effects.some(({ who, effect }) => who === "b" && effect.type === "listen at" && effect.hosts.length > 0),
    false,
  );
  equal(bench.dials.filter(({ from }) => from === "b").length, 1);
});

test(
  "another PeerId at the given address gets no answer, and the person is told on whose word it was called",
  [
    A,
    B,
    C,
    { name: "m", rank: 9, host: "203.0.113.66" },
  ],
  (bench) => {
    star(bench);
    bench.node("c").step({ type: "reachable", addresses: ["203.0.113.99:7373"], hidden: false });
    // What Bob says of himself is not so; from Carol's place Alice may as well have made it up.
    bench.node("b").step({ type: "reachable", addresses: ["203.0.113.66:7373"], hidden: false });
    agree(bench, "b", "c");
    agree(bench, "c", "b");
    bench.run(3_000);
    const wrong = bench.notices("c", "wrong-peer");
    deepEqual(wrong, [{ event: "wrong-peer", peer: bench.id("b"), by: bench.id("a"), address: "203.0.113.66:7373" }]);
    const called = bench.joined.findIndex(({ to }) => to === "m");
    deepEqual(bench.handshakeOf("c", called), [], "not one frame left");
    deepEqual(bench.handshakeOf("m", called).filter((type) => type !== FrameType.offer), []);
    equal(states(bench, "c").at(-1), "wrong-peer");
  },
);

test("both have the same four words after their first messages, and keep them on another connection", [
  { ...A },
  { ...B, deaf: false },
], (bench) => {
  bench.call("b", "a");
  while (bench.friend("a", "b") === undefined) bench.run(1);
  equal(bench.node("a").peers.words(bench.id("b")), undefined, "not yet");
  bench.run(3_000);
  const words = bench.node("a").peers.words(bench.id("b"));
  equal(words?.length, 4);
  deepEqual(bench.node("b").peers.words(bench.id("a")), words);
  bench.joined[0]!.pair.die(["dialer", "listener"], []);
  bench.run(1_000);
  bench.call("a", "b").run(3_000);
  deepEqual(bench.node("a").peers.words(bench.id("b")), words);
  deepEqual(bench.node("b").peers.words(bench.id("a")), words);
});

test(
  "a person's yes marks that PeerId, and a no closes its links and keeps it out",
  [{ ...A }, { ...B, deaf: false }],
  (bench) => {
    bench.call("b", "a").run(3_000);
    bench.node("a").step({ type: "compared", peer: bench.id("b"), same: true });
    equal(bench.friend("a", "b")?.verified, true);
    bench.node("a").step({ type: "compared", peer: bench.id("b"), same: false });
    bench.run(1_000);
    equal(bench.friend("a", "b"), undefined);
    bench.call("b", "a.alt").run(3_000);
    bench.call("a", "b.alt").run(3_000);
    equal(bench.friend("a", "b"), undefined);
    deepEqual(bench.notices("a", "verify").map(({ state }) => state), ["same", "different"]);
  },
);

test(
  "who was shut out learns nothing more of us by a friend's introduction, though we say yes to everybody",
  [A, { ...B, circle: YES }, { ...C, circle: YES }],
  (bench) => {
    star(bench).run(40_000);
    ok(bench.friend("b", "c") !== undefined, "they came to hear each other");
    const before = bench.notices("b", "introduction").length;
    bench.node("b").step({ type: "compared", peer: bench.id("c"), same: false });
    bench.run(120_000);
    deepEqual(bench.notices("b", "introduction").slice(before), []);
  },
);

test(
  "a changed name reaches friends, those who hear of one in a circle too, however fast it changes",
  [A, B, C],
  (bench) => {
    star(bench);
    for (const name of ["Robert", "Rob", "Bobby"]) bench.node("b").step({ type: "rename", name });
    bench.run(20_000);
    deepEqual(bench.notices("a", "named").filter(({ peer }) => peer === bench.id("b")).map(({ name }) => name), [
      "Bob",
      "Bobby",
    ]);
    equal(hears(bench, "c").others[0]?.name, "Bobby");
  },
);

Deno.test("when several connections have become one, a circle is sent again whatever it says", () => {
  const self = "00".repeat(32);
  const company = new Company(
    { self, intervalMs: 250, mode: "ask", most: 64, isShutOut: () => false },
    { addresses: [], listens: false, hidden: false },
  );
  const friend = { peer: "11".repeat(32), name: undefined, address: "203.0.113.1:7373", local: "", dialled: true };
  const circles = (link: number, links: number, now: number) => {
    company.present([{ ...friend, link, links }]);
    return company.settle(now).flatMap((effect) =>
      effect.type === "submit" && effect.message.type === "circle" ? [effect.message] : []
    );
  };
  const [first] = circles(1, 1, 0);
  company.begun(friend.peer, 1, first!, 1, 0);
  deepEqual(circles(1, 1, 5_000), []);
  deepEqual(circles(1, 2, 5_000), []);
  deepEqual(circles(1, 1, 6_000), [first]);
});

test("a no closes the calls to that PeerId that are under way, and no other connection", [
  A,
  B,
  C,
  { ...C, name: "d", rank: 4, host: "203.0.113.4" },
], (bench) => {
  star(bench).call("d", "a").run(6_000);
  bench.onJoined = ({ pair: { dialer } }) => {
    const { send } = dialer;
    dialer.send = (frame) => frame[1] === FrameType.answer ? undefined : send.call(dialer, frame);
  };
  for (const [one, other] of [["b", "c"], ["b", "d"]] as const) agree(bench, one, other);
  bench.run(1_000);
  for (const one of ["c", "d"]) agree(bench, one, "b");
  bench.run(3_000);
  const to = (other: string) => bench.joined.filter(({ from }) => from === "b").filter((one) => one.to === other);
  const open = (other: string) => to(other).filter(({ pair }) => pair.dialer.open).length;
  deepEqual(["c", "d", "a"].map(open), [1, 1, 1]);
  bench.node("b").step({ type: "decline", peer: bench.id("c") });
  deepEqual(["c", "d", "a"].map(open), [0, 1, 1]);
});

test("a circle counts that waited until the other links had been read, though its friend was gone meanwhile", [A, {
  ...B,
  deaf: false,
}], (bench) => {
  bench.call("b", "a").run(6_000);
  bench.readTakesMs = 4_000;
  bench.call("a", "b");
  bench.untilTwoLinks("b", "a");
  // b has done its reading, and tells on the new one from here on; a still reads.
  bench.joined[0]!.pair.die(["dialer", "listener"], []);
  bench.run(3_000);
  equal(bench.friend("a", "b"), undefined);
  bench.run(3_000);
  deepEqual([bench.open(), hears(bench, "a").settling], [[1], false]);
});

test("somebody who leaves waits for none of this: no deadline that has passed is left behind", [A, B, C], (bench) => {
  bench.call("b", "a").call("c", "a").run(2_500);
  agree(bench, "c", "b");
  bench.node("c").step({ type: "rename", name: "Caroline" });
  bench.node("c").step({ type: "leave" });
  const { peers } = bench.node("c");
  bench.run(500);
  equal(peers.deadline > bench.node("c").now, true);
});

test("an address where nobody answers is called again 5 s and 15 s after the first call", [
  A,
  B,
  { ...C, deaf: false },
], (bench) => {
  star(bench);
  bench.node("b").step({ type: "reachable", addresses: ["203.0.113.99:7373"], hidden: false });
  bench.node("c").step({ type: "reachable", addresses: [], hidden: false });
  for (const [one, other] of [["b", "c"], ["c", "b"]] as const) agree(bench, one, other);
  bench.run(30_000);
  const calls = bench.dials.filter(({ target }) => target === "203.0.113.99:7373").map(({ at }) => at);
  deepEqual(calls.map((at) => at - calls[0]!), [0, 5_000, 15_000]);
});

test("how introductions stand, and that none is possible, is said at any time", [
  A,
  B,
  { ...C, circle: { introductions: "ask", hidden: true } },
], (bench) => {
  star(bench);
  deepEqual(["a", "b", "c"].map((who) => bench.node(who).peers.hidden), [false, false, true]);
  const open = () => bench.node("b").peers.introductions.map(({ peer, state }) => [peer, state]);
  deepEqual(open(), []);
  agree(bench, "b", "c");
  deepEqual(open(), [[bench.id("c"), "yes"]]);
});

test("who leaves takes no more calls for an introduction, and gives up those that are under way", [A, B, {
  ...C,
  walled: true,
}], (bench) => {
  star(bench);
  for (const [one, other] of [["b", "c"], ["c", "b"]] as const) agree(bench, one, other);
  while (!bench.dials.some(({ from, target }) => from === "b" && target !== "a")) bench.run(10);
  bench.node("b").step({ type: "leave" });
  const done = bench.effects.flatMap(({ who, event, effect }) => who === "b" && event.type === "leave" ? [effect] : []);
  equal(done.filter(({ type }) => type === "stopDial").length, 1);
  deepEqual(done.filter(({ type }) => type === "listen at"), [{ type: "listen at", hosts: [] }]);
});

// --- Company alone ---

const SELF = "00".repeat(32);
const F = "f1".repeat(32);
const G = "f2".repeat(32);
const PEER = "99".repeat(32);
const AT = "203.0.113.7:7373";

/** Its own clock, and whom it believes here. */
class Alone {
  readonly company: Company;
  here: Here[] = [];
  now = 0;

  constructor(more: Partial<CompanyOptions> = {}, reachable: Partial<Reachable> = {}) {
    this.company = new Company(
      { self: SELF, intervalMs: 250, mode: "ask", most: 64, isShutOut: () => false, ...more },
      { addresses: [], listens: false, hidden: false, ...reachable },
    );
  }

  join(peer: string, more: Partial<Here> = {}): this {
    const address = "203.0.113.1:7373";
    this.here.push({
      peer,
      name: undefined,
      link: this.here.length + 1,
      links: 1,
      address,
      local: "",
      dialled: true,
      ...more,
    });
    this.company.present(this.here);
    return this;
  }

  part(peer: string): this {
    this.here = this.here.filter((friend) => friend.peer !== peer);
    this.company.present(this.here);
    return this;
  }

  circle(from: string, you: string, ...others: string[]): this {
    const members = others.map((peer) => ({ peer, name: "" }));
    this.company.received(from, { type: "circle", you, with: members }, this.now);
    return this;
  }

  /** In a word each, without circles. */
  settle(ms = 0): string[] {
    this.now += ms;
    return this.company.settle(this.now).flatMap((effect) => {
      if (effect.type === "listen at") return [`listen at ${effect.hosts}`];
      if (effect.type === "notice") return [effect.notice.event];
      if (effect.type === "dial") return [`dial ${effect.addresses}`];
      if (effect.type !== "submit") return [effect.type];
      const { message, to } = effect;
      return message.type === "circle" ? [] : [`${message.type} ${to.slice(0, 2)} ${message.addresses}`];
    });
  }

  /** The circles that are sent. */
  circles(ms = 0): CircleMessage[] {
    this.now += ms;
    return this.company.settle(this.now).flatMap((effect) =>
      effect.type === "submit" && effect.message.type === "circle" ? [effect.message] : []
    );
  }
}

Deno.test("before anybody is here nobody hears anybody, and nothing is due", () => {
  const { company } = new Alone();
  deepEqual(company.hearing, { everyone: false, settling: false, others: [], apart: [], disputed: [] });
  deepEqual([company.open, company.hidden, company.expected(PEER)], [[], false, undefined]);
  equal(company.deadline, Infinity);
  deepEqual(company.settle(0), []);
  equal(new Alone({}, { hidden: true }).company.hidden, true);
});

Deno.test("what a yes tells: all addresses through each friend who names them, and our place as a friend sees it", () => {
  const you = "203.0.113.2:7374";
  const own = "198.51.100.9:7373";
  for (
    const [sentence, reachable, more, told] of [
      ["one who listens", { listens: true, addresses: [own] }, {}, [own]],
      ["from the fixed port", { listens: true, addresses: [own] }, { fixed: true }, [own, you]],
      ["from the fixed port, without an address", { listens: true }, { fixed: true }, [you]],
      ["one whom they dialled", { listens: true }, { dialled: false }, [you]],
      ["one who does not listen yet", {}, { local: "198.51.100.9" }, ["198.51.100.9"]],
      ["the same over IPv6", {}, { local: "2001:db8::9" }, ["2001:db8::9"]],
      ["an address that must not leave its network", {}, { local: "192.168.1.5" }, []],
      ["one that is an address with a zone", {}, { local: "fe80::1%eth0" }, []],
      ["an address in another form than is told", {}, { local: "2001:DB8::9" }, []],
      ["a friend's address in such a form", {}, { local: "10.0.0.5", address: "[FD00::1]:7373" }, []],
      ["no address at all", {}, { local: "" }, []],
      ["a private one to a friend in such a network", {}, { local: "10.0.0.5", address: "10.0.0.9:7373" }, [
        "10.0.0.5",
      ]],
      ["a private one to a friend without a clear address", {}, { local: "10.0.0.5", address: "fe80::1%eth0" }, []],
    ] as const
  ) {
    const alone = new Alone({}, reachable).join(F, more).join(G, { local: "203.0.113.50" });
    alone.circle(F, you, PEER);
    deepEqual(alone.company.tells(PEER), told, sentence);
    deepEqual(alone.company.tells(SELF), [], "nobody names them");
  }
});

Deno.test("how introductions stand says what a yes tells", () => {
  const alone = new Alone({}, { listens: true, addresses: ["198.51.100.9:7373"] }).join(F).circle(F, "", PEER);
  alone.company.agree(PEER, 0);
  const tells = ["198.51.100.9:7373"];
  deepEqual(alone.company.open, [{ peer: PEER, state: "yes", by: [], addresses: 0, tells }]);
});

Deno.test("expected are those agreed to, with the friends here who name them", () => {
  const alone = new Alone().join(F).join(G).circle(F, "", PEER);
  equal(alone.company.expected(PEER), undefined);
  equal(alone.company.agree(PEER, 0), true);
  deepEqual(alone.company.expected(PEER), [F]);
  alone.circle(G, "", PEER);
  deepEqual(alone.company.expected(PEER), [F, G]);
  alone.part(F);
  deepEqual(alone.company.expected(PEER), [G]);
  alone.company.decline(PEER, 0);
  equal(alone.company.expected(PEER), undefined);
});

Deno.test("what a friend told is forgotten when they leave, and what they were told too", () => {
  const alone = new Alone().join(F);
  equal(alone.circles().length, 1);
  alone.company.begun(F, 1, { type: "circle", you: "", with: [] }, 1, 0);
  alone.circle(F, "", PEER);
  alone.part(F).settle();
  equal(alone.company.deadline, Infinity);
  alone.join(F);
  equal(alone.circles().length, 1, "at once: it is a new session");
  equal(alone.company.agree(PEER, 0), false);
});

Deno.test("a circle is told to the person when it says something new, and no other time", () => {
  const alone = new Alone().join(F);
  alone.settle();
  deepEqual(alone.circle(F, "", PEER).settle(), ["circle", "hearing"]);
  deepEqual(alone.circle(F, "", PEER).settle(), []);
  deepEqual(alone.circle(F, "203.0.113.2:7374", PEER).settle(), ["circle"]);
});

Deno.test("a circle of somebody who is not here is nothing", () => {
  deepEqual(new Alone().circle(F, "", PEER).settle(), []);
});

Deno.test("a circle names the others by their order, and how we see this friend's end unless we are hidden", () => {
  const shown = (reachable: Partial<Reachable>, address: string) =>
    new Alone({}, reachable).join(F, { address, name: "Fred" }).join(G).circles();
  const [toF, toG] = shown({}, "203.0.113.1:50000");
  deepEqual(toF, { type: "circle", you: "203.0.113.1:50000", with: [{ peer: G, name: "" }] });
  deepEqual(toG?.with, [{ peer: F, name: "Fred" }]);
  equal(shown({ hidden: true }, "203.0.113.1:50000")[0]?.you, "");
  equal(shown({}, "[fe80::1%eth0]:50000")[0]?.you, "");
});

Deno.test("calls are taken for introductions only if none are taken otherwise: on four addresses, and no longer than needed", () => {
  const alone = new Alone();
  const peers = [1, 2, 3, 4, 5].map((n) => `e${n}`.repeat(32));
  for (const [n, peer] of peers.entries()) alone.join(peer, { local: `198.51.100.${9 - n}` });
  alone.join(F, { local: "" }).join(G, { local: "198.51.100.1" });
  for (const peer of [...peers, F]) alone.circle(peer, "", PEER);
  deepEqual(alone.settle().filter((word) => word.startsWith("listen")), []);
  alone.company.agree(PEER, 0);
  const hosts = ["198.51.100.5", "198.51.100.6", "198.51.100.7", "198.51.100.8"];
  deepEqual(alone.settle().filter((word) => word.startsWith("listen")), [`listen at ${hosts}`]);
  deepEqual(alone.settle(), [], "asked for once");
  alone.company.listeningAt("198.51.100.1", ["198.51.100.1:1234"]);
  for (const host of hosts.slice(1)) alone.company.listeningAt(host, []);
  deepEqual(alone.settle(), [], "one has not answered");
  alone.company.listeningAt(hosts[0]!, [`${hosts[0]}:50001`, "no address"]);
  deepEqual(alone.settle(), [`meet e1 ${hosts[0]}:50001`]);
  alone.company.decline(PEER, alone.now);
  deepEqual(alone.settle().filter((word) => word.startsWith("listen")), ["listen at "]);
  alone.company.agree(PEER, alone.now);
  deepEqual(alone.settle().filter((word) => !word.startsWith("notice")), ["introduction", `listen at ${hosts}`]);
  for (const listening of [{ listens: true }, { hidden: true }]) {
    const other = new Alone({}, listening).join(F, { local: "198.51.100.9" }).circle(F, "", PEER);
    other.settle();
    other.company.agree(PEER, 0);
    deepEqual(other.settle().filter((word) => word.startsWith("listen")), []);
  }
});

Deno.test("only addresses that can be written are told, also when they become known later", () => {
  const alone = new Alone({}, { listens: true }).join(F).circle(F, "", PEER);
  alone.company.reachable({ addresses: ["198.51.100.9:7373", "[fe80::1%eth0]:7373"], listens: true, hidden: false });
  alone.settle();
  alone.company.agree(PEER, 0);
  deepEqual(alone.settle(), ["introduction", "meet f1 198.51.100.9:7373"]);
});

Deno.test("a meet is passed on about others who are here, and by nobody with no", () => {
  const passed = (mode: "ask" | "no", peer: string) => {
    const alone = new Alone({ mode }).join(F).join(G);
    const [, toG] = alone.circles();
    alone.company.begun(G, 2, toG!, 1, 0);
    alone.company.received(F, { type: "meet", peer, addresses: [AT], from: "" }, 0);
    return alone.settle();
  };
  deepEqual(passed("ask", G), [`introduce f2 ${AT}`]);
  deepEqual(passed("no", G), []);
  deepEqual(passed("ask", F), []);
  deepEqual(passed("ask", PEER), []);
  for (const peer of [F, PEER]) {
    const alone = new Alone().join(F).join(G);
    const [, toG] = alone.circles();
    alone.company.begun(G, 2, toG!, 1, 0);
    const meet = (about: string) =>
      alone.company.received(F, { type: "meet", peer: about, addresses: [AT], from: "" }, 0);
    for (let n = 0; n < PASS_ON_PER_MINUTE; n++) meet(peer);
    meet(G);
    deepEqual(alone.settle(), [`introduce f2 ${AT}`], "what goes to nobody does not count");
  }
});

Deno.test("an answer that nobody asked for is not kept for when somebody does", () => {
  const alone = new Alone().join(F, { local: "198.51.100.9" }).circle(F, "", PEER);
  alone.settle();
  alone.company.listeningAt("198.51.100.9", ["198.51.100.9:50001"]);
  alone.company.agree(PEER, 0);
  deepEqual(alone.settle(), ["introduction", "listen at 198.51.100.9"]);
  alone.company.listeningAt("198.51.100.9", ["198.51.100.9:50002"]);
  deepEqual(alone.settle(), ["meet f1 198.51.100.9:50002"]);
});

Deno.test("a circle that waits is withdrawn when things are as they were told", () => {
  const alone = new Alone().join(F);
  const [toF] = alone.circles();
  alone.company.begun(F, 1, toF!, 1, 0);
  alone.join(G).settle(5_000);
  deepEqual(alone.part(G).settle(), ["withdraw circle"]);
});

Deno.test("the next deadline is that of the first of all parts", () => {
  const alone = new Alone().join(F).join(G);
  const [toF, toG] = alone.circles();
  alone.company.begun(F, 1, toF!, 1, 0);
  alone.company.begun(G, 2, toG!, 1, 0);
  alone.settle();
  equal(alone.company.deadline, Infinity);
  alone.circle(F, "", G).circle(G, "");
  alone.settle();
  equal(alone.company.deadline, 10_000, "a contradiction");
  alone.join(PEER, { link: 3 }).settle();
  equal(alone.company.deadline, 2_000, "a circle that has to wait");
  alone.company.received(F, { type: "meet", peer: G, addresses: [], from: "" }, 0);
  alone.settle();
  alone.company.received(F, { type: "meet", peer: G, addresses: [], from: "" }, 0);
  alone.settle(9_000);
  equal(alone.company.deadline, 10_000);
  alone.settle(1_000);
  equal(alone.company.deadline, 20_000, "one that is passed on");
});

Deno.test("a friend who is owed a meet and has come back without a circle gets it", () => {
  for (const again of [{ dialled: false }, { fixed: true }]) {
    const alone = new Alone({}, { listens: true, addresses: ["198.51.100.9:7373"] }).join(F).join(G);
    alone.circle(F, "", PEER).circle(G, "", PEER).settle();
    alone.company.agree(PEER, 0);
    alone.part(F).join(F, again);
    equal(alone.settle().includes("meet f1 198.51.100.9:7373"), true);
  }
});

Deno.test("there is room for as many friends as were asked for", () => {
  for (const [most, may] of [[1, false], [2, true]] as const) {
    equal(new Alone({ most }).join(F).circle(F, "", PEER).company.agree(PEER, 0), may);
  }
});

Deno.test("all circles are looked at when one of them changes or somebody comes, and not for what else a friend says", () => {
  const alone = new Alone({}, { listens: true }).join(F).join(G).circle(F, "", PEER).circle(G, "", PEER);
  alone.settle();
  const about = (peer: string) => ({ peer, addresses: [], from: "" });
  const looks: string[] = [];
  const [{ next }, { look }] = [Teller.prototype, Disputes.prototype];
  Teller.prototype.next = function (...told) {
    looks.push("tell");
    return next.apply(this, told);
  };
  Disputes.prototype.look = function (...pairs) {
    looks.push("hear");
    return look.apply(this, pairs);
  };
  const looked = (act: () => void) => {
    looks.splice(0);
    act();
    alone.settle(1);
    return looks.splice(0);
  };
  try {
    deepEqual(looked(() => alone.company.received(F, { type: "introduce", ...about(PEER) }, alone.now)), []);
    deepEqual(looked(() => alone.company.received(F, { type: "meet", ...about(G) }, alone.now)), []);
    deepEqual(looked(() => alone.company.begun(F, 1, { type: "circle", you: "", with: [] }, 1, alone.now)), []);
    deepEqual(looked(() => alone.circle(F, "", PEER)), [], "it says the same");
    deepEqual(looked(() => alone.circle(F, "", G)), ["hear"]);
    deepEqual(looked(() => alone.company.reachable({ addresses: [], listens: true, hidden: true })), ["tell", "tell"]);
    deepEqual(looked(() => alone.part(G)), ["tell", "hear"]);
  } finally {
    Object.assign(Teller.prototype, { next });
    Object.assign(Disputes.prototype, { look });
  }
});

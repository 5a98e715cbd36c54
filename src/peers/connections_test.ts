// A connection's way from its link to its end, where no story in step_test.ts goes: what is asked of it, what it counts
// for, and whom it may be. Every process here is whole, keys and all.

import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";
import { testArena } from "../../tests/harness/arena.ts";
import { Bench, type Person, storiesIn } from "../../tests/simulation/bench.ts";
import type { Node } from "../../tests/simulation/node.ts";
import { fixedPhrase } from "../../tests/simulation/session_pair.ts";
import { MAX_STRETCHED, PLACE_SAFE_MS, PUNCH_AFTER_MS, START_PAUSE_MS } from "../constants.ts";
import type { Role } from "../ports.ts";
import { Session } from "../session/step.ts";
import { FrameType } from "../wire/frame.ts";
import { Teller } from "./circle.ts";
import type { Effect, Event } from "./event.ts";
import { Peers } from "./step.ts";

const arena = await testArena();
const SMALL: Person = { name: "a", rank: 1 };
const LARGE: Person = { name: "b", rank: 2 };
const BOTH: readonly Role[] = ["dialer", "listener"];
const ASK = { introductions: "ask", hidden: false } as const;
/** Alice listens at a global address; Bob and Carol only call her. */
const A: Person = { name: "a", rank: 1, host: "203.0.113.1", circle: ASK };
const B: Person = { name: "b", rank: 2, host: "203.0.113.2", deaf: true, circle: ASK };
const C: Person = { name: "c", rank: 3, host: "203.0.113.3", deaf: true, circle: ASK };

const test = storiesIn(arena);

/** From here on each event of this process is what `change` makes of it. */
function changing(node: Node, change: (event: Event) => Event): void {
  const step = node.step.bind(node);
  node.step = (event) => step(change(event));
}

/** All calls of this process leave from the port that two-sided calls leave from. */
function fromFixedPort(node: Node): void {
  changing(node, (event) => event.type === "linked" ? { ...event, fixed: true } : event);
}

// --- Before it is let in ---

test("the fourth answer from an address that has guessed wrong three times is not checked", [
  LARGE,
  ...["s", "t", "u", "v"].map((name, n): Person => ({ name, rank: 3 + n, host: "10.0.0.66", stranger: true })),
], (bench) => {
  for (const name of ["s", "t", "u", "v"]) bench.call(name, "b").run(START_PAUSE_MS);
  bench.run(1_000);
  deepEqual(bench.story("b"), ["refused phrase", "refused phrase", "refused phrase", "refused busy"]);
  deepEqual(bench.open(), []);
});

test("a caller who hangs up before an answer has guessed nothing", [LARGE, { name: "s", rank: 3, stranger: true }], (
  bench,
) => {
  bench.onJoined = ({ pair }) => {
    pair.dialer.send = () => pair.die(BOTH, BOTH);
  };
  for (let n = 0; n < 4; n++) bench.call("s", `b.${n}`).run(500);
  deepEqual(bench.story("b"), Array(4).fill("refused closed"));
  bench.run(60_000);
  deepEqual(bench.notices("b", "turned-away"), [{ event: "turned-away", count: 4, guesses: 0 }]);
});

Deno.test("a stranger who has brought no answer for 4 s makes room for one who waits, and is told as too slow", () => {
  {
    const self = "01".repeat(32);
    using peers = new Peers(arena, {
      self,
      shape: { cover: "constant", intervalMs: 250 },
      name: undefined,
      friends: undefined,
      descriptors: { limit: 16, left: 14 },
      introductions: "no",
      hidden: false,
    });
    let now = 0;
    const step = (event: Event, ms = 0): Effect[] => peers.step(event, now += ms, (into) => void into.fill(7));
    const arrives = (caller: number, ms: number) => {
      const address = `198.51.${caller}.1`;
      const source = { address, network: `198.51.${caller}.0/24`, wide: `198.51.${caller}.0/16` };
      return step({ type: "arrived", caller, source }, ms);
    };
    step({ type: "ready", phrase: fixedPhrase(arena) });
    for (let caller = 1; caller <= 4; caller++) {
      deepEqual(arrives(caller, START_PAUSE_MS), [{ type: "start", caller }]);
      const facts = { role: "listener", self, peer: `0${1 + caller}`.repeat(32), channelBinding: new Uint8Array(64) };
      const address = `198.51.${caller}.1:50000`;
      step({ type: "linked", link: caller, facts: { ...facts, role: "listener" }, address, local: "", caller });
    }
    deepEqual(arrives(5, START_PAUSE_MS), [], "all places are taken");
    const time = (ms: number) => step({ type: "time", unsent: () => 0 }, ms);
    deepEqual(time(PLACE_SAFE_MS - 4 * START_PAUSE_MS - 1), []);
    deepEqual(time(1), [
      { type: "close", link: 1, lost: true },
      { type: "notice", notice: { event: "refused", address: "198.51.1.1:50000", reason: "timeout" } },
      { type: "start", caller: 5 },
    ]);
  }
  equal(arena.used, 0);
});

test("a call says how far it has come: to an offer, and to an answer if the offer was valid", [
  SMALL,
  LARGE,
], (bench) => {
  const steps = () => bench.effects.flatMap(({ effect }) => effect.type === "came" ? [effect] : []).splice(0);
  bench.onJoined = ({ pair }) => {
    const { send } = pair.listener;
    pair.listener.send = (frame) => {
      // No ML-KEM key has such numbers in it.
      if (frame[1] === FrameType.offer) frame.fill(255, 600, 700);
      send.call(pair.listener, frame);
    };
  };
  bench.call("a", "b.bad").run(1_000);
  deepEqual(steps(), [{ type: "came", target: "b.bad", step: "offered" }]);
  deepEqual(bench.handshakeOf("a", 0), []);
  bench.onJoined = () => {};
  bench.call("a", "b").run(1_000);
  deepEqual(steps().slice(1), [
    { type: "came", target: "b", step: "offered" },
    { type: "came", target: "b", step: "answered" },
  ]);
});

test("an end before the offer means another program if the certificate looks so, and a busy friend if not", [
  SMALL,
  LARGE,
], (bench) => {
  const why = (familiar: boolean | undefined) => {
    const { peers, now } = bench.node("a");
    const link = bench.random.int(1_000, 1_000_000);
    const facts = {
      role: "dialer",
      self: bench.id("a"),
      peer: bench.id("b"),
      channelBinding: new Uint8Array(64),
    } as const;
    const look = familiar === undefined ? {} : { familiar };
    peers.step({ type: "linked", link, facts, address: "x", local: "", ...look }, now, bench.entropy);
    return peers.step({ type: "ended", link }, now, bench.entropy).flatMap((effect) =>
      effect.type === "notice" && effect.notice.event === "refused" ? [effect.notice.failure?.why] : []
    );
  };
  deepEqual(why(true), ["busy"]);
  deepEqual(why(undefined), ["busy"]);
  deepEqual(why(false), ["not-sesame"]);
});

test("a phrase is kept for handshakes: that of a friend who is here makes room like any other", [
  SMALL,
  LARGE,
], (bench) => {
  const asked = () => bench.effects.filter(({ who, effect }) => who === "a" && effect.type === "stretch").length;
  bench.call("a", "b").run(1_000);
  for (let salt = 100; salt < 100 + MAX_STRETCHED; salt++) {
    const phrase = Object.assign(fixedPhrase(arena), { salt: new Uint8Array(16).fill(salt) });
    bench.node("a").step({ type: "stretched", phrase, tookMs: 200 });
  }
  equal(asked(), 1);
  bench.joined[0]!.pair.die(BOTH, BOTH);
  bench.run(100).call("a", "b").run(1_000);
  equal(asked(), 2);
  deepEqual(bench.story("a"), ["connected out", "left closed", "connected out"]);
});

test("whose words were others is closed at once where a connection of theirs proves that they know the phrase", [
  SMALL,
  LARGE,
], (bench) => {
  bench.call("a", "b").run(2_000);
  let go: (() => void) | undefined;
  bench.onJoined = ({ pair: { dialer } }) => {
    const { send } = dialer;
    dialer.send = (frame) => {
      const kept = frame.slice();
      if (frame[1] === FrameType.answer) go = () => send.call(dialer, kept);
      else send.call(dialer, frame);
    };
  };
  bench.call("b", "a");
  while (go === undefined) bench.run(10);
  bench.node("a").step({ type: "compared", peer: bench.id("b"), same: false });
  go();
  bench.run(100);
  deepEqual(bench.open(), []);
  equal(bench.story("a").at(-1), "refused busy");
});

// --- A friend's ---

test("only a friend's frames may wait behind others", [SMALL, LARGE], (bench) => {
  bench.call("a", "b").run(100);
  const { peers, links } = bench.node("b");
  const [link] = [...links.keys()];
  equal(peers.mayWait(link!), false, "nobody has proved anything");
  equal(peers.mayWait(99), false);
  bench.run(1_000);
  equal(peers.mayWait(link!), true);
});

test("a session is told when a frame came that had to wait, so that cells handled at once are not too fast", [
  SMALL,
  LARGE,
], (bench) => {
  bench.call("a", "b").run(1_000);
  const node = bench.node("a");
  const { step } = Session.prototype;
  const told: number[] = [];
  Session.prototype.step = function (event, ...more) {
    if (event.type === "frame" && event.at !== undefined) told.push(event.at);
    return step.call(this, event, ...more);
  };
  try {
    const came = node.now;
    changing(node, (event) => event.type === "frame" ? { ...event, at: came } : event);
    bench.run(500);
    ok(told.length > 0);
    deepEqual(new Set(told), new Set([came]));
  } finally {
    Session.prototype.step = step;
  }
});

test("a circle goes out once more when two connections with a friend have become one", [
  { ...SMALL, circle: ASK },
  { ...LARGE, circle: ASK },
], (bench) => {
  const { begun } = Teller.prototype;
  let circles = 0;
  Teller.prototype.begun = function (...told) {
    circles++;
    return begun.apply(this, told);
  };
  try {
    bench.call("a", "b").run(10_000);
    equal(circles, 2, "one each way");
    bench.call("b", "a").run(20_000);
    deepEqual(bench.open(), [0], "messages went on this one all the time");
    equal(circles, 4);
  } finally {
    Teller.prototype.begun = begun;
  }
});

// --- Introductions ---

for (const fixed of [true, false]) {
  test(`how a friend sees our place is told if we called them from the port of two-sided calls (${fixed})`, [
    A,
    B,
    { ...C, walled: true },
  ], (bench) => {
    const { peers } = bench.node("b");
    if (fixed) fromFixedPort(bench.node("b"));
    bench.node("b").step({ type: "reachable", addresses: ["203.0.113.2:7373"], hidden: false });
    bench.call("b", "a").call("c", "a").run(6_000);
    bench.node("b").step({ type: "introduce", peer: bench.id("c") });
    const [one] = peers.introductions;
    deepEqual(one?.tells, ["203.0.113.2:7373", ...fixed ? ["203.0.113.2:50000"] : []]);
    bench.run(3_000);
    bench.node("c").step({ type: "introduce", peer: bench.id("b") });
    bench.run(5_000);
    const places = bench.effects.flatMap(({ who, effect }) =>
      who === "c" && effect.type === "punch" ? [`${effect.host} ${effect.port}`] : []
    );
    deepEqual([...new Set(places)], fixed ? ["203.0.113.2 50000"] : []);
  });
}

/** Where Alice sees Bob's calls come from. */
const PLACE = "203.0.113.2:50000";

/** Bob and Carol have agreed, and Carol tries to meet him where he calls from, and so finds all there; nobody can be called. */
function meeting(bench: Bench): void {
  for (const who of ["b", "c"]) fromFixedPort(bench.node(who));
  bench.call("b", "a").call("c", "a").run(6_000);
  for (const who of ["b", "c"]) bench.node(who).step({ type: "reachable", addresses: [], hidden: false });
  for (const [who, other] of [["b", "c"], ["c", "b"]] as const) {
    bench.node(who).step({ type: "introduce", peer: bench.id(other) });
  }
  while (bench.node("c").punches.size === 0 || bench.node("b").punches.size === 0) bench.run(50);
  changing(bench.node("c"), (event) => event.type === "linked" ? { ...event, address: PLACE } : event);
}

const punchesOf = (bench: Bench, who: string) => bench.punches.filter(({ from }) => from === who).length;

test("somebody else at the place where a friend's friend is met gets no frame, is told of, and is no end of it", [
  A,
  B,
  C,
  { name: "m", rank: 9, host: "203.0.113.66" },
  { name: "w", rank: 10, walled: true },
], (bench) => {
  bench.call("m", "w", true).run(PUNCH_AFTER_MS + 10);
  meeting(bench);
  while (bench.node("m").punches.size === 0) bench.run(50);
  const joined = bench.joined.length;
  bench.cross("c", "m");
  bench.run(20);
  deepEqual(bench.handshakeOf("c", joined), []);
  deepEqual(bench.notices("c", "wrong-peer"), [
    { event: "wrong-peer", peer: bench.id("b"), by: bench.id("a"), address: PLACE },
  ]);
  equal(bench.notices("c", "refused").length, 0, "the person asked for no call");
  const before = punchesOf(bench, "c");
  bench.run(6_000);
  ok(punchesOf(bench, "c") > before, "and is tried again");
});

test("who breaks off a meeting is nobody else, and neither are we ourselves", [A, B, C], (bench) => {
  meeting(bench);
  bench.onJoined = ({ pair }) => bench.timeline.after(1, () => pair.die(BOTH, BOTH));
  bench.cross("c", "b");
  bench.run(500);
  deepEqual(["b", "c"].flatMap((who) => bench.notices(who, "wrong-peer")), []);
  while (bench.node("c").punches.size === 0) bench.run(50);
  bench.cross("c", "c");
  bench.run(500);
  deepEqual(bench.notices("c", "wrong-peer"), []);
});

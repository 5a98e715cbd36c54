// Two friends whom no call reaches meet halfway (docs/PROTOCOL.md sections 1 and 8): what a connection that both opened
// counts for, and what ends it. Every process here is whole; when their attempts cross is the test's to say.

import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";
import { Bench, type Person, storiesIn } from "../../tests/simulation/bench.ts";
import { sourceOf } from "../../tests/simulation/node.ts";
import {
  GUESSES_FREE,
  MAX_PLACES_PER_ADDRESS,
  PUNCH_AFTER_MS,
  PUNCH_FRUITLESS_MAX,
  WOKEN_CHECK_MS,
} from "../constants.ts";
import { loadSodium } from "../crypto/sodium.ts";

const arena = await loadSodium([[32, 4_000], [64, 256], [256, 256], [1280, 8]]);
const A: Person = { name: "a", rank: 1, walled: true };
const B: Person = { name: "b", rank: 2, walled: true };
const STRANGER: Person = { ...B, stranger: true };

const test = storiesIn(arena);

/** Both call, and wait until their attempts are in the air. */
function calling(bench: Bench): void {
  bench.call("a", "b", true).call("b", "a", true).run(PUNCH_AFTER_MS + 10);
}

const punchesOf = (bench: Bench, who: string) => bench.punches.filter(({ from }) => from === who).length;

test("two whom no call reaches meet: one is the dialer, one the listener, and both are told how", [A, B], (bench) => {
  calling(bench);
  bench.cross("b", "a");
  bench.run(2_000);
  deepEqual([bench.story("a"), bench.story("b")], [["connected in"], ["connected out"]]);
  deepEqual(["a", "b"].map((who) => bench.notices(who, "connected")[0]?.punched), [true, true]);
  bench.say("a", "halfway");
  bench.run(2_000);
  deepEqual(bench.texts("b"), ["halfway"]);
  const before = bench.punches.length;
  bench.run(60_000);
  equal(bench.punches.length, before, "nobody is met a second time");
  equal(bench.joined.length, 1);
});

test(
  "a connection of another kind is not called two-sided",
  [{ ...A, walled: false }, { ...B, walled: false }],
  (bench) => {
    bench.call("a", "b").run(1_000);
    ok(!("punched" in bench.notices("a", "connected")[0]!));
  },
);

test("the first that opens stops the call's own attempt, and the next one comes if it fails", [A, B], (bench) => {
  calling(bench);
  const a = bench.node("a");
  const [punch] = [...a.punches.keys()];
  a.step({ type: "punchOpened", punch: punch! });
  equal(a.dialling.size, 0);
  bench.run(4_000);
  equal(punchesOf(bench, "a"), 1);
  a.punches.delete(punch!);
  a.step({ type: "punchFailed", punch: punch!, why: "failed" });
  bench.run(3_000);
  ok(punchesOf(bench, "a") > 1);
  ok(bench.dials.filter(({ from }) => from === "a").length > 1);
});

test("a call that has a TCP connection stops its attempts until that fails", [A, B], (bench) => {
  bench.call("a", "b", true).run(10);
  const call = bench.effects.flatMap(({ effect }) => effect.type === "dial" ? [effect.call] : [])[0]!;
  bench.node("a").step({ type: "dialOpened", call });
  bench.run(3_000);
  equal(punchesOf(bench, "a"), 0);
  bench.node("a").step({ type: "dialClosed", call });
  bench.run(500);
  ok(punchesOf(bench, "a") > 0);
});

test("one wrong confirmation ends it until the person asks again; the guess is counted, and the call goes on", [
  A,
  STRANGER,
], (bench) => {
  calling(bench);
  bench.cross("b", "a");
  bench.run(2_000);
  ok(bench.story("a").includes("refused phrase"), String(bench.story("a")));
  const a = punchesOf(bench, "a");
  bench.run(120_000);
  equal(punchesOf(bench, "a"), a);
  ok(bench.node("a").peers.calling);
  bench.call("a", "b", true).run(PUNCH_AFTER_MS + 2_000);
  ok(punchesOf(bench, "a") > a, "the person asked again");
});

test(
  "as the listener it counts a wrong confirmation as a guess of that address, which has to wait after the third",
  [A, STRANGER],
  (bench) => {
    const node = bench.node("a");
    const source = sourceOf(bench.node("b").host);
    for (let n = 0; n < GUESSES_FREE; n++) {
      const caller = node.admit(source);
      ok(caller !== undefined);
      node.step({ type: "failed", caller, address: "", why: "closed" });
      calling(bench);
      while (node.punches.size === 0 || bench.node("b").punches.size === 0) bench.run(100);
      bench.cross("b", "a");
      bench.run(300);
    }
    equal(node.admit(source), undefined);
  },
);

test(
  "as the listener it has a place like an accepted one: with four from that address it is closed",
  [A, B],
  (bench) => {
    calling(bench);
    const source = sourceOf(bench.node("b").host);
    for (let n = 0; n < MAX_PLACES_PER_ADDRESS; n++) ok(bench.node("a").admit(source) !== undefined);
    bench.cross("b", "a");
    equal(bench.joined.length, 0);
    deepEqual([bench.notices("a", "connected"), bench.notices("b", "connected")], [[], []]);
  },
);

test("the place of one that never became a link comes back", [A, B], (bench) => {
  calling(bench);
  const node = bench.node("a");
  const source = sourceOf(bench.node("b").host);
  for (let n = 0; n < 2 * MAX_PLACES_PER_ADDRESS; n++) {
    bench.run(2_000);
    const caller = node.admit(source);
    ok(caller !== undefined, `the ${n}th`);
    node.step({ type: "punchFailed", punch: 10_000 + n, why: "failed", caller });
  }
});

test("three that opened and brought no session end it", [A, B], (bench) => {
  calling(bench);
  const node = bench.node("a");
  for (let n = 0; n < PUNCH_FRUITLESS_MAX; n++) {
    while (node.punches.size === 0) bench.run(100);
    const [punch] = [...node.punches.keys()];
    node.step({ type: "punchOpened", punch: punch! });
    node.punches.delete(punch!);
    node.step({ type: "punchFailed", punch: punch!, why: "failed" });
  }
  const begun = punchesOf(bench, "a");
  bench.run(60_000);
  node.step({ type: "woke" });
  bench.run(60_000);
  equal(punchesOf(bench, "a"), begun, "sleep forgives nothing");
  ok(node.peers.calling);
});

test("two attempts of ours joined by somebody on the line end it, and not the call", [A], (bench) => {
  bench.call("a", "a", true).call("a", "a.alt", true).run(PUNCH_AFTER_MS + 10);
  equal(bench.node("a").punches.size, 2);
  bench.cross("a", "a");
  bench.run(500);
  ok(bench.story("a").includes("refused self"), String(bench.story("a")));
  const begun = punchesOf(bench, "a");
  bench.run(30_000);
  equal(punchesOf(bench, "a"), begun);
  deepEqual(bench.node("a").peers.callingWhom, ["a", "a.alt"]);
});

test("a session with anybody at that address ends it, whoever called", [{ ...A, walled: false }, B], (bench) => {
  bench.call("a", "b", true).run(PUNCH_AFTER_MS + 10);
  ok(bench.node("a").punches.size > 0);
  bench.call("b", "a").run(500);
  deepEqual(bench.story("a"), ["connected in"]);
  equal(bench.node("a").punches.size, 0);
  const begun = punchesOf(bench, "a");
  bench.run(30_000);
  equal(punchesOf(bench, "a"), begun);
});

test("whose friend is lost meets them anew", [A, B], (bench) => {
  calling(bench);
  bench.cross("b", "a");
  bench.run(2_000);
  for (const node of [bench.node("a"), bench.node("b")]) {
    for (const [id, link] of node.links) {
      link.close();
      node.links.delete(id);
      node.step({ type: "ended", link: id });
    }
  }
  while (bench.node("a").punches.size === 0 || bench.node("b").punches.size === 0) bench.run(100);
  bench.cross("a", "b");
  bench.run(2_000);
  deepEqual(bench.story("a"), ["connected in", "left closed", "connected out"]);
});

test("leaving gives up every attempt", [A, B], (bench) => {
  calling(bench);
  bench.node("a").step({ type: "leave" });
  equal(bench.node("a").punches.size, 0);
  const begun = punchesOf(bench, "a");
  bench.run(10_000);
  equal(punchesOf(bench, "a"), begun);
});

test("after sleep who waits for a pause is called at once and met anew, but for whom it had ended", [A, B], (bench) => {
  bench.call("a", "b", true).run(200_000);
  const before = bench.dials.length;
  bench.node("a").step({ type: "woke" });
  equal(bench.dials.length, before + 1);
  bench.run(PUNCH_AFTER_MS);
  ok(bench.node("a").punches.size > 0);
});

test("after sleep a session that nothing comes from is called for anew, and one that lives is not", [{
  ...A,
  walled: false,
}, { ...B, walled: false }], (bench) => {
  bench.call("a", "b", true).run(20_000);
  const before = bench.dials.length;
  bench.node("a").step({ type: "woke" });
  bench.run(10_000);
  equal(bench.dials.length, before);
  for (const role of ["dialer", "listener"] as const) bench.joined[0]!.pair.stall(role, Infinity);
  bench.run(1_000);
  bench.node("a").step({ type: "woke" });
  bench.run(WOKEN_CHECK_MS + 3_000);
  equal(bench.dials.length, before + 1);
  deepEqual(bench.story("a"), ["connected out"], "nobody has left");
  bench.say("a", "awake");
  bench.run(3_000);
  deepEqual(bench.texts("b"), ["awake"]);
});

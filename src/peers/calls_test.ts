// The dialer's side of docs/PROTOCOL.md section 8: pauses, its own guesses, salts, and when a stretch can start.

import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";
import { MAX_TARGETS } from "../constants.ts";
import { type Call, Calls } from "./calls.ts";

const PEER = "ab".repeat(32);
const HOUR = 3_600_000;

function added(calls: Calls, target = "b", retry = true, now = 0): Call {
  const call = calls.add(target, retry, now);
  ok(call !== undefined);
  return call;
}

Deno.test("a call is due at once, once, and is then under way", () => {
  const calls = new Calls();
  const call = added(calls, "b", true, 500);
  equal(calls.deadline, 500);
  deepEqual(calls.takeDue(499), []);
  deepEqual(calls.takeDue(500), [call]);
  equal(call.state, "under way");
  deepEqual(calls.takeDue(500), []);
  equal(calls.deadline, Infinity);
});

Deno.test("the same target is not called twice at a time, but can be called again once it is over", () => {
  const calls = new Calls();
  const call = added(calls, "b", false);
  const other = added(calls, "c");
  equal(calls.add("b", true, 0), undefined);
  calls.again(call, 0, 0);
  equal(call.state, "over");
  const anew = added(calls, "b");
  ok(anew.id !== call.id);
  deepEqual(calls.all(), [other, anew]);
});

Deno.test("hurry() calls who waits for a pause now, moves nobody else, and says how things stand", () => {
  const calls = new Calls();
  const call = added(calls, "b");
  equal(calls.hurry("b", 0), "called");
  calls.again(call, 0, 0);
  equal(calls.deadline, 1_000);
  equal(calls.hurry("b", 400), "called");
  equal(calls.deadline, 400);
  deepEqual(calls.takeDue(400), [call]);
  calls.hurry("b", 500);
  deepEqual([call.state, call.nextAt], ["under way", 400]);
  calls.connected(call, PEER);
  equal(calls.hurry("b", 600), "connected");
  equal(calls.hurry("c", 600), "many");
  equal(calls.get(call.id), call);
  equal(calls.get(call.id + 1), undefined);
});

Deno.test("pauses double from 1 s to 60 s, each with up to half as much again at random; a success resets them", () => {
  const calls = new Calls();
  const call = added(calls);
  const pauses = [1, 2, 4, 8, 16, 32, 60, 60, 60].map((s) => s * 1000);
  for (const [i, pause] of pauses.entries()) {
    const random = i % 2 === 0 ? 0 : 0.999;
    calls.again(call, 1_000_000, random);
    equal(call.state, "waiting");
    equal(call.nextAt - 1_000_000, pause * (1 + random / 2));
  }
  equal(calls.connected(call, PEER), undefined);
  deepEqual([call.state, call.peer], ["connected", PEER]);
  calls.again(call, 0, 0);
  equal(call.nextAt, 1_000);
});

Deno.test("a call that is made once and failed is over", () => {
  const calls = new Calls();
  const call = added(calls, "b", false);
  calls.again(call, 0, 0.5);
  equal(call.state, "over");
  equal(calls.deadline, Infinity);
});

Deno.test("a call remembers who answered there before, even when it is repeated", () => {
  const calls = new Calls();
  const call = added(calls, "b", false);
  equal(calls.connected(call, PEER), undefined);
  equal(calls.connected(call, PEER), undefined, "the same one");
  calls.again(call, 0, 0);
  equal(calls.connected(added(calls, "b", false), "other"), PEER);
  equal(calls.connected(added(calls, "c", false), PEER), undefined, "another target");
});

Deno.test("three possible guesses stop a target, the first one that never had anybody; a valid accept clears its count", () => {
  const calls = new Calls();
  const never = added(calls, "never");
  equal(calls.mayGoOn(never, 0), true);
  calls.wrongGuess(never, 0);
  equal(calls.mayGoOn(never, 0), false);
  const call = added(calls);
  calls.connected(call, PEER);
  for (const n of [1, 2]) {
    calls.wrongGuess(call, n);
    equal(calls.mayGoOn(call, n), true);
  }
  calls.connected(call, PEER);
  for (const n of [3, 4]) {
    calls.wrongGuess(call, n);
    equal(calls.mayGoOn(call, n), true);
  }
  calls.wrongGuess(call, 5);
  equal(calls.mayGoOn(call, 5), false);
  equal(calls.mayGoOn(added(calls, "c"), 5), true);
});

Deno.test("ten possible guesses in an hour over all targets stop all calling until the person says so", () => {
  const calls = new Calls();
  const all = ["a", "b", "c", "d", "e"].map((target) => added(calls, target));
  for (let n = 0; n < 9; n++) calls.wrongGuess(all[n % 5]!, n * 1_000);
  equal(calls.mayCall(9_000), true);
  calls.wrongGuess(all[4]!, 9_000);
  equal(calls.mayCall(9_000), false);
  ok(all.every((call) => !calls.mayGoOn(call, 9_000)));
  equal(calls.mayCall(HOUR - 1), false);
  equal(calls.mayCall(HOUR), true, "the first is an hour old");
  calls.wrongGuess(all[0]!, HOUR);
  equal(calls.mayCall(HOUR), false);
  calls.clearGuesses();
  equal(calls.mayCall(HOUR), true);
});

Deno.test("stopWaiting ends those that wait and no others", () => {
  const calls = new Calls();
  const [under, here, waits] = ["a", "b", "c"].map((target) => added(calls, target));
  calls.takeDue(0);
  calls.connected(here!, PEER);
  calls.again(waits!, 0, 0);
  deepEqual(calls.stopWaiting(), [waits]);
  deepEqual([under!.state, here!.state, waits!.state], ["under way", "connected", "over"]);
  deepEqual(calls.stopWaiting(), []);
});

Deno.test("as many are under way as can start their stretch within 5 s, and always one", () => {
  const calls = new Calls();
  for (const target of ["a", "b", "c", "d", "e", "f", "g"]) added(calls, target);
  equal(calls.takeDue(0).length, 5); // 1000 ms each, as far as we know
  equal(calls.deadline, Infinity, "a call that only waits for others is not due");
  calls.stretchMs = 2_400;
  equal(calls.takeDue(0).length, 0);
  for (const call of calls.all()) if (call.state === "under way") calls.connected(call, PEER);
  equal(calls.takeDue(0).length, 2);
  for (const call of calls.all()) calls.connected(call, PEER);
  calls.stretchMs = 60_000;
  added(calls, "h");
  added(calls, "i");
  equal(calls.takeDue(0).length, 1);
});

Deno.test("there are at most 64 targets; one that is over makes room", () => {
  const calls = new Calls();
  for (let i = 0; i < MAX_TARGETS; i++) added(calls, `t${i}`, false);
  equal(calls.add("more", false, 0), undefined);
  for (const [n, place] of [10, 0].entries()) {
    calls.again(calls.all()[place]!, 0, 0);
    ok(calls.add(`more ${n}`, false, 0) !== undefined);
    equal(calls.all().length, MAX_TARGETS);
  }
});

Deno.test("calls are numbered from 1 on, those that are not kept as well", () => {
  const calls = new Calls();
  const introduced = { peer: PEER, meetAt: [] };
  deepEqual([calls.newId(), added(calls).id, calls.meeting(introduced).id, calls.newId()], [1, 2, 3, 4]);
});

Deno.test("a meeting is under way from the beginning, never due, not made again, and not kept", () => {
  const calls = new Calls();
  const introduced = { peer: PEER, meetAt: [{ host: "203.0.113.7", port: 7374 }] };
  const meeting = calls.meeting(introduced);
  deepEqual(meeting, {
    id: 1,
    target: "",
    retry: false,
    state: "under way",
    nextAt: Infinity,
    failures: 0,
    guesses: 0,
    salts: [],
    peer: undefined,
    told: undefined,
    introduced,
  });
  deepEqual([calls.all(), calls.get(1), calls.deadline], [[], undefined, Infinity]);
  deepEqual(added(calls, "b", true, 7), {
    ...meeting,
    id: 2,
    target: "b",
    retry: true,
    state: "waiting",
    nextAt: 7,
    introduced: undefined,
  });
});

Deno.test("a two-sided attempt begins beside its own call, or in the turn of one that waits, while guesses are left", () => {
  const table = [
    { state: "under way", turn: true, may: true },
    { state: "under way", turn: false, may: true },
    { state: "waiting", turn: true, may: true },
    { state: "waiting", turn: false, may: false },
    { state: "connected", turn: true, may: false },
    { state: "connected", turn: false, may: false },
    { state: "over", turn: true, may: false },
    { state: "over", turn: false, may: false },
  ] as const;
  for (const { state, turn, may } of table) {
    const calls = new Calls();
    calls.stretchMs = 2_500; // two at a time
    const call = added(calls);
    call.state = state;
    for (const other of turn ? [] : ["c", "d"]) added(calls, other).state = "under way";
    equal(calls.mayPunch(call.id, 0), may, `${state}, ${turn ? "with" : "without"} a turn`);
    equal(calls.mayPunch(99, 0), false, "nobody's");
    for (let n = 0; n < 10; n++) calls.wrongGuess(call, 0);
    equal(calls.mayPunch(call.id, 0), false, `${state}, without guesses`);
  }
});

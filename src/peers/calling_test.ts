// Calls as `peers` makes them, by themselves: whom sleep wakes, what a connection that ended means for its call.
// Not in here: how often and how long (calls_test.ts), calls in stories (step_test.ts), two-sided ones (two_sided_test.ts).

import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";
import { PUNCH_AFTER_MS, WOKEN_CHECK_MS } from "../constants.ts";
import type { CallFailure } from "../call.ts";
import { Calling } from "./calling.ts";
import type { Call } from "./calls.ts";
import type { Connection, EarlyReason } from "./connection.ts";
import type { Effect } from "./event.ts";
import { Friends } from "./friend.ts";
import { Turn } from "./turn.ts";

const PEER = "99".repeat(32);
const THERE = { host: "203.0.113.9", port: 7374 };

class Trial {
  readonly turn = new Turn();
  readonly friends = new Friends("00".repeat(32));
  readonly calling = new Calling(this.turn, this.friends);

  at(now: number, act: () => void): Effect[] {
    this.turn.begin(now, (into) => void into.fill(0));
    act();
    return this.turn.effects;
  }

  add(target: string, retry = true, now = 0): Call {
    const dial = this.at(now, () => this.calling.add(target, retry)).find(({ type }) => type === "dial");
    ok(dial?.type === "dial");
    return this.calling.get(dial.call)!;
  }

  /** Somebody is here, by one connection. */
  here(peer: string, silent = false): void {
    this.friends.join(this.friends.meet(peer), connection({ peer, session: { isSilent: () => silent } as never }));
  }

  /** Targets that are dialled by now. */
  dialled(now: number): string[] {
    const effects = this.at(now, () => this.calling.dialDue());
    return effects.flatMap((effect) => effect.type === "dial" ? [effect.target] : []);
  }
}

function connection(parts: Partial<Connection>): Connection {
  return {
    peer: PEER,
    address: "10.0.0.9:7373",
    offered: false,
    familiar: true,
    answered: false,
    ...parts,
  } as Connection;
}

const types = (effects: readonly Effect[]) => effects.map(({ type }) => type);

Deno.test("calls are numbered, those that the person did not ask for as well", () => {
  const trial = new Trial();
  deepEqual([trial.calling.newId(), trial.add("b").id, trial.calling.newId()], [1, 2, 3]);
});

Deno.test("whoever waits or is under way may still bring somebody", () => {
  const trial = new Trial();
  for (const state of ["waiting", "under way", "connected", "over"] as const) trial.add(state).state = state;
  deepEqual(trial.calling.targets, ["waiting", "under way"]);
});

Deno.test("a target that is asked for again is met anew unless its friend is here", () => {
  for (const [state, anew] of [["under way", true], ["waiting", true], ["connected", false]] as const) {
    const trial = new Trial();
    const call = trial.add("b");
    trial.at(0, () => trial.calling.aimed(call.id, [THERE]));
    const [begun] = trial.at(PUNCH_AFTER_MS, () => trial.calling.punchDue());
    equal(begun?.type, "punch");
    call.state = state;
    call.nextAt = Infinity;
    const told = trial.at(2_000, () => trial.calling.add("b", true));
    equal(told.some(({ type }) => type === "stopPunch"), anew, state);
    deepEqual(told[0], {
      type: "notice",
      notice: { event: "already-called", address: "b", state: state === "connected" ? "connected" : "called" },
    });
  }
  const trial = new Trial();
  for (let n = 0; n < 64; n++) trial.at(0, () => trial.calling.add(`${n}`, true));
  deepEqual(trial.at(0, () => trial.calling.add("one more", true)), [
    { type: "notice", notice: { event: "already-called", address: "one more", state: "many" } },
  ]);
});

Deno.test("after sleep who waits is called at once, and who waits or is under way is met anew", () => {
  const table = [["waiting", true, true], ["under way", false, true], ["connected", false, false], [
    "over",
    false,
    false,
  ]] as const;
  for (const [state, dialled, anew] of table) {
    const trial = new Trial();
    const call = trial.add("b");
    trial.at(0, () => trial.calling.aimed(call.id, [THERE]));
    equal(trial.at(PUNCH_AFTER_MS, () => trial.calling.punchDue())[0]?.type, "punch");
    call.state = state;
    call.nextAt = 60_000;
    const effects = trial.at(2_000, () => trial.calling.woke());
    equal(types(effects).includes("dial"), dialled, state);
    equal(types(effects).includes("stopPunch"), anew, state);
    equal(call.nextAt, dialled ? 2_000 : 60_000, state);
  }
});

Deno.test("after sleep a friend of ours is called anew if nothing comes from them by then, on any connection", () => {
  const table = [
    { silent: [true], retry: true, again: true },
    { silent: [true, true], retry: true, again: true },
    { silent: [true, false], retry: true, again: false },
    { silent: [false], retry: true, again: false },
    { silent: [true], retry: false, again: false },
  ];
  for (const { silent, retry, again } of table) {
    const trial = new Trial();
    const call = trial.add("b", retry);
    for (const one of silent) trial.here(PEER, one);
    trial.at(0, () => trial.calling.connected(connection({ call })));
    trial.at(1_000, () => trial.calling.woke());
    equal(trial.calling.deadline, 1_000 + WOKEN_CHECK_MS);
    deepEqual(trial.dialled(999 + WOKEN_CHECK_MS), []);
    deepEqual(trial.dialled(1_000 + WOKEN_CHECK_MS), again ? ["b"] : [], `${silent} ${retry}`);
    equal(call.state, again ? "under way" : "connected");
    equal(trial.calling.deadline, Infinity, "it is looked at once");
  }
});

Deno.test("after sleep nobody is looked for who is not connected, or whose friend is forgotten", () => {
  const trial = new Trial();
  const [over, unknown, nobody] = ["over", "unknown", "nobody"].map((target) => trial.add(target));
  trial.here(PEER, true);
  trial.at(0, () => trial.calling.connected(connection({ call: over! })));
  over!.state = "over";
  trial.at(0, () => trial.calling.connected(connection({ call: unknown!, peer: "77".repeat(32) })));
  nobody!.state = "connected";
  trial.at(0, () => trial.calling.woke());
  deepEqual(trial.dialled(WOKEN_CHECK_MS), []);
  deepEqual([over!.state, unknown!.state, nobody!.state], ["over", "connected", "connected"]);
});

Deno.test("while leaving nobody is called, and who waits is over", () => {
  const trial = new Trial();
  const call = trial.add("b");
  call.state = "waiting";
  trial.turn.leaving = true;
  deepEqual(trial.dialled(1), []);
  equal(call.state, "over");
  trial.at(2, () => trial.calling.meet(PEER, [THERE]));
  deepEqual(trial.at(60_000, () => trial.calling.punchDue()), []);
});

Deno.test("why a connection brought nobody is told by how far it had come", () => {
  const table: [Partial<Connection>, EarlyReason, CallFailure][] = [
    [{}, "self", { at: "offer", why: "self" }],
    [{ offered: true }, "self", { at: "phrase", why: "self" }],
    [{}, "duplicate", { at: "offer", why: "duplicate" }],
    [{ offered: true }, "restarts", { at: "phrase", why: "restarts" }],
    [{}, "busy", { at: "offer", why: "full" }],
    [{ offered: true, answered: true }, "phrase", { at: "phrase", why: "phrase" }],
    [{}, "protocol", { at: "offer", why: "not-sesame" }],
    [{}, "closed", { at: "offer", why: "busy" }],
    [{ familiar: false }, "closed", { at: "offer", why: "not-sesame" }],
    [{ offered: true, answered: true }, "closed", { at: "phrase", why: "unanswered" }],
    [{ offered: true }, "closed", { at: "phrase", why: "busy" }],
    [{}, "timeout", { at: "offer", why: "large-packets-lost" }],
  ];
  for (const [parts, reason, failure] of table) {
    const trial = new Trial();
    const call = trial.add("b", false);
    const effects = trial.at(0, () => trial.calling.refused(connection({ call, ...parts }), reason));
    deepEqual(effects.at(-1), { type: "callEnded", target: "b", failure });
    const notice = effects[0]?.type === "notice" ? effects[0].notice : undefined;
    ok(notice?.event === "refused");
    deepEqual([notice.address, notice.failure], ["b", failure]);
    equal(call.state, "over");
  }
});

Deno.test("a wrong confirmation ends the call for good, and so do three answers in vain to a stranger", () => {
  const trial = new Trial();
  const wrong = trial.add("wrong");
  trial.at(0, () => trial.calling.refused(connection({ call: wrong, offered: true, answered: true }), "phrase"));
  equal(wrong.state, "over");
  const vain = trial.add("vain");
  for (const state of ["waiting", "waiting", "over"]) {
    vain.state = "under way";
    trial.at(0, () => trial.calling.refused(connection({ call: vain, offered: true, answered: true }), "closed"));
    equal(vain.state, state);
  }
  const unanswered = trial.add("unanswered");
  trial.friends.meet("88".repeat(32));
  for (let n = 0; n < 5; n++) {
    trial.at(0, () => trial.calling.refused(connection({ call: unanswered, offered: true }), "closed"));
    const known = connection({ call: unanswered, peer: "88".repeat(32), offered: true, answered: true });
    trial.at(0, () => trial.calling.refused(known, "closed"));
    equal(unanswered.state, "waiting");
  }
});

Deno.test("whom a call was for may be here by another connection: then it has its friend, but for a wrong phrase or oneself", () => {
  const table = [["duplicate", "connected"], ["closed", "connected"], ["phrase", "over"], ["self", "waiting"]] as const;
  for (const [reason, state] of table) {
    const trial = new Trial();
    const call = trial.add("b");
    trial.here(PEER);
    trial.at(0, () => trial.calling.refused(connection({ call }), reason));
    equal(call.state, state, reason);
    equal(call.peer, state === "connected" ? PEER : undefined);
  }
});

Deno.test("a two-sided connection in which we listened counts for the call that is under way", () => {
  const table = [
    ["closed", "under way", "waiting"],
    ["closed", "waiting", "waiting"],
    ["phrase", "under way", "waiting"],
    ["closed", "over", "over"],
  ] as const;
  for (const [reason, before, after] of table) {
    const trial = new Trial();
    const call = trial.add("b");
    call.state = before;
    call.failures = 0;
    trial.at(5_000, () => trial.calling.refusedHalfway(connection({ call }), reason));
    equal(call.state, after);
    equal(call.failures, before === "under way" ? 1 : 0);
  }
  for (const [reason, state] of [["closed", "connected"], ["phrase", "waiting"], ["self", "waiting"]] as const) {
    const trial = new Trial();
    const call = trial.add("b");
    trial.here(PEER);
    deepEqual(trial.at(0, () => trial.calling.refusedHalfway(connection({ call }), reason)), []);
    equal(call.state, state);
  }
  deepEqual(new Trial().at(0, () => new Trial().calling.refusedHalfway(connection({}), "closed")), []);
});

Deno.test("how far a call has come is told of the person's own, and of no introduction's", () => {
  const trial = new Trial();
  const call = trial.add("b");
  const came = (of: Call | undefined, step: "offered" | "answered") =>
    trial.at(0, () => trial.calling.came(connection({ call: of }), step));
  deepEqual(came(call, "offered"), [{ type: "came", target: "b", step: "offered" }]);
  deepEqual(came(call, "answered"), [{ type: "came", target: "b", step: "answered" }]);
  deepEqual(came({ ...call, introduced: { peer: PEER, meetAt: [] } }, "offered"), []);
  deepEqual(came(undefined, "offered"), []);
});

Deno.test("the fourth salt of a target is refused, of an introduction none is counted, and a right one is taken back", () => {
  const trial = new Trial();
  const call = trial.add("b");
  const take = (of: Call, salt: string) => {
    let may: boolean | undefined;
    trial.at(0, () => may = trial.calling.takeSalt(of, salt));
    return may;
  };
  deepEqual(["1", "2", "3", "4"].map((salt) => take(call, salt)), [true, true, true, false]);
  const introduced = { ...call, introduced: { peer: PEER, meetAt: [] } };
  equal(take(introduced, "4"), true);
  trial.calling.authenticated(connection({ call, salt: "2" }));
  trial.calling.authenticated(connection({ call, salt: undefined }));
  trial.calling.authenticated(connection({ salt: "1" }));
  deepEqual(call.salts.map(({ salt }) => salt), ["1", "3"]);
});

Deno.test("a friend who leaves is called again by the calls that brought them, and by no other", () => {
  const trial = new Trial();
  const calls = ["b", "c", "d"].map((target) => trial.add(target));
  for (const call of calls.slice(0, 2)) trial.calling.connected(connection({ call }));
  trial.calling.connected(connection({ call: calls[2]!, peer: "88".repeat(32) }));
  calls[1]!.state = "over";
  trial.at(7_000, () => trial.calling.left(PEER));
  deepEqual(calls.map(({ state }) => state), ["waiting", "over", "connected"]);
  equal(trial.calling.deadline, 8_000);
});

Deno.test("once calling has stopped all is over, meetings too", () => {
  const trial = new Trial();
  const call = trial.add("b");
  trial.at(0, () => {
    trial.calling.aimed(call.id, [THERE]);
    trial.calling.meet(PEER, [{ ...THERE, host: "203.0.113.8" }]);
  });
  const begun = trial.at(PUNCH_AFTER_MS, () => trial.calling.punchDue());
  deepEqual(types(begun), ["punch", "punch"]);
  deepEqual(types(trial.at(PUNCH_AFTER_MS, () => trial.calling.stop())), ["stopPunch", "stopPunch"]);
  deepEqual([trial.calling.targets, trial.calling.get(2), trial.calling.deadline], [[], undefined, Infinity]);
});

Deno.test("another PeerId than before is told with the address, and nothing of a connection without a call", () => {
  const trial = new Trial();
  const call = trial.add("b");
  const before = "88".repeat(32);
  deepEqual(trial.at(0, () => trial.calling.tellNewSession(connection({ call }), before)), [
    { type: "notice", notice: { event: "new-session", address: "b", peer: PEER, before } },
  ]);
  deepEqual(trial.at(0, () => trial.calling.tellNewSession(connection({ call }), undefined)), []);
  deepEqual(trial.at(0, () => trial.calling.tellNewSession(connection({}), before)), []);
  equal(trial.calling.connected(connection({})), undefined);
  equal(trial.calling.connected(connection({ call, peer: before })), undefined);
  equal(trial.calling.connected(connection({ call })), before);
});

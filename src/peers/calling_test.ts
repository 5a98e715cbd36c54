// Calls as `peers` makes them, by themselves: whom sleep wakes, what a connection that ended means for its call.
// Out of scope: how often and how long (calls_test.ts), calls in stories (step_test.ts), two-sided ones
// (two_sided_test.ts).

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

Deno.test("calls are numbered, including those that the person did not ask for", () => {
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

Deno.test("after sleep a friend is called again if nothing has come from them by then, on any connection", () => {
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

Deno.test("a wrong confirmation ends the call for good, a stranger's first fruitless answer ends one that never had anybody, and the third ends any", () => {
  const trial = new Trial();
  const wrong = trial.add("wrong");
  trial.at(0, () => trial.calling.refused(connection({ call: wrong, offered: true, answered: true }), "phrase"));
  equal(wrong.state, "over");
  const first = trial.add("first");
  trial.at(0, () => trial.calling.refused(connection({ call: first, offered: true, answered: true }), "closed"));
  equal(first.state, "over");
  const vain = trial.add("vain");
  vain.peer = PEER;
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

Deno.test("the fourth salt of a target, or of somebody introduced by whichever call, is refused, and a right one is taken back", () => {
  const trial = new Trial();
  const call = trial.add("b");
  const take = (of: { call?: Call; expected?: string }, salt: string, at = 0) => {
    let may: boolean | undefined;
    trial.at(at, () => may = trial.calling.takeSalt({ call: of.call, expected: of.expected }, salt));
    return may;
  };
  deepEqual(["1", "2", "3", "4"].map((salt) => take({ call }, salt)), [true, true, true, false]);
  equal(take({}, "4"), true, "a connection of no call");
  const meeting = { ...call, id: 99, salts: [], introduced: { peer: PEER, meetAt: [] } };
  const one = [{ expected: PEER }, { expected: PEER, call: meeting }, { expected: PEER }, { expected: PEER }];
  deepEqual(one.map((of, i) => take(of, `i${i}`)), [true, true, true, false]);
  equal(take({ expected: PEER }, "i1"), true, "one that is known");
  equal(take({ expected: "55".repeat(32) }, "i4"), true, "somebody else");
  equal(take({ expected: PEER }, "i5", 600_000), true, "ten minutes later");
  trial.calling.authenticated(connection({ expected: PEER, salt: "i5" }));
  equal(take({ expected: PEER }, "i6", 600_000), true);
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

Deno.test("a PeerId other than before is reported with the address, but not for a connection without a call", () => {
  const trial = new Trial();
  const call = trial.add("b");
  const before = "88".repeat(32);
  deepEqual(trial.at(0, () => trial.calling.connected(connection({}))), []);
  deepEqual(trial.at(0, () => trial.calling.connected(connection({ call, peer: before }))), [], "the first one");
  deepEqual(trial.at(0, () => trial.calling.connected(connection({ call, peer: before }))), [], "the same one");
  deepEqual(trial.at(0, () => trial.calling.connected(connection({ call }))), [
    { type: "notice", notice: { event: "new-session", address: "b", peer: PEER, before } },
  ]);
});

/** A call with an attempt in the air, which is number 1. */
function punching(retry = true): { trial: Trial; call: Call } {
  const trial = new Trial();
  const call = trial.add("b", retry);
  trial.at(0, () => trial.calling.aimed(call.id, [THERE]));
  equal(trial.at(PUNCH_AFTER_MS, () => trial.calling.punchDue())[0]?.type, "punch");
  return { trial, call };
}

const punches = (trial: Trial, now: number) =>
  trial.at(now, () => trial.calling.punchDue()).filter(({ type }) => type === "punch").length;

Deno.test("a call is told when it begins and when it fails, and goes on unless it is made once", () => {
  const failure = { at: "connect", why: "refused" } as const;
  const refused = {
    type: "notice",
    notice: { event: "refused", address: "b", reason: "unreachable", failure },
  } as const;
  for (const retry of [true, false]) {
    const trial = new Trial();
    deepEqual(trial.at(0, () => trial.calling.add("b", retry)), [
      { type: "notice", notice: { event: "connecting", address: "b" } },
      { type: "dial", call: 1, target: "b", quiet: false },
    ]);
    deepEqual(trial.at(0, () => trial.calling.dialFailed(99, failure)), []);
    const ended = { type: "callEnded", target: "b", failure } as const;
    deepEqual(trial.at(0, () => trial.calling.dialFailed(1, failure)), retry ? [refused] : [refused, ended]);
    equal(trial.calling.get(1)?.state, retry ? "waiting" : "over");
  }
  const leaving = new Trial();
  leaving.add("b");
  leaving.turn.leaving = true;
  deepEqual(types(leaving.at(0, () => leaving.calling.dialFailed(1, failure))), ["callEnded"]);
});

Deno.test("a call that fails again as before says so only to programs, until it fails otherwise or the person calls", () => {
  const trial = new Trial();
  const call = trial.add("b");
  const told: string[] = [];
  const failAt = (now: number, why: "refused" | "unreachable") => {
    const effects = [
      ...trial.at(now, () => trial.calling.dialFailed(call.id, { at: "connect", why })),
      ...trial.at(call.nextAt, () => trial.calling.dialDue()),
    ];
    for (const effect of effects) {
      if (effect.type !== "notice" || !("address" in effect.notice)) continue;
      told.push(effect.notice.event + ("again" in effect.notice ? " again" : ""));
    }
  };
  equal(trial.calling.trying, true);
  failAt(0, "refused");
  equal(trial.calling.trying, false);
  failAt(100_000, "refused");
  failAt(200_000, "unreachable");
  deepEqual(told, ["refused", "connecting again", "refused again", "connecting again", "refused", "connecting again"]);
  trial.at(300_000, () => trial.calling.dialFailed(call.id, { at: "connect", why: "refused" }));
  told.length = 0;
  trial.at(300_000, () => trial.calling.add("b", true));
  failAt(300_001, "refused");
  deepEqual(told, ["refused", "connecting again"]);
});

Deno.test("after ten fruitless answers, calls that wait are reported as over, until the person calls", () => {
  const trial = new Trial();
  const waits = trial.add("waits");
  waits.state = "waiting";
  waits.nextAt = 50_000;
  const calls = Array.from({ length: 4 }, (_, n) => trial.add(`${n}`));
  for (let n = 0; n < 9; n++) {
    trial.at(0, () => trial.calling.refused(connection({ call: calls[n % 4]!, answered: true }), "closed"));
  }
  equal(waits.state, "waiting");
  const effects = trial.at(0, () => trial.calling.refused(connection({ call: calls[3]!, answered: true }), "closed"));
  const failure = { at: "phrase", why: "phrase" } as const;
  ok(
    effects.some((effect) =>
      effect.type === "callEnded" && effect.target === "waits" && effect.failure.why === failure.why
    ),
  );
  equal(waits.state, "over");
  const again = trial.add("anew");
  again.state = "waiting";
  deepEqual(trial.dialled(1), ["anew"]);
});

Deno.test("a stretch that takes long lets one call begin at a time", () => {
  const trial = new Trial();
  trial.calling.stretchTook(10_000);
  equal(trial.add("b").state, "under way");
  trial.at(0, () => trial.calling.add("c", true));
  deepEqual(trial.calling.get(2)?.state, "waiting");
});

Deno.test("an ordinary connection stops a call's attempts until it fails", () => {
  const { trial, call } = punching();
  trial.at(2_000, () => trial.calling.aimed(99, [THERE]));
  deepEqual(trial.at(2_000, () => trial.calling.dialOpened(call.id)), [{ type: "stopPunch", punch: 1 }]);
  equal(punches(trial, 5_000), 0);
  trial.at(5_000, () => trial.calling.dialClosed(call.id));
  equal(punches(trial, 6_000), 1);
});

Deno.test("the first two-sided connection stops the ordinary attempt, and its end is that of the call's", () => {
  const { trial, call } = punching();
  deepEqual(trial.at(2_000, () => trial.calling.punchOpened(1)), [{ type: "stopDial", call: call.id }]);
  equal(trial.calling.punched(99), undefined);
  trial.at(3_000, () => trial.calling.punchFailed(1, "failed"));
  deepEqual([call.state, call.failures], ["waiting", 1]);
  const waiting = punching();
  waiting.call.state = "waiting";
  deepEqual(waiting.trial.at(2_000, () => waiting.trial.calling.punchOpened(1)), []);
  equal(waiting.call.state, "under way");
  equal(waiting.trial.calling.punched(1), waiting.call);
  const late = punching();
  deepEqual(late.trial.at(2_000, () => late.trial.calling.punchOpened(7)), [{ type: "stopPunch", punch: 7 }]);
  late.trial.at(2_000, () => late.trial.calling.punchFailed(1, "refused"));
  deepEqual([late.call.state, late.call.failures], ["under way", 0], "it had never opened");
  const once = punching(false);
  once.trial.at(2_000, () => once.trial.calling.punchOpened(1));
  const ended = once.trial.at(2_000, () => once.trial.calling.punchFailed(1, "failed")).at(-1);
  deepEqual(ended, { type: "callEnded", target: "b", failure: { at: "connect", why: "turned-away" } });
});

Deno.test("a meeting's connection that fails lets its next attempt begin, and is no call of the person's", () => {
  const trial = new Trial();
  trial.at(0, () => trial.calling.meet(PEER, [THERE]));
  equal(punches(trial, PUNCH_AFTER_MS), 1);
  deepEqual(trial.at(2_000, () => trial.calling.punchOpened(1)), []);
  deepEqual(trial.at(2_000, () => trial.calling.punchFailed(1, "failed")), []);
  equal(punches(trial, 3_000), 1);
  const call = trial.calling.get(1)!;
  deepEqual(types(trial.at(3_000, () => trial.calling.connected(connection({ call, peer: PEER })))), ["stopPunch"]);
  equal(trial.calling.get(1), undefined);
  equal(punches(trial, 9_000), 0);
});

Deno.test("a friend, or a session with anybody at the address, ends the attempts", () => {
  const { trial, call } = punching();
  deepEqual(trial.at(2_000, () => trial.calling.met(`${THERE.host}:7374`)), [{ type: "stopPunch", punch: 1 }]);
  const other = punching();
  const found = connection({ call: other.call });
  deepEqual(types(other.trial.at(2_000, () => other.trial.calling.connected(found))), ["stopPunch"]);
  equal(call.state, "under way");
});

Deno.test("three fruitless two-sided connections end the attempts, and three ordinary ones do not", () => {
  for (const [punched, left] of [[true, 0], [false, 1]] as const) {
    const { trial, call } = punching();
    trial.at(2_000, () => trial.calling.punchFailed(1, "silent"));
    for (let n = 0; n < 3; n++) trial.at(2_000, () => trial.calling.refused(connection({ call, punched }), "closed"));
    call.state = "under way";
    equal(punches(trial, 9_000), left);
  }
  const { trial, call } = punching();
  trial.at(2_000, () => trial.calling.punchFailed(1, "silent"));
  trial.at(2_000, () => trial.calling.refusedHalfway(connection({ call }), "phrase"));
  call.state = "under way";
  equal(punches(trial, 9_000), 0);
});

Deno.test("an introduction is met at four places at most, anew when it is told again, and for 30 s", () => {
  const places = [1, 2, 3, 4, 5].map((n) => ({ host: `203.0.113.${n}`, port: 7374 }));
  const trial = new Trial();
  trial.at(0, () => trial.calling.meet(PEER, places));
  trial.at(0, () => trial.calling.meet(PEER, places));
  equal(punches(trial, PUNCH_AFTER_MS), 4);
  for (const n of [1, 2, 3]) trial.at(100, () => trial.calling.meet(`${n}`.repeat(64), places));
  const meets = (now: number) => {
    trial.at(now, () => trial.calling.meet("ee".repeat(32), places));
    return [2, 3, 4, 5, 6].filter((id) => trial.calling.get(id) !== undefined);
  };
  deepEqual(meets(30_000), [2, 3, 4, 5], "all are kept still");
  deepEqual(meets(30_001), [3, 4, 5, 6]);
});

Deno.test("a meeting's connection that brought nobody is followed by the next attempt, and the third by none", () => {
  const trial = new Trial();
  trial.at(0, () => trial.calling.meet(PEER, [THERE]));
  for (let n = 1, now = PUNCH_AFTER_MS; n <= 3; n++, now += 1_000) {
    equal(punches(trial, now), 1, `the ${n}th`);
    trial.at(now, () => trial.calling.punchOpened(n));
    const call = trial.calling.punched(n)!;
    equal(punches(trial, now + 500), 0);
    trial.at(now + 500, () => trial.calling.metNobody(call, "closed"));
  }
  equal(punches(trial, 9_000), 0);
});

Deno.test("a call that waits for its turn begins no attempt either", () => {
  const { trial } = punching();
  trial.at(2_000, () => trial.calling.add("c", true));
  trial.at(2_000, () => trial.calling.aimed(2, [{ ...THERE, host: "203.0.113.8" }]));
  trial.calling.get(2)!.state = "waiting";
  trial.calling.stretchTook(10_000);
  equal(punches(trial, 9_000), 0);
  trial.calling.get(1)!.state = "over";
  equal(punches(trial, 19_000), 1);
});

Deno.test("a call that fails lets its attempts go on, and gives them up where it is made once", () => {
  const failure = { at: "connect", why: "refused" } as const;
  const held = punching();
  held.trial.at(2_000, () => held.trial.calling.dialOpened(held.call.id));
  held.trial.at(3_000, () => held.trial.calling.dialFailed(held.call.id, failure));
  equal(punches(held.trial, 9_000), 1);
  const once = punching(false);
  const effects = once.trial.at(2_000, () => once.trial.calling.dialFailed(once.call.id, failure));
  deepEqual(types(effects), ["notice", "stopPunch", "callEnded"]);
});

Deno.test("who leaves looks at nobody any more whom sleep may have cost their session", () => {
  const trial = new Trial();
  trial.add("b").state = "connected";
  trial.at(0, () => trial.calling.woke());
  trial.turn.leaving = true;
  trial.at(1, () => trial.calling.stop());
  equal(trial.calling.deadline, Infinity);
  trial.at(2, () => trial.calling.woke());
  equal(trial.calling.deadline, Infinity);
});

Deno.test("a call that is over is remembered no longer, though meeting its friend halfway had been ended for good", () => {
  const trial = new Trial();
  const meetings = Array.from({ length: 3 }, () => {
    trial.at(0, () => trial.calling.meet(PEER, [THERE]));
    const [attempt] = trial.at(PUNCH_AFTER_MS, () => trial.calling.punchDue());
    ok(attempt?.type === "punch");
    const call = trial.calling.punched(attempt.punch)!;
    trial.at(PUNCH_AFTER_MS, () => trial.calling.metNobody(call, "phrase"));
    return call;
  });
  equal(new Set(meetings).size, 3);
  equal(trial.calling.metHalfway, 1, "that of the last one, which goes on");
  trial.at(0, () => trial.calling.meetNoMore(PEER));
  equal(trial.calling.metHalfway, 0);
  const call = trial.add("b", false);
  equal(trial.calling.metHalfway, 1);
  trial.at(0, () => trial.calling.refused(connection({ call, punched: true }), "phrase"));
  equal(trial.calling.metHalfway, 0);
});

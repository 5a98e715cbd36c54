// What the door holds of admission for a connection, and what the person is told of those who were turned away.
// Out of scope: the rules of admission (admission_test.ts), doors in stories (step_test.ts).

import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { START_PAUSE_MS, TURNED_AWAY_REPORT_MS } from "../constants.ts";
import { loadSodium } from "../crypto/sodium.ts";
import type { Source } from "./addresses.ts";
import type { Connection } from "./connection.ts";
import { Door } from "./door.ts";
import type { Effect } from "./event.ts";
import { Turn } from "./turn.ts";

const arena = await loadSodium([[32, 8], [64, 1], [256, 1]]);

const from = (n: number): Source => ({ address: `10.0.${n}.1`, network: `10.0.${n}.0/24`, wide: "10.0.0.0/16" });

/** A door, and what it wants done at each moment. */
class Trial implements Disposable {
  readonly turn = new Turn();
  readonly door = new Door(arena, {}, this.turn);

  at(now: number, act: (door: Door) => void): Effect[] {
    this.turn.begin(now, (into) => void into.fill(7));
    act(this.door);
    return this.turn.effects;
  }

  admit(caller: number, source: Source, now: number): boolean {
    return this.door.admit(caller, source, now, (into) => void into.fill(7));
  }

  /** What is told once the minute is over. */
  told(now: number): Effect[] {
    return this.at(now, (door) => door.report());
  }

  [Symbol.dispose](): void {
    this.door[Symbol.dispose]();
  }
}

function test(sentence: string, body: (trial: Trial) => void): void {
  Deno.test(sentence, () => {
    {
      using trial = new Trial();
      body(trial);
    }
    equal(arena.used, 0);
  });
}

const of = (caller: number | undefined) => ({ caller }) as Connection;
const turnedAway = (count: number, guesses: number): Effect => ({
  type: "notice",
  notice: { event: "turned-away", count, guesses },
});

test("one that cannot wait and has no place is counted, and one that has is not", (trial) => {
  for (let id = 1; id <= 4; id++) equal(trial.admit(id, from(1), 1_000), true);
  equal(trial.door.deadline, Infinity);
  equal(trial.admit(5, from(1), 2_000), false);
  equal(trial.admit(6, from(1), 3_000), false);
  equal(trial.door.deadline, 2_000 + TURNED_AWAY_REPORT_MS, "a minute after the first");
  deepEqual(trial.told(1_999 + TURNED_AWAY_REPORT_MS), []);
  deepEqual(trial.told(2_000 + TURNED_AWAY_REPORT_MS), [turnedAway(2, 0)]);
  equal(trial.door.deadline, Infinity);
  deepEqual(trial.told(9_000 + TURNED_AWAY_REPORT_MS), []);
});

test("while leaving nobody gets in: callers are closed, and one that cannot wait has no place", (trial) => {
  trial.turn.leaving = true;
  deepEqual(trial.at(0, (door) => door.arrived(1, from(1))), [{ type: "shut", caller: 1 }]);
  equal(trial.admit(2, from(2), 0), false);
  deepEqual(trial.at(0, (door) => door.refuseStranger("x", "phrase")), [], "and the person hears of none");
  deepEqual(trial.told(TURNED_AWAY_REPORT_MS), [turnedAway(2, 0)]);
});

test("a caller who is closed at once is shut and counted", (trial) => {
  deepEqual(trial.at(0, (door) => door.arrived(1, from(1))), []);
  deepEqual(trial.at(0, (door) => door.arrived(2, from(1))), []);
  deepEqual(trial.at(0, (door) => door.arrived(3, from(1))), [{ type: "shut", caller: 3 }]);
  deepEqual(trial.told(TURNED_AWAY_REPORT_MS), [turnedAway(1, 0)]);
});

test("when the door closes, callers who wait are shut out, and those with a place are not", (trial) => {
  trial.at(0, (door) => {
    door.arrived(1, from(1));
    deepEqual(door.moves(), [{ move: "start", caller: 1 }]);
    for (const n of [2, 3]) door.arrived(n, from(n));
  });
  deepEqual(trial.at(0, (door) => door.close()), [{ type: "shut", caller: 2 }, { type: "shut", caller: 3 }]);
  deepEqual(trial.at(100, (door) => deepEqual(door.moves(), [])), []);
});

for (
  const [sentence, act] of [
    ["whose PeerId is here", (door: Door, c: Connection) => door.countsNot(c)],
    ["that has authenticated", (door: Door, c: Connection) => door.authenticated(c)],
  ] as const
) {
  test(`a connection ${sentence} gives its place back, and has none from then on`, (trial) => {
    for (let id = 1; id <= 4; id++) equal(trial.admit(id, from(1), 0), true);
    const connection = of(1);
    trial.at(0, (door) => act(door, connection));
    equal(connection.caller, undefined);
    equal(trial.admit(5, from(1), 0), true);
    trial.at(0, (door) => act(door, of(undefined)));
    equal(trial.admit(6, from(1), 0), false);
  });
}

test("a place that is given back, or whose attempt came to nothing, can be had again", (trial) => {
  const ways: ((door: Door) => void)[] = [
    (door) => door.giveBackPlace(of(1)),
    (door) => door.gaveUp(1),
    (door) => door.failed(1, "10.0.1.1:1", "timeout"),
    (door) => door.wrongGuess(of(1)),
  ];
  for (const [n, way] of ways.entries()) {
    using one = new Trial();
    for (let id = 1; id <= 4; id++) one.admit(id, from(n), 0);
    one.at(0, (door) => {
      door.giveBackPlace(of(undefined));
      door.wrongGuess(of(undefined));
    });
    equal(one.admit(5, from(n), 0), false);
    one.at(0, way);
    equal(one.admit(6, from(n), 0), true);
  }
  equal(trial.door.deadline, Infinity);
});

test("one that we end ourselves is nobody's fault, and waits no longer if it did", (trial) => {
  trial.at(0, (door) => {
    for (const id of [1, 2, 3]) door.arrived(id, from(1));
    deepEqual(door.moves(), [{ move: "start", caller: 1 }]);
  });
  deepEqual(trial.at(0, (door) => [1, 2].forEach((id) => door.gaveUp(id))), []);
  deepEqual(trial.at(0, (door) => [4, 5].forEach((id) => door.arrived(id, from(1)))), [], "both may wait");
  deepEqual(trial.told(TURNED_AWAY_REPORT_MS), [turnedAway(1, 0)], "the third of a network that came at once");
});

test("a network whose attempt we gave up has its turn as if it had never called; one that failed has it later", () => {
  // Of two networks that wait, which has the next turn after a caller of the first of them has ended so.
  const next = (network: number, ends: (door: Door) => void) => {
    using one = new Trial();
    one.admit(1, from(network), 0);
    one.at(0, ends);
    let caller: number | undefined;
    one.at(0, (door) => {
      for (const id of [9, network, 3 - network]) door.arrived(10 + id, from(id));
      deepEqual(door.moves(), [{ move: "start", caller: 19 }]);
    });
    one.at(START_PAUSE_MS, (door) => caller = door.moves()[0]?.caller);
    return caller;
  };
  const gaveUp = [1, 2].map((network) => next(network, (door) => door.gaveUp(1)));
  equal(gaveUp[0], gaveUp[1], "by lot alone");
  deepEqual([1, 2].map((network) => next(network, (door) => door.failed(1, "10.0.1.1:1", "closed"))), [12, 11]);
});

test("one that was started and never became a link is told with its address and reason", (trial) => {
  trial.admit(1, from(1), 0);
  const notice = { event: "refused", address: "10.0.1.1:1", reason: "timeout" } as const;
  deepEqual(trial.at(0, (door) => door.failed(1, "10.0.1.1:1", "timeout")), [{ type: "notice", notice }]);
});

test("an answer is not checked while its address waits, and is of a connection without a place", (trial) => {
  for (let id = 1; id <= 4; id++) trial.admit(id, from(1), 0);
  const mayCheck = (caller: number | undefined, now: number) => {
    let may: boolean | undefined;
    trial.at(now, (door) => may = door.mayCheck(of(caller)));
    return may;
  };
  equal(mayCheck(4, 0), true);
  for (const id of [1, 2, 3]) trial.at(0, (door) => door.wrongGuess(of(id)));
  deepEqual([mayCheck(4, 999), mayCheck(4, 1_000), mayCheck(undefined, 999)], [false, true, true]);
});

test("20 strangers are told one by one, each with its reason, and all are counted", (trial) => {
  for (let n = 1; n <= 22; n++) {
    const reason = n % 3 === 0 ? "phrase" : "timeout";
    const told = trial.at(1_000, (door) => door.refuseStranger(`${n}`, reason));
    const notice = { event: "refused", address: `${n}`, reason } as const;
    deepEqual(told, n <= 20 ? [{ type: "notice", notice }] : []);
  }
  deepEqual(trial.told(1_000 + TURNED_AWAY_REPORT_MS), [turnedAway(22, 7)]);
  const later = 2_000 + TURNED_AWAY_REPORT_MS;
  equal(trial.at(later, (door) => door.refuseStranger("x", "phrase")).length, 1, "another minute");
  deepEqual(trial.told(later + TURNED_AWAY_REPORT_MS), [turnedAway(1, 1)]);
});

test("20 connections too many of friends are told in a minute, and those beyond are counted", (trial) => {
  const refused = (now: number) => trial.at(now, (door) => door.refuseKnown("x", "duplicate")).length;
  const times = (now: number, many: number) => Array.from({ length: many }, () => refused(now));
  deepEqual(times(5_000, 22), [...Array(20).fill(1), 0, 0]);
  deepEqual(times(4_999 + TURNED_AWAY_REPORT_MS, 1), [0]);
  deepEqual(times(5_000 + TURNED_AWAY_REPORT_MS, 21), [...Array(20).fill(1), 0]);
  deepEqual(trial.told(5_000 + TURNED_AWAY_REPORT_MS), [turnedAway(4, 0)]);
});

test("who leaves is told of nobody who is turned away", (trial) => {
  trial.turn.leaving = true;
  deepEqual(trial.at(1_000, (door) => door.refuseKnown("10.0.1.1:50000", "duplicate")), []);
  deepEqual(trial.at(1_000, (door) => door.refuseStranger("10.0.1.1:50000", "closed")), []);
  equal(trial.door.deadline, Infinity);
});

// Two-sided calls as effects: when a call's attempts begin, which are given up, and whose an attempt is.

import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { PUNCH_AFTER_MS, PUNCH_FRUITLESS_MAX } from "../constants.ts";
import type { Call } from "./calls.ts";
import type { Connection } from "./connection.ts";
import { Friends } from "./friend.ts";
import { Halfway } from "./halfway.ts";
import { Turn } from "./turn.ts";

const SELF = "00".repeat(32);
const PEER = "99".repeat(32);
const ONE = { host: "203.0.113.1", port: 7374 };
const TWO = { host: "203.0.113.2", port: 7374 };
const LATER = PUNCH_AFTER_MS + 30_000;

function typed(id: number): Call {
  return { id, introduced: undefined } as Call;
}
function met(id: number, ...meetAt: readonly (typeof ONE)[]): Call {
  return { id, introduced: { peer: PEER, meetAt } } as unknown as Call;
}

class Trial {
  readonly turn = new Turn();
  readonly friends = new Friends(SELF);
  readonly halfway = new Halfway(this.turn, this.friends);

  constructor() {
    this.at(0);
  }

  at(now: number): this {
    this.turn.begin(now, (into) => into.fill(7));
    return this;
  }

  /** What has been done since the last time, in a word each. */
  done(): string[] {
    const done = this.turn.effects.map((effect) =>
      effect.type === "punch"
        ? `${effect.punch} to ${effect.host}`
        : effect.type === "stopPunch"
        ? `stop ${effect.punch}`
        : effect.type
    );
    this.turn.effects = [];
    return done;
  }

  due(now: number, mayCall = true): string[] {
    this.at(now).halfway.due(() => mayCall);
    return this.done();
  }

  /** Attempts 1 and 2 of call 1 are in the air. */
  flying(): this {
    this.halfway.begin(typed(1));
    this.halfway.aimed(typed(1), [ONE, TWO]);
    equal(this.due(PUNCH_AFTER_MS).length, 2);
    return this;
  }
}

Deno.test("a call begins once, and anew when the person asks: then its attempts are given up", () => {
  const trial = new Trial();
  equal(trial.halfway.deadline, Infinity);
  trial.halfway.begin(typed(1));
  trial.halfway.aimed(typed(1), [ONE]);
  equal(trial.halfway.deadline, PUNCH_AFTER_MS);
  trial.at(500).halfway.begin(typed(1));
  equal(trial.halfway.deadline, PUNCH_AFTER_MS, "it has begun");
  deepEqual(trial.due(PUNCH_AFTER_MS - 1), []);
  deepEqual(trial.due(PUNCH_AFTER_MS, false), [], "no stretch could start soon enough");
  deepEqual(trial.due(2_000), [`1 to ${ONE.host}`]);
  trial.halfway.anew(typed(1));
  deepEqual(trial.done(), ["stop 1"]);
  equal(trial.halfway.deadline, Infinity, "where it leads has to be found anew");
  trial.halfway.aimed(typed(1), [ONE]);
  equal(trial.halfway.deadline, 2_000 + PUNCH_AFTER_MS);
});

Deno.test("an introduction itself says where it leads, and has 20 s; the person's own call has longer", () => {
  const trial = new Trial();
  trial.halfway.begin(met(1, ONE));
  equal(trial.halfway.deadline, PUNCH_AFTER_MS);
  trial.halfway.aimed(met(1, ONE), [TWO]);
  deepEqual(trial.due(PUNCH_AFTER_MS), [`1 to ${ONE.host}`]);
  trial.halfway.failed(1, "silent");
  equal(trial.halfway.deadline, PUNCH_AFTER_MS);
  deepEqual(trial.due(LATER), []);
  const long = new Trial().flying();
  long.halfway.failed(1, "silent");
  equal(long.due(LATER).length, 1);
});

Deno.test("after sleep a call begins anew unless it was ended for a wrong phrase", () => {
  const trial = new Trial().flying();
  trial.halfway.woke(typed(1));
  deepEqual(trial.done(), ["stop 1", "stop 2"]);
  trial.halfway.aimed(typed(1), [ONE]);
  equal(trial.halfway.deadline, 2 * PUNCH_AFTER_MS);
  trial.halfway.inVain(1, "phrase");
  trial.halfway.woke(typed(1));
  trial.halfway.aimed(typed(1), [ONE]);
  equal(trial.halfway.deadline, Infinity);
  trial.halfway.anew(typed(1));
  trial.halfway.aimed(typed(1), [ONE]);
  equal(trial.halfway.deadline, 2 * PUNCH_AFTER_MS, "the person has asked");
});

Deno.test("nobody is met who is here already, nor by anybody who leaves", () => {
  const trial = new Trial();
  const friend = trial.friends.meet(PEER);
  trial.friends.join(friend, { address: `${ONE.host}:50000` } as Connection);
  trial.halfway.begin(typed(1));
  trial.halfway.aimed(typed(1), [ONE, TWO]);
  trial.turn.leaving = true;
  deepEqual(trial.due(PUNCH_AFTER_MS), []);
  trial.turn.leaving = false;
  deepEqual(trial.due(PUNCH_AFTER_MS), [`1 to ${TWO.host}`]);
});

Deno.test("a connection of the call holds its attempts back until it fails", () => {
  const trial = new Trial().flying();
  trial.halfway.hold(1);
  deepEqual(trial.done().sort(), ["stop 1", "stop 2"]);
  equal(trial.halfway.deadline, Infinity);
  deepEqual(trial.due(LATER), []);
  trial.halfway.release(1);
  equal(trial.halfway.deadline < Infinity, true);
  equal(trial.due(LATER + 2_000).length, 2);
});

Deno.test("the first attempt that opens gives the others up, and says whose it is; one that was given up is nobody's", () => {
  const trial = new Trial().flying();
  equal(trial.halfway.opened(1), 1);
  deepEqual(trial.done(), ["stop 2"]);
  equal(trial.halfway.opened(2), undefined);
  deepEqual(trial.done(), ["stop 2"]);
  equal(trial.halfway.linked(1), 1);
  equal(trial.halfway.linked(1), undefined, "it is a link by now");
  equal(trial.halfway.linked(2), undefined);
});

Deno.test("an attempt that fails is its call's failure only if it had opened", () => {
  const trial = new Trial().flying();
  equal(trial.halfway.failed(1, "refused"), undefined);
  equal(trial.halfway.failed(9, "refused"), undefined);
  equal(trial.halfway.opened(2), 1);
  equal(trial.halfway.failed(2, "refused"), 1);
  equal(trial.halfway.failed(2, "refused"), undefined);
  deepEqual(trial.done(), []);
  equal(trial.due(LATER).length, 2, "both may be tried again");
});

Deno.test("one wrong phrase or oneself ends a call's attempts at once, any other reason the third time", () => {
  for (
    const [reason, times] of [
      ["phrase", 1],
      ["self", 1],
      ["busy", PUNCH_FRUITLESS_MAX],
      ["closed", PUNCH_FRUITLESS_MAX],
      ["timeout", PUNCH_FRUITLESS_MAX],
    ] as const
  ) {
    const trial = new Trial().flying();
    for (let time = 1; time < times; time++) trial.halfway.inVain(1, reason);
    deepEqual(trial.done(), [], reason);
    trial.halfway.inVain(1, reason);
    deepEqual(trial.done().sort(), ["stop 1", "stop 2"], reason);
  }
});

Deno.test("three that had opened and failed end it as well", () => {
  const trial = new Trial().flying();
  trial.halfway.failed(2, "silent");
  for (let time = 1, punch = 1; time <= PUNCH_FRUITLESS_MAX; time++) {
    equal(trial.halfway.opened(punch), 1);
    equal(trial.halfway.failed(punch, "refused"), 1);
    const begun = trial.due(PUNCH_AFTER_MS + 3_000 * time);
    equal(begun.length, time < PUNCH_FRUITLESS_MAX ? 2 : 0);
    punch = Number(begun[0]?.split(" ")[0]);
  }
  equal(trial.halfway.deadline, Infinity);
});

Deno.test("a session with somebody gives up the attempts at that address, and the end of the call all", () => {
  const trial = new Trial().flying();
  trial.halfway.met(`${ONE.host}:50000`);
  equal(trial.done().length, 1);
  trial.halfway.end(1);
  equal(trial.done().length, 1);
  equal(trial.halfway.deadline, Infinity);
  deepEqual(trial.due(LATER), []);
});

Deno.test("places found anew give up the attempts at those that are gone", () => {
  const trial = new Trial().flying();
  trial.halfway.aimed(typed(1), []);
  deepEqual(trial.done().sort(), ["stop 1", "stop 2"]);
});

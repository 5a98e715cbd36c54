// The two-sided calls of introductions: when they begin and end, and that a person hears about none of them. Who
// answers them is judged in refusal.ts, as for every call of an introduction.

import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { INTRODUCTIONS_AT_ONCE, PUNCH_AFTER_MS, PUNCH_FRUITLESS_MAX } from "../constants.ts";
import { Calling } from "./calling.ts";
import type { Effect } from "./event.ts";
import { Friends } from "./friend.ts";
import { INTRODUCTION_LIMITS } from "./halfway.ts";
import { Turn } from "./turn.ts";

const PEER = "99".repeat(32);
const THERE = { host: "203.0.113.9", port: 7374 };

class Trial {
  readonly turn = new Turn();
  readonly calling = new Calling(this.turn, new Friends("00".repeat(32)));
  now = 0;

  at(now: number, act: () => void): Effect[] {
    this.now = now;
    this.turn.begin(now, (into) => void into.fill(7));
    act();
    this.calling.punchDue();
    return this.turn.effects;
  }

  /** Attempts that begin within this time, each refused at once. */
  attempts(ms: number): number {
    let count = 0;
    for (const end = this.now + ms; this.now < end;) {
      const begun = this.at(this.now + 10, () => {}).filter((effect) => effect.type === "punch");
      for (const { punch } of begun) this.at(this.now, () => this.calling.punchFailed(punch, "refused"));
      count += begun.length;
    }
    return count;
  }
}

Deno.test("a meeting begins a second after it is known, goes to the place as it stands, and ends after 20 s", () => {
  const trial = new Trial();
  deepEqual(trial.at(0, () => trial.calling.meet(PEER, [THERE])), []);
  const [first] = trial.at(PUNCH_AFTER_MS, () => {});
  deepEqual(first, { type: "punch", punch: 1, ...THERE });
  trial.at(trial.now, () => trial.calling.punchFailed(1, "refused"));
  equal(trial.attempts(INTRODUCTION_LIMITS.forMs) > 20, true);
  equal(trial.attempts(20_000), 0);
});

Deno.test("a meeting ends silently when its PeerId is here, and after three connections that brought nobody", () => {
  const here = new Trial();
  here.at(0, () => here.calling.meet(PEER, [THERE]));
  here.at(0, () => here.calling.meetNoMore(PEER));
  equal(here.attempts(10_000), 0);
  const nobody = new Trial();
  nobody.at(0, () => nobody.calling.meet(PEER, [THERE]));
  nobody.at(PUNCH_AFTER_MS, () => {});
  const call = nobody.calling.punched(1)!;
  equal(call.introduced?.peer, PEER);
  for (let n = 0; n < PUNCH_FRUITLESS_MAX; n++) {
    const effects = nobody.at(nobody.now, () => nobody.calling.metNobody(call, "closed"));
    deepEqual(effects.filter(({ type }) => type !== "punch" && type !== "stopPunch"), []);
  }
  equal(nobody.attempts(10_000), 0);
});

Deno.test("meetings are few at once, and a person's targets know nothing of them", () => {
  const trial = new Trial();
  for (let n = 0; n < INTRODUCTIONS_AT_ONCE + 2; n++) {
    trial.at(0, () => trial.calling.meet(`${n}0`.repeat(32), [{ host: `203.0.113.${n + 1}`, port: 7374 }]));
  }
  const to = new Set<string>();
  for (let at = PUNCH_AFTER_MS; at < PUNCH_AFTER_MS + 500; at += 10) {
    for (const effect of trial.at(at, () => {})) {
      if (effect.type !== "punch") continue;
      to.add(effect.host);
      trial.at(at, () => trial.calling.punchFailed(effect.punch, "refused"));
    }
  }
  equal(to.size, INTRODUCTIONS_AT_ONCE);
  deepEqual(trial.calling.targets, []);
});

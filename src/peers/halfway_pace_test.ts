import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";
import { Random } from "../../tests/simulation/random.ts";
import { Timeline } from "../../tests/simulation/timeline.ts";
import {
  PUNCH_AFTER_MS,
  PUNCH_FOR_MS,
  PUNCH_FRUITLESS_MAX,
  PUNCH_HASTE_MS,
  PUNCHES_IN_THE_AIR,
  PUNCHES_PER_SECOND,
} from "../constants.ts";
import type { PunchFault } from "../ports.ts";
import type { Call } from "./calls.ts";
import type { Attempt, PunchAddress, PunchId } from "./event.ts";
import { Friends } from "./friend.ts";
import { Halfway, INTRODUCTION_LIMITS } from "./halfway.ts";
import { Turn } from "./turn.ts";

const HOME = { host: "203.0.113.7", port: 7374 };
const HOME6 = { host: "2001:db8::7", port: 7374 };
const yes = () => true;
const half = () => 0.5;

/** Two-sided calls at times and with chances of a test's choosing; what is given up is returned. */
class Machine {
  readonly #turn = new Turn();
  readonly #halfway = new Halfway(this.#turn, new Friends("00".repeat(32)));

  get deadline(): number {
    return this.#halfway.deadline;
  }

  begin(id: number, now: number): PunchId[] {
    return this.#givenUp(now, () => this.#halfway.anew({ id, introduced: undefined } as Call));
  }

  introduce(id: number, now: number, meetAt: readonly PunchAddress[]): void {
    this.#givenUp(
      now,
      () => this.#halfway.anew({ id, introduced: { peer: "99".repeat(32), meetAt } } as unknown as Call),
    );
  }

  aim(id: number, meetAt: readonly PunchAddress[]): PunchId[] {
    return this.#givenUp(undefined, () => this.#halfway.aimed({ id, introduced: undefined } as Call, meetAt));
  }

  take(now: number, random: () => number, mayCall: (call: number) => boolean): Attempt[] {
    this.#at(now, random);
    this.#halfway.due(mayCall);
    return this.#turn.effects.flatMap((effect) => effect.type === "punch" ? [effect] : []);
  }

  opened(punch: PunchId): PunchId[] {
    return this.#givenUp(undefined, () => this.#halfway.opened(punch));
  }

  hold(call: number): PunchId[] {
    return this.#givenUp(undefined, () => this.#halfway.hold(call));
  }

  release(call: number, now: number, random: number): void {
    this.#givenUp(now, () => this.#halfway.release(call), random);
  }

  failed(punch: PunchId, why: PunchFault, now: number, random: number): PunchId[] {
    return this.#givenUp(now, () => this.#halfway.failed(punch, why), random);
  }

  linked(punch: PunchId): number | undefined {
    return this.#halfway.linked(punch);
  }

  fruitless(call: number): PunchId[] {
    return this.#givenUp(undefined, () => this.#halfway.inVain(call, "closed"));
  }

  ban(call: number): PunchId[] {
    return this.#givenUp(undefined, () => this.#halfway.inVain(call, "phrase"));
  }

  met(host: string): PunchId[] {
    return this.#givenUp(undefined, () => this.#halfway.met(host.includes(":") ? `[${host}]:50000` : `${host}:50000`));
  }

  end(call: number): PunchId[] {
    return this.#givenUp(undefined, () => this.#halfway.end(call));
  }

  forget(call: number): PunchId[] {
    return this.#givenUp(undefined, () => this.#halfway.forget(call));
  }

  get remembered(): number {
    return this.#halfway.size;
  }

  #givenUp(now: number | undefined, act: () => unknown, random = 0): PunchId[] {
    this.#at(now ?? this.#turn.now, () => random);
    act();
    return this.#turn.effects.flatMap((effect) => effect.type === "stopPunch" ? [effect.punch] : []);
  }

  #at(now: number, random: () => number): void {
    this.#turn.begin(now, (into) => new DataView(into.buffer, into.byteOffset).setUint32(0, random() * 2 ** 32));
  }
}

/** One call from 0 on, and its first attempts: one for each address. */
function punching(addresses: readonly PunchAddress[] = [HOME]): { punching: Machine; first: PunchId[] } {
  const punching = new Machine();
  punching.begin(1, 0);
  punching.aim(1, addresses);
  const first = punching.take(PUNCH_AFTER_MS, half, yes).map(({ punch }) => punch);
  return { punching, first };
}

Deno.test("the first attempts begin a second after the call, one for each address, and none sooner", () => {
  const punching = new Machine();
  punching.begin(1, 0);
  equal(punching.deadline, Infinity, "no address is known yet");
  punching.aim(1, [HOME6, HOME]);
  equal(punching.deadline, PUNCH_AFTER_MS);
  deepEqual(punching.take(PUNCH_AFTER_MS - 1, half, yes), []);
  const begun = punching.take(PUNCH_AFTER_MS, half, yes);
  deepEqual(begun.map(({ host }) => host).sort(), [HOME6.host, HOME.host].sort());
  deepEqual(punching.take(PUNCH_AFTER_MS, half, yes), [], "each is in the air already");
});

Deno.test("after silence the next attempt begins at once", () => {
  const { punching: machine, first } = punching();
  machine.failed(first[0]!, "silent", 6_000, 0.9);
  equal(machine.deadline, 6_000);
  equal(machine.take(6_000, half, yes).length, 1);
});

Deno.test("after a refusal it is 0 to 100 ms after its end, or 50 ms after its start if that is later", () => {
  for (
    const [tookMs, random, expected] of [[1, 0, 50], [1, 0.5, 100], [80, 0, 80], [80, 0.999, 179.9], [50, 0.25, 75]]
  ) {
    const { punching: machine, first } = punching();
    machine.failed(first[0]!, "refused", PUNCH_AFTER_MS + tookMs!, random!);
    ok(Math.abs(machine.deadline - PUNCH_AFTER_MS - expected!) < 1e-6, `${tookMs} ${random}: ${machine.deadline}`);
  }
});

Deno.test("after the first minute it is 0 to 1000 ms, and 500 ms after its start", () => {
  for (const [tookMs, random, expected] of [[0, 0, 500], [1, 0, 500], [1, 0.5, 1000], [800, 0.25, 1050]]) {
    const { punching: machine, first } = punching();
    machine.failed(first[0]!, "silent", 6_000, 0);
    const began = PUNCH_AFTER_MS + PUNCH_HASTE_MS;
    const [late] = machine.take(began, half, yes);
    machine.failed(late!.punch, "refused", began + tookMs!, random!);
    ok(Math.abs(machine.deadline - began - expected!) < 1e-6, `${tookMs} ${random}: ${machine.deadline - began}`);
  }
});

Deno.test("ten minutes after its first attempt a call has its last one, until it begins anew", () => {
  const { punching: machine, first } = punching();
  machine.failed(first[0]!, "silent", PUNCH_AFTER_MS + PUNCH_FOR_MS - 1, 0);
  const [last] = machine.take(PUNCH_AFTER_MS + PUNCH_FOR_MS - 1, half, yes);
  machine.failed(last!.punch, "silent", PUNCH_AFTER_MS + PUNCH_FOR_MS, 0);
  equal(machine.deadline, Infinity);
  deepEqual(machine.take(PUNCH_AFTER_MS + PUNCH_FOR_MS, half, yes), []);
  machine.begin(1, 700_000);
  machine.aim(1, [HOME]);
  equal(machine.deadline, 700_000 + PUNCH_AFTER_MS);
});

Deno.test("what a sleeping machine did not ask for in time is due no more, and nobody is asked for it again and again", () => {
  const calls = punching();
  calls.punching.failed(calls.first[0]!, "silent", PUNCH_AFTER_MS + 5_000, 0.5);
  equal(calls.punching.deadline, PUNCH_AFTER_MS + 5_000);
  const woken = PUNCH_AFTER_MS + PUNCH_FOR_MS + 1;
  deepEqual(calls.punching.take(woken, half, yes), []);
  equal(calls.punching.deadline, Infinity);
  calls.punching.begin(1, woken);
  calls.punching.aim(1, [HOME]);
  equal(calls.punching.deadline, woken + PUNCH_AFTER_MS, "the person asked again");
});

Deno.test("an introduction has as many attempts as it is given", () => {
  const machine = new Machine();
  machine.introduce(1, 0, [HOME]);
  let begun = 0;
  for (let now = 0; now < 30_000; now += 50) {
    for (const { punch } of machine.take(now, half, yes)) {
      begun++;
      machine.failed(punch, "silent", now, 0);
    }
  }
  equal(begun, INTRODUCTION_LIMITS.attempts);
});

Deno.test("the process has at most 8 attempts in the air and begins at most 20 in a second, whatever is due", () => {
  const machine = new Machine();
  for (let call = 1; call <= 30; call++) {
    machine.begin(call, 0);
    machine.aim(call, [{ host: `192.0.2.${call}`, port: 7374 }]);
  }
  const begun: number[] = [];
  let now = PUNCH_AFTER_MS;
  const first = machine.take(now, half, yes);
  equal(first.length, PUNCHES_IN_THE_AIR);
  equal(machine.deadline, Infinity, "one has to end first");
  let flying = first.map(({ punch }) => punch);
  begun.push(...flying.map(() => now));
  for (; now < 10_000; now += 10) {
    for (const punch of flying) machine.failed(punch, "refused", now, 0);
    ok(machine.deadline <= now + 1000);
    flying = machine.take(now, half, yes).map(({ punch }) => punch);
    ok(flying.length <= PUNCHES_IN_THE_AIR);
    begun.push(...flying.map(() => now));
  }
  for (const at of begun) ok(begun.filter((other) => other >= at && other < at + 1000).length <= PUNCHES_PER_SECOND);
  ok(begun.length > 150, `${begun.length}: there is more to do than may be done`);
});

Deno.test("turns: nobody has a second one while another waits for a first, and each round is drawn anew", () => {
  const machine = new Machine();
  const random = new Random(7);
  for (let call = 1; call <= 12; call++) {
    machine.begin(call, 0);
    machine.aim(call, [{ host: `192.0.2.${call}`, port: 7374 }]);
  }
  const order: string[] = [];
  for (let now = PUNCH_AFTER_MS; order.length < 48; now += 100) {
    for (const { punch, host } of machine.take(now, () => random.unit(), yes)) {
      order.push(host);
      machine.failed(punch, "silent", now, 0);
    }
  }
  const rounds = [0, 12, 24, 36].map((at) => order.slice(at, at + 12));
  for (const round of rounds) equal(new Set(round).size, 12);
  equal(new Set(rounds.map(String)).size, 4);
});

Deno.test("the first connection of a call stops its other attempts, and no attempt begins until it fails", () => {
  const { punching: machine, first } = punching([HOME6, HOME]);
  deepEqual(machine.opened(first[0]!), [first[1]]);
  deepEqual([machine.deadline, machine.take(60_000, half, yes)], [Infinity, []]);
  machine.failed(first[0]!, "failed", 2_000, 0);
  equal(machine.take(2_100, half, yes).length, 2);
});

Deno.test("an attempt that opens second is given up itself, and so is one after the ordinary call's connection", () => {
  const { punching: machine, first } = punching([HOME6, HOME]);
  deepEqual(machine.hold(1).sort(), [...first].sort());
  deepEqual(machine.opened(first[0]!), [first[0]], "what was given up stays so");
  machine.release(1, 2_000, 0);
  const [again] = machine.take(3_000, half, yes);
  ok(again !== undefined);
});

Deno.test("three connections without a session end it, and so does one wrong confirmation, until the person asks again", () => {
  const { punching: machine } = punching();
  machine.begin(1, 0);
  machine.aim(1, [HOME]);
  let now = PUNCH_AFTER_MS;
  for (let n = 1; n <= PUNCH_FRUITLESS_MAX; n++) {
    const [attempt] = machine.take(now, half, yes);
    ok(attempt !== undefined, `the ${n}th`);
    machine.opened(attempt.punch);
    machine.failed(attempt.punch, "failed", now, 0);
    now += 1_000;
  }
  deepEqual([machine.deadline, machine.take(now, half, yes)], [Infinity, []]);
  machine.end(1);
  equal(machine.remembered, 1);
  machine.aim(1, [HOME]);
  deepEqual(machine.take(now, half, yes), []);
  machine.begin(1, now);
  machine.aim(1, [HOME]);
  equal(machine.take(now + PUNCH_AFTER_MS, half, yes).length, 1);
  machine.ban(1);
  deepEqual(machine.take(now + 9_000, half, yes), []);
});

Deno.test("attempts that never opened count for nothing", () => {
  const { punching: machine, first } = punching();
  machine.failed(first[0]!, "refused", PUNCH_AFTER_MS, 0);
  let now = PUNCH_AFTER_MS;
  for (let n = 0; n < 20; n++) {
    now += 1_000;
    const [attempt] = machine.take(now, half, yes);
    machine.failed(attempt!.punch, "refused", now, 0);
  }
  equal(machine.take(now + 1_000, half, yes).length, 1);
});

Deno.test("a mirror ends its address and no other; a session with somebody there ends that address", () => {
  const { punching: machine, first } = punching([HOME6, HOME]);
  machine.opened(first[0]!);
  machine.failed(first[0]!, "mirror", 2_000, 0);
  const [other, ...more] = machine.take(3_000, half, yes);
  ok(other !== undefined);
  equal(more.length, 0);
  deepEqual(machine.met(other.host), [other.punch]);
  deepEqual(machine.take(9_000, half, yes), []);
});

Deno.test("addresses found anew keep their pauses; those that are gone are given up", () => {
  const { punching: machine, first } = punching([HOME]);
  deepEqual(machine.aim(1, [HOME]), []);
  deepEqual(machine.aim(1, [HOME6]), first);
  equal(machine.take(PUNCH_AFTER_MS, half, yes)[0]?.host, HOME6.host);
});

Deno.test("while a stretch could not start soon enough no attempt begins, and nobody is asked all the time", () => {
  const { punching: machine, first } = punching();
  machine.failed(first[0]!, "silent", 2_000, 0);
  deepEqual(machine.take(2_000, half, () => false), []);
  ok(machine.deadline > 2_000);
  equal(machine.take(machine.deadline, half, yes).length, 1);
});

Deno.test("the first minute is counted from the first attempt on", () => {
  for (const [began, expected] of [[59_500, 50], [60_949, 50], [61_000, 500]]) {
    const { punching: machine, first } = punching();
    machine.failed(first[0]!, "silent", 6_000, 0);
    const [late] = machine.take(began!, half, yes);
    machine.failed(late!.punch, "refused", began! + 1, 0);
    equal(machine.deadline - began!, expected);
  }
});

Deno.test("an introduction has 200 attempts in 20 s", () => {
  deepEqual(INTRODUCTION_LIMITS, { forMs: 20_000, attempts: 200 });
});

Deno.test("attempts are numbered from 1 on", () => {
  const { punching: machine, first } = punching([HOME6, HOME]);
  deepEqual(first, [1, 2]);
  machine.failed(1, "silent", 2_000, 0);
  equal(machine.take(2_000, half, yes)[0]?.punch, 3);
});

Deno.test("whatever ends a call's attempts says which of them were in the air", () => {
  const ends: Record<string, (machine: Machine) => PunchId[]> = {
    "it begins anew": (machine) => machine.begin(1, 5_000),
    "it is over": (machine) => machine.end(1),
    "no more of it": (machine) => machine.ban(1),
    "it has a connection": (machine) => machine.hold(1),
    "its addresses are gone": (machine) => machine.aim(1, []),
    "they have failed in vain": (machine) => (machine.fruitless(1), machine.fruitless(1), machine.fruitless(1)),
  };
  for (const [sentence, end] of Object.entries(ends)) {
    const { punching: machine, first } = punching([HOME6, HOME]);
    deepEqual(end(machine), first, sentence);
    deepEqual(first.map((punch) => machine.linked(punch)), [undefined, undefined], sentence);
    deepEqual(machine.take(5_500, half, yes), [], sentence);
  }
});

Deno.test("reports about a call or an attempt that does not exist do nothing", () => {
  const machine = new Machine();
  deepEqual(machine.aim(9, [HOME]), []);
  deepEqual([machine.hold(9), machine.fruitless(9), machine.ban(9), machine.end(9)], [[], [], [], []]);
  machine.release(9, 0, 0);
  equal(machine.linked(9), undefined);
  deepEqual(machine.failed(9, "mirror", 0, 0), []);
  deepEqual(machine.opened(9), [9], "it came too late");
  deepEqual([machine.remembered, machine.deadline], [0, Infinity]);
});

Deno.test("a call is remembered until it has its friend, and one that has ended for good until it is forgotten", () => {
  const machine = new Machine();
  machine.begin(1, 0);
  equal(machine.remembered, 1);
  machine.end(1);
  equal(machine.remembered, 0);
  machine.begin(1, 0);
  machine.ban(1);
  deepEqual(machine.aim(1, [HOME]), []);
  machine.end(1);
  equal(machine.remembered, 1);
  machine.begin(1, 0);
  machine.aim(1, [HOME]);
  const [attempt] = machine.take(PUNCH_AFTER_MS, half, yes);
  deepEqual(machine.forget(1), [attempt?.punch]);
  equal(machine.remembered, 0);
});

Deno.test("an attempt is open from its connection on, which is not in the air any more", () => {
  const machine = new Machine();
  const host = (call: number) => `192.0.2.${call}`;
  for (let call = 1; call <= 16; call++) {
    machine.begin(call, 0);
    machine.aim(call, [{ host: host(call), port: 7374 }]);
  }
  const first = machine.take(PUNCH_AFTER_MS, half, yes);
  equal(first.length, 8);
  for (const { punch } of first) {
    deepEqual(machine.opened(punch), []);
  }
  equal(machine.deadline, PUNCH_AFTER_MS);
  const second = machine.take(PUNCH_AFTER_MS, half, yes);
  equal(second.length, 8);
  equal(new Set([...first, ...second].map((attempt) => attempt.host)).size, 16);
  deepEqual([machine.linked(first[0]!.punch), machine.linked(first[0]!.punch)], [callAt(first[0]!), undefined]);
});

Deno.test("an attempt that became a link leaves its address free for the next one", () => {
  const { punching: machine, first } = punching();
  machine.opened(first[0]!);
  machine.linked(first[0]!);
  equal(machine.deadline, Infinity, "its connection is there");
  machine.release(1, 3_000, 0.25);
  equal(machine.deadline, 3_025);
  machine.release(1, 9_000, 0.5);
  equal(machine.deadline, 3_025, "there was nothing to give up any more");
});

Deno.test("a connection that fails gives each address of its call a pause, but not those that are tried", () => {
  const { punching: machine, first } = punching([HOME6, HOME]);
  machine.opened(first[0]!);
  machine.release(1, 2_000, 0.5);
  const [other, ...more] = machine.take(2_050, half, yes);
  ok(other !== undefined && more.length === 0, "the one that is open goes on by itself");
  deepEqual(machine.hold(1), [other.punch]);
  machine.failed(first[0]!, "failed", 4_000, 0.5);
  equal(machine.deadline, 4_050);
  equal(machine.take(4_050, half, yes).length, 2);
});

Deno.test("a mirror stays out though its address is found again, until the call begins anew", () => {
  const { punching: machine, first } = punching([HOME6, HOME]);
  machine.failed(first[0]!, "mirror", 2_000, 0);
  machine.failed(first[1]!, "silent", 2_000, 0);
  machine.aim(1, [HOME6, HOME]);
  const again = machine.take(3_000, half, yes);
  equal(again.length, 1);
  machine.failed(again[0]!.punch, "silent", 4_000, 0);
  machine.aim(1, [{ ...HOME6, port: HOME6.port + 1 }, { ...HOME, port: HOME.port + 1 }]);
  equal(machine.take(5_000, half, yes).length, 2, "another port is another place");
  machine.begin(1, 6_000);
  machine.aim(1, [HOME6, HOME]);
  equal(machine.take(60_000, half, yes).length, 2);
});

Deno.test("a mirror ends the address that it was seen at", () => {
  for (const at of [0, 1]) {
    const { punching: machine, first } = punching([HOME6, HOME]);
    const other = machine.failed(first[at]!, "mirror", 2_000, 0);
    deepEqual(other, []);
    machine.failed(first[1 - at]!, "silent", 3_000, 0);
    const [next, ...more] = machine.take(3_000, half, yes);
    equal(more.length, 0);
    // Each address has its number by the order in which the first ones were drawn.
    const { punching: same, first: numbers } = punching([HOME6, HOME]);
    same.failed(numbers[1 - at]!, "silent", 3_000, 0);
    equal(next?.host, same.take(3_000, half, yes)[0]?.host);
  }
});

Deno.test("with 20 begun within a second the next one is due when the first of them is a second old", () => {
  const machine = new Machine();
  machine.begin(1, 0);
  machine.aim(1, [HOME]);
  for (let n = 0; n < PUNCHES_PER_SECOND; n++) {
    const now = PUNCH_AFTER_MS + 10 * n;
    equal(machine.deadline, now);
    const [attempt] = machine.take(now, half, yes);
    machine.failed(attempt!.punch, "silent", now + 10, 0);
  }
  equal(machine.deadline, PUNCH_AFTER_MS + 1_000);
  deepEqual(machine.take(PUNCH_AFTER_MS + 999, half, yes), []);
  equal(machine.take(PUNCH_AFTER_MS + 1_000, half, yes).length, 1);
  equal(machine.deadline, Infinity, "it is in the air");
});

Deno.test("the order of a round is any of those there are, with one draw less than there are addresses", () => {
  const addresses = [1, 2, 3].map((n) => ({ host: `192.0.2.${n}`, port: 7374 }));
  const orders = new Set<string>();
  for (const first of [0, 0.4, 0.8]) {
    for (const second of [0, 0.9]) {
      const machine = new Machine();
      machine.begin(1, 0);
      machine.aim(1, addresses);
      const draws = [first, second];
      const begun = machine.take(PUNCH_AFTER_MS, () => draws.shift()!, yes);
      equal(new Set(begun.map(({ host }) => host)).size, 3);
      equal(draws.length, 0);
      orders.add(begun.map(({ host }) => host).join());
    }
  }
  equal(orders.size, 6);
});

Deno.test("a call that ends takes nobody else's turn away", () => {
  for (const unit of [0, 0.3, 0.5, 0.9]) {
    const machine = new Machine();
    for (let call = 1; call <= 12; call++) {
      machine.begin(call, 0);
      machine.aim(call, [{ host: `192.0.2.${call}`, port: 7374 }]);
    }
    const first = machine.take(PUNCH_AFTER_MS, () => unit, yes);
    const had = new Set(first.map(callAt));
    for (const { punch } of first) machine.failed(punch, "silent", PUNCH_AFTER_MS, 0);
    const waiting = Array.from({ length: 12 }, (_, n) => n + 1).filter((call) => !had.has(call));
    machine.end(waiting[0]!);
    const second = machine.take(PUNCH_AFTER_MS, () => unit, yes).map(callAt);
    deepEqual(second.slice(0, 3).toSorted((a, b) => a - b), waiting.slice(1));
  }
});

Deno.test("against routers that answer with resets two who call each other meet, at every distance", () => {
  for (const oneWayMs of [0.5, 2, 5, 20, 50, 150]) {
    const times: number[] = [];
    for (let seed = 1; seed <= 25; seed++) times.push(meetAgainstResets(oneWayMs, seed));
    times.sort((a, b) => a - b);
    ok(times.at(-1)! < 60_000, `${oneWayMs} ms: ${times.at(-1)}`);
    ok(times[12]! < (oneWayMs < 5 ? 15_000 : 4_000), `${oneWayMs} ms: median ${times[12]}`);
  }
});

/** When their SYNs have crossed. A router refuses a SYN unless its own home's attempt to that address is in the air. */
function meetAgainstResets(oneWayMs: number, seed: number): number {
  const random = new Random(seed);
  const timeline = new Timeline();
  const start = [0, random.unit() * 3_000];
  const sides = start.map((began) => ({ machine: new Machine(), flying: undefined as PunchId | undefined, began }));
  let met: number | undefined;
  const go = (i: 0 | 1) => {
    const [own, other] = [sides[i]!, sides[1 - i]!];
    if (met !== undefined) return;
    const [attempt] = own.machine.take(timeline.now, () => random.unit(), yes);
    if (attempt === undefined) return;
    own.flying = attempt.punch;
    timeline.after(oneWayMs, () => {
      if (other.flying !== undefined) return void (met ??= timeline.now);
      timeline.after(oneWayMs, () => {
        own.flying = undefined;
        own.machine.failed(attempt.punch, "refused", timeline.now, random.unit());
        timeline.at(own.machine.deadline, () => go(i));
      });
    });
  };
  for (const i of [0, 1] as const) {
    sides[i]!.machine.begin(1, start[i]!);
    sides[i]!.machine.aim(1, [HOME]);
    timeline.at(start[i]! + PUNCH_AFTER_MS, () => go(i));
  }
  for (let now = 100; now < 70_000 && met === undefined; now += 100) timeline.runUntil(now);
  return met ?? Infinity;
}

/** Of the calls that meet their friends at 192.0.2.1, 192.0.2.2 and so on. */
function callAt({ host }: Attempt): number {
  return Number(host.split(".").at(-1));
}

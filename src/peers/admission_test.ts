// Strangers in turn: each number of docs/PROTOCOL.md section 8 from both sides.

import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";
import fc from "fast-check";
import { hmacSha256 } from "../crypto/hmac.ts";
import { loadSodium } from "../crypto/sodium.ts";
import type { Entropy } from "../ports.ts";
import { Addresses, type Source } from "./addresses.ts";
import { Admission, type AdmissionOptions } from "./admission.ts";
import { type CallerId, Ranks } from "./ranks.ts";
import { Guesses } from "./guesses.ts";
import { Networks } from "./networks.ts";

const arena = await loadSodium([[32, 400], [64, 8], [256, 8]]);
const fixed: Entropy = (into) => into.fill(7);

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** Of one network each, 200 of them in a wide one. */
const v4 = (n: number, host = 1): Source => ({
  address: `10.${Math.floor(n / 200)}.${n % 200}.${host}`,
  network: `10.${Math.floor(n / 200)}.${n % 200}.0/24`,
  wide: `10.${Math.floor(n / 200)}.0.0/16`,
});

/** A listener's door on a clock of its own, and what has become of each caller. */
class Door implements Disposable {
  readonly admission: Admission;
  readonly said = new Map<CallerId, "start" | "shut">();
  readonly order: CallerId[] = [];
  now = 0;
  #next = 1;

  constructor(options?: AdmissionOptions) {
    this.admission = new Admission(arena, options);
  }

  /** Somebody calls; what is due is done. */
  call(source: Source, entropy: Entropy = fixed): CallerId {
    const id = this.#next++;
    if (!this.admission.arrive(id, source, this.now, entropy)) this.said.set(id, "shut");
    this.#move();
    return id;
  }

  /** Time passes, and nothing that is due waits for its end. */
  pass(ms: number): void {
    const end = this.now + ms;
    for (let turns = 0; this.admission.deadline <= end; turns++) {
      ok(turns < 200_000, "a deadline that was met comes again and again");
      this.now = Math.max(this.now, this.admission.deadline);
      this.#move();
    }
    this.now = end;
  }

  is(id: CallerId): "start" | "shut" | "waits" {
    return this.said.get(id) ?? "waits";
  }

  failed(id: CallerId): void {
    this.admission.failed(id, this.now);
    this.#move();
  }

  wrong(id: CallerId): void {
    this.admission.wrongGuess(id, this.now);
    this.#move();
  }

  right(id: CallerId): void {
    this.admission.authenticated(id, this.now);
    this.#move();
  }

  /** Calls, gets its turn, and guesses wrong. */
  guess(source: Source): void {
    const id = this.call(source);
    this.pass(50);
    equal(this.is(id), "start");
    this.wrong(id);
  }

  /** One guess of all, by somebody whose networks nobody shares. */
  spend(): void {
    const n = `lone ${this.#next}`;
    this.guess({ address: n, network: n, wide: n });
  }

  /** An address that has authenticated and has no connection open. */
  known(source: Source): void {
    const id = this.call(source);
    this.pass(50);
    this.right(id);
  }

  [Symbol.dispose](): void {
    this.admission[Symbol.dispose]();
  }

  #move(): void {
    for (const { move, caller } of this.admission.moves(this.now)) {
      this.said.set(caller, move);
      this.order.push(caller);
    }
  }
}

function test(sentence: string, body: (door: Door) => void, options?: AdmissionOptions): void {
  Deno.test(sentence, () => {
    {
      using door = new Door(options);
      body(door);
    }
    equal(arena.used, 0);
  });
}

/** As the process draws it from `fixed`. */
function lotOf(source: Source): number {
  using ranks = new Ranks(arena);
  return ranks.caller(1, source, false, 0, fixed).network.lot;
}

const range = (count: number) => Array.from({ length: count }, (_, n) => n);

// --- The room ---

test("a caller has their turn at once when nobody else calls", (door) => {
  equal(door.is(door.call(v4(1))), "start");
});

test("at most 20 a second leave the room", (door) => {
  const callers = range(100).map((n) => door.call(v4(n)));
  door.pass(999);
  equal(callers.filter((id) => door.is(id) === "start").length, 20);
  door.pass(1_000);
  equal(callers.filter((id) => door.is(id) === "start").length, 40);
});

test("two of a network wait, and a third is closed at once", (door) => {
  door.call(v4(0));
  deepEqual([1, 2, 3].map((host) => door.is(door.call(v4(1, host)))), ["waits", "waits", "shut"]);
});

test("a caller who has waited 20 s is closed", (door) => {
  while (door.admission.guessesLeft(door.now) >= 1) door.spend();
  const waits = range(10).map((n) => door.call(v4(5_000 + n)));
  door.pass(19_999);
  equal(waits.filter((id) => door.is(id) === "start").length, 3, "a guess comes back every 6 s");
  equal(waits.filter((id) => door.is(id) === "waits").length, 7);
  door.pass(1);
  equal(waits.filter((id) => door.is(id) === "shut").length, 7);
});

test("512 wait; when the room is full the worst rank is closed, not the last to come", (door) => {
  for (let k = 0; k < 3; k++) door.guess(v4(9_000)); // its network has wasted three turns
  door.pass(2_000);
  door.call(v4(0)); // takes the turn
  const worst = door.call(v4(9_000, 2));
  const others = range(511).map((n) => door.call(v4(1 + n)));
  equal(door.admission.waiting, 512);
  equal(door.is(worst), "waits");
  const newcomer = door.call(v4(7_000));
  equal(door.is(worst), "shut");
  equal(door.is(newcomer), "waits");
  ok(others.every((id) => door.is(id) === "waits"));
});

test("where descriptors are few, those that can be spared are halved between who waits and who has a place", (door) => {
  range(60).map((n) => (door.call(v4(n)), door.pass(50)));
  equal(door.admission.places, 18);
  equal(door.admission.waiting, 16);
  using tiny = new Door({ descriptors: { limit: 34, left: 10 } });
  const [first = 0] = range(20).map((n) => {
    const id = tiny.call(v4(n));
    tiny.pass(50);
    return id;
  });
  deepEqual([tiny.admission.places, tiny.admission.waiting], [2, 2]);
  tiny.pass(4_100);
  equal(tiny.is(first), "shut", "who has had four seconds makes room");
  using large = new Door({ descriptors: { limit: 1024, left: 1000 } });
  for (let n = 0; n < 600; n++) large.call(v4(n));
  equal(large.admission.waiting, 256, "a quarter of them at most");
}, { descriptors: { limit: 64, left: 40 } });

Deno.test("however few descriptors are left, one may wait and one have a place, and of more each has a half", () => {
  const table = [
    // limit, left, who waits, who has a place
    [1_000, 0, 1, 1],
    [1_000, 8, 1, 1],
    [1_000, 9, 1, 2],
    [1_000, 10, 2, 2],
    [1_000, 11, 2, 3],
    [4, 11, 1, 4],
    [3, 8, 1, 1],
    [8, 20, 2, 12],
  ] as const;
  for (const [limit, left, waiting, places] of table) {
    using door = new Door({ descriptors: { limit, left } });
    for (let n = 0; n < 20; n++) door.call(v4(n)), door.pass(50);
    deepEqual([door.admission.waiting, door.admission.places], [waiting, places], `${left} of ${limit}`);
  }
  equal(arena.used, 0);
});

Deno.test("callers who are closed at once are told so: a network's third, one too many in a minute, a known one without a place", () => {
  using admission = new Admission(arena);
  const arrive = (id: CallerId, source: Source) => admission.arrive(id, source, 0, fixed);
  deepEqual([1, 2, 3].map((host) => arrive(host, v4(1, host))), [true, true, false]);
  for (let n = 0; n < 30; n++) admission.failed(arrive(10, v4(2)) ? 10 : 0, 0);
  equal(arrive(11, v4(2)), false);
  admission.admit(12, v4(3), 0, fixed);
  admission.authenticated(12, 0);
  deepEqual([20, 21, 22, 23, 24].map((id) => arrive(id, v4(3))), [true, true, true, true, false]);
});

Deno.test("one that both sides have opened is counted with its address, and needs a place and a guess unless it is known", () => {
  using admission = new Admission(arena);
  const admit = (id: CallerId, source: Source) => admission.admit(id, source, 0, fixed);
  for (let n = 0; n < 30; n++) equal(admit(1, v4(1)), true), admission.gaveUp(1, 0);
  equal(admit(2, v4(1)), false, "the thirty-first in a minute");
  const ids = range(64).map((n) => 100 + n);
  deepEqual(ids.map((id) => admit(id, v4(id))), Array(64).fill(true));
  equal(admit(200, v4(200)), false, "no place is free");
  admission.authenticated(100, 0);
  admission.authenticated(101, 0);
  equal(admit(300, v4(300)), true);
  const left = admission.guessesLeft(0);
  deepEqual([admit(201, v4(201)), admit(202, v4(202))], [true, false]);
  deepEqual([203, 204, 205, 206, 207].map((id) => admit(id, v4(100))), [true, true, true, true, false]);
  equal(admission.places, 68);
  equal(admit(208, v4(101)), false, "four more for all who are known");
  equal(left - admission.guessesLeft(0), 1, "who is known has none set aside");
});

Deno.test("one that both sides have opened and that got no place leaves no trace of its network", () => {
  let drawn = 0;
  const lots: Entropy = (into) => (drawn++, into.fill(7));
  using ranks = new Ranks(arena);
  const one = ranks.caller(1, v4(1), false, 0, lots);
  const other = ranks.caller(2, v4(1, 2), false, 0, lots);
  equal(one.network, other.network);
  equal(drawn, 1, "one key for the process");
  one.network.places++;
  ranks.forget(other);
  equal(ranks.caller(3, v4(1), false, 0, lots).network, one.network);
  one.network.places--;
  one.network.waiting.push(one);
  ranks.forget(other);
  equal(ranks.caller(3, v4(1), false, 0, lots).network, one.network);
  equal(ranks.waitingFrom(v4(1).network), 1);
  one.network.waiting.pop();
  ranks.forget(one);
  equal(ranks.waitingFrom(v4(1).network), 0);
  ok(ranks.caller(4, v4(1), false, 0, lots).network !== one.network);
  equal(drawn, 1);
});

test("arriving alone leaves no record: a caller who was closed in the room is as good as new", (door) => {
  door.call(v4(0));
  for (let n = 0; n < 40; n++) door.call(v4(1, n % 3)); // two wait, the others are closed
  door.pass(40);
  const [newcomer, again] = [door.call(v4(2)), door.call(v4(3))];
  door.pass(1_000);
  ok(door.is(newcomer) === "start" && door.is(again) === "start");
});

// --- Rank ---

test("a network that has not wasted a turn goes before one that has, however long that waits", (door) => {
  const wasted = door.call(v4(1));
  door.failed(wasted);
  const again = door.call(v4(1));
  const newcomer = door.call(v4(2));
  door.pass(50);
  deepEqual([door.is(again), door.is(newcomer)], ["waits", "start"]);
  door.pass(50);
  equal(door.is(again), "start");
});

test("a place that a network holds counts as a turn wasted, and its second in the room too", (door) => {
  equal(door.is(door.call(v4(1, 1))), "start");
  const holds = door.call(v4(1, 2));
  const [first, second] = [door.call(v4(2, 1)), door.call(v4(2, 2))];
  const other = door.call(v4(3));
  door.pass(50 * 5);
  const turn = (id: CallerId) => door.order.indexOf(id);
  ok(turn(first) < turn(holds) && turn(other) < turn(holds), "who holds nothing goes first");
  ok(turn(first) < turn(second) && turn(other) < turn(second), "second ones go last");
});

Deno.test("a score is halved every ten minutes, and a 64th of it counts for the wide network", () => {
  const networks = new Networks();
  for (let n = 0; n < 8; n++) networks.wasted(v4(1), false, 0);
  equal(networks.score(v4(1), 0), 8 + 8 / 64);
  equal(networks.score(v4(1), 10 * MINUTE), 4 + 4 / 64);
  equal(networks.score(v4(1), 30 * MINUTE), 1 + 1 / 64);
  equal(networks.score(v4(2), 0), 8 / 64, "a neighbour");
  equal(networks.score(v4(400), 0), 0, "of another wide network");
  networks.wasted(v4(1), false, 10 * MINUTE);
  equal(networks.score(v4(1), 10 * MINUTE), 5 + 5 / 64);
});

Deno.test("a success sets its network's score and wrong guesses to nothing", () => {
  const networks = new Networks();
  for (let n = 0; n < 3; n++) networks.wasted(v4(1), true, 0);
  networks.authenticated(v4(1));
  equal(networks.wrongGuesses(v4(1), 0), 0);
  equal(networks.score(v4(1), 0), 3 / 64);
});

Deno.test("one wrong guess is forgotten every 8 hours, and a 64th of the wide network's counts, rounded down", () => {
  const networks = new Networks();
  for (let n = 0; n < 3; n++) networks.wasted(v4(1), true, 0);
  deepEqual([0, 8 * HOUR - 1, 8 * HOUR, 16 * HOUR, 24 * HOUR].map((at) => networks.wrongGuesses(v4(1), at)), [
    3,
    3,
    2,
    1,
    0,
  ]);
  networks.wasted(v4(1), true, 12 * HOUR);
  deepEqual([12 * HOUR, 16 * HOUR].map((at) => networks.wrongGuesses(v4(1), at)), [3, 2], "forgetting goes on");
  const wide = new Networks();
  for (let n = 0; n < 63; n++) wide.wasted(v4(n), true, 0);
  equal(wide.wrongGuesses(v4(100), 0), 0);
  wide.wasted(v4(63), true, 0);
  equal(wide.wrongGuesses(v4(100), 0), 1);
  equal(wide.wrongGuesses(v4(300), 0), 0);
});

Deno.test("every 8 hours of a wrong guess begin with the first that counts, and a turn wasted without one counts as none", () => {
  const wrongAt = (...hours: number[]) => {
    const networks = new Networks();
    for (const hour of hours) networks.wasted(v4(1), true, hour * HOUR);
    networks.wasted(v4(1), false, hours.at(-1)! * HOUR);
    return (hour: number) => networks.wrongGuesses(v4(1), hour * HOUR);
  };
  const table = [
    { wrong: [10, 10, 19], is: [[19, 2], [25.9, 2], [26, 1], [33.9, 1], [34, 0]] },
    { wrong: [0, 9], is: [[9, 1], [16.5, 1], [17, 0]] },
    { wrong: [0, 0, 9], is: [[9, 2], [16, 1], [24, 0]] },
    { wrong: [0, 40], is: [[40, 1], [47.9, 1], [48, 0]] },
  ];
  for (const { wrong, is } of table) {
    const count = wrongAt(...wrong);
    for (const [hour, many] of is) equal(count(hour!), many, `${wrong}: at ${hour}`);
  }
});

Deno.test("8192 networks and 1024 wide ones are remembered, the least recent is forgotten first", () => {
  const networks = new Networks();
  const source = (n: number): Source => ({ address: `${n}`, network: `n${n}`, wide: `w${n}` });
  for (let n = 0; n < 9_000; n++) networks.wasted(source(n), true, 0);
  equal(networks.size, 8_192 + 1_024);
  equal(networks.wrongGuesses(source(9_000 - 8_193), 0), 0);
  equal(networks.wrongGuesses(source(9_000 - 8_192), 0), 1);
});

test("equals go by a lot that is fixed for each network, and which the process draws", () => {
  const first = range(40).map((n) => v4(n));
  const orderOf = (entropy: Entropy) => {
    using one = new Door();
    one.call(v4(999), entropy);
    const ids = first.map((source) => one.call(source, entropy));
    one.pass(60 * 50);
    return one.order.slice(1).map((id) => ids.indexOf(id));
  };
  const order = orderOf(fixed);
  deepEqual(order, orderOf(fixed), "the same key, the same order");
  ok(order.toString() !== orderOf((into) => into.fill(9)).toString(), "another key, another one");
  ok(order.toString() !== range(40).toString(), "and not that of their arrival");
});

// --- Places ---

test("64 have a place at once, and one given back can be taken", (door) => {
  const callers = range(70).map((n) => (door.pass(50), door.call(v4(n))));
  equal(door.admission.places, 64);
  door.failed(callers[3]!);
  equal(door.admission.places, 64);
});

test("with no place free, a stranger who has been there for 4 s makes way for one who waits, and nobody sooner", (door) => {
  for (let n = 0; n < 64; n++) door.call(v4(n)), door.pass(50);
  const since = door.now;
  const newcomer = door.call(v4(500));
  door.pass(4_000 - 64 * 50 - 1);
  equal(door.is(newcomer), "waits");
  door.pass(64 * 50);
  equal(door.is(newcomer), "start");
  ok(door.now - since < 8_000);
  equal([...door.said.values()].filter((said) => said === "shut").length, 1);
});

test("of those who may be closed, the worst rank goes first, then the one who has been there longest", (door) => {
  for (let k = 0; k < 2; k++) door.failed(door.call(v4(50))), door.pass(50);
  const ids = range(64).map((n) => {
    const id = door.call(v4(n));
    door.pass(50);
    return id;
  });
  door.pass(4_000);
  const newcomer = door.call(v4(500));
  equal(door.is(newcomer), "start");
  equal(door.is(ids[50]!), "shut", "whose network had wasted two turns");
  using other = new Door();
  const same = [1, 2, 3].map((host) => {
    const id = other.call(v4(0, host));
    other.pass(50);
    return id;
  });
  for (let n = 1; n < 62; n++) other.call(v4(n)), other.pass(50);
  other.pass(4_000);
  other.call(v4(500));
  deepEqual(same.map((id) => other.is(id)), ["shut", "start", "start"]);
});

test("with nobody waiting nobody loses a place", (door) => {
  const ids = range(64).map((n) => {
    door.pass(50);
    return door.call(v4(n));
  });
  door.pass(HOUR);
  ok(ids.every((id) => door.is(id) === "start"));
});

test("a network has at most 8 places, and an address 4", (door) => {
  const start = (source: Source) => {
    const id = door.call(source);
    door.pass(50);
    return door.is(id);
  };
  deepEqual(range(5).map(() => start(v4(1))), ["start", "start", "start", "start", "waits"]);
  deepEqual(range(4).map((n) => start(v4(1, 2 + n))), ["start", "start", "start", "start"]);
  equal(start(v4(1, 9)), "waits");
  equal(start(v4(2)), "start");
});

Deno.test("of equals the network of the higher lot makes room, in whichever order they came, and its guess goes back", () => {
  for (const order of [range(6), range(6).reverse()]) {
    using door = new Door({ descriptors: { limit: 34, left: 14 } }); // four places
    const ids = order.slice(0, 4).map((n) => {
      const id = door.call(v4(n));
      door.pass(50);
      return [lotOf(v4(n)), id] as const;
    });
    door.pass(5_000);
    const before = door.admission.guessesLeft(door.now);
    equal(door.is(door.call(v4(700))), "start");
    deepEqual(ids.filter(([, id]) => door.is(id) === "shut"), [ids.toSorted(([a], [b]) => b - a)[0]]);
    equal(door.admission.guessesLeft(door.now), before, "one given back, one set aside");
    equal(door.admission.places, 4);
  }
});

Deno.test("when the room is full the higher lot of equals is closed, in whichever order they came", () => {
  const orders = [[1, 2, 3], [1, 3, 2], [2, 1, 3], [2, 3, 1], [3, 1, 2], [3, 2, 1]];
  for (const order of orders) {
    using door = new Door({ descriptors: { limit: 8, left: 20 } }); // two may wait
    door.call(v4(0));
    const ids = order.map((n) => [lotOf(v4(n)), door.call(v4(n))] as const);
    deepEqual(ids.filter(([, id]) => door.is(id) === "shut"), [ids.toSorted(([a], [b]) => b - a)[0]]);
  }
});

Deno.test("a caller who may not guess is closed before one of worse rank, and one who needs just as many as are left may guess", () => {
  const lone = (n: number): Source => ({ address: `a${n}`, network: `n${n}`, wide: `w${n}` });
  const other = (source: Source): Source => ({ ...source, address: `${source.address}, another` });
  for (const [left, worseGoes] of [[301, true], [300, false]] as const) {
    for (const worseFirst of [true, false]) {
      using door = new Door({ descriptors: { limit: 8, left: 20 } }); // two may wait
      const { admission } = door;
      for (let k = 0; k < 3; k++) admission.admit(10 + k, lone(1), 0, fixed), admission.failed(10 + k, 0);
      admission.admit(20, lone(2), 0, fixed);
      admission.wrongGuess(20, 0);
      for (let n = 1_199; n > left; n--) {
        admission.admit(1_000 + n, lone(1_000 + n), 0, fixed), admission.wrongGuess(1_000 + n, 0);
      }
      equal(admission.guessesLeft(0), left);
      const wait = (id: number, source: Source) => admission.arrive(id, source, 0, fixed);
      wait(1, other(lone(worseFirst ? 1 : 2)));
      wait(2, other(lone(worseFirst ? 2 : 1)));
      wait(3, lone(3));
      const shut = admission.moves(0).flatMap(({ move, caller }) => move === "shut" ? [caller] : []);
      deepEqual(shut, [worseGoes === worseFirst ? 1 : 2], `${left} left`);
    }
  }
});

test("a caller who has waited is safe for 4 s from getting a place, not from arriving", (door) => {
  const ids = [1, 2, 3].map((n) => door.call(v4(n)));
  door.pass(100);
  const [first, second] = door.order;
  const [third] = ids.filter((id) => door.is(id) === "waits");
  if (first === undefined || second === undefined || third === undefined) throw new Error("nobody waits");
  equal(first, ids[0]);
  equal(door.admission.deadline, 4_000, "when the first may be closed");
  door.pass(3_899);
  equal(door.is(third), "waits");
  door.pass(1);
  deepEqual([first, second, third].map((id) => door.is(id)), ["shut", "start", "start"]);
  door.pass(50);
  const fourth = door.call(v4(4));
  deepEqual([second, third, fourth].map((id) => door.is(id)), ["shut", "start", "start"]);
  const fifth = door.call(v4(5));
  door.pass(3_949);
  deepEqual([third, fourth, fifth].map((id) => door.is(id)), ["start", "start", "waits"]);
  door.pass(1);
  deepEqual([third, fourth, fifth].map((id) => door.is(id)), ["shut", "start", "start"]);
}, { descriptors: { limit: 34, left: 10 } });

test("nothing that a network wasted before its success counts in its rank", (door) => {
  const { admission } = door;
  for (const [n, times] of [[1, 2], [300, 1]] as const) {
    for (let k = 0; k < times; k++) admission.admit(100, v4(n), 0, fixed), admission.failed(100, 0);
  }
  admission.admit(100, v4(1), 0, fixed);
  admission.authenticated(100, 0);
  door.call(v4(999));
  const [worse, better] = [door.call(v4(300, 2)), door.call(v4(1, 2))];
  door.pass(50);
  deepEqual([door.is(worse), door.is(better)], ["waits", "start"]);
});

test("a start is 50 ms behind the last one, whatever has become of that", (door) => {
  const first = door.call(v4(0));
  const second = door.call(v4(1));
  equal(door.admission.deadline, 50);
  door.failed(first);
  equal(door.is(second), "waits");
  equal(door.admission.deadline, 50);
  door.pass(49);
  equal(door.is(second), "waits");
  door.pass(1);
  equal(door.is(second), "start");
});

test("a network's second one still waits when its first has gone, and counts", (door) => {
  door.call(v4(0));
  const [first, second] = [door.call(v4(1, 1)), door.call(v4(1, 2))];
  door.failed(first);
  equal(door.is(second), "waits");
  deepEqual([3, 4].map((host) => door.is(door.call(v4(1, host)))), ["waits", "shut"]);
});

test("for a caller who cannot have a place nothing is due but the end of the wait", (door) => {
  for (let n = 0; n < 4; n++) door.call(v4(1)), door.pass(50);
  door.call(v4(1));
  equal(door.admission.deadline, door.now + 20_000);
  door.failed(1);
  equal(door.is(5), "start");
  equal(door.admission.deadline, Infinity);
});

test("what is due is at least a millisecond away: fractions of one bring no timer after another", (door) => {
  for (let n = 0; n < 4; n++) door.call(v4(1)), door.pass(50);
  door.call(v4(1));
  door.now += 20_000 - 0.5;
  door.call(v4(2));
  equal(door.admission.deadline, door.now + 1);
  door.pass(1);
  equal(door.is(5), "shut");
});

test("of an address whose callers have all gone no count is left", (door) => {
  const { set } = Map.prototype;
  const maps = new Set<Map<unknown, unknown>>();
  Map.prototype.set = function (key, value) {
    maps.add(this);
    return set.call(this, key, value);
  };
  try {
    const ids = range(20).map((n) => {
      const id = door.call(v4(n));
      door.pass(50);
      return id;
    });
    const counts = () => [...maps].flatMap((map) => [...map.values()]).filter((value) => typeof value === "number");
    deepEqual(counts(), Array(20).fill(1));
    for (const id of ids) door.failed(id);
    deepEqual(counts(), []);
  } finally {
    Map.prototype.set = set;
  }
});

test("for a caller who waits for a guess nothing is due until there is one", (door) => {
  while (door.admission.guessesLeft(door.now) >= 1) door.spend();
  door.pass(100);
  const since = door.now;
  door.call(v4(1));
  const missing = 1 - door.admission.guessesLeft(since);
  ok(Math.abs(door.admission.deadline - since - missing * 6_000) < 1e-6);
});

test("what is to be done is said once", (door) => {
  const { admission } = door;
  door.known(v4(1));
  admission.arrive(100, v4(1), door.now, fixed);
  deepEqual(admission.moves(door.now), [{ move: "start", caller: 100 }]);
  deepEqual(admission.moves(door.now), []);
});

test("once the door is closed nobody waits any longer, and nothing is due", (door) => {
  const ids = range(4).map((n) => door.call(v4(n)));
  const closed = door.admission.close(door.now);
  deepEqual(closed, ids.slice(1).map((caller) => ({ move: "shut", caller })));
  deepEqual([door.admission.waiting, door.admission.places, door.admission.deadline], [0, 1, Infinity]);
  deepEqual(door.admission.moves(door.now), []);
  deepEqual(door.admission.close(door.now), []);
});

test("what is told of somebody who has no place is nothing", (door) => {
  const { admission } = door;
  door.call(v4(0));
  const waits = door.call(v4(1));
  for (const id of [99, waits]) {
    admission.wrongGuess(id, 0);
    admission.authenticated(id, 0);
    admission.hereAlready(id, 0);
    admission.gaveUp(id, 0);
    equal(admission.mayCheck(id, 0), true);
  }
  admission.failed(99, 0);
  deepEqual([door.is(waits), admission.waiting, admission.places, admission.guessesLeft(0)], ["waits", 1, 1, 1_199]);
});

test("of a caller who has gone, however they went, no network is left", (door) => {
  const { caller } = Ranks.prototype;
  const networks: unknown[] = [];
  Ranks.prototype.caller = function (...of) {
    const made = caller.apply(this, of);
    networks.push(made.network);
    return made;
  };
  try {
    const { admission } = door;
    let id = 100;
    const again = (go: (id: CallerId) => void, may = true) => {
      equal(admission.admit(++id, v4(1), 0, fixed), may);
      go(id);
    };
    again((id) => admission.failed(id, 0));
    again((id) => admission.gaveUp(id, 0));
    again((id) => admission.wrongGuess(id, 0));
    for (let n = 0; n < 64; n++) admission.admit(1_000 + n, v4(100 + n), 0, fixed);
    networks.splice(3);
    again(() => {}, false);
    again(() => {}, false);
    admission.arrive(++id, v4(1), 0, fixed);
    admission.close(0);
    admission.arrive(++id, v4(1), 0, fixed);
    equal(new Set(networks).size, networks.length);
  } finally {
    Ranks.prototype.caller = caller;
  }
});

Deno.test("a rank is what the network has wasted and holds, its second in the room one more, and is looked up every 50 ms", () => {
  using ranks = new Ranks(arena);
  const [first, second] = [1, 2].map((host) => ranks.caller(host, v4(1, host), false, 1_000, fixed));
  first!.network.waiting.push(first!, second!);
  const both = (now: number) => [ranks.inRoom(first!, now), ranks.inRoom(second!, now)];
  deepEqual(both(1_000), [0, 1]);
  first!.network.places = 2;
  deepEqual(both(1_000), [2, 3]);
  ranks.wasted(first!, true, 1_000);
  const wasted = 2 + 1 + 1 / 64;
  deepEqual(both(1_000), [wasted, wasted + 1]);
  equal(ranks.wrongGuesses(second!, 1_000), 1);
  deepEqual(both(1_049), [wasted, wasted + 1]);
  ok(both(1_050)[0]! < wasted);
  ok(both(1_050)[0]! > wasted - 1e-3);
  ranks.authenticated(second!);
  ok(both(1_050)[0]! < 2 + 1 / 64);
  equal(ranks.wrongGuesses(first!, 1_050), 0);
});

Deno.test("a network's lot is the first 48 bits of what HMAC makes of it", () => {
  const out = new Uint8Array(32);
  hmacSha256(out, new Uint8Array(32).fill(7), new TextEncoder().encode(v4(1).network));
  equal(lotOf(v4(1)), parseInt(out.subarray(0, 6).toHex(), 16));
});

// --- Guesses ---

test("a guess is set aside at the start, and given back unless the confirmation is wrong", (door) => {
  const guesses = () => door.admission.guessesLeft(door.now);
  const one = door.call(v4(1));
  equal(guesses(), 1_199);
  door.failed(one);
  equal(Math.floor(guesses()), 1_200);
  door.pass(50);
  door.right(door.call(v4(2)));
  equal(Math.floor(guesses()), 1_200);
  door.pass(50);
  door.wrong(door.call(v4(3)));
  equal(Math.floor(guesses()), 1_199);
  const known = door.call(v4(2));
  equal(Math.floor(guesses()), 1_199, "who is known has none set aside");
  door.failed(known);
  equal(Math.floor(guesses()), 1_199);
  door.wrong(door.call(v4(2)));
  equal(Math.floor(guesses()), 1_198, "and spends one all the same");
});

test("one that both sides have opened sets a guess aside as well, and is turned away where there is none", (door) => {
  const admit = (id: CallerId, n: number) => door.admission.admit(id, v4(n), door.now, fixed);
  const guesses = () => Math.floor(door.admission.guessesLeft(door.now));
  equal(admit(900, 1), true);
  equal(guesses(), 1_199);
  door.failed(900);
  equal(guesses(), 1_200);
  while (door.admission.guessesLeft(door.now) >= 1) door.spend();
  equal(admit(901, 9_999), false);
});

test("a right phrase is checked although strangers have used up all guesses meanwhile", (door) => {
  const friend = door.call(v4(9_999));
  door.pass(50);
  while (door.admission.guessesLeft(door.now) >= 1) door.spend();
  equal(door.is(friend), "start");
  equal(door.admission.mayCheck(friend, door.now), true);
});

Deno.test("guesses of all together: 1200 at once, 10 more a minute, never more than 1200", () => {
  const guesses = new Guesses();
  for (let n = 0; n < 1_200; n++) guesses.take(0);
  equal(guesses.left(0), 0);
  equal(guesses.left(6_000), 1);
  equal(guesses.leftAt(2, 6_000), 12_000);
  equal(guesses.leftAt(1, 6_000), 6_000);
  guesses.giveBack(6_000);
  equal(guesses.left(6_000), 2);
  equal(guesses.leftAt(1, 6_000), 6_000, "there are more than that");
  equal(guesses.left(0), 2, "a clock that goes back takes none away");
  equal(guesses.left(HOUR * 3), 1_200);
  guesses.giveBack(HOUR * 3);
  equal(guesses.left(HOUR * 3), 1_200);
});

test("with k wrong guesses a network needs 1, 301, 601, 901 left: the last 300 are for those with none", (door) => {
  // Of many wide networks, so that these count for nothing.
  const lone = (n: number): Source => ({ address: `a${n}`, network: `n${n}`, wide: `w${n}` });
  const k = (n: number) => lone(10_000 + n);
  for (let n = 1; n <= 4; n++) for (let times = 0; times < n; times++) door.guess(k(n)), door.pass(10_000);
  door.pass(3 * HOUR);
  const need = [1, 301, 601, 901, 901];
  const spent = () => 1_200 - door.admission.guessesLeft(door.now);
  let stranger = 0;
  for (const most of [4, 3, 2, 1, 0]) {
    // One less than it needs; the address itself has no wait any more.
    while (1_200 - spent() >= need[most]!) door.spend(), stranger++;
    const id = door.call(most === 0 ? lone(20_000) : { ...k(most), address: `other ${most}` });
    door.pass(50);
    equal(door.is(id), "waits", `k = ${most}`);
    door.failed(id);
    door.pass(6_000);
    const next = door.call(most === 0 ? lone(20_001) : { ...k(most), address: `other ${most}` });
    door.pass(50);
    equal(door.is(next), "start", `k = ${most}`);
    door.failed(next);
  }
  ok(stranger > 1_000);
});

test("a place that a network holds counts like a wrong guess of it", (door) => {
  while (door.admission.guessesLeft(door.now) >= 302) door.spend();
  equal(door.is(door.call(v4(1, 1))), "start");
  const second = door.call(v4(1, 2));
  door.pass(50);
  equal(door.is(second), "waits");
  const other = door.call(v4(2));
  equal(door.is(other), "start");
});

test("when the room is full, those who may not guess are closed before those who may", (door) => {
  door.guess(v4(1));
  door.pass(50);
  while (door.admission.guessesLeft(door.now) >= 300) door.spend();
  door.call(v4(0));
  const mayNot = door.call(v4(1, 2));
  for (let n = 0; n < 511; n++) door.call(v4(200 + n));
  equal(door.is(mayNot), "waits");
  door.call(v4(5_000));
  equal(door.is(mayNot), "shut");
});

// --- Addresses ---

test("an address opens 30 connections a minute", (door) => {
  const open = () => {
    const id = door.call(v4(1));
    door.pass(50);
    door.failed(id);
    return door.said.get(id);
  };
  for (let i = 0; i < 30; i++) equal(open(), "start");
  equal(open(), "shut");
  door.pass(MINUTE - 31 * 50);
  equal(open(), "start"); // the first of them is a minute old
});

Deno.test("after the third guess and each further one an address waits 2^(k-3) s, up to 600", () => {
  const addresses = new Addresses();
  for (let k = 1; k <= 14; k++) {
    const now = k * 700_000;
    addresses.wrongGuess(v4(1), now);
    const wait = k < 3 ? 0 : Math.min(2 ** (k - 3), 600) * 1000;
    equal(Math.max(0, addresses.waitUntil(v4(1)) - now), wait, `guess ${k}`);
  }
});

test("a caller who has to wait is closed at once, and no longer when the wait is over", (door) => {
  for (let k = 1; k <= 14; k++) {
    door.pass(700_000);
    door.guess(v4(1));
    const wait = k < 3 ? 0 : Math.min(2 ** (k - 3), 600) * 1000;
    if (wait === 0) continue;
    door.pass(wait - 1);
    equal(door.is(door.call(v4(1))), "shut", `guess ${k}`);
    door.pass(1);
    const id = door.call(v4(1));
    door.pass(50);
    equal(door.is(id), "start", `guess ${k}`);
    door.failed(id);
  }
});

test("no answer is checked while its address has to wait, not even on connections opened before the wait", (door) => {
  const ids = range(4).map(() => (door.pass(50), door.call(v4(1))));
  door.pass(50);
  ok(ids.every((id) => door.is(id) === "start" && door.admission.mayCheck(id, door.now)));
  for (const id of ids.slice(0, 3)) door.wrong(id);
  equal(door.admission.mayCheck(ids[3]!, door.now), false);
  equal(door.admission.mayCheck(ids[3]!, door.now + 999), false);
  equal(door.admission.mayCheck(ids[3]!, door.now + 1_000), true);
});

test("a success ends the wait of its address, which is known from then on and waits 30 s at most", (door) => {
  const ids = range(4).map(() => (door.pass(50), door.call(v4(1))));
  door.pass(50);
  for (const id of ids.slice(0, 3)) door.wrong(id);
  door.right(ids[3]!);
  equal(door.is(door.call(v4(1))), "start");
  const addresses = new Addresses();
  addresses.authenticated(v4(2));
  for (let k = 0; k < 12; k++) addresses.wrongGuess(v4(2), 1_000);
  deepEqual([addresses.arrive(v4(2), 30_999), addresses.arrive(v4(2), 31_000)], [false, true]);
});

test("an address that authenticated needs no room, no turn and no guess, and has 4 places more", (door) => {
  for (let n = 0; n < 6; n++) door.known(v4(900 + n));
  while (door.admission.guessesLeft(door.now) >= 66) door.spend();
  const strangers = range(64).map((n) => (door.pass(50), door.call(v4(n))));
  for (let n = 0; n < 400; n++) door.call(v4(1_000 + n));
  ok(door.admission.guessesLeft(door.now) < 3);
  const friends = range(6).map((n) => door.call(v4(900 + n)));
  deepEqual(friends.map((id) => door.is(id)), ["start", "start", "start", "start", "shut", "shut"]);
  equal(door.admission.places, 68);
  ok(strangers.every((id) => door.is(id) === "start"));
  door.pass(10_000);
  ok(friends.slice(0, 4).every((id) => door.is(id) === "start"), "and nobody is closed for a stranger's sake");
});

test("a connection whose PeerId has a session counts as nothing", (door) => {
  for (let i = 0; i < 100; i++) {
    const id = door.call(v4(1));
    equal(door.is(id), "start");
    door.admission.hereAlready(id, door.now);
    door.pass(50);
  }
  equal(door.admission.places, 0);
  equal(Math.floor(door.admission.guessesLeft(door.now)), 1_200);
  const [, newcomer] = [door.call(v4(3)), door.call(v4(1))];
  const other = door.call(v4(2));
  door.pass(50);
  ok([newcomer, other].some((id) => door.is(id) === "start"), "nor is its network worse for it");
});

Deno.test("at most 1024 addresses are remembered, 64 of a network, and 64 that authenticated apart from them", () => {
  const addresses = new Addresses();
  const waits = (source: Source) => addresses.waitUntil(source) > 0;
  const guesses = (source: Source) => {
    for (let k = 0; k < 3; k++) addresses.wrongGuess(source, 0);
  };
  guesses(v4(0));
  for (let n = 1; n <= 1_023; n++) guesses(v4(n));
  ok(waits(v4(0)));
  guesses(v4(1_024));
  ok(!waits(v4(0)) && waits(v4(1)));
  for (let host = 0; host < 65; host++) guesses(v4(5_000, host));
  ok(!waits(v4(5_000, 0)) && waits(v4(5_000, 1)));
  for (let n = 0; n < 64; n++) addresses.authenticated(v4(6_000 + n));
  for (let n = 0; n < 3_000; n++) guesses(v4(10_000 + n));
  ok(addresses.isKnown(v4(6_000)));
  addresses.authenticated(v4(6_064));
  ok(!addresses.isKnown(v4(6_000)) && addresses.isKnown(v4(6_001)));
});

Deno.test("a minute of an address is the last one, whenever it is, and what was turned away is no part of it", () => {
  const addresses = new Addresses();
  const at = (now: number) => addresses.arrive(v4(1), now);
  deepEqual(range(31).map((n) => at(100_000 + n)), [...Array(30).fill(true), false]);
  deepEqual([at(159_999), at(160_000), at(160_000), at(160_001)], [false, true, false, true]);
  addresses.uncount(v4(1));
  deepEqual([at(160_001), at(160_001)], [true, false], "what counts as nothing makes room for one");
});

Deno.test("two wrong guesses make nobody wait, and a success forgets those before it", () => {
  const addresses = new Addresses();
  const waits = (times: number) => {
    for (let k = 0; k < times; k++) addresses.wrongGuess(v4(1), 5_000);
    return addresses.waitUntil(v4(1));
  };
  equal(waits(2), -Infinity);
  addresses.authenticated(v4(1));
  equal(waits(2), -Infinity);
  equal(waits(1), 6_000, "what is held against a known address stands with it");
  deepEqual([addresses.arrive(v4(1), 5_999), addresses.arrive(v4(1), 6_000)], [false, true]);
  addresses.authenticated(v4(1));
  equal(waits(0), -Infinity);
});

Deno.test("of a network's 64 addresses and of the 64 known ones the one is forgotten that was used least recently", () => {
  const addresses = new Addresses();
  for (let host = 0; host < 64; host++) for (let k = 0; k < 3; k++) addresses.wrongGuess(v4(1, host), 0);
  const waits = (host: number) => addresses.waitUntil(v4(1, host));
  equal(addresses.arrive(v4(1, 0), 0), false, "which is a use of it");
  addresses.arrive(v4(1, 64), 0);
  deepEqual([0, 1, 2].map(waits), [1_000, -Infinity, 1_000]);
  for (let n = 0; n < 64; n++) addresses.authenticated(v4(n));
  addresses.arrive(v4(0), 0);
  addresses.authenticated(v4(64));
  deepEqual([0, 1, 2].map((n) => addresses.isKnown(v4(n))), [true, false, true]);
});

Deno.test("whatever happens, no count exceeds its bound, everybody gets an answer, and nothing is left of those who have gone", () => {
  const action = fc.record({
    what: fc.constantFrom("call", "call", "call", "fail", "wrong", "right", "here"),
    source: fc.record({ n: fc.nat(5), host: fc.nat(2) }),
    which: fc.nat(100),
    ms: fc.nat(3_000),
  });
  fc.assert(
    fc.property(fc.array(action, { maxLength: 150 }), (actions) => {
      using door = new Door({ descriptors: { limit: 16, left: 14 } });
      const ids: CallerId[] = [];
      for (const { what, source, which, ms } of actions) {
        door.pass(ms);
        if (what === "call") ids.push(door.call(v4(source.n, source.host)));
        const started = ids.filter((id) => door.is(id) === "start");
        const id = started[which % Math.max(1, started.length)];
        if (id === undefined || what === "call") continue;
        if (what === "fail") door.failed(id);
        if (what === "wrong") door.wrong(id);
        if (what === "right") door.right(id);
        if (what === "here") door.admission.hereAlready(id, door.now);
        ids.splice(ids.indexOf(id), 1);
        ok(door.admission.places <= 4 + 4 && door.admission.waiting <= 4);
        const left = door.admission.guessesLeft(door.now);
        ok(left >= 0 && left <= 1_200);
      }
      for (const id of ids) door.failed(id);
      door.pass(30_000);
      for (const id of ids) door.failed(id);
      deepEqual([door.admission.places, door.admission.waiting], [0, 0]);
      equal(door.admission.deadline, Infinity);
    }),
    { seed: 5, numRuns: 200 },
  );
  equal(arena.used, 0);
});

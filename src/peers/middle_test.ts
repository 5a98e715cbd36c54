// What the friend in the middle passes on, when, and what is dropped.

import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { PASS_ON_PAUSE_MS, PASS_ON_PER_MINUTE } from "../constants.ts";
import type { IntroductionMessage } from "../wire/message.ts";
import { Middle } from "./middle.ts";

const X = "11".repeat(32);
const Y = "22".repeat(32);
const yes = () => true;
const meet = (peer: string, ...addresses: string[]): IntroductionMessage => ({
  type: "meet",
  peer,
  addresses,
  from: "198.51.100.1:7374",
});

Deno.test("a meet becomes one introduce about its sender, unchanged", () => {
  const middle = new Middle();
  middle.meet(X, meet(Y, "192.0.2.1:7373"), 0);
  deepEqual(middle.take(yes, yes, 0), [{
    to: Y,
    message: { type: "introduce", peer: X, addresses: ["192.0.2.1:7373"], from: "198.51.100.1:7374" },
  }]);
  deepEqual(middle.take(yes, yes, 1), []);
});

Deno.test("an introduce waits for the circle that names its sender, and sets no deadline", () => {
  const middle = new Middle();
  middle.meet(X, meet(Y), 0);
  deepEqual(middle.take(yes, (to, about) => !(to === Y && about === X), 0), []);
  equal(middle.deadline, Infinity);
  equal(middle.take(yes, yes, 500).length, 1);
});

Deno.test("one for a pair and direction in 20 s; one waits, and the newer replaces it; the other direction is apart", () => {
  const middle = new Middle();
  middle.meet(X, meet(Y, "192.0.2.1:7373"), 0);
  middle.take(yes, yes, 0);
  middle.meet(X, meet(Y, "192.0.2.2:7373"), 1);
  middle.meet(X, meet(Y, "192.0.2.3:7373"), 2);
  middle.meet(Y, meet(X), 3);
  deepEqual(middle.take(yes, yes, 3).map(({ to }) => to), [X]);
  equal(middle.deadline, PASS_ON_PAUSE_MS);
  deepEqual(middle.take(yes, yes, PASS_ON_PAUSE_MS - 1), []);
  deepEqual(middle.take(yes, yes, PASS_ON_PAUSE_MS).map(({ message }) => message.addresses), [["192.0.2.3:7373"]]);
});

Deno.test("64 of one friend a minute, and the rest are dropped", () => {
  const middle = new Middle();
  const others = Array.from(
    { length: PASS_ON_PER_MINUTE + 1 },
    (_, i) => (i + 100).toString(16).repeat(32).slice(0, 64),
  );
  for (const peer of others) middle.meet(X, meet(peer), 0);
  equal(middle.take(yes, yes, 0).length, PASS_ON_PER_MINUTE);
  middle.meet(X, meet(Y), 59_999);
  equal(middle.take(yes, yes, 59_999).length, 0);
  middle.meet(X, meet(Y), 60_000);
  equal(middle.take(yes, yes, 60_000).length, 1);
  const late = new Middle();
  for (const peer of others.slice(1)) late.meet(X, meet(peer), 50_000);
  late.meet(X, meet(Y), 61_000);
  equal(late.take(yes, yes, 61_000).length, PASS_ON_PER_MINUTE, "a minute counts from each of them");
  late.meet(X, meet(Y), 62_000);
  deepEqual(late.take(yes, yes, 62_000), []);
  late.take((peer) => peer !== X, yes, 62_000);
  late.meet(X, meet(Y), 62_000);
  equal(late.take(yes, yes, 62_000).length, 1, "who has left is not counted any more");
});

Deno.test("one whose time has come and which waits for a circle sets no deadline either", () => {
  const middle = new Middle();
  middle.meet(X, meet(Y), 0);
  middle.take(yes, yes, 0);
  middle.meet(X, meet(Y), 1);
  equal(middle.deadline, PASS_ON_PAUSE_MS);
  deepEqual(middle.take(yes, () => false, PASS_ON_PAUSE_MS), []);
  equal(middle.deadline, Infinity);
});

Deno.test("nothing goes to or about somebody who has left, and what is kept for them is forgotten", () => {
  const middle = new Middle();
  middle.meet(X, meet(Y), 0);
  deepEqual(middle.take((peer) => peer !== Y, yes, 0), []);
  deepEqual(middle.take(yes, yes, 1), []);
});

Deno.test("a proposal of ours goes to both, without an address", () => {
  const middle = new Middle();
  middle.propose(X, Y);
  deepEqual(middle.take(yes, yes, 0).map(({ to, message }) => [to, message.peer, message.addresses, message.from]), [
    [Y, X, [], ""],
    [X, Y, [], ""],
  ]);
});

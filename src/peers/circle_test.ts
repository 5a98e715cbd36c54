// When a friend is told who is here, and what everything that was told adds up to.

import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import type { CircleMessage } from "../wire/message.ts";
import { contradictions, Disputes, hearing, Teller } from "./circle.ts";

const A = "a".repeat(64);
const B = "b".repeat(64);
const C = "c".repeat(64);
const D = "d".repeat(64);
const circle = (...others: string[]): CircleMessage => ({
  type: "circle",
  you: "",
  with: others.map((peer) => ({ peer, name: peer.slice(0, 1).toUpperCase() })),
});
const told = (peer: string, message?: CircleMessage) => ({ peer, circle: message });

Deno.test("Teller sends the first circle at once, and none that says the same again on that connection", () => {
  const teller = new Teller(250);
  equal(teller.next(circle(B), 1, 0), "send");
  equal(teller.next(circle(B), 1, 10), "nothing", "it waits for its tick");
  teller.begun(circle(B), 1, 1, 20);
  equal(teller.next(circle(B), 1, 10_000), "nothing");
  equal(teller.deadline, Infinity);
});

Deno.test("Teller lets a change wait 2 s, or four ticks for each cell if that is longer", () => {
  for (
    const [intervalMs, cells, pause] of [[250, 1, 2_000], [250, 3, 3_000], [1000, 11, 44_000], [50, 11, 2_200]] as const
  ) {
    const teller = new Teller(intervalMs);
    teller.next(circle(B), 1, 0);
    teller.begun(circle(B), 1, cells, 100);
    equal(teller.next(circle(C), 1, 100 + pause - 1), "nothing");
    equal(teller.deadline, 100 + pause);
    equal(teller.next(circle(C), 1, 100 + pause), "send");
  }
});

Deno.test("Teller replaces a circle that has not begun, and takes it back when things are as they were", () => {
  const teller = new Teller(250);
  teller.next(circle(B), 1, 0);
  equal(teller.next(circle(B, C), 1, 5), "send", "the newest goes when its tick comes");
  teller.begun(circle(B, C), 1, 1, 10);
  equal(teller.next(circle(B), 1, 3_000), "send");
  equal(teller.next(circle(B, C), 1, 3_001), "withdraw");
  equal(teller.next(circle(B, C), 1, 3_002), "nothing");
});

Deno.test("Teller says it again on another connection, and when several have become one", () => {
  const teller = new Teller(250);
  teller.next(circle(B), 1, 0);
  teller.begun(circle(B), 1, 1, 0);
  equal(teller.next(circle(B), 2, 5_000), "send");
  teller.begun(circle(B), 2, 1, 5_000);
  equal(teller.next(circle(B), 2, 10_000), "nothing");
  teller.renew();
  equal(teller.next(circle(B), 2, 10_000), "send");
  equal(teller.lists(B), false, "not told anew yet");
  teller.begun(circle(B), 2, 1, 10_000);
  deepEqual([teller.lists(B), teller.lists(C)], [true, false]);
});

Deno.test("everyone hears everyone only if each has told, and has named all the others and nobody else", () => {
  const all = [told(B, circle(C)), told(C, circle(B))];
  equal(hearing(A, all, []).everyone, true);
  equal(hearing(A, [told(B, circle())], []).everyone, false, "with one friend there is nobody else to hear");
  equal(hearing(A, [told(B, circle(C)), told(C)], []).everyone, false, "C has not told");
  equal(hearing(A, [told(B, circle(C)), told(C, circle())], []).everyone, false, "a contradiction");
  equal(hearing(A, [told(B, circle()), told(C, circle())], []).everyone, false, "both say no");
  equal(hearing(A, [told(B, circle(C, D)), told(C, circle(B))], []).everyone, false, "D listens to B");
});

Deno.test("somebody who talks with a friend and not with us is listed once, with all who say so", () => {
  const { others, apart, settling } = hearing(A, [told(B, circle(D)), told(C, circle(D))], []);
  deepEqual(others, [{ peer: D, name: "D", by: [B, C] }]);
  deepEqual(apart, [[B, C]]);
  equal(settling, false);
  const called = (...names: string[]) =>
    names.map((name, i) => told([B, C][i]!, { ...circle(), with: [{ peer: D, name }] }));
  const nameOf = (...names: string[]) => hearing(A, called(...names), []).others.map(({ name }) => name);
  deepEqual([nameOf("Dora", "Dora"), nameOf("Dora", ""), nameOf("", "Dora")], [["Dora"], ["Dora"], ["Dora"]]);
  deepEqual(nameOf("Dora", "Eve"), [""], "otherwise one would seem to say what the other said");
  // A lying friend may name us: we know better.
  deepEqual(hearing(A, [told(B, circle(A))], []).others, []);
});

Deno.test("a contradiction is left to settle for 10 s, and then shown with the friend who claims it", () => {
  const here = [told(B, circle(C)), told(C, circle())];
  const pairs = contradictions(here);
  deepEqual(pairs, [[B, C]]);
  const disputes = new Disputes();
  deepEqual(disputes.look(pairs, 1_000), []);
  equal(disputes.deadline, 11_000);
  equal(hearing(A, here, []).settling, true);
  deepEqual(disputes.look(pairs, 10_999), []);
  const disputed = disputes.look(pairs, 11_000);
  deepEqual(disputed, [[B, C]]);
  equal(disputes.deadline, Infinity, "nothing more will come of it by itself");
  deepEqual(hearing(A, here, disputed).disputed, [[B, C]]);
  deepEqual(disputes.look([], 12_000), []);
  deepEqual(disputes.look(pairs, 13_000), [], "a new one begins anew");
  deepEqual(contradictions([told(B, circle(C)), told(C)]), [], "C has not told yet: that is no contradiction");
  deepEqual(contradictions([told(B), told(C, circle())]), [], "and who has not told claims nothing");
});

Deno.test("Teller forgets what waited where nothing waits any more, and which moment was due", () => {
  const teller = new Teller(250);
  equal(teller.lists(B), false, "nobody has been told of yet");
  teller.next(circle(B), 1, 0);
  equal(teller.next(circle(B), 2, 0), "send", "what waits on another connection is not on this one");
  teller.begun(circle(B), 1, 1, 0);
  equal(teller.next(circle(B), 2, 3_000), "nothing", "that on connection 2 still waits");
  equal(teller.next(circle(C), 2, 1_000), "nothing");
  equal(teller.deadline, 2_000);
  equal(teller.next(circle(B), 1, 1_500), "nothing");
  equal(teller.deadline, Infinity, "things are as they were told");
});

Deno.test("two of whom one has not told yet are not apart, nor are two of whom one names the other", () => {
  for (
    const [first, second] of [[circle(), undefined], [undefined, circle()], [circle(C), circle()], [
      circle(),
      circle(B),
    ]]
  ) {
    deepEqual(hearing(A, [told(B, first), told(C, second)], []).apart, []);
  }
  deepEqual(hearing(A, [told(B, circle()), told(C, circle())], []).apart, [[B, C]]);
});

Deno.test("things settle while somebody has not told, or while a contradiction is young", () => {
  equal(hearing(A, [], []).settling, false);
  equal(hearing(A, [told(B)], []).settling, true);
  equal(hearing(A, [told(B, circle(C)), told(C, circle(B))], []).settling, false);
  equal(hearing(A, [told(B, circle(C)), told(C, circle())], []).settling, true);
  equal(hearing(A, [told(B, circle(C)), told(C, circle())], [[B, C]]).settling, false);
});

Deno.test("two contradictions are due one after the other, the earlier first", () => {
  const disputes = new Disputes();
  equal(disputes.deadline, Infinity);
  disputes.look([[B, C]], 1_000);
  disputes.look([[B, C], [B, D]], 4_000);
  equal(disputes.deadline, 11_000);
  deepEqual(disputes.look([[B, C], [B, D]], 11_000), [[B, C]]);
  equal(disputes.deadline, 14_000);
});

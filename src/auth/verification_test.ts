// Words that two people compare: what binds, who may reveal when, and what somebody in between gets.

import {
  deepStrictEqual as deepEqual,
  notDeepStrictEqual as notDeepEqual,
  ok,
  strictEqual as equal,
} from "node:assert/strict";
import { sha256 } from "@noble/hashes/sha2.js";
import { concatBytes } from "@noble/hashes/utils.js";
import { testArena, utf8 } from "../../tests/harness/arena.ts";
import { opens, Verification } from "./verification.ts";

const arena = await testArena();
const ALICE = new Uint8Array(32).fill(0xa1);
const BOB = new Uint8Array(32).fill(0xb0);
const MALLORY = new Uint8Array(32).fill(0xc3);
const filled = (byte: number) => (into: Uint8Array) => void into.fill(byte);
const of = (self: Uint8Array, peer: Uint8Array, byte: number) => new Verification(arena, self, peer, filled(byte));

/** Both commit, then both reveal. */
function exchange(a: Verification, b: Verification): void {
  a.take(b.commit, undefined, true);
  b.take(a.commit, a.reveal(), true);
  a.take(b.commit, b.reveal(), true);
}

Deno.test("a commitment is the hash of its label, sender, receiver and number, and nothing else opens it", () => {
  using alice = of(ALICE, BOB, 1);
  const n = new Uint8Array(32).fill(1);
  deepEqual(alice.commit, sha256(concatBytes(utf8("sesame/1 verify commit"), ALICE, BOB, n)));
  equal(opens(alice.commit, n, ALICE, BOB), true);
  equal(opens(alice.commit, n, BOB, ALICE), false);
  equal(opens(alice.commit, n, ALICE, MALLORY), false);
  equal(opens(alice.commit, new Uint8Array(32), ALICE, BOB), false);
});

Deno.test("both sides get the same four words, the first 44 bits of the hash over both numbers in the order of the PeerIds", () => {
  using alice = of(ALICE, BOB, 1);
  using bob = of(BOB, ALICE, 2);
  exchange(alice, bob);
  const hash = sha256(
    concatBytes(utf8("sesame/1 verify"), ALICE, BOB, new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)),
  );
  const bits = [...hash].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  const words = [0, 11, 22, 33].map((at) => parseInt(bits.slice(at, at + 11), 2));
  deepEqual(alice.words(), words);
  deepEqual(bob.words(), words);
});

Deno.test("a number is not revealed before the other has committed, and there are no words before both have revealed", () => {
  using alice = of(ALICE, BOB, 1);
  using bob = of(BOB, ALICE, 2);
  equal(alice.reveal(), undefined);
  equal(alice.words(), undefined);
  alice.take(bob.commit, undefined, true);
  deepEqual(alice.reveal(), new Uint8Array(32).fill(1));
  equal(alice.words(), undefined, "Bob has only committed");
});

Deno.test("a second, different commitment takes the words away for good, and says so once", () => {
  using alice = of(ALICE, BOB, 1);
  using bob = of(BOB, ALICE, 2);
  using again = of(BOB, ALICE, 3);
  exchange(alice, bob);
  ok(alice.words() !== undefined);
  equal(alice.take(again.commit, undefined, true), "changed");
  equal(alice.words(), undefined);
  equal(alice.take(again.commit, undefined, true), "taken", "told already");
  equal(alice.take(bob.commit, new Uint8Array(32).fill(2), true), "taken");
  equal(alice.words(), undefined);
});

Deno.test("a number that came before ours was committed to brings no words", () => {
  using alice = of(ALICE, BOB, 1);
  using bob = of(BOB, ALICE, 2);
  equal(bob.take(alice.commit, undefined, true), "taken");
  equal(alice.take(bob.commit, bob.reveal(), false), "taken");
  equal(alice.words(), undefined);
  alice.take(bob.commit, bob.reveal(), true);
  equal(alice.words(), undefined);
});

Deno.test("an attacker in between who chooses after seeing both numbers matches the words; one who has to commit first does not", () => {
  // Alice talks with Mallory as M1, Bob with Mallory as M2. Each of Mallory's numbers is committed to before Alice's and
  // Bob's are seen, so the words on the two screens are two draws that have nothing to do with each other.
  using alice = of(ALICE, MALLORY, 1);
  using bob = of(BOB, MALLORY, 2);
  const seen = new Set<string>();
  for (let n = 0; n < 200; n++) {
    using toAlice = of(MALLORY, ALICE, n);
    using toBob = of(MALLORY, BOB, n);
    using a = of(ALICE, MALLORY, 1);
    using b = of(BOB, MALLORY, 2);
    exchange(a, toAlice);
    exchange(b, toBob);
    notDeepEqual(a.words(), b.words());
    seen.add(String(a.words()));
  }
  equal(seen.size, 200, "every number of Mallory's gives other words");
  // Copying does not help either: a copied commitment is opened by no number that Mallory knows towards this receiver.
  equal(opens(alice.commit, new Uint8Array(32).fill(1), MALLORY, ALICE), false);
  equal(opens(bob.commit, new Uint8Array(32).fill(2), MALLORY, ALICE), false);
});

Deno.test("a verification that is disposed of gives its slot back", () => {
  const before = arena.available(32);
  const alice = of(ALICE, BOB, 1);
  equal(arena.available(32), before - 1);
  alice[Symbol.dispose]();
  equal(arena.available(32), before);
});

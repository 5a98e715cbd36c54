// SPAKE2 as steps: RFC 9382's vectors over P-256 and vectors over edwards25519, through the same code; and invalid
// shares.

import { ok, strictEqual as equal, throws } from "node:assert/strict";
import { ed25519 } from "@noble/curves/ed25519.js";
import { p256 } from "@noble/curves/nist.js";
import {
  draw,
  fromHex,
  lockedBytes,
  lockedKey,
  noEntropy,
  reversedHex,
  seededEntropy,
  testArena,
  toHex,
  utf8,
} from "../../tests/harness/arena.ts";
import { nonCanonical, offCurve, SMALL_ORDER, torsioned } from "../../tests/harness/points.ts";
import { type Row, vectors, type Wycheproof } from "../../tests/harness/vectors.ts";
import { edwards25519, type Group } from "./group.ts";
import { p256TestGroup } from "./p256_test_group.ts";
import { confirmation, confirmationKeys, makeShare, makeTranscript, sharedPoint, transcriptKeys } from "./spake2.ts";

const arena = await testArena();
const entropy = seededEntropy("spake2_test");

type Values = Row<
  "w" | "x" | "y" | "shareA" | "shareB" | "K" | "TT" | "Ke" | "Ka" | "KcA" | "KcB" | "confirmA" | "confirmB"
>;

/** Both sides from w, x and y to the confirmations, each value compared. Entropy is drawn only where K is the identity. */
function run(group: Group, row: Values, identityA: Uint8Array, identityB: Uint8Array) {
  using w = lockedKey(arena, reversedHex(row.w));
  using x = lockedKey(arena, reversedHex(row.x));
  using y = lockedKey(arena, reversedHex(row.y));
  using wM = arena.bytes(group.pointSize);
  using wN = arena.bytes(group.pointSize);
  ok(group.multiply(wM, w, group.M) && group.multiply(wN, w, group.N));

  const shareA = new Uint8Array(group.pointSize);
  const shareB = new Uint8Array(group.pointSize);
  makeShare(group, arena, shareA, x, wM);
  makeShare(group, arena, shareB, y, wN);
  equal(toHex(shareA), row.shareA);
  equal(toHex(shareB), row.shareB);

  using K = arena.bytes(group.pointSize);
  ok(sharedPoint(group, arena, K, y, shareA, wM, noEntropy));
  equal(toHex(K), row.K, "as B computes it");
  K.bytes.fill(0);
  ok(sharedPoint(group, arena, K, x, shareB, wN, noEntropy));
  equal(toHex(K), row.K, "as A computes it");

  using transcript = makeTranscript(arena, { identityA, identityB, shareA, shareB, K, w });
  equal(toHex(transcript), row.TT);
  equal(toHex(w), reversedHex(row.w), "w is as it was");
  using keys = arena.key();
  transcriptKeys(keys, transcript);
  equal(toHex(keys), row.Ke + row.Ka);
  using Kc = arena.key();
  confirmationKeys(Kc, keys.bytes.subarray(16), new Uint8Array(0));
  equal(toHex(Kc), row.KcA + row.KcB);
  const confirm = new Uint8Array(32);
  confirmation(confirm, Kc.bytes.subarray(0, 16), transcript);
  equal(toHex(confirm), row.confirmA);
  confirmation(confirm, Kc.bytes.subarray(16), transcript);
  equal(toHex(confirm), row.confirmB);
}

Deno.test("the steps give every value of RFC 9382's four P-256 vectors", async () => {
  const file = await vectors<{ vectors: (Values & Row<"A" | "B" | "X" | "Y">)[] }>("rfc9382-p256.json");
  equal(file.vectors.length, 4);
  for (const row of file.vectors) {
    run(p256TestGroup, row, utf8(row.A), utf8(row.B));
    // X and Y, the shares before they are blinded.
    const point = new Uint8Array(65);
    for (const [scalar, expected] of [[row.x, row.X], [row.y, row.Y]] as const) {
      using secret = lockedKey(arena, reversedHex(scalar));
      ok(p256TestGroup.multiplyBase(point, secret));
      equal(toHex(point), expected);
    }
  }
  equal(arena.used, 0);
});

Deno.test("the steps give every value of the edwards25519 vectors", async () => {
  type File = { spake2: (Values & Row<"A" | "B" | "wM" | "wN">)[] };
  const { spake2: rows } = await vectors<File>("spake2-edwards25519.json");
  equal(rows.length, 4);
  for (const row of rows) {
    run(edwards25519, row, fromHex(row.A), fromHex(row.B));
    using w = lockedKey(arena, reversedHex(row.w));
    const point = new Uint8Array(32);
    ok(edwards25519.multiply(point, w, edwards25519.M));
    equal(toHex(point), row.wM);
    ok(edwards25519.multiply(point, w, edwards25519.N));
    equal(toHex(point), row.wN);
  }
  equal(arena.used, 0);
});

Deno.test("M and N are valid, different points", () => {
  for (const group of [edwards25519, p256TestGroup]) {
    ok(group.valid(group.M) && group.valid(group.N));
    ok(toHex(group.M) !== toHex(group.N));
  }
});

Deno.test("reduce() tells that a wide scalar is 0 modulo the order", () => {
  const orders = [[edwards25519, ed25519.Point.Fn.ORDER], [p256TestGroup, p256.Point.Fn.ORDER]] as const;
  for (const [group, order] of orders) {
    using wide = arena.bytes(64);
    using out = arena.key();
    for (const [multiple, rest] of [[0n, 0n], [1n, 0n], [2n, 0n], [1n << 250n, 0n], [1n, 1n], [3n, 258n]] as const) {
      const value = order * multiple + rest;
      wide.bytes.set(Array.from({ length: 64 }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn)));
      equal(group.reduce(out, wide), rest !== 0n);
      equal(BigInt(out.bytes[0]! + 256 * out.bytes[1]!), rest);
    }
  }
  equal(arena.used, 0);
});

/** A scalar and a mask such as a listener has. */
function withKeys(body: (scalar: ReturnType<typeof lockedKey>, mask: ReturnType<typeof lockedBytes>) => void) {
  using wide = lockedBytes(arena, draw(entropy, 64));
  using scalar = arena.key();
  edwards25519.reduce(scalar, wide);
  using mask = arena.bytes(32);
  edwards25519.multiply(mask, scalar, edwards25519.M);
  body(scalar, mask);
}

Deno.test("sharedPoint() refuses shares that are of small order, torsioned, not canonical or not on the curve", () => {
  withKeys((scalar, mask) => {
    using K = arena.bytes(32);
    using other = lockedKey(arena, "05" + "00".repeat(31));
    const good = new Uint8Array(32);
    makeShare(edwards25519, arena, good, other, mask);
    ok(sharedPoint(edwards25519, arena, K, scalar, good, mask, noEntropy));
    for (const share of [...SMALL_ORDER, ...torsioned(good), ...nonCanonical(), ...offCurve()]) {
      equal(sharedPoint(edwards25519, arena, K, scalar, share, mask, noEntropy), false, toHex(share));
    }
    equal(sharedPoint(edwards25519, arena, K, scalar, good.subarray(1), mask, noEntropy), false);
  });
  equal(arena.used, 0);
});

Deno.test("sharedPoint() goes on with a random K where it is the identity, of a share that is the mask itself", () => {
  withKeys((scalar, mask) => {
    using K = arena.bytes(32);
    ok(sharedPoint(edwards25519, arena, K, scalar, mask.bytes.slice(), mask, (into) => into.fill(0x5a)));
    equal(toHex(K), "5a".repeat(32));
  });
  equal(arena.used, 0);
});

Deno.test("makeShare() throws a RangeError for the scalar 0", () => {
  withKeys((_, mask) => {
    using zero = arena.key();
    throws(() => makeShare(edwards25519, arena, new Uint8Array(32), zero, mask), RangeError);
  });
  equal(arena.used, 0);
});

Deno.test("makeTranscript() differs where only the lengths of its parts do", () => {
  using K = arena.bytes(32);
  using w = arena.key();
  const share = new Uint8Array(32);
  const transcripts = [["ab", "c"], ["a", "bc"], ["abc", ""], ["", "abc"]].map(([a, b]) => {
    using transcript = makeTranscript(arena, {
      identityA: utf8(a!),
      identityB: utf8(b!),
      shareA: share,
      shareB: share,
      K,
      w,
    });
    return toHex(transcript);
  });
  equal(new Set(transcripts).size, 4);
  equal(arena.used, 2);
});

Deno.test("confirmationKeys() depend on every byte of the context", () => {
  const Ka = draw(entropy, 16);
  const context = draw(entropy, 32);
  const seen = new Set<string>();
  for (let i = -1; i < 32; i++) {
    const changed = context.slice();
    if (i >= 0) changed[i]! ^= 1;
    using Kc = arena.key();
    confirmationKeys(Kc, Ka, changed);
    seen.add(toHex(Kc));
  }
  equal(seen.size, 33);
  equal(arena.used, 0);
});

Deno.test("the P-256 that the RFC's vectors run over gives wycheproof's products and takes no other points", async () => {
  type File = Wycheproof<Row<"public" | "private" | "shared" | "result">>;
  const { testGroups } = await vectors<File>("wycheproof/ecdh_secp256r1_ecpoint_test.json");
  let [given, refused] = [0, 0];
  for (const test of testGroups.flatMap((group) => group.tests)) {
    const [point, out] = [fromHex(test.public), new Uint8Array(65)];
    using scalar = lockedKey(arena, reversedHex(test.private.padStart(64, "0").slice(-64)));
    const good = p256TestGroup.valid(point) && p256TestGroup.multiply(out, scalar, point);
    // The compressed form, which is not ours, is the only "acceptable" one.
    equal(good, test.result === "valid", `tcId ${test.tcId}`);
    if (good) equal(toHex(out.subarray(1, 33)), test.shared, `tcId ${test.tcId}`);
    if (good) given++;
    else refused++;
  }
  equal(given, 330);
  equal(refused, 25);
});

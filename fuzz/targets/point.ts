// Points that a peer sends: shares on edwards25519, ratchet keys on X25519, against noble's judgement of the same
// bytes. Input: what to begin with (any bytes, a point, one outside the subgroup, one encoded otherwise), then changes.

import { ed25519, x25519 as nobleX25519 } from "@noble/curves/ed25519.js";
import { addPoints, isValidPoint, subtractPoints } from "../../src/crypto/ed25519.ts";
import { x25519 } from "../../src/crypto/x25519.ts";
import type { Arena } from "../../src/secrets/locked.ts";
import { fromHex, testArena } from "../../tests/harness/arena.ts";
import { LOW_ORDER_X25519, nonCanonical, SMALL_ORDER, subgroupPoint, torsioned } from "../../tests/harness/points.ts";
import { edit, Input, must, same, type Target } from "../target.ts";

const GOOD = [1n, 2n, 3n, 2n ** 200n + 7n].map(subgroupPoint);
const STARTS: readonly (readonly Uint8Array[])[] = [
  [new Uint8Array(32)],
  GOOD,
  GOOD.flatMap(torsioned),
  nonCanonical(),
  SMALL_ORDER,
  LOW_ORDER_X25519.map((hex) => fromHex(hex)),
];

export const target: Target = {
  name: "point",
  maxLength: 40,
  dictionary: [...SMALL_ORDER, ...GOOD.slice(0, 2)],
  seeds: () => STARTS.flatMap((group, kind) => group.slice(0, 3).map((_, n) => Uint8Array.of(kind, n, 0))),
  async make() {
    const arena = await testArena();
    return (data) => run(arena, data);
  },
};

function run(arena: Arena, data: Uint8Array): void {
  const input = new Input(data);
  const group = STARTS[input.pick(STARTS.length)]!;
  const point = group[input.pick(group.length)]!.slice();
  if (group === STARTS[0]) point.set(input.bytes(32));
  edit(point, input, 3);
  const kept = point.slice();

  const valid = isValidPoint(point);
  must(valid === nobleValid(point), "libsodium and noble agree on which points are valid");
  if (valid) {
    const [sum, back] = [new Uint8Array(32), new Uint8Array(32)];
    must(addPoints(sum, point, GOOD[2]!) && subtractPoints(back, sum, GOOD[2]!), "valid points can be added");
    must(same(back, point), "P + Q - Q = P");
  }
  using secret = arena.dhSecret();
  secret.bytes.fill(0x42);
  using shared = arena.key();
  const agreed = x25519(shared, secret, point);
  must(agreed === (nobleShared(point) !== undefined), "an all-zero result of X25519 is a failure, and nothing else is");
  if (agreed) {
    must(same(shared.bytes, nobleShared(point)!), "X25519 gives what noble's does");
  }
  must(same(point, kept), "the point is not changed");
}

function nobleValid(bytes: Uint8Array): boolean {
  try {
    const point = ed25519.Point.fromBytes(bytes);
    return !point.isSmallOrder() && point.isTorsionFree();
  } catch {
    return false;
  }
}

function nobleShared(point: Uint8Array): Uint8Array | undefined {
  try {
    return nobleX25519.getSharedSecret(new Uint8Array(32).fill(0x42), point);
  } catch {
    return undefined;
  }
}

// SHA-256 against noble and against the parts it is given in; constant-time comparison beside it.

import { strictEqual as equal, throws } from "node:assert/strict";
import { sha256 as nobleSha256 } from "@noble/hashes/sha2.js";
import { draw, lockedBytes, lockedKey, seededEntropy, testArena, toHex, utf8 } from "../../tests/harness/arena.ts";
import { equal32 } from "./equal.ts";
import { sha256 } from "./sha256.ts";

const arena = await testArena();
const entropy = seededEntropy("sha256_test");

Deno.test("sha256() gives the values of FIPS 180-4's examples", () => {
  const out = new Uint8Array(32);
  sha256(out);
  equal(toHex(out), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  sha256(out, utf8("abc"));
  equal(toHex(out), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  sha256(out, utf8("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"));
  equal(toHex(out), "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
});

Deno.test("sha256() agrees with noble on inputs of many lengths, whole and in parts, locked or not", () => {
  for (let i = 0; i < 60; i++) {
    const data = draw(entropy, i < 50 ? i * 7 : 4000 + i);
    const expected = toHex(nobleSha256(data));
    const out = new Uint8Array(32);
    sha256(out, data);
    equal(toHex(out), expected);
    using locked = lockedBytes(arena, data.subarray(0, Math.min(data.length, 1280)));
    using lockedOut = arena.key();
    sha256(lockedOut, locked, new Uint8Array(0), data.subarray(locked.length));
    equal(toHex(lockedOut), expected);
  }
  equal(arena.used, 0);
});

Deno.test("sha256() takes more than the scratch holds, in parts", () => {
  const parts = [0, 1, 2].map(() => draw(entropy, 10_000));
  const out = new Uint8Array(32);
  sha256(out, ...parts);
  equal(toHex(out), toHex(nobleSha256(Uint8Array.from(parts.flatMap((part) => [...part])))));
});

Deno.test("sha256() may write over one of its parts", () => {
  using key = lockedKey(arena, draw(entropy, 32));
  const expected = toHex(nobleSha256(key.bytes));
  sha256(key, key);
  equal(toHex(key), expected);
});

Deno.test("sha256() refuses an output of another size", () => {
  throws(() => sha256(new Uint8Array(31), new Uint8Array(1)), RangeError);
});

Deno.test("equal32() is true for the same 32 bytes only, wherever the difference is", () => {
  const a = draw(entropy, 32);
  using locked = lockedKey(arena, a);
  equal(equal32(a, locked), true);
  equal(equal32(a, a.slice()), true);
  for (let bit = 0; bit < 256; bit++) {
    const b = a.slice();
    b[bit >> 3]! ^= 1 << (bit & 7);
    equal(equal32(locked, b), false);
  }
  throws(() => equal32(a, a.subarray(1)), RangeError);
  throws(() => equal32(new Uint8Array(0), new Uint8Array(0)), RangeError);
});

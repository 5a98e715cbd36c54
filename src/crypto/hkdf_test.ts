// HKDF-SHA-256: RFC 5869, wycheproof, and agreement with noble.

import { strictEqual as equal, throws } from "node:assert/strict";
import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { draw, fromHex, lockedBytes, lockedKey, seededEntropy, testArena, toHex } from "../../tests/harness/arena.ts";
import { type Row, vectors, type Wycheproof } from "../../tests/harness/vectors.ts";
import { hkdfSha256 } from "./hkdf.ts";

const arena = await testArena();
const entropy = seededEntropy("hkdf_test");

type Vector = Row<"name" | "ikm" | "salt" | "info" | "okm"> & { readonly L: number };

Deno.test("hkdfSha256() gives the output of RFC 5869, A.1 to A.3, with an empty salt and with none", async () => {
  const { hkdfSha256: { vectors: rows } } = await vectors<{ hkdfSha256: { vectors: Vector[] } }>("rfc-misc.json");
  equal(rows.length, 3);
  for (const { name, ikm, salt, info, L, okm } of rows) {
    for (const given of salt === "" ? [undefined, new Uint8Array(0), new Uint8Array(32)] : [fromHex(salt)]) {
      const out = new Uint8Array(L);
      hkdfSha256(out, given, [fromHex(ikm)], [fromHex(info)]);
      equal(toHex(out), okm, name);
    }
  }
});

Deno.test("hkdfSha256() gives or refuses what wycheproof's hkdf_sha256 says", async () => {
  type File = Wycheproof<Row<"ikm" | "salt" | "info" | "okm" | "result"> & { readonly size: number }>;
  const { testGroups } = await vectors<File>("wycheproof/hkdf_sha256_test.json");
  let judged = 0;
  for (const { tcId, ikm, salt, info, size, okm, result } of testGroups.flatMap((group) => group.tests)) {
    const out = new Uint8Array(Math.min(size, 8161));
    const run = () => hkdfSha256(out, fromHex(salt), [fromHex(ikm)], [fromHex(info)]);
    if (result === "valid") {
      run();
      equal(toHex(out), okm, `tcId ${tcId}`);
    } else throws(run, RangeError, `tcId ${tcId}`);
    judged++;
  }
  equal(judged, 86);
});

Deno.test("hkdfSha256() agrees with noble, whole and in parts, locked or not", () => {
  for (let i = 1; i <= 50; i++) {
    const [salt, ikm, info] = [draw(entropy, i), draw(entropy, 2 * i), draw(entropy, 3 * i)];
    const length = 5 * i;
    const expected = toHex(hkdf(sha256, ikm, salt, info, length));
    const out = new Uint8Array(length);
    hkdfSha256(out, salt, [ikm], [info]);
    equal(toHex(out), expected);
    using lockedSalt = lockedBytes(arena, salt);
    using lockedIkm = lockedBytes(arena, ikm.subarray(1));
    using lockedOut = arena.bytes(length);
    hkdfSha256(lockedOut, lockedSalt, [ikm.subarray(0, 1), lockedIkm], [info.subarray(0, 1), info.subarray(1)]);
    equal(toHex(lockedOut), expected);
    hkdfSha256(out, undefined, [ikm], []);
    equal(toHex(out), toHex(hkdf(sha256, ikm, undefined, undefined, length)));
  }
  equal(arena.used, 0);
});

Deno.test("hkdfSha256() may write over its salt, as a root step does", () => {
  using root = lockedKey(arena, draw(entropy, 32));
  const ikm = draw(entropy, 32);
  const expected = toHex(hkdf(sha256, ikm, root.bytes, undefined, 32));
  hkdfSha256(root, root, [ikm], []);
  equal(toHex(root), expected);
});

// HMAC-SHA-256: RFC 4231, wycheproof, and agreement with noble.

import { strictEqual as equal, throws } from "node:assert/strict";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { draw, fromHex, lockedBytes, lockedKey, seededEntropy, testArena, toHex } from "../../tests/harness/arena.ts";
import { type Row, vectors, type Wycheproof } from "../../tests/harness/vectors.ts";
import { hmacSha256 } from "./hmac.ts";

const arena = await testArena();
const entropy = seededEntropy("hmac_test");

Deno.test("hmacSha256() gives the tags of RFC 4231, test cases 1 to 7", async () => {
  const { hmacSha256: { vectors: rows } } = await vectors<{
    hmacSha256: { vectors: Row<"name" | "key" | "data" | "tag">[] };
  }>("rfc-misc.json");
  equal(rows.length, 7);
  for (const { name, key, data, tag } of rows) {
    const out = new Uint8Array(32);
    hmacSha256(out, fromHex(key), fromHex(data));
    equal(toHex(out).slice(0, tag.length), tag, `case ${name}`);
  }
});

type MacFile = Wycheproof<Row<"key" | "msg" | "tag" | "result">, { readonly tagSize: number }>;

Deno.test("hmacSha256() judges every tag of wycheproof's hmac_sha256 as that file does", async () => {
  const { testGroups } = await vectors<MacFile>("wycheproof/hmac_sha256_test.json");
  let judged = 0;
  for (const { tagSize, tests } of testGroups) {
    for (const { tcId, key, msg, tag, result } of tests) {
      const out = new Uint8Array(32);
      hmacSha256(out, fromHex(key), fromHex(msg));
      equal(toHex(out.subarray(0, tagSize / 8)) === tag, result === "valid", `tcId ${tcId}`);
      judged++;
    }
  }
  equal(judged, 174);
});

Deno.test("hmacSha256() agrees with noble for keys of many lengths, whole and in parts, locked or not", () => {
  for (let i = 0; i < 50; i++) {
    const key = draw(entropy, i * 3);
    const data = draw(entropy, i * 29);
    const expected = toHex(hmac(sha256, key, data));
    const out = new Uint8Array(32);
    hmacSha256(out, key, data);
    equal(toHex(out), expected);
    if (i === 0) continue;
    using lockedKey = lockedBytes(arena, key);
    using lockedData = lockedBytes(arena, data.subarray(0, 20));
    using lockedOut = arena.key();
    hmacSha256(lockedOut, lockedKey, lockedData, data.subarray(20));
    equal(toHex(lockedOut), expected);
  }
  equal(arena.used, 0);
});

Deno.test("hmacSha256() may write over its key, as a chain step does", () => {
  using chain = lockedKey(arena, draw(entropy, 32));
  const expected = toHex(hmac(sha256, chain.bytes, Uint8Array.of(2)));
  hmacSha256(chain, chain, Uint8Array.of(2));
  equal(toHex(chain), expected);
});

Deno.test("hmacSha256() refuses an output of another size", () => {
  throws(() => hmacSha256(new Uint8Array(16), new Uint8Array(32)), RangeError);
});

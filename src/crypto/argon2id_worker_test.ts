// The worker text that the program runs, started as the program starts it: RFC 9106's algorithm, the reference program's
// figures at the real cost, and what stays in the shared page.
// RFC 9106's own vector has associated data, which the worker cannot take: noble is checked by it, the worker by noble.

import { deepStrictEqual as deepEqual, notStrictEqual as notEqual, ok, strictEqual as equal } from "node:assert/strict";
import { argon2id } from "@noble/hashes/argon2.js";
import { draw, fromHex, seededEntropy, toHex } from "../../tests/harness/arena.ts";
import { stretch } from "../../tests/harness/stretch.ts";
import { type Row, vectors } from "../../tests/harness/vectors.ts";

const entropy = seededEntropy("argon2id_worker_test");

type RfcRow =
  & Row<"password" | "salt" | "secret" | "associatedData" | "tag">
  & Readonly<Record<"t" | "mKiB" | "p" | "version" | "tagLength", number>>;

Deno.test("the oracle gives the tag of RFC 9106 section 5.3", async () => {
  const { argon2id: { vectors: rows } } = await vectors<{ argon2id: { vectors: RfcRow[] } }>("rfc-misc.json");
  const row = rows[0];
  ok(row !== undefined);
  const tag = argon2id(fromHex(row.password), fromHex(row.salt), {
    t: row.t,
    m: row.mKiB,
    p: row.p,
    version: row.version,
    dkLen: row.tagLength,
    key: fromHex(row.secret),
    personalization: fromHex(row.associatedData),
  });
  equal(toHex(tag), row.tag);
});

Deno.test("the worker agrees with the oracle at a small cost", async () => {
  for (let i = 0; i < 4; i++) {
    const [phrase, salt] = [draw(entropy, 8 + 338 * i), draw(entropy, 32)];
    const cost = { passes: 1 + i, memoryKib: 64, lanes: 4 };
    const { out } = await stretch(phrase, salt, cost);
    equal(toHex(out), toHex(argon2id(phrase, salt, { t: 1 + i, m: 64, p: 4, dkLen: 64 })));
  }
});

type CliRow = Row<"phrase" | "phraseUtf8" | "salt" | "out">;

Deno.test("the worker gives the reference program's output at the real cost", async () => {
  const { rows, parameters } = await vectors<{ rows: CliRow[]; parameters: object }>("argon2id-cli.json");
  deepEqual(parameters, { type: "argon2id", version: 19, t: 3, mKiB: 65536, p: 4, tagLength: 64 });
  equal(rows.length, 13);
  // ASCII with a salt of 16 bytes, two scripts, and the salt of a decoy as the protocol makes it.
  for (const row of [rows[3], rows[7], rows[12]]) {
    ok(row !== undefined);
    const { out } = await stretch(fromHex(row.phraseUtf8), fromHex(row.salt));
    equal(toHex(out), row.out, row.phrase);
  }
});

Deno.test("the worker wipes the phrase from the page and writes nothing there but the result", async () => {
  const phrase = draw(entropy, 40);
  const { out, page } = await stretch(phrase, draw(entropy, 32), { passes: 1, memoryKib: 64 });
  notEqual(toHex(out), toHex(new Uint8Array(64)));
  ok(page.subarray(0, 2048).every((byte) => byte === 0));
  ok(page.subarray(2048 + 64).every((byte) => byte === 0));
});

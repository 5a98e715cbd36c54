// The search finds what it is meant to find, in each form, and nothing else. Without this a scan that says 0 says nothing.

import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";
import { count, formsOf, type Found, Needles } from "./needles.ts";

const secret = Uint8Array.from({ length: 32 }, (_, i) => (i * 89 + 41) & 0xff);

function searched(memory: Uint8Array, base = 0): Found[] {
  const needles = new Needles();
  needles.add(secret, "wide", undefined);
  const hits: Found[] = [];
  needles.search(memory, base, (hit) => hits.push(hit));
  return hits;
}

Deno.test("each form is found whole wherever it stands", () => {
  for (const [form, pattern] of formsOf(secret, "wide")) {
    for (const at of [0, 1, 517]) {
      const memory = new Uint8Array(2048);
      memory.set(pattern, at);
      const hits = searched(memory, 0x7000).filter((hit) => hit.whole && hit.at === 0x7000 + at);
      ok(hits.length >= 1, `${form} at ${at}`);
    }
  }
});

Deno.test("a lone half counts as a part, and a second half that belongs to a whole pattern does not", () => {
  const memory = new Uint8Array(512);
  memory.set(secret, 64);
  memory.set(secret.subarray(16), 200);
  memory.set(secret.subarray(0, 16), 300);
  const { whole, parts } = count(searched(memory).filter((hit) => hit.form === "raw"));
  deepEqual(whole.map((hit) => hit.at), [64]);
  deepEqual(parts.map((hit) => hit.at), [200, 300]);
});

Deno.test("nothing is found where nothing is", () => {
  const memory = Uint8Array.from({ length: 100_000 }, (_, i) => Math.imul(i, 2654435761) >>> 13 & 0xff);
  equal(searched(memory).length, 0);
});

Deno.test("a text is found as UTF-16, also decomposed", () => {
  const text = "größer als das Meer";
  const needles = new Needles();
  needles.add(new TextEncoder().encode(text), "wide", text);
  const memory = new Uint8Array(4096);
  const units = (s: string) => new Uint8Array(Uint16Array.from(s, (unit) => unit.charCodeAt(0)).buffer);
  memory.set(units(text), 100);
  memory.set(units(text.normalize("NFD")), 1001);
  const hits: Found[] = [];
  needles.search(memory, 0, (hit) => hits.push(hit));
  deepEqual(hits.filter((hit) => hit.whole).map((hit) => [hit.form, hit.at]), [["UTF-16", 100], ["UTF-16 NFD", 1001]]);
});

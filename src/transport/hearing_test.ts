// When a connection counts as deaf, by the bytes under TLS and above it.

import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import type { Role } from "../ports.ts";
import { Hearing } from "./hearing.ts";

const RECORD = 1302;

function hearing(role: Role) {
  const bytes = { below: 1900 };
  const it = new Hearing(role, () => bytes.below);
  const frame = () => {
    bytes.below += RECORD;
    it.heard(1280);
  };
  /** How many looks it takes; Infinity: it is not deaf. */
  const looks = () => {
    for (let n = 1; n <= 100; n++) if (it.deafNow()) return n;
    return Infinity;
  };
  return { bytes, it, frame, looks };
}

Deno.test("a link that hears frames, or nothing, is not deaf", () => {
  const { frame, looks } = hearing("listener");
  equal(looks(), Infinity);
  for (let n = 0; n < 50; n++) frame();
  equal(looks(), Infinity);
});

Deno.test("bytes that bring no frame are noticed at the third look: a few, or more than a record", () => {
  for (const more of [1, 24, 63, RECORD, RECORD + 1, 100_000]) {
    const { bytes, frame, looks } = hearing("listener");
    frame();
    bytes.below += more;
    equal(looks(), 3, `${more}`);
  }
});

Deno.test("bytes that bring nothing are also noticed when they come with the last frame, or before the first", () => {
  const { bytes, it, frame, looks } = hearing("listener");
  frame();
  bytes.below += RECORD + 24;
  it.heard(1280);
  equal(looks(), 3);
  const first = hearing("listener");
  first.bytes.below += 24;
  equal(first.looks(), 3);
});

Deno.test("part of a record may wait ten seconds for its rest, since that may have been lost", () => {
  const { bytes, it, looks } = hearing("listener");
  bytes.below += 600;
  equal(looks(), 20);
  bytes.below += RECORD - 600;
  it.heard(1280);
  equal(looks(), Infinity);
});

Deno.test("a link with a frame in several records is not deaf, however long the rest takes, and is still noticed if it goes deaf later", () => {
  const { bytes, it, looks } = hearing("listener");
  const record = (length: number) => {
    bytes.below += length + 22;
    it.heard(length);
  };
  record(4);
  equal(looks(), Infinity);
  record(1276);
  equal(looks(), Infinity);
  for (let n = 0; n < 20; n++) record(64);
  equal(looks(), Infinity);
  bytes.below += 24;
  equal(looks(), 3);
});

Deno.test("a dialer is sent tickets before its first frame", () => {
  const { bytes, frame, looks } = hearing("dialer");
  bytes.below += 962;
  equal(looks(), Infinity);
  frame();
  bytes.below += 24;
  deepEqual(looks(), 3);
});

// The plaintext of a cell, both ways: each field at its bounds, each unused byte.

import { deepStrictEqual as deepEqual, strictEqual as equal, throws } from "node:assert/strict";
import fc from "fast-check";
import { CELL_PLAINTEXT_SIZE, FRAGMENT_CAPACITY, MAX_FRAGMENTS, MAX_JSON_SIZE } from "../constants.ts";
import { type Cell, decodeCell, DUMMY, encodeCell } from "./cell.ts";

const LAST_OF_THE_LONGEST = MAX_JSON_SIZE - (MAX_FRAGMENTS - 1) * FRAGMENT_CAPACITY;

/** A plaintext with exactly these header fields, `length` bytes of 0xaa (as many as there is room for), then zeros. */
function raw(kind: number, messageId: number, index: number, count: number, length: number): Uint8Array {
  const plaintext = new Uint8Array(CELL_PLAINTEXT_SIZE);
  const view = new DataView(plaintext.buffer);
  view.setUint8(0, kind);
  view.setUint32(1, messageId);
  view.setUint16(5, index);
  view.setUint16(7, count);
  view.setUint16(9, length);
  return plaintext.fill(0xaa, 11, Math.min(11 + length, CELL_PLAINTEXT_SIZE));
}

function encoded(cell: Cell): Uint8Array {
  const into = new Uint8Array(CELL_PLAINTEXT_SIZE).fill(0x55);
  encodeCell(cell, into);
  return into;
}

const fragments: fc.Arbitrary<Cell> = fc.integer({ min: 1, max: MAX_FRAGMENTS }).chain((count) =>
  fc.nat(count - 1).chain((index) => {
    const max = index < MAX_FRAGMENTS - 1 ? FRAGMENT_CAPACITY : LAST_OF_THE_LONGEST;
    const min = index < count - 1 ? FRAGMENT_CAPACITY : 1;
    return fc.record({
      kind: fc.constant("fragment" as const),
      messageId: fc.nat(0xffffffff),
      index: fc.constant(index),
      count: fc.constant(count),
      data: fc.uint8Array({ minLength: min, maxLength: max, size: "max" }),
    }, { noNullPrototype: true });
  })
);

Deno.test("a dummy is 1252 zero bytes, whatever the buffer held before", () => {
  deepEqual(encoded(DUMMY), new Uint8Array(CELL_PLAINTEXT_SIZE));
  deepEqual(decodeCell(new Uint8Array(CELL_PLAINTEXT_SIZE)), DUMMY);
});

Deno.test("a fragment is written big-endian in the order of section 5", () => {
  const plaintext = encoded({
    kind: "fragment",
    messageId: 0x01020304,
    index: 12,
    count: 13,
    data: new Uint8Array([0xa, 0xb]),
  });
  deepEqual([...plaintext.subarray(0, 14)], [1, 1, 2, 3, 4, 0, 12, 0, 13, 0, 2, 0xa, 0xb, 0]);
  equal(plaintext.subarray(13).every((b) => b === 0), true);
});

Deno.test("encodeCell() writes in place, also inside a larger block, and nothing beside it", () => {
  const block = new Uint8Array(CELL_PLAINTEXT_SIZE + 32).fill(0x55);
  const inside = block.subarray(16, 16 + CELL_PLAINTEXT_SIZE);
  const cell = { kind: "fragment", messageId: 7, index: 0, count: 1, data: Uint8Array.of(9) } as const;
  encodeCell(cell, inside);
  equal(block.subarray(0, 16).every((b) => b === 0x55), true);
  equal(block.subarray(16 + CELL_PLAINTEXT_SIZE).every((b) => b === 0x55), true);
  deepEqual(decodeCell(inside), cell);
});

Deno.test("what is encoded decodes to the same cell", () => {
  fc.assert(fc.property(fragments, (cell) => deepEqual(decodeCell(encoded(cell)), cell)), { seed: 4, numRuns: 200 });
});

Deno.test("a fragment's data is a view of the plaintext, so wiping that wipes it", () => {
  const plaintext = raw(1, 0, 0, 1, 100);
  const cell = decodeCell(plaintext);
  plaintext.fill(0);
  equal(cell.kind === "fragment" && cell.data.every((b) => b === 0), true);
});

const RENEWALS: readonly (readonly [kind: "key" | "ciphertext", first: number, size: number])[] = [
  ["key", 2, 1216],
  ["ciphertext", 3, 1120],
];

Deno.test("a key is kind 2, 1216 bytes and 35 zeros, a ciphertext kind 3, 1120 bytes and 131 zeros, both ways", () => {
  for (const [kind, first, size] of RENEWALS) {
    const body = Uint8Array.from({ length: size }, (_, i) => i % 251 + 1);
    const plaintext = encoded({ kind, body });
    equal(plaintext[0], first);
    deepEqual(plaintext.slice(1, 1 + size), body);
    equal(plaintext.length - 1 - size, kind === "key" ? 35 : 131);
    equal(plaintext.subarray(1 + size).every((byte) => byte === 0), true);
    deepEqual(decodeCell(plaintext), { kind, body });
    // A view: wiping the plaintext wipes it.
    const cell = decodeCell(plaintext);
    plaintext.fill(0);
    equal("body" in cell && cell.body.every((byte) => byte === 0), true);
  }
});

Deno.test("decodeCell() refuses a non-zero byte anywhere behind a key or a ciphertext", () => {
  for (const [kind, , size] of RENEWALS) {
    for (let at = 1 + size; at < CELL_PLAINTEXT_SIZE; at++) {
      const plaintext = encoded({ kind, body: new Uint8Array(size).fill(7) });
      plaintext[at] = 1;
      throws(() => decodeCell(plaintext), { name: "ProtocolViolation", violation: "padding" });
    }
  }
});

Deno.test("encodeCell() refuses a key or a ciphertext of another length", () => {
  const into = new Uint8Array(CELL_PLAINTEXT_SIZE);
  for (const [kind, , size] of RENEWALS) {
    for (const length of [0, size - 1, size + 1]) {
      throws(() => encodeCell({ kind, body: new Uint8Array(length) }, into), RangeError);
    }
  }
});

Deno.test("decodeCell() refuses every other kind", () => {
  for (let kind = 4; kind < 256; kind++) {
    throws(() => decodeCell(raw(kind, 0, 0, 1, 1)), { name: "ProtocolViolation", violation: "cell kind" });
  }
});

Deno.test("decodeCell() refuses another length", () => {
  for (const size of [0, 1, 11, CELL_PLAINTEXT_SIZE - 1, CELL_PLAINTEXT_SIZE + 1]) {
    throws(() => decodeCell(new Uint8Array(size)), { name: "ProtocolViolation", violation: "length" });
  }
});

Deno.test("decodeCell() refuses a non-zero byte anywhere in a dummy", () => {
  for (let at = 1; at < CELL_PLAINTEXT_SIZE; at++) {
    const plaintext = new Uint8Array(CELL_PLAINTEXT_SIZE);
    plaintext[at] = 1;
    throws(() => decodeCell(plaintext), { name: "ProtocolViolation", violation: "padding" });
  }
});

Deno.test("decodeCell() refuses a non-zero byte anywhere behind a fragment's data", () => {
  for (const length of [1, 100, FRAGMENT_CAPACITY - 1]) {
    for (let at = 11 + length; at < CELL_PLAINTEXT_SIZE; at++) {
      const plaintext = raw(1, 0, 0, 1, length);
      plaintext[at] = 0x80;
      throws(() => decodeCell(plaintext), { name: "ProtocolViolation", violation: "padding" });
    }
  }
});

Deno.test("decodeCell() refuses a count, an index or a length that is out of its bounds", () => {
  const full = FRAGMENT_CAPACITY;
  const wrong: [index: number, count: number, length: number][] = [
    [0, 0, 1], // no fragments
    [0, 15, full], // more than any message has
    [0, 0xffff, full],
    [1, 1, 1], // index = count
    [1, 1, full],
    [14, 14, 1],
    [14, 14, full],
    [2, 1, 1],
    [0xffff, 14, 1],
    [0, 1, 0], // an empty last
    [1, 2, 0],
    [0, 1, full + 1], // longer than there is room for
    [0, 1, 0xffff],
    [0, 2, full - 1], // a short one that is not the last
    [0, 2, 0],
    [0, 2, full + 1],
    [12, 14, full - 1],
  ];
  for (const [index, count, length] of wrong) {
    throws(
      () => decodeCell(raw(1, 0, index, count, length)),
      { name: "ProtocolViolation", violation: "fragment" },
      `${index} of ${count}, ${length}`,
    );
  }
});

Deno.test("decodeCell() takes the fields at their bounds", () => {
  const right: [messageId: number, index: number, count: number, length: number][] = [
    [0, 0, 1, 1],
    [0xffffffff, 0, 1, FRAGMENT_CAPACITY],
    [1, 0, 2, FRAGMENT_CAPACITY],
    [1, 1, 2, 1],
    [1, 12, 14, FRAGMENT_CAPACITY],
    [1, 12, 13, FRAGMENT_CAPACITY],
    [1, 13, 14, LAST_OF_THE_LONGEST],
  ];
  for (const [messageId, index, count, length] of right) {
    const plaintext = raw(1, messageId, index, count, length);
    deepEqual(encoded(decodeCell(plaintext)), plaintext);
  }
});

Deno.test("decodeCell() refuses a last fragment that would make the message longer than MAX_JSON_SIZE", () => {
  for (const length of [LAST_OF_THE_LONGEST + 1, FRAGMENT_CAPACITY]) {
    throws(() => decodeCell(raw(1, 0, 13, 14, length)), { name: "ProtocolViolation", violation: "message size" });
  }
});

Deno.test("encodeCell() refuses what decodeCell() would", () => {
  const into = new Uint8Array(CELL_PLAINTEXT_SIZE);
  const good = { kind: "fragment", messageId: 0, index: 0, count: 1, data: new Uint8Array(1) } as const;
  const bad = [
    { ...good, messageId: -1 },
    { ...good, messageId: 2 ** 32 },
    { ...good, messageId: 0.5 },
    { ...good, messageId: NaN },
    { ...good, index: 1 },
    { ...good, index: -1 },
    { ...good, index: 0.5, count: 2, data: new Uint8Array(FRAGMENT_CAPACITY) },
    { ...good, count: 0 },
    { ...good, count: 1.5, data: new Uint8Array(FRAGMENT_CAPACITY) },
    { ...good, count: 15 },
    { ...good, count: 2 },
    { ...good, data: new Uint8Array(0) },
    { ...good, data: new Uint8Array(FRAGMENT_CAPACITY + 1) },
    { ...good, index: 13, count: 14, data: new Uint8Array(LAST_OF_THE_LONGEST + 1) },
  ];
  for (const cell of bad) throws(() => encodeCell(cell, into), RangeError);
  throws(() => encodeCell(DUMMY, new Uint8Array(CELL_PLAINTEXT_SIZE - 1)), RangeError);
  throws(() => encodeCell(good, new Uint8Array(CELL_PLAINTEXT_SIZE + 1)), RangeError);
});

Deno.test("a cell with some bytes changed either is refused or encodes to the changed bytes", () => {
  const change = fc.tuple(
    fc.oneof(fc.nat(12), fc.nat(CELL_PLAINTEXT_SIZE - 1)),
    fc.oneof(fc.constantFrom(0, 1, 2, 13, 14, 15), fc.nat(255)),
  );
  const renewals = fc.constantFrom(...RENEWALS).chain(([kind, , size]) =>
    fc.uint8Array({ minLength: size, maxLength: size, size: "max" }).map((body): Cell => ({ kind, body }))
  );
  const cells = fc.oneof(fragments, renewals, fc.constant<Cell>(DUMMY));
  fc.assert(
    fc.property(cells, fc.array(change, { minLength: 1, maxLength: 6 }), (cell, changes) => {
      const plaintext = encoded(cell);
      for (const [at, value] of changes) plaintext[at] = value;
      let decoded: Cell;
      try {
        decoded = decodeCell(plaintext);
      } catch (e) {
        equal((e as Error).name, "ProtocolViolation");
        return;
      }
      deepEqual(encoded(decoded), plaintext);
    }),
    { seed: 5, numRuns: 1500 },
  );
});

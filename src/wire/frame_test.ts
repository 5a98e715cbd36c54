// The frame header, both ways, and every way in which it is refused.

import { deepStrictEqual as deepEqual, strictEqual as equal, throws } from "node:assert/strict";
import { FRAME_BODY_SIZE, FRAME_SIZE } from "../constants.ts";
import { decodeFrame, encodeFrame, FrameType } from "./frame.ts";

const TYPES = Object.values(FrameType);

Deno.test("encodeFrame() writes version, type and two zero bytes, then the body", () => {
  for (const type of TYPES) {
    const frame = encodeFrame(type, new Uint8Array(FRAME_BODY_SIZE).fill(0xab));
    equal(frame.length, FRAME_SIZE);
    deepEqual([...frame.subarray(0, 5)], [1, type, 0, 0, 0xab]);
    equal(frame.at(-1), 0xab);
  }
});

Deno.test("encodeFrame() fills a short handshake body up with zeros, and copies it", () => {
  const body = new Uint8Array(32).fill(7);
  const frame = encodeFrame(FrameType.accept, body);
  body.fill(9);
  deepEqual([...frame.subarray(4, 37)], [...new Array<number>(32).fill(7), 0]);
  equal(frame.subarray(36).every((b) => b === 0), true);
});

Deno.test("encodeFrame() refuses a body that does not fit, and a part of a cell", () => {
  throws(() => encodeFrame(FrameType.offer, new Uint8Array(FRAME_BODY_SIZE + 1)), RangeError);
  throws(() => encodeFrame(FrameType.cell, new Uint8Array(FRAME_BODY_SIZE - 1)), RangeError);
  throws(() => encodeFrame(FrameType.cell, new Uint8Array(0)), RangeError);
});

Deno.test("decodeFrame() gives views of the frame, not copies", () => {
  const frame = encodeFrame(FrameType.cell, new Uint8Array(FRAME_BODY_SIZE).fill(1));
  const { type, header, body } = decodeFrame(frame);
  equal(type, FrameType.cell);
  deepEqual([...header], [1, 0x10, 0, 0]);
  equal(body.length, FRAME_BODY_SIZE);
  equal(header.buffer, frame.buffer);
  frame[4] = 99;
  equal(body[0], 99);
});

Deno.test("decodeFrame() takes a frame that lies inside a larger buffer", () => {
  const outer = new Uint8Array(FRAME_SIZE + 10);
  outer.set(encodeFrame(FrameType.offer, new Uint8Array([5])), 3);
  const { header, body } = decodeFrame(outer.subarray(3, 3 + FRAME_SIZE));
  deepEqual([header[0], body[0], body.length], [1, 5, FRAME_BODY_SIZE]);
});

Deno.test("decodeFrame() refuses every other length", () => {
  for (const size of [0, 1, 4, FRAME_SIZE - 1, FRAME_SIZE + 1, 2 * FRAME_SIZE]) {
    const frame = new Uint8Array(size);
    frame.set([1, 0x10, 0, 0].slice(0, size));
    throws(() => decodeFrame(frame), { name: "ProtocolViolation", violation: "length" });
  }
});

Deno.test("decodeFrame() refuses every other value of every header byte", () => {
  const words = ["version", "type", "flags", "reserved"];
  for (const [at, word] of words.entries()) {
    for (let value = 0; value < 256; value++) {
      const frame = encodeFrame(FrameType.cell, new Uint8Array(FRAME_BODY_SIZE));
      frame[at] = value;
      const allowed = at === 0 ? value === 1 : at === 1 ? TYPES.some((t) => t === value) : value === 0;
      if (allowed) decodeFrame(frame);
      else throws(() => decodeFrame(frame), { name: "ProtocolViolation", violation: word });
    }
  }
});

Deno.test("decodeFrame() names the first of several faults", () => {
  const frame = new Uint8Array(FRAME_SIZE).fill(0xff);
  const fixes = [["version", 1], ["type", 0x10], ["flags", 0], ["reserved", 0]] as const;
  for (const [at, [violation, right]] of fixes.entries()) {
    throws(() => decodeFrame(frame), { name: "ProtocolViolation", violation });
    frame[at] = right;
  }
  decodeFrame(frame);
});

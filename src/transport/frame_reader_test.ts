import assert from "node:assert/strict";
import { FRAME_SIZE } from "../constants.ts";
import { numbered } from "../../tests/harness/link_contract.ts";
import { FrameReader } from "./frame_reader.ts";

Deno.test("FrameReader gives the same frames for every size of chunk", () => {
  const stream = new Uint8Array(5 * FRAME_SIZE + 17);
  for (let i = 0; i < 5; i++) stream.set(numbered(i), i * FRAME_SIZE);
  for (const size of [1, 2, 3, 640, 1279, 1280, 1281, 2560, stream.length]) {
    const reader = new FrameReader();
    const frames: Uint8Array[] = [];
    for (let at = 0; at < stream.length; at += size) {
      reader.read(stream.subarray(at, at + size), () => true, (frame) => frames.push(frame.slice()));
    }
    assert.deepEqual(frames, [0, 1, 2, 3, 4].map(numbered), `in chunks of ${size}`);
  }
});

Deno.test("FrameReader stops in the middle of a chunk", () => {
  const reader = new FrameReader();
  let frames = 0;
  reader.read(new Uint8Array(10 * FRAME_SIZE), () => frames < 2, () => frames++);
  assert.equal(frames, 2);
});

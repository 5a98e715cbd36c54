// docs/PROTOCOL.md section 2: the frame's header, and cutting a stream into frames.
// Input: how the stream is cut, then the stream; its start, filled up with zeros, is the frame.

import { FRAME_BODY_SIZE, FRAME_HEADER_SIZE, FRAME_SIZE } from "../../src/constants.ts";
import { FrameReader } from "../../src/transport/frame_reader.ts";
import { decodeFrame, encodeFrame } from "../../src/wire/frame.ts";
import { Input, joined, judged, must, padded, same, type Target } from "../target.ts";

export const target: Target = {
  name: "frame",
  maxLength: 3 * FRAME_SIZE,
  dictionary: [
    Uint8Array.of(1, 1, 0, 0),
    Uint8Array.of(1, 2, 0, 0),
    Uint8Array.of(1, 3, 0, 0),
    Uint8Array.of(1, 0x10, 0, 0),
  ],
  seeds: () => [
    ...[1, 2, 3, 0x10, 4].map((type) => Uint8Array.of(200, 1, type, 0, 0, 9)),
    joined([99], padded(Uint8Array.of(1, 0x10), 2700)),
  ],
  make: () => Promise.resolve(run),
};

function run(data: Uint8Array): void {
  const input = new Input(data);
  const size = input.pick(2000) + 1;
  const stream = input.rest();
  header(stream);
  reader(stream, size);
}

function header(stream: Uint8Array): void {
  if (stream.length !== FRAME_SIZE) {
    const other = judged(() => decodeFrame(stream));
    must("violation" in other && other.violation === "length", "another length is a violation");
  }
  const frame = padded(stream, FRAME_SIZE);
  const kept = frame.slice();
  const got = judged(() => decodeFrame(frame));
  must(same(frame, kept), "decoding changes nothing");
  const [version, type, flags, reserved] = frame;
  const known = type === 1 || type === 2 || type === 3 || type === 0x10;
  const wrong = version !== 1
    ? "version"
    : !known
    ? "type"
    : flags !== 0
    ? "flags"
    : reserved !== 0
    ? "reserved"
    : undefined;
  if ("violation" in got) {
    return must(got.violation === wrong, "the first wrong byte of the header is named");
  }
  must(wrong === undefined, "a wrong header is refused");
  must(got.value.header.length === FRAME_HEADER_SIZE && got.value.body.length === FRAME_BODY_SIZE, "sizes");
  must(same(encodeFrame(got.value.type, got.value.body), frame), "round trip");
}

function reader(stream: Uint8Array, size: number): void {
  const frames: Uint8Array[] = [];
  const cutting = new FrameReader();
  for (let at = 0; at < stream.length; at += size) {
    cutting.read(stream.subarray(at, at + size), () => true, (frame) => frames.push(frame.slice()));
  }
  must(frames.length === Math.floor(stream.length / FRAME_SIZE), "as many frames as are whole");
  frames.forEach((frame, n) =>
    must(same(frame, stream.subarray(n * FRAME_SIZE, (n + 1) * FRAME_SIZE)), "each as it came")
  );
  let seen = 0;
  new FrameReader().read(stream, () => seen === 0, () => seen++);
  must(seen <= 1, "a link that is closed in the middle of a chunk gives no further frame");
}

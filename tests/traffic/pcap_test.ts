// The parser over bytes written by hand, and connections over segments made by hand.

import assert from "node:assert/strict";
import { flowsOf } from "./flow.ts";
import { parsePcap, type Segment } from "./pcap.ts";

Deno.test("parsePcap() reads a TCP segment over IPv4 and Ethernet, in either order of bytes and unit of time", () => {
  for (const littleEndian of [true, false]) {
    for (const nano of [true, false]) {
      const { segments, others } = parsePcap(pcapOf([packet({ payload: [7, 8, 9] })], littleEndian, nano));
      assert.equal(others, 0);
      assert.equal(segments.length, 1);
      const { at, from, to, seq, ack, syn, fin, payload } = segments[0]!;
      assert.ok(Math.abs(at - 1000.5) < 1e-6);
      assert.deepEqual([from, to], ["127.0.0.1:1000", "127.0.0.2:2000"]);
      assert.deepEqual([seq, ack, syn, fin], [0xfffffffe, 5, true, false]);
      assert.deepEqual([...payload], [7, 8, 9]);
    }
  }
});

Deno.test("parsePcap() counts incomplete TCP segments, ignores a packet cut off at the end, and refuses other files", () => {
  const udp = packet({ payload: [1] });
  udp[14 + 9] = 17;
  const file = pcapOf([udp, packet({ payload: [1] })], true, true);
  assert.equal(parsePcap(file).others, 1);
  assert.deepEqual(parsePcap(file.subarray(0, file.length - 1)).segments, []);
  assert.throws(() => parsePcap(new Uint8Array(100)), RangeError);
  assert.throws(() => parsePcap(new Uint8Array(3)), RangeError);
});

Deno.test("flowsOf() finds records alone in a segment, together in one, and spread over two", () => {
  const [flow] = flowsOf([
    segment({ from: "a:1", to: "b:2", seq: 0, syn: true }),
    segment({ from: "b:2", to: "a:1", seq: 10, syn: true }),
    segment({ from: "a:1", to: "b:2", seq: 1, payload: record(4) }),
    segment({ from: "b:2", to: "a:1", seq: 11, payload: [...record(2), ...record(3)], at: 1 }),
    segment({ from: "a:1", to: "b:2", seq: 10, payload: record(6).slice(0, 7), at: 2 }),
    segment({ from: "a:1", to: "b:2", seq: 17, payload: record(6).slice(7), at: 3 }),
  ]);
  assert.equal(flow?.dialer, "a:1");
  assert.equal(flow.stray, 0);
  assert.deepEqual(
    flow.records.map(({ way, size, alone }) => [way, size, alone]),
    [["up", 9, true], ["down", 7, false], ["down", 8, false], ["up", 11, false]],
  );
});

Deno.test("flowsOf() puts what comes early in its place, leaves out what comes again, and handles numbers that wrap", () => {
  const [flow] = flowsOf([
    segment({ from: "a:1", to: "b:2", seq: 0xfffffff0, syn: true }),
    segment({ from: "a:1", to: "b:2", seq: 0xfffffff1 + 9, payload: record(20), at: 2 }),
    segment({ from: "a:1", to: "b:2", seq: 0xfffffff1, payload: record(4), at: 3 }),
    segment({ from: "a:1", to: "b:2", seq: 0xfffffff1, payload: record(4), at: 4 }),
    segment({ from: "a:1", to: "b:2", seq: 0xfffffff1 + 34, payload: record(1), at: 5 }),
  ].map((s) => ({ ...s, seq: s.seq >>> 0 })));
  assert.deepEqual(flow?.records.map(({ size }) => size), [9, 25, 6]);
  assert.deepEqual(flow.sent.map(({ again }) => again), [false, false, false, true, false]);
  assert.equal(flow.stray, 0);
});

Deno.test("flowsOf() leaves out connections without a beginning, and tells two with the same ports apart", () => {
  const flows = flowsOf([
    segment({ from: "x:1", to: "y:2", payload: record(1) }),
    segment({ from: "a:1", to: "b:2", seq: 0, syn: true }),
    segment({ from: "a:1", to: "b:2", seq: 1, payload: record(1) }),
    segment({ from: "a:1", to: "b:2", seq: 500, syn: true }),
    segment({ from: "a:1", to: "b:2", seq: 501, payload: record(2) }),
  ]);
  assert.deepEqual(flows.map(({ records }) => records.map(({ size }) => size)), [[6], [7]]);
});

function record(length: number): number[] {
  return [23, 3, 3, length >> 8, length & 255, ...new Array<number>(length).fill(0)];
}

function segment(parts: Omit<Partial<Segment>, "payload"> & { from: string; to: string; payload?: number[] }): Segment {
  return {
    ...{ at: 0, seq: 0, ack: 0, syn: false, fin: false, rst: false },
    ...parts,
    payload: Uint8Array.from(parts.payload ?? []),
  };
}

function packet({ payload }: { payload: number[] }): Uint8Array {
  const bytes = new Uint8Array(14 + 20 + 20 + payload.length);
  const view = new DataView(bytes.buffer);
  bytes[14] = 0x45;
  view.setUint16(16, 40 + payload.length);
  bytes[23] = 6;
  bytes.set([127, 0, 0, 1, 127, 0, 0, 2], 26);
  view.setUint16(34, 1000);
  view.setUint16(36, 2000);
  view.setUint32(38, 0xfffffffe);
  view.setUint32(42, 5);
  bytes[46] = 0x50;
  bytes[47] = 2;
  bytes.set(payload, 54);
  return bytes;
}

function pcapOf(packets: readonly Uint8Array[], littleEndian: boolean, nano: boolean): Uint8Array {
  const out = new Uint8Array(24 + packets.reduce((sum, p) => sum + 16 + p.length, 0));
  const view = new DataView(out.buffer);
  view.setUint32(0, nano ? 0xa1b23c4d : 0xa1b2c3d4, littleEndian);
  view.setUint32(20, 1, littleEndian);
  let at = 24;
  for (const p of packets) {
    view.setUint32(at, 1, littleEndian);
    view.setUint32(at + 4, nano ? 500_000 : 500, littleEndian);
    view.setUint32(at + 8, p.length, littleEndian);
    view.setUint32(at + 12, p.length, littleEndian);
    out.set(p, at + 16);
    at += 16 + p.length;
  }
  return out;
}

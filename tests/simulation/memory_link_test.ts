// The pair in memory keeps the contract of every Link, in good weather and in bad.

import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { FRAME_SIZE } from "../../src/constants.ts";
import { linkContract, numbered } from "../harness/link_contract.ts";
import { CALM, MemoryPair, type Weather } from "./memory_link.ts";
import { Random } from "./random.ts";
import { Timeline } from "./timeline.ts";

const random = new Random(1);
const ROUGH: Weather = {
  delayMs: () => random.between(0, 300),
  splitAt: () => random.chance(0.5) ? random.int(1, FRAME_SIZE - 1) : 0,
};

function makePair(weather: Weather): MemoryPair {
  const cb = new Uint8Array(64);
  random.fill(cb);
  const end = (host: string, port: number) => ({ self: random.hex(32), host, address: `${host}:${port}` });
  return new MemoryPair(new Timeline(), end("192.0.2.1", 50_000), end("192.0.2.2", 7373), cb, weather);
}

for (const [name, weather] of [["memory", CALM], ["memory, rough weather", ROUGH]] as const) {
  linkContract(name, () => {
    const pair = makePair(weather);
    return Promise.resolve({
      dialer: pair.dialer,
      listener: pair.listener,
      settle: () => pair.settle(),
      [Symbol.asyncDispose]: () => {
        pair.dialer.close();
        pair.listener.close();
        return Promise.resolve();
      },
    });
  });
}

function heardBy(pair: MemoryPair) {
  const heard = { dialer: [] as number[], listener: [] as number[], ends: [] as string[] };
  for (const role of ["dialer", "listener"] as const) {
    pair.end(role).receive(
      (frame) => heard[role].push(new DataView(frame.buffer, frame.byteOffset).getUint32(0)),
      () => heard.ends.push(role),
    );
  }
  return heard;
}

Deno.test("a stalled direction delivers nothing until it is over, then all in order, and counts what is unsent", () => {
  const pair = makePair(CALM);
  const heard = heardBy(pair);
  pair.stall("listener", 5_000);
  for (let i = 0; i < 40; i++) pair.dialer.send(numbered(i));
  equal(pair.dialer.unsent, 16);
  pair.settle();
  deepEqual(heard.listener, Array.from({ length: 40 }, (_, i) => i));
  equal(pair.dialer.unsent, 0);
});

Deno.test("a dead pair tells the ends that it says, and what is sent into it stays unsent", () => {
  const pair = makePair(CALM);
  const heard = heardBy(pair);
  pair.dialer.send(numbered(1));
  pair.listener.send(numbered(2));
  pair.die(["dialer"], ["listener"]);
  pair.settle();
  deepEqual(heard, { dialer: [2], listener: [], ends: ["dialer"] });
  for (let i = 0; i < 50; i++) pair.listener.send(numbered(i));
  pair.settle();
  equal(pair.listener.unsent > 16, true);
});

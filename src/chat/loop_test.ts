// The loop's only timer: what it is set by. Steps themselves are of the peers' tests, effects of tests/process.

import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { Loop, type LoopParts } from "./loop.ts";
import { now } from "../system.ts";

Deno.test("a caller who is turned away sets the timer: the count is told, also where nothing else happens", async () => {
  let admit: ((host: string) => boolean) | undefined;
  let deadline = Infinity;
  const events: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const parts = {
    peers: {
      admit: () => {
        deadline = now() + 20;
        return false;
      },
      get deadline() {
        return deadline;
      },
      step: ({ type }: { type: string }) => {
        events.push(type);
        deadline = Infinity;
        resolve();
        return [];
      },
      [Symbol.dispose]: () => {},
    },
    transport: {
      listen: (_: string, handlers: { admit(host: string): boolean }) => {
        admit = handlers.admit;
        return Promise.resolve({ address: "127.0.0.1:1", close: () => {} });
      },
    },
    stretcher: { [Symbol.dispose]: () => {} },
    onStep: () => {},
    onFault: (error: unknown) => {
      throw error;
    },
  };
  using loop = new Loop(parts as unknown as LoopParts);
  await loop.listen("127.0.0.1:1");
  equal(admit?.("192.0.2.1"), false);
  const late = setTimeout(resolve, 2000);
  await promise;
  clearTimeout(late);
  deepEqual(events, ["time"]);
});

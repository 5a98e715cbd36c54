// What the loop does with a caller, and what its only timer is set by. Steps themselves are of the peers' tests, effects of tests/process.

import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import type { Event } from "../peers/event.ts";
import type { Caller, ListenHandlers } from "../ports.ts";
import { Loop, type LoopParts } from "./loop.ts";
import { now } from "../system.ts";

Deno.test("a caller who is turned away is closed and sets the timer: the count is told, also where nothing else happens", async () => {
  let called: ((caller: Caller) => void) | undefined;
  let deadline = Infinity;
  const events: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const parts = {
    peers: {
      get deadline() {
        return deadline;
      },
      step: (event: Event) => {
        events.push(event.type);
        if (event.type === "arrived") {
          deadline = now() + 20;
          return [{ type: "shut", caller: event.caller }];
        }
        deadline = Infinity;
        resolve();
        return [];
      },
      [Symbol.dispose]: () => {},
    },
    transport: {
      listen: (_: string, handlers: ListenHandlers) => {
        called = handlers.called;
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
  let closed = 0;
  called?.({ host: "192.0.2.1", address: "192.0.2.1:1", start: () => {}, close: () => closed++ });
  equal(closed, 1);
  const late = setTimeout(resolve, 2000);
  await promise;
  clearTimeout(late);
  deepEqual(events, ["arrived", "time"]);
});

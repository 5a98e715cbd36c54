// What the loop does with a caller, and what its only timer is set by. The peers' tests cover the steps themselves,
// tests/process the effects.

import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";
import { FRAME_SIZE, MAX_WAITING, MAX_WAITING_PER_NETWORK } from "../constants.ts";
import type { Event } from "../peers/event.ts";
import type { CallStep } from "../call.ts";
import { DialError, type ListenHandlers } from "../ports.ts";
import { Loop, type LoopParts } from "./loop.ts";
import { now } from "../system.ts";

/** What a loop over these peers needs, and a way to call its listener. */
function partsWith(peers: unknown): { parts: LoopParts; call: ListenHandlers["called"] } {
  let called: ListenHandlers["called"] | undefined;
  const parts = {
    peers,
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
  return { parts: parts as unknown as LoopParts, call: (caller) => called?.(caller) };
}

Deno.test("a caller who is turned away is closed and sets the timer: the count is reported even if nothing else happens", async () => {
  let deadline = Infinity;
  const events: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const { parts, call } = partsWith({
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
  });
  using loop = new Loop(parts);
  await loop.listen("127.0.0.1:1");
  loop.takeCalls();
  let closed = 0;
  call({ host: "192.0.2.1", address: "192.0.2.1:1", start: () => {}, close: () => closed++ });
  equal(closed, 1);
  const late = setTimeout(resolve, 2000);
  await promise;
  clearTimeout(late);
  deepEqual(events, ["arrived", "time"]);
});

Deno.test("callers before there is a phrase to offer wait in order, few of a network, and are closed where none comes", async () => {
  const arrived: number[] = [];
  const { parts, call: called } = partsWith({
    deadline: Infinity,
    wantsQuiet: false,
    step: (event: Event) => {
      if (event.type === "arrived") arrived.push(event.caller);
      return [];
    },
    [Symbol.dispose]: () => {},
  });
  const closed: string[] = [];
  const call = (name: string, host = "192.0.2.1") =>
    called({ host, address: name, start: () => closed.push("started"), close: () => closed.push(name) });
  {
    using loop = new Loop(parts);
    await loop.listen("127.0.0.1:1");
    for (let i = 1; i <= MAX_WAITING_PER_NETWORK + 2; i++) call(String(i), `192.0.2.${i}`);
    deepEqual([arrived, closed], [[], ["4"]], "one network keeps nobody else out");
    for (let i = MAX_WAITING_PER_NETWORK + 1; i <= MAX_WAITING; i++) call(`more ${i}`, `10.${i >> 8}.${i & 255}.1`);
    deepEqual(closed, ["4", `more ${MAX_WAITING}`]);
    loop.takeCalls();
    call("later");
    deepEqual(arrived, Array.from({ length: MAX_WAITING + 1 }, (_, i) => i + 1), "who waited, then who calls now");
    equal(closed.length, 2);
  }
  closed.length = 0;
  {
    using loop = new Loop(parts);
    await loop.listen("127.0.0.1:1");
    call("early");
  }
  deepEqual(closed, ["early"]);
});

Deno.test("when an introduction's port closes, the peers hear of whoever waited or was in TLS there, and of nobody else", async () => {
  const failed: unknown[] = [];
  const { parts, call } = partsWith({
    deadline: Infinity,
    wantsQuiet: false,
    step: (event: Event) => {
      if (event.type === "failed") failed.push([event.caller, event.why]);
      if (event.type === "introduce") return [{ type: "listen at", hosts: ["192.0.2.9"] }];
      if (event.type === "decline") return [{ type: "listen at", hosts: [] }];
      return event.type === "arrived" && event.caller > 1 ? [{ type: "start", caller: event.caller }] : [];
    },
    [Symbol.dispose]: () => {},
  });
  const closed: string[] = [];
  using loop = new Loop(parts);
  const calls = (name: string) =>
    call({ host: "192.0.2.1", address: name, start: () => {}, close: () => closed.push(name) });
  loop.step({ type: "introduce", peer: "" });
  calls("waits");
  calls("in TLS");
  await loop.listen("127.0.0.1:1");
  loop.takeCalls();
  calls("at the door");
  loop.step({ type: "decline", peer: "" });
  deepEqual([failed, closed], [[[1, "stopped"], [2, "stopped"]], ["waits", "in TLS"]]);
});

Deno.test("a port that is taken only after the end is closed at once", async () => {
  const { promise, resolve } = Promise.withResolvers<{ address: string; close: () => void }>();
  let closed = 0;
  const { parts } = partsWith({ [Symbol.dispose]: () => {} });
  const late = { ...parts, transport: { listen: () => promise } } as unknown as LoopParts;
  const loop = new Loop(late);
  const listening = loop.listen("127.0.0.1:1");
  loop[Symbol.dispose]();
  resolve({ address: "127.0.0.1:1", close: () => closed++ });
  await listening;
  equal(closed, 1);
});

Deno.test("a friend's flood is handled in order and in slices, between which ticks come; a read and the end come behind it", async () => {
  const steps: string[] = [];
  let next = now() + 5;
  let frameOf = (_: number): void => {};
  let end = () => {};
  const { promise, resolve } = Promise.withResolvers<void>();
  const link = {
    receive: (onFrame: (frame: Uint8Array) => void, onEnd: () => void) => {
      frameOf = (first) => onFrame(new Uint8Array(FRAME_SIZE).fill(first));
      end = onEnd;
    },
    close: () => {},
  };
  const { parts, call } = partsWith({
    get deadline() {
      return next;
    },
    wantsQuiet: false,
    mayWait: () => true,
    step: (event: Event) => {
      steps.push(event.type === "frame" ? `${event.frame[0]}` : event.type);
      if (event.type === "arrived") return [{ type: "start", caller: event.caller }];
      if (event.type === "linked") return [{ type: "read", link: event.link }];
      if (event.type === "time") next = now() + 5;
      // A cell that passes over others.
      if (event.type === "frame") { for (const until = now() + 1; now() < until;); }
      if (event.type === "ended") resolve();
      return [];
    },
    [Symbol.dispose]: () => {},
  });
  using loop = new Loop(parts);
  await loop.listen("127.0.0.1:1");
  loop.takeCalls();
  const start = ({ linked }: { linked(link: unknown): void }) => linked(link);
  call({ host: "192.0.2.1", address: "192.0.2.1:1", start: start as never, close: () => {} });
  for (let i = 0; i < 60; i++) frameOf(i);
  end();
  const atOnce = steps.filter((step) => /^\d/.test(step)).length;
  ok(atOnce < 60, `${atOnce} at once`);
  await promise;
  deepEqual(steps.filter((step) => /^\d/.test(step)).map(Number), Array.from({ length: 60 }, (_, i) => i));
  ok(steps.indexOf("ended") > steps.indexOf("59"), "the end came before what was there");
  ok(
    steps.slice(steps.indexOf("0"), steps.indexOf("59")).filter((step) => step === "time").length >= 3,
    steps.join(" "),
  );
  const read = steps.indexOf("read");
  ok(read < 0 || read > steps.indexOf("59"), "a read came before what was there");
});

Deno.test("a piece of quiet work is done after the frames of its step, clear of the next tick, and not once all is over", async () => {
  const steps: string[] = [];
  let [wants, tick, asked] = [1, Infinity, 0];
  // Of one tick: a deadline that moved with the clock could seem to be a new one.
  let overdue: number | undefined;
  const { promise, resolve } = Promise.withResolvers<void>();
  const peers = {
    get deadline() {
      asked++;
      return overdue ?? tick;
    },
    get wantsQuiet() {
      return wants > 0;
    },
    step: ({ type }: Event) => {
      steps.push(`${type} ${now() >= tick - 4 ? "too near" : "clear"}`);
      if (type === "time") tick = Infinity;
      if (type === "quiet" && --wants === 0) resolve();
      return [];
    },
    [Symbol.dispose]: () => {},
  };
  const loop = new Loop(partsWith(peers).parts);
  // A tick that is near: two pieces come behind it, one after the other.
  [wants, tick] = [2, now() + 3];
  loop.step({ type: "say", text: "" });
  deepEqual(steps, ["say too near"], "nothing is done within the step itself");
  await promise;
  deepEqual(steps.slice(1), ["time too near", "quiet clear", "quiet clear"]);
  // Behind a tick that was waited for, work goes on for 4 ms: that has to be over.
  await new Promise((done) => setTimeout(done, 10));
  // A tick that is due and not taken keeps it waiting. When all ends then, it is not done, and no timer is left behind.
  [wants, overdue] = [1, now() - 1];
  loop.step({ type: "say", text: "" });
  while (steps.filter((step) => step.startsWith("time")).length < 5) await new Promise((done) => setTimeout(done, 1));
  loop[Symbol.dispose]();
  const before = asked;
  await new Promise((done) => setTimeout(done, 10));
  equal(asked, before, "a timer goes on");
  equal(steps.filter((step) => step.startsWith("quiet")).length, 2);
});

Deno.test("after the process stood still, what came meanwhile is taken before the tick that is late, which comes once", async () => {
  const steps: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  let tick = Infinity;
  const { parts } = partsWith({
    get deadline() {
      return tick;
    },
    step: ({ type }: Event) => {
      steps.push(type);
      if (type === "time") {
        tick = Infinity;
        resolve();
      }
      return [];
    },
    [Symbol.dispose]: () => {},
  });
  using loop = new Loop(parts);
  await using friend = new Deno.Command("sh", { args: ["-c", "sleep 0.2; echo bye"], stdout: "piped" }).spawn();
  const heard = (async () => {
    for await (const _ of friend.stdout) loop.step({ type: "say", text: "" });
  })();
  tick = now() + 5;
  loop.step({ type: "say", text: "" });
  for (const thawed = now() + 1000; now() < thawed;);
  await promise;
  await heard;
  deepEqual(steps, ["say", "say", "time"]);
});

/** A loop that only calls, and what it opened. Each dial finds its address at once, and then hears nothing. */
function callingLoop(takesCallsBack: boolean) {
  const listeners: { address: string; known: boolean | undefined; handlers: ListenHandlers; open: boolean }[] = [];
  const events: Event[] = [];
  let aimed = 0;
  const { parts } = partsWith({
    deadline: Infinity,
    wantsQuiet: false,
    step: (event: Event) => {
      events.push(event);
      if (event.type === "call") return [{ type: "dial", call: events.length, target: event.target, quiet: false }];
      return event.type === "decline" ? [{ type: "callEnded", target: "203.0.113.9:7373" }] : [];
    },
    [Symbol.dispose]: () => {},
  });
  const loop = new Loop(
    {
      ...parts,
      takesCallsBack,
      addresses: () => [],
      onAimed: () => aimed++,
      onCallEnded: () => {},
      watch: { begin() {}, follow() {}, aimed() {} },
      transport: {
        listen: (address: string, handlers: ListenHandlers, known?: boolean) => {
          const listener = { address, known, handlers, open: true };
          listeners.push(listener);
          return Promise.resolve({ address, close: () => void (listener.open = false) });
        },
        dial: (target: string, signal: AbortSignal, onStep: (step: CallStep) => void) => {
          const host = target.split(":")[0]!;
          onStep({ step: "resolved", addresses: [{ host, port: 7373 }] });
          return new Promise((_, fail) => signal.addEventListener("abort", () => fail(new DialError(NOBODY))));
        },
      },
    } as unknown as LoopParts,
  );
  const caller = (host: string) => {
    let closed = false;
    listeners[0]?.handlers.called({ host, address: host, start() {}, close: () => void (closed = true) });
    return closed ? "closed" : "heard";
  };
  return { loop, listeners, events, caller, aimed: () => aimed };
}
const NOBODY = { at: "connect", why: "refused" } as const;
const turn = () => new Promise((done) => setTimeout(done));

Deno.test("who calls also takes calls, on the usual port, from those whom it calls and nobody else", async () => {
  const { loop, listeners, events, caller, aimed } = callingLoop(true);
  using _ = loop;
  loop.step({ type: "call", target: "203.0.113.9:7373", retry: true });
  deepEqual([aimed(), listeners.length], [1, 0], "not before there is something to offer");
  loop.takeCalls();
  await turn();
  deepEqual(listeners.map(({ address, known }) => [address, known]), [["7373", false]]);
  const aims = () => events.filter(({ type }) => type === "aimed");
  deepEqual(aims(), [{ type: "aimed", call: 1, meetAt: [{ host: "203.0.113.9", port: 7374 }] }]);
  deepEqual([caller("203.0.113.9"), caller("203.0.113.8")], ["heard", "closed"]);
  equal(events.filter(({ type }) => type === "arrived").length, 1);
  loop.step({ type: "call", target: "198.51.100.1:7373", retry: true });
  equal(aims().length, 2, "a later call is met halfway at once");
  loop.step({ type: "decline", peer: "" });
  deepEqual([caller("203.0.113.9"), caller("198.51.100.1")], ["closed", "heard"], "a call that is over is nobody's");
  await loop.listen("7373");
  deepEqual(listeners.map(({ open, known }) => [open, known]), [[false, false], [true, true]]);
});

Deno.test("who calls once, or through others, takes no calls; on loopback there is nothing to meet", async () => {
  const once = callingLoop(false);
  using _ = once.loop;
  once.loop.step({ type: "call", target: "203.0.113.9:7373", retry: false });
  once.loop.takeCalls();
  const here = callingLoop(true);
  using _here = here.loop;
  here.loop.step({ type: "call", target: "127.0.0.1:7373", retry: true });
  await turn();
  for (const { listeners, aimed, events } of [once, here]) {
    deepEqual([listeners.length, aimed(), events.map(({ type }) => type)], [0, 0, ["call"]]);
  }
});

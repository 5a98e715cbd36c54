// What friends are told about where they can call us, as the router and the network change. The test plays the router.

import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";
import type { StretchedPhrase } from "../auth/stretched.ts";
import { parse } from "../cli/args.ts";
import type { Notice } from "../notice.ts";
import type { MapEvent } from "../transport/mapping/mapper.ts";
import type { View } from "../terminal/view.ts";
import type { ChatArgs } from "./chat_args.ts";
import { Reachable, type ReachableParts } from "./reachable.ts";

const OUTER = "203.0.113.1:7373";
const OUTER6 = "[2001:db8:1::10]:7373";

/** Somebody who listens behind a router that has let both families through. */
async function reachable() {
  const shown: Notice[] = [];
  const hints: string[] = [];
  const called: string[][] = [];
  let router: (event: MapEvent) => void = () => {};
  let answers = () => {};
  const { promise: opened, resolve: open } = Promise.withResolvers<void>();
  const parts = {
    args: parse(["listen", "7373", "--map-port"]) as ChatArgs,
    view: { show: (notice: Notice) => void shown.push(notice) } as unknown as View,
    entropy: () => {},
    addresses: () => [Uint8Array.of(192, 168, 1, 10)],
    openMapper: (_: number, tell: (event: MapEvent) => void) => {
      router = tell;
      open();
      return {
        ask: () => new Promise<void>((done) => answers = done),
        end: () => Promise.resolve(),
        [Symbol.dispose]() {},
      };
    },
    onFault: (error: unknown) => {
      throw error;
    },
  } as unknown as ReachableParts;
  const it = new Reachable(parts, {
    loop: {
      listen: () => Promise.resolve("[::]:7373"),
      stretch: () => Promise.resolve({} as StretchedPhrase),
      step: (event) => void (event.type === "reachable" && called.push([...event.addresses])),
      takeCalls() {},
    },
    hidden: false,
    ending: () => false,
    calling: () => false,
    hint: (text) => void hints.push(text),
    problem: (problem) => {
      throw new Error(problem.wrong);
    },
  });
  await it.listen("7373");
  await opened;
  const mapped = (host: string) => router({ type: "mapped", address: { host, port: 7373 }, by: "pcp", seconds: 1200 });
  mapped("203.0.113.1");
  mapped("2001:db8:1::10");
  answers();
  return { it, shown, hints, called, router, mapped, answer: () => answers() };
}

Deno.test("a family that the router lets through no more is taken out of the invitation, and the other one is kept", async () => {
  for (const six of [false, true]) {
    const { it, called, router, shown } = await reachable();
    const [left, gone] = six ? [OUTER, OUTER6] : [OUTER6, OUTER];
    ok(it.invitation?.includes(left) && it.invitation.includes(gone));
    const host = six ? "2001:db8:1::10" : "203.0.113.1";
    router({ type: "unmapped", why: "router-silent", lost: { host, port: 7373 } });
    ok(it.invitation?.includes(left) && !it.invitation.includes(gone));
    deepEqual(called.at(-1), [left, "192.168.1.10:7373"]);
    deepEqual(shown.at(-1), { event: "unmapped", address: "[::]:7373", why: "router-silent", lost: gone });
  }
});

Deno.test("in another network the invitation is shown once, after its router has been asked", async () => {
  for (const word of ["mapped", "unmapped", "the same"]) {
    const { it, hints, router, mapped, answer } = await reachable();
    hints.length = 0;
    it.woke(true);
    equal(hints.length, 0);
    if (word === "mapped") mapped("198.51.100.1");
    if (word === "unmapped") {
      router({ type: "unmapped", why: "router-silent", lost: { host: "203.0.113.1", port: 7373 } });
    }
    answer();
    await new Promise((done) => setTimeout(done));
    equal(hints.length, 1);
    equal(hints[0]?.includes(OUTER), word === "the same");
    it.woke(false);
    answer();
    mapped("198.51.100.2");
    equal(hints.length, 2, "a new outer address is told at once");
  }
});

Deno.test("/listen on a port that cannot be had says what to type in the chat instead, and the command line what to type there", async () => {
  const told: string[] = [];
  const busy = Object.assign(new Error(), { code: "EADDRINUSE" });
  const trial = (...argv: string[]) =>
    new Reachable({ args: parse(argv) as ChatArgs } as unknown as ReachableParts, {
      loop: { listen: () => Promise.reject(busy), step() {}, stretch: () => Promise.reject(busy), takeCalls() {} },
      hidden: false,
      ending: () => false,
      calling: () => false,
      hint: (text) => void told.push(text),
      problem: ({ wrong, next }) => void told.push(`${wrong} ${next}`),
    });
  const chat = trial("connect", "192.0.2.7");
  chat.listenNow("7400");
  await new Promise((done) => setTimeout(done));
  chat.listenNow("99999");
  deepEqual(told, [
    "Another program has that port. Close it, or choose another: /listen 7401.",
    "The port is not a number from 1 to 65535. Type a port, for example: /listen 7373",
  ]);
  equal((await trial("listen", "7400").listen("7400"))?.next, "Close it, or choose another: sesame listen 7401.");
  const both = await trial("connect", "192.0.2.7", "--listen", "7400").listen("7400");
  equal(both?.next, "Close it, or choose another: --listen 7401.");
});

Deno.test("a second after a call began that has brought nobody, calls are taken; /listen then stretches nothing anew", async () => {
  const did: string[] = [];
  let calling = true;
  const parts = {
    args: parse(["connect", "192.0.2.7"]) as ChatArgs,
    view: { show: ({ event }: Notice) => void did.push(event) } as unknown as View,
    entropy: () => {},
    addresses: () => [Uint8Array.of(192, 168, 1, 10)],
    onFault: (error: unknown) => {
      throw error;
    },
  } as unknown as ReachableParts;
  using it = new Reachable(parts, {
    loop: {
      listen: () => Promise.resolve("[::]:7373"),
      stretch: (_, quiet) => (did.push(`stretch${quiet ? " quietly" : ""}`), Promise.resolve({} as StretchedPhrase)),
      step: ({ type }) => void did.push(type),
      takeCalls: () => void did.push("takes calls"),
    },
    hidden: false,
    ending: () => false,
    calling: () => calling,
    hint: () => {},
    problem: () => {},
  });
  const aSecond = () => new Promise((done) => setTimeout(done, 1_050));
  calling = false;
  it.meetHalfway();
  await aSecond();
  deepEqual(did, [], "the call brought somebody");
  calling = true;
  it.meetHalfway();
  it.meetHalfway();
  deepEqual(did, []);
  await aSecond();
  deepEqual(did, ["stretch quietly", "ready", "takes calls"]);
  it.meetHalfway();
  await it.listen("7373");
  deepEqual(did.slice(3), ["listening", "reachable", "takes calls"]);
  await aSecond();
  equal(did.length, 6);
});

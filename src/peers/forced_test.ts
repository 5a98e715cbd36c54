// What a lying friend, or a stranger, must not be able to force. Every process here is whole.

import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";
import { Bench, type Person, storiesIn } from "../../tests/simulation/bench.ts";
import { sourceOf } from "../../tests/simulation/node.ts";
import { fixedPhrase } from "../../tests/simulation/session_pair.ts";
import { MAX_PLACES, MAX_STRETCHED, PLACE_SAFE_MS, PUNCH_AFTER_MS, START_PAUSE_MS } from "../constants.ts";
import { loadSodium } from "../crypto/sodium.ts";
import { FrameType } from "../wire/frame.ts";
import type { Effect, Event } from "./event.ts";
import { Peers } from "./step.ts";

const arena = await loadSodium([[32, 4_000], [64, 256], [256, 256], [1280, 8]]);
const ASK = { introductions: "ask", hidden: false } as const;
const A: Person = { name: "a", rank: 1, host: "203.0.113.1", circle: ASK };
const B: Person = { name: "b", rank: 2, host: "203.0.113.2", deaf: true, circle: ASK };
const C: Person = { name: "c", rank: 3, host: "203.0.113.3", deaf: true, circle: ASK };

const test = storiesIn(arena);

/** The answer on connections between these two is held back until it is asked for. */
function holdAnswer(bench: Bench, from: string, to: string): { readonly held: () => number; readonly go: () => void } {
  const held: (() => void)[] = [];
  bench.onJoined = (joined) => {
    if (![from, to].includes(joined.from) || ![from, to].includes(joined.to)) return;
    const { dialer } = joined.pair;
    const { send } = dialer;
    dialer.send = (frame) => {
      if (frame[1] !== FrameType.answer) return send.call(dialer, frame);
      const kept = frame.slice();
      held.push(() => send.call(dialer, kept));
    };
  };
  return { held: () => held.length, go: () => held.splice(0).forEach((send) => send()) };
}

test("a phrase that was lent to an expected caller's handshake stays until that is over, however many come after it", [
  A,
  B,
  C,
], (bench) => {
  bench.call("b", "a").call("c", "a").run(6_000);
  const answer = holdAnswer(bench, "b", "c");
  bench.node("b").step({ type: "introduce", peer: bench.id("c") });
  bench.node("c").step({ type: "introduce", peer: bench.id("b") });
  while (answer.held() === 0) bench.run(100);
  for (const who of ["b", "c"]) {
    for (let salt = 100; salt <= 100 + MAX_STRETCHED; salt++) {
      const phrase = Object.assign(fixedPhrase(arena), { salt: new Uint8Array(16).fill(salt) });
      bench.node(who).step({ type: "stretched", phrase, tookMs: 200 });
    }
  }
  answer.go();
  bench.run(5_000);
  ok(bench.friend("b", "c") !== undefined && bench.friend("c", "b") !== undefined);
});

for (const read of [20, 5_000]) {
  test(`whose words were others is not let in by a connection that was on its way (${read} ms to read)`, [
    { name: "a", rank: 1 },
    { name: "b", rank: 2 },
  ], (bench) => {
    bench.call("a", "b").run(2_000);
    bench.readTakesMs = read;
    const answer = holdAnswer(bench, "b", "a");
    bench.call("b", "a");
    while (answer.held() === 0) bench.run(100);
    if (read > 20) answer.go();
    bench.run(1_000);
    bench.node("a").step({ type: "compared", peer: bench.id("b"), same: false });
    equal(bench.friend("a", "b"), undefined);
    answer.go();
    bench.run(20_000);
    deepEqual(bench.story("a").filter((line) => line.startsWith("connected")), ["connected out"]);
    equal(bench.friend("a", "b"), undefined);
    deepEqual(bench.open(), []);
  });
}

Deno.test("a two-sided connection whose place was given to somebody else while TLS went on gets no offer", () => {
  const options = { self: "01".repeat(32), shape: { cover: "constant", intervalMs: 250 }, name: undefined } as const;
  using peers = new Peers(arena, { ...options, friends: undefined, introductions: "no", hidden: false });
  let now = 0;
  const entropy = (into: Uint8Array) => void into.fill(7);
  const step = (event: Event, ms = 0): Effect[] => peers.step(event, now += ms, entropy);
  const time = (ms: number) => step({ type: "time", unsent: () => 0 }, ms);
  const from = sourceOf("192.0.2.9");
  step({ type: "ready", phrase: fixedPhrase(arena) });
  const dial = step({ type: "call", target: "b", retry: true }).find(({ type }) => type === "dial");
  ok(dial?.type === "dial");
  step({ type: "aimed", call: dial.call, meetAt: [{ host: "192.0.2.9", port: 7374 }] });
  const punch = time(PUNCH_AFTER_MS).find(({ type }) => type === "punch");
  ok(punch?.type === "punch");
  // Their network has wasted a place, so it is the first to lose one.
  ok(peers.admit(1, from, now, entropy));
  step({ type: "failed", caller: 1, address: "192.0.2.9:50000", why: "closed" });
  step({ type: "punchOpened", punch: punch.punch });
  ok(peers.admit(2, from, now, entropy));
  for (let n = 1; n < MAX_PLACES; n++) {
    step({ type: "arrived", caller: 100 + n, source: sourceOf(`198.51.100.${n}`) }, START_PAUSE_MS);
  }
  step({ type: "arrived", caller: 200, source: sourceOf("198.51.100.200") }, PLACE_SAFE_MS);
  deepEqual(time(START_PAUSE_MS).filter(({ type }) => type === "shut"), []);
  const facts = {
    role: "listener",
    self: options.self,
    peer: "02".repeat(32),
    channelBinding: new Uint8Array(64),
  } as const;
  const linked = { type: "linked", link: 1, facts, address: "192.0.2.9:7374", local: "", punch: punch.punch } as const;
  const effects = step({ ...linked, caller: 2 });
  deepEqual(effects.filter(({ type }) => type === "send" || type === "close"), [{
    type: "close",
    link: 1,
    lost: true,
  }]);
});

// What a friend who lies, or a stranger, must not be able to force. Every process here is whole.

import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";
import { Bench, type Person, storiesIn } from "../../tests/simulation/bench.ts";
import { fixedPhrase } from "../../tests/simulation/session_pair.ts";
import { MAX_STRETCHED } from "../constants.ts";
import { loadSodium } from "../crypto/sodium.ts";
import { FrameType } from "../wire/frame.ts";

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

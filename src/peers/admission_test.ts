// Who may open a connection: each number of docs/PROTOCOL.md section 8 from both sides.

import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";
import fc from "fast-check";
import { watching } from "../../tests/harness/watching.ts";
import { Admission, type Source } from "./admission.ts";

const v4 = (n: number): Source => ({ key: `198.51.${n >> 8}.${n & 255}`, site: undefined });
const v6 = (n: number, site = "2001:db8:1"): Source => ({ key: `${site}:${n.toString(16)}::`, site });

/** As many as get in. */
function admitted(admission: Admission, sources: readonly Source[], now = 0): number {
  return sources.filter((source) => admission.open(source, now)).length;
}

function times(n: number, source: Source): Source[] {
  return Array.from({ length: n }, () => source);
}

/** An address that authenticated and has no connection open. */
function known(admission: Admission, source: Source, now = 0): void {
  ok(admission.open(source, now));
  admission.authenticated(source);
  admission.settled(source);
}

function wrong(admission: Admission, source: Source, now: number): void {
  admission.takeGuess(source, now);
  admission.wrongGuess(source, now);
}

Deno.test("at most 32 connections that have not authenticated, and a place given back can be taken", () => {
  const admission = new Admission();
  equal(admitted(admission, Array.from({ length: 40 }, (_, i) => v4(i))), 32);
  equal(admission.pending, 32);
  admission.settled(v4(3));
  equal(admission.open(v4(50), 0), true);
  equal(admission.open(v4(51), 0), false);
});

Deno.test("at most four from one address; for IPv6 that is a /64, and 16 from one /48", () => {
  const admission = new Admission();
  equal(admitted(admission, times(6, v4(1))), 4);
  equal(admitted(admission, times(6, v6(1))), 4);
  equal(admitted(admission, [v6(2), v6(3), v6(4), v6(5)].flatMap((source) => times(4, source))), 12);
  equal(admission.open(v6(6, "2001:db8:2"), 0), true);
  admission.settled(v6(1));
  equal(admission.open(v6(7), 0), true);
  equal(admission.open(v6(8), 0), false);
});

Deno.test("four more places are for addresses that authenticated, and four from one address holds for them too", () => {
  const admission = new Admission();
  for (let i = 0; i < 5; i++) known(admission, v4(900 + i));
  equal(admitted(admission, Array.from({ length: 40 }, (_, i) => v4(i))), 32);
  equal(admission.open(v4(100), 0), false);
  equal(admitted(admission, [900, 901, 902, 903, 904].map(v4)), 4);
  equal(admission.pending, 36);

  const one = new Admission();
  known(one, v4(1));
  equal(admitted(one, times(6, v4(1))), 4);
});

Deno.test("an address opens 30 connections a minute", () => {
  const admission = new Admission();
  const open = (now: number) => {
    const taken = admission.open(v4(1), now);
    if (taken) admission.settled(v4(1));
    return taken;
  };
  for (let i = 0; i < 30; i++) equal(open(i * 100), true);
  equal(open(59_999), false);
  equal(open(60_000), true); // the first of them is a minute old
  equal(open(60_099), false);
  equal(open(60_100), true);
});

Deno.test("a refused connection takes no place, and does not wear the minute's 30 down for ever", () => {
  const admission = new Admission();
  admitted(admission, times(100, v4(1)));
  equal(admission.pending, 4);
  for (let i = 0; i < 4; i++) admission.settled(v4(1));
  equal(admission.open(v4(1), 60_000), true);
});

Deno.test("a connection of a PeerId with a session counts as nothing", () => {
  const admission = new Admission();
  for (let i = 0; i < 100; i++) {
    equal(admission.open(v4(1), i), true);
    admission.forget(v4(1));
  }
  equal(admission.pending, 0);
});

Deno.test("after the third guess and each further one an address waits 2^(k-3) s, up to 600", () => {
  const admission = new Admission();
  let now = 0;
  for (let k = 1; k <= 14; k++) {
    now += 700_000;
    ok(admission.open(v4(1), now));
    admission.settled(v4(1));
    wrong(admission, v4(1), now);
    const wait = k < 3 ? 0 : Math.min(2 ** (k - 3), 600) * 1000;
    if (wait > 0) equal(admission.open(v4(1), now + wait - 1), false, `guess ${k}`);
    equal(admission.open(v4(1), now + wait), true, `guess ${k}`);
    admission.settled(v4(1));
    equal(admission.open(v4(2), now), true, "another address waits for nothing");
    admission.settled(v4(2));
  }
});

Deno.test("no guess is checked while its address waits, by connections opened before the wait neither", () => {
  for (const [address, ms] of [[v4(1), 1_000], [v4(2), 1_000]] as const) {
    const admission = new Admission();
    if (address.key === v4(2).key) known(admission, address);
    for (let i = 0; i < 4; i++) ok(admission.open(address, 0));
    for (let k = 0; k < 3; k++) {
      equal(admission.takeGuess(address, 0), "token", `guess ${k}`);
      admission.wrongGuess(address, 0);
    }
    equal(admission.takeGuess(address, ms - 1), undefined);
    equal(admission.takeGuess(v4(3), ms - 1), "token", "another address waits for nothing");
    equal(admission.takeGuess(address, ms), "token");
  }
});

Deno.test("a success sets the guesses back and ends the wait", () => {
  const admission = new Admission();
  for (let k = 0; k < 3; k++) wrong(admission, v4(1), 0);
  equal(admission.open(v4(1), 999), false);
  admission.authenticated(v4(1));
  equal(admission.open(v4(1), 999), true);
  wrong(admission, v4(1), 1_000);
  wrong(admission, v4(1), 1_000);
  equal(admission.open(v4(1), 1_000), true);
});

Deno.test("an address that authenticated waits 30 s at most", () => {
  const admission = new Admission();
  known(admission, v4(1));
  for (let k = 0; k < 12; k++) wrong(admission, v4(1), 1_000);
  equal(admission.open(v4(1), 30_999), false);
  equal(admission.open(v4(1), 31_000), true);
});

Deno.test("guesses of all addresses: 60 in a burst, 10 a minute sustained; only addresses that authenticated stay", () => {
  const admission = new Admission();
  known(admission, v4(999));
  for (let i = 0; i < 60; i++) equal(admission.takeGuess(v4(i), 0), "token");
  equal(admission.takeGuess(v4(60), 0), undefined);
  equal(admission.open(v4(61), 0), false);
  equal(admission.takeGuess(v4(999), 0), "known");
  equal(admission.open(v4(999), 0), true);
  equal(admission.takeGuess(v4(61), 5_999), undefined);
  equal(admission.open(v4(61), 6_000), true);
  equal(admission.takeGuess(v4(61), 6_000), "token");
  equal(admission.takeGuess(v4(62), 6_000), undefined);
});

Deno.test("a token given back is there again, and there are never more than 60", () => {
  const admission = new Admission();
  for (let i = 0; i < 60; i++) admission.takeGuess(v4(i), 0);
  admission.giveBack();
  equal(admission.takeGuess(v4(1), 0), "token");
  equal(admission.takeGuess(v4(1), 0), undefined);
  for (let i = 0; i < 100; i++) admission.giveBack();
  let tokens = 0;
  while (admission.takeGuess(v4(1), 10_000_000) !== undefined) tokens++;
  equal(tokens, 60);
});

Deno.test("at most 1024 addresses are remembered, the least recent is forgotten first", () => {
  const admission = new Admission();
  for (let k = 0; k < 20; k++) wrong(admission, v4(0), 0);
  for (let i = 1; i <= 1023; i++) admission.wrongGuess(v4(i), 0);
  equal(admission.open(v4(0), 1), false, "still remembered, and now the most recent");
  for (let i = 2_000; i < 3_023; i++) admission.wrongGuess(v4(i), 0);
  equal(admission.open(v4(0), 2), false);
  for (let i = 3_000; i < 4_024; i++) admission.wrongGuess(v4(i), 0);
  equal(admission.takeGuess(v4(0), 10_000_000), "token");
  equal(admission.open(v4(0), 2), true, "forgotten");
});

Deno.test("64 addresses of one /48 are remembered, whatever else is", () => {
  const admission = new Admission();
  for (let k = 0; k < 10; k++) admission.wrongGuess(v6(0), 0);
  for (let i = 1; i <= 63; i++) admission.wrongGuess(v6(i), 0);
  equal(admission.open(v6(0), 1), false);
  for (let k = 0; k < 10; k++) {
    admission.wrongGuess(v6(1), 0);
    admission.wrongGuess(v6(2), 0);
  }
  for (let i = 100; i < 162; i++) admission.wrongGuess(v6(i), 0);
  equal(admission.open(v6(1), 1), false, "v6(0), which is older, is out, and nobody else of those");
  equal(admission.open(v6(2), 1), false);
  for (let i = 200; i < 264; i++) admission.wrongGuess(v6(i), 0);
  equal(admission.open(v6(0), 1), true);

  const other = new Admission();
  for (let k = 0; k < 10; k++) other.wrongGuess(v6(0, "2001:db8:9"), 0);
  for (let i = 1; i <= 500; i++) other.wrongGuess(v6(i), 0);
  equal(other.open(v6(0, "2001:db8:9"), 1), false, "one /48 pushes nobody else out");
});

Deno.test("64 addresses that authenticated are kept apart: strangers do not push them out, the least recent of them goes", () => {
  const admission = new Admission();
  for (let i = 0; i < 64; i++) known(admission, v4(i), i * 61_000);
  for (let i = 1_000; i < 4_000; i++) admission.wrongGuess(v4(i), 0);
  for (let i = 0; i < 60; i++) admission.takeGuess(v4(5_000), 4_000_000);
  equal(admission.takeGuess(v4(0), 4_000_000), "known");
  for (let k = 0; k < 12; k++) admission.wrongGuess(v4(30), 4_000_000);
  for (let i = 6_000; i < 9_000; i++) admission.wrongGuess(v4(i), 4_000_000);
  equal(admission.open(v4(30), 4_000_001), false, "nor their waits");
  admission.authenticated(v4(64));
  const stillKnown = Array.from({ length: 65 }, (_, i) => admission.takeGuess(v4(i), 4_000_000));
  // 30 waits, which as a stranger would be longer.
  deepEqual(stillKnown.map((taken) => taken === "known"), Array.from({ length: 65 }, (_, i) => i !== 0 && i !== 30));
  equal(admission.open(v4(30), 4_030_000), true, "still known");
});

Deno.test("an address is counted only as long as it has a place", () => {
  const admission = new Admission();
  const sources = [v4(1), v4(1), v4(2), v6(1), v6(2)];
  const counts = watching(Map.prototype, "set", () => equal(admitted(admission, sources), sources.length))
    .flatMap(({ self, args }) => typeof args[1] === "number" ? [self as Map<string, number>] : []);
  deepEqual(new Set(counts.map(({ size }) => size)), new Set([4, 1]), "by address and by /48");
  for (const source of sources) admission.settled(source);
  ok(counts.every(({ size }) => size === 0));
});

Deno.test("whatever happens, no count goes below 0 or over its bound", () => {
  const source = fc.oneof(fc.nat(6).map(v4), fc.nat(6).map((n) => v6(n)));
  const action = fc.record({
    what: fc.constantFrom("open", "open", "settle", "guess", "right"),
    source,
    ms: fc.nat(9_000),
  });
  fc.assert(
    fc.property(fc.array(action, { maxLength: 200 }), (actions) => {
      const admission = new Admission();
      const open: Source[] = [];
      let now = 0;
      for (const { what, source, ms } of actions) {
        now += ms;
        if (what === "open" && admission.open(source, now)) open.push(source);
        if (what === "guess") wrong(admission, source, now);
        if (what === "right") admission.authenticated(source);
        const done = what === "settle" ? open.shift() : undefined;
        if (done !== undefined) admission.settled(done);
        equal(admission.pending, open.length);
        ok(admission.pending <= 36);
      }
    }),
    { seed: 5, numRuns: 200 },
  );
});

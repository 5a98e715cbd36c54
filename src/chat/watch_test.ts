// When a chat says by itself why a call fails, and of which attempt.

import { deepStrictEqual as deepEqual } from "node:assert/strict";
import { DIAGNOSE_AFTER_MS, Watch } from "./watch.ts";

const A = "192.0.2.7:7373";
const B = "192.0.2.8:7373";

/** A call that is refused at `now`. */
function refuse(watch: Watch, target: string, now: number): void {
  watch.begin(target, now);
  watch.follow(target, { step: "resolved", addresses: [{ host: "192.0.2.7", port: 7373 }] }, now);
  watch.follow(target, { step: "connecting", address: "192.0.2.7" }, now);
  watch.follow(target, { step: "failed", address: "192.0.2.7", why: "refused" }, now);
  watch.refused(target, { at: "connect", why: "refused" });
}

const causes = (watch: Watch, now: number, calling: readonly string[]) =>
  watch.due(now, calling).map(({ failure }) => failure.why);

Deno.test("Watch says why once for each target, DIAGNOSE_AFTER_MS after its first attempt", () => {
  const watch = new Watch();
  refuse(watch, A, 0);
  refuse(watch, B, 3_000);
  refuse(watch, A, 3_000);
  deepEqual(causes(watch, DIAGNOSE_AFTER_MS - 1, [A, B]), []);
  deepEqual(watch.due(DIAGNOSE_AFTER_MS, [A, B]).map(({ target, failure }) => [target, failure.why]), [[A, "refused"]]);
  deepEqual(causes(watch, 7_000, [A, B]), []);
  refuse(watch, B, 8_000);
  deepEqual(watch.due(8_000, [A, B]).map(({ target }) => target), [B]);
  deepEqual(causes(watch, 60_000, [A, B]), []);
});

Deno.test("Watch speaks of a first attempt that is stuck, not of one that goes on", () => {
  const watch = new Watch();
  watch.begin(A, 0);
  watch.follow(A, { step: "resolved", addresses: [{ host: "192.0.2.7", port: 7373 }] }, 4_500);
  deepEqual(causes(watch, 5_000, [A]), []);
  deepEqual(causes(watch, 6_500, [A]), ["filtered"]);
});

Deno.test("Watch says nothing of a call that waits for this machine's own stretch", () => {
  const watch = new Watch();
  watch.begin(A, 0);
  watch.follow(A, { step: "secured", familiar: true }, 100);
  watch.follow(A, { step: "offered" }, 200);
  deepEqual(causes(watch, 10_000, [A]), []);
  watch.follow(A, { step: "answered" }, 10_000);
  deepEqual(causes(watch, 12_000, [A]), ["large-packets-lost"]);
});

Deno.test("Watch judges by the attempt before rather than by one that has just begun", () => {
  const watch = new Watch();
  refuse(watch, A, 0);
  watch.begin(A, 4_900);
  watch.follow(A, { step: "connected", address: "192.0.2.7" }, 4_950);
  deepEqual(causes(watch, 5_000, [A]), ["refused"]);
});

Deno.test("Watch forgets a friend who is no longer called, so that a later call gets five seconds again", () => {
  const watch = new Watch();
  refuse(watch, A, 0);
  deepEqual(causes(watch, 1_000, []), []);
  refuse(watch, A, 4_000);
  deepEqual(causes(watch, 6_000, [A]), []);
});

Deno.test("Watch says nothing of a call that is over when its five seconds are, since the friend may have come", () => {
  const watch = new Watch();
  refuse(watch, A, 0);
  refuse(watch, B, 0);
  deepEqual(watch.due(DIAGNOSE_AFTER_MS, [B]).map(({ target }) => target), [B]);
  deepEqual(causes(watch, DIAGNOSE_AFTER_MS + 1_000, [A, B]), []);
});

Deno.test("Watch has nothing to say of a call that `peers` itself has ended", () => {
  const watch = new Watch();
  for (const why of ["full", "self", "duplicate"] as const) {
    refuse(watch, A, 0);
    watch.refused(A, { at: "offer", why });
    deepEqual(causes(watch, 9_000, [A]), [], why);
  }
});

Deno.test("Watch says once, after twenty seconds, that two-sided calls meet nobody; never of a call that gets through", () => {
  const watch = new Watch();
  refuse(watch, A, 0);
  watch.aimed(A, 100);
  refuse(watch, A, 6_000);
  watch.aimed(A, 6_100);
  deepEqual(causes(watch, 10_000, [A]), ["refused"]);
  deepEqual(causes(watch, 20_099, [A]), []);
  deepEqual(causes(watch, 20_100, [A]), ["nat-random-ports"]);
  deepEqual(causes(watch, 90_000, [A]), []);
  watch.begin(B, 0);
  watch.aimed(B, 0);
  watch.follow(B, { step: "connected", address: "192.0.2.8" }, 19_000);
  deepEqual(causes(watch, 20_000, [B]), []);
});

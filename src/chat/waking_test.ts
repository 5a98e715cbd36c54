import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { LOOK_MS, Waking } from "./waking.ts";

const AT_HOME = [Uint8Array.of(127, 0, 0, 1), Uint8Array.of(192, 168, 1, 10)];

Deno.test("sleep is seen by either clock, once, and never in a row of ordinary looks", () => {
  const waking = new Waking();
  for (let i = 0; i < 5; i++) equal(waking.look(i * LOOK_MS, i * LOOK_MS, AT_HOME), undefined);
  equal(waking.look(5 * LOOK_MS, 4 * LOOK_MS + 60_000, AT_HOME), "slept", "the clock of the process stood still");
  equal(waking.look(6 * LOOK_MS, 5 * LOOK_MS + 60_000, AT_HOME), undefined);
  equal(waking.look(6 * LOOK_MS + 9_000, 5 * LOOK_MS + 60_000, AT_HOME), "slept", "the process was stopped");
  equal(waking.look(7 * LOOK_MS + 13_000, 6 * LOOK_MS + 60_000, AT_HOME), undefined, "4 s late is a busy machine");
  equal(waking.look(8 * LOOK_MS + 13_000, 0, AT_HOME), undefined, "somebody set the time of day back");
});

Deno.test("a new address means another network, a lost one does not, and one that comes back counts as new", () => {
  const waking = new Waking();
  const looks = [
    AT_HOME,
    [...AT_HOME, Uint8Array.of(10, 0, 0, 7)],
    [Uint8Array.of(10, 0, 0, 7)],
    AT_HOME,
    undefined,
    AT_HOME,
  ];
  deepEqual(looks.map((own, i) => waking.look(i * LOOK_MS, i * LOOK_MS, own)), [
    undefined,
    "moved",
    undefined,
    "moved",
    undefined,
    "moved",
  ]);
});

Deno.test("where addresses cannot be found out only sleep is seen", () => {
  const waking = new Waking();
  equal(waking.look(0, 0, undefined), undefined);
  equal(waking.look(LOOK_MS, LOOK_MS, undefined), undefined);
  equal(waking.look(LOOK_MS * 9, LOOK_MS * 9, undefined), "slept");
});

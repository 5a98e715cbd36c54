import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { DEAD_AFTER_MS, SILENCE_GRACE_MS } from "../constants.ts";
import { Silence } from "./silence.ts";

Deno.test("a friend is quiet from three missed cells on, by the pace at which the last ones came", () => {
  for (const pace of [50, 250, 1000, 30_000]) {
    const silence = new Silence(0);
    equal(silence.quietFor(pace), 0, "nothing is known yet");
    let now = 0;
    for (let i = 0; i < 12; i++) {
      silence.ended(now += pace);
      silence.opened(now);
    }
    equal(silence.quietFor(now + 3 * pace), 0);
    equal(silence.quietFor(now + 3 * pace + 1), 3 * pace + 1);
    silence.ended(now + pace);
    equal(silence.quietFor(now + pace), 0, "another frame has come");
  }
});

Deno.test("a link is dead when its time is over a second time, and not if anything came between", () => {
  const silence = new Silence(1_000);
  const over = 1_000 + DEAD_AFTER_MS;
  equal(silence.deadline, over);
  deepEqual([silence.isDead(over - 1), silence.isDead(over)], [false, false]);
  equal(silence.deadline, over + SILENCE_GRACE_MS);
  silence.ended(over + 1);
  equal(silence.deadline, over + 1 + DEAD_AFTER_MS);
  equal(silence.isDead(over + 1 + DEAD_AFTER_MS), false);
  const late = over + 1 + DEAD_AFTER_MS + SILENCE_GRACE_MS;
  deepEqual([silence.isDead(late - 1), silence.isDead(late)], [false, true]);
});

Deno.test("a friend without cover is not quiet for saying nothing: the longest pause of ten cells counts", () => {
  const silence = new Silence(0);
  const come = (...times: readonly number[]) => {
    for (const now of times) {
      silence.ended(now);
      silence.opened(now);
    }
  };
  come(...[0, 1, 2, 3, 4, 5, 6, 7, 8].map((i) => i * 50)); // names, and who hears whom
  equal(silence.quietFor(29_000), 0, "nine cells");
  come(30_000, 60_000, 60_050, 60_100, 60_150);
  equal(silence.quietFor(90_000), 0, "something was said, and then nothing");
  deepEqual([150_150, 150_151].map((now) => silence.quietFor(now)), [0, 90_001]);
});

Deno.test("a link is silent 5 s after ten cells within 10 s, else 45 s after the last frame", () => {
  const cases = [
    [10, 250, 5_000],
    [40, 250, 5_000],
    [10, 10_000 / 9, 5_000],
    [10, 1_112, 45_000],
    [9, 250, 45_000],
    [0, 0, 45_000],
  ] as const;
  for (const [cells, gap, after] of cases) {
    const silence = new Silence(0);
    for (let i = 0; i < cells; i++) silence.opened(i * gap);
    const last = Math.max(0, cells - 1) * gap;
    deepEqual([after - 1, after].map((ms) => silence.isSilent(last + ms)), [false, true], `${cells} cells`);
    // A frame that does not open is none of the cells, and ends the silence all the same.
    silence.ended(last + 1_000);
    deepEqual([after - 1, after].map((ms) => silence.isSilent(last + 1_000 + ms)), [false, true], `${cells} cells`);
  }
});

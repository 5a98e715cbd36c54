import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";
import { guessWaitMs } from "../peers/addresses.ts";
import { now } from "../system.ts";
import { GuessPause } from "./guess_pause.ts";

Deno.test("our calls that may have been wrong guesses are counted, but callers and other failures are not", () => {
  using pause = new GuessPause();
  const refused = { event: "refused", address: "192.0.2.1:7373" } as const;
  pause.take({ ...refused, reason: "phrase", failure: { at: "phrase", why: "unanswered" } });
  pause.take({ ...refused, reason: "phrase", failure: { at: "phrase", why: "phrase" } });
  pause.take({ ...refused, reason: "phrase" }); // a caller with a wrong phrase
  pause.take({ ...refused, reason: "closed", failure: { at: "offer", why: "busy" } });
  pause.take({ event: "hint", text: "phrase" });
  equal(pause.guesses, 2);
});

Deno.test("the pause is the listener's: none until the third wrong guess, then doubled, ten minutes at most", () => {
  deepEqual([0, 1, 2, 3, 4, 5, 12, 13, 99].map(guessWaitMs), [0, 0, 0, 1000, 2000, 4000, 512_000, 600_000, 600_000]);
});

Deno.test("a pause is announced in whole seconds and waited for, unless it is over", async () => {
  const said: string[] = [];
  using pause = new GuessPause();
  const began = now();
  await pause.until(began - 1, (text) => void said.push(text));
  equal(said.length, 0);
  await pause.until(began + 300, (text) => void said.push(text));
  ok(now() >= began + 299, "it was not waited for");
  deepEqual(said.map((text) => /\d+ seconds?/.exec(text)?.[0]), ["1 second"]);
});

Deno.test("a pause that is given up ends its timer, and nobody is called after it", async () => {
  let over = false;
  const pause = new GuessPause();
  void pause.until(now() + 20, () => {}).then(() => over = true);
  pause[Symbol.dispose]();
  await new Promise((done) => setTimeout(done, 40));
  equal(over, false);
});

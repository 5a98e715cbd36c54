// `sesame doctor HOST` against a real listener: what it says, what it costs the other side, and the chat that says the
// same by itself. `deno task check doctor` stages the network's failures.

import { deepStrictEqual as deepEqual, match, strictEqual as equal } from "node:assert/strict";
import { portOfNobody } from "../harness/tcp.ts";
import { addressOf, dial, FAST, listen, PHRASE, scripted } from "../harness/process_pair.ts";
import { type JsonEvent, Sesame } from "../harness/process.ts";
import { threeParts } from "../harness/process_errors.ts";

/** One run to its end: what it printed, and its exit code. */
async function doctor(
  address: string,
  phrase?: string,
  more: readonly string[] = [],
): Promise<{ code: number; diagnosis: JsonEvent; events: number }> {
  const source = phrase === undefined ? [] : ["--phrase-fd", "0"];
  await using run = await Sesame.start(["doctor", address, "--json", ...source, ...more], {
    ...(phrase === undefined ? {} : { phrase }),
    closed: true,
  });
  const { code } = await run.ended();
  return { code, diagnosis: await run.event("diagnosis"), events: run.events.length };
}

const states = ({ steps }: JsonEvent) => (steps as { state: string }[]).map(({ state }) => state);

Deno.test("doctor HOST without the phrase: a Sesame answers, and the other side has lost nothing by it", async () => {
  await using listener = await listen(FAST);
  const address = await addressOf(listener);
  // More often than an address has guesses, and than it may have connections at a time.
  for (let i = 1; i <= 7; i++) {
    const { code, diagnosis, events } = await doctor(address);
    deepEqual([code, diagnosis.cause, diagnosis.step, events], [0, "none", undefined, 1]);
    deepEqual(states(diagnosis), ["ok", "ok", "ok", "ok", "not tried"]);
    await listener.counted("refused", i);
  }
  deepEqual([...new Set(listener.all("refused").map((e) => e.reason))], ["closed"]);
  await using friend = await dial(address);
  await friend.event("connected");
  equal(friend.all("refused").length, 0, friend.transcript());
});

Deno.test("doctor HOST with the phrase: the right one says hello and goodbye, a wrong one is a guess and ends with 4", async () => {
  await using listener = await listen(FAST);
  const address = await addressOf(listener);
  const right = await doctor(address, PHRASE);
  deepEqual([right.code, right.diagnosis.cause], [0, "none"]);
  deepEqual(states(right.diagnosis), ["ok", "ok", "ok", "ok", "ok"]);
  equal((await listener.event("left")).reason, "bye");
  for (const more of [[], ["--decoy"]]) {
    const wrong = await doctor(address, more.length === 0 ? "another phrase" : PHRASE, more);
    // The listener hangs up without a word, so the line may as well have been cut.
    deepEqual([wrong.code, wrong.diagnosis.cause, wrong.diagnosis.step], [4, "unanswered", "phrase"]);
  }
  await listener.counted("refused", 2);
  deepEqual(listener.all("refused").map((e) => e.reason), ["phrase", "phrase"]);
});

Deno.test("doctor HOST in words: a line for each step, then what is wrong and what to do; a call that fails ends with 3", async () => {
  await using run = await Sesame.start(["doctor", `127.0.0.1:${portOfNobody()}`], { closed: true });
  equal((await run.ended()).code, 3);
  equal(run.lines.length, 6, run.transcript());
  match(run.lines[1]!, /^failed +TCP connection: +127\.0\.0\.1: refused$/);
  threeParts(run.lines.at(-1) + "\n");
  equal(run.stderr, "");
});

Deno.test("doctor HOST refuses an invalid address and an invalid phrase", async () => {
  await using address = await Sesame.start(["doctor", "[::"], { closed: true });
  equal((await address.ended()).code, 2);
  threeParts(address.stderr);
  await using phrase = await Sesame.start(["doctor", "127.0.0.1:1", "--phrase-fd", "0"], { phrase: "short" });
  equal((await phrase.ended()).code, 2);
  match(phrase.stderr, /shorter than/);
  equal(phrase.lines.length + phrase.events.length, 0);
});

Deno.test("a chat whose calls fail says why, once, and one that gives up names the same cause", async () => {
  const address = `127.0.0.1:${portOfNobody()}`;
  await using patient = await scripted(["connect", address]);
  const { cause, step, address: of, wrong, next } = await patient.event("diagnosis");
  deepEqual([cause, step, of], ["refused", "connect", address]);
  const attempts = patient.all("connecting").length;
  await patient.counted("connecting", attempts + 1);
  equal(patient.all("diagnosis").length, 1);
  await using brief = await dial(address, ["--once"]);
  equal((await brief.ended()).code, 3);
  equal(brief.stderr.trimEnd(), `Could not connect to ${address}. ${wrong} ${next}`);
});

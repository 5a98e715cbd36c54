import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { MAX_UNCONFIRMED } from "../constants.ts";
import type { Present } from "../peers/event.ts";
import { missedInAll } from "../words/chat.ts";
import type { Problem } from "../words/problems.ts";
import { Pipe } from "./pipe.ts";

const BERT = "47e90c11".padEnd(64, "0");
const CLEO = "b0b00000".padEnd(64, "0");
const turn = () => new Promise<void>((done) => queueMicrotask(done));

/** A pipe, or a person, and all that it did. */
function pipeWith(scripted: boolean) {
  const did = { sent: [] as string[], back: [] as string[], hints: [] as string[], problems: [] as string[] };
  let here: Present[] = [];
  let held = false;
  let released = 0;
  const pipe = new Pipe({
    shape: { cover: "constant", intervalMs: 100 },
    scripted,
    view: { hold: (on) => void (held = on), giveBack: (line) => void did.back.push(line) },
    peers: {
      present: () => here,
      get here() {
        return here.length;
      },
      get mostUnconfirmed() {
        return Math.max(0, ...here.map(({ unconfirmed }) => unconfirmed));
      },
      get full() {
        return here.length > 0 && here.every(({ unconfirmed }) => unconfirmed >= MAX_UNCONFIRMED);
      },
    },
    send: (text) => void did.sent.push(text),
    hint: (text) => void did.hints.push(text),
    problem: (problem: Problem) => void did.problems.push(problem.doing),
    onReleased: () => void released++,
  });
  return {
    pipe,
    did,
    /** Friends with so many messages unconfirmed. */
    here(...friends: [string, number][]) {
      here = friends.map(([peer, unconfirmed]) => ({ peer, name: "Bert", unconfirmed }) as Present);
      pipe.look();
    },
    get held() {
      return held;
    },
    get released() {
      return released;
    },
  };
}

Deno.test("what was said before the first friend was there goes in its order, and a pipe is held until it has gone", async () => {
  const script = pipeWith(true);
  for (const text of ["one", "two"]) script.pipe.say(text, text);
  deepEqual([script.did.sent, script.held, script.pipe.waiting], [[], false, 2]);
  script.here([BERT, 0]);
  deepEqual([script.did.sent, script.held], [[], true], "not from inside the step that brought the friend");
  await turn();
  deepEqual([script.did.sent, script.held, script.released], [["one", "two"], false, 1]);
  script.pipe.say("three", "three");
  deepEqual(script.did.sent, ["one", "two", "three"]);
});

Deno.test("nothing that waits is sent once the chat is over, and a script is told how many lines that was", async () => {
  const script = pipeWith(true);
  script.pipe.say("one", "one");
  script.here([BERT, 0]);
  script.pipe.close();
  await turn();
  deepEqual(script.did.sent, []);
  script.pipe.tellUnsent(false);
  deepEqual(script.did.problems, ["Could not send 1 message."]);
});

Deno.test("a script is told of the first message that a friend had no room for, and how many it was at the end", () => {
  const { pipe, did, here } = pipeWith(true);
  here([BERT, MAX_UNCONFIRMED], [CLEO, 0]);
  for (const text of ["one", "two", "three"]) pipe.say(text, text);
  deepEqual(did.sent, ["one", "two", "three"]);
  equal(did.problems.length, 1);
  equal(did.hints.length, 0);
  here([BERT, 0], [CLEO, 0]);
  equal(did.hints.join(), missedInAll("Bert [47e9-0c11]", 3));
});

Deno.test("a person gets a line back that one of several has no room for, and leaves that friend out with the next Enter", () => {
  const { pipe, did, here } = pipeWith(false);
  here([BERT, MAX_UNCONFIRMED], [CLEO, 0]);
  pipe.say("one", "//one");
  deepEqual([did.sent, did.back, did.problems], [[], ["//one"], ["Could not send that to Bert [47e9-0c11]."]]);
  for (const text of ["one", "two"]) pipe.say(text, text);
  deepEqual([did.sent, did.problems.length], [["one", "two"], 1]);
  here([BERT, 1], [CLEO, 0]);
  deepEqual(did.hints, [], "the gap lasts until everything is confirmed");
  here([BERT, 0], [CLEO, 0]);
  deepEqual(did.hints, [missedInAll("Bert [47e9-0c11]", 2)]);
  here([BERT, MAX_UNCONFIRMED], [CLEO, 0]);
  pipe.say("three", "three");
  deepEqual([did.sent.length, did.back.at(-1)], [2, "three"], "asked anew after each gap");
  here([BERT, MAX_UNCONFIRMED], [CLEO, MAX_UNCONFIRMED]);
  pipe.say("three", "three");
  equal(did.sent.length, 2, "nobody can take it");
});

Deno.test("a person gets a line back that nobody has room for, and not one that nobody is here for any more", () => {
  const { pipe, did, here } = pipeWith(false);
  here([BERT, MAX_UNCONFIRMED]);
  pipe.say("full", "//full");
  deepEqual([did.sent, did.back, did.problems.length], [[], ["//full"], 1]);
  here();
  pipe.say("gone", "gone");
  deepEqual([did.sent, did.back, did.problems.length], [[], ["//full"], 2]);
});

Deno.test("what still waits at the end is told in the number that it has", () => {
  const script = pipeWith(true);
  script.pipe.say("one", "one");
  script.here([BERT, 0]);
  script.pipe.close();
  const { doing, wrong } = script.pipe.tellUnsent(false)!;
  deepEqual([doing, wrong], ["Could not send 1 message.", "It was still waiting for its turn."]);
  const two = pipeWith(true);
  for (const text of ["one", "two"]) two.pipe.say(text, text);
  two.here([BERT, 0]);
  equal(two.pipe.tellUnsent(true)?.wrong, "They were still waiting for their turn.");
});

// What a person types about who hears whom, and how often they are told of it. The rules are peers'; here a stub stands in.

import { deepStrictEqual as deepEqual, match, strictEqual as equal } from "node:assert/strict";
import type { Hearing, Notice } from "../notice.ts";
import type { Event } from "../peers/event.ts";
import type { Peers } from "../peers/step.ts";
import { CircleTalk } from "./circle.ts";

const ALICE = "a11ce000".padEnd(64, "0");
const BOB = "b0b00000".padEnd(64, "0");
const DORA = "d04a0000".padEnd(64, "0");
const NONE: Hearing = { everyone: false, settling: false, others: [], apart: [], disputed: [] };

function trial(here: readonly string[] = ["Alice"], lines = true) {
  const names: Record<string, string> = { Alice: ALICE, Carl: "ca41".padEnd(64, "0") };
  const state = {
    present: here.map((name) => ({ peer: names[name]!, name, verified: false, unconfirmed: 0 })),
    hearing: {
      ...NONE,
      others: [{ peer: BOB, name: "Bob", by: [ALICE] }, { peer: DORA, name: "Dora", by: [ALICE] }],
    } as Hearing,
    introductions: [] as { peer: string; state: string; by: string[]; addresses: number; tells: string[] }[],
    hidden: false,
    words: undefined as number[] | undefined,
  };
  const peers = {
    present: () => state.present,
    get hearing() {
      return state.hearing;
    },
    get introductions() {
      return state.introductions;
    },
    get hidden() {
      return state.hidden;
    },
    words: () => state.words,
    callingWhom: ["192.0.2.7:7373"],
  } as unknown as Peers;
  const steps: Event[] = [];
  const said: string[] = [];
  const talk = new CircleTalk({
    self: "c0".repeat(32),
    peers,
    step: (event) => {
      steps.push(event);
      if (event.type === "introduce") {
        state.introductions.push({
          peer: event.peer,
          state: "yes",
          by: [ALICE],
          addresses: 0,
          tells: ["203.0.113.9:7373"],
        });
      }
    },
    hangUp: (target) => void said.push(`hang up ${target}`),
    hint: (text) => said.push(text),
    problem: ({ doing, wrong }) => said.push(`${doing} ${wrong}`),
    lines,
  });
  return { talk, state, steps, said };
}
const asked = (peer: string, quiet = false): Notice => ({
  event: "introduction",
  peer,
  by: [ALICE],
  state: "asked",
  quiet,
});
const open = (peer: string) => ({ peer, state: "asked", by: [ALICE], addresses: 1, tells: ["203.0.113.9:7373"] });

Deno.test("/introduce says yes for one whom a friend talks with, and then what they learn", () => {
  const { talk, steps, said } = trial();
  talk.introduce("bob");
  deepEqual(steps, [{ type: "introduce", peer: BOB }]);
  deepEqual(said, ["They learn your address: 203.0.113.9:7373."]);
});

Deno.test("/introduce with two friends proposes them to each other; with one friend, nobody, or a stranger it says why not", () => {
  const { talk, steps, said } = trial(["Alice", "Carl"]);
  talk.introduce("Alice Carl");
  deepEqual(steps, [{ type: "propose", first: ALICE, second: "ca41".padEnd(64, "0") }]);
  const why: readonly (readonly [typed: string, wrong: RegExp])[] = [
    ["Alice", /You hear each other already/],
    ["nobody", /There is nobody of that name/],
    ["", /There is no name/],
    ["Alice nobody", /Only two friends who are here/],
    ["Alice Carl Bob", /Only two friends who are here/],
    ["Alice Alice", /Only two friends who are here/],
    ["Alice Bob", /Only two friends who are here/],
    ["Bob Alice", /Only two friends who are here/],
  ];
  for (const [typed, wrong] of why) {
    talk.introduce(typed);
    match(said.at(-1)!, wrong, typed);
  }
  equal(steps.length, 1);
});

Deno.test("who hears whom names two friends without a name by their tags, and one of them as friend", () => {
  const { talk, state } = trial(["Alice", "Carl"]);
  state.hearing = { ...NONE, apart: [[ALICE, "ca41".padEnd(64, "0")]] };
  for (const friend of state.present) friend.name = "";
  deepEqual(talk.lines(), ["Who hears whom: friend [a11c-e000] and friend [ca41-0000] do not hear each other."]);
  state.present[0]!.name = "Alice";
  deepEqual(talk.lines(), ["Who hears whom: Alice and friend do not hear each other."]);
  state.present[1]!.name = "\u0410lice";
  deepEqual(talk.lines(), ["Who hears whom: Alice [a11c-e000] and \u0410lice [ca41-0000] do not hear each other."]);
  state.present[0]!.name = "";
  state.present[1]!.name = "Friend";
  deepEqual(talk.lines(), ["Who hears whom: friend [a11c-e000] and Friend [ca41-0000] do not hear each other."]);
});

Deno.test("/introduce all and /decline all answer the questions that are open", () => {
  const { talk, state, steps, said } = trial();
  talk.introduce("all");
  talk.decline("all");
  match(said[0]!, /Could not introduce anybody\. Nobody/);
  match(said[1]!, /Could not decline\. Nobody/);
  state.introductions = [open(BOB), open(DORA)];
  talk.decline("all");
  deepEqual(steps.map((event) => event.type), ["decline", "decline"]);
  talk.decline("Bob");
  deepEqual(steps.at(-1), { type: "decline", peer: BOB });
  talk.decline("Alice"); // is here, and waits for nothing
  match(said.at(-1)!, /Nobody of that name is waiting for your answer/);
  talk.decline("");
  match(said.at(-1)!, /There is no name/);
  talk.lines();
  talk.introduce("all");
  deepEqual(steps.slice(3).map((event) => event.type), ["introduce", "introduce"]);
});

Deno.test("a yes to all is to those whom the person has read of, in a question or in /peers; a script has read of all", () => {
  const yes = ({ steps }: ReturnType<typeof trial>) => steps.map((event) => event.type === "introduce" && event.peer);
  const read = trial();
  read.state.introductions = [open(BOB), open(DORA)];
  read.talk.notice(asked(DORA, true), 0);
  read.talk.introduce("all");
  deepEqual(yes(read), []);
  match(read.said.at(-1)!, /Nobody is waiting/);
  read.talk.notice(asked(BOB), 0);
  read.talk.tick(3_000);
  read.talk.introduce("all");
  deepEqual(yes(read), [BOB]);
  read.state.introductions = [open(BOB), open(DORA)];
  read.talk.lines();
  read.talk.introduce("all");
  deepEqual(yes(read), [BOB, BOB, DORA]);
  const script = trial(["Alice"], false);
  script.state.introductions = [open(BOB), open(DORA)];
  script.talk.introduce("all");
  deepEqual(yes(script), [BOB, DORA]);
});

Deno.test("a hidden process introduces nobody", () => {
  const { talk, state, steps, said } = trial();
  state.hidden = true;
  talk.introduce("Bob");
  deepEqual(steps, []);
  match(said[0]!, /show your address/);
});

Deno.test("/msg goes to the friend who is named, or back to the person if it cannot", () => {
  const { talk, steps } = trial(["Alice", "Carl"]);
  equal(talk.message("Carl hello  there"), undefined);
  deepEqual(steps, [{ type: "say", text: "hello  there", to: "ca41".padEnd(64, "0") }]);
  const refused: readonly (readonly [text: string, wrong: RegExp])[] = [
    ["", /There is no name/],
    ["Carl", /There is no text/],
    ["Carl a\x07b", /a character that messages cannot have/],
    ["Bob hi", /nobody of that name/],
    [`Carl ${"x".repeat(17_000)}`, /It takes 17\d{3} bytes, and the limit is 16384/],
  ];
  for (const [text, wrong] of refused) match(talk.message(text)?.wrong ?? "", wrong);
  equal(steps.length, 1);
});

Deno.test("/verify shows words when there are some, and takes a yes only then; a no at any time", () => {
  const { talk, state, steps, said } = trial();
  talk.verify("Alice");
  talk.verify("Alice yes");
  deepEqual(steps, []);
  state.words = [0, 1, 2, 2047];
  talk.verify("Alice");
  match(said.at(-1)!, /abandon ability able zoo/);
  talk.verify("Alice Yes");
  talk.verify("Alice no");
  talk.verify("Alice maybe");
  deepEqual(steps, [{ type: "compared", peer: ALICE, same: true }, { type: "compared", peer: ALICE, same: false }]);
});

Deno.test("/bye says goodbye to one friend, or stops a call; of anybody else it says that there is none", () => {
  const { talk, steps, said } = trial(["Alice", "Carl"]);
  talk.bye("carl");
  deepEqual(steps, [{ type: "bye", peer: "ca41".padEnd(64, "0") }]);
  match(said.at(-1)!, /You say goodbye to Carl \[ca41-0000\]/);
  talk.bye("192.0.2.7");
  deepEqual(said.slice(-2), ["hang up 192.0.2.7:7373", "192.0.2.7:7373 is not called any more."]);
  for (const typed of ["Mallory", "192.0.2.8", "Bob", "Alice and more", ""]) {
    talk.bye(typed);
    match(said.at(-1)!, /^Could not say goodbye\. (Nobody of that name|There is no name)/, typed);
  }
  equal(steps.length, 1);
});

Deno.test("a yes after /verify is for whom the words were shown of, whoever has the name by then", () => {
  const { talk, state, steps, said } = trial();
  state.words = [0, 1, 2, 2047];
  talk.verify("Alice yes");
  match(said.at(-1)!, /You have not seen these words yet/);
  talk.verify("Alice");
  // Mallory cuts Alice off and takes her name; her own restart looks the same.
  state.present = [{ ...state.present[0]!, peer: DORA }];
  talk.notice({ event: "named", peer: DORA, name: "Alice" }, 0);
  talk.verify("Alice yes");
  match(said.at(-1)!, /Somebody else has that name now/);
  talk.verify("Alice yes");
  match(said.at(-1)!, /You have not seen these words yet/);
  talk.verify(`${DORA.slice(0, 8)} yes`);
  deepEqual(steps, [], "nor with the tag");
  talk.verify("Alice");
  state.words = [0, 1, 2, 3];
  talk.verify("Alice yes");
  deepEqual(steps, [], "nor after the words have changed");
  talk.verify("");
  talk.verify("Alice yes");
  deepEqual(steps, [{ type: "compared", peer: DORA, same: true }]);
});

Deno.test("what is said to a name, and a yes or no to one, goes to nobody who has taken it since", () => {
  for (const what of ["message", "introduce", "decline"] as const) {
    const { talk, state, steps, said } = trial();
    const commands = {
      message: () => void said.push(talk.message("Alice the key is 4711")?.wrong ?? ""),
      introduce: () => talk.introduce("Bob"),
      decline: () => talk.decline("Bob"),
    };
    talk.notice({ event: "named", peer: ALICE, name: "Alice" }, 0);
    state.introductions = [open(BOB)];
    talk.notice(asked(BOB), 0);
    talk.tick(3_000);
    const mallory = "3a11".padEnd(64, "0");
    if (what === "message") state.present = [{ ...state.present[0]!, peer: mallory }];
    state.hearing = { ...NONE, others: [{ peer: mallory, name: "Bob", by: [ALICE] }] };
    state.introductions = [open(mallory)];
    commands[what]();
    deepEqual(steps, [], what);
    match(said.at(-1)!, /Somebody else has that name now/, what);
    commands[what]();
    equal(steps.length, 1, `${what}: the person has been told`);
  }
});

Deno.test("/msg to a friend who has 64 unconfirmed goes back, and says to whom it could not go", () => {
  const { talk, state, steps } = trial();
  state.present[0]!.unconfirmed = 64;
  match(talk.message("Alice hello")?.doing ?? "", /Could not send that to Alice \[a11c-e000\]/);
  deepEqual(steps, []);
  state.present[0]!.unconfirmed = 63;
  equal(talk.message("Alice hello"), undefined);
  equal(steps.length, 1);
});

Deno.test("the questions of three seconds make one line; none with more than four friends, none for scripts, none when quiet", () => {
  const { talk, state, said } = trial();
  state.introductions = [open(BOB), open(DORA)];
  talk.notice(asked(BOB), 0);
  talk.notice(asked(DORA), 2_000);
  talk.tick(2_900);
  deepEqual(said, []);
  talk.tick(3_000);
  equal(said.length, 1);
  match(said[0]!, /Bob .*Dora .*introduce all/);
  const crowd = trial(["Alice", "Alice", "Alice", "Alice", "Alice"]);
  const script = trial(["Alice"], false);
  const quiet = trial();
  for (const { talk, state } of [crowd, script, quiet]) {
    state.introductions = [open(BOB)];
    talk.notice(asked(BOB, talk === quiet.talk), 0);
    talk.tick(10_000);
  }
  deepEqual([crowd.said, script.said, quiet.said], [[], [], []]);
});

Deno.test("one line in ten seconds says who hears whom, and never the same twice running", () => {
  const { talk, state, said } = trial();
  const changed = (at: number) => talk.notice({ event: "hearing", hearing: state.hearing }, at);
  changed(0);
  talk.tick(3_000);
  equal(said.length, 1);
  changed(4_000);
  talk.tick(20_000);
  equal(said.length, 1, "nothing new");
  state.hearing = { ...NONE, everyone: true };
  changed(20_000);
  changed(21_000);
  talk.tick(22_999);
  talk.tick(23_000);
  equal(said.at(-1), "Who hears whom: everyone hears everyone.");
  state.hearing = { ...NONE, apart: [[ALICE, BOB]] };
  changed(24_000);
  talk.tick(32_999);
  equal(said.length, 2, "ten seconds have not passed");
  talk.tick(33_000);
  equal(said.length, 3);
});

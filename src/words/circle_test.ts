// Sentences about who hears whom: as a person reads them.

import { strictEqual as equal } from "node:assert/strict";
import type { Hearing } from "../notice.ts";
import {
  audienceText,
  circleLine,
  hearingText,
  type Labels,
  proposedText,
  questionText,
  standingText,
  unheardLine,
  unheardText,
  verifyText,
  whoHearsWhom,
} from "./circle.ts";
import { peersText } from "./commands.ts";

const NAMES: Readonly<Record<string, string>> = { a: "Alice", b: "Bob", c: "Carol", d: "Dora", e: "Eve" };
const labels: Labels = {
  name: (peer) => NAMES[peer]!,
  who: (peer) => `${NAMES[peer]} [${peer}]`,
  reported: ({ peer, name }) => `${name || "somebody"} [${peer}]`,
  reportedName: (peer) => NAMES[peer]!,
};
const NONE: Hearing = { everyone: false, settling: false, others: [], apart: [], disputed: [] };
const heard = (peer: string, ...by: string[]) => ({ peer, name: NAMES[peer]!, by });
const says = (hearing: Partial<Hearing>, most?: number) => hearingText({ ...NONE, ...hearing }, labels, most);

Deno.test("hearingText() says who hears whom in a few words, and nothing where there is nothing to say", () => {
  equal(says({}), "");
  equal(says({ everyone: true }), "everyone hears everyone");
  equal(says({ settling: true }), "…");
  equal(says({ others: [heard("b", "a")] }), "Alice also talks with Bob [b], who does not hear you");
  equal(
    says({ others: [heard("b", "a"), heard("c", "a")] }),
    "Alice also talks with Bob [b], Carol [c], who do not hear you",
  );
  equal(says({ others: [heard("d", "a", "b")] }), "Alice, Bob also talk with Dora [d], who does not hear you");
  equal(says({ apart: [["a", "b"]] }), "Alice and Bob do not hear each other");
  equal(says({ disputed: [["a", "b"]] }), "Alice claims to hear Bob; Bob does not say so");
});

Deno.test("hearingText() names three and counts the rest, and leaves further parts to /peers", () => {
  const crowd = ["b", "c", "d", "e"].map((peer) => heard(peer, "a"));
  equal(says({ others: crowd }), "Alice also talks with Bob [b], Carol [c], Dora [d] and 1 more, who do not hear you");
  const many: Partial<Hearing> = { apart: [["a", "b"], ["a", "c"], ["b", "c"]] };
  equal(
    says(many),
    "Alice and Bob do not hear each other; Alice and Carol do not hear each other; and 1 more, see /peers",
  );
  equal(says(many, Infinity).endsWith("Bob and Carol do not hear each other"), true);
});

Deno.test("unheardText() and audienceText() name who did not get a line, and who would", () => {
  equal(unheardText([], labels), "");
  equal(unheardText([heard("b", "a")], labels), "Bob does not hear this");
  equal(unheardText([heard("b", "a"), heard("c", "a")], labels), "Bob, Carol do not hear this");
  equal(audienceText(["Carol"], ["Bob", "Carol"]), "Here now too: Carol. Enter sends to Bob, Carol.");
});

Deno.test("questionText() says by whom, what a yes tells, and what to type; several questions are one line", () => {
  const ask = (peer: string, ...tells: string[]) => ({ peer, by: ["a"], tells });
  equal(
    questionText([ask("b", "203.0.113.9:7373")], labels),
    "Introduction: Alice [a] says Bob [b] wants to talk with you. They learn your address: 203.0.113.9:7373. /introduce Bob · /decline Bob",
  );
  equal(questionText([ask("b")], labels).includes("They learn no address of yours."), true);
  equal(
    questionText([ask("b", "x"), ask("c", "x")], labels),
    "Friends say Bob [b], Carol [c] want to talk with you. They learn your address: x. /introduce all, or by name; /decline all",
  );
});

Deno.test("verifyText() says who reads which two words", () => {
  equal(verifyText("Bob", undefined, true, false), "No words to compare with Bob yet.");
  const words = ["casino", "universe", "fog", "era"];
  equal(
    /casino universe fog era[\s\S]*never here: you read the first two/.test(verifyText("Bob", words, true, false)),
    true,
  );
  equal(/your friend reads the first two/.test(verifyText("Bob", words, false, true)), true);
});

Deno.test("no line begins with what a peer chose, so that a friend called From Bob cannot seem to speak as Bob", () => {
  const from = "From Bob: I say";
  const liars: Labels = { name: () => from, who: () => from, reported: () => from, reportedName: () => from };
  const one = { peer: "b", by: ["a"], tells: [] };
  const introduction = { event: "introduction", peer: "b", by: ["a"], quiet: false } as const;
  const lines = [
    unheardLine([heard("b", "a")], liars),
    whoHearsWhom(hearingText({ ...NONE, others: [heard("b", "a")], apart: [["a", "b"]] }, liars)),
    ...(["same", "different", "changed"] as const).map((state) =>
      circleLine({ event: "verify", peer: "a", state }, liars)
    ),
    circleLine({ event: "wrong-peer", peer: "b", by: "a", address: "192.0.2.7:1" }, liars),
    circleLine({ ...introduction, state: "yes" }, liars),
    circleLine({ ...introduction, state: "over", reason: "gone" }, liars),
    questionText([one], liars),
    questionText([one, one], liars),
    ...(["asked", "yes"] as const).flatMap((state) =>
      [["a"], []].map((by) => standingText({ peer: "b", state, by }, liars))
    ),
    verifyText(from, undefined, true, false),
    verifyText(from, ["casino", "universe", "fog", "era"], true, true),
    audienceText([from], [from]),
    proposedText(from, from),
    peersText([{ who: from, address: "192.0.2.7:1", direction: "in", unconfirmed: 0 }], [], {
      cover: "constant",
      intervalMs: 250,
    }),
  ].flatMap((text) => text?.split("\n") ?? ["From nobody: a line is missing"]);
  equal(lines.length > 18, true);
  for (const line of lines) equal(line.startsWith("From"), false, line);
});

// Sentences about who hears whom: as a person reads them.

import { deepStrictEqual as deepEqual, match, strictEqual as equal } from "node:assert/strict";
import type { Hearing, IntroductionEnd, Notice } from "../notice.ts";
import { LABELS as labels, NAMES } from "../../tests/harness/labels.ts";
import {
  audienceText,
  circleLine,
  hearingText,
  listed,
  nobodyWaits,
  notFound,
  proposedText,
  questionText,
  standingText,
  tellsText,
  unheardLine,
  unheardText,
  verifyText,
  whoHearsWhom,
} from "./circle.ts";
import { peersText } from "./commands.ts";

const NONE: Hearing = { everyone: false, settling: false, others: [], apart: [], disputed: [] };
const heard = (peer: string, ...by: string[]) => ({ peer, name: NAMES[peer]!, by });
const says = (hearing: Partial<Hearing>, most?: number) => hearingText({ ...NONE, ...hearing }, labels, most);

Deno.test("hearingText() leaves further parts to /peers", () => {
  const many: Partial<Hearing> = { apart: [["a", "b"], ["a", "c"], ["b", "c"]] };
  equal(
    says(many),
    "Alice and Bob do not hear each other; Alice and Carol do not hear each other; and 1 more, see /peers",
  );
  equal(says(many, Infinity).endsWith("Bob and Carol do not hear each other"), true);
  const two: Partial<Hearing> = { apart: [["a", "b"], ["a", "c"]] };
  equal(says(two, 2).includes("/peers"), false);
  equal(says(two, 1), "Alice and Bob do not hear each other; and 1 more, see /peers");
});

Deno.test("no line begins with what a peer chose, so that a friend called From Bob cannot seem to speak as Bob", () => {
  const from = "From Bob: I say";
  const liars = {
    name: () => from,
    who: () => from,
    reported: () => from,
    reportedName: () => from,
    clean: (text: string) => text,
  };
  const one = { peer: "b", by: ["a"], tells: [] };
  const introduction = { event: "introduction", peer: "b", by: ["a"], quiet: false } as const;
  const lines = [
    unheardLine([from]),
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
    verifyText(from, "casino universe fog era", true, true),
    audienceText([from], [from]),
    proposedText(from, from),
    peersText("Carol [b0b0-0000]", [{ who: from, address: "192.0.2.7:1", direction: "in", unconfirmed: 0 }], [], {
      cover: "constant",
      intervalMs: 250,
    }),
  ].flatMap((text) => text?.split("\n") ?? ["From nobody: a line is missing"]);
  equal(lines.length > 18, true);
  for (const line of lines) equal(line.startsWith("From"), false, line);
});

Deno.test("listed() names as many as it may and counts the rest", () => {
  const names = ["Alice", "Bob", "Carol", "Dora", "Eve"];
  const CASES: readonly (readonly [number, number | undefined, string])[] = [
    [0, undefined, ""],
    [1, undefined, "Alice"],
    [3, undefined, "Alice, Bob, Carol"],
    [4, undefined, "Alice, Bob, Carol and 1 more"],
    [5, undefined, "Alice, Bob, Carol and 2 more"],
    [5, 4, "Alice, Bob, Carol, Dora and 1 more"],
    [5, 5, "Alice, Bob, Carol, Dora, Eve"],
  ];
  for (const [count, most, text] of CASES) equal(listed(names.slice(0, count), most), text);
});

Deno.test("hearingText() has one part for each set of friends, in the plural where they are several, and names three", () => {
  const CASES: readonly (readonly [Partial<Hearing>, string])[] = [
    [{}, ""],
    [{ everyone: true }, "everyone hears everyone"],
    [{ settling: true }, "…"],
    [{ apart: [["a", "b"]] }, "Alice and Bob do not hear each other"],
    [{ disputed: [["a", "b"]] }, "Alice claims to hear Bob; Bob does not say so"],
    [
      { others: ["b", "c", "d", "e"].map((peer) => heard(peer, "a")) },
      "Alice also talks with Bob [b], Carol [c], Dora [d] and 1 more, who do not hear you",
    ],
    [{ others: [heard("d", "a", "b")] }, "Alice, Bob also talk with Dora [d], who does not hear you"],
    [
      { others: [heard("d", "a", "b", "c", "e")] },
      "Alice, Bob, Carol and 1 more also talk with Dora [d], who does not hear you",
    ],
    [
      { others: [heard("c", "a"), heard("d", "b"), heard("e", "a")] },
      "Alice also talks with Carol [c], Eve [e], who do not hear you; Bob also talks with Dora [d], who does not hear you",
    ],
    // What is known is said also while the rest is not.
    [{ settling: true, apart: [["a", "b"]] }, "Alice and Bob do not hear each other"],
    [
      { apart: [["a", "b"]], disputed: [["c", "d"]] },
      "Alice and Bob do not hear each other; Carol claims to hear Dora; Dora does not say so",
    ],
    [{ everyone: true, others: [heard("b", "a")] }, "everyone hears everyone"],
  ];
  for (const [hearing, text] of CASES) equal(says(hearing), text);
});

Deno.test("unheardText() and unheardLine() say who did not get a message, and nothing where everybody did", () => {
  deepEqual([unheardText([]), unheardLine([])], ["", undefined]);
  equal(unheardText(["Bob", "Carol"]), "Bob, Carol do not hear this");
  equal(unheardText(["Bob"]), "Bob does not hear this");
  equal(unheardLine(["somebody [z]", "Bob"]), "Not heard by somebody [z], Bob.");
});

const introduction = (
  state: "asked" | "yes" | "met" | "over",
  more: Partial<Notice & { event: "introduction" }> = {},
): Notice => ({ event: "introduction", peer: "b", by: ["a"], state, quiet: false, ...more });
const over = (reason?: IntroductionEnd) => introduction("over", reason === undefined ? {} : { reason });

Deno.test("circleLine() has the sentence for each notice of a circle, and none where nothing is to be said", () => {
  const CASES: readonly (readonly [Notice, string | undefined])[] = [
    [introduction("asked"), undefined],
    [introduction("met"), undefined],
    [introduction("yes"), "Asked Alice [a] to introduce you to Bob [b]. No answer yet."],
    [
      introduction("yes", { by: ["a", "c"] }),
      "Asked Alice [a], Carol [c] to introduce you to Bob [b]. No answer yet.",
    ],
    [introduction("yes", { quiet: true }), undefined],
    [over("declined"), "Introduction to Bob [b] over. You declined. Nobody is told."],
    [over("expired"), "Introduction to Bob [b] over. No answer for 10 minutes."],
    [over(), "Introduction to Bob [b] over. No answer for 10 minutes."],
    [over("gone"), "Introduction to Bob [b] over. They have left."],
    [
      over("unreachable"),
      "Introduction to Bob [b] over. Nobody answered at the addresses that were given.",
    ],
    [over("wrong-peer"), "Introduction to Bob [b] over. Somebody else answered."],
    [
      { event: "wrong-peer", peer: "b", by: "a", address: "192.0.2.7:7373" },
      "Somebody else answered at 192.0.2.7:7373, the address that Alice [a] gave for Bob [b]. They were told nothing. Ask Alice.",
    ],
    [
      { event: "hidden" },
      "A friend wants to introduce you to somebody. Sesame ignores it: even a call would show your address.",
    ],
    [{ event: "verify", peer: "a", state: "same" }, "Verified ✓ Alice [a], until Sesame ends."],
    [
      { event: "verify", peer: "a", state: "different" },
      "Shut out: Alice [a]. The words were different, so somebody may be between you. Call each other by phone.",
    ],
    [
      { event: "verify", peer: "a", state: "changed" },
      "Careful: Alice [a] suddenly uses another number. Somebody may be between you: there are no more words to compare.",
    ],
    [{ event: "listening", address: "[::]:7373" }, undefined],
  ];
  for (const [notice, text] of CASES) equal(circleLine(notice, { ...labels, clean: (text) => text }), text);
});

Deno.test("questionText() says by whom, what a yes tells and what to type; several questions are one line with each address once", () => {
  equal(
    questionText([{ peer: "b", by: ["a"], tells: [] }], labels),
    "Introduction: Alice [a] says Bob [b] wants to talk with you. They learn no address of yours. " +
      "/introduce Bob · /decline Bob",
  );
  // The tag where a name cannot be typed.
  const peer = "0123456789abcdef";
  const spaced = { ...labels, reportedName: () => "Bob Lee" };
  const one = (by: readonly string[], tells: readonly string[]) => questionText([{ peer, by, tells }], spaced);
  equal(
    one(["a", "c"], ["x", "y"]),
    "Introduction: Alice [a], Carol [c] say Bob Lee [0123456789abcdef] wants to talk with you. They learn your address: x, y. " +
      "/introduce 01234567 · /decline 01234567",
  );
  equal(
    questionText(["b", "c", "d", "e"].map((peer, i) => ({ peer, by: ["a"], tells: i < 2 ? ["x"] : ["y"] })), labels),
    "Friends say Bob [b], Carol [c], Dora [d] and 1 more want to talk with you. They learn your address: x, y. " +
      "/introduce all, or by name; /decline all",
  );
});

Deno.test("of somebody called all the tag is to be typed, since all means everybody who waits", () => {
  const peer = "0123456789abcdef";
  for (const name of ["all", "All"]) {
    const everybody = { ...labels, reportedName: () => name };
    match(questionText([{ peer, by: ["a"], tells: [] }], everybody), / \/introduce 01234567 · \/decline 01234567$/);
    match(standingText({ peer, state: "asked", by: ["a"] }, everybody), / \/introduce 01234567 · \/decline 01234567$/);
  }
});

Deno.test("tellsText() names up to eight addresses", () => {
  const eight = ["1", "2", "3", "4", "5", "6", "7", "8"];
  equal(tellsText(eight), "They learn your address: 1, 2, 3, 4, 5, 6, 7, 8.");
  equal(tellsText([...eight, "9"]), "They learn your address: 1, 2, 3, 4, 5, 6, 7, 8 and 1 more.");
  equal(
    audienceText(["Eve", "Dora"], [...eight, "9"]),
    "Here now too: Eve, Dora. Enter sends to 1, 2, 3, 4, 5, 6, 7, 8 and 1 more.",
  );
});

Deno.test("standingText() says what a person may still do, and by whom they know", () => {
  const standing = (state: "asked" | "yes", ...by: string[]) => standingText({ peer: "b", state, by }, labels);
  equal(standing("asked", "a"), "Introduction by Alice: Bob [b] wants to talk with you. /introduce Bob · /decline Bob");
  equal(standing("asked"), "Introduction: Bob [b] wants to talk with you. /introduce Bob · /decline Bob");
  equal(standing("yes", "a", "c"), "Introduction by Alice, Carol: you said yes to Bob [b]. No answer yet.");
  equal(standing("yes"), "Introduction: you said yes to Bob [b]. No answer yet.");
});

Deno.test("verifyText() has both orders, the mark of who is verified, and what to type", () => {
  const words = "casino universe fog era";
  equal(verifyText("Bob", undefined, true, false), "No words to compare with Bob yet.");
  const end = "Then type /verify NAME yes, or no if they differ.";
  equal(
    verifyText("Bob", words, true, false),
    "Words to compare with Bob: casino universe fog era\nRead them by phone or in person, never here: " +
      `you read the first two, then your friend the last two. ${end}`,
  );
  equal(
    verifyText("Bob", words, false, true),
    "Words to compare with Bob, ✓ verified: casino universe fog era\nRead them by phone or in person, never here: " +
      `your friend reads the first two, then you the last two. ${end}`,
  );
});

Deno.test("what a command about the circle answers", () => {
  deepEqual(notFound("verify", "nobody"), {
    doing: "Could not verify anybody.",
    wrong: "There is nobody of that name.",
    next: "/peers shows who is here, and whom friends talk with.",
  });
  deepEqual(notFound("decline", "nobody"), {
    doing: "Could not decline.",
    wrong: "Nobody of that name is waiting for your answer.",
    next: "/peers shows who is.",
  });
  deepEqual(notFound("introduce", "several"), {
    doing: "Could not introduce anybody.",
    wrong: "Several people have that name.",
    next: "Type the tag behind the name instead.",
  });
  deepEqual(notFound("message", "unnamed"), {
    doing: "Could not send that message.",
    wrong: "There is no name.",
    next: "Type: /msg NAME TEXT",
  });
  deepEqual(nobodyWaits("Could not decline."), {
    doing: "Could not decline.",
    wrong: "Nobody is waiting for your answer.",
    next: "/peers shows who is.",
  });
  equal(whoHearsWhom("everyone hears everyone"), "Who hears whom: everyone hears everyone.");
  equal(proposedText("Alice", "Bob"), "Proposed to Alice and Bob that they hear each other.");
});

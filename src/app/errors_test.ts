import { strictEqual as equal } from "node:assert/strict";
import { connectProblem, listenProblem, phraseProblem, type Problem, sentence, unexpectedProblem } from "./errors.ts";

const ALL: Problem[] = [
  ...([
    "empty",
    "too short",
    "too long",
    "too-long",
    "end",
    "not UTF-8",
    "control character",
    "unassigned",
    "checksum",
    { typo: 3 },
  ] as const).map(phraseProblem),
  ...["EADDRINUSE", "EACCES", "EADDRNOTAVAIL", "EMFILE", undefined].map((code) => listenProblem("[::]:7373", code)),
  ...(["phrase", "self", "duplicate", "protocol", "busy", "timeout", "unreachable", "closed"] as const)
    .map((reason) => connectProblem("192.0.2.7:7373", reason)),
  unexpectedProblem(new TypeError("x")),
];

Deno.test("every problem has three parts, each one or more sentences", () => {
  for (const problem of ALL) {
    for (const part of [problem.doing, problem.wrong, problem.next]) equal(/^[A-Z].*\.$/.test(part), true, part);
    equal(sentence(problem).includes("\n"), false);
  }
});

Deno.test("unexpectedProblem() tells the kind of an error and nothing that it says", () => {
  const text = sentence(unexpectedProblem(new RangeError("open sesame, says Ali")));
  equal(text.includes("RangeError"), true);
  equal(text.includes("Ali"), false);
});

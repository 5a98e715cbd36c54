import { strictEqual as equal } from "node:assert/strict";
import { listenProblem, phraseProblem, type Problem, proxyProblem, sentence, unexpectedProblem } from "./problems.ts";

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
  ...(["local names", "scheme", "login", "address"] as const).map(proxyProblem),
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

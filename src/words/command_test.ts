import { strictEqual as equal } from "node:assert/strict";
import { asTyped, startedAs } from "./command.ts";
import { topicText } from "./help.ts";
import { helpText } from "./options.ts";
import { phraseProblem, sentence } from "./problems.ts";

const NPX = "npx sesame-chat";

Deno.test("a text that tells somebody to type the command names it as they started it, and nothing else changes", () => {
  const cases: [string, string][] = [
    ['Make one with "sesame phrase".', 'Make one with "npx sesame-chat phrase".'],
    ["See sesame --help.", "See npx sesame-chat --help."],
    ["sesame listen  [HOST:]PORT", "npx sesame-chat listen  [HOST:]PORT"],
    ["No program called sesame listens here.", "No program called sesame listens here."],
    [
      "npx sesame-chat listen, sesame.txt --help, not-sesame help",
      "npx sesame-chat listen, sesame.txt --help, not-sesame help",
    ],
  ];
  for (const [text, typed] of cases) {
    equal(asTyped(text, NPX), typed);
    equal(asTyped(text, "sesame"), text);
  }
});

Deno.test("started by npx, help, examples and problems name npx, on pages that stay 80 columns wide", () => {
  const before = helpText();
  try {
    startedAs(NPX);
    for (const text of [helpText(), topicText("listen"), topicText("phrase"), sentence(phraseProblem("end"))]) {
      equal(/(?<![\w-])sesame (listen|connect|phrase|doctor|help|--)/.test(text), false, text);
      equal(text.includes(NPX), true, text);
    }
    for (const line of helpText().split("\n")) equal(line.length <= 80, true, line);
  } finally {
    startedAs("sesame");
  }
  equal(helpText(), before);
});

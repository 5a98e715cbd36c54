// What `sesame help COMMAND` shows.

import { match, strictEqual as equal } from "node:assert/strict";
import { topicText } from "./help.ts";
import { COMMANDS } from "./options.ts";

Deno.test("help of each command begins with an example of it, says its usage, and fits two screens of 80 by 24", () => {
  for (const { name, usage } of COMMANDS) {
    const text = topicText(name);
    match(text, new RegExp(`^Examples:\n  sesame ${name}\\b`));
    equal(text.includes(`\n${usage.replace(/ +/g, " ")}: `), true, name);
    equal(text.split("\n").length <= 2 * 24, true, name);
    for (const line of text.split("\n")) equal(line.length <= 80, true, line);
  }
});

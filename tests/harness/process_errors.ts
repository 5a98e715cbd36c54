// What every error message of the program has: three parts on one line, and no internals.

import { match, ok } from "node:assert/strict";

/** What was being done, what went wrong, what to do next; no stack, no path, no name of an error class. */
export function threeParts(text: string, says: RegExp = /./): void {
  match(text, /^(Could not|Refused to) [^\n]*\n$/);
  ok(text.trimEnd().split(/(?<=\.) (?=\S)/).length >= 3, `fewer than three parts: ${text}`);
  match(text, says);
  ok(!/\bat .*:\d+:\d+|Error:|file:\/\//.test(text), text);
}

// What the program says of a notice on the screen, one line each. Not in here: the sentences (words/notices.ts), messages,
// receipts, what a notice changes.

import type { Notice } from "../../notice.ts";
import { alikeLine, lineOf, namedLine } from "../../words/notices.ts";
import { label, labels, looksLike, type People } from "../text/roster.ts";

export interface Told {
  readonly kind: "system" | "problem";
  readonly text: string;
}

/** Shown in another way: in the rows that stand, or by leaving. */
const STANDING: readonly Notice["event"][] = ["connecting", "stretching", "stopped"];

/** `people` as before the notice. Nothing for what is shown in another way, or not at all. */
export function told(notice: Notice, people: People): Told | undefined {
  if (STANDING.includes(notice.event)) return undefined;
  // The log cleans whatever comes into it.
  const text = lineOf(notice, { ...labels(people), clean: (quoted) => quoted });
  return text === undefined ? undefined : { kind: notice.event === "problem" ? "problem" : "system", text };
}

/** `before`: the label under the old name; `people` know the new one. */
export function namedLines(peer: string, before: string, people: People): Told[] {
  const lines: Told[] = [{ kind: "system", text: namedLine(before, people.names.get(peer) ?? "") }];
  const other = looksLike(people, peer);
  if (other !== undefined) {
    const text = alikeLine(label(people, peer), other === "you" ? other : label(people, other));
    lines.push({ kind: "problem", text });
  }
  return lines;
}

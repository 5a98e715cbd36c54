// `--plain`: sentences, one or more lines a notice, for screen readers and logs. Append-only, no symbols, no escapes.
// Scope: which lines there are. Out of scope: the sentences (words/notices.ts), typing, the terminal.
//
// Every line that holds a peer's words begins with "From", a name and the tag in brackets, continuation lines too; no
// other line begins with "From", and none begins with anything that a peer chose. So a peer can neither fake a line of
// the program nor one of another peer.

import type { Notice } from "../notice.ts";
import type { PeerId } from "../ports.ts";
import * as words from "../words/notices.ts";
import { unheardLine, withoutLine } from "../words/circle.ts";
import { careful, dropOldest, label, labels, learn, type Roster, unheardNames } from "./text/roster.ts";
import { ownLabel, sanitise } from "./text/sanitise.ts";

/** What the sentences need to know about what came before. Changed by `plainLines`. */
export interface PlainContext {
  readonly roster: Roster;
  /** One's own latest messages by id, their first words; at most SENT_MAX. */
  readonly sent: Map<string, string>;
  /** True where the person has seen their own line while typing it. */
  readonly echoed: boolean;
}

/** The lines for one notice, in order, without line ends; none where there is nothing to say. */
export function plainLines(notice: Notice, context: PlainContext): string[] {
  return [...sentences(notice, context), ...learn(context.roster, notice)];
}

/** Of a friend whom the roster knows already: one line for the arrival, with the name, and what to be careful of. */
export function arrivalLines(notice: Notice & { event: "connected" }, context: PlainContext): string[] {
  return [...sentences(notice, context), ...careful(context.roster, notice.peer)];
}

/**
 * Whether this notice says all of a refusal at that address, which was told just before: the problem of a call that has ended
 * follows right behind, and one line is enough.
 */
export function saysAllOf(notice: Notice, refused: { readonly address: string } | undefined): boolean {
  return refused !== undefined && notice.event === "problem" && notice.doing.includes(refused.address);
}

function sentences(notice: Notice, context: PlainContext): string[] {
  const { roster, sent } = context;
  const who = (peer: PeerId) => label(roster, peer);
  switch (notice.event) {
    case "message":
      return words.theirLines(who(notice.peer), clean(notice.text).split("\n"));
    case "sent": {
      const text = clean(notice.text).split("\n");
      sent.set(notice.id, firstWords(text[0] ?? ""));
      dropOldest(sent, SENT_MAX);
      const lines = context.echoed ? [] : words.ownLines(text);
      if (notice.peers === 0) lines.push(words.NOBODY_YET);
      if (notice.private) lines.push(words.aloneLine(notice.to.map(who)));
      const without = withoutLine(notice.private ? [] : notice.without.map(who));
      if (without !== undefined) lines.push(without);
      const unheard = unheardLine(unheardNames(roster, notice.unheard));
      if (unheard !== undefined) lines.push(unheard);
      return lines;
    }
    case "delivered":
      return [words.deliveredLine(who(notice.peer), which(notice.id, sent))];
    case "unconfirmed":
      return [words.unconfirmedLine(who(notice.peer), which(notice.id, sent))];
    case "self":
      return [words.youAreLine(ownLabel(notice.peer, notice.name))];
    case "named":
      return [words.namedLine(who(notice.peer), sanitise(notice.name, "name"))];
    default:
      return words.lineOf(notice, labels(roster))?.split("\n") ?? [];
  }
}

function clean(text: string): string {
  return sanitise(text, "text");
}

/** Says which message, unless it is the latest. */
function which(id: string, sent: ReadonlyMap<string, string>): string | undefined {
  return id === [...sent.keys()].at(-1) ? undefined : sent.get(id);
}

function firstWords(line: string): string {
  const start = Array.from(line.replace(/[\u2068\u2069]/g, "")).slice(0, WORDS_MAX + 1);
  return start.length > WORDS_MAX ? sanitise(start.slice(0, WORDS_MAX).join("").trimEnd(), "text") + "..." : line;
}

const SENT_MAX = 256;
const WORDS_MAX = 30;

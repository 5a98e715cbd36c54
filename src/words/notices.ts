// The sentence for each notice: one for the screen and for --plain, which show it in their own way. Scope: what the program
// says of calls, friends and itself while a chat runs. Out of scope: labels of peers and cleaning, which the caller gives.
//
// --plain promises that no line but a peer's words begins with "From", and none with what a peer chose. So each of these
// begins with a word of ours.

import type { RefusedReason } from "../call.ts";
import { DEAD_AFTER_MS } from "../constants.ts";
import type { LeftReason, Notice } from "../notice.ts";
import { callFailureShort, callProblem } from "./call_failures.ts";
import { circleLine, type Labels } from "./circle.ts";
import { onionGone, onionReady, onionStarting } from "./onion.ts";
import { mappedText, unmappedProblem } from "./mapping.ts";
import { alreadyCalled, doorClosed } from "./chat.ts";

/** What a view knows and words do not. */
export interface Shown extends Labels {
  /** Somebody may have chosen an address or an option that is quoted: safe to show. */
  clean(text: string): string;
}

/** How friends can reach us: through the router, or through Tor. */
function reachLine(
  notice: Extract<Notice, { event: "onion" | "onion-starting" | "onion-gone" | "mapped" | "unmapped" }>,
): string {
  switch (notice.event) {
    case "onion":
      return onionReady(notice.address, notice.confirmed);
    case "onion-starting":
      return onionStarting(notice.percent);
    case "onion-gone":
      return onionGone(notice.why, notice.at);
    case "mapped":
      return mappedText(notice.address);
    case "unmapped": {
      const { doing, wrong, next } = unmappedProblem(notice.why, notice.lost);
      return `${doing} ${wrong} ${next}`;
    }
  }
}

/** One sentence or more; undefined for what a view shows by itself: messages, their receipts, names. May hold line ends. */
export function lineOf(notice: Notice, shown: Shown): string | undefined {
  const { who, clean } = shown;
  switch (notice.event) {
    case "protection": {
      const { locked, coreDumps } = notice.protection;
      return `Memory for secrets is ${MEMORY[locked]}. Core dumps are ${coreDumps}.`;
    }
    case "listening":
      return `Waiting for friends on ${clean(notice.address)}.`;
    case "connecting":
      return notice.again ? undefined : `Calling ${clean(notice.address)}.`;
    case "connected":
      return notice.direction === "in"
        ? `Connected: ${who(notice.peer)}, calling from ${clean(notice.address)}.`
        : `Connected: ${who(notice.peer)}, at ${clean(notice.address)}.`;
    case "refused": {
      if (notice.again) return undefined;
      const why = notice.failure === undefined ? CALLER[notice.reason] : callFailureShort(notice.failure);
      return `No connection with ${clean(notice.address)}: ${why}.`;
    }
    case "left":
      return LEFT[notice.reason](who(notice.peer));
    case "new-session": {
      const { address, peer, before } = notice;
      return `Someone new answers at ${clean(address)}: ${who(peer)} (was ${who(before)}). ` +
        "A restart, or another person: ask.";
    }
    case "stretching":
      return notice.done ? undefined : "Stretching the phrase. This takes a moment.";
    case "turned-away":
      return turnedAway(notice.count, notice.guesses);
    case "stopped":
      return notice.reason === "panic" ? "Stopped at once." : "Goodbye.";
    case "deaf":
      return notice.over
        ? "Taking calls again."
        : "Cannot take calls: this process has too many files open. Raise the limit (ulimit -n), or wait: Sesame tries again by itself.";
    case "door-closed":
      return clean(doorClosed(notice.address));
    case "already-called":
      return clean(alreadyCalled(notice.address, notice.state));
    case "hint":
      return clean(notice.text);
    case "diagnosis": {
      const { wrong, next } = callProblem(notice.address, notice.failure, notice.proxy);
      return clean(`Still no connection with ${notice.address}. ${wrong} ${next}`);
    }
    case "onion":
    case "onion-starting":
    case "onion-gone":
    case "mapped":
    case "unmapped":
      return clean(reachLine(notice));
    case "problem":
      return clean(`${notice.doing} ${notice.wrong} ${notice.next}`.trim());
    default:
      return circleLine(notice, shown);
  }
}

/** `before`: the label under the old name. `name`: safe to show; "" if there is none now. */
export function namedLine(before: string, name: string): string {
  return name === "" ? `Name: ${before} has none now.` : `Name: ${before} is called ${name}.`;
}

/** `other`: whose name it is like, or "you". */
export function alikeLine(who: string, other: string | "you"): string {
  return other === "you"
    ? `Careful: ${who} uses a name like yours.`
    : `Careful: ${who} looks like ${other}, someone else.`;
}

/** `other`: who left and had such a name. */
export function namedBeforeLine(who: string, other: string): string {
  return `Careful: ${who} uses the name of ${other}, who left. A restart, or another person: ask.`;
}

/** Of a message that came: its first line, and the others. */
export function theirLines(who: string, [first = "", ...rest]: readonly string[]): string[] {
  return [`From ${who}: ${first}`, ...rest.map((line) => `From ${who}, more: ${line}`)];
}

/** Of one's own. */
export function ownLines([first = "", ...rest]: readonly string[]): string[] {
  return [`You: ${first}`, ...rest.map((line) => `You, more: ${line}`)];
}

/** One's own message went to these and nobody else, as the person wanted. */
export function aloneLine(whom: readonly string[]): string {
  return `To ${whom.join(", ")} alone.`;
}

/** `you`: oneself, as friends read it. */
export function youAreLine(you: string): string {
  return `You are ${you}.`;
}

export const NOBODY_YET = "Nobody is here yet.";

/** `which`: the message's first words, unless it is the latest. */
export function deliveredLine(who: string, which: string | undefined): string {
  return `Delivered to ${who}${quoted(which)}.`;
}

export function unconfirmedLine(who: string, which: string | undefined): string {
  return `Not confirmed by ${who}${quoted(which)}. It may or may not have been shown.`;
}

function quoted(words: string | undefined): string {
  return words === undefined ? "" : `: "${words}"`;
}

/** `3 callers turned away, 1 of them with a wrong phrase.` */
function turnedAway(count: number, guesses: number): string {
  if (count === 1) return guesses > 0 ? "1 caller turned away: wrong phrase." : "1 caller turned away.";
  return `${count} callers turned away${guesses > 0 ? `, ${guesses} of them with a wrong phrase` : ""}.`;
}

const MEMORY = { all: "locked", part: "locked in part", none: "not locked" } as const;

const LEFT: Readonly<Record<LeftReason, (who: string) => string>> = {
  bye: (who) => `Left: ${who} said goodbye.`,
  closed: (who) => `Left: ${who}, connection lost.`,
  timeout: (who) => `Left: ${who}, connection lost: silent for ${DEAD_AFTER_MS / 1000} s.`,
  protocol: (who) => `Left: ${who}, disconnected for breaking the protocol.`,
};

/** Why somebody who called is not let in, as the end of a sentence. */
const CALLER: Readonly<Partial<Record<RefusedReason, string>>> = {
  phrase: "the phrase did not match",
  duplicate: "this friend is connected already",
  protocol: "the caller does not speak Sesame, or breaks its protocol",
  busy: "too many friends are connected already",
  timeout: "the caller did not finish in time",
  closed: "the caller hung up",
};

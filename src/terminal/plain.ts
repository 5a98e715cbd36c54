// `--plain`: sentences, one or more lines a notice, for screen readers and logs. Append-only, no symbols, no escapes. In
// here: the words. Not in here: typing, the terminal.
//
// Every line that holds a peer's words begins with "From", a name and the tag in brackets, continuation lines too; no
// other line begins with "From", and none with what a peer chose. So a peer can neither fake a line of the program nor one of another peer.

import type { Notice, RefusedReason } from "../notice.ts";
import type { PeerId } from "../ports.ts";
import { label, learn, looksLike, type People } from "./text/roster.ts";
import { sanitise } from "./text/sanitise.ts";

/** What the sentences need to know of what came before. Changed by `plainLines`. */
export interface PlainContext {
  readonly people: People;
  /** One's own latest messages by id, their first words; at most SENT_MAX. */
  readonly sent: Map<string, string>;
  /** True where the person has seen their own line while typing it. */
  readonly echoed: boolean;
}

/** The lines for one notice, in order, without line ends; none where there is nothing to say. */
export function plainLines(notice: Notice, context: PlainContext): string[] {
  const { people } = context;
  const lines = sentences(notice, context);
  learn(people, notice);
  if (notice.event === "named") {
    const other = looksLike(people, notice.peer);
    if (other === "you") lines.push(`Careful: the name of ${label(people, notice.peer)} looks like a name of yours.`);
    else if (other !== undefined) {
      lines.push(`Careful: ${label(people, notice.peer)} looks like ${label(people, other)}, who is someone else.`);
    }
  }
  return lines;
}

function sentences(notice: Notice, context: PlainContext): string[] {
  const { people, sent } = context;
  const who = (peer: PeerId) => label(people, peer);
  switch (notice.event) {
    case "protection": {
      const { locked, coreDumps } = notice.protection;
      const memory = { all: "locked", part: "locked in part", none: "not locked" }[locked];
      return [`Memory for secrets is ${memory}. Core dumps are ${coreDumps}.`];
    }
    case "listening":
      return [`Waiting for friends on ${notice.address}.`];
    case "connecting":
      return [`Calling ${clean(notice.address)}.`];
    case "connected":
      return [
        notice.direction === "in"
          ? `Connected: ${who(notice.peer)}, who called from ${notice.address}.`
          : `Connected: ${who(notice.peer)}, reached at ${clean(notice.address)}.`,
      ];
    case "refused":
      return [`No connection with ${clean(notice.address)}: ${REFUSED[notice.reason]}.`];
    case "message": {
      const [first = "", ...rest] = sanitise(notice.text, "text").split("\n");
      return [`From ${who(notice.peer)}: ${first}`, ...rest.map((line) => `From ${who(notice.peer)}, more: ${line}`)];
    }
    case "sent": {
      const [first = "", ...rest] = sanitise(notice.text, "text").split("\n");
      sent.set(notice.id, firstWords(first));
      for (const id of sent.keys()) {
        if (sent.size <= SENT_MAX) break;
        sent.delete(id);
      }
      const lines = context.echoed ? [] : [`You: ${first}`, ...rest.map((line) => `You, more: ${line}`)];
      if (notice.peers === 0) lines.push("Nobody is here yet.");
      return lines;
    }
    case "delivered":
      return [`Delivered to ${who(notice.peer)}${which(notice.id, sent)}.`];
    case "unconfirmed":
      return [`Not confirmed by ${who(notice.peer)}${which(notice.id, sent)}. It may or may not have been shown.`];
    case "named": {
      const before = who(notice.peer);
      const name = sanitise(notice.name, "name");
      return [name === "" ? `Name: ${before} has none now.` : `Name: ${before} is called ${name}.`];
    }
    case "left":
      return [`Left: ${who(notice.peer)} ${LEFT[notice.reason]}.`];
    case "stopped":
      return [notice.reason === "panic" ? "Stopped at once." : "Goodbye."];
    case "new-session":
      return [
        `At ${clean(notice.address)} there is a new session of somebody who knows the phrase: ${
          who(notice.peer)
        }, before ${who(notice.before)}.`,
      ];
    case "stretching":
      return [notice.done ? "The phrase is ready." : "Stretching the phrase. This takes a moment."];
    case "turned-away":
      return [turnedAway(notice.count, notice.guesses)];
    case "hint":
      return clean(notice.text).split("\n");
    case "diagnosis":
      return [clean(`Still no connection with ${notice.address}. ${notice.wrong} ${notice.next}`)];
    case "problem":
      return [clean(`${notice.doing} ${notice.wrong} ${notice.next}`.trim())];
  }
}

/** Why there is no connection, as the end of a sentence. */
export const REFUSED: Readonly<Record<RefusedReason, string>> = {
  phrase: "the phrase did not match",
  self: "that is this program itself",
  duplicate: "there is already a connection with this friend",
  protocol: "the other side does not speak Sesame, or broke its rules",
  busy: "too many are connected already",
  timeout: "nobody answered in time",
  unreachable: "nobody can be reached there",
  closed: "the other side hung up",
  "proxy-unreachable": "the proxy does not answer",
  "proxy-login": "the proxy wants a user name and password, or others",
  "proxy-refused": "the proxy would not or could not connect",
  "proxy-protocol": "what answers as the proxy does not speak SOCKS5",
};

/** How a friend left, as the end of a sentence. */
export const LEFT = {
  bye: "said goodbye",
  closed: "is gone: the connection was lost",
  timeout: "is gone: nothing came for too long",
  protocol: "was disconnected: broke the rules of the protocol",
} as const;

/** `2 strangers were turned away, 1 with a wrong phrase.` */
export function turnedAway(count: number, guesses: number): string {
  const who = count === 1 ? "1 stranger was" : `${count} strangers were`;
  return `${who} turned away${guesses > 0 ? `, ${guesses} with a wrong phrase` : ""}.`;
}

/** The program's own words may quote an address or an option that somebody chose. */
function clean(text: string): string {
  return sanitise(text, "text");
}

/** Says which message, unless it is the latest. */
function which(id: string, sent: ReadonlyMap<string, string>): string {
  const words = sent.get(id);
  return words === undefined || id === [...sent.keys()].at(-1) ? "" : `: "${words}"`;
}

function firstWords(line: string): string {
  const start = Array.from(line.replace(/[\u2068\u2069]/g, "")).slice(0, WORDS_MAX + 1);
  return start.length > WORDS_MAX ? sanitise(start.slice(0, WORDS_MAX).join("").trimEnd(), "text") + "..." : line;
}

const SENT_MAX = 256;
const WORDS_MAX = 30;

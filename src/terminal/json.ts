// One notice, one line of JSON: the contract for scripts (docs/SCRIPTS.md, "Events"), field for field. Out of scope:
// reading lines, the sentences themselves (words).

import type { Notice } from "../notice.ts";
import { alreadyCalled, doorClosed } from "../words/chat.ts";
import { unmappedWhy } from "../words/mapping.ts";
import { onionGone, onionStarting } from "../words/onion.ts";
import { callProblem } from "../words/call_failures.ts";

/** What scripts are not told: it only repeats other events for people. */
export function isForPeople(notice: Notice): boolean {
  return notice.event === "self" || notice.event === "hearing";
}

/**
 * Without a line end. `at` is milliseconds since the epoch. Text is raw but for its escapes: whatever could act on a
 * terminal or split a line is written as \u, so that printing the line is harmless and parsing it gives the original.
 */
export function jsonLine(notice: Notice, at: number): string {
  return JSON.stringify({ ...fields(notice), at: Math.round(at) }).replace(UNPRINTABLE, escape);
}

/** The fields of each event, in their order, as they stand in the notice. */
export const FIELDS = {
  listening: ["address"],
  connecting: ["address"],
  connected: ["peer", "direction", "address", "punched"],
  refused: ["address", "reason"],
  message: ["peer", "id", "text"],
  sent: ["id", "peers", "to"],
  delivered: ["id", "peer"],
  unconfirmed: ["id", "peer"],
  named: ["peer", "name"],
  left: ["peer", "reason"],
  circle: ["peer", "you", "with"],
  introduction: ["peer", "by", "state", "reason"],
  self: [],
  hearing: [],
  "wrong-peer": ["peer", "by", "address"],
  hidden: [],
  verify: ["peer", "state"],
  stopped: ["reason"],
  "new-session": ["address", "peer", "before"],
  stretching: ["done"],
  "turned-away": ["count", "guesses"],
  deaf: ["over"],
  hint: ["text"],
  onion: ["address", "confirmed"],
  mapped: ["address", "by", "seconds"],
  problem: ["doing", "wrong", "next"],
} as const satisfies { readonly [E in Listed]: readonly (keyof Extract<Notice, { event: E }>)[] };

/** All but those that scripts are told in another form. */
type Listed = Exclude<
  Notice["event"],
  "protection" | "door-closed" | "already-called" | "onion-starting" | "onion-gone" | "unmapped" | "diagnosis"
>;

function fields(notice: Notice): Readonly<Record<string, unknown>> {
  const { event } = notice;
  switch (notice.event) {
    case "protection": {
      const { memoryLocked, coreDumps, permissions, locked } = notice.protection;
      return { event, memoryLocked, coreDumps, permissions, locked };
    }
    case "door-closed":
      return { event: "hint", text: doorClosed(notice.address) };
    case "already-called":
      return { event: "hint", text: alreadyCalled(notice.address, notice.state) };
    case "onion-starting":
      return { event: "hint", text: onionStarting(notice.percent) };
    case "onion-gone": {
      const cause = notice.why === "cookie" || notice.why === "password" ? "tor-cookie" : "tor-control";
      return { event: "diagnosis", address: "", cause, wrong: onionGone(notice.why, notice.at), next: "" };
    }
    case "unmapped": {
      const { wrong, next } = unmappedWhy(notice.why);
      return { event: "diagnosis", address: notice.address, cause: notice.why, wrong, next, lost: notice.lost };
    }
    case "diagnosis": {
      const { address, failure, proxy } = notice;
      const { wrong, next } = callProblem(address, failure, proxy);
      return { event, address, step: failure.at, cause: failure.why, wrong, next };
    }
    default: {
      const said: Readonly<Record<string, unknown>> = { ...notice };
      return Object.fromEntries(["event", ...FIELDS[notice.event]].map((name) => [name, said[name]]));
    }
  }
}

function escape(text: string): string {
  let escaped = "";
  for (let i = 0; i < text.length; i++) escaped += `\\u${text.charCodeAt(i).toString(16).padStart(4, "0")}`;
  return escaped;
}

// Controls (JSON.stringify leaves DEL and C1), format characters (bidi, tags), line and paragraph separators.
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

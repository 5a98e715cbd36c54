// One notice, one line of JSON: the contract for scripts (docs/SCRIPTS.md, "Events"), field for field. Not in here:
// reading lines, the sentences themselves (words).

import type { Notice } from "../notice.ts";
import { MAX_TARGETS } from "../constants.ts";
import { alreadyCalled, doorClosed } from "../words/chat.ts";
import { unmappedProblem } from "../words/mapping.ts";
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

function fields(notice: Notice): Record<string, unknown> & { event: Notice["event"] } {
  const { event } = notice;
  switch (notice.event) {
    case "protection": {
      const { memoryLocked, coreDumps, permissions, locked } = notice.protection;
      return { event, memoryLocked, coreDumps, permissions, locked };
    }
    case "listening":
    case "connecting":
      return { event, address: notice.address };
    case "connected":
      return {
        event,
        peer: notice.peer,
        direction: notice.direction,
        address: notice.address,
        punched: notice.punched,
      };
    case "refused":
      return { event, address: notice.address, reason: notice.reason };
    case "message":
      return { event, peer: notice.peer, id: notice.id, text: notice.text };
    case "sent":
      return { event, id: notice.id, peers: notice.peers, to: notice.to };
    case "delivered":
    case "unconfirmed":
      return { event, id: notice.id, peer: notice.peer };
    case "named":
      return { event, peer: notice.peer, name: notice.name };
    case "left":
      return { event, peer: notice.peer, reason: notice.reason };
    case "circle":
      return { event, peer: notice.peer, you: notice.you, with: notice.with };
    case "introduction": {
      const { peer, by, state, reason } = notice;
      return { event, peer, by, state, ...(reason === undefined ? {} : { reason }) };
    }
    case "self":
    case "hearing":
      return { event };
    case "wrong-peer":
      return { event, peer: notice.peer, by: notice.by, address: notice.address };
    case "hidden":
      return { event };
    case "verify":
      return { event, peer: notice.peer, state: notice.state };
    case "stopped":
      return { event, reason: notice.reason };
    case "new-session":
      return { event, address: notice.address, peer: notice.peer, before: notice.before };
    case "stretching":
      return { event, done: notice.done };
    case "turned-away":
      return { event, count: notice.count, guesses: notice.guesses };
    case "deaf":
      return { event, over: notice.over };
    case "door-closed":
      return { event: "hint", text: doorClosed(notice.address) };
    case "already-called":
      return { event: "hint", text: alreadyCalled(notice.address, notice.state, MAX_TARGETS) };
    case "hint":
      return { event, text: notice.text };
    case "onion":
      return { event, address: notice.address, confirmed: notice.confirmed };
    case "onion-starting":
      return { event: "hint", text: onionStarting(notice.percent) };
    case "onion-gone": {
      const cause = notice.why === "cookie" || notice.why === "password" ? "tor-cookie" : "tor-control";
      return { event: "diagnosis", address: "", cause, wrong: onionGone(notice.why), next: "" };
    }
    case "mapped":
      return { event, address: notice.address, by: notice.by, seconds: notice.seconds };
    case "unmapped": {
      const { wrong, next } = unmappedProblem(notice.why, notice.lost);
      return { event: "diagnosis", address: notice.address, cause: notice.why, wrong, next };
    }
    case "diagnosis": {
      const { address, failure, proxy } = notice;
      const { wrong, next } = callProblem(address, failure, proxy);
      return { event, address, step: failure.at, cause: failure.why, wrong, next };
    }
    case "problem":
      return { event, doing: notice.doing, wrong: notice.wrong, next: notice.next };
  }
}

function escape(text: string): string {
  let escaped = "";
  for (let i = 0; i < text.length; i++) escaped += `\\u${text.charCodeAt(i).toString(16).padStart(4, "0")}`;
  return escaped;
}

// Controls (JSON.stringify leaves DEL and C1), format characters (bidi, tags), line and paragraph separators.
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

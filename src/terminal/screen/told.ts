// What the program says of a notice on the screen, one line each. Not in here: messages, receipts, what it changes.

import type { Notice } from "../../notice.ts";
import { label, looksLike, type People } from "../text/roster.ts";
import { LEFT, REFUSED, turnedAway } from "../plain.ts";

export interface Told {
  readonly kind: "system" | "problem";
  readonly text: string;
}

/** `people` as before the notice. Nothing for what is shown in another way, or not at all. */
export function told(notice: Notice, people: People): Told | undefined {
  const text = system(notice, people);
  if (text !== undefined) return { kind: "system", text };
  if (notice.event !== "problem") return undefined;
  return { kind: "problem", text: `${notice.doing} ${notice.wrong} ${notice.next}`.trim() };
}

function system(notice: Notice, people: People): string | undefined {
  switch (notice.event) {
    case "protection": {
      const { locked, coreDumps } = notice.protection;
      const memory = { all: "locked", part: "locked in part", none: "not locked" }[locked];
      return `memory for secrets ${memory}, core dumps ${coreDumps}`;
    }
    case "listening":
      return `waiting for friends on ${notice.address}`;
    case "connected":
      return notice.direction === "in"
        ? `${label(people, notice.peer)} is here, calling from ${notice.address}`
        : `${label(people, notice.peer)} is here, at ${notice.address}`;
    case "refused":
      return `no connection with ${notice.address}: ${REFUSED[notice.reason]}`;
    case "left":
      return `${label(people, notice.peer)} ${LEFT[notice.reason]}`;
    case "new-session": {
      const [now, before] = [notice.peer, notice.before].map((peer) => label(people, peer));
      return `new session of somebody who knows the phrase at ${notice.address}: ${now}, before ${before}`;
    }
    case "turned-away":
      return turnedAway(notice.count, notice.guesses);
    case "hint":
      return notice.text;
    case "diagnosis":
      return `still no connection with ${notice.address}. ${notice.wrong} ${notice.next}`;
    default:
      return undefined;
  }
}

/** `before`: the label under the old name; `people` know the new one. */
export function namedLines(peer: string, before: string, people: People): Told[] {
  const name = people.names.get(peer) ?? "";
  const lines: Told[] = [{ kind: "system", text: name === "" ? `${before} has no name` : `${before} is ${name}` }];
  const other = looksLike(people, peer);
  if (other !== undefined) {
    const what = other === "you" ? "a name of yours" : `${label(people, other)}, who is someone else`;
    lines.push({ kind: "problem", text: `careful: ${label(people, peer)} looks like ${what}` });
  }
  return lines;
}

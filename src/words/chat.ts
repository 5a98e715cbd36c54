// What can go wrong in a running chat, in three parts, and what is said at its end.

import { MAX_JSON_SIZE, MAX_TARGETS, MAX_UNCONFIRMED } from "../constants.ts";
import type { MessageProblem } from "../wire/message.ts";
import { listed } from "./circle.ts";
import type { Problem } from "./problems.ts";

const NOT_SENT = "Could not send that message.";

export function messageRefused(fault: MessageProblem): Problem {
  if (fault.problem === "too big") {
    const wrong = `It takes ${fault.size} bytes, and the limit is ${MAX_JSON_SIZE}.`;
    return { doing: NOT_SENT, wrong, next: "Send it in parts." };
  }
  const wrong = "It contains a character that messages cannot have.";
  return { doing: NOT_SENT, wrong, next: "Remove its control characters." };
}

export const NOBODY_HERE: Problem = {
  doing: NOT_SENT,
  wrong: "Nobody is here.",
  next: "Wait until a friend is connected; /peers shows who is.",
};

/** To a person: whom they knew has left, and who comes next may be somebody else. */
export const NOBODY_ANY_MORE: Problem = {
  doing: NOT_SENT,
  wrong: "Nobody is here any more.",
  next: "Wait until a friend is connected; the up arrow brings the text back.",
};

/** Said to nobody yet. */
export function waitsForFirst(text: string): string {
  return `Nobody is here yet. This waits for the first friend: ${text}`;
}

export const NOBODY_CONFIRMS: Problem = {
  doing: NOT_SENT,
  wrong: `Nobody here has confirmed the last ${MAX_UNCONFIRMED} messages.`,
  next: "Wait until somebody has; /peers shows who.",
};

export function missedBy(who: string): Problem {
  return {
    ...noRoom(who),
    next: `Sent to the others only until ${who} catches up; /peers shows who is here.`,
  };
}

/** A person's line, given back: to `who` it cannot go now, but to others it could. */
export function wouldMiss(who: readonly string[]): Problem {
  return { ...noRoom(listed(who)), next: "Wait until they have caught up, or press Enter again to leave them out." };
}

/** To one friend alone. */
export function noRoom(who: string): Problem {
  return {
    doing: `Could not send that to ${who}.`,
    wrong: `The last ${MAX_UNCONFIRMED} messages to them have not been confirmed.`,
    next: "Wait until they have caught up; /peers shows who is here.",
  };
}

export function missedInAll(who: string, count: number): string {
  return `${messages(count)} did not go to ${who}.`;
}

/** Said by a script, and sent to nobody. `more`: there may be further ones. */
export function unsent(count: number, more: boolean, waiting: boolean): Problem {
  const stillWaiting = count === 1 ? "It was still waiting for its turn." : "They were still waiting for their turn.";
  return {
    doing: `Could not send ${more ? "at least " : ""}${messages(count)}.`,
    wrong: waiting ? stillWaiting : "Nobody was here.",
    next: "Start again when your friend is there.",
  };
}

/** Whom we called hears nothing more from this address for a while. */
export function heardAgainIn(seconds: number): string {
  const many = seconds === 1 ? "1 second" : `${seconds} seconds`;
  return `After so many wrong phrases they hear no call from here for ${many}. Calling then.`;
}

export function inputEnded(targets: string): Problem {
  return {
    doing: `Could not connect to ${targets}.`,
    wrong: "The input ended before anybody was there.",
    next: "Start again when your friend is there, or keep the input open.",
  };
}

/** Says how many and for whom, never what: this line stays in the terminal. */
export function unconfirmedText(tag: string, count: number): string {
  return `${messages(count)} not confirmed by [${tag}]: shown or not, nobody can know.`;
}

/** Somebody with the phrase, and friends enough. */
export function doorClosed(address: string): string {
  return `Somebody else who knows the phrase called from ${address} and was turned away: the door is closed.`;
}

/** What keeps a target from being called anew. */
export function alreadyCalled(target: string, state: "many" | "connected" | "called"): string {
  switch (state) {
    case "many":
      return `${MAX_TARGETS} friends are being called already, and that is the limit.`;
    case "connected":
      return `Whoever answers at ${target} is connected already.`;
    case "called":
      return `Already calling ${target}.`;
  }
}

function messages(count: number): string {
  return count === 1 ? "1 message" : `${count} messages`;
}

// What is said about who hears whom, introductions and the words that two people compare. Pure. A view lends the labels:
// `who` for somebody met, `reported` for somebody only heard of, whose tag it adds and whose name proves nothing.
// Each line begins with a word of ours, as --plain promises (notices.ts): a friend may be called "From Bob".

import type { Hearing, IntroductionEnd, Notice, Person } from "../notice.ts";
import type { PeerId } from "../ports.ts";
import { NAME_PROBLEM, type Problem } from "./problems.ts";

export interface Labels {
  /** `Alice [a11c-e5a1]` */
  who(peer: PeerId): string;
  /** `Bob [47e9-0c11]` */
  reported(person: Person): string;
  /** `Alice`; `friend`, with the tag where several here have no name. */
  name(peer: PeerId): string;
  /** What somebody was last called by a friend; empty if nobody named them. */
  reportedName(peer: PeerId): string;
}

/** Names of people who were only heard of stand in one line up to so many. */
const NAMED_MAX = 3;

/** `Alice, Bob and 2 more` */
export function listed(names: readonly string[], most = NAMED_MAX): string {
  const shown = names.slice(0, most).join(", ");
  return names.length > most ? `${shown} and ${names.length - most} more` : shown;
}

/** Who hears whom, in at most so many parts: empty where there is nothing to say, "…" where it is not known yet. */
export function hearingText(hearing: Hearing, labels: Labels, most = 2): string {
  if (hearing.everyone) return "everyone hears everyone";
  const parts: string[] = [];
  const byFriend = new Map<string, string[]>();
  for (const { by, ...person } of hearing.others) {
    const key = listed(by.map((peer) => labels.name(peer)));
    const others = byFriend.get(key);
    if (others === undefined) byFriend.set(key, [labels.reported(person)]);
    else others.push(labels.reported(person));
  }
  for (const [friends, others] of byFriend) {
    const verb = friends.includes(", ") || friends.includes(" and ") ? "also talk" : "also talks";
    parts.push(`${friends} ${verb} with ${listed(others)}, who ${others.length === 1 ? "does" : "do"} not hear you`);
  }
  for (const [first, second] of hearing.apart) {
    parts.push(`${labels.name(first)} and ${labels.name(second)} do not hear each other`);
  }
  for (const [first, second] of hearing.disputed) {
    parts.push(`${labels.name(first)} claims to hear ${labels.name(second)}; ${labels.name(second)} does not say so`);
  }
  if (parts.length === 0) return hearing.settling ? "…" : "";
  const rest = parts.length > most ? `; and ${parts.length - most} more, see /peers` : "";
  return parts.slice(0, most).join("; ") + rest;
}

/** Behind the receipts of one's own message: `Bob does not hear this`. Empty where everybody did. */
export function unheardText(names: readonly string[]): string {
  return names.length === 0 ? "" : `${listed(names)} ${names.length === 1 ? "does" : "do"} not hear this`;
}

/** Behind them too: who is here and did not get it. */
export function withoutText(names: readonly string[]): string {
  return names.length === 0 ? "" : `not sent to ${listed(names)}`;
}

/** The same as a line of its own. */
export function withoutLine(names: readonly string[]): string | undefined {
  return names.length === 0 ? undefined : `Not sent to ${listed(names)}.`;
}

/** Who did not hear it, as a line of its own. */
export function unheardLine(names: readonly string[]): string | undefined {
  return names.length === 0 ? undefined : `Not heard by ${listed(names)}.`;
}

/** One line for a notice of this kind; undefined for any other, or where nothing is to be said. */
export function circleLine(notice: Notice, labels: Labels & { clean(text: string): string }): string | undefined {
  switch (notice.event) {
    case "introduction":
      return introductionLine(notice, labels);
    case "wrong-peer":
      return `Somebody else answered at ${labels.clean(notice.address)}, the address that ${
        labels.who(notice.by)
      } gave for ${
        labels.reported({ peer: notice.peer, name: labels.reportedName(notice.peer) })
      }. They were told nothing. Ask ${labels.name(notice.by)}.`;
    case "hidden":
      return "A friend wants to introduce you to somebody. Sesame ignores it: even a call would show your address.";
    case "verify":
      return VERIFIED[notice.state](labels.who(notice.peer));
    default:
      return undefined;
  }
}

const VERIFIED: Readonly<Record<(Notice & { event: "verify" })["state"], (who: string) => string>> = {
  same: (who) => `Verified ✓ ${who}, until Sesame ends.`,
  different: (who) =>
    `Shut out: ${who}. The words were different, so somebody may be between you. Call each other by phone.`,
  changed: (who) =>
    `Careful: ${who} suddenly uses another number. Somebody may be between you: there are no more words to compare.`,
};

const ENDED: Readonly<Record<IntroductionEnd, string>> = {
  declined: "You declined. Nobody is told.",
  expired: "No answer for 10 minutes.",
  gone: "They have left.",
  unreachable: "Nobody answered at the addresses that were given.",
  "wrong-peer": "Somebody else answered.",
};

function introductionLine(notice: Notice & { event: "introduction" }, labels: Labels): string | undefined {
  const { peer, by, state, reason, quiet } = notice;
  // Of a question the chat makes one line with others.
  if (quiet || state === "asked" || state === "met") return undefined;
  const person = labels.reported({ peer, name: labels.reportedName(peer) });
  if (state === "over") return `Introduction to ${person} over. ${ENDED[reason ?? "expired"]}`;
  return `Asked ${listed(by.map((friend) => labels.who(friend)))} to introduce you to ${person}. No answer yet.`;
}

/** One line for all that are asked about now. */
export function questionText(
  asked: readonly { readonly peer: PeerId; readonly by: readonly PeerId[]; readonly tells: readonly string[] }[],
  labels: Labels,
): string {
  const [first] = asked;
  if (asked.length === 1 && first !== undefined) {
    const name = labels.reportedName(first.peer);
    const typed = nameToType(name, first.peer);
    const friends = listed(first.by.map((friend) => labels.who(friend)));
    return `Introduction: ${friends} ${first.by.length > 1 ? "say" : "says"} ${
      labels.reported({ peer: first.peer, name })
    } wants to ` +
      `talk with you. ${tellsText(first.tells)} /introduce ${typed} · /decline ${typed}`;
  }
  const people = asked.map(({ peer }) => labels.reported({ peer, name: labels.reportedName(peer) }));
  return `Friends say ${listed(people)} want to talk with you. ${
    tellsText([...new Set(asked.flatMap(({ tells }) => tells))])
  } ` +
    "/introduce all, or by name; /decline all";
}

/** What a yes tells about oneself. */
export function tellsText(addresses: readonly string[]): string {
  return addresses.length === 0
    ? "They learn no address of yours."
    : `They learn your address: ${listed(addresses, 8)}.`;
}

/** How an introduction stands, for /peers. */
export function standingText(
  { peer, state, by }: { readonly peer: PeerId; readonly state: "asked" | "yes"; readonly by: readonly PeerId[] },
  labels: Labels,
): string {
  const name = labels.reportedName(peer);
  const person = labels.reported({ peer, name });
  const begin = `Introduction${by.length === 0 ? "" : ` by ${listed(by.map((friend) => labels.name(friend)))}`}:`;
  return state === "asked"
    ? `${begin} ${person} wants to talk with you. /introduce ${nameToType(name, peer)} · /decline ${
      nameToType(name, peer)
    }`
    : `${begin} you said yes to ${person}. No answer yet.`;
}

/** The words to compare. `first`: the person says the first two. */
export function verifyText(
  who: string,
  words: string | undefined,
  first: boolean,
  verified: boolean,
): string {
  if (words === undefined) return `No words to compare with ${who} yet.`;
  const how = first
    ? "you read the first two, then your friend the last two"
    : "your friend reads the first two, then you the last two";
  return `Words to compare with ${who}${verified ? ", ✓ verified" : ""}: ${words}\n` +
    `Read them by phone or in person, never here: ${how}. Then type /verify NAME yes, or no if they differ.`;
}

/** What a person types for somebody: a name of one plain word, otherwise the tag. Nobody is `all`, which means everybody. */
function nameToType(name: string, peer: PeerId): string {
  return /^(?!all$)[\p{L}\p{N}]{1,32}$/iu.test(name) ? name : peer.slice(0, 8);
}

/** Before a line goes to somebody who was not here when it was begun. */
export function audienceText(newcomers: readonly string[], everybody: readonly string[]): string {
  return `Here now too: ${listed(newcomers)}. Enter sends to ${listed(everybody, 8)}.`;
}

export const HIDDEN: Problem = {
  doing: "Could not introduce you.",
  wrong: "Calls go through a proxy, or you listen on this machine only: even a call would show your address.",
  next: "Start without --proxy, or on an address that others can call.",
};

export const LISTENING_ALREADY = "You are listening already; /invite says where.";

export const NAME_REFUSED: Problem = {
  doing: "Could not change your name.",
  wrong: NAME_PROBLEM.wrong,
  next: "Type: /name NAME",
};

// --- What commands about it cannot do ---

export const DOING = {
  introduce: "Could not introduce anybody.",
  decline: "Could not decline.",
  message: "Could not send that message.",
  verify: "Could not verify anybody.",
  bye: "Could not say goodbye.",
} as const;

export function nobodyWaits(doing: string): Problem {
  return { doing, wrong: "Nobody is waiting for your answer.", next: "/peers shows who is." };
}
export const HEARD_ALREADY: Problem = {
  doing: DOING.introduce,
  wrong: "You hear each other already.",
  next: "To introduce two friends to each other, type both: /introduce NAME NAME",
};
export const NOT_INTRODUCED: Problem = {
  doing: "Could not introduce you.",
  wrong: "They have left, or too many friends are connected already.",
  next: "/peers shows who is here.",
};
export const NOT_TWO_FRIENDS: Problem = {
  doing: DOING.introduce,
  wrong: "Only two friends who are here can be introduced to each other.",
  next: "/peers shows who is here.",
};
export const NO_TEXT: Problem = { doing: DOING.message, wrong: "There is no text.", next: "Type: /msg NAME TEXT" };
export const NOBODY_TO_VERIFY: Problem = { doing: DOING.verify, wrong: "Nobody is here.", next: "Wait for a friend." };
export const YES_OR_NO: Problem = {
  doing: DOING.verify,
  wrong: "Answer yes or no.",
  next: "Type: /verify NAME yes, or /verify NAME no",
};
export const NOT_COMPARED: Problem = {
  doing: DOING.verify,
  wrong: "You have not seen these words yet.",
  next: "Type /verify NAME, compare them with your friend, and only then type /verify NAME yes.",
};
export const NO_WORDS_YET: Problem = {
  doing: DOING.verify,
  wrong: "There are no words to compare yet.",
  next: "Wait a moment, then type /verify again.",
};

export function whoHearsWhom(hearing: string): string {
  return `Who hears whom: ${hearing}.`;
}

export function byeText(who: string): string {
  return `You say goodbye to ${who}. They cannot come back until you type /connect.`;
}

export function hungUpText(target: string): string {
  return `${target} is not called any more.`;
}

export function proposedText(first: string, second: string): string {
  return `Proposed to ${first} and ${second} that they hear each other.`;
}

/** What a person types who leaves the name out. */
const USAGE: Readonly<Record<keyof typeof DOING, string>> = {
  introduce: "/introduce NAME",
  decline: "/decline NAME",
  message: "/msg NAME TEXT",
  verify: "/verify NAME",
  bye: "/bye NAME",
};

/** Why a name means nobody. */
export function notFound(what: keyof typeof DOING, why: "unnamed" | "nobody" | "several" | "another"): Problem {
  const doing = DOING[what];
  switch (why) {
    case "unnamed":
      return { doing, wrong: "There is no name.", next: `Type: ${USAGE[what]}` };
    case "several":
      return { doing, wrong: "Several people have that name.", next: "Type the tag behind the name instead." };
    case "another":
      return {
        doing,
        wrong: "Somebody else has that name now.",
        next:
          "Look at the tags with /peers. Type it again with the tag, or as it was if you mean whoever has the name.",
      };
    case "nobody":
      if (what === "bye") {
        return {
          doing,
          wrong: "Nobody of that name is here, and that address is not being called.",
          next: "/peers shows who is here.",
        };
      }
      return what === "decline"
        ? { doing, wrong: "Nobody of that name is waiting for your answer.", next: "/peers shows who is." }
        : {
          doing,
          wrong: "There is nobody of that name.",
          next: "/peers shows who is here, and whom friends talk with.",
        };
  }
}

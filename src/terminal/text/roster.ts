// Who is here and what they call themselves, as far as a view has been told. Scope: labels that a peer cannot fake.
// Out of scope: links, messages, layout.

import type { Notice, Person } from "../../notice.ts";
import type { PeerId } from "../../ports.ts";
import { CHAT_COMMANDS } from "../../words/commands.ts";
import { alikeLine, namedBeforeLine, type Shown } from "../../words/notices.ts";
import { confusable, lookAlikes, sanitise, tag, withoutIsolates } from "./sanitise.ts";

export interface Roster {
  /** Peers with a session, in order of arrival. */
  readonly here: Map<PeerId, { readonly address: string }>;
  /** Sanitised names by PeerId, of those who left too, the longest unchanged first; at most NAMES_MAX. */
  readonly names: Map<PeerId, string>;
  /** What friends call those whom we have not met, sanitised, by PeerId; at most NAMES_MAX. It proves nothing. */
  readonly reported: Map<PeerId, string>;
  /** The same of those whom friends name now: the name on which these agree, or none. */
  agreed: ReadonlyMap<PeerId, string>;
  /** Everybody met since the start, who left too, the longest ago first; at most NAMES_MAX. */
  readonly met: Set<PeerId>;
  /** PeerIds with which the person has compared words; at most NAMES_MAX. */
  readonly verified: Set<PeerId>;
  /** One's own name, sanitised; "" without one. */
  own: string;
  /** One's own PeerId, once it is known. */
  self: PeerId | undefined;
}

/** `own` is the name given on the command line. */
export function newRoster(own = ""): Roster {
  return {
    here: new Map(),
    names: new Map(),
    reported: new Map(),
    agreed: new Map(),
    met: new Set(),
    verified: new Set(),
    own: sanitise(own, "name"),
    self: undefined,
  };
}

/** Keeps up with what the program tells. What the person has to be careful of then, as lines. */
export function learn(roster: Roster, notice: Notice): string[] {
  switch (notice.event) {
    case "connected":
      meet(roster, notice.peer, notice.address);
      return careful(roster, notice.peer);
    case "left":
      roster.here.delete(notice.peer);
      return [];
    case "verify":
      if (notice.state !== "same") roster.verified.delete(notice.peer);
      else if (roster.verified.size < NAMES_MAX) roster.verified.add(notice.peer);
      return [];
    case "self":
      roster.self = notice.peer;
      roster.own = sanitise(notice.name, "name");
      return [];
    case "hearing":
      roster.agreed = new Map(notice.hearing.others.map(({ peer, name }) => [peer, sanitise(name, "name")]));
      return [];
    case "circle":
      return hear(roster, notice.with);
    case "named":
      roster.names.delete(notice.peer);
      roster.names.set(notice.peer, sanitise(notice.name, "name"));
      dropOldest(roster.names, NAMES_MAX, (peer) => roster.here.has(peer));
      return careful(roster, notice.peer);
    default:
      return [];
  }
}

/** Whom a friend talks with. Whoever is new in that is looked at. */
function hear(roster: Roster, persons: readonly Person[]): string[] {
  const news = persons.filter(({ peer }) => !roster.here.has(peer) && !roster.reported.has(peer));
  for (const { peer, name } of persons) {
    roster.reported.delete(peer);
    roster.reported.set(peer, sanitise(name, "name"));
  }
  dropOldest(roster.reported, NAMES_MAX);
  return carefulOfReported(roster, news);
}

function meet(roster: Roster, peer: PeerId, address: string): void {
  roster.here.set(peer, { address });
  roster.met.delete(peer);
  roster.met.add(peer);
  dropOldest(roster.met, NAMES_MAX);
}

/** What was put in first goes, until there are at most `max`; but nothing that has to stay. */
export function dropOldest<K>(kept: Map<K, unknown> | Set<K>, max: number, stays = (_: K) => false): void {
  for (const oldest of kept.keys()) {
    if (kept.size <= max) break;
    if (!stays(oldest)) kept.delete(oldest);
  }
}

/** The name as shown, `friend` where there is none. */
export function nameOf(roster: Roster, peer: PeerId): string {
  const name = roster.names.get(peer) ?? "";
  return name === "" ? "friend" : name;
}

/** `alice [3f2a-91bc]`. The part in brackets is made from the PeerId and cannot stand in a name. */
export function label(roster: Roster, peer: PeerId): string {
  return `${nameOf(roster, peer)} [${tagOf(roster, peer)}]`;
}

/** `3f2a-91bc`, or `✓ 3f2a-91bc` for somebody who is verified: within the brackets, which no name can hold. */
export function tagOf(roster: Roster, peer: PeerId): string {
  return roster.verified.has(peer) ? `✓ ${tag(peer)}` : tag(peer);
}

/** What Tab makes of a word: commands where it begins the text; names of friends, and of those whom friends talk with. */
export function completions(roster: Roster, word: string, first: boolean): string[] {
  if (first && word.startsWith("/")) return CHAT_COMMANDS.filter((command) => command.startsWith(word));
  const here = [...roster.here.keys()].map((peer) => roster.names.get(peer) ?? "");
  const names = new Set([...here, ...roster.reported.values()].map(withoutIsolates).filter((name) => name !== ""));
  return [...names].filter((name) => name.toLowerCase().startsWith(word.toLowerCase()));
}

/** What sentences about others are made with. */
export function labels(roster: Roster): Shown {
  let alike: ReadonlySet<PeerId> | undefined;
  const looksAlike = (peer: PeerId) => {
    alike ??= lookAlikes([...roster.here.keys()].map((one) => [one, nameOf(roster, one)]));
    return alike.has(peer);
  };
  return {
    clean: (text) => sanitise(text, "text"),
    who: (peer) => label(roster, peer),
    name: (peer) => looksAlike(peer) ? label(roster, peer) : nameOf(roster, peer),
    reported: ({ peer, name }) => `${sanitise(name, "name") || "somebody"} [${tag(peer)}]`,
    reportedName: (peer) => roster.agreed.get(peer) ?? roster.reported.get(peer) ?? "",
  };
}

/** Those who do not hear a message, briefly; with the tag if they have no name, or one like that of somebody here, who does. */
export function unheardNames(roster: Roster, unheard: readonly Person[]): string[] {
  const { reported, reportedName } = labels(roster);
  const here = [...roster.here.keys()].map((peer) => nameOf(roster, peer));
  return unheard.map(({ peer, name: now }) => {
    const name = reportedName(peer) || sanitise(now, "name");
    return name === "" || here.some((theirs) => confusable(name, theirs)) ? reported({ peer, name }) : name;
  });
}

/**
 * Whom this peer could be taken for: somebody met with the same tag, another one here by the name, `"you"`, or nobody. A
 * fake tag in a name does not count.
 */
export function looksLike(roster: Roster, peer: PeerId): PeerId | "you" | undefined {
  for (const other of roster.met) if (other !== peer && tag(other) === tag(peer)) return other;
  const name = roster.names.get(peer) ?? "";
  if (name === "") return undefined;
  const names = [name, name.replace(TAG_LIKE, "")];
  const like = (other: string) => names.some((one) => confusable(one, other));
  if (like(roster.own) || RESERVED.some(like)) return "you";
  for (const other of roster.here.keys()) {
    if (other === peer) continue;
    const theirs = nameOf(roster, other);
    // Both ways round: whoever took the name second may be the real one.
    if (like(theirs) || like(theirs.replace(TAG_LIKE, "")) || name.includes(tag(other))) return other;
  }
  return undefined;
}

/** What a person is warned of when this peer comes or takes a name. */
export function careful(roster: Roster, peer: PeerId): string[] {
  const other = looksLike(roster, peer);
  if (other !== undefined) return [alikeLine(label(roster, peer), other === "you" ? other : label(roster, other))];
  const before = namedBefore(roster, peer);
  return before === undefined ? [] : [namedBeforeLine(label(roster, peer), label(roster, before))];
}

/** What a person is warned of when a friend names these: the first whose tag or name is like that of anybody met, or one's own. */
function carefulOfReported(roster: Roster, persons: readonly Person[]): string[] {
  for (const person of persons) {
    const who = labels(roster).reported(person);
    const name = sanitise(person.name, "name");
    if ((roster.self !== undefined && tag(person.peer) === tag(roster.self)) || confusable(name, roster.own)) {
      return [alikeLine(who, "you")];
    }
    for (const met of roster.met) {
      if (met === person.peer) continue;
      const alike = tag(met) === tag(person.peer) || confusable(name, roster.names.get(met) ?? "");
      if (alike) return [alikeLine(who, label(roster, met))];
    }
  }
  return [];
}

/** Who left and had a name that this peer's could be taken for: the same friend started again, or somebody else. */
function namedBefore(roster: Roster, peer: PeerId): PeerId | undefined {
  const name = roster.names.get(peer) ?? "";
  for (const [other, theirs] of roster.names) {
    if (other !== peer && !roster.here.has(other) && confusable(name, theirs)) return other;
  }
  return undefined;
}

/** What a hasty reader takes for a tag: eight hexadecimal digits, perhaps in two groups. */
const TAG_LIKE = /[^\p{L}\p{N}]{0,48}[0-9a-f]{4}[^\p{L}\p{N}]?[0-9a-f]{4}[^\p{L}\p{N}]{0,48}/giu;
/** More than can be here at once. */
const NAMES_MAX = 256;
/** Words by which the program speaks of itself and of the person. */
const RESERVED = ["you", "sesame", "system"];

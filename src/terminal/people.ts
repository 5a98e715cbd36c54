// Who is here and what they call themselves, as far as a view has been told. In here: labels that a peer cannot fake.
// Not in here: links, messages, layout.

import type { Notice } from "../notice.ts";
import type { PeerId } from "../ports.ts";
import { confusable, sanitise, tag } from "./sanitise.ts";

export interface People {
  /** Peers with a session, in order of arrival. */
  readonly here: Map<PeerId, { readonly address: string }>;
  /** Sanitised names by PeerId, of those who left too, the longest unchanged first; at most NAMES_MAX. */
  readonly names: Map<PeerId, string>;
  /** One's own name, sanitised; "" without one. */
  readonly own: string;
}

/** `own` is the name given on the command line. */
export function newPeople(own = ""): People {
  return { here: new Map(), names: new Map(), own: sanitise(own, "name") };
}

/** Keeps up with what the program tells. */
export function learn(people: People, notice: Notice): void {
  if (notice.event === "connected") people.here.set(notice.peer, { address: notice.address });
  else if (notice.event === "left") people.here.delete(notice.peer);
  else if (notice.event === "named") {
    people.names.delete(notice.peer);
    people.names.set(notice.peer, sanitise(notice.name, "name"));
    for (const peer of people.names.keys()) {
      if (people.names.size <= NAMES_MAX) break;
      if (!people.here.has(peer)) people.names.delete(peer);
    }
  }
}

/** The name as shown, `friend` where there is none. */
export function nameOf(people: People, peer: PeerId): string {
  const name = people.names.get(peer) ?? "";
  return name === "" ? "friend" : name;
}

/** `alice [3f2a-91bc]`. The part in brackets is made from the PeerId and cannot stand in a name. */
export function label(people: People, peer: PeerId): string {
  return `${nameOf(people, peer)} [${tag(peer)}]`;
}

/** Whose name this peer's could be taken for: another one here, `"you"`, or nobody's. */
export function looksLike(people: People, peer: PeerId): PeerId | "you" | undefined {
  const name = people.names.get(peer) ?? "";
  if (name === "") return undefined;
  if (confusable(name, people.own) || RESERVED.some((word) => confusable(name, word))) return "you";
  for (const other of people.here.keys()) {
    if (other !== peer && confusable(name, people.names.get(other) ?? "")) return other;
  }
  return undefined;
}

/** More than can be here at once. */
const NAMES_MAX = 256;
/** Words by which the program speaks of itself and of the person. */
const RESERVED = ["you", "sesame", "system"];

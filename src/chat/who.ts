// Whom a person means: a name, a tag, or both as shown on the screen. Pure. A name that fits two people is refused.
// Also how somebody is labelled there.

import type { PeerId } from "../ports.ts";
import { sanitise, tag, withoutIsolates } from "../terminal/text/sanitise.ts";

/** Somebody who may be meant. `name` is raw. */
export interface Candidate {
  readonly peer: PeerId;
  readonly name: string;
}

export type Meant =
  /** `rest`: what stands behind, without the space between. */
  | { readonly peer: PeerId; readonly rest: string }
  /** There is no name at all. */
  | "unnamed"
  | "nobody"
  | "several"
  /** A name by which the person knew somebody else. */
  | "another";

/**
 * Whom each name meant first. Somebody who takes the name of a friend who has gone must not get what is meant for that
 * friend: the first time that a name means somebody else, it means nobody, and the person is told.
 */
export class KnownNames {
  readonly #holders = new Map<string, PeerId>();

  /** Somebody is shown under this name. */
  learn({ peer, name }: Candidate): void {
    const known = shownName(name);
    if (known === "" || this.#holders.has(known) || this.#holders.size >= NAMES_MAX) return;
    this.#holders.set(known, peer);
  }

  /** The person uses the name. False if it meant somebody else till now, or more names are known than are kept. */
  means(candidate: Candidate): boolean {
    this.learn(candidate);
    const known = shownName(candidate.name);
    const holder = this.#holders.get(known);
    if (holder !== undefined) this.#holders.set(known, candidate.peer);
    return holder === candidate.peer;
  }
}

/** What is beyond is used with the tag only: who takes very many names makes none of them forgotten. */
const NAMES_MAX = 1024;

/**
 * The friend named at the start of `text`. Names may hold spaces, so somebody could take a friend's name and the first
 * words of what is said to that friend: a longer name decides nothing. A longer spelling with the tag does. They are
 * compared as they are shown; what stands behind stays as it was typed. With `names` one typed without the tag means
 * whom it meant before.
 */
export function whoIsMeant(text: string, candidates: readonly Candidate[], names?: KnownNames): Meant {
  const typed = text.trimStart();
  if (typed === "") return "unnamed";
  const all = candidates.flatMap(spellings);
  let end = 0;
  let longest: readonly Spelling[] = [];
  const fitting: Spelling[] = [];
  for (const { index } of `${typed} `.slice(0, NAMED_WITHIN).matchAll(/\s/g)) {
    const named = inSmall(withoutIsolates(sanitise(typed.slice(0, index), "text")));
    const found = all.filter(({ spelling }) => spelling === named);
    if (found.length === 0) continue;
    end = index;
    longest = found;
    fitting.push(...found);
  }
  const meant = new Set((longest.every(({ tagged }) => tagged) ? longest : fitting).map(({ peer }) => peer));
  const [peer] = meant;
  if (peer === undefined) return "nobody";
  if (meant.size > 1) return "several";
  const [first] = fitting;
  if (fitting.every(({ tagged }) => !tagged) && names?.means({ peer, name: first!.spelling }) === false) {
    return "another";
  }
  return { peer, rest: typed.slice(end).trimStart() };
}

interface Spelling {
  readonly peer: PeerId;
  readonly spelling: string;
  /** It ends with the tag. */
  readonly tagged: boolean;
}

/** In small letters: the name, its tag in three ways, and both together. */
function spellings({ peer, name }: Candidate): Spelling[] {
  const known = shownName(name);
  const tags = [tag(peer), `[${tag(peer)}]`, tag(peer).replace("-", "")];
  const tagged = (spelling: string) => ({ peer, spelling, tagged: true });
  if (known === "") return tags.map(tagged);
  return [{ peer, spelling: known, tagged: false }, ...[...tags, ...tags.map((one) => `${known} ${one}`)].map(tagged)];
}

/** As it is shown, in small letters. */
function shownName(name: string): string {
  return inSmall(withoutIsolates(sanitise(name, "name")));
}

/** The sigma at a word's end has the same capital. */
function inSmall(text: string): string {
  return text.toLowerCase().replaceAll("\u03c2", "\u03c3");
}

/** A friend's name and tag, as a person reads them. `name` is raw. */
export function labelOf({ peer, name }: { readonly peer: PeerId; readonly name: string | undefined }): string {
  return `${sanitise(name ?? "", "name") || "friend"} [${tag(peer)}]`;
}

/** More than the longest name and tag take, with whatever else is typed within them. */
const NAMED_WITHIN = 200;

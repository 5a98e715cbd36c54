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
  | "several";

/**
 * The friend named at the start of `text`. Names may hold spaces, so somebody could take a friend's name and the first
 * words of what is said to that friend: a longer name decides nothing. A longer spelling with the tag does.
 */
export function whoIsMeant(text: string, candidates: readonly Candidate[]): Meant {
  const typed = withoutIsolates(sanitise(text, "text")).trimStart();
  if (typed === "") return "unnamed";
  const lower = inSmall(typed);
  const fitting = candidates.flatMap(spellings).filter(({ spelling }) =>
    lower.startsWith(spelling) && /^(?:$|[ \n\t])/.test(lower.slice(spelling.length))
  );
  const length = Math.max(0, ...fitting.map(({ spelling }) => spelling.length));
  const longest = fitting.filter(({ spelling }) => spelling.length === length);
  const meant = new Set((longest.every(({ tagged }) => tagged) ? longest : fitting).map(({ peer }) => peer));
  const [peer] = meant;
  if (peer === undefined) return "nobody";
  if (meant.size > 1) return "several";
  return { peer, rest: typed.slice(length).trimStart() };
}

interface Spelling {
  readonly peer: PeerId;
  readonly spelling: string;
  /** It ends with the tag. */
  readonly tagged: boolean;
}

/** In small letters: the name, its tag in three ways, and both together. */
function spellings({ peer, name }: Candidate): Spelling[] {
  const known = inSmall(withoutIsolates(sanitise(name, "name")));
  const tags = [tag(peer), `[${tag(peer)}]`, tag(peer).replace("-", "")];
  const tagged = (spelling: string) => ({ peer, spelling, tagged: true });
  if (known === "") return tags.map(tagged);
  return [{ peer, spelling: known, tagged: false }, ...[...tags, ...tags.map((one) => `${known} ${one}`)].map(tagged)];
}

/** As long as the text, so that what stands behind a name is found again: \u0130 in small letters takes two places. */
function inSmall(text: string): string {
  return text.replace(/[\p{Lu}\u03c2]/gu, (letter) => {
    if (letter === "\u03c2") return "\u03c3"; // the sigma at a word's end has the same capital
    const small = letter.toLowerCase();
    return small.length === letter.length ? small : letter;
  });
}

/** A friend's name and tag, as a person reads them. `name` is raw. */
export function labelOf({ peer, name }: { readonly peer: PeerId; readonly name: string | undefined }): string {
  return `${sanitise(name ?? "", "name") || "friend"} [${tag(peer)}]`;
}

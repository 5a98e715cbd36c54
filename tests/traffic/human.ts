// What people do in a labelled session, as a script: when which line is finished, on which side. The same scripts drive
// the simulated sessions and the real ones.

import type { Random } from "../simulation/random.ts";

export type Activity = "idle" | "typing" | "paste" | "chatty";
export const TALKING: readonly Activity[] = ["typing", "paste", "chatty"];
export type Side = "dialer" | "listener";

/** A message that is finished at `at` (milliseconds from the beginning); typed before, or pasted as a whole. */
export interface Line {
  readonly at: number;
  readonly side: Side;
  readonly text: string;
  readonly pasted: boolean;
}

/** Milliseconds between two keys of somebody who types about 70 words a minute. */
const KEY_MS = 170;
/** As JSON this is just under MAX_JSON_SIZE. */
const LONG_PASTE = 16_000;

/** What is said within `ms`, in order. `pasteEveryMs`: from one long paste to the next, about. */
export function linesOf(activity: Activity, ms: number, random: Random, pasteEveryMs: number): Line[] {
  const side = (): Side => random.below(2) === 0 ? "dialer" : "listener";
  switch (activity) {
    case "idle":
      return [];
    case "typing": {
      const writer = side();
      return times(ms, () => 20 + random.below(40), (length) => length * KEY_MS + random.pause(500))
        .map(({ at, size }) => ({ at, side: writer, text: words(size, random), pasted: false }));
    }
    case "paste":
      return times(ms, () => LONG_PASTE, () => pasteEveryMs * (0.5 + random.unit()), pasteEveryMs * 0.2)
        .map(({ at, size }) => ({ at, side: side(), text: words(size, random), pasted: true }));
    case "chatty":
      return times(ms, () => 3 + random.below(12), () => 300 + random.pause(700))
        .map(({ at, size }) => ({ at, side: side(), text: words(size, random), pasted: true }));
  }
}

function times(
  ms: number,
  size: () => number,
  pauseBefore: (size: number) => number,
  first?: number,
): { at: number; size: number }[] {
  const out: { at: number; size: number }[] = [];
  for (let at = 0;;) {
    const length = size();
    at += out.length === 0 && first !== undefined ? first : pauseBefore(length);
    if (at >= ms) return out;
    out.push({ at, size: length });
  }
}

const VOCABULARY = "yes no maybe tomorrow garden letter seven window the and of when you were here it rains soon café"
  .split(" ");

function words(length: number, random: Random): string {
  let text = "";
  while (text.length < length) text += (text === "" ? "" : " ") + VOCABULARY[random.below(VOCABULARY.length)]!;
  return text.slice(0, length).trimEnd();
}

/** When the keys of a line are pressed, all of them before its Enter at `line.at`; a pasted line comes as one. */
export function keysOf(line: Line, random: Random): { at: number; keys: string }[] {
  if (line.pasted) return [{ at: line.at - 30, keys: `\x1b[200~${line.text}\x1b[201~` }, { at: line.at, keys: "\r" }];
  const keys = [...line.text, "\r"];
  let at = line.at;
  return keys.reverse().map((key) => {
    const pressed = { at, keys: key };
    at -= KEY_MS * (0.5 + random.unit()) * 0.9;
    return pressed;
  }).reverse();
}

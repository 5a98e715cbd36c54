// Do the cells of a renewal leave later than the others? Where they stand is not secret: the key is the dialer's cell 8 of
// each epoch, the ciphertext the listener's next one, and the epoch's first cell the dialer's next after that. So they are
// found in a capture by counting, without opening anything. What makes them is work of up to 0.3 ms, which no cell is to wait
// for: docs/PROTOCOL.md section 4.

import { OPENING_CELLS } from "../../src/constants.ts";
import type { WholeObservation } from "./features.ts";
import type { Way } from "./flow.ts";
import { gridOf } from "./grid.ts";
import { type Lateness, laterThanOthers } from "./keys.ts";

/** The dialer's cell of each epoch that is the key. */
const KEY_CELL = 8;
/** A key that comes closer before the listener's cell is opened behind it, and answered with the next. */
const HELD_MS = 4;
/** Closer to that than this nobody on the line can say which of two cells is the ciphertext. */
const UNSURE_MS = 0.5;

/** Cells that work for a renewal could have made late, by their place among those of their direction. */
export interface Places {
  readonly up: ReadonlySet<number>;
  readonly down: ReadonlySet<number>;
  /** How many renewals could be followed to their end. */
  readonly renewals: number;
}

/** `up` and `down`: when the cells of each direction left, from the first. */
export function placesOf(up: readonly number[], down: readonly number[]): Places {
  const places = { up: new Set<number>(), down: new Set<number>() };
  let renewals = 0;
  for (let first = 0;;) {
    const key = first + KEY_CELL;
    const keyAt = up[key];
    if (keyAt === undefined) break;
    // It was made behind the cell before, or on its own tick.
    places.up.add(key);
    const next = down.findIndex((at) => at > keyAt);
    const early = (down[next] ?? Infinity) - keyAt;
    if (next < 0 || Math.abs(early - HELD_MS) < UNSURE_MS) break;
    places.down.add(next);
    const ciphertext = early < HELD_MS ? next + 1 : next;
    places.down.add(ciphertext);
    const ciphertextAt = down[ciphertext];
    if (ciphertextAt === undefined) break;
    first = up.findIndex((at) => at > ciphertextAt);
    if (first < 0 || up[first]! - ciphertextAt < UNSURE_MS) break;
    places.up.add(first);
    renewals++;
  }
  return { ...places, renewals };
}

/** Of all sessions together, without their openings; each direction against its own cells. */
export function lateAtRenewals(
  sessions: readonly WholeObservation[],
  intervalMs: number,
): Lateness & { readonly renewals: number } {
  const groups: { near: number[]; others: number[] }[] = [];
  let renewals = 0;
  for (const { seen, connectedAt, until } of sessions) {
    const times = (way: Way) =>
      seen.filter((s) => s.way === way && s.size > 0 && s.at > connectedAt && s.at < until).map(({ at }) => at);
    const cells = { up: times("up"), down: times("down") };
    const places = placesOf(cells.up, cells.down);
    renewals += places.renewals;
    for (const way of ["up", "down"] as const) {
      const group: (typeof groups)[number] = { near: [], others: [] };
      gridOf(cells[way].slice(OPENING_CELLS), intervalMs).lateness.forEach((ms, i) => {
        (places[way].has(i + OPENING_CELLS) ? group.near : group.others).push(ms);
      });
      groups.push(group);
    }
  }
  return { ...laterThanOthers(groups), renewals };
}

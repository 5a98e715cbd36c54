// What only the gate knows, and no observer: when keys were pressed. With that, far less of a delay is seen than
// classifiers need: do the cells that leave just after a key leave later than the others of the same connection?

import { type Observation, timesOf } from "./features.ts";
import { deviation, gridOf, mean } from "./grid.ts";
import type { Side } from "./human.ts";

export interface Key {
  /** When it was written to the terminal: milliseconds since the epoch. */
  readonly at: number;
  readonly side: Side;
}

/** A session with its keys. */
export interface Keyed {
  readonly keys: readonly Key[];
  readonly seen: Observation;
}

export interface Lateness {
  /** How much later the cells next to a key left than the others, in milliseconds, with the 95 % interval. */
  readonly late: number;
  readonly low: number;
  readonly high: number;
  /** Cells next to a key. */
  readonly near: number;
}

/** From a key to the end of what it can delay: the work it makes, and the rest of a turn. */
const NEAR_MS = 5;
/** A machine that stood still says nothing about keys. */
const MOST_MS = 10;

/** Of all sessions together; each direction against its own cells. NaN where no cell left next to a key. */
export function lateAfterKeys(sessions: readonly Keyed[], intervalMs: number): Lateness {
  const groups: { near: number[]; others: number[] }[] = [];
  for (const { keys, seen } of sessions) {
    for (const [side, way] of [["dialer", "up"], ["listener", "down"]] as const) {
      const pressed = keys.filter((key) => key.side === side).map(({ at }) => at);
      const times = timesOf(seen, way);
      const near: number[] = [];
      const others: number[] = [];
      gridOf(times, intervalMs).lateness.forEach((ms, i) => {
        const next = pressed.some((at) => times[i]! >= at && times[i]! < at + NEAR_MS);
        (next ? near : others).push(ms);
      });
      groups.push({ near, others });
    }
  }
  return laterThanOthers(groups);
}

/** Lateness in milliseconds, each group against its own others. NaN where there is none to look at. */
export function laterThanOthers(groups: readonly { near: readonly number[]; others: readonly number[] }[]): Lateness {
  const most = (values: readonly number[]) => values.map((ms) => Math.min(ms, MOST_MS));
  const later = groups.flatMap(({ near, others }) => {
    const usual = mean(most(others));
    return most(near).map((ms) => ms - usual);
  });
  const late = later.length === 0 ? NaN : mean(later);
  const half = 1.96 * deviation(later) / Math.sqrt(later.length);
  return { late, low: late - half, high: late + half, near: later.length };
}

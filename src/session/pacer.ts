// When a cell leaves (docs/PROTOCOL.md section 7). A pure function of times: the tick never depends on the queue, on
// typing or on what arrives. With cover off it does, and that is what cover off means.

import {
  COVER_OFF_DUMMY_MS,
  COVER_OFF_FIRST_MS,
  INTERVAL_MIN_MS,
  OPENING_CELLS,
  OPENING_GAP_MS,
} from "../constants.ts";
import type { Millis } from "../ports.ts";

export interface Shape {
  readonly cover: "constant" | "off";
  /** Of cover "constant": 50 to 1000. */
  readonly intervalMs: number;
}

/** A sender makes at most 50 cells a second, with cover off too. */
const SHORTEST_GAP_MS = 20;

export interface Pacer {
  /** When the next cell is due, whether there is work for one or not. */
  next(work: boolean): Millis;
  /** True if a cell is due now; the grid has moved on then. A late call gives one cell, never a burst. */
  take(now: Millis, work: boolean): boolean;
  /** A cell is wanted soon whatever the queue: the next tick, with cover off at once. */
  nudge(now: Millis): void;
}

/** `random` is uniform in [0, 1): where in its first interval the first cell leaves. */
export function makePacer(shape: Shape, now: Millis, random: number): Pacer {
  return shape.cover === "constant"
    ? new Grid(now, random, Math.max(shape.intervalMs, INTERVAL_MIN_MS))
    : new OnDemand(now + random * COVER_OFF_FIRST_MS);
}

/** The opening from `opened` on, and then ticks at `first + k * interval`, for ever. */
class Grid implements Pacer {
  readonly #opened: Millis;
  readonly #first: Millis;
  readonly #interval: number;
  /** Ticks taken or missed. */
  #n = 0;

  constructor(opened: Millis, random: number, interval: number) {
    this.#opened = opened;
    this.#first = opened + (OPENING_CELLS - 1) * OPENING_GAP_MS + random * interval;
    this.#interval = interval;
  }

  next(): Millis {
    const k = this.#n - OPENING_CELLS;
    // By multiplication, so that no error adds up over the hours.
    return k < 0 ? this.#opened + this.#n * OPENING_GAP_MS : this.#first + k * this.#interval;
  }

  take(now: Millis): boolean {
    if (now < this.next()) return false;
    const missed = Math.floor((now - this.#first) / this.#interval);
    if (missed > 0) this.#n = Math.max(this.#n, OPENING_CELLS + missed);
    // The division may have been rounded down: then the tick just taken would be due again, and be a burst.
    while (this.next() <= now) this.#n++;
    return true;
  }

  nudge(): void {}
}

/** A first cell at its random moment, then one when there is work, and a dummy now and then. */
class OnDemand implements Pacer {
  #earliest: Millis;
  #idle: Millis;

  constructor(first: Millis) {
    this.#earliest = first;
    this.#idle = first;
  }

  next(work: boolean): Millis {
    return work ? this.#earliest : this.#idle;
  }

  take(now: Millis, work: boolean): boolean {
    if (now < this.next(work)) return false;
    this.#earliest = now + SHORTEST_GAP_MS;
    this.#idle = now + COVER_OFF_DUMMY_MS;
    return true;
  }

  nudge(now: Millis): void {
    this.#idle = Math.max(now, this.#earliest);
  }
}

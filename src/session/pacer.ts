// When a cell leaves (docs/PROTOCOL.md section 7). A pure function of times: the tick never depends on the queue, on
// typing or on what arrives. With cover off it does, and that is what cover off means.

import { COVER_OFF_DUMMY_MS, COVER_OFF_FIRST_MS, INTERVAL_MIN_MS } from "../constants.ts";
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
    ? new Grid(now + random * shape.intervalMs, Math.max(shape.intervalMs, INTERVAL_MIN_MS))
    : new OnDemand(now + random * COVER_OFF_FIRST_MS);
}

/** Ticks at `first + k * interval`, for ever. */
class Grid implements Pacer {
  readonly #first: Millis;
  readonly #interval: number;
  #k = 0;

  constructor(first: Millis, interval: number) {
    this.#first = first;
    this.#interval = interval;
  }

  next(): Millis {
    // By multiplication, so that no error adds up over the hours.
    return this.#first + this.#k * this.#interval;
  }

  take(now: Millis): boolean {
    if (now < this.next()) return false;
    this.#k = Math.max(this.#k, Math.floor((now - this.#first) / this.#interval));
    // The division may have been rounded down: then the tick just taken would be due again, and be a burst.
    while (this.next() <= now) this.#k++;
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

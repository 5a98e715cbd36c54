// How much is tolerated (docs/PROTOCOL.md section 4): cells that fail, and cells that come too fast.

import {
  CELL_BUCKET_PER_SECOND,
  CELL_BUCKET_SIZE,
  CELLS_OF_A_SKIP,
  MAX_FAILURES_IN_A_ROW,
  MAX_FAILURES_IN_ALL,
} from "../constants.ts";
import type { Millis } from "../ports.ts";
import { ProtocolViolation } from "../protocol_violation.ts";

export class Tolerance {
  #failuresInARow = 0;
  #failuresInAll = 0;
  #bucket = CELL_BUCKET_SIZE;
  #bucketAt: Millis;

  constructor(now: Millis) {
    this.#bucketAt = now;
  }

  /** One more cell, which came at that time, is looked at. Throws ProtocolViolation if nothing is left of the allowance. */
  take(at: Millis): void {
    // One that waited for a tick counts as of that tick, and the next may have come before it.
    const refill = Math.max(0, at - this.#bucketAt) * CELL_BUCKET_PER_SECOND / 1000;
    this.#bucket = Math.min(CELL_BUCKET_SIZE, this.#bucket + refill);
    this.#bucketAt = Math.max(this.#bucketAt, at);
    if (this.#bucket < 1) throw new ProtocolViolation("cells too fast");
    this.#bucket--;
  }

  /** It passed over others, whose keys had to be made: up to 64, each of which costs about as much as a cell. */
  passedOver(): void {
    this.#bucket -= CELLS_OF_A_SKIP;
  }

  /** It has been opened. */
  opened(): void {
    this.#failuresInARow = 0;
  }

  /** It does not open. Throws ProtocolViolation for one too many. */
  failed(): void {
    this.#failuresInARow++;
    this.#failuresInAll++;
    if (this.#failuresInARow >= MAX_FAILURES_IN_A_ROW || this.#failuresInAll >= MAX_FAILURES_IN_ALL) {
      throw new ProtocolViolation("too many failures");
    }
  }
}

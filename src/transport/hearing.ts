// Whether a connection still hears what comes. After a fatal alert, empty records, half a TLS message or one that is
// announced as huge, the runtime reads on for good and delivers nothing, neither an error nor an end. But it counts:
// the bytes below TLS grow, and those above do not. Pure. Out of scope: sockets and timers (tls_link.ts).

import { FRAME_SIZE } from "../constants.ts";
import type { Role } from "../ports.ts";

/** Header, type and tag of a record. */
const RECORD_OVERHEAD = 5 + 1 + 16;
const RECORD_SIZE: number = FRAME_SIZE + RECORD_OVERHEAD;
/** The start of a record that waits for the rest: so little of one hardly ever comes alone, so it is something else. */
const PART_MIN = 64;
/** Looks without anything heard before a connection counts as deaf. */
const LOOKS = 3;
/** The same where it may be part of a record whose rest has been lost and is sent again. */
const LOOKS_OF_PART = 20;

export class Hearing {
  readonly #below: () => number;
  readonly #start: number;
  /** Bytes above TLS. */
  #above = 0;
  /** What came below and was none of a frame, at the least since the start. A dialer is sent tickets first. */
  #least: number;
  #looks = 0;
  /** They put a frame into several records, as section 2 allows: then the records between two chunks cannot be counted. */
  #splits = false;

  /** `below`: how many bytes have come under TLS until now. */
  constructor(role: Role, below: () => number) {
    this.#below = below;
    this.#start = below();
    this.#least = role === "listener" ? 0 : Infinity;
  }

  heard(bytes: number): void {
    this.#above += bytes;
    this.#splits ||= bytes % FRAME_SIZE !== 0;
    this.#least = this.#splits ? this.#excess : Math.min(this.#least, this.#excess);
    this.#looks = 0;
  }

  /** Asked from time to time. True: nothing will be heard any more. */
  deafNow(): boolean {
    const unheard = this.#excess - this.#least;
    // Negative: a dialer that has not heard its first frame, of whom nothing is known yet.
    this.#looks = unheard > 0 ? this.#looks + 1 : 0;
    const part = unheard >= PART_MIN && unheard < RECORD_SIZE;
    return this.#looks >= (part ? LOOKS_OF_PART : LOOKS);
  }

  /** Bytes below that brought nothing that was heard. */
  get #excess(): number {
    return this.#below() - this.#start - this.#above * RECORD_SIZE / FRAME_SIZE;
  }
}

// Frames that have arrived, in slices: however many one friend sends at once, the ticks of the others wait for no more
// than a slice of them. Scope: which frame is handled when. Out of scope: what is in a frame, and how many a friend may
// send: those count when they come (session/tolerance.ts).

import { CELL_BUCKET_SIZE } from "../constants.ts";
import type { Frame, Millis } from "../ports.ts";

/** Work on frames in one piece; the last of them may take 1.4 ms more. As long as nothing is begun before a tick (QUIET_MS). */
export const SLICE_MS = 2;
/** After this long without a frame, whatever was due has had its turn. */
const BREATH_MS = 1;
/** Of all friends together: as much as one may send at once. With more, the sender's oldest is handled as one more comes. */
export const QUEUE_MAX: number = CELL_BUCKET_SIZE;

export interface FrameQueueParts {
  readonly now: () => Millis;
  /** Runs later, when nothing is due. */
  readonly quietly: (slice: () => void) => void;
  /** False: this link's frames are few, as those of a stranger are, and none of them waits. */
  readonly mayWait: (link: number) => boolean;
  /** `at`: when it came. The frame is lent. It may `drop` any link. */
  readonly frame: (link: number, frame: Frame, at: Millis) => void;
  /** Nothing more comes of this link. */
  readonly ended: (link: number) => void;
}

type Waiting = { readonly frame: Frame; readonly at: Millis } | "end";

export class FrameQueue implements Disposable {
  readonly #parts: FrameQueueParts;
  /** By link, in the order in which their turn comes; none is empty. */
  readonly #links = new Map<number, Waiting[]>();
  readonly #whenEmpty: (() => void)[] = [];
  #count = 0;
  /** Of the present slice. */
  #spent: Millis = 0;
  #lastAt: Millis = -Infinity;
  #asked = false;
  #over = false;

  constructor(parts: FrameQueueParts) {
    this.#parts = parts;
  }

  /** Frames that wait. */
  get length(): number {
    return this.#count;
  }

  /** A frame has come; it is lent. */
  arrive(link: number, frame: Frame): void {
    const at = this.#parts.now();
    if (at - this.#lastAt >= BREATH_MS) this.#spent = 0;
    const full = this.#count >= QUEUE_MAX;
    if (!this.#links.has(link) && (this.#spent < SLICE_MS || full || !this.#parts.mayWait(link))) {
      return this.#handle(link, { frame, at });
    }
    if (full) {
      this.#take(link);
      // It may have ended the link.
      if (!this.#links.has(link) && !this.#parts.mayWait(link)) return;
    }
    this.#push(link, { frame: frame.slice(), at });
  }

  /** Nothing more comes of this link; behind what waits of it. */
  end(link: number): void {
    if (this.#links.has(link)) this.#push(link, "end");
    else this.#parts.ended(link);
  }

  /** This link is closed: what waits of it is not handled any more. */
  drop(link: number): void {
    this.#count -= this.#links.get(link)?.length ?? 0;
    this.#links.delete(link);
  }

  /** Once all that has come has been handled. */
  whenEmpty(run: () => void): void {
    if (this.#count === 0) run();
    else this.#whenEmpty.push(run);
  }

  [Symbol.dispose](): void {
    this.#over = true;
    this.#links.clear();
    this.#whenEmpty.length = 0;
    this.#count = 0;
  }

  #push(link: number, what: Waiting): void {
    const waiting = this.#links.get(link);
    if (waiting === undefined) this.#links.set(link, [what]);
    else waiting.push(what);
    this.#count++;
    this.#ask();
  }

  #ask(): void {
    if (this.#asked) return;
    this.#asked = true;
    this.#parts.quietly(() => {
      this.#asked = false;
      this.#slice();
    });
  }

  /** One frame of each link in turn. */
  #slice(): void {
    this.#spent = 0;
    for (const [link] of this.#links) {
      // A link that has more waits at the end of this very map, and so comes again.
      this.#take(link);
      if (this.#over || this.#spent >= SLICE_MS) break;
    }
    if (this.#links.size > 0) this.#ask();
    else for (const run of this.#whenEmpty.splice(0)) run();
  }

  /** The oldest of a link. */
  #take(link: number): void {
    const waiting = this.#links.get(link);
    const first = waiting?.shift();
    if (waiting === undefined || first === undefined) return;
    this.#count--;
    this.#links.delete(link);
    if (waiting.length > 0) this.#links.set(link, waiting);
    this.#handle(link, first);
  }

  #handle(link: number, what: Waiting): void {
    const began = this.#parts.now();
    if (what === "end") this.#parts.ended(link);
    else this.#parts.frame(link, what.frame, what.at);
    this.#lastAt = this.#parts.now();
    this.#spent += this.#lastAt - began;
  }
}

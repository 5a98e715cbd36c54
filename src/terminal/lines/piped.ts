// Lines from a pipe. Scope: cutting at LF or CRLF, strict decoding, holding back. Out of scope: what a line means.

import { PIPED } from "../../words/screen.ts";

export interface PipedSinks {
  readonly line: (text: string) => void;
  readonly problem: (doing: string, wrong: string, next: string) => void;
}

/**
 * Too long or ill-formed lines are named in a problem and left out. While held, lines wait here, and the Tty reads no
 * more, so what waits is bounded by one read.
 */
export class PipedLines {
  readonly #sinks: PipedSinks;
  readonly #decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  #part = new Uint8Array(1024);
  #length = 0;
  #tooLong = false;
  #held = false;
  #emitting = false;
  #number = 0;
  #queue: (() => void)[] = [];

  constructor(sinks: PipedSinks) {
    this.#sinks = sinks;
  }

  /** The chunk is lent. */
  feed(chunk: Uint8Array): void {
    for (const byte of chunk) {
      if (byte === LF) this.#finish();
      else if (this.#length >= LINE_MAX_BYTES) this.#tooLong = true;
      else this.#put(byte);
    }
    this.#drain();
  }

  /** Nothing more comes: the last line may lack its LF. */
  end(): void {
    if (this.#length > 0 || this.#tooLong) this.#finish();
    this.#drain();
  }

  hold(on: boolean): void {
    this.#held = on;
    if (!on) this.#drain();
  }

  /** Calls `f` behind the last line. */
  whenDrained(f: () => void): void {
    this.#queue.push(f);
    this.#drain();
  }

  clear(): void {
    this.#part.fill(0);
    this.#length = 0;
    this.#queue = [];
  }

  #put(byte: number): void {
    if (this.#length === this.#part.length) {
      const larger = new Uint8Array(this.#part.length * 2);
      larger.set(this.#part);
      this.#part.fill(0);
      this.#part = larger;
    }
    this.#part[this.#length++] = byte;
  }

  #finish(): void {
    const line = ++this.#number;
    const cr = this.#length > 0 && this.#part[this.#length - 1] === CR;
    const bytes = this.#part.subarray(0, cr ? this.#length - 1 : this.#length);
    if (this.#tooLong) this.#refuse(line, PIPED.tooLong(LINE_MAX_BYTES));
    else {
      try {
        const text = this.#decoder.decode(bytes);
        this.#queue.push(() => this.#sinks.line(text));
      } catch {
        this.#refuse(line, PIPED.notUtf8);
      }
    }
    this.#part.fill(0, 0, this.#length);
    this.#length = 0;
    this.#tooLong = false;
  }

  #refuse(line: number, { wrong, next }: { readonly wrong: string; readonly next: string }): void {
    this.#queue.push(() => this.#sinks.problem(PIPED.doing(line), wrong, next));
  }

  #drain(): void {
    if (this.#emitting) return; // a line may lead to `hold`
    this.#emitting = true;
    while (!this.#held && this.#queue.length > 0) this.#queue.shift()?.();
    this.#emitting = false;
  }
}

const LF = 0x0a;
const CR = 0x0d;
/** Longer than any message. */
const LINE_MAX_BYTES = 65_536;

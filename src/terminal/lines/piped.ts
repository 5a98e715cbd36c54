// Lines from a pipe. Scope: cutting at LF or CRLF, strict decoding, holding back. Out of scope: what a line means.

import { PIPED } from "../../words/screen.ts";
import type { Terminal } from "../tty.ts";

export interface PipedSinks {
  readonly line: (text: string) => void;
  readonly problem: (doing: string, wrong: string, next: string) => void;
  /** Behind the last line, once. */
  readonly end: () => void;
}

/**
 * Too long or ill-formed lines are named in a problem and left out. While held, nothing is taken from the terminal's read,
 * and it reads no more.
 */
export class PipedLines {
  readonly #tty: Terminal;
  readonly #sinks: PipedSinks;
  readonly #decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  readonly #part = new Uint8Array(LINE_MAX_BYTES);
  #length = 0;
  #tooLong = false;
  #number = 0;
  #held = false;
  /** Of the input; what is left of it may be held back still. */
  #ended: "no" | "yes" | "told" = "no";

  constructor(tty: Terminal, sinks: PipedSinks) {
    this.#tty = tty;
    this.#sinks = sinks;
  }

  start(): void {
    this.#tty.listen((chunk) => this.#feed(chunk), () => {
      this.#ended = "yes";
      this.#end();
    });
  }

  hold(on: boolean): void {
    if (on === this.#held) return;
    this.#held = on;
    if (on) return;
    if (this.#ended === "no") this.start();
    else this.#end();
  }

  clear(): void {
    this.#part.fill(0);
    this.#length = 0;
    this.#ended = "told";
  }

  /** The chunk is lent. How much of it was taken: a line may lead to `hold`. */
  #feed(chunk: Uint8Array): number {
    for (const [i, byte] of chunk.entries()) {
      if (this.#held) return i;
      if (byte === LF) this.#finish();
      else if (this.#length >= LINE_MAX_BYTES) this.#tooLong = true;
      else this.#part[this.#length++] = byte;
    }
    return chunk.length;
  }

  /** The last line may lack its LF. */
  #end(): void {
    if (!this.#held && (this.#length > 0 || this.#tooLong)) this.#finish();
    if (this.#held || this.#ended !== "yes") return;
    this.#ended = "told";
    this.#sinks.end();
  }

  #finish(): void {
    const number = ++this.#number;
    const line = this.#line();
    this.#part.fill(0, 0, this.#length);
    this.#length = 0;
    this.#tooLong = false;
    if (typeof line === "string") return this.#sinks.line(line);
    this.#sinks.problem(PIPED.doing(number), line.wrong, line.next);
  }

  /** Or why it cannot be sent. */
  #line(): string | { readonly wrong: string; readonly next: string } {
    if (this.#tooLong) return PIPED.tooLong(LINE_MAX_BYTES);
    const cr = this.#length > 0 && this.#part[this.#length - 1] === CR;
    try {
      return this.#decoder.decode(this.#part.subarray(0, cr ? this.#length - 1 : this.#length));
    } catch {
      return PIPED.notUtf8;
    }
  }
}

const LF = 0x0a;
const CR = 0x0d;
/** Longer than any message. */
const LINE_MAX_BYTES = 65_536;

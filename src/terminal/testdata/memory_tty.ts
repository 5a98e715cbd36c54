// A terminal or a pair of pipes in memory: what `Tty` is for the program, for tests. Output can be stuck, and end.

import { type Modes, WIPE_TEXT } from "../modes.ts";
import type { OnBytes, Terminal } from "../tty.ts";

export class MemoryTty implements Terminal {
  readonly inputIsTerminal: boolean;
  readonly outputIsTerminal: boolean;
  readonly errorIsTerminal: boolean;
  onClosed: (() => void) | undefined;
  onContinued: (() => void) | undefined;
  failed = false;
  /** All that was written and taken. */
  output = "";
  errors = "";
  isRaw = false;
  restored: "no" | "within" | "panic" = "no";
  columns = 80;
  rows = 24;
  /** While true, nothing is taken. */
  stuck = false;

  #onBytes: OnBytes | undefined;
  #onEnd: (() => void) | undefined;
  #kept: Uint8Array[] = [];
  #ended = false;
  #onResize: (() => void) | undefined;
  #waiting: { text: string; done: (ok: boolean) => void }[] = [];

  constructor(is: { inputIsTerminal: boolean; outputIsTerminal: boolean }) {
    this.inputIsTerminal = is.inputIsTerminal;
    this.outputIsTerminal = is.outputIsTerminal;
    this.errorIsTerminal = is.outputIsTerminal;
  }

  /** The person types, or the pipe brings, this; its bytes are Latin-1 if all are, else UTF-8. Settles what follows. */
  async type(text: string): Promise<void> {
    await settle();
    if (text !== "") this.#kept.push(new TextEncoder().encode(text));
    this.#deliver();
    await settle();
  }

  /** As `type`, of bytes. */
  async typeBytes(bytes: Uint8Array): Promise<void> {
    await settle();
    this.#kept.push(bytes.slice());
    this.#deliver();
    await settle();
  }

  async end(): Promise<void> {
    this.#ended = true;
    this.#deliver();
    await settle();
  }

  /** The stuck output goes on. */
  async unstick(): Promise<void> {
    this.stuck = false;
    for (const { text, done } of this.#waiting.splice(0)) {
      this.output += text;
      done(true);
    }
    await settle();
  }

  async setSize(columns: number, rows: number): Promise<void> {
    this.columns = columns;
    this.rows = rows;
    this.#onResize?.();
    await settle();
  }

  listen(onBytes: OnBytes, onEnd: () => void): void {
    this.#onBytes = onBytes;
    this.#onEnd = onEnd;
    queueMicrotask(() => this.#deliver());
  }
  raw(on: boolean): void {
    this.isRaw = on;
  }
  enter(modes: Modes): string {
    return (modes.screen ? "\x1b[?1049h\x1b[?7l\x1b[2J\x1b[H" : "") + (modes.paste ? "\x1b[?2004h" : "");
  }
  get wipe(): string {
    return this.outputIsTerminal ? WIPE_TEXT : "";
  }
  get backlog(): number {
    return this.#waiting.reduce((sum, { text }) => sum + text.length, 0);
  }
  write(text: string): Promise<boolean> {
    if (this.restored !== "no") return Promise.resolve(false);
    if (this.stuck) return new Promise((done) => this.#waiting.push({ text, done }));
    this.output += text;
    return Promise.resolve(true);
  }
  writeToPerson(text: string): Promise<boolean> {
    return this.outputIsTerminal ? this.write(text) : this.writeError(text);
  }
  writeError(text: string): Promise<boolean> {
    this.errors += text;
    return Promise.resolve(true);
  }
  size(): { columns: number; rows: number } {
    return { columns: this.columns, rows: this.rows };
  }
  onResize(f: (() => void) | undefined): void {
    this.#onResize = f;
  }
  leaveWithin(): Promise<void> {
    return Promise.resolve();
  }
  restoreWithin(): Promise<void> {
    this.#finish("within");
    return Promise.resolve();
  }
  restore(): void {
    this.#finish("panic");
  }

  #finish(how: "within" | "panic"): void {
    if (this.restored === "no") this.restored = how;
    this.isRaw = false;
    for (const { done } of this.#waiting.splice(0)) done(false);
  }

  #deliver(): void {
    while (this.#onBytes !== undefined && this.#kept.length > 0) {
      const chunk = this.#kept.shift() ?? new Uint8Array(0);
      const onBytes = this.#onBytes;
      const taken = onBytes(chunk);
      if (typeof taken === "number" && taken < chunk.length) {
        this.#kept.unshift(chunk.slice(taken));
        if (this.#onBytes === onBytes) this.#onBytes = undefined;
      }
      chunk.fill(0);
    }
    if (this.#ended && this.#kept.length === 0 && this.#onEnd !== undefined) {
      const onEnd = this.#onEnd;
      this.#onEnd = undefined;
      onEnd();
    }
  }
}

/** Lets every promise that is ready go on. */
async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}

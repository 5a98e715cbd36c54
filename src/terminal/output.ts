// Queued writes to one stream, in order. Scope: joining what waits, an output that is full, why one ended. Out of
// scope: which streams there are (tty.ts).

import { after } from "../system.ts";

export type Stream = { write(bytes: Uint8Array): Promise<number> };

/** Lends its stream; `onEnd` is called once, when it takes nothing any more. */
export class Output {
  readonly #stream: Stream;
  readonly #onEnd: () => void;
  readonly #queue: { text: string; done: (ok: boolean) => void }[] = [];
  #length = 0;
  #running = false;
  #failed = false;
  #dropped = false;

  constructor(stream: Stream, onEnd: () => void) {
    this.#stream = stream;
    this.#onEnd = onEnd;
  }

  /** Characters queued or being written. */
  get length(): number {
    return this.#length;
  }

  /** A write is on its way. */
  get running(): boolean {
    return this.#running;
  }

  /** It ended in another way than by a reader that went away: a full disk, say. */
  get failed(): boolean {
    return this.#failed;
  }

  /** `true` once the system has taken all of it; `false` if it never will. */
  write(text: string): Promise<boolean> {
    return new Promise((done) => {
      this.#queue.push({ text, done });
      this.#length += text.length;
      if (!this.#running) void this.#run();
    });
  }

  /** What waits is written no more. */
  drop(): void {
    this.#dropped = true;
    for (const item of this.#queue.splice(0)) item.done(false);
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#queue.length > 0) {
      const items = this.#queue.splice(0);
      const text = items.map((item) => item.text).join("");
      const ok = await this.#all(text);
      this.#length = Math.max(0, this.#length - text.length);
      // The loop counts as idle before anybody hears of it, so that a `raw` in a continuation is not refused.
      if (this.#queue.length === 0 || !ok) this.#running = false;
      for (const item of items) item.done(ok);
      if (!ok) {
        for (const item of this.#queue.splice(0)) item.done(false);
        this.#length = 0;
        return this.#onEnd();
      }
      if (!this.#running) return;
    }
    this.#running = false;
  }

  async #all(text: string): Promise<boolean> {
    const bytes = encoder.encode(text);
    try {
      for (let at = 0; at < bytes.length;) at += await this.#some(bytes.subarray(at));
      return true;
    } catch (error) {
      this.#failed = !(error instanceof Deno.errors.BrokenPipe || error instanceof Deno.errors.ConnectionReset);
      return false;
    } finally {
      bytes.fill(0); // It held messages.
    }
  }

  /** Writes some of it, as soon as the other side takes some; how much it was. */
  async #some(bytes: Uint8Array): Promise<number> {
    for (;;) {
      try {
        return await this.#stream.write(bytes);
      } catch (error) {
        if (!(error instanceof Deno.errors.WouldBlock) || this.#dropped) throw error;
        await new Promise<void>((resolve) => after(FULL_MS, resolve));
      }
    }
  }
}

const encoder = new TextEncoder();
/** How long until a write is tried again where another program made the output non-blocking. */
const FULL_MS = 10;

// The keys of a person at a terminal: panic before all else, and a lone ESC, which is the Escape key or the start of a
// sequence whose rest is still on its way. Scope: when. Out of scope: bytes (keys.ts), what a key does.

import { ESCAPE_MS, KeyDecoder, type PlainKey } from "./keys.ts";
import type { After } from "./view.ts";

export class Keyboard {
  readonly #decoder = new KeyDecoder();
  readonly #after: After;
  readonly #onKeys: (keys: readonly PlainKey[]) => void;
  readonly #onPanic: () => void;
  #cancel: (() => void) | undefined;

  constructor(after: After, onKeys: (keys: readonly PlainKey[]) => void, onPanic: () => void) {
    this.#after = after;
    this.#onKeys = onKeys;
    this.#onPanic = onPanic;
  }

  /** The chunk is lent. An ESC that it ends with is taken for Escape once ESCAPE_MS have passed. */
  feed(chunk: Uint8Array): void {
    this.stop();
    const keys = this.#decoder.feed(chunk);
    if (keys.some(({ type }) => type === "panic")) return this.#onPanic(); // waits for nothing that was typed before it
    this.#onKeys(keys.filter((key) => key.type !== "panic"));
    if (this.#decoder.escaped) this.#cancel = this.#after(ESCAPE_MS, () => this.escape());
  }

  /**
   * Takes a lone ESC for Escape at once, where it answers a question: whoever cancels with Escape and types a letter right
   * after it must not have typed Alt and that key.
   */
  escape(): void {
    this.stop();
    this.#onKeys(this.#decoder.escape());
  }

  /** No timer is left. */
  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}

// A lone ESC: the Escape key, or the start of a sequence whose rest is still on its way.

import { ESCAPE_MS, type Key, type KeyDecoder } from "./keys.ts";

/**
 * Takes it for Escape once ESCAPE_MS have passed, or at once where it answers a question: whoever cancels with Escape and
 * types a letter right after it must not have typed Alt and that key.
 */
export class LoneEscapes {
  readonly #decoder: KeyDecoder;
  readonly #after: ((ms: number, run: () => void) => () => void) | undefined;
  readonly #onKeys: (keys: Key[]) => void;
  #cancel: (() => void) | undefined;

  /** `after` calls once, later, and returns what cancels that; without it an ESC waits for the next key. */
  constructor(
    decoder: KeyDecoder,
    after: ((ms: number, run: () => void) => () => void) | undefined,
    onKeys: (keys: Key[]) => void,
  ) {
    this.#decoder = decoder;
    this.#after = after;
    this.#onKeys = onKeys;
  }

  /** After each chunk. */
  read(): void {
    this.#cancel?.();
    this.#cancel = this.#decoder.escaped ? this.#after?.(ESCAPE_MS, () => this.now()) : undefined;
  }

  now(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#onKeys(this.#decoder.escape());
  }
}

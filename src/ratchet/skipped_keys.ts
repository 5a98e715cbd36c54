// Message keys of cells that have not come yet, at most MAX_SKIPPED_KEYS; the oldest goes first (docs/PROTOCOL.md
// section 4). Every key in here is owned here: used, evicted or dropped, it is wiped.

import { MAX_SKIPPED_KEYS } from "../constants.ts";
import type { LockedKey } from "../secrets/locked.ts";

export interface SkippedKey {
  /** The peer's DH key whose chain it belongs to, and its number there. */
  readonly dh: Uint8Array;
  readonly n: number;
  readonly key: LockedKey;
}

export class SkippedKeys implements Disposable {
  /** Oldest first. */
  #keys: SkippedKey[] = [];

  get size(): number {
    return this.#keys.length;
  }

  /** The key stays in here; lent. */
  find(dh: Uint8Array, n: number): LockedKey | undefined {
    return this.#keys[this.#index(dh, n)]?.key;
  }

  /** Takes the keys over. */
  add(keys: SkippedKey[]): void {
    this.#keys.push(...keys);
    while (this.#keys.length > MAX_SKIPPED_KEYS) this.#keys.shift()?.key[Symbol.dispose]();
  }

  /** Wipes a key that was used. */
  remove(dh: Uint8Array, n: number): void {
    const index = this.#index(dh, n);
    if (index >= 0) this.#keys.splice(index, 1)[0]?.key[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    for (const { key } of this.#keys) key[Symbol.dispose]();
    this.#keys = [];
  }

  #index(dh: Uint8Array, n: number): number {
    return this.#keys.findIndex((k) => k.n === n && k.dh.every((byte, i) => byte === dh[i]));
  }
}

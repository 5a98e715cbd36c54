// Message keys of cells that have not come yet, at most MAX_SKIPPED_KEYS; the oldest goes first (docs/PROTOCOL.md
// section 4). This file owns every key that it stores: whether used, displaced, forgotten or dropped, it is wiped.

import { MAX_SKIPPED_KEYS } from "../constants.ts";
import type { LockedKey } from "../secrets/locked.ts";

export interface SkippedKey {
  /** Of the chain that it belongs to, and its number there. */
  readonly epoch: number;
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
  find(epoch: number, n: number): LockedKey | undefined {
    return this.#keys[this.#index(epoch, n)]?.key;
  }

  /** Takes the keys over. */
  add(keys: readonly SkippedKey[]): void {
    this.#keys.push(...keys);
    while (this.#keys.length > MAX_SKIPPED_KEYS) this.#keys.shift()?.key[Symbol.dispose]();
  }

  /** Wipes a key that was used. */
  remove(epoch: number, n: number): void {
    const index = this.#index(epoch, n);
    if (index >= 0) this.#keys.splice(index, 1)[0]?.key[Symbol.dispose]();
  }

  /** Wipes the keys of all epochs before this one. */
  forget(before: number): void {
    for (const { epoch, key } of this.#keys) if (epoch < before) key[Symbol.dispose]();
    this.#keys = this.#keys.filter(({ epoch }) => epoch >= before);
  }

  [Symbol.dispose](): void {
    for (const { key } of this.#keys) key[Symbol.dispose]();
    this.#keys = [];
  }

  #index(epoch: number, n: number): number {
    return this.#keys.findIndex((key) => key.n === n && key.epoch === epoch);
  }
}

// The stretched phrases of one process: the one for our own salt, and the last MAX_STRETCHED for other salts. This file
// owns them all.

import { MAX_STRETCHED } from "../constants.ts";
import type { StretchedPhrase } from "../auth/stretched.ts";

export class Phrases implements Disposable {
  /** For our own salt. Undefined: no calls can be taken yet. */
  own: StretchedPhrase | undefined;
  /** By salt as hex, oldest first. */
  readonly #bySalt = new Map<string, StretchedPhrase>();
  readonly #underWay = new Set<string>();

  get(salt: string): StretchedPhrase | undefined {
    return this.#bySalt.get(salt);
  }

  /** True: this salt has to be stretched now; `put` follows. False: it is being stretched already. */
  begin(salt: string): boolean {
    if (this.#underWay.has(salt)) return false;
    this.#underWay.add(salt);
    return true;
  }

  /** Takes the phrase over. `inUse`: salts whose phrase a handshake holds, which outlives it. Returns its salt as hex. */
  put(phrase: StretchedPhrase, inUse: ReadonlySet<string | undefined>): string {
    const salt = phrase.salt.toHex();
    this.#underWay.delete(salt);
    this.#bySalt.get(salt)?.[Symbol.dispose]();
    this.#bySalt.set(salt, phrase);
    for (const [oldest, old] of this.#bySalt) {
      if (this.#bySalt.size <= MAX_STRETCHED) break;
      if (inUse.has(oldest)) continue;
      this.#bySalt.delete(oldest);
      old[Symbol.dispose]();
    }
    return salt;
  }

  /** Wipes them all. */
  [Symbol.dispose](): void {
    for (const phrase of this.#bySalt.values()) phrase[Symbol.dispose]();
    this.own?.[Symbol.dispose]();
    this.#bySalt.clear();
  }
}

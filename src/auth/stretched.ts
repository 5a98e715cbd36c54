// A stretched phrase: what is left of a phrase once Argon2id has run for one salt (docs/PROTOCOL.md section 3). It is
// computed once per salt and lent to every handshake with that salt. A worker does the stretching itself
// (chat/stretcher.ts).

import { sha256 } from "../crypto/sha256.ts";
import type { Arena, LockedBytes, LockedKey } from "../secrets/locked.ts";
import { edwards25519, type Group } from "./group.ts";

export type Mode = "real" | "decoy";

/** salt' = H("sesame/1 phrase" || mode || salt), 32 bytes: what Argon2id gets as its salt. */
export function argon2Salt(mode: Mode, salt: Uint8Array): Uint8Array {
  const out = new Uint8Array(32);
  sha256(out, PHRASE_LABEL, Uint8Array.of(mode === "real" ? 0 : 1), salt);
  return out;
}

/** w, w*M and w*N for one salt. Owned by its maker. */
export class StretchedPhrase implements Disposable {
  /** Throws a RangeError if w = 0, which no phrase is known to give. `wBytes` is 64 bytes from Argon2id; stays the caller's. */
  static from(arena: Arena, salt: Uint8Array, wBytes: LockedBytes, group: Group = edwards25519): StretchedPhrase {
    const w = arena.key();
    const wM = arena.bytes(group.pointSize);
    const wN = arena.bytes(group.pointSize);
    const phrase = new StretchedPhrase(salt.slice(), w, wM, wN);
    if (!group.reduce(w, wBytes) || !group.multiply(wM, w, group.M) || !group.multiply(wN, w, group.N)) {
      phrase[Symbol.dispose]();
      throw new RangeError("the phrase stretches to 0");
    }
    return phrase;
  }

  private constructor(
    readonly salt: Uint8Array,
    readonly w: LockedKey,
    readonly wM: LockedBytes,
    readonly wN: LockedBytes,
  ) {}

  [Symbol.dispose](): void {
    for (const secret of [this.w, this.wM, this.wN]) secret[Symbol.dispose]();
  }
}

const PHRASE_LABEL = new TextEncoder().encode("sesame/1 phrase");

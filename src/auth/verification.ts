// By comparing words, two people make sure that their programs talk to each other's PeerIds (docs/PROTOCOL.md section
// 6, "verify"). Both commit to a random number before either reveals it, so that somebody in between, who has to choose
// what both will read, has only one try. Scope: the numbers, the commitments, what the words are made of. Out of scope:
// messages and their order (session, peers), the words themselves (auth/words.ts).

import { sha256 } from "../crypto/sha256.ts";
import type { Entropy } from "../ports.ts";
import type { Arena, LockedBytes } from "../secrets/locked.ts";

/** Bytes of the number, of its commitment, and of a PeerId. */
const SIZE = 32;
/** Words to compare, and the bits of each. */
const VERIFY_WORDS = 4;
const WORD_BITS = 11;

/** Whether `reveal` is what `sender` committed to towards `receiver`. All four are 32 bytes. Nothing here is secret. */
export function opens(commit: Uint8Array, reveal: Uint8Array, sender: Uint8Array, receiver: Uint8Array): boolean {
  return commitTo(reveal, sender, receiver).every((byte, i) => byte === commit[i]);
}

/** What one pair of PeerIds knows about each other's numbers. Kept, and forgotten, with the other PeerId. */
export class Verification implements Disposable {
  /** Ours, secret until the other has committed. */
  readonly #n: LockedBytes;
  readonly #self: Uint8Array;
  readonly #peer: Uint8Array;
  /** What we are bound to, 32 bytes. */
  readonly commit: Uint8Array;
  #theirCommit: Uint8Array | undefined;
  #theirs: Uint8Array | undefined;
  /** There will never be words: a second, different commitment came, or a number before ours was committed to. */
  #spoiled = false;

  /** Draws our number. Both PeerIds as 32 bytes. Throws SecretsExhausted where no slot is left. */
  constructor(arena: Arena, self: Uint8Array, peer: Uint8Array, entropy: Entropy) {
    this.#n = arena.bytes(SIZE);
    entropy(this.#n.bytes);
    this.#self = self.slice();
    this.#peer = peer.slice();
    this.commit = commitTo(this.#n.bytes, this.#self, this.#peer);
  }

  /** A copy of our number, which is no longer secret from here on. Undefined until the other has committed. */
  reveal(): Uint8Array | undefined {
    return this.#theirCommit === undefined ? undefined : this.#n.bytes.slice();
  }

  /**
   * What came from the other, whose reveal opens its own commitment (`opens`). `committed`: our commitment has left for
   * this PeerId. Returns "changed" once, when another commitment comes than the first: from then on there are no words.
   */
  take(commit: Uint8Array, reveal: Uint8Array | undefined, committed: boolean): "taken" | "changed" {
    const first = this.#theirCommit ??= commit.slice();
    if (!first.every((byte, i) => byte === commit[i])) {
      const told = this.#spoiled;
      this.#spoiled = true;
      return told ? "taken" : "changed";
    }
    if (reveal === undefined) return "taken";
    if (!committed) this.#spoiled = true;
    else this.#theirs ??= reveal.slice();
    return "taken";
  }

  /** VERIFY_WORDS numbers below 2048, the same for both. Undefined: not yet, or never. */
  words(): number[] | undefined {
    if (this.#spoiled || this.#theirs === undefined) return undefined;
    const [small, large, nSmall, nLarge] = isSmaller(this.#self, this.#peer)
      ? [this.#self, this.#peer, this.#n.bytes, this.#theirs]
      : [this.#peer, this.#self, this.#theirs, this.#n.bytes];
    const hash = new Uint8Array(SIZE);
    sha256(hash, WORDS_LABEL, small, large, nSmall, nLarge);
    return Array.from({ length: VERIFY_WORDS }, (_, i) => bitsAt(hash, i * WORD_BITS));
  }

  [Symbol.dispose](): void {
    this.#n[Symbol.dispose]();
  }
}

function commitTo(n: Uint8Array, sender: Uint8Array, receiver: Uint8Array): Uint8Array {
  const commit = new Uint8Array(SIZE);
  sha256(commit, COMMIT_LABEL, sender, receiver, n);
  return commit;
}

/** WORD_BITS bits from bit `at`, the first bit of the first byte being the highest. */
function bitsAt(bytes: Uint8Array, at: number): number {
  let value = 0;
  for (let bit = at; bit < at + WORD_BITS; bit++) value = value * 2 + (bytes[bit >> 3]! >> (7 - (bit & 7)) & 1);
  return value;
}

function isSmaller(a: Uint8Array, b: Uint8Array): boolean {
  const at = a.findIndex((byte, i) => byte !== b[i]);
  return at >= 0 && a[at]! < b[at]!;
}

const COMMIT_LABEL = new TextEncoder().encode("sesame/1 verify commit");
const WORDS_LABEL = new TextEncoder().encode("sesame/1 verify");

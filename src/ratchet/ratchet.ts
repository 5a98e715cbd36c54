// The Double Ratchet (docs/PROTOCOL.md section 4; Signal's "The Double Ratchet Algorithm", section 3).
// In here: the root key, sending and receiving chains, skipped keys, and the commit that follows a verified tag.
// Not in here: kinds of cell, peers, time. A failed `open` changes nothing.

import { open as aeadOpen, seal as aeadSeal } from "../crypto/aead.ts";
import type { Bytes } from "../crypto/sodium.ts";
import { x25519PublicKey } from "../crypto/x25519.ts";
import {
  LAST_COUNTER,
  MAX_LEFT_KEYS,
  MAX_SKIP_PER_STEP,
  POINT_SIZE,
  RATCHET_HEADER_SIZE,
  TAG_SIZE,
} from "../constants.ts";
import type { SessionSecrets } from "../auth/handshake.ts";
import type { Entropy, Role } from "../ports.ts";
import { ProtocolViolation } from "../protocol_violation.ts";
import type { Arena, LockedBytes, LockedDhSecret, LockedKey } from "../secrets/locked.ts";
import { SkippedKeys } from "./skipped_keys.ts";
import { aadFor, CellKey, chainStep, rootStep, setAadHeaders } from "./steps.ts";

/** How a cell was opened: with a key stored for it, and whether cells before it are missing now. */
export interface Opened {
  readonly stored: boolean;
  readonly skipped: boolean;
}

/** A chain key and the number of the next message key it gives. */
interface Chain {
  readonly key: LockedKey;
  n: number;
}

export class Ratchet implements Disposable {
  readonly #arena: Arena;
  readonly #rootKey: LockedKey;
  #own: LockedDhSecret;
  #ownPublic: Uint8Array;
  #peerPublic: Uint8Array;
  readonly #sending: Chain;
  #receiving: Chain | undefined;
  /** Length of the sending chain before this one. */
  #pn = 0;
  readonly #skipped = new SkippedKeys();
  /** Left keys of the peer, the last MAX_LEFT_KEYS: a cell under one of them is stale. */
  readonly #left: Uint8Array[] = [];
  readonly #aad: { readonly out: LockedBytes; readonly in: LockedBytes };

  /**
   * Takes over the secrets of a finished handshake. Throws ProtocolViolation if the peer's ratchet key is of low order;
   * the secrets are wiped then. The listener draws a new key pair (32 bytes of entropy), so that both may send at once.
   */
  static start(
    arena: Arena,
    secrets: SessionSecrets,
    ids: { self: Uint8Array; peer: Uint8Array },
    entropy: Entropy,
  ): Ratchet {
    const ratchet = new Ratchet(arena, secrets, ids);
    try {
      // The dialer's first step makes its sending chain; the listener's makes its receiving chain, its second the other.
      const first = secrets.role === "dialer" ? ratchet.#sending.key : arena.key();
      if (secrets.role === "listener") ratchet.#receiving = { key: first, n: 0 };
      if (!rootStep(arena, ratchet.#rootKey, first, ratchet.#own, ratchet.#peerPublic)) {
        throw new ProtocolViolation("ratchet key");
      }
      if (secrets.role === "listener") {
        const next = freshKeyPair(arena, entropy);
        rootStep(arena, ratchet.#rootKey, ratchet.#sending.key, next.secret, ratchet.#peerPublic);
        ratchet.#takeOwn(next);
      }
      return ratchet;
    } catch (error) {
      ratchet[Symbol.dispose]();
      throw error;
    }
  }

  private constructor(arena: Arena, secrets: SessionSecrets, ids: { self: Uint8Array; peer: Uint8Array }) {
    this.#arena = arena;
    this.#rootKey = secrets.rootKey;
    this.#own = secrets.ratchetSecret;
    this.#ownPublic = secrets.ratchetPublic;
    this.#peerPublic = secrets.peerRatchetPublic;
    this.#sending = { key: arena.key(), n: 0 };
    const peerRole: Role = secrets.role === "dialer" ? "listener" : "dialer";
    this.#aad = {
      out: aadFor(arena, secrets.sessionId, secrets.role, ids.self, ids.peer),
      in: aadFor(arena, secrets.sessionId, peerRole, ids.peer, ids.self),
    };
    secrets.sessionId[Symbol.dispose]();
  }

  /** False once the counter is used up: the link must then be closed instead. */
  get canSeal(): boolean {
    return this.#sending.n < LAST_COUNTER;
  }

  /** Skipped keys kept at the moment. */
  get skippedKeys(): number {
    return this.#skipped.size;
  }

  /**
   * Writes ratchetHeader || ciphertext || tag into `body`, for this frame header. Throws a RangeError if !canSeal, or for
   * lengths that do not fit; nothing has changed then.
   */
  seal(frameHeader: Uint8Array, body: Uint8Array, plaintext: Bytes): void {
    if (!this.canSeal) throw new RangeError("the sending chain is used up");
    if (body.length !== RATCHET_HEADER_SIZE + plaintext.length + TAG_SIZE) throw new RangeError("seal: lengths");
    const chain = this.#sending;
    writeHeader(body, this.#ownPublic, this.#pn, chain.n);
    using messageKey = this.#arena.key();
    chainStep(chain.key, messageKey);
    chain.n++;
    setAadHeaders(this.#aad.out, frameHeader, body);
    using cell = new CellKey(this.#arena, messageKey);
    aeadSeal(body.subarray(RATCHET_HEADER_SIZE), cell.key, cell.nonce, this.#aad.out, plaintext);
  }

  /**
   * Opens a cell's body into `plaintext` (CELL_PLAINTEXT_SIZE bytes). Undefined if it is forged, replayed, stale, skips
   * too much, or has a DH key of low order: nothing has changed then. Draws 32 bytes of entropy on a ratchet step.
   */
  open(frameHeader: Uint8Array, body: Uint8Array, plaintext: LockedBytes, entropy: Entropy): Opened | undefined {
    const { dh, pn, n } = readHeader(body);
    setAadHeaders(this.#aad.in, frameHeader, body);
    const sealed = body.subarray(RATCHET_HEADER_SIZE);
    const opens = (messageKey: LockedKey): boolean => {
      using cell = new CellKey(this.#arena, messageKey);
      return aeadOpen(plaintext, cell.key, cell.nonce, this.#aad.in, sealed);
    };

    const stored = this.#skipped.find(dh, n);
    if (stored !== undefined) {
      if (!opens(stored)) return undefined;
      this.#skipped.remove(dh, n);
      return { stored: true, skipped: false };
    }
    if (this.#left.some((key) => sameBytes(key, dh))) return undefined;
    if (sameBytes(dh, this.#peerPublic)) return this.#openOnChain(n, opens);
    return this.#openWithStep(dh.slice(), pn, n, opens, entropy);
  }

  [Symbol.dispose](): void {
    this.#skipped[Symbol.dispose]();
    for (
      const secret of [this.#rootKey, this.#own, this.#sending.key, this.#receiving?.key, this.#aad.out, this.#aad.in]
    ) {
      secret?.[Symbol.dispose]();
    }
  }

  /** A cell of the chain that is in use. */
  #openOnChain(n: number, opens: (key: LockedKey) => boolean): Opened | undefined {
    const chain = this.#receiving;
    if (chain === undefined || n < chain.n || n - chain.n > MAX_SKIP_PER_STEP) return undefined;
    using candidate = new Candidate(this.#arena, chain.key);
    candidate.advance(this.#peerPublic, chain.n, n);
    if (!opens(candidate.messageKey)) return undefined;
    const skipped = n > chain.n;
    this.#skipped.add(candidate.release());
    chain.key.bytes.set(candidate.chainKey.bytes);
    chain.n = n + 1;
    return { stored: false, skipped };
  }

  /** A cell under a new DH key: the rest of the old chain, then a ratchet step, then the new chain up to the cell. */
  #openWithStep(
    dh: Uint8Array,
    pn: number,
    n: number,
    opens: (key: LockedKey) => boolean,
    entropy: Entropy,
  ): Opened | undefined {
    const old = this.#receiving;
    const nr = old?.n ?? 0;
    if (pn > nr && (old === undefined || pn - nr > MAX_SKIP_PER_STEP)) return undefined;
    if (n > MAX_SKIP_PER_STEP) return undefined;
    const arena = this.#arena;
    using rootKey = arena.key();
    rootKey.bytes.set(this.#rootKey.bytes);
    using start = arena.key();
    if (!rootStep(arena, rootKey, start, this.#own, dh)) return undefined;
    using rest = new Candidate(arena, old?.key ?? start);
    rest.skipTo(this.#peerPublic, nr, pn); // none, where pn is not above nr
    using candidate = new Candidate(arena, start);
    candidate.advance(dh, 0, n);
    if (!opens(candidate.messageKey)) return undefined;

    // The tag has verified. Everything that can fail comes first, then the commit, which only moves and wipes.
    const next = freshKeyPair(arena, entropy);
    using sendingKey = arena.key();
    const receiving = old ?? { key: arena.key(), n: 0 };
    rootStep(arena, rootKey, sendingKey, next.secret, dh);

    this.#skipped.add(rest.release());
    this.#skipped.add(candidate.release());
    receiving.key.bytes.set(candidate.chainKey.bytes);
    receiving.n = n + 1;
    this.#receiving = receiving;
    this.#left.push(this.#peerPublic);
    if (this.#left.length > MAX_LEFT_KEYS) this.#left.shift();
    this.#peerPublic = dh;
    this.#rootKey.bytes.set(rootKey.bytes);
    this.#takeOwn(next);
    this.#pn = this.#sending.n;
    this.#sending.key.bytes.set(sendingKey.bytes);
    this.#sending.n = 0;
    return { stored: false, skipped: pn > nr || n > 0 };
  }

  #takeOwn(next: KeyPair): void {
    this.#own[Symbol.dispose]();
    this.#own = next.secret;
    this.#ownPublic = next.publicKey;
  }
}

/** Keys that a cell would bring, made beside the state. What is not released is wiped. */
class Candidate implements Disposable {
  readonly chainKey: LockedKey;
  readonly messageKey: LockedKey;
  readonly #arena: Arena;
  #skipped: { dh: Uint8Array; n: number; key: LockedKey }[] = [];

  constructor(arena: Arena, chainKey: LockedKey) {
    this.#arena = arena;
    this.messageKey = arena.key();
    this.chainKey = arena.key();
    this.chainKey.bytes.set(chainKey.bytes);
  }

  /** Message keys from..to-1 become skipped ones. */
  skipTo(dh: Uint8Array, from: number, to: number): void {
    for (let n = from; n < to; n++) {
      const key = this.#arena.key();
      this.#skipped.push({ dh, n, key });
      chainStep(this.chainKey, key);
    }
  }

  /** Skips from..n-1 and makes the message key n. */
  advance(dh: Uint8Array, from: number, n: number): void {
    this.skipTo(dh, from, n);
    chainStep(this.chainKey, this.messageKey);
  }

  /** Hands over the skipped keys. */
  release(): { dh: Uint8Array; n: number; key: LockedKey }[] {
    const skipped = this.#skipped;
    this.#skipped = [];
    return skipped;
  }

  [Symbol.dispose](): void {
    for (const { key } of this.#skipped) key[Symbol.dispose]();
    this.messageKey[Symbol.dispose]();
    this.chainKey[Symbol.dispose]();
  }
}

interface KeyPair {
  readonly secret: LockedDhSecret;
  readonly publicKey: Uint8Array;
}

function freshKeyPair(arena: Arena, entropy: Entropy): KeyPair {
  const secret = arena.dhSecret();
  entropy(secret.bytes);
  const publicKey = new Uint8Array(POINT_SIZE);
  x25519PublicKey(publicKey, secret);
  return { secret, publicKey };
}

function writeHeader(body: Uint8Array, dh: Uint8Array, pn: number, n: number): void {
  body.set(dh);
  const view = new DataView(body.buffer, body.byteOffset);
  view.setUint32(POINT_SIZE, pn);
  view.setUint32(POINT_SIZE + 4, n);
}

function readHeader(body: Uint8Array): { dh: Uint8Array; pn: number; n: number } {
  const view = new DataView(body.buffer, body.byteOffset);
  return { dh: body.subarray(0, POINT_SIZE), pn: view.getUint32(POINT_SIZE), n: view.getUint32(POINT_SIZE + 4) };
}

/** Of public bytes only. */
function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

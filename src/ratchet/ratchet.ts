// The ratchet of one connection (docs/PROTOCOL.md section 4): inside, a chain each way; outside, epochs, each begun by
// one exchange of X25519 and ML-KEM-768 together. Scope: root key, chains, renewals, skipped keys, and the commit that
// follows a verified tag. Out of scope: the bytes of a cell's plaintext, peers, time. A failed `open` changes nothing.

import { open as aeadOpen, seal as aeadSeal } from "../crypto/aead.ts";
import { kemDecapsulate, kemEncapsulate, kemPublicKey } from "../crypto/mlkem768.ts";
import type { Bytes } from "../crypto/sodium.ts";
import { x25519, x25519PublicKey } from "../crypto/x25519.ts";
import {
  KEM_CIPHERTEXT_SIZE,
  KEM_KEY_SIZE,
  KEY_CELL,
  LAST_EPOCH,
  MAX_CHAIN_CELLS,
  MAX_SKIP_PER_STEP,
  RATCHET_HEADER_SIZE,
  RENEWAL_CIPHERTEXT_SIZE,
  RENEWAL_KEY_SIZE,
  TAG_SIZE,
} from "../constants.ts";
import type { SessionSecrets } from "../auth/handshake.ts";
import type { Entropy, Role } from "../ports.ts";
import { ProtocolViolation } from "../protocol_violation.ts";
import type { Arena, LockedBytes, LockedDhSecret, LockedKey } from "../secrets/locked.ts";
import { type SkippedKey, SkippedKeys } from "./skipped_keys.ts";
import { aadFor, CELL_NONCE, chainStep, type EpochKeys, epochStep, setAadHeaders, startStep } from "./steps.ts";

/** How a cell was opened. */
export interface Opened {
  /** With a key that was stored for it: it came late. */
  readonly stored: boolean;
  /** Cells before it are missing now. */
  readonly skipped: boolean;
  /** Its number in its chain. */
  readonly n: number;
}

/** Of the plaintexts, those that a renewal takes: `kem[1184] || dhA[32]` there, `ct[1088] || dhB[32]` back. */
export interface RenewalCell {
  readonly kind: "key" | "ciphertext";
  /** RENEWAL_KEY_SIZE or RENEWAL_CIPHERTEXT_SIZE bytes. */
  readonly body: Uint8Array;
}

/** A chain key and the number of the next message key it gives. */
interface Chain {
  readonly epoch: number;
  readonly key: LockedKey;
  n: number;
}

/** The dialer's, from its cell 7 until the ciphertext has come. */
interface Asked {
  readonly seed: LockedBytes;
  readonly secret: LockedDhSecret;
  readonly key: Uint8Array;
  /** Cell 8 has been sealed. */
  left: boolean;
}

/** The listener's, from the key until its ciphertext has been sealed: what goes there, and the chain behind it. */
interface Answer {
  readonly ciphertext: Uint8Array;
  readonly chain: Chain;
}

export class Ratchet implements Disposable {
  readonly #arena: Arena;
  readonly #role: Role;
  readonly #rootKey: LockedKey;
  #sending: Chain;
  /** Length of the sending chain before this one. */
  #pn = 0;
  #receiving: Chain;
  /** What a renewal gave for the next epoch, until the first cell of that has been opened. */
  #next: Chain | undefined;
  #asked: Asked | undefined;
  #answer: Answer | undefined;
  readonly #skipped = new SkippedKeys();
  readonly #aad: { readonly out: LockedBytes; readonly in: LockedBytes };

  /**
   * Takes over the secrets of a finished handshake; the ratchet key ends here. Throws ProtocolViolation if the peer's is of
   * low order; all secrets are wiped then.
   */
  static start(arena: Arena, secrets: SessionSecrets, ids: { self: Uint8Array; peer: Uint8Array }): Ratchet {
    using own = secrets.ratchetSecret;
    const ratchet = new Ratchet(arena, secrets, ids);
    const [a, b] = secrets.role === "dialer"
      ? [ratchet.#sending, ratchet.#receiving]
      : [ratchet.#receiving, ratchet.#sending];
    const keys: EpochKeys = { rootKey: ratchet.#rootKey, chainA: a.key, chainB: b.key };
    if (startStep(arena, keys, own, secrets.peerRatchetPublic)) return ratchet;
    ratchet[Symbol.dispose]();
    throw new ProtocolViolation("ratchet key");
  }

  private constructor(arena: Arena, secrets: SessionSecrets, ids: { self: Uint8Array; peer: Uint8Array }) {
    this.#arena = arena;
    this.#role = secrets.role;
    this.#rootKey = secrets.rootKey;
    this.#sending = { epoch: 0, key: arena.key(), n: 0 };
    this.#receiving = { epoch: 0, key: arena.key(), n: 0 };
    const peerRole: Role = secrets.role === "dialer" ? "listener" : "dialer";
    this.#aad = {
      out: aadFor(arena, secrets.sessionId, secrets.role, ids.self, ids.peer),
      in: aadFor(arena, secrets.sessionId, peerRole, ids.peer, ids.self),
    };
    secrets.sessionId[Symbol.dispose]();
  }

  /** False at the end of the sending chain, and in the last epoch before its key: the link must then be closed instead. */
  get canSeal(): boolean {
    const { epoch, n } = this.#sending;
    return n < MAX_CHAIN_CELLS && !(this.#role === "dialer" && epoch === LAST_EPOCH && n === KEY_CELL);
  }

  /** Skipped keys kept at the moment. */
  get skippedKeys(): number {
    return this.#skipped.size;
  }

  /** The dialer's next cell is a key, and it is not made yet: `makeKey` takes 0.12 ms that are better not spent on a tick. */
  get wantsKey(): boolean {
    return this.#role === "dialer" && this.#sending.n === KEY_CELL && this.#asked === undefined && this.canSeal;
  }

  /** Draws the KEM seed (64 bytes), then the X25519 key (32). Does nothing unless `wantsKey`. */
  makeKey(entropy: Entropy): void {
    if (!this.wantsKey) return;
    const asked = this.#asked = {
      seed: this.#arena.bytes(64),
      secret: this.#arena.dhSecret(),
      key: new Uint8Array(RENEWAL_KEY_SIZE),
      left: false,
    };
    entropy(asked.seed.bytes);
    entropy(asked.secret.bytes);
    kemPublicKey(asked.key.subarray(0, KEM_KEY_SIZE), asked.seed);
    x25519PublicKey(asked.key.subarray(KEM_KEY_SIZE), asked.secret);
  }

  /** What the next cell answers: never directly behind another answer, or a dialer nine times as fast would leave room for nothing else. */
  get #dueAnswer(): Answer | undefined {
    return this.#sending.n > 0 || this.#sending.epoch === 0 ? this.#answer : undefined;
  }

  /** What the next cell must hold, whatever is queued; undefined: anything. Makes the key if that has not been done yet. */
  due(entropy: Entropy): RenewalCell | undefined {
    const answer = this.#dueAnswer;
    if (answer !== undefined) return { kind: "ciphertext", body: answer.ciphertext };
    this.makeKey(entropy);
    const asked = this.#asked;
    return asked === undefined || asked.left ? undefined : { kind: "key", body: asked.key };
  }

  /**
   * Writes ratchetHeader || ciphertext || tag into `body`, for this frame header. The plaintext is that of `due`, if that
   * gives one. Throws a RangeError if !canSeal, or for lengths that do not fit; nothing has changed then.
   */
  seal(frameHeader: Uint8Array, body: Uint8Array, plaintext: Bytes): void {
    if (!this.canSeal) throw new RangeError("the sending chain is used up");
    if (body.length !== RATCHET_HEADER_SIZE + plaintext.length + TAG_SIZE) throw new RangeError("seal: lengths");
    const chain = this.#sending;
    writeHeader(body, chain.epoch, this.#pn, chain.n);
    const answer = this.#dueAnswer;
    using messageKey = this.#arena.key();
    chainStep(chain.key, messageKey);
    chain.n++;
    setAadHeaders(this.#aad.out, frameHeader, body);
    aeadSeal(body.subarray(RATCHET_HEADER_SIZE), messageKey, CELL_NONCE, this.#aad.out, plaintext);
    if (this.#asked !== undefined) this.#asked.left = true;
    if (answer !== undefined) {
      this.#sendOn(answer.chain);
      this.#answer = undefined;
    }
  }

  /** By its header, which nothing has vouched for yet: taking this cell would be the listener's half of a renewal. */
  isKey(body: Uint8Array): boolean {
    const { epoch, n } = readHeader(body);
    return this.#role === "listener" && n === KEY_CELL && epoch >= this.#receiving.epoch;
  }

  /**
   * Opens a cell's body into `plaintext` (CELL_PLAINTEXT_SIZE bytes), which then goes to `take`. Undefined if it is forged,
   * replayed, stale, too early, skips too much or passes over the key: nothing has changed then. Throws ProtocolViolation
   * for what the listener must not have sealed behind its ciphertext.
   */
  open(frameHeader: Uint8Array, body: Uint8Array, plaintext: LockedBytes): Opened | undefined {
    const { epoch, pn, n } = readHeader(body);
    setAadHeaders(this.#aad.in, frameHeader, body);
    const sealed = body.subarray(RATCHET_HEADER_SIZE);
    const opens = (key: LockedKey) => aeadOpen(plaintext, key, CELL_NONCE, this.#aad.in, sealed);

    const stored = this.#skipped.find(epoch, n);
    if (stored !== undefined) {
      if (!opens(stored)) return undefined;
      this.#skipped.remove(epoch, n);
      return { stored: true, skipped: false, n };
    }
    if (n >= MAX_CHAIN_CELLS || pn > MAX_CHAIN_CELLS) return undefined;
    if (epoch === this.#receiving.epoch) return this.#openOnChain(this.#receiving, n, opens);
    if (epoch === this.#next?.epoch) return this.#openNext(this.#next, pn, n, opens);
    return undefined;
  }

  /**
   * What an opened cell means for renewals; its body is lent. Throws ProtocolViolation for a key or a ciphertext out of
   * place, for a dialer's cell 8 that is not a key, and for invalid public keys. Taking a key draws ML-KEM's m (32 bytes),
   * then an X25519 key (32).
   */
  take(opened: Opened, cell: RenewalCell | { readonly kind: "dummy" | "fragment" }, entropy: Entropy): void {
    const listening = this.#role === "listener";
    const wanted = listening ? !opened.stored && opened.n === KEY_CELL : !opened.stored && this.#asked?.left === true;
    const right = listening ? "key" : "ciphertext";
    const isRenewal = cell.kind === "key" || cell.kind === "ciphertext";
    if (isRenewal && (cell.kind !== right || !wanted)) throw new ProtocolViolation("renewal");
    if (!isRenewal && listening && wanted) throw new ProtocolViolation("renewal");
    if (!isRenewal) return;
    if (listening) this.#encapsulate(cell.body, entropy);
    else this.#decapsulate(cell.body);
  }

  [Symbol.dispose](): void {
    this.#skipped[Symbol.dispose]();
    for (
      const secret of [
        this.#rootKey,
        this.#sending.key,
        this.#receiving.key,
        this.#next?.key,
        this.#asked?.seed,
        this.#asked?.secret,
        this.#answer?.chain.key,
        this.#aad.out,
        this.#aad.in,
      ]
    ) secret?.[Symbol.dispose]();
  }

  // --- Cells in ---

  /** A cell of the chain that is in use. */
  #openOnChain(chain: Chain, n: number, opens: (key: LockedKey) => boolean): Opened | undefined {
    if (n < chain.n || n - chain.n > MAX_SKIP_PER_STEP || this.#passesOverKey(chain.n, n)) return undefined;
    using candidate = new Candidate(this.#arena, chain);
    candidate.advance(n);
    if (!opens(candidate.messageKey)) return undefined;
    // The ciphertext was the last of its chain.
    if (this.#role === "dialer" && this.#next !== undefined) throw new ProtocolViolation("renewal");
    const skipped = n > chain.n;
    this.#skipped.add(candidate.release());
    chain.key.bytes.set(candidate.chainKey.bytes);
    chain.n = n + 1;
    return { stored: false, skipped, n };
  }

  /** The first cell of the next epoch that comes: the rest of the old chain, then the new one up to the cell. */
  #openNext(next: Chain, pn: number, n: number, opens: (key: LockedKey) => boolean): Opened | undefined {
    const old = this.#receiving;
    if (pn < old.n || pn - old.n > MAX_SKIP_PER_STEP) return undefined;
    if (n > MAX_SKIP_PER_STEP || this.#passesOverKey(0, n)) return undefined;
    using rest = new Candidate(this.#arena, old);
    rest.skipTo(pn);
    using candidate = new Candidate(this.#arena, next);
    candidate.advance(n);
    if (!opens(candidate.messageKey)) return undefined;
    if (this.#role === "dialer" && pn !== old.n) throw new ProtocolViolation("renewal");
    this.#skipped.add(rest.release());
    this.#skipped.add(candidate.release());
    this.#skipped.forget(old.epoch);
    const skipped = pn > old.n || n > 0;
    old.key[Symbol.dispose]();
    next.key.bytes.set(candidate.chainKey.bytes);
    next.n = n + 1;
    this.#receiving = next;
    this.#next = undefined;
    return { stored: false, skipped, n };
  }

  /** The dialer's key is in its place in every epoch, and no cell behind it opens before it. */
  #passesOverKey(nr: number, n: number): boolean {
    return this.#role === "listener" && nr <= KEY_CELL && n > KEY_CELL;
  }

  // --- Renewals ---

  /** The listener's half. Its own sending chain goes on for one more cell, the ciphertext. */
  #encapsulate(key: Uint8Array, entropy: Entropy): void {
    const arena = this.#arena;
    if (this.#receiving.epoch === LAST_EPOCH || this.#answer !== undefined) throw new ProtocolViolation("renewal");
    using m = arena.key();
    entropy(m.bytes);
    using secret = arena.dhSecret();
    entropy(secret.bytes);
    const ciphertext = new Uint8Array(RENEWAL_CIPHERTEXT_SIZE);
    using ss = arena.key();
    const ct = ciphertext.subarray(0, KEM_CIPHERTEXT_SIZE);
    if (!kemEncapsulate(ct, ss, key.subarray(0, KEM_KEY_SIZE), m)) throw new ProtocolViolation("kem");
    using dh = arena.key();
    if (!x25519(dh, secret, key.subarray(KEM_KEY_SIZE))) throw new ProtocolViolation("ratchet key");
    x25519PublicKey(ciphertext.subarray(KEM_CIPHERTEXT_SIZE), secret);
    const { chainA, chainB } = this.#enterEpoch({ ss, dh, key, ciphertext });
    this.#next = chainA;
    this.#answer = { ciphertext, chain: chainB };
  }

  /** The dialer's half. */
  #decapsulate(ciphertext: Uint8Array): void {
    const arena = this.#arena;
    const { seed, secret, key } = this.#asked!;
    using ss = arena.key();
    kemDecapsulate(ss, ciphertext.subarray(0, KEM_CIPHERTEXT_SIZE), seed);
    using dh = arena.key();
    if (!x25519(dh, secret, ciphertext.subarray(KEM_CIPHERTEXT_SIZE))) throw new ProtocolViolation("ratchet key");
    seed[Symbol.dispose]();
    secret[Symbol.dispose]();
    this.#asked = undefined;
    const { chainA, chainB } = this.#enterEpoch({ ss, dh, key, ciphertext });
    this.#next = chainB;
    this.#sendOn(chainA);
  }

  /** The root key goes on; the two chains that come of it are the caller's. */
  #enterEpoch(exchange: Parameters<typeof epochStep>[3]): { chainA: Chain; chainB: Chain } {
    const epoch = this.#receiving.epoch + 1;
    const chainA: Chain = { epoch, key: this.#arena.key(), n: 0 };
    const chainB: Chain = { epoch, key: this.#arena.key(), n: 0 };
    epochStep(this.#arena, { rootKey: this.#rootKey, chainA: chainA.key, chainB: chainB.key }, epoch, exchange);
    return { chainA, chainB };
  }

  /** The next cell out is number 0 of this chain. */
  #sendOn(chain: Chain): void {
    this.#pn = this.#sending.n;
    this.#sending.key[Symbol.dispose]();
    this.#sending = chain;
  }
}

/** Keys that a cell would bring, made beside the state. What is not released is wiped. */
class Candidate implements Disposable {
  readonly chainKey: LockedKey;
  readonly messageKey: LockedKey;
  readonly #arena: Arena;
  readonly #epoch: number;
  #n: number;
  #skipped: SkippedKey[] = [];

  constructor(arena: Arena, { epoch, key, n }: Chain) {
    this.#arena = arena;
    this.#epoch = epoch;
    this.#n = n;
    this.messageKey = arena.key();
    this.chainKey = arena.key();
    this.chainKey.bytes.set(key.bytes);
  }

  /** The message keys before number `n` become skipped ones. */
  skipTo(n: number): void {
    for (; this.#n < n; this.#n++) {
      const key = this.#arena.key();
      this.#skipped.push({ epoch: this.#epoch, n: this.#n, key });
      chainStep(this.chainKey, key);
    }
  }

  /** Skips up to `n` and makes the message key of that number. */
  advance(n: number): void {
    this.skipTo(n);
    chainStep(this.chainKey, this.messageKey);
  }

  /** Hands over the skipped keys. */
  release(): readonly SkippedKey[] {
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

function writeHeader(body: Uint8Array, epoch: number, pn: number, n: number): void {
  const view = new DataView(body.buffer, body.byteOffset);
  view.setUint32(0, epoch);
  view.setUint16(4, pn);
  view.setUint16(6, n);
}

function readHeader(body: Uint8Array): { epoch: number; pn: number; n: number } {
  const view = new DataView(body.buffer, body.byteOffset);
  return { epoch: view.getUint32(0), pn: view.getUint16(4), n: view.getUint16(6) };
}

// The handshake of docs/PROTOCOL.md section 3: SPAKE2 with ML-KEM-768 beside it, bound to the TLS connection.
// Scope: what each side makes, checks and derives, in the one order there is. Out of scope: frames, time, the network.
//
// A handshake object is used for one answer: `finish` wipes everything fresh in it, whatever the outcome.
// SessionSecrets are made only here, after the other side's confirmation has verified.

import { equal32 } from "../crypto/equal.ts";
import { hkdfSha256 } from "../crypto/hkdf.ts";
import { kemDecapsulate, kemEncapsulate, kemPublicKey } from "../crypto/mlkem768.ts";
import { sha256 } from "../crypto/sha256.ts";
import { x25519, x25519PublicKey } from "../crypto/x25519.ts";
import {
  CONFIRM_SIZE,
  KEM_CIPHERTEXT_SIZE,
  KEM_KEY_SIZE,
  NONCE_SIZE,
  POINT_SIZE,
  SESSION_ID_SIZE,
} from "../constants.ts";
import type { Entropy, Role } from "../ports.ts";
import { ProtocolViolation } from "../protocol_violation.ts";
import type { Arena, LockedBytes, LockedDhSecret, LockedKey } from "../secrets/locked.ts";
import type { Answer, Offer } from "../wire/handshake_body.ts";
import { edwards25519 } from "./group.ts";
import { confirmation, confirmationKeys, makeShare, makeTranscript, sharedPoint, transcriptKeys } from "./spake2.ts";
import type { StretchedPhrase } from "./stretched.ts";

/** What both sides know about their connection before the first frame. */
export interface ConnectionFacts {
  /** PeerId of the dialer and of the listener, 32 bytes each. */
  readonly dialer: Uint8Array;
  readonly listener: Uint8Array;
  readonly channelBinding: Uint8Array;
}

/** What a finished handshake gives the ratchet. Its holder disposes of it; `Ratchet.start` takes it over. */
export class SessionSecrets implements Disposable {
  constructor(
    readonly role: Role,
    readonly rootKey: LockedKey,
    readonly sessionId: LockedBytes,
    readonly ratchetSecret: LockedDhSecret,
    readonly peerRatchetPublic: Uint8Array,
  ) {}

  [Symbol.dispose](): void {
    for (const secret of [this.rootKey, this.sessionId, this.ratchetSecret]) secret[Symbol.dispose]();
  }
}

/** The listener's side: an offer, then the check of one answer. */
export class ListenerHandshake implements Disposable {
  readonly offer: Offer;
  readonly #arena: Arena;
  readonly #phrase: StretchedPhrase;
  readonly #facts: ConnectionFacts;
  readonly #y: LockedKey;
  readonly #ratchet: LockedDhSecret;
  readonly #kemSeed: LockedBytes;

  /** Draws nonceB, y (64 bytes), the ratchet key and the KEM seed, in this order. The phrase is lent until the end. */
  constructor(arena: Arena, phrase: StretchedPhrase, facts: ConnectionFacts, entropy: Entropy) {
    this.#arena = arena;
    this.#phrase = phrase;
    this.#facts = facts;
    const nonceB = new Uint8Array(NONCE_SIZE);
    entropy(nonceB);
    // Gone again if anything throws before the end.
    using made = new DisposableStack();
    this.#y = made.use(randomScalar(arena, entropy));
    this.#ratchet = made.use(arena.dhSecret());
    entropy(this.#ratchet.bytes);
    this.#kemSeed = made.use(arena.bytes(64));
    entropy(this.#kemSeed.bytes);
    const shareB = new Uint8Array(POINT_SIZE);
    makeShare(edwards25519, arena, shareB, this.#y, phrase.wN);
    const ratchetB = new Uint8Array(POINT_SIZE);
    x25519PublicKey(ratchetB, this.#ratchet);
    const kem = new Uint8Array(KEM_KEY_SIZE);
    kemPublicKey(kem, this.#kemSeed);
    this.offer = { salt: phrase.salt, nonceB, shareB, ratchetB, kem };
    made.move();
  }

  /**
   * Checks the answer. Undefined: the other side has another phrase or mode, or sits on another TLS connection. Throws
   * ProtocolViolation for an invalid share and for a ratchet key of low order, whatever phrase was guessed: otherwise
   * the end would reveal more than the confirmation. Either way nothing fresh from this handshake is left.
   */
  finish(answer: Answer, entropy: Entropy): { confirmB: Uint8Array; secrets: SessionSecrets } | undefined {
    using _ = this;
    const arena = this.#arena;
    refuseLowOrder(arena, this.#ratchet, answer.ratchetA);
    using ss = arena.key();
    kemDecapsulate(ss, answer.ciphertext, this.#kemSeed);
    using K = arena.bytes(POINT_SIZE);
    if (!sharedPoint(edwards25519, arena, K, this.#y, answer.shareA, this.#phrase.wM, entropy)) {
      throw new ProtocolViolation("share");
    }
    using keys = new Keys(arena, this.#facts, this.#phrase.w, this.offer, answer, K, ss);
    using expected = arena.key();
    keys.confirmA(expected);
    if (!equal32(answer.confirmA, expected)) return undefined;
    const confirmB = new Uint8Array(CONFIRM_SIZE);
    keys.confirmB(confirmB);
    const ratchet = moveDhSecret(arena, this.#ratchet);
    const secrets = keys.secrets("listener", ratchet, answer.ratchetA);
    return { confirmB, secrets };
  }

  [Symbol.dispose](): void {
    for (const secret of [this.#y, this.#ratchet, this.#kemSeed]) secret[Symbol.dispose]();
  }
}

/** The dialer's side: one answer to an offer, then the check of the accept. */
export class DialerHandshake implements Disposable {
  readonly answer: Answer;
  readonly #arena: Arena;
  readonly #ratchet: LockedDhSecret;
  readonly #keys: Keys;
  readonly #ratchetB: Uint8Array;

  /**
   * Draws nonceA, x (64 bytes), the ratchet key and the KEM randomness, in this order. Throws ProtocolViolation for an
   * invalid share or KEM key, and for a ratchet key of low order. The phrase is stretched for the offer's salt, and lent.
   */
  constructor(arena: Arena, phrase: StretchedPhrase, facts: ConnectionFacts, offer: Offer, entropy: Entropy) {
    this.#arena = arena;
    const nonceA = new Uint8Array(NONCE_SIZE);
    entropy(nonceA);
    using x = randomScalar(arena, entropy);
    using ratchet = arena.dhSecret();
    entropy(ratchet.bytes);
    refuseLowOrder(arena, ratchet, offer.ratchetB);
    using kemRandom = arena.key();
    entropy(kemRandom.bytes);
    using ss = arena.key();
    const ciphertext = new Uint8Array(KEM_CIPHERTEXT_SIZE);
    if (!kemEncapsulate(ciphertext, ss, offer.kem, kemRandom)) throw new ProtocolViolation("kem");
    const shareA = new Uint8Array(POINT_SIZE);
    makeShare(edwards25519, arena, shareA, x, phrase.wM);
    const ratchetA = new Uint8Array(POINT_SIZE);
    x25519PublicKey(ratchetA, ratchet);
    using K = arena.bytes(POINT_SIZE);
    if (!sharedPoint(edwards25519, arena, K, x, offer.shareB, phrase.wN, entropy)) throw new ProtocolViolation("share");
    const publicValues = { nonceA, shareA, ratchetA, ciphertext };
    this.#keys = new Keys(arena, facts, phrase.w, offer, publicValues, K, ss);
    const confirmA = new Uint8Array(CONFIRM_SIZE);
    this.#keys.confirmA(confirmA);
    this.answer = { ...publicValues, confirmA };
    this.#ratchetB = offer.ratchetB;
    this.#ratchet = moveDhSecret(arena, ratchet);
  }

  /** Undefined: the other side does not know the phrase. Nothing fresh from this handshake is left afterwards. */
  finish(confirmB: Uint8Array): SessionSecrets | undefined {
    using _ = this;
    using expected = this.#arena.key();
    this.#keys.confirmB(expected);
    if (!equal32(confirmB, expected)) return undefined;
    const ratchet = moveDhSecret(this.#arena, this.#ratchet);
    return this.#keys.secrets("dialer", ratchet, this.#ratchetB);
  }

  [Symbol.dispose](): void {
    this.#ratchet[Symbol.dispose]();
    this.#keys[Symbol.dispose]();
  }
}

/** What follows from K on both sides: Ke || Ka, the context, the confirmations, the session's secrets. */
class Keys implements Disposable {
  readonly #arena: Arena;
  readonly #channelBinding: Uint8Array;
  readonly #transcript: LockedBytes;
  readonly #KeKa: LockedKey;
  readonly #Kc: LockedKey;
  readonly #context: LockedKey;
  readonly #ss: LockedKey;

  constructor(
    arena: Arena,
    facts: ConnectionFacts,
    w: LockedKey,
    offer: Offer,
    answer: Omit<Answer, "confirmA">,
    K: LockedBytes,
    ss: LockedKey,
  ) {
    this.#arena = arena;
    this.#channelBinding = facts.channelBinding;
    this.#transcript = makeTranscript(arena, {
      identityA: facts.dialer,
      identityB: facts.listener,
      shareA: answer.shareA,
      shareB: offer.shareB,
      K,
      w,
    });
    this.#KeKa = arena.key();
    transcriptKeys(this.#KeKa, this.#transcript);
    this.#ss = arena.key();
    this.#ss.bytes.set(ss.bytes);
    this.#context = arena.key();
    handshakeContext(this.#context, facts.channelBinding, offer, answer, ss);
    this.#Kc = arena.key();
    confirmationKeys(this.#Kc, this.#KeKa.bytes.subarray(16), this.#context);
  }

  confirmA(out: LockedKey | Uint8Array): void {
    confirmation(out, this.#Kc.bytes.subarray(0, 16), this.#transcript);
  }

  confirmB(out: LockedKey | Uint8Array): void {
    confirmation(out, this.#Kc.bytes.subarray(16), this.#transcript);
  }

  secrets(role: Role, ratchet: LockedDhSecret, peer: Uint8Array): SessionSecrets {
    const rootKey = this.#arena.key();
    const sessionId = this.#arena.bytes(SESSION_ID_SIZE);
    using both = this.#arena.bytes(48);
    sessionKeys(both, this.#context, this.#KeKa.bytes.subarray(0, 16), this.#channelBinding, this.#ss);
    rootKey.bytes.set(both.bytes.subarray(0, 32));
    sessionId.bytes.set(both.bytes.subarray(32));
    return new SessionSecrets(role, rootKey, sessionId, ratchet, peer);
  }

  [Symbol.dispose](): void {
    for (const secret of [this.#transcript, this.#KeKa, this.#Kc, this.#context, this.#ss]) secret[Symbol.dispose]();
  }
}

/** `out` = ctx, the RFC's AAD: it binds the confirmations to the TLS connection and to every value sent. Never sent itself. */
export function handshakeContext(
  out: LockedKey,
  channelBinding: Uint8Array,
  offer: Offer,
  answer: Omit<Answer, "confirmA">,
  ss: LockedKey,
): void {
  const { salt, nonceB, ratchetB, kem } = offer;
  const { nonceA, ratchetA, ciphertext } = answer;
  sha256(out, CONTEXT_LABEL, channelBinding, salt, nonceA, nonceB, ratchetA, ratchetB, kem, ciphertext, ss);
}

/** `out` (48 bytes) = RK || sessionId. */
export function sessionKeys(
  out: LockedBytes,
  context: LockedKey,
  Ke: Uint8Array,
  channelBinding: Uint8Array,
  ss: LockedKey,
): void {
  hkdfSha256(out, context, [Ke, channelBinding, ss], [SESSION_LABEL]);
}

/** Such a key makes the first secret of the ratchet one that anybody knows. */
function refuseLowOrder(arena: Arena, own: LockedDhSecret, peer: Uint8Array): void {
  using shared = arena.key();
  if (!x25519(shared, own, peer)) throw new ProtocolViolation("ratchet key");
}

/** 64 random bytes mod the group order, not 0. */
function randomScalar(arena: Arena, entropy: Entropy): LockedKey {
  using wide = arena.bytes(64);
  using made = new DisposableStack();
  const scalar = made.use(arena.key());
  do entropy(wide.bytes); while (!edwards25519.reduce(scalar, wide));
  made.move();
  return scalar;
}

/** A new owner for a private key: the old slot is wiped. */
function moveDhSecret(arena: Arena, from: LockedDhSecret): LockedDhSecret {
  const to = arena.dhSecret();
  to.bytes.set(from.bytes);
  from[Symbol.dispose]();
  return to;
}

const CONTEXT_LABEL = new TextEncoder().encode("sesame/1 handshake");
const SESSION_LABEL = new TextEncoder().encode("sesame/1 session");

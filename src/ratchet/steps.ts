// The ratchet's key derivations, each separately (docs/PROTOCOL.md section 4): the start, the step into an epoch, the
// chain step, and the AAD. No state: `ratchet.ts` has that, and the vectors task recomputes every value through these.

import { hkdfSha256 } from "../crypto/hkdf.ts";
import { hmacSha256 } from "../crypto/hmac.ts";
import { sha256 } from "../crypto/sha256.ts";
import { x25519 } from "../crypto/x25519.ts";
import { FRAME_HEADER_SIZE, PEER_ID_SIZE, RATCHET_HEADER_SIZE, SESSION_ID_SIZE } from "../constants.ts";
import type { Role } from "../ports.ts";
import type { Arena, LockedBytes, LockedDhSecret, LockedKey } from "../secrets/locked.ts";

/** What an epoch begins with: the root key, the chain from dialer to listener, the chain back. */
export interface EpochKeys {
  readonly rootKey: LockedKey;
  readonly chainA: LockedKey;
  readonly chainB: LockedKey;
}

/** What one renewal made and sent. */
export interface Exchange {
  /** Of ML-KEM, 32 bytes. */
  readonly ss: LockedKey;
  /** Of X25519, 32 bytes. */
  readonly dh: LockedKey;
  /** kem[1184] || dhA[32] */
  readonly key: Uint8Array;
  /** ct[1088] || dhB[32] */
  readonly ciphertext: Uint8Array;
}

/**
 * Epoch 0: `keys.rootKey` is section 3's and is replaced; the chains are filled. False, and nothing changed, if the DH of
 * the two ratchet keys is all zero.
 */
export function startStep(arena: Arena, keys: EpochKeys, secret: LockedDhSecret, publicKey: Uint8Array): boolean {
  using dh = arena.key();
  if (!x25519(dh, secret, publicKey)) return false;
  expand(arena, keys, [dh], [ROOT_LABEL]);
  return true;
}

/** The step into `epoch`: `keys.rootKey` is the one before and is replaced; the chains are filled. */
export function epochStep(arena: Arena, keys: EpochKeys, epoch: number, { ss, dh, key, ciphertext }: Exchange): void {
  const th = new Uint8Array(32);
  renewalHash(th, epoch, key, ciphertext);
  expand(arena, keys, [ss, dh], [EPOCH_LABEL, th]);
}

/** `out` (32 bytes) = th: which renewal this is, as both sides saw it. */
export function renewalHash(out: Uint8Array, epoch: number, key: Uint8Array, ciphertext: Uint8Array): void {
  const number = new Uint8Array(4);
  new DataView(number.buffer).setUint32(0, epoch);
  sha256(out, RENEWAL_LABEL, number, key, ciphertext);
}

/** KDF_CK: the message key, and the next chain key in place. */
export function chainStep(chainKey: LockedKey, messageKey: LockedKey): void {
  hmacSha256(messageKey, chainKey, MESSAGE_KEY_INPUT);
  hmacSha256(chainKey, chainKey, CHAIN_KEY_INPUT);
}

/** The constant part of the AAD of one direction, with room for the two headers at its end. */
export function aadFor(
  arena: Arena,
  sessionId: LockedBytes,
  sender: Role,
  from: Uint8Array,
  to: Uint8Array,
): LockedBytes {
  const aad = arena.bytes(AAD_HEADERS_AT + FRAME_HEADER_SIZE + RATCHET_HEADER_SIZE);
  aad.bytes.set(CELL_LABEL);
  aad.bytes.set(sessionId.bytes, CELL_LABEL.length);
  aad.bytes[CELL_LABEL.length + SESSION_ID_SIZE] = sender === "dialer" ? 0 : 1;
  aad.bytes.set(from, CELL_LABEL.length + SESSION_ID_SIZE + 1);
  aad.bytes.set(to, CELL_LABEL.length + SESSION_ID_SIZE + 1 + PEER_ID_SIZE);
  return aad;
}

export function setAadHeaders(aad: LockedBytes, frameHeader: Uint8Array, body: Uint8Array): void {
  aad.bytes.set(frameHeader, AAD_HEADERS_AT);
  aad.bytes.set(body.subarray(0, RATCHET_HEADER_SIZE), AAD_HEADERS_AT + FRAME_HEADER_SIZE);
}

/** The nonce of every cell: a message key seals one cell, so it may be constant. */
export const CELL_NONCE: Uint8Array = new Uint8Array(12);

function expand(arena: Arena, keys: EpochKeys, ikm: readonly LockedKey[], info: readonly Uint8Array[]): void {
  using all = arena.bytes(96);
  hkdfSha256(all, keys.rootKey, ikm, info);
  keys.rootKey.bytes.set(all.bytes.subarray(0, 32));
  keys.chainA.bytes.set(all.bytes.subarray(32, 64));
  keys.chainB.bytes.set(all.bytes.subarray(64));
}

const ROOT_LABEL = new TextEncoder().encode("sesame/1 root");
const EPOCH_LABEL = new TextEncoder().encode("sesame/1 epoch");
const RENEWAL_LABEL = new TextEncoder().encode("sesame/1 renewal");
const CELL_LABEL = new TextEncoder().encode("sesame/1 cell");
const MESSAGE_KEY_INPUT = Uint8Array.of(1);
const CHAIN_KEY_INPUT = Uint8Array.of(2);
const AAD_HEADERS_AT: number = CELL_LABEL.length + SESSION_ID_SIZE + 1 + 2 * PEER_ID_SIZE;

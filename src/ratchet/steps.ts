// The key derivations of the Double Ratchet, each on its own (docs/PROTOCOL.md section 4): root step, chain step, the key of
// one cell, and the AAD. No state: `ratchet.ts` has that, and the vectors task recomputes every value through these.

import { hkdfSha256 } from "../crypto/hkdf.ts";
import { hmacSha256 } from "../crypto/hmac.ts";
import { x25519 } from "../crypto/x25519.ts";
import { FRAME_HEADER_SIZE, PEER_ID_SIZE, RATCHET_HEADER_SIZE, SESSION_ID_SIZE } from "../constants.ts";
import type { Role } from "../ports.ts";
import type { Arena, LockedBytes, LockedDhSecret, LockedKey } from "../secrets/locked.ts";

/** rk, ck = KDF_RK(rk, DH(secret, publicKey)), both in place. False, and nothing changed, if the DH is all zero. */
export function rootStep(
  arena: Arena,
  rootKey: LockedKey,
  chainKey: LockedKey,
  secret: LockedDhSecret,
  publicKey: Uint8Array,
): boolean {
  using shared = arena.key();
  if (!x25519(shared, secret, publicKey)) return false;
  using both = arena.bytes(64);
  hkdfSha256(both, rootKey, [shared], [ROOT_LABEL]);
  rootKey.bytes.set(both.bytes.subarray(0, 32));
  chainKey.bytes.set(both.bytes.subarray(32));
  return true;
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

/** key || nonce of one cell. */
export class CellKey implements Disposable {
  readonly #both: LockedBytes;
  constructor(arena: Arena, messageKey: LockedKey) {
    this.#both = arena.bytes(44);
    hkdfSha256(this.#both, undefined, [messageKey], [CELL_LABEL]);
  }
  get key(): Uint8Array {
    return this.#both.bytes.subarray(0, 32);
  }
  get nonce(): Uint8Array {
    return this.#both.bytes.subarray(32);
  }
  [Symbol.dispose](): void {
    this.#both[Symbol.dispose]();
  }
}

const ROOT_LABEL = new TextEncoder().encode("sesame/1 root");
const CELL_LABEL = new TextEncoder().encode("sesame/1 cell");
const MESSAGE_KEY_INPUT = Uint8Array.of(1);
const CHAIN_KEY_INPUT = Uint8Array.of(2);
const AAD_HEADERS_AT: number = CELL_LABEL.length + SESSION_ID_SIZE + 1 + 2 * PEER_ID_SIZE;

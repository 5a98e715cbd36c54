// A second Double Ratchet, slow and plain, over noble, written from docs/PROTOCOL.md section 4 alone: the oracle of
// `ratchet_test.ts`, and a peer whose state a test may bend. Its state is one plain object that is copied before it is
// changed, so that a failed open cannot have changed anything. It shares no code with `src/ratchet`.

import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { x25519 } from "@noble/curves/ed25519.js";
import { hkdf } from "@noble/hashes/hkdf.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import type { Entropy, Role } from "../../src/ports.ts";
import { draw, toHex, utf8 } from "./arena.ts";

export interface PlainState {
  rk: Uint8Array;
  dhs: Uint8Array;
  dhr: Uint8Array;
  cks: Uint8Array;
  ckr: Uint8Array | null;
  ns: number;
  nr: number;
  pn: number;
  /** Oldest first: "dh n" and the message key. */
  skipped: { id: string; mk: Uint8Array }[];
  left: string[];
}

export interface PlainSession {
  readonly role: Role;
  readonly rk: Uint8Array;
  readonly sessionId: Uint8Array;
  readonly secret: Uint8Array;
  readonly peerPublic: Uint8Array;
  readonly dialer: Uint8Array;
  readonly listener: Uint8Array;
}

export class PlainRatchet {
  state: PlainState;
  readonly #session: PlainSession;

  constructor(session: PlainSession, entropy: Entropy) {
    this.#session = session;
    const { role, rk, secret, peerPublic } = session;
    const [root, chain] = kdfRk(rk, dh(secret, peerPublic) ?? fail());
    const empty = { ns: 0, nr: 0, pn: 0, skipped: [], left: [], dhr: peerPublic };
    if (role === "dialer") {
      this.state = { ...empty, rk: root, dhs: secret, cks: chain, ckr: null };
    } else {
      const dhs = draw(entropy, 32);
      const [next, cks] = kdfRk(root, dh(dhs, peerPublic) ?? fail());
      this.state = { ...empty, rk: next, dhs, cks, ckr: chain };
    }
  }

  /** ratchetHeader || ciphertext || tag. */
  seal(frameHeader: Uint8Array, plaintext: Uint8Array): Uint8Array {
    const { state } = this;
    const header = join(x25519.getPublicKey(state.dhs), u32(state.pn), u32(state.ns));
    const [mk, next] = kdfCk(state.cks);
    this.state = { ...state, cks: next, ns: state.ns + 1 };
    const { key, nonce } = cellKey(mk);
    const aad = this.#aad(true, frameHeader, header);
    return join(header, chacha20poly1305(key, nonce, aad).encrypt(plaintext));
  }

  open(frameHeader: Uint8Array, body: Uint8Array, entropy: Entropy): Uint8Array | undefined {
    const header = body.slice(0, 40);
    const aad = this.#aad(false, frameHeader, header);
    const peer = header.slice(0, 32);
    const [pn, n] = [readU32(header, 32), readU32(header, 36)];
    const decrypt = (mk: Uint8Array): Uint8Array | undefined => {
      const { key, nonce } = cellKey(mk);
      try {
        return chacha20poly1305(key, nonce, aad).decrypt(body.slice(40));
      } catch {
        return undefined;
      }
    };

    const stored = this.state.skipped.find(({ id }) => id === `${toHex(peer)} ${n}`);
    if (stored !== undefined) {
      const plaintext = decrypt(stored.mk);
      if (plaintext === undefined) return undefined;
      this.state = { ...this.state, skipped: this.state.skipped.filter((key) => key !== stored) };
      return plaintext;
    }
    if (this.state.left.includes(toHex(peer))) return undefined;

    let state: PlainState | undefined = { ...this.state, skipped: [...this.state.skipped], left: [...this.state.left] };
    const isNew = toHex(peer) !== toHex(state.dhr);
    if (isNew) {
      // A pn below Nr skips nothing; without a chain, only 0 is right.
      if (pn > state.nr) state = skip(state, pn);
      if (state === undefined) return undefined;
      const first = dh(state.dhs, peer);
      if (first === undefined) return undefined;
      const [rk, ckr] = kdfRk(state.rk, first);
      state = { ...state, rk, ckr, left: [...state.left, toHex(state.dhr)].slice(-64), dhr: peer };
      state = { ...state, pn: state.ns, ns: 0, nr: 0 };
    }
    if (n < state.nr) return undefined;
    state = skip(state, n);
    if (state === undefined || state.ckr === null) return undefined;
    const [mk, next] = kdfCk(state.ckr);
    const plaintext = decrypt(mk);
    if (plaintext === undefined) return undefined;
    state = { ...state, ckr: next, nr: n + 1, skipped: state.skipped.slice(-128) };
    if (isNew) {
      const dhs = draw(entropy, 32);
      const [rk, cks] = kdfRk(state.rk, dh(dhs, peer) ?? fail());
      state = { ...state, dhs, rk, cks };
    }
    this.state = state;
    return plaintext;
  }

  #aad(sending: boolean, frameHeader: Uint8Array, header: Uint8Array): Uint8Array {
    const { role, sessionId, dialer, listener } = this.#session;
    const fromDialer = sending === (role === "dialer");
    const ids = fromDialer ? [dialer, listener] : [listener, dialer];
    return join(utf8("sesame/1 cell"), sessionId, Uint8Array.of(fromDialer ? 0 : 1), ...ids, frameHeader, header);
  }
}

/** Stores the keys up to `until`, at most 32 of them. */
function skip(state: PlainState, until: number): PlainState | undefined {
  if (until - state.nr > 32) return undefined;
  if (state.ckr === null) return undefined;
  const skipped = [...state.skipped];
  let { ckr, nr } = state;
  for (; nr < until; nr++) {
    const [mk, next] = kdfCk(ckr);
    skipped.push({ id: `${toHex(state.dhr)} ${nr}`, mk });
    ckr = next;
  }
  return { ...state, ckr, nr, skipped };
}

function kdfRk(rk: Uint8Array, shared: Uint8Array): [Uint8Array, Uint8Array] {
  const out = hkdf(sha256, shared, rk, utf8("sesame/1 root"), 64);
  return [out.slice(0, 32), out.slice(32)];
}

function kdfCk(ck: Uint8Array): [mk: Uint8Array, next: Uint8Array] {
  return [hmac(sha256, ck, Uint8Array.of(1)), hmac(sha256, ck, Uint8Array.of(2))];
}

function cellKey(mk: Uint8Array): { key: Uint8Array; nonce: Uint8Array } {
  const out = hkdf(sha256, mk, undefined, utf8("sesame/1 cell"), 44);
  return { key: out.slice(0, 32), nonce: out.slice(32) };
}

/** noble throws for an all-zero result. */
function dh(secret: Uint8Array, publicKey: Uint8Array): Uint8Array | undefined {
  try {
    return x25519.getSharedSecret(secret, publicKey);
  } catch {
    return undefined;
  }
}

function fail(): never {
  throw new Error("a key of low order");
}

function join(...parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

function u32(n: number): Uint8Array {
  return Uint8Array.of(n >>> 24, n >>> 16, n >>> 8, n);
}

function readU32(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(at);
}

// A second ratchet, slow and plain, over noble, written from docs/PROTOCOL.md sections 4 and 5 alone: the oracle of
// `ratchet_test.ts`, and a peer whose state a test may bend. Its state is one plain object that is copied before it is
// changed, so that a failed open cannot have changed anything. It shares no code with `src/ratchet`.

import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { x25519 } from "@noble/curves/ed25519.js";
import { hkdf } from "@noble/hashes/hkdf.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { ml_kem768 } from "@noble/post-quantum/ml-kem.js";
import type { Entropy, Role } from "../../src/ports.ts";
import { draw, utf8 } from "./arena.ts";

export interface PlainChain {
  epoch: number;
  ck: Uint8Array;
  n: number;
}

export interface PlainState {
  rk: Uint8Array;
  sending: PlainChain;
  pn: number;
  receiving: PlainChain;
  /** Given by a renewal, and no cell of it has come. */
  next: PlainChain | null;
  /** The dialer's key, made or sent. */
  asked: { seed: Uint8Array; secret: Uint8Array; key: Uint8Array; left: boolean } | null;
  /** The listener's ciphertext that has not left, and the chain behind it. */
  answer: { ciphertext: Uint8Array; chain: PlainChain } | null;
  /** Oldest first. */
  skipped: { epoch: number; n: number; mk: Uint8Array }[];
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

export interface PlainOpened {
  readonly plaintext: Uint8Array;
  readonly stored: boolean;
  readonly skipped: boolean;
  readonly n: number;
}

const PLAINTEXT = 1252;

export class PlainRatchet {
  state: PlainState;
  readonly #session: PlainSession;

  constructor(session: PlainSession) {
    this.#session = session;
    const { rk, secret, peerPublic } = session;
    const [root, a, b] = three(hkdf(sha256, dh(secret, peerPublic) ?? fail(), rk, utf8("sesame/1 root"), 96));
    const [out, back] = session.role === "dialer" ? [a, b] : [b, a];
    this.state = {
      rk: root,
      sending: { epoch: 0, ck: out, n: 0 },
      pn: 0,
      receiving: { epoch: 0, ck: back, n: 0 },
      next: null,
      asked: null,
      answer: null,
      skipped: [],
    };
  }

  /** Another one of the same session, from this state on, with something changed. */
  fork(bend: Partial<PlainState>): PlainRatchet {
    const fork = new PlainRatchet(this.#session);
    fork.state = { ...this.state, ...bend };
    return fork;
  }

  /** The plaintext that the next cell must have; undefined: any but a key or a ciphertext. */
  due(entropy: Entropy): Uint8Array | undefined {
    const { state } = this;
    if (state.answer !== null) return padded(3, state.answer.ciphertext);
    if (this.#session.role === "listener" || state.sending.n !== 8) return undefined;
    if (state.asked === null) {
      const [seed, secret] = [draw(entropy, 64), draw(entropy, 32)];
      const key = join(ml_kem768.keygen(seed).publicKey, x25519.getPublicKey(secret));
      this.state = { ...state, asked: { seed, secret, key, left: false } };
    }
    return padded(2, this.state.asked!.key);
  }

  /** ratchetHeader || ciphertext || tag. `n`: leaves out the numbers before it. */
  seal(frameHeader: Uint8Array, plaintext: Uint8Array, n: number = this.state.sending.n): Uint8Array {
    const { state } = this;
    let { ck } = state.sending;
    for (let k = state.sending.n; k < n; k++) ck = kdfCk(ck)[1];
    const header = join(u32(state.sending.epoch), u16(state.pn), u16(n));
    const [mk, next] = kdfCk(ck);
    this.state = { ...state, sending: { ...state.sending, ck: next, n: n + 1 } };
    if (state.asked !== null) this.state.asked = { ...state.asked, left: true };
    if (state.answer !== null) this.state = { ...this.state, pn: n + 1, sending: state.answer.chain, answer: null };
    const aad = this.#aad(true, frameHeader, header);
    return join(header, chacha20poly1305(mk, new Uint8Array(12), aad).encrypt(plaintext));
  }

  /** Undefined: it fails. "violation": it opens, and must not have been sent. */
  open(frameHeader: Uint8Array, body: Uint8Array, entropy: Entropy): PlainOpened | "violation" | undefined {
    const header = body.slice(0, 8);
    const [epoch, pn, n] = [readUint(header, 0, 4), readUint(header, 4, 2), readUint(header, 6, 2)];
    const aad = this.#aad(false, frameHeader, header);
    const decrypt = (mk: Uint8Array): Uint8Array | undefined => {
      try {
        return chacha20poly1305(mk, new Uint8Array(12), aad).decrypt(body.slice(8));
      } catch {
        return undefined;
      }
    };

    const stored = this.state.skipped.find((key) => key.epoch === epoch && key.n === n);
    if (stored !== undefined) {
      const plaintext = decrypt(stored.mk);
      if (plaintext === undefined) return undefined;
      this.state = { ...this.state, skipped: this.state.skipped.filter((key) => key !== stored) };
      return this.#holds({ plaintext, stored: true, skipped: false, n }, entropy);
    }
    if (n > 16383 || pn > 16384) return undefined;
    return this.#openFresh({ epoch, pn, n }, decrypt, entropy);
  }

  #openFresh(
    { epoch, pn, n }: { epoch: number; pn: number; n: number },
    decrypt: (mk: Uint8Array) => Uint8Array | undefined,
    entropy: Entropy,
  ): PlainOpened | "violation" | undefined {
    const listening = this.#session.role === "listener";
    let state: PlainState = { ...this.state, skipped: [...this.state.skipped] };
    const moves = epoch !== state.receiving.epoch;
    const rest = moves ? pn - state.receiving.n : 0;
    if (moves) {
      if (state.next === null || epoch !== state.next.epoch || rest < 0 || rest > 32) return undefined;
      const old = skip(state.receiving, pn);
      state = { ...state, skipped: [...state.skipped, ...old.keys], receiving: state.next, next: null };
    }
    const chain = state.receiving;
    if (n < chain.n || n - chain.n > 32) return undefined;
    if (listening && chain.n <= 8 && n > 8) return undefined;
    const { keys, ck } = skip(chain, n);
    const [mk, next] = kdfCk(ck);
    const plaintext = decrypt(mk);
    if (plaintext === undefined) return undefined;
    // The ciphertext, which gave `next`, was the last of its chain.
    if (!listening && (moves ? rest !== 0 : this.state.next !== null)) return "violation";
    const oldest = moves ? epoch - 1 : 0;
    state.skipped = [...state.skipped, ...keys].filter((key) => key.epoch >= oldest).slice(-128);
    this.state = { ...state, receiving: { epoch, ck: next, n: n + 1 } };
    return this.#holds({ plaintext, stored: false, skipped: rest > 0 || keys.length > 0, n }, entropy);
  }

  /** What the plaintext means for renewals. */
  #holds(opened: PlainOpened, entropy: Entropy): PlainOpened | "violation" {
    const { plaintext, stored, n } = opened;
    const { state } = this;
    const kind = plaintext[0]!;
    if (this.#session.role === "listener") {
      if (kind === 3 || (kind === 2) !== (n === 8 && !stored)) return "violation";
      if (kind !== 2) return opened;
      if (state.answer !== null || state.receiving.epoch === 0xffffffff) return "violation";
      return this.#encapsulate(plaintext.slice(1, 1217), entropy) ? opened : "violation";
    }
    if (kind === 2 || (kind === 3 && (stored || state.asked?.left !== true))) return "violation";
    if (kind !== 3) return opened;
    return this.#decapsulate(plaintext.slice(1, 1121)) ? opened : "violation";
  }

  #encapsulate(key: Uint8Array, entropy: Entropy): boolean {
    const [m, secret] = [draw(entropy, 32), draw(entropy, 32)];
    const shared = dh(secret, key.slice(1184));
    let made: { cipherText: Uint8Array; sharedSecret: Uint8Array };
    try {
      made = ml_kem768.encapsulate(key.slice(0, 1184), m);
    } catch {
      return false;
    }
    if (shared === undefined) return false;
    const ciphertext = join(made.cipherText, x25519.getPublicKey(secret));
    const [rk, a, b] = this.#epochKeys(made.sharedSecret, shared, key, ciphertext);
    const epoch = this.state.receiving.epoch + 1;
    const answer = { ciphertext, chain: { epoch, ck: b, n: 0 } };
    this.state = { ...this.state, rk, next: { epoch, ck: a, n: 0 }, answer };
    return true;
  }

  #decapsulate(ciphertext: Uint8Array): boolean {
    const { asked, sending, receiving } = this.state;
    if (asked === null) return false;
    const ss = ml_kem768.decapsulate(ciphertext.slice(0, 1088), ml_kem768.keygen(asked.seed).secretKey);
    const shared = dh(asked.secret, ciphertext.slice(1088));
    if (shared === undefined) return false;
    const [rk, a, b] = this.#epochKeys(ss, shared, asked.key, ciphertext);
    const epoch = receiving.epoch + 1;
    const next = { epoch, ck: b, n: 0 };
    this.state = { ...this.state, rk, next, asked: null, pn: sending.n, sending: { epoch, ck: a, n: 0 } };
    return true;
  }

  #epochKeys(ss: Uint8Array, shared: Uint8Array, key: Uint8Array, ciphertext: Uint8Array): ThreeKeys {
    const epoch = u32(this.state.receiving.epoch + 1);
    const th = sha256(join(utf8("sesame/1 renewal"), epoch, key, ciphertext));
    return three(hkdf(sha256, join(ss, shared), this.state.rk, join(utf8("sesame/1 epoch"), th), 96));
  }

  #aad(sending: boolean, frameHeader: Uint8Array, header: Uint8Array): Uint8Array {
    const { role, sessionId, dialer, listener } = this.#session;
    const fromDialer = sending === (role === "dialer");
    const ids = fromDialer ? [dialer, listener] : [listener, dialer];
    return join(utf8("sesame/1 cell"), sessionId, Uint8Array.of(fromDialer ? 0 : 1), ...ids, frameHeader, header);
  }
}

/** The message keys before number `until`, and the chain key there. */
function skip(chain: PlainChain, until: number): { keys: PlainState["skipped"]; ck: Uint8Array } {
  const keys: PlainState["skipped"] = [];
  let { ck } = chain;
  for (let n = chain.n; n < until; n++) {
    const [mk, next] = kdfCk(ck);
    keys.push({ epoch: chain.epoch, n, mk });
    ck = next;
  }
  return { keys, ck };
}

type ThreeKeys = [rk: Uint8Array, a: Uint8Array, b: Uint8Array];

function three(out: Uint8Array): ThreeKeys {
  return [out.slice(0, 32), out.slice(32, 64), out.slice(64)];
}

function kdfCk(ck: Uint8Array): [mk: Uint8Array, next: Uint8Array] {
  return [hmac(sha256, ck, Uint8Array.of(1)), hmac(sha256, ck, Uint8Array.of(2))];
}

function padded(kind: number, body: Uint8Array): Uint8Array {
  const plaintext = new Uint8Array(PLAINTEXT);
  plaintext[0] = kind;
  plaintext.set(body, 1);
  return plaintext;
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
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

function u32(n: number): Uint8Array {
  return Uint8Array.of(n >>> 24, n >>> 16, n >>> 8, n);
}

function u16(n: number): Uint8Array {
  return Uint8Array.of(n >>> 8, n);
}

function readUint(bytes: Uint8Array, at: number, length: number): number {
  return bytes.slice(at, at + length).reduce((sum, byte) => sum * 256 + byte, 0);
}

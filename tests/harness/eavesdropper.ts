// Somebody who was shown all state of one side, and from then on hears every frame of both, with X25519, ML-KEM or both
// broken (docs/PROTOCOL.md section 4, "What a renewal heals"). A reader of the specification over noble: all they have is what
// they were shown, what they hear and what is broken. Also in scope: which epoch must be the first that shuts them out.

import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { x25519 } from "@noble/curves/ed25519.js";
import { hkdf } from "@noble/hashes/hkdf.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { ml_kem768 } from "@noble/post-quantum/ml-kem.js";
import { join, type State, u32, utf8 } from "../reference/reference.ts";

/** A dials, B listens. */
export type Side = "A" | "B";

/** What is broken gives its shared secret of each renewal. */
export interface Broken {
  readonly x25519: boolean;
  readonly kem: boolean;
}

export const BROKEN = {
  "X25519": { x25519: true, kem: false },
  "ML-KEM": { x25519: false, kem: true },
  both: { x25519: true, kem: true },
} as const satisfies Readonly<Record<string, Broken>>;

export type BrokenLegs = keyof typeof BROKEN;

/** What a renewal into this epoch computed: a broken leg gives him its own. */
export interface Exchanged {
  readonly epoch: number;
  readonly ss: Uint8Array;
  readonly dh: Uint8Array;
}

/** What a cell's AAD begins with, by who sends. */
export type AadOf = Readonly<Record<Side, Uint8Array>>;

export function aadOf(sessionId: Uint8Array, dialer: Uint8Array, listener: Uint8Array): AadOf {
  const label = utf8("sesame/1 cell");
  return {
    A: join(label, sessionId, Uint8Array.of(0), dialer, listener),
    B: join(label, sessionId, Uint8Array.of(1), listener, dialer),
  };
}

interface Chain {
  readonly epoch: number;
  ck: Uint8Array;
  n: number;
}

export class Eavesdropper {
  readonly #aad: AadOf;
  readonly #broken: Broken;
  #rk: Uint8Array;
  /** By who sends; those of the next epoch too, once he has them. */
  readonly #chains: Record<Side, Chain[]>;
  /** The private halves that he was shown, and the public key that waits for its ciphertext. */
  #shown: { readonly seed: Uint8Array; readonly secret: Uint8Array } | undefined;
  #key: Uint8Array | undefined;

  /** `state` is that of `side`, at the moment at which it is revealed. */
  constructor(side: Side, state: State, broken: Broken, aad: AadOf) {
    this.#aad = aad;
    this.#broken = broken;
    this.#rk = state.rk;
    const other: Side = side === "A" ? "B" : "A";
    this.#chains = { A: [], B: [] };
    this.#chains[side] = chains(state.sending, state.nextSending);
    this.#chains[other] = chains(state.receiving, state.nextReceiving);
    this.#shown = state.asked;
    this.#key = state.asked?.key;
  }

  /** True: he reads it. `exchanged`: the renewal that this cell completes, if it is a ciphertext. */
  hears(from: Side, frame: Uint8Array, exchanged: Exchanged | undefined): boolean {
    const { epoch, n } = numbersOf(frame);
    const chain = this.#chains[from].find((one) => one.epoch === epoch);
    if (chain === undefined || chain.n > n) return false;
    let { ck } = chain;
    for (; chain.n < n; chain.n++) ck = hmac(sha256, ck, Uint8Array.of(2));
    const mk = hmac(sha256, ck, Uint8Array.of(1));
    chain.ck = hmac(sha256, ck, Uint8Array.of(2));
    chain.n = n + 1;
    let plaintext: Uint8Array;
    try {
      const aad = join(this.#aad[from], frame.subarray(0, 12));
      plaintext = chacha20poly1305(mk, new Uint8Array(12), aad).decrypt(frame.slice(12));
    } catch {
      return false;
    }
    if (plaintext[0] === 2) {
      const key = plaintext.slice(1, 1217);
      // The private halves that he was shown are those of the key that was made by then.
      if (this.#key?.every((byte, i) => byte === key[i]) !== true) this.#shown = undefined;
      this.#key = key;
    }
    if (plaintext[0] === 3) this.#follow(epoch + 1, plaintext.slice(1, 1121), exchanged);
    return true;
  }

  #follow(epoch: number, ciphertext: Uint8Array, exchanged: Exchanged | undefined): void {
    if (this.#key === undefined || this.#chains.A.some((chain) => chain.epoch === epoch)) return;
    const given = exchanged?.epoch === epoch ? exchanged : undefined;
    const shown = this.#shown;
    // He guesses what he lacks, without success.
    let [ss, dh] = [new Uint8Array(32), new Uint8Array(32)];
    if (shown !== undefined) {
      ss = ml_kem768.decapsulate(ciphertext.slice(0, 1088), ml_kem768.keygen(shown.seed).secretKey);
      dh = x25519.getSharedSecret(shown.secret, ciphertext.slice(1088));
    }
    if (this.#broken.kem && given !== undefined) ss = given.ss.slice();
    if (this.#broken.x25519 && given !== undefined) dh = given.dh.slice();
    const th = sha256(join(utf8("sesame/1 renewal"), u32(epoch), this.#key, ciphertext));
    const out = hkdf(sha256, join(ss, dh), this.#rk, join(utf8("sesame/1 epoch"), th), 96);
    this.#shown = this.#key = undefined;
    this.#rk = out.slice(0, 32);
    for (const [side, at] of [["A", 32], ["B", 64]] as const) {
      this.#chains[side] = [...this.#chains[side].slice(-1), { epoch, ck: out.slice(at, at + 32), n: 0 }];
    }
  }
}

/** The first epoch whose renewal is wholly made after the reveal: neither leg alone may open a cell of it. */
export function firstHealed(
  side: Side,
  { sending, receiving, asked, ciphertext, nextReceiving }: State,
): number {
  // A key that was made already is known with the state of the dialer; a ciphertext, with the listener's, is used up when
  // the next chains are there.
  if (side === "A") return sending.epoch + (asked === undefined ? 1 : 2);
  return (ciphertext === undefined && nextReceiving === undefined ? receiving.epoch : receiving.epoch + 1) + 1;
}

/** Of a cell's frame. */
export function numbersOf(frame: Uint8Array): { readonly epoch: number; readonly n: number } {
  const view = new DataView(frame.buffer, frame.byteOffset);
  return { epoch: view.getUint32(4), n: view.getUint16(10) };
}

function chains(...all: readonly (Chain | undefined)[]): Chain[] {
  return all.filter((chain) => chain !== undefined).map(({ epoch, ck, n }) => ({ epoch, ck, n }));
}

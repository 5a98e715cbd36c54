// docs/PROTOCOL.md section 4: the ratchet, slow and plain, over noble, written from the page alone. Its state is one plain
// object that is replaced and never changed, so that a cell that fails cannot have changed anything.
// A test may look at the state, put another in its place, bend each cell, and see every secret that is computed.

import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { x25519 } from "@noble/curves/ed25519.js";
import { hkdf } from "@noble/hashes/hkdf.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { ml_kem768 } from "@noble/post-quantum/ml-kem.js";
import { type Bytes, cut, type Draw, join, random, systemDraw, u16, u32, utf8 } from "./bytes.ts";
import { type Cell, decodeCell, encodeCell, Violation } from "./cell.ts";
import { FRAME_HEADER, type FrameBend, frameOf, TYPE } from "./frame.ts";

export const RATCHET_HEADER = 8;
export const TAG = 16;
/** The dialer's cell of this number is the key, in every epoch. */
export const KEY_CELL = 8;
export const CHAIN_CELLS = 16384;
export const SKIP = 32;
export const STORED = 128;
export const LAST_EPOCH = 0xffffffff;
const BODY = FRAME_HEADER + RATCHET_HEADER;

export type Role = "dialer" | "listener";

/** A chain key, of the cell `n` that comes next. */
export interface Chain {
  readonly epoch: number;
  readonly ck: Bytes;
  readonly n: number;
}

export interface State {
  readonly rk: Bytes;
  /** `pn`: how many cells the chain before it had. */
  readonly sending: Chain & { readonly pn: number };
  readonly receiving: Chain;
  /** From the renewal on until the peer's first cell of the new epoch. */
  readonly nextReceiving: Chain | undefined;
  /** Of the listener until its ciphertext has left; of a dialer that does not move on. */
  readonly nextSending: Chain | undefined;
  /** Oldest first. */
  readonly stored: readonly { readonly epoch: number; readonly n: number; readonly mk: Bytes }[];
  /** Of the dialer, from its key on until the ciphertext. `left`: a cell has been sealed since it was made. */
  readonly asked:
    | { readonly seed: Bytes; readonly secret: Bytes; readonly key: Bytes; readonly left: boolean }
    | undefined;
  /** Of the listener, from the key on until its next cell. */
  readonly ciphertext: Bytes | undefined;
  /** At the dialer: how long the ciphertext has said that the receiving chain is. */
  readonly length: number | undefined;
}

export interface Start {
  readonly role: Role;
  readonly RK: Uint8Array;
  readonly sessionId: Uint8Array;
  /** Of section 3: the own private key and the peer's public one. */
  readonly ratchetSecret: Uint8Array;
  readonly peerRatchet: Uint8Array;
  readonly peerIdA: Uint8Array;
  readonly peerIdB: Uint8Array;
}

/** Every value that is computed, by its name on the page. */
export type Seen =
  | { readonly what: "start"; readonly rk: Bytes; readonly dh: Bytes; readonly roots: readonly Bytes[] }
  | { readonly what: "key"; readonly seed: Bytes; readonly secret: Bytes; readonly key: Bytes; readonly epoch: number }
  | Renewed
  | { readonly what: "cell"; readonly sealed: boolean; readonly ck: Bytes; readonly mk: Bytes; readonly next: Bytes }
  | { readonly what: "aad"; readonly fromDialer: boolean; readonly headers: Bytes; readonly aad: Bytes };

export interface Renewed {
  readonly what: "renewal";
  readonly epoch: number;
  readonly key: Bytes;
  readonly ciphertext: Bytes;
  readonly ss: Bytes;
  readonly dh: Bytes;
  readonly th: Bytes;
  /** The root key before it. */
  readonly rk: Bytes;
  /** The own half: what was drawn. `m` is the listener's. */
  readonly secret: Bytes;
  readonly m: Bytes | undefined;
  /** RK, CKa, CKb. */
  readonly roots: readonly Bytes[];
}

/** What a hostile sender does differently with one cell. */
export interface SealBend {
  /** Leaves out so many numbers before this one: their cells are never sent. */
  readonly skip?: number;
  readonly pn?: number;
  readonly epoch?: number;
  /** Frame header bytes, also in the AAD. */
  readonly header?: FrameBend;
  /** Seals as if the cell went the other way. */
  readonly reflected?: true;
}

export interface Sealed {
  readonly frame: Bytes;
  readonly plaintext: Uint8Array;
  readonly epoch: number;
  readonly pn: number;
  readonly n: number;
  readonly aad: Bytes;
  readonly ckBefore: Bytes;
  readonly mk: Bytes;
  readonly ckAfter: Bytes;
}

export interface Opened {
  readonly plaintext: Bytes;
  readonly stored: boolean;
  /** How many cells it passed over. */
  readonly skipped: number;
  readonly epoch: number;
  readonly pn: number;
  readonly n: number;
}

export class Ratchet {
  state: State;
  readonly role: Role;
  /** A dialer that goes on sending in the old epoch until `moveOn`. */
  staying = false;
  readonly #start: Start;
  readonly #draw: Draw;
  readonly #see: (seen: Seen) => void;

  /** Throws a Violation for a ratchet key of low order. */
  constructor(start: Start, draw: Draw = systemDraw, see: (seen: Seen) => void = () => {}) {
    [this.#start, this.#draw, this.#see, this.role] = [start, draw, see, start.role];
    const dh = agreed(start.ratchetSecret, start.peerRatchet);
    const roots = threeKeys(start.RK, dh, utf8("sesame/1 root"));
    see({ what: "start", rk: Uint8Array.from(start.RK), dh, roots });
    const [rk, out, back] = this.#own(roots);
    this.state = {
      rk,
      sending: { epoch: 0, ck: out, n: 0, pn: 0 },
      receiving: { epoch: 0, ck: back, n: 0 },
      nextReceiving: undefined,
      nextSending: undefined,
      stored: [],
      asked: undefined,
      ciphertext: undefined,
      length: undefined,
    };
  }

  /** What the next cell has to be, whatever is queued. */
  get due(): "key" | "ciphertext" | undefined {
    const { n, epoch } = this.state.sending;
    // Never one directly behind another.
    if (this.state.ciphertext !== undefined && (n > 0 || epoch === 0)) return "ciphertext";
    const asks = this.role === "dialer" && n === KEY_CELL && this.state.asked?.left !== true;
    return asks && epoch !== LAST_EPOCH ? "key" : undefined;
  }

  /** The plaintext of what is due. Makes the key if that has not been done yet. */
  get duePlaintext(): Bytes | undefined {
    if (this.due === "ciphertext") {
      const [ct, dh] = cut(this.state.ciphertext!, 1088, 32);
      return encodeCell({ kind: "ciphertext", ct: ct!, dh: dh! });
    }
    if (this.due === undefined) return undefined;
    const [kem, dh] = cut(this.state.asked?.key ?? this.makeKey(), 1184, 32);
    return encodeCell({ kind: "key", kem: kem!, dh: dh! });
  }

  /** The key or the ciphertext that is due; behind a ciphertext the next epoch begins. `plaintext`: something else instead. */
  sealDue(bend?: SealBend, plaintext: Uint8Array = this.duePlaintext!): Sealed {
    const ends = this.due === "ciphertext";
    const sealed = this.seal(plaintext, bend);
    if (ends) {
      this.state = { ...this.state, ciphertext: undefined };
      this.moveOn();
    }
    return sealed;
  }

  /** Draws 64 bytes of seed, then 32 of X25519 key. */
  makeKey(): Bytes {
    const [seed, secret] = [random(64, this.#draw), random(32, this.#draw)];
    const key = join(ml_kem768.keygen(seed).publicKey, x25519.getPublicKey(secret));
    this.#see({ what: "key", seed, secret, key, epoch: this.state.sending.epoch + 1 });
    this.state = { ...this.state, asked: { seed, secret, key, left: false } };
    return key;
  }

  /** The next cell is number 0 of the new epoch. */
  moveOn(): void {
    const { nextSending, sending } = this.state;
    if (nextSending === undefined) throw new Error("there is no epoch to move on to");
    this.state = { ...this.state, nextSending: undefined, sending: { ...nextSending, pn: sending.n } };
  }

  /** Any plaintext, whatever is due. */
  seal(plaintext: Uint8Array, bend: SealBend = {}): Sealed {
    for (let i = 0; i < (bend.skip ?? 0); i++) this.#stepSending();
    const { n } = this.state.sending;
    const [epoch, pn] = [bend.epoch ?? this.state.sending.epoch, bend.pn ?? this.state.sending.pn];
    const frame = frameOf(TYPE.cell, join(u32(epoch), u16(pn), u16(n)), bend.header);
    const { ck: ckBefore, mk, next: ckAfter } = this.#stepSending();
    const aad = this.#aad((this.role === "dialer") !== (bend.reflected === true), frame.slice(0, BODY));
    frame.set(chacha20poly1305(mk, NONCE, aad).encrypt(plaintext), BODY);
    const { asked } = this.state;
    if (asked !== undefined) this.state = { ...this.state, asked: { ...asked, left: true } };
    return { frame, plaintext, epoch, pn, n, aad, ckBefore, mk, ckAfter };
  }

  /** "Receiving", 1 to 6. Undefined: the cell fails, and the state is the one that it was. */
  open(frame: Uint8Array): Opened | undefined {
    const view = new DataView(frame.buffer, frame.byteOffset + FRAME_HEADER);
    const [epoch, pn, n] = [view.getUint32(0), view.getUint16(4), view.getUint16(6)];
    const aad = this.#aad(this.role === "listener", Uint8Array.from(frame.subarray(0, BODY)));
    const decrypt = (mk: Bytes): Bytes | undefined => {
      try {
        return Uint8Array.from(chacha20poly1305(mk, NONCE, aad).decrypt(Uint8Array.from(frame.subarray(BODY))));
      } catch {
        return undefined;
      }
    };
    const { stored, receiving, nextReceiving, length } = this.state;

    const kept = stored.find((key) => key.epoch === epoch && key.n === n);
    if (kept !== undefined) {
      const plaintext = decrypt(kept.mk);
      if (plaintext === undefined) return undefined;
      this.state = { ...this.state, stored: stored.filter((key) => key !== kept) };
      return { plaintext, stored: true, skipped: 0, epoch, pn, n };
    }
    if (n >= CHAIN_CELLS || pn > CHAIN_CELLS) return undefined;

    const passed: State["stored"][number][] = [];
    let chain: Chain;
    if (epoch === receiving.epoch) {
      if (n < receiving.n || n - receiving.n > SKIP) return undefined;
      chain = receiving;
    } else if (nextReceiving !== undefined && epoch === nextReceiving.epoch) {
      if (pn < receiving.n || pn - receiving.n > SKIP || n > SKIP) return undefined;
      this.#passOver(receiving, pn, passed);
      chain = nextReceiving;
    } else return undefined;
    if (this.role === "listener" && n > KEY_CELL && chain.n <= KEY_CELL) return undefined;

    chain = this.#passOver(chain, n, passed);
    const { mk, next } = this.#step(chain.ck, false);
    const plaintext = decrypt(mk);
    if (plaintext === undefined) return undefined;
    const state = { ...this.state, receiving: { epoch, ck: next, n: n + 1 } };
    const all = [...stored, ...passed];
    if (epoch === receiving.epoch) this.state = { ...state, stored: all.slice(-STORED) };
    else {
      const young = all.filter((key) => key.epoch >= epoch - 1);
      this.state = { ...state, nextReceiving: undefined, length: undefined, stored: young.slice(-STORED) };
      if (length !== undefined && pn !== length) throw new Violation("pn is not the length that the ciphertext gave");
    }
    return { plaintext, stored: false, skipped: passed.length, epoch, pn, n };
  }

  /** "Renewal": what an opened cell brings to it. Throws a Violation. */
  take(cell: Cell, { stored, epoch, n }: Opened): void {
    const renews = cell.kind === "key" || cell.kind === "ciphertext";
    if (stored) {
      if (renews) throw new Violation("a renewal in a late cell");
      return;
    }
    if (this.role === "listener") {
      if ((cell.kind === "key") !== (n === KEY_CELL)) throw new Violation("cell 8 is the key, and no other");
      if (cell.kind === "key") this.#answer(cell, epoch);
      else if (renews) throw new Violation("a ciphertext from the dialer");
      return;
    }
    if (cell.kind === "key") throw new Violation("a key from the listener");
    if (cell.kind === "ciphertext") this.#answered(cell, epoch, n + 1);
    else if (this.state.length !== undefined) throw new Violation("a cell behind the ciphertext");
  }

  /** `open`, the cell in it, and `take`. Undefined: it failed. Throws a Violation. */
  receive(frame: Uint8Array): (Opened & { readonly cell: Cell }) | undefined {
    const opened = this.open(frame);
    if (opened === undefined) return undefined;
    const cell = decodeCell(opened.plaintext);
    this.take(cell, opened);
    return { ...opened, cell };
  }

  /** The listener opens the key: 32 bytes for the KEM, 32 of X25519 key. */
  #answer({ kem, dh: dhA }: Cell & { kind: "key" }, epoch: number): void {
    if (epoch === LAST_EPOCH) throw new Violation("a key in the last epoch");
    const [m, secret] = [random(32, this.#draw), random(32, this.#draw)];
    const dh = agreed(secret, dhA);
    const { cipherText, sharedSecret } = encapsulated(kem, m);
    const key = join(kem, dhA);
    const ciphertext = join(cipherText, x25519.getPublicKey(secret));
    this.#renew({ epoch: epoch + 1, key, ciphertext, ss: Uint8Array.from(sharedSecret), dh, secret, m });
    this.state = { ...this.state, ciphertext };
  }

  /** The dialer opens the ciphertext, which was number `length - 1` of its chain. */
  #answered({ ct, dh: dhB }: Cell & { kind: "ciphertext" }, epoch: number, length: number): void {
    const { asked } = this.state;
    if (asked?.left !== true) throw new Violation("a ciphertext that no key waits for");
    const dh = agreed(asked.secret, dhB);
    const ss = Uint8Array.from(ml_kem768.decapsulate(ct, ml_kem768.keygen(asked.seed).secretKey));
    const { key, secret } = asked;
    this.#renew({ epoch: epoch + 1, key, ciphertext: join(ct, dhB), ss, dh, secret, m: undefined });
    this.state = { ...this.state, asked: undefined, length };
    if (!this.staying) this.moveOn();
  }

  #renew(renewal: Omit<Renewed, "what" | "th" | "roots" | "rk">): void {
    const { epoch, key, ciphertext, ss, dh } = renewal;
    const th = Uint8Array.from(sha256(join(utf8("sesame/1 renewal"), u32(epoch), key, ciphertext)));
    const roots = threeKeys(this.state.rk, join(ss, dh), join(utf8("sesame/1 epoch"), th));
    this.#see({ ...renewal, what: "renewal", th, roots, rk: this.state.rk });
    const [rk, out, back] = this.#own(roots);
    this.state = {
      ...this.state,
      rk,
      nextSending: { epoch, ck: out, n: 0 },
      nextReceiving: { epoch, ck: back, n: 0 },
    };
  }

  /** RK, and the chains as this side uses them. */
  #own([rk, ckA, ckB]: readonly Bytes[]): [rk: Bytes, out: Bytes, back: Bytes] {
    return this.role === "dialer" ? [rk!, ckA!, ckB!] : [rk!, ckB!, ckA!];
  }

  #passOver(chain: Chain, until: number, passed: State["stored"][number][]): Chain {
    let { ck, n } = chain;
    for (; n < until; n++) {
      const { mk, next } = this.#step(ck, false);
      passed.push({ epoch: chain.epoch, n, mk });
      ck = next;
    }
    return { epoch: chain.epoch, ck, n };
  }

  #stepSending(): { ck: Bytes; mk: Bytes; next: Bytes } {
    const { sending } = this.state;
    const step = this.#step(sending.ck, true);
    this.state = { ...this.state, sending: { ...sending, ck: step.next, n: sending.n + 1 } };
    return step;
  }

  #step(ck: Bytes, sealed: boolean): { ck: Bytes; mk: Bytes; next: Bytes } {
    const [mk, next] = [1, 2].map((byte) => Uint8Array.from(hmac(sha256, ck, Uint8Array.of(byte))));
    this.#see({ what: "cell", sealed, ck, mk: mk!, next: next! });
    return { ck, mk: mk!, next: next! };
  }

  #aad(fromDialer: boolean, headers: Bytes): Bytes {
    const { sessionId, peerIdA, peerIdB } = this.#start;
    const ids = fromDialer ? [peerIdA, peerIdB] : [peerIdB, peerIdA];
    const aad = join(utf8("sesame/1 cell"), sessionId, Uint8Array.of(fromDialer ? 0 : 1), ...ids, headers);
    this.#see({ what: "aad", fromDialer, headers, aad });
    return aad;
  }
}

const NONCE = new Uint8Array(12);

function threeKeys(rk: Uint8Array, secret: Uint8Array, info: Uint8Array): Bytes[] {
  return cut(hkdf(sha256, secret, rk, info, 96), 32, 32, 32);
}

/** noble throws for an all-zero result. */
function agreed(secret: Uint8Array, publicKey: Uint8Array): Bytes {
  try {
    return Uint8Array.from(x25519.getSharedSecret(secret, publicKey));
  } catch {
    throw new Violation("a key of low order");
  }
}

/** noble makes the check of FIPS 203 section 7.2. */
function encapsulated(kem: Uint8Array, m: Uint8Array): { cipherText: Uint8Array; sharedSecret: Uint8Array } {
  try {
    return ml_kem768.encapsulate(kem, m);
  } catch {
    throw new Violation("a KEM key that fails the check");
  }
}

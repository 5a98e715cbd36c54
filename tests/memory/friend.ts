// The product's friend, who enters every secret of their session in a ledger: what both sides know, since it computes it
// too, and what only the product knows, since it reads that out of the product's live arena and checks it against the
// public values. In here: handshake and ratchet in both roles, over the product's own TLS and codecs and the noble
// libraries' arithmetic. Not in here: the search.

import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { ed25519, x25519 } from "@noble/curves/ed25519.js";
import { blake2b } from "@noble/hashes/blake2.js";
import { hkdf } from "@noble/hashes/hkdf.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { ml_kem768 } from "@noble/post-quantum/ml-kem.js";
import { argon2id } from "hash-wasm";
import { CELL_PLAINTEXT_SIZE, FRAME_BODY_SIZE, RATCHET_HEADER_SIZE } from "../../src/constants.ts";
import type { Link } from "../../src/ports.ts";
import { type Cell, decodeCell, DUMMY, encodeCell } from "../../src/wire/cell.ts";
import { fragmentsOf } from "../../src/wire/fragment.ts";
import { decodeFrame, encodeFrame, FrameType } from "../../src/wire/frame.ts";
import {
  type Answer,
  decodeAccept,
  decodeAnswer,
  decodeOffer,
  encodeAccept,
  encodeAnswer,
  encodeOffer,
  type Offer,
} from "../../src/wire/handshake_body.ts";
import { decodeMessage, encodeMessage, type Message } from "../../src/wire/message.ts";
import type { Ledger, State } from "./ledger.ts";

const { Point } = ed25519;
const L = Point.Fn.ORDER;
const M = Point.fromHex("d048032c6ea0b6d697ddc2e86bda85a33adac920f1bf18e1b0c6d166a5cecdaf");
const N = Point.fromHex("d3bfb518f44f3430f29d0c92af503865a1ed3281dc69b35dd868ba85f886c4ab");

/** What the friend may know of the product's memory: 32-byte pieces of its arena, as they stand now or have stood. */
export type Peek = (length: number) => Iterable<Uint8Array>;

export interface Stretched {
  readonly salt: Uint8Array;
  readonly w: bigint;
  readonly wM: InstanceType<typeof Point>;
  readonly wN: InstanceType<typeof Point>;
}

/** Argon2id and what follows from it. Enters the phrase's own secrets; w stays in use by the product. */
export async function stretch(ledger: Ledger, phrase: Uint8Array, salt: Uint8Array): Promise<Stretched> {
  const saltOfArgon = sha256(join(utf8("sesame/1 phrase"), Uint8Array.of(0), salt));
  const settings = { parallelism: 4, iterations: 3, memorySize: 65536, hashLength: 64 };
  const wBytes = await argon2id({ password: phrase, salt: saltOfArgon, ...settings, outputType: "binary" });
  ledger.learn("wBytes (Argon2id's output)", wBytes, "gone", "wide");
  // RFC 9106 section 3.2: what all the work begins with, and enough to test guesses without that work.
  const H0 = blake2b(join(
    ...[4, 64, 65536, 3, 0x13, 2].map(u32le),
    u32le(phrase.length),
    phrase,
    u32le(saltOfArgon.length),
    saltOfArgon,
    u32le(0),
    u32le(0),
  ));
  ledger.learn("H0 of Argon2id", H0, "gone", "wide");
  const w = littleEndian(wBytes) % L;
  const [wM, wN] = [M.multiply(w), N.multiply(w)];
  ledger.learn("w", bytes32(w), "live", "wide");
  ledger.learn("w*M, w*N", wM.toBytes(), "live", "wide");
  ledger.learn("w*M, w*N", wN.toBytes(), "live", "wide");
  return { salt, w, wM, wN };
}

interface Keys {
  readonly confirmA: Uint8Array;
  readonly confirmB: Uint8Array;
  readonly rk: Uint8Array;
  readonly sessionId: Uint8Array;
}

/** One link with the product. Frames are read as they come; nothing is sent unless a method says so. */
export class Friend {
  readonly ledger: Ledger;
  /** Messages that came. */
  readonly messages: Message[] = [];
  over = false;
  readonly #link: Link;
  readonly #peek: Peek;
  readonly #frames: Uint8Array[] = [];
  #wake: () => void = () => {};
  #ratchet: Ratchet | undefined;
  #nextMessage = 0;
  #json: Uint8Array = new Uint8Array();

  constructor(link: Link, ledger: Ledger, peek: Peek) {
    this.#link = link;
    this.ledger = ledger;
    this.#peek = peek;
    link.receive((frame) => this.#frame(frame.slice()), () => {
      this.over = true;
      this.#wake();
    });
  }

  // --- Handshake: the product listens -------------------------------------------------------------------------------

  /** The product's offer. What is private to it now: y, its ratchet key, the KEM seed. */
  async offered(): Promise<Offer> {
    return decodeOffer(decodeFrame(await this.#next()).body);
  }

  learnOffer(offer: Offer, phrase: Stretched): void {
    const yG = Point.fromBytes(offer.shareB).subtract(phrase.wN);
    const y = this.#findScalar(yG);
    if (y !== undefined) this.#learnScalar(y, "live");
    this.#hunt(offer.ratchetB, "live");
    for (const seed of this.#peek(64)) {
      if (same(ml_kem768.keygen(seed.slice()).publicKey, offer.kem)) {
        this.ledger.learn("KEM seed", seed, "live", "wide");
        break;
      }
    }
  }

  /** Answers, checks the product's accept; afterwards both talk. */
  async answer(offer: Offer, phrase: Stretched): Promise<void> {
    const x = randomScalar();
    const K = Point.fromBytes(offer.shareB).subtract(phrase.wN).multiply((8n * x) % L).toBytes();
    const { cipherText, sharedSecret } = ml_kem768.encapsulate(offer.kem);
    const own = random(32);
    const values = {
      nonceA: random(12),
      shareA: Point.BASE.multiply(x).add(phrase.wM).toBytes(),
      ratchetA: x25519.getPublicKey(own),
      ciphertext: cipherText,
    };
    const keys = this.#derive(offer, values, phrase, K, sharedSecret, "gone");
    this.#link.send(encodeAnswer({ ...values, confirmA: keys.confirmA }));
    const accept = decodeAccept(decodeFrame(await this.#next()).body);
    if (!same(accept.confirmB, keys.confirmB)) throw new Error("the product's confirmation is wrong");
    this.ledger.set("gone", "x or y", "x*G or y*G, 8x or 8y", "KEM seed", "DH private keys");
    this.#begin(new Ratchet("dialer", keys, own, offer.ratchetB, this.#facts, this.ledger));
  }

  // --- Handshake: the product calls ---------------------------------------------------------------------------------

  /** Sends an offer. The product's answer is then waited for with `answered`. */
  offer(phrase: Stretched): Offered {
    const y = randomScalar();
    const own = random(32);
    const { publicKey, secretKey } = ml_kem768.keygen();
    const offer: Offer = {
      salt: phrase.salt,
      nonceB: random(12),
      shareB: Point.BASE.multiply(y).add(phrase.wN).toBytes(),
      ratchetB: x25519.getPublicKey(own),
      kem: publicKey,
    };
    this.#link.send(encodeOffer(offer));
    return { offer, y, own, kemSecret: secretKey };
  }

  /** What follows from the product's answer; all of it is live in the product until `accept`. */
  async answered({ offer, y, kemSecret }: Offered, phrase: Stretched): Promise<{ answer: Answer; keys: Keys }> {
    const answer = decodeAnswer(decodeFrame(await this.#next()).body);
    const K = Point.fromBytes(answer.shareA).subtract(phrase.wM).multiply((8n * y) % L).toBytes();
    const ss = ml_kem768.decapsulate(answer.ciphertext, kemSecret);
    const keys = this.#derive(offer, answer, phrase, K, ss, "live");
    if (!same(keys.confirmA, answer.confirmA)) throw new Error("the product's confirmation is wrong");
    this.#hunt(answer.ratchetA, "live");
    return { answer, keys };
  }

  /** x of the product, if it is among pieces of memory that have been seen. */
  learnX(answer: Answer, phrase: Stretched, seen: Iterable<Uint8Array>): boolean {
    const x = this.#findScalar(Point.fromBytes(answer.shareA).subtract(phrase.wM), seen);
    if (x !== undefined) this.#learnScalar(x, "gone");
    return x !== undefined;
  }

  accept({ own }: Offered, answer: Answer, keys: Keys): void {
    this.#link.send(encodeAccept({ confirmB: keys.confirmB }));
    this.ledger.set("gone", "K", "transcript", "Ke, Ka", "KcA, KcB", "ctx", "ss");
    this.#begin(new Ratchet("listener", keys, own, answer.ratchetA, this.#facts, this.ledger));
  }

  // --- Cells --------------------------------------------------------------------------------------------------------

  /** Sends a chat in the next cells, and returns its id. */
  chat(text: string): string {
    const id = random(16).toBase64({ alphabet: "base64url", omitPadding: true });
    this.#message({ type: "chat", id, text });
    return id;
  }

  bye(): void {
    this.#message({ type: "bye" });
  }

  /** A cell that is not sent yet, and the key that opens it. */
  sealed(): { frame: Uint8Array; messageKey: Uint8Array } {
    const frame = this.#seal(DUMMY);
    return { frame, messageKey: this.#talking.lastMessageKey };
  }

  send(frame: Uint8Array): void {
    this.#link.send(frame);
  }

  /** Of a cell that was held back: in the product its key waits until that cell comes. */
  skipped(messageKey: Uint8Array, state: State): void {
    this.ledger.learn("skipped keys", messageKey, state);
    this.ledger.learn("message keys", messageKey, state);
  }

  /** Nothing is under way in either direction: from here on the ledger says exactly what the product holds. */
  settle(): void {
    this.#ratchet?.settle();
  }

  /** The first message that fits, come or to come. */
  async heard(fits: (message: Message) => boolean, ms = 10_000): Promise<Message> {
    return await this.#until(() => this.messages.find(fits), ms);
  }

  /** Waits for so many more cells of the product. */
  async cells(count: number): Promise<void> {
    const wanted = this.#talking.opened + count;
    await this.#until(() => this.#talking.opened >= wanted ? true : undefined, 10_000);
  }

  /** The product has closed: nothing of the session is left in it. */
  ended(): void {
    this.#ratchet?.end();
    this.ledger.set(
      "gone",
      "x or y",
      "x*G or y*G, 8x or 8y",
      "KEM seed",
      "DH private keys",
      "root keys",
      "chain keys",
      "message keys",
      "skipped keys",
      "cell keys",
    );
  }

  close(): void {
    this.#link.close();
  }

  get #facts() {
    const { role, self, peer } = this.#link;
    const [A, B] = role === "dialer" ? [self, peer] : [peer, self];
    return { A: Uint8Array.fromHex(A), B: Uint8Array.fromHex(B) };
  }

  get #talking(): Ratchet {
    if (this.#ratchet === undefined) throw new Error("not authenticated yet");
    return this.#ratchet;
  }

  #begin(ratchet: Ratchet): void {
    this.#ratchet = ratchet;
    for (const frame of this.#frames.splice(0)) this.#cell(frame);
  }

  #frame(frame: Uint8Array): void {
    if (this.#ratchet === undefined) this.#frames.push(frame);
    else this.#cell(frame);
    this.#wake();
  }

  #cell(frame: Uint8Array): void {
    const ratchet = this.#talking;
    const { plaintext, newKey } = ratchet.open(frame);
    if (newKey !== undefined) this.#hunt(newKey, "live");
    const cell = decodeCell(plaintext);
    if (cell.kind !== "fragment") return;
    this.#json = join(cell.index === 0 ? new Uint8Array() : this.#json, cell.data);
    if (cell.index < cell.count - 1) return;
    const message = decodeMessage(this.#json);
    this.messages.push(message);
    if (message.type === "chat") this.#message({ type: "ack", id: message.id });
  }

  #message(message: Message): void {
    for (const fragment of fragmentsOf(this.#nextMessage++, encodeMessage(message))) {
      this.#link.send(this.#seal(fragment));
    }
  }

  #seal(cell: Cell): Uint8Array {
    const plaintext = new Uint8Array(CELL_PLAINTEXT_SIZE);
    encodeCell(cell, plaintext);
    return this.#talking.seal(plaintext);
  }

  async #next(): Promise<Uint8Array> {
    return await this.#until(() => this.#frames.shift(), 20_000);
  }

  async #until<T>(look: () => T | undefined, ms: number): Promise<T> {
    const deadline = performance.now() + ms;
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      const left = deadline - performance.now();
      if (this.over || left <= 0) {
        throw new Error(this.over ? "the product closed the connection" : "nothing came in time");
      }
      await new Promise<void>((done) => {
        const timer = setTimeout(done, left);
        this.#wake = () => (clearTimeout(timer), done());
      });
    }
  }

  #derive(
    offer: Offer,
    answer: Omit<Answer, "confirmA">,
    phrase: Stretched,
    K: Uint8Array,
    ss: Uint8Array,
    state: State,
  ): Keys {
    const { A, B } = this.#facts;
    const cb = this.#link.channelBinding;
    const parts = [A, B, answer.shareA, offer.shareB, K, bytes32(phrase.w).reverse()];
    const TT = join(...parts.flatMap((part) => [u64le(part.length), part]));
    const KeKa = sha256(TT);
    const [Ke, Ka] = [KeKa.slice(0, 16), KeKa.slice(16)];
    const { salt, nonceB, ratchetB, kem } = offer;
    const { nonceA, ratchetA, ciphertext } = answer;
    const ctx = sha256(
      join(utf8("sesame/1 handshake"), cb, salt, nonceA, nonceB, ratchetA, ratchetB, kem, ciphertext, ss),
    );
    const Kc = hkdf(sha256, Ka, undefined, join(utf8("ConfirmationKeys"), ctx), 32);
    const session = hkdf(sha256, join(Ke, cb, ss), ctx, utf8("sesame/1 session"), 48);
    const { ledger } = this;
    ledger.learn("K", K, state, "wide"); // live: as a part of the transcript
    // What is secret in it is K and w. K with the lengths around it marks the transcript itself; w is looked for by itself.
    ledger.learn("transcript", TT.slice(-80, -32), state);
    ledger.learn("Ke, Ka", KeKa, state, "wide");
    ledger.learn("KcA, KcB", Kc, state);
    ledger.learn("ctx", ctx, state);
    ledger.learn("ss", ss, state, "wide");
    return {
      confirmA: hmac(sha256, Kc.slice(0, 16), TT),
      confirmB: hmac(sha256, Kc.slice(16), TT),
      rk: session.slice(0, 32),
      sessionId: session.slice(32),
    };
  }

  #findScalar(
    wanted: InstanceType<typeof Point>,
    among: Iterable<Uint8Array> = this.#peek(32),
  ): Uint8Array | undefined {
    for (const piece of among) {
      const scalar = littleEndian(piece);
      if (scalar > 0n && scalar < L && Point.BASE.multiply(scalar).equals(wanted)) return piece.slice();
    }
    return undefined;
  }

  #learnScalar(scalar: Uint8Array, state: State): void {
    const n = littleEndian(scalar);
    this.ledger.learn("x or y", scalar, state, "wide");
    this.ledger.learn("x*G or y*G, 8x or 8y", Point.BASE.multiply(n).toBytes(), "gone", "wide");
    this.ledger.learn("x*G or y*G, 8x or 8y", bytes32((8n * n) % L), "gone", "wide");
  }

  /** The product's private key of a public one that has just been seen. The one before it is then gone. */
  #hunt(publicKey: Uint8Array, state: State): void {
    this.ledger.set("gone", "DH private keys");
    for (const piece of this.#peek(32)) {
      const hex = piece.toHex();
      if (this.#tried.has(hex)) continue; // a key that has just been made was never there before
      this.#tried.add(hex);
      if (!same(x25519.getPublicKey(piece), publicKey)) continue;
      this.ledger.learn("DH private keys", piece, state, "wide");
      return;
    }
    this.missed++;
  }

  /** Private keys of the product that were not found in its arena when they should have been. */
  missed = 0;
  readonly #tried = new Set<string>();
}

export interface Offered {
  readonly offer: Offer;
  readonly y: bigint;
  readonly own: Uint8Array;
  readonly kemSecret: Uint8Array;
}

/** docs/PROTOCOL.md section 4 from the friend's side. TCP loses nothing, so no skipped keys are kept here. */
class Ratchet {
  opened = 0;
  lastMessageKey: Uint8Array = new Uint8Array(32);
  #rk: Uint8Array;
  #dhs: Uint8Array;
  #dhr: Uint8Array;
  #cks: Uint8Array;
  #ckr: Uint8Array | undefined;
  #ns = 0;
  #nr = 0;
  #pn = 0;
  /** Where the product stands until our first cell under a new key reaches it. */
  #pending: { rk: Uint8Array; cks: Uint8Array | undefined } | undefined;

  constructor(
    readonly role: "dialer" | "listener",
    readonly keys: Keys,
    own: Uint8Array,
    peer: Uint8Array,
    readonly facts: { A: Uint8Array; B: Uint8Array },
    readonly ledger: Ledger,
  ) {
    this.#dhr = peer;
    this.#rk = keys.rk;
    ledger.learn("root keys", keys.rk, "gone", "wide");
    const first = this.#root(own, peer);
    if (role === "dialer") {
      [this.#cks, this.#dhs] = [first, own];
    } else {
      this.#ckr = first;
      this.#dhs = random(32);
      this.#pending = { rk: this.#rk, cks: undefined };
      this.#cks = this.#root(this.#dhs, peer);
    }
  }

  seal(plaintext: Uint8Array): Uint8Array {
    const body = new Uint8Array(FRAME_BODY_SIZE);
    body.set(x25519.getPublicKey(this.#dhs));
    const view = new DataView(body.buffer);
    view.setUint32(32, this.#pn);
    view.setUint32(36, this.#ns++);
    const frame = encodeFrame(FrameType.cell, body);
    // The product's receiving chain follows once the cell has come; `quiet` of scan.ts waits for that.
    const { mk, next } = this.#step(this.#cks);
    this.#cks = next;
    const { key, nonce } = cellKey(this.ledger, mk);
    frame.set(chacha20poly1305(key, nonce, this.#aad(true, frame)).encrypt(plaintext), 4 + RATCHET_HEADER_SIZE);
    return frame;
  }

  open(frame: Uint8Array): { plaintext: Uint8Array; newKey: Uint8Array | undefined } {
    const dh = frame.slice(4, 36);
    const isNew = this.#ckr === undefined || !same(dh, this.#dhr);
    if (isNew) {
      this.#dhr = dh;
      this.#pn = this.#ns;
      this.#ns = this.#nr = 0;
      if (this.#ckr !== undefined) this.ledger.learn("chain keys", this.#ckr, "gone");
      this.#ckr = this.#root(this.#dhs, dh);
      this.#dhs = random(32);
      this.#pending = { rk: this.#rk, cks: this.#cks };
      this.#cks = this.#root(this.#dhs, dh, "unknown");
    }
    const { mk, next } = this.#step(this.#ckr!);
    this.#ckr = next;
    const n = new DataView(frame.buffer, frame.byteOffset).getUint32(40);
    if (n !== this.#nr++) throw new Error("the product skipped a counter");
    const { key, nonce } = cellKey(this.ledger, mk);
    this.opened++;
    const plaintext = chacha20poly1305(key, nonce, this.#aad(false, frame)).decrypt(frame.slice(44));
    return { plaintext, newKey: isNew ? dh : undefined };
  }

  /** Nothing is under way in either direction: says exactly what the product holds now. */
  settle(): void {
    this.ledger.set("gone", "root keys", "chain keys");
    const before = this.#ns === 0 ? this.#pending : undefined;
    this.ledger.learn("root keys", before?.rk ?? this.#rk, "live", "wide");
    const receiving = before === undefined ? this.#cks : before.cks;
    if (receiving !== undefined) this.ledger.learn("chain keys", receiving, "live");
    if (this.#ckr !== undefined) this.ledger.learn("chain keys", this.#ckr, "live");
  }

  end(): void {
    this.ledger.learn("chain keys", this.#cks, "gone");
    if (this.#ckr !== undefined) this.ledger.learn("chain keys", this.#ckr, "gone");
  }

  #root(secret: Uint8Array, publicKey: Uint8Array, state: State = "gone"): Uint8Array {
    const dh = x25519.getSharedSecret(secret, publicKey);
    this.ledger.learn("DH outputs", dh, "gone", "wide");
    const out = hkdf(sha256, dh, this.#rk, utf8("sesame/1 root"), 64);
    this.#rk = out.slice(0, 32);
    const ck = out.slice(32);
    this.ledger.learn("root keys", this.#rk, state, "wide");
    this.ledger.learn("chain keys", ck, state);
    return ck;
  }

  #step(ck: Uint8Array): { mk: Uint8Array; next: Uint8Array } {
    const mk = hmac(sha256, ck, Uint8Array.of(1));
    const next = hmac(sha256, ck, Uint8Array.of(2));
    this.ledger.learn("chain keys", ck, "gone");
    this.ledger.learn("message keys", mk, "gone");
    this.lastMessageKey = mk;
    return { mk, next };
  }

  #aad(ours: boolean, frame: Uint8Array): Uint8Array {
    const { A, B } = this.facts;
    const fromDialer = ours === (this.role === "dialer");
    const ids = fromDialer ? [A, B] : [B, A];
    return join(
      utf8("sesame/1 cell"),
      this.keys.sessionId,
      Uint8Array.of(fromDialer ? 0 : 1),
      ...ids,
      frame.subarray(0, 4 + RATCHET_HEADER_SIZE),
    );
  }
}

function cellKey(ledger: Ledger, mk: Uint8Array): { key: Uint8Array; nonce: Uint8Array } {
  const out = hkdf(sha256, mk, undefined, utf8("sesame/1 cell"), 44);
  ledger.learn("cell keys", out, "gone");
  return { key: out.slice(0, 32), nonce: out.slice(32) };
}

function join(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

export function random(length: number): Uint8Array<ArrayBuffer> {
  return crypto.getRandomValues(new Uint8Array(length));
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

function randomScalar(): bigint {
  return (littleEndian(random(64)) % (L - 1n)) + 1n;
}

function littleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${bytes.toReversed().toHex()}`);
}

function bytes32(n: bigint): Uint8Array {
  return Uint8Array.fromHex(n.toString(16).padStart(64, "0")).reverse();
}

function u32le(n: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(n).buffer);
}

function u64le(n: number): Uint8Array {
  return new Uint8Array(BigUint64Array.of(BigInt(n)).buffer);
}

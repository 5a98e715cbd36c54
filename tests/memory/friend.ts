// The product's friend, who enters every secret of their session in a ledger: what both sides know, since the reference
// computes it too, and what only the product knows, since it reads that from the product's live arena and checks it
// against the public values. Scope: which of them the product holds when. Out of scope: the protocol, the search.

import { ed25519, x25519 } from "@noble/curves/ed25519.js";
import { blake2b } from "@noble/hashes/blake2.js";
import { ml_kem768 } from "@noble/post-quantum/ml-kem.js";
import {
  acceptFrame,
  type Answer,
  bigEndian32,
  type Bytes,
  checkAccept,
  join,
  L,
  littleEndian,
  makeAnswer,
  makeOffer,
  type Message,
  type Offer,
  type Offered,
  parseOffer,
  PLAINTEXT,
  type Point,
  readAnswer,
  same,
  type Secrets,
  type Seen,
  Session,
  type Stretched,
  stretched,
  utf8,
  type Wire,
} from "../reference/reference.ts";
import type { Kind, Ledger, State } from "./ledger.ts";

const { Point } = ed25519;

/** What the friend may know about the product's memory: pieces of its arena, as they stand now or have stood. */
export type Peek = (length: number) => Iterable<Uint8Array>;

/** Argon2id and what follows from it. Enters the phrase's own secrets; w stays in use by the product. */
export async function stretch(ledger: Ledger, phrase: string, salt: Uint8Array): Promise<Stretched> {
  const result = await stretched(phrase, salt);
  const { saltPrime, wBytes, w, wM, wN } = result;
  ledger.learn("wBytes (Argon2id's output)", wBytes, "gone", "wide");
  // RFC 9106 section 3.2: what all the work begins with, and enough to test guesses without that work.
  const password = utf8(phrase.normalize("NFKC"));
  const cost = [4, 64, 65536, 3, 0x13, 2].map(u32le);
  const inputs = [password, saltPrime, new Uint8Array(), new Uint8Array()].flatMap((x) => [u32le(x.length), x]);
  ledger.learn("H0 of Argon2id", blake2b(join(...cost, ...inputs)), "gone", "wide");
  ledger.learn("w", littleEndian32(w), "live", "wide");
  ledger.learn("w*M, w*N", wM.toBytes(), "live", "wide");
  ledger.learn("w*M, w*N", wN.toBytes(), "live", "wide");
  return result;
}

/** One link with the product. Frames are read as they come; nothing is sent unless a method says so. */
export class Friend {
  readonly ledger: Ledger;
  /** Private keys of the product that were not found in its arena when they should have been. */
  missed = 0;
  /** The ciphertext leaves as soon as it is due. */
  answers = true;
  readonly #wire: Wire;
  readonly #peek: Peek;
  readonly #tried = new Set<string>();
  #session: Session | undefined;
  /** The product's root key until our ciphertext is there, and its receiving chain until our first cell of a new epoch. */
  #rkBefore: Bytes | undefined;
  #ckBefore: Bytes | undefined;

  constructor(wire: Wire, ledger: Ledger, peek: Peek) {
    this.#wire = wire;
    this.ledger = ledger;
    this.#peek = peek;
  }

  // --- Handshake: the product listens -------------------------------------------------------------------------------

  /** The product's offer. What is private to it now: y, its ratchet key, the KEM seed. */
  async offered(): Promise<Offer> {
    return parseOffer(await this.#wire.frame(20_000));
  }

  learnOffer(offer: Offer, phrase: Stretched): void {
    const y = this.#findScalar(Point.fromBytes(offer.shareB).subtract(phrase.wN));
    if (y !== undefined) this.#learnScalar(y, "live");
    this.#hunt("DH private keys", 32, (piece) => same(x25519.getPublicKey(piece), offer.ratchetB));
    this.#hunt("KEM seed", 64, (piece) => same(ml_kem768.keygen(piece.slice()).publicKey, offer.kem));
  }

  /** Answers, checks the product's accept; afterwards both talk. */
  async answer(offer: Offer, phrase: Stretched): Promise<void> {
    const { frame, secrets, ratchetSecret } = makeAnswer(this.#wire, offer, phrase);
    this.#learnSecrets(secrets, "gone");
    this.#wire.send(frame);
    checkAccept(secrets, await this.#wire.frame(20_000));
    this.ledger.set("gone", "x or y", "x*G or y*G, 8x or 8y", "KEM seed", "DH private keys");
    this.#begin(secrets, ratchetSecret, offer.ratchetB);
  }

  // --- Handshake: the product calls ---------------------------------------------------------------------------------

  /** Sends an offer. The product's answer is then waited for with `answered`. */
  offer(phrase: Stretched): Offered {
    const offered = makeOffer(phrase);
    this.#wire.send(offered.frame);
    return offered;
  }

  /** What follows from the product's answer; all of it is live in the product until `accept`. */
  async answered(offered: Offered, phrase: Stretched): Promise<{ answer: Answer; secrets: Secrets }> {
    const { secrets, right, answer } = readAnswer(this.#wire, offered, phrase, await this.#wire.frame(20_000));
    if (!right) throw new Error("the product's confirmation is wrong");
    this.#learnSecrets(secrets, "live");
    this.#hunt("DH private keys", 32, (piece) => same(x25519.getPublicKey(piece), answer.ratchetA));
    return { answer, secrets };
  }

  /** x of the product, if it is among pieces of memory that have been seen. */
  learnX(answer: Answer, phrase: Stretched, seen: Iterable<Uint8Array>): boolean {
    const x = this.#findScalar(Point.fromBytes(answer.shareA).subtract(phrase.wM), seen);
    if (x !== undefined) this.#learnScalar(x, "gone");
    return x !== undefined;
  }

  accept({ ratchetSecret }: Offered, answer: Answer, secrets: Secrets): void {
    this.#wire.send(acceptFrame(secrets));
    this.ledger.set("gone", "K", "transcript", "Ke, Ka", "KcA, KcB", "ctx", "ss", "DH private keys");
    this.#begin(secrets, ratchetSecret, answer.ratchetA);
  }

  // --- Cells --------------------------------------------------------------------------------------------------------

  /** Sends a chat in the next cells, and returns its id. */
  chat(text: string): string {
    return this.session.chat(text);
  }

  bye(): void {
    this.#say({ type: "bye" });
  }

  /** A cell that is not sent yet, and the key that opens it. */
  sealed(): { frame: Uint8Array; messageKey: Uint8Array } {
    const { ratchet } = this.session;
    while (ratchet.due !== undefined) this.session.send(this.session.dummy());
    const { frame, mk } = ratchet.seal(new Uint8Array(PLAINTEXT));
    return { frame, messageKey: mk };
  }

  send(frame: Uint8Array): void {
    this.session.send(frame);
  }

  /** Of a cell that was held back: in the product its key waits until that cell comes. */
  skipped(messageKey: Uint8Array, state: State): void {
    this.ledger.learn("skipped keys", messageKey, state);
    this.ledger.learn("message keys", messageKey, state);
  }

  /** Waits for the product's next key, or for the answer to ours: a renewal is under way. */
  async renewing(): Promise<void> {
    const { ratchet } = this.session;
    while (ratchet.role === "dialer" && ratchet.state.asked === undefined) this.send(this.session.dummy());
    await this.session.until(() => ratchet.state.ciphertext ?? ratchet.state.asked, 20_000, "no renewal");
  }

  /** Nothing is under way in either direction: says exactly what the product holds now. */
  settle(): void {
    if (this.#session === undefined) return;
    const { ledger } = this;
    const { rk, sending, receiving, nextReceiving, ciphertext } = this.session.ratchet.state;
    ledger.set("gone", "root keys", "chain keys");
    const moved = nextReceiving !== undefined && ciphertext === undefined;
    ledger.learn("root keys", ciphertext === undefined ? rk : this.#rkBefore!, "live", "wide");
    ledger.learn("chain keys", (moved ? nextReceiving : receiving).ck, "live");
    ledger.learn("chain keys", sending.ck, "live");
    // Until our first cell of the new epoch it waits for one of the old.
    if (sending.n === 0 && this.#ckBefore !== undefined) ledger.learn("chain keys", this.#ckBefore, "live");
    if (ciphertext === undefined) ledger.set("gone", "KEM seed of a renewal", "X25519 key of a renewal");
  }

  /** A renewal whose key is ours and has not been answered: what the product makes of it is not known here. */
  get asks(): boolean {
    return this.session.ratchet.state.asked !== undefined;
  }

  /** The first message that fits, come or to come. */
  async heard(fits: (message: Message) => boolean, ms = 10_000): Promise<Message> {
    return await this.session.heard(fits, ms);
  }

  /** Waits for so many more cells of the product. */
  async cells(count: number): Promise<void> {
    await this.session.cellsOpened(this.session.cells + count, 10_000);
  }

  /** The product has closed: nothing of the session is left in it. */
  ended(): void {
    if (this.#session !== undefined) this.settle();
    this.ledger.set("gone", ...OF_A_SESSION);
  }

  close(): void {
    this.#wire[Symbol.dispose]();
  }

  get session(): Session {
    if (this.#session === undefined) throw new Error("not authenticated yet");
    return this.#session;
  }

  #begin(secrets: Secrets, ratchetSecret: Uint8Array, peerRatchet: Uint8Array): void {
    const session = new Session(this.#wire, secrets, ratchetSecret, peerRatchet, (seen) => this.#see(seen));
    session.onMessage = (message) => {
      if (message.type === "chat") this.#say({ type: "ack", id: message.id });
    };
    session.onCell = () => {
      if (this.answers && session.ratchet.due === "ciphertext") session.send(session.dummy());
    };
    this.#session = session;
  }

  #say(message: Message): void {
    this.session.send(...this.session.message(message));
  }

  /** What the product computes as well. The states are those of a product that is done with it; `settle` says what it keeps. */
  #see(seen: Seen): void {
    const { ledger } = this;
    if (seen.what === "cell") {
      ledger.learn("chain keys", seen.ck, "gone");
      ledger.learn("message keys", seen.mk, "gone");
      ledger.learn("chain keys", seen.next, "unknown");
      if (seen.sealed) this.#ckBefore = seen.next;
    } else if (seen.what === "start" || seen.what === "renewal") {
      const [rk, ckA, ckB] = seen.roots;
      ledger.learn("root keys", seen.rk, "gone", "wide");
      ledger.learn("root keys", rk!, "unknown", "wide");
      ledger.learn("chain keys", ckA!, "unknown");
      ledger.learn("chain keys", ckB!, "unknown");
      ledger.learn("DH outputs", seen.dh, "gone", "wide");
      if (seen.what === "renewal") this.#seeRenewal(seen);
    }
  }

  #seeRenewal({ key, ss, m, rk }: Seen & { what: "renewal" }): void {
    this.ledger.learn("ss of a renewal", ss, "gone", "wide");
    this.#rkBefore = rk;
    if (m === undefined) return;
    // The product has asked: its key is private to it until our ciphertext is there.
    this.ledger.learn("m of a renewal", m, "gone", "wide");
    const [kem, dh] = [key.subarray(0, 1184), key.subarray(1184)];
    this.#hunt("X25519 key of a renewal", 32, (piece) => same(x25519.getPublicKey(piece), dh));
    this.#hunt("KEM seed of a renewal", 64, (piece) => same(ml_kem768.keygen(piece.slice()).publicKey, kem));
  }

  #learnSecrets({ K, TT, KeKa, Kc, ctx, ss }: Secrets, state: State): void {
    const { ledger } = this;
    ledger.learn("K", K, state, "wide"); // live: as a part of the transcript
    // What is secret in it is K and w. K with the lengths around it marks the transcript itself; w is looked for by itself.
    ledger.learn("transcript", TT.slice(-80, -32), state);
    ledger.learn("Ke, Ka", KeKa, state, "wide");
    ledger.learn("KcA, KcB", Kc, state);
    ledger.learn("ctx", ctx, state);
    ledger.learn("ss", ss, state, "wide");
  }

  #findScalar(wanted: Point, among: Iterable<Uint8Array> = this.#peek(32)): Uint8Array | undefined {
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
    this.ledger.learn("x*G or y*G, 8x or 8y", littleEndian32((8n * n) % L), "gone", "wide");
  }

  /** The product's private key of a public one that has just been seen. The one before it is then gone. */
  #hunt(kind: Kind, size: number, fits: (piece: Uint8Array) => boolean): void {
    this.ledger.set("gone", kind);
    for (const piece of this.#peek(size)) {
      const hex = `${kind} ${piece.toHex()}`;
      if (this.#tried.has(hex)) continue; // a key that has just been made was never there before
      this.#tried.add(hex);
      if (!fits(piece)) continue;
      this.ledger.learn(kind, piece, "live", "wide");
      return;
    }
    this.missed++;
  }
}

const OF_A_SESSION: readonly Kind[] = [
  "x or y",
  "x*G or y*G, 8x or 8y",
  "KEM seed",
  "DH private keys",
  "KEM seed of a renewal",
  "X25519 key of a renewal",
  "root keys",
  "chain keys",
  "message keys",
  "skipped keys",
];

function littleEndian32(n: bigint): Uint8Array {
  return bigEndian32(n).reverse();
}

function u32le(n: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(n).buffer);
}

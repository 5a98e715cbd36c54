// A second Sesame, written from docs/PROTOCOL.md over node:tls and the noble libraries, that can break any rule.
// It shares no code with src/: done right it shows that our program speaks the protocol that is written down, in both
// roles; done wrong it is the hostile peer of this suite. Sections are those of docs/PROTOCOL.md.
// In here: TLS, frames, handshake, ratchet, cells. Not in here: what a row sends and what is promised (rows_*.ts).

import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { ed25519, x25519 } from "@noble/curves/ed25519.js";
import { hkdf } from "@noble/hashes/hkdf.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { ml_kem768 } from "@noble/post-quantum/ml-kem.js";
import { connect, type ConnectionOptions, createServer, type Server, type TLSSocket } from "node:tls";
import { type Forged, makeCertificate } from "../transport/forged_certificate.ts";
import type { Job } from "./argon2id_worker.ts";

export const FRAME = 1280;
export const TYPE = { offer: 0x01, answer: 0x02, accept: 0x03, cell: 0x10 } as const;

const { Point } = ed25519;
export type Point = InstanceType<typeof Point>;
/** Order of the prime-order subgroup. */
export const L = Point.Fn.ORDER;
const M = Point.fromHex("d048032c6ea0b6d697ddc2e86bda85a33adac920f1bf18e1b0c6d166a5cecdaf");
const N = Point.fromHex("d3bfb518f44f3430f29d0c92af503865a1ed3281dc69b35dd868ba85f886c4ab");

// --- Section 1: transport -------------------------------------------------------------------------------------------

export interface Identity extends Forged {
  /** SHA-256 of the certificate. */
  readonly id: Uint8Array;
}

export function newIdentity(from: Forged = makeCertificate()): Identity {
  return { ...from, id: sha256(from.der) };
}

export interface DialOptions {
  readonly identity?: Identity;
  /** A source address on loopback, so that rows do not use up each other's places. */
  readonly from?: string;
}

/** A TLS connection, and the frames that come on it. Owns the socket. */
export class Wire implements Disposable {
  /** Bytes that came after TLS. */
  received = 0;
  #frames: Uint8Array[] = [];
  #partial = new Uint8Array();
  #closed = false;
  #wake: (() => void)[] = [];
  /** Resolves when the connection is closed, by whomever. */
  readonly gone: Promise<void>;
  readonly channelBinding: Uint8Array;
  readonly peerId: Uint8Array;
  /** Where we call from, as the other side tells it. */
  readonly localAddress: string;

  constructor(readonly socket: TLSSocket, readonly role: "dialer" | "listener", readonly identity: Identity) {
    // Under Deno these are the exporters of one's own and the other's TLS role, not the Finished messages.
    const own = Uint8Array.from(socket.getFinished() ?? []);
    const other = Uint8Array.from(socket.getPeerFinished() ?? []);
    this.channelBinding = role === "dialer" ? join(own, other) : join(other, own);
    this.peerId = sha256(Uint8Array.from(socket.getPeerCertificate(true).raw));
    this.localAddress = `${socket.localAddress}:${socket.localPort}`;
    this.gone = new Promise((done) =>
      socket.once("close", () => {
        this.#closed = true;
        this.#stir();
        done();
      })
    );
    socket.on("error", () => {});
    socket.on("end", () => socket.destroy());
    socket.on("data", (chunk: Uint8Array) => this.#take(chunk));
    socket.setNoDelay(true);
  }

  static dial(address: string, { identity = newIdentity(), from = "127.0.0.1" }: DialOptions = {}): Promise<Wire> {
    const { host, port } = split(address);
    return new Promise((done, fail) => {
      // `localAddress` goes through to the plain socket below; the types of tls.connect do not say so.
      const options: ConnectionOptions & { localAddress: string } = {
        host,
        port,
        localAddress: from,
        minVersion: "TLSv1.3",
        rejectUnauthorized: false,
        key: identity.keyPem,
        cert: identity.certificatePem,
      };
      const socket = connect(options);
      socket.once("error", fail);
      socket.once("close", () => fail(new Error("closed during TLS")));
      socket.once("secureConnect", () => done(new Wire(socket, "dialer", identity)));
    });
  }

  get closed(): boolean {
    return this.#closed;
  }

  send(...bytes: readonly Uint8Array[]): void {
    if (!this.#closed) this.socket.write(join(...bytes));
  }

  /** The next frame. Undefined: the connection is closed. Throws when neither comes in time. */
  async frame(ms = 5000): Promise<Uint8Array | undefined> {
    const deadline = performance.now() + ms;
    while (this.#frames.length === 0) {
      if (this.#closed) return undefined;
      await this.#stirred(deadline, `no frame within ${ms} ms`);
    }
    return this.#frames.shift();
  }

  /** Waits for the other side to close. Throws when it does not. */
  async closedWithin(ms: number): Promise<void> {
    const deadline = performance.now() + ms;
    while (!this.#closed) await this.#stirred(deadline, `still open after ${ms} ms`);
  }

  /** One's own goodbye to TCP, after what was written. */
  end(): void {
    this.socket.end();
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }

  #take(chunk: Uint8Array): void {
    this.received += chunk.length;
    this.#partial = join(this.#partial, chunk);
    while (this.#partial.length >= FRAME) {
      this.#frames.push(this.#partial.slice(0, FRAME));
      this.#partial = this.#partial.slice(FRAME);
    }
    this.#stir();
  }

  #stir(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }

  async #stirred(deadline: number, late: string): Promise<void> {
    const left = deadline - performance.now();
    if (left <= 0) throw new Error(late);
    await new Promise<void>((done) => {
      const timer = setTimeout(done, left);
      this.#wake.push(() => {
        clearTimeout(timer);
        done();
      });
    });
  }
}

/** A TLS server on a port of its own that asks for a certificate, as a listener does. Owns its connections. */
export class FalseListener implements AsyncDisposable {
  readonly #waiting: Wire[] = [];
  readonly #wires: Wire[] = [];
  #wake = () => {};

  private constructor(readonly server: Server, readonly address: string) {}

  static async open(identity: Identity = newIdentity()): Promise<FalseListener> {
    const server = createServer({
      key: identity.keyPem,
      cert: identity.certificatePem,
      requestCert: true,
      rejectUnauthorized: false,
      minVersion: "TLSv1.3",
    }, (socket) => {
      const wire = new Wire(socket, "listener", identity);
      self.#wires.push(wire);
      self.#waiting.push(wire);
      self.#wake();
    });
    server.on("tlsClientError", (_error, socket) => socket.destroy());
    await new Promise<void>((done) => void server.listen(0, "127.0.0.1", done));
    const { port } = server.address() as { port: number };
    const self = new FalseListener(server, `127.0.0.1:${port}`);
    return self;
  }

  async accept(ms = 10_000): Promise<Wire> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, fail) => {
      timer = setTimeout(() => fail(new Error(`nobody called within ${ms} ms`)), ms);
    });
    try {
      while (this.#waiting.length === 0) await Promise.race([new Promise<void>((done) => this.#wake = done), late]);
      return this.#waiting.shift()!;
    } finally {
      clearTimeout(timer);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const wire of this.#wires) wire[Symbol.dispose]();
    await new Promise<void>((done) => void this.server.close(() => done()));
  }
}

// --- Section 2: frames ----------------------------------------------------------------------------------------------

/** Any four header bytes; a body that is too short is filled up with zeros. */
export function frameOf(
  type: number,
  body: Uint8Array,
  header: { version?: number; flags?: number; reserved?: number } = {},
) {
  const frame = new Uint8Array(FRAME);
  frame.set([header.version ?? 1, type, header.flags ?? 0, header.reserved ?? 0]);
  frame.set(body, 4);
  return frame;
}

// --- Section 3: authentication --------------------------------------------------------------------------------------

export interface Stretched {
  readonly salt: Uint8Array;
  readonly w: bigint;
  readonly wM: Point;
  readonly wN: Point;
}

const stretches = new Map<string, Promise<Stretched>>();

/** Argon2id, once for each phrase, salt and mode. */
export function stretched(phrase: string, salt: Uint8Array, mode: "real" | "decoy" = "real"): Promise<Stretched> {
  const key = `${mode} ${salt.toHex()} ${phrase}`;
  const known = stretches.get(key);
  if (known !== undefined) return known;
  const fresh = stretch(phrase, salt, mode);
  stretches.set(key, fresh);
  return fresh;
}

async function stretch(phrase: string, salt: Uint8Array, mode: "real" | "decoy"): Promise<Stretched> {
  const bytes = await argon2id({
    password: utf8(phrase.normalize("NFKC")),
    salt: sha256(join(utf8("sesame/1 phrase"), Uint8Array.of(mode === "real" ? 0 : 1), salt)),
  });
  const w = littleEndian(bytes) % L;
  return { salt, w, wM: M.multiply(w), wN: N.multiply(w) };
}

/** In a worker: half a second of work would otherwise count as the victim's. */
async function argon2id(job: Job): Promise<Uint8Array> {
  const worker = new Worker(new URL("./argon2id_worker.ts", import.meta.url), { type: "module" });
  try {
    return await new Promise((done, fail) => {
      worker.onmessage = ({ data }: MessageEvent<Uint8Array>) => done(data);
      worker.onerror = (event) => {
        event.preventDefault();
        fail(new Error(`Argon2id: ${event.message}`));
      };
      worker.postMessage(job);
    });
  } finally {
    worker.terminate();
  }
}

export interface Offer {
  readonly salt: Uint8Array;
  readonly nonceB: Uint8Array;
  readonly shareB: Uint8Array;
  readonly ratchetB: Uint8Array;
  readonly kem: Uint8Array;
}

export interface Answer {
  readonly nonceA: Uint8Array;
  readonly shareA: Uint8Array;
  readonly ratchetA: Uint8Array;
  readonly ciphertext: Uint8Array;
}

export interface Secrets {
  readonly confirmA: Uint8Array;
  readonly confirmB: Uint8Array;
  readonly rk: Uint8Array;
  readonly sessionId: Uint8Array;
}

export function parseOffer(frame: Uint8Array | undefined): Offer {
  if (frame === undefined) throw new Error("closed instead of an offer");
  if (frame[0] !== 1 || frame[1] !== TYPE.offer || frame[2] !== 0 || frame[3] !== 0) throw new Error("not an offer");
  const [salt, nonceB, shareB, ratchetB, kem] = cut(frame.subarray(4), 16, 12, 32, 32, 1184);
  return { salt: salt!, nonceB: nonceB!, shareB: shareB!, ratchetB: ratchetB!, kem: kem! };
}

/** What a hostile dialer does differently. Values given here are used wherever they would be. */
export interface AnswerBend {
  readonly shareA?: Uint8Array;
  /** The shared point, as a dialer would compute it who hopes that a check is missing. */
  readonly K?: Uint8Array;
  readonly ratchetA?: Uint8Array;
  /** Changes the body of the answer, all keys having been computed without the change. */
  readonly body?: (body: Uint8Array) => void;
}

export interface Answered {
  readonly frame: Uint8Array;
  readonly secrets: Secrets;
  readonly ratchetSecret: Uint8Array;
  readonly offer: Offer;
}

export function makeAnswer(wire: Wire, offer: Offer, phrase: Stretched, bend: AnswerBend = {}): Answered {
  const x = randomScalar();
  const shareA = bend.shareA ?? Point.BASE.multiply(x).add(phrase.wM).toBytes();
  const { cipherText: ciphertext, sharedSecret: ss } = ml_kem768.encapsulate(offer.kem);
  const ratchetSecret = random(32);
  const ratchetA = bend.ratchetA ?? x25519.getPublicKey(ratchetSecret);
  const K = bend.K ??
    Point.fromBytes(offer.shareB).subtract(phrase.wN).multiply((8n * x) % L).toBytes();
  const answer: Answer = { nonceA: random(12), shareA, ratchetA, ciphertext };
  const secrets = deriveSecrets(wire, offer, answer, phrase, K, ss);
  const body = join(answer.nonceA, shareA, ratchetA, ciphertext, secrets.confirmA);
  const whole = new Uint8Array(FRAME - 4);
  whole.set(body);
  bend.body?.(whole);
  return { frame: frameOf(TYPE.answer, whole), secrets, ratchetSecret, offer };
}

export interface OfferBend {
  readonly shareB?: Uint8Array;
  readonly ratchetB?: Uint8Array;
  readonly kem?: Uint8Array;
}

export interface Offered {
  readonly offer: Offer;
  readonly frame: Uint8Array;
  readonly y: bigint;
  readonly ratchetSecret: Uint8Array;
  readonly kemSecret: Uint8Array;
}

export function makeOffer(phrase: Stretched, bend: OfferBend = {}): Offered {
  const y = randomScalar();
  const ratchetSecret = random(32);
  const { publicKey, secretKey } = ml_kem768.keygen();
  const offer: Offer = {
    salt: phrase.salt,
    nonceB: random(12),
    shareB: bend.shareB ?? Point.BASE.multiply(y).add(phrase.wN).toBytes(),
    ratchetB: bend.ratchetB ?? x25519.getPublicKey(ratchetSecret),
    kem: bend.kem ?? publicKey,
  };
  const frame = frameOf(TYPE.offer, join(offer.salt, offer.nonceB, offer.shareB, offer.ratchetB, offer.kem));
  return { offer, frame, y, ratchetSecret, kemSecret: secretKey };
}

/** What follows from an answer to our offer; `right` says whether the dialer knows the phrase. */
export function readAnswer(
  wire: Wire,
  offered: Offered,
  phrase: Stretched,
  frame: Uint8Array | undefined,
): { secrets: Secrets; right: boolean; ratchetA: Uint8Array } {
  if (frame === undefined) throw new Error("closed instead of an answer");
  if (frame[1] !== TYPE.answer) throw new Error("not an answer");
  const [nonceA, shareA, ratchetA, ciphertext, confirmA] = cut(frame.subarray(4), 12, 32, 32, 1088, 32);
  const ss = ml_kem768.decapsulate(ciphertext!, offered.kemSecret);
  const K = Point.fromBytes(shareA!).subtract(phrase.wM).multiply((8n * offered.y) % L).toBytes();
  const answer: Answer = { nonceA: nonceA!, shareA: shareA!, ratchetA: ratchetA!, ciphertext: ciphertext! };
  const secrets = deriveSecrets(wire, offered.offer, answer, phrase, K, ss);
  return { secrets, right: same(secrets.confirmA, confirmA!), ratchetA: ratchetA! };
}

function deriveSecrets(
  wire: Wire,
  offer: Offer,
  answer: Answer,
  phrase: Stretched,
  K: Uint8Array,
  ss: Uint8Array,
): Secrets {
  const cb = wire.channelBinding;
  const [A, B] = dialerFirst(wire);
  const parts = [A, B, answer.shareA, offer.shareB, K, bigEndian32(phrase.w)];
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
  return {
    confirmA: hmac(sha256, Kc.slice(0, 16), TT),
    confirmB: hmac(sha256, Kc.slice(16), TT),
    rk: session.slice(0, 32),
    sessionId: session.slice(32),
  };
}

// --- Section 4: the Double Ratchet ----------------------------------------------------------------------------------

/** What a hostile sender does differently with one cell. */
export interface SealBend {
  /** Leaves out so many counters before this one: their cells are never sent. */
  readonly skip?: number;
  readonly pn?: number;
  /** Frame header bytes, also in the AAD. */
  readonly header?: { version?: number; flags?: number; reserved?: number };
  /** Seals as if the cell went the other way. */
  readonly reflected?: true;
}

/** An authenticated connection: seals what it is told to, opens what comes, in order, and keeps the messages. */
export class Session implements Disposable {
  /** Messages that came, as text of JSON. */
  readonly messages: string[] = [];
  /** Cells that were opened, and that were not. */
  cells = 0;
  broken = 0;
  /** When each frame came. */
  readonly times: number[] = [];
  /** The last raw frame that came. */
  lastFrame: Uint8Array | undefined;
  /** Resolves when the connection is closed. */
  readonly over: Promise<void>;
  nextMessageId = 0;
  #rk: Uint8Array;
  #dhs: Uint8Array;
  #dhr: Uint8Array;
  #cks: Uint8Array;
  #ckr: Uint8Array | undefined;
  #ns = 0;
  #nr = 0;
  #pn = 0;
  #json = new Uint8Array();
  #wake: (() => void)[] = [];

  constructor(readonly wire: Wire, readonly secrets: Secrets, ownSecret: Uint8Array, peerPublic: Uint8Array) {
    const [rk, ck] = kdfRk(secrets.rk, x25519.getSharedSecret(ownSecret, peerPublic));
    this.#dhr = peerPublic;
    if (wire.role === "dialer") {
      [this.#rk, this.#cks, this.#dhs] = [rk, ck, ownSecret];
    } else {
      this.#ckr = ck;
      this.#dhs = random(32);
      [this.#rk, this.#cks] = kdfRk(rk, x25519.getSharedSecret(this.#dhs, peerPublic));
    }
    this.over = this.#receive();
  }

  /** The counter of the next cell. */
  get n(): number {
    return this.#ns;
  }

  /** How many cells the chain before this one had. */
  get pn(): number {
    return this.#pn;
  }

  /** A whole frame with this plaintext, filled up with zeros. */
  seal(plaintext: Uint8Array, bend: SealBend = {}): Uint8Array {
    for (let i = 0; i < (bend.skip ?? 0); i++) this.#step();
    const ratchetHeader = join(x25519.getPublicKey(this.#dhs), u32(bend.pn ?? this.#pn), u32(this.#ns));
    const frame = frameOf(TYPE.cell, ratchetHeader, bend.header);
    const padded = new Uint8Array(1220);
    padded.set(plaintext);
    const { key, nonce } = cellKey(this.#step());
    const aad = this.#aad(this.wire.role === "dialer" !== (bend.reflected === true), frame.slice(0, 44));
    frame.set(chacha20poly1305(key, nonce, aad).encrypt(padded), 44);
    return frame;
  }

  dummy(bend?: SealBend): Uint8Array {
    return this.seal(new Uint8Array(), bend);
  }

  /** All frames of one message, with the next message id. */
  message(json: string | Uint8Array): Uint8Array[] {
    const bytes = typeof json === "string" ? utf8(json) : json;
    const count = Math.max(1, Math.ceil(bytes.length / 1209));
    const messageId = this.nextMessageId++;
    return Array.from({ length: count }, (_, index) => {
      const data = bytes.subarray(index * 1209, (index + 1) * 1209);
      return this.seal(fragment({ messageId, index, count, data }));
    });
  }

  send(...frames: readonly Uint8Array[]): void {
    this.wire.send(...frames);
  }

  /** Sends a chat and returns its id. */
  chat(text: string, id = messageId()): string {
    this.send(...this.message(JSON.stringify({ type: "chat", id, text })));
    return id;
  }

  /** The first message that came, or comes, and fits. */
  async heard(fits: (message: Record<string, unknown>) => boolean, ms = 5000): Promise<Record<string, unknown>> {
    const deadline = performance.now() + ms;
    for (;;) {
      for (const json of this.messages) {
        const message: Record<string, unknown> = JSON.parse(json);
        if (fits(message)) return message;
      }
      if (this.wire.closed) throw new Error("closed before that was heard");
      await this.#stirred(deadline, `not heard within ${ms} ms`);
    }
  }

  /** Sends a chat and waits until it has been shown and acknowledged: the session is in order. */
  async stillTalks(text: string, ms?: number): Promise<void> {
    const id = this.chat(text);
    await this.heard((m) => m.type === "ack" && m.id === id, ms);
  }

  /** Waits until so many cells in all have been opened. */
  async cellsOpened(count: number, ms = 5000): Promise<void> {
    const deadline = performance.now() + ms;
    while (this.cells < count) {
      if (this.wire.closed) throw new Error(`closed after ${this.cells} cells`);
      await this.#stirred(deadline, `only ${this.cells} cells within ${ms} ms`);
    }
  }

  [Symbol.dispose](): void {
    this.wire[Symbol.dispose]();
  }

  #step(): Uint8Array {
    const mk = hmac(sha256, this.#cks, Uint8Array.of(1));
    this.#cks = hmac(sha256, this.#cks, Uint8Array.of(2));
    this.#ns++;
    return mk;
  }

  #aad(fromDialer: boolean, headers: Uint8Array): Uint8Array {
    const [A, B] = dialerFirst(this.wire);
    const ids = fromDialer ? [A, B] : [B, A];
    return join(utf8("sesame/1 cell"), this.secrets.sessionId, Uint8Array.of(fromDialer ? 0 : 1), ...ids, headers);
  }

  async #receive(): Promise<void> {
    for (;;) {
      const frame = await this.wire.frame(600_000).catch(() => undefined);
      if (frame === undefined) break;
      this.times.push(performance.now());
      this.lastFrame = frame;
      this.#open(frame);
      this.#stir();
    }
    this.#stir();
  }

  /** An honest sender on TCP loses and reorders nothing, so no skipped keys are kept here. */
  #open(frame: Uint8Array): void {
    const dh = frame.slice(4, 36);
    if (!same(dh, this.#dhr) || this.#ckr === undefined) {
      this.#dhr = dh;
      this.#pn = this.#ns;
      this.#ns = this.#nr = 0;
      [this.#rk, this.#ckr] = kdfRk(this.#rk, x25519.getSharedSecret(this.#dhs, dh));
      this.#dhs = random(32);
      [this.#rk, this.#cks] = kdfRk(this.#rk, x25519.getSharedSecret(this.#dhs, dh));
    }
    const n = new DataView(frame.buffer, frame.byteOffset).getUint32(40);
    const mk = hmac(sha256, this.#ckr, Uint8Array.of(1));
    const { key, nonce } = cellKey(mk);
    const aad = this.#aad(this.wire.role === "listener", frame.slice(0, 44));
    let plaintext: Uint8Array;
    try {
      if (n !== this.#nr) throw new Error("a counter that an honest sender has not");
      plaintext = chacha20poly1305(key, nonce, aad).decrypt(frame.slice(44));
    } catch {
      this.broken++;
      return;
    }
    this.#ckr = hmac(sha256, this.#ckr, Uint8Array.of(2));
    this.#nr++;
    this.cells++;
    if (plaintext[0] === 0) return;
    const view = new DataView(plaintext.buffer, plaintext.byteOffset);
    const [index, count, length] = [view.getUint16(5), view.getUint16(7), view.getUint16(9)];
    this.#json = join(index === 0 ? new Uint8Array() : this.#json, plaintext.slice(11, 11 + length));
    if (index === count - 1) this.messages.push(new TextDecoder("utf-8", { fatal: true }).decode(this.#json));
  }

  #stir(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }

  async #stirred(deadline: number, late: string): Promise<void> {
    const left = deadline - performance.now();
    if (left <= 0) throw new Error(late);
    await new Promise<void>((done) => {
      const timer = setTimeout(done, left);
      this.#wake.push(() => {
        clearTimeout(timer);
        done();
      });
    });
  }
}

// --- Whole handshakes, done right -----------------------------------------------------------------------------------

/** Answers the offer of whom we have called and checks its confirmation. */
export async function authenticateAsDialer(wire: Wire, phrase: string, mode?: "real" | "decoy"): Promise<Session> {
  const offer = parseOffer(await wire.frame());
  const answered = makeAnswer(wire, offer, await stretched(phrase, offer.salt, mode));
  wire.send(answered.frame);
  return await finishAsDialer(wire, answered);
}

export async function finishAsDialer(wire: Wire, answered: Answered): Promise<Session> {
  const accept = await wire.frame();
  if (accept === undefined) throw new Error("closed instead of an accept");
  if (accept[1] !== TYPE.accept) throw new Error("not an accept");
  if (!same(accept.subarray(4, 36), answered.secrets.confirmB)) throw new Error("confirmB is wrong");
  if (accept.subarray(36).some((byte) => byte !== 0)) throw new Error("padding of an accept");
  return new Session(wire, answered.secrets, answered.ratchetSecret, answered.offer.ratchetB);
}

/** Offers to whoever has called us, checks the answer and accepts. */
export async function authenticateAsListener(wire: Wire, phrase: Stretched): Promise<Session> {
  const offered = makeOffer(phrase);
  wire.send(offered.frame);
  const { secrets, right, ratchetA } = readAnswer(wire, offered, phrase, await wire.frame());
  if (!right) throw new Error("confirmA is wrong");
  wire.send(frameOf(TYPE.accept, secrets.confirmB));
  return new Session(wire, secrets, offered.ratchetSecret, ratchetA);
}

// --- Section 5: cells -----------------------------------------------------------------------------------------------

/** Any fields; `length` is that of the data unless said. */
export function fragment(fields: {
  messageId: number;
  index: number;
  count: number;
  length?: number;
  data: Uint8Array;
}): Uint8Array {
  const plaintext = new Uint8Array(1220);
  const view = new DataView(plaintext.buffer);
  view.setUint8(0, 1);
  view.setUint32(1, fields.messageId);
  view.setUint16(5, fields.index);
  view.setUint16(7, fields.count);
  view.setUint16(9, fields.length ?? fields.data.length);
  plaintext.set(fields.data.subarray(0, 1209), 11);
  return plaintext;
}

export function messageId(): string {
  return random(16).toBase64({ alphabet: "base64url", omitPadding: true });
}

// --- Helpers --------------------------------------------------------------------------------------------------------

export function join(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
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

export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function split(address: string): { host: string; port: number } {
  const at = address.lastIndexOf(":");
  return { host: address.slice(0, at), port: Number(address.slice(at + 1)) };
}

export function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

function cut(bytes: Uint8Array, ...sizes: readonly number[]): Uint8Array[] {
  let at = 0;
  return sizes.map((size) => bytes.slice(at, at += size));
}

function dialerFirst(wire: Wire): [Uint8Array, Uint8Array] {
  return wire.role === "dialer" ? [wire.identity.id, wire.peerId] : [wire.peerId, wire.identity.id];
}

function kdfRk(rk: Uint8Array, dh: Uint8Array): [Uint8Array, Uint8Array] {
  const out = hkdf(sha256, dh, rk, utf8("sesame/1 root"), 64);
  return [out.slice(0, 32), out.slice(32)];
}

function cellKey(mk: Uint8Array): { key: Uint8Array; nonce: Uint8Array } {
  const out = hkdf(sha256, mk, undefined, utf8("sesame/1 cell"), 44);
  return { key: out.slice(0, 32), nonce: out.slice(32) };
}

function randomScalar(): bigint {
  return (littleEndian(random(64)) % (L - 1n)) + 1n;
}

function littleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${bytes.slice().reverse().toHex()}`);
}

function bigEndian32(n: bigint): Uint8Array {
  return Uint8Array.fromHex(n.toString(16).padStart(64, "0"));
}

function u64le(n: number): Uint8Array {
  const out = new Uint8Array(8);
  new DataView(out.buffer).setUint32(0, n, true);
  return out;
}

function u32(n: number): Uint8Array {
  const out = new Uint8Array(4);
  new DataView(out.buffer).setUint32(0, n);
  return out;
}

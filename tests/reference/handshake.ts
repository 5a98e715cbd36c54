// docs/PROTOCOL.md section 3: the phrase stretched, three frames, confirmations and session secrets, over noble.
// Every value can be given (a script), bent (a hostile peer) and seen (the memory search, the vectors).

import { ed25519, x25519 } from "@noble/curves/ed25519.js";
import { hkdf } from "@noble/hashes/hkdf.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { ml_kem768 } from "@noble/post-quantum/ml-kem.js";
import type { Job } from "./argon2id_worker.ts";
import { bigEndian32, type Bytes, cut, type Draw, isZero, join, littleEndian, random, same } from "./bytes.ts";
import { systemDraw, u64le, utf8 } from "./bytes.ts";
import { bodyOf, FRAME, FRAME_HEADER, frameOf, TYPE } from "./frame.ts";

const { Point } = ed25519;
export type Point = InstanceType<typeof Point>;
/** Order of the prime-order subgroup. */
export const L = Point.Fn.ORDER;
export const M = Point.fromHex("d048032c6ea0b6d697ddc2e86bda85a33adac920f1bf18e1b0c6d166a5cecdaf");
export const N = Point.fromHex("d3bfb518f44f3430f29d0c92af503865a1ed3281dc69b35dd868ba85f886c4ab");

export type Mode = "real" | "decoy";

// --- Stretching -----------------------------------------------------------------------------------------------------

export interface Stretched {
  readonly salt: Uint8Array;
  /** Argon2id's salt and output. */
  readonly saltPrime: Uint8Array;
  readonly wBytes: Uint8Array;
  readonly w: bigint;
  readonly wM: Point;
  readonly wN: Point;
}

const stretches = new Map<string, Promise<Stretched>>();

/** Argon2id, once for each phrase, salt and mode. */
export function stretched(phrase: string, salt: Uint8Array, mode: Mode = "real"): Promise<Stretched> {
  const key = `${mode} ${salt.toHex()} ${phrase}`;
  const known = stretches.get(key);
  if (known !== undefined) return known;
  const fresh = stretch(phrase, salt, mode);
  stretches.set(key, fresh);
  return fresh;
}

async function stretch(phrase: string, salt: Uint8Array, mode: Mode): Promise<Stretched> {
  const password = utf8(phrase.normalize("NFKC"));
  return stretchedFrom(salt, mode, await argon2id({ password, salt: argonSalt(salt, mode) }));
}

function argonSalt(salt: Uint8Array, mode: Mode): Uint8Array {
  return sha256(join(utf8("sesame/1 phrase"), Uint8Array.of(mode === "real" ? 0 : 1), salt));
}

/** What follows from Argon2id's 64 bytes. */
export function stretchedFrom(salt: Uint8Array, mode: Mode, wBytes: Uint8Array): Stretched {
  const [saltPrime, w] = [argonSalt(salt, mode), littleEndian(wBytes) % L];
  return { salt, saltPrime, wBytes, w, wM: M.multiply(w), wN: N.multiply(w) };
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

// --- Three frames ---------------------------------------------------------------------------------------------------

/** What both sides know about the connection that they authenticate on. A dials, B listens. */
export interface Binding {
  readonly channelBinding: Uint8Array;
  readonly peerIdA: Uint8Array;
  readonly peerIdB: Uint8Array;
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

/** Everything that follows from an offer and an answer, by the names of the page. */
export interface Secrets {
  readonly K: Bytes;
  readonly TT: Bytes;
  readonly ctx: Bytes;
  readonly ss: Bytes;
  /** Ke || Ka, KcA || KcB. */
  readonly KeKa: Bytes;
  readonly Kc: Bytes;
  readonly confirmA: Bytes;
  readonly confirmB: Bytes;
  readonly RK: Bytes;
  readonly sessionId: Bytes;
}

/** What is drawn for one connection. Values given are used in place of fresh ones. */
export interface Drawn {
  readonly nonce: Uint8Array;
  /** 64 bytes, little-endian, before the reduction: of x or y. */
  readonly wide: Uint8Array;
  /** Of the listener: d || z. */
  readonly kemSeed: Uint8Array;
  /** Of the dialer: m. */
  readonly kemM: Uint8Array;
  readonly ratchetSecret: Uint8Array;
}

function drawn(given: Partial<Drawn>, draw: Draw = systemDraw): Drawn {
  const fresh = {
    nonce: random(12, draw),
    wide: random(64, draw),
    kemSeed: random(64, draw),
    kemM: random(32, draw),
    ratchetSecret: random(32, draw),
  };
  return { ...fresh, ...given };
}

/** What a hostile listener does differently. */
export interface OfferBend {
  readonly shareB?: Uint8Array;
  readonly ratchetB?: Uint8Array;
  readonly kem?: Uint8Array;
}

export interface Offered {
  readonly offer: Offer;
  readonly frame: Bytes;
  readonly y: bigint;
  readonly ratchetSecret: Uint8Array;
  /** The 2400 bytes of FIPS 203. */
  readonly kemSecret: Uint8Array;
}

export function makeOffer(phrase: Stretched, bend: OfferBend = {}, given: Partial<Drawn> = {}): Offered {
  const { nonce, wide, kemSeed, ratchetSecret } = drawn(given);
  const y = littleEndian(wide) % L;
  const { publicKey, secretKey } = ml_kem768.keygen(kemSeed);
  const offer: Offer = {
    salt: phrase.salt,
    nonceB: nonce,
    shareB: bend.shareB ?? Point.BASE.multiply(y).add(phrase.wN).toBytes(),
    ratchetB: bend.ratchetB ?? x25519.getPublicKey(ratchetSecret),
    kem: bend.kem ?? publicKey,
  };
  const frame = frameOf(TYPE.offer, join(offer.salt, offer.nonceB, offer.shareB, offer.ratchetB, offer.kem));
  return { offer, frame, y, ratchetSecret, kemSecret: secretKey };
}

export function parseOffer(frame: Uint8Array | undefined): Offer {
  const [salt, nonceB, shareB, ratchetB, kem] = cut(bodyOf(frame, "offer"), 16, 12, 32, 32, 1184);
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
  readonly frame: Bytes;
  readonly secrets: Secrets;
  readonly x: bigint;
  readonly ratchetSecret: Uint8Array;
  readonly offer: Offer;
  readonly answer: Answer;
}

export function makeAnswer(
  binding: Binding,
  offer: Offer,
  phrase: Stretched,
  bend: AnswerBend = {},
  given: Partial<Drawn> = {},
): Answered {
  const { nonce, wide, kemM, ratchetSecret } = drawn(given);
  const x = littleEndian(wide) % L;
  const { cipherText: ciphertext, sharedSecret: ss } = ml_kem768.encapsulate(offer.kem, kemM);
  const answer: Answer = {
    nonceA: nonce,
    shareA: bend.shareA ?? Point.BASE.multiply(x).add(phrase.wM).toBytes(),
    ratchetA: bend.ratchetA ?? x25519.getPublicKey(ratchetSecret),
    ciphertext,
  };
  const K = bend.K ?? sharedPoint(x, offer.shareB, phrase.wN);
  const secrets = deriveSecrets(binding, offer, answer, phrase.w, K, ss);
  const body = new Uint8Array(FRAME - FRAME_HEADER);
  body.set(join(nonce, answer.shareA, answer.ratchetA, ciphertext, secrets.confirmA));
  bend.body?.(body);
  return { frame: frameOf(TYPE.answer, body), secrets, x, ratchetSecret, offer, answer };
}

/** What follows from an answer to our offer; `right` says whether the dialer knows the phrase. */
export function readAnswer(
  binding: Binding,
  { offer, y, kemSecret }: Offered,
  phrase: Stretched,
  frame: Uint8Array | undefined,
  bentK?: Uint8Array,
): { readonly secrets: Secrets; readonly right: boolean; readonly answer: Answer } {
  const [nonceA, shareA, ratchetA, ciphertext, confirmA, rest] = cut(bodyOf(frame, "answer"), 12, 32, 32, 1088, 32, 80);
  if (!isZero(rest!)) throw new Error("padding of an answer");
  const answer: Answer = { nonceA: nonceA!, shareA: shareA!, ratchetA: ratchetA!, ciphertext: ciphertext! };
  const ss = ml_kem768.decapsulate(ciphertext!, kemSecret);
  const secrets = deriveSecrets(binding, offer, answer, phrase.w, bentK ?? sharedPoint(y, shareA!, phrase.wM), ss);
  return { secrets, right: same(secrets.confirmA, confirmA!), answer };
}

export function acceptFrame({ confirmB }: Secrets): Bytes {
  return frameOf(TYPE.accept, confirmB);
}

/** Throws unless it is the accept that these secrets give. */
export function checkAccept({ confirmB }: Secrets, frame: Uint8Array | undefined): void {
  const body = bodyOf(frame, "accept");
  if (!same(body.subarray(0, 32), confirmB)) throw new Error("confirmB is wrong");
  if (!isZero(body.subarray(32))) throw new Error("padding of an accept");
}

/** noble refuses points that are no canonical ones; the subgroup is asked for here. */
function sharedPoint(scalar: bigint, share: Uint8Array, mask: Point): Uint8Array {
  const point = Point.fromBytes(share);
  if (!point.isTorsionFree()) throw new Error("a share outside the subgroup");
  return point.subtract(mask).multiply((8n * scalar) % L).toBytes();
}

function deriveSecrets(
  { channelBinding: cb, peerIdA, peerIdB }: Binding,
  offer: Offer,
  answer: Answer,
  w: bigint,
  point: Uint8Array,
  kemSecret: Uint8Array,
): Secrets {
  const [K, ss] = [Uint8Array.from(point), Uint8Array.from(kemSecret)];
  const parts = [peerIdA, peerIdB, answer.shareA, offer.shareB, K, bigEndian32(w)];
  const TT = join(...parts.flatMap((part) => [u64le(part.length), part]));
  const KeKa = Uint8Array.from(sha256(TT));
  const { salt, nonceB, ratchetB, kem } = offer;
  const { nonceA, ratchetA, ciphertext } = answer;
  const ctx = Uint8Array.from(
    sha256(join(utf8("sesame/1 handshake"), cb, salt, nonceA, nonceB, ratchetA, ratchetB, kem, ciphertext, ss)),
  );
  const Kc = Uint8Array.from(hkdf(sha256, KeKa.slice(16), undefined, join(utf8("ConfirmationKeys"), ctx), 32));
  const session = hkdf(sha256, join(KeKa.slice(0, 16), cb, ss), ctx, utf8("sesame/1 session"), 48);
  const [confirmA, confirmB] = [Kc.slice(0, 16), Kc.slice(16)].map((key) => Uint8Array.from(hmac(sha256, key, TT)));
  const [RK, sessionId] = cut(session, 32, 16);
  return { K, TT, ctx, ss, KeKa, Kc, confirmA: confirmA!, confirmB: confirmB!, RK: RK!, sessionId: sessionId! };
}

// The bodies of the three handshake frames: offer, answer, accept (docs/PROTOCOL.md sections 2 and 3). Scope: where
// each field is, and that there is nothing else. Out of scope: whether a share, a key or a confirmation is any good
// (`auth`), and whose turn it is (`session`).

import {
  CONFIRM_SIZE,
  FRAME_BODY_SIZE,
  KEM_CIPHERTEXT_SIZE,
  KEM_KEY_SIZE,
  NONCE_SIZE,
  POINT_SIZE,
  SALT_SIZE,
} from "../constants.ts";
import type { Frame } from "../ports.ts";
import { ProtocolViolation } from "../protocol_violation.ts";
import { encodeFrame, FrameType } from "./frame.ts";

/** B to A. All of it is public. */
export interface Offer {
  /** SALT_SIZE bytes, the listener's own for its whole run. */
  readonly salt: Uint8Array;
  /** NONCE_SIZE bytes. */
  readonly nonceB: Uint8Array;
  /** POINT_SIZE bytes, a point of edwards25519. */
  readonly shareB: Uint8Array;
  /** POINT_SIZE bytes, an X25519 public key. */
  readonly ratchetB: Uint8Array;
  /** KEM_KEY_SIZE bytes, an ML-KEM-768 encapsulation key. */
  readonly kem: Uint8Array;
}

/** A to B. All of it is public. */
export interface Answer {
  /** NONCE_SIZE bytes. */
  readonly nonceA: Uint8Array;
  /** POINT_SIZE bytes, a point of edwards25519. */
  readonly shareA: Uint8Array;
  /** POINT_SIZE bytes, an X25519 public key. */
  readonly ratchetA: Uint8Array;
  /** KEM_CIPHERTEXT_SIZE bytes. */
  readonly ciphertext: Uint8Array;
  /** CONFIRM_SIZE bytes. */
  readonly confirmA: Uint8Array;
}

/** B to A. */
export interface Accept {
  /** CONFIRM_SIZE bytes. */
  readonly confirmB: Uint8Array;
}

/** A whole frame. Throws a RangeError for a field of the wrong length: that is a bug of ours. */
export function encodeOffer(offer: Offer): Frame {
  return encodeFrame(FrameType.offer, join(offer, OFFER));
}

/** A whole frame. Throws a RangeError for a field of the wrong length: that is a bug of ours. */
export function encodeAnswer(answer: Answer): Frame {
  return encodeFrame(FrameType.answer, join(answer, ANSWER));
}

/** A whole frame. Throws a RangeError for a field of the wrong length: that is a bug of ours. */
export function encodeAccept(accept: Accept): Frame {
  return encodeFrame(FrameType.accept, join(accept, ACCEPT));
}

/** `body` is that of a frame of type offer, FRAME_BODY_SIZE bytes. The fields are copies. Throws ProtocolViolation. */
export function decodeOffer(body: Uint8Array): Offer {
  return split(body, OFFER);
}

/** `body` is that of a frame of type answer. The fields are copies. Throws ProtocolViolation (`padding`). */
export function decodeAnswer(body: Uint8Array): Answer {
  return split(body, ANSWER);
}

/** `body` is that of a frame of type accept. The fields are copies. Throws ProtocolViolation (`padding`). */
export function decodeAccept(body: Uint8Array): Accept {
  return split(body, ACCEPT);
}

/** The size in bytes of each field, in the order in which they stand. */
type Layout<Body> = { readonly [Name in keyof Body]: number };

const OFFER: Layout<Offer> = {
  salt: SALT_SIZE,
  nonceB: NONCE_SIZE,
  shareB: POINT_SIZE,
  ratchetB: POINT_SIZE,
  kem: KEM_KEY_SIZE,
};
const ANSWER: Layout<Answer> = {
  nonceA: NONCE_SIZE,
  shareA: POINT_SIZE,
  ratchetA: POINT_SIZE,
  ciphertext: KEM_CIPHERTEXT_SIZE,
  confirmA: CONFIRM_SIZE,
};
const ACCEPT: Layout<Accept> = { confirmB: CONFIRM_SIZE };

function join<Body extends { readonly [Name in keyof Body]: Uint8Array }>(
  fields: Body,
  layout: Layout<Body>,
): Uint8Array {
  const body = new Uint8Array(FRAME_BODY_SIZE);
  let at = 0;
  for (const [name, size] of Object.entries<number>(layout)) {
    const field = fields[name as keyof Body];
    if (field.length !== size) throw new RangeError(`${name} is ${field.length} bytes, not ${size}`);
    body.set(field, at);
    at += size;
  }
  return body;
}

/** Checks the unused bytes, then hands out copies: a frame is lent for one call, and these fields outlive it. */
function split<Body>(body: Uint8Array, layout: Layout<Body>): Body {
  if (body.length !== FRAME_BODY_SIZE) throw new ProtocolViolation("length");
  const fields: Record<string, Uint8Array> = {};
  let at = 0;
  for (const [name, size] of Object.entries<number>(layout)) {
    fields[name] = body.slice(at, at + size);
    at += size;
  }
  for (; at < body.length; at++) if (body[at] !== 0) throw new ProtocolViolation("padding");
  return fields as Body;
}

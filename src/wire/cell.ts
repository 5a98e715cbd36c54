// The plaintext of a cell: a dummy, a fragment of a message, or one half of a renewal, 1252 bytes each (docs/PROTOCOL.md
// section 5). Scope: every check that one cell alone allows. Out of scope: the order of fragments (`fragment.ts`), when a
// renewal is due and what its keys are worth (`ratchet/`), encryption.

import {
  CELL_PLAINTEXT_SIZE,
  FRAGMENT_CAPACITY,
  FRAGMENT_HEADER_SIZE,
  MAX_FRAGMENTS,
  MAX_JSON_SIZE,
  RENEWAL_CIPHERTEXT_SIZE,
  RENEWAL_KEY_SIZE,
} from "../constants.ts";
import { ProtocolViolation } from "../protocol_violation.ts";

export interface Dummy {
  readonly kind: "dummy";
}

export interface Fragment {
  readonly kind: "fragment";
  /** u32: 0 for the first message of a direction, then one more each time. */
  readonly messageId: number;
  /** Below `count`. */
  readonly index: number;
  /** 1 to MAX_FRAGMENTS. */
  readonly count: number;
  /** FRAGMENT_CAPACITY bytes, in the last fragment 1 to that. Decoded, it is a view of the plaintext, lent with it. */
  readonly data: Uint8Array;
}

/** The dialer's half of a renewal, or the listener's. */
export interface Renewal {
  readonly kind: "key" | "ciphertext";
  /** RENEWAL_KEY_SIZE or RENEWAL_CIPHERTEXT_SIZE bytes. Decoded, it is a view of the plaintext, lent with it. */
  readonly body: Uint8Array;
}

export type Cell = Dummy | Fragment | Renewal;

export const DUMMY: Dummy = { kind: "dummy" };

/**
 * Writes all CELL_PLAINTEXT_SIZE bytes of `into`, whatever was there before; it may be locked memory, and no other copy
 * is made. Throws a RangeError for a cell that `decodeCell` would refuse, or another size: that is a bug of ours.
 */
export function encodeCell(cell: Cell, into: Uint8Array): void {
  if (into.length !== CELL_PLAINTEXT_SIZE) throw new RangeError(`a cell is not ${into.length} bytes`);
  if (cell.kind === "dummy") {
    into.fill(0);
    return;
  }
  if (cell.kind !== "fragment") return encodeRenewal(cell, into);
  const { messageId, index, count, data } = cell;
  const problem = fragmentProblem(index, count, data.length);
  if (problem !== undefined || !isU32(messageId)) {
    throw new RangeError(`not a fragment: message ${messageId}, ${index} of ${count}, ${data.length} bytes`);
  }
  const view = new DataView(into.buffer, into.byteOffset, into.byteLength);
  view.setUint8(0, KIND_FRAGMENT);
  view.setUint32(1, messageId);
  view.setUint16(5, index);
  view.setUint16(7, count);
  view.setUint16(9, data.length);
  into.set(data, FRAGMENT_HEADER_SIZE);
  into.fill(0, FRAGMENT_HEADER_SIZE + data.length);
}

/**
 * `plaintext` is CELL_PLAINTEXT_SIZE bytes that a tag has vouched for. A fragment's data and a renewal's body are views of
 * it: lent, and gone when the plaintext is wiped. Throws ProtocolViolation: `length`, `cell kind`, `fragment` (a field), `message size` (a
 * last fragment that would make the whole too long), `padding`.
 */
export function decodeCell(plaintext: Uint8Array): Cell {
  if (plaintext.length !== CELL_PLAINTEXT_SIZE) throw new ProtocolViolation("length");
  const view = new DataView(plaintext.buffer, plaintext.byteOffset, plaintext.byteLength);
  switch (view.getUint8(0)) {
    case KIND_DUMMY:
      requireZeros(plaintext, 1);
      return DUMMY;
    case KIND_FRAGMENT:
      return decodeFragment(plaintext, view);
    case KIND_KEY:
      return decodeRenewal(plaintext, "key");
    case KIND_CIPHERTEXT:
      return decodeRenewal(plaintext, "ciphertext");
    default:
      throw new ProtocolViolation("cell kind");
  }
}

const KIND_DUMMY = 0x00;
const KIND_FRAGMENT = 0x01;
const KIND_KEY = 0x02;
const KIND_CIPHERTEXT = 0x03;

function encodeRenewal({ kind, body }: Renewal, into: Uint8Array): void {
  if (body.length !== renewalSize(kind)) throw new RangeError(`a ${kind} is not ${body.length} bytes`);
  into[0] = kind === "key" ? KIND_KEY : KIND_CIPHERTEXT;
  into.set(body, 1);
  into.fill(0, 1 + body.length);
}

function decodeRenewal(plaintext: Uint8Array, kind: Renewal["kind"]): Renewal {
  const body = plaintext.subarray(1, 1 + renewalSize(kind));
  requireZeros(plaintext, 1 + body.length);
  return { kind, body };
}

function renewalSize(kind: Renewal["kind"]): number {
  return kind === "key" ? RENEWAL_KEY_SIZE : RENEWAL_CIPHERTEXT_SIZE;
}

function decodeFragment(plaintext: Uint8Array, view: DataView): Fragment {
  const messageId = view.getUint32(1);
  const index = view.getUint16(5);
  const count = view.getUint16(7);
  const length = view.getUint16(9);
  const problem = fragmentProblem(index, count, length);
  if (problem !== undefined) throw new ProtocolViolation(problem);
  const end = FRAGMENT_HEADER_SIZE + length;
  requireZeros(plaintext, end);
  return { kind: "fragment", messageId, index, count, data: plaintext.subarray(FRAGMENT_HEADER_SIZE, end) };
}

/** Both ways have the same rule, so that what we send is what we would take. */
function fragmentProblem(index: number, count: number, length: number): "fragment" | "message size" | undefined {
  if (!Number.isInteger(count) || count < 1 || count > MAX_FRAGMENTS) return "fragment";
  if (!Number.isInteger(index) || index < 0 || index >= count) return "fragment";
  const last = index === count - 1;
  if (last ? length < 1 || length > FRAGMENT_CAPACITY : length !== FRAGMENT_CAPACITY) return "fragment";
  // All fragments before the last are full, so the last one's length gives that of the whole.
  if (last && index * FRAGMENT_CAPACITY + length > MAX_JSON_SIZE) return "message size";
  return undefined;
}

function requireZeros(plaintext: Uint8Array, from: number): void {
  for (let at = from; at < plaintext.length; at++) if (plaintext[at] !== 0) throw new ProtocolViolation("padding");
}

function isU32(n: number): boolean {
  return Number.isInteger(n) && n >= 0 && n <= 0xffffffff;
}

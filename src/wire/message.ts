// What one person's program says to another's (docs/PROTOCOL.md section 6). Scope: JSON to a message and back under a
// strict schema, and what a text may hold. Out of scope: fragments, when an ack is due, which ids have been seen, who
// may be named to whom (session), and how a text is made safe for a screen (`terminal/text/sanitise.ts`).
//
// A message's text is a JavaScript string from here on, on both sides, and strings are never wiped: docs/SECURITY.md.

import {
  ADDRESSES_PER_INTRODUCTION,
  CIRCLE_MAX,
  MAX_JSON_SIZE,
  MESSAGE_ID_SIZE,
  NAME_MAX_CODE_POINTS,
} from "../constants.ts";
import type { MessageId } from "../notice.ts";
import type { Entropy, PeerId } from "../ports.ts";
import { ProtocolViolation } from "../protocol_violation.ts";
import { type B32, isB32, isWireAddress, peerFromB32, peerToB32, type WireAddress } from "./forms.ts";

/** Somebody who has a session with the sender. `name`: what they are called there, or empty. */
export interface Member {
  readonly peer: PeerId;
  readonly name: string;
}

/** `you`: the receiver's end of this link as the sender sees it, or empty. `with`: in the order of `inCircleOrder`. */
export interface CircleMessage {
  readonly type: "circle";
  readonly you: WireAddress | "";
  readonly with: readonly Member[];
}

/** `meet`: I want to hear `peer`, who may learn these addresses. `introduce`: `peer` sent this, or nobody if there is none. */
export interface IntroductionMessage {
  readonly type: "meet" | "introduce";
  readonly peer: PeerId;
  readonly addresses: readonly WireAddress[];
  /** The fixed port that calls leave from, as the friend in the middle sees it; or empty. */
  readonly from: WireAddress | "";
}

/** `reveal`: what `commit` was made of, or empty until the other's commit is known. */
export interface VerifyMessage {
  readonly type: "verify";
  readonly commit: B32;
  readonly reveal: B32 | "";
}

export type Message =
  | { readonly type: "chat"; readonly id: MessageId; readonly text: string }
  | { readonly type: "ack"; readonly id: MessageId }
  | { readonly type: "name"; readonly name: string }
  | { readonly type: "bye" }
  | VerifyMessage
  | CircleMessage
  | IntroductionMessage;

/**
 * UTF-8 JSON as `JSON.stringify` writes the forms of section 6; the caller wipes it. Throws a RangeError that names the
 * size in bytes when it is more than MAX_JSON_SIZE, and a TypeError for a message that `decodeMessage` would refuse.
 */
export function encodeMessage(message: Message): Uint8Array {
  const fields = fieldsOf(message);
  if (read(fields) === undefined) throw new TypeError(`not a ${message.type} message`);
  const json = new TextEncoder().encode(JSON.stringify(fields));
  if (json.length > MAX_JSON_SIZE) {
    throw new RangeError(`the message is ${json.length} bytes of JSON, more than ${MAX_JSON_SIZE}`);
  }
  return json;
}

/**
 * `json` is the bytes of a whole message, canonical: exactly those that `encodeMessage` writes. Any other spelling of
 * the same message is refused. Throws ProtocolViolation: `message size`, else `message`.
 */
export function decodeMessage(json: Uint8Array): Message {
  if (json.length > MAX_JSON_SIZE) throw new ProtocolViolation("message size");
  const text = decodeUtf8(json);
  const message = text === undefined ? undefined : read(parse(text));
  // One text has one encoding in strict UTF-8, so equal text means equal bytes. A key that is unknown, missing, repeated
  // or out of place, a space, another escape: none of them survives being written again.
  if (message === undefined || JSON.stringify(fieldsOf(message)) !== text) throw new ProtocolViolation("message");
  return message;
}

/** Sorts by the spelling in messages, where members are strictly ascending. (Base64url sorts otherwise than bytes.) */
export function inCircleOrder(members: readonly Member[]): Member[] {
  return members
    .map((member) => ({ member, key: peerToB32(member.peer) }))
    .sort((a, b) => a.key < b.key ? -1 : 1)
    .map(({ member }) => member);
}

export type MessageProblem =
  /** `size` is the bytes of JSON that the chat message would have; MAX_JSON_SIZE is the most. */
  | { readonly problem: "too big"; readonly size: number }
  /** A control character other than LF and TAB, a line or paragraph separator, or half a surrogate pair. */
  | { readonly problem: "forbidden character" };

/** What keeps `text` from being sent as a chat message; `undefined`: nothing. Never throws. */
export function messageProblem(text: string): MessageProblem | undefined {
  if (!isText(text)) return { problem: "forbidden character" };
  const id = "A".repeat(ID_LENGTH); // every id is as long
  const size = new TextEncoder().encode(JSON.stringify({ type: "chat", id, text })).length;
  return size > MAX_JSON_SIZE ? { problem: "too big", size } : undefined;
}

/** May a person be called so? 1 to NAME_MAX_CODE_POINTS code points, none of them forbidden, no LF or TAB either. */
export function isName(name: string): boolean {
  // A code point is at most two units: the first test keeps the count from walking a long string.
  if (name.length < 1 || name.length > 2 * NAME_MAX_CODE_POINTS || [...name].length > NAME_MAX_CODE_POINTS) {
    return false;
  }
  return name.isWellFormed() && !hasForbidden(name, false);
}

/** MESSAGE_ID_SIZE random bytes in unpadded base64url. An id is not secret, so the bytes are not wiped. */
export function newMessageId(entropy: Entropy): MessageId {
  const id = new Uint8Array(MESSAGE_ID_SIZE);
  entropy(id);
  return id.toBase64({ alphabet: "base64url", omitPadding: true });
}

/** MESSAGE_ID_SIZE bytes in unpadded base64url that encodes to itself: the last digit's four unused bits are zero. */
export function isMessageId(id: string): boolean {
  return /^[A-Za-z0-9_-]{21}[AQgw]$/.test(id);
}

const ID_LENGTH = Math.ceil(MESSAGE_ID_SIZE * 8 / 6);

/** A fresh object with the keys in their order, so that nothing rides along that the caller's object may hold besides. */
function fieldsOf(message: Message): Fields {
  switch (message.type) {
    case "chat":
      return { type: message.type, id: message.id, text: message.text };
    case "ack":
      return { type: message.type, id: message.id };
    case "name":
      return { type: message.type, name: message.name };
    case "bye":
      return { type: message.type };
    case "verify":
      return { type: message.type, commit: message.commit, reveal: message.reveal };
    case "circle":
      return {
        type: message.type,
        you: message.you,
        with: message.with.map(({ peer, name }) => ({ peer: peerToB32(peer), name })),
      };
    case "meet":
    case "introduce":
      return {
        type: message.type,
        peer: peerToB32(message.peer),
        addresses: [...message.addresses],
        from: message.from,
      };
  }
}

type Fields = Readonly<Record<string, unknown>>;

/** Reads the values of a message. Which keys there are, and in which order, is for whoever compares what is written again. */
function read(fields: Fields | undefined): Message | undefined {
  if (fields === undefined) return undefined;
  const { type } = fields;
  switch (type) {
    case "chat": {
      const { id, text } = fields;
      return isId(id) && typeof text === "string" && isText(text) ? { type, id, text } : undefined;
    }
    case "ack": {
      const { id } = fields;
      return isId(id) ? { type, id } : undefined;
    }
    case "name": {
      const { name } = fields;
      return typeof name === "string" && isName(name) ? { type, name } : undefined;
    }
    case "bye":
      return { type };
    case "verify": {
      const { commit, reveal } = fields;
      return is32(commit) && (reveal === "" || is32(reveal)) ? { type, commit, reveal } : undefined;
    }
    case "circle": {
      const members = readMembers(fields.with);
      return isAddressOrNone(fields.you) && members !== undefined
        ? { type, you: fields.you, with: members }
        : undefined;
    }
    case "meet":
    case "introduce": {
      const { peer, addresses, from } = fields;
      if (!is32(peer) || !isAddresses(addresses) || !isAddressOrNone(from)) return undefined;
      return { type, peer: peerFromB32(peer), addresses: [...addresses], from };
    }
    default:
      return undefined;
  }
}

/** At most CIRCLE_MAX, strictly ascending: nobody twice. */
function readMembers(value: unknown): Member[] | undefined {
  if (!Array.isArray(value) || value.length > CIRCLE_MAX) return undefined;
  const members: Member[] = [];
  let last = "";
  for (const entry of value as unknown[]) {
    if (!isObject(entry)) return undefined;
    const { peer, name } = entry;
    if (!is32(peer) || peer <= last || typeof name !== "string" || (name !== "" && !isName(name))) return undefined;
    last = peer;
    members.push({ peer: peerFromB32(peer), name });
  }
  return members;
}

function isAddresses(value: unknown): value is WireAddress[] {
  return Array.isArray(value) && value.length <= ADDRESSES_PER_INTRODUCTION && new Set(value).size === value.length &&
    value.every((address) => typeof address === "string" && isWireAddress(address));
}

function isAddressOrNone(value: unknown): value is WireAddress | "" {
  return typeof value === "string" && (value === "" || isWireAddress(value));
}

function is32(value: unknown): value is B32 {
  return typeof value === "string" && isB32(value);
}

function isId(value: unknown): value is MessageId {
  return typeof value === "string" && isMessageId(value);
}

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** `undefined`: no JSON, or no object. The parser takes `__proto__` for a key like another, and of two equal keys the last. */
function parse(text: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isText(text: string): boolean {
  return text.isWellFormed() && !hasForbidden(text, true);
}

/** C0 and C1 controls, DEL, and the two separators that some programs take for a line's end. */
function hasForbidden(text: string, lfAndTabAllowed: boolean): boolean {
  return (lfAndTabAllowed ? FORBIDDEN_IN_TEXT : FORBIDDEN_IN_NAME).test(text);
}

// deno-lint-ignore no-control-regex -- these are what is forbidden
const FORBIDDEN_IN_TEXT = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]/;
// deno-lint-ignore no-control-regex
const FORBIDDEN_IN_NAME = /[\x00-\x1f\x7f-\x9f\u2028\u2029]/;

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    // "ignoreBOM" means "leave it in": then it is a character outside the object, and refused.
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

// What one person's program says to another's: chat, ack, name, bye (docs/PROTOCOL.md section 6).
// In here: JSON to a message and back under a strict schema, and what a text may hold. Not in here: fragments, when an
// ack is due, which ids were seen, and how a text is made safe for a screen (`terminal/text/sanitise.ts`).
//
// A message's text is a JavaScript string from here on, on both sides, and strings are never wiped: docs/SECURITY.md.

import { MAX_JSON_SIZE, MESSAGE_ID_SIZE, NAME_MAX_CODE_POINTS } from "../constants.ts";
import type { MessageId } from "../notice.ts";
import type { Entropy } from "../ports.ts";
import { ProtocolViolation } from "../protocol_violation.ts";

export type Message =
  | { readonly type: "chat"; readonly id: MessageId; readonly text: string }
  | { readonly type: "ack"; readonly id: MessageId }
  | { readonly type: "name"; readonly name: string }
  | { readonly type: "bye" };

/**
 * UTF-8 JSON with the keys in the order of section 6, no spaces; the caller wipes it. Throws a RangeError that names the
 * size in bytes when it is more than MAX_JSON_SIZE, and a TypeError for a message that `decodeMessage` would refuse.
 */
export function encodeMessage(message: Message): Uint8Array {
  const fields = fieldsOf(message);
  if (parseFields(new Map(Object.entries(fields))) === undefined) throw new TypeError(`not a ${message.type} message`);
  const json = new TextEncoder().encode(JSON.stringify(fields));
  if (json.length > MAX_JSON_SIZE) {
    throw new RangeError(`the message is ${json.length} bytes of JSON, more than ${MAX_JSON_SIZE}`);
  }
  return json;
}

/**
 * `json` is the bytes of a whole message. Any spelling that JSON allows is taken (spaces, escapes, order of keys), so
 * long as it says exactly one of the four messages. Throws ProtocolViolation: `message size`, else `message`.
 */
export function decodeMessage(json: Uint8Array): Message {
  if (json.length > MAX_JSON_SIZE) throw new ProtocolViolation("message size");
  const text = decodeUtf8(json);
  const fields = text === undefined ? undefined : scanFlatObject(text);
  const message = fields === undefined ? undefined : parseFields(fields);
  if (message === undefined) throw new ProtocolViolation("message");
  return message;
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

/** A chat has the most. */
const FIELDS_MAX = 3;
const ID_LENGTH = Math.ceil(MESSAGE_ID_SIZE * 8 / 6);

/** A fresh object, so that nothing rides along that the caller's object may hold besides. */
function fieldsOf(message: Message): Record<string, string> {
  switch (message.type) {
    case "chat":
      return { type: message.type, id: message.id, text: message.text };
    case "ack":
      return { type: message.type, id: message.id };
    case "name":
      return { type: message.type, name: message.name };
    case "bye":
      return { type: message.type };
  }
}

/** The schema. `undefined`: an unknown type, a key too few or too many, or a value that is not allowed. */
function parseFields(fields: ReadonlyMap<string, string>): Message | undefined {
  const type = fields.get("type");
  const id = fields.get("id");
  const text = fields.get("text");
  const name = fields.get("name");
  // With the right number of keys and each known one there, no key is left that could be unknown.
  switch (type) {
    case "chat":
      if (fields.size !== 3 || id === undefined || text === undefined) return undefined;
      return isMessageId(id) && isText(text) ? { type, id, text } : undefined;
    case "ack":
      if (fields.size !== 2 || id === undefined) return undefined;
      return isMessageId(id) ? { type, id } : undefined;
    case "name":
      if (fields.size !== 2 || name === undefined) return undefined;
      return isName(name) ? { type, name } : undefined;
    case "bye":
      return fields.size === 1 ? { type } : undefined;
    default:
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

/**
 * Reads `{ string: string, ... }` and nothing else: every value of every message is a string, so nesting, numbers and
 * `null` end here, before anything recursive has seen them. JSON.parse would take the last of two equal keys and treat
 * `__proto__` apart; here it judges one string token at a time. `undefined`: another thing, or a key twice.
 */
function scanFlatObject(json: string): Map<string, string> | undefined {
  const fields = new Map<string, string>();
  let at = skipSpace(json, 0);
  if (json[at] !== "{") return undefined;
  at = skipSpace(json, at + 1);
  for (;;) {
    const keyEnd = stringEnd(json, at);
    const colon = skipSpace(json, keyEnd);
    if (json[colon] !== ":") return undefined;
    const valueStart = skipSpace(json, colon + 1);
    const valueEnd = stringEnd(json, valueStart);
    const key = parseString(json.slice(at, keyEnd));
    const value = parseString(json.slice(valueStart, valueEnd));
    if (key === undefined || value === undefined || fields.has(key) || fields.size === FIELDS_MAX) return undefined;
    fields.set(key, value);
    at = skipSpace(json, valueEnd);
    if (json[at] === "}") break;
    if (json[at] !== ",") return undefined;
    at = skipSpace(json, at + 1);
  }
  return skipSpace(json, at + 1) === json.length ? fields : undefined;
}

/** The four characters that JSON calls whitespace, which are fewer than what JavaScript does. */
function skipSpace(json: string, at: number): number {
  while (json[at] === " " || json[at] === "\t" || json[at] === "\n" || json[at] === "\r") at++;
  return at;
}

/** Behind the closing quote of the string that begins at `at`; `at` itself where none does, which no rule then takes. */
function stringEnd(json: string, at: number): number {
  if (json[at] !== '"') return at;
  const notable = /["\\]/g;
  notable.lastIndex = at + 1;
  for (let found = notable.exec(json); found !== null; found = notable.exec(json)) {
    if (found[0] === '"') return found.index + 1;
    notable.lastIndex = found.index + 2; // what is escaped is no end
  }
  return at;
}

/** One string token with its quotes. `undefined` for what is none: an empty slice, a bad escape, a raw control character. */
function parseString(token: string): string | undefined {
  try {
    const value: unknown = JSON.parse(token);
    return typeof value === "string" ? value : undefined;
  } catch {
    return undefined;
  }
}

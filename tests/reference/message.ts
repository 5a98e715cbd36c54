// docs/PROTOCOL.md section 6: messages as JSON. Not in here: who says what when.

import { random, utf8 } from "./bytes.ts";
import { Violation } from "./cell.ts";

export type Message = Readonly<Record<string, unknown>>;

const isId = (value: unknown) => typeof value === "string" && /^[A-Za-z0-9_-]{21}[AQgw]$/.test(value);
const isLine = (value: string) => value.isWellFormed() && !/[\p{Cc}\u2028\u2029]/u.test(value);
const isText = (value: unknown) => typeof value === "string" && isLine(value.replace(/[\n\t]/g, ""));
const isName = (value: unknown) =>
  typeof value === "string" && value !== "" && [...value].length <= 32 && isLine(value);

/** Keys in their order, each with its rule. */
const FORMS: Readonly<Record<string, Readonly<Record<string, (value: unknown) => boolean>>>> = {
  chat: { id: isId, text: isText },
  ack: { id: isId },
  name: { name: isName },
  bye: {},
};

/** Throws a Violation unless it is one of the forms, spelt as ECMAScript's JSON.stringify spells it. */
export function decodeMessage(json: Uint8Array): Message {
  if (json.length > 16384) throw new Violation("size of a message");
  const message = parsed(json);
  const form = Object.hasOwn(FORMS, String(message.type)) ? FORMS[String(message.type)] : undefined;
  if (form === undefined) throw new Violation("type of a message");
  const right = Object.entries(form).every(([key, fits]) => fits(message[key]));
  const keys = ["type", ...Object.keys(form)];
  const canonical = JSON.stringify(Object.fromEntries(keys.map((key) => [key, message[key]])));
  if (!right || canonical !== new TextDecoder("utf-8", { ignoreBOM: true }).decode(json)) {
    throw new Violation("message");
  }
  return message;
}

function parsed(json: Uint8Array): Message {
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(json));
    if (typeof value === "object" && value !== null) return value as Message;
  } catch {
    // As any other that is no object.
  }
  throw new Violation("this is no JSON object");
}

export function encodeMessage(message: Message): Uint8Array {
  return utf8(JSON.stringify(message));
}

export function messageId(): string {
  return random(16).toBase64({ alphabet: "base64url", omitPadding: true });
}

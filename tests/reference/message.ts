// docs/PROTOCOL.md section 6: messages as JSON. Out of scope: who says what when.

import { random, utf8 } from "./bytes.ts";
import { Violation } from "./cell.ts";

export type Message = Readonly<Record<string, unknown>>;

type Rule = (value: unknown) => boolean;
/** Keys in their order, each with its rule. */
type Form = Readonly<Record<string, Rule>>;

const text = (fits: (value: string) => boolean): Rule => (value) => typeof value === "string" && fits(value);
const orEmpty = (rule: Rule): Rule => (value) => value === "" || rule(value);
const isLine = (value: string) => value.isWellFormed() && !/[\p{Cc}\u2028\u2029]/u.test(value);
const isId = text((value) => /^[A-Za-z0-9_-]{21}[AQgw]$/.test(value));
const isText = text((value) => isLine(value.replace(/[\n\t]/g, "")));
const isName = text((value) => value !== "" && [...value].length <= 32 && isLine(value));
/** 32 bytes; the two spare bits are 0. */
const is32 = text((value) => /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/.test(value));
/** As URL parsers write a host, and a port that is not 0. */
const isAddress = text((value) => {
  const [, host = "", port = ""] = /^(\[[0-9a-f:]+\]|[0-9.]+):([1-9][0-9]{0,4})$/.exec(value) ?? [];
  return URL.canParse(`http://${host}`) && new URL(`http://${host}`).hostname === host && Number(port) <= 65535;
});
const isAddresses: Rule = (value) =>
  Array.isArray(value) && value.length <= 8 && value.every(isAddress) && new Set(value).size === value.length;
const isCircle: Rule = (value) => {
  if (!Array.isArray(value) || value.length > 63) return false;
  const right = value.every((one) => typeof one === "object" && one !== null && fits(MEMBER, one));
  return right && value.every(({ peer }, i) => i === 0 || value[i - 1].peer < peer);
};

const MEMBER: Form = { peer: is32, name: orEmpty(isName) };
const INTRODUCTION: Form = { peer: is32, addresses: isAddresses, from: orEmpty(isAddress) };
const FORMS: Readonly<Record<string, Form>> = {
  chat: { id: isId, text: isText },
  ack: { id: isId },
  name: { name: isName },
  bye: {},
  verify: { commit: is32, reveal: orEmpty(is32) },
  circle: { you: orEmpty(isAddress), with: isCircle },
  meet: INTRODUCTION,
  introduce: INTRODUCTION,
};

function fits(form: Form, value: Message): boolean {
  return Object.entries(form).every(([key, rule]) => rule(value[key]));
}

/** These keys in this order, as far as they go. */
function inOrder(keys: readonly string[], value: Message): Message {
  return Object.fromEntries(keys.map((key) => [key, value[key]]));
}

/** Throws a Violation unless it is one of the forms, spelt as ECMAScript's JSON.stringify spells it. */
export function decodeMessage(json: Uint8Array): Message {
  if (json.length > 16384) throw new Violation("size of a message");
  const message = parsed(json);
  const { type } = message;
  const form = typeof type === "string" && Object.hasOwn(FORMS, type) ? FORMS[type] : undefined;
  if (form === undefined) throw new Violation("type of a message");
  if (!fits(form, message)) throw new Violation("value in a message");
  const canonical = JSON.stringify(
    inOrder(["type", ...Object.keys(form)], message),
    (key, value) => key === "with" ? (value as Message[]).map((member) => inOrder(Object.keys(MEMBER), member)) : value,
  );
  if (canonical !== new TextDecoder("utf-8", { ignoreBOM: true }).decode(json)) throw new Violation("spelling");
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

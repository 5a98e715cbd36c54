// docs/PROTOCOL.md section 6: JSON of a message, against a slow second judgement by the runtime's own parser.
// Input: the bytes; with a first byte of 1 they are put inside a chat message where its text stands.

import { MAX_JSON_SIZE } from "../../src/constants.ts";
import {
  decodeMessage,
  encodeMessage,
  isMessageId,
  isName,
  type Message,
  messageProblem,
} from "../../src/wire/message.ts";
import { joined, judged, must, same, type Target, utf8 } from "../target.ts";

const ID = "AAAAAAAAAAAAAAAAAAAAAA";
const HEAD = `{"type":"chat","id":"${ID}","text":`;

export const target: Target = {
  name: "message",
  maxLength: MAX_JSON_SIZE + 100,
  dictionary: [
    ...["type", "chat", "ack", "name", "bye", "id", "text", "__proto__", ID]
      .map((word) => `"${word}"`),
    `"type":"bye"`,
    `"type":"name","name":"`,
    "\\u0000",
    "\\ud800",
    "\\u2028",
    "\\u0022",
    "\ufeff",
    "\u2028",
    "\u0085",
    Uint8Array.of(0xed, 0xa0, 0x80),
    Uint8Array.of(0xc0, 0x80),
  ],
  seeds: () =>
    [
      `{"type":"bye"}`,
      `{"type":"ack","id":"${ID}"}`,
      `{"type":"name","name":"Ada \u00e9"}`,
      `${HEAD}"a\\n\\t\\u00e9\\ud83d\\ude00"}`,
      ` {\n"text" : "x" , "id":"${ID}","type":"chat" } `,
      `{"type":"bye","type":"bye"}`,
      `{"type":"bye","__proto__":"x"}`,
      `{"type":["bye"]}`,
      // The characters beside the forbidden ones, on both sides.
      `{"type":"name","name":" ~\u00a0\u2027\u202a"}`,
      `${HEAD}" ~\u00a0\u2027\u202a\ud7ff\ue000\uffff"}`,
    ].map((text) => joined([0], utf8(text))).concat([joined([1], utf8(`"x"`)), joined([1], utf8(`"\\\\\\""`))]),
  make: () => Promise.resolve(run),
};

function run(data: Uint8Array): void {
  const rest = data.subarray(1);
  const json = data[0] === 1 ? joined(utf8(HEAD), rest, utf8("}")) : rest.slice();
  const kept = json.slice();
  const got = judged(() => decodeMessage(json));
  must(same(json, kept), "decoding changes nothing");
  if (json.length > MAX_JSON_SIZE) {
    return must("violation" in got && got.violation === "message size", "a long one is refused by its size");
  }
  const wanted = slowly(json);
  if ("violation" in got) {
    must(got.violation === "message", "the reason is a word");
    return must(wanted === undefined, "what the page allows is taken");
  }
  must(wanted !== undefined, "what the page does not allow is refused");
  must(JSON.stringify(got.value) === JSON.stringify(wanted), "both read the same message");
  must(Object.getPrototypeOf(got.value) === Object.prototype, "a plain object");
  const again = judged(() => encodeMessage(got.value));
  must("value" in again && again.value.length <= json.length + 16 * 1024, "it can be sent on");
  must(JSON.stringify(decodeMessage(again.value)) === JSON.stringify(got.value), "round trip");
  if (got.value.type === "chat") {
    must(messageProblem(got.value.text) === undefined, "a text that came may be sent");
  }
}

/** The runtime's parser, with everything that it allows and the page does not forbidden by hand. */
function slowly(json: Uint8Array): Message | undefined {
  let text: string;
  let value: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(json);
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return undefined;
  }
  const fields = Object.entries(value);
  if (fields.some(([, field]) => typeof field !== "string")) return undefined;
  // A flat object of strings has two string tokens a key: more of them mean that a key came twice.
  if ([...text.matchAll(/"(?:[^"\\]|\\.)*"/gs)].length !== 2 * fields.length) {
    return undefined;
  }
  const { type, id, text: said, name } = Object.fromEntries(fields) as Record<
    string,
    string | undefined
  >;
  const keys = fields.map(([key]) => key).sort().join();
  if (type === "bye" && keys === "type") return { type };
  if (type === "ack" && keys === "id,type" && isId(id!)) {
    return { type, id: id! };
  }
  if (type === "name" && keys === "name,type" && /^[^\p{Cc}\p{Cs}\u2028\u2029]{1,32}$/u.test(name!)) {
    must(isName(name!), "isName() agrees");
    return { type, name: name! };
  }
  const allowed = /^(?:[\n\t]|[^\p{Cc}\p{Cs}\u2028\u2029])*$/u;
  if (
    type === "chat" && keys === "id,text,type" && isId(id!) &&
    allowed.test(said!)
  ) return { type, id: id!, text: said! };
  return undefined;
}

function isId(id: string): boolean {
  const bytes = /^[A-Za-z0-9_-]{22}$/.test(id) ? atob(id.replace(/-/g, "+").replace(/_/g, "/") + "==") : "";
  const back = btoa(bytes).replace(/\+/g, "-").replace(/\//g, "_").slice(0, 22);
  must(isMessageId(id) === (bytes.length === 16 && back === id), "an id is 16 bytes that encode to itself");
  return isMessageId(id);
}

// docs/PROTOCOL.md section 6: JSON of a message, against the reference's judgement.
// Input: the bytes; with a first byte of 1 they are put inside a chat message where its text stands.

import { MAX_JSON_SIZE } from "../../src/constants.ts";
import { decodeMessage, encodeMessage, isMessageId, isName, messageProblem } from "../../src/wire/message.ts";
import * as reference from "../../tests/reference/reference.ts";
import { joined, judged, must, same, type Target, utf8 } from "../target.ts";

const ID = "AAAAAAAAAAAAAAAAAAAAAA";
const P = "A".repeat(43);
const Q = "_".repeat(42) + "8";
const HEAD = `{"type":"chat","id":"${ID}","text":`;

export const target: Target = {
  name: "message",
  maxLength: MAX_JSON_SIZE + 100,
  dictionary: [
    ...["type", "chat", "ack", "name", "bye", "id", "text", "__proto__", ID].map((word) => `"${word}"`),
    ...["verify", "commit", "reveal", "circle", "you", "with", "peer", "meet", "introduce", "addresses", "from", P, Q]
      .map((word) => `"${word}"`),
    `{"peer":"${P}","name":""}`,
    `"192.0.2.7:7373"`,
    `"[2001:db8::1]:443"`,
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
      `{"type":"verify","commit":"${P}","reveal":""}`,
      `{"type":"verify","commit":"${P}","reveal":"${Q}"}`,
      `{"type":"circle","you":"","with":[]}`,
      `{"type":"circle","you":"[2001:db8::1]:7373","with":[{"peer":"${P}","name":"Ada"},{"peer":"${Q}","name":""}]}`,
      `{"type":"meet","peer":"${P}","addresses":["192.0.2.7:7373","[2001:db8:0:1::]:443"],"from":"192.0.2.7:7374"}`,
      `{"type":"introduce","peer":"${P}","addresses":[],"from":""}`,
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
  const wanted = byTheReference(json);
  if ("violation" in got) {
    must(got.violation === "message", "the reason is a word");
    return must(wanted === undefined, "what the page allows is taken");
  }
  must(wanted !== undefined, "what the page does not allow is refused");
  must(got.value.type === wanted!.type, "both read the same message");
  if (got.value.type === "name") must(isName(got.value.name), "isName() agrees");
  if (got.value.type === "chat" || got.value.type === "ack") must(isMessageId(got.value.id), "isMessageId() agrees");
  must(Object.getPrototypeOf(got.value) === Object.prototype, "a plain object");
  const again = judged(() => encodeMessage(got.value));
  must("value" in again && same(again.value, json), "what is taken is what would be written");
  if (got.value.type === "chat") {
    must(messageProblem(got.value.text) === undefined, "a text that came may be sent");
  }
}

/** Undefined: a violation. */
function byTheReference(json: Uint8Array): ReturnType<typeof reference.decodeMessage> | undefined {
  try {
    return reference.decodeMessage(json);
  } catch (error) {
    if (error instanceof reference.Violation) return undefined;
    throw error;
  }
}

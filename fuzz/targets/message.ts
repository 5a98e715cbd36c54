// docs/PROTOCOL.md section 6: JSON of a message, against a second judgement that takes the bytes apart from left to right.
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
  const wanted = slowly(json);
  if ("violation" in got) {
    must(got.violation === "message", "the reason is a word");
    return must(wanted === undefined, "what the page allows is taken");
  }
  must(wanted !== undefined, "what the page does not allow is refused");
  must(JSON.stringify(got.value) === JSON.stringify(wanted), "both read the same message");
  must(Object.getPrototypeOf(got.value) === Object.prototype, "a plain object");
  const again = judged(() => encodeMessage(got.value));
  must("value" in again && same(again.value, json), "what is taken is what would be written");
  if (got.value.type === "chat") {
    must(messageProblem(got.value.text) === undefined, "a text that came may be sent");
  }
}

/** A reader of the one spelling: each form is a row of literals and values, and nothing may stand between or behind. */
function slowly(json: Uint8Array): Message | undefined {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(json);
  } catch {
    return undefined;
  }
  const reader = new Reader(text);
  const message = reader.message();
  return message !== undefined && reader.rest === "" ? message : undefined;
}

class Reader {
  constructor(public rest: string) {}

  message(): Message | undefined {
    if (this.skip(`{"type":"bye"}`)) return { type: "bye" };
    if (this.skip(`{"type":"ack","id":`)) {
      const id = this.string();
      return id !== undefined && isId(id) && this.skip("}") ? { type: "ack", id } : undefined;
    }
    if (this.skip(`{"type":"name","name":`)) {
      const name = this.string();
      if (name === undefined || !NAME.test(name) || !this.skip("}")) return undefined;
      must(isName(name), "isName() agrees");
      return { type: "name", name };
    }
    if (this.skip(`{"type":"chat","id":`)) {
      const id = this.string();
      if (id === undefined || !isId(id) || !this.skip(`,"text":`)) return undefined;
      const text = this.string();
      return text !== undefined && TEXT.test(text) && this.skip("}") ? { type: "chat", id, text } : undefined;
    }
    if (this.skip(`{"type":"verify","commit":`)) {
      const commit = this.string();
      if (commit === undefined || !is32(commit) || !this.skip(`,"reveal":`)) return undefined;
      const reveal = this.string();
      if (reveal === undefined || (reveal !== "" && !is32(reveal)) || !this.skip("}")) return undefined;
      return { type: "verify", commit, reveal };
    }
    if (this.skip(`{"type":"circle","you":`)) return this.circle();
    for (const type of ["meet", "introduce"] as const) {
      if (this.skip(`{"type":"${type}","peer":`)) return this.introduction(type);
    }
    return undefined;
  }

  circle(): Message | undefined {
    const you = this.string();
    if (you === undefined || (you !== "" && !isAddress(you)) || !this.skip(`,"with":[`)) return undefined;
    const members: { peer: string; name: string; key: string }[] = [];
    while (!this.skip("]}")) {
      if (members.length > 0 && !this.skip(",")) return undefined;
      if (!this.skip(`{"peer":`)) return undefined;
      const key = this.string();
      if (key === undefined || !is32(key) || !this.skip(`,"name":`)) return undefined;
      const name = this.string();
      if (name === undefined || (name !== "" && !NAME.test(name)) || !this.skip("}")) return undefined;
      members.push({ peer: hexOf(key), name, key });
    }
    if (members.length > 63 || members.some(({ key }, i) => i > 0 && key <= members[i - 1]!.key)) return undefined;
    return { type: "circle", you, with: members.map(({ peer, name }) => ({ peer, name })) };
  }

  introduction(type: "meet" | "introduce"): Message | undefined {
    const key = this.string();
    if (key === undefined || !is32(key) || !this.skip(`,"addresses":[`)) return undefined;
    const addresses: string[] = [];
    while (!this.skip("]")) {
      if (addresses.length > 0 && !this.skip(",")) return undefined;
      const address = this.string();
      if (address === undefined || !isAddress(address) || addresses.includes(address)) return undefined;
      addresses.push(address);
    }
    if (addresses.length > 8 || !this.skip(`,"from":`)) return undefined;
    const from = this.string();
    if (from === undefined || (from !== "" && !isAddress(from)) || !this.skip("}")) return undefined;
    return { type, peer: hexOf(key), addresses, from };
  }

  skip(literal: string): boolean {
    if (!this.rest.startsWith(literal)) return false;
    this.rest = this.rest.slice(literal.length);
    return true;
  }

  /** A string whose only escapes are the four that the values of messages can need. */
  string(): string | undefined {
    // deno-lint-ignore no-control-regex -- a raw one is what JSON forbids
    const [token] = /^"(?:[^"\\\x00-\x1f]|\\["\\nt])*"/.exec(this.rest) ?? [];
    if (token === undefined) return undefined;
    this.rest = this.rest.slice(token.length);
    const plain = { n: "\n", t: "\t" } as Record<string, string>;
    return token.slice(1, -1).replace(/\\(.)/g, (_, c: string) => plain[c] ?? c);
  }
}

const NAME = /^[^\p{Cc}\p{Cs}\u2028\u2029]{1,32}$/u;
const TEXT = /^(?:[\n\t]|[^\p{Cc}\p{Cs}\u2028\u2029])*$/u;

/** By the runtime's URL parser, which writes an address as section 6 wants it. */
function isAddress(text: string): boolean {
  const port = /:([1-9][0-9]{0,4})$/.exec(text)?.[1];
  const host = port === undefined ? "" : text.slice(0, -port.length - 1);
  if (port === undefined || Number(port) > 65535 || !/^(?:[0-9.]+|\[[0-9a-f:]+\])$/.test(host)) return false;
  try {
    return new URL(`http://${host}/`).hostname === host;
  } catch {
    return false;
  }
}

function is32(text: string): boolean {
  return /^[A-Za-z0-9_-]{43}$/.test(text) && bytesOf(text).length === 32 && spelt(bytesOf(text)) === text;
}

function hexOf(text: string): string {
  return [...bytesOf(text)].map((c) => c.charCodeAt(0).toString(16).padStart(2, "0")).join("");
}

function bytesOf(text: string): string {
  return atob(text.replace(/-/g, "+").replace(/_/g, "/") + "=".repeat(-text.length & 3));
}

function spelt(bytes: string): string {
  return btoa(bytes).replace(/\+/g, "-").replace(/\//g, "_").replace(/=*$/, "");
}

function isId(id: string): boolean {
  const bytes = /^[A-Za-z0-9_-]{22}$/.test(id) ? bytesOf(id) : "";
  must(isMessageId(id) === (bytes.length === 16 && spelt(bytes) === id), "an id is 16 bytes that encode to itself");
  return isMessageId(id);
}

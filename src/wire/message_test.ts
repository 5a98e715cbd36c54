// The messages, both ways, each in its one spelling. Most of this is about what is refused.

import { deepStrictEqual as deepEqual, ok, strictEqual as equal, throws } from "node:assert/strict";
import fc from "fast-check";
import { CIRCLE_MAX, MAX_JSON_SIZE } from "../constants.ts";
import { peerToB32 } from "./forms.ts";
import {
  type CircleMessage,
  decodeMessage,
  encodeMessage,
  inCircleOrder,
  isMessageId,
  isName,
  type Message,
  messageProblem,
  newMessageId,
} from "./message.ts";

const ID = "AAECAwQFBgcICQoLDA0ODw";
const A = "11".repeat(32);
const B = "22".repeat(32);
const P = peerToB32(A);
const Q = peerToB32(B);
const ADDRESS = "192.0.2.7:7373";
const VIOLATION = { name: "ProtocolViolation", violation: "message" };

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (json: Uint8Array) => new TextDecoder().decode(json);
const decode = (json: string) => decodeMessage(bytes(json));
const refused = (json: string) => throws(() => decode(json), VIOLATION, json);

/** Everything that must not stand in a text; a name forbids LF and TAB as well. */
const FORBIDDEN = [
  ...Array.from({ length: 0x20 }, (_, c) => String.fromCharCode(c)).filter((c) => c !== "\n" && c !== "\t"),
  ...Array.from({ length: 0x21 }, (_, c) => String.fromCharCode(0x7f + c)),
  "\u2028",
  "\u2029",
];
const HALVES = ["\ud800", "\udbff", "\udc00", "\udfff", "\udc00\ud800", "a\ud83d", "\ude00b"];

/** As `\uXXXX`: what it decodes to is what counts. */
const escaped = (s: string) =>
  Array.from({ length: s.length }, (_, i) => "\\u" + s.charCodeAt(i).toString(16).padStart(4, "0")).join("");

const allowedText = fc.string({ unit: "binary", maxLength: 60 }).filter((s) => messageProblem(s) === undefined);
const ids = fc.uint8Array({ minLength: 16, maxLength: 16 })
  .map((b) => b.toBase64({ alphabet: "base64url", omitPadding: true }));
const messages: fc.Arbitrary<Message> = fc.oneof(
  fc.record({ type: fc.constant("chat" as const), id: ids, text: allowedText }, { noNullPrototype: true }),
  fc.record({ type: fc.constant("ack" as const), id: ids }, { noNullPrototype: true }),
  fc.record({
    type: fc.constant("name" as const),
    name: fc.string({ unit: "grapheme", minLength: 1, maxLength: 32 }).filter(isName),
  }, { noNullPrototype: true }),
  fc.constant<Message>({ type: "bye" }),
  fc.record({
    type: fc.constant("verify" as const),
    commit: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((b) => peerToB32(b.toHex())),
    reveal: fc.oneof(fc.constant(""), fc.uint8Array({ minLength: 32, maxLength: 32 }).map((b) => peerToB32(b.toHex()))),
  }, { noNullPrototype: true }),
  fc.record({
    type: fc.constant("circle" as const),
    you: fc.constantFrom("", "192.0.2.7:7373", "[2001:db8::1]:65535"),
    with: fc.uniqueArray(fc.uint8Array({ minLength: 32, maxLength: 32 }).map((b) => b.toHex()), { maxLength: 5 })
      .map((peers) => inCircleOrder(peers.map((peer, i) => ({ peer, name: i % 2 === 0 ? "" : `é "${i}"` })))),
  }, { noNullPrototype: true }),
  fc.record({
    type: fc.constantFrom("meet" as const, "introduce" as const),
    peer: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((b) => b.toHex()),
    addresses: fc.uniqueArray(fc.constantFrom("192.0.2.7:7373", "[2001:db8::1]:443", "10.0.0.1:1"), { maxLength: 3 }),
    from: fc.constantFrom("", "198.51.100.2:7374"),
  }, { noNullPrototype: true }),
);

Deno.test("encodeMessage() writes the keys in the order of section 6", () => {
  equal(text(encodeMessage({ text: "hé\n", id: ID, type: "chat" })), `{"type":"chat","id":"${ID}","text":"hé\\n"}`);
  equal(text(encodeMessage({ id: ID, type: "ack" })), `{"type":"ack","id":"${ID}"}`);
  equal(text(encodeMessage({ name: "Ada", type: "name" })), `{"type":"name","name":"Ada"}`);
  equal(text(encodeMessage({ type: "bye" })), `{"type":"bye"}`);
  equal(
    text(encodeMessage({ type: "verify", commit: P, reveal: "" })),
    `{"type":"verify","commit":"${P}","reveal":""}`,
  );
  equal(
    text(encodeMessage({ type: "circle", you: ADDRESS, with: [{ peer: A, name: "Bob" }, { peer: B, name: "" }] })),
    `{"type":"circle","you":"${ADDRESS}","with":[{"peer":"${P}","name":"Bob"},{"peer":"${Q}","name":""}]}`,
  );
  for (const type of ["meet", "introduce"] as const) {
    equal(
      text(encodeMessage({ type, peer: A, addresses: [ADDRESS, "[2001:db8::1]:443"], from: "" })),
      `{"type":"${type}","peer":"${P}","addresses":["${ADDRESS}","[2001:db8::1]:443"],"from":""}`,
    );
  }
  equal(P, "ERERERERERERERERERERERERERERERERERERERERERE");
});

Deno.test("encodeMessage() sends no further field of the caller's object", () => {
  const extra = { type: "bye", secret: "x" } as const;
  equal(text(encodeMessage(extra)), `{"type":"bye"}`);
});

Deno.test("what is encoded decodes to the same message", () => {
  fc.assert(fc.property(messages, (m) => deepEqual(decodeMessage(encodeMessage(m)), m)), { seed: 9, numRuns: 500 });
});

Deno.test("encodeMessage() takes MAX_JSON_SIZE bytes, and names the size of one more", () => {
  const room = MAX_JSON_SIZE - encodeMessage({ type: "chat", id: ID, text: "" }).length;
  equal(encodeMessage({ type: "chat", id: ID, text: "a".repeat(room) }).length, MAX_JSON_SIZE);
  throws(() => encodeMessage({ type: "chat", id: ID, text: "a".repeat(room + 1) }), {
    name: "RangeError",
    message: /16385 bytes/,
  });
});

Deno.test("encodeMessage() refuses what decodeMessage() would", () => {
  const wrong: Message[] = [
    { type: "chat", id: "", text: "x" },
    { type: "chat", id: ID + "=", text: "x" },
    { type: "ack", id: ID.slice(1) },
    { type: "name", name: "" },
    { type: "name", name: "a\tb" },
    ...FORBIDDEN.map((c) => ({ type: "chat" as const, id: ID, text: c })),
    ...HALVES.map((c) => ({ type: "chat" as const, id: ID, text: c })),
  ];
  for (const message of wrong) throws(() => encodeMessage(message), TypeError);
});

Deno.test("decodeMessage() takes the canonical spelling: what JSON.stringify escapes, and nothing else", () => {
  deepEqual(decode(`{"type":"chat","id":"${ID}","text":"\\" \\\\ \\n \\t / 😀 é"}`), {
    type: "chat",
    id: ID,
    text: '" \\ \n \t / 😀 é',
  });
  deepEqual(decode(`{"type":"chat","id":"${ID}","text":""}`), { type: "chat", id: ID, text: "" });
});

Deno.test("decodeMessage() refuses every other spelling of a good message", () => {
  for (const space of [" ", "\t", "\r", "\n"]) {
    refused(`${space}{"type":"bye"}`);
    refused(`{"type":"bye"}${space}`);
    refused(`{${space}"type":"bye"}`);
    refused(`{"type"${space}:"bye"}`);
    refused(`{"type":${space}"bye"}`);
    refused(`{"type":"bye"${space}}`);
    refused(`{"type":"ack",${space}"id":"${ID}"}`);
  }
  for (
    const text of ["\\u0061", "\\/", "\\u000a", "\\u0009", "\\u0022", "\\u005c", "\\ud83d\\ude00", "\\u00e9", "\\u00E9"]
  ) {
    refused(`{"type":"chat","id":"${ID}","text":"${text}"}`);
  }
  refused(`{"\\u0074ype":"bye"}`);
  refused(`{"type":"\\u0062ye"}`);
});

Deno.test("decodeMessage() leaves text as it is: no normalisation, no trimming, no dropped characters", () => {
  for (
    const s of ["e\u0301", "\u00e9", " x ", "\ufeff", "\u200b\u202e", "\ufdd0\uffff", "\u{10ffff}", "\u00a0", "\n\t"]
  ) {
    deepEqual(decodeMessage(encodeMessage({ type: "chat", id: ID, text: s })), { type: "chat", id: ID, text: s });
  }
});

Deno.test("decodeMessage() checks the size first", () => {
  const longest = "a".repeat(MAX_JSON_SIZE - `{"type":"chat","id":"${ID}","text":""}`.length);
  deepEqual(decode(`{"type":"chat","id":"${ID}","text":"${longest}"}`), { type: "chat", id: ID, text: longest });
  throws(() => decode(`{"type":"chat","id":"${ID}","text":"${longest}a"}`), {
    name: "ProtocolViolation",
    violation: "message size",
  });
  throws(() => decodeMessage(new Uint8Array(MAX_JSON_SIZE + 1).fill(0xff)), { violation: "message size" });
});

Deno.test("decodeMessage() refuses a byte order mark, and bytes that are not UTF-8", () => {
  refused('\ufeff{"type":"bye"}');
  const invalid = [[0x80], [0xc0, 0xaf], [0xe0, 0x80, 0xaf], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [
    0xf0,
    0x9f,
  ]];
  for (const sequence of invalid) {
    const json = Uint8Array.from([...bytes(`{"type":"chat","id":"${ID}","text":"`), ...sequence, ...bytes('"}')]);
    throws(() => decodeMessage(json), VIOLATION);
  }
  throws(() => decodeMessage(Uint8Array.of(0xff, 0xfe, 0x7b, 0x00)), VIOLATION); // UTF-16
});

Deno.test("decodeMessage() refuses a key that comes twice, however it is spelt", () => {
  refused(`{"type":"ack","type":"bye"}`);
  refused(`{"type":"ack","id":"${ID}","\\u0069d":"${ID}"}`);
  refused(`{"type":"chat","id":"${ID}","text":"a","text":"b"}`);
});

Deno.test("decodeMessage() refuses an unknown key, also one that JavaScript knows", () => {
  for (const key of ["x", "", "__proto__", "constructor", "toString", "hasOwnProperty", "Type", "type ", "to", "id"]) {
    refused(`{"type":"bye","${key}":"x"}`);
    refused(`{"${key}":"x","type":"bye"}`);
  }
  refused(`{"type":"chat","id":"${ID}","text":"x","__proto__":"x"}`);
  refused(`{"type":"bye","__proto__":{"type":"chat"}}`);
  refused(`{"__proto__":{"type":"bye"}}`);
});

Deno.test("decodeMessage() refuses an unknown type", () => {
  for (const type of ["", "Chat", "CHAT", "chat ", "typing", "__proto__", "constructor", "toString", "bye\\u0000"]) {
    refused(`{"type":"${type}"}`);
    refused(`{"type":"${type}","id":"${ID}","text":"x"}`);
  }
});

Deno.test("decodeMessage() refuses every value that is not a string", () => {
  // Some would be good values as strings.
  const lists = ["x", ID, P, ADDRESS].map((text) => `["${text}"]`);
  const values = ["1", "0", "-1.5e3", "null", "true", "false", "{}", "[]", ...lists, `{"a":"b"}`, "[[]]"];
  for (const value of values) {
    refused(`{"type":${value}}`);
    refused(`{"type":"ack","id":${value}}`);
    refused(`{"type":"chat","id":"${ID}","text":${value}}`);
    refused(`{"type":"name","name":${value}}`);
    refused(`{"type":"verify","commit":${value},"reveal":""}`);
    refused(`{"type":"verify","commit":"${P}","reveal":${value}}`);
    refused(`{"type":"circle","you":${value},"with":[]}`);
    refused(`{"type":"circle","you":"","with":[{"peer":${value},"name":""}]}`);
    refused(`{"type":"circle","you":"","with":[{"peer":"${P}","name":${value}}]}`);
    refused(`{"type":"meet","peer":${value},"addresses":[],"from":""}`);
    refused(`{"type":"meet","peer":"${P}","addresses":[${value}],"from":""}`);
    refused(`{"type":"meet","peer":"${P}","addresses":[],"from":${value}}`);
  }
});

Deno.test("decodeMessage() refuses a list that is none, and members of a circle that are no objects", () => {
  for (const value of ["1", "null", "{}", `""`, `{"0":"${ADDRESS}","length":1}`]) {
    refused(`{"type":"circle","you":"","with":${value}}`);
    refused(`{"type":"meet","peer":"${P}","addresses":${value},"from":""}`);
  }
  for (const entry of ["1", "null", `"${P}"`, "[]", `["${P}",""]`]) {
    refused(`{"type":"circle","you":"","with":[${entry}]}`);
  }
});

Deno.test("decodeMessage() refuses JSON that is not an object", () => {
  for (const json of ["", " ", "null", "1", '"type"', "[]", '["type","bye"]', '[{"type":"bye"}]']) refused(json);
});

Deno.test("decodeMessage() refuses deep nesting without going into it", () => {
  refused("[".repeat(MAX_JSON_SIZE));
  refused("{".repeat(MAX_JSON_SIZE));
  refused('{"type":'.repeat(2048));
  refused(`{"type":"chat","id":"${ID}","text":${"[".repeat(8000)}${"]".repeat(8000)}}`);
});

Deno.test("decodeMessage() refuses what is nearly JSON", () => {
  for (
    const json of [
      `{"type":"bye"`,
      `{"type":"bye",}`,
      `{,"type":"bye"}`,
      `{"type":"bye"}}`,
      `{"type":"bye"}{"type":"bye"}`,
      `{"type":"bye"} x`,
      `{"type":"bye"}\0`,
      `{"type" "bye"}`,
      `{"type":"bye" "id":"${ID}"}`,
      `{"type"::"bye"}`,
      `{:"bye"}`,
      `{"type":}`,
      `{"type"}`,
      `{"type`,
      `{"type":"bye`,
      `{"type":"bye\\"}`,
      `{type:"bye"}`,
      `{'type':'bye'}`,
      `{"type":'bye'}`,
      `{"type":"bye"/**/}`,
      `//\n{"type":"bye"}`,
      `{"type":"b\\ye"}`,
      `{"type":"\\x62ye"}`,
      `{"type":"\\u62ye"}`,
      `{"type":"\\u00G2ye"}`,
      `{"type":"b" + "ye"}`,
      `\u00a0{"type":"bye"}`,
      `{\u00a0"type":"bye"}`,
      `\v{"type":"bye"}`,
      `\f{"type":"bye"}`,
      `{"type":"bye"}\u2028`,
      `{"ty\npe":"bye"}`,
    ]
  ) refused(json);
});

Deno.test("decodeMessage() refuses a raw control character inside a string, also one that may be escaped", () => {
  for (const c of ["\n", "\t", "\r", "\0", "\x1f"]) refused(`{"type":"chat","id":"${ID}","text":"a${c}b"}`);
});

Deno.test("decodeMessage() refuses forbidden characters in a text, raw or escaped", () => {
  for (const c of FORBIDDEN) {
    refused(`{"type":"chat","id":"${ID}","text":"a${escaped(c)}b"}`);
    if (c.charCodeAt(0) > 0x1f) refused(`{"type":"chat","id":"${ID}","text":"a${c}b"}`);
  }
  for (const half of HALVES) refused(`{"type":"chat","id":"${ID}","text":"${escaped(half)}"}`);
});

Deno.test("decodeMessage() refuses forbidden characters in a name, LF and TAB among them", () => {
  for (const c of [...FORBIDDEN, ...HALVES, "\n", "\t"]) refused(`{"type":"name","name":"a${escaped(c)}"}`);
});

Deno.test("a name has 1 to 32 code points", () => {
  refused(`{"type":"name","name":""}`);
  for (const unit of ["a", "é", "字", "😀"]) {
    deepEqual(decode(`{"type":"name","name":"${unit.repeat(32)}"}`), { type: "name", name: unit.repeat(32) });
    refused(`{"type":"name","name":"${unit.repeat(33)}"}`);
  }
  refused(`{"type":"name","name":"${"a".repeat(10_000)}"}`);
  equal(isName(" "), true); // section 6 says no more: what a blank name looks like is the screen's affair
});

Deno.test("an id is 16 bytes in unpadded base64url that encodes to itself", () => {
  const wrong = [
    "",
    "A",
    ID.slice(1),
    ID + "A",
    ID + "==",
    ID + "\\n",
    "AAECAwQFBgcICQoLDA0ODx", // unused bits set
    "AAECAwQFBgcICQoLDA0OD=",
    "+AECAwQFBgcICQoLDA0ODw", // base64, not base64url
    "/AECAwQFBgcICQoLDA0ODw",
    " AECAwQFBgcICQoLDA0ODw",
    "éAECAwQFBgcICQoLDA0ODw",
    "AAECAwQFBgcICQoLDA0O",
  ];
  for (const id of wrong) {
    refused(`{"type":"ack","id":"${id}"}`);
    refused(`{"type":"chat","id":"${id}","text":"x"}`);
  }
});

Deno.test("isMessageId() agrees with decoding and encoding again", () => {
  const digits = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"];
  for (const last of [...digits, "+", "/", "=", " "]) {
    const id = ID.slice(0, 21) + last;
    let again: string | undefined;
    try {
      again = Uint8Array.fromBase64(id, { alphabet: "base64url" })
        .toBase64({ alphabet: "base64url", omitPadding: true });
    } catch { /* not base64url at all */ }
    equal(isMessageId(id), again === id, id);
  }
});

Deno.test("newMessageId() is 16 bytes of the entropy that it is given", () => {
  equal(newMessageId((into) => into.forEach((_, i) => into[i] = i)), ID);
  equal(newMessageId((into) => into.fill(0xff)), "_____________________w");
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (b) => {
      ok(isMessageId(newMessageId((into) => into.set(b))));
    }),
    { seed: 10, numRuns: 100 },
  );
});

Deno.test("messageProblem() says what encodeMessage() would refuse, and no more", () => {
  equal(messageProblem(""), undefined);
  equal(messageProblem("a\n\tb"), undefined);
  for (const c of [...FORBIDDEN, ...HALVES]) deepEqual(messageProblem(`a${c}`), { problem: "forbidden character" });
  const room = MAX_JSON_SIZE - encodeMessage({ type: "chat", id: ID, text: "" }).length;
  equal(messageProblem("a".repeat(room)), undefined);
  deepEqual(messageProblem("a".repeat(room + 1)), { problem: "too big", size: MAX_JSON_SIZE + 1 });
  // What JSON escapes counts as it is sent: a quote is two bytes, an emoji four.
  deepEqual(messageProblem('"'.repeat(room)), { problem: "too big", size: MAX_JSON_SIZE + room });
  equal(messageProblem("😀".repeat(Math.floor(room / 4))), undefined);
});

Deno.test("a message with some bytes changed decodes to a message that encodes again, or is refused", () => {
  const change = fc.tuple(
    fc.nat(120),
    fc.oneof(fc.constantFrom(...bytes('"\\{}[]:,u0d8\0\n\x7f ')), fc.constantFrom(...bytes(" abcAQgw")), fc.nat(255)),
    fc.constantFrom("set", "insert", "remove"),
  );
  let taken = 0;
  fc.assert(
    fc.property(messages, fc.array(change, { minLength: 1, maxLength: 2 }), (message, changes) => {
      const json = [...encodeMessage(message)];
      for (const [at, value, how] of changes) {
        json.splice(at % json.length, how === "insert" ? 0 : 1, ...(how === "remove" ? [] : [value]));
      }
      let decoded: Message;
      try {
        decoded = decodeMessage(Uint8Array.from(json));
      } catch (e) {
        equal((e as Error).name, "ProtocolViolation");
        return;
      }
      taken++;
      deepEqual([...encodeMessage(decoded)], json, "what is taken is what would be written");
    }),
    { seed: 11, numRuns: 2000 },
  );
  ok(taken > 40, `only ${taken} changed messages were still messages`);
});

Deno.test("decodeMessage() refuses a message with a key too few, too many, repeated or out of order", () => {
  const forms = [
    [`"type":"chat"`, `"id":"${ID}"`, `"text":"x"`],
    [`"type":"ack"`, `"id":"${ID}"`],
    [`"type":"name"`, `"name":"x"`],
    [`"type":"bye"`],
    [`"type":"verify"`, `"commit":"${P}"`, `"reveal":"${Q}"`],
    [`"type":"circle"`, `"you":""`, `"with":[]`],
    [`"type":"meet"`, `"peer":"${P}"`, `"addresses":[]`, `"from":""`],
    [`"type":"introduce"`, `"peer":"${P}"`, `"addresses":["${ADDRESS}"]`, `"from":"${ADDRESS}"`],
  ];
  for (const form of forms) {
    decode(`{${form.join()}}`);
    for (let at = 0; at < form.length; at++) {
      refused(`{${form.toSpliced(at, 1).join()}}`);
      refused(`{${form.toSpliced(at, 0, `"x":""`).join()}}`);
      refused(`{${form.toSpliced(at, 0, form[at]!).join()}}`);
      if (at > 0) refused(`{${form.toSpliced(at - 1, 2, form[at]!, form[at - 1]!).join()}}`);
    }
  }
  refused(`{"type":"circle","you":"","with":[{"peer":"${P}"}]}`);
  refused(`{"type":"circle","you":"","with":[{"name":"","peer":"${P}"}]}`);
  refused(`{"type":"circle","you":"","with":[{"peer":"${P}","name":"","x":""}]}`);
  refused(`{"type":"circle","you":"","with":[{"peer":"${P}","name":"","name":""}]}`);
});

Deno.test("a commit, a reveal and a PeerId are 32 bytes in unpadded base64url that encode to themselves", () => {
  const wrong = [
    "A",
    P.slice(1),
    P + "A",
    P + "=",
    P.slice(1) + "=",
    P.slice(0, 42) + "F",
    "+" + P.slice(1),
    "/" + P.slice(1),
    A,
    " " + P.slice(1),
  ];
  for (const value of wrong) {
    refused(`{"type":"verify","commit":"${value}","reveal":""}`);
    refused(`{"type":"verify","commit":"${P}","reveal":"${value}"}`);
    refused(`{"type":"circle","you":"","with":[{"peer":"${value}","name":""}]}`);
    refused(`{"type":"introduce","peer":"${value}","addresses":[],"from":""}`);
  }
  for (
    const empty of [`{"type":"verify","commit":"","reveal":""}`, `{"type":"meet","peer":"","addresses":[],"from":""}`]
  ) refused(empty);
});

Deno.test("a circle has at most 63 members, strictly ascending as ASCII", () => {
  const members = inCircleOrder(
    Array.from({ length: 64 }, (_, i) => ({ peer: (i * 4).toString(16).padStart(2, "0").repeat(32), name: "x" })),
  );
  const json = (some: CircleMessage["with"]) =>
    `{"type":"circle","you":"","with":[${
      some.map((m) => `{"peer":"${peerToB32(m.peer)}","name":"${m.name}"}`).join()
    }]}`;
  deepEqual(decode(json(members.slice(0, CIRCLE_MAX))), { type: "circle", you: "", with: members.slice(0, 63) });
  refused(json(members));
  refused(json([members[1]!, members[0]!]));
  refused(json([members[0]!, members[0]!]));
  refused(json([...members.slice(0, 10), members[5]!]));
  // Byte 0xff is spelt "_", which is above every letter in capitals and below every small one; "-" is below all.
  const spelt = inCircleOrder(["f8", "fc", "00", "68"].map((byte) => ({ peer: byte.repeat(32), name: "" })));
  const keys = spelt.map(({ peer }) => peerToB32(peer));
  deepEqual(keys, [...keys].sort());
  decode(json(spelt));
});

Deno.test("the largest circle fits: 63 names of 32 code points of four bytes, in eleven cells", () => {
  const members = Array.from(
    { length: 63 },
    (_, i) => ({ peer: i.toString(16).padStart(2, "0").repeat(32), name: "😀".repeat(32) }),
  );
  const json = encodeMessage({ type: "circle", you: `[${"1111:".repeat(7)}1111]:65535`, with: inCircleOrder(members) });
  equal(Math.ceil(json.length / 1209), 11);
});

Deno.test("a name in a circle may be empty, and else is a name", () => {
  const json = (name: string) => `{"type":"circle","you":"","with":[{"peer":"${P}","name":"${name}"}]}`;
  deepEqual(decode(json("")), { type: "circle", you: "", with: [{ peer: A, name: "" }] });
  for (const name of ["\u0085", "\\n", "\\t", "\u2028", "a".repeat(33), "\\ud800"]) refused(json(name));
});

Deno.test("an introduction has at most 8 addresses, none twice", () => {
  const json = (addresses: string[]) =>
    `{"type":"introduce","peer":"${P}","addresses":${JSON.stringify(addresses)},"from":""}`;
  const nine = Array.from({ length: 9 }, (_, i) => `192.0.2.${i}:7373`);
  deepEqual(decode(json(nine.slice(0, 8))), { type: "introduce", peer: A, addresses: nine.slice(0, 8), from: "" });
  refused(json(nine));
  refused(json([ADDRESS, ADDRESS]));
});

Deno.test("an address has one spelling: what parsing and writing gives back, with a port from 1 to 65535", () => {
  const good = [
    "192.0.2.7:1",
    "0.0.0.0:65535",
    "255.255.255.255:7373",
    "[::]:7373",
    "[::1]:443",
    "[2001:db8::1]:7373",
    "[2001:db8:0:1:1:1:1:1]:7373",
    "[::ffff:c000:207]:7373",
    "[fe80::1]:7373",
    "[1:0:0:2::3]:7373",
    "[64:ff9b::c000:207]:25",
  ];
  const bad = [
    "",
    "192.0.2.7",
    "192.0.2.7:",
    "192.0.2.7:0",
    "192.0.2.7:00",
    "192.0.2.7:07373",
    "192.0.2.7:65536",
    "192.0.2.7:99999",
    "192.0.2.7:+1",
    "192.0.2.7: 1",
    " 192.0.2.7:1",
    "192.0.2.7:1 ",
    "192.0.2.07:1",
    "192.0.2.256:1",
    "192.0.2:1",
    "3221225991:1",
    "0x7f.0.0.1:1",
    "::1:7373",
    "[::1]",
    "[::1]:",
    "[::1]:0",
    "[0:0:0:0:0:0:0:1]:1",
    "[2001:DB8::1]:1",
    "[2001:db8::0001]:1",
    "[2001:db8:0:0:1::1]:1",
    "[2001:db8:0::1:1:1:1:1]:1",
    "[::ffff:192.0.2.7]:1",
    "[fe80::1%eth0]:1",
    "[fe80::1%25eth0]:1",
    "[192.0.2.7]:1",
    "friend.example:7373",
    "localhost:7373",
    "[1::2::3]:1",
    "[12345::]:1",
    "192.0.2.7:7373,",
    "[::1]]:1",
    "[" + ":".repeat(10_000) + "]:1",
    "1".repeat(16_000) + ":1",
  ];
  for (const place of ["you", "addresses", "from"]) {
    const json = (a: string) =>
      place === "you"
        ? `{"type":"circle","you":"${a}","with":[]}`
        : `{"type":"meet","peer":"${P}","addresses":[${place === "from" ? "" : `"${a}"`}],"from":"${
          place === "from" ? a : ""
        }"}`;
    for (const address of good) decode(json(address));
    for (const address of bad) if (address !== "" || place === "addresses") refused(json(address));
  }
});

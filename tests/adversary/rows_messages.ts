// Messages that no honest peer sends (docs/PROTOCOL.md section 6), from somebody who is in.

import assert from "node:assert/strict";
import { join, messageId, PLAINTEXT, random, type Session, utf8 } from "../reference/reference.ts";
import type { Row } from "./world.ts";

const ID = "AAAAAAAAAAAAAAAAAAAAAA";
/** 32 zero bytes, and the way to others: as section 6 spells them. */
const B32 = "A".repeat(43);
const SCHEMA = "protocol 6: a strict schema; a violation closes";

export const MESSAGE_ROWS: readonly Row[] = [
  refused("unknown keys", [
    `{"type":"chat","id":"${ID}","text":"x","more":"y"}`,
    `{"type":"chat","id":"${ID}","text":"x","__proto__":"y"}`,
    `{"type":"bye","__proto__":{}}`,
    `{"type":"ack","id":"${ID}","text":"x"}`,
    `{"type":"name","name":"a","constructor":"y"}`,
  ]),
  refused("missing keys", [`{}`, `{"type":"chat","id":"${ID}"}`, `{"type":"ack"}`, `{"type":"name"}`]),
  refused("unknown types", [
    `{"type":"Chat","id":"${ID}","text":"x"}`,
    `{"type":"file","id":"${ID}"}`,
    `{"type":""}`,
    `{"type":"__proto__"}`,
    `{"type":"toString"}`,
  ]),
  refused("values of the wrong type", [
    `{"type":"chat","id":"${ID}","text":1}`,
    `{"type":"chat","id":"${ID}","text":null}`,
    `{"type":"chat","id":["${ID}"],"text":"x"}`,
    `{"type":["chat"],"id":"${ID}","text":"x"}`,
    `{"type":"name","name":{}}`,
  ]),
  refused("duplicate keys", [
    `{"type":"chat","type":"bye","id":"${ID}","text":"x"}`,
    `{"type":"chat","id":"${ID}","text":"x","text":"y"}`,
    `{"type":"bye","\\u0074ype":"bye"}`,
  ]),
  refused("no object", [
    `[]`,
    `"bye"`,
    `null`,
    `1`,
    ` `,
    `{"type":"bye"}{"type":"bye"}`,
    `{"type":"bye"}x`,
    `{"type":"bye",}`,
    `{'type':'bye'}`,
  ]),
  refused("deep nesting", [
    "[".repeat(16384),
    `{"type":"chat","id":"${ID}","text":${"[".repeat(8000)}${"]".repeat(8000)}}`,
    `{"a":`.repeat(3276),
  ]),
  refused("lone surrogates", [
    `{"type":"chat","id":"${ID}","text":"\\ud800"}`,
    `{"type":"chat","id":"${ID}","text":"\\udc00\\ud800"}`,
    `{"type":"name","name":"\\udfff"}`,
  ]),
  refused(
    "control characters, escaped",
    ["0000", "0007", "001b", "000d", "007f", "0080", "009b", "2028", "2029"].map((c) =>
      `{"type":"chat","id":"${ID}","text":"x\\u${c}[2J"}`
    ),
  ),
  refused(
    "control characters, raw",
    [0x00, 0x1b, 0x0a, 0x7f].map((c) =>
      join(utf8(`{"type":"chat","id":"${ID}","text":"x`), Uint8Array.of(c), utf8(`"}`))
    ),
  ),
  refused(
    "bad UTF-8",
    [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82]].map((bytes) =>
      join(utf8(`{"type":"chat","id":"${ID}","text":"`), Uint8Array.from(bytes), utf8(`"}`))
    ),
  ),
  refused("byte order mark", [join(Uint8Array.of(0xef, 0xbb, 0xbf), utf8(`{"type":"bye"}`))]),
  refused(
    "bad ids",
    [
      "",
      "A",
      "AAAAAAAAAAAAAAAAAAAAA",
      "AAAAAAAAAAAAAAAAAAAAAAA",
      "AAAAAAAAAAAAAAAAAAAAAB",
      "AAAAAAAAAAAAAAAAAAAAA+",
      "AAAAAAAAAAAAAAAAAAAAAA==",
      "AAAAAAAAAAAAAAAAAAAAA/",
      "AAAAAAAAAAAAAAAAAAAA \\n",
    ].map((id) => `{"type":"chat","id":"${id}","text":"x"}`),
  ),
  refused(
    "bad names",
    ["", "n".repeat(33), "a\\nb", "a\\tb", "\\u001b[31m", "🦜".repeat(33)].map((name) =>
      `{"type":"name","name":"${name}"}`
    ),
  ),

  refused("other spellings of what may be said", [
    ` {"type":"chat","id":"${ID}","text":"x"}`,
    `{"type":"chat","id":"${ID}","text":"x"}\n`,
    `{"type": "chat","id":"${ID}","text":"x"}`,
    `{"type":"chat","text":"x","id":"${ID}"}`,
    `{"type":"chat","id":"${ID}","text":"\\u0061"}`,
    `{"type":"chat","id":"${ID}","text":"\\/"}`,
    `{"\\u0074ype":"bye"}`,
  ]),
  refused("a verify that is none", [
    `{"type":"verify","commit":"${B32}"}`,
    `{"type":"verify","commit":"${B32.slice(1)}","reveal":""}`,
    `{"type":"verify","commit":"${B32.slice(0, 42)}B","reveal":""}`,
    `{"type":"verify","commit":"${B32}","reveal":"${B32}"}`, // it does not open its commit
    `{"type":"verify","reveal":"","commit":"${B32}"}`,
  ]),
  refused("a circle that is none", [
    circle("1.2.3.4:0"),
    circle("1.2.3.04:7373"),
    circle("example.org:7373"),
    circle("[2001:DB8::1]:7373"),
    circle("[fe80::1%eth0]:7373"),
    circle("[::ffff:1.2.3.4]:7373"),
    circle("", [["B", ""], ["A", ""]]),
    circle("", [["B", ""], ["B", ""]]),
    circle("", [["B", "n\\u001b"]]),
    circle(
      "",
      Array.from(
        { length: 64 },
        (_, i) => [String.fromCharCode(65 + i % 26) + (i < 26 ? "A" : i < 52 ? "B" : "C"), ""],
      ),
    ),
    `{"type":"circle","you":"","with":{}}`,
    `{"type":"circle","you":"","with":[{"name":"","peer":"${B32}"}]}`,
  ]),
  ...(["meet", "introduce"] as const).map((type) =>
    refused(`a${type === "meet" ? " meet" : "n introduce"} that is none`, [
      `{"type":"${type}","peer":"${B32}","addresses":[]}`,
      `{"type":"${type}","peer":"","addresses":[],"from":""}`,
      `{"type":"${type}","peer":"${B32}","addresses":["1.2.3.4:0"],"from":""}`,
      `{"type":"${type}","peer":"${B32}","addresses":["1.2.3.4:70000"],"from":""}`,
      `{"type":"${type}","peer":"${B32}","addresses":["1.2.3.4:1","1.2.3.4:1"],"from":""}`,
      `{"type":"${type}","peer":"${B32}","addresses":${
        JSON.stringify(Array.from({ length: 9 }, (_, i) => `1.2.3.4:${7000 + i}`))
      },"from":""}`,
      `{"type":"${type}","peer":"${B32}","addresses":[],"from":"1.2.3.4"}`,
    ])
  ),
  {
    row: "three verifies",
    where: "protocol 6: a third verify is a violation",
    sent: "three times the same right commit",
    promised: "closed at the third",
    refusals: 0,
    async run(world) {
      const session = await world.session();
      const verify = `{"type":"verify","commit":"${B32}","reveal":""}`;
      session.send(...session.message(verify), ...session.message(verify));
      await session.stillTalks("after two");
      session.send(...session.message(verify));
      return await world.left(session, "protocol");
    },
  },
  {
    row: "verify first on a connection",
    where: "protocol 6: verify goes before everything else",
    sent: "a right session, in both roles",
    promised: "the victim's first message is its verify; its circle, if any, comes behind it",
    refusals: 0,
    async run(world) {
      for (const session of [await world.session(), await world.calledSession()]) {
        await session.stillTalks("hello");
        await session.heard(({ type }) => type === "circle");
        assert.equal(session.messages[0]?.type, "verify");
        assert.deepEqual(session.faults, []);
      }
      return "verify came first, twice, and a circle behind it";
    },
  },
  {
    row: "the one spelling",
    where: "protocol 6",
    sent: "an empty text, LF and TAB, quotes and backslashes, a name of 32 parrots",
    promised: "taken",
    refusals: 0,
    async run(world) {
      const session = await world.session();
      session.send(
        ...session.message(`{"type":"chat","id":"${messageId()}","text":"a\\tb\\n\\"\\\\"}`),
        ...session.message(`{"type":"chat","id":"${messageId()}","text":""}`),
        ...session.message(`{"type":"name","name":"${"🦜".repeat(32)}"}`),
      );
      await session.stillTalks("after");
      assert.deepEqual(world.shownFrom(session.wire.identity), ['a\tb\n"\\', "", "after"]);
      await world.victim.like("named", { peer: session.wire.identity.id.toHex(), name: "🦜".repeat(32) });
      return "shown";
    },
  },
  {
    row: "names in a row",
    where: "protocol 6: a change sooner than 10 s after the last one is ignored",
    sent: "ten names at once",
    promised: "the first is taken, the rest ignored",
    refusals: 0,
    async run(world) {
      const session = await world.session();
      for (let i = 0; i < 10; i++) session.send(...session.message(`{"type":"name","name":"n${i}"}`));
      await session.stillTalks("done");
      const names = world.victim.all("named").filter((e) => e.peer === session.wire.identity.id.toHex());
      assert.deepEqual(names.map((e) => e.name), ["n0"]);
      return "one name shown";
    },
  },
  {
    row: "repeated id",
    where: "protocol 6: an id twice on one connection is a violation",
    sent: "two chats under one id",
    promised: "the first shown once, closed at the second",
    refusals: 0,
    async run(world) {
      const session = await world.session();
      const id = session.chat("first");
      await session.heard((m) => m.type === "ack" && m.id === id);
      session.chat("second", id);
      const observed = await world.left(session, "protocol");
      assert.deepEqual(world.shownFrom(session.wire.identity), ["first"]);
      return observed;
    },
  },
  {
    row: "id again on a later connection",
    where: "protocol 6: a known id is confirmed anew and not shown again",
    sent: "the same certificate calls again and repeats a chat",
    promised: "acknowledged, shown once",
    refusals: 0,
    async run(world) {
      const first = await world.session();
      const id = first.chat("only once");
      await first.heard((m) => m.type === "ack" && m.id === id);
      first.wire[Symbol.dispose]();
      const { identity } = first.wire;
      await world.victim.like("left", { peer: identity.id.toHex() });
      const second = await world.session({ identity });
      second.chat("only once", id);
      await second.heard((m) => m.type === "ack" && m.id === id);
      assert.deepEqual(world.shownFrom(identity), ["only once"]);
      return "acknowledged twice, shown once";
    },
  },
  {
    row: "64 chats at once",
    where: "protocol 6: at most 64 unconfirmed",
    sent: "64 chats in one write",
    promised: "all shown and acknowledged",
    refusals: 0,
    async run(world) {
      const session = await world.session();
      const ids = Array.from({ length: 64 }, () => messageId());
      session.send(...ids.flatMap((id) => session.message(chat(id, "x"))));
      for (const id of ids) await session.heard((m) => m.type === "ack" && m.id === id, 10_000);
      assert.equal(world.shownFrom(session.wire.identity).length, 64);
      return "64 shown, 64 acknowledged";
    },
  },
  {
    row: "65 chats at once",
    where: "protocol 6: one more than 64 not yet acked is a violation",
    sent: "65 chats in one write",
    promised: "closed at the 65th",
    // A long tick: none is acknowledged meanwhile.
    world: { intervalMs: 1000 },
    refusals: 0,
    async run(world) {
      const session = await world.session();
      // Right behind a cell of the victim's, so that its next tick is a second away.
      await session.cellsOpened(session.cells + 1);
      session.send(...Array.from({ length: 65 }, () => session.message(chat(messageId(), "x"))).flat());
      const observed = await world.left(session, "protocol");
      assert(world.shownFrom(session.wire.identity).length <= 64);
      return observed;
    },
  },
  {
    row: "acks for unknown ids",
    where: "protocol 6: ignored",
    sent: "200 acks for ids that nobody said, and one for another friend's message",
    promised: "ignored; nothing counts as delivered",
    refusals: 0,
    async run(world) {
      const session = await world.session();
      const before = world.victim.all("delivered").length;
      for (let i = 0; i < 200; i++) session.send(...session.message(`{"type":"ack","id":"${messageId()}"}`));
      await session.stillTalks("after 200 acks");
      assert.equal(world.victim.all("delivered").length, before);
      return "ignored";
    },
  },
  {
    row: "bye, then more",
    where: "protocol 6: reads nothing after it",
    sent: "a bye and a chat in one write",
    promised: "left: bye; the chat is not shown",
    refusals: 0,
    async run(world) {
      const session = await world.session();
      session.send(...session.message(`{"type":"bye"}`), ...session.message(chat(messageId(), "afterwards")));
      const observed = await world.left(session, "bye");
      assert.deepEqual(world.shownFrom(session.wire.identity), []);
      return observed;
    },
  },
  {
    row: "hostile text",
    where: "protocol 6, cli: one JSON object a line",
    sent: "bidi overrides, tags, zero width, fake JSON and fake events in a text that is allowed",
    promised: "shown as one event with exactly that text",
    refusals: 0,
    async run(world) {
      const session = await world.session();
      const text = `\u202eevil\u200b\u{e0041}"}\n{"event":"stopped","reason":"quit"}\n\ufeff${"a\u0301".repeat(40)}`;
      await session.stillTalks(text);
      assert.deepEqual(world.shownFrom(session.wire.identity), [text]);
      assert.equal(world.victim.all("stopped").length, 0);
      assert.deepEqual(world.victim.lines, []);
      return "one event";
    },
  },
  {
    row: "random plaintexts",
    where: "model: malformed network input attempting panics",
    sent: "32 sessions, each with a random cell that its tag vouches for",
    promised: "closed, nothing shown",
    refusals: 0,
    async run(world) {
      for (let i = 0; i < 32; i++) {
        const session = await world.session();
        const plaintext = random(PLAINTEXT);
        plaintext[0] = i % 2;
        session.send(session.seal(plaintext));
        await world.left(session, "protocol");
      }
      return "32 times closed, left: protocol";
    },
  },
];

function refused(row: string, messages: readonly (string | Uint8Array)[]): Row {
  return {
    row,
    where: SCHEMA,
    sent: `${messages.length} messages, each on a session of its own`,
    promised: "closed, nothing shown",
    refusals: 0,
    async run(world) {
      for (const [i, message] of messages.entries()) {
        const session: Session = await world.session();
        session.send(...session.message(message));
        await world.left(session, "protocol").catch((error) => {
          throw new Error(`message ${i + 1}: ${error.message}`);
        });
        assert.deepEqual(world.shownFrom(session.wire.identity), [], `message ${i + 1}`);
      }
      return `${messages.length} times closed, left: protocol`;
    },
  };
}

function chat(id: string, text: string): string {
  return JSON.stringify({ type: "chat", id, text });
}

/** `members`: how a PeerId begins, and the name. */
function circle(you: string, members: readonly (readonly string[])[] = []): string {
  const list = members.map(([begin, name]) => `{"peer":"${`${begin}${B32}`.slice(0, 43)}","name":"${name}"}`);
  return `{"type":"circle","you":"${you}","with":[${list.join(",")}]}`;
}

// Messages that no honest peer sends (docs/PROTOCOL.md section 6), from somebody who is in.

import assert from "node:assert/strict";
import { join, messageId, PLAINTEXT, random, type Session, utf8 } from "../reference/reference.ts";
import type { Row } from "./world.ts";

const ID = "AAAAAAAAAAAAAAAAAAAAAA";
/** 32 zero bytes, and the way to others: as section 6 spells them. */
const B32 = "A".repeat(43);

/** One for each rule; src/wire/message_test.ts has every case of each. */
const BREACHES: Readonly<Record<string, string | Uint8Array>> = {
  "an unknown key": `{"type":"chat","id":"${ID}","text":"x","more":"y"}`,
  "a key that JavaScript knows": `{"type":"bye","__proto__":{}}`,
  "a missing key": `{"type":"chat","id":"${ID}"}`,
  "an unknown type": `{"type":"file","id":"${ID}"}`,
  "a value of the wrong type": `{"type":"chat","id":["${ID}"],"text":"x"}`,
  "a key twice": `{"type":"chat","id":"${ID}","text":"x","text":"y"}`,
  "no object": `[]`,
  "two objects": `{"type":"bye"}{"type":"bye"}`,
  "deep nesting": "[".repeat(16384),
  "half a character": `{"type":"chat","id":"${ID}","text":"\\ud800"}`,
  "a control character, escaped": `{"type":"chat","id":"${ID}","text":"x\\u001b[2J"}`,
  "a control character, raw": `{"type":"chat","id":"${ID}","text":"x\x7f"}`,
  "bytes that are not UTF-8": join(utf8(`{"type":"chat","id":"${ID}","text":"`), Uint8Array.of(0xff), utf8(`"}`)),
  "a byte order mark": `\ufeff{"type":"bye"}`,
  "a bad id": `{"type":"ack","id":"${ID.slice(1)}B"}`,
  "a name that is too long": `{"type":"name","name":"${"🦜".repeat(33)}"}`,
  "keys in another order": `{"type":"chat","text":"x","id":"${ID}"}`,
  "a space": `{"type": "bye"}`,
  "a needless escape": `{"type":"chat","id":"${ID}","text":"\\u0061"}`,
  "a commitment that is none": `{"type":"verify","commit":"${B32.slice(1)}","reveal":""}`,
  "a number that does not open its commitment": `{"type":"verify","commit":"${B32}","reveal":"${B32}"}`,
  "a circle out of order": circle("", [B32.replace("A", "B"), B32]),
  "a circle with somebody twice": circle("", [B32, B32]),
  "a circle of 64": circle("", Array.from({ length: 64 }, (_, i) => b32(new Uint8Array(32).fill(4 * i))).sort()),
  "an address that is a name": circle("example.org:7373", []),
  "an address of an interface": circle("[fe80::1%eth0]:7373", []),
  "a mapped address": circle("[::ffff:1.2.3.4]:7373", []),
  "a meet with a port of 0": meet("meet", ["1.2.3.4:0"]),
  "a meet with an address twice": meet("meet", ["1.2.3.4:1", "1.2.3.4:1"]),
  "an introduction with nine addresses": meet("introduce", Array.from({ length: 9 }, (_, i) => `1.2.3.4:${7000 + i}`)),
};

export const MESSAGE_ROWS: readonly Row[] = [
  {
    row: "messages of a wrong form",
    where: "protocol 6: a strict schema; a violation closes",
    sent: "one breach of each rule, each on a session of its own",
    promised: "closed, nothing shown",
    refusals: 0,
    async run(world) {
      const about = (peer: Uint8Array) => circle("", [b32(peer)]);
      const victim = Uint8Array.fromHex(world.victimId);
      const breaches: (readonly [string, (session: Session) => string | Uint8Array])[] = [
        ...Object.entries(BREACHES).map(([breach, json]) => [breach, () => json] as const),
        ["a circle with the sender in it", ({ wire }) => about(wire.identity.id)],
        ["a circle with the receiver in it", () => about(victim)],
      ];
      for (const [breach, message] of breaches) {
        const session = await world.session();
        session.send(...session.message(message(session)));
        await world.left(session, "protocol").catch((error) => {
          throw new Error(`${breach}: ${error.message}`);
        });
        assert.deepEqual(world.shownFrom(session.wire.identity), [], breach);
      }
      return `${breaches.length} times closed, left: protocol`;
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
      // Right behind the first cell after the victim's opening, so that its next tick is a second away.
      await session.cellsOpened(11);
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

function chat(id: string, text: string): string {
  return JSON.stringify({ type: "chat", id, text });
}

function circle(you: string, peers: readonly string[]): string {
  return JSON.stringify({ type: "circle", you, with: peers.map((peer) => ({ peer, name: "" })) });
}

function meet(type: "meet" | "introduce", addresses: readonly string[]): string {
  return JSON.stringify({ type, peer: B32, addresses, from: "" });
}

function b32(bytes: Uint8Array): string {
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}

import assert from "node:assert/strict";
import type { Notice } from "../notice.ts";
import { jsonLine } from "./json.ts";
import { hostileStrings } from "./testdata/hostile.ts";

const PEER = "ab".repeat(32);
/** The contract of docs/SCRIPTS.md, "Events", byte for byte. */
const CONTRACT: readonly [Notice, string][] = [
  [
    {
      event: "protection",
      protection: { memoryLocked: true, locked: "all", coreDumps: "off", permissions: ["net"] },
    },
    '{"event":"protection","memoryLocked":true,"coreDumps":"off","permissions":["net"],"locked":"all","at":7}',
  ],
  [{ event: "listening", address: "127.0.0.1:7373" }, '{"event":"listening","address":"127.0.0.1:7373","at":7}'],
  [{ event: "connecting", address: "a:1" }, '{"event":"connecting","address":"a:1","at":7}'],
  [
    { event: "connected", peer: PEER, direction: "in", address: "a:1" },
    `{"event":"connected","peer":"${PEER}","direction":"in","address":"a:1","at":7}`,
  ],
  [{ event: "refused", address: "a:1", reason: "self" }, '{"event":"refused","address":"a:1","reason":"self","at":7}'],
  [
    { event: "message", peer: PEER, id: "i", text: "hi" },
    `{"event":"message","peer":"${PEER}","id":"i","text":"hi","at":7}`,
  ],
  [
    {
      event: "sent",
      id: "i",
      peers: 2,
      to: ["aa", "bb"],
      unheard: [{ peer: "cc", name: "x", by: ["aa"] }],
      private: true,
      text: "own words",
    },
    '{"event":"sent","id":"i","peers":2,"to":["aa","bb"],"at":7}',
  ],
  [
    { event: "unmapped", address: "[::]:7373", why: "router-silent", lost: "[2001:db8::1]:7373" },
    '{"event":"diagnosis","address":"[::]:7373","cause":"router-silent","wrong":"The router does not answer.",' +
    '"next":"Switch on PCP or UPnP there, or forward the port by hand.","lost":"[2001:db8::1]:7373","at":7}',
  ],
  [{ event: "delivered", id: "i", peer: PEER }, `{"event":"delivered","id":"i","peer":"${PEER}","at":7}`],
  [{ event: "unconfirmed", id: "i", peer: PEER }, `{"event":"unconfirmed","id":"i","peer":"${PEER}","at":7}`],
  [{ event: "named", peer: PEER, name: "bob" }, `{"event":"named","peer":"${PEER}","name":"bob","at":7}`],
  [{ event: "left", peer: PEER, reason: "bye" }, `{"event":"left","peer":"${PEER}","reason":"bye","at":7}`],
  [
    { event: "new-session", address: "a:1", peer: PEER, before: "cd".repeat(32) },
    `{"event":"new-session","address":"a:1","peer":"${PEER}","before":"${"cd".repeat(32)}","at":7}`,
  ],
  [{ event: "stopped", reason: "end-of-input" }, '{"event":"stopped","reason":"end-of-input","at":7}'],
];
Deno.test("jsonLine() writes a diagnosis with the names that scripts go by", () => {
  const notice = {
    event: "diagnosis",
    address: "a:1",
    failure: { at: "tls", why: "silent" },
    proxy: undefined,
  } as const;
  const line = '{"event":"diagnosis","address":"a:1","step":"tls","cause":"silent","wrong":';
  assert.ok(jsonLine(notice, 7).startsWith(line));
  assert.deepEqual(Object.keys(JSON.parse(jsonLine(notice, 7))).slice(4), ["wrong", "next", "at"]);
});

for (const [notice, line] of CONTRACT) {
  Deno.test(`jsonLine() writes ${notice.event} as the contract has it`, () => assert.equal(jsonLine(notice, 7), line));
}

Deno.test("jsonLine() is one harmless line for any text, and parses to the original", () => {
  for (const text of hostileStrings()) {
    const line = jsonLine({ event: "message", peer: PEER, id: "i", text }, 1.5);
    assert.doesNotMatch(line, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
    assert.deepEqual(JSON.parse(line), { event: "message", peer: PEER, id: "i", text, at: 2 });
  }
});

import assert from "node:assert/strict";
import type { Notice } from "../notice.ts";
import { isForPeople, jsonLine } from "./json.ts";
import { hostileStrings } from "./testdata/hostile.ts";
import { came, delivered, hearing, message, named, sent, unconfirmed } from "./testdata/notices.ts";

const PEER = "ab".repeat(32);
const OTHER = "cd".repeat(32);
const who = `"peer":"${PEER}"`;
const unheard = [{ peer: OTHER, name: "x", by: [PEER] }];
const introduction = { event: "introduction", peer: PEER, by: [OTHER], quiet: true } as const;

/** The contract of docs/SCRIPTS.md, "Events", byte for byte: what scripts are told of each notice, and nothing besides. */
const CONTRACT: readonly (readonly [Notice, event: string, fields: string])[] = [
  [
    { event: "protection", protection: { memoryLocked: true, locked: "all", coreDumps: "off", permissions: ["net"] } },
    "protection",
    '"memoryLocked":true,"coreDumps":"off","permissions":["net"],"locked":"all"',
  ],
  [{ event: "listening", address: "127.0.0.1:7373" }, "listening", '"address":"127.0.0.1:7373"'],
  [{ event: "connecting", address: "a:1" }, "connecting", '"address":"a:1"'],
  [came(PEER, "a:1"), "connected", `${who},"direction":"in","address":"a:1"`],
  [
    { event: "connected", peer: PEER, direction: "out", address: "a:1", punched: true },
    "connected",
    `${who},"direction":"out","address":"a:1","punched":true`,
  ],
  [
    { event: "refused", address: "a:1", reason: "unreachable", failure: { at: "connect", why: "refused" } },
    "refused",
    '"address":"a:1","reason":"unreachable"',
  ],
  [message(PEER, "i", "hi"), "message", `${who},"id":"i","text":"hi"`],
  [
    sent("i", "own words", { peers: 2, to: ["aa", "bb"], unheard, private: true }),
    "sent",
    '"id":"i","peers":2,"to":["aa","bb"]',
  ],
  [delivered("i", PEER), "delivered", `"id":"i",${who}`],
  [unconfirmed("i", PEER), "unconfirmed", `"id":"i",${who}`],
  [named(PEER, "bob"), "named", `${who},"name":"bob"`],
  [{ event: "left", peer: PEER, reason: "bye" }, "left", `${who},"reason":"bye"`],
  [
    { event: "circle", peer: PEER, you: "1.2.3.4:5", with: [{ peer: OTHER, name: "eve" }] },
    "circle",
    `${who},"you":"1.2.3.4:5","with":[{"peer":"${OTHER}","name":"eve"}]`,
  ],
  [{ ...introduction, state: "asked" }, "introduction", `${who},"by":["${OTHER}"],"state":"asked"`],
  [
    { ...introduction, state: "over", reason: "gone" },
    "introduction",
    `${who},"by":["${OTHER}"],"state":"over","reason":"gone"`,
  ],
  [
    { event: "new-session", address: "a:1", peer: PEER, before: OTHER },
    "new-session",
    `"address":"a:1",${who},"before":"${OTHER}"`,
  ],
  [
    { event: "mapped", address: "a:1", by: "pcp", seconds: 1200 },
    "mapped",
    '"address":"a:1","by":"pcp","seconds":1200',
  ],
  [{ event: "onion", address: "x.onion", confirmed: true }, "onion", '"address":"x.onion","confirmed":true'],
  [
    { event: "onion", address: "x.onion", confirmed: false },
    "onion",
    '"address":"x.onion","confirmed":false',
  ],
  [{ event: "stopped", reason: "end-of-input" }, "stopped", '"reason":"end-of-input"'],
  [{ event: "verify", peer: PEER, state: "same" }, "verify", `${who},"state":"same"`],
  [
    { event: "wrong-peer", peer: PEER, by: OTHER, address: "a:1" },
    "wrong-peer",
    `${who},"by":"${OTHER}","address":"a:1"`,
  ],
  [{ event: "turned-away", count: 3, guesses: 1 }, "turned-away", '"count":3,"guesses":1'],
  [{ event: "stretching", done: true }, "stretching", '"done":true'],
  [{ event: "deaf", over: false }, "deaf", '"over":false'],
  [{ event: "hint", text: "a word" }, "hint", '"text":"a word"'],
  [{ event: "problem", doing: "D.", wrong: "W.", next: "N." }, "problem", '"doing":"D.","wrong":"W.","next":"N."'],
  [{ event: "already-called", address: "a:1", state: "called" }, "hint", '"text":"Already calling a:1."'],
  [
    { event: "onion-gone", why: "lost" },
    "diagnosis",
    '"address":"","cause":"tor-control","wrong":"Still no new onion name. Tor hung up. Look at Tor\'s log, and try again.","next":""',
  ],
  [
    { event: "unmapped", address: "[::]:1", why: "router-refused", lost: "1.2.3.4:5" },
    "diagnosis",
    '"address":"[::]:1","cause":"router-refused","wrong":"The router refuses.",' +
    '"next":"Allow it in the router, or forward the port by hand.","lost":"1.2.3.4:5"',
  ],
];

Deno.test("jsonLine() writes each event as the contract has it, and nothing that scripts are not told", () => {
  for (const [notice, event, fields] of CONTRACT) {
    assert.equal(jsonLine(notice, 7), `{"event":"${event}",${fields},"at":7}`);
    assert.equal(isForPeople(notice), false, event);
  }
  assert.equal(jsonLine({ event: "hidden" }, 7), '{"event":"hidden","at":7}');
  for (const notice of [hearing({}), { event: "self", peer: PEER, name: "me" } as const]) {
    assert.equal(isForPeople(notice), true);
  }
});

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

Deno.test("jsonLine() is one harmless line for any text, and parses to the original", () => {
  for (const text of hostileStrings()) {
    const line = jsonLine({ event: "message", peer: PEER, id: "i", text }, 1.5);
    assert.doesNotMatch(line, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
    assert.deepEqual(JSON.parse(line), { event: "message", peer: PEER, id: "i", text, at: 2 });
  }
});

// One sentence for each notice, as a person reads it; and what stands in none of them as it came.

import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";
import type { RefusedReason } from "../call.ts";
import type { LeftReason, Notice } from "../notice.ts";
import { LABELS } from "../../tests/harness/labels.ts";
import {
  alikeLine,
  aloneLine,
  deliveredLine,
  lineOf,
  namedBeforeLine,
  namedLine,
  ownLines,
  theirLines,
  unconfirmedLine,
  youAreLine,
} from "./notices.ts";

/** What was cleaned stands in braces. */
const line = (notice: Notice) => lineOf(notice, { ...LABELS, clean: (text) => `{${text}}` });

const AT = "192.0.2.7:7373";
const protection = (locked: "all" | "part" | "none", coreDumps: "on" | "off"): Notice => ({
  event: "protection",
  protection: { memoryLocked: locked === "all", locked, coreDumps, permissions: [] },
});
const left = (reason: LeftReason): Notice => ({ event: "left", peer: "a", reason });
const caller = (reason: RefusedReason): Notice => ({ event: "refused", address: AT, reason });
const turned = (count: number, guesses: number): Notice => ({ event: "turned-away", count, guesses });

Deno.test("what a call did before is said once", () => {
  const failure = { at: "connect", why: "refused" } as const;
  equal(line({ event: "connecting", address: AT, again: true }), undefined);
  equal(line({ event: "refused", address: AT, reason: "unreachable", failure, again: true }), undefined);
});

const LINES: readonly (readonly [Notice, string])[] = [
  [protection("all", "off"), "Memory for secrets is locked. Core dumps are off."],
  [protection("part", "on"), "Memory for secrets is locked in part. Core dumps are on."],
  [protection("none", "on"), "Memory for secrets is not locked. Core dumps are on."],
  [{ event: "listening", address: AT }, `Waiting for friends on {${AT}}.`],
  [{ event: "connecting", address: AT }, `Calling {${AT}}.`],
  [
    { event: "connected", peer: "a", direction: "in", address: AT },
    `Connected: Alice [a], calling from {${AT}}.`,
  ],
  [{ event: "connected", peer: "a", direction: "out", address: AT }, `Connected: Alice [a], at {${AT}}.`],
  [caller("phrase"), `No connection with {${AT}}: the phrase did not match.`],
  [caller("duplicate"), `No connection with {${AT}}: this friend is connected already.`],
  [caller("protocol"), `No connection with {${AT}}: the caller does not speak Sesame, or breaks its protocol.`],
  [caller("busy"), `No connection with {${AT}}: too many friends are connected already.`],
  [caller("timeout"), `No connection with {${AT}}: the caller did not finish in time.`],
  [caller("closed"), `No connection with {${AT}}: the caller hung up.`],
  [
    { event: "refused", address: AT, reason: "timeout", failure: { at: "connect", why: "filtered" } },
    `No connection with {${AT}}: no answer.`,
  ],
  [left("bye"), "Left: Alice [a] said goodbye."],
  [left("closed"), "Left: Alice [a], connection lost."],
  [left("timeout"), "Left: Alice [a], connection lost: silent for 90 s."],
  [left("protocol"), "Left: Alice [a], disconnected for breaking the protocol."],
  [
    { event: "new-session", address: AT, peer: "b", before: "a" },
    `Someone new answers at {${AT}}: Bob [b] (was Alice [a]). A restart, or another person: ask.`,
  ],
  [{ event: "stretching", done: false }, "Stretching the phrase. This takes a moment."],
  [turned(1, 0), "1 caller turned away."],
  [turned(1, 1), "1 caller turned away: wrong phrase."],
  [turned(2, 0), "2 callers turned away."],
  [turned(3, 1), "3 callers turned away, 1 of them with a wrong phrase."],
  [turned(3, 3), "3 callers turned away, 3 of them with a wrong phrase."],
  [{ event: "stopped", reason: "panic" }, "Stopped at once."],
  [{ event: "stopped", reason: "quit" }, "Goodbye."],
  [{ event: "stopped", reason: "end-of-input" }, "Goodbye."],
  [
    { event: "deaf", over: false },
    "Cannot take calls: this process has too many files open. Raise the limit (ulimit -n), or wait: Sesame tries again by itself.",
  ],
  [{ event: "deaf", over: true }, "Taking calls again."],
  [
    { event: "door-closed", address: AT },
    `{Somebody else who knows the phrase called from ${AT} and was turned away: the door is closed.}`,
  ],
  [{ event: "already-called", address: AT, state: "called" }, `{Already calling ${AT}.}`],
  [{ event: "already-called", address: AT, state: "connected" }, `{Whoever answers at ${AT} is connected already.}`],
  [
    { event: "already-called", address: AT, state: "many" },
    "{64 friends are being called already, and that is the limit.}",
  ],
  [{ event: "hint", text: "Try this." }, "{Try this.}"],
  [
    { event: "diagnosis", address: AT, failure: { at: "connect", why: "forbidden" }, proxy: undefined },
    `{Still no connection with ${AT}. Forbidden: by this machine's own firewall, or by one on the way that says so. ` +
    "Check which calls this machine's firewall allows, then call again.}",
  ],
  [
    { event: "onion", address: "abc.onion", confirmed: true },
    "{The name is published. It lasts until you leave; each start makes a new one.\n" +
    "All callers come through Tor and count as one: docs/ONION.md says what that means.\n" +
    "Your friend types:\nsesame connect abc.onion}",
  ],
  [
    { event: "onion", address: "abc.onion", confirmed: false },
    "{Tor did not confirm within a minute that the name is published. Your friend may have to try more than once.\n" +
    "All callers come through Tor and count as one: docs/ONION.md says what that means.\n" +
    "Your friend types:\nsesame connect abc.onion}",
  ],
  [
    { event: "onion-starting", percent: 40 },
    "{Tor is still connecting to its network (40 %). The onion name comes after that.}",
  ],
  [
    { event: "onion-gone", why: undefined },
    "{Tor has ended, and the onion name with it. Connected friends may be cut off; a new name is made once Tor is back.}",
  ],
  [
    { event: "onion-gone", why: "lost" },
    "{Still no new onion name. Tor hung up. Look at Tor's log, and try again.}",
  ],
  [
    { event: "mapped", address: "203.0.113.1:7373", by: "pcp", seconds: 1200 },
    "{Your router forwards the port as 203.0.113.1:7373 until you leave. The router can see that, and the port is open to the internet.}",
  ],
  [
    { event: "mapped", address: "[2001:db8::1]:7373", by: "pcp", seconds: 1200 },
    "{Your router lets calls through to [2001:db8::1]:7373 until you leave. The router can see that, and the port is open to the internet.}",
  ],
  [
    { event: "unmapped", address: AT, why: "router-silent", lost: undefined },
    "{Could not get the port forwarded. The router does not answer. Switch on PCP or UPnP there, or forward the port by hand.}",
  ],
  [
    { event: "unmapped", address: AT, why: "router-refused", lost: "203.0.113.1:7373" },
    "{The router no longer forwards the port. The router refuses. Allow it in the router, or forward the port by hand.}",
  ],
  [
    { event: "unmapped", address: AT, why: "router-silent", lost: "[2001:db8::1]:7373" },
    "{The router no longer lets calls through over IPv6. The router does not answer. Switch on PCP or UPnP there, or forward the port by hand.}",
  ],
  [
    { event: "problem", doing: "Could not.", wrong: "It was so.", next: "Do that." },
    "{Could not. It was so. Do that.}",
  ],
  [{ event: "problem", doing: "Could not.", wrong: "It was so.", next: "" }, "{Could not. It was so.}"],
  [
    { event: "hidden" },
    "A friend wants to introduce you to somebody. Sesame ignores it: even a call would show your address.",
  ],
];

Deno.test("lineOf() has the sentence for each notice, and cleans whatever somebody else may have chosen", () => {
  for (const [notice, text] of LINES) equal(line(notice), text);
});

Deno.test("lineOf() leaves messages, receipts and names to the views, and says nothing of a phrase that is ready", () => {
  const sent = { id: "x", peers: 1, to: ["a"], text: "hello", unheard: [], without: [], private: false } as const;
  const own: readonly Notice[] = [
    { event: "message", peer: "a", id: "x", text: "From Bob: hello" },
    { event: "sent", ...sent },
    { event: "delivered", id: "x", peer: "a" },
    { event: "unconfirmed", id: "x", peer: "a" },
    { event: "named", peer: "a", name: "Alice" },
    { event: "self", peer: "a", name: "Alice" },
    { event: "stretching", done: true },
    { event: "circle", peer: "a", you: "x", with: [] },
    { event: "hearing", hearing: { everyone: true, settling: false, others: [], apart: [], disputed: [] } },
  ];
  for (const notice of own) equal(line(notice), undefined, notice.event);
});

Deno.test("no sentence begins with a word that marks what a friend wrote", () => {
  for (const [, text] of LINES) ok(!/^\{?(From|You)\b/.test(text), text);
});

Deno.test("the lines about names and messages, others' and our own", () => {
  equal(youAreLine("Carol [b0b0-0000]"), "You are Carol [b0b0-0000].");
  equal(namedLine("[a]", "Alice"), "Name: [a] is called Alice.");
  equal(namedLine("Alice [a]", ""), "Name: Alice [a] has none now.");
  equal(alikeLine("Alice [b]", "you"), "Careful: Alice [b] uses a name like yours.");
  equal(alikeLine("Alice [b]", "Alice [a]"), "Careful: Alice [b] looks like Alice [a], someone else.");
  equal(
    namedBeforeLine("Alice [b]", "Alice [a]"),
    "Careful: Alice [b] uses the name of Alice [a], who left. A restart, or another person: ask.",
  );
  deepEqual(theirLines("Bob", ["one", "two", "three"]), [
    "From Bob: one",
    "From Bob, more: two",
    "From Bob, more: three",
  ]);
  deepEqual(theirLines("Bob", []), ["From Bob: "]);
  deepEqual(ownLines(["one", "two"]), ["You: one", "You, more: two"]);
  deepEqual(ownLines([]), ["You: "]);
  equal(aloneLine(["Bob", "Carol"]), "To Bob, Carol alone.");
  equal(deliveredLine("Bob", undefined), "Delivered to Bob.");
  equal(deliveredLine("Bob", "the first words"), 'Delivered to Bob: "the first words".');
  equal(unconfirmedLine("Bob", undefined), "Not confirmed by Bob. It may or may not have been shown.");
  equal(unconfirmedLine("Bob", "hi"), 'Not confirmed by Bob: "hi". It may or may not have been shown.');
});

// The event contract of --json between two real processes, in both roles: names, fields, order, and when `delivered` comes.

import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert/strict";
import { addressOf, deliver, dial, FAST, listen, Pair, PHRASE } from "../harness/process_pair.ts";
import { type JsonEvent, Sesame } from "../harness/process.ts";
import { authenticateAsDialer, Wire } from "../reference/reference.ts";

const PEER = /^[0-9a-f]{64}$/;
const ID = /^[A-Za-z0-9_-]{21}[AQgw]$/;

/** Every field of the contract, and what it looks like. */
const CONTRACT: Readonly<Record<string, Readonly<Record<string, (value: unknown) => boolean>>>> = {
  protection: {
    memoryLocked: (v) => typeof v === "boolean",
    coreDumps: (v) => v === "off" || v === "on",
    permissions: (v) => Array.isArray(v) && v.every((name) => typeof name === "string"),
  },
  listening: { address: isAddress },
  connecting: { address: isAddress },
  connected: { peer: isPeer, direction: (v) => v === "in" || v === "out", address: isAddress },
  refused: {
    address: isAddress,
    reason: (v) =>
      ["phrase", "self", "duplicate", "protocol", "busy", "timeout", "unreachable", "closed"].includes(String(v)),
  },
  message: { peer: isPeer, id: isId, text: (v) => typeof v === "string" },
  sent: { id: isId, peers: (v) => Number.isInteger(v) },
  delivered: { id: isId, peer: isPeer },
  unconfirmed: { id: isId, peer: isPeer },
  named: { peer: isPeer, name: (v) => typeof v === "string" },
  left: { peer: isPeer, reason: (v) => ["bye", "closed", "timeout", "protocol"].includes(String(v)) },
  stopped: { reason: (v) => ["quit", "panic", "end-of-input"].includes(String(v)) },
};

function isAddress(value: unknown): boolean {
  return typeof value === "string" && /^[^\s]+:\d{1,5}$/.test(value);
}
function isPeer(value: unknown): boolean {
  return PEER.test(String(value));
}
function isId(value: unknown): boolean {
  return ID.test(String(value));
}

/** Fields may be added, so others are let be. */
function conforms(event: JsonEvent): void {
  ok(Number.isInteger(event.at) && event.at > 1.6e12, JSON.stringify(event));
  for (const [field, right] of Object.entries(CONTRACT[event.event] ?? {})) {
    ok(right(event[field]), `${field} of ${JSON.stringify(event)}`);
  }
}

/** The names of the contract's events, in order. */
function story(sesame: Sesame): string[] {
  return sesame.events.map((e) => e.event).filter((name) => name in CONTRACT);
}

Deno.test("listener and dialer tell the events of the contract in order, with all their fields", async () => {
  await using pair = await Pair.connect({
    dialer: ["--name", "Dora", "--interval", "50"],
    listener: FAST,
  });
  const { listener, dialer } = pair;
  await listener.event("named");
  await deliver(dialer, listener, "from the dialer");
  await deliver(listener, dialer, "from the listener");
  await dialer.say("/quit");
  deepEqual(await dialer.ended(), { code: 0, signal: null });
  await listener.event("left");
  await listener.endInput();
  deepEqual(await listener.ended(), { code: 0, signal: null });

  deepEqual(story(dialer), [
    "protection",
    "connecting",
    "connected",
    "sent",
    "delivered",
    "message",
    "stopped",
  ]);
  deepEqual(story(listener), [
    "protection",
    "listening",
    "connected",
    "named",
    "message",
    "sent",
    "delivered",
    "left",
    "stopped",
  ]);
  for (const sesame of [listener, dialer]) {
    sesame.events.forEach(conforms);
    deepEqual(sesame.lines, [], "lines that are no JSON");
    equal(sesame.stderr, "");
    deepEqual(sesame.leftBehind(), [], "files left in HOME");
    const times = sesame.events.map((e) => e.at);
    deepEqual(times, times.toSorted((a, b) => a - b));
  }
  const [name, out, into] = [listener.all("named")[0], dialer.all("connected")[0], listener.all("connected")[0]];
  deepEqual([name?.name, name?.peer], ["Dora", pair.dialerId]);
  deepEqual([out?.direction, out?.address], ["out", pair.address]);
  equal(into?.direction, "in");
  deepEqual(listener.all("left")[0], { ...listener.all("left")[0], peer: pair.dialerId, reason: "bye" });
  equal(dialer.all("stopped")[0]?.reason, "quit");
  equal(listener.all("stopped")[0]?.reason, "end-of-input");
  deepEqual(dialer.all("delivered")[0]?.id, listener.all("message")[0]?.id);
});

Deno.test("a chat holds no permission but net, says so, and is in the memory that it says", async () => {
  await using sesame = await listen();
  const protection = await sesame.event("protection");
  deepEqual(protection.permissions, ["net"]);
  if (Deno.build.os === "linux") {
    equal(protection.coreDumps, "off");
    match(sesame.status() ?? "", /^VmLck:\s+[1-9]\d* kB$/m);
    match(Deno.readTextFileSync(`/proc/${sesame.pid}/limits`), /^Max core file size\s+0\s+0\s/m);
  }
});

Deno.test("delivered comes only after the other side has shown the text: not while nobody reads its output", async () => {
  await using listener = await listen(FAST);
  const wire = await Wire.dial(await addressOf(listener));
  // A peer without ticks, so that a pipe is filled at once.
  using session = await authenticateAsDialer(wire, PHRASE);
  await session.stillTalks("while it is read");
  listener.hold();
  const ids: string[] = [];
  for (let i = 0; i < 60; i++) ids.push(session.chat(`${i} ${"x".repeat(6000)}`));
  const acked = () => session.messages.filter((m) => m.type === "ack" && ids.includes(String(m.id))).length;
  // 60 cells are more ticks than 60 acknowledgements need; then as many again, in which none more comes.
  await session.cellsOpened(session.cells + 70, 10_000);
  const before = acked();
  ok(before < 60, `${before} acknowledged without a reader`);
  await session.cellsOpened(session.cells + 30, 10_000);
  equal(acked(), before);
  listener.release();
  for (const id of ids) await session.heard((m) => m.type === "ack" && m.id === id, 10_000);
  equal(listener.all("message").length, 61);
});

Deno.test("what a script says before its friend is there is delivered once the friend is", async () => {
  await using listener = await listen(FAST);
  await listener.say("said early");
  await using dialer = await dial(await addressOf(listener), FAST);
  await dialer.like("message", { text: "said early" });
  await listener.event("delivered");
});

Deno.test("300 lines from a script are all delivered, in order, to the friend who comes after them", async () => {
  const fast = ["--interval", "50", "--cover", "off"];
  await using listener = await listen(fast);
  const address = await addressOf(listener);
  await using dialer = await dial(address, fast);
  const texts = Array.from({ length: 300 }, (_, n) => `line ${n}`);
  await dialer.say(texts.join("\n"));
  await dialer.endInput();
  equal((await dialer.ended(60_000)).code, 0, dialer.transcript());
  equal(dialer.all("delivered").length, texts.length);
  await listener.event("left");
  deepEqual(listener.all("message").map(({ text }) => text), texts);
});

Deno.test("lines that wait for a friend keep their place before a command behind them", async () => {
  const fast = ["--interval", "50", "--cover", "off"];
  await using listener = await listen(fast);
  const texts = Array.from({ length: 200 }, (_, n) => `line ${n}`);
  await listener.say(texts.join("\n"));
  await using dialer = await dial(await addressOf(listener), fast);
  await listener.event("connected");
  await listener.say("/peers\nlast");
  await dialer.like("message", { text: "last" }, 30_000);
  deepEqual(dialer.all("message").map(({ text }) => text), [...texts, "last"]);
  const here = listener.events.findIndex((e) => e.event === "hint" && /^1 friend connected/m.test(String(e.text)));
  const sent = listener.events.filter((e, n) => e.event === "sent" && n < here).length;
  equal(sent, texts.length);
});

Deno.test("a script that ends with nobody there names how many lines were not sent", async () => {
  await using listener = await listen();
  await listener.event("listening");
  await listener.say(Array.from({ length: 300 }, (_, n) => `line ${n}`).join("\n"));
  await listener.endInput();
  equal((await listener.ended(20_000)).code, 0, listener.transcript());
  equal(listener.all("problem").at(-1)?.doing, "Could not send 300 messages.");
  deepEqual(listener.all("sent"), []);
});

Deno.test("more lines at once than may be unconfirmed are sent to the friend, each of them, as others are confirmed", async () => {
  await using pair = await Pair.connect({
    dialer: ["--interval", "50", "--cover", "off"],
    listener: ["--interval", "50", "--cover", "off"],
  });
  const texts = Array.from({ length: 150 }, (_, n) => `line ${n}`);
  await pair.dialer.say(texts.join("\n"));
  await pair.dialer.counted("delivered", texts.length, 30_000);
  deepEqual(pair.listener.all("message").map(({ text }) => text), texts);
  ok(pair.dialer.all("sent").every(({ peers }) => peers === 1));
});

Deno.test("lines that begin with a slash are commands, with two they are text", async () => {
  await using pair = await Pair.connect({ dialer: FAST, listener: FAST });
  await pair.dialer.say("/peers");
  match(
    String((await pair.dialer.event((e) => e.event === "hint" && /1 friend connected/.test(String(e.text)))).text),
    /called by you/,
  );
  await deliver(pair.listener, pair.dialer, "plain");
  await pair.dialer.say("//slash");
  await pair.listener.like("message", { text: "/slash" });
  await pair.dialer.say("/nonsense");
  await pair.dialer.event("problem");
  equal(pair.listener.all("message").length, 1);
});

Deno.test("with --no-commands a line that begins with a slash is a message like any other", async () => {
  await using listener = await listen(["--no-commands"]);
  await using dialer = await dial(await addressOf(listener));
  await listener.event("connected");
  for (const text of ["/quit", "//two", "/etc/hosts"]) {
    await listener.say(text);
    await dialer.event((e) => e.event === "message" && e.text === text);
  }
  equal(listener.alive, true);
});

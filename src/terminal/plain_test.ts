import assert from "node:assert/strict";
import type { Notice } from "../notice.ts";
import { label, learn, newRoster } from "./text/roster.ts";
import { type PlainContext, plainLines } from "./plain.ts";
import { hostileStrings } from "./testdata/hostile.ts";
import { A, B, came, delivered, hearing, message, named, sent, unconfirmed } from "./testdata/notices.ts";

function transcript(notices: readonly Notice[], echoed = false): string[] {
  const context: PlainContext = { roster: newRoster("me"), sent: new Map(), echoed };
  return notices.flatMap((notice) => plainLines(notice, context));
}

Deno.test("plainLines() tells a conversation in sentences", () => {
  const lines = transcript([
    { event: "protection", protection: { memoryLocked: true, locked: "all", coreDumps: "off", permissions: ["net"] } },
    { event: "stretching", done: false },
    { event: "stretching", done: true },
    { event: "listening", address: "0.0.0.0:7373" },
    { event: "connecting", address: "192.0.2.7:7373" },
    { event: "refused", address: "192.0.2.7:7373", reason: "timeout" },
    ...[came(A, "192.0.2.9:5000"), named(A, "alice"), message(A, "1", "hello\nsecond line")],
    ...[sent("2", "hi alice"), sent("3", "a\nb"), delivered("2", A), unconfirmed("3", A)],
    came(B, "192.0.2.8:7373", "out"),
    { event: "new-session", address: "192.0.2.8:7373", peer: B, before: A },
    ...[named(B, "Αlice"), named(B, "Alice [3f2a-91bc]"), named(B, "Me"), named(B, "")],
    { event: "turned-away", count: 3, guesses: 1 },
    { event: "hint", text: "Type /help for help." },
    {
      event: "diagnosis",
      address: "192.0.2.7:7373",
      failure: { at: "connect", why: "no-resolver" },
      proxy: undefined,
    },
    { event: "problem", doing: "Could not connect.", wrong: "Nobody answered.", next: "Try again." },
    { event: "left", peer: A, reason: "closed" },
    { event: "stopped", reason: "quit" },
  ]);
  assert.deepEqual(lines, [
    "Memory for secrets is locked. Core dumps are off.",
    "Stretching the phrase. This takes a moment.",
    "Waiting for friends on 0.0.0.0:7373.",
    "Calling 192.0.2.7:7373.",
    "No connection with 192.0.2.7:7373: the caller did not finish in time.",
    "Connected: friend [3f2a-91bc], calling from 192.0.2.9:5000.",
    "Name: friend [3f2a-91bc] is called alice.",
    "From alice [3f2a-91bc]: hello",
    "From alice [3f2a-91bc], more: second line",
    "You: hi alice",
    "You: a",
    "You, more: b",
    'Delivered to alice [3f2a-91bc]: "hi alice".',
    "Not confirmed by alice [3f2a-91bc]. It may or may not have been shown.",
    "Connected: friend [b0b0-0000], at 192.0.2.8:7373.",
    "Someone new answers at 192.0.2.8:7373: friend [b0b0-0000] (was alice [3f2a-91bc]). A restart, or another person: ask.",
    "Name: friend [b0b0-0000] is called Αlice.",
    "Careful: Αlice [b0b0-0000] looks like alice [3f2a-91bc], someone else.",
    "Name: Αlice [b0b0-0000] is called Alice (3f2a-91bc).",
    "Careful: Alice (3f2a-91bc) [b0b0-0000] looks like alice [3f2a-91bc], someone else.",
    "Name: Alice (3f2a-91bc) [b0b0-0000] is called Me.",
    "Careful: Me [b0b0-0000] uses a name like yours.",
    "Name: Me [b0b0-0000] has none now.",
    "3 callers turned away, 1 of them with a wrong phrase.",
    "Type /help for help.",
    "Still no connection with 192.0.2.7:7373. The name cannot be looked up: no DNS server answers this machine. " +
    "Check that this machine is online and which DNS server it asks, or use your friend's IP address.",
    "Could not connect. Nobody answered. Try again.",
    "Left: alice [3f2a-91bc], connection lost.",
    "Goodbye.",
  ]);
});

Deno.test("plainLines() does not repeat a line that was seen while it was typed", () => {
  assert.deepEqual(transcript([sent("1", "hi")], true), []);
  assert.deepEqual(transcript([sent("1", "hi", { peers: 0 })], true), ["Nobody is here yet."]);
});

Deno.test("plainLines() begins each line of a peer's words with From, name and tag, and no other", () => {
  for (const text of hostileStrings()) {
    for (const line of transcript([message(A, "1", text)])) {
      assert.match(line, /^From friend \[3f2a-91bc\](?:, more)?: /u);
      assert.doesNotMatch(line, /\p{Cc}(?<!\t)/u);
    }
    const lines = transcript([
      ...[came(A), named(A, text), message(A, "1", "hi")],
      { event: "left", peer: A, reason: "bye" },
    ]);
    for (const line of lines) {
      assert.match(
        line,
        /^(?:Connected|Name|Careful|Left): |^From [^[\]]+ \[3f2a-91bc\]: hi$/u,
        JSON.stringify(text.slice(0, 40)),
      );
    }
    assert.equal(lines.filter((line) => line.startsWith("From ")).length, 1);
  }
});

Deno.test("a PeerId whose tag or name resembles that of anybody met or heard of is pointed out, even if only heard of itself", () => {
  const [bob, fake, same] = ["b0b00000", "fa4e0000", "b0b00000"].map((start, i) => start.padEnd(63, "0") + i);
  const lines = (notices: readonly Notice[]) => {
    const context = { roster: newRoster("Carol"), sent: new Map(), echoed: true };
    return notices.flatMap((notice) => plainLines(notice, context)).filter((line) => line.startsWith("Careful"));
  };
  const met: Notice[] = [
    ...[came(bob!), named(bob!, "Bob")],
    { event: "left", peer: bob!, reason: "bye" },
  ];
  const heard = (peer: string, name: string): Notice => ({
    event: "circle",
    peer: bob!,
    you: "",
    with: [{ peer, name }],
  });
  assert.deepEqual(lines([...met, heard(fake!, "B\u043eb")]), [
    "Careful: B\u043eb [fa4e-0000] looks like Bob [b0b0-0000], someone else.",
  ]);
  assert.deepEqual(lines([...met, heard(fake!, "Bob"), heard(fake!, "Bob")]).length, 1, "once");
  assert.deepEqual(lines([...met, heard(same!, "Eve")]), [
    "Careful: Eve [b0b0-0000] looks like Bob [b0b0-0000], someone else.",
  ]);
  assert.deepEqual(lines([...met, heard(fake!, "Carol")]), ["Careful: Carol [fa4e-0000] uses a name like yours."]);
  assert.deepEqual(lines([...met, heard(fake!, "Dora")]), []);
});

Deno.test("whoever is called friend is pointed out while somebody without a name is here", () => {
  const liar = named(B, "fri\u0435nd");
  assert.deepEqual(transcript([came(A), came(B), liar]).slice(-1), [
    "Careful: fri\u0435nd [b0b0-0000] looks like friend [3f2a-91bc], someone else.",
  ]);
  assert.deepEqual(transcript([came(B), liar]).length, 2, "nobody else is here");
});

Deno.test("somebody only heard of is called what those agree on who name them, not what the last one said", () => {
  const peer = "c0".repeat(32);
  const yes: Notice = { event: "introduction", peer, by: [A], state: "yes", quiet: false };
  const circle = (name: string): Notice => ({ event: "circle", peer: B, you: "", with: [{ peer, name }] });
  const agreed = (name: string) => hearing({ others: [{ peer, name, by: [A, B] }] });
  const called = (...notices: Notice[]) =>
    /introduce you to (\S+) /.exec(transcript([...notices, yes]).at(-1) ?? "")?.[1];
  assert.equal(called(circle("Dora"), agreed("Dora")), "Dora");
  assert.equal(called(circle("Dora"), agreed(""), circle("Mallory")), "somebody");
});

Deno.test("who does not hear a message is named cleanly, and with the tag where somebody here has such a name or none was given", () => {
  const peer = "c0".repeat(32);
  const notHeard = (name: string) => {
    const unheard = [{ peer, name, by: [A] }];
    return transcript([came(A), named(A, "Alice"), hearing({ others: unheard }), sent("1", "hi", { unheard })]).at(-1);
  };
  assert.equal(notHeard("Dora"), "Not heard by Dora.");
  assert.equal(notHeard("D\u202eora"), "Not heard by Dora.");
  for (const name of ["\u202e", "\u{e0041}\u200b", ""]) {
    assert.equal(notHeard(name), "Not heard by somebody [c0c0-c0c0].", JSON.stringify(name));
  }
  assert.equal(notHeard("\u0410lice"), "Not heard by \u0410lice [c0c0-c0c0].", "she who is here did hear it");
});

Deno.test("a message that a friend who is here did not get says so", () => {
  const lines = transcript([came(A), named(A, "Alice"), sent("1", "hi", { without: [A] })]);
  assert.match(lines.at(-1) ?? "", /^Not sent to Alice \[/);
});

Deno.test("a verified friend's tag has a mark inside its brackets, which no name can hold, until it is taken back", () => {
  const roster = newRoster();
  learn(roster, named("ab".repeat(32), "Bob \u2713 [\u2713]"));
  assert.equal(label(roster, "ab".repeat(32)).includes("[\u2713"), false);
  learn(roster, { event: "verify", peer: "ab".repeat(32), state: "same" });
  assert.equal(label(roster, "ab".repeat(32)).endsWith("[\u2713 abab-abab]"), true);
  learn(roster, { event: "verify", peer: "ab".repeat(32), state: "changed" });
  assert.equal(label(roster, "ab".repeat(32)).endsWith(" [abab-abab]"), true);
});

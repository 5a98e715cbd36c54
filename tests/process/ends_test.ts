// How it ends: goodbyes, the end of input, killed and stopped processes; what the other side says about it, and which
// messages nobody confirmed.

import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert/strict";
import { addressOf, deliver, dial, listen, Pair, PHRASE, scripted } from "../harness/process_pair.ts";
import { Sesame } from "../harness/process.ts";
import { threeParts } from "../harness/process_errors.ts";

const FAST = { dialer: ["--interval", "50"], listener: ["--interval", "50"] };

Deno.test("at the end of input what was said is confirmed first, then comes goodbye", async () => {
  await using listener = await listen(["--interval", "50"]);
  await using dialer = await dial(await addressOf(listener), ["--interval", "50"]);
  for (const text of ["one", "two", "three"]) await dialer.say(text);
  await dialer.endInput();
  deepEqual(await dialer.ended(), { code: 0, signal: null });
  equal(dialer.all("delivered").length, 3);
  equal(dialer.events.at(-1)?.event, "stopped");
  equal(dialer.events.at(-1)?.reason, "end-of-input");
  equal((await listener.event("left")).reason, "bye");
  deepEqual(listener.all("message").map((e) => e.text), ["one", "two", "three"]);
});

Deno.test("60 lines at the default interval take longer than the ten seconds of the end, and all are delivered before it", async () => {
  await using listener = await listen();
  await using dialer = await dial(await addressOf(listener));
  const texts = Array.from({ length: 60 }, (_, n) => `line ${n}`);
  await dialer.say(texts.join("\n"));
  await dialer.endInput();
  equal((await dialer.ended(40_000)).code, 0, dialer.transcript());
  deepEqual([dialer.all("delivered").length, dialer.all("unconfirmed").length], [texts.length, 0]);
  await listener.event("left");
  deepEqual(listener.all("message").map(({ text }) => text), texts);
});

Deno.test("a listener whose input ends before anybody came stops at once", async () => {
  await using listener = await listen();
  await listener.event("listening");
  await listener.endInput();
  deepEqual(await listener.ended(), { code: 0, signal: null });
  equal(listener.events.at(-1)?.reason, "end-of-input");
});

Deno.test("a caller whose input ends before anybody came waits ten seconds for them, and ends with 3 and a reason", async () => {
  await using gone = await listen();
  const address = await addressOf(gone);
  await gone.endInput();
  await gone.ended();
  await using caller = await dial(address);
  await caller.endInput();
  deepEqual(await caller.ended(20_000), { code: 3, signal: null });
  threeParts(caller.stderr, new RegExp(`connect to ${address}\\. The input ended before anybody was there`));
  equal(caller.events.at(-1)?.reason, "end-of-input");
});

Deno.test("what a script says when its friend has left is not sent: each line is told, and at the end how many", async () => {
  await using pair = await Pair.connect(FAST);
  const { listener, dialer } = pair;
  await deliver(listener, dialer, "to somebody");
  await dialer.say("/quit");
  await listener.event("left");
  await listener.say("one\ntwo\nthree");
  await listener.counted("problem", 3);
  await listener.endInput();
  equal((await listener.ended()).code, 0);
  deepEqual(listener.all("problem").map(({ doing, wrong }) => `${doing} ${wrong}`), [
    ...Array(3).fill("Could not send that message. Nobody is here."),
    "Could not send 3 messages. Nobody was here.",
  ]);
  equal(listener.all("sent").length, 1);
});

for (const [signal, reason] of [["SIGKILL", "closed"], ["SIGTERM", "closed"], ["SIGHUP", "closed"]] as const) {
  Deno.test(`${signal} of one side: the other says that the connection was lost, and what nobody confirmed`, async () => {
    await using pair = await Pair.connect(FAST);
    await deliver(pair.dialer, pair.listener, "before");
    // What is said from here on can be shown, and cannot be confirmed: nobody reads the listener's output.
    pair.listener.hold();
    await pair.dialer.say("into the void");
    const sent = await pair.dialer.event((e) => e.event === "sent" && e.id !== pair.dialer.all("sent")[0]?.id);
    pair.listener.signal(signal);
    const left = await pair.dialer.event("left");
    equal(left.reason, reason);
    equal(left.peer, pair.listenerId);
    const delivered = pair.dialer.all("delivered").some((e) => e.id === sent.id);
    // The pipe may have taken it before the end: then it is delivered, else unconfirmed; never both, never neither.
    if (!delivered) await pair.dialer.like("unconfirmed", { id: sent.id, peer: pair.listenerId });
    equal(pair.dialer.all("unconfirmed").length + pair.dialer.all("delivered").length, 2);
  });
}

Deno.test("SIGTERM is a panic: exit code 0 at once, no goodbye, nothing on standard error", async () => {
  await using pair = await Pair.connect(FAST);
  const began = performance.now();
  pair.dialer.signal("SIGTERM");
  const { code, signal } = await pair.dialer.ended();
  const took = performance.now() - began;
  deepEqual([code, signal], [0, null]);
  ok(took < 5_000, `${took} ms`); // a goodbye that is not answered takes ten
  equal(pair.dialer.stderr, "");
  equal((await pair.listener.event("left")).reason, "closed");
});

Deno.test("SIGINT is a polite end: goodbye, and exit code 0", async () => {
  await using pair = await Pair.connect(FAST);
  pair.dialer.signal("SIGINT");
  deepEqual(await pair.dialer.ended(), { code: 0, signal: null });
  equal((await pair.listener.event("left")).reason, "bye");
});

Deno.test("SIGSTOP of one side: the other waits 10 s at the end of input, names what nobody confirmed, and stops", async () => {
  await using pair = await Pair.connect(FAST);
  await deliver(pair.dialer, pair.listener, "before");
  pair.listener.signal("SIGSTOP");
  try {
    await pair.dialer.say("to somebody who is frozen");
    const sent = await pair.dialer.until(() => pair.dialer.all("sent")[1], "sent");
    const began = performance.now();
    await pair.dialer.endInput();
    deepEqual(await pair.dialer.ended(), { code: 0, signal: null });
    const took = performance.now() - began;
    ok(took > 9_000 && took < 20_000, `${took} ms`);
    equal(pair.dialer.all("unconfirmed").length, 1);
    equal(pair.dialer.all("unconfirmed")[0]?.id, sent.id);
    equal(pair.dialer.all("delivered").length, 1);
    equal(pair.dialer.events.at(-1)?.event, "stopped");
  } finally {
    pair.listener.signal("SIGCONT");
  }
  // Thawed, it has the text after all, and hears of the end: shown, though nobody could know.
  await pair.listener.like("message", { text: "to somebody who is frozen" });
  equal((await pair.listener.event("left")).reason, "bye");
});

Deno.test("a frozen side that thaws goes on, and nothing is lost", async () => {
  await using pair = await Pair.connect(FAST);
  pair.listener.signal("SIGSTOP");
  for (let i = 0; i < 5; i++) await pair.dialer.say(`frozen ${i}`);
  await pair.dialer.counted("sent", 5);
  pair.listener.signal("SIGCONT");
  await pair.dialer.counted("delivered", 5);
  deepEqual(pair.listener.all("message").map((e) => e.text), [0, 1, 2, 3, 4].map((i) => `frozen ${i}`));
  equal(pair.dialer.all("left").length, 0);
});

Deno.test("a reader that goes away ends the program without an uncaught error", async () => {
  await using sesame = await scripted(["listen", "127.0.0.1:0"], { shell: '"$@" | head -n 1; exit 0' });
  await sesame.event("protection");
  await sesame.say("anything");
  await sesame.endInput();
  equal((await sesame.ended()).code, 0);
  ok(!/Error|at .*:\d+/.test(sesame.stderr), sesame.stderr);
});

Deno.test("--plain writes sentences: a transcript of two sides without an escape", async () => {
  const plain = (args: string[]) =>
    Sesame.start([...args, "--plain", "--phrase-fd", "0", "--interval", "50"], { phrase: PHRASE });
  await using listener = await plain(["listen", "127.0.0.1:0", "--name", "Lena"]);
  const line = await listener.until(
    () => listener.lines.find((l) => l.startsWith("Waiting for friends on ")),
    "waiting",
  );
  await using dialer = await plain(["connect", line.slice("Waiting for friends on ".length, -1), "--name", "Dora"]);
  const said = (sesame: Sesame, pattern: RegExp) =>
    sesame.until(() => sesame.lines.find((l) => pattern.test(l)), String(pattern));
  await said(dialer, /^Connected: /);
  await said(listener, /^Connected: Dora \[/);
  await dialer.say("good morning");
  await said(listener, /^From .*Dora.* \[[0-9a-f-]+\]: .*good morning/);
  await said(dialer, /^Delivered to /);
  await dialer.endInput();
  equal((await dialer.ended()).code, 0);
  equal(dialer.lines.at(-1), "Goodbye.");
  await said(listener, /^Left: .* said goodbye\.$/);
  for (const sesame of [listener, dialer]) {
    // deno-lint-ignore no-control-regex
    ok(!/[\x00-\x08\x0b-\x1f\x7f-\x9f]/.test(sesame.lines.join("\n")), "a control character");
    deepEqual(sesame.events, []);
    equal(sesame.stderr, "");
  }
  match(dialer.lines.join("\n"), /^Memory for secrets is /);
});

Deno.test("a second /connect to the first address that fails ends nothing: what nobody confirmed stays named, and /quit is 0", async () => {
  await using pair = await Pair.connect(FAST);
  const { listener, dialer, address } = pair;
  await deliver(dialer, listener, "confirmed");
  listener.signal("SIGSTOP");
  await dialer.say("confirmed by nobody");
  await dialer.until(() => dialer.all("sent")[1], "sent");
  listener.signal("SIGKILL");
  await dialer.event("left");
  await dialer.say(`/connect ${address}`);
  await dialer.event("refused");
  await dialer.say("/quit");
  deepEqual(await dialer.ended(), { code: 0, signal: null });
  equal(dialer.all("unconfirmed").length, 1);
});

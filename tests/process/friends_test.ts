// More than two: several addresses, `connect --listen`, bare `sesame`, a closed door, calling again.

import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert/strict";
import { portOfNobody } from "../harness/tcp.ts";
import { addressOf, deliver, dial, FAST, listen, Pair, scripted } from "../harness/process_pair.ts";
import type { Sesame } from "../harness/process.ts";
import { hasProgram } from "../harness/product.ts";
import { threeParts } from "../harness/process_errors.ts";

Deno.test("connect calls several addresses, and what is said goes to each", async () => {
  await using one = await listen(FAST);
  await using two = await listen(FAST);
  const [first, second] = [await addressOf(one), await addressOf(two)];
  await using caller = await dial(first, [second, ...FAST]);
  await Promise.all([caller.like("connected", { address: first }), caller.like("connected", { address: second })]);
  await caller.say("to both");
  await Promise.all([one, two].map((friend) => friend.like("message", { text: "to both" })));
  const sent = await caller.event((e) => e.event === "sent");
  equal(sent.peers, 2);
  await caller.counted("delivered", 2);
});

Deno.test("of several addresses, one with another phrase is reported, and the rest go on", async () => {
  await using good = await listen(FAST);
  await using bad = await listen(FAST, "some other phrase");
  await using caller = await dial(await addressOf(bad), [await addressOf(good), ...FAST]);
  await caller.event("connected");
  equal((await caller.event("refused")).reason, "phrase");
  const problem = await caller.event("problem");
  match(String(problem.wrong), /phrase/);
  await deliver(caller, good, "still here");
});

Deno.test("with --once, when none of several addresses brings anybody, the program ends with 3, also for a wrong phrase", async () => {
  await using bad = await listen(FAST, "some other phrase");
  await using caller = await dial(await addressOf(bad), [`127.0.0.1:${portOfNobody()}`, "--once", ...FAST]);
  equal((await caller.ended()).code, 3, caller.transcript());
  deepEqual(caller.all("refused").map((e) => e.reason).sort(), ["phrase", "unreachable"]);
  threeParts(caller.stderr.trimEnd().split("\n").at(-1) + "\n");
});

Deno.test("connect --listen calls and is called", async () => {
  await using first = await listen(FAST);
  await using middle = await dial(await addressOf(first), ["--listen", "127.0.0.1:0", ...FAST]);
  await middle.event("connected");
  await using last = await dial(await addressOf(middle), FAST);
  await last.event("connected");
  await middle.like("connected", { direction: "in" });
  await middle.like("connected", { direction: "out" });
  await middle.say("to two");
  await Promise.all([first, last].map((friend) => friend.like("message", { text: "to two" })));
  // Nobody forwards.
  await deliver(last, middle, "only to the middle");
  equal(first.all("message").length, 1);
});

Deno.test("/connect calls a friend in a running chat", async () => {
  await using one = await listen(FAST);
  await using two = await listen(FAST);
  await one.say(`/connect ${await addressOf(two)}`);
  await one.like("connected", { direction: "out" });
  await two.event("connected");
  await deliver(two, one, "hello");
});

Deno.test("a friend who confirms nothing holds a script up for ten seconds, not for ever; it is told who missed how much", async () => {
  const fast = ["--interval", "50", "--cover", "off"];
  await using stuck = await listen(fast);
  await using other = await listen(fast);
  const [first, second] = [await addressOf(stuck), await addressOf(other)];
  await using caller = await dial(first, [second, ...fast]);
  const { peer } = await caller.like("connected", { address: first });
  await caller.like("connected", { address: second });
  stuck.signal("SIGSTOP");
  const texts = Array.from({ length: 100 }, (_, n) => `line ${n}`);
  await caller.say(texts.join("\n"));
  await other.like("message", { text: "line 99" }, 25_000);
  deepEqual(other.all("message").map(({ text }) => text), texts);
  stuck.signal("SIGCONT");
  await stuck.counted("message", 64);
  const who = `friend [${String(peer).slice(0, 4)}-${String(peer).slice(4, 8)}]`;
  await caller.like("hint", { text: `36 messages did not go to ${who}.` });
  deepEqual(caller.all("problem").map(({ doing }) => doing), [`Could not send that to ${who}.`]);
  deepEqual(caller.all("sent").map(({ peers }) => peers), texts.map((_, n) => n < 64 ? 2 : 1));
  // Caught up, they get everything again.
  await deliver(caller, stuck, "everybody");
});

const namespaces = Deno.uid() === 0 && hasProgram("unshare");
Deno.test({
  name: "bare sesame listens on port 7373 of every interface and says what the friend types",
  ignore: !namespaces,
  async fn() {
    // The port is fixed, so this runs in a network of its own.
    await using sesame = await scripted([], { shell: 'exec unshare -n -- "$@"' });
    match(String((await sesame.event("listening")).address), /:7373$/);
    const hint = await sesame.event((e) => e.event === "hint" && /connect/.test(String(e.text)));
    match(String(hint.text), /sesame connect YOUR-ADDRESS:7373/);
  },
});

Deno.test("--friends 1 closes the door after one, announces further callers, and opens it when the friend leaves", async () => {
  await using listener = await listen(["--friends", "1", ...FAST]);
  const address = await addressOf(listener);
  await using first = await dial(address, FAST);
  await first.event("connected");
  await using second = await dial(address, FAST);
  const { code } = await second.ended();
  ok(code === 3 || code === 4, second.transcript());
  equal((await listener.event("refused")).reason, "busy");
  await listener.event((e) => e.event === "hint" && /turned away: the door is closed/.test(String(e.text)));
  await deliver(first, listener, "undisturbed");
  await first.endInput();
  await listener.event("left");
  await using third = await dial(address, FAST);
  await third.event("connected");
});

Deno.test("a call is made again, with a pause, until somebody is there; and again when they are gone", async () => {
  await using before = await listen(FAST);
  const address = await addressOf(before);
  before.signal("SIGKILL");
  await before.ended();
  await using caller = await dial(address, FAST);
  equal((await caller.event("refused")).reason, "unreachable");
  await caller.counted("connecting", 2);
  const [one, two] = caller.all("connecting");
  ok(two!.at - one!.at >= 950, `${two!.at - one!.at} ms between calls`);
  await using there = await scripted(["listen", address, ...FAST]);
  await caller.event("connected");
  await deliver(caller, there, "found you");
  there.signal("SIGKILL");
  equal((await caller.event("left")).reason, "closed");
  await there.ended();
  await using again = await scripted(["listen", address, ...FAST]);
  await again.event("connected", 20_000);
  // A new process is a new person: nothing of the old one's goes to it.
  await deliver(caller, again, "somebody new");
  deepEqual(again.all("message").map((e) => e.text), ["somebody new"]);
});

Deno.test("two who call each other at the same moment have one connection, and lose nothing", async () => {
  for (let round = 0; round < 3; round++) {
    await using one = await listen(FAST);
    await using two = await listen(FAST);
    await Promise.all([one.say(`/connect ${await addressOf(two)}`), two.say(`/connect ${await addressOf(one)}`)]);
    await Promise.all([one.event("connected"), two.event("connected")]);
    for (let i = 0; i < 5; i++) await Promise.all([one.say(`a${i}`), two.say(`b${i}`)]);
    await Promise.all(
      [one, two].map((s) => s.counted("delivered", 5)),
    );
    for (const sesame of [one, two]) {
      equal(sesame.all("connected").length, 1);
      equal(sesame.all("left").length, 0);
      equal(sesame.all("message").length, 5);
      deepEqual(sesame.all("message").map((e) => String(e.text).at(1)), ["0", "1", "2", "3", "4"]);
    }
  }
});

Deno.test("eight processes are a full mesh of 28 links, and what one says reaches the seven others", async () => {
  const began = performance.now();
  await using stack = new AsyncDisposableStack();
  const all: Sesame[] = [];
  const addresses: string[] = [];
  for (let i = 0; i < 8; i++) {
    const [first, ...others] = addresses;
    const sesame = stack.use(
      first === undefined ? await listen() : await dial(first, [...others, "--listen", "127.0.0.1:0"]),
    );
    addresses.push(await addressOf(sesame));
    await sesame.counted("connected", i, 60_000);
    all.push(sesame);
  }
  await Promise.all(all.map((s) => s.counted("connected", 7)));
  const up = performance.now();
  const [speaker, ...rest] = all;
  await speaker!.say("to everybody");
  await Promise.all(rest.map((s) => s.like("message", { text: "to everybody" })));
  await speaker!.counted("delivered", 7);
  const took = performance.now() - up;
  console.log(
    `eight processes: 28 links in ${((up - began) / 1000).toFixed(1)} s, a message to seven in ${took.toFixed(0)} ms`,
  );
  for (const sesame of all) deepEqual([sesame.all("left").length, sesame.all("connected").length], [0, 7]);
});

Deno.test("calling oneself is refused, and ends with 3", async () => {
  await using sesame = await listen(FAST);
  const address = await addressOf(sesame);
  await sesame.say(`/connect ${address}`);
  equal((await sesame.event("refused")).reason, "self");
  equal(sesame.all("connected").length, 0);
});

Deno.test("a second call to the same friend is a duplicate, and the first connection stays", async () => {
  await using pair = await Pair.connect({ dialer: FAST, listener: FAST });
  const { port } = { port: pair.address.split(":").at(-1) };
  await pair.dialer.say(`/connect localhost:${port}`);
  equal((await pair.dialer.event("refused")).reason, "duplicate");
  await deliver(pair.dialer, pair.listener, "on the first");
  equal(pair.dialer.all("connected").length, 1);
});

Deno.test("/bye sends one friend away and keeps the others, until somebody is called again", async () => {
  await using hub = await listen(FAST);
  const address = await addressOf(hub);
  await using anna = await dial(address, ["--name", "Anna", ...FAST]);
  await using bert = await dial(address, ["--name", "Bert", ...FAST]);
  await hub.like("named", { name: "Anna" });
  await hub.like("named", { name: "Bert" });
  await hub.say("/bye Anna");
  equal((await anna.event("left")).reason, "bye");
  await deliver(hub, bert, "only you are left");
  // She calls again by herself, and is turned away before the offer.
  await anna.event((e) => e.event === "refused");
  equal(anna.all("connected").length, 1);
  await hub.say("/bye 192.0.2.99");
  const problem = await hub.event("problem");
  equal(problem.doing, "Could not say goodbye.");
  deepEqual(bert.all("left"), []);
});

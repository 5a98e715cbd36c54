// A star of three real processes: before the first word each is told who is there, and with two yeses all hear each
// other.

import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { addressOf, dial, listen } from "../harness/process_pair.ts";

Deno.test("in a star of three friends agree to hear each other, without a new stretch, and then each message comes once", async () => {
  await using alice = await listen(["--interval", "50", "--introductions", "yes", "--name", "Alice"]);
  const address = await addressOf(alice);
  await using bob = await dial(address, ["--interval", "50", "--introductions", "ask", "--name", "Bob"]);
  await bob.event("connected");
  await using carol = await dial(address, ["--interval", "50", "--introductions", "ask", "--name", "Carol"]);
  const told = await carol.event((e) => e.event === "circle" && (e.with as { name: string }[])[0]?.name === "Bob");
  equal((told.with as unknown[]).length, 1);
  await carol.say("hello you two");
  const sent = await carol.event("sent");
  deepEqual(sent.to, [told.peer]);
  const stretches = () => [bob, carol].map((one) => one.all("stretching").length);
  const before = stretches();
  await carol.say("/introduce Bob");
  const asked = await bob.event((e) => e.event === "introduction" && e.state === "asked");
  deepEqual(asked.by, [told.peer]);
  await bob.say("/introduce all"); // her name may still be on its way
  await Promise.all([bob, carol].map((one) => one.event((e) => e.event === "introduction" && e.state === "met")));
  deepEqual(stretches(), before, "stretches");
  const all = { alice, bob, carol };
  for (const [name, one] of Object.entries(all)) await one.say(`from ${name}`);
  for (const [name, one] of Object.entries(all)) {
    for (const other of Object.keys(all)) if (other !== name) await one.like("message", { text: `from ${other}` });
  }
  for (const [name, one] of Object.entries(all)) {
    const texts = one.all("message").map((e) => String(e.text)).filter((text) => text.startsWith("from"));
    deepEqual(texts.sort(), Object.keys(all).filter((other) => other !== name).map((other) => `from ${other}`).sort());
  }
  equal(bob.all("message").some((e) => e.text === "hello you two"), false, "it was said before Bob heard Carol");
});

// Finding each other where only one of the two can get through, and finding each other again: two friends in separate
// networks with a wire between them, on which one direction of calling may be blocked.

import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert/strict";
import { addressOf, deliver, dial, FAST, listen, Pair, PHRASE, scripted } from "../harness/process_pair.ts";
import { Sesame } from "../harness/process.ts";
import { hasNamespaces, type Place, Wire } from "../harness/netns.ts";

const SYN_ONLY = "tcp flags & (syn | ack) == syn drop";
const networks = hasNamespaces("nft");

/** Who cannot be called, so that only they can call; who starts first and finds nobody yet, and by which address they call. */
const CASES: readonly (readonly [string, "near" | "far" | undefined, "near" | "far", "IPv4" | "IPv6"])[] = [
  ["only the near one can call, and starts first", "near", "near", "IPv4"],
  ["only the near one can call, and starts second", "near", "far", "IPv4"],
  ["only the far one can call, and starts first", "far", "far", "IPv4"],
  ["only the far one can call, by IPv6", "far", "far", "IPv6"],
  ["both can call", undefined, "near", "IPv4"],
];
const EACH_CASE = CASES.flatMap((one) => [[...one, true], [...one, false]] as const);
for (const [what, blocked, first, family, listens] of EACH_CASE) {
  Deno.test({
    name: `two friends who run connect${listens ? " --listen" : ""} find each other when ${what}`,
    ignore: !networks,
    async fn() {
      using wire = new Wire(["10.78.1.2/24", "fd78::2/64"], ["10.78.1.1/24", "fd78::1/64"]);
      if (blocked !== undefined) wire[blocked].refuseIncoming(SYN_ONLY);
      const addressOfPlace = (place: Place) => {
        const bare = place.addresses[family === "IPv4" ? 0 : 1]?.split("/")[0] ?? "";
        return family === "IPv4" ? bare : `[${bare}]`;
      };
      const start = (place: Place, other: Place) =>
        scripted(["connect", `${addressOfPlace(other)}:7373`, ...listens ? ["--listen", "7373"] : [], ...FAST], {
          shell: place.shell,
        });
      const [early, later] = first === "near" ? [wire.near, wire.far] : [wire.far, wire.near];
      await using one = await start(early, later);
      // Nobody is there yet: refused, or silence where the other cannot be called.
      await one.event("connecting");
      if (blocked === first) await one.event("refused");
      await using two = await start(later, early);
      await Promise.all([one, two].map((friend) => friend.event("connected", 30_000)));
      await deliver(one, two, "can you hear me?");
      await deliver(two, one, "yes");
      if (blocked !== undefined) {
        // The one who cannot be called has called.
        const caller = blocked === first ? one : two;
        equal(caller.all("connected")[0]?.direction, "out", caller.transcript());
      }
      for (const friend of [one, two]) {
        deepEqual([friend.all("connected").length, friend.all("left").length], [1, 0], friend.transcript());
      }
    },
  });
}

Deno.test({
  name: "a call finds the friend again after roaming: the same session, and nothing said meanwhile is lost",
  ignore: !networks,
  async fn() {
    using wire = new Wire(["10.78.1.2/24"], ["10.78.1.1/24"]);
    const { near, far } = wire;
    await using listener = await scripted(["listen", "7373", ...FAST], { shell: far.shell });
    await listener.event("listening");
    await using caller = await scripted(["connect", "10.78.1.1", ...FAST], { shell: near.shell });
    await caller.event("connected");
    // A session that has said a little is found to be silent sooner.
    for (let n = 0; n < 8; n++) await deliver(caller, listener, `from the first network, ${n}`);
    near.run("ip", ["address", "del", "10.78.1.2/24", "dev", "wire"]);
    near.run("ip", ["address", "add", "10.78.1.3/24", "dev", "wire"]);
    await caller.say("said while nobody could hear it");
    // The new address is seen within 3 s, and after 6 s of silence the friend is called again.
    await caller.until(() => caller.all("hint").find(({ text }) => /new address/.test(String(text))), "words", 6_000);
    const shown = await listener.like("message", { text: "said while nobody could hear it" }, 20_000);
    await caller.like("delivered", { id: shown.id });
    await deliver(listener, caller, "there you are");
    deepEqual(caller.all("new-session"), []);
    equal(new Set(caller.all("connected").map(({ peer }) => peer)).size, 1);
    const from = listener.all("connected").map(({ address }) => String(address).split(":")[0]);
    ok(listener.all("left").length === 0 || from.includes("10.78.1.3"), listener.transcript());
  },
});

Deno.test("a friend who was stopped for longer than sleep takes is still there: nobody has left, nothing is lost", async () => {
  await using pair = await Pair.connect({ dialer: ["--interval", "50"], listener: FAST });
  const { dialer, listener } = pair;
  listener.signal("SIGSTOP");
  await dialer.say("while you slept");
  // Past SLEPT_MS.
  await new Promise((done) => setTimeout(done, 6_000));
  listener.signal("SIGCONT");
  const shown = await listener.like("message", { text: "while you slept" });
  await dialer.like("delivered", { id: shown.id });
  await deliver(listener, dialer, "good morning");
  for (const friend of [dialer, listener]) deepEqual([friend.all("left"), friend.all("connected").length], [[], 1]);
});

Deno.test("a call finds a friend who starts again after a crash, and says that it is a new session, as an event and in words", async () => {
  for (const output of ["--json", "--plain"]) {
    await using before = await listen(FAST);
    const address = await addressOf(before);
    await using caller = output === "--json"
      ? await dial(address, ["--interval", "50"])
      : await Sesame.start(["connect", address, "--plain", "--phrase-fd", "0"], { phrase: PHRASE });
    await before.event("connected");
    before.signal("SIGKILL");
    await before.ended();
    await using again = await scripted(["listen", address, ...FAST]);
    await again.event("connected", 30_000);
    if (output === "--json") {
      const [first, second] = await caller.until(
        () => caller.all("connected").length === 2 ? caller.all("connected") : undefined,
        "twice",
      );
      const told = await caller.event("new-session");
      deepEqual([told.address, told.peer, told.before], [address, second?.peer, first?.peer]);
      ok(first?.peer !== second?.peer);
    } else {
      const line = await caller.until(() => caller.lines.find((text) => /Someone new/.test(text)), "someone new");
      match(
        line,
        /^Someone new answers at 127\.0\.0\.1:\d+: friend \[[0-9a-f-]{9}\] \(was friend \[[0-9a-f-]{9}\]\)\. A restart, or another person: ask\.$/,
      );
    }
  }
});

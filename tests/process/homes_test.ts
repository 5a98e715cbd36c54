// Two friends, each behind a router, in network namespaces with an internet between them (tests/reach): who meets, and
// who is told why not. All kinds of routers, many times: tests/reach/table.ts.

import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert/strict";
import { deliver, FAST, scripted } from "../harness/process_pair.ts";
import type { Sesame } from "../harness/process.ts";
import { Capture } from "../harness/netns.ts";
import { hasHomes, type Home, Homes, type Kind } from "../reach/homes.ts";

const homes = hasHomes();
const captures = homes && hasHomes("tcpdump");

function start({ homes }: Homes, i: 0 | 1): Promise<Sesame> {
  const { host } = homes[i]!;
  return scripted(["connect", `${homes[1 - i]!.outer}:7373`, ...FAST], { shell: host.shell });
}

const MEET: readonly (readonly [Kind, Kind])[] = [["drops", "drops"], ["resets", "resets"], ["v6", "v6"], [
  "double",
  "drops",
]];
for (const kinds of MEET) {
  Deno.test({
    name: `two friends behind routers meet halfway and talk: ${kinds.join(" and ")}`,
    ignore: !homes,
    async fn() {
      await using world = await Homes.make(kinds);
      await using one = await start(world, 0);
      await one.event("connecting");
      await using two = await start(world, 1);
      const connected = await Promise.all([one, two].map((friend) => friend.event("connected", 60_000)));
      deepEqual(connected.map(({ punched }) => punched), [true, true]);
      deepEqual(connected.map(({ direction }) => direction).sort(), ["in", "out"]);
      await deliver(one, two, "from one home");
      await deliver(two, one, "to the other");
      for (const friend of [one, two]) deepEqual([friend.all("connected").length, friend.all("left").length], [1, 0]);
    },
  });
}

Deno.test({
  name:
    "two friends of one friend, each behind a router, meet halfway after two yeses, with no port forwarded but hers",
  ignore: !homes,
  async fn() {
    await using world = await Homes.make(["none", "drops", "resets"]);
    const [hers, his, theirs] = world.homes;
    const more = ["--introductions", "yes", ...FAST];
    await using middle = await scripted(["listen", "7373", ...more], { shell: hers!.host.shell });
    await middle.event("listening");
    const call = ({ host }: Home, name: string) =>
      scripted(["connect", `${hers!.outer}:7373`, "--name", name, ...more], { shell: host.shell });
    await using bob = await call(his!, "Bob");
    await bob.event("connected", 60_000);
    await using carol = await call(theirs!, "Carol");
    const met = await Promise.all([bob, carol].map((one) => one.like("connected", { punched: true }, 60_000)));
    deepEqual(met.map(({ direction }) => direction).sort(), ["in", "out"]);
    for (const one of [bob, carol]) await one.event((e) => e.event === "introduction" && e.state === "met", 60_000);
    await deliver(bob, carol, "past her");
    await deliver(carol, bob, "and back");
    // Once with her, once with each other.
    for (const one of [bob, carol]) deepEqual([one.all("connected").length, one.all("left").length], [2, 0]);
  },
});

Deno.test({
  name: "behind a router that uses a new port for every call, nobody is met, and both are told what to do",
  ignore: !homes,
  async fn() {
    await using world = await Homes.make(["random", "drops"]);
    await using one = await start(world, 0);
    await using two = await start(world, 1);
    for (const friend of [one, two]) {
      const told = await friend.like("diagnosis", { cause: "nat-random-ports" }, 60_000);
      match(String(told.wrong), /uses a new port for every call/);
      match(String(told.next), /--map-port/);
      equal(friend.all("connected").length, 0, friend.transcript());
    }
  },
});

Deno.test({
  name:
    "two-sided calls leave from the port after the one that is listened on, and so do the others; at most twenty begin in a second",
  ignore: !captures,
  async fn() {
    // The far router says no to each SYN, so that the next one comes as soon as ever.
    await using world = await Homes.make(["drops", "resets"]);
    const [{ host, outer: own }, { outer }] = [world.homes[0]!, world.homes[1]!];
    await using capture = await Capture.start(host);
    await using one = await start(world, 0);
    await one.like("diagnosis", {}, 60_000);
    const passed = (await capture.soFar(outer)).filter((line) => line.includes(` > ${outer}.`));
    const tcp = passed.filter((line) => /: tcp /.test(line));
    const ports = new Set(
      tcp.map((line) => /IP 192\.168\.1\.10\.(\d+) > [0-9.]+\.(\d+):/.exec(line)?.slice(1).join(" ")),
    );
    deepEqual([...ports].sort(), ["7374 7373", "7374 7374"], own);
    const punches = tcp.filter((line) => line.includes(`.7374 > ${outer}.7374:`)).map(secondsOf);
    ok(punches.length > 10, `${punches.length}`);
    for (const at of punches) ok(punches.filter((other) => other >= at && other < at + 1).length <= 20);
  },
});

Deno.test({
  name: "a process that only this machine can call meets nobody halfway: not one call leaves for that port",
  ignore: !captures,
  async fn() {
    await using world = await Homes.make(["drops", "drops"]);
    const [{ host }, { outer }] = [world.homes[0]!, world.homes[1]!];
    await using capture = await Capture.start(host);
    await using one = await scripted(["connect", `${outer}:7373`, "--listen", "127.0.0.1:7373", ...FAST], {
      shell: host.shell,
    });
    await one.like("diagnosis", {}, 60_000);
    const calls = (await capture.soFar(outer)).filter((line) => line.includes(` > ${outer}.`) && /: tcp /.test(line));
    ok(calls.length > 0);
    deepEqual(calls.filter((line) => line.includes(` > ${outer}.7374:`)), []);
  },
});

/** When a packet passed, in seconds of the day. */
function secondsOf(line: string): number {
  const [hours = 0, minutes = 0, seconds = 0] = line.split(" ")[0]!.split(":").map(Number);
  return hours * 3600 + minutes * 60 + seconds;
}

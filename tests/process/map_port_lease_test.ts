// `--map-port` over time, against a real router (miniupnpd) whose leases last two minutes: the router restarts and has
// forgotten everything; the program is killed. Also everything that the program sends on its way to a mapping, as a
// capture shows it.

import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert/strict";
import { settles } from "../harness/child.ts";
import { scripted } from "../harness/process_pair.ts";
import type { Sesame } from "../harness/process.ts";
import { Capture } from "../harness/netns.ts";
import { hasHomes, type Home, Homes } from "../reach/homes.ts";
import { Upnpd, type UpnpdOptions } from "../reach/upnpd.ts";

const homes = hasHomes("miniupnpd");
const captures = homes && hasHomes("tcpdump");
/** The shortest that miniupnpd knows. */
const LEASE_S = 121;
const BRIEF: UpnpdOptions = { lease: LEASE_S };

function listen({ host }: Home): Promise<Sesame> {
  return scripted(["listen", "7373", "--map-port"], { shell: host.shell });
}

Deno.test({
  name:
    "--map-port: a router that has restarted and forgotten the mapping is asked anew while the lease would last; after kill -9 it ends it by itself",
  ignore: !homes,
  async fn() {
    // Each waits for minutes, so both at once.
    await Promise.all([restarted(), killed()]);
  },
});

async function restarted(): Promise<void> {
  await using world = await Homes.make(["drops"]);
  const near = world.homes[0]!;
  const before = await Upnpd.start(near, BRIEF);
  await using one = await listen(near);
  const mapped = await one.like("mapped", { address: "203.0.113.1:7373" }, 30_000);
  deepEqual([mapped.by, mapped.seconds], ["pcp", LEASE_S]);
  await before[Symbol.asyncDispose]();
  near.router.run("nft", ["flush", "chain", "inet", "filter", "prerouting_miniupnpd"]);
  await using after = await Upnpd.start(near, BRIEF);
  equal(after.passedOn(), "");
  ok(await settles(() => after.passedOn().includes("dport 7373 dnat"), LEASE_S * 1000), "it was not asked anew");
  // The same address: there is nothing new to say.
  equal(one.all("mapped").filter(({ address }) => address === mapped.address).length, 1);
  await one.say("/quit");
  await one.ended();
  equal(after.passedOn(), "");
}

async function killed(): Promise<void> {
  await using world = await Homes.make(["drops"]);
  const near = world.homes[0]!;
  await using upnpd = await Upnpd.start(near, BRIEF);
  await using one = await listen(near);
  await one.like("mapped", { address: "203.0.113.1:7373" }, 30_000);
  one.signal("SIGKILL");
  await one.ended();
  match(upnpd.passedOn(), /dport 7373 dnat/);
  ok(await settles(() => upnpd.passedOn() === "", 2 * LEASE_S * 1000), "the lease did not end");
}

/** By which way, what the router is and what it lets pass, and whom the program then speaks with: protocol, address and port. */
const SPOKEN: readonly (readonly [by: string, options: UpnpdOptions, outer: string, spoken: readonly string[]])[] = [
  ["pcp", {}, "203.0.113.1", ["UDP 192.168.1.1.5351"]],
  ["nat-pmp", {}, "203.0.113.1", ["UDP 192.168.1.1.5351"]],
  ["upnp", { pcp: false, lines: ["ext_ip=198.41.0.4"] }, "198.41.0.4", [
    "UDP 192.168.1.1.5351",
    "UDP 239.255.255.250.1900",
    "tcp 192.168.1.1.5000",
  ]],
];
for (const [by, options, outer, spoken] of SPOKEN) {
  Deno.test({
    name:
      `--map-port by ${by}: from the start to the end the program speaks with the router alone, and UPnP searches for it`,
    ignore: !captures,
    async fn() {
      await using world = await Homes.make(["drops"]);
      const near = world.homes[0]!;
      // A router of NAT-PMP alone hears no PCP, which has the version 2 in its first byte.
      if (by === "nat-pmp") {
        near.router.run("nft", ["insert rule inet filter input udp dport 5351 @th,64,8 2 drop"]);
      }
      await using upnpd = await Upnpd.start(near, options);
      await using capture = await Capture.start(near.host);
      await using one = await listen(near);
      equal((await one.like("mapped", { address: `${outer}:7373` }, 30_000)).by, by);
      match(upnpd.passedOn(), /dport 7373 dnat/);
      await one.say("/quit");
      await one.ended();
      equal(upnpd.passedOn(), "");
      const sent = (await capture.soFar("192.168.1.1")).flatMap((line) => {
        const found = / IP 192\.168\.1\.10\.\d+ > ([0-9.]+): (UDP|tcp)/.exec(line);
        return found === null ? [] : [`${found[2]} ${found[1]}`];
      });
      deepEqual([...new Set(sent)].sort(), spoken);
    },
  });
}

Deno.test({
  name: "--map-port: a real router with another one in front of it is called that, and what it passed on is given back",
  ignore: !homes,
  async fn() {
    await using world = await Homes.make(["double"]);
    const near = world.homes[0]!;
    await using upnpd = await Upnpd.start(near);
    await using one = await listen(near);
    equal((await one.event("diagnosis", 30_000)).cause, "second-nat", one.transcript());
    equal(upnpd.passedOn(), "");
  },
});

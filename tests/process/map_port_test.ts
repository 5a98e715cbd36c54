// `--map-port` against real routers (miniupnpd behind homes of tests/reach) and against false ones: what is forwarded,
// what the person is told, whom the program speaks with, and that nothing is left at the end.

import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert/strict";
import { deliver, FAST, PHRASE, scripted } from "../harness/process_pair.ts";
import { type JsonEvent, Sesame } from "../harness/process.ts";
import { type Child, settles } from "../harness/child.ts";
import { Capture, type Place } from "../harness/netns.ts";
import { hasHomes, type Home, Homes } from "../reach/homes.ts";
import { Upnpd, type UpnpdOptions } from "../reach/upnpd.ts";

const homes = hasHomes("miniupnpd");
const captures = homes && hasHomes("tcpdump");

function listen({ host }: Home, args: readonly string[] = ["--map-port"]): Promise<Sesame> {
  return scripted(["listen", "7373", ...args, ...FAST], { shell: host.shell });
}

/** Two homes, of which the second has no router, and somebody who listens in the first. */
async function home(): Promise<{ world: Homes; near: Home; far: Home } & AsyncDisposable> {
  const world = await Homes.make(["drops", "none"]);
  return {
    world,
    near: world.homes[0]!,
    far: world.homes[1]!,
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
}

const mappedAt = (one: Sesame, address: string): Promise<JsonEvent> => one.like("mapped", { address }, 30_000);

/** With UPnP miniupnpd tells no outer address of those that are reserved for documents. */
const WAYS: readonly (readonly [by: string, options: UpnpdOptions, outer: string])[] = [
  ["pcp", {}, "203.0.113.1"],
  ["upnp", { pcp: false, lines: ["ext_ip=198.41.0.4"] }, "198.41.0.4"],
];
for (const [by, options, outer] of WAYS) {
  Deno.test({
    name:
      `--map-port by ${by}: the invitation leads with the outer address, a friend calls it, and at the end it is taken back`,
    ignore: !homes,
    async fn() {
      await using place = await home();
      await using upnpd = await Upnpd.start(place.near, options);
      await using one = await listen(place.near);
      const mapped = await mappedAt(one, `${outer}:7373`);
      deepEqual([mapped.by, mapped.seconds], [by, 1200]);
      await one.until(
        () => one.all("hint").find(({ text }) => String(text).split("\n")[0]?.includes(`${outer}:7373`)),
        "the invitation",
      );
      match(upnpd.passedOn(), /dport 7373 dnat/);
      await using two = await scripted(["connect", "203.0.113.1", ...FAST], { shell: place.far.host.shell });
      await two.event("connected");
      await deliver(two, one, "through the router");
      await one.say("/quit");
      equal((await one.ended()).code, 0);
      equal(upnpd.passedOn(), "");
    },
  });
}

Deno.test({
  name: "--map-port: an IPv6 firewall is opened by PCP for the address of the invitation, and a friend calls it",
  ignore: !homes,
  async fn() {
    await using world = await Homes.make(["drops", "v6"]);
    const [near, far] = [world.homes[0]!, world.homes[1]!];
    await using _ = await Upnpd.start(near);
    await using one = await listen(near);
    equal((await mappedAt(one, "[2001:db8:1::10]:7373")).by, "pcp");
    await using two = await scripted(["connect", "[2001:db8:1::10]", ...FAST], { shell: far.host.shell });
    await two.event("connected");
  },
});

Deno.test({
  name:
    "--map-port: a hang-up, which wipes all at once, takes the mapping back too; after kill -9 it stays for its lease",
  ignore: !homes,
  async fn() {
    for (const signal of ["SIGHUP", "SIGKILL"] as const) {
      await using place = await home();
      await using upnpd = await Upnpd.start(place.near);
      await using one = await listen(place.near);
      await mappedAt(one, "203.0.113.1:7373");
      one.signal(signal);
      await one.ended();
      const left = await settles(() => upnpd.passedOn() === "");
      equal(left, signal === "SIGHUP");
    }
  },
});

Deno.test({
  name: "--map-port: if another machine has the port, another one is forwarded, and the invitation has that",
  ignore: !homes,
  async fn() {
    await using place = await home();
    // A second machine of that home, which was first.
    place.near.host.run("ip", ["address", "add", "192.168.1.11/24", "dev", "wire"]);
    await using _ = await Upnpd.start(place.near);
    const taken =
      "dgram=require('node:dgram').createSocket('udp4');dgram.bind(0,'192.168.1.11',()=>{const b=Buffer.alloc(60);" +
      "b[0]=2;b[1]=1;b.writeUInt32BE(1200,4);b.set([255,255,192,168,1,11],18);b[36]=6;b.writeUInt16BE(7373,40);b.writeUInt16BE(7373,42);" +
      "b.set([255,255],54);dgram.send(b,5351,'192.168.1.1')});dgram.on('message',()=>dgram.close())";
    place.near.host.run(Deno.execPath(), ["eval", "--ext=cjs", taken]);
    await using one = await listen(place.near);
    const mapped = await one.until(
      () => one.all("mapped").find(({ address }) => String(address).startsWith("203.0.113.1:")),
      "mapped",
      30_000,
    );
    ok(mapped.address !== "203.0.113.1:7373", one.transcript());
  },
});

Deno.test({
  name: "--map-port: with another address of this machine it is asked again within 10 s, in words and by the router",
  ignore: !homes,
  async fn() {
    await using place = await home();
    await using upnpd = await Upnpd.start(place.near);
    await using one = await listen(place.near);
    await mappedAt(one, "203.0.113.1:7373");
    const began = performance.now();
    const { host } = place.near;
    host.run("ip", ["address", "del", "192.168.1.10/24", "dev", "wire"]);
    host.run("ip", ["address", "add", "192.168.1.20/24", "dev", "wire"]);
    host.run("ip", ["route", "replace", "default", "via", "192.168.1.1"]);
    await one.until(() => one.all("hint").find(({ text }) => /new address/.test(String(text))), "words", 10_000);
    ok(await settles(() => upnpd.passedOn().includes("192.168.1.20:7373"), 8_000), upnpd.passedOn());
    ok(performance.now() - began < 10_000);
  },
});

Deno.test({
  name: "doctor --map-port says what the router says, and has nothing left there; without it the router hears nothing",
  ignore: !homes,
  async fn() {
    await using place = await home();
    await using upnpd = await Upnpd.start(place.near);
    const rows = async (...more: string[]) => {
      await using one = await Sesame.start(["doctor", "--json", ...more], {
        closed: true,
        shell: place.near.host.shell,
      });
      equal((await one.ended()).code, 0, one.transcript());
      return one.all("doctor").map(({ check, state, advice }) => [check, state, advice].join(": "));
    };
    const asked = await rows("--map-port");
    ok(
      asked.some((row) => /^router: ok: It forwards the port as 203\.0\.113\.1:7373 \(pcp\)/.test(row)),
      asked.join("\n"),
    );
    equal(upnpd.passedOn(), "");
    const said = upnpd.said.length;
    const plain = await rows();
    ok(plain.some((row) => row.startsWith("router: not here: Not asked.")));
    ok(plain.some((row) => row.startsWith("port 7373: ok: ")));
    ok(!/PCP|NAT-PMP|AddPortMapping/.test(upnpd.said.slice(said)));
  },
});

Deno.test({
  name: "doctor --map-port asks for another port while a chat has its own forwarded, which it leaves alone",
  ignore: !homes,
  async fn() {
    await using place = await home();
    await using upnpd = await Upnpd.start(place.near, { pcp: false, lines: ["ext_ip=198.41.0.4"] });
    await using one = await listen(place.near);
    await mappedAt(one, "198.41.0.4:7373");
    await using doctor = await Sesame.start(["doctor", "--json", "--map-port"], {
      closed: true,
      shell: place.near.host.shell,
    });
    equal((await doctor.ended()).code, 0, doctor.transcript());
    const router = doctor.all("doctor").find(({ check }) => check === "router");
    match(String(router?.advice), /^It forwards the port as 198\.41\.0\.4:(?!7373 )\d+ \(upnp\)/);
    equal(upnpd.passedOn().match(/dport/g)?.length, 1, upnpd.passedOn());
    match(upnpd.passedOn(), /dport 7373 dnat/);
  },
});

Deno.test({
  name: "doctor --map-port takes back what it has asked for when Ctrl-C or a hang-up ends it",
  ignore: !homes,
  async fn() {
    for (const signal of ["SIGINT", "SIGHUP"] as const) {
      await using place = await home();
      await using router = await falseRouter(place.near.router, "mute", "192.168.1.1");
      await using doctor = await Sesame.start(["doctor", "--map-port"], { closed: true, shell: place.near.host.shell });
      await router.until(/asked for 1200 s/);
      doctor.signal(signal);
      await router.until(/asked for 0 s/);
      equal((await doctor.ended()).code, 1, doctor.transcript());
      ok(!/router/.test(doctor.transcript()));
    }
  },
});

const SAID: readonly (readonly [what: string, mode: string | undefined, cause: string])[] = [
  ["nobody answers", undefined, "router-silent"],
  ["answers of other wishes, cut off and too long ones, noise", "noise", "router-silent"],
  ["a private outer address", "private", "second-nat"],
  ["an outer address that is this machine", "loopback", "second-nat"],
  ["a description elsewhere", "elsewhere", "router-silent"],
  ["a description that moves elsewhere", "redirect", "router-silent"],
  ["a description without an end", "endless", "router-silent"],
  ["a description that drips", "slow", "router-silent"],
  ["a router that allows nothing", "refuses", "router-refused"],
];
for (const [what, mode, cause] of SAID) {
  Deno.test({
    name: `--map-port says within 12 s what is wrong, and speaks with the router alone: ${what}`,
    ignore: !captures,
    async fn() {
      await using place = await home();
      const router = mode === undefined ? undefined : await falseRouter(place.near.router, mode, "192.168.1.1");
      await using capture = await Capture.start(place.near.host);
      await using one = await listen(place.near, ["--map-port=192.168.1.1"]);
      await one.event("listening");
      const began = performance.now();
      const told = await one.event("diagnosis", 15_000);
      ok(performance.now() - began < 12_500);
      deepEqual([told.cause, one.all("mapped")], [cause, []]);
      match(String(told.next), /forward the port by hand|Use IPv6/);
      const sent = (await capture.soFar("192.168.1.1")).flatMap((line) =>
        /IP 192\.168\.1\.10\.\d+ > ([0-9]+(?:\.[0-9]+){3})/.exec(line)?.[1] ?? []
      );
      const spokenWith = new Set(sent);
      for (const fine of ["192.168.1.1", "239.255.255.250"]) spokenWith.delete(fine);
      deepEqual([...spokenWith], []);
      await router?.[Symbol.asyncDispose]();
    },
  });
}

Deno.test({
  name:
    "--map-port: a router that only speaks NAT-PMP passes the port on; a neighbour who answers the search is not asked",
  ignore: !homes,
  async fn() {
    await using place = await home();
    const router = await falseRouter(place.near.router, "nat-pmp", "192.168.1.1");
    await using one = await listen(place.near);
    equal((await mappedAt(one, "203.0.113.1:7373")).by, "nat-pmp");
    await router[Symbol.asyncDispose]();
    place.near.router.run("ip", ["address", "add", "192.168.1.66/24", "dev", "lan"]);
    const neighbour = await falseRouter(place.near.router, "endless", "192.168.1.66");
    await using two = await scripted(["listen", "7400", "--map-port", ...FAST], { shell: place.near.host.shell });
    equal((await two.event("diagnosis", 15_000)).cause, "router-silent");
    await neighbour[Symbol.asyncDispose]();
    ok(!neighbour.said.includes("asked"));
  },
});

Deno.test({
  name:
    "where the system does not tell its routes, the router that answers the search is asked, or the one that was typed",
  ignore: !homes,
  async fn() {
    await using place = await home();
    const script = new URL("../reach/ways.ts", import.meta.url).pathname;
    const ways = async (...typed: string[]) => {
      await using asked = place.near.host.start(Deno.execPath(), [
        "run",
        "--no-check",
        "--allow-net",
        script,
        ...typed,
      ]);
      return JSON.parse((await asked.until(/\[.*\]\n/))[0]!);
    };
    const way = [{ router: "192.168.1.1", own: "192.168.1.10" }];
    deepEqual(await ways("192.168.1.1"), []);
    // It has a page for people, and knows no UPnP.
    const page = 'Deno.serve({ hostname: "192.168.1.1", port: 80 }, () => new Response())';
    await using _page = place.near.router.start(Deno.execPath(), ["eval", page]);
    place.near.host.reaches("192.168.1.1", 80);
    deepEqual([await ways(), await ways("192.168.1.1")], [[], way]);
    await using _ = await Upnpd.start(place.near);
    deepEqual([await ways(), await ways("192.168.1.1"), await ways("192.168.1.9")], [way, way, []]);
  },
});

Deno.test("--map-port asks for what takes calls and for an IP address, before any phrase", async () => {
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [["connect", "192.0.2.7", "--map-port"], /--map-port is for those who take calls\. Add --listen 7373/],
    [["listen", "127.0.0.1:7373", "--map-port"], /You listen on this machine only/],
    [["connect", "192.0.2.7", "--listen", "[::1]:7373", "--map-port"], /You listen on this machine only/],
    [["listen", "--map-port=router.example"], /The value of --map-port= is not an IP address\./],
    [["doctor", "--map-port=router.example"], /The value of --map-port= is not an IP address\./],
    [["doctor", "192.0.2.7", "--map-port"], /--map-port asks this machine's own router/],
  ];
  for (const [args, words] of cases) {
    await using one = await Sesame.start([...args, ...args[0] === "doctor" ? [] : ["--phrase-fd", "0"]], {
      phrase: PHRASE,
    });
    equal((await one.ended()).code, 2);
    match(one.transcript(), words);
  }
});

/** tests/reach/false_router.ts in this place, once it is ready. */
async function falseRouter(place: Place, mode: string, address: string): Promise<Child> {
  const script = new URL("../reach/false_router.ts", import.meta.url).pathname;
  const child = place.start(Deno.execPath(), ["run", "--no-check", "--allow-net", script, mode, address]);
  await child.until(/ready/);
  return child;
}

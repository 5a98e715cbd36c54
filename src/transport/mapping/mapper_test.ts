// A port's life at a router: which language, when it is renewed, what is reported, and that it is taken back. The test
// plays the router.

import {
  deepStrictEqual as deepEqual,
  notDeepStrictEqual as notDeepEqual,
  ok,
  strictEqual as equal,
} from "node:assert/strict";
import { Timeline } from "../../../tests/simulation/timeline.ts";
import { ipBytes } from "../address.ts";
import type { RouterWay } from "./mapped.ts";
import { Mapper, type MapperIo } from "./mapper.ts";

const HOME: RouterWay = { router: "192.168.1.1", own: "192.168.1.10" };
const HOME6: RouterWay = { router: "fe80::1%2", own: "2001:db8:1::10" };

/** A router that answers as it is told to, all that it was asked, and who asks it. */
class Router implements Disposable {
  readonly timeline = new Timeline();
  ways: RouterWay[] = [HOME];
  findWays = (_: AbortSignal): Promise<RouterWay[]> => Promise.resolve(this.ways);
  speaks: "pcp" | "nat-pmp" | "upnp" | "nothing" = "pcp";
  code = 0;
  outer = "203.0.113.1";
  port: number | undefined;
  lifetime = 1200;
  lifetime6 = 1200;
  /** Where it takes calls by UPnP. */
  control = "/ctl";
  #draws = 7;
  /** UPnP ports that somebody else has. */
  readonly taken = new Set<number>();
  readonly asked: string[] = [];
  readonly told: string[] = [];
  last: { router: string; bytes: Uint8Array } | undefined;
  /** It does what it is asked with these words, and its answer never comes. */
  unheard = "nothing at all";

  readonly io: MapperIo = {
    askRouter: (router, _own, question, parse, signal) => {
      const answer = this.#answer(router, question);
      if (this.asked.at(-1) === this.unheard) return this.#unanswered(signal);
      return Promise.resolve(answer === undefined ? undefined : parse(answer));
    },
    search: () => {
      this.asked.push("search");
      const answer = (host: string) => {
        const text = `HTTP/1.1 200 OK\r\nLOCATION: http://${host}:5000/d.xml\r\n\r\n`;
        return { host, answer: new TextEncoder().encode(text) };
      };
      return Promise.resolve(
        this.speaks === "upnp" ? ["192.168.1.66", HOME.router].map(answer) : [],
      );
    },
    request: (host, place, _own, signal, soap) => {
      this.asked.push(`${host} ${place.path} ${/<u:(\w+)/.exec(soap?.body ?? "")?.[1] ?? "get"}`);
      if (this.asked.at(-1)?.endsWith(this.unheard)) return this.#unanswered(signal);
      const there = soap === undefined || place.path === this.control;
      return Promise.resolve(there ? this.#upnp(soap?.body) : undefined);
    },
    after: (ms, run) => {
      ok(Number.isFinite(ms), "a real timer would fire at once");
      let on = true;
      this.timeline.after(ms, () => on && run());
      return () => on = false;
    },
  };

  readonly mapper = new Mapper({
    port: 7373,
    ways: (signal) => this.findWays(signal),
    entropy: (into) => into.fill(this.#draws++),
    now: () => this.timeline.now,
    tell: (event) =>
      this.told.push(
        event.type === "mapped"
          ? `${event.by} ${event.address.host} ${event.address.port} ${event.seconds}`
          : `${event.lost === undefined ? "" : `lost ${event.lost.host} `}${event.why}`,
      ),
    farewell: (last) => this.last = last,
    io: this.io,
  });

  constructor(how: Partial<Router> = {}) {
    Object.assign(this, how);
  }

  /** One that has been asked, and has answered. */
  static async asked(how: Partial<Router> = {}): Promise<Router> {
    const router = new Router(how);
    await router.mapper.ask();
    return router;
  }

  [Symbol.dispose](): void {
    this.mapper[Symbol.dispose]();
  }

  #unanswered(signal: AbortSignal): Promise<undefined> {
    return new Promise((done) => {
      signal.throwIfAborted();
      signal.addEventListener("abort", () => done(undefined));
      this.io.after(3_000, () => done(undefined));
    });
  }

  /** Lets time pass, and what it starts come to its end. */
  async run(ms: number): Promise<void> {
    const end = this.timeline.now + ms;
    while (this.timeline.now < end) {
      this.timeline.runUntil(Math.min(end, this.timeline.now + 1000));
      for (let i = 0; i < 20; i++) await Promise.resolve();
    }
  }

  #answer(router: string, question: Uint8Array): Uint8Array | undefined {
    const view = new DataView(question.buffer);
    const what = question[0] === 2
      ? `pcp ${view.getUint32(4)}`
      : question[1] === 0
      ? "address"
      : `pmp ${view.getUint32(8)}`;
    this.asked.push(what);
    if (this.speaks === "nothing" || this.speaks === "upnp") return undefined;
    if (question[0] === 2) {
      if (this.speaks !== "pcp") return Uint8Array.of(0, 0x81, 0, 1, 0, 0, 0, 0);
      const answer = question.slice();
      const out = new DataView(answer.buffer);
      answer.set([2, 0x81, 0, this.code]);
      out.setUint32(4, view.getUint32(4) === 0 ? 0 : router.includes(":") ? this.lifetime6 : this.lifetime);
      out.setUint16(42, this.port ?? view.getUint16(40));
      answer.set(ipBytes(router.includes(":") ? HOME6.own : this.outer), 44);
      return answer;
    }
    const answer = new Uint8Array(question[1] === 0 ? 12 : 16);
    const out = new DataView(answer.buffer);
    answer.set([0, 0x80 | question[1]!, 0, this.code]);
    if (question[1] === 0) answer.set(ipBytes(this.outer).subarray(12), 8);
    else {
      out.setUint16(8, 7373);
      out.setUint16(10, this.port ?? 7373);
      out.setUint32(12, this.lifetime);
    }
    return answer;
  }

  #upnp(body: string | undefined): { status: number; body: string } | undefined {
    if (this.speaks !== "upnp") return undefined;
    if (body === undefined) {
      const service = "<serviceType>urn:schemas-upnp-org:service:WANIPConnection:1</serviceType><controlURL>" +
        this.control;
      return { status: 200, body: `<service>${service}</controlURL></service>` };
    }
    if (body.includes("GetExternalIPAddress")) {
      return { status: 200, body: `<NewExternalIPAddress>${this.outer}</NewExternalIPAddress>` };
    }
    const port = Number(/<NewExternalPort>(\d+)</.exec(body)?.[1]);
    if (body.includes("GetSpecificPortMappingEntry")) {
      const client = this.taken.has(port) ? "192.168.1.11" : HOME.own;
      return { status: 200, body: `<NewInternalClient>${client}</NewInternalClient>` };
    }
    if (this.code !== 0) return { status: 500, body: `<errorCode>${this.code}</errorCode>` };
    return this.taken.has(port) ? { status: 500, body: "<errorCode>718</errorCode>" } : { status: 200, body: "" };
  }
}

Deno.test("PCP is asked first, and nobody else when it answers; at the end it is taken back with the same nonce", async () => {
  using router = await Router.asked();
  deepEqual([router.told, router.asked], [["pcp 203.0.113.1 7373 1200"], ["pcp 1200"]]);
  deepEqual([router.last?.router, router.last?.bytes.length], [HOME.router, 60]);
  deepEqual(router.last?.bytes.slice(4, 8), new Uint8Array(4));
  deepEqual(router.last?.bytes.slice(24, 36), new Uint8Array(12).fill(7));
  await router.mapper.end();
  deepEqual(router.asked, ["pcp 1200", "pcp 0"]);
  equal(router.last, undefined);
  await router.run(3_000_000);
  equal(router.asked.length, 2, "nothing runs on");
});

Deno.test("it is asked for again at half of the lease, told once, and told again when the outer address is another", async () => {
  using router = await Router.asked();
  await router.run(599_000);
  equal(router.asked.length, 1);
  await router.run(2_000);
  deepEqual(router.asked, ["pcp 1200", "pcp 1200"]);
  equal(router.told.length, 1);
  router.outer = "203.0.113.99";
  await router.run(601_000);
  deepEqual(router.told, ["pcp 203.0.113.1 7373 1200", "pcp 203.0.113.99 7373 1200"]);
  router.port = 20_001;
  await router.run(601_000);
  equal(router.told.at(-1), "pcp 203.0.113.99 20001 1200");
});

Deno.test("a router that falls silent is asked each 30 s, and at the lease's end the person is told; once it is back it is told too", async () => {
  using router = await Router.asked();
  router.speaks = "nothing";
  await router.run(1_199_000);
  deepEqual(router.told.length, 1);
  ok(router.asked.length > 18, String(router.asked.length));
  await router.run(40_000);
  deepEqual(router.told.slice(1), ["lost 203.0.113.1 router-silent"]);
  equal(router.last, undefined, "there is nothing left to take back");
  router.speaks = "pcp";
  await router.run(31_000);
  equal(router.told.at(-1), "pcp 203.0.113.1 7373 1200");
});

Deno.test("NAT-PMP follows at once where PCP is not spoken, then UPnP; IPv6 is asked of PCP alone", async () => {
  using router = await Router.asked({ speaks: "nat-pmp" });
  deepEqual([router.told, router.asked], [["nat-pmp 203.0.113.1 7373 1200"], ["pcp 1200", "pmp 1200", "address"]]);
  deepEqual(router.last?.bytes.toHex(), "000200001ccd000000000000");
  using other = await Router.asked({ speaks: "upnp", ways: [HOME, HOME6] });
  deepEqual(other.told, ["upnp 203.0.113.1 7373 1200"]);
  deepEqual(other.asked.filter((what) => what.startsWith("pmp")).length, 1);
  // The one that answered first is a neighbour, and was not asked.
  ok(other.asked.every((what) => !what.includes("192.168.1.66")));
  await other.mapper.end();
  deepEqual(other.asked.slice(-2).map((what) => what.split(" ").at(-1)), ["AddPortMapping", "DeletePortMapping"]);
  // Without a router of IPv4 there is nothing to say of it.
  using six = await Router.asked({ ways: [HOME6] });
  deepEqual(six.told, ["pcp 2001:db8:1::10 7373 1200"]);
});

Deno.test("IPv6 and IPv4 are two mappings, asked for together at each renewal, since a router that began anew has forgotten both", async () => {
  using router = await Router.asked({ ways: [HOME, HOME6], lifetime: 1000 });
  deepEqual(router.told.sort(), ["pcp 2001:db8:1::10 7373 1200", "pcp 203.0.113.1 7373 1000"]);
  await router.run(499_000);
  equal(router.asked.length, 2);
  await router.run(2_000);
  equal(router.asked.length, 4);
});

Deno.test("whoever comes back to a router, after its routes were gone or from another network, asks it with the nonce of before", async () => {
  for (const away of [[], [{ router: "10.1.1.1", own: "10.1.1.7" }]]) {
    using router = await Router.asked();
    const { mapper } = router;
    const nonce = () => router.last?.bytes.slice(24, 36);
    const before = nonce();
    router.ways = away;
    router.outer = "198.51.100.1";
    await mapper.ask();
    notDeepEqual(nonce(), before);
    router.ways = [HOME];
    router.outer = "203.0.113.1";
    router.speaks = "nothing";
    await mapper.ask();
    equal(router.told.at(-1), away.length === 0 ? "router-silent" : "lost 198.51.100.1 router-silent");
    router.speaks = "pcp";
    await router.run(31_000);
    deepEqual([router.told.at(-1), nonce()], ["pcp 203.0.113.1 7373 1200", before]);
  }
});

Deno.test("a UPnP router that takes calls elsewhere since it began anew is found again at the next renewal", async () => {
  using router = await Router.asked({ speaks: "upnp" });
  router.control = "/new";
  await router.run(601_000);
  equal(router.asked.at(-1), "192.168.1.1 /new AddPortMapping");
  equal(router.told.length, 1);
  await router.mapper.end();
  equal(router.asked.at(-1), "192.168.1.1 /new DeletePortMapping");
});

Deno.test("an address of the other family is refused, and what was granted with it is given back", async () => {
  using router = await Router.asked({ outer: "2001:db8::1" });
  deepEqual([router.asked.slice(0, 2), router.told], [["pcp 1200", "pcp 0"], ["router-refused"]]);
});

Deno.test("a port that is in use is no reason to give up: five others are tried by UPnP, from 20000 to 59999", async () => {
  using router = await Router.asked({ speaks: "upnp", taken: new Set([7373]) });
  const port = Number(router.told[0]?.split(" ")[2]);
  ok(port >= 20_000 && port < 60_000, String(router.told));
  using none = await Router.asked({ speaks: "upnp", taken: new Set(Array(65_536).keys()) });
  deepEqual(none.told, ["router-refused"]);
  equal(none.asked.filter((what) => what.includes("AddPortMapping")).length, 6);
});

Deno.test("a private outer address means a second NAT: the person is told, and the mapping is given back and not asked for again", async () => {
  for (
    const outer of ["10.0.0.1", "172.31.9.9", "192.168.0.2", "100.64.1.1", "100.127.1.1", "127.0.0.1", "169.254.1.1"]
  ) {
    using router = await Router.asked({ outer });
    deepEqual([router.told, router.asked], [["second-nat"], ["pcp 1200", "pcp 0"]], outer);
    await router.run(3_000_000);
    equal(router.asked.length, 2);
  }
  for (const [speaks, code] of [["pcp", 8], ["nat-pmp", 3], ["upnp", 501]] as const) {
    using router = await Router.asked({ speaks, code });
    deepEqual(router.told, ["second-nat"], speaks);
  }
});

Deno.test("anything but a public IPv4 address is refused, whoever says it", async () => {
  for (
    const outer of [
      "",
      "0.0.0.0",
      "255.255.255.255",
      "239.1.1.1",
      "2001:db8::1",
      "evil.example",
      "203.0.113.1:22",
      "1.2.3",
    ]
  ) {
    using router = await Router.asked({ speaks: "upnp", outer });
    deepEqual(router.told, ["router-refused"], outer);
  }
});

Deno.test("refused, permanent only, lifetime 0, silent, no router: each is said once, in words for it", async () => {
  const cases: [Partial<Router>, string][] = [
    [{ code: 2 }, "router-refused"],
    [{ speaks: "upnp", code: 725 }, "router-refused"],
    [{ lifetime: 0 }, "router-refused"],
    [{ speaks: "nothing" }, "router-silent"],
    [{ ways: [] }, "no-router"],
  ];
  for (const [how, word] of cases) {
    using router = await Router.asked(how);
    await router.mapper.ask();
    await router.run(600_000);
    deepEqual(router.told, [word]);
  }
});

Deno.test("after sleep or in another network it is asked at once, as who we are there", async () => {
  using router = await Router.asked();
  router.ways = [{ router: "10.1.1.1", own: "10.1.1.7" }];
  router.outer = "198.51.100.1";
  await router.mapper.ask();
  deepEqual(router.told, ["pcp 203.0.113.1 7373 1200", "pcp 198.51.100.1 7373 1200"]);
  equal(router.last?.router, "10.1.1.1");
});

Deno.test("once it is over, nothing is reported and nothing asked, whatever still arrives", async () => {
  using router = new Router();
  const asking = router.mapper.ask();
  router.mapper[Symbol.dispose]();
  await asking;
  await router.run(3_000_000);
  deepEqual(router.told, []);
  await router.mapper.ask();
  ok(router.asked.length <= 1);
});

Deno.test("what was asked for when the end came is taken back too, in whichever language, and by a last datagram", async () => {
  const cases = [
    ["pcp", "pcp 1200", "pcp 0"],
    ["nat-pmp", "pmp 1200", "pmp 0"],
    ["nat-pmp", "address", "pmp 0"],
    ["upnp", "AddPortMapping", "192.168.1.1 /ctl DeletePortMapping"],
  ] as const;
  for (const [speaks, unheard, back] of cases) {
    using router = new Router({ speaks, unheard });
    const asking = router.mapper.ask();
    await router.run(1_000);
    equal(router.last === undefined, speaks === "upnp", unheard);
    await router.mapper.end();
    await asking;
    equal(router.asked.at(-1), back);
    deepEqual([router.last, router.told], [undefined, []]);
  }
});

Deno.test("nothing is taken back where nothing can stand: a router that refused, or said nothing in all its time", async () => {
  for (const how of [{ code: 2 }, { speaks: "nat-pmp", code: 2 }, { speaks: "nothing" }] as const) {
    using router = await Router.asked(how);
    equal(router.last, undefined);
    const { length } = router.asked;
    await router.mapper.end();
    equal(router.asked.length, length);
  }
});

Deno.test("a port that NAT-PMP passed on is given back where the router does not say as which address", async () => {
  using router = new Router({ speaks: "nat-pmp", unheard: "address" });
  const asking = router.mapper.ask();
  await router.run(15_000);
  await asking;
  const asked = ["pcp 1200", "pmp 1200", "address", "pmp 0", "search"];
  deepEqual(router.asked, asked);
  await router.mapper.end();
  deepEqual(router.asked, asked);
});

Deno.test("a router that refuses to go on is asked at the end to forget what it had granted", async () => {
  using router = await Router.asked();
  router.code = 2;
  await router.run(601_000);
  deepEqual(router.told.slice(1), ["lost 203.0.113.1 router-refused"]);
  await router.mapper.end();
  equal(router.asked.at(-1), "pcp 0");
});

Deno.test("an IPv6 pinhole that is lost says nothing of IPv4, and is told again when it is back", async () => {
  using router = await Router.asked({ ways: [HOME, HOME6] });
  router.lifetime6 = 0;
  await router.run(601_000);
  deepEqual(router.told.splice(0), [
    "pcp 203.0.113.1 7373 1200",
    "pcp 2001:db8:1::10 7373 1200",
    "lost 2001:db8:1::10 router-refused",
  ]);
  const asked = router.asked.length;
  router.lifetime6 = 1200;
  await router.run(31_000);
  deepEqual(router.told, ["pcp 2001:db8:1::10 7373 1200"]);
  equal(router.asked.length, asked + 1, "what is lost is asked for by itself");
});

Deno.test("another home whose router has the same address is asked in every language, as soon as we wake there", async () => {
  using router = await Router.asked();
  router.speaks = "upnp";
  router.outer = "198.51.100.1";
  await router.mapper.ask();
  deepEqual(router.told, ["pcp 203.0.113.1 7373 1200", "upnp 198.51.100.1 7373 1200"]);
});

Deno.test("what a router of another network had passed on is told as lost, of the family that has no router here", async () => {
  for (const six of [false, true]) {
    using router = await Router.asked({ ways: [HOME, HOME6] });
    router.ways = [six ? HOME : HOME6];
    await router.mapper.ask();
    await router.mapper.ask();
    const lost = (other: boolean) => [`lost ${other ? HOME6.own : router.outer} no-router`];
    deepEqual(router.told.splice(2), lost(six));
    router.ways = [];
    await router.mapper.ask();
    deepEqual([router.told.slice(2), router.last], [lost(!six), undefined]);
  }
});

Deno.test("a UPnP router that does not answer is asked to forget the port, but not if somebody else has it", async () => {
  for (const taken of [false, true]) {
    const ports = new Set(taken ? [7373] : []);
    using router = new Router({ speaks: "upnp", unheard: "AddPortMapping", taken: ports });
    const asking = router.mapper.ask();
    await router.run(5_000);
    await asking;
    const asked = ["AddPortMapping", "GetSpecificPortMappingEntry", ...taken ? [] : ["DeletePortMapping"]];
    deepEqual(router.asked.slice(-asked.length).map((what) => what.split(" ").at(-1)), asked);
    deepEqual(router.told, ["router-silent"]);
  }
});

Deno.test("looking for a router ends within 12 s too, however many strangers say that they are one", async () => {
  const findWays = (signal: AbortSignal) =>
    new Promise<RouterWay[]>((done) => signal.addEventListener("abort", () => done([])));
  using router = new Router({ findWays });
  const asking = router.mapper.ask();
  await router.run(11_000);
  deepEqual(router.told, []);
  await router.run(2_000);
  deepEqual(router.told, ["no-router"]);
  await asking;
});

Deno.test("a port that was granted before is not given back because the router was once silent when asked to go on", async () => {
  for (
    const [speaks, unheard] of [["upnp", "AddPortMapping"], ["nat-pmp", "address"], ["nat-pmp", "pmp 1200"]] as const
  ) {
    using router = await Router.asked({ speaks });
    router.unheard = unheard;
    await router.run(611_000);
    const back = () => router.asked.filter((what) => /Delete|pmp 0/.test(what)).length;
    equal(back(), 0, unheard);
    router.unheard = "nothing at all";
    await router.mapper.end();
    deepEqual([back(), router.told.length], [1, 1]);
  }
});

Deno.test("whoever asks while it asks waits until the router has been asked for them as well", async () => {
  const found = [Promise.withResolvers<RouterWay[]>(), Promise.withResolvers<RouterWay[]>()];
  let looks = 0;
  using router = new Router({ findWays: () => found[looks++]!.promise });
  const { mapper } = router;
  const over: string[] = [];
  void mapper.ask().then(() => over.push("first"));
  void mapper.ask().then(() => over.push("second"));
  found[0]!.resolve([HOME]);
  await router.run(1_000);
  deepEqual([over, looks, router.told], [[], 2, ["pcp 203.0.113.1 7373 1200"]]);
  router.outer = "203.0.113.2";
  found[1]!.resolve([HOME]);
  await router.run(1_000);
  deepEqual([over, router.told.at(-1)], [["first", "second"], "pcp 203.0.113.2 7373 1200"]);
});

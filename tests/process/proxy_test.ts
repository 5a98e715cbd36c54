// Calls through a real SOCKS5 proxy (microsocks): they reach the friend, and nothing goes past the proxy, as a capture
// shows. Also what is said when it does not work. Out of scope: what the proxy is told, byte for byte
// (src/transport/socks_test.ts).

import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert/strict";
import { Child, pause } from "../harness/child.ts";
import { addressOf, deliver, dial, FAST, listen, scripted } from "../harness/process_pair.ts";
import { WAIT_MS } from "../harness/process.ts";
import { hasProgram } from "../harness/product.ts";
import { portOfNobody } from "../harness/tcp.ts";
import { threeParts } from "../harness/process_errors.ts";
import { Capture, hasNamespaces, Wire } from "../harness/netns.ts";

const microsocks = hasProgram("microsocks");

Deno.test({
  name: "with --proxy no DNS query and no packet to the target leaves this machine; without it both do",
  ignore: !microsocks || !hasNamespaces("tcpdump"),
  async fn() {
    using wire = new Wire(["10.77.1.2/24"], ["10.77.1.1/24", "10.77.2.1/32"]);
    const { near, far } = wire;
    // The target is within reach, the name would be asked for, and both would be seen.
    near.run("ip", ["route", "add", "default", "via", far.address]);
    near.etc("resolv.conf", `nameserver ${far.address}\n`);
    far.etc("hosts", "10.77.2.1 friend.test\n");
    await using _proxy = await Microsocks.start(["-i", far.address, "-p", "1080"], far);
    near.reaches(far.address, 1080);
    await using listener = await scripted(["listen", "10.77.2.1:7373", ...FAST], { shell: far.shell });
    await listener.event("listening");
    await using capture = await Capture.start(near);

    const through = ["--proxy", `socks5h://${far.address}:1080`];
    await using dialer = await scripted(["connect", "friend.test:7373", ...through, ...FAST], { shell: near.shell });
    equal((await dialer.event("connected")).address, "friend.test:7373");
    await deliver(dialer, listener, "through the proxy");
    await deliver(listener, dialer, "and back");
    await dialer.endInput();
    equal((await dialer.ended()).code, 0, dialer.transcript());
    const seen = await capture.soFar(far.address);
    ok(seen.length > 20, `only ${seen.length} packets were seen`);
    const between = new RegExp(
      `IP (${near.address}\\.\\d+ > ${far.address}\\.1080|${far.address}\\.1080 > ${near.address}\\.\\d+): tcp`,
    );
    deepEqual(seen.filter((line) => !between.test(line)), []);

    // That the capture would have seen it: the same call without the proxy.
    for (const target of ["friend.test:7373", "10.77.2.1:7373"]) {
      await using direct = await scripted(["connect", target, ...FAST], { shell: near.shell });
      await direct.event((e) => e.event === "refused" || e.event === "connected");
    }
    const direct = await capture.soFar(far.address);
    ok(direct.some((line) => line.includes(`> ${far.address}.53: UDP`)), direct.join("\n"));
    ok(direct.some((line) => line.includes("> 10.77.2.1.7373: tcp")), direct.join("\n"));
  },
});

Deno.test({
  name: "connect and /connect go through the proxy, and listening does not",
  ignore: !microsocks,
  async fn() {
    await using proxy = await Microsocks.start(["-i", "127.0.0.1"]);
    const through = ["--proxy", proxy.url, ...FAST];
    await using one = await listen(FAST);
    await using two = await listen(FAST);
    const port = portOfNobody();
    await using caller = await dial(await addressOf(one), [...through, "--listen", "127.0.0.1:0"]);
    await caller.event("connected");
    await caller.event((e) =>
      e.event === "hint" && /Calls go through the proxy at .* Friends who call you come directly/.test(String(e.text))
    );
    await caller.say(`/connect ${await addressOf(two)}`);
    await two.event("connected");
    await proxy.connections(2);
    await using direct = await dial(await addressOf(caller), FAST);
    await direct.event("connected");
    await deliver(direct, caller, "straight in");

    await using waiting = await dial(`localhost:${port}`, through);
    equal((await waiting.event("refused")).reason, "unreachable");
    await using late = await scripted(["listen", `127.0.0.1:${port}`, ...FAST]);
    await waiting.event("connected");
    await deliver(waiting, late, "found through the proxy");
    await proxy.connections(3);
  },
});

Deno.test({
  name: "a proxy that wants a login gets it, and says so where it is missing or wrong",
  ignore: !microsocks,
  async fn() {
    await using proxy = await Microsocks.start(["-i", "127.0.0.1", "-u", "anna", "-P", "open"]);
    await using friend = await listen(FAST);
    const address = await addressOf(friend);
    for (const login of ["", "anna:shut@"]) {
      await using caller = await dial(address, ["--proxy", proxy.url.replace("//", `//${login}`), "--once", ...FAST]);
      equal((await caller.ended()).code, 3, caller.transcript());
      equal(caller.all("refused")[0]?.reason, "proxy-login");
      match(caller.stderr, /wants a user name and password/);
      ok(!caller.transcript().includes("shut"), "the password is never shown");
    }
    await using caller = await dial(address, ["--proxy", proxy.url.replace("//", "//anna:open@"), ...FAST]);
    await caller.event("connected");
    match(caller.stderr, /^Warning: process lists .* hold the proxy's user name and password\.\n$/);
  },
});

/** The target, the proxy, the code, the reason if there was a call, and words of the message. */
const FAULTS: readonly (readonly [string, string, string, number, string | undefined, RegExp])[] = [
  [
    "socks5:// is refused, because names would be resolved here",
    "friend.test",
    "socks5://127.0.0.1:9050",
    2,
    undefined,
    /socks5h/,
  ],
  ["a proxy that is none is refused", "friend.test", "http://127.0.0.1:8080", 2, undefined, /not a SOCKS5 proxy/],
  ["a proxy without a port is refused", "friend.test", "socks5h://127.0.0.1", 2, undefined, /HOST:PORT/],
  [
    "a proxy that is not there is told",
    "friend.test",
    "socks5h://127.0.0.1:NOBODY",
    3,
    "proxy-unreachable",
    /proxy does not answer/,
  ],
  ["what is no SOCKS5 proxy is told", "friend.test", "socks5h://SESAME", 3, "proxy-protocol", /does not speak SOCKS5/],
  [
    "an onion name without a proxy is sent to Tor, and asked of nobody",
    "abcd.onion",
    "",
    3,
    "unreachable",
    /Start Tor/,
  ],
];
for (const [what, target, typed, code, reason, says] of FAULTS) {
  Deno.test(`${what}, in three parts`, async () => {
    const banner = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const greeting = (async () => {
      for await (const conn of banner) {
        await conn.write(new TextEncoder().encode("220 mail.example ESMTP\r\n")).catch(() => {});
        conn.close();
      }
    })();
    try {
      const proxy = typed.replace("NOBODY", String(portOfNobody())).replace(
        "SESAME",
        `127.0.0.1:${banner.addr.port}`,
      );
      await using caller = await dial(target, ["--once", ...proxy === "" ? [] : ["--proxy", proxy]]);
      equal((await caller.ended()).code, code, caller.transcript());
      equal(caller.all("refused")[0]?.reason, reason);
      threeParts(caller.stderr, says);
    } finally {
      banner.close();
      await greeting;
    }
  });
}

// --- Helpers --------------------------------------------------------------------------------------------------------

/** The proxy, until it is disposed of; it tells each connection on standard error. */
class Microsocks implements AsyncDisposable {
  private constructor(readonly url: string, readonly child: Child) {}

  /** `-p` is chosen unless it is given. */
  static async start(args: readonly string[], place?: Wire["far"]): Promise<Microsocks> {
    const port = args.includes("-p") ? undefined : portOfNobody();
    const all = [...args, ...port === undefined ? [] : ["-p", String(port)]];
    const child = place?.start("microsocks", all) ?? new Child(["microsocks", ...all]);
    if (port !== undefined) await reaches(port);
    return new Microsocks(`socks5h://127.0.0.1:${port}`, child);
  }

  /** Waits until so many have been passed on to where they wanted. */
  async connections(count: number): Promise<void> {
    await this.child.until(new RegExp(`(connected to [^]*){${count}}`), 0, WAIT_MS);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.child[Symbol.asyncDispose]();
  }
}

/** Waits until somebody listens on this port of this machine. */
async function reaches(port: number): Promise<void> {
  while (!await Deno.connect({ hostname: "127.0.0.1", port }).then((conn) => (conn.close(), true), () => false)) {
    await pause(20);
  }
}

// Calls through a SOCKS5 proxy of the test's own, which says what each test wants. Real proxies: tests/process/proxy_test.ts.

import { deepStrictEqual as deepEqual, ok, rejects, strictEqual as equal } from "node:assert/strict";
import type { Socket } from "node:net";
import fc from "fast-check";
import { relay, TcpServer } from "../../tests/harness/tcp.ts";
import { DialError, type Link } from "../ports.ts";
import { makeIdentity } from "./certificate.ts";
import { reach, type Reached, type ReachOptions } from "./connect.ts";
import { TlsTransport } from "./tls.ts";

const random = (into: Uint8Array) => void crypto.getRandomValues(into as Uint8Array<ArrayBuffer>);
const anna = makeIdentity(random);
const bert = makeIdentity(random);
const never = new AbortController().signal;
const LOGIN = { user: "anna", password: "open" };
const GRANTED = [5, 0, 0, 1, 0, 0, 0, 0, 0, 0];

Deno.test("reach() gives the proxy the name as it is, and resolves nothing", async () => {
  await using proxy = await Proxy.of([[5, 0], GRANTED]);
  const resolved: string[] = [];
  const resolve = (host: string) => {
    resolved.push(host);
    return Promise.resolve([host]);
  };
  for (const host of ["friend.example", "abcdefghij234567.onion"]) {
    const steps: string[] = [];
    const onStep = ({ step }: { step: string }) => void steps.push(step);
    const way = { address: proxy.address, login: () => LOGIN };
    const { socket, address } = opened(
      await reach({ host, port: 7373 }, { signal: never, proxy: way, resolve, onStep }),
    );
    deepEqual(resolved.splice(0), ["127.0.0.1"], "the proxy's own address and nothing else");
    deepEqual(address, { host, port: 7373 });
    deepEqual(steps, ["proxy", "asked", "connected"]);
    const request = [5, 1, 0, 3, host.length, ...new TextEncoder().encode(host), 7373 >> 8, 7373 & 0xff];
    deepEqual(proxy.heard.pop(), [[5, 2, 0, 2], request]);
    socket.destroy();
  }
});

Deno.test("reach() gives the proxy addresses as addresses, and the login when asked", async () => {
  await using proxy = await Proxy.of([[5, 2], [1, 0], GRANTED]);
  const text = (words: string) => [words.length, ...new TextEncoder().encode(words)];
  const six = (...start: number[]) => (last: number) => [4, ...start, ...Array(15 - start.length).fill(0), last];
  const addresses: [string, number[]][] = [
    ["192.0.2.7", [1, 192, 0, 2, 7]],
    ["::1", six()(1)],
    ["2001:db8::9", six(0x20, 0x01, 0x0d, 0xb8)(9)],
    // A zone means something on this machine only.
    ["fe80::1%eth0", six(0xfe, 0x80)(1)],
  ];
  for (const [host, asked] of addresses) {
    opened(await proxy.reach({ host, port: 258 })).socket.destroy();
    deepEqual(proxy.heard.pop(), [[5, 2, 0, 2], [1, ...text("anna"), ...text("open")], [5, 1, 0, ...asked, 1, 2]]);
  }
});

Deno.test("reach() tells the proxy's own faults from what it says of the target", async () => {
  const replies: [string, number[][], string][] = [
    ["no method is good enough", [[5, 255]], "proxy-login"],
    ["another login", [[5, 2], [1, 1]], "proxy-login"],
    ["a method that nobody offered", [[5, 1]], "proxy-protocol"],
    ["a login's answer of another version", [[5, 2], [5, 0]], "proxy-protocol"],
    ["a reply of another version", [[5, 0], [4, 0, 0, 1, 0, 0, 0, 0, 0, 0]], "proxy-protocol"],
    ["a reply whose reserved byte is used", [[5, 0], [5, 0, 1, 1, 0, 0, 0, 0, 0, 0]], "proxy-protocol"],
    ["an address of an unknown kind", [[5, 0], [5, 0, 0, 2, 0, 0, 0, 0, 0, 0]], "proxy-protocol"],
    ["a refusal that ends behind its code", [[5, 0], [5, 5, 0]], "refused"],
    ["SOCKS4", [[0, 90, 0, 0, 0, 0, 0, 0]], "proxy-protocol"],
    ["HTTP", [[...new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n")]], "proxy-protocol"],
    ["a hang-up", [[]], "proxy-refused"],
    ["a hang-up after the request", [[5, 0], []], "proxy-refused"],
    ...([
      [1, "proxy-refused"],
      [2, "proxy-refused"],
      [3, "unreachable"],
      [4, "unreachable"],
      [5, "refused"],
      [6, "filtered"],
      [7, "proxy-refused"],
      [8, "proxy-refused"],
      [0xf2, "proxy-refused"], // one of Tor's own
    ] as const).map(([code, fault]): [string, number[][], string] => {
      return [`reply ${code}`, [[5, 0], [5, code, 0, 1, 0, 0, 0, 0, 0, 0]], fault];
    }),
  ];
  for (const [what, script, fault] of replies) {
    await using proxy = await Proxy.of(script);
    equal(await proxy.reach({ host: "friend.example", port: 1 }), fault, what);
    await proxy.left();
  }
});

Deno.test("reach() takes the proxy's answer byte by byte, whatever address is in it, and leaves what comes behind", async () => {
  const zeros = (size: number) => Array<number>(size).fill(0);
  for (const address of [[1, ...zeros(4)], [4, ...zeros(16)], [3, 0], [3, 255, ...zeros(255)]]) {
    const bytes = [5, 2, 1, 0, 5, 0, 0, ...address, 0, 0, ...new TextEncoder().encode("behind")];
    await using proxy = await Proxy.of([], async (socket) => {
      for (const byte of bytes) await new Promise((done) => socket.write(Uint8Array.of(byte), done));
    });
    const { socket } = opened(await proxy.reach({ host: "friend.example", port: 1 }));
    let behind = "";
    while (behind !== "behind") {
      const chunk: Uint8Array | null = socket.read();
      if (chunk === null) await new Promise((done) => socket.once("readable", done));
      else behind += new TextDecoder().decode(chunk);
      ok("behind".startsWith(behind), behind);
    }
    socket.destroy();
  }
});

Deno.test("reach() says when nobody is at the proxy's address", async () => {
  const proxy = await Proxy.of([]);
  const { address } = proxy;
  await proxy[Symbol.asyncDispose]();
  const way = { address, login: () => LOGIN };
  equal(await reach({ host: "friend.example", port: 1 }, { signal: never, proxy: way }), "proxy-unreachable");
});

Deno.test(
  "reach() ends with a silent proxy after its time, and at the signal, and leaves no connection",
  async () => {
    for (const script of [[[5, 0]], [[5, 0], [5, 0, 0]]]) {
      await using slow = await Proxy.of(script);
      const target = { host: "friend.onion", port: 1 };
      equal(await slow.reach(target, { proxyTimeoutMs: 50 }), "filtered");
      await slow.left();
      const stop = new AbortController();
      const reaching = slow.reach(target, { signal: stop.signal });
      await slow.asked(2);
      stop.abort();
      equal(await reaching, "stopped");
      await slow.left();
    }
  },
);

Deno.test("reach() survives whatever a proxy answers, in one piece and byte by byte", async () => {
  const bytes = fc.uint8Array({ maxLength: 40 });
  const replies = [[5, 0, 5, 0, 0], [5, 0, 5, 0, 0, 3], [5, 0, 5, 0, 0, 4]];
  const start = fc.constantFrom([], [5, 0], [5, 2], [5, 2, 1, 0], ...replies);
  await fc.assert(
    fc.asyncProperty(start, bytes, fc.boolean(), async (begin, rest, piecemeal) => {
      const all = [...begin, ...rest];
      await using proxy = await Proxy.of([], async (socket) => {
        for (const part of piecemeal ? all.map((byte) => [byte]) : [all]) {
          if (socket.destroyed) return;
          await new Promise((done) => socket.write(Uint8Array.from(part), done));
        }
        socket.end();
      });
      const found = await proxy.reach({ host: "friend.example", port: 1 }, { proxyTimeoutMs: 1_000 });
      if (typeof found === "object") found.socket.destroy();
    }),
    { numRuns: 60 },
  );
});

Deno.test(
  "dial() through a proxy reaches a listener, which sees the proxy, and asks it for each call under a new login",
  async () => {
    const links: Link[] = [];
    const listener = await new TlsTransport(bert).listen("127.0.0.1:0", {
      called: (caller) => caller.start({ linked: (link) => void links.push(link), failed: () => {} }),
    });
    const port = Number(/\d+$/.exec(listener.address)![0]);
    await using proxy = await Proxy.of([[5, 2], [1, 0], GRANTED], undefined, port);
    let calls = 0;
    const way = { address: proxy.address, login: () => ({ user: `call ${++calls}`, password: "x" }) };
    const transport = new TlsTransport(anna, { proxy: way });
    for (let call = 1; call <= 2; call++) {
      const link = await transport.dial(`friend.onion:${port}`, never);
      deepEqual([link.address, link.host, link.peer], [`friend.onion:${port}`, "friend.onion", bert.peerId]);
      deepEqual(proxy.heard[call - 1]?.[1], [1, 6, ...new TextEncoder().encode(`call ${call}`), 1, 0x78]);
      link.close();
    }
    while (links.length < 2) await new Promise((done) => setTimeout(done, 0));
    for (const link of links) link.close();
    listener.close();
  },
);

Deno.test("dial() through a proxy names the failure", async () => {
  const failures: [number[][], string][] = [
    [[[5, 0], [5, 5, 0, 1, 0, 0, 0, 0, 0, 0]], "refused"],
    [[[5, 0], [5, 6, 0, 1, 0, 0, 0, 0, 0, 0]], "filtered"],
    [[[5, 0], [5, 1, 0, 1, 0, 0, 0, 0, 0, 0]], "proxy-refused"],
    [[[5, 255]], "proxy-login"],
    [[[5, 0], [...GRANTED, ...new TextEncoder().encode("220 mail.example ESMTP\r\n")]], "not-tls"],
  ];
  for (const [script, failure] of failures) {
    await using proxy = await Proxy.of(script);
    const way = { address: proxy.address, login: () => LOGIN };
    const transport = new TlsTransport(anna, { proxy: way, dialTlsTimeoutMs: 100 });
    await rejects(transport.dial("friend.onion:1", never), (error) => {
      return error instanceof DialError && error.failure.why === failure;
    });
  }
});

// --- Helpers --------------------------------------------------------------------------------------------------------

/** Answers each message with the next one of its script; `[]` hangs up. After the script it passes on to `port`, if told. */
class Proxy implements AsyncDisposable {
  /** What came, message by message, of each connection. */
  readonly heard: number[][][] = [];
  #server: TcpServer | undefined;
  #wake: (() => void)[] = [];

  static async of(
    script: readonly (readonly number[])[],
    act?: (socket: Socket) => Promise<void>,
    port?: number,
  ): Promise<Proxy> {
    const proxy = new Proxy();
    proxy.#server = await TcpServer.of((socket) => {
      socket.on("close", () => proxy.#stir());
      if (act !== undefined) return void act(socket.resume());
      const messages: number[][] = [];
      proxy.heard.push(messages);
      let next = 0;
      const answers = (chunk: Uint8Array) => {
        messages.push([...chunk]);
        const answer = script[next++];
        if (answer?.length === 0) socket.end();
        else if (answer !== undefined) socket.write(Uint8Array.from(answer));
        if (next === script.length && port !== undefined) relay(socket.off("data", answers), port);
        proxy.#stir();
      };
      socket.on("data", answers);
    });
    return proxy;
  }

  get address(): { host: string; port: number } {
    return { host: "127.0.0.1", port: this.#server!.port };
  }

  reach(target: { host: string; port: number }, options: Partial<ReachOptions> = {}): ReturnType<typeof reach> {
    return reach(target, { signal: never, proxy: { address: this.address, login: () => LOGIN }, ...options });
  }

  /** The so many-th connection has asked for its target. */
  async asked(connection: number): Promise<void> {
    while ((this.heard[connection - 1]?.length ?? 0) < 2) await new Promise<void>((done) => this.#wake.push(done));
  }

  /** All its callers have hung up. */
  async left(): Promise<void> {
    while (this.#server!.sockets.some((socket) => !socket.closed)) {
      await new Promise<void>((done) => this.#wake.push(done));
    }
  }

  #stir(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#server![Symbol.asyncDispose]();
  }
}

function opened(found: Awaited<ReturnType<typeof reach>>): Reached {
  ok(typeof found === "object", String(found));
  return found;
}

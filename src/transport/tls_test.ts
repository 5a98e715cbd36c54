import assert from "node:assert/strict";
import { Socket } from "node:net";
import { connect, type ConnectionOptions } from "node:tls";
import { FRAME_SIZE, INTRODUCTION_ADDRESSES_MAX, MAX_UNSENT_FRAMES } from "../constants.ts";
import type { CallStep, TlsFault } from "../call.ts";
import { type Caller, DialError, type Link, type Listener } from "../ports.ts";
import { inbox, linkContract, numbered } from "../../tests/harness/link_contract.ts";
import { gone, portOfNobody, relay, TcpServer, tlsServer } from "../../tests/harness/tcp.ts";
import { makeCertificate } from "../../tests/transport/forged_certificate.ts";
import { type Identity, makeIdentity } from "./certificate.ts";
import { selfTest } from "./self_check.ts";
import { type TlsOptions, TlsTransport } from "./tls.ts";

const random = (into: Uint8Array) => void crypto.getRandomValues(into as Uint8Array<ArrayBuffer>);
// Making one costs a millisecond; what differs between tests is the connection.
const anna = makeIdentity(random);
const bert = makeIdentity(random);
const never = new AbortController().signal;

linkContract("TLS link", async () => {
  const door = await Door.open();
  const dialer = await new TlsTransport(anna).dial(door.address, never);
  const listener = await door.link();
  return {
    dialer,
    listener,
    [Symbol.asyncDispose]() {
      dialer.close();
      return door[Symbol.asyncDispose]();
    },
  };
});

// --- What TLS adds to the contract ----------------------------------------------------------------------------------

Deno.test("selfTest() passes, again and again", async () => {
  await selfTest(anna);
  await selfTest(anna);
});

Deno.test("frames arrive whole whatever the chunks are", async () => {
  for (const size of [1, 7, 100, 1279, 1281, 5000]) {
    await using door = await Door.open();
    const socket = await rawDial(door, { key: anna.keyPem, cert: anna.certificatePem });
    const heard = inbox(await door.link());
    const count = size === 1 ? 2 : 10;
    const bytes = new Uint8Array(count * FRAME_SIZE);
    for (let i = 0; i < count; i++) bytes.set(numbered(i), i * FRAME_SIZE);
    for (let at = 0; at < bytes.length; at += size) socket.write(bytes.subarray(at, at + size));
    await heard.frames(count);
    assert.deepEqual(heard.numbers, Array.from({ length: count }, (_, i) => i), `in chunks of ${size}`);
    await gone(socket);
  }
});

Deno.test("a part of a frame at the end is discarded", async () => {
  await using door = await Door.open();
  const socket = await rawDial(door, { key: anna.keyPem, cert: anna.certificatePem });
  const heard = inbox(await door.link());
  socket.write(numbered(1));
  socket.end(numbered(2).subarray(0, FRAME_SIZE - 1));
  await heard.end();
  assert.deepEqual(heard.numbers, [1]);
  await gone(socket);
});

Deno.test("a link that nobody receives from holds little of a flood, and ends", async () => {
  await using door = await Door.open();
  const socket = await rawDial(door, { key: anna.keyPem, cert: anna.certificatePem });
  const link = await door.link();
  const ended = new Promise((done) => socket.once("close", done));
  const pour = () => {
    while (!socket.destroyed && socket.write(numbered(0)));
    socket.once("drain", pour);
  };
  pour();
  await ended;
  const heard = inbox(link);
  await heard.end();
  assert(heard.numbers.length <= 65536 / FRAME_SIZE, `${heard.numbers.length} frames were held`);
});

Deno.test("unsent counts what a peer that reads nothing leaves with us", async () => {
  await using door = await Door.open();
  await using wire = await Wire.to(door.address);
  const link = await new TlsTransport(anna).dial(wire.address, never);
  const heard = inbox(await door.link());
  wire.stop();
  let sent = 0;
  // The operating system takes some megabytes before it stops.
  while (link.unsent <= MAX_UNSENT_FRAMES) {
    for (let i = 0; i < 64; i++) link.send(numbered(sent++));
    await new Promise((done) => setTimeout(done, 0));
    assert(sent < 50_000, "nothing was ever held back");
  }
  wire.go();
  await heard.frames(sent);
  assert.equal(heard.numbers.findIndex((n, i) => n !== i), -1);
  assert.equal(link.unsent, 0);
  link.close();
});

Deno.test("a lost link and one with frames unsent are reset, any other is closed", async () => {
  const rows: [string, (link: Link, wire: Wire) => Promise<void> | void, string][] = [
    ["closed", (link) => link.close(), "none"],
    ["lost", (link) => link.close(true), "ECONNRESET"],
    ["full", async (link, wire) => {
      wire.stop();
      while (link.unsent === 0) {
        for (let i = 0; i < 64; i++) link.send(numbered(i));
        await new Promise((done) => setTimeout(done, 0));
      }
      link.close();
      wire.go();
    }, "ECONNRESET"],
  ];
  for (const [what, close, code] of rows) {
    await using door = await Door.open();
    await using wire = await Wire.to(door.address);
    const link = await new TlsTransport(anna).dial(wire.address, never);
    const heard = inbox(await door.link());
    link.send(numbered(1));
    await heard.frames(1);
    await close(link, wire);
    assert.equal(await wire.ended, code, what);
    await heard.end();
  }
});

Deno.test("one frame leaves as one TLS record, at once", async () => {
  await using door = await Door.open();
  await using wire = await Wire.to(door.address);
  const link = await new TlsTransport(anna).dial(wire.address, never);
  const heard = inbox(await door.link());
  link.send(numbered(0));
  await heard.frames(1);
  wire.upward.length = 0;
  for (let i = 1; i <= 5; i++) {
    link.send(numbered(i));
    await heard.frames(i + 1);
  }
  // Record header 5, content type 1, tag 16.
  assert.deepEqual(wire.upward, Array(5).fill(FRAME_SIZE + 22));
  link.close();
});

Deno.test("a cut without a goodbye is an end", async () => {
  await using door = await Door.open();
  await using wire = await Wire.to(door.address);
  const dialer = inbox(await new TlsTransport(anna).dial(wire.address, never));
  const listener = inbox(await door.link());
  wire.cut();
  await dialer.end();
  await listener.end();
  assert.deepEqual([dialer.ends, listener.ends], [1, 1]);
});

Deno.test("a changed byte on the wire is an end and delivers nothing", async () => {
  await using door = await Door.open();
  await using wire = await Wire.to(door.address);
  const link = await new TlsTransport(anna).dial(wire.address, never);
  const dialer = inbox(link);
  const listener = inbox(await door.link());
  wire.flip = true;
  link.send(numbered(1));
  await listener.end();
  await dialer.end();
  assert.deepEqual(listener.numbers, []);
});

// --- Dialling -------------------------------------------------------------------------------------------------------

Deno.test("dial() names the cause: refused, no such name", async () => {
  const closedPort = portOfNobody();
  assert.equal(await failureOf(`127.0.0.1:${closedPort}`), "refused");
  assert.equal(await failureOf("nobody.invalid"), "name-not-found");
  assert.equal(await failureOf("somebody.onion"), "onion-name");
  assert.equal(await failureOf("no host at all"), "name-not-found");
});

Deno.test("dial() refuses TLS 1.2", async () => {
  const old = { minVersion: "TLSv1.2", maxVersion: "TLSv1.2" } as const;
  await using server = await tlsServer({ key: anna.keyPem, cert: anna.certificatePem, ...old });
  assert.equal(await failureOf(server.address), "not-sesame");
});

Deno.test("dial() takes the next address of a name when one refuses", async () => {
  for (const [here, alive] of [["127.0.0.1:0", "127.0.0.1"], ["[::1]:0", "::1"]] as const) {
    await using door = await Door.open(here);
    const link = await dualStack(door.port);
    assert.equal(link.host, alive);
    assert.equal(link.address, door.address);
    (await door.link()).close();
    link.close();
  }
});

Deno.test("dial() goes on to the next address when something other than Sesame accepts at the first", async () => {
  const replies: ((socket: Socket) => void)[] = [
    (socket) => void socket.end("HTTP/1.1 403 Forbidden\r\n\r\n"),
    (socket) => void socket.resetAndDestroy(),
    () => {}, // silence, until the time of this address is over
  ];
  for (const reply of replies) {
    await using stack = new AsyncDisposableStack();
    const { port, door } = await doorBesideServer(reply, stack);
    const link = await dualStack(port, { dialTlsTimeoutMs: 1_000 });
    assert.equal(link.host, "127.0.0.1");
    (await door.link()).close();
    link.close();
  }
});

/** A server on ::1 and a door on 127.0.0.1, of one port: another program may have that port on one of the two. */
async function doorBesideServer(
  reply: (socket: Socket) => void,
  stack: AsyncDisposableStack,
): Promise<{ port: number; door: Door }> {
  for (let tries = 1;; tries++) {
    const { port } = stack.use(await plainServer(reply, "::1"));
    try {
      return { port, door: stack.use(await Door.open(`127.0.0.1:${port}`)) };
    } catch (error) {
      if (tries === 5) throw error;
    }
  }
}

Deno.test("dial() takes as many addresses of one friend as an introduction may have", async () => {
  await using door = await Door.open();
  const nobody = portOfNobody();
  const silent = Array.from({ length: INTRODUCTION_ADDRESSES_MAX - 1 }, (_, i) => `127.0.1.${i + 1}:${nobody}`);
  const link = await new TlsTransport(anna).dial([...silent, door.address].join(), never);
  assert.equal(link.address, door.address);
  (await door.link()).close();
  link.close();
});

Deno.test("dial() names of several addresses the failure that tells most", async () => {
  await using box = await plainServer((socket) => void socket.end("HTTP/1.1 403 Forbidden\r\n\r\n"), "::1");
  await assert.rejects(dualStack(box.port), (error) => error instanceof DialError && error.failure.why === "not-tls");
});

Deno.test("dial() tells each step and names the cause: what came instead of TLS", async () => {
  const replies: [string, (socket: Socket) => void, TlsFault][] = [
    ["HTTP", (socket) => void socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"), "not-tls"],
    ["a banner", (socket) => void socket.write("SSH-2.0-OpenSSH_10.0\r\n"), "not-tls"],
    ["noise", (socket) => void socket.write(new Uint8Array(5000).fill(0x5a)), "not-tls"],
    ["an echo", (socket) => void socket.on("data", (bytes) => socket.write(bytes)), "not-tls"],
    // RFC 8446 section 6: a fatal alert, protocol_version.
    ["an alert", (socket) => void socket.write(Uint8Array.of(21, 3, 3, 0, 2, 2, 70)), "not-sesame"],
    ["a hang-up", (socket) => void socket.end(), "turned-away"],
    ["silence", () => {}, "silent"],
  ];
  for (const [what, reply, why] of replies) {
    await using server = await plainServer(reply);
    // Only silence has to be waited for.
    const options = { dialTlsTimeoutMs: why === "silent" ? 300 : 10_000 };
    assert.equal(await failureOf(server.address, options), why, what);
    const steps = await stepsOf(server.address, options);
    assert.deepEqual(steps.slice(0, -1).map(({ step }) => step), STEPS_TO_TLS, what);
    assert.deepEqual(steps.at(-1), { step: "lost", why }, what);
  }
  // A reset may come before our side has seen the connection.
  await using resets = await plainServer((socket) => void socket.resetAndDestroy());
  assert.equal(await failureOf(resets.address), "turned-away");
});

Deno.test("dial() tells whether the other side's certificate looks as Sesame's do", async () => {
  await using door = await Door.open("127.0.0.1:0");
  assert.deepEqual((await stepsOf(door.address)).at(-1), { step: "secured", familiar: true });
  const { certificatePem, keyPem } = makeCertificate({ name: "somebody" });
  await using server = await tlsServer({ key: keyPem, cert: certificatePem });
  assert.deepEqual((await stepsOf(server.address)).at(-1), { step: "secured", familiar: false });
});

Deno.test("dial() tells why there was no name and no TCP", async () => {
  const target = "friend.example:7373";
  for (const why of ["name-not-found", "no-resolver", "onion-name"] as const) {
    const steps = await stepsOf(target, { resolve: () => Promise.resolve(why) });
    assert.deepEqual(steps, [{ step: "lost", why }]);
  }
  const steps = await stepsOf(`127.0.0.1:${portOfNobody()}`);
  assert.deepEqual(steps.at(-1), { step: "failed", address: "127.0.0.1", why: "refused" });
});

Deno.test("dial() stops at the signal, before and in the middle", async () => {
  await using server = await plainServer(() => {});
  const transport = new TlsTransport(anna);
  const isClosed = (error: unknown) => error instanceof DialError;
  await assert.rejects(transport.dial(server.address, AbortSignal.abort()), isClosed);
  const stop = new AbortController();
  const dialling = transport.dial(server.address, stop.signal);
  await server.callers(1);
  const socket = server.sockets[0]!;
  const ended = new Promise((done) => socket.once("close", done));
  stop.abort();
  await assert.rejects(dialling, isClosed);
  await ended;
});

Deno.test("dial() does not listen to the signal once it has linked", async () => {
  await using door = await Door.open();
  const stop = new AbortController();
  const link = await new TlsTransport(anna).dial(door.address, stop.signal);
  stop.abort();
  const heard = inbox(await door.link());
  link.send(numbered(1));
  await heard.frames(1);
  link.close();
});

Deno.test("who does not listen calls from a port of its own, but on loopback, and what is opened for others does not move it", async () => {
  await using door = await Door.open();
  const port = portOfNobody();
  const transport = new TlsTransport(anna, { callingPort: port });
  const callsFrom = async () => {
    const link = await transport.dial(door.address, never);
    const { address } = await door.link();
    link.close();
    return Number(address.split(":").at(-1));
  };
  assert.notEqual(await callsFrom(), port);
  const handlers = { called: () => {}, deaf: () => {} };
  const opened = await transport.listen("127.0.0.1:0", handlers, false);
  assert.notEqual(await callsFrom(), Number(opened.address.split(":")[1]) + 1);
  opened.close();
  const known = await transport.listen("127.0.0.1:0", handlers);
  assert.equal(await callsFrom(), Number(known.address.split(":")[1]) + 1);
  known.close();
});

Deno.test("dial() sends no name", async () => {
  await using door = await Door.open("127.0.0.1:0");
  await using wire = await Wire.to(door.address);
  const link = await new TlsTransport(anna).dial(`localhost:${wire.port}`, never);
  assert(!wire.firstUpward.includes("localhost"));
  (await door.link()).close();
  link.close();
});

// --- Listening ------------------------------------------------------------------------------------------------------

Deno.test("listen() reports the port that it got, on every interface and on one", async () => {
  for (const [text, form] of [["0", /^\[::\]:[1-9]\d*$/], ["127.0.0.1:0", /^127\.0\.0\.1:[1-9]\d*$/]] as const) {
    await using door = await Door.open(text);
    assert.match(door.address, form);
    const link = await new TlsTransport(anna).dial(`127.0.0.1:${door.port}`, never);
    const accepted = await door.link();
    assert.equal(accepted.host, "127.0.0.1", "IPv4-mapped is given as IPv4");
    assert.match(accepted.address, /^127\.0\.0\.1:\d+$/);
    link.close();
  }
});

Deno.test("a caller whom our Tor did not bring is closed at once and silently", async () => {
  const asked: [far: number, near: number][] = [];
  let brought = false;
  await using door = await Door.open("127.0.0.1:0", {
    brought: (far, near) => {
      asked.push([far, near]);
      return brought;
    },
  });
  const { port } = door;
  const caller = await plainDial(door);
  const { localPort } = caller;
  if (!caller.closed) await new Promise((done) => caller.once("close", done));
  assert.deepEqual(asked, [[localPort, port]]);
  assert.deepEqual(door.asked, []);
  brought = true;
  const link = await new TlsTransport(anna).dial(door.address, never);
  await door.link();
  assert.deepEqual(door.asked, ["127.0.0.1"]);
  link.close();
});

Deno.test("listen() fails with the operating system's code", async () => {
  await using door = await Door.open("127.0.0.1:0");
  await assert.rejects(Door.open(door.address), { code: "EADDRINUSE" });
  // TEST-NET-3 (RFC 5737) is nobody's.
  await assert.rejects(Door.open("203.0.113.1:0"), { code: "EADDRNOTAVAIL" });
  await assert.rejects(Door.open("127.0.0.1:70000"), { code: "EADDRNOTAVAIL" });
});

Deno.test("a listener that is closed accepts no more and leaves its links alone", async () => {
  await using door = await Door.open();
  const link = await new TlsTransport(anna).dial(door.address, never);
  const accepted = await door.link();
  const heard = inbox(accepted);
  door.close();
  link.send(numbered(1));
  await heard.frames(1);
  assert.equal(await failureOf(door.address), "refused");
  link.close();
});

Deno.test("a listener that is closed drops callers who are still in the handshake", async () => {
  await using door = await Door.open();
  const socket = await plainDial(door);
  await door.admitted();
  door.close();
  await gone(socket);
  assert.deepEqual(door.outcomes, [], "and says no more of them");
});

Deno.test("a listener that is closed drops callers who wait for the start", async () => {
  await using door = await Door.open("127.0.0.1:0", { admit: "later" });
  const socket = await plainDial(door);
  await door.admitted();
  door.close();
  await gone(socket);
});

Deno.test("a caller who waits is read when it is started, not before, and the time for TLS runs from then", async () => {
  await using door = await Door.open("127.0.0.1:0", { admit: "later", handshakeTimeoutMs: 1_000 });
  const dialled = new TlsTransport(anna, { dialTlsTimeoutMs: 5_000 }).dial(door.address, never);
  await door.admitted();
  await new Promise((done) => setTimeout(done, 1_200)); // longer than the time limit
  assert.deepEqual(door.outcomes, []);
  door.waiting[0]!();
  const [link, accepted] = await Promise.all([dialled, door.link()]);
  const heard = inbox(accepted);
  link.send(numbered(1));
  await heard.frames(1);
  link.close();
});

Deno.test("a caller is judged before any TLS, and one who is closed gets not a byte", async () => {
  await using door = await Door.open("127.0.0.1:0", { admit: false });
  const socket = await plainDial(door);
  let bytes = 0;
  socket.on("data", (chunk) => bytes += chunk.length);
  await new Promise((done) => socket.once("close", done));
  assert.equal(bytes, 0);
  assert.deepEqual(door.asked, ["127.0.0.1"]);
  assert.equal(await failureOf(door.address), "turned-away");
  assert.deepEqual(door.outcomes, []);
});

// --- Strangers ------------------------------------------------------------------------------------------------------

Deno.test("a caller that is not Sesame fails once, and a friend gets in beside it", async () => {
  const callers: [string, (socket: Socket) => void, string][] = [
    ["HTTP", (socket) => void socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), "protocol"],
    ["zeros", (socket) => void socket.write(new Uint8Array(4096)), "protocol"],
    [
      "a huge record",
      (socket) => void socket.write(Uint8Array.of(22, 3, 1, 255, 255, ...Array(70000).fill(1))),
      "protocol",
    ],
    ["silence", () => {}, "timeout"],
    ["half a record", (socket) => void socket.write(Uint8Array.of(22, 3, 1, 1, 0, 1)), "timeout"],
    ["a hang-up", (socket) => void socket.end(), "closed"],
    ["a reset", (socket) => void socket.resetAndDestroy(), "closed"],
  ];
  for (const [what, call, why] of callers) {
    // Only silence has to be waited for, and the friend needs a moment too.
    await using door = await Door.open("127.0.0.1:0", { handshakeTimeoutMs: why === "timeout" ? 1_000 : 10_000 });
    const socket = await plainDial(door);
    await door.admitted();
    call(socket);
    const link = await new TlsTransport(anna).dial(door.address, never);
    const heard = inbox(await door.link());
    link.send(numbered(1));
    await heard.frames(1);
    assert.equal(await door.failure(), why, what);
    link.close();
    await gone(socket);
    assert.equal(door.outcomes.length, 2, what);
  }
});

Deno.test("a caller without a certificate is refused", async () => {
  await using door = await Door.open();
  const socket = await rawDial(door, {});
  assert.equal(await door.failure(), "protocol");
  await gone(socket);
});

Deno.test("a caller with TLS 1.2 is refused", async () => {
  await using door = await Door.open();
  const socket = connect({
    host: "127.0.0.1",
    port: door.port,
    key: anna.keyPem,
    cert: anna.certificatePem,
    rejectUnauthorized: false,
    minVersion: "TLSv1.2",
    maxVersion: "TLSv1.2",
  });
  socket.on("error", () => {});
  assert.equal(await door.failure(), "protocol");
  await gone(socket);
});

Deno.test("200 callers that connect and reset leave nothing behind", async () => {
  await using door = await Door.open();
  for (let wave = 0; wave < 10; wave++) {
    const sockets = await Promise.all(Array.from({ length: 20 }, () => plainDial(door)));
    for (const [i, socket] of sockets.entries()) {
      if (i % 2 === 0) socket.write(Uint8Array.of(22, 3, 1));
      socket.resetAndDestroy();
    }
    await Promise.all(sockets.map(gone));
  }
  const link = await new TlsTransport(anna).dial(door.address, never);
  const heard = inbox(await door.link());
  link.send(numbered(1));
  await heard.frames(1);
  link.close();
  while (door.outcomes.length < door.asked.length) await door.failure();
  assert.equal(door.outcomes.filter((outcome) => outcome === "linked").length, 1);
});

// --- Helpers --------------------------------------------------------------------------------------------------------

/** A listening TlsTransport that remembers what its handlers were told. */
class Door implements AsyncDisposable {
  readonly asked: string[] = [];
  /** With `admit: "later"`: what begins TLS with each caller. */
  readonly waiting: (() => void)[] = [];
  readonly outcomes: string[] = [];
  readonly #links: Link[] = [];
  readonly #failures: string[] = [];
  #wake: (() => void)[] = [];
  readonly #opened: Link[] = [];
  #listener: Listener | undefined;

  static async open(
    text = "127.0.0.1:0",
    { admit = true, identity = bert, ...options }: TlsOptions & { admit?: boolean | "later"; identity?: Identity } = {},
  ): Promise<Door> {
    const door = new Door();
    door.#listener = await new TlsTransport(identity, options).listen(text, {
      called: (caller) => {
        door.asked.push(caller.host);
        door.#stir();
        if (admit === "later") door.waiting.push(() => door.#start(caller));
        else if (admit) door.#start(caller);
        else caller.close();
      },
    });
    return door;
  }

  #start(caller: Caller): void {
    caller.start({
      linked: (link) => {
        this.outcomes.push("linked");
        this.#links.push(link);
        this.#opened.push(link);
        this.#stir();
      },
      failed: (why) => (this.outcomes.push(why), this.#failures.push(why), this.#stir()),
    });
  }

  get address(): string {
    return this.#listener!.address;
  }

  get port(): number {
    return Number(/\d+$/.exec(this.address)![0]);
  }

  /** The next that was linked. */
  link(): Promise<Link> {
    return this.#next(() => this.#links.shift());
  }

  /** The next that failed, and why. */
  failure(): Promise<string> {
    return this.#next(() => this.#failures.shift());
  }

  async admitted(): Promise<void> {
    await this.#next(() => this.asked[0]);
  }

  close(): void {
    this.#listener!.close();
  }

  async #next<T>(take: () => T | undefined): Promise<T> {
    for (;;) {
      const taken = take();
      if (taken !== undefined) return taken;
      await new Promise<void>((done) => this.#wake.push(done));
    }
  }

  #stir(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
    for (const link of this.#opened) link.close();
    await settled();
  }
}

/** A TCP relay that can stop, cut, change and note what passes from the one who called it. */
class Wire implements AsyncDisposable {
  /** Lengths of the chunks on the way up, and the first of them as Latin-1. */
  readonly upward: number[] = [];
  firstUpward = "";
  flip = false;
  readonly #sockets: Socket[] = [];
  #server: TcpServer | undefined;

  /** The error of the caller's end, as soon as that is closed. */
  readonly ended: Promise<string>;
  #end: (code: string) => void = () => {};

  constructor() {
    this.ended = new Promise((done) => this.#end = done);
  }

  static async to(address: string): Promise<Wire> {
    const wire = new Wire();
    wire.#server = await TcpServer.of((near) => {
      near.setNoDelay(true);
      let code = "none";
      near.on("error", (error: Error & { code?: string }) => code = error.code ?? error.message);
      near.on("close", () => wire.#end(code));
      const note = (chunk: Uint8Array, from: Socket) => from === near && wire.#note(chunk);
      wire.#sockets.push(near, relay(near, Number(/\d+$/.exec(address)![0]), note));
    });
    return wire;
  }

  get port(): number {
    return this.#server!.port;
  }

  get address(): string {
    return this.#server!.address;
  }

  stop(): void {
    for (const socket of this.#sockets) socket.pause();
  }

  go(): void {
    for (const socket of this.#sockets) socket.resume();
  }

  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #note(chunk: Uint8Array): void {
    this.firstUpward ||= String.fromCharCode(...chunk);
    this.upward.push(chunk.length);
    if (this.flip) chunk[chunk.length - 1]! ^= 1;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    await this.#server![Symbol.asyncDispose]();
  }
}

/** A TCP server that is not a Sesame. */
function plainServer(reply: (socket: Socket) => void, host?: string): Promise<TcpServer> {
  return TcpServer.of((socket) => reply(socket.resume()), host);
}

/** Calls a name that has this machine's IPv6 address and then its IPv4 address. */
function dualStack(port: number, options: TlsOptions = {}): Promise<Link> {
  const resolve = () => Promise.resolve(["::1", "127.0.0.1"]);
  return new TlsTransport(anna, { ...options, resolve }).dial(`friend.example:${port}`, never);
}

async function failureOf(target: string, options: TlsOptions = {}): Promise<string> {
  try {
    (await new TlsTransport(anna, options).dial(target, never)).close();
    return "linked";
  } catch (error) {
    assert(error instanceof DialError);
    return error.failure.why;
  }
}

/** What a call to this machine tells before TLS begins. */
const STEPS_TO_TLS = ["resolved", "connecting", "connected", "own"];

async function stepsOf(target: string, options: TlsOptions = {}): Promise<CallStep[]> {
  const steps: CallStep[] = [];
  const dialling = new TlsTransport(anna, options).dial(target, never, (step) => steps.push(step));
  await dialling.then((link) => link.close(), (error) => assert(error instanceof DialError));
  return steps;
}

/** A TLS connection of a client that is not ours, once its own handshake is over. */
async function rawDial(door: Door, credentials: ConnectionOptions) {
  const socket = connect({ host: "127.0.0.1", port: door.port, rejectUnauthorized: false, ...credentials });
  socket.on("error", () => {});
  await new Promise((done) => socket.once("secureConnect", done));
  return socket;
}

async function plainDial(door: Door): Promise<Socket> {
  const socket = new Socket();
  socket.on("error", () => {});
  await new Promise<void>((done) => void socket.connect({ host: "127.0.0.1", port: door.port }, done));
  return socket;
}

/** Sockets that were destroyed give their resources back in the next turns of the event loop. */
async function settled(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise((done) => setTimeout(done, 0));
}

import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";
import type { Socket } from "node:net";
import type { CallStep } from "../call.ts";
import { gone, portOfNobody, TcpServer } from "../../tests/harness/tcp.ts";
import type { Address } from "./address.ts";
import { connectAny, type Open, openTcp, reach, type Reached, takesCalls, TimeLimit } from "./connect.ts";

const never = new AbortController().signal;
/** As in the documentation of addresses (RFC 5737); nothing is ever sent there. */
const SILENT = "192.0.2.250";
/** Silence at one address, the system's own TCP at all others. `given` counts who gave the silent one up. */
const silentAt = (given: string[]): Open => (address, opened, failed) =>
  address.host === SILENT ? () => void given.push(SILENT) : openTcp(address, opened, failed);

function at(port: number, ...hosts: string[]): Address[] {
  return hosts.map((host) => ({ host, port }));
}

Deno.test("connectAny() reaches one family when nobody listens at the name's address of the other", async () => {
  for (const [nobody, host] of [["::1", "127.0.0.1"], ["127.0.0.1", "::1"]] as const) {
    await using door = await TcpServer.of(undefined, host);
    const steps: CallStep[] = [];
    using limit = new TimeLimit(5_000, never);
    const found = await connectAny(at(door.port, nobody, host), limit, (step) => steps.push(step));
    const { socket, address } = opened(found);
    deepEqual(address, { host, port: door.port });
    deepEqual(steps, [
      { step: "connecting", address: nobody },
      { step: "failed", address: nobody, why: "refused" },
      { step: "connecting", address: host },
      { step: "connected", address: host },
    ]);
    await gone(socket);
  }
});

Deno.test("connectAny() does not wait for an address that is silent", async () => {
  await using door = await TcpServer.of();
  const steps: string[] = [];
  const given: string[] = [];
  using limit = new TimeLimit(5_000, never);
  const { socket, address } = opened(
    await connectAny(
      at(door.port, SILENT, "127.0.0.1"),
      limit,
      ({ step }) => steps.push(step),
      silentAt(given),
    ),
  );
  deepEqual(given, [SILENT]);
  equal(address.host, "127.0.0.1");
  deepEqual(steps, ["connecting", "connecting", "connected"]);
  await gone(socket);
});

Deno.test("connectAny() leaves one connection at the listener when all its addresses answer", async () => {
  await using door = await TcpServer.of(undefined, "::");
  using limit = new TimeLimit(5_000, never);
  const { socket } = opened(await connectAny(at(door.port, "::1", "127.0.0.1"), limit));
  await door.callers(1);
  await gone(socket);
  equal(door.sockets.length, 1);
});

Deno.test("connectAny() names the fault of each address, and of all the one that tells most", async () => {
  const port = portOfNobody();
  using limit = new TimeLimit(5_000, never);
  const steps: CallStep[] = [];
  equal(await connectAny(at(port, "::1", "127.0.0.1"), limit, (step) => steps.push(step)), "refused");
  deepEqual(steps.filter(({ step }) => step === "failed"), [
    { step: "failed", address: "::1", why: "refused" },
    { step: "failed", address: "127.0.0.1", why: "refused" },
  ]);
});

Deno.test("connectAny() ends when nobody answers in time; a refusal beside the silence tells more", async () => {
  const port = portOfNobody();
  for (const [hosts, why] of [[[SILENT], "filtered"], [[SILENT, "127.0.0.1"], "refused"]] as const) {
    using limit = new TimeLimit(400, never);
    const given: string[] = [];
    equal(await connectAny(at(port, ...hosts), limit, undefined, silentAt(given)), why);
    deepEqual(given, [SILENT]);
  }
});

Deno.test("reach() tells its steps and where it failed", async () => {
  await using door = await TcpServer.of();
  const steps: string[] = [];
  const onStep = ({ step }: CallStep) => steps.push(step);
  const socket = await reached({ host: "localhost", port: door.port }, { signal: never, onStep });
  equal(steps[0], "resolved");
  equal(steps.at(-1), "connected");
  await gone(socket);
  equal(await reach({ host: "somebody.onion", port: 1 }, { signal: never }), "onion-name");
  ok(
    ["name-not-found", "no-resolver"].includes(
      String(await reach({ host: "nobody.invalid", port: 1 }, { signal: never })),
    ),
  );
});

Deno.test("reach() stops at the signal, before and in the middle, and opens nothing from then on", async () => {
  await using door = await TcpServer.of();
  const target = { host: "127.0.0.1", port: door.port };
  const resolve = () => ok(false, "a call that was stopped asks for no name") as never;
  equal(await reach({ ...target, host: "friend.example" }, { signal: AbortSignal.abort(), resolve }), "stopped");
  const stop = new AbortController();
  const given: string[] = [];
  using limit = new TimeLimit(5_000, stop.signal);
  const reaching = connectAny(at(door.port, SILENT, "127.0.0.1"), limit, undefined, silentAt(given));
  stop.abort();
  equal(await reaching, "stopped");
  deepEqual(given, [SILENT]);
  // Had the first one opened a connection, it would stand before this one.
  const socket = await reached(target, { signal: never });
  await door.callers(1);
  await gone(socket);
  equal(door.sockets.length, 1);
});

Deno.test("a socket that reach() gave does not end the process when it breaks", async () => {
  await using door = await TcpServer.of();
  const socket = await reached({ host: "127.0.0.1", port: door.port }, { signal: never });
  const closed = new Promise((done) => socket.once("close", done));
  await door.callers(1);
  socket.resume();
  door.sockets[0]!.resetAndDestroy();
  await closed;
});

Deno.test("takesCalls() is true while somebody listens, and false afterwards", async () => {
  await using door = await TcpServer.of();
  equal(await takesCalls("127.0.0.1", door.port), true);
  equal(await takesCalls("127.0.0.1", portOfNobody()), false);
});

Deno.test("TimeLimit tells once which came first, the time or the signal", async () => {
  const told: string[] = [];
  const stop = new AbortController();
  using first = new TimeLimit(60_000, stop.signal);
  first.onOver((why) => told.push(why));
  stop.abort();
  stop.abort();
  deepEqual([told, first.over], [["stopped"], "stopped"]);
  const timeout = Promise.withResolvers<string>();
  using second = new TimeLimit(1, never);
  second.onOver(timeout.resolve);
  equal(await timeout.promise, "timeout");
  // Whoever asks when it is over is told at once.
  second.onOver((why) => told.push(why));
  deepEqual(told, ["stopped", "timeout"]);
});

// --- Helpers --------------------------------------------------------------------------------------------------------

async function reached(...asked: Parameters<typeof reach>): Promise<Socket> {
  return opened(await reach(...asked)).socket;
}

function opened(found: Awaited<ReturnType<typeof reach>>): Reached {
  ok(typeof found === "object", String(found));
  return found;
}

import { strictEqual as equal } from "node:assert/strict";
import { TcpServer } from "../../tests/harness/tcp.ts";
import { isOwnAddress, takesCalls } from "./probe.ts";

Deno.test("isOwnAddress() takes loopback for its own, and an address for documentation (RFC 5737) for another's", async () => {
  equal(await isOwnAddress("127.0.0.1"), true);
  equal(await isOwnAddress("192.0.2.7"), false);
  equal(await isOwnAddress("2001:db8::7"), false);
});

Deno.test("takesCalls() is true while somebody listens, and false afterwards", async () => {
  const server = await TcpServer.of((socket) => void socket.destroy());
  equal(await takesCalls("127.0.0.1", server.port), true);
  const { port } = server;
  await server[Symbol.asyncDispose]();
  equal(await takesCalls("127.0.0.1", port), false);
});

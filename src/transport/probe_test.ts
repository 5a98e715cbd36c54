import { strictEqual as equal } from "node:assert/strict";
import { createServer } from "node:net";
import { isOwnAddress, takesCalls } from "./probe.ts";

Deno.test("isOwnAddress() takes loopback for its own, and an address for documentation (RFC 5737) for another's", async () => {
  equal(await isOwnAddress("127.0.0.1"), true);
  equal(await isOwnAddress("192.0.2.7"), false);
  equal(await isOwnAddress("2001:db8::7"), false);
});

Deno.test("takesCalls() is true while somebody listens, and false afterwards", async () => {
  const server = createServer((socket) => void socket.destroy());
  await new Promise<void>((done) => server.listen({ host: "127.0.0.1", port: 0 }, () => done()));
  const { port } = server.address() as { port: number };
  equal(await takesCalls("127.0.0.1", port), true);
  await new Promise<void>((done) => server.close(() => done()));
  equal(await takesCalls("127.0.0.1", port), false);
});

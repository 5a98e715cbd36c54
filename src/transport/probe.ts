// Questions about this machine that a refused call raises: is that address our own, and does anything here take calls
// on that port? Scope: sockets that are closed as soon as they have answered. Out of scope: calls to others
// (connect.ts).

import { createServer } from "node:net";
import { openWithin } from "./connect.ts";

/** Whether this machine has the IP address: only one's own can be listened on. Nobody is let in meanwhile. */
export function isOwnAddress(host: string): Promise<boolean> {
  return new Promise((done) => {
    const server = createServer((socket) => void socket.destroy());
    server.once("error", () => done(false));
    server.listen({ host, port: 0 }, () => server.close(() => done(true)));
  });
}

/** Whether somebody on this machine takes TCP connections there. */
export async function takesCalls(host: string, port: number): Promise<boolean> {
  const socket = await openWithin(ANSWER_MS, { host, port }).catch(() => undefined);
  socket?.destroy();
  return socket !== undefined;
}

/** Loopback answers within a millisecond, or not at all. */
const ANSWER_MS = 300;

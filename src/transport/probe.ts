// Questions about this machine that a refused call raises: is that address our own, and does anything here take calls
// on that port? Scope: sockets that are closed as soon as they have answered. Out of scope: calls to others
// (connect.ts).

import { connect, createServer } from "node:net";

/** Whether this machine has the IP address: only one's own can be listened on. Nobody is let in meanwhile. */
export function isOwnAddress(host: string): Promise<boolean> {
  return new Promise((done) => {
    const server = createServer((socket) => void socket.destroy());
    server.once("error", () => done(false));
    server.listen({ host, port: 0 }, () => server.close(() => done(true)));
  });
}

/** Whether somebody on this machine takes TCP connections there. */
export function takesCalls(host: string, port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect({ host, port });
    const tell = (taken: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      done(taken);
    };
    const timer = setTimeout(() => tell(false), ANSWER_MS);
    socket.on("error", () => tell(false));
    socket.once("connect", () => tell(true));
  });
}

/** Loopback answers within a millisecond, or not at all. */
const ANSWER_MS = 300;

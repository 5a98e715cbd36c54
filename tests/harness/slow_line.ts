// A line of some length on loopback: a TCP relay that passes on what comes from each side a given number of
// milliseconds later, in order. Out of scope: loss, bandwidth, anything about what passes through.

import { connect, type Socket } from "node:net";
import { split } from "../reference/reference.ts";
import { TcpServer } from "./tcp.ts";

/** To `target`, which is called from the source address `from`; `ms` is the way in one direction. */
export function slowLine(target: string, ms: number, from = "127.0.0.1"): Promise<TcpServer> {
  return TcpServer.of((near) => {
    near.setNoDelay(true);
    const far = connect({ ...split(target), localAddress: from, noDelay: true });
    handOn(near, far, ms);
    handOn(far, near, ms);
  });
}

function handOn(from: Socket, to: Socket, ms: number): void {
  const timers = new Set<ReturnType<typeof setTimeout>>();
  // Timers of one length fire in the order in which they were set.
  from.on("data", (chunk: Uint8Array) => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      if (!to.destroyed) to.write(chunk);
    }, ms);
    timers.add(timer);
  });
  from.on("error", () => {});
  from.on("close", () => to.destroy());
  to.on("close", () => {
    for (const timer of timers) clearTimeout(timer);
  });
}

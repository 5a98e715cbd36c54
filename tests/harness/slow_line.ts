// A line of some length on loopback: a TCP relay that hands on what comes from each side so many milliseconds later, in its
// order. Not in here: loss, narrowness, anything about what goes through.

import { connect, createServer, type Server, type Socket } from "node:net";
import { split } from "../reference/reference.ts";

/** Owns its port and its connections. */
export class SlowLine implements AsyncDisposable {
  readonly #sockets = new Set<Socket>();

  private constructor(readonly server: Server, readonly address: string) {}

  /** To `target`, which is called from the source address `from`; `ms` is the way in one direction. */
  static async open(target: string, ms: number, from = "127.0.0.1"): Promise<SlowLine> {
    const server = createServer({ noDelay: true }, (near) => {
      const far = connect({ ...split(target), localAddress: from, noDelay: true });
      line.#handOn(near, far, ms);
      line.#handOn(far, near, ms);
    });
    await new Promise<void>((done) => void server.listen(0, "127.0.0.1", done));
    const { port } = server.address() as { port: number };
    const line = new SlowLine(server, `127.0.0.1:${port}`);
    return line;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((done) => void this.server.close(() => done()));
  }

  #handOn(from: Socket, to: Socket, ms: number): void {
    this.#sockets.add(from);
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
    from.on("close", () => {
      this.#sockets.delete(from);
      to.destroy();
    });
    to.on("close", () => {
      for (const timer of timers) clearTimeout(timer);
    });
  }
}

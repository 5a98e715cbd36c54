// TCP on loopback, for tests of those who call and are called: a server that does what it is told, and a port of nobody's.

import { connect, createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";

/** Owns its server and all that it took. */
export class TcpServer implements AsyncDisposable {
  /** In the order in which they came. */
  readonly sockets: Socket[] = [];
  readonly #server: Server;
  #wake = () => {};

  private constructor(take: (socket: Socket) => void) {
    this.#server = createServer((socket) => {
      socket.on("error", () => {});
      this.sockets.push(socket);
      take(socket);
      this.#wake();
    });
  }

  /** `take` absent: it takes connections and says nothing. */
  static async of(take: (socket: Socket) => void = () => {}, host = "127.0.0.1"): Promise<TcpServer> {
    const server = new TcpServer(take);
    await new Promise<void>((done) => void server.#server.listen(0, host, done));
    return server;
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  async callers(count: number): Promise<void> {
    while (this.sockets.length < count) await new Promise<void>((done) => this.#wake = done);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((done) => this.#server.close(done));
  }
}

/** A connection to that port of this machine: what comes from one end goes to the other, and they end together. */
export function relay(near: Socket, port: number, see: (chunk: Uint8Array, from: Socket) => void = () => {}): Socket {
  const far = connect({ host: "127.0.0.1", port, noDelay: true });
  for (const [from, to] of [[near, far], [far, near]] as const) {
    from.on("error", () => {});
    from.on("data", (chunk: Uint8Array) => {
      see(chunk, from);
      to.write(chunk);
    });
    from.on("close", () => to.destroy());
  }
  return far;
}

/** A TLS server with these options, which takes connections and says nothing. */
export async function tlsServer(options: TlsOptions): Promise<{ port: number; address: string } & AsyncDisposable> {
  const server = createTlsServer(options, (socket) => void socket.on("error", () => {}));
  server.on("tlsClientError", (_error, socket) => socket.destroy());
  await new Promise<void>((done) => void server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as { port: number };
  return {
    port,
    address: `127.0.0.1:${port}`,
    [Symbol.asyncDispose]: () => new Promise((done) => void server.close(() => done())),
  };
}

/** One that was just given back. */
export function portOfNobody(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** Destroys it, and waits until it is closed. */
export async function gone(socket: Socket): Promise<void> {
  if (socket.closed) return;
  const closed = new Promise((done) => socket.once("close", done));
  socket.destroy();
  await closed;
}

// A SOCKS5 proxy for tests in one process: of IPv4 addresses, without a login. Real ones: tests/process/proxy_test.ts.

import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** Takes calls, makes them, and joins both ends. `using` ends all. */
export class Socks implements Disposable {
  readonly #server: Server;
  readonly #sockets: Socket[] = [];

  private constructor(server: Server) {
    this.#server = server;
    server.on("connection", (near) => {
      this.#own(near);
      near.once("data", () => {
        near.write(Uint8Array.of(5, 0));
        near.once("data", (asked: Uint8Array) => this.#join(near, asked));
      });
    });
  }

  static async open(): Promise<Socks> {
    const server = createServer();
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    return new Socks(server);
  }

  /** For `--proxy`. */
  get url(): string {
    return `socks5h://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  [Symbol.dispose](): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #join(near: Socket, asked: Uint8Array): void {
    const far = this.#own(connect(asked[8]! << 8 | asked[9]!, asked.subarray(4, 8).join(".")));
    far.once("connect", () => {
      near.write(Uint8Array.of(5, 0, 0, 1, 0, 0, 0, 0, 0, 0));
      near.pipe(far).pipe(near);
    });
  }

  /** An end that breaks takes the other with it. */
  #own(socket: Socket): Socket {
    this.#sockets.push(socket);
    socket.on("error", () => socket.destroy());
    return socket;
  }
}

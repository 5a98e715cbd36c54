// A SOCKS5 proxy for tests in one process: of IPv4 addresses, without a login. Real ones: tests/process/proxy_test.ts.

import { connect, type Socket } from "node:net";
import { TcpServer } from "./tcp.ts";

/** Takes calls, makes them, and joins both ends. */
export function socksProxy(): Promise<TcpServer> {
  return TcpServer.of((near) => {
    near.once("data", () => {
      near.write(Uint8Array.of(5, 0));
      near.once("data", (asked: Uint8Array) => join(near, asked));
    });
  });
}

/** An end that breaks takes the other with it. */
function join(near: Socket, asked: Uint8Array): void {
  const far = connect(asked[8]! << 8 | asked[9]!, asked.subarray(4, 8).join("."));
  far.on("error", () => {});
  far.once("connect", () => {
    near.write(Uint8Array.of(5, 0, 0, 1, 0, 0, 0, 0, 0, 0));
    near.pipe(far).pipe(near);
  });
  far.once("close", () => near.destroy());
  near.once("close", () => far.destroy());
}

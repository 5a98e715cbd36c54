// Strangers who flood a listener: half say nothing, the other half send garbage, HTTP, half a ClientHello, or hang up.
//
//   flood.ts ADDRESS PER-SECOND FIRST   as a program, for a network of its own, until standard input ends
//
// Scope: the connections. Out of scope: what the listener should make of them (soak.ts, circle_soak.ts).

import { connect, type Socket } from "node:net";
import { split, utf8 } from "../reference/reference.ts";

/** A silent stranger is let go after the victim's TLS time-out and a little. */
const SILENT_MS = 6_000;

/** Opens connections at its rate until it is disposed. */
export class Flood implements Disposable {
  opened = 0;
  readonly #sockets = new Set<Socket>();
  readonly #address: { host: string; port: number };
  readonly #first: number;
  readonly #began = performance.now();
  readonly #timer: ReturnType<typeof setInterval>;

  /** `first`: the first number of the IPv4 addresses that they come from. */
  constructor(address: string, perSecond: number, first: number) {
    this.#address = split(address);
    this.#first = first;
    this.#timer = setInterval(() => {
      const due = (performance.now() - this.#began) * perSecond / 1000;
      while (this.opened < due) this.#open(this.opened++);
    }, 10);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    for (const socket of this.#sockets) socket.destroy();
  }

  #open(n: number): void {
    // 4,000 addresses in turn: each comes back after 20 s, so that most are let in as far as there are places.
    const at = n % 4000;
    const socket = connect({
      ...this.#address,
      localAddress: `${this.#first}.${100 + Math.floor(at / 250)}.${at % 250}.1`,
    });
    this.#sockets.add(socket);
    socket.on("error", () => {});
    socket.on("data", () => {});
    socket.on("end", () => socket.destroy());
    const timer = setTimeout(() => socket.destroy(), SILENT_MS);
    socket.once("close", () => {
      clearTimeout(timer);
      this.#sockets.delete(socket);
    });
    if (n % 2 === 0) return; // silent
    socket.once("connect", () => {
      if (n % 8 === 1) socket.write(crypto.getRandomValues(new Uint8Array(2048)));
      else if (n % 8 === 3) socket.write(utf8("GET / HTTP/1.1\r\n\r\n"));
      else if (n % 8 === 5) socket.write(Uint8Array.of(0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc));
      else socket.destroy();
    });
  }
}

if (import.meta.main) {
  const [address = "", perSecond, first] = Deno.args;
  using _flood = new Flood(address, Number(perSecond), Number(first));
  for await (const _ of Deno.stdin.readable);
}

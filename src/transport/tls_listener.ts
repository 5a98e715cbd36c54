// Taking calls: accepted connections are handed over unread, and TLS begins when the owner says so. Scope: the server
// socket, the time limit of TLS, and a listener that has gone deaf. Out of scope: who may connect (peers).

import { createServer, type Server, type Socket } from "node:net";
import { type SecureContext, TLSSocket } from "node:tls";
import { DESCRIPTORS_KEPT } from "../constants.ts";
import type { Caller, CallerOutcome, Listener, ListenHandlers, PeerId } from "../ports.ts";
import { type Address, bareHost, formatAddress, isEveryInterface, listenHosts } from "./address.ts";
import { handshake, TLS_SETTINGS } from "./tls_handshake.ts";

/** What the system says about this process's descriptors. */
export interface Descriptors {
  /** How many are left, as far as it is worth counting. */
  left(): number;
  /** Connections wait to be accepted. */
  backlog(): boolean;
}

export interface ListenerParts {
  readonly context: SecureContext;
  readonly self: PeerId;
  /** From the start of TLS to its end. */
  readonly timeoutMs: number;
  readonly handlers: ListenHandlers;
  /** Undefined: there are always enough. */
  readonly descriptors: Descriptors | undefined;
  readonly brought: Brought | undefined;
}

/** Whether a caller on loopback, by its port and ours, may be heard at all; who may not is closed and counted nowhere. */
export type Brought = (far: number, near: number) => boolean;

export class TlsListener implements Listener {
  readonly #parts: ListenerParts;
  /** With the port that it really got, once it has. */
  #address: Address;
  #server: Ear | undefined;
  readonly #open = new Set<Caller>();
  #accepted = 0;
  #watch: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(address: Address, parts: ListenerParts) {
    this.#address = address;
    this.#parts = parts;
  }

  /** Rejects with the operating system's error. */
  async listen(): Promise<void> {
    const server = await listenOn(this.#address, (socket) => this.#accept(socket));
    if (this.#closed) return server.close();
    this.#server = server;
    this.#address = { host: this.#address.host, port: server.port };
    this.#watchBacklog(this.#accepted);
  }

  get port(): number {
    return this.#address.port;
  }

  get address(): string {
    return formatAddress(this.#address);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#watch);
    this.#server?.close();
    for (const caller of [...this.#open]) caller.close();
  }

  #accept(raw: Socket): void {
    this.#accepted++;
    raw.on("error", () => {});
    const { remoteAddress, remotePort } = raw;
    // Reset before we came to it; or one of the last descriptors, which keep the listener and the friends going.
    const left = this.#parts.descriptors?.left() ?? Infinity;
    if (remoteAddress === undefined || remotePort === undefined || left < DESCRIPTORS_KEPT) return void raw.destroy();
    if (this.#parts.brought?.(remotePort, this.port) === false) return void raw.destroy();
    this.#parts.handlers.called(this.#caller(raw, { host: bareHost(remoteAddress), port: remotePort }));
  }

  #caller(raw: Socket, address: Address): Caller {
    let drop: () => void = () => raw.destroy();
    const caller: Caller = {
      host: address.host,
      address: formatAddress(address),
      start: (outcome) => drop = this.#secure(raw, address, outcome, () => this.#open.delete(caller)),
      close: () => {
        this.#open.delete(caller);
        drop();
      },
    };
    this.#open.add(caller);
    return caller;
  }

  /** Begins TLS. Calling what it returns ends it, and then nothing is told. */
  #secure(raw: Socket, address: Address, outcome: CallerOutcome, settled: () => void): () => void {
    const { context, self, timeoutMs } = this.#parts;
    let silent = false;
    const socket = new TLSSocket(raw, {
      ...TLS_SETTINGS,
      isServer: true,
      requestCert: true,
      secureContext: context,
    });
    const over = () => {
      clearTimeout(timer);
      settled();
    };
    const running = handshake(socket, raw, address, self, {
      role: "listener",
      linked: (link) => (over(), outcome.linked(link)),
      failed: (why) => {
        over();
        if (!silent) outcome.failed(FAILED[why]);
      },
    });
    const timer = setTimeout(() => running.drop("silent"), timeoutMs);
    return () => {
      silent = true;
      running.drop("turned-away");
    };
  }

  // --- Deafness -----------------------------------------------------------------------------------------------------
  // When an accept finds no descriptor left, the runtime accepts nothing on that socket ever again, and says no word.

  /** Connections that still wait when nothing has been accepted for a whole look. */
  #watchBacklog(acceptedBefore: number, waitedBefore = false): void {
    const { descriptors } = this.#parts;
    if (descriptors === undefined) return;
    this.#watch = setTimeout(() => {
      const waits = descriptors.backlog();
      if (waits && waitedBefore && this.#accepted === acceptedBefore) void this.#listenAnew(descriptors);
      else this.#watchBacklog(this.#accepted, waits);
    }, BACKLOG_LOOK_MS);
  }

  /** On the same port, once there are descriptors again. */
  async #listenAnew(descriptors: Descriptors): Promise<void> {
    this.#parts.handlers.deaf?.(true);
    this.#server?.close();
    this.#server = undefined;
    for (;;) {
      if (descriptors.left() >= DESCRIPTORS_KEPT) await this.listen().catch(() => {});
      if (this.#closed) return;
      if (this.#server !== undefined) return this.#parts.handlers.deaf?.(false);
      await new Promise<void>((done) => this.#watch = setTimeout(done, BACKLOG_LOOK_MS));
    }
  }
}

/** What listens on one address: a server, or on Windows one for each family. */
interface Ear {
  readonly port: number;
  close(): void;
}

/** Rejects with the runtime's error. */
async function listenOn({ host, port }: Address, accept: (socket: Socket) => void): Promise<Ear> {
  const servers: Server[] = [];
  const close = () => servers.forEach((server) => server.close());
  try {
    for (const each of listenHosts(host, Deno.build.os)) {
      // The port that the system gave to the first, if it was asked for one.
      servers.push(await serverOn(each, servers[0] === undefined ? port : portOf(servers[0]), accept));
    }
  } catch (error) {
    close();
    // A kernel without IPv6: then every interface is every one of IPv4.
    if (isEveryInterface(host) && error instanceof Error && "code" in error && error.code === "EAFNOSUPPORT") {
      return await listenOn({ host: "0.0.0.0", port }, accept);
    }
    throw error;
  }
  return { port: portOf(servers[0]!), close };
}

function serverOn(host: string, port: number, accept: (socket: Socket) => void): Promise<Server> {
  const server = createServer({ noDelay: true, pauseOnConnect: true }, accept);
  return new Promise((done, fail) => {
    server.once("error", fail);
    server.listen({ host, port }, () => {
      server.off("error", fail);
      // A failing accept is not the end of the listener.
      server.on("error", () => {});
      done(server);
    });
  });
}

function portOf(server: Server): number {
  const at = server.address();
  return typeof at === "object" && at !== null ? at.port : 0;
}

/** For those who listen three reasons are enough. */
const FAILED = { silent: "timeout", "turned-away": "closed", "not-tls": "protocol", "not-sesame": "protocol" } as const;
const BACKLOG_LOOK_MS = 500;

// docs/PROTOCOL.md section 1: TLS connections over node:tls, in both roles, and the frames that come on them.

import { sha256 } from "@noble/hashes/sha2.js";
import { connect, type ConnectionOptions, createServer, type Server, type TLSSocket } from "node:tls";
import { Bell } from "../harness/bell.ts";
import { type Forged, makeCertificate } from "../transport/forged_certificate.ts";
import { join } from "./bytes.ts";
import { FRAME } from "./frame.ts";
import type { Binding } from "./handshake.ts";

export interface Identity extends Forged {
  /** SHA-256 of the certificate. */
  readonly id: Uint8Array;
}

export function newIdentity(from: Forged = makeCertificate()): Identity {
  return { ...from, id: sha256(from.der) };
}

export interface DialOptions {
  readonly identity?: Identity;
  /** A source address on loopback, so that rows do not use up each other's places. */
  readonly from?: string;
}

/** A TLS connection, and the frames that come on it. Owns the socket. */
export class Wire implements Binding, Disposable {
  /** Bytes that came after TLS. */
  received = 0;
  #frames: Uint8Array[] = [];
  #partial = new Uint8Array();
  #closed = false;
  readonly #bell = new Bell();
  /** Resolves when the connection is closed, by whomever. */
  readonly gone: Promise<void>;
  readonly channelBinding: Uint8Array;
  readonly peerId: Uint8Array;
  /** Where we call from, as the other side tells it. */
  readonly localAddress: string;

  constructor(readonly socket: TLSSocket, readonly role: "dialer" | "listener", readonly identity: Identity) {
    // Under Deno these are the exporters of one's own and the other's TLS role, not the Finished messages.
    const own = Uint8Array.from(socket.getFinished() ?? []);
    const other = Uint8Array.from(socket.getPeerFinished() ?? []);
    this.channelBinding = role === "dialer" ? join(own, other) : join(other, own);
    this.peerId = sha256(Uint8Array.from(socket.getPeerCertificate(true).raw));
    this.localAddress = `${socket.localAddress}:${socket.localPort}`;
    this.gone = new Promise((done) =>
      socket.once("close", () => {
        this.#closed = true;
        this.#bell.stir();
        done();
      })
    );
    socket.on("error", () => {});
    socket.on("end", () => socket.destroy());
    socket.on("data", (chunk: Uint8Array) => this.#take(chunk));
    socket.setNoDelay(true);
  }

  static dial(address: string, { identity = newIdentity(), from = "127.0.0.1" }: DialOptions = {}): Promise<Wire> {
    const { host, port } = split(address);
    return new Promise((done, fail) => {
      // `localAddress` goes through to the plain socket below; the types of tls.connect do not say so.
      const options: ConnectionOptions & { localAddress: string } = {
        host,
        port,
        localAddress: from,
        minVersion: "TLSv1.3",
        rejectUnauthorized: false,
        key: identity.keyPem,
        cert: identity.certificatePem,
      };
      const socket = connect(options);
      socket.once("error", fail);
      socket.once("close", () => fail(new Error("closed during TLS")));
      socket.once("secureConnect", () => done(new Wire(socket, "dialer", identity)));
    });
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Resolves when the operating system has taken it, or the connection is closed. */
  send(...bytes: readonly Uint8Array[]): Promise<void> {
    if (this.#closed) return Promise.resolve();
    return Promise.race([new Promise<void>((done) => void this.socket.write(join(...bytes), () => done())), this.gone]);
  }

  /** The next frame. Undefined: the connection is closed. Throws when neither comes in time. */
  async frame(ms = 5000): Promise<Uint8Array | undefined> {
    const there = () => this.#frames.length > 0 || this.#closed || undefined;
    await this.#bell.until(there, ms, () => `no frame within ${ms} ms`);
    return this.#frames.shift();
  }

  /** Waits for the other side to close. Throws when it does not. */
  async closedWithin(ms: number): Promise<void> {
    await this.#bell.until(() => this.#closed || undefined, ms, () => `still open after ${ms} ms`);
  }

  /** Of the dialer, and of the listener. */
  get peerIdA(): Uint8Array {
    return this.role === "dialer" ? this.identity.id : this.peerId;
  }
  get peerIdB(): Uint8Array {
    return this.role === "dialer" ? this.peerId : this.identity.id;
  }

  /** One's own goodbye to TCP, after what was written. */
  end(): void {
    this.socket.end();
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }

  #take(chunk: Uint8Array): void {
    this.received += chunk.length;
    this.#partial = join(this.#partial, chunk);
    while (this.#partial.length >= FRAME) {
      this.#frames.push(this.#partial.slice(0, FRAME));
      this.#partial = this.#partial.slice(FRAME);
    }
    this.#bell.stir();
  }
}

/** A TLS server on a port of its own that asks for a certificate, as a listener does. Owns its connections. */
export class FalseListener implements AsyncDisposable {
  readonly #waiting: Wire[] = [];
  readonly #wires: Wire[] = [];
  readonly #bell = new Bell();

  private constructor(readonly server: Server, readonly address: string) {}

  static async open(identity: Identity = newIdentity(), host = "127.0.0.1"): Promise<FalseListener> {
    const server = createServer({
      key: identity.keyPem,
      cert: identity.certificatePem,
      requestCert: true,
      rejectUnauthorized: false,
      minVersion: "TLSv1.3",
    }, (socket) => {
      const wire = new Wire(socket, "listener", identity);
      self.#wires.push(wire);
      self.#waiting.push(wire);
      self.#bell.stir();
    });
    server.on("tlsClientError", (_error, socket) => socket.destroy());
    await new Promise<void>((done) => void server.listen(0, host, done));
    const { port } = server.address() as { port: number };
    const self = new FalseListener(server, `${host}:${port}`);
    return self;
  }

  async accept(ms = 10_000): Promise<Wire> {
    return await this.#bell.until(() => this.#waiting.shift(), ms, () => `nobody called within ${ms} ms`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const wire of this.#wires) wire[Symbol.dispose]();
    await new Promise<void>((done) => void this.server.close(() => done()));
  }
}

export function split(address: string): { host: string; port: number } {
  const at = address.lastIndexOf(":");
  return { host: address.slice(0, at), port: Number(address.slice(at + 1)) };
}

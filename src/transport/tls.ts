// The real Transport: TCP, mutual TLS 1.3 with ephemeral certificates (docs/PROTOCOL.md section 1).
// In here: calling, accepting, the handshake with its time limit, the reasons why one fails.
// Not in here: frames (tls_link.ts), what is asked of a peer (handshake_check.ts), how many may come (peers).
//
// On this runtime: a TLS socket without an `error` listener can end the process, so each gets one at once; only a
// socket that we wrap ourselves can be turned away before TLS or timed; one SecureContext for all connections leaves
// fewer copies of the key behind than PEM given to each.

import { createServer, type Server, type Socket } from "node:net";
import { connect, createSecureContext, type SecureContext, TLSSocket } from "node:tls";
import { TLS_HANDSHAKE_TIMEOUT_MS } from "../constants.ts";
import {
  DialError,
  type DialFailure,
  type Link,
  type Listener,
  type ListenHandlers,
  type PeerId,
  type Role,
  type Transport,
} from "../ports.ts";
import { type Address, bareHost, formatAddress, parseListen, parseTarget } from "./address.ts";
import type { Identity } from "./certificate.ts";
import { checkHandshake } from "./handshake_check.ts";
import { resolve } from "./resolve.ts";
import { TlsLink } from "./tls_link.ts";

export interface TlsOptions {
  /** From TCP accept or from the start of the TCP connect to the end of TLS. */
  readonly handshakeTimeoutMs?: number;
}

/** For `connect` and `TLSSocket` alike; the peer's certificate is asked for, and judged by `checkHandshake`. */
export const TLS_SETTINGS = { minVersion: "TLSv1.3", maxVersion: "TLSv1.3", rejectUnauthorized: false } as const;

export function secureContextOf(identity: Identity): SecureContext {
  return createSecureContext({
    key: identity.keyPem,
    cert: identity.certificatePem,
    minVersion: TLS_SETTINGS.minVersion,
    maxVersion: TLS_SETTINGS.maxVersion,
  });
}

export class TlsTransport implements Transport {
  readonly #context: SecureContext;
  readonly #self: PeerId;
  readonly #timeoutMs: number;

  constructor(identity: Identity, options: TlsOptions = {}) {
    this.#context = secureContextOf(identity);
    this.#self = identity.peerId;
    this.#timeoutMs = options.handshakeTimeoutMs ?? TLS_HANDSHAKE_TIMEOUT_MS;
  }

  async dial(target: string, signal: AbortSignal): Promise<Link> {
    const address = parseTarget(target);
    if (typeof address === "string") throw new DialError("unknown host");
    const hosts = await untilAborted(resolve(address.host), signal);
    let failure: DialFailure = "unknown host";
    // One after the other. RFC 8305 would race them: only this loop would change.
    for (const host of hosts) {
      try {
        return await this.#dialOne({ host, port: address.port }, signal);
      } catch (error) {
        if (!(error instanceof DialError) || signal.aborted) throw error;
        if (TELLING.indexOf(error.failure) > TELLING.indexOf(failure)) failure = error.failure;
      }
    }
    throw new DialError(failure);
  }

  #dialOne(address: Address, signal: AbortSignal): Promise<Link> {
    return new Promise((done, fail) => {
      const socket = connect({
        ...TLS_SETTINGS,
        host: address.host,
        port: address.port,
        secureContext: this.#context,
      });
      let reached = false;
      socket.once("connect", () => reached = true);
      const refuse = (failure: DialFailure) => fail(new DialError(failure));
      const abort = () => handshake.drop("closed");
      const handshake = this.#handshake(socket, address, {
        role: "dialer",
        linked: (link) => (signal.removeEventListener("abort", abort), done(link)),
        failed: (why, code) => {
          signal.removeEventListener("abort", abort);
          // Hung up on so fast that the connection was never seen: still somebody was there.
          if (reached || why === "timeout" || code === "ECONNRESET") refuse(why);
          else refuse(code === "ETIMEDOUT" ? "timeout" : "unreachable");
        },
      });
      signal.addEventListener("abort", abort);
      if (signal.aborted) abort();
    });
  }

  listen(text: string, handlers: ListenHandlers): Promise<Listener> {
    const address = parseListen(text);
    if (typeof address === "string") return Promise.reject(listenError(undefined, text));
    const pending = new Set<Handshake>();
    const server = createServer({ noDelay: true }, (socket) => this.#accept(socket, handlers, pending));
    return new Promise((done, fail) => {
      const refuse = (error: Error & { code?: string }) => fail(listenError(error, text));
      server.once("error", refuse);
      server.listen({ host: address.host, port: address.port }, () => {
        server.off("error", refuse);
        // A failing accept (no more descriptors) is not the end of the listener.
        server.on("error", () => {});
        done({
          address: formatAddress({ host: address.host, port: portOf(server) }),
          close: () => {
            server.close();
            for (const handshake of pending) handshake.drop("closed");
          },
        });
      });
    });
  }

  #accept(raw: Socket, handlers: ListenHandlers, pending: Set<Handshake>): void {
    raw.on("error", () => {});
    const { remoteAddress, remotePort } = raw;
    // Reset before we came to it.
    if (remoteAddress === undefined || remotePort === undefined) return void raw.destroy();
    const address = { host: bareHost(remoteAddress), port: remotePort };
    if (!handlers.admit(address.host)) return void raw.destroy();
    const socket = new TLSSocket(raw, {
      ...TLS_SETTINGS,
      isServer: true,
      requestCert: true,
      secureContext: this.#context,
    });
    const handshake = this.#handshake(socket, address, {
      role: "listener",
      linked: (link) => (pending.delete(handshake), handlers.linked(link)),
      failed: (why) => (pending.delete(handshake), handlers.failed(address.host, formatAddress(address), why)),
    });
    pending.add(handshake);
  }

  /** Waits for the end of the handshake; exactly one of `linked` and `failed` is called, never before this returns. */
  #handshake(socket: TLSSocket, address: Address, outcome: Outcome): Handshake {
    let settled = false;
    const ended = () => drop("closed");
    const settle = () => {
      settled = true;
      clearTimeout(timer);
      socket.off("end", ended).off("close", ended);
    };
    const drop = (why: HandshakeFailure, code?: string) => {
      if (settled) return;
      settle();
      socket.destroy();
      outcome.failed(why, code);
    };
    const timer = setTimeout(() => drop("timeout"), this.#timeoutMs);
    // Stays for the socket's whole life.
    socket.on("error", (error: Error & { code?: string }) => drop(failureOf(error.code), error.code));
    socket.once("end", ended).once("close", ended);
    socket.once(SECURE[outcome.role], () => {
      if (settled) return;
      const checked = checkHandshake(socket, outcome.role);
      if (checked === undefined) return drop("protocol");
      settle();
      socket.setNoDelay(true);
      const ends = {
        role: outcome.role,
        address: formatAddress(address),
        host: bareHost(address.host),
        self: this.#self,
      };
      outcome.linked(new TlsLink(socket, ends, checked));
    });
    return { drop };
  }
}

// --- Helpers --------------------------------------------------------------------------------------------------------

type HandshakeFailure = "timeout" | "protocol" | "closed";

interface Handshake {
  drop(why: HandshakeFailure): void;
}

interface Outcome {
  readonly role: Role;
  linked(link: Link): void;
  failed(why: HandshakeFailure, code: string | undefined): void;
}

/** A connection that ended, or one that was no TLS 1.3. */
function failureOf(code: string | undefined): HandshakeFailure {
  return code !== undefined && ENDED.includes(code) ? "closed" : "protocol";
}

/** Throws DialError when the signal comes first; a look-up that is under way cannot be stopped, only left behind. */
function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((done, fail) => {
    const abort = () => fail(new DialError("closed"));
    if (signal.aborted) return abort();
    signal.addEventListener("abort", abort);
    promise.then(done, fail).finally(() => signal.removeEventListener("abort", abort));
  });
}

function portOf(server: Server): number {
  const at = server.address();
  return typeof at === "object" && at !== null ? at.port : 0;
}

/**
 * With the operating system's code. The runtime reports most of them as EINVAL or EPERM; for an address that parses,
 * what remains beside a used and a forbidden port is that it is none of this machine's.
 */
function listenError(error: Error & { code?: string } | undefined, text: string): Error {
  const code = KEPT_CODES.find((kept) => kept === error?.code) ?? "EADDRNOTAVAIL";
  return Object.assign(new Error(`cannot listen on ${text}: ${code}`), { code });
}

/** Of several addresses tried: the failure that tells most, last. */
const TELLING: readonly DialFailure[] = ["unknown host", "unreachable", "timeout", "closed", "protocol"];
const SECURE = { dialer: "secureConnect", listener: "secure" } as const;
const ENDED: readonly string[] = [
  "ECONNRESET",
  "EPIPE",
  "ECONNABORTED",
  "ENOTCONN",
  "ETIMEDOUT",
  "ERR_STREAM_PREMATURE_CLOSE",
];
const KEPT_CODES: readonly string[] = ["EADDRINUSE", "EACCES", "EMFILE", "ENFILE"];

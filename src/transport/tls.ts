// The real Transport: TCP, mutual TLS 1.3 with ephemeral certificates (docs/PROTOCOL.md section 1).
// In here: calling, accepting, the handshake with its time limit, the reasons why one fails.
// Not in here: names and TCP (reach.ts), frames (tls_link.ts), what is asked of a peer (handshake_check.ts), how many may come (peers).
//
// On this runtime: a TLS socket without an `error` listener can end the process, so each gets one at once; only a
// socket that we wrap ourselves can be turned away before TLS or timed; one SecureContext for all connections leaves
// fewer copies of the key behind than PEM given to each.

import { createServer, type Server, type Socket } from "node:net";
import { connect, createSecureContext, type SecureContext, TLSSocket } from "node:tls";
import { PROXY_TLS_TIMEOUT_MS, TLS_HANDSHAKE_TIMEOUT_MS } from "../constants.ts";
import {
  DialError,
  type Link,
  type Listener,
  type ListenHandlers,
  type PeerId,
  type PunchFault,
  type PunchHandlers,
  type Role,
  type Transport,
} from "../ports.ts";
import type { CallStep, TlsFault } from "../call.ts";
import { type Address, bareHost, formatAddress, parseAlternatives, parseListen, punchPort } from "./address.ts";
import { CallProgress } from "./call_progress.ts";
import type { Identity } from "./certificate.ts";
import { checkHandshake } from "./handshake_check.ts";
import {
  addressesOf,
  connectAny,
  type Open,
  openFrom,
  openPreferring,
  openTcp,
  type Over,
  type ProxyWay,
  reach,
  type Reached,
  ReachError,
  type ReachOptions,
  TimeLimit,
} from "./connect.ts";
import { TlsLink } from "./tls_link.ts";
import { meet } from "./two_sided/meet.ts";

export interface TlsOptions {
  /** From TCP accept or from the start of the TCP connect to the end of TLS. */
  readonly handshakeTimeoutMs?: number;
  /** In place of the system's resolver. */
  readonly resolve?: NonNullable<ReachOptions["resolve"]>;
  /** All calls go through it. Listening does not. */
  readonly proxy?: ProxyWay;
  /** From the start of TLS through the proxy to its end. */
  readonly proxyTlsTimeoutMs?: number;
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
  readonly #way: Pick<ReachOptions, "resolve" | "proxy">;
  readonly #proxyTlsTimeoutMs: number;
  /** Where two-sided calls leave from; undefined as long as we do not listen. */
  #punchPort: number | undefined;

  constructor(identity: Identity, options: TlsOptions = {}) {
    this.#context = secureContextOf(identity);
    this.#self = identity.peerId;
    this.#timeoutMs = options.handshakeTimeoutMs ?? TLS_HANDSHAKE_TIMEOUT_MS;
    this.#proxyTlsTimeoutMs = options.proxyTlsTimeoutMs ?? PROXY_TLS_TIMEOUT_MS;
    const { resolve, proxy } = options;
    this.#way = { ...(resolve && { resolve }), ...(proxy && { proxy }) };
  }

  async dial(target: string, signal: AbortSignal, onStep: OnStep = () => {}): Promise<Link> {
    const progress = new CallProgress();
    const follow: OnStep = (step) => {
      progress.follow(step);
      onStep(step);
    };
    const alternatives = parseAlternatives(target);
    const dial = this.#way.proxy === undefined ? this.#dialDirectly : this.#dialThroughProxy;
    const link = typeof alternatives === "string"
      ? follow({ step: "lost", why: "name-not-found" })
      : await dial.call(this, alternatives, signal, follow);
    // Only a link ends a call well before its offer.
    if (!link) throw new DialError(progress.failure!);
    return link;
  }

  /**
   * The race between a friend's addresses ends at TCP, as RFC 8305 section 5 lets it: to a listener a second connection that
   * goes on to TLS would be a second caller, which takes a place and counts against the address. Where something that is
   * no Sesame accepts TCP (a middlebox, for one family), the addresses that are left race again, with a time of their own.
   */
  async #dialDirectly(targets: readonly Address[], signal: AbortSignal, onStep: OnStep): Promise<Link | undefined> {
    try {
      let addresses = await addressesOf(targets, { ...this.#way, signal, onStep });
      while (addresses.length > 0) {
        using limit = new TimeLimit(this.#timeoutMs, signal);
        const reached = await connectAny(addresses, limit, onStep, this.#open);
        if (reached.socket.localAddress === reached.socket.remoteAddress) onStep({ step: "own" });
        const link = await this.#secure(reached, limit, onStep);
        if (typeof link !== "string") return link;
        addresses = signal.aborted ? [] : addresses.filter((address) => address !== reached.address);
      }
    } catch (error) {
      tellLoss(error, onStep);
    }
    return undefined;
  }

  /** One address after another: what the proxy opens for us, it opens to a listener as well. */
  async #dialThroughProxy(targets: readonly Address[], signal: AbortSignal, onStep: OnStep): Promise<Link | undefined> {
    for (const target of targets) {
      try {
        const reached = await reach(target, { ...this.#way, signal, onStep });
        using limit = new TimeLimit(this.#proxyTlsTimeoutMs, signal);
        const link = await this.#secure(reached, limit, onStep);
        if (typeof link !== "string") return link;
      } catch (error) {
        tellLoss(error, onStep);
      }
      if (signal.aborted) break;
    }
    return undefined;
  }

  /** TLS over a connection that is there; or why not. */
  #secure(
    { socket: raw, address }: Reached,
    limit: TimeLimit,
    onStep: OnStep,
  ): Promise<Link | TlsFault> {
    return new Promise((done) => {
      const socket = connect({ ...TLS_SETTINGS, socket: raw, secureContext: this.#context });
      const handshake = this.#handshake(socket, address, {
        role: "dialer",
        linked: (link) => {
          forget();
          onStep({ step: "secured", familiar: link.familiar });
          done(link);
        },
        failed: (why) => {
          forget();
          onStep({ step: "lost", why });
          done(why);
        },
      });
      const drop = (why: Over) => handshake.drop(why === "stopped" ? "turned-away" : "silent");
      const forget = limit.onOver(drop);
      if (limit.over !== undefined) drop(limit.over);
    });
  }

  /** A friend in the middle sees by it where our two-sided calls come from. Windows lets no two calls share a port. */
  get #open(): Open {
    if (this.#punchPort === undefined || Deno.build.os === "windows") return openTcp;
    return openPreferring(this.#punchPort);
  }

  async punch(to: Address, signal: AbortSignal, { opened, admit }: PunchHandlers): Promise<Link | PunchFault> {
    if (this.#punchPort === undefined || this.#way.proxy !== undefined) return "refused";
    using connecting = new TimeLimit(this.#timeoutMs, signal);
    const reached = await connectAny([to], connecting, () => {}, openFrom(this.#punchPort)).catch(punchFaultOf);
    if (typeof reached === "string") return reached;
    opened();
    using limit = new TimeLimit(this.#timeoutMs, signal);
    return await this.#meet(reached, limit, admit);
  }

  #meet({ socket, address }: Reached, limit: TimeLimit, admit: PunchHandlers["admit"]): Promise<Link | PunchFault> {
    const secured = { ...TLS_SETTINGS, secureContext: this.#context };
    return new Promise((done) => {
      let handshake: Handshake | undefined;
      const end = (outcome: Link | PunchFault) => {
        forget();
        done(outcome);
      };
      const giveUp = meet(socket, {
        client: (over) => connect({ ...secured, socket: over }),
        server: (over) => new TLSSocket(over, { ...secured, isServer: true, requestCert: true }),
        decided: (role) => role === "dialer" || admit(bareHost(address.host)),
        begun: (ended, role) => {
          handshake = this.#handshake(ended, address, { role, linked: end, failed: () => end("failed") });
        },
        failed: (why) => end(why === "mirror" ? why : why === "refused" ? "unadmitted" : "failed"),
      });
      const drop = () => {
        giveUp();
        if (handshake === undefined) end(limit.over === "stopped" ? "stopped" : "failed");
        else handshake.drop("turned-away");
      };
      const forget = limit.onOver(drop);
      if (limit.over !== undefined) drop();
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
        this.#punchPort = punchPort(portOf(server));
        done({
          address: formatAddress({ host: address.host, port: portOf(server) }),
          close: () => {
            server.close();
            for (const handshake of pending) handshake.drop("turned-away");
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
    const settled = () => {
      clearTimeout(timer);
      pending.delete(handshake);
    };
    const handshake = this.#handshake(socket, address, {
      role: "listener",
      linked: (link) => (settled(), handlers.linked(link)),
      failed: (why) => (settled(), handlers.failed(address.host, formatAddress(address), FAILED[why])),
    });
    const timer = setTimeout(() => handshake.drop("silent"), this.#timeoutMs);
    pending.add(handshake);
  }

  /** Waits for the end of the handshake; exactly one of `linked` and `failed` is called, never before this returns. */
  #handshake(socket: TLSSocket, address: Address, outcome: Outcome): Handshake {
    let settled = false;
    const ended = () => drop("turned-away");
    const settle = () => {
      settled = true;
      socket.off("end", ended).off("close", ended);
    };
    const drop = (why: TlsFault) => {
      if (settled) return;
      settle();
      socket.destroy();
      outcome.failed(why);
    };
    // Stays for the socket's whole life.
    socket.on("error", (error: Error & { code?: string }) => drop(tlsFaultOf(error)));
    socket.once("end", ended).once("close", ended);
    socket.once(SECURE[outcome.role], () => {
      if (settled) return;
      const checked = checkHandshake(socket, outcome.role);
      if (checked === undefined) return drop("not-sesame");
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

type OnStep = (step: CallStep) => void;

interface Handshake {
  drop(why: TlsFault): void;
}

interface Outcome {
  readonly role: Role;
  linked(link: Link): void;
  failed(why: TlsFault): void;
}

/**
 * A connection that ended, or one that was no TLS 1.3. The runtime gives one code to a fatal alert and to bytes that make
 * no sense; only its words tell them apart.
 */
function tlsFaultOf({ code = "", message }: Error & { code?: string }): TlsFault {
  if (ENDED.includes(code)) return "turned-away";
  return /^received (corrupt|unexpected)/.test(message) ? "not-tls" : "not-sesame";
}

/** Throws again what is no ReachError. */
function punchFaultOf(error: unknown): PunchFault {
  if (!(error instanceof ReachError)) throw error;
  return error.why === "filtered" ? "silent" : error.why === "stopped" ? "stopped" : "refused";
}

/** What no step has told yet of a call that found nobody. Throws again what is no ReachError. */
function tellLoss(error: unknown, onStep: OnStep): void {
  if (!(error instanceof ReachError)) throw error;
  const { at, why } = error;
  // Each address has told of its own, and what we stopped has not failed.
  if (at === "connect" || why === "stopped" || why === "forbidden" || why === "turned-away") return;
  onStep({ step: "lost", why });
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

/** Of a caller who did not come through TLS: for those who listen three reasons are enough. */
const FAILED = { silent: "timeout", "turned-away": "closed", "not-tls": "protocol", "not-sesame": "protocol" } as const;
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

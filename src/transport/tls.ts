// The real Transport: TCP, mutual TLS 1.3 with ephemeral certificates (docs/PROTOCOL.md section 1).
// Scope: calling, its time limits, the reasons why a call fails. Out of scope: names and TCP (connect.ts), the handshake
// (tls_handshake.ts), taking calls (tls_listener.ts), frames (tls_link.ts), how many may come (peers).

import { connect, type SecureContext, TLSSocket } from "node:tls";
import { ADDRESSES_PER_NAME_MAX, DIAL_TLS_TIMEOUT_MS, TLS_HANDSHAKE_TIMEOUT_MS } from "../constants.ts";
import {
  DialError,
  type Link,
  type Listener,
  type ListenHandlers,
  type PeerId,
  type PunchFault,
  type PunchHandlers,
  type Transport,
} from "../ports.ts";
import type { CallStep, NameFault, ProxyFault, TcpFault, TlsFault } from "../call.ts";
import { type Address, bareHost, parseAlternatives, parseListen, punchPort, scopeOf } from "./address.ts";
import { CallProgress } from "./call_progress.ts";
import type { Identity } from "./certificate.ts";
import {
  addressesOf,
  connectAny,
  type Open,
  openFrom,
  openPreferring,
  openTcp,
  type ProxyWay,
  type Reached,
  type Reaching,
  type ReachOptions,
  reachThrough,
  TimeLimit,
} from "./connect.ts";
import { type Handshake, handshake, secureContextOf, TLS_SETTINGS } from "./tls_handshake.ts";
import { type Brought, type Descriptors, TlsListener } from "./tls_listener.ts";
import { meet } from "./two_sided/meet.ts";

export interface TlsOptions extends Pick<ReachOptions, "resolve" | "proxy"> {
  /** A caller's: from its start to the end of TLS. Our own: from the start of the first TCP connect to the end of the last. */
  readonly handshakeTimeoutMs?: number;
  /** Of a call: from the start of TLS to its end, through a proxy too. */
  readonly dialTlsTimeoutMs?: number;
  readonly descriptors?: Descriptors;
  /** Behind an onion service: whom our Tor brings. */
  readonly brought?: Brought;
  /** The calling port until we listen; undefined: none. On loopback it is not used. */
  readonly callingPort?: number;
}

export class TlsTransport implements Transport {
  readonly #context: SecureContext;
  readonly #self: PeerId;
  readonly #options: TlsOptions & Required<Pick<TlsOptions, "handshakeTimeoutMs" | "dialTlsTimeoutMs">>;
  /** The calling port: where direct calls leave from, two-sided ones only (docs/PROTOCOL.md section 1). */
  #punchPort: number | undefined;
  #listens = false;

  constructor(identity: Identity, options: TlsOptions = {}) {
    this.#context = secureContextOf(identity);
    this.#self = identity.peerId;
    this.#punchPort = options.callingPort;
    this.#options = {
      handshakeTimeoutMs: TLS_HANDSHAKE_TIMEOUT_MS,
      dialTlsTimeoutMs: DIAL_TLS_TIMEOUT_MS,
      ...options,
    };
  }

  async dial(target: string, signal: AbortSignal, onStep: OnStep = () => {}): Promise<Link> {
    const progress = new CallProgress();
    const follow: OnStep = (step) => {
      progress.follow(step);
      onStep(step);
    };
    // What a person typed has been judged before. An introduction may have more addresses, as many as a name.
    const alternatives = parseAlternatives(target, ADDRESSES_PER_NAME_MAX);
    const { proxy } = this.#options;
    const link = typeof alternatives === "string"
      ? lose("name-not-found", follow)
      : proxy === undefined
      ? await this.#dialDirectly(alternatives, signal, follow)
      : await this.#dialThrough(proxy, alternatives, signal, follow);
    // Only a link ends a call well before its offer.
    if (link === undefined) throw new DialError(progress.failure!);
    return link;
  }

  /**
   * The race between a friend's addresses ends at TCP, as RFC 8305 section 5 lets it: to a listener a second connection that
   * goes on to TLS would be a second caller, which takes a place and counts against the address. Where something that is
   * no Sesame accepts TCP (a middlebox, for one family), the addresses that are left race again, with a time of their own.
   */
  async #dialDirectly(targets: readonly Address[], signal: AbortSignal, onStep: OnStep): Promise<Link | undefined> {
    const found = await addressesOf(targets, { ...this.#options, signal, onStep });
    if (typeof found === "string") return lose(found, onStep);
    for (let left = found; left.length > 0 && !signal.aborted;) {
      const reached = await this.#connect(left, signal, onStep);
      // Each address has told of its own.
      if (typeof reached === "string") return undefined;
      if (reached.socket.localAddress === reached.socket.remoteAddress) onStep({ step: "own" });
      const link = await this.#secure(reached, signal, onStep);
      if (typeof link !== "string") return link;
      left = left.filter((address) => address !== reached.address);
    }
    return undefined;
  }

  async #connect(
    addresses: readonly Address[],
    signal: AbortSignal,
    onStep: OnStep,
    open: Open = this.#open,
  ): Reaching<TcpFault> {
    using limit = new TimeLimit(this.#options.handshakeTimeoutMs, signal);
    return await connectAny(addresses, limit, onStep, open);
  }

  /** One address after another: what the proxy opens for us, it opens to a listener as well. */
  async #dialThrough(
    proxy: ProxyWay,
    targets: readonly Address[],
    signal: AbortSignal,
    onStep: OnStep,
  ): Promise<Link | undefined> {
    for (const target of targets) {
      const reached = await reachThrough(proxy, target, { ...this.#options, signal, onStep });
      const link = typeof reached === "string" ? lose(reached, onStep) : await this.#secure(reached, signal, onStep);
      if (typeof link === "object") return link;
      if (signal.aborted) break;
    }
    return undefined;
  }

  /** TLS over a connection that is there; or why not. */
  async #secure(
    { socket: raw, address }: Reached,
    signal: AbortSignal,
    onStep: OnStep,
  ): Promise<Link | TlsFault> {
    using limit = new TimeLimit(this.#options.dialTlsTimeoutMs, signal);
    return await new Promise((done) => {
      const socket = connect({ ...TLS_SETTINGS, socket: raw, secureContext: this.#context });
      const running = handshake(socket, raw, address, this.#self, {
        role: "dialer",
        punchPort: this.#punchPort,
        linked: (link) => {
          onStep({ step: "secured", familiar: link.familiar });
          done(link);
        },
        failed: (why) => {
          onStep({ step: "lost", why });
          done(why);
        },
      });
      limit.onOver((why) => running.drop(why === "stopped" ? "turned-away" : "silent"));
    });
  }

  /** A friend in the middle sees by it where our two-sided calls come from. Windows lets no two calls share a port. */
  get #open(): Open {
    if (this.#punchPort === undefined || Deno.build.os === "windows") return openTcp;
    const preferring = openPreferring(this.#punchPort);
    if (this.#listens) return preferring;
    return (address, ...outcome) => (scopeOf(address.host) === "machine" ? openTcp : preferring)(address, ...outcome);
  }

  async punch(to: Address, signal: AbortSignal, { opened, admit }: PunchHandlers): Promise<Link | PunchFault> {
    if (this.#punchPort === undefined || this.#options.proxy !== undefined) return "refused";
    const reached = await this.#connect([to], signal, () => {}, openFrom(this.#punchPort));
    if (reached === "filtered") return "silent";
    if (typeof reached === "string") return reached === "stopped" ? reached : "refused";
    opened();
    return await this.#meet(reached, signal, admit);
  }

  async #meet(
    { socket, address }: Reached,
    signal: AbortSignal,
    admit: PunchHandlers["admit"],
  ): Promise<Link | PunchFault> {
    using limit = new TimeLimit(this.#options.handshakeTimeoutMs, signal);
    const secured = { ...TLS_SETTINGS, secureContext: this.#context };
    return await new Promise((end) => {
      let running: Handshake | undefined;
      const giveUp = meet(socket, {
        client: (over) => connect({ ...secured, socket: over }),
        server: (over) => new TLSSocket(over, { ...secured, isServer: true, requestCert: true }),
        decided: (role) => role === "dialer" || admit(bareHost(address.host)),
        begun: (ended, role) => {
          const outcome = { role, punchPort: this.#punchPort, linked: end, failed: () => end("failed") };
          running = handshake(ended, socket, address, this.#self, outcome);
        },
        failed: (why) => end(why === "mirror" ? why : why === "refused" ? "unadmitted" : "failed"),
      });
      limit.onOver((why) => {
        giveUp();
        if (running === undefined) end(why === "stopped" ? "stopped" : "failed");
        else running.drop("turned-away");
      });
    });
  }

  async listen(text: string, handlers: ListenHandlers, known = true): Promise<Listener> {
    const address = parseListen(text);
    if (typeof address === "string") throw listenError(undefined, text);
    const { descriptors, brought, handshakeTimeoutMs: timeoutMs } = this.#options;
    const parts = { context: this.#context, self: this.#self, timeoutMs, handlers, descriptors, brought };
    const listener = new TlsListener(address, parts);
    await listener.listen().catch((error) => {
      throw listenError(error, text);
    });
    if (!known) return listener;
    this.#listens = true;
    this.#punchPort = punchPort(listener.port);
    return listener;
  }
}

// --- Helpers --------------------------------------------------------------------------------------------------------

type OnStep = (step: CallStep) => void;

/** Tells why a call found nobody. What we stopped has not failed. */
function lose(why: NameFault | ProxyFault | "stopped", onStep: OnStep): undefined {
  if (why !== "stopped") onStep({ step: "lost", why });
}

/**
 * With the operating system's code. The runtime reports most of them as EINVAL or EPERM; for an address that parses,
 * what remains besides a used and a forbidden port is an address that this machine does not have.
 */
function listenError(error: Error & { code?: string } | undefined, text: string): Error {
  const code = KEPT_CODES.find((kept) => kept === error?.code) ?? "EADDRNOTAVAIL";
  return Object.assign(new Error(`cannot listen on ${text}: ${code}`), { code });
}

const KEPT_CODES: readonly string[] = ["EADDRINUSE", "EACCES", "EMFILE", "ENFILE"];

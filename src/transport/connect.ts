// From somebody's address to a TCP connection with them: a name is resolved, its addresses race (RFC 8305), and a
// failure says at which step it happened. Or a proxy does all of that and gets the name as it is. Scope: sockets until
// they are open. Out of scope: the order of attempts (race.ts), SOCKS (socks.ts), TLS (tls.ts).
//
// On this runtime a socket without an `error` listener can end the process, so each gets one at once, for good.

import { connect, type Socket } from "node:net";
import { PROXY_TIMEOUT_MS, TLS_HANDSHAKE_TIMEOUT_MS } from "../constants.ts";
import type { CallStep, NameFault, ProxyFault, TcpFault } from "../call.ts";
import { after } from "../system.ts";
import { type Address, formatAddress } from "./address.ts";
import type { Login } from "./proxy_address.ts";
import { race } from "./race.ts";
import { resolve } from "./resolve.ts";

/** Why there is no connection. Of several addresses: what tells most; what there was to tell of each has been told as a step. */
export type ReachFault = NameFault | TcpFault | ProxyFault;

export interface ReachOptions {
  readonly signal: AbortSignal;
  /**
   * Addresses are without ports. With a proxy there are three steps: `proxy`, `asked` once there is a connection with it, and
   * `connected`, whose address is the target's host as it was given.
   */
  readonly onStep?: (step: CallStep) => void;
  /** From the connection with the proxy to its answer. */
  readonly proxyTimeoutMs?: number;
  /** Then no name of a call is resolved here and no packet of one goes anywhere but there. Listening is not changed by it. */
  readonly proxy?: ProxyWay;
  /** In place of the system's resolver. */
  readonly resolve?: (host: string) => Promise<readonly string[] | NameFault>;
}

/** A connection, or why there is none; `stopped`: by the signal. */
export type Reaching<Fault> = Promise<Reached | Fault | "stopped">;

/** A TCP connection that nobody has read from or written to; its owner destroys it. */
export interface Reached {
  readonly socket: Socket;
  /** The address that answered. */
  readonly address: Address;
}

export interface ProxyWay {
  readonly address: Address;
  /** For the next connection. */
  login(): Login;
}

/**
 * Resolves a name, races its addresses and connects; or asks the proxy for a connection. Leaves no socket behind where there is
 * none to give.
 */
export async function reach(target: Address, options: ReachOptions): Reaching<ReachFault> {
  if (options.proxy !== undefined) return await reachThrough(options.proxy, target, options);
  const addresses = await addressesOf([target], options);
  if (typeof addresses === "string") return addresses;
  using limit = new TimeLimit(TLS_HANDSHAKE_TIMEOUT_MS, options.signal);
  return await connectAny(addresses, limit, options.onStep);
}

/** The target's name is in nobody's hands but the proxy's. A name of the proxy's own is looked up like any other. */
export async function reachThrough(proxy: ProxyWay, target: Address, options: ReachOptions): Reaching<ProxyFault> {
  const { signal, onStep } = options;
  onStep?.({ step: "proxy", address: proxy.address });
  // Loaded by those who use it. Nothing is awaited between the connection and the question, so no hang-up is missed.
  const { askProxy } = await import("./socks.ts");
  const { proxy: _, onStep: __, ...direct } = options;
  const reached = await reach(proxy.address, direct);
  if (typeof reached === "string") return reached === "stopped" ? reached : "proxy-unreachable";
  onStep?.({ step: "asked" });
  const { socket } = reached;
  using limit = new TimeLimit(options.proxyTimeoutMs ?? PROXY_TIMEOUT_MS, signal);
  limit.onOver(() => socket.destroy());
  const fault = await askProxy(socket, target, proxy.login());
  const why = limit.over === undefined ? fault : faultOf(limit.over);
  if (why !== undefined) return why;
  onStep?.({ step: "connected", address: target.host });
  return { socket, address: target };
}

/** The addresses of one who may have several names, in their order; one at least, none twice. */
export async function addressesOf(
  targets: readonly Address[],
  options: ReachOptions,
): Promise<readonly Address[] | NameFault | "stopped"> {
  const { signal, onStep } = options;
  if (signal.aborted) return "stopped";
  const each = await untilAborted(
    Promise.all(targets.map(({ host }) => (options.resolve ?? resolve)(host))),
    signal,
  );
  if (each === "stopped") return each;
  const addresses = new Map<string, Address>();
  let fault: NameFault | undefined;
  each.forEach((hosts, i) => {
    if (typeof hosts === "string") return void (fault ??= hosts);
    for (const host of hosts) {
      const address = { host, port: targets[i]!.port };
      addresses.set(formatAddress(address), address);
    }
  });
  if (addresses.size === 0) return fault ?? "name-not-found";
  const all = [...addresses.values()];
  onStep?.({ step: "resolved", addresses: all });
  return all;
}

/** Connects to the first of these addresses that answers. */
export function connectAny(
  addresses: readonly Address[],
  limit: TimeLimit,
  onStep: (step: CallStep) => void = () => {},
  open: Open = openTcp,
): Reaching<TcpFault> {
  return new Promise((done) => {
    if (limit.over !== undefined) return done(faultOf(limit.over));
    const running = race<Address, Socket, TcpFault>(addresses, {
      connect: (address, opened, failed) => {
        onStep({ step: "connecting", address: address.host });
        return open(address, opened, (why) => {
          onStep({ step: "failed", address: address.host, why });
          failed(why);
        });
      },
      after,
      won: (socket, address) => {
        onStep({ step: "connected", address: address.host });
        done({ socket, address });
      },
      lost: (faults) => done(mostTelling(faults)),
    });
    limit.onOver((why) => {
      const faults = running.stop();
      done(why === "stopped" ? why : mostTelling([...faults, "filtered"]));
    });
  });
}

/** One connection within `ms`; its owner destroys it. */
export async function openWithin(
  ms: number,
  address: Address,
  signal: AbortSignal = NEVER,
): Promise<Socket | TcpFault | "stopped"> {
  using limit = new TimeLimit(ms, signal);
  const reached = await connectAny([address], limit);
  return typeof reached === "string" ? reached : reached.socket;
}

/** Whether somebody on this machine takes TCP connections there. */
export async function takesCalls(host: string, port: number): Promise<boolean> {
  const socket = await openWithin(LOOPBACK_MS, { host, port });
  if (typeof socket === "string") return false;
  socket.destroy();
  return true;
}

/**
 * A time that runs out, or a signal that comes before: whichever is first is told once, to whoever asked last; until it is
 * disposed, also to one who has what it waited for.
 */
export class TimeLimit implements Disposable {
  readonly #signal: AbortSignal;
  readonly #timer: ReturnType<typeof setTimeout>;
  readonly #abort = () => this.#end("stopped");
  #over: Over | undefined;
  #tell: (why: Over) => void = () => {};

  constructor(ms: number, signal: AbortSignal) {
    this.#signal = signal;
    this.#timer = setTimeout(() => this.#end("timeout"), ms);
    signal.addEventListener("abort", this.#abort);
    if (signal.aborted) this.#end("stopped");
  }

  /** Undefined: not yet. */
  get over(): Over | undefined {
    return this.#over;
  }

  /** Calls `tell` when it is over, or at once if it is. */
  onOver(tell: (why: Over) => void): void {
    this.#tell = tell;
    if (this.#over !== undefined) tell(this.#over);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#signal.removeEventListener("abort", this.#abort);
    this.#tell = () => {};
  }

  #end(why: Over): void {
    if (this.#over !== undefined) return;
    this.#over = why;
    this.#tell(why);
  }
}

export type Over = "timeout" | "stopped";

function faultOf(over: Over): "filtered" | "stopped" {
  return over === "timeout" ? "filtered" : over;
}

/** Or "stopped" when the signal comes first; a look-up that is under way cannot be stopped, only left behind. */
function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | "stopped"> {
  return new Promise((done, fail) => {
    const abort = () => done("stopped");
    if (signal.aborted) return abort();
    signal.addEventListener("abort", abort);
    promise.then(done, fail).finally(() => signal.removeEventListener("abort", abort));
  });
}

/** One attempt, as `race` wants it. */
export type Open = (
  address: Address,
  opened: (socket: Socket) => void,
  /** `code`: the operating system's. */
  failed: (why: TcpFault, code: string) => void,
) => () => void;

/** The system's own TCP, from a port that it picks. */
export const openTcp: Open = opener({});

/** TCP from this address of ours. */
export function openBy(localAddress: string): Open {
  return opener({ localAddress });
}

/** TCP from this port, which other calls may use at the same time; to no address twice at once. */
export function openFrom(localPort: number): Open {
  // The runtime binds the port to 127.0.0.1 unless it is told more.
  return (address, opened, failed) =>
    opener({ localPort, localAddress: address.host.includes(":") ? "::" : "0.0.0.0" })(address, opened, failed);
}

/** From this port, or from any other where that cannot be had. */
export function openPreferring(localPort: number): Open {
  return (address, opened, failed) => {
    let giveUp = openFrom(localPort)(address, opened, (why, code) => {
      if (!TAKEN.includes(code)) return failed(why, code);
      giveUp = openTcp(address, opened, failed);
    });
    return () => giveUp();
  };
}

function opener(local: { localPort?: number; localAddress?: string }): Open {
  return (address, opened, failed) => {
    const socket = connect({ ...address, ...local, noDelay: true });
    let settled = false;
    const settle = (then: () => void) => {
      if (settled) return;
      settled = true;
      then();
    };
    // Stays for the socket's whole life.
    socket.on("error", ({ code = "" }: Error & { code?: string }) =>
      settle(() => {
        socket.destroy();
        failed(FAULTS[code] ?? "unreachable", code);
      }));
    socket.once("connect", () => settle(() => opened(socket)));
    return () => settle(() => socket.destroy());
  };
}

/** Of the failures of several addresses, at least one: what tells most of whoever was called. */
export function mostTelling(faults: readonly TcpFault[]): TcpFault {
  return TELLING.find((fault) => faults.includes(fault)) ?? "unreachable";
}

/** Loopback answers within a millisecond, or not at all. */
const LOOPBACK_MS = 300;
const NEVER = new AbortController().signal;
const TELLING: readonly TcpFault[] = ["turned-away", "refused", "filtered", "forbidden", "unreachable"];
/** A port that another socket has, or has had with this very address. */
const TAKEN: readonly string[] = ["EADDRINUSE", "EADDRNOTAVAIL", "EINVAL"];
const FAULTS: Readonly<Record<string, TcpFault>> = {
  ECONNREFUSED: "refused",
  ETIMEDOUT: "filtered",
  ECONNRESET: "turned-away",
  EACCES: "forbidden",
  EPERM: "forbidden",
};

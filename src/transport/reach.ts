// From somebody's address to a TCP connection with them: a name is resolved, its addresses race (RFC 8305), and what
// fails says at which step. In here: sockets until they are open. Not in here: the order of attempts (race.ts), TLS (tls.ts).
//
// On this runtime a socket without an `error` listener can end the process, so each gets one at once, for good.

import { connect, type Socket } from "node:net";
import { TLS_HANDSHAKE_TIMEOUT_MS } from "../constants.ts";
import type { Address } from "./address.ts";
import { race } from "./race.ts";
import { type NameFault, resolve } from "./resolve.ts";

/** What is going on, for whoever wants to tell. Addresses are without ports. */
export type ReachStep =
  | { readonly step: "resolving"; readonly host: string }
  | { readonly step: "resolved"; readonly addresses: readonly string[] }
  | { readonly step: "connecting"; readonly address: string }
  | { readonly step: "failed"; readonly address: string; readonly why: TcpFault }
  | { readonly step: "connected"; readonly address: string };

/**
 * Why there was no TCP connection with an address. `refused`: a reset instead of an answer; `timeout`: silence;
 * `unreachable`: no route, or a router said so; `forbidden`: this machine does not let us; `reset`: hung up on so fast that
 * the connection was never seen.
 */
export type TcpFault = "refused" | "timeout" | "unreachable" | "forbidden" | "reset";

/** `stopped`: by the signal. */
export type ReachFault = NameFault | TcpFault | "stopped";

export class ReachError extends Error {
  override readonly name = "ReachError";
  constructor(
    readonly at: "name" | "tcp",
    /** Of several addresses: what tells most. */
    readonly why: ReachFault,
    /** How each address that was tried failed. */
    readonly attempts: readonly { readonly address: string; readonly fault: TcpFault }[] = [],
  ) {
    super(`${at}: ${why}`);
  }
}

export interface ReachOptions {
  readonly signal: AbortSignal;
  readonly onStep?: (step: ReachStep) => void;
  /** From the start of the first TCP connect to the end of the last. */
  readonly timeoutMs?: number;
  /** In place of the system's resolver. */
  readonly resolve?: (host: string) => Promise<readonly string[] | NameFault>;
}

/** A TCP connection that nobody has read from or written to; its owner destroys it. */
export interface Reached {
  readonly socket: Socket;
  /** The address that answered. */
  readonly address: Address;
}

/** Resolves a name, races its addresses and connects. Throws ReachError, and leaves no socket behind then. */
export async function reach(target: Address, options: ReachOptions): Promise<Reached> {
  const hosts = await hostsOf(target.host, options);
  using limit = new TimeLimit(options.timeoutMs ?? TLS_HANDSHAKE_TIMEOUT_MS, options.signal);
  return await connectAny(hosts, target.port, limit, options.onStep);
}

/** The addresses of a host, one at least. Throws ReachError. */
export async function hostsOf(host: string, options: ReachOptions): Promise<readonly string[]> {
  const { signal, onStep } = options;
  onStep?.({ step: "resolving", host });
  const hosts = await untilAborted((options.resolve ?? resolve)(host), signal);
  if (typeof hosts === "string") throw new ReachError("name", hosts);
  onStep?.({ step: "resolved", addresses: hosts });
  return hosts;
}

/** Connects to the first of these addresses that answers. Throws ReachError. */
export function connectAny(
  hosts: readonly string[],
  port: number,
  limit: TimeLimit,
  onStep: (step: ReachStep) => void = () => {},
  open: Open = openTcp,
): Promise<Reached> {
  return new Promise((done, fail) => {
    if (limit.over !== undefined) return fail(new ReachError("tcp", limit.over));
    const lose = (attempts: ReachError["attempts"]) => fail(new ReachError("tcp", mostTelling(attempts), attempts));
    const running = race<Socket, TcpFault>(hosts, {
      connect: (host, opened, failed) => {
        onStep({ step: "connecting", address: host });
        return open({ host, port }, opened, (why) => {
          onStep({ step: "failed", address: host, why });
          failed(why);
        });
      },
      after: (ms, run) => {
        const timer = setTimeout(run, ms);
        return () => clearTimeout(timer);
      },
      won: (socket, host) => {
        forget();
        onStep({ step: "connected", address: host });
        done({ socket, address: { host, port } });
      },
      lost: (attempts) => {
        forget();
        lose(attempts);
      },
    });
    const forget = limit.onOver((why) => {
      const { failed, begun } = running.stop();
      if (why === "stopped") return fail(new ReachError("tcp", "stopped", failed));
      lose([...failed, ...begun.map((address) => ({ address, fault: "timeout" as const }))]);
    });
  });
}

/** A time that runs out, or a signal that comes before: whichever is first is told once, to whoever asked last. */
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

  /** Calls `tell` when it is over, unless the returned function is called before. */
  onOver(tell: (why: Over) => void): () => void {
    this.#tell = tell;
    return () => this.#tell = () => {};
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

/** Throws ReachError when the signal comes first; a look-up that is under way cannot be stopped, only left behind. */
function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((done, fail) => {
    const abort = () => fail(new ReachError("name", "stopped"));
    if (signal.aborted) return abort();
    signal.addEventListener("abort", abort);
    promise.then(done, fail).finally(() => signal.removeEventListener("abort", abort));
  });
}

/** One attempt, as `race` wants it. */
export type Open = (
  address: Address,
  opened: (socket: Socket) => void,
  failed: (why: TcpFault) => void,
) => () => void;

/** The system's own TCP. */
export const openTcp: Open = (address, opened, failed) => {
  const socket = connect({ ...address, noDelay: true });
  let settled = false;
  const settle = (then: () => void) => {
    if (settled) return;
    settled = true;
    then();
  };
  // Stays for the socket's whole life.
  socket.on("error", (error: Error & { code?: string }) =>
    settle(() => {
      socket.destroy();
      failed(FAULTS[error.code ?? ""] ?? "unreachable");
    }));
  socket.once("connect", () => settle(() => opened(socket)));
  return () => settle(() => socket.destroy());
};

function mostTelling(attempts: ReachError["attempts"]): TcpFault {
  return TELLING.findLast((fault) => attempts.some((attempt) => attempt.fault === fault)) ?? "unreachable";
}

/** Of several addresses tried: the failure that tells most, last. */
const TELLING: readonly TcpFault[] = ["unreachable", "forbidden", "refused", "timeout", "reset"];
const FAULTS: Readonly<Record<string, TcpFault>> = {
  ECONNREFUSED: "refused",
  ETIMEDOUT: "timeout",
  ECONNRESET: "reset",
  EACCES: "forbidden",
  EPERM: "forbidden",
};

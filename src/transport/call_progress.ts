// How far a call came: its steps as they were told, and the one cause that they add up to. Pure, and without a clock: what
// has neither succeeded nor failed when somebody asks is silent.
// Not in here: the calling (transport), the words for a cause (diagnosis.ts).

import type { DialStep, NameFault, ProxyFault, TcpFault, TlsFault } from "../ports.ts";
import { formatAddress } from "./address.ts";
import { mostTelling } from "./connect.ts";

/** In their order. `offer`: a Sesame's first frame; `phrase`: the answer to it, and theirs to that. */
export type Step = "name" | "proxy" | "connect" | "tls" | "offer" | "phrase";
export const STEPS: readonly Step[] = ["name", "proxy", "connect", "tls", "offer", "phrase"];

/** What comes after TLS, as whoever drives the link sees it. */
export type CallStep =
  | DialStep
  /** The first frame has come; `valid`: it is an offer. */
  | { readonly step: "offered"; readonly valid: boolean }
  /** Our answer has left. */
  | { readonly step: "answered" }
  /** Their accept proves that they know the phrase. */
  | { readonly step: "accepted" }
  /** They closed the link; `phrase`, `protocol`: we did, because of what came. */
  | { readonly step: "ended"; readonly why: "closed" | "phrase" | "protocol" };

/** Names for scripts: these never change, others may be added. */
export type Cause =
  | "none"
  | "name-not-found"
  | "no-resolver"
  | "onion-name"
  | "proxy-unreachable"
  | "proxy-login"
  | "proxy-refused"
  | "proxy-protocol"
  | "refused"
  | "filtered"
  | "unreachable"
  | "forbidden"
  | "turned-away"
  | "silent"
  | "not-tls"
  | "not-sesame"
  | "busy"
  | "large-packets-lost"
  | "phrase"
  | "own-address"
  | "other-interface";

export class CallProgress {
  /** The step that is under way, or that failed; undefined: nothing is left to do. */
  at: Step | undefined = "name";
  /** HOST:PORT of what the call goes through. */
  proxy: string | undefined;
  addresses: readonly string[] = [];
  /** Of each address that was tried; undefined: no word from it yet. */
  readonly attempts = new Map<string, TcpFault | undefined>();
  /** The address that took the connection, without its port. */
  reached: string | undefined;
  #nameFault: NameFault | undefined;
  #proxyFault: ProxyFault | undefined;
  #tlsFault: TlsFault | undefined;
  /** The connection begins and ends on this machine. */
  #own = false;
  /** The certificate looks as Sesame makes them. */
  familiar = false;
  #answered = false;
  #end: "closed" | "phrase" | "protocol" | undefined;
  /** Nobody listens on this machine's own address, and somebody does on its loopback. */
  otherInterface = false;

  follow(step: CallStep): void {
    switch (step.step) {
      case "proxy":
        this.at = "proxy";
        this.proxy = formatAddress(step.address);
        return;
      case "asked":
        this.at = "connect";
        return;
      case "unproxied":
        this.#proxyFault = step.why;
        return;
      case "resolving":
        return;
      case "unresolved":
        this.#nameFault = step.why;
        return;
      case "resolved":
        this.addresses = step.addresses.map(({ host }) => host);
        this.at = "connect";
        return;
      case "connecting":
        this.at = "connect";
        this.attempts.set(step.address, undefined);
        return;
      case "failed":
        this.attempts.set(step.address, step.why);
        return;
      case "connected":
        this.at = "tls";
        this.attempts.delete(step.address);
        this.reached = step.address;
        this.#own = false;
        return;
      case "own":
        this.#own = true;
        return;
      case "tlsFailed":
        this.#tlsFault = step.why;
        return;
      case "secured":
        this.at = "offer";
        this.#tlsFault = undefined;
        this.familiar = step.familiar;
        return;
      case "offered":
        if (step.valid) this.at = "phrase";
        else this.#end = "protocol";
        return;
      case "answered":
        this.#answered = true;
        return;
      case "accepted":
        this.at = undefined;
        return;
      case "ended":
        this.#end ??= step.why;
        return;
    }
  }

  /** The call was to end with a valid offer, and has. */
  done(): void {
    this.at = undefined;
  }

  /** The phrase is being stretched, here. */
  get waitsForUs(): boolean {
    return this.at === "phrase" && !this.#answered && this.#end === undefined;
  }

  get cause(): Cause {
    return this.#cause();
  }

  #cause(): Cause {
    switch (this.at) {
      case "name":
        return this.#nameFault === "onion"
          ? "onion-name"
          : this.#nameFault === "not found"
          ? "name-not-found"
          : "no-resolver";
      case "proxy":
        return "proxy-unreachable";
      case "connect":
        if (this.proxy !== undefined) return proxyCause(this.#proxyFault ?? "timeout");
        if (this.otherInterface) return "other-interface";
        // The addresses that are left were tried after one that took the connection: that one says more.
        return this.#tlsFault === undefined ? this.#tcpCause() : TLS[this.#tlsFault];
      case "tls":
        return TLS[this.#tlsFault ?? "timeout"];
      case "offer":
        if (!this.familiar || this.#end === "protocol") return "not-sesame";
        return this.#end === undefined ? "large-packets-lost" : "busy";
      case "phrase":
        if (this.#end === undefined) return "large-packets-lost";
        if (this.#end === "closed" && !this.#answered) return "busy";
        return this.#end === "protocol" ? "not-sesame" : "phrase";
      case undefined:
        return this.#own && !isLoopback(this.reached ?? "") ? "own-address" : "none";
    }
  }

  #tcpCause(): Cause {
    const faults = [...this.attempts.values()].map((fault) => fault ?? "timeout");
    return TCP[faults.length === 0 ? "timeout" : mostTelling(faults)];
  }
}

function proxyCause(fault: ProxyFault): Cause {
  return fault === "refused" || fault === "unreachable" || fault === "timeout" ? TCP[fault] : fault;
}

export function isLoopback(host: string): boolean {
  return host.startsWith("127.") || host === "::1";
}

const TCP: Readonly<Record<TcpFault, Cause>> = {
  reset: "turned-away",
  refused: "refused",
  timeout: "filtered",
  forbidden: "forbidden",
  unreachable: "unreachable",
};
const TLS: Readonly<Record<TlsFault, Cause>> = {
  timeout: "silent",
  closed: "turned-away",
  "not tls": "not-tls",
  "other tls": "not-sesame",
  "not ours": "not-sesame",
};

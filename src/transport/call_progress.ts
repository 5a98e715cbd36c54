// How far a call got: its steps as they were reported, and the one cause that they add up to. Pure, and without a
// clock: a step that has neither succeeded nor failed when somebody asks counts as silent. Out of scope: the calling
// (transport), the words for a cause (words/call_failures.ts).

import {
  type CallCause,
  type CallFailure,
  type CallPlace,
  type CallStep,
  type LinkEnd,
  linkFault,
  type NameFault,
  type ProxyFault,
  type TcpFault,
  type TlsFault,
} from "../call.ts";
import { formatAddress, scopeOf } from "./address.ts";
import { mostTelling } from "./connect.ts";

export class CallProgress {
  /** The step that is under way, or that failed; undefined: nothing is left to do. */
  at: CallPlace | undefined = "name";
  /** HOST:PORT of what the call goes through. */
  proxy: string | undefined;
  addresses: readonly string[] = [];
  /** Of each address that was tried; undefined: no word from it yet. */
  readonly attempts = new Map<string, TcpFault | undefined>();
  /** The address that took the connection, without its port; empty: none has. */
  reached = "";
  /** What ended the step that it came to. */
  #lost: NameFault | ProxyFault | TlsFault | undefined;
  /** The connection begins and ends on this machine. */
  #own = false;
  /** The certificate looks as Sesame makes them. */
  familiar = false;
  #answered = false;
  #end: LinkEnd | undefined;
  /** Nobody listens on this machine's own address, and somebody does on its loopback. */
  otherInterface = false;

  follow(step: CallStep): void {
    switch (step.step) {
      case "proxy":
        this.at = "proxy";
        this.#lost = undefined;
        this.proxy = formatAddress(step.address);
        return;
      case "asked":
        this.at = "connect";
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
      case "lost":
        this.#lost = step.why;
        return;
      case "secured":
        this.at = "offer";
        this.#lost = undefined;
        this.familiar = step.familiar;
        return;
      case "offered":
        this.at = "phrase";
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

  /** This machine's own address, which was reached well. */
  get isOwn(): boolean {
    return this.at === undefined && this.#own && scopeOf(this.reached) !== "machine";
  }

  /** Why it has brought nobody so far; undefined: it has done what it was to do. */
  get failure(): CallFailure | undefined {
    return this.at === undefined ? undefined : { at: this.at, why: this.#cause(this.at) };
  }

  #cause(at: CallPlace): CallCause {
    switch (at) {
      case "name":
        return this.#lost ?? "no-resolver";
      case "proxy":
        return "proxy-unreachable";
      case "connect":
        if (this.proxy !== undefined) return this.#lost ?? "filtered";
        if (this.otherInterface) return "other-interface";
        // The addresses that are left were tried after one that took the connection: that one says more.
        return this.#lost ?? this.#tcpCause();
      case "tls":
        return this.#lost ?? "silent";
      default:
        return linkFault({ at, familiar: this.familiar, answered: this.#answered, end: this.#end });
    }
  }

  #tcpCause(): TcpFault {
    const faults = [...this.attempts.values()].map((fault) => fault ?? "filtered");
    return faults.length === 0 ? "filtered" : mostTelling(faults);
  }
}

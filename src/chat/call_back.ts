// Who calls also takes calls (docs/PROTOCOL.md section 1): the listener of a process that only calls, for those whom it
// calls and nobody else. Out of scope: when it opens (reachable), what becomes of a caller (loop).

import { DEFAULT_PORT } from "../constants.ts";
import type { Caller, Listener } from "../ports.ts";
import type { Address } from "../transport/address.ts";

type Called = (caller: Caller) => void;

export class CallBack {
  readonly #open: (address: string, called: Called) => Promise<Listener>;
  readonly #called: Called;
  /** By target, the addresses that it was found to have. */
  readonly #hosts = new Map<string, readonly string[]>();
  #listener: Promise<Listener | undefined> | undefined;

  /** `called`: takes a caller on. */
  constructor(open: (address: string, called: Called) => Promise<Listener>, called: Called) {
    this.#open = open;
    this.#called = called;
  }

  /** From here on whoever is there may call, until that call is over. */
  calls(target: string, addresses: readonly Address[]): void {
    this.#hosts.set(target, addresses.map(({ host }) => host));
  }

  over(target: string): void {
    this.#hosts.delete(target);
  }

  /** If the port is free. */
  listen(): void {
    const opening = this.#listener = this.#open(String(DEFAULT_PORT), (caller) => {
      const isCalled = [...this.#hosts.values()].some((hosts) => hosts.includes(caller.host));
      if (isCalled) this.#called(caller);
      else caller.close();
    }).catch(() => undefined);
    void opening.then((listener) => opening === this.#listener || listener?.close());
  }

  close(): void {
    const closing = this.#listener;
    this.#listener = undefined;
    void closing?.then((listener) => listener?.close());
  }
}

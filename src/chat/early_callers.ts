// Callers from before there is anything to offer them: nothing is read from them or sent. Only as long as the stretch
// takes. As many as are heard then: of a network one begins at once and the others wait.

import { MAX_WAITING, MAX_WAITING_PER_NETWORK } from "../constants.ts";
import type { Caller } from "../ports.ts";
import { networkOf } from "../transport/address.ts";

export class EarlyCallers {
  /** Each with its network. */
  readonly #waiting = new Map<Caller, string>();

  /** Closed at once where there is no room. */
  add(caller: Caller): void {
    const { network } = networkOf(caller.host);
    const same = this.#waiting.values().filter((other) => other === network).toArray().length;
    if (same > MAX_WAITING_PER_NETWORK || this.#waiting.size >= MAX_WAITING) return caller.close();
    this.#waiting.set(caller, network);
  }

  /** In the order in which they came; from here on they are the caller's of this. */
  take(): Caller[] {
    const early = [...this.#waiting.keys()];
    this.#waiting.clear();
    return early;
  }
}

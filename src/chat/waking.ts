// Whether this machine has slept, or moved to another network, since somebody last looked. Pure: clocks and addresses
// are arguments. Out of scope: what is done about it (chat.ts, peers/calling.ts).

import { SLEPT_MS } from "../constants.ts";
import type { Millis } from "../ports.ts";
import { formatIp, scopeOf } from "../transport/address.ts";

export class Waking {
  #last: { readonly now: Millis; readonly wall: number; readonly addresses: ReadonlySet<string> } | undefined;

  /**
   * `now` may stand still in sleep, `wall` is the time of day; one of them tells. `own`: this machine's addresses, undefined
   * where they cannot be found out. An address that was not there before is a change; one that is gone is not, since
   * nothing can be done about it.
   */
  look(now: Millis, wall: number, own: readonly Uint8Array[] | undefined): "slept" | "moved" | undefined {
    const before = this.#last;
    // Link-local ones come by themselves, some seconds after an interface.
    const addresses = new Set((own ?? []).map(formatIp).filter((ip) => scopeOf(ip) !== "link"));
    this.#last = { now, wall, addresses };
    if (before === undefined) return undefined;
    if (Math.max(now - before.now, wall - before.wall) >= LOOK_MS + SLEPT_MS) return "slept";
    return [...addresses].some((address) => !before.addresses.has(address)) ? "moved" : undefined;
  }
}

/** How often somebody looks. */
export const LOOK_MS = 3_000;

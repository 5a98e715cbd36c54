// `sesame doctor`: whether friends can reach this machine, a line for each thing that decides it, with what to do. Pure.
// Out of scope: finding out (cli/doctor.ts), what a chat is told of the router (mapping.ts).

import { type Address, type AddressScope, formatAddress, formatIp, scopeOf } from "../transport/address.ts";
import type { MapFault, MapWay } from "../notice.ts";
import type { Check } from "./doctor.ts";
import { SHOWS_ADDRESSES } from "./invitation.ts";
import { unmappedWhy } from "./mapping.ts";

export const REACH_HEADING = "Can friends reach me?";

export interface ReachFacts {
  readonly port: number;
  /** Nobody else on this machine has the port. */
  readonly portIsFree: boolean;
  /** Undefined: they cannot be found out here. */
  readonly own: readonly Uint8Array[] | undefined;
  /** What the router says; undefined: it was not asked. */
  readonly router: { readonly address: Address; readonly by: MapWay } | MapFault | undefined;
}

/** One line each, of the port, the addresses and the router. */
export function reachChecks({ port, portIsFree, own, router }: ReachFacts): Check[] {
  return [portCheck(port, portIsFree), addressCheck(own), routerCheck(router)];
}

function portCheck(port: number, free: boolean): Check {
  const check = `port ${port}`;
  if (free) return { check, state: "ok", advice: "Free to listen on." };
  return {
    check,
    state: "weaker",
    advice: `Another program has it. Close that, or choose another: sesame listen ${port + 1}.`,
  };
}

function addressCheck(own: readonly Uint8Array[] | undefined): Check {
  const check = "addresses";
  if (own === undefined) {
    return { check, state: "not here", advice: `They cannot be looked up here: ${SHOWS_ADDRESSES} shows them.` };
  }
  const all = own.map(formatIp);
  const of = (scope: AddressScope) => all.filter((ip) => scopeOf(ip) === scope);
  const [far, near] = [of("internet"), of("network")];
  if (far.length > 0) {
    return {
      check,
      state: "ok",
      advice: `${far.join(", ")}: from the internet, unless a firewall or router blocks it.`,
    };
  }
  if (near.length > 0) {
    const advice =
      `${near.join(", ")}: within your own network only. From elsewhere: use --map-port, forward the port by hand, ` +
      "or both of you run: sesame connect HOST.";
    return { check, state: "weaker", advice };
  }
  return { check, state: "weaker", advice: "This machine is not on a network. Connect it first." };
}

function routerCheck(router: ReachFacts["router"]): Check {
  const check = "router";
  if (router === undefined) {
    return { check, state: "not here", advice: "Not asked. To ask yours: sesame doctor --map-port." };
  }
  if (typeof router === "string") {
    const { wrong, next } = unmappedWhy(router);
    return { check, state: "weaker", advice: `${wrong} ${next}` };
  }
  const advice = `It forwards the port as ${
    formatAddress(router.address)
  } (${router.by}). This check has undone it again.`;
  return { check, state: "ok", advice };
}

// What a person is told of being reachable: that the router passes the port on, or why not and what to do; and that all of
// it begins anew after sleep or in another network. Pure.

import type { MapFault } from "../notice.ts";
import type { Problem } from "./problems.ts";

/** `address`: the outer one, with its port. */
export function mappedText(address: string): string {
  const what = address.startsWith("[") ? `lets calls through to ${address}` : `passes the port on, as ${address}`;
  return `Your router ${what}, until you leave. It knows that, and this port is open to the internet.`;
}

/** `calling`: somebody is being called. */
export function wokeText(change: "slept" | "moved", calling: boolean): string {
  const what = change === "slept" ? "This machine was asleep." : "This machine has a new address.";
  return calling ? `${what} Calling again.` : `${what} Who is here is called again if nothing comes from them.`;
}

/** `lost`: it was passed on before. */
export function unmappedProblem(why: MapFault, lost: boolean): Problem {
  const doing = lost ? "The router does not pass the port on any more." : "Could not have the port passed on.";
  return { doing, ...UNMAPPED[why] };
}

const UNMAPPED: Readonly<Record<MapFault, Pick<Problem, "wrong" | "next">>> = {
  "router-silent": {
    wrong: "The router does not answer.",
    next: "Switch PCP or UPnP on in it, or forward the port by hand.",
  },
  "router-refused": {
    wrong: "The router refuses.",
    next: "Allow it in the router, or forward the port by hand.",
  },
  "second-nat": {
    wrong: "Your provider has another NAT in front of it.",
    next: "Use IPv6, --onion, or let your friend listen.",
  },
  "no-router": {
    wrong: "Your way out is a tunnel, or this machine cannot say which its router is.",
    next: "Type the router: --map-port=192.168.1.1, with its own address.",
  },
};

/** Of an address that is typed for the router. */
export const ROUTER_PROBLEM: Problem = {
  doing: "Could not take the router.",
  wrong: "What stands behind --map-port= is no IP address.",
  next: "Type the router's own address, for example --map-port=192.168.1.1, or leave it away.",
};

// What a person is told of being reachable: that the router passes the port on, or why not and what to do; and that all of
// it begins anew after sleep or in another network. Pure.

import type { MapFault } from "../notice.ts";
import type { Problem } from "./problems.ts";

/** `address`: the outer one, with its port. */
export function mappedText(address: string): string {
  const what = address.startsWith("[") ? `lets calls through to ${address}` : `forwards the port as ${address}`;
  return `Your router ${what} until you leave. The router can see that, and the port is open to the internet.`;
}

/** `calling`: somebody is being called. */
export function wokeText(change: "slept" | "moved", calling: boolean): string {
  const what = change === "slept" ? "This machine was asleep." : "This machine has a new address.";
  return calling ? `${what} Calling again.` : `${what} Friends who have gone quiet are called again.`;
}

/** `lost`: the address that was forwarded before. */
export function unmappedProblem(why: MapFault, lost: string | undefined): Problem {
  const doing = lost === undefined
    ? "Could not get the port forwarded."
    : lost.startsWith("[")
    ? "The router no longer lets calls through over IPv6."
    : "The router no longer forwards the port.";
  return { doing, ...unmappedWhy(why) };
}

export function unmappedWhy(why: MapFault): Pick<Problem, "wrong" | "next"> {
  return UNMAPPED[why];
}

const UNMAPPED: Readonly<Record<MapFault, Pick<Problem, "wrong" | "next">>> = {
  "router-silent": {
    wrong: "The router does not answer.",
    next: "Switch on PCP or UPnP there, or forward the port by hand.",
  },
  "router-refused": {
    wrong: "The router refuses.",
    next: "Allow it in the router, or forward the port by hand.",
  },
  "second-nat": {
    wrong: "Your provider has another router (NAT) in front of it.",
    next: "Use IPv6, --onion, or let your friend listen.",
  },
  "no-router": {
    wrong: "This machine goes online through a VPN, or does not know its router.",
    next: "Type the router's address, for example --map-port=192.168.1.1.",
  },
};

/** The router would let strangers through to nothing, and friends be invited to it. */
export const MAPPED_LOOPBACK: Problem = {
  doing: "Could not use --map-port.",
  wrong: "You listen on this machine only, where the router can pass nothing on.",
  next: "Leave the host out to listen on every interface, or leave --map-port out.",
};

/** Of an address that is typed for the router. */
export const ROUTER_PROBLEM: Problem = {
  doing: "Could not use that router.",
  wrong: "The value of --map-port= is not an IP address.",
  next: "Type the router's own address, for example --map-port=192.168.1.1, or leave it out.",
};

// What can be wrong with the options themselves: checked before the phrase, so that nobody types it for nothing. Light:
// the prompt waits for this too. Out of scope: the parsing (args.ts), what the system says about an address
// (words/problems.ts).

import { isIpAddress, parseAlternatives, parseListen, parseTarget, scopeOf } from "../transport/address.ts";
import { parseProxy } from "../transport/proxy_address.ts";
import { isName } from "../wire/message.ts";
import type { ChatArgs } from "../chat/chat_args.ts";
import { targetsProblem } from "../chat/commands.ts";
import { listenAddressProblem } from "../words/commands.ts";
import { MAPPED_LOOPBACK, ROUTER_PROBLEM } from "../words/mapping.ts";
import { ONION_PORT_PROBLEM, onionProblem } from "../words/onion.ts";
import { listenWay, NAME_PROBLEM, type Problem, proxyProblem } from "../words/problems.ts";

/** Undefined: a chat, or the doctor's call, can begin with these. */
export function argsProblem(
  { name, targets = [], listen, proxy, mapPort, onion }: Partial<
    Pick<ChatArgs, "name" | "targets" | "listen" | "proxy" | "mapPort" | "onion">
  >,
): Problem | undefined {
  if (name !== undefined && !isName(name)) return NAME_PROBLEM;
  const wrong = targetsProblem(targets);
  if (wrong !== undefined) return wrong;
  const way = proxy === undefined ? undefined : parseProxy(proxy);
  if (typeof way === "string") return proxyProblem(way);
  if (mapPort !== undefined && mapPort !== "" && !isIpAddress(mapPort)) return ROUTER_PROBLEM;
  const control = onion === undefined ? undefined : onionFault(onion);
  if (control === "address") return ONION_PORT_PROBLEM;
  if (control === "elsewhere") return onionProblem("elsewhere", onion);
  const address = listen === undefined ? undefined : parseListen(listen);
  if (typeof address === "string") return listenAddressProblem(address, listenWay(targets));
  return mapPort !== undefined && address !== undefined && scopeOf(address.host) === "machine"
    ? MAPPED_LOOPBACK
    : undefined;
}

export function hostsOf(targets: readonly string[]): readonly string[] {
  return targets.flatMap((target) => {
    const addresses = parseAlternatives(target);
    return typeof addresses === "string" ? [] : addresses.map(({ host }) => host);
  });
}

/** Whether HOST:PORT behind `--onion=` can be a control port of this machine. */
export function onionFault(typed: string): "elsewhere" | "address" | undefined {
  if (typed === "") return undefined;
  const address = parseTarget(typed);
  // A control port has no usual one behind a bare host.
  if (typeof address === "string" || !typed.endsWith(`:${address.port}`)) return "address";
  return isIpAddress(address.host) && scopeOf(address.host) === "machine" ? undefined : "elsewhere";
}

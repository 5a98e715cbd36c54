// What can be wrong with the options themselves: asked before the phrase, so that nobody types it for nothing.
// Light: the prompt waits for this too. Not in here: the parsing (args.ts), what the system says of an address
// (words/problems.ts).

import { isIpAddress, parseListen, parseTarget, scopeOf } from "../transport/address.ts";
import { parseProxy } from "../transport/proxy_address.ts";
import { isName } from "../wire/message.ts";
import type { ChatArgs } from "../chat/chat_args.ts";
import { targetsProblem } from "../chat/commands.ts";
import { addressProblem, COULD_NOT_LISTEN } from "../words/commands.ts";
import { ROUTER_PROBLEM } from "../words/mapping.ts";
import { ONION_FAR_PORT_PROBLEM, onionProblem } from "../words/onion.ts";
import { NAME_PROBLEM, type Problem, proxyProblem } from "../words/problems.ts";

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
  if (control === "address") return ONION_FAR_PORT_PROBLEM;
  if (control === "elsewhere") return onionProblem("elsewhere", onion);
  const address = listen === undefined ? undefined : parseListen(listen);
  return typeof address === "string" ? addressProblem(COULD_NOT_LISTEN, address) : undefined;
}

/** Whether HOST:PORT behind `--onion=` can be a control port of this machine. */
export function onionFault(typed: string): "elsewhere" | "address" | undefined {
  if (typed === "") return undefined;
  const address = parseTarget(typed);
  // A control port has no usual one behind a bare host.
  if (typeof address === "string" || !typed.endsWith(`:${address.port}`)) return "address";
  return isIpAddress(address.host) && scopeOf(address.host) === "machine" ? undefined : "elsewhere";
}

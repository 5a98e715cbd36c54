// What can be wrong with the options themselves: asked before the phrase is, so that nobody types it in vain.
// Not in here: the parsing (args.ts), what the system says of an address (problems.ts).

import { isIpAddress, parseListen } from "../transport/address.ts";
import { parseProxy } from "../transport/proxy_address.ts";
import { isName } from "../wire/message.ts";
import type { ChatArgs } from "../chat/chat_args.ts";
import { targetsProblem } from "../chat/commands.ts";
import { addressProblem, COULD_NOT_LISTEN } from "../words/commands.ts";
import { ROUTER_PROBLEM } from "../words/mapping.ts";
import { NAME_PROBLEM, type Problem, proxyProblem } from "../words/problems.ts";

/** Undefined: a chat, or the doctor's call, can begin with these. */
export function argsProblem(
  { name, targets, listen, proxy, mapPort }: Pick<ChatArgs, "name" | "targets" | "listen" | "proxy" | "mapPort">,
): Problem | undefined {
  if (name !== undefined && !isName(name)) {
    return NAME_PROBLEM;
  }
  const wrong = targetsProblem(targets);
  if (wrong !== undefined) return wrong;
  const way = proxy === undefined ? undefined : parseProxy(proxy);
  if (typeof way === "string") return proxyProblem(way);
  if (mapPort !== undefined && mapPort !== "" && !isIpAddress(mapPort)) return ROUTER_PROBLEM;
  const address = listen === undefined ? undefined : parseListen(listen);
  return typeof address === "string" ? addressProblem(COULD_NOT_LISTEN, address) : undefined;
}

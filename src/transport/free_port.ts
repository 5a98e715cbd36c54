// Whether a port can be listened on, found out before a person types the phrase for it; and a port that can. Nobody is let in:
// the socket is closed at once. Another program may still take the port meanwhile; listening then reports it as usual.

import { isIpAddress, parseListen } from "./address.ts";

/** The system's code for why not; undefined: it can, or only listening itself will tell. */
export function portFault(listen: string): "EADDRINUSE" | "EADDRNOTAVAIL" | "EACCES" | undefined {
  const address = parseListen(listen);
  if (typeof address === "string") return undefined;
  try {
    Deno.listen({ hostname: address.host, port: address.port }).close();
    return undefined;
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return "EADDRINUSE";
    if (error instanceof Deno.errors.AddrNotAvailable) return "EADDRNOTAVAIL";
    if (error instanceof Deno.errors.PermissionDenied) return "EACCES";
    return isIpAddress(address.host) ? undefined : "EADDRNOTAVAIL"; // a name that nobody knows
  }
}

/** A port that nobody listens on. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "0.0.0.0", port: 0 });
  return listener.addr.port;
}

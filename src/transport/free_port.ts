// What this machine can listen on, found out by listening: a port, before a person types the phrase for it; a port that nobody
// has; an address. Nobody is let in: the socket is closed at once. Another program may still take a port meanwhile; listening
// then reports it as usual.

import { type Address, isIpAddress, parseListen } from "./address.ts";

/** The system's code for why not; undefined: it can, or only listening itself will tell. */
export function portFault(listen: string): "EADDRINUSE" | "EADDRNOTAVAIL" | "EACCES" | undefined {
  const address = parseListen(listen);
  const error = typeof address === "string" ? undefined : errorAt(address);
  if (typeof address === "string" || error === undefined) return undefined;
  if (error instanceof Deno.errors.AddrInUse) return "EADDRINUSE";
  if (error instanceof Deno.errors.AddrNotAvailable) return "EADDRNOTAVAIL";
  if (error instanceof Deno.errors.PermissionDenied) return "EACCES";
  return isIpAddress(address.host) ? undefined : "EADDRNOTAVAIL"; // a name that nobody knows
}

/** Whether this machine has the IP address: only one's own can be listened on. */
export function isOwnAddress(host: string): boolean {
  return errorAt({ host, port: 0 }) === undefined;
}

/** A port that nobody listens on. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "0.0.0.0", port: 0 });
  return listener.addr.port;
}

function errorAt({ host, port }: Address): unknown {
  try {
    Deno.listen({ hostname: host, port }).close();
    return undefined;
  } catch (error) {
    return error;
  }
}

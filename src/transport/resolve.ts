// From a host as typed to the addresses to try. TLS is opened to an address and never to a name, because the runtime
// sends a name in the clear (SNI). In here: the system's own resolver. Not in here: connecting, or a proxy's names.

import { lookup } from "node:dns";
import { isIpAddress } from "./address.ts";

/** In the order in which the system would try them; empty: there is no such host, or no resolver to ask. */
export function resolve(host: string): Promise<readonly string[]> {
  if (isIpAddress(host)) return Promise.resolve([host]);
  // RFC 7686: such a name is for Tor alone, and asking for it would tell the resolver whom we call.
  if (host === "onion" || host.endsWith(".onion")) return Promise.resolve([]);
  return new Promise((done) => {
    lookup(host, { all: true, verbatim: true }, (error, found) => {
      done(error ? [] : [...new Set(found.map(({ address }) => address))]);
    });
  });
}

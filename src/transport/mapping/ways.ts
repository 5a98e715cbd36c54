// Which router is asked, and from which address: the one that was typed, the one of the default route, or, where this
// system does not tell us, whichever answers a search of the LAN from a private address. Never two of one family.

import { parseIpv4 } from "../../ip.ts";
import { bareHost, formatIp, ipBytes, scopeOf } from "../address.ts";
import { openWithin } from "../connect.ts";
import { search } from "./ask.ts";
import type { RouterWay } from "./mapped.ts";
import { locationIn } from "./upnp.ts";

/** What the system's kernel knows of ways out (host/routes.ts). */
export interface KnownWays {
  defaults(): readonly { readonly router: Uint8Array; readonly index: number; readonly own: Uint8Array }[];
  ownTowards(address: Uint8Array): Uint8Array | undefined;
}

/** `typed`: an IP literal, or empty. `known`: undefined where the system cannot be asked. */
export async function waysTo(typed: string, known: KnownWays | undefined, signal: AbortSignal): Promise<RouterWay[]> {
  const wanted = typed === "" ? undefined : bareHost(typed);
  if (known === undefined) return await searched(wanted, signal);
  if (wanted !== undefined) {
    const bytes = ipBytes(wanted);
    const own = known.ownTowards(parseIpv4(wanted) === undefined ? bytes : bytes.subarray(12));
    return own === undefined ? [] : [{ router: wanted, own: formatIp(own) }];
  }
  return known.defaults().map(({ router, index, own }) => {
    const text = formatIp(router);
    return { router: scopeOf(text) === "link" ? `${text}%${index}` : text, own: formatIp(own) };
  });
}

async function searched(wanted: string | undefined, signal: AbortSignal): Promise<RouterWay[]> {
  for (const { host, answer } of await search("0.0.0.0", signal)) {
    const place = host === (wanted ?? host) && scopeOf(host) === "network" ? locationIn(answer, host) : undefined;
    if (place === undefined) continue;
    const own = await ownBy(host, place.port, signal);
    if (own !== undefined) return [{ router: host, own }];
    if (signal.aborted) break;
  }
  if (wanted === undefined) return [];
  for (const port of ROUTER_PAGES) {
    const own = await ownBy(wanted, port, signal);
    if (own !== undefined) return [{ router: wanted, own }];
  }
  return [];
}

/** Our own address towards somebody who takes a connection there. */
async function ownBy(host: string, port: number, signal: AbortSignal): Promise<string | undefined> {
  const socket = await openWithin(LOOK_MS, { host, port }, signal);
  if (typeof socket === "string") return undefined;
  const own = socket.localAddress;
  socket.destroy();
  return own;
}

const LOOK_MS = 1_000;
/** Where a router that was typed, and may know no UPnP, takes a connection: its page for people, and names. */
const ROUTER_PAGES: readonly number[] = [80, 443, 53];

// Where a two-sided call may meet the friend: the addresses of the call, at the port from which the friend's own
// two-sided calls leave (docs/PROTOCOL.md section 1). Pure.

import { type Address, formatIp, punchPort } from "../address.ts";

/** Of each family the first that can be somebody else's, at most. `own`: this machine's addresses. */
export function meetingPlaces(addresses: readonly Address[], own: readonly Uint8Array[]): Address[] {
  const mine = new Set(own.map(formatIp));
  const able = addresses.filter(({ host }) => !mine.has(host) && mayBeMet(host));
  const ofFamily = (six: boolean) => able.filter(({ host }) => host.includes(":") === six).slice(0, 1);
  return [...ofFamily(true), ...ofFamily(false)].map(({ host, port }) => ({ host, port: punchPort(port) }));
}

/** No loopback, unspecified, multicast or broadcast address. `host` is bare. */
function mayBeMet(host: string): boolean {
  if (host.includes(":")) return host !== "::" && host !== "::1" && !/^ff[0-9a-f]{2}:/.test(host);
  const first = Number(host.split(".")[0]);
  return first !== 0 && first !== 127 && first < 224;
}

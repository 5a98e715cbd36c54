// `--map-port`: what the transport asks of the router, combined with what the host knows about it. Always loaded; the
// heavy parts only for those who typed the option.

import type { Host } from "../host/host.ts";
import type { Entropy } from "../ports.ts";
import { now } from "../system.ts";
import type { MapEvent, Mapper } from "../transport/mapping/mapper.ts";
import { sayLast } from "./panic.ts";

/** `typed`: the router's address, or empty. */
export async function mapperOf(
  host: Host,
  typed: string,
  entropy: Entropy,
): Promise<(port: number, tell: (event: MapEvent) => void) => Mapper> {
  const { Mapper } = await import("../transport/mapping/mapper.ts");
  const { waysTo } = await import("../transport/mapping/ways.ts");
  const { ROUTER_PORT } = await import("../transport/mapping/pcp.ts");
  const { ipBytes } = await import("../transport/address.ts");
  const { farewell } = host;
  if (farewell !== undefined) sayLast(farewell.say);
  return (port, tell) =>
    new Mapper({
      port,
      ways: (signal) => waysTo(typed, host.routes, signal),
      entropy,
      now,
      tell,
      farewell: (last) => {
        farewell?.keep(last && { address: ipBytes(last.router).subarray(12), port: ROUTER_PORT, bytes: last.bytes });
      },
    });
}

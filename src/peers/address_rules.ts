// Which addresses may be told to somebody, and which may be called because somebody told them (docs/PROTOCOL.md section
// 8, "Introductions"): judged by the link with the friend in the middle, so that no introduction points into a network
// other than that link's, or at this machine's own services. A pure function of three values.

import { type Ipv6, parseIpv4, parseIpv6 } from "../ip.ts";
import { addressParts, type WireAddress } from "../wire/forms.ts";

/** My link with the friend in the middle. */
export interface MiddleLink {
  /** The friend's end, as `1.2.3.4:7373`; empty where it cannot be written so. */
  readonly remote: WireAddress | "";
  /** I dialled it. */
  readonly dialled: boolean;
}

/** `embedded`: IPv6 with an IPv4 address inside. `reserved`: unspecified, multicast, broadcast, link-local, and the rest. */
type Kind = "global" | "private" | "loopback" | "reserved" | "embedded";

/** Whether this address may be told to others through that friend, and called when it came through them. */
export function mayUse(address: WireAddress, link: MiddleLink): boolean {
  const { host, port } = addressParts(address);
  // Services that a stranger could have us speak to live below; 443 is what strict networks let out.
  if (port < 1024 && port !== 443) return false;
  switch (kindOf(host)) {
    case "global":
      return true;
    case "private":
      return link.remote !== "" && kindOf(addressParts(link.remote).host) === "private";
    case "loopback":
      return link.dialled && link.remote !== "" && kindOf(addressParts(link.remote).host) === "loopback";
    case "reserved":
    case "embedded":
      return false;
  }
}

function kindOf(host: string): Kind {
  const v4 = parseIpv4(host);
  if (v4 !== undefined) return kindOfIpv4(v4);
  const v6 = parseIpv6(host);
  return v6 === undefined ? "reserved" : kindOfIpv6(v6);
}

/** RFC 6890, RFC 1918, RFC 6598, RFC 3927. The documentation ranges are global: nobody is there, and tests need them. */
function kindOfIpv4([a = 0, b = 0]: readonly number[]): Kind {
  if (a === 127) return "loopback";
  if (a === 10 || (a === 172 && b >> 4 === 1) || (a === 192 && b === 168) || (a === 100 && b >> 6 === 1)) {
    return "private";
  }
  if (a === 0 || a >= 224 || (a === 169 && b === 254)) return "reserved";
  return "global";
}

/** One with a zone is link-local. */
function kindOfIpv6({ groups }: Ipv6): Kind {
  const [a = 0, b = 0] = groups;
  if (groups.every((group, i) => group === (i === 7 ? 1 : 0))) return "loopback";
  // 6to4 (RFC 3056), Teredo (RFC 4380), ISATAP (RFC 5214). Mapped, compatible and NAT64 are outside of 2000::/3.
  if (a === 0x2002 || (a === 0x2001 && b === 0) || ((groups[4]! & 0xfdff) === 0 && groups[5] === 0x5efe)) {
    return "embedded";
  }
  if ((a & 0xfe00) === 0xfc00) return "private"; // RFC 4193
  return (a & 0xe000) === 0x2000 ? "global" : "reserved";
}

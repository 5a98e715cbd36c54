// Addresses as people type them and as sockets report them. Pure: nothing is resolved here. Scope: parsing and
// formatting, the bare form used for counting, the keys of IPv6 sites. Out of scope: name resolution (resolve.ts),
// sentences for the person (words).

import { DEFAULT_PORT } from "../constants.ts";
import { formatIpv6, isLinkLocal, parseIpv4, parseIpv6 } from "../ip.ts";

export interface Address {
  /** A name in lower case, an IPv4 address, or an IPv6 address in RFC 5952's form with its zone; never in brackets. */
  readonly host: string;
  readonly port: number;
}

/** What is wrong with a typed address; `words` has the sentences. */
export type AddressFault = "empty" | "host" | "port" | "brackets" | "zone" | "many";

/** How many addresses of one friend a person may type in one target. */
export const ALTERNATIVES_MAX = 8;

/** `HOST`, `HOST:PORT`, `[V6]`, `[V6]:PORT` or a bare V6, of somebody to call. */
export function parseTarget(text: string): Address | AddressFault {
  return parse(text, 1);
}

/**
 * Somebody to call: an address, or several of one friend with commas between. They are alternatives: the first that
 * answers will do. `most`: with more of them it is no target.
 */
export function parseAlternatives(text: string, most: number = ALTERNATIVES_MAX): readonly Address[] | AddressFault {
  const parts = text.split(",");
  if (parts.length > most) return "many";
  const all = parts.map(parseTarget);
  return all.find((parsed) => typeof parsed === "string") ?? all as Address[];
}

/** The same to listen on; also `PORT` and `:PORT` for every interface, and port 0 for one that the system picks. */
export function parseListen(text: string): Address | AddressFault {
  if (/^:?\d+$/.test(text)) {
    const port = parsePort(text.replace(":", ""), 0);
    return port === undefined ? "port" : { host: EVERY_INTERFACE, port };
  }
  return parse(text, 0);
}

/** What has to be listened on for this host: on Windows `::` takes no calls over IPv4. */
export function listenHosts(host: string, system: string): readonly string[] {
  return host === EVERY_INTERFACE && system === "windows" ? [EVERY_INTERFACE, "0.0.0.0"] : [host];
}

/** `192.0.2.7:7373`, `[2001:db8::1]:7373`, `friend.example:7373`. */
export function formatAddress({ host, port }: Address): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Where two-sided calls of whoever listens on this port leave from, and are sent to (docs/PROTOCOL.md section 1). */
export function punchPort(port: number): number {
  return port === 65535 ? 65534 : port + 1;
}

/** Whether it needs no resolving. */
export function isIpAddress(host: string): boolean {
  return parseIpv4(host) !== undefined || parseIpv6(host) !== undefined;
}

/**
 * One spelling for one address, for counting and for showing: IPv4-mapped IPv6 becomes IPv4, IPv6 takes RFC 5952's
 * form, a zone is kept. What is not an IP address is returned as it is.
 */
export function bareHost(host: string): string {
  const ip = parseIpv6(host);
  if (ip === undefined) return host;
  const mapped = ip.groups.slice(0, 5).every((group) => group === 0) && ip.groups[5] === 0xffff;
  if (mapped) return ip.groups.slice(6).flatMap((group) => [group >> 8, group & 0xff]).join(".");
  return formatIpv6(ip);
}

/** 4 or 16 bytes as text. */
export function formatIp(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join(".");
  return bareHost(
    formatIpv6({ groups: Array.from({ length: 8 }, (_, i) => bytes[2 * i]! << 8 | bytes[2 * i + 1]!), zone: "" }),
  );
}

/** An IP address as 16 bytes: IPv4 as IPv4-mapped (RFC 4291 section 2.5.5.2), without a zone. Throws on anything else. */
export function ipBytes(host: string): Uint8Array<ArrayBuffer> {
  const four = parseIpv4(host);
  if (four !== undefined) return Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, ...four);
  const six = parseIpv6(host);
  if (six === undefined) throw new TypeError("not an IP address");
  return Uint8Array.from(six.groups.flatMap((group) => [group >> 8, group & 0xff]));
}

/** Whether one listens there on every address of the machine: of both families (`::`), or of IPv4. */
export function isEveryInterface(host: string): boolean {
  return host === EVERY_INTERFACE || host === "0.0.0.0";
}

/** From where an address can be called. `link`: IPv6 with a zone. A private network may be a VPN or a provider's. */
export type AddressScope = "machine" | "link" | "network" | "internet";

/** A name counts as of the internet. */
export function scopeOf(host: string): AddressScope {
  const [a = -1, b = -1] = parseIpv4(host) ?? [];
  if (a === 127 || host === "::1" || host === "localhost") return "machine";
  // Self-assigned (RFC 3927): of the same network, and without a zone.
  if (a === 169 && b === 254) return "network";
  // RFC 1918; RFC 6598.
  if (a === 10 || (a === 172 && b >> 4 === 1) || (a === 192 && b === 168) || (a === 100 && b >> 6 === 1)) {
    return "network";
  }
  const ip = parseIpv6(host);
  if (ip === undefined) return "internet";
  if (isLinkLocal(ip)) return "link";
  return (ip.groups[0]! & 0xfe00) === 0xfc00 ? "network" : "internet"; // RFC 4193
}

/** What counts as one address (docs/PROTOCOL.md section 8): an IPv4 address, an IPv6 /64, or a whole link-local one with its zone. */
export function site64(host: string): string {
  const bare = bareHost(host);
  const ip = parseIpv6(bare);
  return ip === undefined || isLinkLocal(ip) ? bare : prefixOf(ip.groups, 4);
}

/** The network around an address and the wide one around that: an IPv4 /24 and /16, an IPv6 /48 and /32. */
export function networkOf(host: string): { readonly network: string; readonly wide: string } {
  const bare = bareHost(host);
  const v4 = parseIpv4(bare);
  if (v4 !== undefined) {
    const [a, b, c] = v4;
    return { network: `${a}.${b}.${c}.0/24`, wide: `${a}.${b}.0.0/16` };
  }
  const ip = parseIpv6(bare);
  if (ip === undefined) return { network: bare, wide: bare };
  return { network: prefixOf(ip.groups, 3), wide: prefixOf(ip.groups, 2) };
}

function prefixOf(groups: readonly number[], kept: number): string {
  return `${formatIpv6({ groups: groups.map((group, i) => i < kept ? group : 0), zone: "" })}/${kept * 16}`;
}

// --- Parsing --------------------------------------------------------------------------------------------------------

function parse(text: string, lowestPort: number): Address | AddressFault {
  if (text === "") return "empty";
  const [host, portText] = split(text) ?? [];
  if (host === undefined) return "brackets";
  const port = portText === undefined ? DEFAULT_PORT : parsePort(portText, lowestPort);
  if (port === undefined) return "port";
  if (host === "") return "empty";
  if (host.includes(":")) {
    const ip = parseIpv6(host);
    if (ip !== undefined) return { host: bareHost(host), port };
    return host.includes("%") && parseIpv6(host.slice(0, host.indexOf("%"))) !== undefined ? "zone" : "host";
  }
  if (text.startsWith("[")) return "brackets";
  if (parseIpv4(host) !== undefined) return { host, port };
  const name = host.toLowerCase().replace(/\.$/, "");
  return isName(name) ? { host: name, port } : "host";
}

/** Host without brackets, and the port's text if there is one. Undefined: the brackets are wrong. */
function split(text: string): [host: string, port: string | undefined] | undefined {
  if (text.startsWith("[")) {
    const end = text.indexOf("]");
    const host = text.slice(1, end);
    const behind = text.slice(end + 1);
    if (end < 0 || host.includes("[") || !/^(?::|$)/.test(behind)) return undefined;
    return [host, behind === "" ? undefined : behind.slice(1)];
  }
  if (/[[\]]/.test(text)) return undefined;
  const first = text.indexOf(":");
  // Two colons or more without brackets: an IPv6 address, and none of them is before a port.
  if (first === -1 || text.indexOf(":", first + 1) !== -1) return [text, undefined];
  return [text.slice(0, first), text.slice(first + 1)];
}

function parsePort(text: string, lowest: number): number | undefined {
  if (!/^\d{1,5}$/.test(text)) return undefined;
  const port = Number(text);
  return port >= lowest && port <= 65535 ? port : undefined;
}

/** A host name (RFC 1123; underscores are seen in the wild). A last label of digits would be an IPv4 address in some other spelling. */
function isName(name: string): boolean {
  const labels = name.split(".");
  return name.length <= 253 && labels.every((label) => /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/.test(label)) &&
    !/^(\d+|0x[0-9a-f]*)$/.test(labels.at(-1)!);
}

/** With both families: IPv4 callers come in as IPv4-mapped. */
const EVERY_INTERFACE = "::";

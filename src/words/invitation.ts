// What to tell a friend who is to call: the line to type, with every address at which this machine may be reached.
// Nothing in it is secret. Pure. Out of scope: finding the addresses out (host/netlink.ts), reading such a line
// (chat/chat_args.ts).

import {
  type Address,
  type AddressScope,
  ALTERNATIVES_MAX,
  formatAddress,
  formatIp,
  isEveryInterface,
  parseListen,
  scopeOf,
} from "../transport/address.ts";

/**
 * In lines; the last is what the friend types, on its own so that it can be copied, with the addresses as alternatives of
 * one friend. `listening` is the
 * address that we listen on, with its real port; `own` are this machine's, undefined or empty if it could not be asked;
 * `mapped` are those that the router passes on to us, which come first.
 */
export function invitation(
  listening: string,
  own: readonly Uint8Array[] = [],
  mapped: readonly Address[] = [],
): string {
  const address = parseListen(listening);
  if (typeof address === "string") return typed(listening);
  const { host, port } = address;
  const every = isEveryInterface(host);
  if (every && mapped.length === 0 && own.length === 0) {
    return [
      `This program cannot look your address up here: ${SHOWS_ADDRESSES} shows it.`,
      typed(`YOUR-ADDRESS:${port}`),
    ].join("\n");
  }
  const all = every ? calledFrom(host, own) : [host];
  const of = (reach: AddressScope) => all.filter((ip) => scopeOf(ip) === reach).map((ip) => ({ host: ip, port }));
  const outer = new Set(mapped.map(formatAddress));
  const [near, allFar, here, link] = [of("network"), of("internet"), of("machine"), of("link")];
  const far = allFar.filter((address) => !outer.has(formatAddress(address)));
  const offered = [...mapped, ...far, ...near].slice(0, ALTERNATIVES_MAX);
  const line = offered.length > 0 ? offered : every ? here.slice(0, 1) : [address];
  const hints = !every
    ? told(link, "on the same cable or Wi-Fi; behind %, the friend types the name of their own interface")
    : [
      ...(link.length > 0 ? [LINK_LOCAL_LEFT_OUT] : []),
      ...(far.length + mapped.length === 0
        ? [
          `Over the internet, forward port ${port} on your router; your friend then types the router's public address.`,
        ]
        : []),
    ];
  return [
    ...told(mapped, "from the internet, since your router lets it through until you leave"),
    ...told(near, "within your own network (or VPN)"),
    ...told(far, "from the internet, unless a firewall or router blocks it"),
    ...told(here, "on this computer only"),
    ...hints,
    typed(line.map(formatAddress).join(", ")),
  ].join("\n");
}

/**
 * Where this machine can be called, as introductions tell it: what the invitation leads with, as `192.0.2.7:7373`. None
 * where that cannot be found out. `loopback`: nobody but this machine can call.
 */
export function calledAt(
  listening: string,
  own: readonly Uint8Array[] = [],
  mapped: readonly Address[] = [],
): { addresses: readonly string[]; loopback: boolean } {
  const address = parseListen(listening);
  if (typeof address === "string") return { addresses: [], loopback: false };
  const { host, port } = address;
  if (!isEveryInterface(host)) return { addresses: [formatAddress(address)], loopback: scopeOf(host) === "machine" };
  const all = calledFrom(host, own);
  const of = (scope: AddressScope) => all.filter((ip) => scopeOf(ip) === scope);
  const inner = [...of("internet"), ...of("network")].map((ip) => ({ host: ip, port }));
  const addresses = new Set([...mapped, ...inner].map(formatAddress));
  return { addresses: [...addresses].slice(0, ALTERNATIVES_MAX), loopback: false };
}

/** Our own addresses that calls can come in at, where one listens on every interface. */
function calledFrom(host: string, own: readonly Uint8Array[]): string[] {
  return own.filter((bytes) => host === "::" || bytes.length === 4).map(formatIp);
}

/** Spaces are where a screen may break the line. */
function typed(target: string): string {
  return `Your friend types:\nsesame connect ${forShell(target)}`;
}

/** Brackets and commas mean something to some shells. */
export function forShell(target: string): string {
  return /[[,]/.test(target) ? `'${target}'` : target;
}

function told(addresses: readonly Address[], where: string): string[] {
  return addresses.length === 0 ? [] : [`${addresses.map(formatAddress).join(" ")}: ${where}.`];
}

/** What a person types where we cannot ask the system. */
export const SHOWS_ADDRESSES = '"ip address" (on macOS ifconfig, on Windows ipconfig)';

const LINK_LOCAL_LEFT_OUT = "Link-local addresses are left out: they need the name of the friend's own interface.";

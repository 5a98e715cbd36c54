// Two homes, each behind a router, and the internet between them: network namespaces, rules of nft for what each kind of
// router does, and a delay. Scope: making and removing them. Out of scope: what runs in a home (table.ts, the tests).

import { existsSync } from "node:fs";
import { Child } from "../harness/child.ts";
import { apart, hasNamespaces, Place } from "../harness/netns.ts";

/** What stands between a home and the internet, and how it treats a stranger's SYN. */
export type Kind =
  | "drops" // keeps ports, drops
  | "resets" // keeps ports, answers with a reset
  | "rejects" // keeps ports, answers with ICMP
  | "open" // keeps ports, filters nothing: its own TCP answers
  | "random" // another outer port for each connection
  | "double" // two of the first, one behind the other, as of a provider
  | "none" // no router at all
  | "v6"; // IPv6 alone, no translation, a stateful firewall that drops

export const KINDS: readonly Kind[] = ["drops", "resets", "rejects", "open", "random", "double", "none", "v6"];

export function hasHomes(...programs: readonly string[]): boolean {
  if (!hasNamespaces("nft", "python3", ...programs)) return false;
  const tun = existsSync("/dev/net/tun");
  if (!tun) console.warn("SKIPPED: needs /dev/net/tun.");
  return tun;
}

export interface Home {
  /** Where the person sits. */
  readonly host: Place;
  /** The router that the host sends to; the host itself where there is none. */
  readonly router: Place;
  /** The address that a friend types. */
  readonly outer: string;
  /** The same of IPv6, which every home has: none is translated, and the router treats a stranger's SYN as it does with IPv4. */
  readonly outer6: string;
}

/** A home of each kind; `await using` removes them. */
export class Homes implements AsyncDisposable {
  readonly homes: Home[] = [];
  readonly #places: Place[] = [];
  #internet: Child | undefined;

  /** `delayMs`: each way. */
  static async make(kinds: readonly Kind[], delayMs = 10): Promise<Homes> {
    const homes = new Homes();
    const id = `rea-${apart()}`;
    try {
      homes.homes.push(...kinds.map((kind, i) => homes.#home(id, kind, i + 1)));
      await homes.#connect(kinds, delayMs);
    } catch (error) {
      await homes[Symbol.asyncDispose]();
      throw error;
    }
    return homes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#internet?.[Symbol.asyncDispose]();
    for (const place of this.#places) place.remove();
  }

  #home(id: string, kind: Kind, number: number): Home {
    const place = (what: string) => {
      const made = new Place(`${id}-${what}${number}`, []);
      this.#places.push(made);
      made.make();
      return made;
    };
    const host = place("h");
    const router = kind === "none" ? host : place("r");
    const edge = kind === "double" ? place("p") : router;
    if (router !== host) wire(host, router, `192.168.${number}`, `2001:db8:${number}:`);
    if (edge !== router) {
      wire(router, edge, `100.64.${number}`, `2001:db8:${number}:1:`);
      edge.run("ip", ["-6", "route", "add", `2001:db8:${number}::/64`, "via", `2001:db8:${number}:1::10`]);
    }
    const outer6 = `[2001:db8:${number}::10]`;
    return { host, router, outer: kind === "v6" ? outer6 : `203.0.113.${number}`, outer6 };
  }

  async #connect(kinds: readonly Kind[], delayMs: number): Promise<void> {
    const edges = this.homes.map(({ router }, i) =>
      kinds[i] === "double" ? this.#places.find(({ name }) => name.endsWith(`p${i + 1}`))! : router
    );
    this.#internet = new Child([
      "python3",
      new URL("internet.py", import.meta.url).pathname,
      String(delayMs),
      ...edges.map(({ name }, i) => `${name}=203.0.113.${i + 1}/32,2001:db8:${i + 1}::/48`),
    ]);
    await this.#internet.until(/ready/);
    edges.forEach((edge, i) => {
      edge.run("ip", ["address", "add", `203.0.113.${i + 1}/24`, "dev", "wire"]);
      edge.run("ip", ["link", "set", "wire", "up"]);
      edge.run("ip", ["route", "add", "default", "dev", "wire"]);
      edge.run("ip", ["-6", "route", "add", "default", "dev", "wire"]);
      if (kinds[i] !== "none") rules(edge, kinds[i]!);
      else edge.run("ip", ["address", "add", `2001:db8:${i + 1}::10/64`, "dev", "wire", "nodad"]);
      if (kinds[i] === "double") rules(this.homes[i]!.router, "drops");
    });
  }
}

/** A wire between a host (.10) and its router (.1), and the way out. */
function wire(host: Place, router: Place, net: string, net6?: string): void {
  const [up, down] = ["wire", "lan"];
  host.run("ip", ["link", "add", up, "type", "veth", "peer", "name", down, "netns", router.name]);
  for (const [place, device, last] of [[host, up, 10], [router, down, 1]] as const) {
    place.run("ip", ["address", "add", `${net}.${last}/24`, "dev", device]);
    if (net6 !== undefined) place.run("ip", ["address", "add", `${net6}:${last}/64`, "dev", device, "nodad"]);
    place.run("ip", ["link", "set", device, "up"]);
  }
  host.run("ip", ["route", "add", "default", "via", `${net}.1`]);
  if (net6 !== undefined) host.run("ip", ["-6", "route", "add", "default", "via", `${net6}:1`]);
  router.run("sysctl", ["-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"]);
}

/** What a router does with what comes in from outside. The empty chains are where miniupnpd puts its own. */
function rules(router: Place, kind: Kind): void {
  const wan = "wire";
  const verdict = { resets: "reject with tcp reset", rejects: "reject", open: "accept" }[kind as string] ?? "drop";
  const translate = kind === "v6"
    ? ""
    : `oifname "${wan}" meta nfproto ipv4 masquerade ${kind === "random" ? "fully-random" : ""}`;
  router.run("nft", [`
table inet filter {
  chain input {
    type filter hook input priority 0; policy accept;
    ct state established,related accept;
    iifname "${wan}" meta l4proto tcp ${verdict};
    iifname "${wan}" meta l4proto udp drop;
  }
  chain forward {
    type filter hook forward priority 0; policy accept;
    ct state established,related accept;
    iifname "${wan}" jump miniupnpd;
    iifname "${wan}" meta nfproto ipv6 ${verdict};
    iifname "${wan}" drop;
  }
  chain miniupnpd { }
  chain prerouting_miniupnpd { }
  chain postrouting_miniupnpd { }
  chain prerouting { type nat hook prerouting priority -100; jump prerouting_miniupnpd; }
  chain postrouting { type nat hook postrouting priority 100; jump postrouting_miniupnpd; ${translate}; }
}`]);
}

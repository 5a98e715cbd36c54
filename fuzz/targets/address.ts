// Addresses as people type them and sockets report them. Input: characters.

import {
  bareHost,
  formatAddress,
  isIpAddress,
  networkOf,
  parseListen,
  parseTarget,
  site64,
} from "../../src/transport/address.ts";
import { must, type Target, utf8 } from "../target.ts";

const EXAMPLES = [
  "192.0.2.7",
  "192.0.2.7:7373",
  "[2001:db8::1]:7373",
  "2001:db8::1",
  "::ffff:192.0.2.7",
  "fe80::1%eth0",
  "[fe80::1%eth0]:1",
  "friend.example:99",
  ":7373",
  "7373",
  "::",
  "1:2:3:4:5:6:7:8",
  "a_b.example.",
  "0x7f.1",
  "1.2.3.04",
];

export const target: Target = {
  name: "address",
  maxLength: 120,
  dictionary: ["::", "%eth0", "ffff:", "fe80", "[", "]", ":65535", "192.0.2.7", ".0", "0x"],
  seeds: () => EXAMPLES.map(utf8),
  make: () => Promise.resolve(run),
};

const FAULTS = ["empty", "host", "port", "brackets", "zone"];

function run(data: Uint8Array): void {
  const text = String.fromCharCode(...data.subarray(0, 400));
  for (const parse of [parseTarget, parseListen]) {
    const got = parse(text); // never throws
    if (typeof got === "string") {
      must(FAULTS.includes(got), "a fault is one of the words");
      continue;
    }
    must(Number.isInteger(got.port) && got.port >= (parse === parseTarget ? 1 : 0) && got.port <= 65535, "a port");
    must(got.host !== "" && got.host.length <= 253 && !/[\s[\]\p{Cc}/]/u.test(got.host), "a host is one word");
    must(got.host === bareHost(got.host), "one spelling for one address");
    must(isIpAddress(got.host) || /^[a-z0-9._-]+$/.test(got.host), "an address or a name in lower case");
    const ipv4 = isIpAddress(got.host) && !got.host.includes(":");
    must(!ipv4 || got.host.split(".").map(Number).join(".") === got.host, "an IPv4 address has one spelling");
    // Where names are resolved, 0x7f.1 and 010.0.0.1 are addresses in other spellings.
    must(isIpAddress(got.host) || !/^(\d+|0x[0-9a-f]*)$/.test(got.host.split(".").at(-1)!), "a name is no odd address");
    must(JSON.stringify(parse(formatAddress(got))) === JSON.stringify(got), "round trip");
  }
  sites(text);
}

function sites(host: string): void {
  const bare = bareHost(host);
  must(bareHost(bare) === bare, "bareHost() is idempotent");
  must(isIpAddress(bare) === isIpAddress(host), "it stays what it was");
  const [small, { network, wide }] = [site64(host), networkOf(host)];
  const again = networkOf(bare);
  must(site64(bare) === small && again.network === network && again.wide === wide, "every spelling counts as the same");
  if (!isIpAddress(host)) return must(small === bare && network === bare && wide === bare, "a name counts as itself");
  if (!bare.includes(":")) {
    return must(small === bare && network.endsWith(".0/24") && wide.endsWith(".0.0/16"), "IPv4 counts by /24 and /16");
  }
  const linkLocal = /^fe[89ab][0-9a-f]:/.test(bare);
  must(linkLocal ? small === bare : small.endsWith("/64"), "IPv6 counts by /64");
  must(network.endsWith("/48") && wide.endsWith("/32"), "and by /48 and /32");
  if (!linkLocal) must(networkOf(small.slice(0, -3)).network === network, "a /64 lies in its /48");
  must(networkOf(network.slice(0, -3)).wide === wide, "a /48 lies in its /32");
}

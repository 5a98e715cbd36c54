// Addresses as people type them and sockets report them. Input: characters.

import {
  bareHost,
  formatAddress,
  isIpAddress,
  parseListen,
  parseTarget,
  site48,
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
  const [small, large] = [site64(host), site48(host)];
  must(site64(bare) === small && site48(bare) === large, "every spelling counts as the same");
  if (!isIpAddress(host) || !bare.includes(":")) {
    return must(small === bare && large === bare, "IPv4 counts as itself");
  }
  const linkLocal = /^fe[89ab][0-9a-f]:/.test(bare);
  must(linkLocal ? small === bare : small.endsWith("/64") && large.endsWith("/48"), "IPv6 counts by /64 and /48");
  if (!linkLocal) {
    must(site48(small.slice(0, -3)) === large, "a /64 lies in its /48");
  }
}

// Every kind of address against every kind of link, as a table.

import { strictEqual as equal } from "node:assert/strict";
import { mayUse } from "./address_rules.ts";

const LINKS = {
  "F dialled me from the internet": { remote: "203.0.113.9:50000", dialled: false },
  "I dialled F on the internet": { remote: "203.0.113.9:7373", dialled: true },
  "F is on my network": { remote: "192.168.1.7:7373", dialled: true },
  "F dialled me on my IPv6 network": { remote: "[fd00::7]:50000", dialled: false },
  "I dialled F at loopback": { remote: "127.0.0.1:7373", dialled: true },
  "F dialled me at loopback": { remote: "127.0.0.1:50000", dialled: false },
  "I dialled F at ::1": { remote: "[::1]:7373", dialled: true },
  "F's end has a zone": { remote: "", dialled: true },
} as const;
type LinkName = keyof typeof LINKS;
const ALL = Object.keys(LINKS) as LinkName[];
const NONE: LinkName[] = [];
const PRIVATE: LinkName[] = ["F is on my network", "F dialled me on my IPv6 network"];
const LOOPBACK: LinkName[] = ["I dialled F at loopback", "I dialled F at ::1"];

const TABLE: readonly (readonly [address: string, may: readonly LinkName[]])[] = [
  ["8.8.8.8:7373", ALL],
  ["203.0.113.1:7373", ALL], // a documentation range
  ["198.51.100.2:443", ALL],
  ["192.0.2.1:1024", ALL],
  ["223.255.255.255:65535", ALL],
  ["1.0.0.0:7373", ALL],
  ["[2001:db8::1]:7373", ALL],
  ["[2001:db8::1%eth0]:7373", NONE],
  ["[2a00:1450::1]:443", ALL],
  ["[3fff:ffff::1]:7373", ALL],
  ["[2001:1::1]:7373", ALL], // beside Teredo
  ["[2003::1]:7373", ALL], // beside 6to4
  ["10.0.0.1:7373", PRIVATE],
  ["10.255.255.255:7373", PRIVATE],
  ["172.16.0.1:7373", PRIVATE],
  ["172.31.255.255:7373", PRIVATE],
  ["192.168.1.1:7373", PRIVATE],
  ["100.64.0.1:7373", PRIVATE],
  ["100.127.255.255:7373", PRIVATE],
  ["[fc00::1]:7373", PRIVATE],
  ["[fdff::1]:7373", PRIVATE],
  ["11.0.0.1:7373", ALL],
  ["172.15.0.1:7373", ALL],
  ["172.32.0.1:7373", ALL],
  ["192.167.1.1:7373", ALL],
  ["192.169.1.1:7373", ALL],
  ["100.63.0.1:7373", ALL],
  ["100.128.0.1:7373", ALL],
  ["8.16.0.1:7373", ALL],
  ["8.168.0.1:7373", ALL],
  ["8.64.0.1:7373", ALL],
  ["8.254.0.1:7373", ALL],
  ["169.253.0.1:7373", ALL],
  ["127.0.0.1:7373", LOOPBACK],
  ["127.255.255.255:7373", LOOPBACK],
  ["[::1]:7373", LOOPBACK],
  ["0.0.0.0:7373", NONE],
  ["0.1.2.3:7373", NONE],
  ["169.254.1.1:7373", NONE],
  ["224.0.0.1:7373", NONE],
  ["239.255.255.255:7373", NONE],
  ["240.0.0.1:7373", NONE],
  ["255.255.255.255:7373", NONE],
  ["[::]:7373", NONE],
  ["[::2]:7373", NONE],
  ["[ff02::1]:7373", NONE],
  ["[fe80::1]:7373", NONE],
  ["[febf::1]:7373", NONE],
  ["[fec0::1]:7373", NONE],
  ["[100::1]:7373", NONE],
  ["[4000::1]:7373", NONE],
  ["[1fff::1]:7373", NONE],
  ["[::ffff:808:808]:7373", NONE], // IPv4-mapped
  ["[::ffff:7f00:1]:7373", NONE],
  ["[::808:808]:7373", NONE], // IPv4-compatible
  ["[64:ff9b::808:808]:7373", NONE], // NAT64
  ["[64:ff9b:1::808:808]:7373", NONE],
  ["[2002:808:808::1]:7373", NONE], // 6to4
  ["[2001:0:808:808::1]:7373", NONE], // Teredo
  ["[2001:db8::5efe:808:808]:7373", NONE], // ISATAP
  ["[2001:db8::200:5efe:808:808]:7373", NONE],
  ["[2001:db8:0:1:0:5efe:808:808]:7373", NONE],
  ["[fd00::5efe:808:808]:7373", NONE], // in a private network too
  ["[fd00::200:5efe:7f00:1]:7373", NONE],
  ["[2001:db8::1:5efe:808:808]:7373", ALL], // beside ISATAP
  ["[fd00::1:5efe:808:808]:7373", PRIVATE],
  ["[2001:db8::1%eth0]:7373", NONE],
  ["[fe80::1%eth0]:7373", NONE],
  ["localhost:7373", NONE],
  ["8.8.8.8:1", NONE],
  ["8.8.8.8:25", NONE],
  ["8.8.8.8:80", NONE],
  ["8.8.8.8:442", NONE],
  ["8.8.8.8:444", NONE],
  ["8.8.8.8:1023", NONE],
  ["127.0.0.1:25", NONE],
  ["[2001:db8::1]:22", NONE],
];

Deno.test("an address may be told and called as the table says, by the link with the friend in the middle", () => {
  for (const [address, may] of TABLE) {
    for (const name of ALL) equal(mayUse(address, LINKS[name]), may.includes(name), `${address}, ${name}`);
  }
});

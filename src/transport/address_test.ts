import assert from "node:assert/strict";
import { DEFAULT_PORT } from "../constants.ts";
import {
  bareHost,
  formatAddress,
  isIpAddress,
  listenHosts,
  networkOf,
  parseListen,
  parseTarget,
  site64,
} from "./address.ts";

Deno.test("parseTarget() reads every form that a person may type", () => {
  const forms: [string, string, number][] = [
    ["192.0.2.7", "192.0.2.7", DEFAULT_PORT],
    ["192.0.2.7:1", "192.0.2.7", 1],
    ["friend.example:65535", "friend.example", 65535],
    ["Friend.Example.", "friend.example", DEFAULT_PORT],
    ["localhost", "localhost", DEFAULT_PORT],
    ["my_box-2:80", "my_box-2", 80],
    ["[2001:db8::1]:443", "2001:db8::1", 443],
    ["[2001:DB8:0:0:0:0:0:1]", "2001:db8::1", DEFAULT_PORT],
    ["2001:db8::1", "2001:db8::1", DEFAULT_PORT],
    ["::1", "::1", DEFAULT_PORT],
    ["fe80::1%eth0", "fe80::1%eth0", DEFAULT_PORT],
    ["[fe80::1%wlan0.7]:9", "fe80::1%wlan0.7", 9],
    ["[::ffff:192.0.2.7]:9", "192.0.2.7", 9],
  ];
  for (const [text, host, port] of forms) assert.deepEqual(parseTarget(text), { host, port }, text);
});

Deno.test("parseTarget() says what is wrong", () => {
  const faults: [string, string][] = [
    ["", "empty"],
    [":7373", "empty"],
    ["[]:7373", "empty"],
    ["host:0", "port"],
    ["host:65536", "port"],
    ["host:", "port"],
    ["host:http", "port"],
    ["host:+80", "port"],
    ["host: 80", "port"],
    ["host:000080", "port"],
    ["host:٣", "port"],
    ["[::1", "brackets"],
    ["::1]", "brackets"],
    ["[::1]7373", "brackets"],
    ["[192.0.2.7]:80", "brackets"],
    ["[friend.example]", "brackets"],
    ["[[::1]]", "brackets"],
    ["fe80::1%", "zone"],
    ["fe80::1%a b", "zone"],
    ["2001:db8::1%eth0", "zone"],
    ["fe80::1%eth0%eth1", "zone"],
    ["1:2:3", "host"],
    ["::1::", "host"],
    ["1:2:3:4:5:6:7:8:9", "host"],
    ["12345::", "host"],
    [":::", "host"],
    ["two words", "host"],
    ["-dash.example", "host"],
    ["a..b", "host"],
    ["https://friend.example", "port"],
    ["friend.example/path", "host"],
    ["user@friend.example", "host"],
    ["192.0.2.256", "host"],
    ["192.0.2.07", "host"],
    ["192.0.2", "host"],
    ["3221225991", "host"],
    ["0x7f000001", "host"],
    ["friend\u0000.example", "host"],
    ["friend\n", "host"],
    [`${"a".repeat(64)}.example`, "host"],
    [`${"a.".repeat(127)}example`, "host"],
    ["fründ.example", "host"],
  ];
  for (const [text, fault] of faults) assert.equal(parseTarget(text), fault, JSON.stringify(text));
});

Deno.test("parseListen() also takes a port alone and port 0", () => {
  assert.deepEqual(parseListen("7400"), { host: "::", port: 7400 });
  assert.deepEqual(parseListen(":7400"), { host: "::", port: 7400 });
  assert.deepEqual(parseListen("0"), { host: "::", port: 0 });
  assert.deepEqual(parseListen("127.0.0.1:0"), { host: "127.0.0.1", port: 0 });
  assert.deepEqual(parseListen("[::1]:0"), { host: "::1", port: 0 });
  assert.deepEqual(parseListen("127.0.0.1"), { host: "127.0.0.1", port: DEFAULT_PORT });
  assert.equal(parseListen("65536"), "port");
  assert.equal(parseListen(":"), "port");
  assert.equal(parseListen(""), "empty");
});

Deno.test("formatAddress() is what parseTarget() reads", () => {
  for (const text of ["192.0.2.7:7373", "[2001:db8::1]:7373", "[fe80::1%eth0]:1", "friend.example:7373"]) {
    const address = parseTarget(text);
    assert(typeof address === "object");
    assert.equal(formatAddress(address), text);
  }
});

Deno.test("bareHost() has one spelling for one address", () => {
  const spellings: [string, string][] = [
    ["::ffff:192.0.2.7", "192.0.2.7"],
    ["::FFFF:c000:0207", "192.0.2.7"],
    ["0:0:0:0:0:ffff:192.0.2.7", "192.0.2.7"],
    ["::192.0.2.7", "::c000:207"],
    ["2001:0db8:0000:0000:0001:0000:0000:0001", "2001:db8::1:0:0:1"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["0:0:0:0:0:0:0:0", "::"],
    ["1::", "1::"],
    ["FE80::1%eth0", "fe80::1%eth0"],
    ["192.0.2.7", "192.0.2.7"],
    ["friend.example", "friend.example"],
  ];
  for (const [host, bare] of spellings) assert.equal(bareHost(host), bare, host);
});

Deno.test("site64() and networkOf() count by /64, /48 and /32, or by address, /24 and /16", () => {
  assert.equal(site64("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
  assert.deepEqual(networkOf("2001:db8:1:2:3:4:5:6"), { network: "2001:db8:1::/48", wide: "2001:db8::/32" });
  assert.deepEqual(networkOf("192.0.2.7"), { network: "192.0.2.0/24", wide: "192.0.0.0/16" });
  assert.deepEqual(networkOf("::ffff:192.0.2.7"), networkOf("192.0.2.250"));
  assert.deepEqual(networkOf("fe80::1%eth0"), networkOf("fe80::2%eth0"));
  assert.equal(site64("2001:db8:1:2::"), site64("2001:db8:1:2:ffff::1"));
  assert.notEqual(site64("2001:db8:1:2::1"), site64("2001:db8:1:3::1"));
  assert.deepEqual(networkOf("2001:db8:1:2::1"), networkOf("2001:db8:1:3::1"));
  assert.notDeepEqual(networkOf("2001:db8:1:2::1"), networkOf("2001:db8:2:2::1"));
  assert.equal(site64("192.0.2.7"), "192.0.2.7");
  assert.equal(site64("::ffff:192.0.2.7"), "192.0.2.7");
  assert.equal(site64("fe80::1%eth0"), "fe80::1%eth0");
  assert.notEqual(site64("fe80::1%eth0"), site64("fe80::1%eth1"));
  assert.notEqual(site64("fe80::1"), site64("fe80::2"));
});

Deno.test("isIpAddress() tells addresses from names", () => {
  for (const ip of ["192.0.2.7", "::1", "fe80::1%eth0"]) assert(isIpAddress(ip));
  for (const name of ["localhost", "192.0.2", "fe80", ""]) assert(!isIpAddress(name));
});

Deno.test("on Windows every interface is listened on in both families, since `::` takes no IPv4 there", () => {
  assert.deepEqual(listenHosts("::", "windows"), ["::", "0.0.0.0"]);
  assert.deepEqual(listenHosts("::", "linux"), ["::"]);
  for (const host of ["0.0.0.0", "127.0.0.1", "::1"]) assert.deepEqual(listenHosts(host, "windows"), [host]);
});

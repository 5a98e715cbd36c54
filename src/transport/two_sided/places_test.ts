import { deepStrictEqual as deepEqual } from "node:assert/strict";
import { meetingPlaces } from "./places.ts";

const at = (...hosts: string[]) => hosts.map((host) => ({ host, port: 7373 }));

Deno.test("a friend is met at the port after the one that is called, and at 65534 for 65535", () => {
  deepEqual(meetingPlaces([{ host: "203.0.113.7", port: 7373 }], []), [{ host: "203.0.113.7", port: 7374 }]);
  deepEqual(meetingPlaces([{ host: "203.0.113.7", port: 65535 }], []), [{ host: "203.0.113.7", port: 65534 }]);
  deepEqual(meetingPlaces([{ host: "203.0.113.7", port: 65534 }], []), [{ host: "203.0.113.7", port: 65535 }]);
});

Deno.test("of each family there is one place, the first", () => {
  const places = meetingPlaces(at("203.0.113.7", "2001:db8::7", "203.0.113.8", "2001:db8::8"), []);
  deepEqual(places.map(({ host }) => host), ["2001:db8::7", "203.0.113.7"]);
});

Deno.test("nobody is met at an own, loopback, unspecified, multicast or broadcast address", () => {
  const own = [Uint8Array.of(192, 168, 1, 10), Uint8Array.fromHex("20010db8000000000000000000000010")];
  const refused = ["192.168.1.10", "2001:db8::10", "127.0.0.1", "127.9.9.9", "::1", "0.0.0.0", "::", "224.0.0.1"];
  deepEqual(meetingPlaces(at(...refused, "239.255.255.250", "255.255.255.255", "ff02::1", "ff0e::7"), own), []);
  deepEqual(meetingPlaces(at(...refused, "192.168.1.11"), own), [{ host: "192.168.1.11", port: 7374 }]);
  deepEqual(meetingPlaces(at("223.255.255.254"), own).length, 1, "the last before multicast");
});

import { strictEqual as equal } from "node:assert/strict";
import { isOwnAddress, portFault } from "./free_port.ts";

Deno.test("portFault() says why a port cannot be listened on, also for a host of a name that nobody knows", () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  equal(portFault(`127.0.0.1:${taken.addr.port}`), "EADDRINUSE");
  equal(portFault("192.0.2.254:7373"), "EADDRNOTAVAIL");
  equal(portFault("no-such-host.invalid:7373"), "EADDRNOTAVAIL");
  equal(portFault("127.0.0.1:0"), undefined);
  equal(portFault("no address at all"), undefined);
});

Deno.test("isOwnAddress() takes loopback for its own, and an address for documentation (RFC 5737) for another's", () => {
  equal(isOwnAddress("127.0.0.1"), true);
  equal(isOwnAddress("192.0.2.7"), false);
  equal(isOwnAddress("2001:db8::7"), false);
});

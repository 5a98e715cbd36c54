import { strictEqual as equal } from "node:assert/strict";
import { portFault } from "./free_port.ts";

Deno.test("portFault() says why a port cannot be listened on, also for a host of a name that nobody knows", () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  equal(portFault(`127.0.0.1:${taken.addr.port}`), "EADDRINUSE");
  equal(portFault("192.0.2.254:7373"), "EADDRNOTAVAIL");
  equal(portFault("no-such-host.invalid:7373"), "EADDRNOTAVAIL");
  equal(portFault("127.0.0.1:0"), undefined);
});

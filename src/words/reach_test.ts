import { deepStrictEqual as deepEqual, match } from "node:assert/strict";
import { reachChecks, type ReachFacts } from "./reach.ts";

const HOME: ReachFacts = {
  port: 7373,
  portIsFree: true,
  own: [Uint8Array.of(127, 0, 0, 1), Uint8Array.of(192, 168, 1, 10)],
  router: undefined,
};
const states = (facts: Partial<ReachFacts>) => reachChecks({ ...HOME, ...facts }).map(({ state }) => state);
const advice = (facts: Partial<ReachFacts>, check: string) =>
  reachChecks({ ...HOME, ...facts }).find((row) => row.check === check)?.advice ?? "";

Deno.test("a home behind a router: the port is free, the address is for the network only, the router was not asked", () => {
  deepEqual(states({}), ["ok", "weaker", "not here"]);
  match(advice({}, "addresses"), /^192\.168\.1\.10: within your own network only\. .*--map-port/);
  match(advice({}, "router"), /sesame doctor --map-port/);
});

Deno.test("each state has its words, and each problem says what to do", () => {
  match(advice({ portIsFree: false }, "port 7373"), /Another program has it.*sesame listen 7374/);
  match(advice({ own: [Uint8Array.of(203, 0, 113, 9)] }, "addresses"), /^203\.0\.113\.9: from the internet/);
  match(advice({ own: [Uint8Array.of(127, 0, 0, 1)] }, "addresses"), /not on a network/);
  match(advice({ own: undefined }, "addresses"), /"ip address" \(on macOS ifconfig, on Windows ipconfig\) shows them/);
  const address = { host: "203.0.113.1", port: 7373 };
  deepEqual(states({ router: { address, by: "pcp" } })[2], "ok");
  match(advice({ router: { address, by: "pcp" } }, "router"), /203\.0\.113\.1:7373 \(pcp\)/);
  match(advice({ router: "second-nat" }, "router"), /another router \(NAT\) in front of it\. Use IPv6/);
  match(advice({ router: "router-silent" }, "router"), /does not answer\. Switch on PCP or UPnP/);
});

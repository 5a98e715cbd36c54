import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import type { Host } from "../host/host.ts";
import type { LoopbackSocket } from "../host/socket_owner.ts";
import { FakeTor, tor } from "../transport/onion/control_test_tor.ts";
import { argsProblem, onionFault } from "./checks.ts";
import { controlsOf, LocalOnion, wantsTor, withLocalTor } from "./onion.ts";

/** A host of user 1001 on which these loopback ports have these owners; of IPv6 with a 6 before them. */
function host(owners: Readonly<Record<string, number>>): Host {
  return {
    userId: 1001,
    socketOwner: ({ near, far, six }: LoopbackSocket) => owners[`${six ? "6 " : ""}${near} ${far}`],
    readFile: () => -1,
  } as unknown as Host;
}

Deno.test("controlsOf() asks the port that was typed and no other, or Tor's two usual ones", () => {
  deepEqual(controlsOf("127.0.0.1:9999"), [{ host: "127.0.0.1", port: 9999 }]);
  deepEqual(controlsOf("").map(({ port }) => port), [9051, 9151]);
});

Deno.test("onionFault() takes a control port on loopback and nothing else", () => {
  for (const good of ["", "127.0.0.1:9051", "[::1]:9051"]) equal(onionFault(good), undefined, good);
  for (const far of ["192.168.1.1:9051", "tor.example:9051", "[2001:db8::1]:9051"]) {
    equal(onionFault(far), "elsewhere", far);
  }
  for (const wrong of ["127.0.0.1", "9051", "127.0.0.1:0", "127.0.0.1:x"]) equal(onionFault(wrong), "address", wrong);
  equal(argsProblem({ onion: "127.0.0.1:9051" }), undefined);
  equal(argsProblem({ onion: "192.0.2.1:9051" })?.wrong, "The control port is not on this machine's loopback.");
});

Deno.test("wantsTor() sees an onion name among the addresses of one friend", () => {
  const name = `${"a".repeat(56)}.onion`;
  equal(wantsTor(["192.0.2.7:7373"]), false);
  equal(wantsTor(["192.0.2.7", `192.0.2.8,${name.toUpperCase()}:7373`]), true);
  equal(wantsTor(["onion.example"]), false);
});

Deno.test("an onion name without --proxy takes nobody's port for Tor's but the system's and one's own, and asks no other", async () => {
  const wanted = { targets: [`${"a".repeat(56)}.onion`], proxy: undefined };
  equal(await withLocalTor(host({ "9050 0": 1002, "9150 0": 1002 }), wanted), wanted);
  const typed = { ...wanted, proxy: "socks5h://127.0.0.1:1" };
  equal(await withLocalTor(host({ "9050 0": 0 }), typed), typed);
});

for (const loopback of ["127.0.0.1", "::1"]) {
  Deno.test(`LocalOnion asks no control port of another user, and hears only callers whom its Tor brings: ${loopback}`, () =>
    heardFrom(loopback));
}

async function heardFrom(loopback: string): Promise<void> {
  const told: string[] = [];
  let became = () => {};
  const tell = (event: { type: string; fault?: string }) => {
    told.push(`${event.type} ${event.fault}`);
    became();
  };
  const foreign = new LocalOnion(host({ "9051 0": 1002 }), "", undefined, () => {});
  const refused = foreign.open(40001, tell);
  await refused.start();
  refused.close();
  deepEqual(told, ["failed untrusted"]);
  // Nobody is let in before there is a Tor that could bring them.
  equal(foreign.brought(50001, 40001), false);

  await using fake = await FakeTor.start(tor("NULL"), loopback);
  const { port } = fake.address;
  const six = loopback === "::1";
  const owners = { [`${six ? "6 " : ""}${port} 0`]: 103, "50001 40001": 103, "50002 40001": 1002 };
  const onion = new LocalOnion(host(owners), `${six ? "[::1]" : loopback}:${port}`, undefined, () => {});
  const service = onion.open(40001, tell);
  await service.start();
  equal(onion.brought(50001, 40001), true);
  equal(onion.brought(50002, 40001), false);
  equal(onion.brought(50003, 40001), false);
  // Tor has gone: by now its port may be anybody's.
  const gone = new Promise<void>((done) => became = done);
  for (const socket of fake.sockets) socket.destroy();
  await gone;
  equal(onion.brought(50001, 40001), false);
  service.close();
}

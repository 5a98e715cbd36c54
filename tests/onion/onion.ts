// Two real Sesames talk through a Tor network on this machine alone: one listens behind an onion service, the other
// calls its onion name. `deno task check onion [--calls N]`; it takes some minutes, and needs Debian's `tor`. The last
// line is `suite: N passed, N failed, N skipped`. Out of scope: the network (tor_network.ts), what can be wrong with a
// control port (control_faults.ts).

import { tellCounts } from "../../scripts/suites.ts";
import { addressOf, deliver, listen, scripted } from "../harness/process_pair.ts";
import type { JsonEvent, Sesame } from "../harness/process.ts";
import { hasProgram } from "../harness/product.ts";
import { controlFaults } from "./control_faults.ts";
import { TorNetwork } from "./tor_network.ts";

/** A circuit to an onion service may fail once or twice while the network is young. */
const FOUND_MS = 180_000;

interface World {
  readonly network: TorNetwork;
  /** Whom the service leads to that was made by hand. */
  readonly listener: Sesame;
  readonly calls: number;
}

function call({ network }: World, name: unknown, ...more: readonly string[]): Promise<Sesame> {
  return scripted(["connect", String(name), "--proxy", `socks5h://127.0.0.1:${network.socksPort}`, ...more]);
}

/** How long each call took until a message was confirmed; the first attempt of each has to get through. */
async function firstTime(world: World, listener: Sesame, name: unknown): Promise<void> {
  const times: number[] = [];
  for (let i = 1; i <= world.calls; i++) {
    const began = performance.now();
    await using caller = await call(world, name);
    await caller.event("connected", FOUND_MS);
    await deliver(caller, listener, `call ${i}`, 60_000);
    times.push((performance.now() - began) / 1000);
    await caller.endInput();
    await caller.ended(60_000);
  }
  times.sort((a, b) => a - b);
  const [median, worst] = [times[times.length >> 1]!, times.at(-1)!].map((time) => time.toFixed(1));
  console.log(
    `  ${times.length} of ${world.calls} calls at the first try; message confirmed after ${median} s, at worst ${worst} s.`,
  );
}

async function published(listener: Sesame, began: number, but?: unknown): Promise<JsonEvent> {
  const told = await listener.event((event) => event.event === "onion" && event.address !== but, FOUND_MS);
  const confirmed = told.confirmed === true ? "confirmed" : "not confirmed";
  console.log(`  ${told.address} after ${((performance.now() - began) / 1000).toFixed(1)} s, ${confirmed}.`);
  if (but === undefined && told.confirmed !== true) throw new Error("Tor confirmed no upload");
  return told;
}

/** The first connection after a break may still end as a second one of the same friend, and what was said on it with it. */
async function again(from: Sesame, to: Sesame, text: string): Promise<void> {
  for (let tries = 1;; tries++) {
    try {
      return void await deliver(from, to, `${text} ${tries}`, 15_000);
    } catch (error) {
      if (tries === 8) throw error;
    }
  }
}

function named({ network }: World, more: readonly string[] = []): Promise<Sesame> {
  return scripted(["listen", `--onion=127.0.0.1:${network.serviceControl}`, ...more]);
}

const ROWS: readonly (readonly [name: string, run: (world: World) => Promise<void>])[] = [
  ["a service made by hand is called, and a message goes each way", async (world) => {
    const { network, listener } = world;
    await using caller = await call(world, network.onion);
    await caller.event("connected", FOUND_MS);
    console.log(`  connected at call ${caller.all("connecting").length}.`);
    const { address } = await listener.event("connected");
    // That is its own Tor.
    if (!String(address).startsWith("127.0.0.1:")) throw new Error(`the caller has the address ${address}`);
    await deliver(caller, listener, "through six hops", 60_000);
    await deliver(listener, caller, "and back", 60_000);
  }],
  ["an onion name that is none ends with its reason", async (world) => {
    await using nobody = await call(world, `${"a".repeat(56)}.onion`, "--once");
    await nobody.ended(120_000);
    const refused = nobody.all("refused")[0]?.reason;
    console.log(`  "${refused}": ${nobody.stderr.trim()}`);
    if (refused !== "proxy-refused" && refused !== "unreachable") throw new Error("that is no reason for it");
  }],
  ["--onion: a name is told once it is published, and called at the first try", async (world) => {
    const began = performance.now();
    await using listener = await named(world);
    const { address } = await published(listener, began);
    // The port is open to this machine only, and there to those whom Tor brings: root's own calls are not Tor's.
    const listening = String((await listener.event("listening")).address);
    if (!listening.startsWith("127.0.0.1:")) throw new Error(`it listens on ${listening}`);
    await firstTime(world, listener, address);
  }],
  [
    "Tor is restarted in the middle: a new name, and both sides call and are called again",
    async (world) => {
      const { network } = world;
      await using listener = await named(world);
      const { address } = await published(listener, performance.now());
      await using caller = await call(world, address);
      await caller.event("connected", FOUND_MS);
      await network.restart("client");
      const back = performance.now();
      // The friend is found to be gone, and called through the Tor that has come back.
      await caller.until(() => caller.all("connected").length >= 2, "connected again", FOUND_MS);
      await again(caller, listener, "after the caller's Tor");
      console.log(
        `  the caller's Tor was restarted: here again after ${((performance.now() - back) / 1000).toFixed(1)} s.`,
      );
      await network.restart("service");
      const anew = await published(listener, performance.now(), address);
      await using other = await call(world, anew.address);
      await other.event("connected", FOUND_MS);
      await deliver(other, listener, "after the listener's Tor", 60_000);
      await listener.endInput();
      await listener.ended(60_000);
    },
  ],
  ["a control port that cannot be used ends with its sentence and code", ({ network }) => controlFaults(network)],
];

async function talk(calls: number): Promise<{ passed: number; failed: number }> {
  await using listener = await listen();
  const port = Number((await addressOf(listener)).split(":").at(-1));
  console.log("Starting 8 tor processes on loopback ...");
  const began = performance.now();
  await using network = await TorNetwork.start(port);
  console.log(`The network stands after ${((performance.now() - began) / 1000).toFixed(1)} s.`);
  let [passed, failed] = [0, 0];
  for (const [name, run] of ROWS) {
    console.log(`${name}:`);
    try {
      await run({ network, listener, calls });
      passed++;
    } catch (error) {
      console.error(error);
      console.log(network.log());
      failed++;
    }
  }
  return { passed, failed };
}

if (import.meta.main) {
  const at = Deno.args.indexOf("--calls");
  let counts = { passed: 0, failed: 0, skipped: 0 };
  if (!["tor", "tor-gencert"].map(hasProgram).every((there) => there)) counts = { ...counts, skipped: 1 };
  else counts = { ...counts, ...await talk(at < 0 ? 5 : Number(Deno.args[at + 1])) };
  Deno.exit(tellCounts(counts));
}

// Two real Sesames talk through a Tor network of this machine alone: one listens behind an onion service, the other calls
// its onion name with --proxy. `deno task check onion`; it takes a minute or two, and wants Debian's `tor`.
// The last line is `suite: N passed, N failed, N skipped`. Not in here: the network (tests/onion/tor_network.ts).

import { exitCodeOf } from "../../scripts/suites.ts";
import { addressOf, deliver, listen, PHRASE } from "../harness/process_pair.ts";
import { Sesame } from "../harness/process.ts";
import { hasProgram } from "../harness/product.ts";
import { TorNetwork } from "./tor_network.ts";

const SCRIPTED = ["--json", "--phrase-fd", "0"];
/** A circuit to an onion service may fail once or twice while the network is young. */
const FOUND_MS = 180_000;
const CALLS = 5;

/** A name that Tor makes for `--onion`: told once published, called at the first try, made anew when Tor drops the service. */
async function named(network: TorNetwork): Promise<void> {
  const control = `127.0.0.1:${network.serviceControl}`;
  const began = performance.now();
  const seconds = () => ((performance.now() - began) / 1000).toFixed(1);
  await using listener = await Sesame.start(["listen", `--onion=${control}`, ...SCRIPTED], { phrase: PHRASE });
  const { address, confirmed } = await listener.event("onion", FOUND_MS);
  console.log(`--onion: ${address} after ${seconds()} s, ${confirmed ? "confirmed" : "not confirmed"}.`);
  if (confirmed !== true) throw new Error("Tor confirmed no upload");
  const listening = String((await listener.event("listening")).address);
  const proxy = ["--proxy", `socks5h://127.0.0.1:${network.socksPort}`];
  for (let call = 1; call <= CALLS; call++) {
    const called = performance.now();
    await using caller = await Sesame.start(["connect", String(address), ...proxy, ...SCRIPTED], { phrase: PHRASE });
    await caller.event("connected", FOUND_MS);
    await deliver(caller, listener, `call ${call}`, 60_000);
    console.log(`  call ${call}: a message confirmed after ${((performance.now() - called) / 1000).toFixed(1)} s.`);
    await caller.endInput();
    await caller.ended(60_000);
  }
  // The port is open to this machine only, and there to those whom Tor brings: root's own calls are not Tor's.
  if (!listening.startsWith("127.0.0.1:")) throw new Error(`it listens on ${listening}`);
  await network.restartService();
  const anew = await listener.event(
    (event) => event.event === "onion" && event.address !== address,
    FOUND_MS,
  );
  console.log(`Tor was restarted: ${anew.address} after ${seconds()} s.`);
  await using again = await Sesame.start(["connect", String(anew.address), ...proxy, ...SCRIPTED], { phrase: PHRASE });
  await again.event("connected", FOUND_MS);
  await listener.endInput();
  await listener.ended(60_000);
}

/** What is wrong with the control port, each with its sentence and code. */
async function refusedPorts(network: TorNetwork): Promise<void> {
  const cases: [onion: string, words: RegExp][] = [
    [`127.0.0.1:${network.socksPort}`, /is Tor's SOCKS port\. Type its control port/],
    ["127.0.0.1:1", /Nothing answers on 127\.0\.0\.1:1\./],
    [`127.0.0.1:${network.relayPort}`, /is not Tor's control port|says nothing|hung up/],
  ];
  for (const [onion, words] of cases) {
    await using listener = await Sesame.start(["listen", `--onion=${onion}`, ...SCRIPTED], { phrase: PHRASE });
    const { code } = await listener.ended(60_000);
    if (code !== 3 || !words.test(listener.stderr)) throw new Error(`${onion}: ${code} ${listener.stderr}`);
    console.log(`--onion=${onion} ends with 3: ${listener.stderr.trim()}`);
  }
}

async function talk(): Promise<void> {
  await using listener = await listen();
  const port = Number((await addressOf(listener)).split(":").at(-1));
  console.log("Starting 8 tor processes on loopback ...");
  const began = performance.now();
  const seconds = (since: number) => ((performance.now() - since) / 1000).toFixed(1);
  await using network = await TorNetwork.start(port);
  console.log(`The network stands after ${seconds(began)} s; the service is ${network.onion}.`);
  try {
    const called = performance.now();
    const proxy = ["--proxy", `socks5h://127.0.0.1:${network.socksPort}`];
    await using caller = await Sesame.start(["connect", network.onion, ...proxy, "--retry", ...SCRIPTED], {
      phrase: PHRASE,
    });
    const connected = await caller.event("connected", FOUND_MS);
    const calls = caller.all("connecting").length;
    console.log(`Connected with ${connected.address} after ${seconds(called)} s, at call ${calls}.`);
    const { address } = await listener.event("connected");
    console.log(`The listener sees the caller at ${address}: that is its own Tor.`);
    if (!String(address).startsWith("127.0.0.1:")) throw new Error("the caller has another address");
    const said = performance.now();
    await deliver(caller, listener, "through six hops", 60_000);
    await deliver(listener, caller, "and back", 60_000);
    console.log(`A message each way, both confirmed, after ${seconds(said)} s.`);

    await using nobody = await Sesame.start(["connect", `${"a".repeat(56)}.onion`, ...proxy, ...SCRIPTED], {
      phrase: PHRASE,
    });
    await nobody.ended(120_000);
    const refused = nobody.all("refused")[0]?.reason;
    console.log(`An onion name that is none ends with "${refused}": ${nobody.stderr.trim()}`);
    if (refused !== "proxy-refused" && refused !== "unreachable") throw new Error("that is no reason for it");
    await refusedPorts(network);
    await named(network);
  } catch (error) {
    console.log(network.log());
    throw error;
  }
}

if (import.meta.main) {
  let [passed, failed, skipped] = [0, 0, 0];
  if (!["tor", "tor-gencert"].map(hasProgram).every((there) => there)) skipped = 1;
  else {
    try {
      await talk();
      passed = 1;
    } catch (error) {
      console.error(error);
      failed = 1;
    }
  }
  console.log(`suite: ${passed} passed, ${failed} failed, ${skipped} skipped`);
  Deno.exit(exitCodeOf({ passed, failed, skipped }));
}

// `sesame doctor`: what protects a person on this machine, and whether friends can reach it, one line each, with what
// to do. Scope: the one question about F12. Out of scope: the facts (host), the words (words/doctor.ts), a call
// (doctor_call.ts).

import { wrap } from "../words/wrap.ts";
import { ASK_F12, type Check, checks, line, terminalChecks, type TerminalFacts } from "../words/doctor.ts";
import type { Host } from "../host/host.ts";
import { report } from "../host/protection.ts";
import type { Protection } from "../notice.ts";
import { KeyDecoder } from "../terminal/keys.ts";
import type { Terminal } from "../terminal/tty.ts";
import { EXIT } from "../words/problems.ts";
import { DEFAULT_PORT } from "../constants.ts";
import { after, entropyOf, wallClock } from "../system.ts";
import { freePort, portFault } from "../transport/free_port.ts";
import type { MapEvent } from "../transport/mapping/mapper.ts";
import { REACH_HEADING, reachChecks, type ReachFacts } from "../words/reach.ts";
import { mapperOf } from "./port_mapper.ts";
import type { Signals } from "./signals.ts";

/** What it needs of the start. */
interface Around {
  readonly signals: Signals;
  /** What a signal does; does not return. */
  readonly end: () => never;
  /** Really locks the memory that a chat would use. */
  readonly lock: () => Promise<Protection["locked"]>;
}

/** Runs `sesame doctor` and resolves with its exit code. */
export async function doctor(
  host: Host,
  tty: Terminal,
  args: { readonly json: boolean; readonly mapPort: string | undefined },
  around: Around,
): Promise<number> {
  const protection = report(host, await around.lock());
  const { inputIsTerminal: input, outputIsTerminal: output } = tty;
  // A terminal would break words anywhere.
  const columns = output ? tty.size().columns : Infinity;
  const rows = (check: Check) => wrap(line({ ...check, advice: "" }), check.advice, columns, 31).join("\n");
  const write = async (all: readonly Check[]) => {
    for (const check of all) {
      await tty.write(
        (args.json ? JSON.stringify({ event: "doctor", ...check, at: wallClock() }) : rows(check)) + "\n",
      );
    }
  };
  await write(checks(protection));
  const f12 = input && output && !args.json ? await askForF12(tty) : "not tried";
  await write(terminalChecks({ input, output, f12 }));
  if (!args.json) await tty.write(`\n${REACH_HEADING}\n`);
  await write(reachChecks(await reachFacts(host, args.mapPort, around)));
  await tty.restoreWithin();
  return EXIT.left;
}

/** Nobody is asked but this machine, and with `mapPort` its router, which has nothing left of it afterwards. */
async function reachFacts(host: Host, mapPort: string | undefined, { signals, end }: Around): Promise<ReachFacts> {
  const portIsFree = portFault(String(DEFAULT_PORT)) !== "EADDRINUSE";
  const facts = { port: DEFAULT_PORT, portIsFree, own: host.addresses?.() };
  if (mapPort === undefined) return { ...facts, router: undefined };
  const said: MapEvent[] = [];
  // What listens on the usual one may be a chat, whose port the router would take back with ours.
  const port = portIsFree ? DEFAULT_PORT : freePort();
  const mapper = (await mapperOf(host, mapPort, entropyOf(host)))(port, (event) => said.push(event));
  let over = false;
  const leave = () => {
    over = true;
    mapper[Symbol.dispose]();
  };
  signals.onEnd(leave);
  signals.onInterrupt(leave);
  await mapper.ask();
  await mapper.end();
  if (over) end();
  signals.onEnd(end);
  signals.onInterrupt(end);
  // An IPv6 firewall that opens answers sooner than UPnP, and says less.
  const all = said.filter((event) => event.type === "mapped");
  const mapped = all.find(({ address }) => !address.host.includes(":")) ?? all[0];
  const failed = said.find((event) => event.type === "unmapped");
  return { ...facts, router: mapped ?? failed?.why ?? "router-silent" };
}

/** Any key answers; the terminal is put back by `restoreWithin`. */
async function askForF12(tty: Terminal): Promise<TerminalFacts["f12"]> {
  tty.raw(true);
  void tty.write(ASK_F12);
  const decoder = new KeyDecoder();
  const answer = await new Promise<TerminalFacts["f12"]>((resolve) => {
    const cancel = after(F12_WAIT_MS, () => resolve("not tried"));
    tty.listen((chunk) => {
      const ctrlBackslash = chunk.includes(0x1c);
      const [key] = decoder.feed(chunk);
      if (key === undefined) return;
      cancel();
      if (key.type === "panic") return resolve(ctrlBackslash ? "not tried" : "arrived");
      const skips = key.type === "key" && SKIPS.includes(key.name);
      resolve(skips ? "not tried" : "did not arrive");
    }, () => resolve("not tried"));
  });
  tty.raw(false);
  await tty.write("\n");
  return answer;
}

const SKIPS: readonly string[] = ["enter", "alt-enter", "ctrl-c", "ctrl-j", "escape"];
const F12_WAIT_MS = 30_000;

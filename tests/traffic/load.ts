// What the pacer costs and how well it keeps time under load (`deno task wire --load`): one product process, as users
// run it, calls 64 friends; the cells it sends are timed on the line, and its processor time is the kernel's own count.

import { Child, pause } from "../harness/child.ts";
import { PRODUCT, productEnvironment } from "../harness/product.ts";
import { cpuMsOf, Sesame } from "../harness/process.ts";
import { PORTS, Tcpdump } from "./capture.ts";
import { flowsOf } from "./flow.ts";
import { gridOf } from "./grid.ts";
import { quantile } from "../harness/quantile.ts";

export interface Load {
  readonly links: number;
  readonly intervalMs: number;
  readonly seconds: number;
}

export interface Measured {
  readonly links: number;
  /** Of the ticks of all links, those with a cell on the line within half an interval. */
  readonly onTime: number;
  readonly ticks: number;
  readonly lateP50Ms: number;
  readonly lateP99Ms: number;
  readonly latestMs: number;
  /** Time on the processor over time on the clock. */
  readonly cpu: number;
  readonly residentMib: number;
}

const PHRASE = "loopback grid of many friends";
/** Cells of all links that are sent before one counts: the runtime has compiled by then what each of them runs. */
const SETTLING_CELLS = 240;
const SETTLE_MS = 4_000;

/** From the last friend's arrival to the first cell that counts: a minute for one link at 250 ms. */
export function settleMs({ links, intervalMs }: Pick<Load, "links" | "intervalMs">): number {
  return Math.max(SETTLE_MS, SETTLING_CELLS * intervalMs / links);
}

/** `core`: both sides are kept to a core each where taskset is there. */
export async function measureLoad({ links, intervalMs, seconds }: Load): Promise<Measured> {
  const firstPort = PORTS.last - links + 1;
  const friends = [String(links), PHRASE, String(intervalMs), String(firstPort)];
  const options = ["run", "--quiet", "--no-check", "--allow-net", "--allow-ffi", "--allow-read"];
  await using crowd = start(0, [...options, new URL("../screen/crowd.ts", import.meta.url).pathname, ...friends]);
  await crowd.until(/^127\.0\.0\.1:.*\n/);
  await using tcpdump = await Tcpdump.start(firstPort, PORTS.last);
  const targets = Array.from({ length: links }, (_, i) => `127.0.0.1:${firstPort + i}`);
  const args = ["connect", ...targets, "--json", "--phrase-fd", "0", "--interval", String(intervalMs)];
  await using hub = await Sesame.start(args, { phrase: PHRASE, line: onCore(1, PRODUCT) });
  const lost = () => [...hub.all("refused"), ...hub.all("left")];
  const settled = () => lost().length > 0 || hub.all("connected").length === links || undefined;
  await hub.until(settled, "all friends", 120_000);
  if (lost().length > 0) throw new Error(JSON.stringify(lost()));
  await pause(settleMs({ links, intervalMs }));
  const began = { cpuMs: cpuMsOf(hub.pid), at: performance.now(), wall: Date.now() };
  await pause(seconds * 1000);
  const took = (performance.now() - began.at) / 1000;
  const cpu = (cpuMsOf(hub.pid) - began.cpuMs) / 1000 / took;
  const residentMib = Number(/VmRSS:\s+(\d+)/.exec(Deno.readTextFileSync(`/proc/${hub.pid}/status`))?.[1]) / 1024;
  const ended = began.wall + took * 1000;
  const grids = flowsOf((await tcpdump.read()).segments).map((flow) =>
    gridOf(
      flow.sent.filter((s) => s.way === "up" && s.size > 0 && s.at >= began.wall && s.at <= ended).map((s) => s.at),
      intervalMs,
    )
  );
  if (grids.length !== links) throw new Error(`${grids.length} connections were seen instead of ${links}`);
  const lateness = grids.flatMap((grid) => grid.lateness).sort((a, b) => a - b);
  return {
    links,
    onTime: grids.reduce((sum, grid) => sum + grid.onTime, 0),
    ticks: grids.reduce((sum, grid) => sum + grid.ticks, 0),
    lateP50Ms: quantile(lateness, 0.5),
    lateP99Ms: quantile(lateness, 0.99),
    latestMs: lateness.at(-1) ?? 0,
    cpu,
    residentMib,
  };
}

/** Shares of a core that the same cells take without Sesame (bare.ts): TLS alone, and the public-key work of renewals. */
export async function measureBare(
  { links, intervalMs, seconds }: Load,
): Promise<{ readonly tls: number; readonly renewals: number }> {
  const program = ["run", "--quiet", "--no-check", "--allow-all", new URL("./bare.ts", import.meta.url).pathname];
  // Beside the ports that are captured.
  const rest = [PORTS.last + 1, links, intervalMs, seconds].map(String);
  await using far = start(0, [...program, "far", ...rest]);
  await far.until(/^127\.0\.0\.1:.*\n/);
  await using hub = start(1, [...program, "hub", ...rest]);
  if (await hub.ended !== 0) throw new Error(`the bare links broke: ${hub.said}`);
  return JSON.parse(hub.said);
}

/** The runtime with these arguments, on one core of its own where that can be asked for. */
function onCore(core: number, args: readonly string[]): string[] {
  const pinned = Deno.build.os === "linux" && navigator.hardwareConcurrency > 1;
  return [...(pinned ? ["taskset", "-c", String(core)] : []), Deno.execPath(), ...args];
}

function start(core: number, args: readonly string[]): Child {
  return new Child(onCore(core, args), { env: productEnvironment() });
}

// What the pacer costs and how well it keeps time under load (`deno task wire --load`): one product process, as users run
// it, calls 64 friends; the cells it sends are timed on the line, its time on the processor is the kernel's own count.

import { eventsOf, PRODUCT_ARGS, productEnvironment } from "../harness/product.ts";
import { PORTS, Tcpdump } from "./capture.ts";
import { flowsOf } from "./flow.ts";
import { gridOf, quantile } from "./grid.ts";

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
/** From the last friend's arrival to the first cell that counts: compilation is done by then. */
const SETTLE_MS = 4_000;

/** `core`: both sides are kept to a core each where taskset is there. */
export async function measureLoad({ links, intervalMs, seconds }: Load): Promise<Measured> {
  const firstPort = PORTS.last - links + 1;
  const crowd = start(0, [
    ...["run", "--quiet", "--no-check", "--allow-net", "--allow-ffi", "--allow-read"],
    ...[
      new URL("../screen/crowd.ts", import.meta.url).pathname,
      String(links),
      PHRASE,
      String(intervalMs),
      String(firstPort),
    ],
  ]);
  try {
    const lines = crowd.stdout.pipeThrough(new TextDecoderStream()).getReader();
    if (!(await lines.read()).value?.startsWith("127.0.0.1:")) throw new Error("the friends did not start");
    await using tcpdump = await Tcpdump.start(firstPort, PORTS.last);
    const targets = Array.from({ length: links }, (_, i) => `127.0.0.1:${firstPort + i}`);
    const args = ["connect", ...targets, "--json", "--phrase-fd", "0", "--interval", String(intervalMs)];
    const hub = start(1, [...PRODUCT_ARGS, ...args]);
    const input = hub.stdin.getWriter();
    try {
      await input.write(new TextEncoder().encode(`${PHRASE}\n`));
      let connected = 0;
      const events = eventsOf(hub);
      for await (const event of { [Symbol.asyncIterator]: () => ({ next: () => events.next() }) }) {
        if (event.event === "refused" || event.event === "left") throw new Error(JSON.stringify(event));
        if (event.event === "connected" && ++connected === links) break;
      }
      void drain(events);
      await pause(SETTLE_MS);
      const began = { cpu: cpuSeconds(hub.pid), at: performance.now(), wall: Date.now() };
      await pause(seconds * 1000);
      const took = (performance.now() - began.at) / 1000;
      const cpu = (cpuSeconds(hub.pid) - began.cpu) / took;
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
    } finally {
      await input.abort().catch(() => {});
      hub.kill("SIGKILL");
      await hub.status;
    }
  } finally {
    crowd.kill("SIGKILL");
    await crowd.status;
  }
}

/** Shares of a core that the same cells take without Sesame (bare.ts): TLS alone, and the X25519 of a step for each that comes. */
export async function measureBare(
  { links, intervalMs, seconds }: Load,
): Promise<{ readonly tls: number; readonly x25519: number }> {
  const program = ["run", "--quiet", "--no-check", "--allow-all", new URL("./bare.ts", import.meta.url).pathname];
  const rest = [PORTS.last, links, intervalMs, seconds].map(String);
  const far = start(0, [...program, "far", ...rest]);
  try {
    const lines = far.stdout.pipeThrough(new TextDecoderStream()).getReader();
    if (!(await lines.read()).value?.startsWith("127.0.0.1:")) throw new Error("the other side did not start");
    const { stdout, code } = await start(1, [...program, "hub", ...rest]).output();
    if (code !== 0) throw new Error("the bare links broke");
    return JSON.parse(new TextDecoder().decode(stdout));
  } finally {
    far.kill("SIGKILL");
    await far.status;
  }
}

/** On one core of its own, where that can be asked for. */
function start(core: number, args: readonly string[]): Deno.ChildProcess {
  const pinned = Deno.build.os === "linux" && navigator.hardwareConcurrency > 1;
  const [program, ...rest] = pinned
    ? ["taskset", "-c", String(core), Deno.execPath(), ...args]
    : [Deno.execPath(), ...args];
  return new Deno.Command(program!, {
    args: rest,
    clearEnv: true,
    env: productEnvironment(),
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
}

async function drain(events: AsyncGenerator<unknown>): Promise<void> {
  while (!(await events.next()).done);
}

/** User and system time of a process, all its threads, from /proc/PID/stat (proc(5)); a tick of the kernel is 10 ms. */
export function cpuSeconds(pid: number): number {
  const fields = Deno.readTextFileSync(`/proc/${pid}/stat`).replace(/^.*\) /, "").split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

export function pause(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}

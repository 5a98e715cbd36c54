// One Sesame process with 0, 1, 2, 4 ... 64 friends: its memory, its CPU while nobody talks, the time of a message to all.
// The friends are real ones in one other process (tests/screen/crowd.ts), so that the machine carries 64 of them and the
// measured process has what a member of a room of 65 has. Beside it OpenSSH: a daemon with as many sessions.
// Out of scope: a mesh of real processes (mesh.ts).

import { PHRASE } from "../../tests/harness/process_pair.ts";
import { type JsonEvent, Sesame } from "../../tests/harness/process.ts";
import { Random } from "../../tests/simulation/random.ts";
import { productEnvironment } from "../../tests/harness/product.ts";
import { Child, pause } from "../../tests/harness/child.ts";
import { cpuMs, familyOf, type Memory, memoryOf } from "./program.ts";
import { TemporaryFolder } from "../../scripts/release/files.ts";
import { type Curve, type Row, row, type Section } from "./section.ts";
import { quantile } from "../../tests/harness/quantile.ts";
import type { Ssh } from "./ssh.ts";

export interface RoomSizes {
  readonly sizes: readonly number[];
  /** How often a process is started for a figure of memory. */
  readonly starts: number;
  readonly windowMs: number;
  readonly messages: number;
  /** Waited after the last handshake, for the compiler and the garbage collector. */
  readonly settleMs: number;
}

interface Taken {
  readonly peers: number;
  /** One a start. */
  readonly memory: readonly Memory[];
  /** In per cent of one core. */
  readonly cpu: number;
  readonly toAllMs: number;
}

export async function room(ssh: Ssh | string, sizing: RoomSizes): Promise<Section> {
  const { sizes, starts, windowMs, messages, settleMs } = sizing;
  const random = new Random(64);
  const taken: Taken[] = [];
  const compared = [0, sizes[0]!, sizes.includes(32) ? 32 : sizes.at(-1)!];
  for (const peers of new Set([0, ...sizes])) {
    const memory: Memory[] = [];
    let rest = { cpu: 0, toAllMs: 0 };
    for (let start = 0; start < (compared.includes(peers) ? starts : 1); start++) {
      await using friends = peers === 0 ? undefined : await crowd(peers);
      await using sesame = await member(friends === undefined ? [] : friends.addresses, peers);
      await pause(settleMs);
      if (start === 0) {
        rest = { cpu: await cpuOf([sesame.pid], windowMs), toAllMs: await toAll(sesame, peers, messages, random) };
      }
      memory.push(memoryOf(sesame.pid));
    }
    taken.push({ peers, memory, ...rest });
  }
  const idle = taken[0]!;
  const points = (value: (taken: Taken) => number): Curve["points"] =>
    taken.slice(1).map((one) => [one.peers, value(one)] as const);
  const mib = ({ memory }: Taken) => quantile(memory.map(({ rss }) => rss), 0.5);
  return {
    rows: await memoryRows(ssh, taken.filter(({ peers }) => compared.includes(peers)), sizing),
    curves: [
      {
        name: "one process, above idle",
        unit: "% of a core",
        panel: "CPU",
        points: points(({ cpu }) => cpu - idle.cpu),
        expected: "1: each friend is 4 cells a second each way",
      },
      {
        name: "one process",
        unit: "MiB",
        panel: "memory",
        points: points(mib),
        expected: "near 0: most of it is the runtime; a friend is a socket, a TLS session and a ratchet",
      },
      {
        name: "confirmed by all, one process",
        unit: "ms",
        panel: "time",
        points: points(({ toAllMs }) => toAllMs),
        expected: "near 0: the last of p ticks of 250 ms, there and back",
      },
    ],
  };
}

// --- Sesame ---------------------------------------------------------------------------------------------------------

/** A listener that has called these and has them all. */
async function member(addresses: readonly string[], peers: number): Promise<Sesame> {
  const options = ["--json", "--phrase-fd", "0"];
  const args = peers === 0 ? ["listen", "127.0.0.1:0"] : ["connect", ...addresses, "--listen", "127.0.0.1:0"];
  const sesame = await Sesame.start([...args, ...options], { phrase: PHRASE });
  try {
    await sesame.event("listening", 30_000);
    await here(sesame, peers);
    return sesame;
  } catch (error) {
    await sesame[Symbol.asyncDispose]();
    throw error;
  }
}

/** Resolves when it has so many friends. */
export async function here(sesame: Sesame, peers: number, ms = 60_000): Promise<void> {
  const present = () => new Set(sesame.all("connected").map(({ peer }) => peer)).size;
  await sesame.until(() => present() >= peers || undefined, `${peers} friends`, ms);
}

async function crowd(peers: number): Promise<Child & { readonly addresses: readonly string[] }> {
  const script = new URL("../../tests/screen/crowd.ts", import.meta.url).pathname;
  const argv = ["run", "--quiet", "--no-check", "--no-prompt", "--cached-only", "--allow-net", "--allow-ffi"];
  const program = new Child([Deno.execPath(), ...argv, script, String(peers), PHRASE], { env: productEnvironment() });
  const [line] = await program.until(/^.+\n/);
  return Object.assign(program, { addresses: line.trim().split(" ") });
}

/** Per cent of one core that they take together while nobody says anything. */
export async function cpuOf(pids: readonly number[], windowMs: number): Promise<number> {
  const used = () => pids.reduce((sum, pid) => sum + cpuMs(pid), 0);
  const [before, began] = [used(), performance.now()];
  await pause(windowMs);
  return 100 * (used() - before) / (performance.now() - began);
}

/** Median milliseconds from a line of input until every friend's program has confirmed that it is on the screen. */
export async function toAll(sesame: Sesame, peers: number, messages: number, random: Random): Promise<number> {
  if (peers === 0) return 0;
  const times: number[] = [];
  const delivered = () => sesame.all("delivered") as JsonEvent[];
  for (let n = 1; n <= messages; n++) {
    // At any moment between the ticks.
    await pause(random.between(0, 250));
    const [before, began] = [delivered().length, performance.now()];
    await sesame.say(`message ${n}`);
    await sesame.until(() => delivered().length >= before + peers || undefined, "confirmed by all", 30_000);
    times.push(performance.now() - began);
  }
  return quantile(times, 0.5);
}

// --- Beside it ------------------------------------------------------------------------------------------------------

async function memoryRows(
  ssh: Ssh | string,
  ours: readonly Taken[],
  { starts, settleMs }: RoomSizes,
): Promise<Row[]> {
  const rows: Row[] = [];
  const both = (what: string, one: Taken, label: string, peer: readonly Memory[] | string, because: string) => {
    const ours = `Sesame: ${one.peers === 0 ? "a listener, nobody there" : withPeers(one.peers)}`;
    for (const [name, part] of [["memory", "rss"], ["private memory", "own"]] as const) {
      const samples = (list: readonly Memory[]) => list.map((memory) => memory[part]);
      const beside = typeof peer === "string" ? { label, missing: peer } : { label, samples: samples(peer) };
      rows.push(row(`${name}, ${what}`, "MiB", { label: ours, samples: samples(one.memory) }, beside, because));
    }
  };
  const because = "Sesame is a whole JavaScript runtime with 4 MiB of locked memory; ssh is small native code";
  const idle = ours[0]!;
  const bare = await repeated(starts, () => bareDeno(settleMs));
  both("idle", idle, "a Deno program that listens", bare, "the code itself, and Argon2id's pages");
  for (const one of ours) {
    const label = one.peers === 0 ? "sshd: listens" : `sshd: with ${one.peers} session${one.peers === 1 ? "" : "s"}`;
    const daemon = typeof ssh === "string" ? ssh : await repeated(starts, () => daemonWith(ssh, one.peers, settleMs));
    both(one.peers === 0 ? "idle" : withPeers(one.peers), one, label, daemon, because);
  }
  const client = typeof ssh === "string" ? ssh : await repeated(starts, () => clientOf(ssh, settleMs));
  both("one end of one link", ours[1]!, "ssh -N: one session, the client", client, because);
  return rows;
}

function withPeers(peers: number): string {
  return `with ${peers} peer${peers === 1 ? "" : "s"}`;
}

async function repeated(times: number, take: () => Promise<Memory>): Promise<Memory[]> {
  const list: Memory[] = [];
  for (let i = 0; i < times; i++) list.push(await take());
  return list;
}

async function bareDeno(settleMs: number): Promise<Memory> {
  using folder = new TemporaryFolder("bench");
  const source =
    'const l = Deno.listen({ hostname: "127.0.0.1", port: 0 });\nconsole.log("ready");\nawait l.accept();\n';
  await Deno.writeTextFile(`${folder.path}/bare.ts`, source);
  const argv = [Deno.execPath(), "run", "--quiet", "--no-check", "--allow-net", `${folder.path}/bare.ts`];
  await using program = new Child(argv, { env: productEnvironment() });
  await program.until(/ready/);
  await pause(settleMs);
  return memoryOf(program.pid);
}

/** The daemon and its sessions together. */
async function daemonWith(ssh: Ssh, sessions: number, settleMs: number): Promise<Memory> {
  await using daemon = await ssh.daemon();
  await using clients = new AsyncDisposableStack();
  for (let i = 0; i < sessions; i++) await session(ssh, clients, daemon);
  await pause(settleMs);
  return memoryOf(...familyOf(daemon.pid));
}

async function clientOf(ssh: Ssh, settleMs: number): Promise<Memory> {
  await using daemon = await ssh.daemon();
  await using clients = new AsyncDisposableStack();
  const client = await session(ssh, clients, daemon);
  await pause(settleMs);
  return memoryOf(client.pid);
}

/** A client that asks for no command; the daemon says when it is in. */
async function session(ssh: Ssh, owner: AsyncDisposableStack, daemon: Child): Promise<Child> {
  const mark = daemon.said.length;
  const client = owner.use(ssh.client(["-N"]));
  await daemon.until(/Accepted publickey/, mark);
  return client;
}

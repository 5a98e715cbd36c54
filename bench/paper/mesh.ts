// A whole mesh of real processes on loopback, each a friend of every other: what all of them together cost as they grow.
// Each stretches its phrase once for every listener that it calls, so a mesh of n costs n(n-1)/2 stretches before it stands.

import { PHRASE } from "../../tests/harness/process_pair.ts";
import { Sesame } from "../../tests/harness/process.ts";
import { Random } from "../../tests/simulation/random.ts";
import { pause } from "../../tests/harness/child.ts";
import { memoryOf } from "./program.ts";
import { cpuOf, here, toAll } from "./room.ts";
import type { Curve, Section } from "./section.ts";

export interface MeshSizes {
  /** Peers of each; one process more. */
  readonly sizes: readonly number[];
  readonly windowMs: number;
  readonly messages: number;
  readonly settleMs: number;
}

export async function mesh({ sizes, windowMs, messages, settleMs }: MeshSizes): Promise<Section> {
  const random = new Random(32);
  let note: string | undefined;
  const taken: { peers: number; cpu: number; mib: number; toAllMs: number; standsMs: number }[] = [];
  for (const peers of sizes) {
    await using all = new AsyncDisposableStack();
    const began = performance.now();
    let members: Sesame[];
    try {
      members = await stand(all, peers + 1);
    } catch (error) {
      if (taken.length < 2) throw error;
      note = `A mesh of ${peers + 1} processes did not stand here within two minutes for a member.`;
      break;
    }
    const standsMs = performance.now() - began;
    await pause(settleMs);
    const pids = members.map(({ pid }) => pid);
    const cpu = await cpuOf(pids, windowMs);
    const toAllMs = await toAll(members[0]!, peers, messages, random);
    taken.push({ peers, cpu, mib: memoryOf(...pids).rss, toAllMs, standsMs });
  }
  const points = (value: (one: typeof taken[number]) => number): Curve["points"] =>
    taken.map((one) => [one.peers, value(one)] as const);
  const curve = (
    panel: Curve["panel"],
    name: string,
    unit: string,
    value: (one: typeof taken[number]) => number,
    expected: string,
  ): Curve => ({ panel, name, unit, points: points(value), expected });
  return {
    ...(note === undefined ? {} : { note }),
    rows: [],
    curves: [
      curve("CPU", "all processes of a mesh", "% of a core", ({ cpu }) => cpu, "towards 2: p(p+1)/2 links"),
      curve(
        "memory",
        "all processes of a mesh",
        "MiB",
        ({ mib }) => mib,
        "towards 1: one runtime each, a little for each link",
      ),
      curve("time", "confirmed by all, in a mesh", "ms", ({ toAllMs }) => toAllMs, "near 0, as above"),
      curve("time", "until the mesh stands", "ms", ({ standsMs }) => standsMs, "towards 2: a stretch for each link"),
    ],
  };
}

/** Each calls all that stand already. Two are on their way at a time: a listener lets four of one address authenticate. */
async function stand(owner: AsyncDisposableStack, count: number): Promise<Sesame[]> {
  const members: Sesame[] = [];
  const addresses: string[] = [];
  for (let i = 0; i < count; i++) {
    const before = members.at(-2);
    if (before !== undefined) await here(before, i - 2, 120_000);
    const where = i === 0 ? ["listen", "127.0.0.1:0"] : ["connect", ...addresses, "--listen", "127.0.0.1:0"];
    const member = owner.use(await Sesame.start([...where, "--json", "--phrase-fd", "0"], { phrase: PHRASE }));
    addresses.push(String((await member.event("listening", 120_000)).address));
    members.push(member);
  }
  for (const member of members) await here(member, count - 1, 120_000);
  return members;
}

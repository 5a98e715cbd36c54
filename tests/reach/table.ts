// Two friends in two homes call each other, each kind of router against each: who meets, in what time, and who is told why not.
// deno task check reach [--calls N] [--delay MS] [--jobs N] [KIND-KIND ...]; MS is each way, KIND as in homes.ts, and
// without any the whole table is made. The last line is `suite: N passed, N failed, N skipped`, a row each.

import { tellCounts } from "../../scripts/suites.ts";
import { pause } from "../harness/child.ts";
import { scripted } from "../harness/process_pair.ts";
import { hasHomes, Homes, type Kind, KINDS } from "./homes.ts";

/** A router may hold two friends up for the two minutes that it remembers half a connection (docs/MEASUREMENTS.md). */
const PATIENCE_MS = 200_000;

/**
 * Both had it after so long, perhaps after both were told what may be in the way; they were told and are not going to meet;
 * neither of these.
 */
type Result = { readonly ms: number; readonly punched: boolean; readonly late: boolean } | "told" | "lost";
export type Pair = readonly [Kind, Kind];

const NOT_MET = "nat-random-ports";

/** Where IPv6 is all that one has, both call by it. */
const outerOf = (homes: Homes, i: number, six: boolean) => six ? homes.homes[i]!.outer6 : homes.homes[i]!.outer;

/** Both homes call each other; the time runs from the second's call. */
export async function call(homes: Homes, kinds: Pair): Promise<Result> {
  const start = (i: number) =>
    scripted(["connect", `${outerOf(homes, 1 - i, kinds.includes("v6"))}:7373`], {
      shell: homes.homes[i]!.host.shell,
    });
  await using first = await start(0);
  // Nobody starts at the same moment.
  await pause(3000 * Math.random());
  await using second = await start(1);
  try {
    await second.event("connecting", PATIENCE_MS);
    const began = performance.now();
    const friends = [first, second];
    if (!meets(kinds)) {
      await Promise.all(friends.map((friend) => friend.like("diagnosis", { cause: NOT_MET }, PATIENCE_MS)));
      return friends.some((friend) => friend.all("connected").length > 0) ? "lost" : "told";
    }
    const [one] = await Promise.all(friends.map((friend) => friend.event("connected", PATIENCE_MS)));
    const ms = Math.round(performance.now() - began);
    const late = friends.every((friend) => friend.all("diagnosis").some(({ cause }) => cause === NOT_MET));
    return { ms, punched: one?.punched === true, late };
  } catch (error) {
    console.error(error);
    return "lost";
  }
}

/** Nobody can be met whose router gives every call another port, but by a friend who can be called, or without translation. */
function meets(kinds: Pair): boolean {
  return !kinds.includes("random") || kinds.includes("none") || kinds.includes("v6");
}

/** One row, and whether it is as it should be. */
async function row(kinds: Pair, calls: number, delayMs: number): Promise<{ text: string; good: boolean }> {
  await using homes = await Homes.make(kinds, delayMs);
  const results: Result[] = [];
  for (let i = 0; i < calls; i++) results.push(await call(homes, kinds));
  const met = results.filter((result) => typeof result === "object");
  const told = results.filter((result) => result === "told" || (result !== "lost" && result.late)).length;
  const times = met.map(({ ms }) => ms).sort((a, b) => a - b);
  const seconds = (ms: number | undefined) => ms === undefined ? "" : `${(ms / 1000).toFixed(1)} s`;
  const cells = [
    kinds.join(" - "),
    met.length,
    met.filter(({ punched }) => punched).length,
    told,
    seconds(times[Math.floor(times.length / 2)]),
    seconds(times.at(-1)),
  ];
  return { text: `| ${cells.join(" | ")} |`, good: (meets(kinds) ? met.length : told) === calls };
}

function everyPair(): Pair[] {
  return KINDS.flatMap((one, i) => KINDS.slice(i).map((other): Pair => [one, other]));
}

function pairOf(word: string): Pair {
  const kinds = word.split("-").map((name) => KINDS.find((kind) => kind === name));
  const [one, other] = kinds;
  if (kinds.length !== 2 || one === undefined || other === undefined) throw new Error(`no pair of kinds: ${word}`);
  return [one, other];
}

if (import.meta.main) {
  if (!hasHomes()) {
    Deno.exit(tellCounts({ skipped: 1 }));
  }
  const words = [...Deno.args];
  const option = (name: string, absent: number) => {
    const at = words.indexOf(name);
    return at < 0 ? absent : Number(words.splice(at, 2)[1]);
  };
  const [calls, delayMs, jobs] = [option("--calls", 5), option("--delay", 10), option("--jobs", 1)];
  const pairs = words.length > 0 ? words.map(pairOf) : everyPair();
  console.log(`${calls} calls, ${delayMs} ms each way`);
  console.log(
    "| homes | met | of these two-sided | told why not, or why not yet | median | worst |\n|---|---|---|---|---|---|",
  );
  let [passed, failed] = [0, 0];
  const work = async () => {
    for (let kinds = pairs.shift(); kinds !== undefined; kinds = pairs.shift()) {
      const { text, good } = await row(kinds, calls, delayMs);
      console.log(text);
      good ? passed++ : failed++;
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  Deno.exit(tellCounts({ passed, failed }));
}

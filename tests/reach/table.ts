// Two friends in two homes call each other, each kind of router against others: who meets, and in what time.
// deno task check reach [--calls N] [--delay MS] [KIND-KIND ...]; KIND as in homes.ts. Ends with 1 if a row is not as it should be.

import { Sesame } from "../harness/process.ts";
import { PHRASE } from "../harness/process_pair.ts";
import { hasHomes, Homes, type Kind, KINDS } from "./homes.ts";

const ARGS = ["--listen", "7373", "--json", "--phrase-fd", "0"];
const PATIENCE_MS = 30_000;

/** How long one call took until both had it, and who was what; undefined: they never met. */
async function call({ homes }: Homes): Promise<{ ms: number; punched: boolean } | undefined> {
  const friends = [];
  for (const [i, { host }] of homes.entries()) {
    const other = homes[1 - i]!.outer;
    friends.push(await Sesame.start(["connect", `${other}:7373`, ...ARGS], { phrase: PHRASE, shell: host.shell }));
    // Nobody starts at the same moment.
    if (i === 0) await new Promise((done) => setTimeout(done, 3000 * Math.random()));
  }
  await using first = friends[0]!;
  await using second = friends[1]!;
  try {
    await second.event("connecting");
    const began = performance.now();
    const [one] = await Promise.all([first, second].map((friend) => friend.event("connected", PATIENCE_MS)));
    return { ms: Math.round(performance.now() - began), punched: one?.punched === true };
  } catch {
    return undefined;
  }
}

/** One row, and whether it is as it should be: all meet, but for whom no router keeps the port. */
async function row(
  kinds: readonly [Kind, Kind],
  calls: number,
  delayMs: number,
): Promise<{ text: string; good: boolean }> {
  await using homes = await Homes.make(kinds, delayMs);
  const results = [];
  for (let i = 0; i < calls; i++) results.push(await call(homes));
  const met = results.filter((result) => result !== undefined);
  const times = met.map(({ ms }) => ms).sort((a, b) => a - b);
  const seconds = (ms: number | undefined) => ms === undefined ? "" : `${(ms / 1000).toFixed(1)} s`;
  const text = [
    kinds.join(" - "),
    `${met.length}/${calls}`,
    `two-sided ${met.filter(({ punched }) => punched).length}`,
    seconds(times[Math.floor(times.length / 2)]),
    seconds(times.at(-1)),
  ].join(" | ");
  return { text, good: met.length === (kinds.includes("random") ? 0 : calls) };
}

if (import.meta.main) {
  if (!hasHomes()) Deno.exit(1);
  const words = [...Deno.args];
  const option = (name: string, absent: number) => {
    const at = words.indexOf(name);
    return at < 0 ? absent : Number(words.splice(at, 2)[1]);
  };
  const [calls, delayMs] = [option("--calls", 5), option("--delay", 10)];
  const pairs = words.length > 0
    ? words.map((word) => word.split("-") as [Kind, Kind])
    : KINDS.flatMap((kind) =>
      kind === "v6" || kind === "drops"
        ? [[kind, kind] as [Kind, Kind]]
        : [["drops", kind], [kind, kind]] as [Kind, Kind][]
    );
  console.log(`homes | met | how | median | worst   (${delayMs} ms each way, ${calls} calls)`);
  let good = true;
  for (const kinds of pairs) {
    const told = await row(kinds, calls, delayMs);
    console.log(told.text);
    good &&= told.good;
  }
  Deno.exit(good ? 0 : 1);
}

// Two homes, each behind a router that lets no stranger in: until two friends there hear each other, beside the same call
// to a home without a router. Real processes, routers and a round trip of 20 ms, in network namespaces. What other kinds of
// routers do is in docs/MEASUREMENTS.md, "Two homes".

import { hasHomes, Homes } from "../../tests/reach/homes.ts";
import { call, type Pair } from "../../tests/reach/table.ts";
import { contest, type Contestant, type Section } from "./section.ts";

/** Each way. */
const DELAY_MS = 10;
const ASKED = { name: "two homes, call to connected", unit: "ms" } as const;

export async function meet(rounds: number): Promise<Section> {
  const peer = "Sesame: the one who is called has no router";
  if (!hasHomes()) {
    return {
      rows: [{ ...ASKED, peer: { label: peer, missing: "namespaces need root on Linux." }, because: "" }],
      curves: [],
    };
  }
  await using halfway = await Homes.make(["drops", "drops"], DELAY_MS);
  await using direct = await Homes.make(["drops", "none"], DELAY_MS);
  const because = "a plain call is tried first, and the two sides have to knock at the same moment";
  const rows = await contest({
    asked: [ASKED],
    rounds,
    ours: between("Sesame: both behind routers, neither forwards a port", halfway, ["drops", "drops"]),
    peers: [{ ...between(peer, direct, ["drops", "none"]), because }],
  });
  return { rows, curves: [] };
}

function between(label: string, homes: Homes, kinds: Pair): Contestant {
  return {
    label,
    run: async () => {
      const result = await call(homes, kinds);
      if (typeof result === "string") throw new Error(`two friends who should meet: ${result}`);
      return [result.ms];
    },
  };
}

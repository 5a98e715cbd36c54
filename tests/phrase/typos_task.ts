// The typo experiment's table: how many single-word typos of a phrase of Sesame's own words are noticed before a call.
//
//   deno task check typos [COUNT [SEED]]      100,000 typos from seed 1, unless told otherwise
//
// It fails below the promised figures. What slips through is a wrong word whose checksum happens to fit, one in 2048,
// and a slip that makes another word on the list, of which as few fit. The last line is for scripts/test.ts.

import { tellCounts } from "../../scripts/suites.ts";
import { experiment, sum } from "./typos.ts";

/** Of all typos, and of the kind that is caught least often. */
const WANTED = { all: 0.999, each: 0.999 };

if (import.meta.main) {
  const [count = 100_000, seed = 1] = Deno.args.map(Number);
  const table = experiment(count, seed);
  const rows = [...table, ["all", sum(table)] as const];
  console.log(`${"typo".padEnd(18)}    tried   caught   missed   caught of all`);
  for (const [kind, { tried, caught }] of rows) {
    console.log(
      `${kind.padEnd(18)}${`${tried}`.padStart(9)}${`${caught}`.padStart(9)}${`${tried - caught}`.padStart(9)}` +
        `${(100 * caught / tried).toFixed(3).padStart(14)} %`,
    );
  }
  const low = rows.filter(([kind, { tried, caught }]) => caught < tried * (kind === "all" ? WANTED.all : WANTED.each));
  Deno.exit(tellCounts({ passed: rows.length - low.length, failed: low.length }));
}

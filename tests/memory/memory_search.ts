// Looks for secrets in the memory of real processes.
//
//   deno task check memory                 everything; the table, and where each copy outside the arena stands
//   deno task check memory --planted       the same with a copy of the program that leaks the phrase: must fail
//   deno task check memory --runs NAME,... only these runs
//
// It is the product's friend in every session, so it knows all that both sides know; what only the product knows it reads
// out of the product's arena while it is there. Then it reads every page of the product and counts. What may be found is
// in tests/memory/thresholds.json, which may only go down. Needs Linux, and root (or a product of the same user that may
// be traced, which ours may not). The last line is `suite: N passed, N failed, N skipped`.

import { runTrace } from "./runs.ts";

if (import.meta.main) Deno.exit(await runTrace(Deno.args));

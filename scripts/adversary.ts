// The adversarial suite: hostile peers over real sockets against a real Sesame process, while a good friend talks to it.
//
//   deno task adversary                     the whole table
//   deno task adversary --rows TEXT,...     the rows whose name holds one of the texts
//   deno task adversary --prove             removes each check in turn from a copy of the project; a row must go red
//
// The last lines are `suite: N passed, N failed, N skipped` (for scripts/test.ts) and the same as `adversary: ...`.
// Not in here: what a row does (tests/adversary).

import { hasProgram } from "../tests/support/process.ts";
import { type Result, runRows } from "../tests/adversary/run.ts";
import { TABLE } from "../tests/adversary/table.ts";

if (import.meta.main) Deno.exit(await table(Deno.args));

async function table(args: readonly string[]): Promise<number> {
  const at = args.indexOf("--rows");
  const wanted = at < 0 ? undefined : args[at + 1]?.split(",") ?? [];
  const rows = TABLE.filter(({ row }) => wanted === undefined || wanted.some((text) => row.includes(text)));
  const openssl = hasProgram("openssl");
  const { results, figures } = await runRows(rows, () => openssl, (result) => console.log(line(result)));
  const count = (outcome: Result["outcome"]) => results.filter((r) => r.outcome === outcome).length;
  console.log(
    `figures: ${figures.worlds} victims, the largest ${(figures.largestVictimKib / 1024).toFixed(0)} MiB, ` +
      `the slowest message of the friend ${
        figures.slowestFriendMs.toFixed(0)
      } ms there and back at 50 ms a tick or slower`,
  );
  const sum = `${count("passed")} passed, ${count("failed")} failed, ${count("skipped")} skipped`;
  console.log(`suite: ${sum}`);
  console.log(`adversary: ${sum}`);
  return count("failed") > 0 || rows.length === 0 ? 1 : 0;
}

function line({ row, outcome, observed, ms }: Result): string {
  const mark = { passed: "ok     ", failed: "FAILED ", skipped: "SKIPPED" }[outcome];
  return [
    `${mark} ${row.row}  (${(ms / 1000).toFixed(1)} s; ${row.where})`,
    `        sent:     ${row.sent}`,
    `        promised: ${row.promised}`,
    `        observed: ${observed}`,
  ].join("\n");
}

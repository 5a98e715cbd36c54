// The adversarial suite: hostile peers over real sockets against a real Sesame process, while a good friend talks to it.
//
//   deno task check adversary                     the whole table
//   deno task check adversary --rows "TEXT|..."   the rows whose name holds one of the texts
//   deno task check adversary --prove             removes each check in turn from a copy of the project; a row must fail
//
// The last line is `suite: N passed, N failed, N skipped`.
// Out of scope: what a row does (tests/adversary).

import { tellCounts } from "../../scripts/suites.ts";
import { ran } from "../harness/command.ts";
import { hasProgram } from "../harness/product.ts";
import { ProjectCopy, Unplantable } from "../harness/project_copy.ts";
import { type Result, runRows } from "./run.ts";
import { type Removal, REMOVALS } from "./removals.ts";
import { TABLE } from "./table.ts";

async function table(args: readonly string[]): Promise<number> {
  const at = args.indexOf("--rows");
  const wanted = at < 0 ? undefined : args[at + 1]?.split("|") ?? [];
  const rows = TABLE.filter(({ row }) => wanted === undefined || wanted.some((text) => row.includes(text)));
  const openssl = hasProgram("openssl");
  const { results, figures } = await runRows(rows, () => openssl, (result) => console.log(line(result)));
  const count = (outcome: Result["outcome"]) => results.filter((r) => r.outcome === outcome).length;
  const { worlds, largestVictimKib, slowestFriendTicks } = figures;
  console.log(
    `figures: ${worlds} victims, the largest ${(largestVictimKib / 1024).toFixed(0)} MiB; ` +
      `the friend's slowest message took ${slowestFriendTicks.toFixed(1)} ticks there and back`,
  );
  return tellCounts({ passed: count("passed"), failed: count("failed"), skipped: count("skipped") });
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

// --- Prove ----------------------------------------------------------------------------------------------------------

const AT_ONCE = 2;

/** `--prove TEXT`: only the checks whose name holds it. */
async function prove(args: readonly string[]): Promise<number> {
  const wanted = args[args.indexOf("--prove") + 1] ?? "";
  const waiting = REMOVALS.filter(({ check }) => check.includes(wanted));
  const sum = { passed: 0, failed: 0 };
  const work = async () => {
    for (let removal = waiting.shift(); removal !== undefined; removal = waiting.shift()) {
      const caught = await caughtBy(removal);
      sum[caught.by === undefined ? "failed" : "passed"]++;
      const mark = caught.by === undefined ? "FAILED " : "ok     ";
      console.log(`${mark} without the check of ${removal.check} (${removal.file}): ${caught.by ?? caught.why}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return tellCounts(sum);
}

async function caughtBy({ file, text, without, row }: Removal): Promise<{ by?: string; why?: string }> {
  using copy = new ProjectCopy("tests", "scripts");
  try {
    copy.plant(file, text, () => without);
  } catch (error) {
    if (error instanceof Unplantable) return { why: error.message };
    throw error;
  }
  const suite = [Deno.execPath(), "run", "--quiet", "--no-check", "--allow-all", "tests/adversary/adversary.ts"];
  const options = { cwd: copy.folder, env: { DENO_NO_UPDATE_CHECK: "1" } };
  const { code, stdout, stderr } = await ran([...suite, "--rows", row], options);
  const red = [...stdout.matchAll(/^FAILED {2}(.*?) {2}\(/gm)].map((match) => match[1]!);
  if (red.length > 0) return { by: `caught by "${red.join('", "')}"` };
  return { why: code === 0 ? "no row noticed" : `the run broke: ${stderr.slice(0, 300)}` };
}

if (import.meta.main) Deno.exit(await (Deno.args.includes("--prove") ? prove(Deno.args) : table(Deno.args)));

// `deno task check spelling`: cspell over the papers and over every sentence of src/words, in UK spelling. The words
// that it does not know and we do are in spelling.json beside this file. Without npx, or if npx cannot fetch cspell,
// nothing is checked: it says so, and counts as skipped.

import { tellCounts } from "../../scripts/suites.ts";
import { ran } from "../harness/command.ts";

/** From npm, pinned: another version knows other words. */
const CSPELL = "cspell@9.3.2";
const ROOT = new URL("../..", import.meta.url);
const FILES = ["*.md", "docs/**/*.md", "plans/*.md", "src/words/*.ts"];
/** Fetching included. */
const TIME_MS = 120_000;

/** What cspell said, or undefined where it did not run. */
async function cspell(args: readonly string[]): Promise<{ code: number; said: string } | undefined> {
  try {
    return await ran(["npx", "-y", CSPELL, ...args], {
      cwd: ROOT,
      env: { npm_config_update_notifier: "false" },
      signal: AbortSignal.timeout(TIME_MS),
    });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

const version = await cspell(["--version"]);
if (version === undefined || version.code !== 0) {
  console.log(`SKIPPED: ${CSPELL} could not be run (npx missing, or no network). The spelling was not checked.`);
  Deno.exit(tellCounts({ skipped: 1 }));
}
const all = await cspell(["--config", "tests/papers/spelling.json", "--no-progress", ...FILES]);
if (all === undefined) throw new Error("npx was there and is not");
const checked = Number(/Files checked: (\d+)/.exec(all.said)?.[1] ?? 0);
console.log(all.said.trimEnd());
if (checked < 20) console.log(`Only ${checked} files were checked.`);
Deno.exit(tellCounts(all.code === 0 && checked >= 20 ? { passed: 1 } : { failed: 1 }));

// What a check that runs by itself finds, as rows, and how its program ends. Out of scope: what is checked.

import { exitCodeOf } from "../../scripts/suites.ts";

export interface Check {
  readonly what: string;
  readonly right: boolean;
}

/** A row for each. */
export function tellChecks(checks: readonly Check[]): void {
  for (const { what, right } of checks) console.log(`${right ? "ok     " : "FAILED "} ${what}`);
}

/** The last lines: the sum as `suite: ...`, which scripts/test.ts reads, and under the check's own name. Returns the exit code. */
export function tellSum(name: string, checks: readonly Check[], skipped = 0): number {
  const passed = checks.filter(({ right }) => right).length;
  const counts = { passed, failed: checks.length - passed, skipped };
  const sum = `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`;
  console.log(`suite: ${sum}`);
  console.log(`${name}: ${sum}`);
  return exitCodeOf(counts);
}

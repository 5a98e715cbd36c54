// What a check that runs by itself finds, as rows, and how its program ends. Out of scope: what is checked.

import { tellCounts } from "../../scripts/suites.ts";

export interface Check {
  readonly what: string;
  readonly right: boolean;
}

/** A row for each. */
export function tellChecks(checks: readonly Check[]): void {
  for (const { what, right } of checks) console.log(`${right ? "ok     " : "FAILED "} ${what}`);
}

/** The sum, a program's last line. Returns its exit code. */
export function tellSum(checks: readonly Check[], skipped = 0): number {
  const passed = checks.filter(({ right }) => right).length;
  return tellCounts({ passed, failed: checks.length - passed, skipped });
}

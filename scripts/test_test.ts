// How scripts/test.ts adds up results: what counts as failed, and the last line.

import { deepStrictEqual as deepEqual, match, strictEqual as equal } from "node:assert/strict";
import { exitCodeOf, NOTHING_CHECKED, type Suite, SUITES } from "./suites.ts";
import { countsOf, quickShare, runAll } from "./test.ts";

const NOTHING = { passed: 0, failed: 0, skipped: 0 };

Deno.test("countsOf() reads every form of deno test's summary", () => {
  const cases: [summary: string, passed: number, failed: number, skipped: number][] = [
    ["ok | 31 passed | 0 failed (524ms)", 31, 0, 0],
    ["ok | 31 passed | 0 failed | 2 ignored (5s)", 31, 0, 2],
    ["ok | 0 passed | 0 failed | 2 ignored (5s)", 0, 0, 2],
    ["FAILED | 83 passed | 1 failed (2s)", 83, 1, 0],
    ["FAILED | 418 passed | 12 failed | 15 ignored (1m7s)", 418, 12, 15],
    ["ok | 1 passed (2 steps) | 0 failed (3ms)", 1, 0, 0],
    ["FAILED | 1 passed (2 steps) | 1 failed (1 step) | 3 ignored (1 step) (3ms)", 1, 1, 3],
    ["ok | 4 passed | 0 failed | 1 ignored | 2 filtered out (1s)", 4, 0, 1],
    ["ok | 4 passed | 0 failed | 2 filtered out (1s)", 4, 0, 0],
  ];
  for (const [summary, passed, failed, skipped] of cases) {
    deepEqual(countsOf("deno test", `x ... ok (1ms)\n\n${summary}\n`, failed === 0 ? 0 : 1), {
      passed,
      failed,
      skipped,
    });
  }
});

Deno.test("countsOf() takes the last summary, and none inside a line", () => {
  const output = "a ... ok | 9 passed | 9 failed (1s)\nok | 1 passed | 0 failed (1s)\nok | 2 passed | 0 failed (1s)";
  deepEqual(countsOf("deno test", output, 0), { passed: 2, failed: 0, skipped: 0 });
  deepEqual(countsOf("suite line", "suite: 1 passed, 0 failed, 0 skipped\nsuite: 3 passed, 0 failed, 1 skipped\n", 0), {
    passed: 3,
    failed: 0,
    skipped: 1,
  });
});

Deno.test("countsOf() counts a suite that fails without counts as one failed", () => {
  for (const how of ["deno test", "suite line"] as const) {
    for (const code of [1, 2, 127, 139]) equal(countsOf(how, "error: no such module", code).failed, 1);
  }
  deepEqual(countsOf("one check", "", 1), { ...NOTHING, failed: 1 });
  equal(countsOf("deno test", "ok | 3 passed | 0 failed (1s)", 1).failed, 1);
});

Deno.test("countsOf() counts a suite that ran no test as failed", () => {
  match(countsOf("deno test", "ok | 0 passed | 0 failed (1s)", 0).wrong ?? "", /ran no test/);
  match(countsOf("deno test", "", 0).wrong ?? "", /ran no test/);
  match(countsOf("suite line", "all is well", 0).wrong ?? "", /ran no test/);
  equal(countsOf("suite line", "", 0).failed, 1);
});

Deno.test("countsOf() counts a suite that was ended as failed, with what it had counted", () => {
  equal(countsOf("suite line", "suite: 3 passed, 0 failed, 0 skipped", undefined).failed, 1);
  equal(countsOf("one check", "", undefined).failed > 0, true);
});

Deno.test("countsOf() counts a suite as skipped if every row was skipped, although it ends with an error", () => {
  const output = "suite: 0 passed, 0 failed, 7 skipped";
  deepEqual(countsOf("suite line", output, NOTHING_CHECKED), { ...NOTHING, skipped: 7 });
  equal(countsOf("suite line", output, 1).failed, 1);
  equal(countsOf("suite line", "suite: 0 passed, 0 failed, 0 skipped", NOTHING_CHECKED).failed, 1);
});

Deno.test("exitCodeOf() is an error for a script that could check nothing", () => {
  equal(exitCodeOf({ passed: 3, failed: 0, skipped: 9 }), 0);
  equal(exitCodeOf({ passed: 3, failed: 1, skipped: 0 }), 1);
  equal(exitCodeOf({ passed: 0, failed: 0, skipped: 9 }), NOTHING_CHECKED);
  equal(exitCodeOf(NOTHING), 1);
});

/** A suite that prints `text` and ends with `code`. */
function fake(name: string, text: string, code = 0): Suite {
  const args = ["eval", `console.log(${JSON.stringify(text)}); Deno.exit(${code})`];
  return { name, args, counts: "suite line", beside: "waits" };
}

Deno.test("runAll() adds all suites up in its last line, and fails if one failed", async () => {
  const good = fake("good", "noise\nsuite: 2 passed, 0 failed, 1 skipped");
  const bad: Suite = { ...fake("bad", "suite: 1 passed, 3 failed, 0 skipped", 1), beside: "alone" };
  const skipped: Suite = { ...fake("skipped", "suite: 0 passed, 0 failed, 4 skipped", NOTHING_CHECKED), beside: "cpu" };
  for (const shown of [true, false]) {
    const lines: string[] = [];
    const run = (...suites: Suite[]) => runAll(suites, shown, (line) => lines.push(line));
    equal(await run(good, bad, skipped), 1);
    equal(lines.at(-1), "tests: 3 passed, 3 failed, 5 skipped");
    equal(await run(good, skipped), 0);
    equal(lines.at(-1), "tests: 2 passed, 0 failed, 5 skipped");
    equal(await run(good, fake("dead", "", 7)), 1);
    equal(lines.at(-1), "tests: 2 passed, 1 failed, 1 skipped");
    equal(await run(), 1);
  }
});

Deno.test("quickShare() runs nothing that the whole does not, and takes every suite marked quick", () => {
  const share = quickShare(SUITES);
  equal(share.length > 10, true);
  for (const { name, args } of share) {
    const whole = SUITES.find((suite) => suite.name === name);
    const scripts = (list: readonly string[]) => list.filter((arg) => arg.endsWith(".ts") && !arg.startsWith("--"));
    for (const script of scripts(args)) {
      equal(whole?.args.some((arg) => script === arg || script.startsWith(`${arg}/`)), true, `${name}: ${script}`);
    }
  }
});

Deno.test("no two suites have the same name", () => {
  equal(new Set(SUITES.map((suite) => suite.name)).size, SUITES.length);
});

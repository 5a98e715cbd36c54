// What the doctor says of each fact, and that there is always something to do where something is weaker.

import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert/strict";
import type { FullProtection } from "../host/protection.ts";
import { type Check, checks, doctorText, line, startHints, terminalChecks } from "./doctor.ts";

const GOOD: FullProtection = {
  system: "linux",
  hardened: true,
  memoryLocked: true,
  locked: "all",
  coreDumps: "off",
  dumpable: false,
  tracer: false,
  swap: "none",
  keyLog: false,
  writesDown: false,
  preload: false,
  inspector: "closed",
  lockLimitBytes: 8192 * 1024,
  permissions: ["net"],
};

function of(check: string, changed: Partial<FullProtection>): Check {
  const found = checks({ ...GOOD, ...changed }).find((c) => c.check === check);
  ok(found !== undefined, check);
  return found;
}

Deno.test("checks() of a machine where all is well says protected, each time", () => {
  const all = checks(GOOD);
  equal(all.length, 9);
  deepEqual(all.filter(({ state }) => state !== "protected"), []);
  deepEqual(startHints(GOOD), []);
});

Deno.test("checks() names the limit and the exact lines where memory cannot be locked", () => {
  for (const [locked, words] of [["part", /Only a part/], ["none", /cannot be locked/]] as const) {
    const { state, advice } = of("locked memory", { locked, memoryLocked: false, lockLimitBytes: 65536 });
    equal(state, "weaker");
    match(advice, words);
    match(advice, /64 KiB/);
    match(advice, /ulimit -l 8192/);
    match(advice, /LimitMEMLOCK=8192K/);
  }
});

Deno.test("checks() notices each single weakness, and no other with it", () => {
  const weak: [string, Partial<FullProtection>][] = [
    ["locked memory", { locked: "none" }],
    ["core dumps", { coreDumps: "on" }],
    ["other programs", { dumpable: true }],
    ["debugger", { tracer: true }],
    ["swap", { swap: "plain" }],
    ["TLS key log", { keyLog: true }],
    ["preloaded library", { preload: true }],
    ["runtime's debugger", { inspector: "open" }],
    ["permissions", { permissions: ["net", "read"] }],
  ];
  for (const [check, changed] of weak) {
    deepEqual(checks({ ...GOOD, ...changed }).filter((c) => c.state !== "protected").map((c) => c.check), [check]);
  }
});

Deno.test("checks() says 'not here' of what cannot be found out, and what it is, never 'protected'", () => {
  const nobody = { dumpable: undefined, tracer: undefined, swap: undefined, keyLog: undefined, preload: undefined };
  const unknown = checks({ ...GOOD, ...nobody }).filter(({ state }) => state === "not here");
  deepEqual(unknown.map(({ check }) => check), [
    "other programs",
    "debugger",
    "swap",
    "TLS key log",
    "preloaded library",
  ]);
  for (const { advice } of unknown) match(advice, /^Whether .+ cannot be found out/);
  equal(new Set(unknown.map(({ advice }) => advice)).size, 5);
  equal(of("locked memory", { hardened: false, locked: "none" }).state, "weaker");
  match(of("hardening", { hardened: false }).advice, /--allow-ffi/);
});

Deno.test("checks() takes compressed and encrypted swap for protected", () => {
  equal(of("swap", { swap: "memory" }).state, "protected");
  equal(of("swap", { swap: "encrypted" }).state, "protected");
});

Deno.test("terminalChecks() believes F12 only when it has arrived", () => {
  const states = (["arrived", "did not arrive", "not tried"] as const).map((f12) =>
    terminalChecks({ input: true, output: true, f12 }).find((c) => c.check === "F12")?.state
  );
  deepEqual(states, ["protected", "weaker", "not here"]);
  deepEqual(
    terminalChecks({ input: false, output: true, f12: "not tried" }).map((c) => c.state),
    ["not here", "not here"],
  );
});

Deno.test("startHints() tells swap, debugger, library and missing FFI, one line each", () => {
  equal(startHints({ ...GOOD, swap: "plain" }).length, 1);
  equal(startHints({ ...GOOD, tracer: true, preload: true }).length, 2);
  const [without = "", ...more] = startHints({ ...GOOD, hardened: false, locked: "none", swap: undefined });
  match(without, /Without FFI permission/);
  deepEqual(more, []);
  for (const hint of startHints({ ...GOOD, swap: "plain", tracer: true, preload: true })) {
    equal(hint.includes("\n"), false);
  }
});

Deno.test("doctorText() has one line for each check", () => {
  const terminal = { input: true, output: true, f12: "not tried" } as const;
  equal(doctorText(GOOD, terminal).split("\n").length, checks(GOOD).length + 2);
  match(line({ check: "swap", state: "weaker", advice: "Do it." }), /^weaker +swap: +Do it\.$/);
});

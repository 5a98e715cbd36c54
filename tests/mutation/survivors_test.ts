// The list of survivors with a reason stays true to the code, and the page keeps the rows of rooms that were not run.
// Out of scope: whether they survive (`deno task mutate`).

import { ok, strictEqual as equal } from "node:assert/strict";
import { readFileSync } from "node:fs";
import { ROOT } from "./deno.ts";
import { excuses, page, type Result, rowsOf } from "./report.ts";

Deno.test("each survivor with a reason is a change of a line that is there, and stands in the list once", () => {
  const seen = new Set<string>();
  for (const { file, line, was, became, reason } of excuses()) {
    const name = `${file}: ${line}: ${was} → ${became}`;
    const text = readFileSync(`${ROOT}${file}`, "utf8");
    ok(text.split("\n").some((one) => one.trim() === line), `${name}: the line is not there`);
    ok(text.replace(/\s+/g, " ").includes(was), `${name}: nothing to change`);
    ok(was !== became && reason.length > 20, name);
    ok(!seen.has(name), `${name}: twice`);
    seen.add(name);
  }
});

Deno.test("docs/MUTATION.md is what its rows make, and a room that was run alone changes its own row and the sum", () => {
  const before = readFileSync(`${ROOT}docs/MUTATION.md`, "utf8");
  equal(page(rowsOf([], before)), before);
  const one = { room: "wire", places: 10, run: 10, killed: 9, timedOut: 2, excused: [{}], open: [] };
  const after = page(rowsOf([one as unknown as Result], before)).split("\n");
  const changed = before.split("\n").flatMap((line, i) => line === after[i] ? [] : [after[i]]);
  equal(changed.length, 2);
  equal(changed[0], "| wire | 10 | 10 | 9 | 2 | 1 | 0 | 90.0 % |", "and it is of the code as it is: no star");
  ok(changed[1]?.startsWith("| **all** |"));
});

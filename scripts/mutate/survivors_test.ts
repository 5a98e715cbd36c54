// The list of survivors with a reason stays true to the code. Not in here: whether they survive (`deno task mutate`).

import { ok } from "node:assert/strict";
import { readFileSync } from "node:fs";
import { ROOT } from "./deno.ts";
import { excuses } from "./report.ts";

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

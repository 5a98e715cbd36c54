// Part of the table of tests/simulation/admission.ts, checked against its figures: taking strangers in turn lets
// newcomers through.

import { ok } from "node:assert/strict";
import { loadSodium } from "../../src/crypto/sodium.ts";
import { attacked } from "./admission.ts";

const arena = await loadSodium([[32, 64], [64, 8], [256, 8]]);

for (const kind of ["silent", "guessing", "both"] as const) {
  Deno.test(`10 networks that attack without pause (${kind}) keep nobody out, from the beginning`, () => {
    const { newcomers, reached, medianMs } = attacked(arena, { networks: 10, kind, when: "begun" }, 20, 1);
    ok(reached === newcomers, `${reached} of ${newcomers}`);
    ok(medianMs < 3_000, `${medianMs} ms`);
  });
}

Deno.test("100 networks that begin at once, half of them guessing, keep nobody out", () => {
  const { newcomers, reached, medianMs } = attacked(arena, { networks: 100, kind: "both", when: "begun" }, 20, 1);
  ok(reached === newcomers, `${reached} of ${newcomers}`);
  ok(medianMs < 6_000, `${medianMs} ms`);
});

Deno.test("of the newcomers, 1000 networks that begin at once keep some waiting, but not all", () => {
  const { newcomers, reached } = attacked(arena, { networks: 1000, kind: "silent", when: "begun" }, 10, 1);
  ok(reached >= 3 && reached < newcomers, `${reached} of ${newcomers}`);
});

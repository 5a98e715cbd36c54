// Each bug can still be planted. This is part of the gate, since any change to the code can remove the line. Out of
// scope: whether the fuzzer finds it (`deno task fuzz --planted`).

import { strictEqual as equal } from "node:assert/strict";
import { readFileSync } from "node:fs";
import { TARGETS } from "../targets.ts";
import { PLANTED } from "./planted.ts";

Deno.test("each target has a bug to plant, and the line to change occurs once in its file", () => {
  for (const name of TARGETS) equal(PLANTED.some(({ target }) => target === name), true, name);
  for (const { file, text, target } of PLANTED) {
    const times = readFileSync(new URL(`../../${file}`, import.meta.url), "utf8").split(text).length - 1;
    equal(times, 1, `${target}: the line in ${file}`);
  }
});

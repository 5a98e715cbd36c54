// docs/WALKTHROUGH.md shows the bytes of the pinned exchange, and no others.

import { strictEqual as equal, throws } from "node:assert/strict";
import { filled } from "../../scripts/walkthrough.ts";

const ROOT = new URL("../..", import.meta.url);
const [page, vectors] = await Promise.all(
  ["docs/WALKTHROUGH.md", "tests/vectors/exchange-v1.json"].map((file) => Deno.readTextFile(new URL(file, ROOT))),
);
const exchange = () => JSON.parse(vectors!).exchanges[0];

Deno.test("WALKTHROUGH shows what the pinned exchange gives (deno task papers)", () => {
  equal(filled(page!, exchange()), page);
});

Deno.test("WALKTHROUGH changes with the exchange, and has a place for each block", () => {
  const changed = exchange();
  changed.derived.K = "00".repeat(32);
  equal(filled(page!, changed) === page, false);
  throws(() => filled(page!.replace("<!-- bytes: offer -->", ""), exchange()), /no place for offer/);
  throws(() => filled(`${page}\n<!-- bytes: other -->\n`, exchange()), /no block is called other/);
});

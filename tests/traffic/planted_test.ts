// The gate's bugs can still be planted: any change to the pacer can remove their places. Out of scope: that they make
// the gate fail (gate_test.ts).

import { deepStrictEqual as equal } from "node:assert/strict";
import { placesOf, PLANT_NAMES } from "./planted.ts";

Deno.test("each place for a bug of the traffic gate stands in the file once", () => {
  for (const name of PLANT_NAMES) equal(new Set(placesOf(name)), new Set([1]), name);
});

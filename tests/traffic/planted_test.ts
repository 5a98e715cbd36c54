// The bugs of the gate can still be planted: any change of the pacer can take their places away. Out of scope: that the
// gate fails of them (gate_test.ts).

import { deepStrictEqual as equal } from "node:assert/strict";
import { placesOf, PLANT_NAMES } from "./planted.ts";

Deno.test("each place for a bug of the traffic gate stands in the file once", () => {
  for (const name of PLANT_NAMES) equal(new Set(placesOf(name)), new Set([1]), name);
});

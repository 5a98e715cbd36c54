// How many salts of whom are stretched.

import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { Calls } from "./calls.ts";
import { Salts } from "./salts.ts";

const MINUTE = 60_000;

Deno.test("three salts of a target in ten minutes, a known one again at any time", () => {
  const salts = new Salts();
  const call = new Calls().add("a", true, 0);
  const take = (salt: string, at: number, of = call) => salts.take({ call: of, expected: undefined }, salt, at);
  for (const [i, salt] of ["s1", "s2", "s3"].entries()) equal(take(salt, i * MINUTE), true);
  equal(take("s4", 3 * MINUTE), false);
  equal(take("s1", 4 * MINUTE), true);
  equal(take("s4", 10 * MINUTE - 1), false);
  equal(take("s4", 10 * MINUTE), true);
  deepEqual(call?.salts.map(({ salt }) => salt), ["s2", "s3", "s4"], "older ones are forgotten");
  equal(take("s9", 3 * MINUTE, new Calls().add("c", true, 0)), true, "another target has its own three");
});

Deno.test("ten minutes are ten minutes, also if the person calls the same target again", () => {
  const calls = new Calls();
  const salts = new Salts();
  const call = calls.add("b", false, 0);
  for (const salt of ["s1", "s2", "s3"]) salts.take({ call, expected: undefined }, salt, 0);
  calls.again(call!, 0, 0);
  equal(salts.take({ call: calls.add("b", false, MINUTE), expected: undefined }, "s4", MINUTE), false);
});

Deno.test("three salts of an introduced person, by whichever connection, and 256 people are remembered", () => {
  const salts = new Salts();
  const take = (peer: string, salt: string) => salts.take({ call: undefined, expected: peer }, salt, 0);
  deepEqual(["1", "2", "3", "4"].map((salt) => take("mallory", salt)), [true, true, true, false]);
  for (let n = 0; n < 255; n++) take(`${n}`, "s");
  equal(take("mallory", "4"), false);
  for (let n = 0; n < 256; n++) take(`${n}`, "s");
  equal(take("mallory", "4"), true);
  equal(salts.take({ call: undefined, expected: undefined }, "4", 0), true, "a call of nobody's");
});

Deno.test("a salt that did not come from a false listener no longer counts as one of the three, and no other is removed", () => {
  for (
    const [salt, left] of [["s2", ["s1", "s3"]], ["s4", ["s1", "s2", "s3"]], [undefined, ["s1", "s2", "s3"]]] as const
  ) {
    const salts = new Salts();
    const call = new Calls().add("a", true, 0);
    for (const shown of ["s1", "s2", "s3"]) salts.take({ call, expected: undefined }, shown, 0);
    salts.forget({ call, expected: undefined, salt });
    deepEqual(call?.salts.map((one) => one.salt), left);
  }
});

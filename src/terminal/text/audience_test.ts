import { deepStrictEqual as deepEqual } from "node:assert/strict";
import { Audience } from "./audience.ts";

Deno.test("somebody who joined while a line was typed is named once, and then counts as meant", () => {
  const audience = new Audience();
  audience.typed("h", ["bob"]);
  audience.typed("hi", ["bob", "carol"]);
  deepEqual(audience.newcomers("hi", ["bob", "carol"]), ["carol"]);
  deepEqual(audience.newcomers("hi", ["bob", "carol"]), []);
  deepEqual(audience.newcomers("hi", ["bob", "carol", "dora"]), ["dora"]);
});

Deno.test("somebody who left meanwhile is not named, and an emptied line starts afresh", () => {
  const audience = new Audience();
  audience.typed("h", ["bob", "carol"]);
  deepEqual(audience.newcomers("h", ["bob"]), []);
  audience.typed("", ["bob"]);
  audience.typed("x", ["bob", "dora"]);
  deepEqual(audience.newcomers("x", ["bob", "dora"]), []);
});

Deno.test("a command goes to nobody, a line that begins with two slashes does", () => {
  const audience = new Audience();
  audience.typed("/", []);
  deepEqual(audience.newcomers("/peers", ["bob"]), []);
  deepEqual(audience.newcomers("/msg Bob psst", ["bob"]), []);
  deepEqual(audience.newcomers("//peers", ["bob"]), ["bob"]);
});

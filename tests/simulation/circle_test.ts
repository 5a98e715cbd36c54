// The first seeds of who hears whom, with libsodium's primitives; `deno task check circles` runs 120 of each with toys.

import { strictEqual as equal } from "node:assert/strict";
import { testArena } from "../harness/arena.ts";
import { agreeToAll, comeAndGo } from "./circle.ts";

const arena = await testArena();

for (const count of [3, 5]) {
  Deno.test(`whatever the order of coming and going of ${count}, at the end every header is right`, () => {
    for (let seed = 1; seed <= 4; seed++) comeAndGo(arena, seed, count);
    equal(arena.used, 0, "slots of secrets are left");
  });
}

Deno.test("five who agree to all hear each other and each message once", () => {
  for (let seed = 1; seed <= 2; seed++) agreeToAll(arena, seed);
  equal(arena.used, 0, "slots of secrets are left");
});

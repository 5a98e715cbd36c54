import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";
import { ADDRESSES_PER_NAME_MAX } from "../constants.ts";
import { type Look, resolve } from "./resolve.ts";

const SIX = ["2001:db8::1", "2001:db8::2", "2001:db8::3"];
const FOUR = ["192.0.2.1", "192.0.2.2"];

Deno.test("resolve() takes both families in turns, IPv6 first", async () => {
  const look: Look = (_, family) => Promise.resolve(family === 6 ? SIX : FOUR);
  deepEqual(await resolve("friend.example", look), [SIX[0], FOUR[0], SIX[1], FOUR[1], SIX[2]]);
  deepEqual(
    await resolve("friend.example", (_, family) => Promise.resolve(family === 6 ? "name-not-found" : FOUR)),
    FOUR,
  );
  deepEqual(await resolve("friend.example", (_, family) => Promise.resolve(family === 6 ? SIX : "no-resolver")), SIX);
});

Deno.test("resolve() asks for both families at once, and goes on without the one that is never answered", async () => {
  const asked: number[] = [];
  const answer = await resolve("friend.example", (_, family) => {
    asked.push(family);
    return family === 6 ? new Promise(() => {}) : Promise.resolve(FOUR);
  });
  deepEqual(answer, FOUR);
  deepEqual(asked, [6, 4]);
});

Deno.test("resolve() names the fault that tells most", async () => {
  const of = (six: string, four: string) =>
    resolve("friend.example", (_, family) => Promise.resolve((family === 6 ? six : four) as never));
  equal(await of("name-not-found", "name-not-found"), "name-not-found");
  equal(await of("name-not-found", "no-resolver"), "no-resolver");
  equal(await resolve("friend.example", () => Promise.resolve([])), "name-not-found");
});

Deno.test("resolve() asks nobody for an address or for an onion name", async () => {
  const look: Look = () => {
    throw new Error("asked");
  };
  deepEqual(await resolve("192.0.2.7", look), ["192.0.2.7"]);
  deepEqual(await resolve("2001:db8::1", look), ["2001:db8::1"]);
  for (const host of ["onion", "friend.onion", "a.b.onion"]) equal(await resolve(host, look), "onion-name");
});

Deno.test("resolve() keeps a bounded number of addresses, of both families", async () => {
  const many = (prefix: string) => Array.from({ length: 100 }, (_, i) => `${prefix}${i}`);
  const kept = await resolve("friend.example", (_, family) => Promise.resolve(many(family === 6 ? "::" : "192.0.2.")));
  ok(Array.isArray(kept));
  equal(kept.length, ADDRESSES_PER_NAME_MAX);
  equal(kept.filter((address) => address.includes(":")).length, ADDRESSES_PER_NAME_MAX / 2);
});

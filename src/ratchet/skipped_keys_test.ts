// The store of skipped keys: who owns a key, which goes first, and that each that goes is wiped.

import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";
import { lockedKey, testArena, toHex } from "../../tests/harness/arena.ts";
import { SkippedKeys } from "./skipped_keys.ts";

const arena = await testArena();

function entry(epoch: number, n: number) {
  return { epoch, n, key: lockedKey(arena, new Uint8Array(32).fill(n + 1)) };
}

Deno.test("SkippedKeys finds a key by epoch and n together, and lends it", () => {
  using store = new SkippedKeys();
  store.add([entry(1, 0), entry(1, 5), entry(2, 5)]);
  equal(store.find(1, 4), undefined);
  equal(store.find(3, 5), undefined);
  const found = store.find(2, 5);
  ok(found !== undefined);
  equal(toHex(found), "06".repeat(32));
  ok(store.find(2, 5) === found, "finding does not take it away");
  equal(store.size, 3);
});

Deno.test("SkippedKeys.remove() wipes exactly that key, and is silent about one that it does not have", () => {
  using store = new SkippedKeys();
  const [first, second] = [entry(1, 0), entry(1, 1)];
  store.add([first, second]);
  store.remove(1, 0);
  equal(first.key.disposed, true);
  equal(second.key.disposed, false);
  equal(store.find(1, 0), undefined);
  store.remove(1, 0);
  equal(store.size, 1);
  equal(arena.used, 1);
});

Deno.test("SkippedKeys keeps 128 and wipes the oldest first", () => {
  using store = new SkippedKeys();
  const keys = Array.from({ length: 130 }, (_, n) => entry(1, n));
  store.add(keys.slice(0, 128));
  equal(store.size, 128);
  equal(keys.some(({ key }) => key.disposed), false);
  store.add(keys.slice(128));
  equal(store.size, 128);
  equal(arena.used, 128);
  equal(keys.map(({ key }) => key.disposed).lastIndexOf(true), 1);
  equal(store.find(1, 0), undefined);
  ok(store.find(1, 2) !== undefined);
  ok(store.find(1, 129) !== undefined);
});

Deno.test("SkippedKeys.forget() wipes the keys of the epochs before the one named, and no others", () => {
  using store = new SkippedKeys();
  const keys = [entry(1, 0), entry(2, 0), entry(3, 0), entry(3, 1), entry(4, 0)];
  store.add(keys);
  store.forget(3);
  deepEqual(keys.map(({ key }) => key.disposed), [true, true, false, false, false]);
  equal(store.size, 3);
  equal(arena.used, 3);
});

Deno.test("SkippedKeys wipes all keys when it is disposed", () => {
  const store = new SkippedKeys();
  const keys = [entry(1, 0), entry(2, 0)];
  store.add(keys);
  store[Symbol.dispose]();
  equal(keys.every(({ key }) => key.disposed), true);
  equal(store.size, 0);
  equal(arena.used, 0);
});

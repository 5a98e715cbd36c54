// What friends see beside our messages: that the newest name reaches them, though they ignore one that comes too soon.

import { strictEqual as equal } from "node:assert/strict";
import { type Person, storiesIn } from "../../tests/simulation/bench.ts";
import { loadSodium } from "../crypto/sodium.ts";

const arena = await loadSodium([[32, 4_000], [64, 256], [256, 256], [1280, 8]]);
const A: Person = { name: "a", rank: 1, displayName: "Anna" };
const B: Person = { name: "b", rank: 2 };

const test = storiesIn(arena);

test("a name that a further connection tells too soon is told once more", [A, B], (bench) => {
  bench.call("a", "b").run(20_000);
  bench.node("a").step({ type: "rename", name: "Ann" });
  bench.run(2_000);
  equal(bench.friend("b", "a")?.name, "Ann");
  bench.node("a").step({ type: "rename", name: "Annie" });
  bench.call("b", "a").run(3_000);
  equal(bench.friend("b", "a")?.name, "Ann", "b has taken a name just now");
  bench.run(20_000);
  equal(bench.friend("b", "a")?.name, "Annie");
});

test("a name that is changed while a friend is away reaches them when they come back soon", [A, B], (bench) => {
  bench.call("a", "b").run(1_000);
  bench.joined[0]!.pair.die(["dialer", "listener"], []);
  bench.run(1_000);
  bench.node("a").step({ type: "rename", name: "Ann" });
  bench.call("a", "b").run(2_000);
  equal(bench.friend("b", "a")?.name, "Anna");
  bench.run(20_000);
  equal(bench.friend("b", "a")?.name, "Ann");
});

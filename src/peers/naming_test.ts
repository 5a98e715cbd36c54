// What friends see beside our messages: that the newest name reaches them, though they ignore one that comes too soon.

import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { type Person, storiesIn } from "../../tests/simulation/bench.ts";
import { loadSodium } from "../crypto/sodium.ts";
import type { Connection } from "./connection.ts";
import { Friends } from "./friend.ts";
import { Naming } from "./naming.ts";
import { Turn } from "./turn.ts";

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

/** Names alone: what goes to which friend, at the times that the test says. */
class Trial {
  readonly turn = new Turn();
  readonly friends = new Friends("00".repeat(32));
  #sent: string[] = [];
  readonly naming = new Naming("Anna", this.turn, this.friends, {
    drive: ({ peer }, event) => {
      if (event.type === "submit" && event.message.type === "name") {
        this.#sent.push(`${event.message.name} to ${peer.slice(0, 2)}`);
      }
    },
    end: () => {},
    hangUp: () => {},
  });

  /** A connection more. */
  join(peer: string, at: number): string[] {
    return this.at(at, () => {
      const friend = this.friends.meet(peer);
      const connection = { peer } as Connection;
      this.friends.join(friend, connection);
      friend.inUse ??= connection;
      this.naming.greet(friend, connection);
    });
  }

  at(now: number, act: () => void): string[] {
    this.turn.now = now;
    act();
    return this.#sent.splice(0);
  }

  rename(name: string, at: number): string[] {
    return this.at(at, () => this.naming.change(name));
  }

  time(at: number): string[] {
    return this.at(at, () => this.naming.time());
  }
}

const F = "f1".repeat(32);
const G = "f2".repeat(32);

Deno.test("a change goes at once to whom the last name was told 12 s ago, and to others when it is so long", () => {
  const trial = new Trial();
  deepEqual(trial.join(F, 0), ["Anna to f1"]);
  deepEqual(trial.join(G, 7_000), ["Anna to f2"]);
  equal(trial.naming.deadline, Infinity);
  deepEqual(trial.rename("Ann", 12_000), ["Ann to f1"]);
  equal(trial.naming.deadline, 19_000);
  deepEqual(trial.time(18_999), []);
  deepEqual(trial.time(19_000), ["Ann to f2"]);
  equal(trial.naming.deadline, Infinity);
  deepEqual(trial.rename("Anke", 20_000), []);
  equal(trial.naming.deadline, 24_000, "the first of two");
  deepEqual([trial.time(24_000), trial.time(31_000)], [["Anke to f1"], ["Anke to f2"]]);
});

Deno.test("a name that a further connection told too soon was not taken, and puts off no other", () => {
  const trial = new Trial();
  trial.join(F, 0);
  deepEqual(trial.rename("Ann", 4_000), []);
  deepEqual(trial.join(F, 5_000), ["Ann to f1"]);
  equal(trial.naming.deadline, 12_000);
  deepEqual(trial.rename("Anke", 6_000), []);
  equal(trial.naming.deadline, 12_000);
  deepEqual(trial.time(12_000), ["Anke to f1"]);
});

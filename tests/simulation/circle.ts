// Who hears whom, in whatever order people come, go and come to hear each other: seeded runs of a few people as stars,
// chains, rings and meshes. At the end every header says what is so, which the world knows from its connections.

import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import type { Arena } from "../../src/secrets/locked.ts";
import { Bench, type Person } from "./bench.ts";
import { Random } from "./random.ts";

/** 2 s between two circles, (cells + 3) ticks, a round trip; and what the last change itself takes: a call, or a loss. */
const CALM_MS = 2_000 + 4 * 250 + 10 + 1_500;
/** A contradiction is told after 10 s: none may be left then. */
const DISPUTES_MS = 11_000;

type Pair = readonly [number, number];
type Shape = "star" | "chain" | "ring" | "mesh";

function pairsOf(shape: Shape, count: number): Pair[] {
  const all = Array.from({ length: count }, (_, i) => i);
  switch (shape) {
    case "star":
      return all.slice(1).map((i) => [i, 0]);
    case "chain":
      return all.slice(1).map((i) => [i, i - 1]);
    case "ring":
      return all.map((i) => [i, (i + 1) % count]);
    case "mesh":
      return all.flatMap((i) => all.slice(0, i).map((j): Pair => [i, j]));
  }
}

function personOf(index: number, introductions: "ask" | "yes"): Person {
  return {
    name: `p${index}`,
    rank: index + 1,
    displayName: `Person ${index}`,
    host: `203.0.113.${index + 1}`,
    circle: { introductions, hidden: false },
  };
}

/** Everybody's header, against the connections that there are. */
function check(bench: Bench, names: readonly string[], where: string): void {
  const linked = (a: string, b: string) => bench.friend(a, b) !== undefined && bench.friend(b, a) !== undefined;
  for (const me of names) {
    const friends = names.filter((other) => other !== me && linked(me, other));
    equal(bench.node(me).peers.present().length, friends.length, `${where}: ${me} sees somebody who is not there`);
    const others = names.filter((other) => other !== me && !friends.includes(other));
    const heard = others.flatMap((other) => {
      const by = friends.filter((friend) => linked(friend, other)).map((friend) => bench.id(friend)).sort();
      return by.length === 0 ? [] : [{ peer: bench.id(other), by }];
    });
    const { hearing } = bench.node(me).peers;
    const said = hearing.others.map(({ peer, by }) => ({ peer, by: [...by].sort() }));
    const byPeer = (a: { peer: string }, b: { peer: string }) => a.peer < b.peer ? -1 : 1;
    deepEqual(said.sort(byPeer), heard.sort(byPeer), `${where}: whom ${me}'s friends talk with`);
    const apart = friends.flatMap((a, i) => friends.slice(i + 1).filter((b) => !linked(a, b)).map((b) => [a, b]));
    const ids = (pairs: readonly (readonly string[])[]) => pairs.map((pair) => [...pair].sort().join()).sort();
    deepEqual(ids(hearing.apart), ids(apart.map((pair) => pair.map((name) => bench.id(name)))), `${where}: apart`);
    deepEqual(hearing.disputed, [], `${where}: ${me} was told of a contradiction`);
    equal(hearing.everyone, friends.length >= 2 && heard.length === 0 && apart.length === 0, `${where}: ${me}`);
    equal(hearing.settling, false, `${where}: ${me} still waits`);
  }
}

/** One run: people come in some order, some links break, somebody goes and another comes; then all is calm. */
export function comeAndGo(arena: Arena, seed: number, count: number): void {
  const random = new Random(seed);
  const shape = (["star", "chain", "ring", "mesh"] as const)[seed % 4]!;
  const people = Array.from({ length: count }, (_, i) => personOf(i, "ask"));
  const bench = new Bench(arena, ...people);
  try {
    const pairs = pairsOf(shape, count);
    while (pairs.length > 0) {
      const [[from, to]] = pairs.splice(random.int(0, pairs.length - 1), 1) as [Pair];
      bench.call(`p${from}`, `p${to}`).run(random.int(0, 1_500));
      if (random.chance(0.2)) bench.node(`p${from}`).step({ type: "rename", name: `Renamed ${seed}` });
    }
    for (let change = random.int(0, 3); change > 0; change--) {
      const open = bench.open();
      const link = open[random.int(0, open.length - 1)];
      if (random.chance(0.5) && link !== undefined) bench.joined[link]!.pair.die(["dialer", "listener"], []);
      else {
        const gone = random.int(0, count - 1);
        bench.node(`p${gone}`).step({ type: "leave" });
        bench.run(3_000).kill(`p${gone}`);
        bench.start(people[gone]!);
        bench.call(`p${gone}`, `p${(gone + 1) % count}`);
      }
      bench.run(random.int(0, 2_000));
    }
    bench.run(CALM_MS + 4_000);
    const names = people.map(({ name }) => name);
    check(bench, names, `seed ${seed}, ${shape} of ${count}`);
    bench.run(DISPUTES_MS);
    check(bench, names, `seed ${seed}, ${shape} of ${count}, later`);
  } finally {
    bench[Symbol.dispose]();
  }
}

/** Everybody agrees to all: in any order of coming they hear each other, and each message once. */
export function agreeToAll(arena: Arena, seed: number): void {
  const random = new Random(seed);
  const people = Array.from({ length: 5 }, (_, i) => personOf(i, "yes"));
  const bench = new Bench(arena, ...people);
  try {
    const pairs = pairsOf(seed % 2 === 0 ? "star" : "chain", 5);
    while (pairs.length > 0) {
      const [[from, to]] = pairs.splice(random.int(0, pairs.length - 1), 1) as [Pair];
      bench.call(`p${from}`, `p${to}`).run(random.int(0, 1_500));
    }
    bench.run(90_000);
    const names = people.map(({ name }) => name);
    check(bench, names, `seed ${seed}`);
    for (const name of names) equal(bench.node(name).peers.hearing.everyone, true, `seed ${seed}, ${name}`);
    for (const name of names) bench.say(name, `from ${name}`);
    bench.run(4_000);
    for (const name of names) {
      const wanted = names.filter((other) => other !== name).map((other) => `from ${other}`);
      deepEqual(bench.texts(name).sort(), wanted.sort(), `seed ${seed}, ${name}`);
    }
  } finally {
    bench[Symbol.dispose]();
  }
}

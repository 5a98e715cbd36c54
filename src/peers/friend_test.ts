// What is kept for one PeerId: which connection is kept, which ids are known, when a name counts.

import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";
import fc from "fast-check";
import { NAME_CHANGE_PAUSE_MS, SHOWN_IDS_PEERS, SHOWN_IDS_PER_PEER } from "../constants.ts";
import type { Role } from "../ports.ts";
import type { Connection } from "./connection.ts";
import { Friend, Friends } from "./friend.ts";

const SMALL = "11".repeat(32);
const LARGE = "ee".repeat(32);

/** Only what `Friend` looks at. */
function connection(role: Role): Connection {
  return { role } as Connection;
}

for (
  const { sentence, self, peer, kept } of [
    { sentence: "the one that we dialled, if ours is the smaller PeerId", self: SMALL, peer: LARGE, kept: "dialer" },
    { sentence: "the one that they dialled, if theirs is", self: LARGE, peer: SMALL, kept: "listener" },
  ] as const
) {
  Deno.test(`to be kept is ${sentence}, and in one direction the last authenticated`, () => {
    const friend = new Friend(self, peer);
    equal(friend.toKeep, undefined);
    const other: Role = kept === "dialer" ? "listener" : "dialer";
    const [bad1, good1, good2, bad2] = [connection(other), connection(kept), connection(kept), connection(other)];
    friend.connections.push(bad1!);
    equal(friend.toKeep, bad1);
    friend.connections.push(good1!, good2!, bad2!);
    equal(friend.toKeep, good2);
    friend.connections.splice(1, 2);
    equal(friend.toKeep, bad2);
  });
}

Deno.test("both sides of the same connections keep the same one", () => {
  const orders: Role[][] = [["dialer", "listener"], ["listener", "dialer"], ["dialer", "listener", "dialer"]];
  for (const roles of orders) {
    const [a, b] = [new Friend(SMALL, LARGE), new Friend(LARGE, SMALL)];
    for (const role of roles) {
      a.connections.push(connection(role));
      b.connections.push(connection(role === "dialer" ? "listener" : "dialer"));
    }
    equal(a.connections.indexOf(a.toKeep!), b.connections.indexOf(b.toKeep!));
  }
});

Deno.test("both sides keep the same one however the two directions mix, and whichever connections die", () => {
  // The sides agree on the order within a direction; `mixA` and `mixB` say how each saw the two directions mix.
  const half = fc.array(fc.boolean(), { maxLength: 4 });
  const mix = fc.array(fc.boolean(), { minLength: 8, maxLength: 8 });
  fc.assert(
    fc.property(half, half, mix, mix, (dialledByA, dialledByB, mixA, mixB) => {
      const alive = (half: readonly boolean[], name: string) =>
        half.flatMap((lives, n) => lives ? [`${name}${n}`] : []);
      const side = (self: string, peer: string, own: string[], theirs: string[], order: readonly boolean[]) => {
        const friend = new Friend(self, peer);
        const names = new Map<Connection, string>();
        const left: readonly [string[], string[]] = [[...own], [...theirs]];
        while (left[0].length + left[1].length > 0) {
          const ours = left[1].length === 0 || (left[0].length > 0 && order[names.size]!);
          const made = connection(ours ? "dialer" : "listener");
          names.set(made, left[ours ? 0 : 1].shift()!);
          friend.connections.push(made);
        }
        return names.get(friend.toKeep!);
      };
      const [byA, byB] = [alive(dialledByA, "A"), alive(dialledByB, "B")];
      const kept = side(SMALL, LARGE, byA, byB, mixA);
      equal(kept, side(LARGE, SMALL, byB, byA, mixB));
      equal(kept, byA.at(-1) ?? byB.at(-1));
    }),
    { seed: 6, numRuns: 1000 },
  );
});

Deno.test("PeerIds are compared as unsigned bytes", () => {
  const friend = new Friend("7f" + "00".repeat(31), "80" + "00".repeat(31));
  friend.connections.push(connection("dialer"), connection("listener"));
  equal(friend.toKeep?.role, "dialer");
});

Deno.test("a name change sooner than 10 s after the last one taken is ignored", () => {
  const friend = new Friend(SMALL, LARGE);
  equal(friend.takeName("Anna", 100), true);
  equal(friend.takeName("Bea", 100 + NAME_CHANGE_PAUSE_MS - 1), false);
  equal(friend.name, "Anna");
  equal(friend.takeName("Bea", 100 + NAME_CHANGE_PAUSE_MS), true);
  equal(friend.takeName("Anna", 100 + NAME_CHANGE_PAUSE_MS + 5_000), false);
});

Deno.test("a repeated name does not count as a change", () => {
  const friend = new Friend(SMALL, LARGE);
  friend.takeName("Anna", 0);
  equal(friend.takeName("Anna", NAME_CHANGE_PAUSE_MS), false);
  equal(friend.takeName("Bea", NAME_CHANGE_PAUSE_MS), true);
});

Deno.test("the last 1024 shown ids are known", () => {
  const friend = new Friend(SMALL, LARGE);
  friend.showing.add("id 0");
  for (let n = 0; n <= SHOWN_IDS_PER_PEER; n++) friend.markShown(`id ${n}`);
  equal(friend.showing.size, 0);
  equal(friend.shown.size, SHOWN_IDS_PER_PEER);
  deepEqual([friend.shown.has("id 0"), friend.shown.has("id 1"), friend.shown.has("id 1024")], [false, true, true]);
});

Deno.test("what waits for the screen is counted over all friends, also those who are gone", () => {
  const friends = new Friends(SMALL);
  equal(friends.waitingForScreen, 0);
  for (const [n, name] of ["a", "b"].entries()) {
    const friend = friends.meet(name);
    for (let i = 0; i <= n; i++) friend.showing.add(`${name} ${i}`);
  }
  equal(friends.waitingForScreen, 3);
  friends.get("b")!.markShown("b 0");
  equal(friends.waitingForScreen, 2);
});

Deno.test("a confirmed message leaves the outbox, in any order, and once", () => {
  const friend = new Friend(SMALL, LARGE);
  for (const id of ["a", "b", "c"]) friend.outbox.push({ id, text: id, reported: false });
  equal(friend.confirm("b"), true);
  equal(friend.confirm("b"), false);
  equal(friend.confirm("x"), false);
  deepEqual(friend.outbox.map(({ id }) => id), ["a", "c"]);
});

Deno.test("the last 256 PeerIds are remembered, least recently met out, and never one that is here", () => {
  const friends = new Friends(SMALL);
  const here = friends.meet("here");
  friends.join(here, connection("dialer"));
  friends.meet("met again");
  for (let n = 0; n < SHOWN_IDS_PEERS - 2; n++) friends.meet(`peer ${n}`);
  friends.meet("met again");
  ok(friends.get("peer 0") !== undefined);
  friends.meet("one more");
  equal(friends.get("peer 0"), undefined);
  for (let n = 0; n < 2 * SHOWN_IDS_PEERS; n++) friends.meet(`later ${n}`);
  equal(friends.get("here"), here);
  equal(friends.get("met again"), undefined);
  equal([...friends.all()].length, SHOWN_IDS_PEERS);
  deepEqual(friends.here(), [here]);
});

Deno.test("who was verified is forgotten last, and whoever is met now not at all", () => {
  const friends = new Friends(SMALL);
  friends.meet("verified").verified = true;
  for (let n = 0; n < 2 * SHOWN_IDS_PEERS; n++) friends.meet(`mallory ${n}`);
  equal(friends.get("verified")?.verified, true);
  for (const friend of friends.all()) friend.verified = true;
  const newest = friends.meet("newest");
  equal(friends.get("newest"), newest);
  equal(friends.get("verified"), undefined, "the oldest of all");
  equal([...friends.all()].length, SHOWN_IDS_PEERS);
});

Deno.test("Friends remembers what a plain list remembers, whoever is met, comes and goes", () => {
  const action = fc.record({
    what: fc.constantFrom("meet", "meet", "meet", "come", "go"),
    peer: fc.nat(2 * SHOWN_IDS_PEERS).map((n) => `peer ${n}`),
  });
  fc.assert(
    fc.property(fc.array(action, { minLength: 600, maxLength: 1200, size: "max" }), (actions) => {
      const friends = new Friends(SMALL);
      let list: string[] = [];
      const here = new Set<string>();
      for (const { what, peer } of actions) {
        const known = list.includes(peer);
        equal(friends.get(peer) !== undefined, known);
        if (what === "meet") {
          friends.meet(peer);
          list = [...list.filter((one) => one !== peer), peer];
          const oldest = list.find((one) => !here.has(one));
          if (list.length > SHOWN_IDS_PEERS) list = list.filter((one) => one !== oldest);
        } else if (what === "come" && known && here.size < SHOWN_IDS_PEERS / 2) {
          friends.join(friends.get(peer)!, connection("dialer"));
          here.add(peer);
        } else if (what === "go" && known) {
          const friend = friends.get(peer)!;
          for (const one of [...friend.connections]) friends.part(friend, one);
          here.delete(peer);
        }
      }
      deepEqual([...friends.all()].map(({ peer }) => peer), list);
      deepEqual(friends.here().map(({ peer }) => peer), list.filter((peer) => here.has(peer)));
    }),
    { seed: 6, numRuns: 60 },
  );
});

Deno.test("of somebody who is met for the first time nothing is known, and nobody is here", () => {
  const { here, inUse, outbox, name, committed, verified, verification } = new Friend(SMALL, LARGE);
  deepEqual({ here, inUse, outbox, name, committed, verified, verification }, {
    here: false,
    inUse: undefined,
    outbox: [],
    name: undefined,
    committed: false,
    verified: false,
    verification: undefined,
  });
});

Deno.test("of several who are here the one with the most unconfirmed counts", () => {
  const friends = new Friends(SMALL);
  equal(friends.mostUnconfirmed, 0);
  for (const [name, many] of [["a", 2], ["b", 3], ["c", 1], ["gone", 9]] as const) {
    const friend = friends.meet(name);
    if (name !== "gone") friends.join(friend, connection("dialer"));
    for (let n = 0; n < many; n++) friend.outbox.push({ id: `${n}`, text: "", reported: false });
  }
  equal(friends.mostUnconfirmed, 3);
});

Deno.test("a friend has been quiet for as long as the connection that brought something last", () => {
  const friends = new Friends(SMALL);
  const since = (at: number) => ({ role: "dialer", session: { quietFor: (now: number) => now - at } }) as Connection;
  for (const [name, ats] of [["a", [10, 40]], ["b", [100]], ["c", [99]], ["d", [99.5, 0]]] as const) {
    const friend = friends.meet(name);
    for (const at of ats) friends.join(friend, since(at));
  }
  deepEqual([...friends.quiet(100)], [["a", 60], ["c", 1], ["d", 0.5]]);
});

Deno.test("the numbers behind the words of somebody who is forgotten are wiped, and of nobody else", () => {
  const friends = new Friends(SMALL);
  const wiped: string[] = [];
  const numbers = (name: string) => ({ [Symbol.dispose]: () => void wiped.push(name) }) as Friend["verification"];
  for (let n = 0; n < SHOWN_IDS_PEERS; n++) friends.meet(`${n}`).verification = numbers(`${n}`);
  friends.join(friends.get("0")!, connection("dialer"));
  deepEqual(wiped, []);
  friends.meet("one more");
  friends.meet("and one");
  deepEqual(wiped, ["1", "2"]);
  friends[Symbol.dispose]();
  equal(wiped.length, SHOWN_IDS_PEERS);
});

import { ok, strictEqual as equal } from "node:assert/strict";
import fc from "fast-check";
import { MAX_FRAGMENTS, MAX_UNCONFIRMED, SLOW_FRIEND_MS } from "../constants.ts";
import { mostWaiting, patienceMs, SlowFriends } from "./slow_friends.ts";

const FULL = MAX_UNCONFIRMED;
const friends = (...unconfirmed: number[]) => unconfirmed.map((count, n) => ({ peer: `${n}`, unconfirmed: count }));

Deno.test("SlowFriends waits for the slowest, starting again at each confirmation", () => {
  const slow = new SlowFriends();
  equal(slow.mayGo(friends(), 0), true);
  equal(slow.mayGo(friends(0, FULL - 1), 0), true);
  equal(slow.mayGo(friends(0, FULL), 0), false);
  equal(slow.mayGo(friends(0, FULL), SLOW_FRIEND_MS - 1), false);
  equal(slow.mayGo(friends(0, FULL - 1), SLOW_FRIEND_MS - 1), true);
  equal(slow.mayGo(friends(0, FULL), SLOW_FRIEND_MS), false);
  equal(slow.mayGo(friends(0, FULL), 2 * SLOW_FRIEND_MS - 1), false);
});

Deno.test("SlowFriends passes over a friend who confirms nothing for SLOW_FRIEND_MS, until they have confirmed everything", () => {
  const slow = new SlowFriends();
  equal(slow.mayGo(friends(0, FULL), 0), false);
  equal(slow.mayGo(friends(0, FULL), SLOW_FRIEND_MS), true);
  equal(slow.mayGo(friends(3, FULL - 1), SLOW_FRIEND_MS), true);
  equal(slow.mayGo(friends(3, FULL), SLOW_FRIEND_MS), true);
  equal(slow.mayGo(friends(3, 0), SLOW_FRIEND_MS), true);
  equal(slow.mayGo(friends(3, FULL), SLOW_FRIEND_MS), false);
});

Deno.test("SlowFriends passes over nobody while all are full, and forgets those who have left", () => {
  const slow = new SlowFriends();
  equal(slow.mayGo(friends(FULL, FULL), 0), false);
  equal(slow.mayGo(friends(FULL, FULL), 9 * SLOW_FRIEND_MS), false);
  equal(slow.mayGo(friends(FULL - 1, FULL), 9 * SLOW_FRIEND_MS), true);
  equal(slow.mayGo(friends(0), 9 * SLOW_FRIEND_MS), true);
  equal(slow.mayGo(friends(0, FULL), 9 * SLOW_FRIEND_MS), false);
});

Deno.test("SlowFriends waits before all is full where it is told to, but not for ever", () => {
  const slow = new SlowFriends(20);
  equal(slow.mayGo(friends(19), 0), true);
  equal(slow.mayGo(friends(20), 0), false);
  equal(slow.mayGo(friends(20), SLOW_FRIEND_MS), true);
  equal(slow.mayGo(friends(FULL - 1), SLOW_FRIEND_MS), true);
  equal(slow.mayGo(friends(FULL), SLOW_FRIEND_MS), false);
  equal(slow.mayGo(friends(FULL), 9 * SLOW_FRIEND_MS), false);
});

Deno.test("mostWaiting() is what leaves within half of the time that there is at the end", () => {
  const most = (intervalMs: number) => mostWaiting({ cover: "constant", intervalMs });
  equal(most(50), MAX_UNCONFIRMED);
  equal(most(250), 20);
  equal(most(1_000), 5);
  equal(mostWaiting({ cover: "off", intervalMs: 1_000 }), MAX_UNCONFIRMED);
});

Deno.test("SlowFriends is as patient as two of the largest messages take, where cells are rare", () => {
  const at = (intervalMs: number) => patienceMs({ cover: "constant", intervalMs });
  equal(at(250), SLOW_FRIEND_MS);
  equal(at(1_000), 2_000 * MAX_FRAGMENTS);
  const slow = new SlowFriends(FULL, at(1_000));
  equal(slow.mayGo(friends(0, FULL), 0), false);
  equal(slow.mayGo(friends(0, FULL), at(1_000) - 1), false);
  equal(slow.mayGo(friends(0, FULL), at(1_000)), true);
});

Deno.test("SlowFriends says without a look at each only that the next line may go when mayGo() says so too", () => {
  const one = fc.constantFrom(0, 1, 19, 20, FULL - 1, FULL);
  const moment = fc.record({ unconfirmed: fc.array(one, { maxLength: 3 }), ms: fc.nat(SLOW_FRIEND_MS) });
  let free = 0;
  fc.assert(
    fc.property(fc.array(moment, { minLength: 1, maxLength: 20 }), (moments) => {
      const [slow, asked] = [new SlowFriends(20), new SlowFriends(20)];
      let now = 0;
      for (const { unconfirmed, ms } of moments) {
        now += ms;
        const isFree = slow.free(Math.max(0, ...unconfirmed));
        if (isFree) free++;
        equal(isFree || slow.mayGo(friends(...unconfirmed), now), asked.mayGo(friends(...unconfirmed), now));
      }
    }),
    { seed: 7, numRuns: 300 },
  );
  ok(free > 300, `${free}`);
});

import { strictEqual as equal } from "node:assert/strict";
import { MAX_UNCONFIRMED, SLOW_FRIEND_MS } from "../constants.ts";
import { SlowFriends } from "./slow_friends.ts";

const FULL = MAX_UNCONFIRMED;
const friends = (...unconfirmed: number[]) => unconfirmed.map((count, n) => ({ peer: `${n}`, unconfirmed: count }));

Deno.test("SlowFriends waits for the slowest, anew from each confirmation on", () => {
  const slow = new SlowFriends();
  equal(slow.mayGo(friends(), 0), true);
  equal(slow.mayGo(friends(0, FULL - 1), 0), true);
  equal(slow.mayGo(friends(0, FULL), 0), false);
  equal(slow.mayGo(friends(0, FULL), SLOW_FRIEND_MS - 1), false);
  equal(slow.mayGo(friends(0, FULL - 1), SLOW_FRIEND_MS - 1), true);
  equal(slow.mayGo(friends(0, FULL), SLOW_FRIEND_MS), false);
  equal(slow.mayGo(friends(0, FULL), 2 * SLOW_FRIEND_MS - 1), false);
});

Deno.test("SlowFriends passes over who confirms nothing for SLOW_FRIEND_MS, until they have confirmed everything", () => {
  const slow = new SlowFriends();
  equal(slow.mayGo(friends(0, FULL), 0), false);
  equal(slow.mayGo(friends(0, FULL), SLOW_FRIEND_MS), true);
  equal(slow.mayGo(friends(3, FULL - 1), SLOW_FRIEND_MS), true);
  equal(slow.mayGo(friends(3, FULL), SLOW_FRIEND_MS), true);
  equal(slow.mayGo(friends(3, 0), SLOW_FRIEND_MS), true);
  equal(slow.mayGo(friends(3, FULL), SLOW_FRIEND_MS), false);
});

Deno.test("SlowFriends passes over nobody while all are full, and forgets who has left", () => {
  const slow = new SlowFriends();
  equal(slow.mayGo(friends(FULL, FULL), 0), false);
  equal(slow.mayGo(friends(FULL, FULL), 9 * SLOW_FRIEND_MS), false);
  equal(slow.mayGo(friends(FULL - 1, FULL), 9 * SLOW_FRIEND_MS), true);
  equal(slow.mayGo(friends(0), 9 * SLOW_FRIEND_MS), true);
  equal(slow.mayGo(friends(0, FULL), 9 * SLOW_FRIEND_MS), false);
});

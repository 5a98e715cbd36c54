// Why a connection must not go on, each reason from both sides.

import { strictEqual as equal } from "node:assert/strict";
import { MAX_CONNECTIONS, MAX_CONNECTIONS_PER_PEER, MAX_SESSIONS, WAITING_FOR_SCREEN_MAX } from "../constants.ts";
import type { Connection } from "./connection.ts";
import { Friends } from "./friend.ts";
import { type House, refusalOf } from "./refusal.ts";

const SELF = "00".repeat(32);
const PEER = "11".repeat(32);
const OTHER = "22".repeat(32);
const NOW = 5_000;

/** Only what is looked at. `silent`: its session has brought nothing for long. */
function made(more: Partial<Connection> = {}, silent = false): Connection {
  const session = { isSilent: (now: number) => now === NOW && silent };
  return { peer: PEER, role: "listener", state: "handshake", punched: false, session, ...more } as Connection;
}

interface Case {
  readonly of?: Partial<Connection>;
  readonly house?: Partial<House>;
  /** More connections in the house. */
  readonly beside?: readonly Connection[];
  /** Connections of friends who are here. */
  readonly here?: readonly Connection[];
  /** Messages that wait for the screen. */
  readonly waiting?: number;
  readonly why: ReturnType<typeof refusalOf>;
}

function why({ of, house, beside = [], here = [], waiting = 0 }: Case): ReturnType<typeof refusalOf> {
  const connection = made(of);
  const friends = new Friends(SELF);
  for (const one of here) friends.join(friends.meet(one.peer), one);
  for (let n = 0; n < waiting; n++) friends.meet(OTHER).showing.add(n as never);
  return refusalOf(connection, {
    self: SELF,
    friends,
    connections: [connection, ...beside],
    friendsMax: MAX_SESSIONS,
    leaving: false,
    ready: true,
    shutOut: false,
    slots: 160,
    ...house,
  }, NOW);
}

function all(cases: Readonly<Record<string, Case>>): void {
  for (const [sentence, one] of Object.entries(cases)) equal(why(one), one.why, sentence);
}

const several = (count: number, more: Partial<Connection> = {}, silent = false) =>
  Array.from({ length: count }, () => made(more, silent));
const crowd = (count: number) =>
  Array.from({ length: count }, (_, n) => made({ peer: (n + 1000).toString(16).repeat(32).slice(0, 64) }));
const typed = { id: 1, introduced: undefined } as unknown as Connection["call"];

Deno.test("those who may not come in at all are refused, and anybody not concerned goes on", () => {
  all({
    "nothing speaks against it": { why: undefined },
    "we are leaving": { house: { leaving: true }, why: "busy" },
    "the words were others": { house: { shutOut: true }, why: "busy" },
    "oneself": { of: { peer: SELF }, why: "self" },
    "somebody else than was expected": { of: { expected: OTHER }, why: "closed" },
    "oneself where somebody else was expected": { of: { peer: SELF, expected: OTHER }, why: "self" },
    "who was expected": { of: { expected: PEER }, why: undefined },
    "a two-sided one whose call is over": { of: { punched: true }, why: "closed" },
    "a two-sided one of a call": { of: { punched: true, call: typed }, why: undefined },
    "a one-sided one without a call": { of: { punched: false }, why: undefined },
  });
});

Deno.test("a second connection in one direction is a duplicate as long as the first one lives", () => {
  const dialer = { role: "dialer" } as const;
  all({
    "one in this direction": { here: [made()], why: "duplicate" },
    "one in this direction that is silent": { here: [made({}, true)], why: undefined },
    "one in the other direction": { here: [made(dialer)], why: undefined },
    "somebody else's in this direction": { here: [made({ peer: OTHER })], why: undefined },
    "an answer is out on another that we dialled": {
      of: dialer,
      beside: [made({ ...dialer, answered: true })],
      why: "duplicate",
    },
    "another that we dialled is being read": {
      of: dialer,
      beside: [made({ ...dialer, state: "verified" })],
      why: "duplicate",
    },
    "another that we dialled has not come so far": { of: dialer, beside: [made(dialer)], why: undefined },
    "the answer that is out is its own": { of: { ...dialer, answered: true }, why: undefined },
    "the other one that is being read is one that they dialled": {
      of: dialer,
      beside: [made({ state: "verified" })],
      why: undefined,
    },
    "this one is one that they dialled": { beside: [made({ ...dialer, answered: true })], why: undefined },
    "the answer that is out is for somebody else": {
      of: dialer,
      beside: [made({ ...dialer, peer: OTHER, answered: true })],
      why: undefined,
    },
  });
});

Deno.test("connections are counted of one PeerId and of all, the one that asks included", () => {
  const silent = made({}, true);
  all({
    "as many of one as may be": { beside: several(MAX_CONNECTIONS_PER_PEER - 1), why: undefined },
    "one more": { beside: several(MAX_CONNECTIONS_PER_PEER), why: "busy" },
    "one more of somebody who is here": {
      here: [silent],
      beside: [silent, ...several(MAX_CONNECTIONS_PER_PEER - 1)],
      why: "duplicate",
    },
    "those of somebody else do not count": {
      beside: several(MAX_CONNECTIONS_PER_PEER, { peer: OTHER }),
      why: undefined,
    },
    "as many of all as may be": { beside: crowd(MAX_CONNECTIONS - 1), why: undefined },
    "one more of all": { beside: crowd(MAX_CONNECTIONS), why: "busy" },
    "one more of all by somebody who is here": { here: [silent], beside: crowd(MAX_CONNECTIONS), why: "busy" },
  });
});

Deno.test("somebody new needs a phrase, a place among friends, a screen that keeps up, and locked memory", () => {
  const full = { here: crowd(MAX_SESSIONS) };
  const three = crowd(3);
  const silent = made({}, true);
  all({
    "no phrase is stretched yet": { house: { ready: false }, why: "busy" },
    "a call of ours needs none": { of: { role: "dialer" }, house: { ready: false }, why: undefined },
    "one place is left": { here: crowd(MAX_SESSIONS - 1), why: undefined },
    "no place is left": { ...full, why: "busy" },
    "no place is left, for a call of ours": { ...full, of: { role: "dialer" }, why: "busy" },
    "no place is left, for somebody who is here": { here: [silent, ...crowd(MAX_SESSIONS)], why: undefined },
    "friends enough, for a call of ours": {
      of: { role: "dialer" },
      here: three,
      house: { friendsMax: 3 },
      why: "busy",
    },
    "not friends enough": { of: { role: "dialer" }, here: three, house: { friendsMax: 4 }, why: undefined },
    "friends enough, for a caller": { here: three, house: { friendsMax: 3 }, why: undefined },
    "the screen keeps up": { waiting: WAITING_FOR_SCREEN_MAX - 1, why: undefined },
    "the screen does not keep up": { waiting: WAITING_FOR_SCREEN_MAX, why: "busy" },
    "locked memory is short": { house: { slots: 159 }, why: "busy" },
    "locked memory is short, for somebody who is here": { here: [silent], house: { slots: 159 }, why: undefined },
  });
});

// Words that two people compare: what is sent and taken on each connection, and what follows from a person's yes or no.

import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { testArena } from "../../tests/harness/arena.ts";
import { SHOWN_IDS_PEERS } from "../constants.ts";
import { toB32 } from "../wire/forms.ts";
import type { VerifyMessage } from "../wire/message.ts";
import type { Connection, Steer } from "./connection.ts";
import { type Friend, Friends } from "./friend.ts";
import { Turn } from "./turn.ts";
import { Verifying } from "./verifying.ts";

const arena = await testArena();
const SELF = "00".repeat(32);
const PEER = "11".repeat(32);
const NOBODY = "22".repeat(32);
const THEIRS = toB32(new Uint8Array(32).fill(5));
const OTHERS = toB32(new Uint8Array(32).fill(6));
const NUMBER = toB32(new Uint8Array(32).fill(9));

class Trial implements Disposable {
  readonly turn = new Turn();
  readonly friends = new Friends(SELF);
  readonly sent: { readonly link: number; readonly message: VerifyMessage }[] = [];
  readonly ended: string[] = [];
  readonly verifying: Verifying;

  constructor() {
    this.turn.begin(0, (into) => into.fill(7));
    const steer: Steer = {
      drive: ({ link }, event) => {
        if (event.type === "submit") this.sent.push({ link, message: event.message as VerifyMessage });
      },
      end: ({ link }, reason) => this.ended.push(`${link} ${reason}`),
      hangUp: () => {},
    };
    this.verifying = new Verifying(arena, SELF, this.turn, this.friends, steer);
  }

  friend(peer = PEER, links: readonly number[] = [1]): { friend: Friend; connections: Connection[] } {
    const friend = this.friends.meet(peer);
    const connections = links.map((link) => ({ link, peer, revealed: false }) as Connection);
    for (const connection of connections) this.friends.join(friend, connection);
    return { friend, connections };
  }

  came(connection: Connection, commit: string, reveal = ""): void {
    this.verifying.received(connection, { type: "verify", commit, reveal } as VerifyMessage);
  }

  /** All about words that the person is told, in a word each. */
  get told(): string[] {
    return this.turn.effects.map((effect) =>
      effect.type === "notice" && effect.notice.event === "verify"
        ? `${effect.notice.peer.slice(0, 2)} ${effect.notice.state}`
        : effect.type
    );
  }

  [Symbol.dispose](): void {
    this.friends[Symbol.dispose]();
  }
}

function test(sentence: string, body: (trial: Trial) => void): void {
  Deno.test(sentence, () => {
    const before = arena.used;
    {
      using trial = new Trial();
      body(trial);
    }
    equal(arena.used, before);
  });
}

test("a connection says the commitment first, and the number once when the other has committed", (trial) => {
  const { friend, connections: [first, second] } = trial.friend(PEER, [1, 2]);
  trial.verifying.say(friend, first!);
  equal(first!.revealed, false);
  const [{ message: { commit, reveal } }] = trial.sent as [Trial["sent"][0]];
  deepEqual([commit.length > 0, reveal], [true, ""]);
  trial.came(first!, THEIRS);
  equal(first!.revealed, true);
  const told = { type: "verify", commit, reveal: toB32(new Uint8Array(32).fill(7)) };
  deepEqual(trial.sent.slice(1), [{ link: 1, message: told }]);
  trial.came(first!, THEIRS, NUMBER);
  equal(trial.sent.length, 2, "not a second time");
  trial.verifying.say(friend, second!);
  deepEqual(trial.sent[2], { link: 2, message: told }, "the same number on another connection");
  trial.came(second!, THEIRS, NUMBER);
  equal(trial.sent.length, 3);
});

test("there are words once both have committed and the other's number is known, and none before", (trial) => {
  const { friend, connections: [connection] } = trial.friend();
  equal(trial.verifying.words(NOBODY), undefined);
  equal(trial.verifying.words(PEER), undefined);
  trial.verifying.say(friend, connection!);
  trial.verifying.begun(PEER);
  trial.verifying.begun(NOBODY);
  equal(friend.committed, true);
  trial.came(connection!, THEIRS);
  equal(trial.verifying.words(PEER), undefined);
  trial.came(connection!, THEIRS, NUMBER);
  equal(trial.verifying.words(PEER)?.length, 4);
});

test("a number that came before our commitment had left gives no words", (trial) => {
  const { friend, connections: [connection] } = trial.friend();
  trial.verifying.say(friend, connection!);
  equal(friend.committed, false);
  trial.came(connection!, THEIRS, NUMBER);
  trial.verifying.begun(PEER);
  trial.came(connection!, THEIRS, NUMBER);
  equal(trial.verifying.words(PEER), undefined);
});

test("what comes from somebody unknown, or before we have said anything, is ignored", (trial) => {
  const { connections: [connection] } = trial.friend();
  trial.came(connection!, THEIRS);
  trial.came({ peer: NOBODY, link: 9 } as Connection, THEIRS);
  deepEqual([trial.sent, trial.told], [[], []]);
});

test("another commitment than the first is told once, takes the words away, and the mark with them", (trial) => {
  const { friend, connections: [connection] } = trial.friend();
  trial.verifying.say(friend, connection!);
  trial.verifying.begun(PEER);
  trial.came(connection!, THEIRS, NUMBER);
  trial.verifying.compared(PEER, true);
  equal(friend.verified, true);
  trial.came(connection!, OTHERS, NUMBER);
  equal(friend.verified, false);
  equal(trial.verifying.words(PEER), undefined);
  trial.came(connection!, OTHERS, NUMBER);
  deepEqual(trial.told, ["11 same", "11 changed"]);
});

test("a yes without words marks nobody, and about somebody unknown neither yes nor no does anything", (trial) => {
  const { friend } = trial.friend();
  trial.verifying.compared(PEER, true);
  trial.verifying.compared(NOBODY, true);
  trial.verifying.compared(NOBODY, false);
  deepEqual([friend.verified, trial.verifying.isShutOut(NOBODY), trial.told], [false, false, []]);
});

test("a no takes the mark away, shuts that PeerId out and closes each of its connections", (trial) => {
  const { friend } = trial.friend(PEER, [1, 2]);
  trial.friend(NOBODY, [3]);
  friend.verified = true;
  equal(trial.verifying.isShutOut(PEER), false);
  trial.verifying.compared(PEER, false);
  equal(friend.verified, false);
  deepEqual([PEER, NOBODY].map((peer) => trial.verifying.isShutOut(peer)), [true, false]);
  deepEqual(trial.ended, ["1 closed", "2 closed"]);
  deepEqual(trial.told, ["11 different"]);
});

test(`the last ${SHOWN_IDS_PEERS} who were shut out stay shut out`, (trial) => {
  const peers = Array.from({ length: SHOWN_IDS_PEERS + 2 }, (_, n) => (n + 0x1000).toString(16).repeat(16));
  for (const peer of peers) {
    trial.friends.meet(peer);
    trial.verifying.compared(peer, false);
  }
  deepEqual(peers.map((peer) => trial.verifying.isShutOut(peer)), [false, false, ...peers.slice(2).map(() => true)]);
});

// Which message is for whom, and who has confirmed it, by itself. Out of scope: messages in stories (step_test.ts).

import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { MAX_UNCONFIRMED } from "../constants.ts";
import type { Connection } from "./connection.ts";
import { Friends } from "./friend.ts";
import { Messages } from "./messages.ts";
import { Turn } from "./turn.ts";

class Trial {
  readonly turn = new Turn();
  readonly friends = new Friends("00".repeat(32));
  readonly driven: string[] = [];
  readonly messages = new Messages(this.turn, this.friends, {
    drive: ({ peer }, event) => {
      const what = event.type === "submit" ? JSON.stringify(event.message) : event.type === "shown" ? event.id : "";
      this.driven.push(`${peer} ${event.type} ${what}`);
    },
    end: ({ peer }, reason) => void this.driven.push(`${peer} ends ${reason}`),
    hangUp: () => {},
  });

  constructor(...here: string[]) {
    for (const peer of here) {
      const friend = this.friends.meet(peer);
      friend.inUse = { peer, role: "dialer" } as Connection;
      this.friends.join(friend, friend.inUse);
    }
    this.turn.begin(20_000, (into) => void into.fill(7));
  }

  get told(): unknown[] {
    return this.turn.effects.map((effect) => effect.type === "notice" ? effect.notice : effect);
  }

  received(peer: string, message: Parameters<Messages["received"]>[1]): void {
    this.messages.received({ peer } as Connection, message);
  }
}

const ID = "BwcHBwcHBwcHBwcHBwcHBw"; // sixteen sevens, in base64url
const unheard = [{ peer: "x", by: ["a"] }] as never;

Deno.test("what is said goes to everybody who is here, or to one of them alone", () => {
  for (const [only, to] of [[undefined, ["a", "b"]], ["a", ["a"]], ["b", ["b"]], ["nobody", []]] as const) {
    const trial = new Trial("a", "b");
    trial.messages.say("hello", unheard, only);
    const chat = JSON.stringify({ type: "chat", id: ID, text: "hello" });
    deepEqual(trial.driven, to.map((peer) => `${peer} submit ${chat}`));
    const heard = { unheard: only === undefined ? unheard : [], without: [], private: only !== undefined };
    deepEqual(trial.told, [{ event: "sent", id: ID, peers: to.length, to: [...to], text: "hello", ...heard }]);
    for (const peer of ["a", "b"] as const) {
      const kept = (to as readonly string[]).includes(peer) ? [{ id: ID, text: "hello", reported: false }] : [];
      deepEqual(trial.friends.get(peer)?.outbox, kept);
    }
  }
});

Deno.test("nothing goes to a friend who has 64 waiting, or who has no connection in use", () => {
  const trial = new Trial("63", "64", "none");
  for (const many of [63, 64]) {
    for (let n = 0; n < many; n++) trial.friends.get(`${many}`)!.outbox.push({ id: `${n}`, text: "", reported: false });
  }
  trial.friends.get("none")!.inUse = undefined;
  trial.messages.say("hello", []);
  equal(trial.driven.length, 1);
  deepEqual(["63", "64", "none"].map((peer) => trial.friends.get(peer)?.outbox.length), [64, 64, 0]);
  const [{ to, without }] = trial.told as [{ to: string[]; without: string[] }];
  deepEqual([to, without], [["63"], ["64", "none"]]);
});

Deno.test("a message is shown once, and confirmed again when it comes again after that", () => {
  const trial = new Trial("a");
  const chat = { type: "chat", id: ID, text: "hello" } as const;
  trial.received("a", chat);
  trial.received("a", chat);
  deepEqual([trial.told, trial.driven], [[{ event: "message", peer: "a", id: ID, text: "hello" }], []]);
  trial.messages.shown("a", ID);
  trial.received("a", chat);
  deepEqual([trial.told.length, trial.driven], [1, [`a shown ${ID}`, `a shown ${ID}`]]);
  trial.messages.shown("nobody", ID);
  trial.received("nobody", chat);
  equal(trial.told.length, 1);
});

Deno.test("a friend with 64 messages on their way to the screen may send no other, except one of these again", () => {
  const trial = new Trial("a");
  for (let n = 0; n < MAX_UNCONFIRMED; n++) trial.received("a", { type: "chat", id: `${n}`, text: "" });
  equal(trial.told.length, MAX_UNCONFIRMED);
  trial.received("a", { type: "chat", id: "0", text: "" });
  deepEqual(trial.driven, []);
  trial.received("a", { type: "chat", id: "one more", text: "" });
  deepEqual([trial.driven, trial.told.length], [["a ends protocol"], MAX_UNCONFIRMED]);
});

Deno.test("an ack of what waits and a new name are told, and nothing else of their kind", () => {
  const trial = new Trial("a");
  trial.friends.get("a")!.outbox.push({ id: "1", text: "", reported: false });
  for (const id of ["2", "1", "1"]) trial.received("a", { type: "ack", id });
  trial.received("nobody", { type: "ack", id: "1" });
  deepEqual(trial.told, [{ event: "delivered", id: "1", peer: "a" }]);
  equal(trial.turn.presenceChanged, false);
  for (const name of ["Anna", "Bea"]) trial.received("a", { type: "name", name });
  trial.received("nobody", { type: "name", name: "Carl" });
  deepEqual(trial.told.slice(1), [{ event: "named", peer: "a", name: "Anna" }]);
  equal(trial.turn.presenceChanged, true);
});

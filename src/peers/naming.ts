// What friends see beside our messages: the name, sent to each when they come in, and again when the person changes it.
// Friends would ignore a change too soon after the last one (docs/PROTOCOL.md section 6), so it waits here; only the
// newest is sent.

import { NAME_CHANGE_PAUSE_MS } from "../constants.ts";
import type { Millis } from "../ports.ts";
import type { Connection, Steer } from "./connection.ts";
import type { Friend, Friends } from "./friend.ts";
import type { Turn } from "./turn.ts";

/** On its way a name may catch up with the one before it. */
const MARGIN_MS = 2_000;

export class Naming {
  readonly #turn: Turn;
  readonly #friends: Friends;
  readonly #steer: Steer;
  #name: string | undefined;

  constructor(name: string | undefined, turn: Turn, friends: Friends, steer: Steer) {
    this.#name = name;
    this.#turn = turn;
    this.#friends = friends;
    this.#steer = steer;
  }

  /** When `time` is due. */
  get deadline(): Millis {
    let deadline = Infinity;
    for (const { nameDueAt } of this.#friends.here()) deadline = Math.min(deadline, nameDueAt);
    return deadline;
  }

  greet(friend: Friend, connection: Connection): void {
    if (this.#name === undefined) return;
    const { now } = this.#turn;
    const again = friend.nameSent.at + NAME_CHANGE_PAUSE_MS + MARGIN_MS;
    // Another name so soon is ignored there, so it goes once more.
    const tooSoon = now < again && friend.nameSent.name !== this.#name;
    if (!tooSoon) friend.nameSent = { name: this.#name, at: now };
    friend.nameDueAt = tooSoon ? again : Infinity;
    this.#steer.drive(connection, { type: "submit", message: { type: "name", name: this.#name } });
  }

  change(name: string): void {
    this.#name = name;
    for (const friend of this.#friends.here()) {
      friend.nameDueAt = Math.max(this.#turn.now, friend.nameSent.at + NAME_CHANGE_PAUSE_MS + MARGIN_MS);
    }
    this.time();
  }

  time(): void {
    for (const friend of this.#friends.here()) {
      if (friend.nameDueAt <= this.#turn.now && friend.inUse !== undefined) this.greet(friend, friend.inUse);
    }
  }
}

// Several connections with one PeerId (docs/PROTOCOL.md section 8): which one is kept, when it has shown that it works,
// and on which one messages go meanwhile.

import { SETTLE_TIMEOUT_MS, SILENCE_GRACE_MS } from "../constants.ts";
import type { Millis } from "../ports.ts";
import type { Connection, Steer } from "./connection.ts";
import type { Friend } from "./friend.ts";
import type { Turn } from "./turn.ts";

export class Glare {
  readonly #turn: Turn;
  readonly #steer: Steer;

  constructor(turn: Turn, steer: Steer) {
    this.#turn = turn;
    this.#steer = steer;
  }

  /** Another connection with this friend has authenticated: from now on each must bring something new. */
  begin(friend: Friend, silent: readonly Connection[]): void {
    // Before anything is closed: what came before this authentication settles nothing any more.
    for (const c of friend.connections) c.openedSince = false;
    for (const old of silent) this.#steer.end(old, "closed");
    if (friend.connections.length < 2) return;
    this.#await(friend, this.#turn.now + SETTLE_TIMEOUT_MS);
    for (const c of friend.connections) this.#steer.drive(c, { type: "nudge" });
  }

  /** A cell has been opened on this connection. */
  opened(friend: Friend | undefined, connection: Connection): void {
    if (friend === undefined || friend.connections.length < 2) return;
    connection.openedSince = true;
    this.settle(friend);
  }

  /** Moves to the connection to be kept once it has brought a cell since the last authentication, and closes the rest. */
  settle(friend: Friend): void {
    const keep = friend.toKeep;
    if (keep === undefined || !keep.openedSince) return;
    this.use(friend, keep);
    for (const c of [...friend.connections]) if (c !== keep) this.#steer.end(c, "closed");
  }

  /** If the one to be kept brought nothing in time, it is dropped, and the next one is kept. */
  time(friend: Friend): void {
    if (friend.settleAt > this.#turn.now) return;
    friend.settleAt = Infinity;
    const keep = friend.toKeep;
    if (friend.connections.length < 2 || keep === undefined || keep.openedSince) return;
    if (!friend.settleNoticed) {
      // Section 7: silence is judged only after the socket has been read; this process may have been the late one.
      friend.settleNoticed = true;
      friend.settleAt = this.#turn.now + SILENCE_GRACE_MS;
      return;
    }
    this.#steer.end(keep, "timeout");
    if (friend.connections.length > 1) this.#await(friend, this.#turn.now + SETTLE_TIMEOUT_MS);
  }

  /** From here on messages go on this connection; what is unconfirmed goes again, in order, under its old ids. */
  use(friend: Friend, connection: Connection): void {
    if (friend.inUse === connection) return;
    friend.inUse = connection;
    for (const { id, text } of friend.outbox) {
      this.#steer.drive(connection, { type: "submit", message: { type: "chat", id, text } });
    }
  }

  #await(friend: Friend, until: Millis): void {
    friend.settleAt = until;
    friend.settleNoticed = false;
  }
}

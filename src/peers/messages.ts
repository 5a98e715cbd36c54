// Which message is for whom and who has confirmed it (docs/PROTOCOL.md section 6): what is said goes to every friend;
// what arrives is shown once, and acknowledged once it has been shown.

import { MAX_UNCONFIRMED } from "../constants.ts";
import type { Hearing, MessageId } from "../notice.ts";
import type { PeerId } from "../ports.ts";
import type { Effect as SessionEffect } from "../session/step.ts";
import { newMessageId } from "../wire/message.ts";
import type { Connection, Steer } from "./connection.ts";
import type { Friends } from "./friend.ts";
import type { Turn } from "./turn.ts";

type Received = (SessionEffect & { type: "received" })["message"];

export class Messages {
  readonly #turn: Turn;
  readonly #friends: Friends;
  readonly #steer: Steer;

  constructor(turn: Turn, friends: Friends, steer: Steer) {
    this.#turn = turn;
    this.#friends = friends;
    this.#steer = steer;
  }

  /** To everybody who is here and has room for it, or to one of them. `unheard`: who talks with a friend of ours and does not hear it. */
  say(text: string, unheard: Hearing["others"], only?: PeerId): void {
    const id = newMessageId(this.#turn.entropy);
    const to: PeerId[] = [];
    const without: PeerId[] = [];
    for (const friend of this.#friends.here()) {
      if (only !== undefined && friend.peer !== only) continue;
      if (friend.outbox.length >= MAX_UNCONFIRMED || friend.inUse === undefined) {
        without.push(friend.peer);
        continue;
      }
      friend.outbox.push({ id, text, reported: false });
      this.#steer.drive(friend.inUse, { type: "submit", message: { type: "chat", id, text } });
      to.push(friend.peer);
    }
    const heard = { unheard: only === undefined ? unheard : [], without, private: only !== undefined };
    this.#turn.notice({ event: "sent", id, peers: to.length, to, text, ...heard });
  }

  received(connection: Connection, message: Received): void {
    const { peer } = connection;
    const friend = this.#friends.get(peer);
    switch (message.type) {
      case "chat":
        return this.#chat(connection, message.id, message.text);
      case "ack":
        if (friend?.confirm(message.id)) this.#turn.notice({ event: "delivered", id: message.id, peer });
        return;
      case "name":
        if (friend?.takeName(message.name, this.#turn.now)) {
          this.#turn.presenceChanged = true;
          this.#turn.notice({ event: "named", peer, name: message.name });
        }
    }
  }

  /** A message is on the person's screen: it is acknowledged on every connection of its sender. */
  shown(peer: PeerId, id: MessageId): void {
    const friend = this.#friends.get(peer);
    if (friend === undefined) return;
    friend.markShown(id);
    for (const c of friend.connections) this.#steer.drive(c, { type: "shown", id });
  }

  #chat(connection: Connection, id: MessageId, text: string): void {
    const friend = this.#friends.get(connection.peer);
    if (friend === undefined || friend.showing.has(id)) return;
    // A known id is confirmed again and not shown again.
    if (friend.shown.has(id)) return this.#steer.drive(connection, { type: "shown", id });
    // However often it connects: a peer that keeps to the rules has no more than this unconfirmed.
    if (friend.showing.size >= MAX_UNCONFIRMED) return this.#steer.end(connection, "protocol");
    friend.showing.add(id);
    this.#turn.notice({ event: "message", peer: connection.peer, id, text });
  }
}

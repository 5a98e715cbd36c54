// Words that two people compare (docs/PROTOCOL.md section 6, "verify"): what is sent and accepted on each connection,
// and what the person found. Out of scope: the numbers and what the words are made of (auth/verification.ts), the words
// themselves.

import { Verification } from "../auth/verification.ts";
import { SHOWN_IDS_PEERS } from "../constants.ts";
import type { PeerId } from "../ports.ts";
import type { Arena } from "../secrets/locked.ts";
import { fromB32, toB32 } from "../wire/forms.ts";
import type { VerifyMessage } from "../wire/message.ts";
import type { Connection, Steer } from "./connection.ts";
import type { Friend, Friends } from "./friend.ts";
import type { Turn } from "./turn.ts";

export class Verifying {
  readonly #arena: Arena;
  readonly #self: PeerId;
  readonly #turn: Turn;
  readonly #friends: Friends;
  readonly #steer: Steer;
  /** PeerIds whose words were others than ours. */
  readonly #shutOut = new Set<PeerId>();

  constructor(arena: Arena, self: PeerId, turn: Turn, friends: Friends, steer: Steer) {
    this.#arena = arena;
    this.#self = self;
    this.#turn = turn;
    this.#friends = friends;
    this.#steer = steer;
  }

  /** The person said no: they stay out until this process ends. */
  isShutOut(peer: PeerId): boolean {
    return this.#shutOut.has(peer);
  }

  /** The numbers of the words to compare. Undefined: not yet, or never. */
  words(peer: PeerId): number[] | undefined {
    return this.#friends.get(peer)?.verification?.words();
  }

  /** The first message on a connection, and once more when the other has committed: with our number if they have. */
  say(friend: Friend, connection: Connection): void {
    friend.verification ??= new Verification(
      this.#arena,
      Uint8Array.fromHex(this.#self),
      Uint8Array.fromHex(friend.peer),
      this.#turn.entropy,
    );
    const { commit } = friend.verification;
    const reveal = friend.verification.reveal();
    connection.revealed = reveal !== undefined;
    const message: VerifyMessage = {
      type: "verify",
      commit: toB32(commit),
      reveal: reveal === undefined ? "" : toB32(reveal),
    };
    this.#steer.drive(connection, { type: "submit", message });
  }

  /** Our commitment leaves for this PeerId. */
  begun(peer: PeerId): void {
    const friend = this.#friends.get(peer);
    if (friend !== undefined) friend.committed = true;
  }

  received(connection: Connection, { commit, reveal }: VerifyMessage): void {
    const friend = this.#friends.get(connection.peer);
    if (friend?.verification === undefined) return;
    const shown = reveal === "" ? undefined : fromB32(reveal);
    if (friend.verification.take(fromB32(commit), shown, friend.committed) === "changed") {
      friend.verified = false;
      this.#turn.notice({ event: "verify", peer: friend.peer, state: "changed" });
    }
    if (!connection.revealed) this.say(friend, connection);
  }

  /** The person has compared the words. Different ones: that PeerId is shut out, and its links close. */
  compared(peer: PeerId, same: boolean): void {
    const friend = this.#friends.get(peer);
    if (friend === undefined) return;
    if (same) {
      if (this.words(peer) === undefined) return;
      friend.verified = true;
      return this.#turn.notice({ event: "verify", peer, state: "same" });
    }
    friend.verified = false;
    this.#shutOut.add(peer);
    for (const oldest of this.#shutOut) {
      if (this.#shutOut.size <= SHOWN_IDS_PEERS) break;
      this.#shutOut.delete(oldest);
    }
    this.#turn.notice({ event: "verify", peer, state: "different" });
    for (const connection of [...friend.connections]) this.#steer.end(connection, "closed");
  }
}

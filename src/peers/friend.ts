// What is kept for one PeerId: its connections, the messages it has not confirmed, the ids it has shown us
// (docs/PROTOCOL.md sections 6 and 8). Data and small questions about it; `step.ts` acts on the answers.

import { MAX_UNCONFIRMED, NAME_CHANGE_PAUSE_MS, SHOWN_IDS_PEERS, SHOWN_IDS_PER_PEER } from "../constants.ts";
import type { Verification } from "../auth/verification.ts";
import type { MessageId } from "../notice.ts";
import type { Millis, PeerId } from "../ports.ts";
import { type Connection, directionOf } from "./connection.ts";
import type { Present } from "./event.ts";

/** A chat of ours that this friend has not confirmed. */
export interface Unconfirmed {
  readonly id: MessageId;
  readonly text: string;
  /** The person has been told that its link was lost. */
  reported: boolean;
}

export class Friend {
  /** Authenticated connections, in the order of their authentication. */
  readonly connections: Connection[] = [];
  /** The one that messages go on. Undefined: the friend is not here. */
  inUse: Connection | undefined;
  /** With several connections: when the one to be kept must have brought something. */
  settleAt: Millis = Infinity;
  /** That moment has come once, and the socket gets another to show what was waiting in it. */
  settleNoticed = false;
  /** In the order in which they were said. */
  readonly outbox: Unconfirmed[] = [];
  /** Ids that came and are on their way to the screen; and ids that are on it, the last ones. */
  readonly showing = new Set<MessageId>();
  readonly shown = new Set<MessageId>();
  name: string | undefined;
  /** Our name as it was last sent to be taken, and when the newest goes again. */
  nameSent: { readonly name: string; readonly at: Millis } = { name: "", at: -Infinity };
  nameDueAt: Millis = Infinity;
  /** The numbers behind the words to compare; ours is drawn at the first meeting. */
  verification: Verification | undefined;
  /** Our commitment has left, on some connection. */
  committed = false;
  /** The person has compared the words. */
  verified = false;
  /** The person has said goodbye to them alone, and called nobody since. */
  dismissed = false;
  #nameAt: Millis = -Infinity;

  constructor(readonly self: PeerId, readonly peer: PeerId) {}

  get here(): boolean {
    return this.connections.length > 0;
  }

  /** Of several connections one dialled by the smaller PeerId is kept, in one direction the last authenticated. */
  get toKeep(): Connection | undefined {
    const bySmaller = (c: Connection) => (c.role === "dialer") === (this.self < this.peer);
    return this.connections.findLast(bySmaller) ?? this.connections.at(-1);
  }

  /** False: a change so soon after the last one taken is ignored. */
  takeName(name: string, now: Millis): boolean {
    if (now - this.#nameAt < NAME_CHANGE_PAUSE_MS || name === this.name) return false;
    this.name = name;
    this.#nameAt = now;
    return true;
  }

  markShown(id: MessageId): void {
    this.showing.delete(id);
    this.shown.add(id);
    for (const oldest of this.shown) {
      if (this.shown.size <= SHOWN_IDS_PER_PEER) break;
      this.shown.delete(oldest);
    }
  }

  /** True if it was waited for. */
  confirm(id: MessageId): boolean {
    const index = this.outbox.findIndex((message) => message.id === id);
    if (index < 0) return false;
    this.outbox.splice(index, 1);
    return true;
  }
}

/** All PeerIds met in this process, the last SHOWN_IDS_PEERS of them; one that is here is never forgotten, one that is verified last. */
export class Friends implements Disposable {
  readonly #self: PeerId;
  /** Least recently met first. */
  readonly #all = new Map<PeerId, Friend>();
  /** Those of them who are here. Each step asks for it, so it is kept; it is replaced and never changed. */
  #here: readonly Friend[] = [];

  constructor(self: PeerId) {
    this.#self = self;
  }

  /** Undefined: never met, or forgotten. */
  get(peer: PeerId): Friend | undefined {
    return this.#all.get(peer);
  }

  /** Now the most recently met. */
  meet(peer: PeerId): Friend {
    const friend = this.#all.get(peer) ?? new Friend(this.#self, peer);
    this.#all.delete(peer);
    this.#all.set(peer, friend);
    this.#forget(peer);
    this.#lookWhoIsHere();
    return friend;
  }

  /**
   * Who was verified goes last: one friend with very many PeerIds could else have our numbers for the others forgotten, and
   * new ones look to them like somebody in between. They are drawn anew, never derived: what was revealed once must not be
   * known to whoever commits.
   */
  #forget(newest: PeerId): void {
    for (const all of [false, true]) {
      for (const [oldest, { here, verified, verification }] of this.#all) {
        if (this.#all.size <= SHOWN_IDS_PEERS) return;
        if (here || oldest === newest || (verified && !all)) continue;
        verification?.[Symbol.dispose]();
        this.#all.delete(oldest);
      }
    }
  }

  /** An authenticated connection more. */
  join(friend: Friend, connection: Connection): void {
    friend.connections.push(connection);
    this.#lookWhoIsHere();
  }

  /** Wipes the numbers behind everybody's words. */
  [Symbol.dispose](): void {
    for (const { verification } of this.#all.values()) verification?.[Symbol.dispose]();
  }

  /** A connection less. */
  part(friend: Friend, connection: Connection): void {
    friend.connections.splice(friend.connections.indexOf(connection), 1);
    this.#lookWhoIsHere();
  }

  here(): readonly Friend[] {
    return this.#here;
  }

  /** Messages that have come and are not on the screen yet. */
  get waitingForScreen(): number {
    let waiting = 0;
    for (const { showing } of this.#all.values()) waiting += showing.size;
    return waiting;
  }

  /** Nothing more can be said to anybody who is here until somebody confirms something. */
  get full(): boolean {
    return this.#here.length > 0 && this.#here.every((friend) => friend.outbox.length >= MAX_UNCONFIRMED);
  }

  /** How many messages those who are here have not confirmed: the most of any. */
  get mostUnconfirmed(): number {
    let most = 0;
    for (const { outbox } of this.#here) most = Math.max(most, outbox.length);
    return most;
  }

  /** Everybody who is here has confirmed everything, and everything shown has been acknowledged to them. */
  get settled(): boolean {
    return this.here().every((friend) =>
      friend.outbox.length === 0 && friend.connections.every((c) => c.session.unacknowledged === 0)
    );
  }

  /** Messages that nobody can know the fate of, by friend; for the last words of the program. */
  unconfirmed(): { peer: PeerId; id: MessageId; reported: boolean }[] {
    return [...this.#all.values()].flatMap(({ peer, outbox }) =>
      outbox.map(({ id, reported }) => ({ peer, id, reported }))
    );
  }

  /** As the person asks for them. */
  present(): Present[] {
    return this.here().map((friend) => {
      const first = friend.connections[0]!;
      const { address, role } = friend.inUse ?? first;
      return {
        peer: friend.peer,
        name: friend.name,
        address,
        direction: directionOf(role),
        since: first.since,
        unconfirmed: friend.outbox.length,
        links: friend.connections.length,
        verified: friend.verified,
      };
    });
  }

  /** Friends who have been quiet on every connection, and for how long, from three missed cells on. */
  quiet(now: Millis): Map<PeerId, Millis> {
    const quiet = new Map<PeerId, Millis>();
    for (const { peer, connections } of this.here()) {
      const shortest = Math.min(...connections.map(({ session }) => session.quietFor(now)));
      if (shortest > 0) quiet.set(peer, shortest);
    }
    return quiet;
  }

  all(): Iterable<Friend> {
    return this.#all.values();
  }

  #lookWhoIsHere(): void {
    this.#here = [...this.#all.values()].filter((friend) => friend.here);
  }
}

// Why a connection must not go on: asked before an offer, and again before an answer (docs/PROTOCOL.md section 8).

import { MAX_CONNECTIONS, MAX_CONNECTIONS_PER_PEER, MAX_SESSIONS, WAITING_FOR_SCREEN_MAX } from "../constants.ts";
import type { Millis, PeerId } from "../ports.ts";
import type { Connection } from "./connection.ts";
import type { Friends } from "./friend.ts";

export interface House {
  readonly self: PeerId;
  readonly friends: Friends;
  /** All of them, the one that asks included. */
  readonly connections: readonly Connection[];
  /** Close the door after this many friends. */
  readonly friendsMax: number;
  readonly leaving: boolean;
  /** There is a stretched phrase to offer this caller. */
  readonly ready: boolean;
  /** The person compared words with this PeerId, and they were others. */
  readonly shutOut: boolean;
  /** Locked slots of 32 bytes that are free. */
  readonly slots: number;
}

/** Slots that a handshake and a session's first steps take at most; without them no connection is begun. */
const SLOTS_PER_SESSION = 160;

/** Undefined: it may go on. */
export function refusalOf(
  connection: Connection,
  house: House,
  now: Millis,
): "busy" | "self" | "duplicate" | "closed" | undefined {
  if (house.leaving || house.shutOut) return "busy";
  if (connection.peer === house.self) return "self";
  // Before stretch and answer: somebody else than an introduction is about does not even learn that we know the phrase.
  if (connection.expected !== undefined && connection.peer !== connection.expected) return "closed";
  // Given up while its link was made.
  if (connection.punched && connection.call === undefined) return "closed";
  if (isDuplicate(connection, house, now)) return "duplicate";
  // A PeerId that is here takes no place of admission, so it is counted here. One that is not is nobody's duplicate.
  const ofPeer = house.connections.filter(({ peer }) => peer === connection.peer).length;
  const here = house.friends.get(connection.peer)?.here === true;
  if (ofPeer > MAX_CONNECTIONS_PER_PEER) return here ? "duplicate" : "busy";
  if (house.connections.length > MAX_CONNECTIONS) return "busy";
  if (connection.role === "listener" && !house.ready) return "busy";
  if (here) return undefined;
  const friends = house.friends.here().length;
  if (friends >= MAX_SESSIONS) return "busy";
  if (connection.role === "dialer" && friends >= house.friendsMax) return "busy";
  if (house.friends.waitingForScreen >= WAITING_FOR_SCREEN_MAX) return "busy";
  return house.slots < SLOTS_PER_SESSION ? "busy" : undefined;
}

function isDuplicate(connection: Connection, { friends, connections }: House, now: Millis): boolean {
  const { peer, role } = connection;
  const sameDirection = friends.get(peer)?.connections.some((c) => c.role === role && !c.session.isSilent(now));
  const ofPeer = connections.filter((c) => c.peer === peer);
  const answerOut = role === "dialer" &&
    ofPeer.some((c) => c !== connection && c.role === "dialer" && (c.answered || c.state === "verified"));
  return sameDirection === true || answerOut;
}

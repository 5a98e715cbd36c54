// One link as `peers` sees it: its session, whose it is, how far it has got. Data only.

import type { Frame, Millis, PeerId, Role } from "../ports.ts";
import type { Event as SessionEvent, Session } from "../session/step.ts";
import type { CallerId } from "./ranks.ts";
import type { Call } from "./calls.ts";

/** The number that the loop gave a link. */
export type LinkId = number;

export interface Connection {
  readonly link: LinkId;
  readonly role: Role;
  readonly peer: PeerId;
  /** As told to a person. */
  readonly address: string;
  /** The address of our own end, without its port. */
  readonly local: string;
  /** We dialled from the port that two-sided calls leave from. */
  readonly fixed: boolean;
  /** Of a call that an introduction makes: nobody else is answered. */
  readonly expected: PeerId | undefined;
  /** Our number goes, or went, on it (`verify`). */
  revealed: boolean;
  readonly session: Session;
  /** Of one that we are the listener of, as long as it has one of admission's places. */
  caller: CallerId | undefined;
  /** Of a dialled one, and of a two-sided one whatever our role. */
  readonly call: Call | undefined;
  /** Both sides opened it. */
  readonly punched: boolean;
  /** handshake: not authenticated. verified: what waits on the other connections is being read first. live: in `Friend`. */
  state: "handshake" | "verified" | "live" | "over";
  /** A dialer's: the certificate looks as Sesame makes them; the offer has come. */
  readonly familiar: boolean;
  offered: boolean;
  /** A dialer's: the answer has been sent, so that a close now may have been a guess. */
  answered: boolean;
  /** Once an offer has come or gone: the salt in it, as hex. A listener's handshake is lent its phrase until it is over. */
  salt: string | undefined;
  /** The salt whose stretching it waits for, as hex. */
  awaitedSalt: string | undefined;
  /** Frames that came while it was verified; handled once it is live. */
  held: Frame[];
  /** Its link has ended; what had come before may still be looked at. */
  down: boolean;
  /** A cell has been opened since the last authentication of any connection with this PeerId. */
  openedSince: boolean;
  readonly since: Millis;
}

/**
 * Why a connection ends. Before the peer has been let in it is told as a refusal, afterwards as a leaving; `down`: the
 * link is closed already, by the other side or by the network.
 */
export type EndReason =
  /** A listener has shown too many salts. */
  | "restarts"
  | "phrase"
  | "self"
  | "duplicate"
  | "protocol"
  | "busy"
  | "timeout"
  | "closed"
  | "bye"
  | "down";

/** The same of one that has not been let in. */
export type EarlyReason = Exclude<EndReason, "bye" | "down">;

/** What the parts of `peers` may do with a connection; `step.ts` does it. */
export interface Steer {
  /** An event for its session. */
  drive(connection: Connection, event: SessionEvent): void;
  end(connection: Connection, reason: EndReason): void;
  /** Those that an introduction made for this PeerId, and that have not authenticated. */
  hangUp(peer: PeerId): void;
}

/** As a person is told it. */
export function directionOf(role: Role): "in" | "out" {
  return role === "dialer" ? "out" : "in";
}

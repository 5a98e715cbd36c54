// What the program tells a person. The first group is also the `--json` contract, field for field and for ever
// (docs/SCRIPTS.md, "Events"); `json.ts` writes exactly those fields. The second group may grow.
// Text that came from a peer (`text`, `name`) is raw here: every view passes it through `sanitise.ts`, json through JSON.stringify.

import type { CallFailure, RefusedReason } from "./call.ts";
import type { PeerId } from "./ports.ts";

export type LeftReason = "bye" | "closed" | "timeout" | "protocol";
export type StoppedReason = "quit" | "panic" | "end-of-input";

/** Unpadded base64url of MESSAGE_ID_SIZE random bytes. */
export type MessageId = string;

/** What this machine and these permissions protect; made by `host`. */
export interface Protection {
  readonly memoryLocked: boolean;
  /** How much of the memory that holds secrets is locked. */
  readonly locked: "all" | "part" | "none";
  readonly coreDumps: "off" | "on";
  readonly permissions: readonly string[];
}

/** Somebody whom a friend told us about. `name`: what that friend calls them, or empty. */
export interface Person {
  readonly peer: PeerId;
  readonly name: string;
}

/** Who hears whom, according to friends. Unverified, except for our own links. */
export interface Hearing {
  /** Everybody who is here hears everybody else, and nobody else does. False with fewer than two friends. */
  readonly everyone: boolean;
  /** Somebody has not said anything yet, or two have only just contradicted each other. */
  readonly settling: boolean;
  /** People who talk with a friend of ours but not with us, and which friends say so; without a name if they disagree about it. */
  readonly others: readonly (Person & { readonly by: readonly PeerId[] })[];
  /** Two who are here and do not hear each other. */
  readonly apart: readonly (readonly [PeerId, PeerId])[];
  /** The first says that it hears the second, who does not say so. */
  readonly disputed: readonly (readonly [PeerId, PeerId])[];
}

export type IntroductionEnd = "declined" | "expired" | "gone" | "unreachable" | "wrong-peer";

/** How a router was asked. */
export type MapWay = "pcp" | "nat-pmp" | "upnp";
/** `second-nat`: the router's outer address is not public. `no-router`: none is known, and none was typed. */
export type MapFault = "router-silent" | "router-refused" | "second-nat" | "no-router";

/**
 * Why Tor does not publish. `nobody`: nothing listens there; `socks`: that is Tor's SOCKS port; `not-tor`: something
 * else; `cookie`: its cookie cannot be read; `no-method`: it offers no way in that we can use; `password`: it requires
 * one, or another one; `false-tor`: it does not know its own cookie; `refused`: it does not do what we ask; `silent`:
 * no answer in time; `lost`: the connection ended; `untrusted`: whose program listens there is somebody else's, or
 * cannot be found out.
 */
export type ControlFault =
  | "nobody"
  | "socks"
  | "not-tor"
  | "cookie"
  | "no-method"
  | "password"
  | "false-tor"
  | "refused"
  | "silent"
  | "lost"
  | "untrusted";

export type Notice =
  // The contract of --json.
  | { event: "protection"; protection: Protection }
  | { event: "listening"; address: string }
  /** `again`: the call before failed, and the person knows; not part of the json event. */
  | { event: "connecting"; address: string; again?: true }
  | { event: "connected"; peer: PeerId; direction: "in" | "out"; address: string; punched?: true }
  /** `failure`: of a call of ours; the json event has only its `reason`. `again`: for the same as the call before. */
  | { event: "refused"; address: string; reason: RefusedReason; failure?: CallFailure; again?: true }
  | { event: "message"; peer: PeerId; id: MessageId; text: string }
  /** `text` is what the person said, for the screen; it is not part of the json event. */
  | {
    event: "sent";
    id: MessageId;
    peers: number;
    /** To whom. */
    to: readonly PeerId[];
    text: string;
    /** Who talks with a friend of ours and did not get it, with the friends who say so. Not part of the json event. */
    unheard: Hearing["others"];
    /** Who is here and did not get it, as 64 before are not confirmed there. Not part of the json event. */
    without: readonly PeerId[];
    /** It went to one friend alone, as the person asked. Not part of the json event. */
    private: boolean;
  }
  | { event: "delivered"; id: MessageId; peer: PeerId }
  | { event: "unconfirmed"; id: MessageId; peer: PeerId }
  | { event: "named"; peer: PeerId; name: string }
  | { event: "left"; peer: PeerId; reason: LeftReason }
  /** What a friend says: how our end of the link looks from there, and who else has a session with them. */
  | { event: "circle"; peer: PeerId; you: string; with: readonly Person[] }
  /**
   * How things stand with somebody whom a friend talks with and we do not; `by`: the friends in the middle. `quiet`,
   * not part of the json event: the person has been asked often enough.
   */
  | {
    event: "introduction";
    peer: PeerId;
    by: readonly PeerId[];
    state: "asked" | "yes" | "met" | "over";
    reason?: IntroductionEnd;
    quiet: boolean;
  }
  | { event: "stopped"; reason: StoppedReason }
  // Further events.
  /** Who we are: at the start, and when the person changes their name (empty: none). For people only. */
  | { event: "self"; peer: PeerId; name: string }
  /** Who hears whom has changed. For people only: scripts have `circle`. */
  | { event: "hearing"; hearing: Hearing }
  /** Somebody other than `peer` answered at an address that a friend gave for them, and got no answer. */
  | { event: "wrong-peer"; peer: PeerId; by: PeerId; address: string }
  /** Words were compared with a friend; `changed`: they committed to another number, and there are no words any more. */
  | { event: "verify"; peer: PeerId; state: "same" | "different" | "changed" }
  /** An introduction is ignored, because even a call would show the address that is to stay hidden. */
  | { event: "hidden" }
  /** Whoever answers at an address that we called before is another PeerId: somebody else, or the same person restarted. */
  | { event: "new-session"; address: string; peer: PeerId; before: PeerId }
  /** The phrase is being stretched (Argon2id), or has been. */
  | { event: "stretching"; done: boolean }
  /** Strangers turned away since the last such notice. */
  | { event: "turned-away"; count: number; guesses: number }
  /** Somebody who knows the phrase called, but there are enough friends. For scripts a "hint". */
  | { event: "door-closed"; address: string }
  /** Nobody can call, since this process has used up its descriptors; `over`: it takes calls again. */
  | { event: "deaf"; over: boolean }
  /** A target that is not called again: there are too many, its friend is here, or it is being called. For scripts a "hint". */
  | { event: "already-called"; address: string; state: "many" | "connected" | "called" }
  /** The program's own words to the person: a hint, an answer to a command, a three-part problem. */
  | { event: "hint"; text: string }
  /** A call has not succeeded for a while. */
  | { event: "diagnosis"; address: string; failure: CallFailure; proxy: string | undefined }
  /** Friends can call this onion name; `confirmed`: Tor says that it is published. */
  | { event: "onion"; address: string; confirmed: boolean }
  | { event: "onion-starting"; percent: number }
  /** The name was lost with Tor and is being made again; `why`: what the last attempt led to, `at` that control port. */
  | { event: "onion-gone"; why: ControlFault | undefined; at?: string | undefined }
  /** The router forwards our port, at this internet address, for this many seconds unless it is asked again. */
  | { event: "mapped"; address: string; by: MapWay; seconds: number }
  /** It does not; `lost`: this one any more. For scripts a "diagnosis" of the address that we listen on. */
  | { event: "unmapped"; address: string; why: MapFault; lost: string | undefined }
  | { event: "problem"; doing: string; wrong: string; next: string };

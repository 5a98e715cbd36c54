// What the program tells a person. The first group is also the `--json` contract, field for field and for ever
// (docs: README, "For scripts"); `json.ts` writes exactly those fields. The second group may grow.
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

export type Notice =
  // The contract of --json.
  | { event: "protection"; protection: Protection }
  | { event: "listening"; address: string }
  | { event: "connecting"; address: string }
  | { event: "connected"; peer: PeerId; direction: "in" | "out"; address: string; punched?: true }
  /** `failure`: of a call of ours; the json event has its `reason` alone. */
  | { event: "refused"; address: string; reason: RefusedReason; failure?: CallFailure }
  | { event: "message"; peer: PeerId; id: MessageId; text: string }
  /** `text` is one's own words, for the screen; it is not part of the json event. */
  | { event: "sent"; id: MessageId; peers: number; text: string }
  | { event: "delivered"; id: MessageId; peer: PeerId }
  | { event: "unconfirmed"; id: MessageId; peer: PeerId }
  | { event: "named"; peer: PeerId; name: string }
  | { event: "left"; peer: PeerId; reason: LeftReason }
  | { event: "stopped"; reason: StoppedReason }
  // Further events.
  /** Whoever answers at an address that we called before is another PeerId: somebody else, or the same person started anew. */
  | { event: "new-session"; address: string; peer: PeerId; before: PeerId }
  /** The phrase is being stretched (Argon2id), or has been. */
  | { event: "stretching"; done: boolean }
  /** Strangers turned away since the last such notice. */
  | { event: "turned-away"; count: number; guesses: number }
  /** Somebody who knows the phrase called, and there are friends enough. For scripts a "hint". */
  | { event: "door-closed"; address: string }
  /** A target that is not called anew: there are too many, its friend is here, or it is being called. For scripts a "hint". */
  | { event: "already-called"; address: string; state: "many" | "connected" | "called" }
  /** The program's own words to the person: a hint, an answer to a command, a three-part problem. */
  | { event: "hint"; text: string }
  /** A call has not succeeded for a while. */
  | { event: "diagnosis"; address: string; failure: CallFailure; proxy: string | undefined }
  | { event: "problem"; doing: string; wrong: string; next: string };

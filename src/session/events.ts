// What a session is told, and what it says in return: `step.ts` takes the one and gives the other, as data.

import type { StretchedPhrase } from "../auth/stretched.ts";
import type { MessageId } from "../notice.ts";
import type { Frame, Millis, PeerId, Role } from "../ports.ts";
import type { Message } from "../wire/message.ts";

/** What a session has to know about its link. */
export interface SessionFacts {
  readonly role: Role;
  readonly self: PeerId;
  readonly peer: PeerId;
  readonly channelBinding: Uint8Array;
}

export type Event =
  /** TLS is up. A listener's session is lent the phrase stretched for its own salt, and offers. */
  | { type: "opened"; phrase?: StretchedPhrase }
  /** A frame arrived; lent for the step. `at`: when it came, if it had to wait. */
  | { type: "frame"; frame: Frame; at?: Millis }
  /** The answer to "stretch"; lent until the session is over. */
  | { type: "stretched"; phrase: StretchedPhrase }
  /** The answer to "verified": the peer may stay. */
  | { type: "admit" }
  /** Queued; a tick sends it. */
  | { type: "submit"; message: Message }
  /** A chat is on the person's screen: acknowledge it. */
  | { type: "shown"; id: MessageId }
  /** The circle that has not begun to leave is not sent. */
  | { type: "withdraw circle" }
  /** A cell is wanted soon, because several links with this peer are open. */
  | { type: "nudge" }
  /** Say goodbye after the message being sent, then close. */
  | { type: "leave" }
  /** No tick is near, so the work that `wantsQuiet` speaks of may be done. */
  | { type: "quiet" }
  /** Cells that wait for a tick are opened now: the link has ended, or what has come is to count. */
  | { type: "flush" }
  /** The deadline has come. `unsent`: frames that the operating system has not taken yet. */
  | { type: "time"; unsent: number };

export type CloseReason =
  /** The confirmation is wrong: another phrase or mode, or somebody in between. */
  | "phrase"
  /** The peer broke the protocol. */
  | "protocol"
  /** Nothing came, or nothing could be sent, for too long. */
  | "timeout"
  /** Our own goodbye is done, or the peer's has come. */
  | "bye";

export type Effect =
  | { type: "send"; frame: Frame }
  | { type: "stretch"; salt: Uint8Array }
  /** The peer has proved that it knows the phrase. Answer with "admit", or close the link. */
  | { type: "verified" }
  /** A cell has been opened: the link is alive. */
  | { type: "opened" }
  | { type: "received"; message: Exclude<Message, { type: "bye" }> }
  /** The first cell of a message leaves, the first of `cells`. Acks, chats, names and the bye are not reported. */
  | { type: "begun"; message: Told; cells: number }
  | { type: "close"; reason: CloseReason };

/** The messages whose beginning the owner wants to hear about. */
export type Told = Extract<Message, { type: "verify" | "circle" | "meet" | "introduce" }>;

export function isTold(message: Message): message is Told {
  return message.type === "verify" || message.type === "circle" || message.type === "meet" ||
    message.type === "introduce";
}

// What happens to `peers`, what it wants done about it, and how its friends are shown to a person. Data only.

import type { StretchedPhrase } from "../auth/stretched.ts";
import type { CallFailure } from "../call.ts";
import type { MessageId, Notice } from "../notice.ts";
import type { Frame, Millis, PeerId, PunchFault } from "../ports.ts";
import type { Shape } from "../session/pacer.ts";
import type { SessionFacts } from "../session/step.ts";
import type { Source } from "./addresses.ts";
import type { CallerId } from "./admission.ts";
import type { CallId } from "./calls.ts";
import type { LinkId } from "./connection.ts";
import type { Attempt, PunchAddress, PunchId } from "./punching.ts";

export interface PeersOptions {
  readonly self: PeerId;
  readonly shape: Shape;
  /** What friends see beside our messages. */
  readonly name: string | undefined;
  /** Close the door after so many friends. */
  readonly friends: number | undefined;
  /** How many descriptors the process may have; undefined: not known, or without a limit. */
  readonly descriptors?: number | undefined;
}

export type Event =
  /** Our own salt's phrase: from now on calls can be taken. Owned by `peers` from here. */
  | { type: "ready"; phrase: StretchedPhrase }
  /** Somebody has opened a TCP connection to us, and waits. "start" or "shut" answers, at once or later. */
  | { type: "arrived"; caller: CallerId; source: Source }
  /** A link is up. `caller`: we are its listener; `call`: it was dialled; `punch`: it is a two-sided one. */
  | {
    type: "linked";
    link: LinkId;
    facts: SessionFacts;
    address: string;
    caller?: CallerId;
    call?: CallId;
    punch?: PunchId;
    familiar?: boolean;
  }
  | { type: "frame"; link: LinkId; frame: Frame }
  /** The other side closed the link, or it broke. */
  | { type: "ended"; link: LinkId }
  /** A connection that was started never became a link. */
  | { type: "failed"; caller: CallerId; address: string; why: "timeout" | "protocol" | "closed" }
  | { type: "dialFailed"; call: CallId; failure: CallFailure }
  /** Where a call's friend may be met halfway: of each family one place at most. Never said while we take no calls. */
  | { type: "aimed"; call: CallId; meetAt: readonly PunchAddress[] }
  /** A call has a TCP connection; or had one, which has come to nothing, and goes on. */
  | { type: "dialOpened" | "dialClosed"; call: CallId }
  | { type: "punchOpened"; punch: PunchId }
  /** An attempt of a two-sided call never became a link. `caller`: it had been admitted. */
  | { type: "punchFailed"; punch: PunchId; why: PunchFault; caller?: CallerId }
  /** The answer to "stretch"; owned by `peers` from here. `tookMs`: how long it took. */
  | { type: "stretched"; phrase: StretchedPhrase; tookMs: number }
  /** The answer to "read": what was waiting on the other links has been handed over. */
  | { type: "read"; link: LinkId }
  | { type: "say"; text: string }
  /** A message has been put on the person's screen. */
  | { type: "shown"; peer: PeerId; id: MessageId }
  | { type: "call"; target: string; retry: boolean }
  /** Say goodbye to everybody; "gone" follows. */
  | { type: "leave" }
  /** No tick is near: `wantsQuiet` may do a piece of its work. */
  | { type: "quiet" }
  | { type: "time"; unsent: (link: LinkId) => number };

export type Effect =
  | { type: "send"; link: LinkId; frame: Frame }
  /** Begin TLS with a connection that arrived: "linked" or "failed" follows. */
  | { type: "start"; caller: CallerId }
  /** Close a connection that arrived and is no link, without a word; nothing follows. */
  | { type: "shut"; caller: CallerId }
  /** Without a word. */
  | { type: "close"; link: LinkId }
  | { type: "dial"; call: CallId; target: string }
  /** Give a call's attempt up: nothing more is to be heard of it. */
  | { type: "stopDial"; call: CallId }
  /** One attempt of a two-sided call: "punchOpened" may follow, and then "linked" or "punchFailed". */
  | { type: "punch" } & Attempt
  /** The same for one of those; only "punchFailed" may follow. */
  | { type: "stopPunch"; punch: PunchId }
  /** How far a dialled connection has come, for whoever tells the person. */
  | { type: "came"; target: string; step: "offered" | "answered" }
  | { type: "stretch"; salt: Uint8Array }
  /** Read everything that waits on all sockets, then say "read" for this link. */
  | { type: "read"; link: LinkId }
  /** Tell the person. A "message" is answered with "shown". */
  | { type: "notice"; notice: Notice }
  /** A call without --retry has ended without a friend, or calling has been stopped. */
  | { type: "callEnded"; target: string; failure: CallFailure }
  /** Everything is closed after "leave". */
  | { type: "gone" };

/** A friend as the person asks for them. */
export interface Present {
  readonly peer: PeerId;
  readonly name: string | undefined;
  readonly address: string;
  readonly direction: "in" | "out";
  readonly since: Millis;
  readonly unconfirmed: number;
  readonly links: number;
}

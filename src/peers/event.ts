// What happens to `peers`, what it asks to be done about it, and how its friends are shown to a person. Data only.

import type { StretchedPhrase } from "../auth/stretched.ts";
import type { CallFailure } from "../call.ts";
import type { MessageId, Notice } from "../notice.ts";
import type { Frame, Millis, PeerId, PunchFault } from "../ports.ts";
import type { Shape } from "../session/pacer.ts";
import type { SessionFacts } from "../session/step.ts";
import type { Source } from "./addresses.ts";
import type { CallerId } from "./ranks.ts";
import type { CallId } from "./calls.ts";
import type { LinkId } from "./connection.ts";
import type { IntroductionsMode } from "./introductions.ts";

/** The number of one attempt of a two-sided call. */
export type PunchId = number;

export interface PunchAddress {
  /** A bare IP address. */
  readonly host: string;
  readonly port: number;
}

export interface Attempt extends PunchAddress {
  readonly punch: PunchId;
}

export interface PeersOptions {
  readonly self: PeerId;
  readonly shape: Shape;
  /** What friends see beside our messages. */
  readonly name: string | undefined;
  /** Close the door after this many friends. */
  readonly friends: number | undefined;
  /** How many descriptors the process may have, and how many are left now; undefined: not known, or more than enough. */
  readonly descriptors?: { readonly limit: number; readonly left: number } | undefined;
  /** What to do when a friend introduces somebody. */
  readonly introductions: IntroductionsMode;
  /** Our address is not to be shown: calls go through a proxy. */
  readonly hidden: boolean;
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
    /** The address of our own end, without its port. */
    local: string;
    /** As `Link.fixed`. */
    fixed?: boolean;
    caller?: CallerId;
    call?: CallId;
    punch?: PunchId;
    familiar?: boolean;
  }
  | { type: "frame"; link: LinkId; frame: Frame; at?: Millis }
  /** The other side closed the link, or it broke. */
  | { type: "ended"; link: LinkId }
  /** A connection that was started never became a link; `stopped`, of any that arrived: we have closed it ourselves. */
  | { type: "failed"; caller: CallerId; address: string; why: "timeout" | "protocol" | "closed" | "stopped" }
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
  /** `to`: to this friend alone. */
  | { type: "say"; text: string; to?: PeerId }
  /** Friends see this beside our messages from now on. */
  | { type: "rename"; name: string }
  /** Where we can be called, as the invitation names it. `hidden`: on loopback only, or a proxy hides our address. */
  | { type: "reachable"; addresses: readonly string[]; hidden: boolean }
  /** The answer to "listen at": the addresses there, none where calls cannot be taken. */
  | { type: "listening at"; host: string; addresses: readonly string[] }
  /** The person wants to hear this PeerId, whom a friend named; or does not. */
  | { type: "introduce"; peer: PeerId }
  | { type: "decline"; peer: PeerId }
  /** The person wants these two friends to hear each other. */
  | { type: "propose"; first: PeerId; second: PeerId }
  /** The person has compared words with this friend: they were the same, or not. */
  | { type: "compared"; peer: PeerId; same: boolean }
  /** A message has been put on the person's screen. */
  | { type: "shown"; peer: PeerId; id: MessageId }
  | { type: "call"; target: string; retry: boolean }
  /** The machine has slept, or is in another network. */
  | { type: "woke" }
  /** Say goodbye to this friend, and take no connection of theirs until the person calls somebody. */
  | { type: "bye"; peer: PeerId }
  /** The person wants that call to end. */
  | { type: "hang up"; target: string }
  /** Say goodbye to everybody; "gone" follows. */
  | { type: "leave" }
  /** No tick is near: `wantsQuiet` may do a piece of its work. */
  | { type: "quiet" }
  | { type: "time"; unsent: (link: LinkId) => number };

export type Effect =
  | { type: "send"; link: LinkId; frame: Frame }
  /** Begin TLS with a connection that arrived: "linked" or "failed" follows. */
  | { type: "start"; caller: CallerId }
  /** Close a connection that arrived and is not a link, without a word; nothing follows. */
  | { type: "shut"; caller: CallerId }
  /** Without a word. `lost`: as for `Link.close`. */
  | { type: "close"; link: LinkId; lost: boolean }
  /** `quiet`: of an introduction, which the person is told about in other ways. */
  | { type: "dial"; call: CallId; target: string; quiet: boolean }
  /** Give up an attempt of a call: nothing more is heard of it. */
  | { type: "stopDial"; call: CallId }
  /** One attempt of a two-sided call: "punchOpened" may follow, and then "linked" or "punchFailed". */
  | { type: "punch" } & Attempt
  /** The same for one of those; only "punchFailed" may follow. */
  | { type: "stopPunch"; punch: PunchId }
  /** How far a dialled connection has come, for whoever tells the person. */
  | { type: "came"; target: string; step: "offered" | "answered" }
  /** Take calls on a free port of these addresses of ours, of others no longer; then say "listening at" for each. */
  | { type: "listen at"; hosts: readonly string[] }
  | { type: "stretch"; salt: Uint8Array }
  /** Read everything that waits on all sockets, then say "read" for this link. */
  | { type: "read"; link: LinkId }
  /** Tell the person. A "message" is answered with "shown". */
  | { type: "notice"; notice: Notice }
  /** A call that is made once has ended without a friend, or calling has been stopped. */
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
  /** The person has compared words with this PeerId. */
  readonly verified: boolean;
}

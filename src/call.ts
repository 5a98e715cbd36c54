// Why a call fails, as data: made in transport and peers, passed on everywhere, put into words once
// (words/call_failures.ts). What a chat says, what `sesame doctor HOST` finds and the names that scripts get are all
// projections of a CallFailure. Scope: the names, and how they correspond. Out of scope: finding out
// (transport/call_progress.ts), sentences.

/** How far a call can come, in order. `offer`: a Sesame's first frame; `phrase`: the answer to it, and theirs to that. */
export type CallPlace = "name" | "proxy" | "connect" | "tls" | "offer" | "phrase";
export const CALL_PLACES: readonly CallPlace[] = ["name", "proxy", "connect", "tls", "offer", "phrase"];

/** Why a name gave no address. `onion-name`: such a name is for Tor alone, and was not looked up. */
export type NameFault = "name-not-found" | "no-resolver" | "onion-name";
/**
 * Why there was no TCP connection with an address. `filtered`: silence; `unreachable`: no route, or a router said so;
 * `forbidden`: this machine does not let us; `turned-away`: hung up on so fast that the connection was never seen.
 */
export type TcpFault = "refused" | "filtered" | "unreachable" | "forbidden" | "turned-away";
/** The proxy's part: not there; it needs a login, or another one; it would not or could not; it is not a SOCKS5 proxy. */
export type ProxyFailure = "proxy-unreachable" | "proxy-login" | "proxy-refused" | "proxy-protocol";
/** Why a proxy gave no connection: its own part, or what it says about whom it called. */
export type ProxyFault = ProxyFailure | "refused" | "unreachable" | "filtered";
/** Why a TCP connection did not become a link: silence, hung up, no TLS at all, a TLS or certificate unlike ours. */
export type TlsFault = "silent" | "turned-away" | "not-tls" | "not-sesame";
/**
 * Why a link brought no friend. `busy`: they closed before their first word; `full`: we have no place for them;
 * `unanswered`: cut between our answer and theirs, which a wrong phrase looks like, and a broken line too; `restarts`: too
 * many salts in a short time, each of which would have cost a stretch; `other-interface`: nothing listens on this machine's own address, and something does on its loopback.
 */
export type LinkFault =
  | "busy"
  | "not-sesame"
  | "large-packets-lost"
  | "phrase"
  | "unanswered"
  | "restarts"
  | "self"
  | "duplicate"
  | "full"
  | "other-interface";

/** Two-sided calls have not met anybody either: most likely a router gives every call another port. */
export type MeetFault = "nat-random-ports";

/** Names for scripts: these never change, others may be added. */
export type CallCause = NameFault | TcpFault | ProxyFault | TlsFault | LinkFault | MeetFault;

export interface CallFailure {
  readonly at: CallPlace;
  readonly why: CallCause;
}

/** How far a call has come, step by step. Addresses are without ports, except for the proxy's and those found. */
export type CallStep =
  | { readonly step: "proxy"; readonly address: { readonly host: string; readonly port: number } }
  /** There is a connection to the proxy, which is to make the next one. */
  | { readonly step: "asked" }
  | { readonly step: "resolved"; readonly addresses: readonly { readonly host: string; readonly port: number }[] }
  | { readonly step: "connecting"; readonly address: string }
  | { readonly step: "failed"; readonly address: string; readonly why: TcpFault }
  /** TCP. */
  | { readonly step: "connected"; readonly address: string }
  /** The connection begins and ends on this machine. */
  | { readonly step: "own" }
  /** Here it ends; in a race between addresses, only what ended all of it. */
  | { readonly step: "lost"; readonly why: NameFault | ProxyFault | TlsFault }
  /** TLS. `familiar`: the certificate looks as Sesame makes them, which proves nothing. */
  | { readonly step: "secured"; readonly familiar: boolean }
  /** An offer has come. */
  | { readonly step: "offered" }
  /** Our answer has left. */
  | { readonly step: "answered" }
  /** Their accept proves that they know the phrase. */
  | { readonly step: "accepted" }
  | { readonly step: "ended"; readonly why: LinkEnd };

/** They closed the link; `phrase`, `protocol`: we did, because of what came. */
export type LinkEnd = "closed" | "phrase" | "protocol";

/** What is known about a call that has a link. */
export interface LinkFacts {
  readonly at: "offer" | "phrase";
  readonly familiar: boolean;
  readonly answered: boolean;
  /** Undefined: nobody ended it; it fell silent. */
  readonly end: LinkEnd | undefined;
}

/** Why a call that has a link brings nobody. On a wrong phrase the other side hangs up after our answer without a word. */
export function linkFault({ at, familiar, answered, end }: LinkFacts): LinkFault {
  if (end === "protocol" || (at === "offer" && !familiar)) return "not-sesame";
  if (end === undefined) return "large-packets-lost";
  if (end === "phrase") return "phrase";
  return at === "phrase" && answered ? "unanswered" : "busy";
}

/** The reasons of `refused` in the contract of --json, which is older and coarser. */
export type RefusedReason =
  | "phrase"
  | "self"
  | "duplicate"
  | "protocol"
  | "busy"
  | "timeout"
  | "unreachable"
  | "closed"
  | ProxyFailure;

export function reasonOf({ why }: CallFailure): RefusedReason {
  return REASONS[why];
}

const REASONS: Readonly<Record<CallCause, RefusedReason>> = {
  "name-not-found": "unreachable",
  "no-resolver": "unreachable",
  "onion-name": "unreachable",
  "proxy-unreachable": "proxy-unreachable",
  "proxy-login": "proxy-login",
  "proxy-refused": "proxy-refused",
  "proxy-protocol": "proxy-protocol",
  refused: "unreachable",
  filtered: "timeout",
  unreachable: "unreachable",
  forbidden: "unreachable",
  "other-interface": "unreachable",
  "turned-away": "closed",
  silent: "timeout",
  "not-tls": "protocol",
  "not-sesame": "protocol",
  busy: "closed",
  "large-packets-lost": "timeout",
  phrase: "phrase",
  unanswered: "phrase",
  restarts: "busy",
  self: "self",
  duplicate: "duplicate",
  full: "busy",
  "nat-random-ports": "unreachable",
};

// All that the core asks of the outside: links, a clock, entropy. `transport/` and `system.ts` implement these for
// real; the tests have a pair in memory with a simulated clock.

/** SHA-256 of a certificate's DER, as 64 lower-case hex digits: as text it compares in the same order as its bytes. */
export type PeerId = string;
/** Milliseconds of a clock that never goes back; its origin means nothing. */
export type Millis = number;
/** Fills the given bytes with random ones, in place, so that no second copy of a key is ever made. */
export type Entropy = (into: Uint8Array) => void;
/** The dialer opened the TCP connection (A in docs/PROTOCOL.md), the listener accepted it (B). */
export type Role = "dialer" | "listener";
/** FRAME_SIZE bytes. */
export type Frame = Uint8Array;

/** A TLS connection whose peer has passed every check of docs/PROTOCOL.md section 1. */
export interface Link {
  readonly role: Role;
  /** As told to a person: `192.0.2.7:7373`, `[2001:db8::1]:7373`. */
  readonly address: string;
  /** The peer's bare IP address, for counting; IPv4-mapped IPv6 is given as IPv4, a zone is kept. */
  readonly host: string;
  readonly self: PeerId;
  readonly peer: PeerId;
  /** CHANNEL_BINDING_SIZE bytes, equal on both sides and known to nobody else. */
  readonly channelBinding: Uint8Array;
  /**
   * Frames from now on, each FRAME_SIZE bytes and lent for the time of the call; then, once, the end. Nothing is
   * delivered before this is called, nor after `close`. The frame is handled before the next one is read, so a peer
   * that sends too fast is held back by TCP.
   */
  receive(onFrame: (frame: Frame) => void, onEnd: () => void): void;
  /** One write, one TLS record. Copies the frame before it returns. Does nothing once the link has ended. */
  send(frame: Frame): void;
  /** Frames given to `send` that the operating system has not taken yet. */
  readonly unsent: number;
  /** At once, without a word to the peer; may be called again. `onEnd` is not called for one's own close. */
  close(): void;
}

/** Why a link could not be made. `timeout`: silence; `unreachable`: nobody there; `protocol`: not a Sesame; `closed`: hung up. */
export type DialFailure = "timeout" | "unreachable" | "protocol" | "closed" | "unknown host" | ProxyFailure;

/** The proxy's part in it: nobody there; it wants a login, or another; it would not or could not; it is no SOCKS5 proxy. */
export type ProxyFailure = "proxy-unreachable" | "proxy-login" | "proxy-refused" | "proxy-protocol";

export class DialError extends Error {
  override readonly name = "DialError";
  constructor(readonly failure: DialFailure) {
    super(failure);
  }
}

/** Why a name brought no address. `onion`: such a name is for Tor alone, and was not asked for. */
export type NameFault = "not found" | "no resolver" | "timeout" | "onion";
/**
 * Why there was no TCP connection with an address. `refused`: a reset instead of an answer; `timeout`: silence;
 * `unreachable`: no route, or a router said so; `forbidden`: this machine does not let us; `reset`: hung up on so fast that
 * the connection was never seen.
 */
export type TcpFault = "refused" | "timeout" | "unreachable" | "forbidden" | "reset";
/** Why a TCP connection did not become a link: silence, hung up, no TLS at all, another version of it, another certificate. */
export type TlsFault = "timeout" | "closed" | "not tls" | "other tls" | "not ours";

/** Why a proxy gave no connection: its own part, or what it says of whom it called. */
export type ProxyFault = ProxyFailure | "refused" | "unreachable" | "timeout";

/** How far a call has come, for whoever tells the person why it fails. Addresses are without ports but for the proxy's and those found. */
export type DialStep =
  | { readonly step: "proxy"; readonly address: { readonly host: string; readonly port: number } }
  /** There is a connection with the proxy, which is to make the next one. */
  | { readonly step: "asked" }
  | { readonly step: "unproxied"; readonly why: ProxyFault }
  | { readonly step: "resolving"; readonly host: string }
  | { readonly step: "unresolved"; readonly why: NameFault }
  | {
    readonly step: "resolved";
    readonly addresses: readonly { readonly host: string; readonly port: number }[];
  }
  | { readonly step: "connecting"; readonly address: string }
  | { readonly step: "failed"; readonly address: string; readonly why: TcpFault }
  /** TCP. */
  | { readonly step: "connected"; readonly address: string }
  /** The connection begins and ends on this machine. */
  | { readonly step: "own" }
  | { readonly step: "tlsFailed"; readonly why: TlsFault }
  /** TLS. `familiar`: the certificate looks as Sesame makes them, which proves nothing. */
  | { readonly step: "secured"; readonly familiar: boolean };

export interface Listener {
  /** With the port that it really got. */
  readonly address: string;
  close(): void;
}

export interface ListenHandlers {
  /** Asked before any TLS work, with the caller's bare IP address. `false`: the connection is closed at once. */
  admit(host: string): boolean;
  /** Each admitted connection ends in exactly one of these. */
  linked(link: Link): void;
  failed(host: string, address: string, why: "timeout" | "protocol" | "closed"): void;
}

/**
 * How one attempt of a two-sided call ended without a link. `refused`: no TCP connection, nor would waiting have helped;
 * `silent`: none in time; `mirror`: what answers is oneself; `unadmitted`: the other side is the client, and `admit` said no;
 * `failed`: TCP opened and TLS did not; `stopped`: by the signal.
 */
export type PunchFault = "refused" | "silent" | "mirror" | "unadmitted" | "failed" | "stopped";

export interface PunchHandlers {
  /** There is a TCP connection. */
  opened(): void;
  /** Asked once it is clear that we are the listener, and before TLS goes on: as `ListenHandlers.admit`. */
  admit(host: string): boolean;
}

export interface Transport {
  /** Throws DialError. The signal ends the attempt and whatever it opened. `onStep` is told how far it has come. */
  dial(target: string, signal: AbortSignal, onStep?: (step: DialStep) => void): Promise<Link>;
  /**
   * One attempt to meet somebody who calls us at the same time, from the port after the one that we listen on. The role of
   * the link is what the two sides agreed on. Never throws.
   */
  punch(
    to: { readonly host: string; readonly port: number },
    signal: AbortSignal,
    handlers: PunchHandlers,
  ): Promise<Link | PunchFault>;
  /** Throws an Error with a `code` of the operating system (EADDRINUSE, EACCES, EADDRNOTAVAIL). */
  listen(address: string, handlers: ListenHandlers): Promise<Listener>;
}

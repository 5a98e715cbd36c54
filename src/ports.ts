// All that the core asks of the outside: links, a clock, entropy. `transport/` and `system.ts` are the real
// implementations; the tests have a pair in memory with a simulated clock.

import type { CallFailure, CallStep } from "./call.ts";

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
  /** The bare IP address of our own end; empty where it is not known. */
  readonly local: string;
  /** The link leaves from the port that two-sided calls leave from, whoever dialled: the friend sees where those come from. */
  readonly fixed?: boolean;
  readonly self: PeerId;
  readonly peer: PeerId;
  /** CHANNEL_BINDING_SIZE bytes, equal on both sides and known to nobody else. */
  readonly channelBinding: Uint8Array;
  /** Whether the certificate looks as Sesame makes them, which proves nothing. */
  readonly familiar: boolean;
  /**
   * Frames from now on, each FRAME_SIZE bytes and lent for the time of the call; then, once, the end. Nothing is
   * delivered before this is called, nor after `close`. `onFrame` returns before the next one is read.
   */
  receive(onFrame: (frame: Frame) => void, onEnd: () => void): void;
  /** One write, one TLS record. Copies the frame before it returns. Does nothing once the link has ended. */
  send(frame: Frame): void;
  /** Frames given to `send` that the operating system has not taken yet. */
  readonly unsent: number;
  /**
   * At once, without a word to the peer; may be called again. `onEnd` is not called for our own close. `lost`: nobody is
   * heard there any more. Such a link, and one with frames unsent, is reset: otherwise the system would go on for minutes
   * to say the rest to nobody, and two-sided calls could not use these ports again.
   */
  close(lost?: boolean): void;
}

/** Why there is no link. */
export class DialError extends Error {
  override readonly name = "DialError";
  constructor(readonly failure: CallFailure) {
    super(`${failure.at}: ${failure.why}`);
  }
}

export interface Listener {
  /** With the port that it really got. */
  readonly address: string;
  close(): void;
}

/** An accepted TCP connection from which nothing has been read. Its receiver starts or closes it. */
export interface Caller {
  /** The caller's bare IP address, for counting; as `Link.host`. */
  readonly host: string;
  /** As told to a person. */
  readonly address: string;
  /** Begins TLS. Exactly one of the two follows, later than this returns; none after `close`. */
  start(outcome: CallerOutcome): void;
  /** At once, without a word. */
  close(): void;
}

export interface CallerOutcome {
  linked(link: Link): void;
  failed(why: "timeout" | "protocol" | "closed"): void;
}

export interface ListenHandlers {
  /** Somebody has called. */
  called(caller: Caller): void;
  /** Nobody can call, since the process has used up its descriptors; `false`: it takes calls again. */
  deaf?(isDeaf: boolean): void;
}

/**
 * How one attempt of a two-sided call ended without a link. `refused`: no TCP connection, nor would waiting have
 * helped; `silent`: none in time; `mirror`: we answered ourselves; `unadmitted`: the other side is the client, and
 * `admit` said no; `failed`: TCP opened and TLS did not; `stopped`: by the signal.
 */
export type PunchFault = "refused" | "silent" | "mirror" | "unadmitted" | "failed" | "stopped";

export interface PunchHandlers {
  /** There is a TCP connection. */
  opened(): void;
  /** Asked once it is clear that we are the listener, and before TLS goes on: may somebody at this address come in now? */
  admit(host: string): boolean;
}

export interface Transport {
  /** Throws DialError. The signal ends the attempt and whatever it opened. `onStep` is told how far it has come. */
  dial(target: string, signal: AbortSignal, onStep?: (step: CallStep) => void): Promise<Link>;
  /**
   * One attempt to meet somebody who calls us at the same time, from our calling port. The role of the link is what the
   * two sides agreed on. Never throws.
   */
  punch(
    to: { readonly host: string; readonly port: number },
    signal: AbortSignal,
    handlers: PunchHandlers,
  ): Promise<Link | PunchFault>;
  /**
   * Throws an Error with a `code` of the operating system (EADDRINUSE, EACCES, EADDRNOTAVAIL). `known`: friends know the
   * port, and the next one is our calling port from now on.
   */
  listen(address: string, handlers: ListenHandlers, known?: boolean): Promise<Listener>;
}

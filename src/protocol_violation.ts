// The one error that a peer can cause. It is thrown anywhere below `session` and caught once, in `session/step.ts`,
// which closes the link. Anything else that is thrown is a bug of ours and ends the program.

/** What rule was broken, as a word for the program's own use. It holds nothing that the peer sent. */
export type Violation =
  | "version"
  | "type"
  | "flags"
  | "reserved"
  | "out of place"
  | "padding"
  | "length"
  | "share"
  | "kem"
  | "ratchet key"
  | "renewal"
  | "cell kind"
  | "fragment"
  | "message size"
  | "message"
  | "cells too fast"
  | "too many failures"
  | "unacknowledged"
  | "repeated id"
  | "circle"
  | "reveal"
  | "repeated verify"
  | "after bye";

/** A peer broke the protocol: its connection is closed and it is told nothing. */
export class ProtocolViolation extends Error {
  override readonly name = "ProtocolViolation";
  constructor(readonly violation: Violation) {
    super(violation);
  }
}

// Who is the TLS server when both began as clients: the tie-break of docs/PROTOCOL.md section 1, "Two-sided calls".
// Pure: bytes in, a verdict out. Out of scope: sockets, and TLS itself (meet.ts).

/** A ClientHello of ours fits in here with its record header. */
export const HELLO_MAX_SIZE = 4096;

/** Of what has come so far. `skip`: that many bytes are dropped, the rest goes to TLS. */
export type Roles =
  /** Too little has come to say. */
  | { readonly verdict: "wait" }
  /** We stay the client. */
  | { readonly verdict: "client"; readonly skip: number }
  /** Our client goes; the server gets every byte from the first. */
  | { readonly verdict: "server" }
  /** Our own hello came back: nobody is there but ourselves. */
  | { readonly verdict: "mirror" }
  /** A ClientHello that breaks the rules: close. */
  | { readonly verdict: "broken" };

const HANDSHAKE = 22;
const CLIENT_HELLO = 1;
const RECORD_HEADER_SIZE = 5;
const HANDSHAKE_HEADER_SIZE = 4;
/** ClientHello.random stands behind both headers and the version (RFC 8446 section 4.1.2). */
const RANDOM_AT = 11;
const RANDOM_END = 43;

/**
 * `own`: all that we have sent. `first`: everything that has come, from the first byte on. To be
 * asked again with more bytes as long as it says "wait"; no byte behind the first record is ever looked at.
 */
export function rolesOf(own: Uint8Array, first: Uint8Array): Roles {
  const ownHello = clientHello(own);
  if (ownHello === "wait") return { verdict: "wait" };
  // With no random of our own there is nothing to compare, and two clients would wait for each other.
  if (typeof ownHello === "string") return { verdict: "broken" };
  const theirs = clientHello(first);
  if (theirs === "other") return { verdict: "client", skip: 0 };
  if (typeof theirs === "string") return { verdict: theirs };
  const order = compare(ownHello.random, theirs.random);
  if (order === 0) return { verdict: "mirror" };
  return order < 0 ? { verdict: "server" } : { verdict: "client", skip: theirs.length };
}

/** The ClientHello that `bytes` begin with. `other`: they begin with something else. */
function clientHello(bytes: Uint8Array): { random: Uint8Array; length: number } | "wait" | "other" | "broken" {
  if (bytes.length > 0 && bytes[0] !== HANDSHAKE) return "other";
  if (bytes.length <= RECORD_HEADER_SIZE) return "wait";
  if (bytes[RECORD_HEADER_SIZE] !== CLIENT_HELLO) return "other";
  const fragment = bytes[3]! << 8 | bytes[4]!;
  const length = RECORD_HEADER_SIZE + fragment;
  if (length > HELLO_MAX_SIZE || length < RANDOM_END) return "broken";
  if (bytes.length < RECORD_HEADER_SIZE + HANDSHAKE_HEADER_SIZE) return "wait";
  const body = bytes[6]! << 16 | bytes[7]! << 8 | bytes[8]!;
  if (fragment !== HANDSHAKE_HEADER_SIZE + body) return "broken";
  if (bytes.length < length) return "wait";
  return { random: bytes.subarray(RANDOM_AT, RANDOM_END), length };
}

/** As unsigned bytes; both are sent in the clear, so the time that it takes tells nothing. */
function compare(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < a.length; i++) {
    const difference = a[i]! - b[i]!;
    if (difference !== 0) return difference;
  }
  return 0;
}

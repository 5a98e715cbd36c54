// One TLS handshake over an existing socket, up to a link whose peer has been checked, or the reason why there is none.
// Scope: its end, reported once, and what the runtime's errors mean. Out of scope: who calls and who listens, time
// limits.
//
// On this runtime a TLS socket without an `error` listener can end the process, so each gets one at once.

import { createSecureContext, type SecureContext, type TLSSocket } from "node:tls";
import type { Socket } from "node:net";
import type { TlsFault } from "../call.ts";
import type { Link, PeerId } from "../ports.ts";
import type { Address } from "./address.ts";
import type { Identity } from "./certificate.ts";
import { checkHandshake } from "./handshake_check.ts";
import { type LinkEnds, TlsLink } from "./tls_link.ts";

/** For `connect` and `TLSSocket` alike; the peer's certificate is asked for, and judged by `checkHandshake`. */
export const TLS_SETTINGS = { minVersion: "TLSv1.3", maxVersion: "TLSv1.3", rejectUnauthorized: false } as const;

const contexts = new WeakMap<Identity, SecureContext>();

/** The one context of this identity, for all its connections: each one made leaves copies of the key's PEM behind. */
export function secureContextOf(identity: Identity): SecureContext {
  let context = contexts.get(identity);
  if (context === undefined) {
    context = createSecureContext({
      key: identity.keyPem,
      cert: identity.certificatePem,
      minVersion: TLS_SETTINGS.minVersion,
      maxVersion: TLS_SETTINGS.maxVersion,
    });
    contexts.set(identity, context);
  }
  return context;
}

/** A handshake under way. */
export interface Handshake {
  /** Ends it, and the connection, by a reset as `Link.close`; `failed` is told why. Nothing happens once it is over. */
  drop(why: TlsFault): void;
}

export interface Outcome extends Pick<LinkEnds, "role" | "punchPort"> {
  linked(link: Link): void;
  failed(why: TlsFault): void;
}

/**
 * Waits for the end of the handshake of `socket`, which lies over `raw`; exactly one of `linked` and `failed` is called,
 * never before this returns.
 */
export function handshake(socket: TLSSocket, raw: Socket, address: Address, self: PeerId, outcome: Outcome): Handshake {
  let settled = false;
  const ended = () => drop("turned-away");
  const settle = () => {
    settled = true;
    socket.off("end", ended).off("close", ended);
  };
  const drop = (why: TlsFault) => {
    if (settled) return;
    settle();
    socket.destroy();
    outcome.failed(why);
  };
  // Stays for the socket's whole life.
  socket.on("error", (error: Error & { code?: string }) => drop(tlsFaultOf(error)));
  socket.once("end", ended).once("close", ended);
  socket.once(SECURE[outcome.role], () => {
    if (settled) return;
    const checked = checkHandshake(socket, outcome.role);
    if (checked === undefined) return drop("not-sesame");
    settle();
    socket.setNoDelay(true);
    outcome.linked(new TlsLink(socket, raw, { ...outcome, ...checked, self, address }));
  });
  return {
    drop: (why) => {
      if (!settled) raw.resetAndDestroy();
      drop(why);
    },
  };
}

/**
 * A connection that ended, or one that was no TLS 1.3. The runtime gives one code to a fatal alert and to bytes that make
 * no sense; only its words tell them apart.
 */
function tlsFaultOf({ code = "", message }: Error & { code?: string }): TlsFault {
  if (ENDED.includes(code)) return "turned-away";
  return /^received (corrupt|unexpected)/.test(message) ? "not-tls" : "not-sesame";
}

const SECURE = { dialer: "secureConnect", listener: "secure" } as const;
const ENDED: readonly string[] = [
  "ECONNRESET",
  "EPIPE",
  "ECONNABORTED",
  "ENOTCONN",
  "ETIMEDOUT",
  "ERR_STREAM_PREMATURE_CLOSE",
];

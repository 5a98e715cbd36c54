// What must hold once a TLS handshake is over (docs/PROTOCOL.md section 1), and the channel binding drawn from it.
// Scope: questions to a TLS socket. Out of scope: opening one, closing one.

import type { TLSSocket } from "node:tls";
import { CHANNEL_BINDING_SIZE } from "../constants.ts";
import type { PeerId, Role } from "../ports.ts";
import { acceptable, familiar, peerIdOf } from "./certificate.ts";

/** Of a peer that has proven to hold the key of its certificate. */
export interface CheckedPeer {
  readonly peer: PeerId;
  readonly channelBinding: Uint8Array;
  /** The certificate looks as ours do, which proves nothing. */
  readonly familiar: boolean;
}

/** Undefined: not TLS 1.3, resumed, no certificate or not one of ours, or a runtime without the exporters. */
export function checkHandshake(socket: TLSSocket, role: Role): CheckedPeer | undefined {
  if (socket.getProtocol() !== "TLSv1.3" || socket.isSessionReused()) return undefined;
  const der = certificateOf(socket);
  if (der === undefined || !acceptable(der)) return undefined;
  const channelBinding = channelBindingOf(socket, role);
  return channelBinding && { peer: peerIdOf(der), channelBinding, familiar: familiar(der) };
}

/** DER. `requestCert` is only a request: a peer without one was let in, and then there is none to check. */
function certificateOf(socket: TLSSocket): Uint8Array | undefined {
  try {
    return socket.getPeerCertificate()?.raw;
  } catch {
    // The runtime takes the whole certificate apart, which the peer may have made to be no certificate.
    return undefined;
  }
}

/**
 * The two exporter values, the dialer's first. Under Deno `getFinished()` is not the Finished message but the exporter
 * with the label of one's own TLS role; `selfTest` checks at each start that it is what we think.
 */
export function channelBindingOf(socket: TLSSocket, role: Role): Uint8Array | undefined {
  const own = socket.getFinished();
  const other = socket.getPeerFinished();
  if (own?.length !== CHANNEL_BINDING_SIZE / 2 || other?.length !== CHANNEL_BINDING_SIZE / 2) return undefined;
  const binding = new Uint8Array(CHANNEL_BINDING_SIZE);
  binding.set(role === "dialer" ? own : other, 0);
  binding.set(role === "dialer" ? other : own, CHANNEL_BINDING_SIZE / 2);
  return binding;
}

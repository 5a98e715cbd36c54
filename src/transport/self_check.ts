// The start-up self-test of the channel binding (docs/PROTOCOL.md section 1), over streams in memory, without a socket.
// The exporters' labels are the runtime's own and are documented nowhere, so each start checks that they are still what
// the protocol needs. This also warms TLS up: the first handshake of a process costs 30 ms, later ones 3.

import { duplexPair } from "node:stream";
import { connect, type SecureContext, TLSSocket } from "node:tls";
import { CHANNEL_BINDING_SIZE } from "../constants.ts";
import type { Identity } from "./certificate.ts";
import { type CheckedPeer, checkHandshake } from "./handshake_check.ts";
import { secureContextOf, TLS_SETTINGS } from "./tls_handshake.ts";

/** TLS here does not do what the protocol relies on: nobody may be talked to. */
export class UnfitTls extends Error {
  override readonly name = "UnfitTls";
}

/**
 * Two connections with oneself. Throws UnfitTls unless both ends of each see the right certificate and the same 64
 * bytes of channel binding, made of two unlike halves, and the two connections have nothing of it in common.
 */
export async function selfTest(identity: Identity): Promise<void> {
  const context = secureContextOf(identity);
  const first = await handshake(context, identity);
  const second = await handshake(context, identity);
  const halves = [...halvesOf(first), ...halvesOf(second)];
  if (new Set(halves).size !== halves.length) throw new UnfitTls("the channel binding repeats");
}

/** The channel binding of one connection, after the checks of both its ends. */
async function handshake(context: SecureContext, identity: Identity): Promise<Uint8Array> {
  const [near, far] = duplexPair();
  const dialer = connect({ ...TLS_SETTINGS, socket: near, secureContext: context });
  const listener = new TLSSocket(far as never, {
    ...TLS_SETTINGS,
    isServer: true,
    requestCert: true,
    secureContext: context,
  });
  try {
    const [seenByDialer, seenByListener] = await Promise.all([
      checkedAfter(dialer, "secureConnect", "dialer"),
      checkedAfter(listener, "secure", "listener"),
    ]);
    const same = seenByDialer.channelBinding.every((byte, i) => byte === seenByListener.channelBinding[i]);
    const known = seenByDialer.peer === identity.peerId && seenByListener.peer === identity.peerId;
    if (!same || !known) throw new UnfitTls("the two ends of a connection disagree");
    return seenByDialer.channelBinding;
  } finally {
    for (const stream of [dialer, listener, near, far]) stream.destroy();
  }
}

function checkedAfter(
  socket: TLSSocket,
  event: "secureConnect" | "secure",
  role: "dialer" | "listener",
): Promise<CheckedPeer> {
  return new Promise((done, fail) => {
    socket.on("error", () => fail(new UnfitTls("the handshake failed")));
    socket.once(event, () => {
      const checked = checkHandshake(socket, role);
      if (checked === undefined) fail(new UnfitTls("a good peer does not pass"));
      else done(checked);
    });
  });
}

function halvesOf(binding: Uint8Array): string[] {
  const half = CHANNEL_BINDING_SIZE / 2;
  return [binding.subarray(0, half).toHex(), binding.subarray(half).toHex()];
}

// The start-up self-test of the channel binding (docs/PROTOCOL.md section 1), over streams in memory, without a socket.
// The exporters' labels are the runtime's own and are documented nowhere, so each start checks that they are still what
// the protocol needs. This also warms TLS up: the first handshake of a process costs 30 ms, later ones 3.

import type { Socket } from "node:net";
import { duplexPair } from "node:stream";
import { connect, type SecureContext, TLSSocket } from "node:tls";
import { CHANNEL_BINDING_SIZE } from "../constants.ts";
import type { TlsFault } from "../call.ts";
import type { Link, Role } from "../ports.ts";
import type { Identity } from "./certificate.ts";
import { handshake, secureContextOf, TLS_SETTINGS } from "./tls_handshake.ts";

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
  const first = await bindingOf(context, identity);
  const second = await bindingOf(context, identity);
  const halves = [...halvesOf(first), ...halvesOf(second)];
  if (new Set(halves).size !== halves.length) throw new UnfitTls("the channel binding repeats");
}

/** The channel binding of one connection, after the checks of both its ends. */
async function bindingOf(context: SecureContext, { peerId }: Identity): Promise<Uint8Array> {
  const streams = duplexPair();
  const [near, far] = streams as unknown as [Socket, Socket];
  const secured = { ...TLS_SETTINGS, secureContext: context };
  const dialer = connect({ ...secured, socket: near });
  const listener = new TLSSocket(far, { ...secured, isServer: true, requestCert: true });
  const linked = (socket: TLSSocket, raw: Socket, role: Role) =>
    new Promise<Link>((linked, fail) => {
      const failed = (why: TlsFault) => fail(new UnfitTls(`a good peer is ${why}`));
      handshake(socket, raw, NOWHERE, peerId, { role, linked, failed });
    });
  try {
    const [one, other] = await Promise.all([linked(dialer, near, "dialer"), linked(listener, far, "listener")]);
    const same = one.channelBinding.every((byte, i) => byte === other.channelBinding[i]);
    const known = one.peer === peerId && other.peer === peerId;
    if (!same || !known) throw new UnfitTls("the two ends of a connection disagree");
    return one.channelBinding;
  } finally {
    for (const stream of [dialer, listener, ...streams]) stream.destroy();
  }
}

function halvesOf(binding: Uint8Array): string[] {
  const half = CHANNEL_BINDING_SIZE / 2;
  return [binding.subarray(0, half).toHex(), binding.subarray(half).toHex()];
}

const NOWHERE = { host: "", port: 0 };

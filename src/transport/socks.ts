// SOCKS5 (RFC 1928, 1929) over a connection to a proxy that is open: which proxy, and whom it is to call.
// In here: the client library, what its words mean. Not in here: sockets and time (reach.ts), addresses (proxy_address.ts).
//
// The library never resolves a name: what is no IP address goes to the proxy as it is. Its errors hold the login, so none
// of them leaves this file; its timer holds it too, for as long as it was given, because nothing stops that timer.

import type { Socket } from "node:net";
import { SocksClient } from "socks";
import { PROXY_TIMEOUT_MS } from "../constants.ts";
import type { ProxyFault } from "../call.ts";
import type { Address } from "./address.ts";
import type { Login } from "./proxy_address.ts";

/**
 * Undefined: from here on the socket leads to the target; otherwise it has been destroyed. Whoever loses patience destroys
 * it, and the answer comes at once.
 */
export async function askProxy(socket: Socket, target: Address, login: Login): Promise<ProxyFault | undefined> {
  try {
    await SocksClient.createConnection({
      existing_socket: socket,
      command: "connect",
      destination: { ...target },
      // Only its type and login are looked at, since the socket is there.
      proxy: { host: "proxy.invalid", port: 1, type: 5, userId: login.user, password: login.password },
      // Whoever asks has a time limit of their own, and destroys the socket first.
      timeout: 2 * PROXY_TIMEOUT_MS,
    });
    return undefined;
  } catch (error) {
    socket.destroy();
    return faultOf(error instanceof Error ? error.message : "");
  }
}

/** The library says the reply's code in words only (its constants.ts). */
function faultOf(words: string): ProxyFault {
  const reply = /^Socks5 proxy rejected connection - (\w+)$/.exec(words)?.[1];
  if (reply !== undefined) return REPLIES[reply] ?? "proxy-refused";
  if (words === "Socket closed") return "proxy-refused";
  return /no accepted authentication type|Authentication failed/.test(words) ? "proxy-login" : "proxy-protocol";
}

/** RFC 1928 section 6: those that say something of the target. */
const REPLIES: Readonly<Record<string, ProxyFault>> = {
  NetworkUnreachable: "unreachable",
  HostUnreachable: "unreachable",
  ConnectionRefused: "refused",
  TTLExpired: "filtered",
};

// SOCKS5 (RFC 1928, 1929) over an open connection to a proxy: which proxy, and whom it is to call. CONNECT and nothing
// else. Anything that is not an IP address goes to the proxy as it is. Out of scope: sockets until they are open, time
// (connect.ts), addresses (proxy_address.ts).

import type { Socket } from "node:net";
import type { ProxyFault } from "../call.ts";
import { parseIpv4, parseIpv6 } from "../ip.ts";
import { type Address, ipBytes } from "./address.ts";
import type { Login } from "./proxy_address.ts";

const VERSION = 5;
const NO_LOGIN = 0;
const LOGIN = 2;

/**
 * Undefined: from here on the socket leads to the target, and nothing of what the target sent has been read; otherwise it
 * has been destroyed. Whoever loses patience destroys it, and the answer comes at once.
 */
export async function askProxy(socket: Socket, target: Address, login: Login): Promise<ProxyFault | undefined> {
  const replies = new Replies(socket);
  try {
    await converse(socket, replies, target, login);
    return undefined;
  } catch (error) {
    socket.destroy();
    if (error instanceof Refused) return error.fault;
    throw error;
  } finally {
    replies.release();
  }
}

/** Rejects with Refused. */
async function converse(socket: Socket, replies: Replies, target: Address, login: Login): Promise<void> {
  socket.write(Uint8Array.of(VERSION, 2, NO_LOGIN, LOGIN));
  const [version, method] = await replies.take(2);
  if (version !== VERSION) throw new Refused("proxy-protocol");
  if (method === LOGIN) {
    const request = loginRequest(login);
    // The bytes are the socket's until they have been sent.
    socket.write(request, () => request.fill(0));
    const [version, status] = await replies.take(2);
    // RFC 1929 section 2: the version of the negotiation is 1, and any status but 0 is a failure.
    if (version !== 1) throw new Refused("proxy-protocol");
    if (status !== 0) throw new Refused("proxy-login");
  } else if (method !== NO_LOGIN) throw new Refused(method === 0xff ? "proxy-login" : "proxy-protocol");
  socket.write(Uint8Array.of(VERSION, 1, 0, ...hostBytes(target.host), target.port >> 8, target.port & 0xff));
  const [replyVersion, code = 0, reserved] = await replies.take(3);
  if (replyVersion !== VERSION || reserved !== 0) throw new Refused("proxy-protocol");
  if (code !== 0) throw new Refused(REPLIES[code] ?? "proxy-refused");
  // Where the proxy calls from is of no use, but stands before what the target sends.
  const [type] = await replies.take(1);
  const size = type === 1 ? 4 : type === 4 ? 16 : type === 3 ? (await replies.take(1))[0] : undefined;
  if (size === undefined) throw new Refused("proxy-protocol");
  await replies.take(size + 2);
}

/** RFC 1928 section 6: those that say something of the target. All others are the proxy's own. */
const REPLIES: Readonly<Record<number, ProxyFault>> = {
  3: "unreachable",
  4: "unreachable",
  5: "refused",
  6: "filtered",
};

/** What the proxy says, a given number of bytes at a time. The socket holds what nobody has asked for yet. */
class Replies {
  readonly #socket: Socket;
  #stirred: () => void = () => {};
  readonly #stir = () => this.#stirred();

  constructor(socket: Socket) {
    this.#socket = socket;
    for (const event of STIRS) socket.on(event, this.#stir);
  }

  /** Exactly this many bytes, however they came. Rejects with Refused at a hang-up. */
  async take(size: number): Promise<Uint8Array> {
    while (true) {
      const bytes: Uint8Array | null = this.#socket.read(size);
      // At the end of the stream there may be fewer.
      if (bytes !== null && bytes.length === size) return bytes;
      if (bytes !== null || this.#socket.destroyed || this.#socket.readableEnded) throw new Refused("proxy-refused");
      await new Promise<void>((done) => this.#stirred = done);
    }
  }

  release(): void {
    for (const event of STIRS) this.#socket.off(event, this.#stir);
  }
}

const STIRS = ["readable", "end", "close"] as const;

class Refused extends Error {
  constructor(readonly fault: ProxyFault) {
    super(fault);
  }
}

/** RFC 1929 section 2. Throws RangeError for a part of none or more than 255 bytes, before anything is sent. */
function loginRequest({ user, password }: Login): Uint8Array {
  return Uint8Array.of(1, ...counted(user), ...counted(password));
}

/** RFC 1928 section 5: the kind of address, and the address. A zone means something on this machine only. */
function hostBytes(host: string): readonly number[] {
  const four = parseIpv4(host);
  if (four !== undefined) return [1, ...four];
  if (parseIpv6(host) !== undefined) return [4, ...ipBytes(host)];
  return [3, ...counted(host)];
}

function counted(text: string): readonly number[] {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length < 1 || bytes.length > 255) throw new RangeError("1 to 255 bytes");
  return [bytes.length, ...bytes];
}

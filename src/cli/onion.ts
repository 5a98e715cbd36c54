// This machine's Tor, for `--onion` and for calls to onion names: where it is, whose it is, and what it needs from the
// host. Out of scope: its control port (transport/onion), sentences (words/onion.ts).

import type { ChatArgs } from "../chat/chat_args.ts";
import type { OpenOnion } from "../chat/reachable.ts";
import { DEFAULT_PORT, ONION_CONTROL_PORTS, ONION_SOCKS_PORTS } from "../constants.ts";
import type { Host } from "../host/host.ts";
import type { LockedBytes } from "../secrets/locked.ts";
import type { Brought } from "../transport/tls_listener.ts";
import type { Entropy } from "../ports.ts";
import { type Address, parseTarget } from "../transport/address.ts";
import type { ControlOptions, Trust } from "../transport/onion/control.ts";
import { OnionService } from "../transport/onion/service.ts";
import { takesCalls } from "../transport/connect.ts";
import { after } from "../system.ts";
import { hostsOf } from "./checks.ts";

/** A password of Tor's control port, in memory that is its owner's. */
export interface Password {
  readonly room: LockedBytes;
  readonly length: number;
}

/** Whom to ask, and with what. `typed`: HOST:PORT, or empty: to be found. The password is kept, since Tor may come back. */
function waysIn(
  host: Host,
  typed: string,
  password: Password | undefined,
  entropy: Entropy,
): ControlOptions & Trust {
  return {
    controls: controlsOf(typed),
    // Whoever types a port says by it that it is theirs.
    distrusts: ({ port }) => typed === "" ? distrust(host, port) : undefined,
    entropy,
    readCookie: (path, into) => host.readFile?.(path, into) ?? -1,
    password: password?.room.bytes.subarray(0, password.length),
  };
}

/** Whether anybody takes calls where Tor's control port may be. */
export async function torAnswers(typed: string): Promise<boolean> {
  for (const { host, port } of controlsOf(typed)) if (await takesCalls(host, port)) return true;
  return false;
}

/** What `--onion` needs of this machine. */
export class LocalOnion {
  readonly #host: Host;
  readonly #ways: ControlOptions & Trust;
  #service: OnionService | undefined;

  constructor(host: Host, typed: string, password: Password | undefined, entropy: Entropy) {
    this.#host = host;
    this.#ways = waysIn(host, typed, password, entropy);
  }

  /** A service for a port of ours; whoever opens it closes it. */
  readonly open: OpenOnion = (port, tell) => {
    return this.#service = new OnionService({ ...this.#ways, port, virtualPort: DEFAULT_PORT, tell, after });
  };

  /**
   * Whether our Tor brings that caller, by the owner of its socket: other users of this machine could take the places of those
   * who come through Tor. True where the host cannot tell.
   */
  readonly brought: Brought = (far, near) => {
    const { socketOwner } = this.#host;
    if (socketOwner === undefined) return true;
    const control = this.#service?.control;
    const tor = control && socketOwner({ near: control.port, far: 0, six: control.host.includes(":") });
    return tor !== undefined && socketOwner({ near: far, far: near }) === tor;
  };
}

/** Where the control port is asked: the one typed, or Tor's usual ones. */
export function controlsOf(typed: string): readonly Address[] {
  const address = typed === "" ? undefined : parseTarget(typed);
  if (typeof address === "object") return [address];
  return ONION_CONTROL_PORTS.map((port) => ({ host: "127.0.0.1", port }));
}

/**
 * The SOCKS port of a Tor of this machine, ours or the system's where the host can tell; undefined: none was found. Whoever
 * listens there in its place learns whom we call, and is still no friend.
 */
async function localTor(host: Host): Promise<string | undefined> {
  for (const port of ONION_SOCKS_PORTS) {
    const refused = host.socketOwner !== undefined && distrust(host, port) !== undefined;
    if (!refused && await takesCalls("127.0.0.1", port)) return `127.0.0.1:${port}`;
  }
  return undefined;
}

/** The same, with the Tor of this machine as the proxy where an onion name is to be called and no proxy is given. */
export async function withLocalTor<Wanted extends Pick<ChatArgs, "targets" | "proxy">>(
  host: Host,
  args: Wanted,
): Promise<Wanted> {
  if (args.proxy !== undefined || !wantsTor(args.targets)) return args;
  const tor = await localTor(host);
  return tor === undefined ? args : { ...args, proxy: `socks5h://${tor}` };
}

/** Whether one of the targets is an onion name. */
export function wantsTor(targets: readonly string[]): boolean {
  return hostsOf(targets).some((host) => host.toLowerCase().endsWith(".onion"));
}

/** Undefined: it listens for us, or is a system's service. */
function distrust(host: Host, port: number): "nobody" | "untrusted" | undefined {
  if (host.socketOwner === undefined) return "untrusted";
  const owner = host.socketOwner({ near: port, far: 0 });
  if (owner === undefined) return "nobody";
  return owner === host.userId || owner < FIRST_USER ? undefined : "untrusted";
}

/** Below it are the users of the system's services. */
const FIRST_USER = 1000;

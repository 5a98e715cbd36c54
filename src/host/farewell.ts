// One datagram that leaves at the last moment of the process, after its memory has been wiped: it takes back what a
// router was asked for. Its socket is opened beforehand, since by then there is no time to wait and nothing may go
// wrong. Out of scope: what it says (transport/mapping).

import { AF_INET, type NetlinkCalls } from "./netlink.ts";

export interface FarewellCalls extends Pick<NetlinkCalls, "socket" | "send" | "close"> {
  connect(fd: number, address: Uint8Array<ArrayBuffer>, length: number): number;
}

export interface Farewell {
  /** To an IPv4 address of 4 bytes, in place of what was kept before; undefined: nothing is to be said any more. */
  keep(to: { readonly address: Uint8Array; readonly port: number; readonly bytes: Uint8Array } | undefined): void;
  /** Sends it. Returns at once, whatever comes of it. */
  say(): void;
}

export function farewellOf(libc: FarewellCalls): Farewell {
  let kept: { readonly fd: number; readonly bytes: Uint8Array<ArrayBuffer> } | undefined;
  const forget = () => {
    if (kept !== undefined) libc.close(kept.fd);
    kept = undefined;
  };
  return {
    keep(to) {
      forget();
      if (to === undefined) return;
      const fd = libc.socket(AF_INET, SOCK_DGRAM_CLOEXEC, 0);
      if (fd < 0) return;
      if (libc.connect(fd, socketAddress(to.address, to.port), SOCKADDR_IN_SIZE) === 0) {
        kept = { fd, bytes: new Uint8Array(to.bytes) };
      } else libc.close(fd);
    },
    say() {
      if (kept !== undefined) libc.send(kept.fd, kept.bytes, BigInt(kept.bytes.length), MSG_DONTWAIT_NOSIGNAL);
    },
  };
}

/** struct sockaddr_in: the family in the machine's order, port and address in the network's. */
function socketAddress(address: Uint8Array, port: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(SOCKADDR_IN_SIZE);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, AF_INET, true);
  view.setUint16(2, port);
  bytes.set(address.subarray(0, 4), 4);
  return bytes;
}

const SOCK_DGRAM_CLOEXEC = 2 | 0o2000000;
const SOCKADDR_IN_SIZE = 16;
const MSG_DONTWAIT_NOSIGNAL = 0x40 | 0x4000;

// Whose process holds a TCP socket on this machine, requested from the Linux kernel over NETLINK_SOCK_DIAG
// (sock_diag(7)), which any user may use. Scope: the request for one socket and reading the answer. Out of scope: what
// follows from it (cli).

import { AF_INET, AF_INET6, ask, type NetlinkCalls, NLM_F_REQUEST } from "./netlink.ts";

/** A socket of loopback, by its two ports; `far` is 0 for one that listens. */
export interface LoopbackSocket {
  readonly near: number;
  readonly far: number;
  /** Of ::1. */
  readonly six?: boolean;
}

/** The user's number; undefined: there is no such socket, or the kernel does not say. Never waits. */
export function socketOwner(libc: NetlinkCalls, socket: LoopbackSocket): number | undefined {
  let owner: number | undefined;
  ask(libc, NETLINK_SOCK_DIAG, SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST, question(socket), (type, answer) => {
    if (type === SOCK_DIAG_BY_FAMILY) owner = ownerIn(answer, socket);
  });
  return owner;
}

/** struct inet_diag_req_v2: exactly this socket. */
function question({ near, far, six = false }: LoopbackSocket): Uint8Array {
  const view = new DataView(new ArrayBuffer(REQUEST_SIZE));
  const loopback = six ? LOOPBACK6 : LOOPBACK;
  view.setUint8(0, six ? AF_INET6 : AF_INET);
  view.setUint8(1, IPPROTO_TCP);
  view.setUint32(4, ALL_STATES, true);
  view.setUint16(8, near);
  view.setUint16(10, far);
  view.setUint32(12 + loopback.at, loopback.word);
  if (far !== 0) view.setUint32(28 + loopback.at, loopback.word);
  view.setBigUint64(48, NO_COOKIE, true);
  return new Uint8Array(view.buffer);
}

/** struct inet_diag_msg; undefined: another socket. */
function ownerIn(answer: Uint8Array, { near, far, six = false }: LoopbackSocket): number | undefined {
  if (answer.length < ANSWER_SIZE) return undefined;
  const view = new DataView(answer.buffer, answer.byteOffset, answer.length);
  // A listener that takes every address is asked for as well, and is no less whose it is.
  const asked = view.getUint8(0) === (six ? AF_INET6 : AF_INET) && view.getUint16(4) === near &&
    view.getUint16(6) === far;
  return asked ? view.getUint32(UID_AT, true) : undefined;
}

const NETLINK_SOCK_DIAG = 4;
const SOCK_DIAG_BY_FAMILY = 20;
const IPPROTO_TCP = 6;
const ALL_STATES = 0xffff_ffff;
/** The word of an address that is not zero, and its place. */
const LOOPBACK = { at: 0, word: 0x7f00_0001 } as const;
const LOOPBACK6 = { at: 12, word: 1 } as const;
const NO_COOKIE = 0xffff_ffff_ffff_ffffn;
const REQUEST_SIZE = 56;
const ANSWER_SIZE = 72;
const UID_AT = 64;

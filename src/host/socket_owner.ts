// Whose process holds a TCP socket of this machine, asked of Linux's kernel over NETLINK_SOCK_DIAG (sock_diag(7)): any user may
// ask. In here: the question for one socket and the reading of the answer. Not in here: what follows from it (cli).

import type { NetlinkCalls } from "./netlink.ts";

/** A socket of IPv4 loopback, by its two ports; `far` is 0 for one that listens. */
export interface LoopbackSocket {
  readonly near: number;
  readonly far: number;
}

/** The user's number; undefined: there is no such socket, or the kernel does not say. Never waits. */
export function socketOwner(libc: NetlinkCalls, socket: LoopbackSocket): number | undefined {
  const fd = libc.socket(AF_NETLINK, SOCK_RAW_CLOEXEC, NETLINK_SOCK_DIAG);
  if (fd < 0) return undefined;
  try {
    const request = question(socket);
    if (Number(libc.send(fd, request, BigInt(request.length), 0)) !== request.length) return undefined;
    const answer = new Uint8Array(ANSWER_SIZE);
    const length = Number(libc.recv(fd, answer, BigInt(answer.length), MSG_DONTWAIT));
    return length <= 0 ? undefined : ownerIn(answer.subarray(0, length), socket);
  } finally {
    libc.close(fd);
  }
}

/** struct nlmsghdr and struct inet_diag_req_v2: exactly this socket. */
export function question({ near, far }: LoopbackSocket): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(HEADER_SIZE + REQUEST_SIZE));
  view.setUint32(0, view.byteLength, true);
  view.setUint16(4, SOCK_DIAG_BY_FAMILY, true);
  view.setUint16(6, NLM_F_REQUEST, true);
  view.setUint8(HEADER_SIZE, AF_INET);
  view.setUint8(HEADER_SIZE + 1, IPPROTO_TCP);
  view.setUint32(HEADER_SIZE + 4, ALL_STATES, true);
  const id = HEADER_SIZE + 8;
  view.setUint16(id, near);
  view.setUint16(id + 2, far);
  view.setUint32(id + 4, LOOPBACK);
  view.setUint32(id + 20, far === 0 ? 0 : LOOPBACK);
  view.setBigUint64(id + 40, NO_COOKIE, true);
  return new Uint8Array(view.buffer);
}

/** struct inet_diag_msg; undefined: an error, or another socket. */
export function ownerIn(answer: Uint8Array, { near, far }: LoopbackSocket): number | undefined {
  if (answer.length < HEADER_SIZE + MESSAGE_SIZE) return undefined;
  const view = new DataView(answer.buffer, answer.byteOffset, answer.length);
  if (view.getUint16(4, true) !== SOCK_DIAG_BY_FAMILY || view.getUint32(0, true) > answer.length) return undefined;
  const id = HEADER_SIZE + 4;
  // A listener that takes every address is asked for as well, and is no less whose it is.
  if (view.getUint8(HEADER_SIZE) !== AF_INET || view.getUint16(id) !== near || view.getUint16(id + 2) !== far) {
    return undefined;
  }
  return view.getUint32(HEADER_SIZE + UID_AT, true);
}

const AF_NETLINK = 16;
const SOCK_RAW_CLOEXEC = 3 | 0o2000000;
const NETLINK_SOCK_DIAG = 4;
const SOCK_DIAG_BY_FAMILY = 20;
const NLM_F_REQUEST = 1;
const MSG_DONTWAIT = 0x40;
const AF_INET = 2;
const IPPROTO_TCP = 6;
const ALL_STATES = 0xffff_ffff;
const LOOPBACK = 0x7f00_0001;
const NO_COOKIE = 0xffff_ffff_ffff_ffffn;
const HEADER_SIZE = 16;
const REQUEST_SIZE = 56;
const MESSAGE_SIZE = 72;
const UID_AT = 64;
const ANSWER_SIZE = 1024;

// This machine's addresses, requested from the Linux kernel over rtnetlink (rtnetlink(7)), as `ip address` does;
// nothing leaves the machine. Scope: the two requests and reading the answers. Out of scope: which address a friend can
// use (words/invitation.ts), other systems.

/** The calls of libc that it takes. */
export interface NetlinkCalls {
  socket(domain: number, type: number, protocol: number): number;
  send(fd: number, bytes: Uint8Array<ArrayBuffer>, length: bigint, flags: number): number | bigint;
  recv(fd: number, into: Uint8Array<ArrayBuffer>, length: bigint, flags: number): number | bigint;
  close(fd: number): number;
}

/** The addresses of interfaces that are running, 4 or 16 bytes each. Empty when the kernel doesn't answer. Never waits. */
export function interfaceAddresses(libc: NetlinkCalls): Uint8Array[] {
  const running = new Set<number>();
  dump(libc, RTM_GETLINK, (type, body) => {
    if (type === RTM_NEWLINK && (u32(body, 8) & IFF_RUNNING) !== 0) running.add(u32(body, 4));
  });
  return usableAddresses(libc).filter(({ index }) => running.has(index)).map(({ bytes }) => bytes);
}

export interface InterfaceAddress {
  /** The interface's. */
  readonly index: number;
  /** IFA_F_...: of if_addr.h. */
  readonly flags: number;
  /** 4 or 16. */
  readonly bytes: Uint8Array;
}

/** In the kernel's order; without those that are still being tried, are used by another or are no longer to be used. */
export function usableAddresses(libc: NetlinkCalls): InterfaceAddress[] {
  const found: InterfaceAddress[] = [];
  dump(libc, RTM_GETADDR, (type, body) => {
    if (type !== RTM_NEWADDR) return;
    const attributes = attributesOf(body.subarray(IFADDRMSG_SIZE));
    const wide = attributes.get(IFA_FLAGS);
    const flags = wide === undefined ? body[2]! : u32(wide, 0);
    // A point-to-point link's own address is the local one.
    const bytes = attributes.get(IFA_LOCAL) ?? attributes.get(IFA_ADDRESS);
    if (bytes === undefined || bytes.length !== SIZES[body[0]!] || (flags & NOT_USABLE) !== 0) return;
    found.push({ index: u32(body, 4), flags, bytes: bytes.slice() });
  });
  return found;
}

type Answer = (type: number, body: Uint8Array) => void;

/** Asks for all of one kind, and hands over each answer's type and what stands behind its header. */
export function dump(libc: NetlinkCalls, question: number, answer: Answer): void {
  ask(libc, NETLINK_ROUTE, question, NLM_F_REQUEST | NLM_F_DUMP, new Uint8Array(BODY_SIZE), answer);
}

/** `of`: which part of the kernel. `body`: what stands behind the header of the request. */
export function ask(
  libc: NetlinkCalls,
  of: number,
  question: number,
  flags: number,
  body: Uint8Array,
  answer: Answer,
): void {
  const fd = libc.socket(AF_NETLINK, SOCK_RAW_CLOEXEC, of);
  if (fd < 0) return;
  try {
    const request = new DataView(new ArrayBuffer(HEADER_SIZE + body.length));
    request.setUint32(0, request.byteLength, true);
    request.setUint16(4, question, true);
    request.setUint16(6, flags, true);
    const bytes = new Uint8Array(request.buffer);
    bytes.set(body, HEADER_SIZE);
    if (Number(libc.send(fd, bytes, BigInt(bytes.length), 0)) !== bytes.length) return;
    const part = new Uint8Array(PART_SIZE);
    for (let parts = 0; parts < PARTS_MAX; parts++) {
      const length = Number(libc.recv(fd, part, BigInt(part.length), MSG_DONTWAIT));
      if (length <= 0 || !readMessages(part.subarray(0, length), answer)) return;
    }
  } finally {
    libc.close(fd);
  }
}

/** False after the last. */
function readMessages(part: Uint8Array, answer: Answer): boolean {
  for (let at = 0; at + HEADER_SIZE <= part.length;) {
    const length = u32(part, at);
    const type = part[at + 4]! | part[at + 5]! << 8;
    if (length < HEADER_SIZE || at + length > part.length || type === NLMSG_DONE || type === NLMSG_ERROR) return false;
    if (length >= HEADER_SIZE + IFADDRMSG_SIZE) answer(type, part.subarray(at + HEADER_SIZE, at + length));
    at += aligned(length);
  }
  return true;
}

export function attributesOf(bytes: Uint8Array): Map<number, Uint8Array> {
  const found = new Map<number, Uint8Array>();
  for (let at = 0; at + 4 <= bytes.length;) {
    const length = bytes[at]! | bytes[at + 1]! << 8;
    if (length < 4 || at + length > bytes.length) break;
    found.set((bytes[at + 2]! | bytes[at + 3]! << 8) & ATTRIBUTE_TYPE, bytes.subarray(at + 4, at + length));
    at += aligned(length);
  }
  return found;
}

/** Little-endian, as both kinds of machine that have a table are; 0 behind the end. */
export function u32(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) | (bytes[at + 1] ?? 0) << 8 | (bytes[at + 2] ?? 0) << 16 | (bytes[at + 3] ?? 0) << 24) >>> 0;
}

function aligned(length: number): number {
  return (length + 3) & ~3;
}

export const AF_INET = 2;
export const AF_INET6 = 10;
const AF_NETLINK = 16;
const SOCK_RAW_CLOEXEC = 3 | 0o2000000;
export const NETLINK_ROUTE = 0;
const MSG_DONTWAIT = 0x40;
export const NLM_F_REQUEST = 1;
const NLM_F_DUMP = 0x300;
const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const RTM_NEWLINK = 16;
const RTM_GETLINK = 18;
const RTM_NEWADDR = 20;
const RTM_GETADDR = 22;
/** What is left of an attribute's type without its flags. */
const ATTRIBUTE_TYPE = 0x3fff;
const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;
const IFA_FLAGS = 8;
const IFF_RUNNING = 0x40;
/** Failed, deprecated or tentative. */
const NOT_USABLE = 0x08 | 0x20 | 0x40;
/** Of an address, by its family. */
const SIZES: Readonly<Record<number, number>> = { [AF_INET]: 4, [AF_INET6]: 16 };
/** struct nlmsghdr, struct ifaddrmsg, and room for struct ifinfomsg, which asks for the links. */
const HEADER_SIZE = 16;
const IFADDRMSG_SIZE = 8;
const BODY_SIZE = 16;
/** The kernel fills parts of up to 32 KiB. */
const PART_SIZE = 32_768;
const PARTS_MAX = 64;

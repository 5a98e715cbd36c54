// The Port Control Protocol's MAP request and its answer (RFC 6887 sections 7 and 11), for one TCP port. Pure bytes.

/** Where PCP and NAT-PMP are asked. */
export const ROUTER_PORT = 5351;
export const NONCE_SIZE = 12;

export interface PcpWish {
  /** Our own address, as the router sees it: 16 bytes, IPv4-mapped for IPv4. */
  readonly own: Uint8Array;
  /** NONCE_SIZE random bytes, kept for renewal and for taking it back: whoever has it may change the mapping. */
  readonly nonce: Uint8Array;
  readonly innerPort: number;
  readonly outerPort: number;
  /** 16 bytes; zeros, or ::ffff:0.0.0.0, for none. */
  readonly outer: Uint8Array;
  /** Seconds; 0 takes it back. */
  readonly lifetime: number;
}

/** What was granted; `outer`: 16 bytes. */
export interface PcpGrant {
  readonly outer: Uint8Array;
  readonly port: number;
  /** Seconds. */
  readonly lifetime: number;
}

const VERSION = 2;
const MAP = 1;
const ANSWER = 0x80;
const TCP = 6;
const HEADER_SIZE = 24;
const MAP_SIZE = 60;
/** It speaks another version: NAT-PMP's, most likely. */
const UNSUPP_VERSION = 1;
/** RFC 6887 section 7: no longer than this. */
const MESSAGE_MAX_SIZE = 1100;

export function encodePcp({ own, nonce, innerPort, outerPort, outer, lifetime }: PcpWish): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(MAP_SIZE);
  const view = new DataView(bytes.buffer);
  bytes[0] = VERSION;
  bytes[1] = MAP;
  view.setUint32(4, lifetime);
  bytes.set(own, 8);
  bytes.set(nonce, 24);
  bytes[36] = TCP;
  view.setUint16(40, innerPort);
  view.setUint16(42, outerPort);
  bytes.set(outer, 44);
  return bytes;
}

/**
 * A number: the code with which it refuses (RFC 6887 section 7.4), which counts only if the answer names the wish too; else a
 * neighbour could say no. Undefined: no answer to this wish.
 */
export function parsePcp(bytes: Uint8Array, { nonce, innerPort }: PcpWish): PcpGrant | number | undefined {
  if (isVersionFault(bytes)) return UNSUPP_VERSION;
  if (bytes.length < MAP_SIZE || bytes.length > MESSAGE_MAX_SIZE || bytes.length % 4 !== 0) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes[0] !== VERSION || bytes[1] !== (ANSWER | MAP)) return undefined;
  if (!nonce.every((byte, i) => bytes[24 + i] === byte)) return undefined;
  if (bytes[36] !== TCP || view.getUint16(40) !== innerPort) return undefined;
  const code = bytes[3]!;
  if (code !== 0) return code;
  const port = view.getUint16(42);
  return port === 0 ? undefined : { outer: bytes.slice(44, 60), port, lifetime: view.getUint32(4) };
}

/** RFC 6887 section 7.3 and RFC 6886 section 3.5: such an answer may be a header alone, and of the other's version. */
function isVersionFault(bytes: Uint8Array): boolean {
  const natPmp = bytes[0] === 0 && bytes.length >= 8 && (bytes[1]! & ANSWER) !== 0 && bytes[2] === 0;
  const pcp = bytes[0] === VERSION && bytes.length >= HEADER_SIZE && bytes[1] === (ANSWER | MAP);
  return bytes.length <= MAP_SIZE && bytes[3] === UNSUPP_VERSION && (natPmp || pcp);
}

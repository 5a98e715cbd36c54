// NAT-PMP (RFC 6886): the outer address, and one forwarded TCP port. Pure bytes.

export interface NatPmpMapping {
  readonly port: number;
  /** Seconds. */
  readonly lifetime: number;
}

const ADDRESS = 0;
const MAP_TCP = 2;
const ANSWER = 0x80;
const UNSUPP_VERSION = 1;

export function encodeAddressQuestion(): Uint8Array<ArrayBuffer> {
  return Uint8Array.of(0, ADDRESS);
}

/** `lifetime` 0 takes it back; then `outerPort` is 0 (section 3.4). */
export function encodeNatPmp(innerPort: number, outerPort: number, lifetime: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(12);
  const view = new DataView(bytes.buffer);
  bytes[1] = MAP_TCP;
  view.setUint16(4, innerPort);
  view.setUint16(6, outerPort);
  view.setUint32(8, lifetime);
  return bytes;
}

/** The 4 bytes of the outer address; or the code with which it refuses. Undefined: no answer to that. */
export function parseAddressAnswer(bytes: Uint8Array): Uint8Array | number | undefined {
  const answer = header(bytes, ADDRESS, 12);
  return answer?.code === 0 ? bytes.slice(8) : answer?.code;
}

/**
 * A number: the code with which it refuses (RFC 6886 section 3.5). Undefined: no answer to that. Nothing but the inner port
 * ties an answer to its question: the protocol has no more.
 */
export function parseNatPmp(bytes: Uint8Array, innerPort: number): NatPmpMapping | number | undefined {
  const { code, view } = header(bytes, MAP_TCP, 16) ?? {};
  if (view === undefined || code === UNSUPP_VERSION) return code;
  if (view.getUint16(8) !== innerPort) return undefined;
  if (code !== 0) return code;
  const port = view.getUint16(10);
  return port === 0 ? undefined : { port, lifetime: view.getUint32(12) };
}

function header(bytes: Uint8Array, opcode: number, size: number): { code: number; view: DataView } | undefined {
  if (bytes.length < 8 || bytes.length > size || bytes[0] !== 0 || bytes[1] !== (ANSWER | opcode)) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const code = view.getUint16(2);
  // A version that it does not know may be said in the header alone.
  if (bytes.length !== size && code !== UNSUPP_VERSION) return undefined;
  return { code, view };
}

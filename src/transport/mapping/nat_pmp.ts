// NAT-PMP (RFC 6886): the outer address, and one forwarded TCP port. Pure bytes.

export type NatPmpAnswer<T> =
  | ({ readonly type: "granted"; readonly epoch: number } & T)
  /** Result codes of RFC 6886 section 3.5. */
  | { readonly type: "refused"; readonly code: number };

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

/** Undefined: no answer to that. */
export function parseAddressAnswer(bytes: Uint8Array): NatPmpAnswer<{ readonly outer: Uint8Array }> | undefined {
  const answer = header(bytes, ADDRESS, 12);
  if (answer === undefined) return undefined;
  if (answer.code !== 0) return { type: "refused", code: answer.code };
  return { type: "granted", epoch: answer.epoch, outer: bytes.slice(8) };
}

/** Undefined: no answer to that. Nothing but the inner port ties an answer to its question: the protocol has no more. */
export function parseNatPmp(bytes: Uint8Array, innerPort: number): NatPmpAnswer<NatPmpMapping> | undefined {
  const answer = header(bytes, MAP_TCP, 16);
  if (answer === undefined) return undefined;
  if (answer.code === UNSUPP_VERSION) return { type: "refused", code: answer.code };
  const { view } = answer;
  if (view.getUint16(8) !== innerPort) return undefined;
  if (answer.code !== 0) return { type: "refused", code: answer.code };
  const port = view.getUint16(10);
  return port === 0 ? undefined : { type: "granted", epoch: answer.epoch, port, lifetime: view.getUint32(12) };
}

function header(
  bytes: Uint8Array,
  opcode: number,
  size: number,
): { code: number; epoch: number; view: DataView } | undefined {
  if (bytes.length < 8 || bytes.length > size || bytes[0] !== 0 || bytes[1] !== (ANSWER | opcode)) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const code = view.getUint16(2);
  // A version that it does not know may be said in the header alone.
  if (bytes.length !== size && code !== UNSUPP_VERSION) return undefined;
  return { code, epoch: view.getUint32(4), view };
}

/** RFC 6886 section 3.6: whether a router has lost its state; all in seconds. `before`: of the last answer. */
export function natPmpLostState(before: { epoch: number; at: number }, now: { epoch: number; at: number }): boolean {
  return now.epoch < before.epoch + (now.at - before.at) * 7 / 8 - 2;
}

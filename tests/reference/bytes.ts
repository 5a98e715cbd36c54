// Bytes for the second implementation (docs/PROTOCOL.md section 0). It has its own, since it shares nothing with `src`.

export type Bytes = Uint8Array<ArrayBuffer>;

/** Fills what it is given: the system's random bytes, or a script. */
export type Draw = (into: Uint8Array) => void;

export const systemDraw: Draw = (into) => void crypto.getRandomValues(into as Bytes);

export function random(length: number, draw: Draw = systemDraw): Bytes {
  const out = new Uint8Array(length);
  draw(out);
  return out;
}

export function join(...parts: readonly Uint8Array[]): Bytes {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Copies of so many bytes each, from the front. */
export function cut(bytes: Uint8Array, ...sizes: readonly number[]): Bytes[] {
  let at = 0;
  return sizes.map((size) => Uint8Array.from(bytes.subarray(at, at += size)));
}

/** With zeros behind. */
export function padded(bytes: Uint8Array, length: number): Bytes {
  const out = new Uint8Array(length);
  out.set(bytes);
  return out;
}

export function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

export function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}

export function utf8(text: string): Bytes {
  return new TextEncoder().encode(text);
}

export function u16(n: number): Bytes {
  return Uint8Array.of(n >>> 8, n);
}

export function u32(n: number): Bytes {
  return Uint8Array.of(n >>> 24, n >>> 16, n >>> 8, n);
}

export function u64le(n: number): Bytes {
  return new Uint8Array(BigUint64Array.of(BigInt(n)).buffer);
}

export function littleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${bytes.toReversed().toHex()}`);
}

export function bigEndian32(n: bigint): Bytes {
  return Uint8Array.fromHex(n.toString(16).padStart(64, "0"));
}

// docs/PROTOCOL.md section 2: frames.

import { type Bytes, padded } from "./bytes.ts";

export const FRAME = 1280;
export const FRAME_HEADER = 4;
export const TYPE = { offer: 0x01, answer: 0x02, accept: 0x03, cell: 0x10 } as const;

export interface FrameBend {
  readonly version?: number;
  readonly flags?: number;
  readonly reserved?: number;
}

/** Any four header bytes; a body that is too short is filled up with zeros. */
export function frameOf(type: number, body: Uint8Array, bend: FrameBend = {}): Bytes {
  const frame = new Uint8Array(FRAME);
  frame.set([bend.version ?? 1, type, bend.flags ?? 0, bend.reserved ?? 0]);
  frame.set(padded(body, FRAME - FRAME_HEADER), FRAME_HEADER);
  return frame;
}

/** The body of a right frame of this type. Throws for any other header. */
export function bodyOf(frame: Uint8Array | undefined, type: keyof typeof TYPE): Bytes {
  if (frame === undefined) throw new Error(`closed instead of: ${type}`);
  const [version, kind, flags, reserved] = frame;
  if (version !== 1 || kind !== TYPE[type] || flags !== 0 || reserved !== 0) throw new Error(`this is not: ${type}`);
  return Uint8Array.from(frame.subarray(FRAME_HEADER));
}

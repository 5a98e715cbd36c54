// The frame: the layer between TLS and everything else (docs/PROTOCOL.md section 2). Scope: the four header bytes and
// their checks. Out of scope: what a body holds, which frame is due when, buffering.

import { FRAME_BODY_SIZE, FRAME_HEADER_SIZE, FRAME_SIZE, PROTOCOL_VERSION } from "../constants.ts";
import type { Frame } from "../ports.ts";
import { ProtocolViolation } from "../protocol_violation.ts";

export const FrameType = { offer: 0x01, answer: 0x02, accept: 0x03, cell: 0x10 } as const;
export type FrameType = (typeof FrameType)[keyof typeof FrameType];

export interface DecodedFrame {
  readonly type: FrameType;
  /** FRAME_HEADER_SIZE bytes, as the AAD of a cell wants them. A view of the frame, lent with it. */
  readonly header: Uint8Array;
  /** FRAME_BODY_SIZE bytes. A view of the frame, lent with it. */
  readonly body: Uint8Array;
}

/**
 * A new frame of FRAME_SIZE bytes. A handshake body shorter than FRAME_BODY_SIZE is filled up with zeros; that of a cell
 * is always whole. Throws a RangeError for a body of another length: that is a bug of ours.
 */
export function encodeFrame(type: FrameType, body: Uint8Array): Frame {
  const fits = type === FrameType.cell ? body.length === FRAME_BODY_SIZE : body.length <= FRAME_BODY_SIZE;
  if (!fits) throw new RangeError(`a frame of type ${type} cannot have a body of ${body.length} bytes`);
  const frame = new Uint8Array(FRAME_SIZE);
  frame[0] = PROTOCOL_VERSION;
  frame[1] = type;
  frame.set(body, FRAME_HEADER_SIZE);
  return frame;
}

/**
 * Looks at the header, nothing else. Both views live as long as the frame does. Throws ProtocolViolation: `length`,
 * then `version`, `type`, `flags`, `reserved`, the first that is wrong.
 */
export function decodeFrame(frame: Frame): DecodedFrame {
  if (frame.length !== FRAME_SIZE) throw new ProtocolViolation("length");
  const [version, type, flags, reserved] = frame;
  if (version !== PROTOCOL_VERSION) throw new ProtocolViolation("version");
  if (!isFrameType(type)) throw new ProtocolViolation("type");
  if (flags !== 0) throw new ProtocolViolation("flags");
  if (reserved !== 0) throw new ProtocolViolation("reserved");
  return { type, header: frame.subarray(0, FRAME_HEADER_SIZE), body: frame.subarray(FRAME_HEADER_SIZE) };
}

function isFrameType(byte: number | undefined): byte is FrameType {
  return byte === FrameType.offer || byte === FrameType.answer || byte === FrameType.accept || byte === FrameType.cell;
}

// Cuts the byte stream of a connection into frames (docs/PROTOCOL.md section 2).
// Scope: the one partial frame that a connection may buffer. Out of scope: what is in a frame.

import { FRAME_SIZE } from "../constants.ts";
import type { Frame } from "../ports.ts";

export class FrameReader {
  readonly #partial: Frame = new Uint8Array(FRAME_SIZE);
  #filled = 0;

  /**
   * Takes a chunk of any size and calls `onFrame` for each frame that it completes, in order. The frame is lent for the
   * call. `open` is asked before each one, so that closing in the middle of a chunk stops at once.
   */
  read(chunk: Uint8Array, open: () => boolean, onFrame: (frame: Frame) => void): void {
    for (let at = 0; at < chunk.length && open();) {
      const taken = Math.min(FRAME_SIZE - this.#filled, chunk.length - at);
      this.#partial.set(chunk.subarray(at, at + taken), this.#filled);
      this.#filled += taken;
      at += taken;
      if (this.#filled === FRAME_SIZE) {
        this.#filled = 0;
        onFrame(this.#partial);
      }
    }
  }
}

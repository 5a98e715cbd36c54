// docs/PROTOCOL.md section 5: what a cell contains, and messages cut into fragments and put together again.

import { type Bytes, cut, isZero, join, padded, u16, u32 } from "./bytes.ts";

export const PLAINTEXT = 1252;
export const CAPACITY = 1241;
export const FRAGMENTS_MAX = 14;
const MESSAGE_MAX = 16384;

export const KIND = { dummy: 0, fragment: 1, key: 2, ciphertext: 3 } as const;

export type Cell =
  | { readonly kind: "dummy" }
  | {
    readonly kind: "fragment";
    readonly messageId: number;
    readonly index: number;
    readonly count: number;
    readonly data: Uint8Array;
  }
  | { readonly kind: "key"; readonly kem: Uint8Array; readonly dh: Uint8Array }
  | { readonly kind: "ciphertext"; readonly ct: Uint8Array; readonly dh: Uint8Array };

/** The peer broke a rule, and the tag says that it was the peer. */
export class Violation extends Error {
  override readonly name = "Violation";
}

/** Any fields; `length` is that of the data unless said. */
export function fragment(
  fields: { messageId: number; index: number; count: number; length?: number; data: Uint8Array },
): Bytes {
  const { messageId, index, count, data, length = data.length } = fields;
  const head = join(Uint8Array.of(KIND.fragment), u32(messageId), u16(index), u16(count), u16(length));
  return padded(join(head, data.subarray(0, CAPACITY)), PLAINTEXT);
}

export function encodeCell(cell: Cell): Bytes {
  if (cell.kind === "fragment") return fragment(cell);
  if (cell.kind === "dummy") return new Uint8Array(PLAINTEXT);
  const parts = cell.kind === "key" ? [cell.kem, cell.dh] : [cell.ct, cell.dh];
  return padded(join(Uint8Array.of(KIND[cell.kind]), ...parts), PLAINTEXT);
}

/** Throws a Violation. */
export function decodeCell(plaintext: Uint8Array): Cell {
  const kind = plaintext[0];
  const body = plaintext.subarray(1);
  const rest = (used: number) => {
    if (!isZero(body.subarray(used))) throw new Violation("padding");
  };
  if (kind === KIND.dummy) {
    rest(0);
    return { kind: "dummy" };
  }
  if (kind === KIND.key) {
    rest(1184 + 32);
    const [kem, dh] = cut(body, 1184, 32);
    return { kind: "key", kem: kem!, dh: dh! };
  }
  if (kind === KIND.ciphertext) {
    rest(1088 + 32);
    const [ct, dh] = cut(body, 1088, 32);
    return { kind: "ciphertext", ct: ct!, dh: dh! };
  }
  if (kind !== KIND.fragment) throw new Violation("kind");
  const view = new DataView(body.buffer, body.byteOffset);
  const [messageId, index, count] = [view.getUint32(0), view.getUint16(4), view.getUint16(6)];
  const length = view.getUint16(8);
  if (count < 1 || count > FRAGMENTS_MAX || index >= count) throw new Violation("fragment: count or index");
  const fits = index < count - 1 ? length === CAPACITY : length >= 1 && length <= CAPACITY;
  if (!fits || index * CAPACITY + length > MESSAGE_MAX) throw new Violation("fragment: length");
  rest(10 + length);
  return { kind: "fragment", messageId, index, count, data: Uint8Array.from(body.subarray(10, 10 + length)) };
}

/** The one way to cut a message. */
export function fragmentsOf(messageId: number, json: Uint8Array): Bytes[] {
  const count = Math.max(1, Math.ceil(json.length / CAPACITY));
  return Array.from({ length: count }, (_, index) => {
    const data = json.subarray(index * CAPACITY, (index + 1) * CAPACITY);
    return fragment({ messageId, index, count, data });
  });
}

/** Puts messages together, as one side of a connection does. */
export class Assembler {
  /** Of the next message to begin. */
  #next = 0;
  /** The one that is under way. */
  #parts: Uint8Array[] = [];
  #id = 0;
  #count = 0;
  #lost = false;

  /** A cell failed, or cells were skipped. */
  loss(): void {
    this.#parts = [];
    this.#lost = true;
  }

  /** The message that is whole with this cell. Throws a Violation for a fragment out of its order. */
  take(cell: Cell, stored: boolean): Bytes | undefined {
    if (cell.kind !== "fragment") return undefined;
    const { messageId, index, count, data } = cell;
    if (stored) return count === 1 ? Uint8Array.from(data) : undefined;
    if (this.#parts.length === 0) {
      if (this.#lost && index > 0) return undefined;
      const fits = this.#lost ? messageId >= this.#next : messageId === this.#next;
      if (index > 0 || !fits) throw new Violation("beginning of a message");
      [this.#id, this.#count, this.#next, this.#lost] = [messageId, count, messageId + 1, false];
    } else if (messageId !== this.#id || count !== this.#count || index !== this.#parts.length) {
      throw new Violation("order of fragments");
    }
    this.#parts.push(data);
    return index === count - 1 ? join(...this.#parts.splice(0)) : undefined;
  }
}

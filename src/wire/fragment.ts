// From a message to fragments and back (docs/PROTOCOL.md section 5). Scope: which fragment may follow which, also after
// a loss. Out of scope: the bytes of a cell (`cell.ts`), what a message says (`message.ts`), when a fragment is sent
// (`session/pacer.ts`).

import { FRAGMENT_CAPACITY, MAX_JSON_SIZE } from "../constants.ts";
import { ProtocolViolation } from "../protocol_violation.ts";
import type { Cell, Fragment } from "./cell.ts";

/**
 * The fragments of one message in the order in which they are sent: 1 to MAX_FRAGMENTS. `messageId` is the number of
 * messages begun before it in this direction. Each fragment's data is a view of `json`: its owner wipes `json` once the
 * last of them is in its cell. Throws a RangeError for an empty or too long `json`, and for an id that is not a u32: after
 * 2^32 messages none is left (a sender never gets there), and none may come twice.
 */
export function fragmentsOf(messageId: number, json: Uint8Array): Fragment[] {
  if (json.length < 1 || json.length > MAX_JSON_SIZE) throw new RangeError(`a message is not ${json.length} bytes`);
  if (!Number.isInteger(messageId) || messageId < 0 || messageId > 0xffffffff) {
    throw new RangeError(`not a message id: ${messageId}`);
  }
  const count = Math.ceil(json.length / FRAGMENT_CAPACITY);
  return Array.from({ length: count }, (_, index) => ({
    kind: "fragment",
    messageId,
    index,
    count,
    data: json.subarray(index * FRAGMENT_CAPACITY, (index + 1) * FRAGMENT_CAPACITY),
  }));
}

/**
 * The receiving end of one direction of one link. It takes cells that `decodeCell` made (no field is checked twice) and
 * gives whole messages, which are the caller's to wipe. What it holds itself it wipes: on a loss, and when disposed.
 */
export class Reassembly implements Disposable {
  #partial: Begun | undefined;
  /** The id that the next message begins with. 2^32 once the last id has been used: no fragment can carry that. */
  #next = 0;
  /** A cell was lost: fragments are ignored up to the next index 0, and that one may skip ids. */
  #lost = false;

  /**
   * The next cell in order. Returns the JSON of a message when this cell completes one, as bytes that the caller wipes.
   * Throws ProtocolViolation (`fragment`) for anything out of order; the link is closed then, and this object disposed.
   */
  accept(cell: Cell): Uint8Array | undefined {
    if (cell.kind !== "fragment") return undefined;
    if (this.#partial === undefined) {
      if (cell.index > 0 && this.#lost) return undefined;
      this.#partial = this.#begin(cell);
    }
    return this.#add(this.#partial, cell);
  }

  /**
   * One or more cells failed or were skipped, so what they held is not known. Drops the message that is under way; its
   * id is used up, so the next message carries a higher one.
   */
  lost(): void {
    this.#drop();
    this.#lost = true;
  }

  /**
   * A cell that came late, opened with a stored key. A whole message in it counts, a part of one is ignored, and nothing
   * changes for the cells that come in order. Returns what `accept` returns and throws nothing.
   */
  late(cell: Cell): Uint8Array | undefined {
    return cell.kind === "fragment" && cell.count === 1 ? cell.data.slice() : undefined;
  }

  /** Wipes the partial message. */
  [Symbol.dispose](): void {
    this.#drop();
  }

  #begin(cell: Fragment): Begun {
    const idFits = this.#lost ? cell.messageId >= this.#next : cell.messageId === this.#next;
    if (cell.index !== 0 || !idFits) throw new ProtocolViolation("fragment");
    // No arithmetic mod 2^32: after the last id there is no next one, and a wrapped id is refused for ever.
    this.#next = cell.messageId + 1;
    this.#lost = false;
    const size = Math.min(cell.count * FRAGMENT_CAPACITY, MAX_JSON_SIZE);
    return { messageId: cell.messageId, count: cell.count, json: new Uint8Array(size), index: 0, length: 0 };
  }

  #add(partial: Begun, cell: Fragment): Uint8Array | undefined {
    const follows = cell.messageId === partial.messageId && cell.count === partial.count &&
      cell.index === partial.index;
    if (!follows) throw new ProtocolViolation("fragment");
    if (partial.length + cell.data.length > partial.json.length) throw new ProtocolViolation("message size");
    partial.json.set(cell.data, partial.length);
    partial.length += cell.data.length;
    partial.index++;
    if (partial.index < partial.count) return undefined;
    this.#partial = undefined;
    return partial.json.subarray(0, partial.length);
  }

  #drop(): void {
    this.#partial?.json.fill(0);
    this.#partial = undefined;
  }
}

/** A message of which some fragments have come. */
interface Begun {
  readonly messageId: number;
  readonly count: number;
  readonly json: Uint8Array;
  /** Of the fragment that must come next. */
  index: number;
  /** Bytes of `json` that have come. */
  length: number;
}

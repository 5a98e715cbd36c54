// docs/PROTOCOL.md section 5: the plaintext of a cell, and the order of fragments, against the reference.
// Input: a list of events: a cell (fields or raw bytes) in order, one that came late, a loss.

import { CELL_PLAINTEXT_SIZE, FRAGMENT_CAPACITY, FRAGMENT_HEADER_SIZE, MAX_JSON_SIZE } from "../../src/constants.ts";
import { type Cell, decodeCell, encodeCell } from "../../src/wire/cell.ts";
import { fragmentsOf, Reassembly } from "../../src/wire/fragment.ts";
import * as reference from "../../tests/reference/reference.ts";
import { Input, joined, judged, must, padded, same, type Target } from "../target.ts";

export const target: Target = {
  name: "cell",
  maxLength: 4096,
  dictionary: [Uint8Array.of(4, 0xd9), Uint8Array.of(0, 14), Uint8Array.of(0xff, 0xff, 0xff, 0xff)],
  seeds: () => [
    fields(0, 0, 1, 5),
    joined(fields(0, 0, 2, 1241), fields(0, 1, 2, 7)),
    joined(fields(0, 0, 2, 1241), fields(0, 1, 3, 1241)),
    joined(fields(0, 0, 2, 1241), [2], fields(5, 0, 1, 7), fields(4, 0, 1, 7)),
    joined([1, 0, 0, 0, 0], fields(0, 0, 1, 9)),
    joined([1, 0, 0, 5, 2, 7, 7, 7, 7], [1, 0, 0, 3, 3, 8, 8]),
    joined(...Array.from({ length: 14 }, (_, i) => fields(0, i, 14, i < 13 ? 1241 : 251))),
  ],
  make: () => Promise.resolve(run),
};

/** As `nextEvent` reads it: a fragment in order. */
function fields(
  messageId: number,
  index: number,
  count: number,
  length: number,
): Uint8Array {
  return Uint8Array.of(
    0,
    0,
    0,
    0,
    messageId,
    index >> 8,
    index,
    count >> 8,
    count,
    length >> 8,
    length,
    0x61,
  );
}

const EVENTS_MAX = 100;

function run(data: Uint8Array): void {
  const input = new Input(data);
  using reassembly = new Reassembly();
  const plain = new reference.Assembler();
  for (let n = 0; n < EVENTS_MAX && !input.empty; n++) {
    const op = input.pick(4);
    if (op === 2) {
      reassembly.lost();
      plain.loss();
      continue;
    }
    const bytes = op === 1 ? padded(input.some(CELL_PLAINTEXT_SIZE), CELL_PLAINTEXT_SIZE) : fragmentBytes(input);
    const cell = decode(bytes);
    if (cell === undefined) continue;
    if (op === 3) {
      const late = reassembly.late(cell);
      const whole = cell.kind === "fragment" && cell.count === 1;
      must((late !== undefined) === whole, "of a late cell a whole message counts and nothing else");
      if (late !== undefined) {
        must(cell.kind === "fragment" && same(late, cell.data), "and it is what the cell held");
      }
      continue;
    }
    const wanted = byTheReference(() => plain.take(reference.decodeCell(bytes), false));
    const got = judged(() => reassembly.accept(cell));
    if ("violation" in got) {
      must(wanted === "violation" && got.violation === "fragment", "only what is out of order is refused");
      return; // the link is closed
    }
    must(wanted !== "violation", "what is out of order is refused");
    must((got.value === undefined) === (wanted === undefined), "a message is given when it is whole");
    if (got.value === undefined || wanted === undefined) continue;
    must(same(got.value, wanted), "the message is its fragments in order");
    must(got.value.length >= 1 && got.value.length <= MAX_JSON_SIZE, "a message is never longer than the limit");
    must(got.value.buffer.byteLength <= MAX_JSON_SIZE, "nor is what was allocated for it");
    split(wanted);
  }
}

function fragmentBytes(input: Input): Uint8Array {
  const bytes = new Uint8Array(CELL_PLAINTEXT_SIZE);
  bytes[0] = 1;
  bytes.set(input.bytes(10), 1);
  const length = Math.min(bytes[9]! << 8 | bytes[10]!, FRAGMENT_CAPACITY);
  bytes.fill(input.u8(), FRAGMENT_HEADER_SIZE, FRAGMENT_HEADER_SIZE + length);
  return bytes;
}

/** Decodes with every promise of the codec. Undefined: a violation. */
function decode(bytes: Uint8Array): Cell | undefined {
  const kept = bytes.slice();
  const got = judged(() => decodeCell(bytes));
  must(same(bytes, kept), "decoding changes nothing");
  const wanted = byTheReference(() => reference.decodeCell(bytes));
  must(("value" in got) === (wanted !== "violation"), "a cell is taken exactly if the page allows it");
  if ("violation" in got) return undefined;
  const again = new Uint8Array(CELL_PLAINTEXT_SIZE).fill(0xdd);
  encodeCell(got.value, again);
  must(same(again, kept), "round trip, whatever stood there before");
  return got.value;
}

/** What the reference makes of it. */
function byTheReference<T>(read: () => T): T | "violation" {
  try {
    return read();
  } catch (error) {
    if (error instanceof reference.Violation) return "violation";
    throw error;
  }
}

function split(json: Uint8Array): void {
  const parts = fragmentsOf(7, json);
  must(parts.length <= 14 && same(joined(...parts.map(({ data }) => data)), json), "fragments are the message again");
}

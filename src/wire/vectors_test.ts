// The frames and cells of exchange-v1.json, as far as they can be read without a key.

import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { type Exchange, type ExchangeFile, vectors } from "../../tests/harness/vectors.ts";
import { CELL_PLAINTEXT_SIZE, FRAME_HEADER_SIZE, RATCHET_HEADER_SIZE } from "../constants.ts";
import { decodeCell, encodeCell } from "./cell.ts";
import { Reassembly } from "./fragment.ts";
import { decodeFrame, encodeFrame, FrameType } from "./frame.ts";
import { decodeAccept, decodeAnswer, decodeOffer, encodeAccept, encodeAnswer, encodeOffer } from "./handshake_body.ts";
import { decodeMessage } from "./message.ts";

const hex = (s: string | undefined) => Uint8Array.fromHex(s!);

function checkHandshake({ frames, inputs, derived }: Exchange): void {
  const offer = decodeFrame(hex(frames.offer));
  const answer = decodeFrame(hex(frames.answer));
  const accept = decodeFrame(hex(frames.accept));
  deepEqual([offer.type, answer.type, accept.type], [FrameType.offer, FrameType.answer, FrameType.accept]);
  deepEqual(decodeOffer(offer.body), {
    salt: hex(inputs.salt),
    nonceB: hex(inputs.nonceB),
    shareB: hex(derived.shareB),
    ratchetB: hex(derived.ratchetB),
    kem: hex(derived.kem),
  });
  deepEqual(decodeAnswer(answer.body), {
    nonceA: hex(inputs.nonceA),
    shareA: hex(derived.shareA),
    ratchetA: hex(derived.ratchetA),
    ciphertext: hex(derived.ciphertext),
    confirmA: hex(derived.confirmA),
  });
  deepEqual(decodeAccept(accept.body), { confirmB: hex(derived.confirmB) });
  equal(encodeOffer(decodeOffer(offer.body)).toHex(), frames.offer);
  equal(encodeAnswer(decodeAnswer(answer.body)).toHex(), frames.answer);
  equal(encodeAccept(decodeAccept(accept.body)).toHex(), frames.accept);
}

/** Each plaintext decodes and encodes to the same bytes; each frame has the parts that the file says. */
function checkCells({ cells }: Exchange): void {
  equal(cells.length > 0, true);
  for (const { kind, plaintext, header, frame } of cells) {
    const again = new Uint8Array(CELL_PLAINTEXT_SIZE);
    const cell = decodeCell(hex(plaintext));
    equal(cell.kind, kind);
    encodeCell(cell, again);
    equal(again.toHex(), plaintext);
    const decoded = decodeFrame(hex(frame));
    equal(decoded.type, FrameType.cell);
    equal(decoded.header.toHex(), frame.slice(0, 2 * FRAME_HEADER_SIZE));
    equal(decoded.body.subarray(0, RATCHET_HEADER_SIZE).toHex(), header.bytes);
    equal(encodeFrame(decoded.type, decoded.body).toHex(), frame);
  }
}

/** In the order in which they were sealed, the cells of each side hold whole messages. */
function checkMessages({ cells }: Exchange): void {
  let messages = 0;
  for (const from of ["A", "B"]) {
    using reassembly = new Reassembly();
    for (const cell of cells.filter((c) => c.from === from)) {
      const json = reassembly.accept(decodeCell(hex(cell.plaintext)));
      if (json === undefined) continue;
      decodeMessage(json);
      messages++;
    }
  }
  equal(messages > 0, true);
}

function checkAll({ exchanges }: ExchangeFile): void {
  equal(exchanges.length, 3);
  for (const exchange of exchanges) {
    checkHandshake(exchange);
    checkCells(exchange);
    checkMessages(exchange);
  }
}

Deno.test("the vectors' frames, cells and messages decode, and encode to the same bytes", async () => {
  checkAll(await vectors<ExchangeFile>("exchange-v1.json"));
});

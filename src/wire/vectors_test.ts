// The frames and cells of ../shared/vectors/exchange-v1.json, as far as they can be read without a key.
// Where the file is not there, these tests are skipped and say so.

import { deepEqual, equal } from "node:assert/strict";
import { CELL_PLAINTEXT_SIZE } from "../constants.ts";
import { decodeCell, encodeCell } from "./cell.ts";
import { decodeFrame, encodeFrame, FrameType } from "./frame.ts";
import { decodeAccept, decodeAnswer, decodeOffer, encodeAccept, encodeAnswer, encodeOffer } from "./handshake_body.ts";
import { Reassembly } from "./fragment.ts";
import { decodeMessage } from "./message.ts";

/** As much of the file as is looked at here; all strings are hex. */
interface Exchange {
  readonly name: string;
  readonly inputs: Readonly<Record<"salt" | "nonceA" | "nonceB", string>>;
  readonly derived: Readonly<
    Record<
      "shareA" | "shareB" | "ratchetA" | "ratchetB" | "kem" | "ciphertext" | "confirmA" | "confirmB",
      string
    >
  >;
  readonly frames: Readonly<Record<"offer" | "answer" | "accept", string>>;
  readonly cells: readonly Readonly<{ from: "A" | "B"; plaintext: string; header: string; frame: string }>[];
}

const FILE = new URL("../../../shared/vectors/exchange-v1.json", import.meta.url);
const exchanges = read();
const ignore = exchanges === undefined;
if (ignore) console.warn("SKIPPED: ../shared/vectors/exchange-v1.json is not there, so no frame was compared with it");

function read(): readonly Exchange[] | undefined {
  try {
    return (JSON.parse(Deno.readTextFileSync(FILE)) as { exchanges: Exchange[] }).exchanges;
  } catch (e) {
    if (e instanceof Deno.errors.NotFound) return undefined;
    throw e;
  }
}

const hex = (s: string) => Uint8Array.fromHex(s);

Deno.test(
  { name: "the vectors' handshake frames decode to the vectors' fields and encode to the same bytes", ignore },
  () => {
    for (const { frames, inputs, derived } of exchanges ?? []) {
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
  },
);

Deno.test({ name: "the vectors' cells decode, and encode to the same bytes", ignore }, () => {
  let seen = 0;
  for (const { cells } of exchanges ?? []) {
    for (const { plaintext, header, frame } of cells) {
      const again = new Uint8Array(CELL_PLAINTEXT_SIZE);
      encodeCell(decodeCell(hex(plaintext)), again);
      equal(again.toHex(), plaintext);
      const decoded = decodeFrame(hex(frame));
      equal(decoded.type, FrameType.cell);
      equal(decoded.body.subarray(0, 40).toHex(), header);
      equal(encodeFrame(decoded.type, decoded.body).toHex(), frame);
      seen++;
    }
  }
  equal(seen, 36);
});

Deno.test({ name: "the vectors' cells, in the order in which they were sealed, hold messages", ignore }, () => {
  const said: string[] = [];
  for (const { cells } of exchanges ?? []) {
    for (const from of ["A", "B"]) {
      using reassembly = new Reassembly();
      for (const cell of cells.filter((c) => c.from === from)) {
        const whole = reassembly.accept(decodeCell(hex(cell.plaintext)));
        if (whole !== undefined) said.push(decodeMessage(whole).type);
      }
    }
  }
  equal(said.length > 0, true);
});

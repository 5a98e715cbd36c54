// Offer, answer and accept, both ways; no unused byte may carry anything. Where each field stands: vectors_test.ts.

import {
  deepStrictEqual as deepEqual,
  notStrictEqual as notEqual,
  strictEqual as equal,
  throws,
} from "node:assert/strict";
import fc from "fast-check";
import { FRAME_BODY_SIZE, FRAME_SIZE } from "../constants.ts";
import { decodeFrame } from "./frame.ts";
import {
  type Accept,
  type Answer,
  decodeAccept,
  decodeAnswer,
  decodeOffer,
  encodeAccept,
  encodeAnswer,
  encodeOffer,
  type Offer,
} from "./handshake_body.ts";

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const OFFER: Offer = {
  salt: new Uint8Array(16).fill(1),
  nonceB: new Uint8Array(12).fill(2),
  shareB: new Uint8Array(32).fill(3),
  ratchetB: new Uint8Array(32).fill(4),
  kem: new Uint8Array(1184).fill(5),
};
const ANSWER: Answer = {
  nonceA: new Uint8Array(12).fill(1),
  shareA: new Uint8Array(32).fill(2),
  ratchetA: new Uint8Array(32).fill(3),
  ciphertext: new Uint8Array(1088).fill(4),
  confirmA: new Uint8Array(32).fill(5),
};
const ACCEPT: Accept = { confirmB: new Uint8Array(32).fill(1) };

Deno.test("an encoder refuses a field of another length", () => {
  for (const name of ["salt", "nonceB", "shareB", "ratchetB", "kem"] as const) {
    for (const wrong of [new Uint8Array(0), new Uint8Array(OFFER[name].length + 1)]) {
      throws(() => encodeOffer({ ...OFFER, [name]: wrong }), RangeError);
    }
  }
  for (const name of ["nonceA", "shareA", "ratchetA", "ciphertext", "confirmA"] as const) {
    throws(() => encodeAnswer({ ...ANSWER, [name]: ANSWER[name].subarray(1) }), RangeError);
  }
  throws(() => encodeAccept({ confirmB: new Uint8Array(31) }), RangeError);
});

Deno.test("decoded fields are copies: wiping the frame leaves them", () => {
  const frame = encodeOffer(OFFER);
  const offer = decodeOffer(decodeFrame(frame).body);
  frame.fill(0);
  deepEqual(offer, OFFER);
  notEqual(offer.salt.buffer, frame.buffer);
});

Deno.test("each unused byte of an answer and an accept must be zero", () => {
  const cases = [[encodeAnswer(ANSWER), 4 + 1196, decodeAnswer], [encodeAccept(ACCEPT), 4 + 32, decodeAccept]] as const;
  for (const [frame, unused, decode] of cases) {
    for (let at = unused; at < FRAME_SIZE; at++) {
      for (const value of [1, 0x80, 0xff]) {
        frame[at] = value;
        throws(() => decode(decodeFrame(frame).body), { name: "ProtocolViolation", violation: "padding" });
      }
      frame[at] = 0;
    }
    decode(decodeFrame(frame).body);
  }
});

Deno.test("a body of another length is refused, whichever it is", () => {
  for (const decode of [decodeOffer, decodeAnswer, decodeAccept]) {
    for (const size of [0, 32, FRAME_BODY_SIZE - 1, FRAME_BODY_SIZE + 1]) {
      throws(() => decode(new Uint8Array(size)), { name: "ProtocolViolation", violation: "length" });
    }
  }
});

Deno.test("any body either is refused or encodes to the same bytes", () => {
  const body = fc.tuple(bytes(FRAME_BODY_SIZE), fc.constantFrom(0, 32, 33, 1195, 1196, 1197, FRAME_BODY_SIZE));
  fc.assert(
    fc.property(body, ([bytes, zerosFrom]) => {
      bytes.fill(0, zerosFrom);
      const pairs = [
        () => encodeOffer(decodeOffer(bytes)),
        () => encodeAnswer(decodeAnswer(bytes)),
        () => encodeAccept(decodeAccept(bytes)),
      ];
      for (const again of pairs) {
        let frame: Uint8Array;
        try {
          frame = again();
        } catch (e) {
          equal((e as Error).name, "ProtocolViolation");
          continue;
        }
        deepEqual(frame.subarray(4), bytes);
      }
    }),
    { seed: 3, numRuns: 100 },
  );
});

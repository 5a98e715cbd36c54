// Offer, answer and accept, both ways; no unused byte may carry anything.

import {
  deepStrictEqual as deepEqual,
  notStrictEqual as notEqual,
  strictEqual as equal,
  throws,
} from "node:assert/strict";
import fc from "fast-check";
import { FRAME_BODY_SIZE, FRAME_SIZE } from "../constants.ts";
import { decodeFrame, FrameType } from "./frame.ts";
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
const offers: fc.Arbitrary<Offer> = fc.record({
  salt: bytes(16),
  nonceB: bytes(12),
  shareB: bytes(32),
  ratchetB: bytes(32),
  kem: bytes(1184),
}, { noNullPrototype: true });
const answers: fc.Arbitrary<Answer> = fc.record({
  nonceA: bytes(12),
  shareA: bytes(32),
  ratchetA: bytes(32),
  ciphertext: bytes(1088),
  confirmA: bytes(32),
}, { noNullPrototype: true });
const accepts: fc.Arbitrary<Accept> = fc.record({ confirmB: bytes(32) }, { noNullPrototype: true });

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

Deno.test("encodeOffer() joins its fields in order and fills the frame exactly", () => {
  const frame = encodeOffer(OFFER);
  const runs = [[0, 1], [16, 2], [28, 3], [60, 4], [92, 5]] as const;
  deepEqual([...frame.subarray(0, 4)], [1, FrameType.offer, 0, 0]);
  for (const [at, value] of runs) equal(frame[4 + at], value);
  for (const [at, value] of runs.slice(1)) equal(frame[4 + at - 1], value - 1);
  equal(frame.at(-1), 5);
});

Deno.test("encodeAnswer() joins its fields in order and leaves 80 zero bytes", () => {
  const frame = encodeAnswer(ANSWER);
  deepEqual([...frame.subarray(0, 4)], [1, FrameType.answer, 0, 0]);
  for (const [at, value] of [[0, 1], [12, 2], [44, 3], [76, 4], [1164, 5]] as const) {
    equal(frame[4 + at], value);
    if (at > 0) equal(frame[4 + at - 1], value - 1);
  }
  equal(frame[4 + 1195], 5);
  equal(frame.subarray(4 + 1196).length, 80);
  equal(frame.subarray(4 + 1196).every((b) => b === 0), true);
});

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

Deno.test("what is encoded decodes to the same fields", () => {
  fc.assert(
    fc.property(offers, answers, accepts, (offer, answer, accept) => {
      deepEqual(decodeOffer(decodeFrame(encodeOffer(offer)).body), offer);
      deepEqual(decodeAnswer(decodeFrame(encodeAnswer(answer)).body), answer);
      deepEqual(decodeAccept(decodeFrame(encodeAccept(accept)).body), accept);
    }),
    { seed: 2, numRuns: 50 },
  );
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

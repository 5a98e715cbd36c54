// docs/PROTOCOL.md sections 2 and 3: bodies of offer, answer and accept; and the handshake itself with what they hold.
// Input: which body; how: 0 any bytes, 1 an honest one with changes through the whole handshake, 2 with changes through the
// codec alone, which is a hundred times as fast; then the bytes or the changes.

import { DialerHandshake, ListenerHandshake } from "../../src/auth/handshake.ts";
import { StretchedPhrase } from "../../src/auth/stretched.ts";
import { FRAME_BODY_SIZE, FRAME_HEADER_SIZE } from "../../src/constants.ts";
import type { Arena } from "../../src/secrets/locked.ts";
import {
  decodeAccept,
  decodeAnswer,
  decodeOffer,
  encodeAccept,
  encodeAnswer,
  encodeOffer,
} from "../../src/wire/handshake_body.ts";
import { seededEntropy, testArena } from "../../tests/harness/arena.ts";
import { edit, Input, joined, judged, must, padded, same, type Target } from "../target.ts";

/** Where the fields end: behind them is padding. */
const ENDS = [16 + 12 + 32 + 32 + 1184, 12 + 32 + 32 + 1088 + 32, 32];

/** One change beside an end, as `edit` reads it. */
const changeAt = (at: number) => Uint8Array.of(1, (at >> 8) & 0xff, at & 0xff, 1);

export const target: Target = {
  name: "handshake",
  maxLength: FRAME_BODY_SIZE + 2,
  dictionary: [0, ENDS[0]!, ENDS[1]!, ENDS[2]!, FRAME_BODY_SIZE].flatMap((end) => [changeAt(end), changeAt(end - 1)]),
  seeds: () => [
    ...[0, 1, 2].map((kind) => Uint8Array.of(kind, 1, 0)),
    ...[0, 1, 2].map((kind) => Uint8Array.of(kind, 1, 1, 0, 20, 1)),
    ...[0, 1, 2].map((kind) => Uint8Array.of(kind, 0, 7, 7, 7)),
    ...[0, 1, 2].map((kind) => Uint8Array.of(kind, 2, 1, 5, 0, 1)),
  ],
  async make() {
    const arena = await testArena();
    using wide = arena.bytes(64);
    wide.bytes.fill(0x33);
    const phrase = StretchedPhrase.from(arena, new Uint8Array(16).fill(0x5a), wide);
    const bodies = honestBodies(arena, phrase);
    return (data) => run(arena, phrase, bodies, data);
  },
};

const FACTS = {
  dialer: new Uint8Array(32).fill(0xaa),
  listener: new Uint8Array(32).fill(0xbb),
  channelBinding: new Uint8Array(64).fill(0xcc),
};

/** Offer, answer and accept of one handshake. From the same entropy they are the same each time. */
function honestBodies(arena: Arena, phrase: StretchedPhrase): readonly Uint8Array[] {
  using listener = new ListenerHandshake(arena, phrase, FACTS, seededEntropy("listener"));
  using dialer = new DialerHandshake(arena, phrase, FACTS, listener.offer, seededEntropy("dialer"));
  const done = listener.finish(dialer.answer, seededEntropy("finish"));
  must(done !== undefined, "an honest answer is accepted");
  using _ = done.secrets;
  const frames = [encodeOffer(listener.offer), encodeAnswer(dialer.answer), encodeAccept(done)];
  return frames.map((frame) => frame.slice(FRAME_HEADER_SIZE));
}

function run(arena: Arena, phrase: StretchedPhrase, bodies: readonly Uint8Array[], data: Uint8Array): void {
  const before = arena.used;
  const input = new Input(data);
  const kind = input.pick(3);
  const how = input.pick(3);
  const bytes = how === 0 ? padded(input.rest(), FRAME_BODY_SIZE) : bodies[kind]!.slice();
  const body = { another: how === 0 || edit(bytes, input, 4), bytes };
  if (how !== 1) [offerOf, answerOf, acceptOf][kind]!(bytes);
  else if (kind === 0) offered(arena, phrase, body);
  else if (kind === 1) answered(arena, phrase, body);
  else accepted(arena, phrase, bodies[0]!, body);
  must(arena.used === before, "every secret of a handshake is given back, however it ends");
}

interface Body {
  readonly bytes: Uint8Array;
  /** It is not what the honest side sent. */
  readonly another: boolean;
}

const offerOf = (bytes: Uint8Array) => decoded(0, bytes, decodeOffer, encodeOffer);
const answerOf = (bytes: Uint8Array) => decoded(1, bytes, decodeAnswer, encodeAnswer);
const acceptOf = (bytes: Uint8Array) => decoded(2, bytes, decodeAccept, encodeAccept);

function offered(arena: Arena, phrase: StretchedPhrase, { bytes, another }: Body): void {
  const offer = offerOf(bytes);
  if (offer === undefined) return;
  const got = judged(() => new DialerHandshake(arena, phrase, FACTS, offer, seededEntropy("dialer")));
  if ("violation" in got) {
    return must(another && /share|kem|ratchet key/.test(got.violation), "only a share or a key is refused");
  }
  got.value[Symbol.dispose]();
}

function answered(arena: Arena, phrase: StretchedPhrase, { bytes, another }: Body): void {
  const answer = answerOf(bytes);
  if (answer === undefined) return;
  using listener = new ListenerHandshake(arena, phrase, FACTS, seededEntropy("listener"));
  const got = judged(() => listener.finish(answer, seededEntropy("finish")));
  const done = "value" in got ? got.value : undefined;
  done?.secrets[Symbol.dispose]();
  must((done === undefined) === another, "exactly the answer that was sent is accepted");
}

function accepted(arena: Arena, phrase: StretchedPhrase, offer: Uint8Array, { bytes, another }: Body): void {
  const accept = acceptOf(bytes);
  if (accept === undefined) return;
  using dialer = new DialerHandshake(arena, phrase, FACTS, decodeOffer(offer), seededEntropy("dialer"));
  const secrets = dialer.finish(accept.confirmB);
  secrets?.[Symbol.dispose]();
  must((secrets === undefined) === another, "exactly the accept that was sent is accepted");
}

/** Decodes with every promise of the codec. Undefined: it was a violation. */
function decoded<T extends object>(
  kind: number,
  body: Uint8Array,
  decode: (body: Uint8Array) => T,
  encode: (value: T) => Uint8Array,
): T | undefined {
  const kept = body.slice();
  const got = judged(() => decode(body));
  const clean = body.subarray(ENDS[kind]!).every((byte) => byte === 0);
  must(("value" in got) === clean, "a body is refused exactly if a byte behind its fields is not zero");
  if ("violation" in got) {
    must(got.violation === "padding", "and the reason is the padding");
    return undefined;
  }
  must(same(joined(...Object.values(got.value)), kept.subarray(0, ENDS[kind]!)), "each field stands in its place");
  must(same(encode(got.value).subarray(FRAME_HEADER_SIZE), kept), "round trip");
  body.fill(0xee);
  must(same(encode(got.value).subarray(FRAME_HEADER_SIZE), kept), "fields are copies: the frame was lent");
  return got.value;
}

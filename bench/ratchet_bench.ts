// Sealing and opening one cell (1252 bytes of plaintext) against the bare primitive, and against
// @signalapp/libsignal-client with messages as long, in the same process: one way, and as a long conversation both ways,
// with our renewals. There each of libsignal's messages brings a new DH key, and its SPQR turns, which is looked at.

import { DialerHandshake, ListenerHandshake } from "../src/auth/handshake.ts";
import { CELL_PLAINTEXT_SIZE, FRAME_BODY_SIZE, PEER_ID_SIZE, TAG_SIZE } from "../src/constants.ts";
import { open, seal } from "../src/crypto/aead.ts";
import { Ratchet } from "../src/ratchet/ratchet.ts";
import type { Arena } from "../src/secrets/locked.ts";
import { DUMMY, encodeCell } from "../src/wire/cell.ts";
import { decodeFrame, encodeFrame, FrameType } from "../src/wire/frame.ts";
import { type Bytes, libsignalPair, type Person, postQuantumEpoch } from "./libsignal.ts";
import { compare, type Side } from "./ratio.ts";
import { benchArena, entropy, stretchedAlready } from "./setup.ts";

compare("ratchet, one way", async () => ({
  goal: { atMost: 0.25 },
  rounds: 100,
  batch: 100,
  ours: ourConversation(await benchArena(), "one way"),
  peer: conversation(await libsignalPair(), "one way"),
}));

compare("ratchet, both ways", async () => ({
  goal: { atMost: 0.35 },
  rounds: 100,
  batch: 50,
  ours: ourConversation(await benchArena(), "both ways"),
  peer: conversation(await libsignalPair(), "both ways"),
}));

compare("ratchet, one way, against the bare primitive", async () => {
  const arena = await benchArena();
  return {
    goal: undefined,
    rounds: 100,
    batch: 100,
    ours: ourConversation(arena, "one way"),
    peer: bare(arena),
  };
});

type Way = "one way" | "both ways";

/** In a conversation in turn an epoch of SPQR lasts no longer; 87 were seen. */
const SPQR_MESSAGES_MAX = 100;

/** So often who is spoken to says something in between: else the chain would end. */
const ANSWERS_EACH = 1000;

function ourConversation(arena: Arena, way: Way): Side {
  const [alice, bob] = ratchetPair(arena);
  const frame = encodeFrame(FrameType.cell, new Uint8Array(FRAME_BODY_SIZE));
  const { header, body } = decodeFrame(frame);
  const plaintext = arena.bytes(CELL_PLAINTEXT_SIZE);
  let said = 0;
  const cell = (from: Ratchet, to: Ratchet) => {
    const content = from.due(entropy) ?? DUMMY;
    encodeCell(content, plaintext.bytes);
    from.seal(header, body, plaintext);
    const opened = to.open(header, body, plaintext);
    if (opened === undefined) throw new Error("a cell does not open");
    to.take(opened, content, entropy);
  };
  return {
    run: () => {
      said++;
      if (way === "both ways" && said % 2 === 0) return cell(bob, alice);
      cell(alice, bob);
      if (way === "one way" && said % ANSWERS_EACH === 0) { for (let i = 0; i < 2; i++) cell(bob, alice); }
    },
  };
}

function conversation([alice, bob]: [Person, Person], way: Way): Side {
  const plaintext: Bytes = new Uint8Array(CELL_PLAINTEXT_SIZE);
  entropy(plaintext);
  let [from, to] = [alice, bob];
  let [said, last]: [number, Bytes] = [0, plaintext];
  return {
    run: async () => {
      last = await from.encrypt(plaintext);
      const opened = await to.decrypt(last);
      if (opened.length !== plaintext.length) throw new Error("a message does not open");
      if (way === "both ways") [from, to] = [to, from];
      said++;
    },
    // One way nobody answers, so it stays in its first epoch.
    after: () => {
      const epoch = postQuantumEpoch(last);
      if (way === "both ways" && epoch < said / SPQR_MESSAGES_MAX) {
        throw new Error(`SPQR stands still in epoch ${epoch}`);
      }
    },
  };
}

/** ChaCha20-Poly1305 alone, under one key: what no ratchet can be faster than. */
function bare(arena: Arena): Side {
  const [key, nonce, aad] = [arena.key(), new Uint8Array(12), new Uint8Array(106)];
  const plaintext = arena.bytes(CELL_PLAINTEXT_SIZE);
  const sealed = new Uint8Array(CELL_PLAINTEXT_SIZE + TAG_SIZE);
  return {
    run: () => {
      seal(sealed, key, nonce, aad, plaintext);
      if (!open(plaintext, key, nonce, aad, sealed)) throw new Error("a cell does not open");
    },
  };
}

/** Two ratchets after a handshake, dialer first. */
function ratchetPair(arena: Arena): [Ratchet, Ratchet] {
  const ids = [new Uint8Array(PEER_ID_SIZE).fill(1), new Uint8Array(PEER_ID_SIZE).fill(2)] as const;
  const [dialer, listener] = ids;
  const facts = { dialer, listener, channelBinding: new Uint8Array(64) };
  using phrase = stretchedAlready(arena);
  const theirs = new ListenerHandshake(arena, phrase, facts, entropy);
  const ours = new DialerHandshake(arena, phrase, facts, theirs.offer, entropy);
  const accepted = theirs.finish(ours.answer, entropy)!;
  const secrets = ours.finish(accepted.confirmB)!;
  return [
    Ratchet.start(arena, secrets, { self: dialer, peer: listener }),
    Ratchet.start(arena, accepted.secrets, { self: listener, peer: dialer }),
  ];
}

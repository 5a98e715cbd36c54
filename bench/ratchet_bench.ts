// Sealing and opening one cell (1220 bytes of plaintext), one way and as ping-pong, where each cell brings a new DH key and
// costs both sides a ratchet step, against @signalapp/libsignal-client with messages as long, in the same process.

import { DialerHandshake, ListenerHandshake } from "../src/auth/handshake.ts";
import { CELL_PLAINTEXT_SIZE, FRAME_BODY_SIZE, PEER_ID_SIZE } from "../src/constants.ts";
import { Ratchet } from "../src/ratchet/ratchet.ts";
import type { Arena } from "../src/secrets/locked.ts";
import { decodeFrame, encodeFrame, FrameType } from "../src/wire/frame.ts";
import { type Bytes, libsignalPair, type Person } from "./libsignal.ts";
import { compare, type Side } from "./ratio.ts";
import { benchArena, entropy, stretchedAlready } from "./setup.ts";

compare("ratchet, one way", async () => ({
  goal: { timesAsFast: 4 },
  rounds: 100,
  batch: 100,
  ours: ourConversation(await benchArena(), "one way"),
  peer: conversation(await libsignalPair(), "one way"),
}));

compare("ratchet, ping-pong", async () => ({
  goal: { timesAsFast: 1 },
  rounds: 100,
  batch: 50,
  ours: ourConversation(await benchArena(), "ping-pong"),
  peer: conversation(await libsignalPair(), "ping-pong"),
}));

type Way = "one way" | "ping-pong";

function ourConversation(arena: Arena, way: Way): Side {
  const [alice, bob] = ratchetPair(arena);
  const frame = encodeFrame(FrameType.cell, new Uint8Array(FRAME_BODY_SIZE));
  const { header, body } = decodeFrame(frame);
  const plaintext = arena.bytes(CELL_PLAINTEXT_SIZE);
  entropy(plaintext.bytes);
  let [from, to] = [alice, bob];
  return {
    run: () => {
      from.seal(header, body, plaintext);
      if (to.open(header, body, plaintext, entropy) === undefined) throw new Error("a cell does not open");
      if (way === "ping-pong") [from, to] = [to, from];
    },
  };
}

function conversation([alice, bob]: [Person, Person], way: Way): Side {
  const plaintext: Bytes = new Uint8Array(CELL_PLAINTEXT_SIZE);
  entropy(plaintext);
  let [from, to] = [alice, bob];
  return {
    run: async () => {
      const opened = await to.decrypt(await from.encrypt(plaintext));
      if (opened.length !== plaintext.length) throw new Error("a message does not open");
      if (way === "ping-pong") [from, to] = [to, from];
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
  const accepted = theirs.finish(ours.answer)!;
  const secrets = ours.finish(accepted.confirmB)!;
  return [
    Ratchet.start(arena, secrets, { self: dialer, peer: listener }, entropy),
    Ratchet.start(arena, accepted.secrets, { self: listener, peer: dialer }, entropy),
  ];
}

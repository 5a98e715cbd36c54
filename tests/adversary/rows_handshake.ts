// The handshake under attack (docs/PROTOCOL.md section 3): invalid shares, an invalid KEM key and ciphertext, wrong
// phrases and modes, somebody in between.

import assert from "node:assert/strict";
import { ed25519 } from "@noble/curves/ed25519.js";
import { ml_kem768 } from "@noble/post-quantum/ml-kem.js";
import { withLargeCoefficient } from "../harness/kem.ts";
import { LOW_ORDER_X25519 } from "../harness/points.ts";
import { dial, PHRASE } from "../harness/process_pair.ts";
import {
  type AnswerBend,
  authenticateAsListener,
  FalseListener,
  frameOf,
  makeAnswer,
  makeOffer,
  type OfferBend,
  parseOffer,
  type Point,
  random,
  readAnswer,
  type Stretched,
  stretched,
  TYPE,
  type Wire,
} from "../reference/reference.ts";
import type { Row } from "./world.ts";

const { Point } = ed25519;
const IDENTITY = Uint8Array.fromHex("01" + "00".repeat(31));
/** A point of order 8. */
const TORSION = Point.fromHex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a");
/** Shares that neither side may take: of small order, not canonical, off the curve. */
const BAD_SHARES: readonly (readonly [string, Uint8Array])[] = [
  ["identity", "01" + "00".repeat(31)],
  ["order 2", "ec" + "ff".repeat(30) + "7f"],
  ["order 4", "00".repeat(32)],
  ["order 8", "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"],
  ["y = p + 1", "ee" + "ff".repeat(30) + "7f"],
  ["y = p", "ed" + "ff".repeat(30) + "7f"],
  ["x = 0 with a sign", "01" + "00".repeat(30) + "80"],
  ["y = 2^255 - 1", "ff".repeat(31) + "7f"],
  ["off the curve", "02" + "00".repeat(31)],
].map(([name = "", hex = ""]) => [name, Uint8Array.fromHex(hex)]);

const SHARE = "protocol 3: not canonical, of small order or outside the subgroup";

export const HANDSHAKE_ROWS: readonly Row[] = [
  {
    row: "good peer, client",
    where: "protocol 1 to 6",
    sent: "everything right, by another implementation",
    promised: "it works",
    refusals: 0,
    async run(world) {
      const session = await world.session();
      await session.stillTalks("from another implementation");
      await session.stillTalks("🦜 long ".repeat(400));
      await world.victim.say("to another implementation");
      await session.heard((m) => m.type === "chat" && m.text === "to another implementation");
      assert.equal(session.broken, 0);
      return `authenticated, both ways, ${session.cells} cells opened`;
    },
  },
  {
    row: "good peer, listener",
    where: "protocol 1 to 6",
    sent: "everything right, by another implementation that is called",
    promised: "it works",
    refusals: 0,
    async run(world) {
      const session = await world.calledSession();
      await session.stillTalks("from another implementation");
      await session.stillTalks("🦜 long ".repeat(400));
      await world.victim.say("to a listener of another implementation");
      await session.heard((m) => m.type === "chat" && m.text === "to a listener of another implementation");
      assert.equal(session.broken, 0);
      return `authenticated, both ways, ${session.cells} cells opened`;
    },
  },

  ...BAD_SHARES.map(([name, share]) => ({
    ...badAnswer(`share of the dialer: ${name}`, "protocol", { body: (body) => body.set(share, 12) }),
    where: SHARE,
  })),
  {
    row: "share of the dialer: torsioned",
    where: SHARE,
    sent: "w*M + x*G + a point of order 8, K computed as if the torsion vanished",
    promised: "closed, nothing said, no guess",
    async run(world) {
      const wire = await world.dial();
      const offer = parseOffer(await wire.frame());
      const phrase = await stretched(PHRASE, offer.salt);
      const x = 5n;
      const shareA = Point.BASE.multiply(x).add(phrase.wM).add(TORSION).toBytes();
      const K = Point.fromBytes(offer.shareB).subtract(phrase.wN).multiply(8n * x).toBytes();
      wire.send(makeAnswer(wire, offer, phrase, { shareA, K }).frame);
      return await world.refusedAfterOffer(wire, "protocol");
    },
  },
  {
    row: "K of the listener: identity",
    where: "protocol 3: where K is the identity it is random",
    sent: "shareA = w*M of a right guess, so that K is the identity whatever y is, and a confirmation over it",
    promised: "ends as a wrong phrase: nothing said, one guess counted",
    async run(world) {
      const wire = await world.dial();
      const offer = parseOffer(await wire.frame());
      const phrase = await stretched(PHRASE, offer.salt);
      wire.send(makeAnswer(wire, offer, phrase, { shareA: phrase.wM.toBytes(), K: IDENTITY }).frame);
      return await world.refusedAfterOffer(wire, "phrase");
    },
  },

  ...BAD_SHARES.map(([name, shareB]) => badOffer(`share of the listener: ${name}`, { shareB })),
  badOffer("share of the listener: torsioned", (phrase) => ({
    shareB: Point.BASE.multiply(5n).add(phrase.wN).add(TORSION).toBytes(),
  })),
  {
    row: "K of the dialer: identity",
    where: "protocol 3: where K is the identity it is random",
    sent: "as listener: shareB = w*N of a right guess, and an accept over the identity",
    promised: "answered and ended as with a wrong phrase, and the answer does not fit the identity",
    async run(world) {
      const { wire, target } = await world.called();
      const phrase = await world.phrase();
      const offered = makeOffer(phrase, { shareB: phrase.wN.toBytes() });
      wire.send(offered.frame);
      const { secrets, right } = readAnswer(wire, offered, phrase, await wire.frame(), IDENTITY);
      assert(!right, "the victim's confirmation is over the identity");
      wire.send(frameOf(TYPE.accept, secrets.confirmB));
      return await world.hungUp(wire, target, "phrase", 1);
    },
  },

  {
    row: "ratchet key of the dialer: low order",
    where: "protocol 3: B checks before it looks at the confirmation",
    sent: `a right and a wrong answer with each of ${LOW_ORDER_X25519.length} X25519 keys of low order`,
    promised: "closed, no guess, in the same way for both",
    refusals: 2 * LOW_ORDER_X25519.length,
    world: {},
    async run(world) {
      let observed = "";
      for (const key of LOW_ORDER_X25519) {
        for (const phrase of [PHRASE, "another phrase altogether"]) {
          const wire = await world.answered({ phrase, bend: { ratchetA: Uint8Array.fromHex(key) } });
          observed = await world.refusedAfterOffer(wire, "protocol");
        }
      }
      return observed;
    },
  },
  {
    row: "ratchet key of the listener: low order",
    where: "protocol 3: A checks before its answer",
    sent: "as listener: an offer with an all-zero X25519 key",
    promised: "closed before the answer",
    async run(world) {
      const { wire, target } = await world.offered({ ratchetB: new Uint8Array(32) });
      return await world.hungUp(wire, target, "protocol", 0);
    },
  },

  // 4095 is no coefficient, q being 3329.
  ...([["KEM key that fails the check", 0], ["KEM key whose last coefficient fails the check", 767]] as const).map((
    [row, at],
  ) => badOffer(row, { kem: withLargeCoefficient(ml_kem768.keygen().publicKey, at, 4095) })),
  badAnswer("changed KEM ciphertext", "phrase", { body: (body) => void (body[12 + 32 + 32] = body[76]! ^ 1) }),
  badAnswer("changed confirmation", "phrase", { body: (body) => void (body[1195] = body[1195]! ^ 0x80) }),
  badAnswer("changed nonce", "phrase", { body: (body) => void (body[0] = body[0]! ^ 1) }),
  badAnswer("changed ratchet key", "phrase", { body: (body) => void (body[12 + 32] = body[44]! ^ 1) }),
  badAnswer("confirmation of zeros", "phrase", { body: (body) => void body.fill(0, 1164, 1196) }),

  ...([["phrase", { phrase: "another phrase altogether" }], ["mode", { mode: "decoy" }]] as const).map((
    [name, how],
  ): Row => ({
    row: `wrong ${name}, client`,
    where: "protocol 3, model: failed authentication: drop connection",
    sent: `an answer with the wrong ${name}`,
    promised: "closed, nothing said, one guess counted",
    run: async (world) => await world.refusedAfterOffer(await world.answered(how), "phrase"),
  })),
  ...([["phrase", "another phrase altogether", "real"], ["mode", PHRASE, "decoy"]] as const).map((
    [name, phrase, mode],
  ): Row => ({
    row: `wrong ${name}, listener`,
    where: "protocol 3, model: failed authentication: drop connection",
    sent: `as listener: an offer and an accept with the wrong ${name}`,
    promised: "closed, no cell, refused: phrase",
    async run(world) {
      const { wire, target } = await world.called();
      const wrong = await world.phrase(phrase, mode);
      const offered = makeOffer(wrong);
      wire.send(offered.frame);
      const { secrets, right } = readAnswer(wire, offered, wrong, await wire.frame());
      assert(!right, "the victim's confirmation is right under the wrong phrase");
      wire.send(frameOf(TYPE.accept, secrets.confirmB));
      return await world.hungUp(wire, target, "phrase", 1);
    },
  })),
  {
    row: "accept that is not right",
    where: "protocol 3",
    sent: "as listener who does not know the phrase: 32 random bytes in the accept",
    promised: "closed, no cell, refused: phrase",
    async run(world) {
      const { wire, target } = await world.offered();
      await wire.frame();
      wire.send(frameOf(TYPE.accept, random(32)));
      return await world.hungUp(wire, target, "phrase", 1);
    },
  },
  {
    row: "accept that reflects confirmA",
    where: "protocol 3: KcA and KcB",
    sent: "as listener who does not know the phrase: the victim's own confirmation in the accept",
    promised: "closed, no cell, refused: phrase",
    async run(world) {
      const { wire, target } = await world.offered();
      const answer = await wire.frame();
      wire.send(frameOf(TYPE.accept, answer!.slice(4 + 1164, 4 + 1196)));
      return await world.hungUp(wire, target, "phrase", 1);
    },
  },
  {
    row: "fourth salt",
    where: "protocol 3 and 8: at most 3 salts per target in 10 minutes",
    sent: "as listener at one address: four calls, a new salt each time",
    promised: "the fourth is closed before the answer",
    refusals: 4,
    async run(world) {
      const listener = world.own(await FalseListener.open());
      const frames: number[] = [];
      for (let i = 0; i < 4; i++) {
        const before = world.victim.all("refused").length;
        await world.victim.say(`/connect ${listener.address}`);
        const wire = await listener.accept();
        wire.send(makeOffer({ ...await world.phrase(), salt: random(16) }).frame);
        await Promise.race([wire.frame(10_000), wire.gone]);
        frames.push(wire.received / 1280);
        wire[Symbol.dispose]();
        await world.victim.counted("refused", before + 1);
      }
      assert.deepEqual(frames, [1, 1, 1, 0]);
      return "three answers, none to the fourth";
    },
  },
  {
    row: "relay without the phrase",
    where: "model: active network attackers attempting MITM; protocol 1: channel binding",
    sent: "two honest programs, frames passed on between two TLS connections",
    promised: "both refuse: phrase; the caller exits 4",
    refusals: 1,
    async run(world) {
      const relay = world.own(await FalseListener.open());
      const caller = world.own(await dial(relay.address));
      const [inside, outside] = [await relay.accept(), await world.dial()];
      void passOn(outside, inside);
      void passOn(inside, outside);
      const { code } = await caller.ended();
      assert.equal(code, 4, caller.transcript());
      await world.refused(outside.localAddress, "phrase");
      assert.equal(caller.all("connected").length, 0);
      return "both say phrase, the caller exits 4";
    },
  },
  {
    row: "relay with the phrase",
    where: "model out of scope: peers who know the phrase; protocol 8: phrase holders are trusted alike",
    sent: "a relay that authenticates to both sides itself",
    promised: "each side names the relay, not the other, as its peer",
    refusals: 0,
    async run(world) {
      const relay = world.own(await FalseListener.open());
      const caller = world.own(await dial(relay.address));
      const inside = await authenticateAsListener(await relay.accept(), await world.phrase());
      const outside = await world.session();
      const peer = String((await caller.event("connected")).peer);
      assert.equal(peer, inside.wire.identity.id.toHex());
      assert.notEqual(peer, world.victimId);
      await world.victim.like("connected", { peer: outside.wire.identity.id.toHex() });
      return "each side shows the relay's own PeerId";
    },
  },
  {
    row: "replayed answer",
    where: "model: replay; protocol 3: fresh values for every connection",
    sent: "a right answer of one connection, on another one",
    promised: "closed as a wrong phrase",
    async run(world) {
      const first = await world.dial();
      const offer = parseOffer(await first.frame());
      const { frame } = makeAnswer(first, offer, await stretched(PHRASE, offer.salt));
      first.send(frame);
      await first.frame();
      const second = await world.dial();
      await second.frame();
      second.send(frame);
      return await world.refusedAfterOffer(second, "phrase");
    },
  },
  {
    row: "another's certificate in the transcript",
    where: "model: transcript rebinding between different peers",
    sent: "an answer that was computed for another certificate of ours on the same phrase",
    promised: "closed as a wrong phrase",
    async run(world) {
      const [wire, other] = [await world.dial(), await world.dial()];
      const offer = parseOffer(await wire.frame());
      await other.frame();
      const { frame } = makeAnswer(other, offer, await stretched(PHRASE, offer.salt));
      wire.send(frame);
      other[Symbol.dispose]();
      return await world.refusedAfterOffer(wire, "phrase");
    },
    refusals: 2,
  },
];

/** A right answer, bent. A share that is none is not a guess, so it is told as a breach of the protocol. */
function badAnswer(row: string, reason: "protocol" | "phrase", bend: AnswerBend): Row {
  return {
    row,
    where: "protocol 3",
    sent: "a right answer, so changed",
    promised: "closed, nothing said",
    async run(world) {
      return await world.refusedAfterOffer(await world.answered({ bend }), reason);
    },
  };
}

/** Frame by frame, since the first may be there before anybody listens; ends when either connection does. */
async function passOn(from: Wire, to: Wire): Promise<void> {
  for (let frame = await from.frame(60_000); frame !== undefined; frame = await from.frame(60_000)) to.send(frame);
  to.end();
}

function badOffer(row: string, bend: OfferBend | ((phrase: Stretched) => OfferBend)): Row {
  return {
    row,
    where: row.startsWith("KEM") ? "protocol 3: FIPS 203's check" : SHARE,
    sent: "as listener: a right offer, so changed",
    promised: "closed before the answer",
    async run(world) {
      const { wire, target } = await world.called();
      const phrase = await world.phrase();
      wire.send(makeOffer(phrase, typeof bend === "function" ? bend(phrase) : bend).frame);
      return await world.hungUp(wire, target, "protocol", 0);
    },
  };
}

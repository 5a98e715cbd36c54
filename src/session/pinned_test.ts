// A whole exchange, pinned byte for byte: from seeded entropy and a fixed w, every frame in its order and at its time.
// Another digest means another protocol: either a bug, or a new PROTOCOL_VERSION and new vectors (docs/PROTOCOL.md).

import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { createHash } from "node:crypto";
import { fromHex, lockedBytes, scriptedEntropy, seededEntropy, testArena, toHex } from "../../tests/harness/arena.ts";
import { chat, COVER_OFF, messageId, SessionPair } from "../../tests/simulation/session_pair.ts";
import { type ExchangeFile, vectors } from "../../tests/harness/vectors.ts";
import { StretchedPhrase } from "../auth/stretched.ts";
import type { Frame, Role } from "../ports.ts";
import { Session } from "./step.ts";

const arena = await testArena();
const { exchanges } = await vectors<ExchangeFile>("exchange-v1.json");

function framesOf(pair: SessionPair): { at: number; by: Role; frame: Frame }[] {
  return pair.happened.flatMap(({ at, by, effect }) => effect.type === "send" ? [{ at, by, frame: effect.frame }] : []);
}

function sha256(...parts: (Uint8Array | string)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
}

/** Both say who they are, talk, confirm, and one says goodbye. */
function exchange(pair: SessionPair): void {
  pair.authenticate();
  for (const [role, name] of [["dialer", "Anna"], ["listener", "Björn"]] as const) {
    pair.step(role, { type: "submit", message: { type: "name", name } });
  }
  pair.runUntil(1_000);
  pair.step("dialer", { type: "submit", message: chat(1, "Guten Abend 🙂") });
  pair.runUntil(2_000);
  pair.step("listener", { type: "submit", message: chat(2, "long ".repeat(700)) });
  pair.step("listener", { type: "shown", id: messageId(1) });
  pair.runUntil(4_000);
  pair.step("dialer", { type: "shown", id: messageId(2) });
  pair.runUntil(5_000);
  pair.step("dialer", { type: "leave" });
  pair.runUntil(8_000);
  equal(pair.closed("listener"), "bye");
  deepEqual(pair.received("listener"), [
    { type: "name", name: "Anna" },
    chat(1, "Guten Abend 🙂"),
    { type: "ack", id: messageId(2) },
  ]);
}

function pinnedPair(shape?: typeof COVER_OFF): SessionPair {
  return new SessionPair(arena, {
    entropy: { dialer: seededEntropy("pinned dialer"), listener: seededEntropy("pinned listener") },
    ...(shape === undefined ? {} : { shape }),
  });
}

Deno.test("the exchange of this test, with constant cover, stays the same to the byte", () => {
  using pair = pinnedPair();
  exchange(pair);
  const frames = framesOf(pair);
  // Some of it in pieces, so that a change shows where it begins.
  deepEqual(frames.slice(0, 4).map(({ by, frame }) => `${by} ${sha256(frame).slice(0, 16)}`), PINNED.first);
  equal(frames.length, PINNED.frames);
  equal(sha256(...frames.flatMap(({ by, frame }) => [by, frame])), PINNED.bytes);
  equal(sha256(frames.map(({ at, by }) => `${by} ${at.toFixed(6)}`).join("\n")), PINNED.times);
});

Deno.test("with cover off the same is said in fewer frames, which are pinned too", () => {
  using pair = pinnedPair(COVER_OFF);
  exchange(pair);
  const frames = framesOf(pair);
  equal(frames.length, PINNED_OFF.frames);
  equal(sha256(...frames.flatMap(({ by, frame }) => [by, frame])), PINNED_OFF.bytes);
});

for (const { name, inputs, derived, frames } of exchanges) {
  Deno.test(`the handshake of the vectors (${name}) comes out of two sessions byte for byte`, () => {
    using wBytes = lockedBytes(arena, derived.wBytes);
    using phrase = StretchedPhrase.from(arena, fromHex(inputs.salt), wBytes);
    const entropy = {
      listener: scriptedEntropy([inputs.nonceB, inputs.yWide, inputs.ratchetPrivateB, inputs.kemSeed]),
      dialer: scriptedEntropy([inputs.nonceA, inputs.xWide, inputs.ratchetPrivateA, inputs.kemM]),
    };
    const channelBinding = fromHex(inputs.cb);
    const shape = { cover: "constant", intervalMs: 250 } as const;
    const make = (role: Role, self: string, peer: string) =>
      new Session(arena, { role, self, peer, channelBinding }, shape, 0);
    using dialer = make("dialer", inputs.peerIdA, inputs.peerIdB);
    using listener = make("listener", inputs.peerIdB, inputs.peerIdA);
    const sent = (effects: ReturnType<Session["step"]>) => {
      const frame = effects.find((effect) => effect.type === "send")?.frame;
      return frame === undefined ? "nothing" : toHex(frame);
    };
    const said = [sent(listener.step({ type: "opened", phrase }, 0, entropy.listener))];
    dialer.step({ type: "frame", frame: fromHex(frames.offer) }, 0, entropy.dialer);
    said.push(sent(dialer.step({ type: "stretched", phrase }, 0, entropy.dialer)));
    // From here on each side draws what the ratchet and the pacer need; the script has ended.
    const more = seededEntropy("more");
    listener.step({ type: "frame", frame: fromHex(frames.answer) }, 0, more);
    said.push(sent(listener.step({ type: "admit" }, 0, more)));
    deepEqual(said, [frames.offer, frames.answer, frames.accept]);
    deepEqual([entropy.dialer.left, entropy.listener.left], [0, 0]);
    deepEqual(dialer.step({ type: "frame", frame: fromHex(frames.accept) }, 0, more), [{ type: "verified" }]);
  });
}

Deno.test("no secret is left after all of this", () => equal(arena.used, 0));

const PINNED = {
  first: [
    "listener a423686572cededf",
    "dialer 8d5b6ce1faec7e88",
    "listener b1139c74d345d199",
    "dialer aaf3e04da8094244",
  ],
  frames: 70,
  bytes: "00d69fad1550df9fc7cb2c3ec701c305b6d514ea5cc912a96d45444d3225b5dd",
  times: "3f0de643d48b9c67c70cf9909e86a8a00fb3a4214818c941c9bf7b2009126c8c",
};

const PINNED_OFF = { frames: 12, bytes: "5ea133d64b522766dd2d8a611e547404b2f259317c7425f626bc36e62d5b3acb" };

// What a doctor's call does with a link: nothing leaves without the phrase, and whatever happens it ends and closes.

import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { ListenerHandshake } from "../auth/handshake.ts";
import { StretchedPhrase } from "../auth/stretched.ts";
import { FRAME_SIZE, STRETCHED_SIZE } from "../constants.ts";
import { diagnose } from "../words/doctor_call.ts";
import type { CallStep } from "../call.ts";
import { DialError, type Frame, type Link, type Transport } from "../ports.ts";
import type { Arena } from "../secrets/locked.ts";
import { encodeOffer } from "../wire/handshake_body.ts";
import { testArena } from "../../tests/harness/arena.ts";
import { callOnce } from "./doctor_call.ts";

const SELF = "11".repeat(32);
const TO_TLS: readonly CallStep[] = [
  { step: "resolved", addresses: [{ host: "192.0.2.7", port: 7373 }] },
  { step: "connected", address: "192.0.2.7" },
  { step: "secured", familiar: true },
];
const OFFER = encodeOffer({
  salt: new Uint8Array(16),
  nonceB: new Uint8Array(12),
  shareB: new Uint8Array(32),
  ratchetB: new Uint8Array(32),
  kem: new Uint8Array(1184),
});

/** Of no phrase at all: the stretching itself is not what is tried here. */
function stretched(arena: Arena, salt: Uint8Array): StretchedPhrase {
  using bytes = arena.bytes(STRETCHED_SIZE);
  bytes.bytes.fill(7);
  return StretchedPhrase.from(arena, salt, bytes);
}

/** A link on which the other side does one thing. */
class FakeLink implements Link {
  readonly role = "dialer";
  readonly address = "192.0.2.7:7373";
  readonly host = "192.0.2.7";
  readonly local = "";
  readonly self = SELF;
  readonly peer = "22".repeat(32);
  readonly channelBinding = new Uint8Array(64);
  readonly familiar = true;
  readonly unsent = 0;
  readonly sent: Frame[] = [];
  closed = 0;
  /** After each frame that is sent. */
  sends = () => {};
  constructor(readonly does: (onFrame: (frame: Frame) => void, onEnd: () => void) => void) {}
  receive(onFrame: (frame: Frame) => void, onEnd: () => void): void {
    queueMicrotask(() => this.does(onFrame, onEnd));
  }
  send(frame: Frame): void {
    this.sent.push(frame);
    queueMicrotask(() => this.sends());
  }
  close(): void {
    this.closed++;
  }
}

async function examine(link: FakeLink | undefined, steps: readonly CallStep[] = TO_TLS, phrase = false) {
  const transport: Transport = {
    dial(_target, _signal, onStep) {
      for (const step of steps) onStep?.(step);
      return link === undefined
        ? Promise.reject(new DialError({ at: "connect", why: "refused" }))
        : Promise.resolve(link);
    },
    listen: () => Promise.reject(new Error("nobody listens here")),
    punch: () => Promise.resolve("refused"),
  };
  const arena = await testArena();
  const free = arena.available(32);
  const entropy = (into: Uint8Array) => {
    if (!phrase) throw new Error("nothing is drawn without the phrase");
    crypto.getRandomValues(into as Uint8Array<ArrayBuffer>);
  };
  const stretcher = phrase ? { stretch: (salt: Uint8Array) => Promise.resolve(stretched(arena, salt)) } : undefined;
  const progress = await callOnce("192.0.2.7:7373", { transport, arena, self: SELF, stretcher, entropy });
  equal(arena.available(32), free, "a slot is left behind");
  return diagnose("192.0.2.7:7373", progress);
}

Deno.test("callOnce() without the phrase sends nothing, draws nothing, and hangs up at the offer", async () => {
  const link = new FakeLink((onFrame) => onFrame(OFFER));
  equal((await examine(link)).cause, "none");
  deepEqual([link.sent.length, link.closed > 0], [0, true]);
});

Deno.test("callOnce() with the phrase answers once; a hang-up after that is the phrase's, and no key is left", async () => {
  const arena = await testArena();
  const facts = { dialer: new Uint8Array(32), listener: new Uint8Array(32), channelBinding: new Uint8Array(64) };
  const entropy = (into: Uint8Array) => void crypto.getRandomValues(into as Uint8Array<ArrayBuffer>);
  using phrase = stretched(arena, new Uint8Array(16));
  using listener = new ListenerHandshake(arena, phrase, facts, entropy);
  const link: FakeLink = new FakeLink((onFrame, onEnd) => {
    onFrame(encodeOffer(listener.offer));
    link.sends = onEnd;
  });
  equal((await examine(link, TO_TLS, true)).cause, "unanswered");
  deepEqual([link.sent.length, link.closed > 0], [1, true]);
});

Deno.test("callOnce() ends with the link, and at a first frame other than an offer", async () => {
  const cases: [string, FakeLink][] = [
    ["busy", new FakeLink((_, onEnd) => onEnd())],
    ["not-sesame", new FakeLink((onFrame) => onFrame(new Uint8Array(FRAME_SIZE)))],
  ];
  for (const [cause, link] of cases) {
    equal((await examine(link)).cause, cause);
    deepEqual([link.sent.length, link.closed > 0], [0, true], cause);
  }
});

Deno.test("callOnce() of a call that makes no link has the progress of the call", async () => {
  equal((await examine(undefined, [{ step: "lost", why: "name-not-found" }])).cause, "name-not-found");
});

// One link as a machine: which frame is allowed when, every limit from both sides, and when cells leave.
// The other side is a second session, or a peer that knows the phrase and breaks whatever rule the test is about.

import {
  deepStrictEqual as deepEqual,
  notStrictEqual as notEqual,
  ok,
  strictEqual as equal,
  throws,
} from "node:assert/strict";
import fc from "fast-check";
import { sha256 } from "@noble/hashes/sha2.js";
import { concatBytes } from "@noble/hashes/utils.js";
import { fromHex, seededEntropy, testArena, utf8 } from "../../tests/harness/arena.ts";
import { watching } from "../../tests/harness/watching.ts";
import {
  chat,
  CONSTANT,
  COVER_OFF,
  fixedPhrase,
  IDS,
  makeSession,
  messageId,
  other,
  RawPeer,
  SessionPair,
} from "../../tests/simulation/session_pair.ts";
import {
  AUTH_TIMEOUT_MS,
  BYE_TIMEOUT_MS,
  CELL_BUCKET_SIZE,
  CELL_PLAINTEXT_SIZE,
  CELLS_OF_A_SKIP,
  DEAD_AFTER_MS,
  FRAGMENT_CAPACITY,
  FRAME_SIZE,
  INTERVAL_MAX_MS,
  MAX_CHAIN_CELLS,
  MAX_FAILURES_IN_A_ROW,
  MAX_FAILURES_IN_ALL,
  MAX_UNCONFIRMED,
  MAX_UNSENT_FRAMES,
  NO_PROGRESS_TIMEOUT_MS,
  OPENING_CELLS,
  OPENING_GAP_MS,
  SHOWN_IDS_PER_PEER,
  SILENCE_GRACE_MS,
  SILENT_IDLE_MS,
  SLEPT_MS,
} from "../constants.ts";
import type { Entropy, Frame, Millis, Role } from "../ports.ts";
import { Ratchet } from "../ratchet/ratchet.ts";
import type { Shape } from "./pacer.ts";
import { FrameType } from "../wire/frame.ts";
import { toB32 } from "../wire/forms.ts";
import { encodeMessage, inCircleOrder, type Message } from "../wire/message.ts";
import type { Effect, Event, Session } from "./step.ts";

const arena = await testArena();
const phrase = fixedPhrase(arena);
const otherPhrase = fixedPhrase(arena, 0x44);
const base = arena.used;

/** When the opening has its last cell. */
const OPENING_MS = (OPENING_CELLS - 1) * OPENING_GAP_MS;

/** A test after which no secret is left. */
function test(sentence: string, body: () => void): void {
  Deno.test(sentence, () => {
    body();
    equal(arena.used, base, "slots of secrets are left");
  });
}

function entropies(seed: string): Record<Role, Entropy> {
  return { dialer: seededEntropy(`${seed} dialer`), listener: seededEntropy(`${seed} listener`) };
}

function makePair(seed: string, shape: Shape | Record<Role, Shape> = CONSTANT): SessionPair {
  return new SessionPair(arena, { shape, entropy: entropies(seed), phrases: { dialer: phrase, listener: phrase } });
}

const violation: Effect[] = [{ type: "close", reason: "protocol" }];

/** A session, with one entropy for all its steps. */
class Subject implements Disposable {
  constructor(readonly session: Session, readonly entropy: Entropy, readonly others: readonly Disposable[]) {}

  step(event: Event, now: Millis): Effect[] {
    return this.session.step(event, now, this.entropy);
  }

  time(now: Millis): Effect[] {
    return this.step({ type: "time", unsent: 0 }, now);
  }

  /** Frames at one moment; what came of each. */
  feed(now: Millis, frames: readonly Frame[]): Effect[][] {
    return frames.map((frame) => this.step({ type: "frame", frame }, now));
  }

  [Symbol.dispose](): void {
    for (const one of [this.session, ...this.others]) one[Symbol.dispose]();
  }
}

/** A live session in that role, and a raw peer across from it. */
function against(role: Role, seed: string, shape: Shape = CONSTANT): Subject & { readonly peer: RawPeer } {
  const entropy = seededEntropy(seed);
  const peer = new RawPeer(arena, other(role), entropy);
  const subject = new Subject(makeSession(arena, role, shape), entropy, [peer]);
  const step = (event: Event) => subject.step(event, 0);
  if (role === "listener") {
    const offer = frameOf(step({ type: "opened", phrase }));
    step({ type: "frame", frame: peer.answer(offer, phrase) });
    peer.accepted(frameOf(step({ type: "admit" })));
  } else {
    step({ type: "frame", frame: peer.offer(phrase) });
    step({ type: "frame", frame: peer.accept(frameOf(step({ type: "stretched", phrase }))) });
    step({ type: "admit" });
  }
  equal(subject.session.phase, "live");
  return Object.assign(subject, { peer });
}

function frameOf(effects: readonly Effect[]): Frame {
  const sends = effects.filter((effect) => effect.type === "send");
  equal(sends.length, 1);
  return sends[0]!.frame;
}

// --- The order of the handshake, sections 2 and 3 ---

interface Stage {
  readonly role: Role;
  readonly phase: Session["phase"];
  /** The frame type that goes on from here. */
  readonly allowed: FrameType | undefined;
}

const STAGES: readonly Stage[] = [
  { role: "listener", phase: "new", allowed: undefined },
  { role: "listener", phase: "offered", allowed: FrameType.answer },
  { role: "listener", phase: "verified", allowed: undefined },
  { role: "listener", phase: "live", allowed: FrameType.cell },
  { role: "dialer", phase: "new", allowed: FrameType.offer },
  { role: "dialer", phase: "asked", allowed: undefined },
  { role: "dialer", phase: "answered", allowed: FrameType.accept },
  { role: "dialer", phase: "verified", allowed: undefined },
  { role: "dialer", phase: "live", allowed: FrameType.cell },
];

/** A session in that phase, and the genuine frames of its own exchange, by type. */
function inPhase({ role, phase }: Pick<Stage, "role" | "phase">, seed = "phase") {
  const entropy = seededEntropy(seed);
  const dialer = makeSession(arena, "dialer");
  const listener = makeSession(arena, "listener");
  const frames = new Map<FrameType, Frame>();
  const [own, peer] = role === "dialer" ? [dialer, listener] : [listener, dialer];
  // Whose step it is, and the step: until it would take the session under test out of its phase.
  const steps: [Session, () => unknown][] = [
    [listener, () => frames.set(FrameType.offer, frameOf(listener.step({ type: "opened", phrase }, 0, entropy)))],
    [dialer, () => dialer.step({ type: "frame", frame: frames.get(FrameType.offer)! }, 0, entropy)],
    [dialer, () => frames.set(FrameType.answer, frameOf(dialer.step({ type: "stretched", phrase }, 0, entropy)))],
    [listener, () => listener.step({ type: "frame", frame: frames.get(FrameType.answer)! }, 0, entropy)],
    [listener, () => frames.set(FrameType.accept, frameOf(listener.step({ type: "admit" }, 0, entropy)))],
    [dialer, () => dialer.step({ type: "frame", frame: frames.get(FrameType.accept)! }, 0, entropy)],
    [dialer, () => dialer.step({ type: "admit" }, 0, entropy)],
    [peer, () => frames.set(FrameType.cell, frameOf(peer.step({ type: "time", unsent: 0 }, 300, entropy)))],
  ];
  for (const [session, step] of steps) {
    if (session === own && own.phase === phase) break;
    step();
  }
  equal(own.phase, phase);
  return Object.assign(new Subject(own, entropy, [peer]), { frames });
}

/** A genuine frame of each type, from another exchange. */
function foreignFrames(): Map<FrameType, Frame> {
  using exchange = inPhase({ role: "dialer", phase: "live" }, "foreign");
  return exchange.frames;
}

for (const stage of STAGES) {
  for (const [name, type] of Object.entries(FrameType)) {
    const allowed = type === stage.allowed;
    test(`a ${stage.role} in phase ${stage.phase} ${allowed ? "takes" : "closes on"} a frame of type ${name}`, () => {
      using own = inPhase(stage);
      const foreign = foreignFrames();
      const frame = allowed ? own.frames.get(type) ?? foreign.get(type)! : foreign.get(type)!;
      const effects = own.step({ type: "frame", frame }, 300);
      if (allowed) {
        ok(effects.every((effect) => effect.type !== "close"), "it closed");
        ok(stage.phase === "live" || own.session.phase !== stage.phase, "it did not go on");
      } else {
        deepEqual(effects, violation);
        equal(own.session.phase, "over");
        deepEqual(own.step({ type: "frame", frame }, 300), []);
      }
    });
  }

  test(`a ${stage.role} in phase ${stage.phase} closes on a wrong version, type, flag, reserved byte or length`, () => {
    const genuine = foreignFrames().get(stage.allowed ?? FrameType.cell)!;
    for (const [at, values] of [[0, [0, 2, 255]], [1, [0, 4, 0x11, 255]], [2, [1, 0x80]], [3, [1, 255]]] as const) {
      for (const value of values) {
        using own = inPhase(stage);
        const frame = genuine.slice();
        frame[at] = value;
        deepEqual(own.step({ type: "frame", frame }, 0), violation);
      }
    }
    for (const length of [0, FRAME_SIZE - 1, FRAME_SIZE + 1]) {
      using own = inPhase(stage);
      deepEqual(own.step({ type: "frame", frame: new Uint8Array(length) }, 0), violation);
    }
  });
}

test("a non-zero unused byte of an answer or an accept closes", () => {
  for (const stage of STAGES) {
    if (stage.phase !== "offered" && stage.phase !== "answered") continue;
    for (const at of [stage.phase === "offered" ? 1200 : 36, FRAME_SIZE - 1]) {
      using own = inPhase(stage);
      // The answer of an own exchange is not made yet in that phase, and padding is judged before anything else.
      const frame = (own.frames.get(stage.allowed!) ?? foreignFrames().get(stage.allowed!)!).slice();
      frame[at] = 1;
      deepEqual(own.step({ type: "frame", frame }, 0), violation);
    }
  }
});

test("the whole handshake is three frames, and both ends are live after them", () => {
  using pair = makePair("handshake");
  pair.authenticate();
  const sent = pair.happened.flatMap(({ by, effect }) => effect.type === "send" ? [[by, effect.frame[1]]] : []);
  deepEqual(sent, [["listener", FrameType.offer], ["dialer", FrameType.answer], ["listener", FrameType.accept]]);
});

test("a listener sends no accept before it is told to admit the peer", () => {
  using own = inPhase({ role: "listener", phase: "verified" });
  deepEqual(own.time(1_000), []);
  equal(frameOf(own.step({ type: "admit" }, 1_000))[1], FrameType.accept);
  deepEqual(own.step({ type: "admit" }, 1_000), []);
});

test("a second `opened` or `stretched` makes no second handshake", () => {
  using listener = inPhase({ role: "listener", phase: "offered" });
  deepEqual(listener.step({ type: "opened", phrase }, 0), []);
  using dialer = inPhase({ role: "dialer", phase: "answered" });
  deepEqual(dialer.step({ type: "stretched", phrase }, 0), []);
});

for (const stage of STAGES) {
  if (stage.phase === "live") continue;
  test(`a ${stage.role} in phase ${stage.phase} is closed AUTH_TIMEOUT after TLS, not before`, () => {
    using own = inPhase(stage);
    equal(own.session.deadline, AUTH_TIMEOUT_MS);
    deepEqual(own.time(AUTH_TIMEOUT_MS - 1), []);
    deepEqual(own.time(AUTH_TIMEOUT_MS), [{ type: "close", reason: "timeout" }]);
    equal(own.session.deadline, Infinity);
  });
}

test("another phrase (or mode: it stretches to another w) or channel binding closes the listener with `phrase`, and nothing is sent", () => {
  const bindings = { dialer: new Uint8Array(64).fill(1), listener: new Uint8Array(64).fill(2) };
  for (const wrong of [{ phrases: { dialer: otherPhrase, listener: phrase } }, { bindings }]) {
    using pair = new SessionPair(arena, {
      entropy: entropies("wrong"),
      phrases: { dialer: phrase, listener: phrase },
      ...wrong,
    });
    pair.step("listener", { type: "opened", phrase });
    equal(pair.closed("listener"), "phrase");
    equal(pair.of("listener", "send").length, 1); // the offer
    equal(pair.sessions.dialer.phase, "answered");
  }
});

test("a wrong confirmB closes the dialer with `phrase`", () => {
  using own = inPhase({ role: "dialer", phase: "answered" });
  const accept = foreignFrames().get(FrameType.accept)!;
  deepEqual(own.step({ type: "frame", frame: accept }, 0), [{ type: "close", reason: "phrase" }]);
});

// --- When cells leave, section 7 ---

test("each side opens with ten cells from its authentication on, and then sends exactly one each interval", () => {
  using pair = makePair("grid").authenticate();
  pair.runUntil(60_000);
  const grids = (["dialer", "listener"] as const).map((role) => {
    const times = pair.cellTimes(role);
    const grid = times.splice(OPENING_CELLS);
    deepEqual(times, Array.from({ length: OPENING_CELLS }, (_, k) => times[0]! + k * OPENING_GAP_MS));
    ok(grid[0]! > times.at(-1)! && grid[0]! < times.at(-1)! + 250);
    equal(grid.length, Math.floor((60_000 - grid[0]!) / 250) + 1);
    grid.forEach((at, k) => equal(at, grid[0]! + k * 250));
    return grid[0];
  });
  notEqual(grids[0], grids[1]);
});

test("the first moment after the opening is uniform in the interval", () => {
  const firsts = Array.from({ length: 60 }, (_, i) => {
    using own = inPhase({ role: "listener", phase: "live" }, `uniform ${i}`);
    for (let k = 0; k < OPENING_CELLS; k++) own.step({ type: "time", unsent: 0 }, own.session.deadline);
    return (own.session.deadline - OPENING_MS) / 250;
  });
  ok(firsts.every((first) => first >= 0 && first < 1));
  for (let tenth = 0; tenth < 5; tenth++) {
    const inside = firsts.filter((first) => first >= tenth / 5 && first < (tenth + 1) / 5).length;
    ok(inside >= 3 && inside <= 25, `${inside} of 60 in a fifth`);
  }
});

test("typing, what arrives, and the queue change neither when a frame leaves nor how long it is", () => {
  const run = (busy: boolean) => {
    using pair = makePair("typing").authenticate();
    for (let i = 0; i < 40; i++) {
      pair.runUntil(i * 500);
      if (!busy) continue;
      pair.step("dialer", { type: "submit", message: chat(i, "x".repeat(i * 400)) });
      if (i % 3 === 0) pair.step("listener", { type: "submit", message: chat(1000 + i) });
      for (const { id } of pair.received("listener").filter((m) => m.type === "chat")) {
        pair.step("listener", { type: "shown", id });
      }
    }
    pair.runUntil(60_000);
    if (busy) ok(pair.received("listener").length > 30 && pair.received("dialer").length > 30);
    return (["dialer", "listener"] as const).map((role) => pair.cellTimes(role));
  };
  deepEqual(run(true), run(false));
});

test(`a tick that finds ${MAX_UNSENT_FRAMES} unsent frames sends none, and it is not made up`, () => {
  using pair = makePair("unsent").authenticate();
  pair.runUntil(1_000);
  const before = pair.cellTimes("dialer").length;
  pair.unsent.dialer = MAX_UNSENT_FRAMES;
  pair.runUntil(3_000);
  equal(pair.cellTimes("dialer").length, before);
  pair.unsent.dialer = MAX_UNSENT_FRAMES - 1;
  pair.runUntil(4_000);
  equal(pair.cellTimes("dialer").length, before + 4);
});

test("no progress for 30 s closes, and any progress counts", () => {
  using pair = makePair("progress").authenticate();
  pair.runUntil(1_000);
  pair.unsent.dialer = 5;
  pair.runUntil(20_000);
  // The queue has moved on by one while another was added: that is progress.
  pair.unsent.dialer = 4;
  pair.runUntil(20_300);
  const lastProgress = pair.cellTimes("dialer").at(-1)!;
  pair.unsent.dialer = 16;
  pair.holding.dialer = true;
  // 16 more unsent than taken: nothing moves from here.
  pair.runUntil(lastProgress + NO_PROGRESS_TIMEOUT_MS - 500);
  equal(pair.closed("dialer"), undefined);
  pair.runUntil(lastProgress + NO_PROGRESS_TIMEOUT_MS + 500);
  equal(pair.closed("dialer"), "timeout");
});

test("no progress is counted from the admittance, and from the first frame that is taken", () => {
  for (const firstTakenAtTick of [Infinity, 0, 1]) {
    using own = inPhase({ role: "dialer", phase: "verified" });
    own.step({ type: "admit" }, 5_000);
    let [sent, now, lastProgress] = [1, 5_000, 5_000]; // the answer
    for (let tick = 0; own.session.phase === "live"; tick++) {
      now = own.session.deadline;
      if (tick === firstTakenAtTick) lastProgress = now;
      const unsent = Math.min(tick < firstTakenAtTick ? sent : sent - 1, MAX_UNSENT_FRAMES);
      const effects = own.step({ type: "time", unsent }, now);
      sent += effects.filter(({ type }) => type === "send").length;
    }
    equal(now, lastProgress + NO_PROGRESS_TIMEOUT_MS);
  }
});

test("nothing for 90 s closes once the socket has had a moment to show what waits in it; a frame in that moment starts anew", () => {
  using pair = makePair("grace").authenticate();
  pair.runUntil(1_000);
  const last = pair.cellTimes("listener").at(-1)!;
  pair.holding.listener = true;
  pair.runUntil(last + DEAD_AFTER_MS + 50);
  pair.step("dialer", { type: "frame", frame: pair.held.listener.shift()! });
  const again = pair.now;
  pair.runUntil(again + DEAD_AFTER_MS + SILENCE_GRACE_MS - 1);
  equal(pair.closed("dialer"), undefined);
  pair.runUntil(again + DEAD_AFTER_MS + SILENCE_GRACE_MS);
  equal(pair.closed("dialer"), "timeout");
});

test("a machine that slept starts again once, and not a second time without a frame in between", () => {
  using pair = makePair("slept").authenticate();
  pair.runUntil(1_000);
  pair.holding.listener = true;
  pair.now += 3_600_000;
  pair.step("dialer", { type: "time", unsent: 3 });
  equal(pair.closed("dialer"), undefined);
  const woke = pair.now;
  // Its own clock only: the other side sleeps on.
  const runDialer = (end: number) => {
    while (pair.sessions.dialer.deadline <= end) {
      pair.now = Math.max(pair.now, pair.sessions.dialer.deadline);
      pair.step("dialer", { type: "time", unsent: 0 });
    }
  };
  runDialer(woke + DEAD_AFTER_MS - 1);
  equal(pair.closed("dialer"), undefined);
  pair.now = woke + DEAD_AFTER_MS + 60_000;
  pair.step("dialer", { type: "time", unsent: 0 });
  equal(pair.closed("dialer"), undefined, "it is noticed, and looked at once more");
  pair.now += SILENCE_GRACE_MS;
  pair.step("dialer", { type: "time", unsent: 0 });
  equal(pair.closed("dialer"), "timeout");
});

test("a timer that is late by more than SLEPT_MS tells of sleep, one that is late by just that does not", () => {
  for (const [late, slept] of [[SLEPT_MS, false], [SLEPT_MS + 1, true]] as const) {
    using own = inPhase({ role: "dialer", phase: "verified" });
    own.session.step({ type: "admit" }, 0, (bytes) => void bytes.fill(0));
    equal(own.session.deadline, 0);
    own.time(late);
    equal(own.session.isSilent(SILENT_IDLE_MS), !slept);
  }
});

test("a machine that slept twice, with a frame between, starts anew twice", () => {
  using both = against("dialer", "slept twice");
  const { session, peer } = both;
  let now = 0;
  for (let nights = 0; nights < 2; nights++) {
    now += 3_600_000;
    both.time(now);
    both.time(now + SILENCE_GRACE_MS);
    equal(session.phase, "live");
    deepEqual(both.feed(now + 1_000, [peer.dummy()]), [[{ type: "opened" }]]);
  }
});

test("sleep after silence was noticed gives back the moment to look", () => {
  using pair = makePair("slept late").authenticate();
  pair.runUntil(1_000);
  const last = pair.cellTimes("listener").at(-1)!;
  pair.holding.listener = true;
  pair.runUntil(last + DEAD_AFTER_MS + 10);
  pair.now += 60_000;
  pair.step("dialer", { type: "time", unsent: 0 });
  const woke = pair.now;
  while (pair.sessions.dialer.deadline < woke + DEAD_AFTER_MS + SILENCE_GRACE_MS) {
    pair.now = pair.sessions.dialer.deadline;
    pair.step("dialer", { type: "time", unsent: 0 });
    equal(pair.closed("dialer"), undefined);
  }
});

test("cover off: typing on a silent link is no sleep, and does not keep it alive", () => {
  const deadAt = (typing: boolean) => {
    using pair = makePair("typing is no sleep", COVER_OFF).authenticate();
    pair.runUntil(1_000);
    pair.holding.listener = true; // from here on the dialer hears nothing
    for (let typed = false; pair.closed("dialer") === undefined;) {
      if (typing && !typed && pair.sessions.dialer.deadline > 75_000) {
        typed = true;
        pair.now = 75_000; // between two dummies
        pair.step("dialer", { type: "submit", message: chat(1) });
      }
      pair.now = Math.max(pair.now, pair.sessions.dialer.deadline);
      pair.step("dialer", { type: "time", unsent: 0 });
    }
    return pair.now;
  };
  equal(deadAt(true), deadAt(false));
});

test("cover off: a nudge brings a cell at once", () => {
  using pair = makePair("nudge", COVER_OFF).authenticate();
  pair.runUntil(5_000);
  const before = pair.cellTimes("dialer").length;
  pair.step("dialer", { type: "nudge" });
  pair.runUntil(5_000);
  equal(pair.cellTimes("dialer").length, before + 1);
});

test("silence is counted from the last frame, and by the pace of the cells that were opened", () => {
  using both = against("dialer", "silence");
  const { session, peer } = both;
  deepEqual(both.feed(1_000, [forged(peer)]), [[]]);
  deepEqual([45_999, 46_000].map((now) => session.isSilent(now)), [false, true]);
  for (let i = 0; i < 10; i++) both.feed(46_000 + 250 * i, [peer.dummy()]);
  deepEqual([49_000, 49_001].map((now) => session.quietFor(now)), [0, 751]);
});

// --- Renewals, sections 4 and 7 ---

/** Epoch and number of each cell that one side sent, and when. */
function cellsOf(pair: SessionPair, by: Role): { at: number; epoch: number; n: number }[] {
  return pair.happened.flatMap(({ at, by: who, effect }) => {
    if (who !== by || effect.type !== "send" || effect.frame[1] !== FrameType.cell) return [];
    const view = new DataView(effect.frame.buffer, effect.frame.byteOffset);
    return [{ at, epoch: view.getUint32(4), n: view.getUint16(10) }];
  });
}

/** The epochs' first cells. */
function epochsOf(pair: SessionPair, by: Role): number[] {
  return cellsOf(pair, by).filter(({ n }) => n === 0).map(({ at }) => at);
}

Deno.test("somebody who talks without pause renews as often as somebody who is silent", () => {
  const run = (talking: readonly Role[]) => {
    using pair = makePair("renews").authenticate();
    for (const role of talking) {
      for (let i = 0; i < 60; i++) {
        pair.step(role, { type: "submit", message: chat(role === "dialer" ? i : 1000 + i, "x".repeat(9000)) });
      }
    }
    pair.runUntil(60_000);
    for (const role of talking) ok(pair.received(other(role)).length > 20);
    return (["dialer", "listener"] as const).map((role) => cellsOf(pair, role));
  };
  const silent = run([]);
  ok(silent[0]!.at(-1)!.epoch >= 20);
  deepEqual(run(["dialer"]), silent);
  deepEqual(run(["dialer", "listener"]), silent);
});

test("with cover an epoch lasts ten of the dialer's ticks, whatever the listener's are", () => {
  for (const listenerMs of [50, 250, 1_000]) {
    const shape = { dialer: CONSTANT, listener: { cover: "constant", intervalMs: listenerMs } as const };
    using pair = makePair("epochs", shape).authenticate();
    pair.runUntil(120_000);
    const lasting = epochsOf(pair, "dialer").map((at, i, all) => at - (all[i - 1] ?? at)).slice(1);
    ok(lasting.length > 20);
    // The first is of the opening.
    ok(lasting.shift()! < 9 * 250);
    // Nine cells to the key; then the listener's next tick, and the dialer's.
    ok(lasting.every((ms) => ms >= 9 * 250 && ms <= (9 + 1) * 250 + listenerMs), lasting.join(" "));
  }
});

test("cover off: a renewal is no reason to send, and what its cell would have carried leaves 20 ms later", () => {
  using pair = makePair("off renews", COVER_OFF).authenticate();
  pair.runUntil(1_000);
  pair.step("dialer", { type: "submit", message: chat(1, "x".repeat(12_000)) });
  pair.runUntil(2_000);
  // The first dummy, seven fragments, the key in the place of the eighth, and the rest.
  const sent = cellsOf(pair, "dialer").filter(({ at }) => at >= 1_000);
  deepEqual(sent.map(({ n }) => n), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  deepEqual(sent.map(({ at }) => at - sent[0]!.at), sent.map((_, i) => 20 * i));
  deepEqual(pair.received("listener"), [chat(1, "x".repeat(12_000))]);
  // The listener has a ciphertext to send and nothing to say: it waits for its dummy.
  equal(pair.cellTimes("listener").length, 1);
  pair.runUntil(35_000);
  equal(pair.cellTimes("listener").length, 2);
  equal(cellsOf(pair, "listener").at(-1)!.epoch, 0);
  pair.step("listener", { type: "submit", message: chat(9) });
  pair.runUntil(36_000);
  equal(cellsOf(pair, "listener").at(-1)!.epoch, 1);
});

test("a silent dialer without cover and a listener at 50 ms live on, the listener's chain below its end", () => {
  const shape = { dialer: COVER_OFF, listener: { cover: "constant", intervalMs: 50 } as const };
  using pair = makePair("long chain", shape).authenticate();
  pair.runUntil(15 * 60_000);
  equal(pair.closed("dialer") ?? pair.closed("listener"), undefined);
  const longest = Math.max(...cellsOf(pair, "listener").map(({ n }) => n));
  ok(longest > 5_000 && longest < 7_300, `${longest}`);
  ok(epochsOf(pair, "listener").length >= 3);
});

test("leaving when the key is next: it goes first, and the bye is the second cell", () => {
  const shape = { cover: "constant", intervalMs: INTERVAL_MAX_MS } as const;
  using pair = makePair("leaves at the key", shape).authenticate();
  while (cellsOf(pair, "dialer").length < 8) pair.runUntil(pair.sessions.dialer.deadline);
  pair.step("dialer", { type: "leave" });
  const tick = pair.sessions.dialer.deadline;
  pair.runUntil(tick + BYE_TIMEOUT_MS);
  equal(pair.closed("listener"), "bye");
  const key = cellsOf(pair, "dialer")[8]!;
  deepEqual([key.at, key.n], [tick, 8]);
  const goodbye = pair.happened.find(({ by, effect }) => by === "listener" && effect.type === "close");
  equal(goodbye?.at, tick + OPENING_GAP_MS);
});

test("a quiet moment is asked for once cell 7 has left; the key is made then, and without one on the tick of cell 8", () => {
  for (const quiet of [true, false]) {
    using pair = makePair("quiet").authenticate();
    const { dialer, listener } = pair.sessions;
    while (cellsOf(pair, "dialer").length < 8) {
      equal(dialer.wantsQuiet, false);
      pair.runUntil(dialer.deadline);
    }
    equal(dialer.wantsQuiet, true);
    equal(listener.wantsQuiet, false);
    if (quiet) {
      const used = arena.used;
      deepEqual(pair.step("dialer", { type: "quiet" }), []);
      equal(arena.used, used + 2, "seed and X25519 key");
      equal(dialer.wantsQuiet, false);
      pair.step("dialer", { type: "quiet" });
      equal(arena.used, used + 2);
    }
    pair.runUntil(dialer.deadline);
    equal(dialer.wantsQuiet, false);
    equal(cellsOf(pair, "dialer").at(-1)!.n, 8);
    pair.runUntil(20_000);
    ok(epochsOf(pair, "dialer").length >= 6);
  }
  using own = inPhase({ role: "dialer", phase: "answered" });
  deepEqual(own.step({ type: "quiet" }, 0), []);
});

/** A live listener at 250 ms whose next tick is known, and a dialer whose key is its next cell. */
function beforeKey(seed: string, shape: Shape = CONSTANT) {
  const both = against("listener", seed, shape);
  const { session, peer } = both;
  both.time(300);
  both.feed(300, Array.from({ length: 8 }, () => peer.dummy()));
  equal(peer.due()?.kind, "key");
  return Object.assign(both, { tick: session.deadline });
}

test("a key that comes within 4 ms before the tick is opened 1 ms after it, with what came behind it, in order", () => {
  for (const [early, held] of [[4.01, false], [4, true], [0.5, true], [0, true]] as const) {
    using both = beforeKey(`held ${early}`);
    const { session, peer, tick } = both;
    const frames = [peer.dummy(), ...peer.message(chat(1)), peer.dummy()];
    const one = { type: "opened" };
    const opened = [one, one, { type: "received", message: chat(1) }, one];
    const effects = both.feed(tick - early, frames).flat();
    deepEqual(effects, held ? [] : opened);
    equal(session.deadline, tick);
    equal(both.time(tick).length, 1, "the tick sends its cell and opens nothing");
    if (held) {
      equal(session.deadline, tick + 1);
      deepEqual(both.time(tick + 1), opened);
    }
    equal(session.deadline, tick + 250);
  }
});

test("a key that waits for a tick is not opened by whatever else looks at the time", () => {
  using both = beforeKey("held, looked at");
  const { peer, tick } = both;
  both.feed(tick - 1, [peer.dummy()]);
  deepEqual(both.time(tick - 0.5), []);
  deepEqual(both.time(tick).map(({ type }) => type), ["send"]);
  deepEqual(both.time(tick + 0.5), []);
  deepEqual(both.time(tick + 1), [{ type: "opened" }]);
});

test("without cover a key waits for the cell of what has been said, and for no dummy far away", () => {
  for (const said of [true, false]) {
    using both = beforeKey("held without cover", COVER_OFF);
    const { session, peer, tick } = both;
    both.time(tick);
    if (said) both.step({ type: "submit", message: chat(1) }, tick + 5);
    equal(session.deadline < tick + 100, said);
    deepEqual(both.feed(tick + 18, [peer.dummy()]).flat(), said ? [] : [{ type: "opened" }]);
  }
});

test("another cell is opened at once, however near the tick is", () => {
  using both = against("listener", "not held");
  const { session, peer } = both;
  both.time(300);
  for (let n = 0; n < 8; n++) deepEqual(both.feed(session.deadline - 1, [peer.dummy()]), [[{ type: "opened" }]]);
});

test("at most 32 cells wait for a tick, and what waits when the link ends is looked at", () => {
  using many = beforeKey("many held");
  const effects = many.feed(many.tick - 1, Array.from({ length: 33 }, () => many.peer.dummy()));
  deepEqual(effects.map((some) => some.length), [...Array(31).fill(0), 32, 1]);
  using both = beforeKey("ended");
  const { peer, tick } = both;
  const frames = [peer.dummy(), ...peer.message(chat(1)), ...peer.message({ type: "bye" })];
  deepEqual(both.feed(tick - 1, frames).flat(), []);
  deepEqual(both.step({ type: "flush" }, tick - 1), [
    { type: "opened" },
    { type: "opened" },
    { type: "received", message: chat(1) },
    { type: "opened" },
    { type: "close", reason: "bye" },
  ]);
});

test("what was opened before a violation among cells that waited is not lost by it", () => {
  using both = beforeKey("held violation");
  const { session, peer, tick } = both;
  const wrong = new Uint8Array(CELL_PLAINTEXT_SIZE).fill(4);
  both.feed(tick - 1, [peer.dummy(), ...peer.message(chat(1)), peer.sealBytes(wrong), peer.dummy()]);
  both.time(tick);
  deepEqual(both.time(tick + 1), [
    { type: "opened" },
    { type: "opened" },
    { type: "received", message: chat(1) },
    { type: "close", reason: "protocol" },
  ]);
  equal(session.phase, "over");
});

test("a session whose renewal is taken away ends: by sixteen failures, or at the end of a chain", () => {
  // The key is left out, and all that comes behind it fails.
  {
    using both = against("listener", "key taken away");
    both.feed(0, Array.from({ length: 8 }, () => both.peer.dummy()));
    both.peer.dummy();
    const behind = Array.from({ length: MAX_FAILURES_IN_A_ROW }, () => both.feed(0, [both.peer.dummy()])[0]);
    deepEqual(behind.at(-1), violation);
  }
  // The ciphertext is left out, and the next epoch fails.
  {
    using both = against("dialer", "ciphertext taken away");
    const { peer } = both;
    for (let n = 0; n < 9; n++) peer.take(frameOf(both.time(300 + n * 250)));
    equal(peer.due()?.kind, "ciphertext");
    peer.dummy();
    const behind = Array.from({ length: MAX_FAILURES_IN_A_ROW }, () => both.feed(3_000, [peer.dummy()])[0]);
    deepEqual(behind.at(-1), violation);
  }
  // The listener never answers, and its own chain goes on: the dialer's ends.
  using both = against("dialer", "never answers");
  const { session, peer } = both;
  let [now, cells] = [0, 0];
  for (; session.phase === "live"; cells++) {
    now = Math.max(now, session.deadline);
    if (cells % 100 === 0) both.feed(now, [peer.dummy()]);
    const effects = both.time(now);
    if (session.phase !== "live") deepEqual(effects, [{ type: "close", reason: "timeout" }]);
  }
  equal(cells, MAX_CHAIN_CELLS + 1);
});

test("a key or a ciphertext out of place closes at once", () => {
  const key = { kind: "key", body: new Uint8Array(1216).fill(7) } as const;
  const ciphertext = { kind: "ciphertext", body: new Uint8Array(1120).fill(7) } as const;
  for (const role of ["listener", "dialer"] as const) {
    for (const cell of [key, ciphertext]) {
      using both = against(role, `out of place ${role} ${cell.kind}`);
      deepEqual(both.feed(0, [both.peer.seal(cell)]), [violation]);
    }
  }
});

// --- Messages, section 6 ---

test("messages arrive whole and in order both ways, and 16 KiB of them", () => {
  using pair = makePair("messages", COVER_OFF).authenticate();
  const longest = "ä".repeat((16_384 - encodeMessage(chat(1, "")).length) / 2);
  const said = [chat(1, ""), chat(2, longest), { type: "name", name: "Anna" } as const, chat(3, "a\nb\tc 🙂")];
  for (const message of said) {
    pair.step("dialer", { type: "submit", message });
    pair.step("listener", { type: "submit", message });
  }
  pair.runUntil(2_000);
  deepEqual(pair.received("listener"), said);
  deepEqual(pair.received("dialer"), said);
});

test("an ack leaves only after `shown`, before every message not begun, on the connection that its chat came on", () => {
  using pair = makePair("acks").authenticate();
  pair.step("dialer", { type: "submit", message: chat(1) });
  pair.runUntil(2_000);
  deepEqual(pair.received("listener"), [chat(1)]);
  deepEqual(pair.received("dialer"), []);
  equal(pair.sessions.listener.unacknowledged, 1);
  for (const n of [2, 3]) pair.step("listener", { type: "submit", message: chat(n) });
  pair.step("listener", { type: "shown", id: messageId(1) });
  pair.step("listener", { type: "shown", id: messageId(99) }); // of another connection: nobody to tell
  pair.runUntil(4_000);
  deepEqual(pair.received("dialer"), [{ type: "ack", id: messageId(1) }, chat(2), chat(3)]);
  equal(pair.sessions.listener.unacknowledged, 0);
});

test("bye follows the message being sent; what is queued is not sent; its sender closes 2 s after it", () => {
  using pair = makePair("bye").authenticate();
  pair.step("dialer", { type: "submit", message: chat(1, "x".repeat(3000)) });
  pair.step("dialer", { type: "submit", message: chat(2) });
  pair.runUntil(OPENING_GAP_MS);
  // A listener that keeps the link open.
  pair.holding.dialer = true;
  pair.step("dialer", { type: "leave" });
  pair.step("dialer", { type: "submit", message: chat(3) });
  pair.runUntil(1_000);
  const bye = pair.cellTimes("dialer")[3]!;
  pair.runUntil(bye + BYE_TIMEOUT_MS - 1);
  equal(pair.closed("dialer"), undefined);
  pair.runUntil(bye + BYE_TIMEOUT_MS);
  equal(pair.closed("dialer"), "bye");
  pair.release("dialer");
  deepEqual(pair.received("listener"), [chat(1, "x".repeat(3000))]);
  equal(pair.closed("listener"), "bye");
});

test("after its bye a side goes on with dummies on the grid until it closes, and says no second bye", () => {
  using both = against("dialer", "one bye");
  const { session, peer } = both;
  both.step({ type: "leave" }, 0);
  const times: number[] = [];
  let closedAt = Infinity;
  while (session.deadline < 10_000) {
    const now = session.deadline;
    for (const effect of both.time(now)) {
      if (effect.type === "send") times.push(now);
      if (effect.type === "close") closedAt = now;
    }
    both.feed(now, [peer.dummy()]);
  }
  equal(closedAt, times[0]! + BYE_TIMEOUT_MS);
  const grid = times.slice(OPENING_CELLS);
  deepEqual(grid, Array.from({ length: grid.length }, (_, k) => grid[0]! + k * 250));
  ok(times.length >= OPENING_CELLS + 7);
});

test("a side that leaves while nothing can be sent is gone 2 s after the tick that could not say bye", () => {
  using pair = makePair("stuck").authenticate();
  pair.runUntil(1_000);
  pair.unsent.dialer = MAX_UNSENT_FRAMES;
  pair.step("dialer", { type: "leave" });
  const tick = pair.sessions.dialer.deadline;
  pair.runUntil(tick + BYE_TIMEOUT_MS - 1);
  equal(pair.closed("dialer"), undefined);
  pair.runUntil(tick + BYE_TIMEOUT_MS);
  equal(pair.closed("dialer"), "bye");
});

test("a side that is not live leaves at once", () => {
  for (const stage of STAGES) {
    if (stage.phase === "live") continue;
    using own = inPhase(stage);
    deepEqual(own.step({ type: "leave" }, 0), [{ type: "close", reason: "bye" }]);
  }
});

test("the side that receives bye closes and reads nothing after it", () => {
  using both = against("listener", "bye");
  const frames = [...both.peer.message({ type: "bye" }), ...both.peer.message(chat(1))];
  deepEqual(both.feed(10, frames), [[{ type: "opened" }, { type: "close", reason: "bye" }], []]);
});

// --- Limits, sections 4 to 6 ---

test("a cell that finds the bucket empty closes: 4500 at once, then 100 a second", () => {
  using both = against("dialer", "bucket");
  const opened = [{ type: "opened" }];
  for (let i = 0; i < CELL_BUCKET_SIZE; i++) deepEqual(both.feed(1_000, [both.peer.dummy()]), [opened]);
  for (const now of [1_010, 1_020, 2_020]) {
    const cells = now === 2_020 ? 100 : 1;
    for (let i = 0; i < cells; i++) deepEqual(both.feed(now, [both.peer.dummy()]), [opened]);
  }
  deepEqual(both.feed(2_029, [both.peer.dummy()]), [violation]);
});

test("cells that had to wait use the allowance as of when they came, and gain nothing by it", () => {
  using both = against("dialer", "bucket of cells that wait");
  const step = (now: number, at: number) => both.step({ type: "frame", frame: both.peer.dummy(), at }, now);
  for (let i = 0; i < CELL_BUCKET_SIZE; i++) deepEqual(step(1_000 + i, 1_000), [{ type: "opened" }]);
  // Ten more by the time of this one; one that comes before it in the same queue takes none of that away.
  deepEqual(step(9_000, 1_100), [{ type: "opened" }]);
  for (let i = 1; i < 10; i++) deepEqual(step(9_000, 1_050), [{ type: "opened" }]);
  deepEqual(step(9_000, 1_100), violation);
});

test("a cell that passes over others uses 64 more of the allowance", () => {
  using both = against("dialer", "bucket of skips");
  const cells = Math.floor(CELL_BUCKET_SIZE / (1 + CELLS_OF_A_SKIP));
  let last: unknown;
  for (let i = 0; i <= cells + 1; i++) {
    both.peer.dummy(); // which never arrives
    last = both.feed(1_000, [both.peer.dummy()])[0];
    if (i < cells) deepEqual(last, [{ type: "opened" }], `cell ${i}`);
  }
  deepEqual(last, violation);
});

function forged(peer: RawPeer): Frame {
  const frame = peer.dummy().slice();
  frame[FRAME_SIZE - 1]! ^= 1;
  return frame;
}

test("the 16th failed cell in a row closes, an opened one sets the count back", () => {
  using both = against("dialer", "row");
  const bad = forged(both.peer);
  for (let round = 0; round < 2; round++) {
    for (let i = 1; i < MAX_FAILURES_IN_A_ROW; i++) deepEqual(both.feed(0, [bad]), [[]]);
    if (round === 0) deepEqual(both.feed(0, [both.peer.dummy()]), [[{ type: "opened" }]]);
  }
  deepEqual(both.feed(0, [bad]), [violation]);
});

test("the 64th failed cell in all closes, whatever was opened between", () => {
  using both = against("dialer", "all");
  const bad = forged(both.peer);
  for (let failures = 1; failures < MAX_FAILURES_IN_ALL; failures++) {
    deepEqual(both.feed(0, [bad]), [[]]);
    if (failures % 10 === 0) both.feed(0, [both.peer.dummy()]);
  }
  deepEqual(both.feed(0, [bad]), [violation]);
});

test("a replayed, reflected or foreign cell changes nothing and is dropped", () => {
  using both = against("listener", "replay");
  const cell = both.peer.dummy();
  const own = frameOf(both.time(300));
  deepEqual(both.feed(300, [cell, cell, own, foreignFrames().get(FrameType.cell)!, both.peer.dummy()]), [
    [{ type: "opened" }],
    [],
    [],
    [],
    [{ type: "opened" }],
  ]);
});

test("a receiver that holds 64 chats not yet acked takes no more; an ack that has left makes room", () => {
  using both = against("dialer", "unacked");
  const { session, peer } = both;
  const received = (n: number) => [{ type: "opened" }, { type: "received", message: chat(n) }];
  for (let n = 0; n < MAX_UNCONFIRMED; n++) deepEqual(both.feed(0, peer.message(chat(n))), [received(n)]);
  equal(session.unacknowledged, MAX_UNCONFIRMED);
  both.step({ type: "shown", id: messageId(7) }, 10);
  equal(session.unacknowledged, MAX_UNCONFIRMED, "the ack is queued and has not left");
  both.time(300);
  equal(session.unacknowledged, MAX_UNCONFIRMED - 1);
  deepEqual(both.feed(300, peer.message(chat(100))), [received(100)]);
  deepEqual(both.feed(300, peer.message(chat(101))), [violation]);
});

test("an id twice on one connection closes, also when it was acked", () => {
  using both = against("listener", "repeated");
  both.feed(0, both.peer.message(chat(1)));
  both.step({ type: "shown", id: messageId(1) }, 0);
  both.time(300);
  deepEqual(both.feed(300, both.peer.message(chat(1, "another text"))), [violation]);
});

test("the last 1024 ids of a connection are known, and no more", () => {
  using both = against("dialer", "ids");
  const { peer } = both;
  let now = 0;
  const say = (n: number) => {
    now += 1_000;
    const [effects] = both.feed(now, peer.message(chat(n)));
    both.step({ type: "shown", id: messageId(n) }, now);
    both.time(now);
    return effects;
  };
  const received = (n: number) => [{ type: "opened" }, { type: "received", message: chat(n) }];
  for (let n = 0; n <= SHOWN_IDS_PER_PEER; n++) say(n);
  deepEqual(say(0), received(0), "the oldest is forgotten, and takes the place of the next");
  deepEqual(say(2), violation);
});

test("names and acks have no ids that count", () => {
  using both = against("listener", "names");
  const said = [{ type: "name", name: "a" }, { type: "name", name: "a" }, { type: "ack", id: messageId(1) }] as const;
  for (const message of [...said, said[2]]) {
    deepEqual(both.feed(0, both.peer.message(message)), [[{ type: "opened" }, { type: "received", message }]]);
  }
  equal(both.session.unacknowledged, 0);
});

test("a circle that names sender or receiver among the others closes", () => {
  const others = (peer: string): Message => ({ type: "circle", you: "", with: [{ peer, name: "x" }] });
  for (const peer of Object.values(IDS)) {
    using both = against("listener", "circle");
    deepEqual(both.feed(0, both.peer.message(others(peer))), [violation]);
  }
  using both = against("listener", "circle");
  const message = others("cc".repeat(32));
  deepEqual(both.feed(0, both.peer.message(message)), [[{ type: "opened" }, { type: "received", message }]]);
});

test("a reveal that does not open its commit closes; one that does is handed on, and a third verify closes", () => {
  const n = new Uint8Array(32).fill(7);
  const commit = (sender: string, receiver: string) => {
    const hash = sha256(concatBytes(utf8("sesame/1 verify commit"), fromHex(sender), fromHex(receiver), n));
    return toB32(hash);
  };
  const right = commit(IDS.dialer, IDS.listener);
  const wrong: Message[] = [
    { type: "verify", commit: right, reveal: toB32(new Uint8Array(32)) },
    { type: "verify", commit: commit(IDS.listener, IDS.dialer), reveal: toB32(n) }, // ours, copied
  ];
  for (const message of wrong) {
    using both = against("listener", "reveal");
    deepEqual(both.feed(0, both.peer.message(message)), [violation]);
  }
  using both = against("listener", "verify");
  const said: Message[] = [{ type: "verify", commit: right, reveal: "" }, {
    type: "verify",
    commit: right,
    reveal: toB32(n),
  }];
  for (const message of said) {
    deepEqual(both.feed(0, both.peer.message(message)), [[{ type: "opened" }, { type: "received", message }]]);
  }
  deepEqual(both.feed(0, both.peer.message(said[1]!)), [violation]);
});

test("the beginning of a circle is told with its cells, when the first of them leaves", () => {
  using pair = makePair("begun").authenticate();
  const members = Array.from(
    { length: 20 },
    (_, i) => ({ peer: (i + 16).toString(16).repeat(32), name: "n".repeat(32) }),
  );
  const circle: Message = { type: "circle", you: "", with: inCircleOrder(members) };
  pair.step("dialer", { type: "submit", message: { ...circle, with: [] } });
  pair.step("dialer", { type: "withdraw circle" });
  pair.runUntil(2_000);
  deepEqual(pair.received("listener"), []);
  pair.step("dialer", { type: "submit", message: circle });
  pair.runUntil(4_000);
  deepEqual(pair.received("listener"), [circle]);
  const begun = pair.happened.filter(({ effect }) => effect.type === "begun");
  deepEqual(begun.map(({ effect, by }) => [by, effect.type === "begun" && effect.cells]), [["dialer", 2]]);
  const cells = pair.happened.filter(({ by, effect }) => by === "dialer" && effect.type === "send").map(({ at }) => at);
  ok(cells.includes(begun[0]!.at), "with a tick");
});

test("fragments of one message are contiguous: dummies may stand between, another message may not", () => {
  const long = chat(1, "x".repeat(3000));
  {
    using both = against("listener", "dummies between");
    const [a, b, c] = both.peer.message(long);
    // Sealed in their order; the dummy goes in where its counter says.
    deepEqual(both.feed(0, [a!, b!, c!]).at(-1), [{ type: "opened" }, { type: "received", message: long }]);
    using again = against("listener", "dummies");
    const parts = fragments(again.peer, 0, encodeMessage(long));
    const effects = parts.flatMap((seal) => again.feed(0, [seal(), again.peer.dummy()]));
    deepEqual(effects.at(-2), [{ type: "opened" }, { type: "received", message: long }]);
  }
  using both = against("listener", "interleaved");
  const [first] = fragments(both.peer, 0, encodeMessage(long));
  const [stranger] = fragments(both.peer, 1, encodeMessage(chat(2)));
  deepEqual(both.feed(0, [first!()]), [[{ type: "opened" }]]);
  deepEqual(both.feed(0, [stranger!()]), [violation]);
});

test("a fragment out of order, repeated, left out, or of a skipped message id closes", () => {
  const json = encodeMessage(chat(1, "x".repeat(3000)));
  const small = encodeMessage(chat(1));
  const orders: [string, (peer: RawPeer) => (() => Frame)[]][] = [
    ["begins with the second", (peer) => fragments(peer, 0, json).slice(1, 2)],
    ["repeats the first", (peer) => [fragments(peer, 0, json)[0]!, fragments(peer, 0, json)[0]!]],
    ["leaves one out", (peer) => [fragments(peer, 0, json)[0]!, fragments(peer, 0, json)[2]!]],
    ["skips an id", (peer) => fragments(peer, 1, small)],
    ["repeats an id", (peer) => [...fragments(peer, 0, small), ...fragments(peer, 0, encodeMessage(chat(2)))]],
  ];
  for (const [name, order] of orders) {
    using both = against("dialer", name);
    const effects = order(both.peer).map((seal) => both.feed(0, [seal()])[0]!);
    deepEqual(effects.at(-1), violation, name);
  }
});

/** Each seals when it is called, so that a test chooses the order of the counters. */
function fragments(peer: RawPeer, messageId: number, json: Uint8Array): (() => Frame)[] {
  const count = Math.ceil(json.length / FRAGMENT_CAPACITY);
  return Array.from({ length: count }, (_, index) => () => {
    const data = json.subarray(index * FRAGMENT_CAPACITY, (index + 1) * FRAGMENT_CAPACITY);
    return peer.seal({ kind: "fragment", messageId, index, count, data });
  });
}

test("an unknown kind of cell, a wrong field, a non-zero unused byte or a bad message closes at once", () => {
  const plaintexts: [string, (bytes: Uint8Array) => void][] = [
    ["kind 4", (bytes) => bytes[0] = 4],
    ["a dummy with a byte set", (bytes) => bytes[CELL_PLAINTEXT_SIZE - 1] = 1],
    ["a fragment of nothing", (bytes) => bytes[0] = 1],
  ];
  for (const [name, write] of plaintexts) {
    using both = against("listener", name);
    const bytes = new Uint8Array(CELL_PLAINTEXT_SIZE);
    write(bytes);
    deepEqual(both.feed(0, [both.peer.sealBytes(bytes)]), [violation], name);
  }
  for (const json of ["{}", "[]", '{"type":"bye","x":1}', '{"type":"wave"}', "\ufeff{}", '{"type":"ack","id":"x"}']) {
    using both = against("listener", json);
    deepEqual(both.feed(0, both.peer.json(new TextEncoder().encode(json))), [violation], json);
  }
});

test("a lost cell within a message drops that message and nothing else", () => {
  using both = against("listener", "lost");
  const parts = both.peer.message(chat(1, "x".repeat(3000)));
  const next = both.peer.message(chat(2));
  deepEqual(both.feed(0, [parts[0]!, parts[2]!, ...next]), [
    [{ type: "opened" }],
    [{ type: "opened" }],
    [{ type: "opened" }, { type: "received", message: chat(2) }],
  ]);
});

test("a cell that does not open drops the message around it and nothing else", () => {
  using both = against("listener", "failed within");
  const bad = forged(both.peer);
  const parts = both.peer.message(chat(1, "x".repeat(2000)));
  const next = both.peer.message(chat(2));
  deepEqual(both.feed(0, [parts[0]!, bad, parts[1]!, ...next]), [
    [{ type: "opened" }],
    [],
    [{ type: "opened" }],
    [{ type: "opened" }, { type: "received", message: chat(2) }],
  ]);
});

test("a cell that comes late brings a whole message, and a part of one is ignored", () => {
  using both = against("listener", "late");
  const parts = both.peer.message(chat(1, "x".repeat(2000)));
  const [second, third] = [chat(2), chat(3)].map((message) => both.peer.message(message)[0]!);
  deepEqual(both.feed(0, [third!, parts[1]!, second!, parts[0]!]), [
    [{ type: "opened" }, { type: "received", message: chat(3) }],
    [{ type: "opened" }],
    [{ type: "opened" }, { type: "received", message: chat(2) }],
    [{ type: "opened" }],
  ]);
});

// --- What is left of messages, and bugs ---

const wiped = (bytes: unknown) => (bytes as Uint8Array).every((byte) => byte === 0);

test("a message's bytes are wiped once it has been read, good or bad", () => {
  for (const json of [encodeMessage(chat(1)), new TextEncoder().encode('{"type":"wave"}')]) {
    using both = against("listener", "read");
    const frames = both.peer.json(json);
    const decoded = watching(TextDecoder.prototype, "decode", () => void both.feed(0, frames));
    equal(decoded.length, 1);
    ok(wiped(decoded[0]!.args[0]));
  }
});

test("a message's bytes are wiped once they have left", () => {
  using both = against("listener", "left");
  const [encoded] = watching(
    TextEncoder.prototype,
    "encode",
    () => {
      both.step({ type: "submit", message: chat(1) }, 0);
      both.time(300);
    },
  );
  ok(wiped(encoded!.result));
});

test("a link whose sending chain is used up is closed", () => {
  using both = against("listener", "used up");
  const canSeal = Object.getOwnPropertyDescriptor(Ratchet.prototype, "canSeal")!;
  Object.defineProperty(Ratchet.prototype, "canSeal", { get: () => false, configurable: true });
  try {
    deepEqual(both.time(300), [{ type: "close", reason: "timeout" }]);
  } finally {
    Object.defineProperty(Ratchet.prototype, "canSeal", canSeal);
  }
});

test("a session that ends wipes what it has of a message, on its way out or in", () => {
  using both = against("listener", "parts");
  const { session, peer } = both;
  const encoded = watching(TextEncoder.prototype, "encode", () => {
    both.step({ type: "submit", message: chat(1, "x".repeat(2000)) }, 0);
    both.time(300);
  });
  const json = encoded.at(-1)!.result;
  const [first] = peer.message(chat(2, "y".repeat(2000)));
  const written = watching(Uint8Array.prototype, "set", () => void both.feed(300, [first!]))
    .filter(({ self }) => new TextDecoder("latin1").decode(self as Uint8Array).includes("yyyy"));
  equal(written.length, 1);
  equal(wiped(json), false);
  session[Symbol.dispose]();
  ok(wiped(json));
  ok(wiped(written[0]!.self));
});

test("anything thrown that is not a violation is a bug, and is passed up", () => {
  const session = makeSession(arena, "listener");
  const broken = () => {
    throw new RangeError("no entropy");
  };
  throws(() => session.step({ type: "opened", phrase }, 0, broken), RangeError);
  session[Symbol.dispose]();
});

// --- Any events at all ---

test("whatever happens in whatever order, a session ends quietly or goes on, and leaves no secret behind", () => {
  const frames = [...foreignFrames().values()];
  const bent = fc.tuple(fc.constantFrom(...frames), fc.nat(FRAME_SIZE - 1), fc.nat(255)).map(([genuine, at, x]) => {
    const frame = genuine.slice();
    frame[at]! ^= x;
    return { type: "frame", frame } as const;
  });
  const event = fc.oneof(
    fc.constantFrom<Event>(
      { type: "opened", phrase },
      { type: "stretched", phrase },
      { type: "admit" },
      { type: "nudge" },
      { type: "leave" },
      { type: "quiet" },
      { type: "flush" },
      { type: "time", unsent: 0 },
      { type: "submit", message: chat(1) },
      { type: "shown", id: messageId(1) },
    ),
    bent,
  );
  fc.assert(
    fc.property(
      fc.constantFrom<Role>("dialer", "listener"),
      fc.constantFrom(CONSTANT, COVER_OFF),
      fc.array(fc.tuple(event, fc.integer({ min: 0, max: INTERVAL_MAX_MS })), { maxLength: 25 }),
      (role, shape, events) => {
        {
          using own = new Subject(makeSession(arena, role, shape), seededEntropy("any"), []);
          let now = 0;
          for (const [event, ms] of events) {
            own.step(event, now += ms);
            ok(own.session.phase !== "over" || own.session.deadline === Infinity);
          }
        }
        equal(arena.used, base);
      },
    ),
    { seed: 11, numRuns: 300 },
  );
});

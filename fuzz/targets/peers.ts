// docs/PROTOCOL.md sections 6 and 8: two whole cores and a stranger, with a network between them that does what the input says.
// Input: whether both have the same phrase, `--friends`, cover; then a list of events.

import { StretchedPhrase } from "../../src/auth/stretched.ts";
import { FRAME_SIZE } from "../../src/constants.ts";
import type { Frame, PeerId } from "../../src/ports.ts";
import type { Source } from "../../src/peers/addresses.ts";
import type { Effect, Event } from "../../src/peers/event.ts";
import { Peers } from "../../src/peers/step.ts";
import type { Arena } from "../../src/secrets/locked.ts";
import { seededEntropy, testArena } from "../../tests/harness/arena.ts";
import { edit, Input, joined, must, padded, type Target } from "../target.ts";

const OPS_MAX = 100;
/** Of all links together, so that no input takes long. */
const TICKS_MAX = 400;
/** Steps of time at one moment: of two cores with a few links each. */
const AGAIN_MAX = 20;
const IDS: readonly PeerId[] = ["aa".repeat(32), "bb".repeat(32)];

export const target: Target = {
  name: "peers",
  maxLength: 500,
  dictionary: [Uint8Array.of(0, 0, 0), Uint8Array.of(0, 1, 1), Uint8Array.of(6, 1, 0xf4)],
  // Events: 0 call, 1 hold a wire or let it go, 2 cut one, 3 say, 4 disturb, 5 a stranger, 6 time passes, 7 leave, 8 show.
  seeds: () => [
    joined([0], [0, 0, 0], [6, 0, 1, 0xf4], [3, 0, 5], [6, 0, 0x20, 0], [3, 1, 2], [6, 0, 3, 0], [7, 0], [
      6,
      0,
      0x0b,
      0xb8,
    ]),
    joined([0], [0, 0, 1], [0, 1, 1], [6, 0, 1, 0xf4], [3, 0, 2], [6, 0, 1, 0xf4], [2, 0, 0, 2], [6, 0, 0x1f, 0xff], [
      3,
      1,
      2,
    ]),
    joined([4], [0, 0, 1], [6, 0, 1, 0], [8, 1], [3, 0, 1], [6, 0, 1, 0], [2, 0, 0, 2], [6, 0, 9, 0], [6, 0, 9, 0], [
      8,
      1,
    ]),
    joined([1], [0, 0, 1], [6, 0, 9, 0xf4], [0, 1, 0], [6, 0, 9, 0xf4]),
    joined([2], [5, 0, 0, 3], [5, 1, 1, 2, 0, 2, 9, 9], [0, 0, 0], [6, 1, 0xf4], [4, 0, 0, 1, 0, 2, 9, 3]),
    joined([4], [0, 0, 1], [1, 0, 1], [6, 0, 1, 0xf4], [3, 0, 1], [1, 0, 0], [6, 0, 0xff, 0xff], [6, 0, 0xff, 0xff]),
  ],
  async make() {
    const arena = await testArena();
    return (data) => {
      const before = arena.used;
      play(arena, new Input(data));
      must(arena.used === before, "every secret is given back");
    };
  },
};

interface Wire {
  /** By side of the core: 0 or 1. A stranger's wire has one core only. */
  readonly ends: (End | undefined)[];
  readonly waiting: Frame[][];
  readonly holding: boolean[];
}

interface End {
  readonly core: Core;
  readonly link: number;
  open: boolean;
}

function play(arena: Arena, input: Input): void {
  const flags = input.u8();
  const shape = { cover: (flags & 4) === 0 ? "constant" : "off", intervalMs: 250 } as const;
  const friends = (flags & 2) === 0 ? undefined : 1;
  const samePhrase = (flags & 1) === 0;
  const world = new World();
  using first = new Core(arena, world, 0, {
    self: IDS[0]!,
    shape,
    name: "Ada",
    friends,
    introductions: "ask",
    hidden: false,
  }, 1);
  using second = new Core(arena, world, 1, {
    self: IDS[1]!,
    shape,
    name: undefined,
    friends: undefined,
    introductions: "yes",
    hidden: false,
  }, samePhrase ? 1 : 2);
  world.cores.push(first, second);
  for (let n = 0; n < OPS_MAX && !input.empty; n++) {
    event(world, input);
    world.check(samePhrase);
  }
}

function event(world: World, input: Input): void {
  const op = input.pick(9);
  const core = world.cores[input.pick(2)]!;
  if (op === 0) {
    return core.step({ type: "call", target: String(1 - core.side), retry: input.pick(2) === 1 });
  }
  if (op === 1) return world.hold(core.side, input.pick(10));
  if (op === 2) return world.cut(input.pick(8), input.pick(3));
  if (op === 3) return core.say(input.pick(6));
  if (op === 4) return world.disturb(core.side, input);
  if (op === 5) return world.stranger(core, input);
  if (op === 6) return world.pass(core.side === 0 ? input.u16() : input.u8());
  if (op === 7) return core.step({ type: "leave" });
  core.screenIsSlow = !core.screenIsSlow;
  core.show();
}

class World {
  now = 0;
  #ticks = 0;
  readonly cores: Core[] = [];
  readonly wires: Wire[] = [];

  /** The other side takes the call, if it takes it. */
  dial(from: Core, call: number): void {
    const to = this.cores[1 - from.side]!;
    const fail = () => from.step({ type: "dialFailed", call, failure: { at: "connect", why: "turned-away" } });
    if (to.gone) return fail();
    const source = { address: `host ${from.side}`, network: "hosts", wide: "all" };
    to.arrive(source, { start: (caller) => this.join(from, to, call, caller), shut: fail });
  }

  join(from: Core, to: Core, call: number, caller: number): void {
    const wire: Wire = { ends: [], waiting: [[], []], holding: [false, false] };
    if (this.wires.length > 40) this.wires.shift();
    this.wires.push(wire);
    const channelBinding = new Uint8Array(64).fill(this.wires.length);
    for (const core of [to, from]) {
      const link = core.nextLink++;
      const end = { core, link, open: true };
      wire.ends[core.side] = end;
      core.ends.set(link, { wire, end });
      const role = core === from ? "dialer" as const : "listener" as const;
      const facts = { role, self: IDS[core.side]!, peer: IDS[1 - core.side]!, channelBinding };
      core.step({
        type: "linked",
        link,
        facts,
        address: `192.0.2.${core.side}:1`,
        local: `192.0.2.${core.side}`,
        ...(core === from ? { call } : { caller }),
      });
    }
    for (const side of [0, 1]) this.flush(wire, side);
  }

  /** What this side sent goes over, unless it is held. */
  flush(wire: Wire, from: number, most = Infinity): void {
    const to = wire.ends[1 - from];
    if (to === undefined) return;
    for (
      let n = 0;
      n < most && to.open && wire.waiting[from]!.length > 0 &&
      (!wire.holding[from] || most < Infinity);
      n++
    ) {
      const frame = wire.waiting[from]!.shift()!;
      to.core.step({ type: "frame", link: to.link, frame });
    }
  }

  hold(side: number, which: number): void {
    const wire = this.wires.at(-1 - which % Math.max(1, this.wires.length));
    if (wire === undefined) return;
    wire.holding[side] = !wire.holding[side];
    this.flush(wire, side);
  }

  /** The link ends, for one side or both; what was under way is lost. */
  cut(which: number, whom: number): void {
    const wire = this.wires.at(-1 - which % Math.max(1, this.wires.length));
    for (const end of wire?.ends ?? []) {
      if (end === undefined || !end.open || (whom < 2 && end.core.side !== whom)) continue;
      end.open = false;
      end.core.step({ type: "ended", link: end.link });
    }
  }

  disturb(side: number, input: Input): void {
    const wire = this.wires.at(-1 - input.pick(4));
    const to = wire?.ends[1 - side];
    if (wire === undefined || to === undefined || !to.open) return;
    const waiting = wire.waiting[side]!;
    const frame = waiting[input.pick(Math.max(1, waiting.length))];
    if (frame === undefined) {
      return to.core.step({ type: "frame", link: to.link, frame: padded(input.some(40), FRAME_SIZE) });
    }
    if (input.pick(2) === 0) edit(frame, input, 2);
    else waiting.push(frame.slice());
    this.flush(wire, side, 3);
  }

  /** A caller who knows nothing. */
  stranger(core: Core, input: Input): void {
    const name = `stranger ${input.pick(4)}`;
    const frames = input.pick(4);
    if (core.gone) return;
    const source = { address: name, network: name, wide: "all" };
    core.arrive(source, { start: (caller) => this.strange(core, frames, caller, input), shut: () => {} });
  }

  strange(core: Core, frames: number, caller: number, input: Input): void {
    if (frames === 3) {
      return core.step({ type: "failed", caller, address: "x", why: "protocol" });
    }
    const link = core.nextLink++;
    const facts = {
      role: "listener" as const,
      self: IDS[core.side]!,
      peer: "cc".repeat(32),
      channelBinding: new Uint8Array(64),
    };
    core.ends.set(link, undefined);
    core.step({ type: "linked", link, facts, address: "198.51.100.1:1", local: "", caller });
    for (let n = 0; n < frames && core.ends.has(link); n++) {
      core.step({ type: "frame", link, frame: padded(joined([1, 2, 0, 0], input.some(60)), FRAME_SIZE) });
    }
    if (!core.ends.has(link)) return;
    core.ends.delete(link);
    core.step({ type: "ended", link });
  }

  pass(ms: number): void {
    const end = this.now + ms;
    // With cover off a message that moves to another link is due at once, by the step that moved it.
    let again = 0;
    for (; this.#ticks < TICKS_MAX; this.#ticks++) {
      const [core] = this.cores.filter(({ gone }) => !gone).toSorted((a, b) => a.peers.deadline - b.peers.deadline);
      if (core === undefined || core.peers.deadline > end) break;
      again = core.peers.deadline > this.now ? 0 : again + 1;
      must(again <= AGAIN_MAX, "a deadline that was met does not come again and again");
      this.now = Math.max(this.now, core.peers.deadline);
      core.step({ type: "time", unsent: () => 0 });
    }
    this.now = Math.max(this.now, end);
  }

  check(samePhrase: boolean): void {
    for (const core of this.cores) {
      const present = core.peers.present();
      must(new Set(present.map(({ peer }) => peer)).size === present.length, "one friend a PeerId");
      must(present.every(({ peer }) => peer === IDS[1 - core.side]), "only who proved to know the phrase is here");
      must(samePhrase || present.length === 0, "with another phrase nobody is here");
      must(present.every(({ links, unconfirmed }) => links >= 1 && links <= 40 && unconfirmed <= 64), "bounded");
    }
  }
}

class Core implements Disposable {
  readonly peers: Peers;
  readonly ends = new Map<number, { wire: Wire; end: End } | undefined>();
  nextLink = 1;
  readonly #callers = new Map<number, { start(caller: number): void; shut(): void }>();
  #nextCaller = 1;
  gone = false;
  screenIsSlow = false;
  readonly #world: World;
  readonly #arena: Arena;
  readonly #phraseFill: number;
  readonly #entropy;
  readonly #texts = new Map<string, string>();
  readonly #shown: string[] = [];
  #toShow: { peer: PeerId; id: string }[] = [];
  readonly #events: Event[] = [];
  #stepping = false;
  /** What callers do whose turn has come: behind the step, as a socket would. */
  readonly #turns: (() => void)[] = [];

  constructor(
    arena: Arena,
    world: World,
    readonly side: number,
    options: ConstructorParameters<typeof Peers>[1],
    fill: number,
  ) {
    this.#arena = arena;
    this.#world = world;
    this.#phraseFill = fill;
    this.#entropy = seededEntropy(`core ${side}`);
    this.peers = new Peers(arena, options);
    this.step({ type: "ready", phrase: this.#stretched(new Uint8Array(16).fill(side + 1)) });
  }

  step(event: Event): void {
    this.#events.push(event);
    if (this.#stepping) return;
    this.#stepping = true;
    try {
      for (
        let next = this.#events.shift();
        next !== undefined;
        next = this.#events.shift()
      ) {
        if (this.gone) continue;
        // Until then it may still be sent on: as on a socket whose other end has closed.
        if (next.type === "ended") this.ends.delete(next.link);
        const effects = this.peers.step(next, this.#world.now, this.#entropy);
        if (next.type === "frame") next.frame.fill(0xee); // it was lent for the step
        for (const effect of effects) this.#perform(effect, next);
      }
    } finally {
      this.#stepping = false;
    }
    for (const turn of this.#turns.splice(0)) turn();
  }

  arrive(source: Source, turn: { start(caller: number): void; shut(): void }): void {
    const caller = this.#nextCaller++;
    this.#callers.set(caller, turn);
    this.step({ type: "arrived", caller, source });
  }

  say(size: number): void {
    this.step({ type: "say", text: "y".repeat([0, 1, 50, 1300, 6000, 16000][size]!) });
  }

  show(): void {
    for (const { peer, id } of this.#toShow.splice(0)) {
      this.step({ type: "shown", peer, id });
    }
  }

  [Symbol.dispose](): void {
    this.peers[Symbol.dispose]();
  }

  #perform(effect: Effect, event: Event): void {
    switch (effect.type) {
      case "start":
      case "shut": {
        const turn = this.#callers.get(effect.caller);
        must(turn !== undefined, "who is started or shut has called, and is shut once");
        if (effect.type === "start") return void this.#turns.push(() => turn!.start(effect.caller));
        this.#callers.delete(effect.caller);
        return void this.#turns.push(() => turn!.shut());
      }
      case "send": {
        must(this.ends.has(effect.link), "nothing is sent on a link that is closed or was never there");
        must(effect.frame.length === FRAME_SIZE, "every frame has its one size");
        must(effect.frame[1] !== 0x10 || event.type === "time", "cells leave on ticks only");
        const there = this.ends.get(effect.link);
        if (there === undefined) return;
        there.wire.waiting[this.side]!.push(effect.frame);
        return this.#world.flush(there.wire, this.side);
      }
      case "close": {
        must(this.ends.has(effect.link), "a link is closed once");
        const there = this.ends.get(effect.link);
        this.ends.delete(effect.link);
        if (there === undefined) return;
        there.end.open = false;
        const far = there.wire.ends[1 - this.side];
        this.#world.flush(there.wire, this.side);
        if (far === undefined || !far.open || there.wire.holding[this.side]) {
          return;
        }
        far.open = false;
        return far.core.step({ type: "ended", link: far.link });
      }
      case "dial":
        return this.#world.dial(this, effect.call);
      case "stretch":
        return this.step({ type: "stretched", phrase: this.#stretched(effect.salt), tookMs: 400 });
      case "read":
        return this.step({ type: "read", link: effect.link });
      case "notice":
        return this.#noticed(effect.notice);
      case "callEnded":
      case "came":
        return;
      case "gone":
        must(this.ends.size === 0, "gone means that every link is closed");
        this.gone = true;
    }
  }

  #noticed(notice: Extract<Effect, { type: "notice" }>["notice"]): void {
    if (notice.event === "sent") this.#texts.set(notice.id, notice.text);
    if (notice.event === "turned-away") {
      must(notice.count >= notice.guesses, "guesses are among those turned away");
    }
    if (notice.event === "delivered") {
      must(this.#texts.has(notice.id), "only what was said is confirmed");
    }
    if (notice.event !== "message") return;
    const { peer, id, text } = notice;
    const from = this.#world.cores[1 - this.side]!;
    must(from.#texts.get(id) === text, "what is shown was said, word for word");
    must(!this.#shown.includes(id), "nothing is shown twice");
    const order = [...from.#texts.keys()];
    must(this.#shown.every((before) => order.indexOf(before) < order.indexOf(id)), "in the order in which it was said");
    this.#shown.push(id);
    this.#toShow.push({ peer, id });
    if (!this.screenIsSlow) this.show();
  }

  #stretched(salt: Uint8Array): StretchedPhrase {
    using wide = this.#arena.bytes(64);
    wide.bytes.fill(this.#phraseFill);
    return StretchedPhrase.from(this.#arena, salt, wide);
  }
}

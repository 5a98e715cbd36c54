// Sessions in simulated time, for volume: the product's own cores and its own screen; the places of certificates, network
// and clock are taken by this file. What a step, a key or a painting costs on the real processor is measured and passes on
// the simulated clock, so that a cell which takes longer to make, or waits behind a painting, leaves later here too; timers
// fire as late as the runtime's. The observer sits where it sees most: each cell is seen when it is written, with no
// network's noise on it.
//
// Out of scope: TLS, TCP, a real terminal: the real captures have those (sessions.ts).

import { createHash } from "node:crypto";
import { argon2Salt, type Mode, StretchedPhrase } from "../../src/auth/stretched.ts";
import { CHANNEL_BINDING_SIZE, FRAME_SIZE, SALT_SIZE, STRETCHED_SIZE } from "../../src/constants.ts";
import { loadSodium } from "../../src/crypto/sodium.ts";
import type { LinkId } from "../../src/peers/connection.ts";
import type { Effect, Event } from "../../src/peers/event.ts";
import { Peers } from "../../src/peers/step.ts";
import type { Millis, Role } from "../../src/ports.ts";
import type { Arena } from "../../src/secrets/locked.ts";
import type { Shape } from "../../src/session/pacer.ts";
import { KeyDecoder } from "../../src/terminal/keys.ts";
import { ChatScreen } from "../../src/terminal/screen/screen.ts";
import { cpuMs } from "./cpu_clock.ts";
import type { Seen, WholeObservation } from "./features.ts";
import { type Activity, keysOf, linesOf } from "./human.ts";
import type { Random } from "../simulation/random.ts";
import { Timeline } from "../simulation/timeline.ts";

export interface SimulatedSession {
  readonly activity: Activity;
  readonly mode: Mode;
  /** Friends of the dialer; the connection to the first is looked at, and all are spoken to. */
  readonly peers: number;
  readonly shape: Shape;
  readonly ms: number;
}

/** Once a process: libsodium's memory for everybody in the simulation. */
export async function makeSimulator(): Promise<(session: SimulatedSession, random: Random) => WholeObservation> {
  const arena = await loadSodium([[32, 8_000], [64, 512], [256, 512], [1280, 32]]);
  return (session, random) => {
    using world = new World(arena, session, random);
    return world.run();
  };
}

const entropy = (into: Uint8Array) => void crypto.getRandomValues(into as Uint8Array<ArrayBuffer>);
/** One way, and how much it varies: loopback's, where an observer sees best. */
const NETWORK_MS = 0.08;
const NETWORK_VARIES_MS = 0.04;
/** Argon2id, and how much it varies (measured: 310 to 370 ms). */
const STRETCH_MS = 310;
const STRETCH_VARIES_MS = 60;
/** What a timer adds to its whole milliseconds here: always a little, and seldom more (measured on the loop). */
const TIMER_MS = 0.15;
const TIMER_VARIES_MS = 0.5;
const SELDOM = 0.03;
const SELDOM_MS = 2;
/** From a painting to the terminal's having taken it. */
const SHOWN_MS = 0.3;
const COLUMNS = 120;
const ROWS = 40;
class World extends Timeline implements Disposable {
  readonly seen: Seen[] = [];
  readonly #session: SimulatedSession;
  readonly random: Random;
  readonly dialer: Node;
  readonly listeners: readonly Node[];
  connectedAt: Millis = Infinity;

  constructor(readonly arena: Arena, session: SimulatedSession, random: Random) {
    super();
    this.#session = session;
    this.random = random;
    this.dialer = new Node(this, session, true);
    this.listeners = Array.from({ length: session.peers }, () => new Node(this, session, false));
  }

  run(): WholeObservation {
    const { activity, ms } = this.#session;
    this.listeners.forEach((_, i) => this.dialer.input(() => ({ type: "call", target: `friend${i}:1`, retry: false })));
    this.runUntil(STRETCH_MS * (1 + this.listeners.length) + 2_000, () => this.connectedAt < Infinity);
    const from = this.connectedAt + 1_000;
    for (const line of linesOf(activity, ms, this.random, 10_000)) {
      const node = line.side === "dialer" ? this.dialer : this.listeners[0]!;
      for (const { at, keys } of keysOf(line, this.random)) {
        if (at >= 0) this.at(from + at, () => node.press(keys));
      }
    }
    this.runUntil(from + ms);
    this.dialer.input(() => ({ type: "leave" }));
    this.runUntil(this.now + 5_000);
    // Written in the order of the writing: a step's cost may have carried one past another.
    this.seen.sort((a, b) => a.at - b.at);
    return { seen: this.seen, connectedAt: this.connectedAt, from, until: from + ms };
  }

  [Symbol.dispose](): void {
    for (const node of [this.dialer, ...this.listeners]) node[Symbol.dispose]();
  }
}

interface Wire {
  readonly other: Node;
  readonly otherLink: LinkId;
  /** The connection that is looked at. */
  readonly watched: boolean;
  readonly role: Role;
  lastArrival: Millis;
}

/** One process: a core, and what chat/loop.ts does around it. */
class Node implements Disposable {
  readonly #world: World;
  readonly #mode: Mode;
  readonly #peers: Peers;
  readonly #id: string;
  readonly #salt = new Uint8Array(SALT_SIZE);
  readonly #wires = new Map<LinkId, Wire>();
  #links = 0;
  readonly #decoder = new KeyDecoder();
  readonly #screen = new ChatScreen({ clock: () => "12:00" }, COLUMNS, ROWS);
  /** Its only thread is at work until then. */
  #busyUntil: Millis = 0;
  #timerFor: Millis = Infinity;
  #timer = 0;

  constructor(world: World, { mode, shape }: SimulatedSession, dialer: boolean) {
    this.#world = world;
    this.#mode = mode;
    const id = new Uint8Array(32);
    entropy(id);
    entropy(this.#salt);
    this.#id = id.toHex();
    this.#peers = new Peers(world.arena, {
      self: this.#id,
      shape,
      name: undefined,
      friends: undefined,
      introductions: "no",
      hidden: false,
    });
    if (!dialer) this.#peers.step({ type: "ready", phrase: this.#stretched(this.#salt) }, 0, entropy);
  }

  /** An event from outside, once the thread is free; in order. Made only then, since it may have become moot. */
  input(event: () => Event | undefined): void {
    this.#soon(() => {
      const given = event();
      if (given !== undefined) this.#step(given);
    });
  }

  /** Keys at the terminal. */
  press(keys: string): void {
    this.#soon(() => {
      const lines: string[] = [];
      this.#work(() => {
        for (const key of this.#decoder.feed(new TextEncoder().encode(keys))) {
          // A text that looks like a secret is asked about.
          if (key.type === "panic") continue;
          const action = this.#screen.key(key);
          if (action?.type === "line") lines.push(action.text);
        }
        this.#screen.render(this.#world.now);
      });
      for (const text of lines) this.#step({ type: "say", text });
    });
  }

  #soon(run: () => void): void {
    const world = this.#world;
    if (this.#busyUntil > world.now) return world.at(this.#busyUntil, () => this.#soon(run));
    run();
  }

  #step(event: Event): void {
    const effects = this.#work(() => this.#peers.step(event, this.#now, entropy));
    const written = this.#busyUntil;
    // As the product: first what the step wants sent, then one painting for all that it has to tell.
    const notices = effects.filter((effect) => effect.type === "notice");
    for (const effect of effects) if (effect.type !== "notice") this.#perform(effect, written);
    if (notices.length > 0) {
      this.#work(() => {
        for (const { notice } of notices) this.#screen.notice(notice, 0);
        this.#screen.render(this.#now);
      });
      for (const effect of notices) this.#perform(effect, this.#busyUntil);
    }
    this.#setTimer();
  }

  get #now(): Millis {
    return Math.max(this.#world.now, this.#busyUntil);
  }

  /** Passes as much simulated time as it takes of the processor's. */
  #work<T>(run: () => T): T {
    const began = cpuMs();
    const result = run();
    this.#busyUntil = this.#now + cpuMs() - began;
    return result;
  }

  #perform(effect: Effect, at: Millis): void {
    const world = this.#world;
    switch (effect.type) {
      case "send":
        return this.#send(effect.link, effect.frame, at);
      case "close":
        return this.#close(effect.link, at);
      case "dial":
        return world.at(at + NETWORK_MS * 4, () => this.#dial(effect.call, effect.target));
      case "stretch": {
        const tookMs = STRETCH_MS + world.random.unit() * STRETCH_VARIES_MS;
        return world.at(at + tookMs, () => {
          const phrase = this.#stretched(effect.salt);
          this.input(() => ({ type: "stretched", phrase, tookMs }));
        });
      }
      case "read":
        return world.at(at + 20, () => this.input(() => ({ type: "read", link: effect.link })));
      case "notice": {
        const { notice } = effect;
        if (notice.event === "connected" && this === world.dialer) {
          if (--this.#awaited <= 0) world.connectedAt = Math.min(world.connectedAt, at);
        }
        if (notice.event !== "message") return;
        return world.at(at + SHOWN_MS, () => this.input(() => ({ type: "shown", peer: notice.peer, id: notice.id })));
      }
      default:
        return;
    }
  }

  /** Friends that are not there yet. */
  #awaited = 0;

  #dial(call: number, target: string): void {
    const world = this.#world;
    const index = Number(/\d+/.exec(target)?.[0]);
    const other = world.listeners[index]!;
    this.#awaited++;
    const channelBinding = new Uint8Array(CHANNEL_BINDING_SIZE);
    entropy(channelBinding);
    const mine = ++this.#links;
    const theirs = ++other.#links;
    const watched = index === 0;
    this.#wires.set(mine, { other, otherLink: theirs, watched, role: "dialer", lastArrival: 0 });
    other.#wires.set(theirs, { other: this, otherLink: mine, watched, role: "listener", lastArrival: 0 });
    const facts = { channelBinding };
    this.input(() => ({
      type: "linked",
      link: mine,
      facts: { ...facts, role: "dialer", self: this.#id, peer: other.#id },
      address: target,
      local: "",
      call,
    }));
    other.input(() => ({
      type: "linked",
      link: theirs,
      facts: { ...facts, role: "listener", self: other.#id, peer: this.#id },
      address: "dialer:1",
      local: "",
    }));
  }

  #send(link: LinkId, frame: Uint8Array, at: Millis): void {
    const wire = this.#wires.get(link);
    if (wire === undefined) return;
    const world = this.#world;
    if (wire.watched) world.seen.push({ at, way: wire.role === "dialer" ? "up" : "down", size: FRAME_SIZE });
    this.#carry(wire, at, () => ({ type: "frame", link: wire.otherLink, frame }));
  }

  #close(link: LinkId, at: Millis): void {
    const wire = this.#wires.get(link);
    if (wire === undefined) return;
    this.#wires.delete(link);
    const world = this.#world;
    if (wire.watched) world.seen.push({ at, way: wire.role === "dialer" ? "up" : "down", size: 0 });
    this.#carry(wire, at, () => {
      if (wire.other.#wires.delete(wire.otherLink)) return { type: "ended", link: wire.otherLink };
      return undefined;
    });
  }

  #carry(wire: Wire, at: Millis, event: () => Event | undefined): void {
    const world = this.#world;
    const arrival = at + NETWORK_MS + world.random.pause(NETWORK_VARIES_MS);
    wire.lastArrival = Math.max(wire.lastArrival, arrival);
    world.at(wire.lastArrival, () => wire.other.input(event));
  }

  /** As chat/loop.ts and the runtime do: whole milliseconds, rounded up, and then a little late. */
  #setTimer(): void {
    const world = this.#world;
    const { deadline } = this.#peers;
    if (deadline === this.#timerFor) return;
    this.#timerFor = deadline;
    const timer = ++this.#timer;
    if (deadline === Infinity) return;
    const { random } = world;
    const late = TIMER_MS + random.pause(TIMER_VARIES_MS) + (random.unit() < SELDOM ? random.pause(SELDOM_MS) : 0);
    const set = this.#now;
    world.at(set + Math.max(0, Math.ceil(deadline - set)) + late, () =>
      this.input(() => {
        if (timer !== this.#timer) return undefined;
        this.#timerFor = Infinity;
        return { type: "time", unsent: () => 0 };
      }));
  }

  /** Stands for Argon2id, which would take a third of a second for each: the same for both sides, another for each mode. */
  #stretched(salt: Uint8Array): StretchedPhrase {
    using bytes = this.#world.arena.bytes(STRETCHED_SIZE);
    bytes.bytes.set(createHash("sha512").update(argon2Salt(this.#mode, salt)).digest());
    return StretchedPhrase.from(this.#world.arena, salt, bytes);
  }

  [Symbol.dispose](): void {
    this.#peers[Symbol.dispose]();
  }
}

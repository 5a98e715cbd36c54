// One process of the simulation: a `Peers` core, and around it what chat/loop.ts does for the product, on a simulated
// clock. It performs effects and decides nothing; a watcher sees every step, before and after. Out of scope: the
// network, faults, what must hold.

import type { StretchedPhrase } from "../../src/auth/stretched.ts";
import type { Entropy, Millis, PeerId } from "../../src/ports.ts";
import type { Source } from "../../src/peers/addresses.ts";
import type { CallerId } from "../../src/peers/ranks.ts";
import type { LinkId } from "../../src/peers/connection.ts";
import type { CallId } from "../../src/peers/calls.ts";
import type { Attempt, Effect, Event, PeersOptions, PunchId } from "../../src/peers/event.ts";
import { Peers } from "../../src/peers/step.ts";
import type { Arena } from "../../src/secrets/locked.ts";
import type { MemoryLink } from "./memory_link.ts";
import type { Timeline } from "./timeline.ts";

/** What a process asks of the world around it. */
export interface Surroundings {
  readonly timeline: Timeline;
  readonly entropy: Entropy;
  dial(node: Node, call: CallId, target: string): void;
  /** Attempts of two-sided calls; a world without has none. */
  punch?(node: Node, attempt: Attempt): void;
  /** Calls back with what makes the phrase stretched for this salt. */
  stretch(node: Node, salt: Uint8Array, done: (make: () => StretchedPhrase, tookMs: number) => void): void;
  /** How late this timer fires. */
  latenessMs(node: Node): number;
  readMs(node: Node): number;
  /** How long the screen takes for a message. */
  showMs(node: Node): number;
  before(node: Node, event: Event, now: Millis): void;
  after(node: Node, event: Event, now: Millis, effects: readonly Effect[]): void;
  gone(node: Node): void;
  /** Calls of introductions are taken there, or no longer: the addresses, none if they cannot be. */
  listenAt?(node: Node, hosts: readonly string[]): readonly string[];
  /** False: the screen keeps it for later, and gives this event to the process itself then. */
  shows?(node: Node, event: Event): boolean;
}

/** Of a connection that has arrived at a listener. */
export interface Arrival {
  start(caller: CallerId): void;
  shut(): void;
}

/** One network for each address, all of one wide network. */
export function sourceOf(host: string): Source {
  return { address: host, network: `${host}/24`, wide: "10.0.0.0/16" };
}

export class Node {
  readonly id: PeerId;
  readonly links = new Map<LinkId, MemoryLink>();
  /** Also those that are closed. */
  readonly everyLink = new Map<LinkId, MemoryLink>();
  /** Attempts that go on: of two-sided calls, and how many of each call there have been until this one. */
  readonly punches = new Map<PunchId, Attempt>();
  readonly dialling = new Map<CallId, number>();
  #dials = 0;
  readonly peers: Peers;
  readonly arena: Arena;
  /** Its clock's origin means nothing. */
  readonly offset: Millis;
  alive = true;
  leaving = false;
  readonly #world: Surroundings;
  /** Who has called and is not a link yet: what happens when its turn comes, or never will. */
  readonly #callers = new Map<CallerId, Arrival>();
  #nextLink = 1;
  #nextCaller = 1;
  #timer = 0;
  readonly #waiting: Event[] = [];
  #stepping = false;
  /** What came while the process did not run; timers that came due then are marked. */
  #paused: { readonly timer: boolean; readonly run: () => void }[] | undefined;

  constructor(
    world: Surroundings,
    readonly name: string,
    readonly host: string,
    readonly options: PeersOptions,
    arena: Arena,
    offset: Millis,
  ) {
    this.#world = world;
    this.id = options.self;
    this.arena = arena;
    this.offset = offset;
    this.peers = new Peers(arena, options);
  }

  get now(): Millis {
    return this.#world.timeline.now + this.offset;
  }

  get paused(): boolean {
    return this.#paused !== undefined;
  }

  /** Runs it now, or once the process runs again, or never if it is gone by then. */
  soon(timer: boolean, run: () => void): void {
    if (!this.alive) return;
    if (this.#paused !== undefined) this.#paused.push({ timer, run });
    else run();
  }

  pause(): void {
    this.#paused ??= [];
  }

  /** Timers or sockets first: event loops differ. */
  resume(timersFirst: boolean): void {
    const paused = this.#paused;
    this.#paused = undefined;
    if (paused === undefined) return;
    paused.sort((a, b) => timersFirst ? Number(b.timer) - Number(a.timer) : Number(a.timer) - Number(b.timer));
    for (const { run } of paused) this.soon(false, run);
  }

  step(event: Event): void {
    if (!this.alive) return;
    this.#waiting.push(event);
    if (this.#stepping) return;
    this.#stepping = true;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      if (next.type === "leave") this.leaving = true;
      const { now } = this;
      this.#world.before(this, next, now);
      const effects = this.peers.step(next, now, this.#world.entropy);
      this.#world.after(this, next, now, effects);
      for (const effect of effects) this.#perform(effect);
    }
    this.#stepping = false;
    this.#setTimer();
  }

  /** Somebody has opened a TCP connection to this process. */
  arrive(source: Source, arrival: Arrival): void {
    const caller = this.#nextCaller++;
    this.#callers.set(caller, arrival);
    this.step({ type: "arrived", caller, source });
  }

  /** Of a two-sided call: undefined if there is no place. */
  admit(source: Source): CallerId | undefined {
    const caller = this.#nextCaller++;
    return this.peers.admit(caller, source, this.now, this.#world.entropy) ? caller : undefined;
  }

  linked(link: MemoryLink, how: { call?: CallId; punch?: PunchId; caller?: CallerId }): void {
    if (!this.alive) return link.close();
    const id = this.#nextLink++;
    this.links.set(id, link);
    this.everyLink.set(id, link);
    const { role, self, peer, channelBinding, address, local } = link;
    this.step({ type: "linked", link: id, facts: { role, self, peer, channelBinding }, address, local, ...how });
    if (this.links.get(id) !== link) return;
    link.receive(
      // The frame is lent for the call, so it is copied where it has to wait.
      (frame) => {
        const kept = frame.slice();
        this.soon(false, () => {
          if (this.links.has(id)) this.step({ type: "frame", link: id, frame: kept });
        });
      },
      () =>
        this.soon(false, () => {
          if (!this.links.delete(id)) return;
          this.step({ type: "ended", link: id });
        }),
    );
  }

  /** The process ends at once. */
  die(): void {
    this.alive = false;
    this.peers[Symbol.dispose]();
    for (const link of this.links.values()) link.close();
    this.links.clear();
  }

  #perform(effect: Effect): void {
    const world = this.#world;
    switch (effect.type) {
      case "start":
        return this.#callers.get(effect.caller)!.start(effect.caller);
      case "shut":
        this.#callers.get(effect.caller)?.shut();
        this.#callers.delete(effect.caller);
        return;
      case "send":
        return this.links.get(effect.link)!.send(effect.frame);
      case "close":
        this.links.get(effect.link)!.close();
        this.links.delete(effect.link);
        return;
      case "dial":
        this.dialling.set(effect.call, ++this.#dials);
        return world.dial(this, effect.call, effect.target);
      case "stopDial":
        this.dialling.delete(effect.call);
        return;
      case "punch":
        this.punches.set(effect.punch, effect);
        return world.punch?.(this, effect);
      case "stopPunch":
        this.punches.delete(effect.punch);
        return;
      case "stretch":
        return world.stretch(
          this,
          effect.salt,
          (make, tookMs) => this.soon(false, () => this.step({ type: "stretched", phrase: make(), tookMs })),
        );
      case "read": {
        const { link } = effect;
        return this.#after(world.readMs(this), { type: "read", link });
      }
      case "notice": {
        const { notice } = effect;
        if (notice.event !== "message") return;
        const shown: Event = { type: "shown", peer: notice.peer, id: notice.id };
        if (world.shows?.(this, shown) === false) return;
        return this.#after(world.showMs(this), shown);
      }
      case "callEnded":
      case "came":
        return;
      case "listen at":
        return this.#listenAt(effect.hosts);
      case "gone":
        return world.gone(this);
    }
  }

  #listenAt(hosts: readonly string[]): void {
    const addresses = this.#world.listenAt?.(this, hosts) ?? [];
    for (const host of hosts) this.#after(1, { type: "listening at", host, addresses });
  }

  #after(ms: number, event: Event): void {
    this.#world.timeline.after(ms, () => this.soon(true, () => this.step(event)));
  }

  #setTimer(): void {
    const timer = ++this.#timer;
    const { deadline } = this.peers;
    if (deadline === Infinity || !this.alive) return;
    const at = Math.max(deadline - this.offset, this.#world.timeline.now) + this.#world.latenessMs(this);
    this.#world.timeline.at(at, () =>
      this.soon(true, () => {
        if (timer !== this.#timer) return;
        // The other clock's arithmetic may come out a hair early, as real timers do.
        if (this.now < deadline) {
          return this.#world.timeline.after(1e-3, () => this.soon(true, () => this.#fire(timer)));
        }
        this.#fire(timer);
      }));
  }

  #fire(timer: number): void {
    if (timer !== this.#timer) return;
    this.step({ type: "time", unsent: (link) => this.links.get(link)?.unsent ?? 0 });
  }
}

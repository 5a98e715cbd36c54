// One seed: a few processes, a network that does its worst for a while and then heals, and people who type. The watcher
// looks at every step; at the end all must be agreed, delivered and wiped. Everything random comes from the seed.

import { StretchedPhrase } from "../../src/auth/stretched.ts";
import { FRAME_SIZE, SALT_SIZE, STRETCHED_SIZE } from "../../src/constants.ts";
import { Admission } from "../../src/peers/admission.ts";
import type { CallerId } from "../../src/peers/ranks.ts";
import type { CallId } from "../../src/peers/calls.ts";
import type { Effect, Event } from "../../src/peers/event.ts";
import type { Millis, PeerId, Role } from "../../src/ports.ts";
import { Ratchet } from "../../src/ratchet/ratchet.ts";
import type { Arena } from "../../src/secrets/locked.ts";
import { type Lie, misbelief, stepLies } from "./beliefs.ts";
import { MemoryPair, type Weather } from "./memory_link.ts";
import { Node, sourceOf, type Surroundings } from "./node.ts";
import { Random } from "./random.ts";
import { Timeline } from "./timeline.ts";
import { SimulationFailure, Watcher } from "./watcher.ts";

/** Where a process's secrets live. */
export interface Arenas {
  take(): Arena;
  /** Each process has an arena to itself, which is then empty when it ends. */
  readonly separate: boolean;
  /** After a run: back to the pool. */
  reset(): void;
}

export interface Report {
  readonly seed: number;
  readonly digest: number;
  readonly steps: number;
  readonly cells: number;
  readonly delivered: number;
  readonly simulatedMs: Millis;
  readonly failure: string | undefined;
}

/** Runs one seed to its end or its first failure. A thrown bug is a failure like any other. */
export function simulate(seed: number, arenas: Arenas, log?: (line: string) => void): Report {
  const world = new World(seed, arenas, log);
  let failure: string | undefined;
  try {
    world.run();
  } catch (error) {
    failure = error instanceof SimulationFailure ? error.message : String(error instanceof Error ? error.stack : error);
    log?.(`FAILED: ${failure}`);
  } finally {
    world.end();
    arenas.reset();
  }
  const { timeline, watcher } = world;
  const { digest, steps, cells, delivered } = watcher;
  return { seed, digest, steps, cells, delivered, simulatedMs: timeline.now, failure };
}

/** A person's place in the network: an address, and the processes that live there one after the other. */
interface Place {
  readonly name: string;
  readonly host: string;
  readonly shape: { readonly cover: "constant" | "off"; readonly intervalMs: number };
  readonly displayName: string | undefined;
  readonly friends: number | undefined;
  /** Knows another phrase. */
  readonly stranger: boolean;
  readonly latenessMs: number;
  readonly calls: readonly string[];
  /** In its circles. */
  readonly lie: Lie | undefined;
  /** Agrees to all introductions, or has no part in them. */
  readonly introductions: "yes" | "no";
  node: Node | undefined;
  salt: Uint8Array;
  lives: number;
}

const LIVES_MAX = 3; // a dialer takes three salts of one target in ten minutes
const STEPS_MAX = 200_000;
const QUIET_WITHIN_MS = 900_000;

/** Cells that did not open, in this process; nobody forges any here, so each is a ratchet out of step. */
let failedCells = 0;
/** Who asked admission last, so that its counts can be found. */
let asked: Admission | undefined;
{
  const { open } = Ratchet.prototype;
  Ratchet.prototype.open = function (...args) {
    const opened = open.apply(this, args);
    if (opened === undefined) failedCells++;
    return opened;
  };
  const ask = Admission.prototype.arrive;
  Admission.prototype.arrive = function (...args) {
    asked = this;
    return ask.apply(this, args);
  };
}

class World implements Surroundings {
  readonly timeline = new Timeline();
  readonly watcher: Watcher;
  readonly random: Random;
  readonly entropy;
  readonly #arenas: Arenas;
  readonly #places: Place[] = [];
  #pairs: MemoryPair[] = [];
  readonly #admissions = new Map<Node, Admission>();
  readonly #log: ((line: () => string) => void) | undefined;
  readonly #blocked = new Set<string>();
  readonly #weather: Weather;
  readonly #failedBefore = failedCells;
  #rough = true;
  #stalledUntil: Millis = 0;
  #bigLeft = 2;
  #channel = 0;

  constructor(seed: number, arenas: Arenas, log?: (line: string) => void) {
    this.random = new Random(seed);
    this.entropy = this.random.fill;
    this.#arenas = arenas;
    this.#log = log && ((line) => log(`${(this.timeline.now / 1000).toFixed(3).padStart(9)} ${line()}`));
    this.watcher = new Watcher((node) => this.#place(node).latenessMs, this.#log);
    const slow = this.random.chance(0.2) ? 400 : 40;
    const splits = this.random.chance(0.2);
    this.#weather = {
      delayMs: () => this.random.between(1, this.#rough ? slow : 10),
      splitAt: () => splits && this.random.chance(0.3) ? this.random.int(1, FRAME_SIZE - 1) : 0,
    };
  }

  run(): void {
    const activeMs = this.random.between(5_000, 60_000);
    this.#settle();
    for (let actions = this.random.int(4, 40); actions > 0; actions--) {
      this.timeline.at(this.random.between(0, activeMs), () => this.#act());
    }
    this.#runUntil(activeMs);
    this.#heal();
    this.#quiet();
    this.#leaveAll();
  }

  /** Whatever happened: nobody is left. */
  end(): void {
    for (const { node } of this.#places) if (node?.alive) node.die();
  }

  // --- Beginning ---

  #settle(): void {
    const { random } = this;
    const count = Number(random.weighted({ 2: 5, 3: 3, 4: 2 }));
    const cover = random.weighted({ off: 5, constant: 3, mixed: 2 });
    const someFriends = random.chance(0.1);
    const liars = random.chance(0.15);
    // Then only those before them are called, and not all of those: the others are for introductions.
    const introducing = random.chance(0.3);
    const names = Array.from({ length: count }, (_, i) => `n${i}`);
    for (const [i, name] of names.entries()) {
      const others = names.filter((other) => other !== name);
      // Everybody calls those before them, some call everybody, some call twice by two names, some call themselves.
      const calls = others.filter((other) => introducing ? other === "n0" : other < name || random.chance(0.5))
        .flatMap((other) => random.chance(0.25) ? [other, `${other}.alt`] : [other]);
      if (random.chance(0.03)) calls.push(name);
      const covered = cover === "mixed" ? random.pick(["off", "constant"] as const) : cover;
      this.#places.push({
        name,
        host: `10.0.0.${i}`,
        shape: { cover: covered, intervalMs: random.pick([1000, 1000, 500, 333.3]) },
        displayName: random.chance(0.5) ? `Person ${i}` : undefined,
        friends: someFriends && random.chance(0.5) ? 1 : undefined,
        stranger: i > 0 && random.chance(0.04),
        latenessMs: random.pick([0, 0, 12]),
        calls,
        lie: liars && random.chance(0.4) ? random.pick<Lie>(["leaves out", "invents"]) : undefined,
        introductions: introducing && random.chance(0.7) ? "yes" : "no",
        node: undefined,
        salt: new Uint8Array(0),
        lives: 0,
      });
    }
    for (const place of this.#places) this.timeline.at(random.between(0, 3_000), () => this.#start(place));
  }

  #start(place: Place): void {
    if (place.node !== undefined || place.lives >= LIVES_MAX) return;
    const { random } = this;
    place.lives++;
    place.salt = new Uint8Array(SALT_SIZE);
    random.fill(place.salt);
    const { shape, displayName: name, friends, host, introductions } = place;
    const options = { self: random.hex(32), shape, name, friends, introductions, hidden: false };
    const offset = random.chance(0.3) ? 0 : random.between(0, 1e6);
    const node = new Node(this, `${place.name}#${place.lives}`, host, options, this.#arenas.take(), offset);
    place.node = node;
    this.watcher.born(node);
    this.#log?.(() => `${node.name} starts as ${node.id.slice(0, 12)}, cover ${shape.cover} ${shape.intervalMs}`);
    node.step({ type: "ready", phrase: this.#phrase(node, place.salt) });
    node.step({ type: "reachable", addresses: [`${host}:7373`], hidden: false });
    for (const target of place.calls) node.step({ type: "call", target, retry: true });
  }

  /** One w for all who know the phrase, whatever the salt: Argon2id is none of the simulation's business. */
  #phrase(node: Node, salt: Uint8Array): StretchedPhrase {
    using wide = node.arena.bytes(STRETCHED_SIZE);
    wide.bytes.fill(this.#place(node).stranger ? 0x55 : 0x33);
    return StretchedPhrase.from(node.arena, salt, wide);
  }

  #place(node: Node): Place {
    return this.#places.find(({ name }) => node.name.startsWith(`${name}#`))!;
  }

  // --- What a process asks for ---

  dial(node: Node, call: CallId, target: string): void {
    const { random, timeline } = this;
    const fail = (why: "filtered" | "refused" | "turned-away", ms: number) =>
      timeline.after(
        ms,
        () => node.soon(false, () => node.step({ type: "dialFailed", call, failure: { at: "connect", why } })),
      );
    timeline.after(random.between(1, this.#rough ? 200 : 10), () => {
      const place = this.#called(node, target);
      const to = place?.node;
      if (!node.alive) return;
      if (this.#blocked.has(`${node.host} ${place?.host}`) || to?.paused) return fail("filtered", 5_000);
      if (place === undefined || to === undefined || !to.alive || to.leaving) return fail("refused", 1);
      asked = undefined;
      let turn = false;
      to.arrive(sourceOf(node.host), {
        // Of one that has begun, its own time-out or the end of its link tells.
        shut: () => void (turn || fail("turned-away", 1)),
        start: (caller) => {
          turn = true;
          this.#join(node, to, call, caller);
        },
      });
      if (asked !== undefined) this.#admissions.set(to, asked);
    });
  }

  /** Whose place it is. An address is an introduction's: then nobody is called but by one who agrees to all of them. */
  #called(node: Node, target: string): Place | undefined {
    const [host, port] = target.split(",")[0]!.split(":");
    if (port === undefined) return this.#places.find(({ name }) => name === target.replace(".alt", ""));
    const to = this.#places.find((place) => place.host === host);
    for (const one of [this.#place(node), to]) {
      if (one?.introductions === "yes") continue;
      throw new SimulationFailure(
        `${node.name} calls ${target} for an introduction, and ${one?.name} has no part in them`,
      );
    }
    return to;
  }

  #join(node: Node, to: Node, call: CallId, caller: CallerId): void {
    const { random, timeline } = this;
    const fail = (ms: number) =>
      timeline.after(
        ms,
        () =>
          node.soon(
            false,
            () => node.step({ type: "dialFailed", call, failure: { at: "connect", why: "turned-away" } }),
          ),
      );
    {
      if (this.#rough && random.chance(0.02)) {
        timeline.after(
          random.between(1, 5_000),
          () => to.soon(false, () => to.step({ type: "failed", caller, address: node.host, why: "closed" })),
        );
        return fail(10);
      }
      const channelBinding = new Uint8Array(64);
      new DataView(channelBinding.buffer).setUint32(0, ++this.#channel);
      const pair = new MemoryPair(
        timeline,
        { self: node.id, host: node.host, address: `${node.host}:50000` },
        { self: to.id, host: to.host, address: `${to.host}:7373` },
        channelBinding,
        this.#weather,
      );
      this.#pairs.push(pair);
      // Its turn came late: nobody else would close the end of a process that has gone.
      if (!node.alive) pair.dialer.close();
      const tls = () => random.between(1, this.#rough ? 150 : 10);
      timeline.after(tls(), () => node.soon(false, () => node.linked(pair.dialer, { call })));
      timeline.after(tls(), () => to.soon(false, () => to.linked(pair.listener, { caller })));
    }
  }

  stretch(node: Node, salt: Uint8Array, done: (make: () => StretchedPhrase, tookMs: number) => void): void {
    const tookMs = this.random.between(50, 900);
    this.timeline.after(tookMs, () => done(() => this.#phrase(node, salt), tookMs));
  }

  latenessMs(node: Node): number {
    const { latenessMs } = this.#place(node);
    return latenessMs === 0 ? 0 : this.random.between(0, latenessMs);
  }

  readMs(): number {
    return this.random.between(5, 25);
  }

  showMs(): number {
    return this.#rough && this.random.chance(0.1) ? this.random.between(0, 8_000) : this.random.between(0, 20);
  }

  gone(node: Node): void {
    this.timeline.after(0, () => this.#kill(node, true));
  }

  before(node: Node, event: Event, now: Millis): void {
    stepLies(this.#place(node).lie);
    this.watcher.before(node, event, now);
  }

  after(node: Node, event: Event, now: Millis, effects: readonly Effect[]): void {
    stepLies(undefined);
    const { watcher } = this;
    watcher.after(node, event, now, effects);
    if (this.#arenas.separate) watcher.slots(node);
    if (failedCells !== this.#failedBefore) throw new SimulationFailure(`${node.name}: a cell did not open`);
    if (watcher.steps > STEPS_MAX) {
      throw new SimulationFailure(
        `it does not come to an end: ${node.name} ${event.type} at ${now}, next ${node.peers.deadline}`,
      );
    }
  }

  // --- What happens to them ---

  #act(): void {
    const { random } = this;
    const place = random.pick(this.#places);
    const { node } = place;
    const action = random.weighted({
      say: 10,
      burst: 2,
      big: 2,
      stall: 5,
      die: 5,
      pause: 3,
      sleep: 0.3,
      kill: 2,
      leave: 0.5,
      block: 2,
      call: 2,
    });
    switch (action) {
      case "say":
        return this.#say(place, random.int(1, 3), () => "x".repeat(random.int(0, 300)));
      case "burst":
        return this.#say(place, random.int(5, 80), () => `line ${random.int(0, 9)}`);
      case "big":
        if (this.#bigLeft-- <= 0) return;
        return this.#say(place, 1, () => "y".repeat(random.int(2_000, 16_300)));
      case "stall": {
        const pair = this.#somePair();
        if (pair === undefined) return;
        const until = this.timeline.now + random.between(100, random.chance(0.2) ? 40_000 : 8_000);
        const ways = random.pick<readonly Role[]>([["dialer"], ["listener"], ["dialer", "listener"]]);
        this.#log?.(() => `stall to ${ways.join("+")} of ${this.#pairText(pair)} until ${(until / 1000).toFixed(3)}`);
        this.#stalledUntil = Math.max(this.#stalledUntil, until);
        for (const to of ways) pair.stall(to, until);
        return;
      }
      case "die": {
        const pair = this.#somePair();
        if (pair === undefined) return;
        const some = () => (["dialer", "listener"] as const).filter(() => random.chance(0.5));
        const [told, lost] = [some(), some()];
        this.#log?.(() => `death of ${this.#pairText(pair)}, told ${told.join("+")}, lost to ${lost.join("+")}`);
        return pair.die(told, lost);
      }
      case "pause":
        return this.#pause(place, random.between(100, 12_000));
      case "sleep":
        return this.#pause(place, random.between(60_000, 200_000));
      case "kill": {
        if (node === undefined || place.lives >= LIVES_MAX) return;
        const told = random.chance(0.5);
        this.#log?.(() => `${node.name} is killed, ${told ? "its peers hear of it" : "in silence"}`);
        return this.#kill(node, told);
      }
      case "leave":
        if (node === undefined || node.leaving || place.lives >= LIVES_MAX) return;
        this.#log?.(() => `${node.name} leaves`);
        return node.soon(false, () => node.step({ type: "leave" }));
      case "block": {
        const other = random.pick(this.#places);
        const way = `${place.host} ${other.host}`;
        this.#blocked.add(way);
        this.timeline.after(random.between(1_000, 30_000), () => this.#blocked.delete(way));
        return;
      }
      case "call":
        if (node === undefined || place.calls.length === 0) return;
        return this.#call(node, random.pick(place.calls));
    }
  }

  #call(node: Node, target: string): void {
    node.soon(false, () => {
      this.watcher.life(node.id).callsEnded.delete(target);
      node.step({ type: "call", target, retry: true });
    });
  }

  #say(place: Place, times: number, text: () => string): void {
    const { node } = place;
    if (node === undefined) return;
    for (; times > 0; times--) {
      const said = text();
      node.soon(false, () => node.step({ type: "say", text: said }));
    }
  }

  #somePair(): MemoryPair | undefined {
    this.#pairs = this.#pairs.filter((pair) => pair.dialer.open || pair.listener.open);
    const alive = this.#pairs.filter((pair) => !pair.dead);
    return alive.length === 0 ? undefined : this.random.pick(alive);
  }

  #pairText({ dialer }: MemoryPair): string {
    return `${this.watcher.life(dialer.self).node.name}->${this.watcher.life(dialer.peer).node.name}`;
  }

  #pause(place: Place, ms: number): void {
    const { node } = place;
    if (node === undefined || node.paused) return;
    this.#log?.(() => `${node.name} stops for ${ms.toFixed(0)} ms`);
    node.pause();
    const timersFirst = this.random.chance(0.5);
    this.timeline.after(ms, () => {
      if (node.paused) this.#log?.(() => `${node.name} goes on`);
      node.resume(timersFirst);
    });
  }

  #kill(node: Node, told: boolean): void {
    if (!node.alive) return;
    const place = this.#place(node);
    for (const pair of this.#pairs) {
      for (const role of ["dialer", "listener"] as const) {
        if (pair.end(role).self !== node.id) continue;
        if (!told) pair.die([], ["dialer", "listener"]);
        // A process that is killed with unread data resets its connections, and what it sent may be lost.
        else if (!node.leaving && this.random.chance(0.5)) pair.die(["dialer", "listener"], ["dialer", "listener"]);
      }
    }
    node.die();
    for (const pair of this.#pairs) {
      for (const link of [pair.dialer, pair.listener]) if (link.self === node.id) link.close();
    }
    this.watcher.ended(node, this.#arenas.separate);
    place.node = undefined;
    this.timeline.after(this.random.between(0, 8_000), () => this.#start(place));
  }

  #runUntil(end: Millis): void {
    this.timeline.runUntil(end);
  }

  // --- Healing, quiet, the end ---

  #heal(): void {
    this.#log?.(() => "the network heals");
    this.#rough = false;
    this.#blocked.clear();
    for (const place of this.#places) {
      if (place.node?.paused) place.node.resume(this.random.chance(0.5));
    }
  }

  /** All agree, twice in a row, and everything has been confirmed. */
  #quiet(): void {
    const end = this.timeline.now + QUIET_WITHIN_MS;
    let quiet = 0;
    let why: string | undefined;
    while (quiet < 2) {
      why = this.#unrest();
      this.watcher.calm = this.timeline.now > this.#stalledUntil && !this.#someAreDead();
      quiet = why === undefined ? quiet + 1 : 0;
      if (this.timeline.now > end) throw new SimulationFailure(`no quiet: ${why}`);
      this.#runUntil(this.timeline.now + 2_500);
    }
    for (const { node } of this.#places) if (node !== undefined) this.watcher.answeredFor(node);
  }

  /** Why it is not quiet yet. */
  #unrest(): string | undefined {
    for (const a of this.#places) {
      if (a.node === undefined || !a.node.alive || a.node.leaving || a.node.paused) return `${a.name} is not there`;
    }
    if (this.timeline.now <= this.#stalledUntil) return "a connection still stalls";
    if (this.#someAreDead()) return "a dead connection is still held";
    for (const [node, admission] of this.#admissions) {
      const most = [...node.links.values()].filter(({ role }) => role === "listener").length;
      if (node.alive && admission.places > most) return `${node.name} has ${admission.places} places taken`;
      if (node.alive && admission.waiting > 0) return `${admission.waiting} wait for their turn at ${node.name}`;
    }
    for (const a of this.#places) {
      for (const b of this.#places) {
        if (a.name >= b.name) continue;
        const why = this.#unrestBetween(a, b);
        if (why !== undefined) return `${a.name} and ${b.name}: ${why}`;
      }
    }
    return misbelief(this.#places.map(({ name, lie, node }) => ({
      id: node!.id,
      name,
      lie,
      friends: new Set(node!.peers.present().map(({ peer }) => peer)),
      hearing: node!.peers.hearing,
    })));
  }

  #someAreDead(): boolean {
    return this.#pairs.some(({ dead, dialer, listener }) => dead && (dialer.open || listener.open));
  }

  #unrestBetween(a: Place, b: Place): string | undefined {
    const [x, y] = [a.node!, b.node!];
    const atX = x.peers.present().find(({ peer }) => peer === y.id);
    const atY = y.peers.present().find(({ peer }) => peer === x.id);
    for (const node of [x, y]) {
      for (const { peer } of node.peers.present()) {
        if (!this.watcher.life(peer).node.alive) return `${node.name} still talks to the dead`;
      }
    }
    const known = a.stranger === b.stranger;
    if (!known) return atX === undefined && atY === undefined ? undefined : "strangers are connected";
    if ((atX === undefined) !== (atY === undefined)) return "one is connected and the other is not";
    if (atX === undefined || atY === undefined) {
      const full = [a, b].some(({ friends }) => friends !== undefined);
      return full || !this.#calling(a, b) && !this.#calling(b, a) ? undefined : "not connected";
    }
    if (atX.links !== 1 || atY.links !== 1) return `${atX.links} and ${atY.links} connections`;
    const open = this.#pairs.filter(({ dialer, listener }) =>
      dialer.open && listener.open && [x.id, y.id].includes(dialer.self) && [x.id, y.id].includes(dialer.peer)
    );
    if (open.length !== 1) return `${open.length} links are open`;
    if (atX.unconfirmed + atY.unconfirmed > 0) return `${atX.unconfirmed} and ${atY.unconfirmed} unconfirmed`;
    return undefined;
  }

  /** One may still call the other. */
  #calling(from: Place, to: Place): boolean {
    const { callsEnded } = this.watcher.life(from.node!.id);
    return from.calls.some((target) => target.replace(".alt", "") === to.name && !callsEnded.has(target));
  }

  #leaveAll(): void {
    const [first, ...rest] = this.#places.map(({ node }) => node!);
    const friends = first!.peers.present().map(({ peer }) => this.watcher.life(peer));
    for (const place of this.#places) place.lives = LIVES_MAX;
    this.#log?.(() => `${first!.name} leaves`);
    const left = (peer: PeerId) => friends.find(({ node }) => node.id === peer)!.connected.has(first!.id);
    first!.step({ type: "leave" });
    this.#runUntil(this.timeline.now + 6_000);
    if (first!.alive) throw new SimulationFailure(`${first!.name}: it said goodbye and is still there`);
    for (const { node } of friends) {
      if (left(node.id)) throw new SimulationFailure(`${node.name}: did not hear the goodbye`);
    }
    for (const node of rest) node.soon(false, () => node.step({ type: "leave" }));
    this.#runUntil(this.timeline.now + 6_000);
    for (const node of rest) {
      if (node.alive) throw new SimulationFailure(`${node.name}: it said goodbye and is still there`);
    }
  }
}

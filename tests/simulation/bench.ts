// A few processes chosen by a test on one simulated clock, with control of every connection between them: what a test
// of src/peers needs. Nothing is random but keys and first ticks, which come from a seed.

import { strictEqual as equal } from "node:assert/strict";
import { StretchedPhrase } from "../../src/auth/stretched.ts";
import { STRETCHED_SIZE } from "../../src/constants.ts";
import type { Notice } from "../../src/notice.ts";
import type { Attempt, Effect, Event, PeersOptions } from "../../src/peers/event.ts";
import type { PeerId } from "../../src/ports.ts";
import type { Arena } from "../../src/secrets/locked.ts";
import type { Shape } from "../../src/session/pacer.ts";
import { FrameType } from "../../src/wire/frame.ts";
import { MemoryPair } from "./memory_link.ts";
import { Node, sourceOf, type Surroundings } from "./node.ts";
import { Random } from "./random.ts";
import { Timeline } from "./timeline.ts";

export interface Person {
  /** `b` is called as `b`, `b.alt`, `b.third`: any name that begins so. */
  readonly name: string;
  /** Its first byte; the rest follows from the name. */
  readonly rank: number;
  readonly displayName?: string;
  readonly friends?: number;
  readonly shape?: Shape;
  /** Knows another phrase. */
  readonly stranger?: boolean;
  /** Has no listener. */
  readonly deaf?: boolean;
  /** Has one that takes calls before its phrase has been stretched. */
  readonly early?: boolean;
  /** No call gets through to it; only by a two-sided one is it met. */
  readonly walled?: boolean;
  /** Its address, if it matters. */
  readonly host?: string;
  readonly circle?: Pick<PeersOptions, "introductions" | "hidden">;
}

export interface Joined {
  readonly pair: MemoryPair;
  readonly from: string;
  readonly to: string;
}

/** `Deno.test` for stories on a bench, after each of which no secret is left in the arena. */
export function storiesIn(arena: Arena): (sentence: string, people: readonly Person[], body: Story) => void {
  return (sentence, people, body) =>
    Deno.test(sentence, () => {
      {
        using bench = new Bench(arena, ...people);
        body(bench);
      }
      equal(arena.used, 0, "slots of secrets are left");
    });
}

export type Story = (bench: Bench) => void;

type NoticeOf<E extends Notice["event"]> = Extract<Notice, { event: E }>;

export class Bench implements Surroundings, Disposable {
  readonly timeline = new Timeline();
  readonly random = new Random(20_26);
  readonly entropy = this.random.fill;
  /** All connections, in the order in which they were made. */
  readonly joined: Joined[] = [];
  readonly punches: { readonly at: number; readonly from: string }[] = [];
  readonly dials: { readonly at: number; readonly from: string; readonly target: string }[] = [];
  readonly told: { readonly at: number; readonly who: string; readonly notice: Notice }[] = [];
  readonly effects: { readonly at: number; readonly who: string; readonly event: Event; readonly effect: Effect }[] =
    [];
  stretchMs = 200;
  readTakesMs = 20;
  /** Undefined: the screen does not get to it. */
  showTakesMs: number | undefined = 1;
  /** May put its hand on a connection before anything goes over it. */
  onJoined: (joined: Joined) => void = () => {};
  readonly #arena: Arena;
  readonly #people = new Map<string, { readonly person: Person; node: Node }>();
  readonly #unshown: { readonly node: Node; readonly event: Event }[] = [];
  /** Those who take calls only for an introduction. */
  readonly #listening = new Set<Node>();
  #lives = 0;

  constructor(arena: Arena, ...people: readonly Person[]) {
    this.#arena = arena;
    for (const person of people) this.start(person);
  }

  /** A process begins; one of the same name before it has to have ended. A cheat keeps the PeerId of that one. */
  start(person: Person, kept?: PeerId): Node {
    const life = (++this.#lives).toString(16).padStart(2, "0");
    const self = kept ?? person.rank.toString(16).padStart(2, "0") + life.repeat(31);
    const shape = person.shape ?? { cover: "constant", intervalMs: 250 };
    const options = {
      self,
      shape,
      name: person.displayName,
      friends: person.friends,
      ...person.circle ?? { introductions: "no" as const, hidden: false },
    };
    const node = new Node(this, person.name, person.host ?? `10.0.0.${person.name}`, options, this.#arena, 0);
    this.#people.set(person.name, { person, node });
    if (!person.deaf && !person.early) {
      node.step({ type: "ready", phrase: this.#phrase(person.name, new Uint8Array(16).fill(this.#lives)) });
    }
    return node;
  }

  node(name: string): Node {
    return this.#people.get(name)!.node;
  }

  id(name: string): PeerId {
    return this.node(name).id;
  }

  call(from: string, target: string, retry = false): this {
    this.node(from).step({ type: "call", target, retry });
    return this;
  }

  say(from: string, text: string): void {
    this.node(from).step({ type: "say", text });
  }

  run(ms: number): this {
    this.timeline.runUntil(this.timeline.now + ms);
    return this;
  }

  /** To the moment at which `who` has a second link with `whom`, before anything has come on it. Throws if there is none. */
  untilTwoLinks(who: string, whom: string): this {
    for (let quarters = 0; this.friend(who, whom)?.links !== 2; quarters++) {
      if (quarters > 20_000) throw new Error(`${who} never had two links with ${whom}`);
      this.run(0.25);
    }
    return this;
  }

  /** What somebody was told, of one kind. */
  notices<E extends Notice["event"]>(who: string, event: E): NoticeOf<E>[] {
    return this.told.flatMap((t) => t.who === who && t.notice.event === event ? [t.notice as NoticeOf<E>] : []);
  }

  /** In a word each: `connected`, `left bye`, `refused phrase`, and so on. */
  story(who: string): string[] {
    return this.told.flatMap(({ who: name, notice }) => {
      if (name !== who) return [];
      if (notice.event === "connected") return [`connected ${notice.direction}`];
      if (notice.event === "left" || notice.event === "refused") return [`${notice.event} ${notice.reason}`];
      return [];
    });
  }

  texts(who: string): string[] {
    return this.notices(who, "message").map(({ text }) => text);
  }

  /** The person called `with`, as `who` has them, if they are here. */
  friend(who: string, other: string) {
    return this.node(who).peers.present().find(({ peer }) => peer === this.id(other));
  }

  /** The frame types that an end of a connection has sent, in order, without cells. */
  handshakeOf(who: string, joined: number): number[] {
    const link = this.#linkOf(who, joined);
    return this.effects.flatMap(({ who: name, effect }) =>
      name === who && effect.type === "send" && effect.link === link && effect.frame[1] !== FrameType.cell
        ? [effect.frame[1]!]
        : []
    );
  }

  /** Connections with both ends open. */
  open(): number[] {
    return this.joined.flatMap(({ pair }, i) => pair.dialer.open && pair.listener.open ? [i] : []);
  }

  /** What waits for the screen gets there. */
  showAll(): void {
    for (const { node, event } of this.#unshown.splice(0)) node.step(event);
  }

  /** The process ends, and its peers hear it from the system. */
  kill(name: string): void {
    const node = this.node(name);
    node.die();
    for (const { pair } of this.joined) {
      for (const link of [pair.dialer, pair.listener]) if (link.self === node.id) link.close();
    }
  }

  /** Silence; who wants them to meet says so. */
  punch(node: Node, { punch }: Attempt): void {
    this.punches.push({ at: this.timeline.now, from: node.name });
    this.timeline.after(5_000, () =>
      node.soon(false, () => {
        if (node.punches.delete(punch)) node.step({ type: "punchFailed", punch, why: "silent" });
      }));
  }

  /** The attempts that both have in the air cross, and become TLS with the first as client. */
  cross(from: string, to: string): void {
    const [dialer, listener] = [this.node(from), this.node(to)];
    const [out, back] = [[...dialer.punches.keys()][0], [...listener.punches.keys()].at(-1)];
    if (out === undefined || back === undefined) throw new Error("nothing is in the air");
    dialer.step({ type: "punchOpened", punch: out });
    listener.step({ type: "punchOpened", punch: back });
    const caller = listener.admit(sourceOf(dialer.host));
    for (const node of [dialer, listener]) node.punches.delete(node === dialer ? out : back);
    if (caller === undefined) {
      listener.step({ type: "punchFailed", punch: back, why: "unadmitted" });
      dialer.step({ type: "punchFailed", punch: out, why: "failed" });
      return;
    }
    const pair = this.#pair(dialer, listener, 7374);
    dialer.linked(pair.dialer, { punch: out });
    listener.linked(pair.listener, { punch: back, caller });
  }

  dial(node: Node, call: number, target: string): void {
    this.dials.push({ at: this.timeline.now, from: node.name, target });
    const fail = (why: "refused" | "turned-away") =>
      this.timeline.after(
        1,
        () => node.soon(false, () => node.step({ type: "dialFailed", call, failure: { at: "connect", why } })),
      );
    const found = this.#people.get(target.split(".")[0]!) ?? this.#at(target);
    if (found?.person.walled === true) {
      const attempt = node.dialling.get(call);
      const meetAt = [{ host: found.node.host, port: 7374 }];
      this.timeline.after(1, () => node.soon(false, () => node.step({ type: "aimed", call, meetAt })));
      this.timeline.after(5_000, () =>
        node.soon(false, () => {
          if (attempt !== undefined && node.dialling.get(call) === attempt) {
            node.step({ type: "dialFailed", call, failure: { at: "connect", why: "filtered" } });
          }
        }));
      return;
    }
    if (found === undefined || !found.node.alive) return fail("refused");
    if (found.person.deaf && !this.#listening.has(found.node)) return fail("refused");
    const to = found.node;
    let turn = false;
    const shut = () => {
      if (!turn) fail("turned-away");
    };
    to.arrive(sourceOf(node.host), {
      shut,
      start: (caller) => {
        turn = true;
        this.#join(node, to, call, caller);
      },
    });
  }

  #join(node: Node, to: Node, call: number, caller: number): void {
    const pair = this.#pair(node, to, 50000);
    this.timeline.after(1, () => node.soon(false, () => node.linked(pair.dialer, { call })));
    this.timeline.after(1, () => to.soon(false, () => to.linked(pair.listener, { caller })));
  }

  /** Who is at the first of these addresses at which anybody is. */
  #at(target: string): { readonly person: Person; node: Node } | undefined {
    for (const address of target.split(",")) {
      const host = address.slice(0, address.lastIndexOf(":"));
      for (const found of this.#people.values()) if (found.node.host === host && found.node.alive) return found;
    }
    return undefined;
  }

  listenAt(node: Node, hosts: readonly string[]): readonly string[] {
    if (hosts.length === 0) this.#listening.delete(node);
    else this.#listening.add(node);
    return hosts.map((host) => `${host}:7400`);
  }

  stretch(node: Node, salt: Uint8Array, done: (make: () => StretchedPhrase, tookMs: number) => void): void {
    this.timeline.after(this.stretchMs, () => done(() => this.#phrase(node.name, salt), this.stretchMs));
  }

  latenessMs(): number {
    return 0;
  }

  readMs(): number {
    return this.readTakesMs;
  }

  showMs(): number {
    return this.showTakesMs ?? 0;
  }

  before(): void {}

  after(node: Node, event: Event, _now: number, effects: readonly Effect[]): void {
    for (const effect of effects) {
      this.effects.push({ at: this.timeline.now, who: node.name, event, effect });
      if (effect.type === "notice") this.told.push({ at: this.timeline.now, who: node.name, notice: effect.notice });
    }
  }

  shows(node: Node, event: Event): boolean {
    if (this.showTakesMs !== undefined) return true;
    this.#unshown.push({ node, event });
    return false;
  }

  gone(): void {}

  [Symbol.dispose](): void {
    for (const { node } of this.#people.values()) if (node.alive) node.die();
  }

  #pair(from: Node, to: Node, port: number): MemoryPair {
    const cb = new Uint8Array(64);
    this.random.fill(cb);
    const pair = new MemoryPair(
      this.timeline,
      { self: from.id, host: from.host, address: `${from.host}:${port}` },
      { self: to.id, host: to.host, address: `${to.host}:7373` },
      cb,
    );
    const joined = { pair, from: from.name, to: to.name };
    this.joined.push(joined);
    this.onJoined(joined);
    return pair;
  }

  #linkOf(who: string, joined: number): number | undefined {
    const node = this.node(who);
    const { pair } = this.joined[joined]!;
    const own = pair.dialer.self === node.id ? pair.dialer : pair.listener;
    return [...node.everyLink].find(([, link]) => link === own)?.[0];
  }

  #phrase(name: string, salt: Uint8Array): StretchedPhrase {
    using wide = this.#arena.bytes(STRETCHED_SIZE);
    wide.bytes.fill(this.#people.get(name)?.person.stranger ? 0x55 : 0x33);
    return StretchedPhrase.from(this.#arena, salt, wide);
  }
}

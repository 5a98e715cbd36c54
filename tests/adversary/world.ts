// One real Sesame process, the victim, and one real friend who talks to it all the while; hostile peers come and go.
// Scope: what every row needs: fresh source addresses, connections that are closed afterwards, what the victim said,
// and the check after each row that it is alive, small, and that the friend's messages still arrive.
// Out of scope: the rows.

import assert from "node:assert/strict";
import { connect as connectTcp, type Socket } from "node:net";
import { Bell } from "../harness/bell.ts";
import { addressOf, dial, listen, PHRASE } from "../harness/process_pair.ts";
import { type JsonEvent, Sesame } from "../harness/process.ts";
import {
  type AnswerBend,
  authenticateAsDialer,
  authenticateAsListener,
  type DialOptions,
  FalseListener,
  FRAME,
  type Identity,
  makeAnswer,
  makeOffer,
  newIdentity,
  type OfferBend,
  parseOffer,
  random,
  type Session,
  split,
  type Stretched,
  stretched,
  Wire,
} from "../reference/reference.ts";

export interface WorldOptions {
  readonly intervalMs?: number;
  readonly victim?: readonly string[];
  readonly friend?: readonly string[];
}

export interface Row {
  /** Unique; `--rows` takes it. */
  readonly row: string;
  /**
   * What promises it: `protocol`, a section of docs/PROTOCOL.md; `model` and `cli`, what docs/SECURITY.md
   * and README have from the pages that the program was asked for on; `issue`, what was asked for.
   */
  readonly where: string;
  readonly sent: string;
  readonly promised: string;
  /** Says what was observed; throws where the promise was not kept. */
  run(world: World): Promise<string>;
  /** Gets a victim of its own, with these options. */
  readonly world?: WorldOptions;
  /** Waits for one of the victim's time-outs: all such rows run at the same time. */
  readonly slow?: true;
  readonly needs?: "openssl";
  /** In place of 40 s, after which a row hangs. */
  readonly limitMs?: number;
  /** Strangers that the victim reports because of it. It reports 20 a minute one by one; then it only counts. */
  readonly refusals?: number;
}

/** What an answer is made with, in place of what is right. */
export interface Answering extends DialOptions {
  readonly phrase?: string;
  readonly mode?: "real" | "decoy";
  readonly bend?: AnswerBend;
}

/** A row that takes longer hangs. */
const CLOSE_MS = 6000;
/** What is closed at once is closed before the 5 s of a TLS time-out, on a busy machine too. */
export const AT_ONCE_MS = 4500;
/** What the victim may grow by: one stretch is 64 MiB while it lasts. */
const GROWTH_MAX_KIB = 112 * 1024;
/** A friend's message takes one tick there and one back; the machine of CI is busy. */
const FRIEND_TICKS = 20;

let addresses = 0;

export class World implements AsyncDisposable {
  /** Refused strangers reported so far. */
  refusals = 0;
  /** Longest way of a friend's message there and back, and largest memory, for the summary. */
  slowestTicks = 0;
  largestKib = 0;
  readonly #owned: (Disposable | AsyncDisposable)[] = [];
  #talks = 0;
  readonly #smallest: number;

  private constructor(
    readonly victim: Sesame,
    readonly friend: Sesame,
    readonly address: string,
    /** The victim's PeerId. */
    readonly victimId: string,
    readonly friendId: string,
    readonly intervalMs: number,
  ) {
    this.#smallest = victim.memoryKib() ?? 0;
  }

  static async open({ intervalMs = 50, victim: more = [], friend: friends = [] }: WorldOptions = {}): Promise<World> {
    const victim = await listen(["--once", "--interval", `${intervalMs}`, ...more]);
    try {
      const address = await addressOf(victim);
      const friend = await dial(address, ["--interval", `${intervalMs}`, ...friends]);
      const [out, into] = await Promise.all([friend.event("connected"), victim.event("connected")]);
      return new World(victim, friend, address, String(out.peer), String(into.peer), intervalMs);
    } catch (error) {
      await victim[Symbol.asyncDispose]();
      throw error;
    }
  }

  // --- Hostile peers ---

  /** A loopback address that nobody has called from, of a network (a /24) of its own. */
  stranger(): string {
    const n = ++addresses;
    return `127.${1 + n % 200}.${1 + Math.floor(n / 200)}.1`;
  }

  /** A TLS connection to the victim. Rejects when TLS fails. */
  async dial(options: DialOptions = {}): Promise<Wire> {
    return this.own(await Wire.dial(this.address, { from: this.stranger(), ...options }));
  }

  /** A connection that has our answer to its offer, right but for what is given. */
  async answered({ phrase = PHRASE, mode, bend, ...how }: Answering = {}): Promise<Wire> {
    const wire = await this.dial(how);
    const offer = parseOffer(await wire.frame());
    wire.send(makeAnswer(wire, offer, await stretched(phrase, offer.salt, mode), bend).frame);
    return wire;
  }

  /** An authenticated session that we have dialled. */
  async session(options: DialOptions = {}): Promise<Session> {
    return await authenticateAsDialer(await this.dial(options), PHRASE);
  }

  /** A TCP connection to the victim, no TLS. */
  raw(from: string = this.stranger()): RawPeer {
    return this.own(new RawPeer(this.address, from));
  }

  /** The phrase, stretched for a salt of ours; the same for all rows, so that the victim stretches it once. */
  phrase(phrase: string = PHRASE, mode?: "real" | "decoy"): Promise<Stretched> {
    return stretched(phrase, OUR_SALT, mode);
  }

  /** Makes the victim call us. */
  async called(identity: Identity = newIdentity()): Promise<{ wire: Wire; target: string }> {
    const listener = await FalseListener.open(identity);
    this.own(listener);
    await this.victim.say(`/connect ${listener.address}`);
    return { wire: await listener.accept(), target: listener.address };
  }

  /** Makes the victim call us, and sends it an offer, right but for what is given. */
  async offered(bend?: OfferBend, identity?: Identity): Promise<{ wire: Wire; target: string }> {
    const called = await this.called(identity);
    called.wire.send(makeOffer(await this.phrase(), bend).frame);
    return called;
  }

  /** An authenticated session that the victim has dialled. */
  async calledSession(identity?: Identity): Promise<Session> {
    const { wire } = await this.called(identity);
    return await authenticateAsListener(wire, await this.phrase());
  }

  /** Closed after the row. */
  own<T extends Disposable | AsyncDisposable>(thing: T): T {
    this.#owned.push(thing);
    return thing;
  }

  // --- What the victim made of them ---

  /** It closed the connection, sent nothing but the offer, and says why it turned that stranger away. */
  async refusedAfterOffer(wire: Wire, reason: string): Promise<string> {
    await wire.closedWithin(CLOSE_MS);
    assert.equal(wire.received, FRAME, "bytes that the stranger got");
    await this.refused(wire.localAddress, reason);
    return `closed, refused: ${reason}, nothing after the offer`;
  }

  /** The victim had called, and closed without, or after, its answer. */
  async hungUp(wire: Wire, target: string, reason: string, frames: number): Promise<string> {
    await wire.closedWithin(CLOSE_MS);
    assert.equal(wire.received, frames * FRAME, "bytes that the false listener got");
    await this.refused(target, reason);
    return `closed ${frames === 0 ? "before" : "after"} its answer, refused: ${reason}`;
  }

  async refused(address: string, reason: string, ms = CLOSE_MS): Promise<JsonEvent> {
    const event = await this.victim.event((e) => e.event === "refused" && e.address === address, ms);
    assert.equal(event.reason, reason, `reason for refusing ${address}`);
    return event;
  }

  async refusedFrom(host: string, reason: string, ms = CLOSE_MS): Promise<JsonEvent> {
    const from = `${host}:`;
    const event = await this.victim.event((e) => e.event === "refused" && String(e.address).startsWith(from), ms);
    assert.equal(event.reason, reason, `reason for refusing ${host}`);
    return event;
  }

  /** It closed an authenticated connection, and says why. */
  async left(session: Session, reason: string): Promise<string> {
    await session.wire.closedWithin(CLOSE_MS);
    const peer = session.wire.identity.id.toHex();
    const event = await this.victim.event((e) => e.event === "left" && e.peer === peer, CLOSE_MS);
    assert.equal(event.reason, reason, "reason for leaving");
    return `closed, left: ${reason}`;
  }

  /** Texts of this peer that were shown. */
  shownFrom(identity: Identity): unknown[] {
    const peer = identity.id.toHex();
    return this.victim.all("message").filter((e) => e.peer === peer).map((e) => e.text);
  }

  /** Between rows: hostile connections are closed. */
  async tidy(): Promise<void> {
    for (const thing of this.#owned.splice(0).reverse()) {
      if (Symbol.asyncDispose in thing) await thing[Symbol.asyncDispose]();
      else thing[Symbol.dispose]();
    }
  }

  /** After each row: the victim lives, is not larger than it may be, says no word of a fault, and the friend talks on. */
  async stillWell(): Promise<void> {
    const began = performance.now();
    const text = `still here ${++this.#talks}`;
    const limit = FRIEND_TICKS * Math.max(this.intervalMs, 50);
    await this.friend.say(text);
    const shown = await this.victim.like("message", { text, peer: this.friendId }, limit);
    await this.friend.like("delivered", { id: shown.id }, limit);
    this.slowestTicks = Math.max(this.slowestTicks, (performance.now() - began) / this.intervalMs);
    assert.equal(this.victim.stderr, "", "the victim's standard error");
    const kib = this.victim.memoryKib() ?? 0;
    this.largestKib = Math.max(this.largestKib, kib);
    assert(kib - this.#smallest < GROWTH_MAX_KIB, `the victim grew from ${this.#smallest} to ${kib} KiB`);
    assert.equal(this.friend.all("left").length, 0, "times that the friend was thrown out");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.tidy();
    await Promise.all([this.victim[Symbol.asyncDispose](), this.friend[Symbol.asyncDispose]()]);
  }
}

/** TCP, and whatever bytes one likes. */
export class RawPeer implements Disposable {
  readonly socket: Socket;
  received = 0;
  /** Once connected. */
  localAddress = "";
  #closed = false;
  readonly #bell = new Bell();
  readonly connected: Promise<void>;
  readonly gone: Promise<void>;

  constructor(address: string, from: string) {
    this.socket = connectTcp({ ...split(address), localAddress: from });
    this.socket.on("error", () => {});
    this.socket.on("data", (chunk: Uint8Array) => this.received += chunk.length);
    this.socket.on("end", () => this.socket.destroy());
    // Known only while it is open.
    this.socket.once("connect", () => this.localAddress = `${this.socket.localAddress}:${this.socket.localPort}`);
    const closed = new Promise<void>((done) => this.socket.once("close", () => done()));
    this.gone = closed.then(() => {
      this.#closed = true;
      this.#bell.stir();
    });
    this.connected = Promise.race([new Promise<void>((done) => this.socket.once("connect", () => done())), closed]);
  }

  /** Resolves when the operating system has taken it, or the connection is closed. */
  send(bytes: Uint8Array): Promise<void> {
    if (this.#closed) return Promise.resolve();
    return Promise.race([new Promise<void>((done) => void this.socket.write(bytes, () => done())), this.gone]);
  }

  get closed(): boolean {
    return this.#closed;
  }

  async closedWithin(ms: number): Promise<void> {
    await this.#bell.until(() => this.#closed || undefined, ms, () => `still open after ${ms} ms`);
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}

const OUR_SALT = random(16);

// The Link of ports.ts without a network: two ends joined by two pipes on a simulated clock. Each pipe keeps its order and
// delays, splits and stalls; the whole can die, with both, one or none of its ends told. `memory_link_test.ts` runs the
// contract of every Link over it, so that it cannot lie.

import { CHANNEL_BINDING_SIZE, FRAME_SIZE } from "../../src/constants.ts";
import type { Frame, Link, Millis, PeerId, Role } from "../../src/ports.ts";
import { FrameReader } from "../../src/transport/frame_reader.ts";
import type { Timeline } from "./timeline.ts";

/** What the network does to each frame; drawn again for each. */
export interface Weather {
  delayMs(): number;
  /** Bytes of the frame that come ahead of its rest; 0: it comes in one piece. */
  splitAt(): number;
}

export const CALM: Weather = { delayMs: () => 1, splitAt: () => 0 };

/** Frames that the operating systems of both ends hold between them; what is more is unsent. */
const BUFFERED = 24;

export interface End {
  readonly self: PeerId;
  /** As the other side is told about it. */
  readonly host: string;
  readonly address: string;
}

/** A connection with its two ends. */
export class MemoryPair {
  readonly dialer: MemoryLink;
  readonly listener: MemoryLink;
  readonly #timeline: Timeline;
  #dead = false;

  constructor(timeline: Timeline, dialer: End, listener: End, channelBinding: Uint8Array, weather: Weather = CALM) {
    if (channelBinding.length !== CHANNEL_BINDING_SIZE) throw new RangeError("a channel binding has 64 bytes");
    this.#timeline = timeline;
    this.dialer = new MemoryLink("dialer", timeline, dialer, listener, channelBinding, weather);
    this.listener = new MemoryLink("listener", timeline, listener, dialer, channelBinding, weather);
    this.dialer.joinTo(this.listener);
    this.listener.joinTo(this.dialer);
  }

  end(role: Role): MemoryLink {
    return role === "dialer" ? this.dialer : this.listener;
  }

  get dead(): boolean {
    return this.#dead;
  }

  /** Nothing comes out before then in the direction to that end. */
  stall(to: Role, until: Millis): void {
    this.end(to === "dialer" ? "listener" : "dialer").out.stall(until);
  }

  /** The connection breaks: ends in `told` hear of it, the others hear nothing ever. `lost`: what was on its way there is. */
  die(told: readonly Role[], lost: readonly Role[]): void {
    if (this.#dead) return;
    this.#dead = true;
    for (const to of ["dialer", "listener"] as const) {
      const pipe = this.end(to === "dialer" ? "listener" : "dialer").out;
      pipe.cut(lost.includes(to), told.includes(to));
    }
  }

  /** Time passes until all that was sent has come. */
  settle(): void {
    this.#timeline.runUntil(this.#timeline.now + 60_000);
  }
}

export class MemoryLink implements Link {
  readonly role: Role;
  readonly address: string;
  readonly host: string;
  readonly local: string;
  readonly self: PeerId;
  readonly peer: PeerId;
  readonly channelBinding: Uint8Array;
  readonly familiar = true;
  readonly out: Pipe;
  readonly #timeline: Timeline;
  readonly #reader = new FrameReader();
  #other: MemoryLink | undefined;
  #onFrame: ((frame: Frame) => void) | undefined;
  #onEnd: (() => void) | undefined;
  /** Came before `receive`; undefined is the end. */
  #inbox: (Uint8Array | undefined)[] = [];
  #flushed = false;
  #open = true;

  constructor(role: Role, timeline: Timeline, own: End, other: End, channelBinding: Uint8Array, weather: Weather) {
    this.role = role;
    this.#timeline = timeline;
    this.address = other.address;
    this.host = other.host;
    this.local = own.host;
    this.self = own.self;
    this.peer = other.self;
    this.channelBinding = channelBinding.slice();
    this.out = new Pipe(timeline, weather, (chunk) => this.#other?.arrive(chunk));
  }

  joinTo(other: MemoryLink): void {
    this.#other = other;
  }

  get open(): boolean {
    return this.#open;
  }

  get unsent(): number {
    return this.out.unsent;
  }

  receive(onFrame: (frame: Frame) => void, onEnd: () => void): void {
    this.#onFrame = onFrame;
    this.#onEnd = onEnd;
    this.#timeline.at(this.#timeline.now, () => {
      this.#flushed = true;
      for (const chunk of this.#inbox.splice(0)) this.#deliver(chunk);
    });
  }

  send(frame: Frame): void {
    if (frame.length !== FRAME_SIZE) throw new RangeError(`a frame is not ${frame.length} bytes`);
    if (this.#open) this.out.push(frame.slice());
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#inbox = [];
    this.out.end();
  }

  /** Of the pipe: bytes, or the end. */
  arrive(chunk: Uint8Array | undefined): void {
    if (this.#flushed) this.#deliver(chunk);
    else if (this.#open) this.#inbox.push(chunk);
  }

  #deliver(chunk: Uint8Array | undefined): void {
    if (!this.#open) return;
    if (chunk !== undefined) return this.#reader.read(chunk, () => this.#open, this.#onFrame!);
    this.#open = false;
    this.out.end();
    this.#onEnd!();
  }
}

/** One direction. What comes out is in the order of what went in. */
export class Pipe {
  readonly #timeline: Timeline;
  readonly #weather: Weather;
  readonly #arrive: (chunk: Uint8Array | undefined) => void;
  #entries: { readonly at: Millis; readonly chunk: Uint8Array | undefined; readonly lastOfFrame: boolean }[] = [];
  #frames = 0;
  #lastAt: Millis = 0;
  #stalledUntil: Millis = -Infinity;
  #cut = false;
  #ended = false;
  /** Counts what was asked of the clock; only the latest counts. 0: nothing is. */
  #pumping = 0;
  #pumps = 0;

  constructor(timeline: Timeline, weather: Weather, arrive: (chunk: Uint8Array | undefined) => void) {
    this.#timeline = timeline;
    this.#weather = weather;
    this.#arrive = arrive;
  }

  get unsent(): number {
    return Math.max(0, this.#frames - BUFFERED);
  }

  /** Takes the bytes. */
  push(frame: Uint8Array): void {
    if (this.#ended) return;
    this.#frames++;
    if (this.#cut) return; // never taken: it stays unsent
    const at = Math.max(this.#lastAt, this.#timeline.now + this.#weather.delayMs());
    const split = this.#weather.splitAt();
    if (split > 0) this.#enter(at, frame.subarray(0, split), false);
    this.#enter(split > 0 ? at + this.#weather.delayMs() : at, frame.subarray(split), true);
  }

  /** After what is on its way. */
  end(): void {
    if (this.#ended || this.#cut) return;
    this.#ended = true;
    this.#enter(Math.max(this.#lastAt, this.#timeline.now + this.#weather.delayMs()), undefined, false);
  }

  stall(until: Millis): void {
    this.#stalledUntil = Math.max(this.#stalledUntil, until);
  }

  cut(lost: boolean, told: boolean): void {
    if (this.#cut) return;
    if (lost) {
      this.#entries = this.#entries.filter(({ chunk }) => chunk === undefined && told);
      this.#stalledUntil = -Infinity;
      this.#pumping = 0;
      this.#pump();
    }
    if (told && !this.#ended) {
      this.#enter(Math.max(this.#lastAt, this.#timeline.now + this.#weather.delayMs()), undefined, false);
    }
    this.#cut = true;
  }

  #enter(at: Millis, chunk: Uint8Array | undefined, lastOfFrame: boolean): void {
    this.#lastAt = at;
    this.#entries.push({ at, chunk, lastOfFrame });
    this.#pump();
  }

  #pump(): void {
    const [next] = this.#entries;
    if (this.#pumping > 0 || next === undefined) return;
    const pump = this.#pumping = ++this.#pumps;
    this.#timeline.at(Math.max(next.at, this.#stalledUntil), () => {
      if (pump !== this.#pumping) return;
      this.#pumping = 0;
      const [due] = this.#entries;
      // A stall that began, or a loss, since this was asked for.
      if (due !== undefined && this.#timeline.now >= Math.max(due.at, this.#stalledUntil)) {
        this.#entries.shift();
        if (due.lastOfFrame) this.#frames--;
        this.#arrive(due.chunk);
      }
      this.#pump();
    });
  }
}

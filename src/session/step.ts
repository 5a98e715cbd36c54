// One link as a synchronous, deterministic machine (docs/PROTOCOL.md sections 3 to 7): event, time and entropy in,
// effects out as data. Same events, times and entropy give the same effects.
//
//   phase        listener waits for          dialer waits for              a frame of another type is a violation
//   new          "opened"                    an offer
//   asked                                    "stretched"                   no frame at all
//   offered      an answer
//   answered                                 an accept
//   verified     "admit" (the owner may still turn the peer away)        no frame at all
//   live         cells                       cells
//   over         nothing: the machine is disposed
//
// The peer's faults close the link with a "close" effect, after which the machine is over. Everything else that is
// thrown is a bug. Out of scope: sockets, timers, other links, whether the person's screen has shown a text.

import {
  AUTH_TIMEOUT_MS,
  BYE_TIMEOUT_MS,
  CELL_PLAINTEXT_SIZE,
  FRAME_BODY_SIZE,
  MAX_UNSENT_FRAMES,
  NO_PROGRESS_TIMEOUT_MS,
  SLEPT_MS,
} from "../constants.ts";
import { type ConnectionFacts, DialerHandshake, ListenerHandshake } from "../auth/handshake.ts";
import type { StretchedPhrase } from "../auth/stretched.ts";
import type { Entropy, Frame, Millis } from "../ports.ts";
import { ProtocolViolation } from "../protocol_violation.ts";
import { Ratchet, type RenewalCell } from "../ratchet/ratchet.ts";
import type { Arena } from "../secrets/locked.ts";
import { type Cell, decodeCell, encodeCell } from "../wire/cell.ts";
import { Reassembly } from "../wire/fragment.ts";
import { decodeFrame, encodeFrame, FrameType } from "../wire/frame.ts";
import {
  decodeAccept,
  decodeAnswer,
  decodeOffer,
  encodeAccept,
  encodeAnswer,
  encodeOffer,
  type Offer,
} from "../wire/handshake_body.ts";
import { decodeMessage } from "../wire/message.ts";
import { type Effect, type Event, isTold, type SessionFacts } from "./events.ts";
import { Held } from "./held.ts";
import { Incoming } from "./incoming.ts";
import { Outgoing } from "./outgoing.ts";
import { makePacer, type Pacer, type Shape } from "./pacer.ts";
import { Silence } from "./silence.ts";
import { Tolerance } from "./tolerance.ts";

export type { CloseReason, Effect, Event, SessionFacts } from "./events.ts";

/** A session's phase owns exactly the keys of that phase. */
type Phase =
  | { name: "new" }
  | { name: "asked"; offer: Offer }
  | { name: "offered"; handshake: ListenerHandshake }
  | { name: "answered"; handshake: DialerHandshake }
  | { name: "verified"; ratchet: Ratchet; confirmB: Uint8Array | undefined }
  | { name: "live"; ratchet: Ratchet; pacer: Pacer }
  | { name: "over" };

export class Session implements Disposable {
  readonly #arena: Arena;
  readonly #facts: SessionFacts;
  readonly #ids: { readonly self: Uint8Array; readonly peer: Uint8Array };
  readonly #shape: Shape;
  readonly #outgoing = new Outgoing();
  readonly #reassembly = new Reassembly();
  #phase: Phase = { name: "new" };

  readonly #authDeadline: Millis;
  #byeDeadline: Millis = Infinity;
  readonly #silence: Silence;
  /** The machine slept since the last frame, and silence has been counted again for that. */
  #restarted = false;
  #promised: Millis;

  /** Frames given away, and how many of those the operating system had taken at the last look. */
  #sent = 0;
  #taken = 0;
  #lastProgress: Millis = Infinity;

  readonly #tolerance: Tolerance;
  readonly #held = new Held();
  readonly #incoming: Incoming;

  constructor(arena: Arena, facts: SessionFacts, shape: Shape, now: Millis) {
    this.#arena = arena;
    this.#facts = facts;
    this.#incoming = new Incoming(facts.self, facts.peer);
    this.#ids = { self: Uint8Array.fromHex(facts.self), peer: Uint8Array.fromHex(facts.peer) };
    this.#shape = shape;
    this.#authDeadline = now + AUTH_TIMEOUT_MS;
    this.#silence = new Silence(now);
    this.#tolerance = new Tolerance(now);
    this.#promised = this.#nextDeadline();
  }

  get phase(): Phase["name"] {
    return this.#phase.name;
  }

  /** When "time" is due. */
  get deadline(): Millis {
    return this.#promised;
  }

  /** Chats that came on this link and whose acknowledgement has not left yet. */
  get unacknowledged(): number {
    return this.#incoming.unacked.size;
  }

  /** There is work that no tick should wait for: a "quiet" event is asked for. Without one it is done at a tick. */
  get wantsQuiet(): boolean {
    return this.#phase.name === "live" && this.#phase.ratchet.wantsKey;
  }

  /** Docs/PROTOCOL.md section 8: ten cells within 10 s and then nothing for 5 s, or nothing for 45 s. */
  isSilent(now: Millis): boolean {
    return this.#silence.isSilent(now);
  }

  /** How long the other side has been quiet, from three times its longest pause on; else 0. */
  quietFor(now: Millis): Millis {
    return this.#silence.quietFor(now);
  }

  step(event: Event, now: Millis, entropy: Entropy): Effect[] {
    if (this.#phase.name === "over") return [];
    const promised = this.#promised;
    const effects = judged(() => this.#step(event, now, entropy));
    if (closes(effects)) this[Symbol.dispose]();
    const due = this.#nextDeadline();
    // A deadline that this event has brought into the past (typing, with cover off) is due now and not late: only a timer
    // that was not looked at in time shows that the machine slept.
    this.#promised = due < now && promised >= now ? now : due;
    return effects;
  }

  /** Wipes every key; the machine is over. */
  [Symbol.dispose](): void {
    const phase = this.#phase;
    this.#phase = { name: "over" };
    if ("handshake" in phase) phase.handshake[Symbol.dispose]();
    if ("ratchet" in phase) phase.ratchet[Symbol.dispose]();
    this.#outgoing[Symbol.dispose]();
    this.#reassembly[Symbol.dispose]();
  }

  #step(event: Event, now: Millis, entropy: Entropy): Effect[] {
    switch (event.type) {
      case "opened":
        if (this.#phase.name !== "new" || event.phrase === undefined) return [];
        return this.#offer(event.phrase, entropy);
      case "frame":
        this.#silence.ended(now);
        this.#restarted = false;
        return this.#frame(event.frame, now, entropy, event.at);
      case "stretched":
        return this.#answer(event.phrase, entropy);
      case "admit":
        return this.#admit(now, entropy);
      case "submit":
        this.#outgoing.add(event.message);
        return [];
      case "shown":
        // An ack goes on the connection that its chat came on; one that moved away has nobody to tell.
        if (this.#incoming.unacked.has(event.id)) this.#outgoing.add({ type: "ack", id: event.id });
        return [];
      case "withdraw circle":
        this.#outgoing.withdrawCircle();
        return [];
      case "nudge":
        if (this.#phase.name === "live") this.#phase.pacer.nudge(now);
        return [];
      case "leave":
        if (this.#phase.name !== "live") return [{ type: "close", reason: "bye" }];
        this.#outgoing.leave();
        return [];
      case "quiet":
        if (this.#phase.name === "live") this.#phase.ratchet.makeKey(entropy);
        return [];
      case "flush":
        return this.#openHeld(now, entropy);
      case "time":
        return this.#time(now, event.unsent, entropy);
    }
  }

  // --- Handshake, section 3 ---

  #connectionFacts(): ConnectionFacts {
    const { self, peer } = this.#ids;
    const [dialer, listener] = this.#facts.role === "dialer" ? [self, peer] : [peer, self];
    return { dialer, listener, channelBinding: this.#facts.channelBinding };
  }

  #offer(phrase: StretchedPhrase, entropy: Entropy): Effect[] {
    const handshake = new ListenerHandshake(this.#arena, phrase, this.#connectionFacts(), entropy);
    this.#phase = { name: "offered", handshake };
    return [this.#send(encodeOffer(handshake.offer))];
  }

  #answer(phrase: StretchedPhrase, entropy: Entropy): Effect[] {
    if (this.#phase.name !== "asked") return [];
    const { offer } = this.#phase;
    const handshake = new DialerHandshake(this.#arena, phrase, this.#connectionFacts(), offer, entropy);
    this.#phase = { name: "answered", handshake };
    return [this.#send(encodeAnswer(handshake.answer))];
  }

  /** From here on the peer is somebody who knows the phrase, on this TLS connection, in this mode. */
  #verified(ratchet: Ratchet, confirmB: Uint8Array | undefined): Effect[] {
    this.#phase = { name: "verified", ratchet, confirmB };
    return [{ type: "verified" }];
  }

  #admit(now: Millis, entropy: Entropy): Effect[] {
    if (this.#phase.name !== "verified") return [];
    const { ratchet, confirmB } = this.#phase;
    const pacer = makePacer(this.#shape, now, uniform(entropy));
    this.#phase = { name: "live", ratchet, pacer };
    this.#lastProgress = now;
    return confirmB === undefined ? [] : [this.#send(encodeAccept({ confirmB }))];
  }

  #frame(frame: Frame, now: Millis, entropy: Entropy, at?: Millis): Effect[] {
    const { type, header, body } = decodeFrame(frame);
    const phase = this.#phase;
    if (phase.name === "live" && type === FrameType.cell) {
      const { ratchet, pacer } = phase;
      if (!this.#held.takes(frame, ratchet.isKey(body), pacer.next(!this.#outgoing.empty), now)) {
        return this.#cell(ratchet, header, body, now, entropy, at);
      }
      return this.#held.full ? this.#openHeld(now, entropy) : [];
    }
    if (phase.name === "new" && this.#facts.role === "dialer" && type === FrameType.offer) {
      const offer = decodeOffer(body);
      this.#phase = { name: "asked", offer };
      return [{ type: "stretch", salt: offer.salt }];
    }
    if (phase.name === "offered" && type === FrameType.answer) {
      const done = phase.handshake.finish(decodeAnswer(body), entropy);
      if (done === undefined) return [{ type: "close", reason: "phrase" }];
      return this.#verified(Ratchet.start(this.#arena, done.secrets, this.#ids), done.confirmB);
    }
    if (phase.name === "answered" && type === FrameType.accept) {
      const secrets = phase.handshake.finish(decodeAccept(body).confirmB);
      if (secrets === undefined) return [{ type: "close", reason: "phrase" }];
      return this.#verified(Ratchet.start(this.#arena, secrets, this.#ids), undefined);
    }
    throw new ProtocolViolation("out of place");
  }

  // --- Cells in, sections 4 to 6 ---

  /** `at`: when it came. */
  #cell(ratchet: Ratchet, header: Uint8Array, body: Uint8Array, now: Millis, entropy: Entropy, at = now): Effect[] {
    this.#tolerance.take(at);
    using plaintext = this.#arena.bytes(CELL_PLAINTEXT_SIZE);
    const opened = ratchet.open(header, body, plaintext);
    if (opened === undefined) {
      this.#reassembly.lost(); // what it held is not known
      this.#tolerance.failed();
      return [];
    }
    this.#tolerance.opened();
    this.#silence.opened(now);
    if (opened.skipped) {
      this.#reassembly.lost();
      this.#tolerance.passedOver();
    }
    const cell = decodeCell(plaintext.bytes);
    ratchet.take(opened, cell, entropy);
    const json = opened.stored ? this.#reassembly.late(cell) : this.#reassembly.accept(cell);
    if (json === undefined) return [{ type: "opened" }];
    try {
      const message = decodeMessage(json);
      if (message.type === "bye") return [{ type: "opened" }, { type: "close", reason: "bye" }];
      this.#incoming.take(message);
      return [{ type: "opened" }, { type: "received", message }];
    } finally {
      json.fill(0);
    }
  }

  #openHeld(now: Millis, entropy: Entropy): Effect[] {
    const effects: Effect[] = [];
    for (const frame of this.#held.release()) {
      const phase = this.#phase;
      if (phase.name !== "live" || closes(effects)) break;
      const { header, body } = decodeFrame(frame);
      effects.push(...judged(() => this.#cell(phase.ratchet, header, body, now, entropy)));
    }
    return effects;
  }

  // --- Time and cells out, section 7 ---

  #time(now: Millis, unsent: number, entropy: Entropy): Effect[] {
    if (now - this.#promised > SLEPT_MS && !this.#restarted) {
      // The machine slept: nobody could have sent or taken anything, so waiting starts again, once.
      this.#restarted = true;
      this.#silence.ended(now);
      this.#lastProgress = now;
    }
    const taken = this.#sent - unsent;
    if (taken > this.#taken || unsent === 0) {
      this.#taken = taken;
      this.#lastProgress = now;
    }
    const phase = this.#phase;
    if (phase.name !== "live") return now >= this.#authDeadline ? [{ type: "close", reason: "timeout" }] : [];
    if (now >= this.#byeDeadline) return [{ type: "close", reason: "bye" }];
    // Sums as in #nextDeadline, to the last bit: a deadline that has come and is not acted on would come again at once.
    if (now >= this.#lastProgress + NO_PROGRESS_TIMEOUT_MS) return [{ type: "close", reason: "timeout" }];
    if (this.#silence.isDead(now)) return [{ type: "close", reason: "timeout" }];
    if (!phase.pacer.take(now, !this.#outgoing.empty)) {
      return now >= this.#held.until ? this.#openHeld(now, entropy) : [];
    }
    if (unsent < MAX_UNSENT_FRAMES) return this.#sendCell(phase.ratchet, now, entropy);
    // Nothing is taken, so no bye will be either: leaving does not wait for it.
    if (this.#outgoing.leaving) this.#byeDeadline = Math.min(this.#byeDeadline, now + BYE_TIMEOUT_MS);
    return [];
  }

  #sendCell(ratchet: Ratchet, now: Millis, entropy: Entropy): Effect[] {
    // The end of a chain: a peer that withholds a renewal for that long ends the connection.
    if (!ratchet.canSeal) return [{ type: "close", reason: "timeout" }];
    // A renewal takes its place whatever is queued: talk without pause renews as often as silence.
    const due = ratchet.due(entropy);
    const { cell, begun, ended } = due === undefined ? this.#outgoing.next() : ofRenewal(due);
    using plaintext = this.#arena.bytes(CELL_PLAINTEXT_SIZE);
    encodeCell(cell, plaintext.bytes);
    const frame = encodeFrame(FrameType.cell, EMPTY_BODY);
    const { header, body } = decodeFrame(frame);
    ratchet.seal(header, body, plaintext);
    if (ended?.type === "ack") this.#incoming.unacked.delete(ended.id);
    if (ended?.type === "bye") this.#byeDeadline = now + BYE_TIMEOUT_MS;
    if (cell.kind === "fragment") cell.data.fill(0);
    return begun === undefined || !isTold(begun.message)
      ? [this.#send(frame)]
      : [this.#send(frame), { type: "begun", message: begun.message, cells: begun.cells }];
  }

  #send(frame: Frame): Effect {
    this.#sent++;
    return { type: "send", frame };
  }

  #nextDeadline(): Millis {
    const phase = this.#phase;
    if (phase.name === "over") return Infinity;
    if (phase.name !== "live") return this.#authDeadline;
    const progress = this.#taken < this.#sent ? this.#lastProgress + NO_PROGRESS_TIMEOUT_MS : Infinity;
    const tick = phase.pacer.next(!this.#outgoing.empty);
    return Math.min(tick, this.#held.until, this.#silence.deadline, progress, this.#byeDeadline);
  }
}

function ofRenewal(cell: RenewalCell): { cell: Cell; begun: undefined; ended: undefined } {
  return { cell, begun: undefined, ended: undefined };
}

/** What comes of it; a violation closes. */
function judged(work: () => Effect[]): Effect[] {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof ProtocolViolation)) throw error;
    return [{ type: "close", reason: "protocol" }];
  }
}

function closes(effects: readonly Effect[]): boolean {
  return effects.some((effect) => effect.type === "close");
}

/** Uniform in [0, 1), of 32 random bits. */
function uniform(entropy: Entropy): number {
  const bytes = new Uint8Array(4);
  entropy(bytes);
  return new DataView(bytes.buffer).getUint32(0) / 2 ** 32;
}

const EMPTY_BODY = new Uint8Array(FRAME_BODY_SIZE);

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
// thrown is a bug. Not in here: sockets, timers, other links, whether the person's screen has shown a text.

import {
  AUTH_TIMEOUT_MS,
  BYE_TIMEOUT_MS,
  CELL_BUCKET_PER_SECOND,
  CELL_BUCKET_SIZE,
  CELL_PLAINTEXT_SIZE,
  DEAD_AFTER_MS,
  FRAME_BODY_SIZE,
  MAX_FAILURES_IN_A_ROW,
  MAX_FAILURES_IN_ALL,
  MAX_UNSENT_FRAMES,
  NO_PROGRESS_TIMEOUT_MS,
  SILENCE_GRACE_MS,
  SILENT_BUSY_MS,
  SILENT_CELLS,
  SILENT_IDLE_MS,
  SILENT_WINDOW_MS,
  SLEPT_MS,
} from "../constants.ts";
import { type ConnectionFacts, DialerHandshake, ListenerHandshake } from "../auth/handshake.ts";
import type { StretchedPhrase } from "../auth/stretched.ts";
import type { MessageId } from "../notice.ts";
import type { Entropy, Frame, Millis, PeerId, Role } from "../ports.ts";
import { ProtocolViolation } from "../protocol_violation.ts";
import { Ratchet } from "../ratchet/ratchet.ts";
import type { Arena } from "../secrets/locked.ts";
import { decodeCell, encodeCell } from "../wire/cell.ts";
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
import { decodeMessage, type Message } from "../wire/message.ts";
import { Incoming } from "./incoming.ts";
import { Outgoing } from "./outgoing.ts";
import { makePacer, type Pacer, type Shape } from "./pacer.ts";

/** What a session has to know of its link. */
export interface SessionFacts {
  readonly role: Role;
  readonly self: PeerId;
  readonly peer: PeerId;
  readonly channelBinding: Uint8Array;
}

export type Event =
  /** TLS is up. A listener's session is lent the phrase stretched for its own salt, and offers. */
  | { type: "opened"; phrase?: StretchedPhrase }
  /** A frame arrived; lent for the step. */
  | { type: "frame"; frame: Frame }
  /** The answer to "stretch"; lent until the session is over. */
  | { type: "stretched"; phrase: StretchedPhrase }
  /** The answer to "verified": the peer may stay. */
  | { type: "admit" }
  /** Queued; a tick sends it. */
  | { type: "submit"; message: Message }
  /** A chat is on the person's screen: acknowledge it. */
  | { type: "shown"; id: MessageId }
  /** The circle that has not begun to leave is not sent. */
  | { type: "withdraw circle" }
  /** A cell is wanted soon, because several links with this peer are open. */
  | { type: "nudge" }
  /** Say goodbye after the message being sent, then close. */
  | { type: "leave" }
  /** The deadline has come. `unsent`: frames that the operating system has not taken yet. */
  | { type: "time"; unsent: number };

export type CloseReason =
  /** The confirmation is wrong: another phrase or mode, or somebody in between. */
  | "phrase"
  /** The peer broke the protocol. */
  | "protocol"
  /** Nothing came, or nothing could be sent, for too long. */
  | "timeout"
  /** One's own goodbye is done, or the peer's has come. */
  | "bye";

export type Effect =
  | { type: "send"; frame: Frame }
  | { type: "stretch"; salt: Uint8Array }
  /** The peer has proved that it knows the phrase. Answer with "admit", or close the link. */
  | { type: "verified" }
  /** A cell has been opened: the link is alive. */
  | { type: "opened" }
  | { type: "received"; message: Exclude<Message, { type: "bye" }> }
  /** The first cell of a message leaves, the first of `cells`. Acks, chats, names and the bye are not told. */
  | { type: "begun"; message: Told; cells: number }
  | { type: "close"; reason: CloseReason };

/** What the owner wants to know the beginning of. */
type Told = Extract<Message, { type: "verify" | "circle" | "meet" | "introduce" }>;

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
  /** When the last frame came, and the times of the last opened cells, at most SILENT_CELLS. */
  #lastFrame: Millis;
  readonly #cellTimes: Millis[] = [];
  /** Set when silence was noticed and the socket gets a moment to show what was waiting in it. */
  #silenceNoticed = false;
  /** The machine slept since the last frame, and silence has been counted anew for that. */
  #restarted = false;
  #promised: Millis;

  /** Frames given away, and how many of those the operating system had taken at the last look. */
  #sent = 0;
  #taken = 0;
  #lastProgress: Millis;

  #failuresInARow = 0;
  #failuresInAll = 0;
  #bucket = CELL_BUCKET_SIZE;
  #bucketAt: Millis;
  readonly #incoming: Incoming;

  constructor(arena: Arena, facts: SessionFacts, shape: Shape, now: Millis) {
    this.#arena = arena;
    this.#facts = facts;
    this.#incoming = new Incoming(facts.self, facts.peer);
    this.#ids = { self: bytesOf(facts.self), peer: bytesOf(facts.peer) };
    this.#shape = shape;
    this.#authDeadline = now + AUTH_TIMEOUT_MS;
    this.#lastFrame = this.#lastProgress = this.#bucketAt = now;
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

  /** Docs/PROTOCOL.md section 8: ten cells within 10 s and then nothing for 5 s, or nothing for 45 s. */
  isSilent(now: Millis): boolean {
    const [first] = this.#cellTimes;
    const last = this.#cellTimes.at(-1);
    if (first === undefined || last === undefined) return now - this.#lastFrame >= SILENT_IDLE_MS;
    const quiet = now - Math.max(last, this.#lastFrame);
    const busy = this.#cellTimes.length === SILENT_CELLS && last - first <= SILENT_WINDOW_MS;
    return quiet >= SILENT_IDLE_MS || (busy && quiet >= SILENT_BUSY_MS);
  }

  step(event: Event, now: Millis, entropy: Entropy): Effect[] {
    if (this.#phase.name === "over") return [];
    const promised = this.#promised;
    let effects: Effect[];
    try {
      effects = this.#step(event, now, entropy);
    } catch (error) {
      if (!(error instanceof ProtocolViolation)) throw error;
      effects = [{ type: "close", reason: "protocol" }];
    }
    if (effects.some((effect) => effect.type === "close")) this[Symbol.dispose]();
    const due = this.#nextDeadline();
    // A deadline that this event has brought into the past (typing, with cover off) is due now and not late: only a timer
    // that was not looked at in time tells of a machine that slept.
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
        this.#lastFrame = now;
        this.#silenceNoticed = this.#restarted = false;
        return this.#frame(event.frame, now, entropy);
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
      case "time":
        return this.#time(now, event.unsent);
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

  #frame(frame: Frame, now: Millis, entropy: Entropy): Effect[] {
    const { type, header, body } = decodeFrame(frame);
    const phase = this.#phase;
    if (phase.name === "live" && type === FrameType.cell) return this.#cell(phase.ratchet, header, body, now, entropy);
    if (phase.name === "new" && this.#facts.role === "dialer" && type === FrameType.offer) {
      const offer = decodeOffer(body);
      this.#phase = { name: "asked", offer };
      return [{ type: "stretch", salt: offer.salt }];
    }
    if (phase.name === "offered" && type === FrameType.answer) {
      const done = phase.handshake.finish(decodeAnswer(body));
      if (done === undefined) return [{ type: "close", reason: "phrase" }];
      return this.#verified(Ratchet.start(this.#arena, done.secrets, this.#ids, entropy), done.confirmB);
    }
    if (phase.name === "answered" && type === FrameType.accept) {
      const secrets = phase.handshake.finish(decodeAccept(body).confirmB);
      if (secrets === undefined) return [{ type: "close", reason: "phrase" }];
      return this.#verified(Ratchet.start(this.#arena, secrets, this.#ids, entropy), undefined);
    }
    throw new ProtocolViolation("out of place");
  }

  // --- Cells in, sections 4 to 6 ---

  #cell(ratchet: Ratchet, header: Uint8Array, body: Uint8Array, now: Millis, entropy: Entropy): Effect[] {
    this.#takeFromBucket(now);
    using plaintext = this.#arena.bytes(CELL_PLAINTEXT_SIZE);
    const opened = ratchet.open(header, body, plaintext, entropy);
    if (opened === undefined) return this.#failed();
    this.#failuresInARow = 0;
    this.#cellTimes.push(now);
    if (this.#cellTimes.length > SILENT_CELLS) this.#cellTimes.shift();
    if (opened.skipped) this.#reassembly.lost();
    const cell = decodeCell(plaintext.bytes);
    const json = opened.stored ? this.#reassembly.late(cell) : this.#reassembly.accept(cell);
    if (json === undefined) return [{ type: "opened" }];
    try {
      return [{ type: "opened" }, ...this.#message(decodeMessage(json))];
    } finally {
      json.fill(0);
    }
  }

  #message(message: Message): Effect[] {
    if (message.type === "bye") return [{ type: "close", reason: "bye" }];
    this.#incoming.take(message);
    return [{ type: "received", message }];
  }

  /** A cell that does not open is dropped and counted, and what it held is not known. */
  #failed(): Effect[] {
    this.#reassembly.lost();
    this.#failuresInARow++;
    this.#failuresInAll++;
    if (this.#failuresInARow >= MAX_FAILURES_IN_A_ROW || this.#failuresInAll >= MAX_FAILURES_IN_ALL) {
      throw new ProtocolViolation("too many failures");
    }
    return [];
  }

  #takeFromBucket(now: Millis): void {
    const refill = (now - this.#bucketAt) * CELL_BUCKET_PER_SECOND / 1000;
    this.#bucket = Math.min(CELL_BUCKET_SIZE, this.#bucket + refill);
    this.#bucketAt = now;
    if (this.#bucket < 1) throw new ProtocolViolation("cells too fast");
    this.#bucket--;
  }

  // --- Time and cells out, section 7 ---

  #time(now: Millis, unsent: number): Effect[] {
    if (now - this.#promised > SLEPT_MS && !this.#restarted) {
      // The machine slept: nobody could have sent or taken anything, so waiting starts anew, once.
      this.#restarted = true;
      this.#silenceNoticed = false;
      this.#lastFrame = this.#lastProgress = now;
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
    if (now >= this.#silenceDeadline) {
      if (this.#silenceNoticed) return [{ type: "close", reason: "timeout" }];
      this.#silenceNoticed = true; // looked at once more, after the socket has been read
    }
    if (!phase.pacer.take(now, !this.#outgoing.empty)) return [];
    if (unsent < MAX_UNSENT_FRAMES) return this.#sendCell(phase.ratchet, now);
    // Nothing is taken, so no bye will be either: leaving does not wait for it.
    if (this.#outgoing.leaving) this.#byeDeadline = Math.min(this.#byeDeadline, now + BYE_TIMEOUT_MS);
    return [];
  }

  #sendCell(ratchet: Ratchet, now: Millis): Effect[] {
    // The last counter is never sent; 2^32 cells are years, and a fresh session has fresh counters.
    if (!ratchet.canSeal) return [{ type: "close", reason: "timeout" }];
    const { cell, begun, ended } = this.#outgoing.next();
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
    return Math.min(phase.pacer.next(!this.#outgoing.empty), this.#silenceDeadline, progress, this.#byeDeadline);
  }

  get #silenceDeadline(): Millis {
    return this.#lastFrame + DEAD_AFTER_MS + (this.#silenceNoticed ? SILENCE_GRACE_MS : 0);
  }
}

function isTold(message: Message): message is Told {
  return message.type === "verify" || message.type === "circle" || message.type === "meet" ||
    message.type === "introduce";
}

/** Uniform in [0, 1), of 32 random bits. */
function uniform(entropy: Entropy): number {
  const bytes = new Uint8Array(4);
  entropy(bytes);
  return new DataView(bytes.buffer).getUint32(0) / 2 ** 32;
}

function bytesOf(peer: PeerId): Uint8Array {
  return Uint8Array.from(peer.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

const EMPTY_BODY = new Uint8Array(FRAME_BODY_SIZE);

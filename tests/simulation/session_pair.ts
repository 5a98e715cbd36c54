// Two sessions, or one and a peer that says what it likes, on one simulated clock and without a network: what a test of
// src/session needs. A frame that one sends is with the other at once, unless the test holds it.

import { strictEqual as equal } from "node:assert/strict";
import { DialerHandshake, ListenerHandshake, type SessionSecrets } from "../../src/auth/handshake.ts";
import { StretchedPhrase } from "../../src/auth/stretched.ts";
import { CELL_PLAINTEXT_SIZE, FRAME_BODY_SIZE, FRAME_SIZE, STRETCHED_SIZE } from "../../src/constants.ts";
import type { Entropy, Frame, Millis, PeerId, Role } from "../../src/ports.ts";
import { Ratchet } from "../../src/ratchet/ratchet.ts";
import type { Arena } from "../../src/secrets/locked.ts";
import type { Shape } from "../../src/session/pacer.ts";
import { type Effect, type Event, Session } from "../../src/session/step.ts";
import { type Cell, decodeCell, encodeCell } from "../../src/wire/cell.ts";
import { fragmentsOf } from "../../src/wire/fragment.ts";
import { decodeFrame, encodeFrame, FrameType } from "../../src/wire/frame.ts";
import {
  decodeAccept,
  decodeAnswer,
  decodeOffer,
  encodeAccept,
  encodeAnswer,
  encodeOffer,
} from "../../src/wire/handshake_body.ts";
import { encodeMessage, type Message } from "../../src/wire/message.ts";

export const IDS: Readonly<Record<Role, PeerId>> = { dialer: "aa".repeat(32), listener: "bb".repeat(32) };
export const CONSTANT: Shape = { cover: "constant", intervalMs: 250 };
export const COVER_OFF: Shape = { cover: "off", intervalMs: 250 };

const BINDING: Uint8Array = Uint8Array.from({ length: 64 }, (_, i) => i);

export function other(role: Role): Role {
  return role === "dialer" ? "listener" : "dialer";
}

/** A phrase that needed no Argon2id. Who calls it disposes it. */
export function fixedPhrase(arena: Arena, fill = 0x33): StretchedPhrase {
  using wide = arena.bytes(STRETCHED_SIZE);
  wide.bytes.fill(fill);
  return StretchedPhrase.from(arena, new Uint8Array(16).fill(0x5a), wide);
}

/** A session as `peers` makes it. */
export function makeSession(arena: Arena, role: Role, shape = CONSTANT, now: Millis = 0, binding = BINDING): Session {
  return new Session(arena, { role, self: IDS[role], peer: IDS[other(role)], channelBinding: binding }, shape, now);
}

/** The id of the nth message of a test. */
export function messageId(n: number): string {
  const bytes = new Uint8Array(16);
  new DataView(bytes.buffer).setUint32(0, n);
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}

export function chat(n: number, text = `message ${n}`): Message & { readonly type: "chat" } {
  return { type: "chat", id: messageId(n), text };
}

export interface Happened {
  readonly at: Millis;
  readonly by: Role;
  readonly effect: Effect;
}

export interface PairOptions {
  readonly shape?: Shape | Readonly<Record<Role, Shape>>;
  readonly entropy: Readonly<Record<Role, Entropy>>;
  readonly phrases?: Readonly<Record<Role, StretchedPhrase>>;
  readonly bindings?: Readonly<Record<Role, Uint8Array>>;
}

export class SessionPair implements Disposable {
  now: Millis = 0;
  readonly happened: Happened[] = [];
  readonly sessions: Readonly<Record<Role, Session>>;
  /** While true, that side's frames stay here instead of going to the other. */
  readonly holding: Record<Role, boolean> = { dialer: false, listener: false };
  readonly held: Record<Role, Frame[]> = { dialer: [], listener: [] };
  /** What the operating system has not taken. */
  readonly unsent: Record<Role, number> = { dialer: 0, listener: 0 };
  readonly #phrases: Readonly<Record<Role, StretchedPhrase>>;
  readonly #ownPhrase: StretchedPhrase | undefined;
  readonly #entropy: Readonly<Record<Role, Entropy>>;

  constructor(arena: Arena, { shape = CONSTANT, entropy, phrases, bindings }: PairOptions) {
    this.#entropy = entropy;
    this.#ownPhrase = phrases === undefined ? fixedPhrase(arena) : undefined;
    this.#phrases = phrases ?? { dialer: this.#ownPhrase!, listener: this.#ownPhrase! };
    const make = (role: Role) =>
      makeSession(arena, role, "cover" in shape ? shape : shape[role], 0, bindings?.[role] ?? BINDING);
    this.sessions = { dialer: make("dialer"), listener: make("listener") };
  }

  /** One event, and all that follows from it at once. */
  step(role: Role, event: Event): Effect[] {
    const effects = this.sessions[role].step(event, this.now, this.#entropy[role]);
    for (const effect of effects) {
      this.happened.push({ at: this.now, by: role, effect });
      if (effect.type === "send") this.#sent(role, effect.frame);
      if (effect.type === "stretch") this.step(role, { type: "stretched", phrase: this.#phrases[role] });
      if (effect.type === "verified") this.step(role, { type: "admit" });
    }
    return effects;
  }

  /** Both are live. */
  authenticate(): this {
    this.step("listener", { type: "opened", phrase: this.#phrases.listener });
    equal(this.sessions.dialer.phase, "live");
    equal(this.sessions.listener.phase, "live");
    return this;
  }

  /** Time passes, and each deadline is met to the moment. */
  runUntil(end: Millis): void {
    for (;;) {
      const [role, deadline] = this.#next();
      if (deadline > end) break;
      this.now = Math.max(this.now, deadline);
      this.step(role, { type: "time", unsent: this.unsent[role] });
    }
    this.now = Math.max(this.now, end);
  }

  release(role: Role): void {
    this.holding[role] = false;
    for (const frame of this.held[role].splice(0)) this.step(other(role), { type: "frame", frame });
  }

  /** Whatever of one kind one side did. */
  of<T extends Effect["type"]>(by: Role, type: T): (Effect & { type: T })[] {
    return this.happened.flatMap(({ effect, by: who }) =>
      who === by && effect.type === type ? [effect as Effect & { type: T }] : []
    );
  }

  received(by: Role): Message[] {
    return this.of(by, "received").map(({ message }) => message);
  }

  closed(by: Role): string | undefined {
    return this.of(by, "close").at(0)?.reason;
  }

  /** When cells left. */
  cellTimes(by: Role): Millis[] {
    return this.happened.flatMap(({ at, by: who, effect }) =>
      who === by && effect.type === "send" && effect.frame[1] === FrameType.cell ? [at] : []
    );
  }

  [Symbol.dispose](): void {
    for (const session of Object.values(this.sessions)) session[Symbol.dispose]();
    this.#ownPhrase?.[Symbol.dispose]();
  }

  #next(): [Role, Millis] {
    const { dialer, listener } = this.sessions;
    return dialer.deadline <= listener.deadline ? ["dialer", dialer.deadline] : ["listener", listener.deadline];
  }

  #sent(role: Role, frame: Frame): void {
    equal(frame.length, FRAME_SIZE);
    if (this.holding[role]) this.held[role].push(frame);
    else this.step(other(role), { type: "frame", frame });
  }
}

/** A peer that knows the phrase and the protocol and is bound by neither: it seals whatever it is told to. */
export class RawPeer implements Disposable {
  readonly role: Role;
  readonly #arena: Arena;
  readonly #entropy: Entropy;
  readonly #facts;
  #listening: ListenerHandshake | undefined;
  #dialling: DialerHandshake | undefined;
  #ratchet: Ratchet | undefined;
  #messages = 0;

  constructor(arena: Arena, role: Role, entropy: Entropy) {
    this.#arena = arena;
    this.role = role;
    this.#entropy = entropy;
    this.#facts = {
      dialer: Uint8Array.fromHex(IDS.dialer),
      listener: Uint8Array.fromHex(IDS.listener),
      channelBinding: BINDING,
    };
  }

  offer(phrase: StretchedPhrase): Frame {
    this.#listening = new ListenerHandshake(this.#arena, phrase, this.#facts, this.#entropy);
    return encodeOffer(this.#listening.offer);
  }

  answer(offer: Frame, phrase: StretchedPhrase): Frame {
    const values = decodeOffer(decodeFrame(offer).body);
    this.#dialling = new DialerHandshake(this.#arena, phrase, this.#facts, values, this.#entropy);
    return encodeAnswer(this.#dialling.answer);
  }

  accept(answer: Frame): Frame {
    const done = this.#listening!.finish(decodeAnswer(decodeFrame(answer).body), this.#entropy)!;
    this.#start(done.secrets);
    return encodeAccept({ confirmB: done.confirmB });
  }

  accepted(accept: Frame): void {
    this.#start(this.#dialling!.finish(decodeAccept(decodeFrame(accept).body).confirmB)!);
  }

  /** What the next cell of this side must hold by section 4, if a renewal says so. */
  due(): Cell | undefined {
    return this.#ratchet!.due(this.#entropy);
  }

  /** Takes a cell in, a key or a ciphertext above all. */
  take(frame: Frame): void {
    using plaintext = this.#arena.bytes(CELL_PLAINTEXT_SIZE);
    const { header, body } = decodeFrame(frame);
    const opened = this.#ratchet!.open(header, body, plaintext);
    if (opened === undefined) throw new Error("a cell does not open");
    this.#ratchet!.take(opened, decodeCell(plaintext.bytes), this.#entropy);
  }

  /** Any plaintext at all, whatever is due. */
  sealBytes(bytes: Uint8Array): Frame {
    using plaintext = this.#arena.bytes(CELL_PLAINTEXT_SIZE);
    plaintext.bytes.set(bytes);
    const frame = encodeFrame(FrameType.cell, new Uint8Array(FRAME_BODY_SIZE));
    const { header, body } = decodeFrame(frame);
    this.#ratchet!.seal(header, body, plaintext);
    return frame;
  }

  seal(cell: Cell): Frame {
    const bytes = new Uint8Array(CELL_PLAINTEXT_SIZE);
    encodeCell(cell, bytes);
    return this.sealBytes(bytes);
  }

  /** A cell that says nothing: what is due, if something is. */
  dummy(): Frame {
    return this.seal(this.due() ?? { kind: "dummy" });
  }

  /** The cells of the next message, and among them those of a renewal. */
  message(message: Message): Frame[] {
    return this.json(encodeMessage(message));
  }

  json(json: Uint8Array): Frame[] {
    return fragmentsOf(this.#messages++, json).flatMap((fragment) => {
      const due = this.due();
      return due === undefined ? [this.seal(fragment)] : [this.seal(due), this.seal(fragment)];
    });
  }

  [Symbol.dispose](): void {
    for (const part of [this.#listening, this.#dialling, this.#ratchet]) part?.[Symbol.dispose]();
  }

  #start(secrets: SessionSecrets): void {
    const [self, peer] = [IDS[this.role], IDS[other(this.role)]].map((id) => Uint8Array.fromHex(id));
    this.#ratchet = Ratchet.start(this.#arena, secrets, { self: self!, peer: peer! });
  }
}

// What one link still has to say, and in which order (docs/PROTOCOL.md sections 5 and 6): the message being sent, then
// `verify`, then acks, then `circle`, then introductions and what is said in turn, and after a goodbye nothing but the
// bye. It empties only on ticks. A friend who says more than there are cells would leave room for nothing but acks, so
// after every ACKS_IN_A_ROW of them another message goes first.

import type { CircleMessage, IntroductionMessage, Message, VerifyMessage } from "../wire/message.ts";
import { encodeMessage } from "../wire/message.ts";
import { DUMMY, type Dummy, type Fragment } from "../wire/cell.ts";
import { fragmentsOf } from "../wire/fragment.ts";
import { ACKS_IN_A_ROW, INTRODUCTIONS_QUEUED_MAX } from "../constants.ts";
import type { MessageId } from "../notice.ts";

/** The next cell's content. */
export interface NextCell {
  readonly cell: Dummy | Fragment;
  /** The message whose first fragment this is, and how many cells it takes. */
  readonly begun?: { readonly message: Message; readonly cells: number };
  /** The message whose last fragment this is: with the cell the whole of it has left. */
  readonly ended?: Message;
}

interface Current {
  readonly message: Message;
  readonly json: Uint8Array;
  readonly cells: number;
  readonly rest: Fragment[];
}

export class Outgoing implements Disposable {
  #current: Current | undefined;
  /** The newest of each that has not begun: an older one would say less, or something no longer true. */
  #verify: VerifyMessage | undefined;
  #circle: CircleMessage | undefined;
  #acks: MessageId[] = [];
  #introductions: IntroductionMessage[] = [];
  /** Names and chats. */
  #said: Message[] = [];
  /** An introduction was the last of the two kinds that go in turn. */
  #introducedLast = false;
  /** One is sent, and then nothing but dummies. */
  #bye: "no" | "due" | "begun" = "no";
  #acksInARow = 0;
  #begun = 0;

  get empty(): boolean {
    return this.#current === undefined && this.#verify === undefined && this.#acks.length === 0 &&
      !this.#hasOthers && this.#bye !== "due";
  }

  get leaving(): boolean {
    return this.#bye !== "no";
  }

  add(message: Message): void {
    if (this.#bye !== "no") return;
    switch (message.type) {
      case "verify":
        this.#verify = message;
        return;
      case "circle":
        this.#circle = message;
        return;
      case "ack":
        this.#acks.push(message.id);
        return;
      case "meet":
      case "introduce":
        return this.#introduce(message);
      default:
        this.#said.push(message);
    }
  }

  /**
   * The newest of each kind about a PeerId. A friend who names new people faster than cells leave must not fill memory:
   * the oldest are left out, which by then are about people whom that friend names no more.
   */
  #introduce(message: IntroductionMessage): void {
    const same = this.#introductions.findIndex(({ type, peer }) => type === message.type && peer === message.peer);
    if (same >= 0) this.#introductions[same] = message;
    else this.#introductions.push(message);
    if (this.#introductions.length > INTRODUCTIONS_QUEUED_MAX) this.#introductions.shift();
  }

  /** A circle that has not begun is not sent: things are again as this friend was last told. */
  withdrawCircle(): void {
    this.#circle = undefined;
  }

  /** The bye follows the message being sent; what is queued is not sent. */
  leave(): void {
    if (this.#bye !== "no") return;
    this.#drop();
    this.#bye = "due";
  }

  /** For one tick without a renewal's cell: a fragment if there is one, otherwise a dummy. The caller wipes the fragment's data after sealing. */
  next(): NextCell {
    const begins = this.#current === undefined;
    this.#current ??= this.#begin();
    const current = this.#current;
    const cell = current?.rest.shift();
    if (current === undefined || cell === undefined) return { cell: DUMMY };
    const { message, cells } = current;
    const ends = current.rest.length === 0;
    if (ends) this.#current = undefined;
    return { cell, ...(begins ? { begun: { message, cells } } : {}), ...(ends ? { ended: message } : {}) };
  }

  [Symbol.dispose](): void {
    this.#current?.json.fill(0);
    this.#current = undefined;
    this.#drop();
  }

  #drop(): void {
    this.#verify = this.#circle = undefined;
    this.#acks = [];
    this.#introductions = [];
    this.#said = [];
  }

  /** Anything that waits after the acks. */
  get #hasOthers(): boolean {
    return this.#circle !== undefined || this.#introductions.length > 0 || this.#said.length > 0;
  }

  #begin(): Current | undefined {
    const message = this.#take();
    if (message === undefined) return undefined;
    const json = encodeMessage(message);
    const rest = fragmentsOf(this.#begun++, json);
    return { message, json, cells: rest.length, rest };
  }

  #take(): Message | undefined {
    const verify = this.#verify;
    if (verify !== undefined) {
      this.#verify = undefined;
      return verify;
    }
    const waited = this.#acksInARow >= ACKS_IN_A_ROW && this.#hasOthers;
    const id = waited ? undefined : this.#acks.shift();
    this.#acksInARow = id === undefined ? 0 : this.#acksInARow + 1;
    if (id !== undefined) return { type: "ack", id };
    return this.#takeOther();
  }

  #takeOther(): Message | undefined {
    const circle = this.#circle;
    if (circle !== undefined) {
      this.#circle = undefined;
      return circle;
    }
    const introduces = this.#introductions.length > 0 && (!this.#introducedLast || this.#said.length === 0);
    const message = introduces ? this.#introductions.shift() : this.#said.shift();
    if (message !== undefined) {
      this.#introducedLast = introduces;
      return message;
    }
    if (this.#bye !== "due") return undefined;
    this.#bye = "begun";
    return { type: "bye" };
  }
}

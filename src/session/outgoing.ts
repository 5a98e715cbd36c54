// What one link still has to say, and in which order (docs/PROTOCOL.md sections 5 and 6): the message being sent, then
// acks, then the name, then chats, and after a goodbye nothing but the bye. It empties on ticks only. A friend who says
// more than there are cells would let nothing but acks leave, so a message goes before every ACKS_IN_A_ROW + 1st of them.

import { encodeMessage, type Message } from "../wire/message.ts";
import { type Cell, DUMMY, type Fragment } from "../wire/cell.ts";
import { fragmentsOf } from "../wire/fragment.ts";
import { ACKS_IN_A_ROW } from "../constants.ts";
import type { MessageId } from "../notice.ts";

/** The next cell's content. */
export interface NextCell {
  readonly cell: Cell;
  /** The message whose last fragment this is: with the cell the whole of it has left. */
  readonly ended?: Message;
}

export class Outgoing implements Disposable {
  #current: { message: Message; json: Uint8Array; rest: Fragment[] } | undefined;
  #acks: MessageId[] = [];
  #others: Message[] = [];
  /** One is sent, and then nothing but dummies. */
  #bye: "no" | "due" | "begun" = "no";
  #acksInARow = 0;
  #begun = 0;

  get empty(): boolean {
    return this.#current === undefined && this.#acks.length === 0 && this.#others.length === 0 && this.#bye !== "due";
  }

  get leaving(): boolean {
    return this.#bye !== "no";
  }

  add(message: Message): void {
    if (this.#bye !== "no") return;
    if (message.type === "ack") this.#acks.push(message.id);
    else this.#others.push(message);
  }

  /** The bye follows the message being sent; what is queued is not sent. */
  leave(): void {
    if (this.#bye !== "no") return;
    this.#acks = [];
    this.#others = [];
    this.#bye = "due";
  }

  /** For one tick: a fragment if there is one, else a dummy. The caller wipes the fragment's data once it is sealed. */
  next(): NextCell {
    this.#current ??= this.#begin();
    const current = this.#current;
    const cell = current?.rest.shift();
    if (current === undefined || cell === undefined) return { cell: DUMMY };
    const ends = current.rest.length === 0;
    if (ends) this.#current = undefined;
    return ends ? { cell, ended: current.message } : { cell };
  }

  [Symbol.dispose](): void {
    this.#current?.json.fill(0);
    this.#current = undefined;
    this.#acks = [];
    this.#others = [];
  }

  #begin(): { message: Message; json: Uint8Array; rest: Fragment[] } | undefined {
    const waited = this.#acksInARow >= ACKS_IN_A_ROW && this.#others.length > 0;
    const id = waited ? undefined : this.#acks.shift();
    this.#acksInARow = id === undefined ? 0 : this.#acksInARow + 1;
    const message: Message | undefined = id !== undefined
      ? { type: "ack", id }
      : this.#others.shift() ?? (this.#bye === "due" ? { type: "bye" } : undefined);
    if (message === undefined) return undefined;
    if (message.type === "bye") this.#bye = "begun";
    const json = encodeMessage(message);
    return { message, json, rest: fragmentsOf(this.#begun++, json) };
  }
}

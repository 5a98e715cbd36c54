// The second Sesame, put together: run correctly, it shows that the program speaks the protocol as written, in both
// roles; run with faults, it is a hostile peer. Scope: whole handshakes and an authenticated connection. Out of scope:
// what a test sends and what is promised; the grid of ticks (a session sends when it is told to).

import { Bell } from "../harness/bell.ts";
import { utf8 } from "./bytes.ts";
import { Assembler, fragmentsOf, PLAINTEXT } from "./cell.ts";
import {
  acceptFrame,
  type Answered,
  checkAccept,
  makeAnswer,
  makeOffer,
  type Mode,
  parseOffer,
  readAnswer,
  type Secrets,
  type Stretched,
  stretched,
} from "./handshake.ts";
import { decodeMessage, encodeMessage, type Message, messageId } from "./message.ts";
import { Ratchet, type SealBend, type Seen } from "./ratchet.ts";
import type { Wire } from "./tls.ts";

/** An authenticated connection: seals what it is told to, opens what comes, and keeps the messages. */
export class Session implements Disposable {
  /** Messages that came. */
  readonly messages: Message[] = [];
  /** Cells that were opened, and that were not. */
  cells = 0;
  broken = 0;
  /** Rules that the other side broke. */
  readonly faults: string[] = [];
  /** When each frame came. */
  readonly times: number[] = [];
  /** The last raw frame that came. */
  lastFrame: Uint8Array | undefined;
  /** Resolves when the connection is closed. */
  readonly over: Promise<void>;
  nextMessageId = 0;
  readonly ratchet: Ratchet;
  /** What a test does with each message and behind each cell, as they come. */
  onMessage: (message: Message) => void = () => {};
  onCell: () => void = () => {};
  /** Sends the key or the ciphertext ahead of the frame in whose place it was due. */
  renews = true;
  readonly #ahead = new WeakMap<Uint8Array, Uint8Array>();
  readonly #assembler = new Assembler();
  readonly #bell = new Bell();

  constructor(
    readonly wire: Wire,
    readonly secrets: Secrets,
    ratchetSecret: Uint8Array,
    peerRatchet: Uint8Array,
    see?: (seen: Seen) => void,
  ) {
    const { RK, sessionId } = secrets;
    const start = {
      role: wire.role,
      RK,
      sessionId,
      ratchetSecret,
      peerRatchet,
      peerIdA: wire.peerIdA,
      peerIdB: wire.peerIdB,
    };
    this.ratchet = new Ratchet(start, undefined, see);
    this.over = this.#receive();
  }

  /** Of the next cell: its epoch, its number, and how many cells the chain before had. */
  get epoch(): number {
    return this.ratchet.state.sending.epoch;
  }
  get n(): number {
    return this.ratchet.state.sending.n;
  }
  get pn(): number {
    return this.ratchet.state.sending.pn;
  }

  /** A whole frame with this plaintext. If a renewal is due, `send` puts it in front. */
  seal(plaintext: Uint8Array, bend?: SealBend): Uint8Array {
    const renewal = this.renews && this.ratchet.due !== undefined ? this.ratchet.sealDue().frame : undefined;
    const { frame } = this.ratchet.seal(plaintext, bend);
    if (renewal !== undefined) this.#ahead.set(frame, renewal);
    return frame;
  }

  dummy(bend?: SealBend): Uint8Array {
    return this.seal(new Uint8Array(PLAINTEXT), bend);
  }

  /** All frames of one message, with the next message id. */
  message(message: Message | string | Uint8Array): Uint8Array[] {
    const json = typeof message === "string" ? utf8(message) : message;
    const bytes = json instanceof Uint8Array ? json : encodeMessage(json);
    return fragmentsOf(this.nextMessageId++, bytes).map((plaintext) => this.seal(plaintext));
  }

  send(...frames: readonly Uint8Array[]): Promise<void> {
    return this.wire.send(...frames.flatMap((frame) => [this.#ahead.get(frame) ?? new Uint8Array(), frame]));
  }

  /** Sends a chat and returns its id. */
  chat(text: string, id = messageId()): string {
    this.send(...this.message({ type: "chat", id, text }));
    return id;
  }

  /** The first message that came, or comes, and fits. */
  async heard(fits: (message: Message) => boolean, ms = 5000): Promise<Message> {
    return await this.until(() => this.messages.find(fits), ms, "not heard");
  }

  /** Sends a chat and waits until it has been shown and acknowledged: the session is in order. */
  async stillTalks(text: string, ms?: number): Promise<void> {
    const id = this.chat(text);
    await this.heard((m) => m.type === "ack" && m.id === id, ms);
  }

  /** Waits until so many cells in all have been opened. */
  async cellsOpened(count: number, ms = 5000): Promise<void> {
    await this.until(() => this.cells >= count || undefined, ms, `fewer than ${count} cells`);
  }

  /** Waits, cell by cell. Throws when the connection is closed first. */
  async until<T>(look: () => T | undefined, ms: number, what: string): Promise<T> {
    return await this.#bell.until(
      () => {
        const found = look();
        if (found === undefined && this.wire.closed) throw new Error(`closed: ${what} (${this.cells} cells came)`);
        return found;
      },
      ms,
      () => `${what} within ${ms} ms`,
    );
  }

  [Symbol.dispose](): void {
    this.wire[Symbol.dispose]();
  }

  async #receive(): Promise<void> {
    for (;;) {
      const frame = await this.wire.frame(600_000).catch(() => undefined);
      if (frame === undefined) break;
      this.times.push(performance.now());
      this.lastFrame = frame;
      try {
        this.#open(frame);
      } catch (error) {
        this.faults.push(String(error));
      }
      this.onCell();
      this.#bell.stir();
    }
    this.#bell.stir();
  }

  #open(frame: Uint8Array): void {
    const opened = this.ratchet.receive(frame);
    if (opened === undefined) {
      this.broken++;
      return this.#assembler.loss();
    }
    this.cells++;
    if (opened.skipped > 0) this.#assembler.loss();
    const json = this.#assembler.take(opened.cell, opened.stored);
    if (json === undefined) return;
    const message = decodeMessage(json);
    this.messages.push(message);
    this.onMessage(message);
  }
}

/** Answers the offer of whom we have called and checks its confirmation. */
export async function authenticateAsDialer(
  wire: Wire,
  phrase: string,
  mode?: Mode,
  see?: (seen: Seen) => void,
): Promise<Session> {
  const offer = parseOffer(await wire.frame());
  const answered = makeAnswer(wire, offer, await stretched(phrase, offer.salt, mode));
  wire.send(answered.frame);
  return await finishAsDialer(wire, answered, see);
}

export async function finishAsDialer(wire: Wire, answered: Answered, see?: (seen: Seen) => void): Promise<Session> {
  checkAccept(answered.secrets, await wire.frame());
  return new Session(wire, answered.secrets, answered.ratchetSecret, answered.offer.ratchetB, see);
}

/** Offers to whoever has called us, checks the answer, which comes within `ms`, and accepts. */
export async function authenticateAsListener(
  wire: Wire,
  phrase: Stretched,
  see?: (seen: Seen) => void,
  ms?: number,
): Promise<Session> {
  const offered = makeOffer(phrase);
  wire.send(offered.frame);
  const { secrets, right, answer } = readAnswer(wire, offered, phrase, await wire.frame(ms));
  if (!right) throw new Error("confirmA is wrong");
  wire.send(acceptFrame(secrets));
  return new Session(wire, secrets, offered.ratchetSecret, answer.ratchetA, see);
}

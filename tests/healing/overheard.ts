// One authenticated connection of the second implementation that ticks as the program does, one cell per tick, and
// whose state can be revealed to somebody who listens to it. Out of scope: whom it talks to, what the figures are
// worth.

import {
  aadOf,
  BROKEN,
  Eavesdropper,
  type Exchanged,
  firstHealed,
  numbersOf,
  type Side,
} from "../harness/eavesdropper.ts";
import { PLAINTEXT, type Role, type Session } from "../reference/reference.ts";

/** What the session's last renewal computed. */
export interface Renewing {
  last: Exchanged | undefined;
}

export interface Healed {
  readonly role: Role;
  /** From the reveal until he was shut out of both directions. */
  readonly ms: number;
  /** Of ours, meanwhile. */
  readonly ticks: number;
  /** Heard with one leg broken, before the epoch that must shut him out and from there on; and there with both broken. */
  readonly cells: { before: number; behind: number; control: number };
  /** What he read and must not have, or the other way round. */
  readonly wrong: readonly string[];
}

interface Reveal {
  readonly at: number;
  readonly tick: number;
  readonly expected: number;
  readonly ears: readonly { readonly name: string; readonly control: boolean; readonly ears: Eavesdropper }[];
  /** When the first cell of the healed epoch passed, by who sent it. */
  readonly shut: Partial<Record<Side, number>>;
  readonly cells: Healed["cells"];
  readonly wrong: string[];
  readonly done: (healed: Healed) => void;
  readonly gaveUp: (why: Error) => void;
}

/** A conversation that has not healed after so many ticks never does. */
const GIVE_UP_TICKS = 400;

/** Owns its timers; the session is lent. */
export class Overheard implements Disposable {
  readonly session: Session;
  readonly #renewing: Renewing;
  readonly #intervalMs: number;
  readonly #side: Side;
  readonly #first = performance.now();
  #tick = 0;
  #ticks = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #reveal: Reveal | undefined;

  constructor(session: Session, renewing: Renewing, intervalMs: number) {
    this.session = session;
    this.#renewing = renewing;
    this.#intervalMs = intervalMs;
    this.#side = session.wire.role === "dialer" ? "A" : "B";
    session.onCell = () => this.#hear(this.#side === "A" ? "B" : "A", session.lastFrame!);
    this.#setTimer();
  }

  /** Rejects when the connection ends before. */
  async after(ms: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const waited = new Promise<void>((done) => timer = setTimeout(done, ms));
    await this.#unlessOver(waited).finally(() => clearTimeout(timer));
  }

  /** All of our state, now. One at a time. */
  reveal(): Promise<Healed> {
    const { state } = this.session.ratchet;
    const { secrets, wire } = this.session;
    const aad = aadOf(secrets.sessionId, wire.peerIdA, wire.peerIdB);
    const healed = new Promise<Healed>((done, gaveUp) => {
      this.#reveal = {
        at: performance.now(),
        tick: this.#ticks,
        expected: firstHealed(this.#side, state),
        ears: (["X25519", "ML-KEM", "both"] as const).map((name) => ({
          name,
          control: name === "both",
          ears: new Eavesdropper(this.#side, state, BROKEN[name], aad),
        })),
        shut: {},
        cells: { before: 0, behind: 0, control: 0 },
        wrong: [],
        done,
        gaveUp,
      };
    });
    return this.#unlessOver(healed);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.session.onCell = () => {};
  }

  async #unlessOver<T>(what: Promise<T>): Promise<T> {
    const over = this.session.over.then((): never => {
      throw new Error(`a connection ended: ${this.session.faults.join(", ")}`);
    });
    return await Promise.race([what, over]);
  }

  /** On a grid, and a late one is no reason for two. */
  #setTimer(): void {
    const now = performance.now();
    this.#tick = Math.max(this.#tick + 1, Math.ceil((now - this.#first) / this.#intervalMs));
    this.#timer = setTimeout(() => {
      this.#send();
      this.#setTimer();
    }, this.#first + this.#tick * this.#intervalMs - now);
  }

  #send(): void {
    const { ratchet } = this.session;
    this.#ticks++;
    const waited = this.#ticks - (this.#reveal?.tick ?? Infinity);
    if (waited > GIVE_UP_TICKS) this.#reveal?.gaveUp(new Error(`not healed after ${GIVE_UP_TICKS} ticks`));
    const { frame } = ratchet.due === undefined ? ratchet.seal(new Uint8Array(PLAINTEXT)) : ratchet.sealDue();
    this.#hear(this.#side, frame);
    void this.session.send(frame);
    // The key is made behind cell 7, as the program makes it.
    if (ratchet.due === "key") ratchet.makeKey();
  }

  #hear(from: Side, frame: Uint8Array): void {
    const reveal = this.#reveal;
    if (reveal === undefined) return;
    const { epoch, n } = numbersOf(frame);
    const behind = epoch >= reveal.expected;
    for (const { name, control, ears } of reveal.ears) {
      const read = ears.hears(from, frame, this.#renewing.last);
      if (!control) reveal.cells[behind ? "behind" : "before"]++;
      else if (read && behind) reveal.cells.control++;
      if (read !== (control || !behind)) {
        const what = `${name} broken, ${from}'s cell ${n} of epoch ${epoch}, healed by ${reveal.expected}`;
        reveal.wrong.push(`${what}: ${read ? "read" : "not read"}`);
      }
    }
    if (!behind) return;
    reveal.shut[from] ??= performance.now();
    const { A, B } = reveal.shut;
    if (A === undefined || B === undefined) return;
    this.#reveal = undefined;
    const { at, tick, cells, wrong, done } = reveal;
    done({ role: this.session.wire.role, ms: Math.max(A, B) - at, ticks: this.#ticks - tick, cells, wrong });
  }
}

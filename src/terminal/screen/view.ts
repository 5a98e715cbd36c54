// The screen on a real terminal: keys in, paintings out, one at a time. Out of scope: what is on the screen.

import type { Notice } from "../../notice.ts";
import type { PeerId } from "../../ports.ts";
import { LoneEscapes } from "../escapes.ts";
import { type Key, KeyDecoder } from "../keys.ts";
import { callOf } from "../call_person.ts";
import type { Terminal } from "../tty.ts";
import type { Input, Pace, View, ViewOptions } from "../view.ts";
import { ChatScreen } from "./screen.ts";

export class ScreenView implements View {
  readonly #tty: Terminal;
  readonly #options: ViewOptions;
  readonly #onInput: (input: Input) => void;
  readonly #screen: ChatScreen;
  readonly #decoder = new KeyDecoder();
  readonly #escapes: LoneEscapes;
  readonly #pace: Pace;
  #running = false;
  /** Nothing of what still waits is taken in any more. */
  #over = false;
  /** What calls the person with the next painting. */
  #call = "";
  /** A painting waits for the one before. */
  #queued = false;
  /** A painting comes after the present step. */
  #due = false;

  constructor(tty: Terminal, options: ViewOptions, onInput: (input: Input) => void) {
    this.#tty = tty;
    this.#options = options;
    this.#onInput = onInput;
    this.#pace = options.pace ?? AT_ONCE;
    const { columns, rows } = tty.size();
    this.#screen = new ChatScreen(
      {
        colour: options.colour === "auto",
        clock: clockTimes(),
        ...(options.name === undefined ? {} : { name: options.name }),
        ...(options.holdsPhrase === undefined ? {} : { holdsPhrase: options.holdsPhrase }),
      },
      columns,
      rows,
    );
    this.#escapes = new LoneEscapes(this.#decoder, options.after, (keys) => this.#keys(keys));
  }

  start(): void {
    if (this.#running) return;
    this.#running = true;
    const tty = this.#tty;
    tty.raw(true);
    void tty.write(tty.enter({ screen: true, paste: true }));
    const gone = () => this.#running && this.#onInput({ type: "panic" });
    tty.onClosed = gone;
    tty.onContinued = () => {
      this.#screen.repaint();
      this.#changed();
    };
    tty.onResize(() => {
      const { columns, rows } = tty.size();
      this.#screen.resize(columns, rows);
      this.#changed();
    });
    tty.listen((chunk) => {
      this.#keys(this.#decoder.feed(chunk));
      this.#escapes.read();
      // Asked after these keys, which may ask or answer.
      if (this.#decoder.escaped) this.#paced(() => this.#screen.asks && this.#escapes.now());
    }, gone);
    this.#changed();
  }

  show(notice: Notice, shown?: () => void): void {
    const at = this.#options.wall();
    // For an Enter that waits for its turn already, and that this friend would hear.
    if (notice.event === "connected" && !this.#over) this.#screen.arrives(notice);
    this.#paced(() => {
      this.#screen.notice(notice, at, shown);
      if (notice.event === "message") this.#call = callOf(this.#options);
      this.#changed();
    });
  }

  hold(): void {}

  giveBack(text: string): void {
    this.#paced(() => {
      this.#screen.giveBack(text);
      this.#changed();
    });
  }

  clear(): void {
    this.#paced(() => {
      this.#screen.clearLog();
      this.#changed();
    });
  }

  quiet(friends: ReadonlyMap<PeerId, number>): void {
    if (this.#screen.quiet(friends)) this.#changed();
  }

  tick(): void {
    if (this.#screen.busy) this.#changed();
  }

  async stop(next?: "asks" | "told"): Promise<void> {
    if (!this.#running) return;
    this.#pace.flush();
    // What was handed over but is not painted yet still counts as shown if it reaches the terminal.
    void this.#paint();
    this.#running = false;
    this.#over = true;
    this.#screen.clear();
    await (next === "asks" ? this.#tty.leaveWithin() : this.#tty.restoreWithin());
  }

  panic(): void {
    this.#running = false;
    this.#over = true;
    this.#tty.restore();
    this.#screen.clear();
  }

  #paced(work: () => void): void {
    this.#pace.run(() => this.#over || work());
  }

  #keys(keys: Key[]): void {
    if (keys.some(({ type }) => type === "panic")) return this.#onInput({ type: "panic" }); // waits for nothing
    for (const key of keys) {
      this.#paced(() => {
        if (!this.#running) return;
        const action = this.#screen.key(key);
        if (action !== undefined) this.#onInput(action);
        this.#changed();
      });
    }
  }

  /** After the present step, so that ten notices or keys in a row are one painting. */
  #changed(): void {
    if (this.#due) return;
    this.#due = true;
    queueMicrotask(() =>
      this.#paced(() => {
        this.#due = false;
        void this.#paint();
      })
    );
  }

  /** One painting at a time: what changes while a slow terminal takes one goes into the next, however much it is. */
  async #paint(): Promise<void> {
    while (this.#running) {
      if (this.#tty.backlog > 0) {
        if (this.#queued) return;
        this.#queued = true;
        await this.#tty.write(""); // taken after all that is before it
        this.#queued = false;
        continue;
      }
      const out = this.#call + this.#screen.render(this.#options.wall());
      const told = this.#screen.takeShown();
      this.#call = "";
      if (out === "" && told.length === 0) return;
      const written = await this.#tty.write(out);
      if (written) { for (const shown of told) shown(); }
      // and what came meanwhile
    }
  }
}

const AT_ONCE: Pace = { run: (work) => work(), flush: () => {} };

/** Local time as `12:04`. Numbers in, so that no clock is read here. */
function clockTimes(): (at: number) => string {
  let format: Intl.DateTimeFormat | undefined;
  let minute = -1;
  let text = "";
  return (at) => {
    const now = Math.floor(at / 60_000);
    if (now !== minute) {
      format ??= new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
      text = format.format(at);
      minute = now;
    }
    return text;
  };
}

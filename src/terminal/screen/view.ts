// The screen on a real terminal: keys in, paintings out, one at a time. Out of scope: what is on the screen.

import type { Notice } from "../../notice.ts";
import type { PeerId } from "../../ports.ts";
import { Keyboard } from "../keyboard.ts";
import type { PlainKey } from "../keys.ts";
import type { Terminal } from "../tty.ts";
import { callOf, type Input, type View, type ViewOptions } from "../view.ts";
import { ChatScreen } from "./screen.ts";

export class ScreenView implements View {
  readonly #tty: Terminal;
  readonly #options: ViewOptions;
  readonly #onInput: (input: Input) => void;
  readonly #screen: ChatScreen;
  readonly #keyboard: Keyboard;
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
    const { columns, rows } = tty.size();
    const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
    this.#screen = new ChatScreen({ ...options, clock: (at) => clock.format(at) }, columns, rows);
    this.#keyboard = new Keyboard(options.after, (keys) => this.#keys(keys), () => onInput({ type: "panic" }));
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
      this.#keyboard.feed(chunk);
      this.#paced(() => this.#screen.asks && this.#keyboard.escape()); // behind these keys, which may ask or answer
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

  tick(quiet: ReadonlyMap<PeerId, number>): void {
    if (this.#screen.quiet(quiet) || this.#screen.busy) this.#changed();
  }

  async stop(next?: "asks" | "told"): Promise<void> {
    if (!this.#running) return;
    this.#options.pace.flush();
    // What was handed over but is not painted yet still counts as shown if it reaches the terminal.
    void this.#paint();
    this.#running = false;
    this.#over = true;
    this.#keyboard.stop();
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
    this.#options.pace.run(() => this.#over || work());
  }

  #keys(keys: readonly PlainKey[]): void {
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

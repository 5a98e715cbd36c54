// The three views of one conversation: the screen, plain sentences, JSON lines. Scope: what the program asks of each.
// Out of scope: what a command does, when to stop, anything that outlives `stop`.

import type { Notice } from "../notice.ts";
import type { PeerId } from "../ports.ts";
import { LineView } from "./lines/view.ts";
import { ScreenView } from "./screen/view.ts";
import type { Terminal } from "./tty.ts";

export type Input =
  /** A message or a command. From a screen it may hold line breaks. */
  | { type: "line"; text: string }
  /** Asked and confirmed (Ctrl-C), or Ctrl-D on an empty line. */
  | { type: "leave" }
  /** F12, Ctrl-\, or the terminal is gone. */
  | { type: "panic" }
  /** The end of piped input. */
  | { type: "end" };

export interface View {
  /** Takes over the terminal. */
  start(): void;
  /**
   * May be called before `start`, and is then shown by it. `shown`, of a message, is called once the text has really been
   * written to the terminal or pipe, on a screen a row of it; never if it has not.
   */
  show(notice: Notice, shown?: () => void): void;
  /** Holds piped lines back; nothing happens to a person's keys. */
  hold(on: boolean): void;
  /** A line could not be sent: on a screen it goes back to where it was typed. */
  giveBack(text: string): void;
  /** Forgets what was said, and takes it off the terminal as far as the terminal lets us; what nobody has seen stays. */
  clear(): void;
  /** Who has been quiet for how long, in milliseconds: of a screen the header says so. */
  quiet(friends: ReadonlyMap<PeerId, number>): void;
  /** Shows the passing of time, once a second or so while the program is waiting for something. */
  tick(): void;
  /**
   * Flushes what can be flushed within a short time, restores the terminal; nothing is written afterwards. Where a prompt
   * follows (`asks`), raw mode stays. Before both that and `told` the person is told on standard error why a call failed.
   */
  stop(next?: "asks" | "told"): Promise<void>;
  /** At once, whatever the terminal does: clears the own screen, restores, forgets everything. May be called again. */
  panic(): void;
}

export interface ViewOptions {
  colour: "auto" | "none";
  /** Rings for each message: a leak on a shared desk, so only when asked for. */
  bell: boolean;
  /** Tells the terminal of each message (OSC 9 and 777), without its text. */
  notify?: boolean;
  /** Milliseconds since the epoch. */
  wall: () => number;
  /** One's own name. */
  name?: string;
  /** Whether a text holds the phrase of this session. Asked before anything is sent from a terminal. */
  holdsPhrase?: (text: string) => boolean;
  /** When a person's keys are acted on and notices painted; without it, at once. */
  pace?: Pace;
  /** Calls once, later; what it returns cancels that. Without it an ESC waits for the next key, unless it answers a question. */
  after?: (ms: number, run: () => void) => () => void;
}

/** Runs work in the order in which it was asked for, perhaps a few milliseconds later. */
export interface Pace {
  run(work: () => void): void;
  /** Whatever still waits, now. */
  flush(): void;
}

/** `tty` is lent until `stop` or `panic`, which restore it. */
export function openView(
  kind: "screen" | "plain" | "json",
  tty: Terminal,
  options: ViewOptions,
  onInput: (input: Input) => void,
): View {
  if (kind === "screen" && tty.inputIsTerminal && tty.outputIsTerminal) return new ScreenView(tty, options, onInput);
  return new LineView(kind === "json" ? "json" : "plain", tty, options, onInput);
}

// What the program asks of a view, whichever it is. Out of scope: the views (open_view.ts), what a command does, when to
// stop, anything that outlives `stop`.

import type { Notice } from "../notice.ts";
import type { PeerId } from "../ports.ts";

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
   * After `start`. `shown`, of a message, is called once the text has really been written to the terminal or pipe, on a screen
   * a row of it; never if it has not.
   */
  show(notice: Notice, shown?: () => void): void;
  /** Holds piped lines back; nothing happens to a person's keys. */
  hold(on: boolean): void;
  /** A line could not be sent: on a screen it goes back to where it was typed. */
  giveBack(text: string): void;
  /** Forgets what was said, and takes it off the terminal as far as the terminal lets us; what nobody has seen stays. */
  clear(): void;
  /**
   * Shows the passing of time, once a second or so. `quiet`: for how many milliseconds nothing has come from those from whom
   * something should have; of a screen the header says so.
   */
  tick(quiet: ReadonlyMap<PeerId, number>): void;
  /**
   * Flushes what can be flushed within a short time, restores the terminal; nothing is written afterwards. Where a prompt
   * follows (`asks`), raw mode stays. Before both that and `told` the person is told on standard error why a call failed.
   */
  stop(next?: "asks" | "told"): Promise<void>;
  /** At once, whatever the terminal does: clears the own screen, restores, forgets everything. May be called again. */
  panic(): void;
}

/** Calls once, later; what it returns cancels that. */
export type After = (ms: number, run: () => void) => () => void;

export interface ViewOptions {
  readonly colour: "auto" | "none";
  /** Rings for each message: a leak on a shared desk, so only when asked for. */
  readonly bell: boolean;
  /** Tells the terminal of each message (OSC 9 and 777), without its text. */
  readonly notify: boolean;
  /** Milliseconds since the epoch. */
  readonly wall: () => number;
  /** One's own name; raw. */
  readonly name: string | undefined;
  /** Whether a text holds the phrase of this session. Asked before anything is sent from a terminal. */
  readonly holdsPhrase: (text: string) => boolean;
  /** When a person's keys are acted on and notices painted. */
  readonly pace: Pace;
  readonly after: After;
}

/** Runs work in the order in which it was asked for, perhaps a few milliseconds later. */
export interface Pace {
  run(work: () => void): void;
  /** Whatever still waits, now. */
  flush(): void;
}

/** Two ways to notify, as terminals know one or the other; those that know neither ignore both. */
const NOTIFY = "\x1b]9;Sesame: a message\x1b\\\x1b]777;notify;Sesame;A message\x1b\\";

/**
 * Calls the person to the terminal when a message has come. It says that there is one, never from whom or what it says:
 * everybody nearby notices the bell and the desktop's notifications.
 */
export function callOf({ bell, notify }: ViewOptions): string {
  return (bell ? "\x07" : "") + (notify ? NOTIFY : "");
}

// Which last writes restore a terminal in a panic, when there is no time to wait, by what is known about both outputs.
// Pure. Out of scope: writing (tty.ts), what is written.

/** What is known of standard output and standard error when the program has to go at once. */
export interface LastState {
  readonly outputIsTerminal: boolean;
  readonly errorIsTerminal: boolean;
  /** A write to standard output is on its way: as a rule a painting. */
  readonly painting: boolean;
  /** The same of standard error: as a rule a prompt. */
  readonly erring: boolean;
  /** Standard output takes nothing any more. */
  readonly closed: boolean;
}

export interface LastWrite {
  readonly to: "output" | "error";
  /** Words for whoever reads the output, and what gives the terminal back. */
  readonly what: "words" | "leave" | "both";
  /** First a moment for what is on its way: taken, as a rule, and the event loop has not heard of it yet. */
  readonly pause: boolean;
}

/**
 * The writes in their order; none where nothing can arrive. While something is on its way, another write to the same output
 * would begin only with the next turn of the event loop, which never comes, unless the host can write past that (tty.ts).
 * Standard error is the same terminal by another descriptor, and the kernel keeps the order. A painting must be first, or it
 * would stand on the person's own screen; if it is stuck, so is the leaving.
 */
export function lastWrites(state: LastState): readonly LastWrite[] {
  const { outputIsTerminal, errorIsTerminal, painting, erring, closed } = state;
  const words: LastWrite = { to: "output", what: "words", pause: painting };
  if (errorIsTerminal && !outputIsTerminal) { // the output is a script's, and the terminal is behind standard error alone
    const leave: LastWrite = { to: "error", what: "leave", pause: erring };
    return closed ? [leave] : [words, leave];
  }
  if (closed) return [];
  if (!painting) return [{ to: "output", what: "both", pause: false }];
  if (!outputIsTerminal) return [words];
  return errorIsTerminal && !erring ? [{ to: "error", what: "both", pause: true }] : [];
}

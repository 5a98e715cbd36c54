// Signals that by default end a program from outside, and that here must leave the terminal restored and the memory
// wiped; and SIGINT, which says goodbye. Each is listened for once, and what it does changes with the phase of the
// program, so that none falls between two listeners. Out of scope: SIGPIPE, which the runtime ignores; SIGUSR1 (host);
// what nothing can catch.

/** A real-time signal ends it too, and is nobody's habit. */
export const END_SIGNALS: readonly Deno.Signal[] = [
  "SIGHUP",
  "SIGTERM",
  "SIGQUIT",
  "SIGUSR2",
  "SIGALRM",
  "SIGVTALRM",
  "SIGPROF",
  "SIGXCPU",
  "SIGXFSZ",
  "SIGIO",
  "SIGPWR",
];

/** Listens until the process ends. */
export class Signals {
  #end: () => void;
  #interrupt: (() => void) | undefined;

  /** `end`: what a signal does from here on. */
  constructor(end: () => void) {
    this.#end = end;
    for (const signal of END_SIGNALS) listen(signal, () => this.#end());
  }

  /** In place of what it did until now. */
  onEnd(end: () => void): void {
    this.#end = end;
  }

  /** What Ctrl-C does from here on where it is a signal. Until the first call it ends the program by itself. */
  onInterrupt(interrupt: () => void): void {
    if (this.#interrupt === undefined) listen("SIGINT", () => this.#interrupt?.());
    this.#interrupt = interrupt;
  }
}

function listen(signal: Deno.Signal, run: () => void): void {
  try {
    Deno.addSignalListener(signal, run);
  } catch {
    // Not a signal of this system.
  }
}

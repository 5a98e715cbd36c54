// What ends a program from outside by the system's default, and must find the terminal in order and the memory wiped instead.
// Not in here: SIGINT, which says goodbye; SIGPIPE, which the runtime ignores; SIGUSR1 (host); what nothing can catch.

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

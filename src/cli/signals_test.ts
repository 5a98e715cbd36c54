import { deepStrictEqual as deepEqual } from "node:assert/strict";
import { END_SIGNALS, Signals } from "./signals.ts";

Deno.test("each signal is listened for once, and does what was said last; SIGINT what was said of it", () => {
  const listening: [signal: Deno.Signal, run: () => void][] = [];
  const did: string[] = [];
  const send = (wanted: Deno.Signal) => {
    for (const [signal, run] of listening) if (signal === wanted) run();
  };
  const system = Deno.addSignalListener;
  // Not the system's: its listeners would stand until the test process ends, which listens for SIGINT itself.
  Deno.addSignalListener = (signal, run) => void listening.push([signal, run]);
  try {
    const signals = new Signals(() => did.push("start"));
    send("SIGTERM");
    send("SIGINT"); // nobody's yet: it ends the program
    signals.onInterrupt(() => did.push("start interrupt"));
    send("SIGINT");
    signals.onEnd(() => did.push("chat"));
    signals.onInterrupt(() => did.push("goodbye"));
    for (const signal of ["SIGINT", ...END_SIGNALS] as const) send(signal);
  } finally {
    Deno.addSignalListener = system;
  }
  deepEqual(did, ["start", "start interrupt", "goodbye", ...END_SIGNALS.map(() => "chat")]);
  deepEqual(listening.map(([signal]) => signal), [...END_SIGNALS, "SIGINT"]);
});

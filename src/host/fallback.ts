// A host without FFI: permission not given, or no table for this system. Everything works, and everything is weaker:
// nothing is locked, core dumps stay as the system has them, the inspector stays open, and random bytes pass through a
// buffer of the runtime that keeps copies.

import { type Binding, type HostFacts, WITHOUT } from "./host.ts";

export function bindNothing(system: HostFacts["system"]): Binding {
  return {
    ...WITHOUT,
    facts: {
      system,
      hardened: false,
      coreDumps: "on",
      dumpable: system === "windows" ? true : undefined,
      tracer: undefined,
      swap: undefined,
      keyLog: undefined,
      writesDown: undefined,
      preload: undefined,
      inspector: system === "windows" ? "closed" : "open",
      lockLimitBytes: undefined,
    },
    lock: () => false,
    random(view) {
      for (let at = 0; at < view.length; at += GET_RANDOM_VALUES_MAX) {
        crypto.getRandomValues(view.subarray(at, at + GET_RANDOM_VALUES_MAX) as Uint8Array<ArrayBuffer>);
      }
    },
    exit: (code) => Deno.exit(code),
  };
}

/** Of the Web Cryptography specification; more is an error. */
const GET_RANDOM_VALUES_MAX = 65536;

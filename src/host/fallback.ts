// A host without FFI: permission not given, or no table for this system. Everything works and everything is weaker:
// nothing is locked, core dumps are as the system has them, the inspector door stays open, and random bytes pass
// through a buffer of the runtime's that keeps copies.

import type { Binding, HostFacts } from "./host.ts";

export function bindNothing(system: HostFacts["system"]): Binding {
  return {
    facts: {
      system,
      hardened: false,
      coreDumps: "on",
      dumpable: system === "windows" ? true : undefined,
      tracer: undefined,
      swap: undefined,
      keyLog: undefined,
      preload: undefined,
      inspector: system === "windows" ? "closed" : "open",
      lockLimitBytes: undefined,
    },
    dumbTerminal: false,
    noColour: false,
    startedAs: "sesame",
    lock: () => false,
    random(view) {
      for (let at = 0; at < view.length; at += GET_RANDOM_VALUES_MAX) {
        crypto.getRandomValues(view.subarray(at, at + GET_RANDOM_VALUES_MAX) as Uint8Array<ArrayBuffer>);
      }
    },
    isTerminal: () => false,
    readable: () => true,
    readFd: () => -1,
    writeNow: undefined,
    descriptors: undefined,
    addresses: undefined,
    console: undefined,
    routes: undefined,
    farewell: undefined,
    readFile: undefined,
    socketOwner: undefined,
    userId: undefined,
    exit: (code) => Deno.exit(code),
  };
}

/** Of the Web Cryptography specification; more is an error. */
const GET_RANDOM_VALUES_MAX = 65536;

// The calls of libc and the parts of the environment that Linux and macOS share. Out of scope: what only one system has
// (linux.ts, macos.ts).

import { type Binding, buffer, BY_NPX } from "./host.ts";

/** As both tables declare them. */
export const UNIX_SYMBOLS = {
  mlock: { parameters: ["buffer", "usize"], result: "i32" },
  setrlimit: { parameters: ["i32", "buffer"], result: "i32" },
  getrlimit: { parameters: ["i32", "buffer"], result: "i32" },
  signal: { parameters: ["i32", "usize"], result: "usize" },
  getenv: { parameters: ["buffer"], result: "pointer" },
  strcmp: { parameters: ["pointer", "buffer"], result: "i32" },
  isatty: { parameters: ["i32"], result: "i32" },
  read: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  _exit: { parameters: ["i32"], result: "void" },
} as const satisfies Deno.ForeignLibraryInterface;

type UnixLibc = Deno.StaticForeignLibraryInterface<typeof UNIX_SYMBOLS>;

/** The calls that are the same, and what the environment says about the terminal and of how this was started. */
export function asOnUnix(
  libc: UnixLibc,
): Pick<Binding, "dumbTerminal" | "noColour" | "startedAs" | "isTerminal" | "readFd" | "exit"> {
  const is = (name: string, value: string) => {
    const set = libc.getenv(cString(name));
    return set === null ? undefined : libc.strcmp(set, cString(value)) === 0;
  };
  return {
    dumbTerminal: is("TERM", "dumb") === true,
    noColour: is("NO_COLOR", "") === false,
    startedAs: is("SESAME_STARTED_AS", BY_NPX) === true ? BY_NPX : "sesame",
    isTerminal: (fd) => libc.isatty(fd) === 1,
    readFd: (fd, view) => Number(libc.read(fd, buffer(view), BigInt(view.length))),
    exit(code): never {
      libc._exit(code);
      throw new Error("unreachable");
    },
  };
}

export function isSet(libc: UnixLibc, name: string): boolean {
  return libc.getenv(cString(name)) !== null;
}

/** As `HostFacts.inspector`; from here on it is closed. SIGUSR1 must already have a handler of the runtime's. */
export function closeInspector(libc: UnixLibc, sigusr1: number): "closed" | "open" {
  return libc.signal(sigusr1, SIG_IGN) > SIG_IGN ? "closed" : "open";
}

/** Has `fill` fill the view, a part at a time. Throws when it says no. */
export function fillInParts(view: Uint8Array, fill: (part: Uint8Array<ArrayBuffer>, length: bigint) => boolean): void {
  for (let at = 0; at < view.length; at += ENTROPY_AT_ONCE) {
    const part = view.subarray(at, at + ENTROPY_AT_ONCE);
    if (!fill(buffer(part), BigInt(part.length))) throw new Error("no entropy");
  }
}

/** False: the system does not let us. */
export function forbidCoreDumps(libc: UnixLibc): boolean {
  return libc.setrlimit(RLIMIT_CORE, new BigUint64Array([0n, 0n])) === 0;
}

/** As `HostFacts.lockLimitBytes`; the numbers are the system's. */
export function lockLimit(libc: UnixLibc, memlock: number, infinity: bigint): number | undefined {
  const limits = new BigUint64Array(2);
  if (libc.getrlimit(memlock, limits) !== 0) return undefined;
  return limits[0] === infinity ? Infinity : Number(limits[0]);
}

/** A NUL-terminated C string. */
export function cString(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${text}\0`);
}

/** getrandom(2) is never interrupted and never short up to here; getentropy(3) refuses more. */
const ENTROPY_AT_ONCE = 256;
const SIG_IGN = 1n;
export const RLIMIT_CORE = 4;

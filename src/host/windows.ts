// Windows, 64 bits. Not yet run there: written from Microsoft's documentation, tested with fake symbols only.
// In here: the tables of kernel32 and bcrypt and what is done with them at start. Weaker than Linux: a program of the
// same user can still read this one's memory, and reading a phrase from a descriptor is not supported.

import { type Binding, buffer } from "./host.ts";

export const KERNEL32_SYMBOLS = {
  VirtualLock: { parameters: ["buffer", "usize"], result: "i32" },
  GetCurrentProcess: { parameters: [], result: "isize" },
  SetProcessWorkingSetSize: { parameters: ["isize", "usize", "usize"], result: "i32" },
  SetErrorMode: { parameters: ["u32"], result: "u32" },
  WerSetFlags: { parameters: ["u32"], result: "i32" },
  GetEnvironmentVariableW: { parameters: ["buffer", "buffer", "u32"], result: "u32" },
  IsDebuggerPresent: { parameters: [], result: "i32" },
  ExitProcess: { parameters: ["u32"], result: "void" },
} as const satisfies Deno.ForeignLibraryInterface;

export const BCRYPT_SYMBOLS = {
  BCryptGenRandom: { parameters: ["usize", "buffer", "u32", "u32"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

export type Kernel32 = Deno.StaticForeignLibraryInterface<typeof KERNEL32_SYMBOLS>;
export type Bcrypt = Deno.StaticForeignLibraryInterface<typeof BCRYPT_SYMBOLS>;

export function bindWindows(kernel32: Kernel32, bcrypt: Bcrypt): Binding {
  kernel32.SetErrorMode(SEM_NO_BOXES);
  // Error reports without the heap: what Windows has in place of "no core dump".
  const heapless = kernel32.WerSetFlags(WER_FAULT_REPORTING_FLAG_NOHEAP) === 0;
  // VirtualLock takes no more than the minimum working set, which is 200 KiB unless asked for.
  kernel32.SetProcessWorkingSetSize(kernel32.GetCurrentProcess(), BigInt(WORKING_SET_MIN), BigInt(WORKING_SET_MAX));
  return {
    facts: {
      system: "windows",
      hardened: true,
      coreDumps: heapless ? "off" : "on",
      dumpable: true,
      tracer: kernel32.IsDebuggerPresent() !== 0,
      swap: undefined,
      keyLog: isSet(kernel32, "SSLKEYLOGFILE"),
      preload: undefined,
      // There is no SIGUSR1.
      inspector: "closed",
      lockLimitBytes: WORKING_SET_MIN,
    },
    dumbTerminal: false,
    noColour: isSet(kernel32, "NO_COLOR"),
    lock: (view) => kernel32.VirtualLock(buffer(view), BigInt(view.length)) !== 0,
    random(view) {
      const status = bcrypt.BCryptGenRandom(0n, buffer(view), view.length, BCRYPT_USE_SYSTEM_PREFERRED_RNG);
      if (status !== 0) throw new Error("no entropy");
    },
    isTerminal: () => false,
    readable: () => true,
    readFd: () => -1,
    writeNow: undefined,
    descriptors: undefined,
    addresses: undefined,
    exit(code): never {
      kernel32.ExitProcess(code);
      throw new Error("unreachable");
    },
  };
}

/** Asked with no room for the value: the answer is the room that it would take, 0 when it is not set. */
function isSet(kernel32: Kernel32, name: string): boolean {
  const wide = Uint16Array.from([...name, "\0"], (letter) => letter.charCodeAt(0));
  return kernel32.GetEnvironmentVariableW(wide, new Uint16Array(1), 0) !== 0;
}

/** SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX | SEM_NOOPENFILEERRORBOX */
const SEM_NO_BOXES = 0x8003;
const WER_FAULT_REPORTING_FLAG_NOHEAP = 1;
const BCRYPT_USE_SYSTEM_PREFERRED_RNG = 2;
/** Room for the 4 MiB of the arena beside what the process needs. */
const WORKING_SET_MIN = 32 * 1024 * 1024;
const WORKING_SET_MAX = 1024 * 1024 * 1024;

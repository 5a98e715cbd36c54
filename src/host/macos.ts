// macOS, Intel and Apple silicon. Not yet run on a Mac: written from the manual pages, tested with fake symbols only.
// In here: the table of libSystem's symbols and what is done with them at start. Pages have 16 KiB on Apple silicon.

import { asksForNoColour, type Binding, buffer, cString, type HostFacts, isDumb } from "./host.ts";

export const MACOS_LIBRARIES: readonly string[] = ["/usr/lib/libSystem.B.dylib"];

export const MACOS_SYMBOLS = {
  mlock: { parameters: ["buffer", "usize"], result: "i32" },
  minherit: { parameters: ["buffer", "usize", "i32"], result: "i32" },
  setrlimit: { parameters: ["i32", "buffer"], result: "i32" },
  getrlimit: { parameters: ["i32", "buffer"], result: "i32" },
  ptrace: { parameters: ["i32", "i32", "usize", "i32"], result: "i32" },
  signal: { parameters: ["i32", "usize"], result: "usize" },
  getenv: { parameters: ["buffer"], result: "pointer" },
  strcmp: { parameters: ["pointer", "buffer"], result: "i32" },
  getentropy: { parameters: ["buffer", "usize"], result: "i32" },
  sysctlbyname: { parameters: ["buffer", "buffer", "buffer", "usize", "usize"], result: "i32" },
  isatty: { parameters: ["i32"], result: "i32" },
  read: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  _exit: { parameters: ["i32"], result: "void" },
} as const satisfies Deno.ForeignLibraryInterface;

export type MacosLibc = Deno.StaticForeignLibraryInterface<typeof MACOS_SYMBOLS>;

/** SIGUSR1 must already have a handler of the runtime's. A debugger that is attached ends the process here. */
export function bindMacos(libc: MacosLibc): Binding {
  const inspector = libc.signal(SIGUSR1, SIG_IGN) > SIG_IGN ? "closed" : "open";
  const limited = libc.setrlimit(RLIMIT_CORE, new BigUint64Array([0n, 0n])) === 0;
  const denied = libc.ptrace(PT_DENY_ATTACH, 0, 0n, 0) === 0;
  return {
    facts: {
      system: "macos",
      hardened: true,
      coreDumps: limited ? "off" : "on",
      dumpable: !denied,
      tracer: denied ? false : undefined,
      swap: swapOf(libc),
      keyLog: libc.getenv(cString("SSLKEYLOGFILE")) !== null,
      preload: libc.getenv(cString("DYLD_INSERT_LIBRARIES")) !== null,
      inspector,
      lockLimitBytes: lockLimit(libc),
    },
    dumbTerminal: isDumb(libc.getenv(cString("TERM")), libc.strcmp),
    noColour: asksForNoColour(libc.getenv(cString("NO_COLOR")), libc.strcmp),
    lock(view) {
      const bytes = BigInt(view.length);
      libc.minherit(buffer(view), bytes, VM_INHERIT_NONE);
      return libc.mlock(buffer(view), bytes) === 0;
    },
    random(view) {
      for (let at = 0; at < view.length; at += GETENTROPY_MAX) {
        const part = view.subarray(at, at + GETENTROPY_MAX);
        if (libc.getentropy(buffer(part), BigInt(part.length)) !== 0) throw new Error("no entropy");
      }
    },
    writeNow: undefined,
    descriptors: undefined,
    addresses: undefined,
    console: undefined,
    isTerminal: (fd) => libc.isatty(fd) === 1,
    readable: () => true, // its poll refuses terminals and devices; not tried
    readFd: (fd, view) => Number(libc.read(fd, buffer(view), BigInt(view.length))),
    exit(code): never {
      libc._exit(code);
      throw new Error("unreachable");
    },
  };
}

/** `struct xsw_usage`: total, available and used as u64, page size and "encrypted" as u32. */
function swapOf(libc: MacosLibc): HostFacts["swap"] {
  const usage = new DataView(new ArrayBuffer(32));
  const length = new BigUint64Array([BigInt(usage.byteLength)]);
  if (libc.sysctlbyname(cString("vm.swapusage"), usage, length, 0n, 0n) !== 0) return undefined;
  // The file grows on demand, so a total of zero now promises nothing; but macOS says how it would write.
  return usage.getUint32(28, true) !== 0 ? "encrypted" : "plain";
}

function lockLimit(libc: MacosLibc): number | undefined {
  const limits = new BigUint64Array(2);
  if (libc.getrlimit(RLIMIT_MEMLOCK, limits) !== 0) return undefined;
  return limits[0] === RLIM_INFINITY ? Infinity : Number(limits[0]);
}

const SIGUSR1 = 30;
const SIG_IGN = 1n;
const RLIMIT_CORE = 4;
const RLIMIT_MEMLOCK = 6;
const RLIM_INFINITY = 0x7fff_ffff_ffff_ffffn;
const PT_DENY_ATTACH = 31;
const VM_INHERIT_NONE = 2;
const GETENTROPY_MAX = 256;

// macOS, Intel and Apple silicon. Written from the headers; not yet tried on a Mac. Tested with fake symbols, and its
// table against other people's declarations (tests/macos/headers_test.ts). None of the functions takes a variable
// number of arguments: on Apple silicon these are passed in another way, which FFI does not support. Scope: the table
// of libSystem's symbols and what is done with them at start. Pages have 16 KiB on Apple silicon.

import { type Binding, buffer, type HostFacts, WITHOUT, WRITES_DOWN } from "./host.ts";
import {
  asOnUnix,
  closeInspector,
  cString,
  fillInParts,
  forbidCoreDumps,
  isSet,
  lockLimit,
  RLIMIT_CORE,
  UNIX_SYMBOLS,
} from "./unix.ts";

export const MACOS_LIBRARIES: readonly string[] = ["/usr/lib/libSystem.B.dylib"];

export const MACOS_SYMBOLS = {
  ...UNIX_SYMBOLS,
  minherit: { parameters: ["buffer", "usize", "i32"], result: "i32" },
  ptrace: { parameters: ["i32", "i32", "usize", "i32"], result: "i32" },
  csops: { parameters: ["i32", "u32", "buffer", "usize"], result: "i32" },
  getentropy: { parameters: ["buffer", "usize"], result: "i32" },
  sysctlbyname: { parameters: ["buffer", "buffer", "buffer", "usize", "usize"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

export type MacosLibc = Deno.StaticForeignLibraryInterface<typeof MACOS_SYMBOLS>;

/** SIGUSR1 must already have a handler of the runtime's. A debugger that is attached ends the process here. */
export function bindMacos(libc: MacosLibc): Binding {
  const inspector = closeInspector(libc, SIGUSR1);
  const limited = forbidCoreDumps(libc);
  const denied = libc.ptrace(PT_DENY_ATTACH, 0, 0n, 0) === 0;
  return {
    facts: {
      system: "macos",
      hardened: true,
      coreDumps: limited ? "off" : "on",
      dumpable: readable(libc),
      tracer: denied ? false : undefined,
      swap: swapOf(libc),
      keyLog: isSet(libc, "SSLKEYLOGFILE"),
      writesDown: WRITES_DOWN.some((name) => isSet(libc, name)),
      preload: PRELOADS.some((name) => isSet(libc, name)),
      inspector,
      lockLimitBytes: lockLimit(libc, RLIMIT_MEMLOCK, RLIM_INFINITY),
    },
    // `readable` too: its poll refuses terminals and devices; not tried. Nor can fcntl(2) be asked what was handed over.
    ...WITHOUT,
    ...asOnUnix(libc),
    lock(view) {
      const bytes = BigInt(view.length);
      libc.minherit(buffer(view), bytes, VM_INHERIT_NONE);
      return libc.mlock(buffer(view), bytes) === 0;
    },
    random: (view) => fillInParts(view, (part, length) => libc.getentropy(part, length) === 0),
  };
}

/**
 * Whether another program of the same user gets this one's memory, by `task_for_pid`, which asks nobody whether debuggers
 * are denied: the system refuses it for a hardened runtime, unless that was signed to be debugged.
 */
function readable(libc: MacosLibc): boolean | undefined {
  const status = new DataView(new ArrayBuffer(4));
  // 0 is this process.
  if (libc.csops(0, CS_OPS_STATUS, new Uint8Array(status.buffer), 4n) !== 0) return undefined;
  const flags = status.getUint32(0, true);
  return (flags & CS_RUNTIME) === 0 || (flags & CS_GET_TASK_ALLOW) !== 0;
}

/** `struct xsw_usage`: total, available and used as u64, page size and "encrypted" as u32. */
function swapOf(libc: MacosLibc): HostFacts["swap"] {
  const usage = new DataView(new ArrayBuffer(XSW_USAGE_SIZE));
  const length = new BigUint64Array([BigInt(usage.byteLength)]);
  if (libc.sysctlbyname(cString("vm.swapusage"), usage, length, 0n, 0n) !== 0) return undefined;
  // The file grows on demand, so a total of zero now promises nothing; but macOS says how it would write.
  return usage.getUint32(XSU_ENCRYPTED_AT, true) !== 0 ? "encrypted" : "plain";
}

/** Libraries put in, and put before the system's own: the runtime is signed so that they work (tests/macos). */
const PRELOADS: readonly string[] = ["DYLD_INSERT_LIBRARIES", "DYLD_LIBRARY_PATH", "DYLD_FRAMEWORK_PATH"];
/** <mach/vm_inherit.h> */
const VM_INHERIT_NONE = 2;
/** xnu, bsd/sys/codesign.h and osfmk/kern/cs_blobs.h */
const CS_OPS_STATUS = 0;
const CS_GET_TASK_ALLOW = 0x4;
const CS_RUNTIME = 0x1_0000;

/** Numbers of <sys/signal.h>, <sys/resource.h>, <sys/ptrace.h> and <sys/sysctl.h>, for the test that compares them. */
export const MACOS_NUMBERS = {
  SIGUSR1: 30,
  RLIMIT_CORE,
  RLIMIT_MEMLOCK: 6,
  RLIM_INFINITY: 0x7fff_ffff_ffff_ffffn,
  PT_DENY_ATTACH: 31,
  XSW_USAGE_SIZE: 32,
  XSU_ENCRYPTED_AT: 28,
} as const;
const { SIGUSR1, RLIMIT_MEMLOCK, RLIM_INFINITY, PT_DENY_ATTACH, XSW_USAGE_SIZE, XSU_ENCRYPTED_AT } = MACOS_NUMBERS;

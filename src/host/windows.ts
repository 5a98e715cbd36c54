// Windows, 64 bits. Runs under Wine; not yet tried on Windows. Scope: the tables of kernel32 and bcrypt, what is done
// with them at the start, the console. Weaker than Linux: a program of the same user can still read this one's memory,
// and reading a phrase from a descriptor is not supported. Out of scope: what a key of the console means (console.ts).

import { ConsoleKeys, RECORD_SIZE } from "./console.ts";
import { type Binding, buffer, BY_NPX, type ConsoleInput, WITHOUT, WRITES_DOWN } from "./host.ts";

export const KERNEL32_SYMBOLS = {
  VirtualLock: { parameters: ["buffer", "usize"], result: "i32" },
  GetCurrentProcess: { parameters: [], result: "isize" },
  SetProcessWorkingSetSize: { parameters: ["isize", "usize", "usize"], result: "i32" },
  SetErrorMode: { parameters: ["u32"], result: "u32" },
  WerSetFlags: { parameters: ["u32"], result: "i32" },
  GetEnvironmentVariableW: { parameters: ["buffer", "buffer", "u32"], result: "u32" },
  IsDebuggerPresent: { parameters: [], result: "i32" },
  GetStdHandle: { parameters: ["u32"], result: "isize" },
  GetConsoleMode: { parameters: ["isize", "buffer"], result: "i32" },
  SetConsoleMode: { parameters: ["isize", "u32"], result: "i32" },
  PeekConsoleInputW: { parameters: ["isize", "buffer", "u32", "buffer"], result: "i32" },
  // It waits for keys, so on a thread of its own: timers and the network go on.
  ReadConsoleInputW: { parameters: ["isize", "buffer", "u32", "buffer"], result: "i32", nonblocking: true },
  // The same: a console that takes nothing must not keep the end of the program.
  WriteFile: { parameters: ["isize", "buffer", "u32", "buffer", "usize"], result: "i32", nonblocking: true },
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
  const roomy = kernel32.SetProcessWorkingSetSize(
    kernel32.GetCurrentProcess(),
    BigInt(WORKING_SET_MIN),
    BigInt(WORKING_SET_MAX),
  ) !== 0;
  return {
    ...WITHOUT,
    facts: {
      system: "windows",
      hardened: true,
      coreDumps: heapless ? "off" : "on",
      dumpable: true,
      tracer: kernel32.IsDebuggerPresent() !== 0,
      swap: undefined,
      keyLog: roomOf(kernel32, "SSLKEYLOGFILE") > 0,
      writesDown: WRITES_DOWN.some((name) => roomOf(kernel32, name) > 0),
      preload: undefined,
      // There is no SIGUSR1.
      inspector: "closed",
      // If that was refused, these few calls cannot find out what it is.
      lockLimitBytes: roomy ? WORKING_SET_MIN : undefined,
    },
    // One unit is the NUL of an empty value, which asks for nothing.
    noColour: roomOf(kernel32, "NO_COLOR") > 1,
    startedAs: isSetTo(kernel32, "SESAME_STARTED_AS", BY_NPX) ? BY_NPX : "sesame",
    lock: (view) => kernel32.VirtualLock(buffer(view), BigInt(view.length)) !== 0,
    random(view) {
      const status = bcrypt.BCryptGenRandom(0n, buffer(view), view.length, BCRYPT_USE_SYSTEM_PREFERRED_RNG);
      if (status !== 0) throw new Error("no entropy");
    },
    writeNow: (fd, view) => writeNow(kernel32, fd, view),
    console: openConsole(kernel32),
    exit(code): never {
      kernel32.ExitProcess(code);
      throw new Error("unreachable");
    },
  };
}

/** How many UTF-16 units the value would take, its NUL included; 0 when it is not set. */
function roomOf(kernel32: Kernel32, name: string): number {
  return kernel32.GetEnvironmentVariableW(wide(name), new Uint16Array(1), 0);
}

function isSetTo(kernel32: Kernel32, name: string, value: string): boolean {
  const into = new Uint16Array(value.length + 1);
  const length = kernel32.GetEnvironmentVariableW(wide(name), into, into.length);
  return length === value.length && String.fromCharCode(...into.subarray(0, length)) === value;
}

/** NUL-terminated. */
function wide(text: string): Uint16Array<ArrayBuffer> {
  return Uint16Array.from([...text, "\0"], (letter) => letter.charCodeAt(0));
}

/**
 * Begins to write and waits at most WRITE_WAIT_MS for the end of it, which the system tells by the count. False only where
 * nothing was begun, so that nobody writes it twice.
 */
function writeNow(kernel32: Kernel32, fd: number, view: Uint8Array): boolean {
  const handle = kernel32.GetStdHandle(fd === 1 ? STD_OUTPUT_HANDLE : STD_ERROR_HANDLE);
  if (handle === 0n || handle === INVALID_HANDLE) return false;
  const written = new Uint32Array(1);
  kernel32.WriteFile(handle, buffer(view), view.length, new Uint8Array(written.buffer), 0n).catch(() => {});
  const never = new Int32Array(new SharedArrayBuffer(4));
  for (let ms = 0; ms < WRITE_WAIT_MS && Atomics.load(written, 0) === 0; ms++) Atomics.wait(never, 0, 0, 1);
  return true;
}

/** The console behind standard input; undefined where that is a file or a pipe. */
function openConsole(kernel32: Kernel32): ConsoleInput | undefined {
  const handle = kernel32.GetStdHandle(STD_INPUT_HANDLE);
  const mode = new Uint32Array(1);
  if (kernel32.GetConsoleMode(handle, new Uint8Array(mode.buffer)) === 0) return undefined;
  return new WindowsConsole(kernel32, handle, mode[0] ?? 0);
}

class WindowsConsole implements ConsoleInput {
  onResize: (() => void) | undefined;
  readonly #kernel32: Kernel32;
  readonly #handle: bigint;
  /** As the person's own programs had it. */
  readonly #before: number;
  readonly #keys = new ConsoleKeys();
  readonly #records = new Uint8Array(RECORD_SIZE * RECORDS_AT_ONCE);

  constructor(kernel32: Kernel32, handle: bigint, before: number) {
    this.#kernel32 = kernel32;
    this.#handle = handle;
    this.#before = before;
  }

  async read(into: Uint8Array): Promise<number> {
    const count = new Uint32Array(1);
    for (;;) {
      const read = await this.#kernel32.ReadConsoleInputW(
        this.#handle,
        this.#records,
        RECORDS_AT_ONCE,
        new Uint8Array(count.buffer),
      );
      if (read === 0) return 0;
      const { length, resized } = this.#keys.decode(new DataView(this.#records.buffer), count[0] ?? 0, into);
      this.#records.fill(0);
      if (resized) this.onResize?.();
      if (length > 0) return length;
    }
  }

  raw(on: boolean): boolean {
    const mode = on ? (this.#before & ~COOKED) | ENABLE_WINDOW_INPUT : this.#before;
    const set = this.#kernel32.SetConsoleMode(this.#handle, mode) !== 0;
    // Under Wine the terminal behind the console shows what is typed until a moment after somebody looked for keys.
    const seen = new Uint8Array(RECORD_SIZE);
    if (on) this.#kernel32.PeekConsoleInputW(this.#handle, seen, 1, new Uint8Array(4));
    seen.fill(0);
    return set;
  }
}

/** SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX | SEM_NOOPENFILEERRORBOX */
const SEM_NO_BOXES = 0x8003;
const WER_FAULT_REPORTING_FLAG_NOHEAP = 1;
const BCRYPT_USE_SYSTEM_PREFERRED_RNG = 2;
/** Room for the 4 MiB of the arena beside what the process needs. */
const WORKING_SET_MIN = 32 * 1024 * 1024;
const WORKING_SET_MAX = 1024 * 1024 * 1024;
/** -10, -11 and -12 as DWORDs. */
const STD_INPUT_HANDLE = 0xffff_fff6;
const STD_OUTPUT_HANDLE = 0xffff_fff5;
const STD_ERROR_HANDLE = 0xffff_fff4;
const INVALID_HANDLE = -1n;
const WRITE_WAIT_MS = 50;
/** ENABLE_PROCESSED_INPUT, ENABLE_LINE_INPUT, ENABLE_ECHO_INPUT and ENABLE_QUICK_EDIT_MODE, in which a click stops the output. */
const COOKED = 0x0001 | 0x0002 | 0x0004 | 0x0040;
const ENABLE_WINDOW_INPUT = 0x0008;
const RECORDS_AT_ONCE = 32;

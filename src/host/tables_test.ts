// The three tables with symbols that only record: what is asked of which system, and what is made of the answers.

import assert from "node:assert/strict";
import { bindNothing } from "./fallback.ts";
import type { Binding } from "./host.ts";
import { bindLinux, type LinuxLibc, swapAreas, swapKind, tracerIn } from "./linux.ts";
import { bindMacos, type MacosLibc } from "./macos.ts";
import { report } from "./protection.ts";
import { type Bcrypt, bindWindows, type Kernel32 } from "./windows.ts";

/** Symbols whose calls are noted as `name(numbers)`; `answers` has what they return, 0 otherwise. */
function fake<T>(answers: Answers): { symbols: T; calls: string[] } {
  const calls: string[] = [];
  const symbols = new Proxy({}, {
    get: (_, name: string) => (...args: unknown[]) => {
      calls.push(`${name}(${args.filter((arg) => typeof arg !== "object").join(" ")})`);
      const answer = answers[name];
      return typeof answer === "function" ? answer(...args) : answer === undefined ? 0 : answer;
    },
  });
  return { symbols: symbols as T, calls };
}

/** Stands for a pointer that is not null. */
const POINTER = {};

type Answers = Record<string, unknown>;
/** The two systems with a C library, all of whose other answers are good. */
const WITH_LIBC: readonly ((answers: Answers) => Binding)[] = [
  (answers) => bindLinux(fake<LinuxLibc>({ open: -1, signal: 2n, ...answers }).symbols),
  (answers) => bindMacos(fake<MacosLibc>({ signal: 2n, ...answers }).symbols),
];

Deno.test("bindMacos() denies debuggers, core dumps and SIGUSR1, and binds what remains", () => {
  const { symbols, calls } = fake<MacosLibc>({
    signal: 4711n,
    getenv: null,
    read: 5n,
    sysctlbyname: (_name: unknown, usage: DataView) => (usage.setUint32(28, 1, true), 0),
    csops: (_pid: number, _what: number, status: Uint8Array) => (status.set([0x00, 0x00, 0x01, 0x00]), 0),
    getrlimit: (_which: number, into: BigUint64Array) => (into[0] = 0x7fff_ffff_ffff_ffffn, 0),
  });
  const host = bindMacos(symbols);
  assert.deepEqual(calls.slice(0, 3), ["signal(30 1)", "setrlimit(4)", "ptrace(31 0 0 0)"]);
  assert.deepEqual(host.facts, {
    system: "macos",
    hardened: true,
    coreDumps: "off",
    dumpable: false,
    tracer: false,
    swap: "encrypted",
    keyLog: false,
    writesDown: false,
    preload: false,
    inspector: "closed",
    lockLimitBytes: Infinity,
  });
  calls.length = 0;
  assert.equal(host.lock(new Uint8Array(4096)), true);
  host.random(new Uint8Array(600));
  assert.equal(host.readFd(3, new Uint8Array(9)), 5);
  assert.throws(() => host.exit(6));
  assert.deepEqual(calls, [
    "minherit(4096 2)",
    "mlock(4096)",
    "getentropy(256)",
    "getentropy(256)",
    "getentropy(88)",
    "read(3 9)",
    "_exit(6)",
  ]);
});

Deno.test("bindMacos() says what failed", () => {
  const { symbols } = fake<MacosLibc>({
    signal: 0n,
    setrlimit: -1,
    ptrace: -1,
    sysctlbyname: -1,
    csops: -1,
    getrlimit: -1,
    getenv: POINTER,
    mlock: -1,
    getentropy: -1,
  });
  const host = bindMacos(symbols);
  const { coreDumps, dumpable, tracer, swap, keyLog, preload, inspector, lockLimitBytes } = host.facts;
  assert.deepEqual(
    [coreDumps, dumpable, tracer, swap, keyLog, preload, inspector, lockLimitBytes],
    ["on", undefined, undefined, undefined, true, true, "open", undefined],
  );
  assert.equal(host.lock(new Uint8Array(1)), false);
  assert.throws(() => host.random(new Uint8Array(1)), /no entropy/);
});

Deno.test("bindMacos() calls the memory closed to others only for a hardened runtime that was not signed to be debugged", () => {
  for (
    const [flags, dumpable] of [[0x1_0000, false], [0x1_0004, true], [0x2200_0001, true], [0x2201_0001, false]] as const
  ) {
    const csops = (pid: number, what: number, into: Uint8Array, size: bigint) => {
      assert.deepEqual([pid, what, size], [0, 0, 4n]);
      new DataView(into.buffer).setUint32(0, flags, true);
      return 0;
    };
    // That debuggers are denied says nothing of it.
    for (const ptrace of [0, -1]) {
      const { symbols } = fake<MacosLibc>({ csops, ptrace, signal: 2n, getenv: null });
      assert.equal(bindMacos(symbols).facts.dumpable, dumpable);
    }
  }
});

Deno.test("bindMacos() notices each variable that puts a library in", () => {
  for (const name of ["DYLD_INSERT_LIBRARIES", "DYLD_LIBRARY_PATH", "DYLD_FRAMEWORK_PATH"]) {
    const getenv = (asked: Uint8Array) => new TextDecoder().decode(asked) === `${name}\0` ? POINTER : null;
    assert.equal(bindMacos(fake<MacosLibc>({ getenv, signal: 2n }).symbols).facts.preload, true, name);
  }
  assert.equal(bindMacos(fake<MacosLibc>({ getenv: null, signal: 2n }).symbols).facts.preload, false);
});

Deno.test("bindWindows() keeps the heap out of reports and makes room for locking", () => {
  const kernel32 = fake<Kernel32>({ GetCurrentProcess: -1n, VirtualLock: 1, SetProcessWorkingSetSize: 1 });
  const bcrypt = fake<Bcrypt>({});
  const host = bindWindows(kernel32.symbols, bcrypt.symbols);
  assert.deepEqual(kernel32.calls.slice(0, 4), [
    "SetErrorMode(32771)",
    "WerSetFlags(1)",
    "GetCurrentProcess()",
    "SetProcessWorkingSetSize(-1 33554432 1073741824)",
  ]);
  assert.deepEqual(host.facts, {
    system: "windows",
    hardened: true,
    coreDumps: "off",
    dumpable: true,
    tracer: false,
    swap: undefined,
    keyLog: false,
    writesDown: false,
    preload: undefined,
    inspector: "closed",
    lockLimitBytes: 33554432,
  });
  assert.equal(host.lock(new Uint8Array(4096)), true);
  host.random(new Uint8Array(600));
  assert.deepEqual(bcrypt.calls, ["BCryptGenRandom(0 600 2)"]);
  assert.equal(host.readFd(0, new Uint8Array(1)), -1);
  assert.throws(() => host.exit(6));
  assert.equal(kernel32.calls.at(-1), "ExitProcess(6)");
});

Deno.test("bindWindows() says what failed", () => {
  const kernel32 = fake<Kernel32>({ WerSetFlags: -1, IsDebuggerPresent: 1, GetEnvironmentVariableW: 9 });
  const host = bindWindows(kernel32.symbols, fake<Bcrypt>({ BCryptGenRandom: -1 }).symbols);
  assert.deepEqual([host.facts.coreDumps, host.facts.tracer, host.facts.keyLog], ["on", true, true]);
  assert.equal(host.facts.lockLimitBytes, undefined, "the room that was refused");
  assert.equal(host.console, undefined, "standard input is no console");
  assert.equal(host.lock(new Uint8Array(1)), false);
  assert.throws(() => host.random(new Uint8Array(1)), /no entropy/);
});

Deno.test("bindWindows() writes at once what is taken, and waits for nothing that is not", () => {
  const wrote: unknown[] = [];
  const { symbols } = fake<Kernel32>({
    GetStdHandle: (which: number) => which === 0xffff_fff4 ? -1n : 55n,
    WriteFile: (handle: bigint, bytes: Uint8Array, length: number, written: Uint8Array) => {
      wrote.push([handle, new TextDecoder().decode(bytes), length]);
      new DataView(written.buffer).setUint32(0, length, true);
      return new Promise(() => {});
    },
  });
  const { writeNow } = bindWindows(symbols, fake<Bcrypt>({}).symbols);
  assert.equal(writeNow?.(1, new TextEncoder().encode("over")), true);
  assert.equal(writeNow?.(2, new TextEncoder().encode("over")), false, "there is no such descriptor");
  assert.deepEqual(wrote, [[55n, "over", 4]]);
  const stuck = fake<Kernel32>({ GetStdHandle: 55n, WriteFile: new Promise(() => {}) }).symbols;
  assert.equal(bindWindows(stuck, fake<Bcrypt>({}).symbols).writeNow?.(1, new Uint8Array(1)), true);
});

Deno.test("bindWindows() takes NO_COLOR for set only if it is not empty", () => {
  for (const [room, none] of [[0, false], [1, false], [2, true]] as const) {
    const { symbols } = fake<Kernel32>({ GetEnvironmentVariableW: room });
    assert.equal(bindWindows(symbols, fake<Bcrypt>({}).symbols).noColour, none);
  }
});

Deno.test("bindWindows() reads keys from the console, wipes the records, and puts its mode back", async () => {
  const waiting: number[][] = [[0x1c0, 0x41], [0x12, 0], [0x7b, 0]];
  let given: Uint8Array | undefined;
  let resized = 0;
  const { symbols, calls } = fake<Kernel32>({
    GetStdHandle: 44n,
    GetConsoleMode: (_handle: bigint, into: Uint8Array) => (new DataView(into.buffer).setUint32(0, 0x1f7, true), 1),
    SetConsoleMode: 1,
    ReadConsoleInputW: (_handle: bigint, records: Uint8Array, _most: number, count: Uint8Array) => {
      const key = waiting.shift();
      if (key === undefined) return Promise.resolve(0);
      given = records;
      const view = new DataView(records.buffer);
      // The size of the window, then a key.
      view.setUint16(0, 4, true);
      view.setUint16(20, 1, true);
      view.setInt32(24, 1, true);
      view.setUint16(28, 1, true);
      view.setUint16(30, key[0]!, true);
      view.setUint16(34, key[1]!, true);
      new DataView(count.buffer).setUint32(0, 2, true);
      return Promise.resolve(1);
    },
  });
  const { console: input } = bindWindows(symbols, fake<Bcrypt>({}).symbols);
  assert(input !== undefined);
  input.onResize = () => resized++;
  calls.length = 0;
  const into = new Uint8Array(64);
  const text = async () => new TextDecoder().decode(into.subarray(0, await input.read(into)));
  assert.equal(await text(), "A");
  assert.equal(await text(), "\x1b[24~", "a key that is nothing by itself is waited over");
  assert.equal(await input.read(into), 0, "the console is gone");
  assert.equal(resized, 3);
  assert.deepEqual(given?.filter((byte) => byte !== 0).length, 0, "what was typed stays in the records");
  assert.equal(input.raw(true), true);
  assert.equal(input.raw(false), true);
  assert.deepEqual(calls.filter((call) => call.startsWith("Set")), [
    `SetConsoleMode(44 ${0x1f7 & ~0x47 | 8})`,
    `SetConsoleMode(44 ${0x1f7})`,
  ]);
});

Deno.test("bindLinux() says what failed", () => {
  const { symbols } = fake<LinuxLibc>({
    signal: 0n,
    open: -1,
    prctl: (option: number) => option === 3 ? 1 : -1,
    setrlimit: -1,
    getrlimit: -1,
    getenv: POINTER,
    mlock: -1,
    mlock2: -1,
    getrandom: 3n,
    read: -1n,
  });
  const host = bindLinux(symbols);
  const { coreDumps, dumpable, tracer, swap, keyLog, preload, inspector, lockLimitBytes } = host.facts;
  assert.deepEqual(
    [coreDumps, dumpable, tracer, swap, keyLog, preload, inspector, lockLimitBytes],
    ["on", true, undefined, undefined, true, true, "open", undefined],
  );
  assert.equal(host.lock(new Uint8Array(1)), false);
  assert.throws(() => host.random(new Uint8Array(4)), /no entropy/);
  assert.equal(host.readFd(99, new Uint8Array(4)), -1);
});

Deno.test("bindLinux() reads what was handed over, and no descriptor that the runtime opened or nobody did", () => {
  const poll = (asked: Uint8Array) => (new DataView(asked.buffer).setInt16(6, 0, true), 0);
  for (
    const [flags, readable, got] of [[0, false, 5], [1, true, -1], [-1, true, -1]] as const
  ) {
    const { symbols, calls } = fake<LinuxLibc>({ getenv: null, open: -1, signal: 2n, poll, read: 5n, fcntl: flags });
    const host = bindLinux(symbols);
    calls.length = 0;
    assert.equal(host.readable(7), readable, "what is refused is refused at once");
    assert.equal(host.readFd(7, new Uint8Array(9)), got);
    assert.deepEqual(
      calls,
      flags === 0 ? ["fcntl(7 1)", "poll(1 0)", "fcntl(7 1)", "read(7 9)"] : [
        "fcntl(7 1)",
        "fcntl(7 1)",
      ],
    );
  }
});

Deno.test("bindLinux() locks pages as they are written to, and all at once where the kernel or the C library is too old", () => {
  const asked = { signal: 2n, open: -1, getenv: null };
  const onFault = fake<LinuxLibc>(asked);
  const host = bindLinux(onFault.symbols);
  onFault.calls.length = 0;
  assert.equal(host.lock(new Uint8Array(4096)), true);
  assert.deepEqual(onFault.calls, ["madvise(4096 16)", "madvise(4096 18)", "mlock2(4096 1)"]);
  const older = fake<LinuxLibc>({ ...asked, mlock2: -1 });
  const without = { get: (symbols: LinuxLibc, name: keyof LinuxLibc) => name === "mlock2" ? null : symbols[name] };
  for (const symbols of [older.symbols, new Proxy(older.symbols, without as ProxyHandler<LinuxLibc>)]) {
    const host = bindLinux(symbols);
    older.calls.length = 0;
    assert.equal(host.lock(new Uint8Array(4096)), true);
    assert.equal(older.calls.at(-1), "mlock(4096)");
  }
});

Deno.test("TERM=dumb is seen on the systems that have it, and nothing else is taken for it", () => {
  for (const [getenv, strcmp, dumb] of [[POINTER, 0, true], [POINTER, 1, false], [null, 0, false]] as const) {
    for (const bind of WITH_LIBC) assert.equal(bind({ getenv, strcmp }).dumbTerminal, dumb);
  }
});

Deno.test("what started the program is believed only if it is a command that exists", () => {
  const cases = [[POINTER, 0, "npx sesame-chat"], [POINTER, 1, "sesame"], [null, 0, "sesame"]] as const;
  for (const [getenv, strcmp, name] of cases) {
    for (const bind of WITH_LIBC) assert.equal(bind({ getenv, strcmp }).startedAs, name);
  }
  for (const [text, name] of [["npx sesame-chat", "npx sesame-chat"], ["npx sesame-chit", "sesame"], ["", "sesame"]]) {
    const GetEnvironmentVariableW = (_name: Uint16Array, into: Uint16Array, size: number) => {
      if (size === 0) return 0;
      Array.from(text!, (letter, i) => into[i] = letter.charCodeAt(0));
      return text!.length;
    };
    const { symbols } = fake<Kernel32>({ GetEnvironmentVariableW });
    assert.equal(bindWindows(symbols, fake<Bcrypt>({}).symbols).startedAs, name);
  }
});

Deno.test("NO_COLOR counts if it is not empty, and a descriptor is a terminal if the system says so", () => {
  const isatty = (fd: number) => fd === 3 ? 1 : 0;
  for (const [getenv, strcmp, none] of [[POINTER, 1, true], [POINTER, 0, false], [null, 1, false]] as const) {
    for (const bind of WITH_LIBC) {
      const host = bind({ getenv, strcmp, isatty });
      assert.equal(host.noColour, none);
      assert.deepEqual([host.isTerminal(3), host.isTerminal(4)], [true, false]);
    }
  }
});

Deno.test("tracerIn() finds a debugger in /proc/self/status", () => {
  assert.equal(tracerIn("Name:\tdeno\nTracerPid:\t0\nUid:\t0\n"), false);
  assert.equal(tracerIn("Name:\tdeno\nTracerPid:\t4711\nUid:\t0\n"), true);
  assert.equal(tracerIn("Name:\tdeno\n"), undefined);
  assert.equal(tracerIn(undefined), undefined);
});

Deno.test("swapAreas() and swapKind() tell compressed memory, encrypted and plain disks apart", () => {
  const table = "Filename\tType\tSize\tUsed\tPriority\n/dev/zram0 partition\t8\t0\t100\n/swapfile   file\t2\t0\t-2\n";
  assert.deepEqual(swapAreas(table), ["/dev/zram0", "/swapfile"]);
  assert.deepEqual(swapAreas("Filename\tType\tSize\tUsed\tPriority\n"), []);
  const uuids = new Map([["/sys/block/dm-0/dm/uuid", "CRYPT-LUKS2-abc"], ["/sys/block/dm-1/dm/uuid", "LVM-abc"]]);
  const read = (path: string) => uuids.get(path);
  assert.equal(swapKind("/dev/zram0", read), "memory");
  assert.equal(swapKind("/dev/dm-0", read), "encrypted");
  assert.equal(swapKind("/dev/dm-1", read), "plain");
  assert.equal(swapKind("/dev/dm-2", read), "plain");
  assert.equal(swapKind("/dev/sda2", read), "plain");
  assert.equal(swapKind("/swapfile", read), "plain");
});

Deno.test("report() has what the notice needs, and the arena's state", () => {
  const host = { ...bindNothing("other"), facts: { ...bindNothing("other").facts, permissions: ["net"] } };
  const { memoryLocked, locked, coreDumps, permissions } = report(host, "part");
  assert.deepEqual({ memoryLocked, locked, coreDumps, permissions }, {
    memoryLocked: false,
    locked: "part",
    coreDumps: "on",
    permissions: ["net"],
  });
  assert.equal(report(host, "all").memoryLocked, true);
});

Deno.test("where Node is the parent, bindLinux() has the process end with it, and ends it at once where it has gone", () => {
  const calls = (answers: Answers) => {
    const linux = fake<LinuxLibc>({ open: -1, signal: 2n, getenv: POINTER, getppid: 7, ...answers });
    bindLinux(linux.symbols);
    return linux.calls.filter((call) => /^(prctl\(1 |_exit)/.test(call));
  };
  assert.deepEqual(calls({ strcmp: 0 }), ["prctl(1 1 0 0 0)"]);
  assert.deepEqual(calls({ strcmp: 1 }), ["prctl(1 1 0 0 0)", "_exit(1)"]);
  assert.deepEqual(calls({ getenv: null }), []);
});

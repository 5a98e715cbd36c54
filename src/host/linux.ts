// Linux (glibc or musl), x86-64 and ARM64. Run and tested. Scope: the table of libc's symbols, what is done with them
// at the start, the facts read from /proc. Out of scope: loading the library and giving the permission back
// (harden.ts).

import { farewellOf } from "./farewell.ts";
import { interfaceAddresses } from "./netlink.ts";
import { defaultRouters, ownTowards } from "./routes.ts";
import { socketOwner } from "./socket_owner.ts";
import {
  asOnUnix,
  closeInspector,
  cString,
  fillInParts,
  forbidCoreDumps,
  isSet,
  lockLimit,
  UNIX_SYMBOLS,
} from "./unix.ts";
import { type Binding, buffer, type Descriptors, type HostFacts, WRITES_DOWN } from "./host.ts";

export const LINUX_LIBRARIES: readonly string[] = [
  "libc.so.6",
  "libc.musl-x86_64.so.1",
  "libc.musl-aarch64.so.1",
];

export const LINUX_SYMBOLS = {
  ...UNIX_SYMBOLS,
  mlock2: { parameters: ["buffer", "usize", "i32"], result: "i32", optional: true },
  madvise: { parameters: ["buffer", "usize", "i32"], result: "i32" },
  prctl: { parameters: ["i32", "u64", "u64", "u64", "u64"], result: "i32" },
  getrandom: { parameters: ["buffer", "usize", "u32"], result: "isize" },
  open: { parameters: ["buffer", "i32"], result: "i32" },
  write: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  getppid: { parameters: [], result: "i32" },
  getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
  poll: { parameters: ["buffer", "u64", "i32"], result: "i32" },
  // Of those commands alone that take nothing more.
  fcntl: { parameters: ["i32", "i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  send: { parameters: ["i32", "buffer", "usize", "i32"], result: "isize" },
  recv: { parameters: ["i32", "buffer", "usize", "i32"], result: "isize" },
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  geteuid: { parameters: [], result: "u32" },
} as const satisfies Deno.ForeignLibraryInterface;

export type LinuxLibc = Deno.StaticForeignLibraryInterface<typeof LINUX_SYMBOLS>;

/**
 * Where Node stays as a parent (the npm package says so): when it has gone, however that came, this process is hung up on.
 * On a terminal that goes back to a shell nothing may be read any more.
 */
function endWithParent(libc: LinuxLibc): void {
  libc.prctl(PR_SET_PDEATHSIG, SIGHUP, 0n, 0n, 0n);
  // It may have gone before.
  const parent = libc.getenv(cString("SESAME_PARENT"));
  if (parent !== null && libc.strcmp(parent, cString(String(libc.getppid()))) !== 0) libc._exit(1);
}

/** SIGUSR1 must already have a handler of the runtime's, so that the runtime never installs one over ours. */
export function bindLinux(libc: LinuxLibc): Binding {
  const inspector = closeInspector(libc, SIGUSR1);
  if (isSet(libc, "SESAME_PARENT")) endWithParent(libc);
  // Before the process stops being dumpable, after which parts of /proc/self belong to root.
  const seen = { tracer: tracerIn(readText(libc, "/proc/self/status")), swap: swapOf(libc) };
  const limited = forbidCoreDumps(libc);
  // Beside the limit, since a core_pattern that is a pipe gets its dump whatever the limit says; and it keeps other
  // programs of the same user from /proc/PID/mem and from ptrace.
  libc.prctl(PR_SET_DUMPABLE, 0n, 0n, 0n, 0n);
  const dumpable = libc.prctl(PR_GET_DUMPABLE, 0n, 0n, 0n, 0n) !== 0;
  const unix = asOnUnix(libc);
  return {
    facts: {
      system: "linux",
      hardened: true,
      coreDumps: limited && !dumpable ? "off" : "on",
      dumpable,
      ...seen,
      keyLog: isSet(libc, "SSLKEYLOGFILE"),
      writesDown: WRITES_DOWN.some((name) => isSet(libc, name)),
      preload: PRELOADS.some((name) => isSet(libc, name)) ||
        (readText(libc, "/etc/ld.so.preload") ?? "").trim() !== "",
      inspector,
      lockLimitBytes: lockLimit(libc, RLIMIT_MEMLOCK, RLIM_INFINITY),
    },
    ...unix,
    lock(view) {
      const bytes = BigInt(view.length);
      libc.madvise(buffer(view), bytes, MADV_DONTDUMP);
      // A page that is shared on purpose refuses this one; a fork then sees it, and this program never forks.
      libc.madvise(buffer(view), bytes, MADV_WIPEONFORK);
      // A page is locked as soon as anything is written to it. To have those in memory that nobody uses would take 3 MiB.
      return libc.mlock2?.(buffer(view), bytes, MLOCK_ONFAULT) === 0 || libc.mlock(buffer(view), bytes) === 0;
    },
    random: (view) => fillInParts(view, (part, length) => libc.getrandom(part, length, 0) === length),
    readable: (fd) => !isHandedOver(libc, fd) || ready(libc, fd, POLLIN) !== 0,
    readFd: (fd, view) => isHandedOver(libc, fd) ? unix.readFd(fd, view) : -1,
    writeNow(fd, view) {
      // The kernel says POLLOUT for no terminal that is stopped, full or being written to.
      if (ready(libc, fd, POLLOUT) !== POLLOUT) return false;
      return Number(libc.write(fd, buffer(view), BigInt(view.length))) === view.length;
    },
    descriptors: descriptorsOf(libc),
    console: undefined,
    addresses: () => interfaceAddresses(libc),
    routes: { defaults: () => defaultRouters(libc), ownTowards: (address) => ownTowards(libc, address) },
    farewell: farewellOf(libc),
    readFile: (path, view) => readStart(libc, path, view),
    socketOwner: (socket) => socketOwner(libc, socket),
    userId: libc.geteuid(),
  };
}

/**
 * Whether the descriptor came from whoever started this process. Nothing that closes at exec can have come through one, and
 * the runtime opens all of its own so; of those some never say anything, and others tell the runtime what it waits for.
 */
function isHandedOver(libc: LinuxLibc, fd: number): boolean {
  return libc.fcntl(fd, F_GETFD) === 0;
}

/** What of `events` the descriptor is ready for now, with errors and the end of the other side; 0 if nothing. */
function ready(libc: LinuxLibc, fd: number, events: number): number {
  const asked = new DataView(new ArrayBuffer(8)); // struct pollfd: fd, events, revents
  asked.setInt32(0, fd, true);
  asked.setInt16(4, events, true);
  return libc.poll(new Uint8Array(asked.buffer), 1n, 0) === 0 ? 0 : asked.getInt16(6, true);
}

/** Asked of the kernel by poll(2), which says which numbers are not open: /proc is no longer readable. */
function descriptorsOf(libc: LinuxLibc): Descriptors | undefined {
  const limits = new BigUint64Array(2);
  if (libc.getrlimit(RLIMIT_NOFILE, limits) !== 0 || limits[0]! > DESCRIPTORS_ENOUGH) return undefined;
  const limit = Number(limits[0]);
  // struct pollfd: fd, events, revents.
  const asked = new DataView(new ArrayBuffer(8 * limit));
  const ask = () => {
    for (let fd = 0; fd < limit; fd++) {
      asked.setInt32(8 * fd, fd, true);
      asked.setInt16(8 * fd + 4, POLLIN, true);
    }
    libc.poll(new Uint8Array(asked.buffer), BigInt(limit), 0);
  };
  const has = (fd: number, what: number) => (asked.getInt16(8 * fd + 6, true) & what) !== 0;
  const all = Array.from({ length: limit }, (_, fd) => fd);
  return {
    limit,
    left() {
      ask();
      return all.filter((fd) => has(fd, POLLNVAL)).length;
    },
    backlog() {
      ask();
      return all.some((fd) => has(fd, POLLIN) && isListening(libc, fd));
    },
  };
}

function isListening(libc: LinuxLibc, fd: number): boolean {
  const [value, size] = [new Uint32Array(1), Uint32Array.of(4)];
  const asked = libc.getsockopt(
    fd,
    SOL_SOCKET,
    SO_ACCEPTCONN,
    new Uint8Array(value.buffer),
    new Uint8Array(size.buffer),
  );
  return asked === 0 && value[0] !== 0;
}

/** Whether `TracerPid` in /proc/self/status names a process. */
export function tracerIn(status: string | undefined): boolean | undefined {
  const pid = /^TracerPid:\s*(\d+)$/m.exec(status ?? "")?.[1];
  return pid === undefined ? undefined : pid !== "0";
}

/** The weakest of the swap areas in use. */
function swapOf(libc: LinuxLibc): HostFacts["swap"] {
  const table = readText(libc, "/proc/swaps");
  if (table === undefined) return undefined;
  const kinds = swapAreas(table).map((device) => swapKind(device, (path) => readText(libc, path)));
  return SWAP_WORST_FIRST.find((kind) => kinds.includes(kind)) ?? "none";
}

/** The first column of /proc/swaps, without its heading. */
export function swapAreas(table: string): string[] {
  return table.split("\n").slice(1).flatMap((line) => line.split(/\s/, 1)).filter((name) => name !== "");
}

/** A swap file counts as plain: whether its file system is encrypted cannot be told from here. */
export function swapKind(device: string, read: (path: string) => string | undefined): "memory" | "encrypted" | "plain" {
  if (/^\/dev\/zram\d+$/.test(device)) return "memory";
  const mapped = /^\/dev\/(dm-\d+)$/.exec(device)?.[1];
  // device-mapper names its crypt targets (LUKS and plain alike) so.
  if (mapped !== undefined && read(`/sys/block/${mapped}/dm/uuid`)?.startsWith("CRYPT-")) return "encrypted";
  return "plain";
}

/** As `Host.readFile`: a queue in the file's place would keep us waiting. */
function readStart(libc: LinuxLibc, path: string, view: Uint8Array, flags = O_NOFOLLOW | O_NONBLOCK): number {
  const bytes = Uint8Array.from(`${path}\0`, (character) => character.charCodeAt(0));
  const fd = libc.open(bytes, O_RDONLY_CLOEXEC | flags);
  if (fd < 0) return -1;
  const length = Number(libc.read(fd, buffer(view), BigInt(view.length)));
  libc.close(fd);
  return length;
}

/** The start of a small file of the system's, without read permission; undefined when it cannot be read. */
function readText(libc: LinuxLibc, path: string): string | undefined {
  const bytes = new Uint8Array(FILE_MAX_BYTES);
  const length = readStart(libc, path, bytes, 0);
  return length < 0 ? undefined : new TextDecoder().decode(bytes.subarray(0, length));
}

const SIGUSR1 = 10;
const SIGHUP = 1n;
const PR_SET_PDEATHSIG = 1;
const RLIMIT_MEMLOCK = 8;
const RLIM_INFINITY = 0xffff_ffff_ffff_ffffn;
const PR_GET_DUMPABLE = 3;
const PR_SET_DUMPABLE = 4;
/** mlock2(2), of Linux 4.4. */
const MLOCK_ONFAULT = 1;
const MADV_DONTDUMP = 16;
const MADV_WIPEONFORK = 18;
const O_RDONLY_CLOEXEC = 0o2000000;
const O_NONBLOCK = 0o4000;
/** The kernel gives this one another number on ARM64. */
const O_NOFOLLOW: number = Deno.build.arch === "aarch64" ? 0o100000 : 0o400000;
const FILE_MAX_BYTES = 8192;
/** Its only flag is FD_CLOEXEC. */
const F_GETFD = 1;
const POLLIN = 1;
const POLLOUT = 4;
const POLLNVAL = 32;
const RLIMIT_NOFILE = 7;
/** More than this program opens with every place taken and every friend there. */
const DESCRIPTORS_ENOUGH = 2048n;
const SOL_SOCKET = 1;
const SO_ACCEPTCONN = 30;
const PRELOADS: readonly string[] = ["LD_PRELOAD", "LD_AUDIT"];
const SWAP_WORST_FIRST = ["plain", "encrypted", "memory"] as const;

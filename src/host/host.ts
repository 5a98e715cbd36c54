// What the rest of the program knows about the machine: the facts for the protection report, and a few bound calls.
// Scope: the interface alone. Out of scope: how each system implements it (linux.ts, macos.ts, windows.ts,
// fallback.ts), the order at start (harden.ts).

import type { Farewell } from "./farewell.ts";
import type { DefaultRouter } from "./routes.ts";
import type { LoopbackSocket } from "./socket_owner.ts";

export interface Host {
  readonly facts: HostFacts;
  /** TERM is `dumb`: the terminal appends, and shows an escape sequence as it stands. */
  readonly dumbTerminal: boolean;
  /** NO_COLOR is set, and not to nothing (no-color.org). */
  readonly noColour: boolean;
  /** What the person typed, where whoever started this said so in SESAME_STARTED_AS (the launcher of the npm package). */
  readonly startedAs: "sesame" | "npx sesame-chat";
  /**
   * Keeps the pages under the view in memory, out of core dumps and out of child processes, as far as the system can.
   * The view should begin and end on a page. True: they cannot be swapped out.
   */
  lock(view: Uint8Array): boolean;
  /** Fills the view from the operating system, with no copy on the way where `facts.hardened`. Throws without entropy. */
  random(view: Uint8Array): void;
  /**
   * Blocks; puts what comes at the start of the view and returns its length, 0 at the end. -1: refused, or not on this host.
   * On Linux a descriptor that the runtime opened for itself is refused.
   */
  readFd(fd: number, view: Uint8Array): number;
  /** Whether `readFd` would return at once: with bytes, at the end, or refused. */
  readable(fd: number): boolean;
  /** Whether the descriptor is a terminal, which shows what is typed; false where the host cannot ask. */
  isTerminal(fd: number): boolean;
  /**
   * Writes all of it at once, if the terminal or pipe behind the descriptor takes something now; never waits for one that
   * does not. False: not written. Undefined where the host cannot ask.
   */
  readonly writeNow: ((fd: number, view: Uint8Array) => boolean) | undefined;
  /** Undefined where the host cannot ask, and where there are more than this program ever takes. */
  readonly descriptors: Descriptors | undefined;
  /** The console behind standard input, where it is one of Windows, whose keys are no bytes; else undefined. */
  readonly console: ConsoleInput | undefined;
  /** This machine's own addresses, 4 or 16 bytes each (netlink.ts). Undefined where the host cannot ask. */
  readonly addresses: (() => readonly Uint8Array[]) | undefined;
  /** What the kernel knows of ways out. Undefined where the host cannot ask. */
  readonly routes: Routes | undefined;
  /** For a last word to the router. Undefined where the host has no such calls. */
  readonly farewell: Farewell | undefined;
  /**
   * Puts the start of a small file's bytes at the start of the view and returns how many there were, -1 if it cannot be read;
   * no link is followed at its end. The path is bytes, one a character. Undefined where the host cannot.
   */
  readonly readFile: ((path: string, view: Uint8Array) => number) | undefined;
  /** The user whose process holds a socket of loopback; its undefined: no such socket. Undefined where the host cannot ask. */
  readonly socketOwner: ((socket: LoopbackSocket) => number | undefined) | undefined;
  /** The number of the user who runs this. */
  readonly userId: number | undefined;
  /** The process is gone when this is called; nothing is restored or flushed. */
  exit(code: number): never;
}

/** What a process may open: files and sockets. */
export interface Descriptors {
  readonly limit: number;
  left(): number;
  /** Whether connections wait to be accepted on any socket of this process. */
  backlog(): boolean;
}

/** Keys of a console, as the bytes that a terminal sends for them. One `read` at a time. */
export interface ConsoleInput {
  /** Puts at least one byte at the start of `into` and resolves with how many; 0 once the console is gone. */
  read(into: Uint8Array): Promise<number>;
  /** Keys come one by one and unseen, Ctrl-C among them; or again as before the first call. False where it is gone. */
  raw(on: boolean): boolean;
  /** Is called after each change of the window's size. */
  onResize: (() => void) | undefined;
}

export interface Routes {
  /** The routers of this machine's default routes, of each family at most one. */
  defaults(): readonly DefaultRouter[];
  /** Our own address towards somebody. */
  ownTowards(address: Uint8Array): Uint8Array | undefined;
}

/** `undefined` stands for what cannot be found out here. */
export interface HostFacts {
  readonly system: "linux" | "macos" | "windows" | "other";
  /** The calls below are bound to the operating system; false without FFI permission, where everything is weaker. */
  readonly hardened: boolean;
  readonly coreDumps: "off" | "on";
  /** Whether another program of the same user may read this one's memory. */
  readonly dumpable: boolean | undefined;
  /** A debugger was attached when the program started. */
  readonly tracer: boolean | undefined;
  /** Where memory may be written to: `memory` is compressed memory, `plain` a disk, unencrypted as far as one can tell. */
  readonly swap: "none" | "memory" | "encrypted" | "plain" | undefined;
  /** SSLKEYLOGFILE is set: somebody wants the keys of TLS written down. */
  readonly keyLog: boolean | undefined;
  /** A variable is set that has the runtime write down what this program does (WRITES_DOWN). */
  readonly writesDown: boolean | undefined;
  /** A library was put into this process from outside (LD_PRELOAD, /etc/ld.so.preload, DYLD_INSERT_LIBRARIES ...). */
  readonly preload: boolean | undefined;
  /** Whether SIGUSR1 opens the runtime's inspector to every user of this machine. */
  readonly inspector: "closed" | "open";
  /** How many bytes an ordinary user may lock; Infinity without a limit. */
  readonly lockLimitBytes: number | undefined;
  /** The permissions that are still held. */
  readonly permissions: readonly string[];
}

/** What a system's table contributes; harden.ts adds the permissions once the rest has been given back. */
export interface Binding extends Omit<Host, "facts"> {
  readonly facts: Omit<HostFacts, "permissions">;
}

/** For `buffer` parameters, which take views of shared memory too, although their type does not say so. */
export function buffer(view: Uint8Array): Uint8Array<ArrayBuffer> {
  return view as Uint8Array<ArrayBuffer>;
}

export const BY_NPX = "npx sesame-chat";

/** Files of the runtime's, which it writes whatever permission there is. */
export const WRITES_DOWN: readonly string[] = ["DENO_AUDIT_PERMISSIONS", "DENO_COVERAGE_DIR"];

/** Of a system without such calls. */
export const WITHOUT = {
  dumbTerminal: false,
  noColour: false,
  startedAs: "sesame",
  isTerminal: () => false,
  readable: () => true,
  readFd: () => -1,
  writeNow: undefined,
  descriptors: undefined,
  console: undefined,
  addresses: undefined,
  routes: undefined,
  farewell: undefined,
  readFile: undefined,
  socketOwner: undefined,
  userId: undefined,
} as const satisfies Partial<Binding>;

// The first thing the program does, before any other code is loaded: bind the few calls that it will need, close the
// ways through which others could look in, and give back every permission but the network, for good. Scope: the order.
// Out of scope: what each system's calls are (linux.ts, macos.ts, windows.ts), the words for the person (words), the
// arena (crypto).
//
// Functions bound before the permission is given back go on working; a new `dlopen` and all of `UnsafePointer` do not.

import { bindNothing } from "./fallback.ts";
import type { Binding, Host, HostFacts } from "./host.ts";
import { bindLinux, LINUX_LIBRARIES, LINUX_SYMBOLS } from "./linux.ts";
import { bindMacos, MACOS_LIBRARIES, MACOS_SYMBOLS } from "./macos.ts";
import { BCRYPT_SYMBOLS, bindWindows, KERNEL32_SYMBOLS } from "./windows.ts";

/** Once, at the very start. Never asks the person anything, and never throws: what failed stands in the facts. */
export function harden(): Host {
  const binding = bind(SYSTEMS[Deno.build.os] ?? "other");
  for (const name of GIVEN_BACK) Deno.permissions.revokeSync({ name });
  // Both write to the disk, and neither asks for a permission.
  // @ts-expect-error: the types have it for certain
  delete globalThis.localStorage;
  // @ts-expect-error: the same
  delete globalThis.caches;
  return { ...binding, facts: { ...binding.facts, permissions: permissionsHeld() } };
}

/** As the runtime says now, without asking for any. */
export function permissionsHeld(): string[] {
  return ["net" as const, ...GIVEN_BACK].filter((name) => Deno.permissions.querySync({ name }).state === "granted");
}

function bind(system: HostFacts["system"]): Binding {
  try {
    switch (system) {
      case "linux": {
        const libc = open(LINUX_LIBRARIES, LINUX_SYMBOLS);
        holdSigusr1();
        return bindLinux(libc);
      }
      case "macos": {
        const libc = open(MACOS_LIBRARIES, MACOS_SYMBOLS);
        holdSigusr1();
        return bindMacos(libc);
      }
      case "windows":
        return bindWindows(open(["kernel32.dll"], KERNEL32_SYMBOLS), open(["bcrypt.dll"], BCRYPT_SYMBOLS));
    }
  } catch {
    // No permission, no such library, or a call that this system does not have as we know it.
  }
  return bindNothing(system);
}

/**
 * The first of the libraries that can be loaded with all the symbols. Throws when there is none, and without permission, when
 * nothing is tried: that would ask.
 */
function open<S extends Deno.ForeignLibraryInterface>(
  names: readonly string[],
  symbols: S,
): Deno.DynamicLibrary<S>["symbols"] {
  const granted = Deno.permissions.querySync({ name: "ffi" }).state === "granted";
  for (const name of granted ? names : []) {
    try {
      return Deno.dlopen(name, symbols).symbols;
    } catch {
      // The next one.
    }
  }
  throw new Error("no library");
}

/**
 * The runtime opens its inspector on this signal. With a listener of ours it installs its handler now; the table then
 * has the signal ignored, and nothing puts the handler back.
 */
function holdSigusr1(): void {
  Deno.addSignalListener("SIGUSR1", () => {});
}

const SYSTEMS: Partial<Record<typeof Deno.build.os, HostFacts["system"]>> = {
  linux: "linux",
  darwin: "macos",
  windows: "windows",
};
const GIVEN_BACK = ["ffi", "read", "write", "env", "run", "sys", "import"] as const;

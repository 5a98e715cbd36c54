// The words for what protects a person on this machine: a line for each check, with what to do where it is weaker; and the
// few words that a chat says of it at its start. Pure. Out of scope: finding out the facts (host).

import type { HostFacts } from "../host/host.ts";
import type { FullProtection } from "../host/protection.ts";

/** `not here`: it cannot be had, or cannot be found out, in this place. `ok`: of what protects nobody, being reachable. */
export type CheckState = "protected" | "ok" | "weaker" | "not here";

export interface Check {
  readonly check: string;
  readonly state: CheckState;
  /** What is so; where it is weaker, what to do. */
  readonly advice: string;
}

/** What is known of the keyboard and the screen. */
export interface TerminalFacts {
  readonly input: boolean;
  readonly output: boolean;
  readonly f12: "arrived" | "did not arrive" | "not tried";
}

/** The answer to `/doctor` in a chat: as many lines as there are checks. */
export function doctorText(protection: FullProtection, terminal: TerminalFacts): string {
  return [...checks(protection), ...terminalChecks(terminal)]
    .map(({ check, state, advice }) => `${check}: ${state}. ${advice}`).join("\n");
}

function ownDebugger(inspector: FullProtection["inspector"]): Check {
  const check = "runtime's debugger";
  if (inspector === "closed") {
    return { check, state: "protected", advice: "The runtime's own debugger cannot be opened." };
  }
  const advice = "Any program of this user can open the runtime's own debugger (SIGUSR1). Use a separate account.";
  return { check, state: "weaker", advice };
}

/** For a chat's start: what is weaker here, and is not said by the protection report itself. One line each. */
export function startHints(protection: FullProtection): string[] {
  const wanted = protection.hardened ? ["swap", "preloaded library", "debugger"] : ["hardening"];
  return checks(protection).filter(({ check, state }) => state !== "protected" && wanted.includes(check))
    .map(({ advice }) => advice);
}

/** Of the machine and the process. Pure. */
export function checks(protection: FullProtection): Check[] {
  const { system, hardened, permissions } = protection;
  const all: Check[] = [];
  const say = (check: string, state: CheckState, advice: string) => all.push({ check, state, advice });
  if (!hardened) {
    say(
      "hardening",
      "weaker",
      "Without FFI permission the secrets are in memory that can be swapped out, dumped, and read by other programs of " +
        "this user. Start Sesame with --allow-ffi.",
    );
  }
  all.push(lockedMemory(protection));
  if (protection.coreDumps === "off") say("core dumps", "protected", "Core dumps are off.");
  else say("core dumps", "weaker", "A crash may write memory to disk. Before you start Sesame, type: ulimit -c 0");
  all.push(truth(
    "other programs",
    protection.dumpable,
    "Other programs of this user cannot read this one's memory.",
    "Other programs of this user can read this one's memory. Close those that you do not trust, or use a separate account.",
    "Whether other programs of this user can read this one's memory",
  ));
  all.push(truth(
    "debugger",
    protection.tracer,
    "No debugger was attached at the start.",
    "A debugger is attached, and sees everything. Start from a shell that is not traced.",
    "Whether a debugger is attached",
  ));
  all.push(swap(protection.swap));
  all.push(truth(
    "TLS key log",
    protection.keyLog,
    "SSLKEYLOGFILE is not set.",
    "SSLKEYLOGFILE is set, so a chat refuses to start. Type: unset SSLKEYLOGFILE",
    "Whether SSLKEYLOGFILE is set",
  ));
  all.push(truth(
    "preloaded library",
    protection.preload,
    "No library was preloaded.",
    `A library was preloaded into this program (${
      system === "macos"
        ? "DYLD_INSERT_LIBRARIES, DYLD_LIBRARY_PATH or DYLD_FRAMEWORK_PATH"
        : "LD_PRELOAD, LD_AUDIT or /etc/ld.so.preload"
    }), and sees everything. Remove it and start again.`,
    "Whether a library was preloaded",
  ));
  all.push(ownDebugger(protection.inspector));
  const others = permissions.filter((name) => name !== "net");
  if (others.length === 0) say("permissions", "protected", "Nothing but the network is allowed to this program.");
  else {
    const names = others.join(", ");
    say("permissions", "weaker", `This program has more permissions than it needs: ${names}. Start it as README says.`);
  }
  return all;
}

/** Of keyboard and screen. Pure. */
export function terminalChecks({ input, output, f12 }: TerminalFacts): Check[] {
  const terminal: Check = input && output
    ? {
      check: "terminal",
      state: "protected",
      advice: "Keys come one by one, and nothing typed at the prompt is shown.",
    }
    : {
      check: "terminal",
      state: "not here",
      advice: "Input or output is not a terminal: there is no hidden prompt and no F12.",
    };
  switch (f12) {
    case "arrived":
      return [terminal, { check: "F12", state: "protected", advice: "F12 arrives." }];
    case "did not arrive":
      return [terminal, {
        check: "F12",
        state: "weaker",
        advice: "F12 does not arrive here: the terminal or the desktop keeps it. Use Ctrl-\\, which does the same.",
      }];
    case "not tried":
      return [terminal, {
        check: "F12",
        state: "not here",
        advice: input && output ? "Not tested. Ctrl-\\ does the same." : "Only a terminal can send it.",
      }];
  }
}

/** One line. */
export function line({ check, state, advice }: Record<keyof Check, string>): string {
  return `${state.padEnd(11)}${`${check}:`.padEnd(20)}${advice}`;
}

function lockedMemory({ locked, lockLimitBytes, system, hardened }: FullProtection): Check {
  const check = "locked memory";
  if (locked === "all") {
    return { check, state: "protected", advice: "All memory for secrets is locked: it is never swapped out." };
  }
  if (!hardened) return { check, state: "weaker", advice: "Nothing can be locked without FFI permission." };
  const what = locked === "part" ? "Only a part of the memory for secrets is locked" : "Memory cannot be locked";
  const limit = lockLimitBytes === undefined
    ? ""
    : ` (the limit is ${size(lockLimitBytes)}, ${LOCK_KIB} KiB are needed)`;
  const todo = system === "linux"
    ? `Before you start Sesame, type: ulimit -l ${LOCK_KIB}; if that is refused, put "* - memlock ${LOCK_KIB}" into ` +
      `/etc/security/limits.conf and log in again; for a systemd unit: LimitMEMLOCK=${LOCK_KIB}K`
    : system === "macos"
    ? `Before you start Sesame, type: ulimit -l ${LOCK_KIB}`
    : "Close other programs and start again.";
  return { check, state: "weaker", advice: `${what}${limit}. ${todo}` };
}

function swap(kind: HostFacts["swap"]): Check {
  const check = "swap";
  switch (kind) {
    case "none":
      return { check, state: "protected", advice: "There is no swap." };
    case "memory":
      return { check, state: "protected", advice: "Swap is compressed memory and writes nothing to disk." };
    case "encrypted":
      return { check, state: "protected", advice: "Swap is encrypted." };
    case "plain":
      return {
        check,
        state: "weaker",
        advice: "Swap does not seem to be encrypted: message text may reach the disk. Before you start " +
          "Sesame, type as root: swapoff -a; or encrypt the swap.",
      };
    case undefined:
      return { check, state: "not here", advice: "Whether there is swap cannot be found out." };
  }
}

/** A fact that should be false; `unknown` begins the sentence for one that nobody can tell. */
function truth(check: string, bad: boolean | undefined, good: string, advice: string, unknown: string): Check {
  if (bad === undefined) return { check, state: "not here", advice: `${unknown} cannot be found out here.` };
  return bad ? { check, state: "weaker", advice } : { check, state: "protected", advice: good };
}

function size(bytes: number): string {
  return bytes === Infinity ? "infinite" : `${Math.floor(bytes / 1024)} KiB`;
}

export const ASK_F12 = "Press F12 now, to see whether it arrives (Enter skips): ";

/** Debian's default, twice what is used. */
const LOCK_KIB = 8192;

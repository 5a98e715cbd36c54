// The protection report: what this machine and these permissions protect, as data. Scope: combining the host's facts
// with the state of the arena. Out of scope: sentences (cli/doctor).

import type { Protection } from "../notice.ts";
import type { Host, HostFacts } from "./host.ts";

/** For `sesame doctor`; the chat tells only what `Protection` has. */
export interface FullProtection extends Protection, Omit<HostFacts, "coreDumps" | "permissions"> {}

/** `locked`: how much of the memory that holds secrets could be locked. */
export function report(host: Host, locked: Protection["locked"]): FullProtection {
  return { ...host.facts, memoryLocked: locked === "all", locked };
}

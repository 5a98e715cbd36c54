// All targets by name, each in a file of its own so that a bundle holds one. Out of scope: how they are run.

import type { Target } from "./target.ts";

export const TARGETS: readonly string[] = [
  "frame",
  "handshake",
  "point",
  "certificate",
  "ratchet",
  "cell",
  "message",
  "keys",
  "prompt",
  "sanitise",
  "phrase",
  "options",
  "address",
  "conversation",
  "peers",
  "company",
  "roles",
  "router",
  "upnp",
  "onion",
];

export async function load(name: string): Promise<Target> {
  const { target } = await import(`./targets/${name}.ts`) as { target: Target };
  return target;
}

// A program of Windows for windows_test.ts: says what its host does with the real calls, its permissions given back.

import { harden } from "../../src/host/harden.ts";

const host = harden();
const memory = new Uint8Array(new WebAssembly.Memory({ initial: 1, maximum: 1 }).buffer);
const random = new Uint8Array(70_000);
host.random(random);
let refused = "";
try {
  Deno.dlopen("kernel32.dll", {});
} catch (error) {
  refused = error instanceof Error ? error.name : "?";
}
const line = {
  facts: host.facts,
  locked: host.lock(memory),
  blankInRandom: random.some((_, i) => i % 250 === 0 && random.subarray(i, i + 250).every((byte) => byte === 0)),
  noColour: host.noColour,
  refused,
  console: host.console !== undefined,
};
await Deno.stdout.write(new TextEncoder().encode(`${JSON.stringify(line)}\n`));
host.exit(7);

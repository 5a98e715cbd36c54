// A process for harden_test.ts: hardens, says what it holds, then answers each line on standard input with `alive`.

import { harden, permissionsHeld } from "./harden.ts";
import { LINUX_LIBRARIES, LINUX_SYMBOLS } from "./linux.ts";
import { report } from "./protection.ts";

const host = harden();

/** The name of the error that the action throws; empty if it throws none. */
function refusal(action: () => unknown): string {
  try {
    action();
    return "";
  } catch (error) {
    return error instanceof Error ? error.name : "?";
  }
}

// Two whole pages of 4 KiB inside a fresh allocation of a mapping of its own.
const memory = new Uint8Array(new WebAssembly.Memory({ initial: 1, maximum: 1 }).buffer);
const random = new Uint8Array(70_000);
host.random(random);
const line = new Uint8Array(64);
const length = host.readFd(0, line);

// To a pipe that somebody reads, and to one that can only be read.
const wroteNow = [1, 0].map((fd) => host.writeNow?.(fd, new TextEncoder().encode('"at once"\n')) ?? false);
if (!wroteNow[0]) await say("at once");

await say({
  wroteNow,
  protection: report(host, host.lock(memory) ? "all" : "none"),
  held: permissionsHeld(),
  states: (["net", "ffi", "read", "write", "env", "run", "sys", "import"] as const).map((name) =>
    `${name} ${Deno.permissions.querySync({ name }).state}`
  ),
  dlopen: refusal(() => Deno.dlopen(LINUX_LIBRARIES[0]!, LINUX_SYMBOLS)),
  pointer: refusal(() => Deno.UnsafePointer.of(line)),
  read: refusal(() => Deno.readTextFileSync("/etc/hostname")),
  env: refusal(() => Deno.env.get("HOME")),
  blankInRandom: random.some((_, i) => i % 250 === 0 && random.subarray(i, i + 250).every((byte) => byte === 0)),
  // Both would write to the disk without asking for a permission.
  stores: ["localStorage", "caches"].filter((name) => name in globalThis),
  length,
  firstLine: new TextDecoder().decode(line.subarray(0, Math.max(0, length))),
});

for await (const _ of Deno.stdin.readable) await say("alive");
host.exit(7);

async function say(what: unknown): Promise<void> {
  await Deno.stdout.write(new TextEncoder().encode(`${JSON.stringify(what)}\n`));
}

// harden() in real processes, with the product's own permissions.

import assert from "node:assert/strict";
import type { FullProtection } from "./protection.ts";

const here = Deno.build.os === "linux" && Deno.permissions.querySync({ name: "run" }).state === "granted" &&
  Deno.permissions.querySync({ name: "read" }).state === "granted";
if (!here) console.warn("skipped: harden_test.ts needs Linux, --allow-run and --allow-read");

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore: !here, fn });
}

/** What _hardened_child.ts prints first. */
interface Told {
  readonly protection: FullProtection;
  readonly held: string[];
  readonly states: string[];
  readonly dlopen: string;
  readonly pointer: string;
  readonly read: string;
  readonly env: string;
  readonly blankInRandom: boolean;
  readonly stores: readonly string[];
  readonly length: number;
  readonly wroteNow: readonly boolean[];
  readonly firstLine: string;
}

class Child implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #output: ReadableStreamDefaultReader<string>;
  #rest = "";

  constructor(permissions: readonly string[], env: Record<string, string> = {}) {
    this.#process = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-prompt", ...permissions, new URL("_hardened_child.ts", import.meta.url).pathname],
      stdin: "piped",
      stdout: "piped",
      env: { DENO_NO_UPDATE_CHECK: "1", ...env },
    }).spawn();
    this.#input = this.#process.stdin.getWriter();
    this.#output = this.#process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  get pid(): number {
    return this.#process.pid;
  }

  async say(line: string): Promise<void> {
    await this.#input.write(new TextEncoder().encode(line));
  }

  async told(): Promise<Told> {
    assert.equal(await this.hear(), "at once");
    return await this.hear() as Told;
  }

  /** The next line, as JSON. */
  async hear(): Promise<unknown> {
    while (!this.#rest.includes("\n")) {
      const { value, done } = await this.#output.read();
      assert(!done, "the child ended");
      this.#rest += value;
    }
    const end = this.#rest.indexOf("\n");
    const line = this.#rest.slice(0, end);
    this.#rest = this.#rest.slice(end + 1);
    return JSON.parse(line);
  }

  /** Of /proc/PID/status. */
  field(name: string): string {
    const status = Deno.readTextFileSync(`/proc/${this.pid}/status`);
    return new RegExp(`^${name}:\\s*(.*)$`, "m").exec(status)![1]!;
  }

  async end(): Promise<number> {
    await this.#input.close();
    const { code } = await this.#process.status;
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close().catch(() => {});
    await this.#output.cancel();
    await this.#process.status;
  }
}

const SIGUSR1_BIT = 1n << 9n;

test("harden() leaves the network permission and bound calls that go on working", async () => {
  await using child = new Child(["--allow-net", "--allow-ffi"]);
  await child.say("a phrase\n");
  const told = await child.told();
  assert.deepEqual(told.held, ["net"]);
  assert.deepEqual(told.states.filter((state) => !state.endsWith(" prompt")), ["net granted"]);
  assert.equal(told.dlopen, "NotCapable");
  assert.equal(told.pointer, "NotCapable");
  assert.equal(told.read, "NotCapable");
  assert.deepEqual(told.stores, []);
  assert.equal(told.env, "NotCapable");
  assert.equal(told.firstLine, "a phrase\n", "readFd() after the permission is gone");
  assert.deepEqual(told.wroteNow, [true, false], "writeNow() writes what is taken at once, and waits for nothing");
  assert.equal(told.blankInRandom, false, "random() after the permission is gone");
  assert.equal(told.protection.hardened, true);
  assert.equal(told.protection.coreDumps, "off");
  assert.equal(told.protection.dumpable, false);
  assert.equal(told.protection.inspector, "closed");
  assert.equal(told.protection.tracer, false);
  assert.equal(told.protection.keyLog, false);
  assert.deepEqual(told.protection.permissions, ["net"]);
  if (told.protection.memoryLocked) assert.equal(child.field("VmLck"), "64 kB");
  else console.log("  memory could not be locked here: see ulimit -l");
  const limits = Deno.readTextFileSync(`/proc/${child.pid}/limits`);
  assert.match(limits, /^Max core file size +0 +0 /m);
  assert.equal(await child.end(), 7, "exit() after the permission is gone");
});

test("after harden() SIGUSR1 is ignored: no inspector opens, and the process lives", async () => {
  await using child = new Child(["--allow-net", "--allow-ffi"]);
  await child.say("x\n");
  await child.told();
  const heldBefore = await inspectorAnswers();
  for (let i = 0; i < 3; i++) {
    Deno.kill(child.pid, "SIGUSR1");
    await child.say("still there?\n");
    assert.equal(await child.hear(), "alive");
  }
  assert.equal(BigInt(`0x${child.field("SigIgn")}`) & SIGUSR1_BIT, SIGUSR1_BIT);
  assert.equal(BigInt(`0x${child.field("SigCgt")}`) & SIGUSR1_BIT, 0n);
  if (heldBefore) console.log("  somebody else has port 9229: that it stays shut was not seen");
  else assert.equal(await inspectorAnswers(), false);
});

test("harden() gives back whatever else was granted", async () => {
  await using child = new Child(["--allow-all"]);
  await child.say("x\n");
  const told = await child.told();
  assert.deepEqual(told.held, ["net"]);
  assert.equal(told.read, "NotCapable");
});

test("harden() without FFI works, locks nothing and says so", async () => {
  await using child = new Child(["--allow-net"]);
  const told = await child.told();
  assert.equal(told.protection.hardened, false);
  assert.equal(told.protection.memoryLocked, false);
  assert.equal(told.protection.coreDumps, "on");
  assert.equal(told.protection.inspector, "open");
  assert.equal(told.protection.dumpable, undefined);
  assert.deepEqual(told.protection.permissions, ["net"]);
  assert.equal(told.length, -1);
  assert.equal(told.blankInRandom, false);
  assert.equal(await child.end(), 7);
});

test("harden() notices a key log and a preloaded library", async () => {
  await using child = new Child(["--allow-net", "--allow-ffi"], {
    SSLKEYLOGFILE: "/dev/null",
    LD_AUDIT: "/nowhere/audit.so",
  });
  await child.say("x\n");
  const told = await child.told();
  assert.equal(told.protection.keyLog, true);
  assert.equal(told.protection.preload, true);
});

async function inspectorAnswers(): Promise<boolean> {
  try {
    (await Deno.connect({ hostname: "127.0.0.1", port: 9229 })).close();
    return true;
  } catch {
    return false;
  }
}

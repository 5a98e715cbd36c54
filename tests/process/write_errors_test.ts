// Outputs that accept nothing: full for a moment, full for good, or with nobody at the other end. Linux with python3,
// which makes the pipes as other programs leave them.

import { deepStrictEqual as deepEqual, match, strictEqual as equal } from "node:assert/strict";
import { Child, pause } from "../harness/child.ts";
import { hasProgram, PRODUCT, productEnvironment } from "../harness/product.ts";
import { Sesame } from "../harness/process.ts";
import { ran } from "../harness/command.ts";

const ignore = Deno.build.os !== "linux" || !hasProgram("python3");

async function shell(command: string): Promise<{ code: number; out: string; errors: string }> {
  const product = [Deno.execPath(), ...PRODUCT].map((word) => `'${word}'`).join(" ");
  const run = ["bash", "-c", command.replaceAll("SESAME", product)];
  const { code, stdout, stderr } = await ran(run, { clearEnv: true, env: productEnvironment() });
  return { code, out: stdout, errors: stderr };
}

for (const command of ["phrase", "--help", "help connect", "--version", "doctor"]) {
  Deno.test({
    name: `${command} > /dev/full says on standard error that it could not be written, and exits 1`,
    ignore,
    async fn() {
      const { code, errors } = await shell(`SESAME ${command} > /dev/full`);
      equal(code, 1);
      match(errors, /Could not write the output\./);
    },
  });
}

Deno.test({
  name: "a chat whose output goes to a full disk says so and exits 1",
  ignore,
  async fn() {
    await using program = await Sesame.start(["listen", "127.0.0.1:0", "--json", "--phrase-fd", "0"], {
      phrase: "correct horse battery staple",
      shell: 'exec "$@" > /dev/full',
    });
    equal((await program.ended()).code, 1);
    match(program.stderr, /Could not write the output\./);
  },
});

Deno.test({
  name: "a reader that goes away ends the output, and is not an error",
  ignore,
  async fn() {
    const { out, errors } = await shell(`{ SESAME --help; echo "code $?"; } 3>&1 | true; SESAME --version | cat`);
    match(out, /\d/);
    equal(errors, "");
  },
});

Deno.test({
  name: "an output that another program made non-blocking is waited for while it is full",
  ignore,
  async fn() {
    const script = [
      "import fcntl, os, subprocess, sys, time",
      "get, put = os.pipe()",
      "size = fcntl.fcntl(put, 1031, 4096)",
      "os.set_blocking(put, False)",
      "os.write(put, b'x' * size)",
      "child = subprocess.Popen(sys.argv[1:], stdout=put)",
      "os.close(put)",
      "time.sleep(1)",
      "said = b''",
      "while part := os.read(get, 4096): said += part",
      "print(child.wait(), said.decode().lstrip('x')[-200:])",
    ].join("\n");
    const { stdout: said } = await ran(["python3", "-c", script, Deno.execPath(), ...PRODUCT, "--help"], {
      clearEnv: true,
      env: productEnvironment(),
    });
    const { out } = await shell("SESAME --help");
    equal(said.startsWith("0 "), true, said);
    equal(said.includes(out.slice(-150).trimEnd()), true, said);
  },
});

for (const signal of ["SIGTERM", "SIGHUP", "SIGQUIT"] as const) {
  Deno.test({
    name: `${signal} ends a program that waits for a phrase from a descriptor with nothing in it`,
    ignore,
    async fn() {
      const product = [Deno.execPath(), ...PRODUCT].map((word) => `'${word}'`).join(" ");
      const fifo = await Deno.makeTempFile({ prefix: "sesame-fifo-" });
      await Deno.remove(fifo);
      await new Deno.Command("mkfifo", { args: [fifo] }).output();
      try {
        await using child = new Child(
          ["bash", "-c", `exec 3<>${fifo}; exec ${product} listen 127.0.0.1:0 --json --phrase-fd 3`],
          { env: productEnvironment() },
        );
        await reading(child.pid);
        child.signal(signal);
        const late = setTimeout(() => child.signal("SIGKILL"), 5_000);
        deepEqual(await child.exit, { code: 0, signal: null });
        clearTimeout(late);
      } finally {
        await Deno.remove(fifo);
      }
    },
  });
}

Deno.test({
  name: "doctor HOST that a signal ends does not exit 0",
  ignore,
  async fn() {
    using silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    await using doctor = await Sesame.start(["doctor", `127.0.0.1:${silent.addr.port}`, "--json"], {});
    await silent.accept();
    Deno.kill(doctor.pid, "SIGTERM");
    equal((await doctor.ended()).code === 0, false);
  },
});

/** Until it has catchers for signals and its main thread waits. */
async function reading(pid: number): Promise<void> {
  for (;;) {
    const status = await Deno.readTextFile(`/proc/${pid}/status`);
    const caught = BigInt(`0x${/^SigCgt:\s+(\w+)$/m.exec(status)?.[1] ?? "0"}`);
    // SIGTERM is 15, so bit 14; then as long again as it took, since the descriptor is read a moment later.
    if ((caught & (1n << 14n)) !== 0n) return await pause(1_000);
    await pause(20);
  }
}

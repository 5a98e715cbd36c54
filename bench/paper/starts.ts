// From the start of a process to where it can be used: to the prompt, to listening, to the first message on the other side.
// Real processes on loopback, timed from outside; Sesame from its source, with the product's own permissions.

import { addressOf, listen, PHRASE } from "../../tests/harness/process_pair.ts";
import { Sesame } from "../../tests/harness/process.ts";
import { Pty } from "../../tests/harness/pty.ts";
import { PRODUCT, productEnvironment } from "../../tests/harness/product.ts";
import { Child } from "../../tests/harness/child.ts";
import { TemporaryFolder } from "../../scripts/release/files.ts";
import { pathOf } from "./program.ts";
import { contest, type Contestant, type Missing, type Row, type Section } from "./section.ts";
import type { Ssh } from "./ssh.ts";
import type { Wormhole } from "./wormhole.ts";

export async function starts(ssh: Ssh | string, wormhole: Wormhole | string, rounds: number): Promise<Section> {
  using folder = new TemporaryFolder("bench");
  const empty = `${folder.path}/empty.ts`;
  await Deno.writeTextFile(
    empty,
    'Deno.stdout.writeSync(new TextEncoder().encode("ready"));\nsetTimeout(() => {}, 60_000);\n',
  );
  return {
    rows: [
      ...await toPrompt(wormhole, empty, rounds),
      ...await toListening(ssh, wormhole, empty, rounds),
      ...await toFirstMessage(ssh, wormhole, rounds),
    ],
    curves: [],
  };
}

// --- To the prompt --------------------------------------------------------------------------------------------------

async function toPrompt(wormhole: Wormhole | string, empty: string, rounds: number): Promise<Row[]> {
  const asked = [{ name: "start to prompt", unit: "ms" }] as const;
  const ours = "Sesame: asks for the phrase";
  if (await pathOf("python3") === undefined) {
    const peer = missing("a terminal around each", "python3 is not installed.");
    return [{ name: asked[0].name, unit: "ms", peer, because: "" }];
  }
  await using pty = new Pty();
  const shows = (label: string, argv: readonly string[], env: Record<string, string>, pattern: string): Contestant => ({
    label,
    run: async () => {
      const began = performance.now();
      await pty.open(argv, { ...env, TERM: "xterm-256color" }, "/");
      await pty.until(pattern);
      return [performance.now() - began];
    },
  });
  const [deno, env] = [Deno.execPath(), productEnvironment()];
  return await contest({
    asked,
    rounds,
    ours: shows(ours, [deno, ...PRODUCT, "listen", "127.0.0.1:0"], env, "nothing shows while you type"),
    peers: [
      {
        ...shows("an empty Deno program: writes a word", [deno, "run", "--quiet", "--no-check", empty], env, "ready"),
        because: "hardening the process, reading the options and the terminal come on top of the runtime's start",
      },
      typeof wormhole === "string" ? missing("wormhole: asks for the code", wormhole) : {
        ...shows("wormhole: asks for the code", wormhole.argv("receive"), wormhole.env, "Enter receive wormhole code"),
        because: "Python's start, and it asks its server first",
      },
    ],
  });
}

// --- To listening ---------------------------------------------------------------------------------------------------

async function toListening(
  ssh: Ssh | string,
  wormhole: Wormhole | string,
  empty: string,
  rounds: number,
): Promise<Row[]> {
  const until = (label: string, start: () => Child, pattern: RegExp): Contestant => ({
    label,
    run: async () => {
      const began = performance.now();
      await using program = start();
      await program.until(pattern);
      return [performance.now() - began];
    },
  });
  const deno = () => new Child([Deno.execPath(), "run", "--quiet", "--no-check", empty], { env: productEnvironment() });
  return await contest({
    asked: [{ name: "start to listening", unit: "ms" }],
    rounds,
    ours: {
      label: "Sesame: phrase given and stretched, lets callers in",
      run: async () => {
        const began = performance.now();
        await using _ = await readyListener();
        return [performance.now() - began];
      },
    },
    peers: [
      {
        ...until("an empty Deno program: writes a word", deno, /ready/),
        because: "Argon2id stretches the phrase before anybody is let in",
      },
      typeof ssh === "string" ? missing("sshd: accepts calls", ssh) : {
        label: "sshd: accepts calls",
        run: async () => {
          const began = performance.now();
          await using _ = await ssh.daemon();
          return [performance.now() - began];
        },
        because: "native code that reads a key and stretches nothing",
      },
      typeof wormhole === "string" ? missing("wormhole: shows its code", wormhole) : {
        ...until("wormhole: shows its code", () => wormhole.start("send", "--no-qr", "--text", "x"), /code is: /),
        because: "Argon2id stretches the phrase; wormhole starts Python and asks its server for a number",
      },
    ],
  });
}

// --- To the first message -------------------------------------------------------------------------------------------

/** Of the caller: the words to compare, once or twice, and who else hears (docs/PROTOCOL.md section 6). */
const BEFORE_A_MESSAGE = "Argon2id on each side, and two or three cells before the message's own, one each 250 ms";

/** Has stretched its phrase: from here on a caller waits for nothing of the listener's start. The port is open sooner. */
async function readyListener(): Promise<Sesame> {
  const listener = await listen();
  try {
    await listener.like("stretching", { done: true }, 30_000);
    return listener;
  } catch (error) {
    await listener[Symbol.asyncDispose]();
    throw error;
  }
}

/**
 * On each side the one who is called is ready before the caller starts: sshd takes calls, wormhole shows its code. Each time
 * begins right before a process is started and ends when the text is read from the other end's output.
 */
async function toFirstMessage(ssh: Ssh | string, wormhole: Wormhole | string, rounds: number): Promise<Row[]> {
  const sshLabel = "ssh: a remote command's output is back";
  const wormholeLabel = "wormhole: the text is out at the other end";
  return await contest({
    asked: [
      { name: "both started to first message", unit: "ms" },
      { name: "caller started to first message", unit: "ms" },
    ],
    rounds,
    ours: {
      label: "Sesame: a message is shown at the other end, by a listener that was ready",
      run: async () => {
        const began = performance.now();
        await using listener = await readyListener();
        const address = await addressOf(listener);
        const called = performance.now();
        await using _ = await Sesame.start(["connect", address, "--json", "--phrase-fd", "0"], {
          phrase: `${PHRASE}\nhello`,
        });
        await listener.event("message", 30_000);
        const now = performance.now();
        return [now - began, now - called];
      },
    },
    peers: [
      typeof ssh === "string" ? missing(sshLabel, ssh) : {
        label: sshLabel,
        run: async () => {
          const began = performance.now();
          await using _ = await ssh.daemon();
          const called = performance.now();
          await using client = ssh.client([], "echo", "hello");
          await client.until(/hello/);
          const now = performance.now();
          return [now - began, now - called];
        },
        because: `${BEFORE_A_MESSAGE}; ssh sends at once`,
      },
      typeof wormhole === "string" ? missing(wormholeLabel, wormhole) : {
        label: wormholeLabel,
        run: async () => {
          const began = performance.now();
          await using sender = wormhole.start("send", "--no-qr", "--text", "hello");
          const code = (await sender.until(/code is: (\S+)/))[1]!;
          const called = performance.now();
          await using receiver = wormhole.start("receive", code);
          await receiver.until(/hello/);
          const now = performance.now();
          return [now - began, now - called];
        },
        because: `${BEFORE_A_MESSAGE}; wormhole starts Python and goes over its server, but stretches nothing`,
      },
    ],
  });
}

function missing(label: string, why: string): Missing {
  return { label, missing: why };
}

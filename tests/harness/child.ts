// A process with pipes, or on a terminal made by script(1): text goes in, what it writes is kept and waited for. Out of
// scope: the product with --json (process.ts), a terminal whose modes (pty.ts) or screen (tmux.ts) are examined.

import { Bell } from "./bell.ts";
import { productEnvironment } from "./product.ts";

export interface ChildOptions {
  readonly cwd?: string;
  /** In place of the environment of whoever starts it. */
  readonly env?: Record<string, string>;
  /** Is given its standard output, as it comes; no more of that is read until this is done. */
  readonly out?: (text: string) => Promise<void>;
}

export interface Exit {
  readonly code: number;
  readonly signal: string | null;
}

/** The process has ended, and never wrote what was waited for. */
export class Ended extends Error {}

const ENDED = Symbol("ended");

/** Owns the process. `await using` ends it. */
export class Child implements AsyncDisposable {
  /** Everything it wrote, both ways. */
  said = "";
  /** Of that, its standard error. */
  stderr = "";
  readonly pid: number;
  /** Resolves once it has ended; what it wrote may still be on its way. */
  readonly gone: Promise<Exit>;
  /** Resolves when it has ended and all was read. */
  readonly exit: Promise<Exit>;
  /** How it ended, once all was read. */
  over: Exit | undefined;
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #bell = new Bell();

  constructor(argv: readonly string[], { out, ...options }: ChildOptions = {}) {
    const [program = "", ...args] = argv;
    const pipes = { stdin: "piped", stdout: "piped", stderr: "piped" } as const;
    this.#child = new Deno.Command(program, { args, ...options, clearEnv: options.env !== undefined, ...pipes })
      .spawn();
    this.pid = this.#child.pid;
    this.#input = this.#child.stdin.getWriter();
    this.#input.closed.catch(() => {});
    const read = Promise.allSettled([
      this.#read(this.#child.stdout, out),
      this.#read(this.#child.stderr, (text) => void (this.stderr += text)),
    ]);
    this.gone = this.#child.status.then(({ code, signal }) => ({ code, signal }));
    this.exit = this.gone.then(async (exit) => {
      await read;
      this.over = exit;
      this.#bell.stir();
      return exit;
    });
  }

  /** A shell command on a terminal of its own. `under`: a program and its arguments that start script, such as strace. */
  static onTerminal(command: string, cwd?: string, under: readonly string[] = []): Child {
    return new Child([...under, "script", "-q", "-e", "-f", "-c", command, "/dev/null"], {
      env: { ...productEnvironment(), TERM: "xterm-256color", SHELL: "/bin/sh" },
      ...(cwd === undefined ? {} : { cwd }),
    });
  }

  /** Its exit code when it has ended and all was read. */
  get ended(): Promise<number> {
    return this.exit.then(({ code }) => code);
  }

  /** Once it has ended nobody reads it. */
  async write(input: string | Uint8Array): Promise<void> {
    await this.#input.write(typeof input === "string" ? new TextEncoder().encode(input) : input).catch(() => {});
  }

  async endInput(): Promise<void> {
    await this.#input.close().catch(() => {});
  }

  signal(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /**
   * Waits until the pattern stands in what it wrote, from the given character on. Throws when it ends or the time is
   * over.
   */
  until(pattern: RegExp, from = 0, ms = 30_000): Promise<RegExpExecArray> {
    return this.find(() => pattern.exec(this.said.slice(from)) ?? undefined, String(pattern), () => this.said, ms);
  }

  /** What `look` finds, asked again after each output; `said` is for the error's text. Throws as `until` does. */
  async find<T>(look: () => T | undefined, what: string, said: () => string, ms: number): Promise<T> {
    const found = await this.#bell.until<T | typeof ENDED>(
      () => look() ?? (this.over === undefined ? undefined : ENDED),
      ms,
      () => `${what}: not within ${ms} ms\n${said()}`,
    );
    if (found === ENDED) throw new Ended(`${what}: the process ended (${this.over?.code})\n${said()}`);
    return found as T;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.signal("SIGKILL"); // script's end hangs up its terminal, and a hang-up ends the product
    } catch {
      // It has ended by itself.
    }
    await this.#input.abort().catch(() => {});
    await this.exit;
  }

  async #read(stream: ReadableStream<Uint8Array>, take?: (text: string) => Promise<void> | void): Promise<void> {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      this.said += text;
      const taken = take?.(text);
      this.#bell.stir();
      await taken;
    }
  }
}

/** Milliseconds from the start of a program on a terminal of its own until this stands there; F12 ends it then. */
export async function shownMs(command: readonly string[], env: Record<string, string>, what: RegExp): Promise<number> {
  const line = command.map((word) => `'${word}'`).join(" ");
  const began = performance.now();
  await using child = new Child(["script", "-q", "-e", "-c", `exec ${line}`, "/dev/null"], {
    env: { ...env, TERM: "xterm-256color", SHELL: "/bin/sh" },
  });
  await child.until(what);
  const ms = performance.now() - began;
  await child.write("\x1b[24~");
  await child.exit;
  return ms;
}

export function pause(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}

/** Whether it comes to be so, within two seconds unless told otherwise. */
export async function settles(is: () => boolean, ms = 2_000): Promise<boolean> {
  for (const late = performance.now() + ms; performance.now() < late;) {
    if (is()) return true;
    await pause(50);
  }
  return is();
}

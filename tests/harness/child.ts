// A process with pipes, or on a terminal made by script(1): text goes in, what it writes is kept and waited for. Out of
// scope: the product with --json (process.ts), a terminal whose modes (pty.ts) or screen (tmux.ts) are examined.

import { productEnvironment } from "./product.ts";

export interface ChildOptions {
  readonly cwd?: string;
  /** In place of the environment of whoever starts it. */
  readonly env?: Record<string, string>;
}

/** The process has ended, and never wrote what was waited for. */
export class Ended extends Error {}

/** Owns the process. `await using` ends it. */
export class Child implements AsyncDisposable {
  /** Everything it wrote, both ways. */
  said = "";
  readonly pid: number;
  /** Resolves with its exit code when it has ended and all was read. */
  readonly ended: Promise<number>;
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  #over = false;
  #wake = () => {};

  constructor(argv: readonly string[], options: ChildOptions = {}) {
    const [program = "", ...args] = argv;
    const pipes = { stdin: "piped", stdout: "piped", stderr: "piped" } as const;
    this.#child = new Deno.Command(program, { args, ...options, clearEnv: options.env !== undefined, ...pipes })
      .spawn();
    this.pid = this.#child.pid;
    this.#input = this.#child.stdin.getWriter();
    this.#input.closed.catch(() => {});
    const read = Promise.all([this.#read(this.#child.stdout), this.#read(this.#child.stderr)]);
    this.ended = this.#child.status.then(async ({ code }) => {
      await read;
      this.#over = true;
      this.#wake();
      return code;
    });
  }

  /** A shell command on a terminal of its own. `under`: a program and its arguments that start script, such as strace. */
  static onTerminal(command: string, cwd?: string, under: readonly string[] = []): Child {
    return new Child([...under, "script", "-q", "-e", "-f", "-c", command, "/dev/null"], {
      env: { ...productEnvironment(), TERM: "xterm-256color", SHELL: "/bin/sh" },
      ...(cwd === undefined ? {} : { cwd }),
    });
  }

  /** Once it has ended nobody reads it. */
  async write(text: string): Promise<void> {
    await this.#input.write(new TextEncoder().encode(text)).catch(() => {});
  }

  async endInput(): Promise<void> {
    await this.#input.close().catch(() => {});
  }

  /**
   * Waits until the pattern stands in what it wrote, from the given character on. One at a time. Throws when it ends or
   * the time is over.
   */
  async until(pattern: RegExp, from = 0, ms = 30_000): Promise<RegExpExecArray> {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      this.#wake();
    }, ms);
    try {
      for (;;) {
        const match = pattern.exec(this.said.slice(from));
        if (match !== null) return match;
        if (late || this.#over) {
          const when = late ? `within ${ms} ms` : "before it ended";
          throw new (late ? Error : Ended)(`${pattern} did not come ${when}:\n${this.said}`);
        }
        await new Promise<void>((wake) => this.#wake = wake);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL"); // script's end hangs up its terminal, and a hang-up ends the product
    } catch {
      // It has ended by itself.
    }
    await this.#input.abort().catch(() => {});
    await this.ended;
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      this.said += text;
      this.#wake();
    }
  }
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

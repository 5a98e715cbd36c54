// A shell command on a terminal made by script(1): keys go in, what the terminal is sent comes out. Where the terminal's
// modes are looked at: tests/screen/pty.ts; where its screen is: process_tmux.ts.

/** Owns the process. `await using` ends it. */
export class Scripted implements AsyncDisposable {
  /** All that the terminal was sent. */
  shown = "";
  /** Resolves when it has ended and all was read. */
  readonly code: Promise<number>;
  readonly #child: Deno.ChildProcess;
  readonly #keys: WritableStreamDefaultWriter<Uint8Array>;
  #over = false;
  #wake = () => {};

  /** `under`: a program and its arguments that start script, such as strace. */
  constructor(command: string, cwd: string, under: readonly string[] = []) {
    const [program = "", ...args] = [...under, "script", "-q", "-e", "-c", command, "/dev/null"];
    this.#child = new Deno.Command(program, {
      args,
      clearEnv: true,
      env: { ...scriptedEnvironment(), SHELL: "/bin/sh" },
      cwd,
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    this.#keys = this.#child.stdin.getWriter();
    this.code = this.#run();
  }

  async type(text: string): Promise<void> {
    await this.#keys.write(new TextEncoder().encode(text));
  }

  /** Waits until the terminal shows it. One at a time. Throws when it ends or the time is over. */
  async until(what: RegExp, ms = 15_000): Promise<RegExpExecArray> {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      this.#wake();
    }, ms);
    try {
      for (;;) {
        const match = what.exec(this.shown);
        if (match !== null) return match;
        if (late || this.#over) throw new Error(`${what} did not come:\n${this.shown}`);
        await new Promise<void>((wake) => this.#wake = wake);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended by itself, as it should.
    }
    await this.code;
  }

  async #run(): Promise<number> {
    for await (const text of this.#child.stdout.pipeThrough(new TextDecoderStream())) {
      this.shown += text;
      this.#wake();
    }
    const { code } = await this.#child.status;
    this.#over = true;
    this.#wake();
    await this.#keys.close().catch(() => {});
    return code;
  }
}

/** Of a person who has nothing but a terminal. */
export function scriptedEnvironment(): Record<string, string> {
  const { HOME = "", DENO_DIR = `${HOME}/.cache/deno` } = Deno.env.toObject();
  return { HOME: "/nonexistent", DENO_DIR, DENO_NO_UPDATE_CHECK: "1", PATH: "/usr/bin:/bin", TERM: "screen-256color" };
}

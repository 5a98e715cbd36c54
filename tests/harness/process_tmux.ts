// A real terminal around a real Sesame process: a tmux server of its own, ended with it.

import { PRODUCT } from "./process.ts";

/** Owns a tmux server and a HOME. `await using` ends both. */
export class Terminal implements AsyncDisposable {
  readonly #socket = `sesame-process-${Deno.pid}-${serial++}`;
  readonly #home = Deno.makeTempDirSync({ prefix: "sesame-home-" });

  /** Runs the product with these arguments; the line `ended N` with its exit code follows it. */
  static async start(args: readonly string[]): Promise<Terminal> {
    const terminal = new Terminal();
    const { HOME = "", DENO_DIR = `${HOME}/.cache/deno` } = Deno.env.toObject();
    const product = [Deno.execPath(), ...PRODUCT, ...args].map((word) => `'${word}'`).join(" ");
    const env = `env -i HOME=${terminal.#home} DENO_DIR=${DENO_DIR} DENO_NO_UPDATE_CHECK=1 TERM=screen-256color`;
    const command = `cd; echo pid $$; ${env} ${product}; echo ended $?; stty -a | grep -o -- '-\\?echo\\b'; exec cat`;
    await terminal.#tmux("-f", "/dev/null", "new-session", "-d", "-x", "80", "-y", "24", command);
    return terminal;
  }

  /** The rows with their history, trailing blanks cut. */
  async capture(): Promise<string> {
    return (await this.#tmux("capture-pane", "-p", "-S", "-")).split("\n").map((row) => row.trimEnd()).join("\n")
      .trimEnd();
  }

  /** tmux tells nobody when its screen changes, so it is asked again and again. */
  async until(what: RegExp, ms = 15_000): Promise<string> {
    const deadline = performance.now() + ms;
    for (;;) {
      const text = await this.capture();
      if (what.test(text)) return text;
      if (performance.now() > deadline) throw new Error(`${what} did not come:\n${text}`);
      await new Promise((done) => setTimeout(done, 20));
    }
  }

  /** By tmux's names: `F12`, `C-\\`, `Enter`. */
  async key(name: string): Promise<void> {
    await this.#tmux("send-keys", name);
  }

  async type(text: string): Promise<void> {
    await this.#tmux("send-keys", "-l", text);
  }

  /** A tmux format, such as `#{pane_title}`. */
  async ask(format: string): Promise<string> {
    return (await this.#tmux("display-message", "-p", format)).trimEnd();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tmux("kill-server").catch(() => {});
    await Deno.remove(this.#home, { recursive: true });
  }

  async #tmux(...args: string[]): Promise<string> {
    const { success, stdout, stderr } = await new Deno.Command("tmux", {
      args: ["-u", "-L", this.#socket, ...args],
      stdin: "null",
    }).output();
    if (!success) throw new Error(`tmux ${args[0]}: ${new TextDecoder().decode(stderr)}`);
    return new TextDecoder().decode(stdout);
  }
}

let serial = 0;

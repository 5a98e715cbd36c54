// A real terminal whose screen is looked at: a tmux server of its own for each, with its own socket, ended with it.

import { pause } from "./child.ts";
import { ran } from "./command.ts";
import { hasProgram, PRODUCT, productEnvironment, productLine } from "./product.ts";

/** Whether tmux is there; without it a test is skipped and says so. */
export const hasTmux: boolean = hasProgram("tmux");

export interface TmuxSize {
  readonly columns?: number;
  readonly rows?: number;
}

/** Owns a tmux server and a folder, which is the HOME of what runs in it. `await using` ends both. */
export class Tmux implements AsyncDisposable {
  /** tmux leaves its socket behind; so it stands in a folder that can go. */
  readonly #folder = Deno.makeTempDirSync({ prefix: "sesame-tmux-" });

  /** Runs a shell command. `run` is given the folder. */
  static async open(run: (home: string) => string, { columns = 80, rows = 24 }: TmuxSize = {}): Promise<Tmux> {
    const terminal = new Tmux();
    const size = ["-x", `${columns}`, "-y", `${rows}`];
    await terminal.#tmux("-f", "/dev/null", "new-session", "-d", ...size, run(terminal.#folder));
    return terminal;
  }

  /**
   * The product with these arguments. Behind it stand the lines `ended N` with its exit code and `echo` or `-echo`; the
   * shell stays, so that what is left in the terminal can be looked at.
   */
  static product(args: readonly string[], product = PRODUCT, size?: TmuxSize): Promise<Tmux> {
    return Tmux.open((home) => {
      const env = Object.entries({ ...productEnvironment(home), TERM: "screen-256color" });
      const line = `cd ${home}; env -i ${env.map(([name, value]) => `${name}='${value}'`).join(" ")}`;
      return `${line} ${productLine(args, product)}; echo ended $?; stty -a | grep -o -- '-\\?echo\\b'; exec cat`;
    }, size);
  }

  /** What the shell has started and waits for. */
  async pid(): Promise<number> {
    const shell = await this.ask("#{pane_pid}");
    for (let tries = 0; tries < 100; tries++) {
      const pid = Number(Deno.readTextFileSync(`/proc/${shell}/task/${shell}/children`).trim());
      if (pid > 0) return pid;
      await pause(20);
    }
    throw new Error("nothing was started in the terminal");
  }

  /** The rows as text, trailing blanks cut; with the history, if asked for. */
  async capture(history = false): Promise<string> {
    const text = await this.#tmux("capture-pane", "-p", ...(history ? ["-S", "-"] : []));
    return text.split("\n").map((row) => row.trimEnd()).join("\n").trimEnd();
  }

  /** As `capture`, with colours as SGR sequences. */
  captureStyled(): Promise<string> {
    return this.#tmux("capture-pane", "-p", "-e", "-N");
  }

  /** Captures until it holds what is waited for, as tmux tells nobody when its screen changes. Throws with the last capture. */
  async until(what: string | RegExp, history = false, ms = 30_000): Promise<string> {
    const end = performance.now() + ms;
    for (;;) {
      const text = await this.capture(history);
      if (typeof what === "string" ? text.includes(what) : what.test(text)) return text;
      if (performance.now() > end) throw new Error(`${what} did not come:\n${text}`);
      await pause(20);
    }
  }

  /** By tmux's names: `F12`, `C-\\`, `Enter`. */
  async keys(...names: string[]): Promise<void> {
    await this.#tmux("send-keys", ...names);
  }

  async text(text: string): Promise<void> {
    await this.#tmux("send-keys", "-l", text);
  }

  /** Typed, and Enter. */
  async line(text: string): Promise<void> {
    await this.text(text);
    await this.keys("Enter");
  }

  /** Raw bytes as from the keyboard. */
  async bytes(bytes: readonly number[]): Promise<void> {
    await this.#tmux("send-keys", "-H", ...bytes.map((byte) => byte.toString(16).padStart(2, "0")));
  }

  /** As a terminal pastes: in brackets where the program asked for them. */
  async paste(text: string): Promise<void> {
    await this.#tmux("set-buffer", text);
    await this.#tmux("paste-buffer", "-p", "-r");
  }

  async resize(columns: number, rows: number): Promise<void> {
    await this.#tmux("resize-window", "-x", `${columns}`, "-y", `${rows}`);
  }

  /** A tmux format, such as `#{pane_title}`. */
  async ask(format: string): Promise<string> {
    return (await this.#tmux("display-message", "-p", format)).trimEnd();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tmux("kill-server").catch(() => {});
    await Deno.remove(this.#folder, { recursive: true });
  }

  async #tmux(...args: string[]): Promise<string> {
    // The shell of a user whom nobody logs in as ends at once.
    const command = ["tmux", "-u", "-S", `${this.#folder}/socket`, ...args];
    const { code, stdout, stderr } = await ran(command, { env: { SHELL: "/bin/sh" } });
    if (code !== 0) throw new Error(`tmux ${args[0]}: ${stderr}`);
    return stdout;
  }
}

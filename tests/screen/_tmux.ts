// A real terminal for tests: one tmux server of its own for each, with its own socket, ended with it.

/** Whether tmux is there; without it the suite is skipped and says so. */
export const hasTmux: boolean = await run(["-V"]).then(() => true, () => false);

export interface TerminalOptions {
  readonly columns?: number;
  readonly rows?: number;
  /** What TERM says inside. */
  readonly term?: string;
  /** Arguments of chat_driver.ts. */
  readonly driver: readonly string[];
}

/** Owns a tmux server. `using` ends it. */
export class TmuxTerminal implements AsyncDisposable {
  /** tmux leaves its socket behind; so it stands in a folder that can go. */
  readonly #folder = Deno.makeTempDirSync({ prefix: "sesame-screen-" });

  static async open(options: TerminalOptions): Promise<TmuxTerminal> {
    const terminal = new TmuxTerminal();
    const { columns = 80, rows = 24, term = "screen-256color", driver } = options;
    const file = new URL("./chat_driver.ts", import.meta.url).pathname;
    const config = new URL("../../deno.json", import.meta.url).pathname;
    const deno =
      `env TZ=UTC TERM=${term} ${Deno.execPath()} run --quiet --no-prompt --cached-only --config ${config} ` +
      `--allow-net ${file} ${driver.join(" ")}`;
    // The shell stays, so that what is left in the terminal afterwards can be looked at.
    await terminal.#tmux(
      "-f",
      "/dev/null",
      "new-session",
      "-d",
      "-x",
      `${columns}`,
      "-y",
      `${rows}`,
      `${deno}; echo ended $?; stty -a | grep -o -- '-\\?icanon'; exec cat`,
    );
    return terminal;
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

  /** Captures until it holds what is waited for; throws, with the last capture, after WAIT_MS. */
  async until(what: string | RegExp, history = false): Promise<string> {
    const end = performance.now() + WAIT_MS;
    for (;;) {
      const text = await this.capture(history);
      if (typeof what === "string" ? text.includes(what) : what.test(text)) return text;
      if (performance.now() > end) throw new Error(`${what} did not come:\n${text}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** By tmux's names: `F12`, `C-\\`, `Enter`. */
  async keys(...names: string[]): Promise<void> {
    await this.#tmux("send-keys", ...names);
  }

  async text(text: string): Promise<void> {
    await this.#tmux("send-keys", "-l", text);
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

  #tmux(...args: string[]): Promise<string> {
    return run(["-u", "-S", `${this.#folder}/socket`, ...args]);
  }
}

async function run(args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command("tmux", { args, stdin: "null" }).output();
  if (!success) throw new Error(`tmux ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}

const WAIT_MS = 10_000;

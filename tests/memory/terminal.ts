// The product in a real terminal: one tmux server of its own. Its window is a shell that waits for the product, since tmux
// wakes up whatever it has started itself and finds stopped.

import { productEnvironment } from "../harness/product.ts";

/** Owns a tmux server and the product in it. `await using` ends both. */
export class ProductTerminal implements AsyncDisposable {
  readonly #socket = `sesame-trace-${Deno.pid}-${serial++}`;
  pid = 0;

  /** `command`: what deno is called with, up to the product's own arguments. */
  static async open(command: readonly string[], args: readonly string[]): Promise<ProductTerminal> {
    const terminal = new ProductTerminal();
    const environment = Object.entries(productEnvironment()).map(([name, value]) => `${name}=${value}`);
    const line = ["env", "-i", ...environment, "TERM=screen-256color", Deno.execPath(), ...command, ...args];
    const quoted = line.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
    await terminal.#tmux("-f", "/dev/null", "new-session", "-d", "-x", "120", "-y", "30", `${quoted}; true`);
    const shell = Number(await terminal.#tmux("display-message", "-p", "#{pane_pid}"));
    for (let tries = 0; terminal.pid === 0 && tries < 100; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      terminal.pid = Number(Deno.readTextFileSync(`/proc/${shell}/task/${shell}/children`).trim());
    }
    return terminal;
  }

  async until(what: string, ms = 15_000): Promise<string> {
    const end = performance.now() + ms;
    for (;;) {
      const text = await this.#tmux("capture-pane", "-p", "-J");
      if (text.includes(what)) return text;
      if (performance.now() > end) throw new Error(`${what} did not come:\n${text}`);
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
  }

  async keys(...names: string[]): Promise<void> {
    await this.#tmux("send-keys", ...names);
  }

  async text(text: string): Promise<void> {
    await this.#tmux("send-keys", "-l", text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tmux("kill-server").catch(() => {});
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

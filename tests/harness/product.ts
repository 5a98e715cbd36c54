// How the product is started: with exactly its permissions, and nothing in its environment that it does not need.
// The demo, the process tests and the tools start it through this, so that all of them run what a user runs.

/** Arguments of the runtime, up to and with the program, as in the task "sesame" of deno.json. */
export const PRODUCT: readonly string[] = [
  "run",
  "--quiet",
  "--no-prompt",
  "--allow-net",
  "--allow-ffi",
  new URL("../../main.ts", import.meta.url).pathname,
];

/** Its whole command line, as a shell takes it. `product`: in place of main.ts and its permissions. */
export function productLine(args: readonly string[], product = PRODUCT): string {
  return [Deno.execPath(), ...product, ...args].map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
}

/** Its environment: a HOME, where the runtime finds its cache, and that it must not look for updates. */
export function productEnvironment(home = "/nonexistent"): Record<string, string> {
  const environment: Record<string, string> = { HOME: home, DENO_DIR: denoDir(), DENO_NO_UPDATE_CHECK: "1" };
  for (const name of ["PATH", "TERM", "LOCALAPPDATA", "SystemRoot"]) {
    const value = Deno.env.get(name);
    if (value !== undefined) environment[name] = value;
  }
  return environment;
}

/** Where the running Deno keeps its packages; asked once. */
export function denoDir(): string {
  if (cachedDenoDir === undefined) {
    const { stdout } = new Deno.Command(Deno.execPath(), { args: ["info", "--json"], stderr: "null" }).outputSync();
    cachedDenoDir = String(JSON.parse(new TextDecoder().decode(stdout)).denoDir);
  }
  return cachedDenoDir;
}

let cachedDenoDir: string | undefined;

/** Fetches what main.ts imports, once, so that no start is slow because of it. Throws if that fails. */
export async function fetchDependencies(): Promise<void> {
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["cache", "--quiet", PRODUCT.at(-1) ?? ""],
    stdin: "null",
    stdout: "inherit",
    stderr: "inherit",
  }).output();
  if (!success) throw new Error("the dependencies could not be fetched");
}

/** Whether a program is there. Tests that need a missing one say so and are skipped. */
export function hasProgram(name: string): boolean {
  const { success } = new Deno.Command("/bin/sh", { args: ["-c", `command -v ${name}`], stdout: "null" }).outputSync();
  if (!success) console.warn(`SKIPPED: needs ${name}, which is not here.`);
  return success;
}

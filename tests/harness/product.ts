// How the product is started: with exactly its permissions, and nothing in its environment that it does not need.
// The demo, the process tests and the tools start it through this, so that all of them run what a user runs.

/** Arguments of the runtime, up to and with the program. */
export const PRODUCT_ARGS: readonly string[] = [
  "run",
  "--quiet",
  "--no-prompt",
  "--cached-only",
  "--allow-net",
  "--allow-ffi",
  new URL("../../main.ts", import.meta.url).pathname,
];

/** Its environment: where the runtime finds its cache, and that it must not look for updates. */
export function productEnvironment(): Record<string, string> {
  const kept = ["PATH", "HOME", "DENO_DIR", "XDG_CACHE_HOME", "TERM", "LOCALAPPDATA", "SystemRoot"];
  const environment: Record<string, string> = { DENO_NO_UPDATE_CHECK: "1" };
  for (const name of kept) {
    const value = Deno.env.get(name);
    if (value !== undefined) environment[name] = value;
  }
  return environment;
}

/** Fetches what main.ts imports, once; afterwards `--cached-only` holds. Throws if that fails. */
export async function fetchDependencies(): Promise<void> {
  const main = PRODUCT_ARGS.at(-1) ?? "";
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["cache", "--quiet", main],
    stdin: "null",
    stdout: "inherit",
    stderr: "inherit",
  }).output();
  if (!success) throw new Error("the dependencies could not be fetched");
}

/** A product process with pipes. */
export function startProduct(args: readonly string[]): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: [...PRODUCT_ARGS, ...args],
    clearEnv: true,
    env: productEnvironment(),
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
}

/** What a process with --json says, one object a line, as it comes. */
export async function* eventsOf(child: Deno.ChildProcess): AsyncGenerator<Record<string, unknown>> {
  let rest = "";
  for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) yield JSON.parse(line) as Record<string, unknown>;
  }
}

// What the end-to-end suite is about: a file that was built, or, where none is given, the source under Deno. Scope: how
// it is started (as it is, as another user, without a network), lines in, JSON events out.
// Out of scope: what it should say (e2e_test.ts), how a file is made (build_test.ts).

import { fileURLToPath } from "node:url";
import { fetchDependencies, hasProgram, PRODUCT, productEnvironment } from "../harness/product.ts";
import { Sesame } from "../harness/process.ts";
import { deliver } from "../harness/process_pair.ts";
import { type Ran, ran } from "../harness/command.ts";

export const PHRASE = "correct horse battery staple";

/** Set by tests/artifact/e2e.ts. */
export const ARTIFACT: string | undefined = Deno.env.get("SESAME_ARTIFACT");

/** The command line of the source, and of what is tried, without arguments of their own. */
export const SOURCE: readonly string[] = [Deno.execPath(), ...PRODUCT];
export const SUBJECT: readonly string[] = ARTIFACT === undefined ? SOURCE : [ARTIFACT];
await fetchDependencies();

/** Nothing but what a login gives, and for the source where its packages are. */
export function environment(home: string, command = SUBJECT): Record<string, string> {
  return command === SOURCE
    ? productEnvironment(home)
    : { PATH: `${NODE}:/usr/bin:/bin`, TERM: "xterm-256color", HOME: home };
}

/** Where the launcher of the npm package finds Node. */
const NODE = new TextDecoder().decode(
  new Deno.Command("/bin/sh", { args: ["-c", "command -v node"] }).outputSync().stdout,
).trim().replace(/\/node$/, "") || "/usr/bin";

export interface StartOptions {
  /** Put before the command line: another user, another network. */
  readonly under?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly home?: string;
  /** In place of the subject's own command line. */
  readonly command?: readonly string[];
  /** A chat's, in place of PHRASE. */
  readonly phrase?: string;
}

function commandOf(args: readonly string[], { under = [], env = {}, home = "/nonexistent", command }: StartOptions) {
  const [program = "", ...rest] = [...under, ...(command ?? SUBJECT), ...args];
  return { program, args: rest, clearEnv: true, env: { ...environment(home), ...env } };
}

/** Runs it to its end, with an empty standard input or the given one. */
export function say(args: readonly string[], options: StartOptions & { input?: string } = {}): Promise<Ran> {
  const { program, args: rest, ...how } = commandOf(args, options);
  return ran([program, ...rest], { ...how, input: options.input ?? "" });
}

/** A chat with --json that has the phrase. `await using` ends it. */
export function talker(
  args: readonly string[],
  options: StartOptions & { readonly phrase?: string } = {},
): Promise<Sesame> {
  const { program, args: line, env } = commandOf([], options);
  const started = {
    line: [program, ...line],
    env,
    home: options.home ?? "/nonexistent",
    phrase: options.phrase ?? PHRASE,
  };
  return Sesame.start([...args, "--json", "--phrase-fd", "0"], started);
}

/** Two of them talk: a message each way, each confirmed; then both leave with exit code 0. Throws where they do not. */
export async function exchange(options: StartOptions = {}): Promise<void> {
  await using anna = await talker(["listen", "127.0.0.1:0"], options);
  const { address } = await anna.event("listening", WAIT_MS);
  await using ben = await talker(["connect", String(address)], options);
  await Promise.all([anna.event("connected", WAIT_MS), ben.event("connected", WAIT_MS)]);
  await deliver(ben, anna, "from ben: ünïcödé ✓", WAIT_MS);
  await deliver(anna, ben, "from anna", WAIT_MS);
  for (const side of [ben, anna]) {
    await side.endInput();
    const { code } = await side.ended();
    if (code !== 0) throw new Error(`one left with ${code}`);
  }
}

/** Says loudly, once a test, what is missing. */
export function needs(...names: readonly string[]): boolean {
  return names.filter((name) => !hasProgram(name)).length === 0;
}

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const WAIT_MS = 30_000;

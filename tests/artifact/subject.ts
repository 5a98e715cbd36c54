// What the end-to-end suite is about: a file that was built, or, where none is given, the source under Deno. In here: how
// it is started (as it is, as another user, without a network), lines in, JSON events out.
// Not in here: what it should say (e2e_test.ts), how a file is made (build_test.ts).

import { fileURLToPath } from "node:url";
import { eventsOf, fetchDependencies, PRODUCT_ARGS, productEnvironment } from "../harness/product.ts";

export const PHRASE = "correct horse battery staple";

/** Set by tests/artifact/e2e.ts. */
export const ARTIFACT: string | undefined = Deno.env.get("SESAME_ARTIFACT");

/** The command line of the source, and of what is tried, without arguments of their own. */
export const SOURCE: readonly string[] = [Deno.execPath(), ...PRODUCT_ARGS];
export const SUBJECT: readonly string[] = ARTIFACT === undefined ? SOURCE : [ARTIFACT];
await fetchDependencies();

/** Nothing but what a login gives, and for the source where its packages are. */
export function environment(home: string, command = SUBJECT): Record<string, string> {
  return command === SOURCE
    ? { ...productEnvironment(), ...(Deno.env.has("DENO_DIR") ? {} : { DENO_DIR: denoDir() }), HOME: home }
    : { PATH: `${NODE}:/usr/bin:/bin`, TERM: "xterm-256color", HOME: home };
}

/** Where the launcher of the npm package finds Node. */
const NODE = new TextDecoder().decode(
  new Deno.Command("/bin/sh", { args: ["-c", "command -v node"] }).outputSync().stdout,
).trim().replace(/\/node$/, "") || "/usr/bin";

function denoDir(): string {
  const { stdout } = new Deno.Command(Deno.execPath(), { args: ["info", "--json"], stderr: "null" }).outputSync();
  return String((JSON.parse(new TextDecoder().decode(stdout)) as { denoDir: string }).denoDir);
}

export interface StartOptions {
  /** Put before the command line: another user, another network. */
  readonly under?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly home?: string;
  /** In place of the subject's own command line. */
  readonly command?: readonly string[];
}

export interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function commandOf(args: readonly string[], { under = [], env = {}, home = "/nonexistent", command }: StartOptions) {
  const [program = "", ...rest] = [...under, ...(command ?? SUBJECT), ...args];
  return { program, args: rest, clearEnv: true, env: { ...environment(home), ...env } };
}

/** Runs it to its end, with an empty standard input or the given one. */
export async function say(args: readonly string[], options: StartOptions & { input?: string } = {}): Promise<Said> {
  const { program, ...rest } = commandOf(args, options);
  const child = new Deno.Command(program, { ...rest, stdin: "piped", stdout: "piped", stderr: "piped" }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(options.input ?? "")).catch(() => {});
  await writer.close().catch(() => {});
  const { code, stdout, stderr } = await child.output();
  const text = new TextDecoder();
  return { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
}

type Happening = Record<string, unknown>;

/** A chat with --json that has the phrase. `await using` ends it. */
export class Talker implements AsyncDisposable {
  readonly events: Happening[] = [];
  readonly pid: number;
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #over: Promise<void>;
  #changed: () => void = () => {};
  #ended = false;

  constructor(args: readonly string[], options: StartOptions & { phrase?: string } = {}) {
    const { program, ...rest } = commandOf([...args, "--json", "--phrase-fd", "0"], options);
    this.#child = new Deno.Command(program, { ...rest, stdin: "piped", stdout: "piped", stderr: "inherit" }).spawn();
    this.pid = this.#child.pid;
    this.#input = this.#child.stdin.getWriter();
    this.#over = this.#listen();
    void this.say(options.phrase ?? PHRASE);
  }

  async #listen(): Promise<void> {
    for await (const event of eventsOf(this.#child)) {
      this.events.push(event);
      this.#changed();
    }
    this.#ended = true;
    this.#changed();
  }

  async say(line: string): Promise<void> {
    await this.#input.write(new TextEncoder().encode(`${line}\n`)).catch(() => {});
  }

  /** The first event of this kind that the predicate takes, past or to come. */
  async event(kind: string, takes: (event: Happening) => boolean = () => true): Promise<Happening> {
    const deadline = performance.now() + WAIT_MS;
    for (;;) {
      const found = this.events.find((event) => event.event === kind && takes(event));
      if (found !== undefined) return found;
      if (this.#ended || performance.now() > deadline) {
        throw new Error(
          `no ${kind} from ${this.pid}; it said:\n${this.events.map((e) => JSON.stringify(e)).join("\n")}`,
        );
      }
      await new Promise<void>((done) => {
        const timer = setTimeout(done, 1000);
        this.#changed = () => {
          clearTimeout(timer);
          done();
        };
      });
    }
  }

  /** Closes its input; resolves with the exit code. */
  async leave(): Promise<number> {
    await this.#input.close().catch(() => {});
    const { code } = await this.#child.status;
    await this.#over;
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended by itself.
    }
    await this.#input.abort().catch(() => {});
    await this.#child.status;
    await this.#over;
  }
}

/** Two of them talk: a message each way, each confirmed; then both leave with exit code 0. Throws where they do not. */
export async function exchange(options: StartOptions = {}): Promise<void> {
  await using anna = new Talker(["listen", "127.0.0.1:0"], options);
  const { address } = await anna.event("listening");
  await using ben = new Talker(["connect", String(address)], options);
  await Promise.all([anna.event("connected"), ben.event("connected")]);
  await ben.say("from ben: ünïcödé ✓");
  await anna.event("message", ({ text }) => text === "from ben: ünïcödé ✓");
  await ben.event("delivered");
  await anna.say("from anna");
  await ben.event("message", ({ text }) => text === "from anna");
  await anna.event("delivered");
  const codes = [await ben.leave(), await anna.leave()];
  if (codes.some((code) => code !== 0)) throw new Error(`they left with ${codes}`);
}

export interface Tool {
  readonly name: string;
  readonly there: boolean;
}

/** Says loudly, once a test, what is missing. */
export function needs(...names: readonly string[]): boolean {
  const missing = names.filter((name) =>
    !new Deno.Command("/bin/sh", { args: ["-c", `command -v ${name}`], stdout: "null", stderr: "null" }).outputSync()
      .success
  );
  if (missing.length > 0) console.warn(`SKIPPED: needs ${missing.join(", ")}, which is not here.`);
  return missing.length === 0;
}

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const WAIT_MS = 30_000;

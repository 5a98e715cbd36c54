// A real Sesame process for tests: the product's own permissions, an empty HOME, no environment but what Deno needs.
// Scope: starting, feeding lines, waiting for JSON events, output that is not read, signals, the end.
// Out of scope: what the program should say (tests/process, tests/adversary), two processes (process_pair.ts).

import { existsSync } from "node:fs";
import { PRODUCT, productEnvironment } from "./product.ts";

/** One line of `--json`. Every field that any event has is text, a number or a truth value, or a list of texts. */
export interface JsonEvent {
  readonly event: string;
  readonly at: number;
  readonly [field: string]: unknown;
}

export interface StartOptions {
  /** The first line of standard input. Absent: nothing is written. */
  readonly phrase?: string;
  /** Standard input is closed behind the phrase. */
  readonly closed?: true;
  /** A shell script that is given the product's command line as "$@"; for descriptors other than 0. */
  readonly shell?: string;
  /** In place of `main.ts` and its permissions, for figures of an empty program. */
  readonly command?: readonly string[];
  /** In place of the runtime with all its arguments. */
  readonly line?: readonly string[];
  /** In place of an empty HOME of its own, which is its working directory as well. */
  readonly home?: string;
  /** In place of the product's environment. */
  readonly env?: Record<string, string>;
  /** Is given each event, as it comes. */
  readonly onEvent?: (event: JsonEvent) => void;
}

export interface Exit {
  readonly code: number;
  readonly signal: string | null;
}

/** How long an event is waited for unless the test says otherwise: a loaded machine of two cores. */
export const WAIT_MS = 15_000;

/** User and system time of a process, all its threads, from /proc/PID/stat (proc(5)); a tick of the kernel is 10 ms. */
export function cpuMsOf(pid: number): number {
  const fields = Deno.readTextFileSync(`/proc/${pid}/stat`).replace(/^.*\) /, "").split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** Owns a child process and its pipes. `await using` ends it, whatever it is doing. */
export class Sesame implements AsyncDisposable {
  readonly events: JsonEvent[] = [];
  /** Lines of standard output that are no JSON. */
  readonly lines: string[] = [];
  stderr = "";
  readonly pid: number;
  /** Resolves with how the process ended. */
  readonly exit: Promise<Exit>;
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  /** Its own HOME. */
  readonly #home: string | undefined;
  readonly #onEvent: (event: JsonEvent) => void;
  readonly #pumps: Promise<void>[] = [];
  readonly #watchers = new Set<() => void>();
  /** While standard output is not read: resolves when it is again. */
  #held: PromiseWithResolvers<void> | undefined;
  #ended: Exit | undefined;

  static async start(args: readonly string[], options: StartOptions = {}): Promise<Sesame> {
    const sesame = new Sesame(args, options);
    try {
      if (options.phrase !== undefined) await sesame.say(options.phrase);
      if (options.closed === true) await sesame.endInput();
    } catch {
      // It has ended before it read; the test finds that in `exit`.
    }
    return sesame;
  }

  private constructor(args: readonly string[], options: StartOptions) {
    this.#onEvent = options.onEvent ?? (() => {});
    this.#home = options.home === undefined ? Deno.makeTempDirSync({ prefix: "sesame-home-" }) : undefined;
    const home = options.home ?? this.#home!;
    const command = [...(options.line ?? [Deno.execPath(), ...(options.command ?? PRODUCT)]), ...args];
    const [program = "", ...rest] = options.shell === undefined
      ? command
      : ["/bin/sh", "-c", options.shell, "sh", ...command];
    this.#child = new Deno.Command(program, {
      args: rest,
      clearEnv: true,
      env: options.env ?? productEnvironment(home),
      ...(this.#home === undefined ? {} : { cwd: this.#home }),
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.pid = this.#child.pid;
    this.#input = this.#child.stdin.getWriter();
    this.#input.closed.catch(() => {});
    this.#pumps.push(this.#pump(this.#child.stderr, (text) => {
      this.stderr += text;
      return Promise.resolve();
    }));
    this.#read();
    this.exit = this.#child.status.then(async ({ code, signal }) => {
      this.release();
      await Promise.allSettled(this.#pumps);
      this.#ended = { code, signal };
      this.#wake();
      return this.#ended;
    });
  }

  /** Stops reading standard output, so that the pipe fills up. */
  hold(): void {
    this.#held ??= Promise.withResolvers();
  }

  /** Reads on. */
  release(): void {
    this.#held?.resolve();
    this.#held = undefined;
  }

  /** A line of input. */
  async say(line: string): Promise<void> {
    await this.#input.write(new TextEncoder().encode(`${line}\n`));
  }

  async write(bytes: Uint8Array): Promise<void> {
    await this.#input.write(bytes);
  }

  async endInput(): Promise<void> {
    await this.#input.close().catch(() => {});
  }

  signal(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** All events of this name so far. */
  all(event: string): JsonEvent[] {
    return this.events.filter((e) => e.event === event);
  }

  /** The first event, past or to come, that the predicate takes. Throws when the process ends or the time is over. */
  event(wanted: string | ((event: JsonEvent) => boolean), ms = WAIT_MS): Promise<JsonEvent> {
    const takes = typeof wanted === "string" ? (e: JsonEvent) => e.event === wanted : wanted;
    return this.until(() => this.events.find(takes), String(wanted), ms);
  }

  /** The first event of this name with these fields. */
  like(event: string, fields: Readonly<Record<string, unknown>>, ms = WAIT_MS): Promise<JsonEvent> {
    const takes = (e: JsonEvent) =>
      e.event === event && Object.entries(fields).every(([name, value]) => e[name] === value);
    return this.until(() => this.events.find(takes), `${event} ${JSON.stringify(fields)}`, ms);
  }

  /** What `look` finds, asked again after each line of output. */
  async until<T>(look: () => T | undefined, what: string, ms = WAIT_MS): Promise<T> {
    const deadline = performance.now() + ms;
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      const left = deadline - performance.now();
      if (this.#ended !== undefined || left <= 0) {
        const why = this.#ended === undefined ? `not within ${ms} ms` : `the process ended (${this.#ended.code})`;
        throw new Error(`${what}: ${why}\n${this.transcript()}`);
      }
      await new Promise<void>((done) => {
        const wake = () => {
          clearTimeout(timer);
          this.#watchers.delete(wake);
          done();
        };
        const timer = setTimeout(wake, left);
        this.#watchers.add(wake);
      });
    }
  }

  /** How it ended. Throws if it has not within the time. */
  async ended(ms = WAIT_MS): Promise<Exit> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, fail) => {
      timer = setTimeout(() => fail(new Error(`still running after ${ms} ms\n${this.transcript()}`)), ms);
    });
    try {
      return await Promise.race([this.exit, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  get alive(): boolean {
    return this.#ended === undefined;
  }

  /** Everything it said, for a failing test's message. */
  transcript(): string {
    const out = this.events.slice(-40).map((e) => JSON.stringify(e).slice(0, 300)).concat(this.lines.slice(-40));
    return `--- stdout\n${out.join("\n")}\n--- stderr\n${this.stderr}`;
  }

  /** Resident memory in KiB; undefined where there is no /proc. */
  memoryKib(): number | undefined {
    const status = this.status();
    const kib = /^VmRSS:\s+(\d+) kB/m.exec(status ?? "")?.[1];
    return kib === undefined ? undefined : Number(kib);
  }

  /** Its time on the processor, all threads, in steps of 10 ms (proc(5)); undefined where there is no /proc. */
  cpuMs(): number | undefined {
    try {
      return cpuMsOf(this.pid);
    } catch {
      return undefined;
    }
  }

  /** /proc/PID/status. */
  status(): string | undefined {
    try {
      return Deno.readTextFileSync(`/proc/${this.pid}/status`);
    } catch {
      return undefined;
    }
  }

  /** What stands in its HOME and working directory, which were empty at first. */
  leftBehind(): string[] {
    return [...Deno.readDirSync(this.#home!)].map(({ name }) => name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended by itself.
    }
    await this.#input.abort().catch(() => {});
    await this.exit;
    if (this.#home !== undefined && existsSync(this.#home)) await Deno.remove(this.#home, { recursive: true });
  }

  #read(): void {
    let rest = "";
    this.#pumps.push(this.#pump(this.#child.stdout, async (text) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      for (const line of lines) this.#line(line);
      await this.#held?.promise;
    }));
  }

  #line(line: string): void {
    if (line.startsWith("{")) {
      this.events.push(JSON.parse(line));
      this.#onEvent(this.events.at(-1)!);
    } else this.lines.push(line);
    this.#wake();
  }

  #wake(): void {
    for (const wake of [...this.#watchers]) wake();
  }

  async #pump(stream: ReadableStream<Uint8Array>, take: (text: string) => Promise<void>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      const taken = take(decoder.decode(chunk, { stream: true }));
      this.#wake();
      await taken;
    }
  }
}

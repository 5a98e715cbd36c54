// A real Sesame process for tests: the product's own permissions, an empty HOME, no environment but what Deno needs.
// Scope: starting, feeding lines, waiting for JSON events, output that is not read, signals, the end.
// Out of scope: what the program should say (tests/process, tests/adversary), two processes (process_pair.ts).

import { existsSync } from "node:fs";
import { Child, type Exit } from "./child.ts";
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

/** How long an event is waited for unless the test says otherwise: a loaded machine of two cores. */
export const WAIT_MS = 30_000;

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
  readonly #child: Child;
  /** Its own HOME. */
  readonly #home: string | undefined;
  readonly #onEvent: (event: JsonEvent) => void;
  /** The beginning of a line. */
  #rest = "";
  /** While standard output is not read: resolves when it is again. */
  #held: PromiseWithResolvers<void> | undefined;

  static async start(args: readonly string[], options: StartOptions = {}): Promise<Sesame> {
    const sesame = new Sesame(args, options);
    if (options.phrase !== undefined) await sesame.say(options.phrase);
    if (options.closed === true) await sesame.endInput();
    return sesame;
  }

  private constructor(args: readonly string[], options: StartOptions) {
    this.#onEvent = options.onEvent ?? (() => {});
    this.#home = options.home === undefined ? Deno.makeTempDirSync({ prefix: "sesame-home-" }) : undefined;
    const home = options.home ?? this.#home!;
    const command = [...(options.line ?? [Deno.execPath(), ...(options.command ?? PRODUCT)]), ...args];
    this.#child = new Child(
      options.shell === undefined ? command : ["/bin/sh", "-c", options.shell, "sh", ...command],
      {
        env: options.env ?? productEnvironment(home),
        ...(this.#home === undefined ? {} : { cwd: this.#home }),
        out: async (text) => {
          const lines = (this.#rest + text).split("\n");
          this.#rest = lines.pop()!;
          for (const line of lines) this.#line(line);
          await this.#held?.promise;
        },
      },
    );
    void this.#child.gone.then(() => this.release());
  }

  get pid(): number {
    return this.#child.pid;
  }

  get stderr(): string {
    return this.#child.stderr;
  }

  /** Resolves with how the process ended. */
  get exit(): Promise<Exit> {
    return this.#child.exit;
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

  /** A line of input. Once it has ended nobody reads it. */
  say(line: string): Promise<void> {
    return this.#child.write(`${line}\n`);
  }

  write(bytes: Uint8Array): Promise<void> {
    return this.#child.write(bytes);
  }

  endInput(): Promise<void> {
    return this.#child.endInput();
  }

  signal(signal: Deno.Signal): void {
    this.#child.signal(signal);
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

  /** Waits until there have been so many events of this name. */
  async counted(event: string, count: number, ms = WAIT_MS): Promise<void> {
    await this.until(() => this.all(event).length >= count || undefined, `${count} times ${event}`, ms);
  }

  /** What `look` finds, asked again after each line of output. */
  until<T>(look: () => T | undefined, what: string, ms = WAIT_MS): Promise<T> {
    return this.#child.find(look, what, () => this.transcript(), ms);
  }

  /** How it ended. Throws if it has not within the time. */
  ended(ms = WAIT_MS): Promise<Exit> {
    return this.until(() => this.#child.over, "its end", ms);
  }

  get alive(): boolean {
    return this.#child.over === undefined;
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
    await this.#child[Symbol.asyncDispose]();
    if (this.#home !== undefined && existsSync(this.#home)) await Deno.remove(this.#home, { recursive: true });
  }

  #line(line: string): void {
    if (line.startsWith("{")) {
      this.events.push(JSON.parse(line));
      this.#onEvent(this.events.at(-1)!);
    } else this.lines.push(line);
  }
}

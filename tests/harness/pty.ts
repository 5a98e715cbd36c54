// A real pseudo-terminal around a program, with a clock: the other side of pty.py, which says how it works. tmux (tmux.ts)
// shows what a person sees; this one knows to a fraction of a millisecond when a byte was written and when the process was
// gone, and can stop reading. Linux with python3.

import { Child } from "./child.ts";

export type Ending =
  /** Keys, each character one byte. */
  | { readonly how: "bytes"; readonly value: string }
  | { readonly how: "signal"; readonly value: Deno.Signal }
  /** The terminal goes away. */
  | { readonly how: "close"; readonly value: "" };

export interface Ended {
  /** Within ten seconds, by itself. */
  readonly gone: boolean;
  /** From the key, or whatever it was, to the end of the last thread. */
  readonly ms: number;
  /** Null: by a signal. */
  readonly code: number | null;
  /** The modes of the terminal are as before the program; null: there is no terminal any more. */
  readonly sameModes: boolean | null;
  /** How many sockets it had. */
  readonly sockets: number;
  /** Processes and sockets that outlived it. */
  readonly left: readonly string[];
  /** What it wrote after the key. */
  readonly after: string;
}

/** Owns the helper, and one program at a time. `await using` ends both. */
export class Pty implements AsyncDisposable {
  readonly #child: Child;
  /** What stands behind the last answer. */
  #from = 0;

  /** `first`: before everything else that the machine has to do, which needs root; the program inherits it. */
  constructor(first = false) {
    const helper = ["python3", "-u", new URL("./pty.py", import.meta.url).pathname];
    this.#child = new Child(first ? ["nice", "-n", "-15", ...helper] : helper);
  }

  /** Starts a program; the one before is ended. Resolves with its id. */
  async open(argv: readonly string[], env: Readonly<Record<string, string>>, cwd: string): Promise<number> {
    const { pid } = await this.#ask<{ pid: number }>({ name: "open", argv, env, cwd, columns: 80, rows: 24 });
    return pid;
  }

  /** Waits for a pattern (Python's) in what was written, less escape sequences; `fresh`: since the last wait. */
  async until(pattern: string, ms = WAIT_MS, fresh = false): Promise<void> {
    const { found, text } = await this.#ask<{ found: boolean; text: string }>({ name: "until", pattern, ms, fresh });
    if (!found) throw new Error(`${pattern} did not come within ${ms} ms:\n${text}`);
  }

  /** Each character is one byte. */
  async write(bytes: string): Promise<void> {
    await this.#ask({ name: "write", bytes });
  }

  /** Reads on for so long. */
  async rest(ms: number): Promise<void> {
    await this.#ask({ name: "rest", ms });
  }

  /** Reads no more, until nothing that is written goes through. Resolves with how many bytes are stuck before that. */
  async block(): Promise<number> {
    const { blocked, waiting } = await this.#ask<{ blocked: boolean; waiting: number }>({ name: "block" });
    if (!blocked) throw new Error(`the terminal still takes output, ${waiting} bytes of it`);
    return waiting;
  }

  /** Milliseconds from each byte to its echo. */
  async echo(bytes: string, pauseMs: number): Promise<number[]> {
    const { times, missing } = await this.#ask<{ times: number[]; missing: string | null }>({
      name: "echo",
      bytes,
      pauseMs,
    });
    if (missing !== null) throw new Error(`no echo of ${missing} after ${times.length} others`);
    return times;
  }

  /** A signal that does not end it. */
  async signal(value: Deno.Signal): Promise<void> {
    await this.#ask({ name: "signal", value });
  }

  /** The terminal's modes as they were before the program, as a shell sets them that goes on. */
  async cooked(): Promise<void> {
    await this.#ask({ name: "cooked" });
  }

  /** Everything that was written so far. */
  async output(): Promise<string> {
    return (await this.#ask<{ output: string }>({ name: "output" })).output;
  }

  async end(ending: Ending): Promise<Ended> {
    return await this.#ask<Ended>({ name: "end", how: ending.how, value: ending.value });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child.endInput();
    await this.#child.exit;
  }

  async #ask<Answer>(command: Readonly<Record<string, unknown>>): Promise<Answer> {
    await this.#child.write(JSON.stringify(command) + "\n");
    const [line] = await this.#child.until(/.*\n/, this.#from, ANSWER_MS);
    this.#from += line.length;
    return JSON.parse(line) as Answer;
  }
}

const WAIT_MS = 30_000;
/** Nothing is asked that takes longer. */
const ANSWER_MS = 300_000;

// The only owner of standard input, output and error. Scope: the one read loop, queued writes, raw mode, size, and
// putting the terminal back in order. Out of scope: keys, prompts, screens, words.
//
// The rules, each found out by experiment on Linux 6.18 with Deno 2.9.6 and a pty whose reader had stopped:
// - Output is written asynchronously only. A synchronous write to a stopped terminal never returns.
// - While an asynchronous write is stuck, `setRaw` never returns either (tcsetattr waits for the writer's lock), so raw
//   mode is never left then. `Deno.exit` puts the mode back by itself, stuck write or not, and does return.
// - A write that was begun reaches the terminal within a fraction of a millisecond even though no event loop turns, so
//   panic begins one and waits LEAVE_WAIT_MS on a private word of memory: bounded, whatever the terminal does.
// - Another program that shares the terminal or pipe may have made it non-blocking (EAGAIN): what is full is waited for.
// - After a stop (SIGTSTP from outside) the shell has put its own modes back: on SIGCONT raw mode is set once more.
// - Bytes read are lent to one handler and zeroed after it. What a handler did not take is kept for the next one.

import { Output, type Stream } from "./output.ts";
import { enterText, leaveText, type Modes, WIPE_TEXT } from "./modes.ts";
import { lastWrites } from "./way_out.ts";

/**
 * Takes a lent chunk. A number returned is how many bytes it took: fewer than there are, and the rest waits for the next
 * `listen`, and nothing more is read until then.
 */
export type OnBytes = (chunk: Uint8Array) => number | void;

export class Tty {
  readonly inputIsTerminal: boolean;
  readonly outputIsTerminal: boolean;
  readonly errorIsTerminal: boolean;
  /** Called once when the terminal or pipe behind the output, or the terminal behind the input, is gone. */
  onClosed: (() => void) | undefined;
  /** Called after the program was stopped and goes on, with the modes as they were: the screen may show anything. */
  onContinued: (() => void) | undefined;

  readonly #buffer = new Uint8Array(READ_SIZE);
  #onBytes: OnBytes | undefined;
  #onEnd: (() => void) | undefined;
  /** Read, not taken yet; older than anything in `#buffer`. */
  #kept = new Uint8Array(0);
  #reading = false;
  #ended = false;
  #wake: (() => void) | undefined;

  #isRaw = false;
  #modes: Modes = { screen: false, paste: false };
  #closed = false;
  /** After `restoreWithin` or `restore`: standard output is written to no more. */
  #over = false;
  /** After `restore`: nothing at all is. */
  #silent = false;

  readonly #out = new Output(Deno.stdout, () => this.#close());
  readonly #err = new Output(Deno.stderr, () => {});
  #resize: (() => void) | undefined;

  readonly #writeNow: WriteNow | undefined;
  readonly #dumb: boolean;
  readonly #console: Keys | undefined;

  /**
   * `writeNow` writes to a descriptor if that does not wait; without it panic hopes that LEAVE_WAIT_MS is enough.
   * `dumb`: the terminal knows no sequences, and is told none. `console`: where keys come from in place of standard input.
   */
  constructor(writeNow?: WriteNow, dumb = false, console?: Keys) {
    this.#writeNow = writeNow;
    this.#dumb = dumb;
    this.#console = console;
    this.inputIsTerminal = Deno.stdin.isTerminal();
    this.outputIsTerminal = Deno.stdout.isTerminal();
    this.errorIsTerminal = Deno.stderr.isTerminal();
  }

  /** Starts the read loop, or hands it to other handlers. `onEnd` comes once, after the last byte was taken. */
  listen(onBytes: OnBytes, onEnd: () => void): void {
    this.#onBytes = onBytes;
    this.#onEnd = onEnd;
    if (!this.#reading) {
      this.#reading = true;
      // A microtask later, so that `listen` never calls its handler before it has returned.
      queueMicrotask(() => void this.#readLoop());
    } else this.#wake?.();
  }

  /** Raw mode of the input, without which no single key arrives. Does nothing where the input is not a terminal. */
  raw(on: boolean): void {
    if (!this.inputIsTerminal || this.#isRaw === on || this.#over) return;
    // Would never return if that write is stuck; Deno.exit does it.
    const stuck = this.backlog > 0 || (this.errorIsTerminal && this.#err.length > 0);
    if (!on && stuck && this.#console === undefined) return;
    try {
      if (this.#console === undefined) Deno.stdin.setRaw(on);
      else if (!this.#console.raw(on)) return this.#close();
      this.#isRaw = on;
    } catch {
      this.#close();
    }
    this.#watchContinued(on);
  }

  /** The output did not take everything, and not because its reader went away: a full disk, say. */
  get failed(): boolean {
    return !this.outputIsTerminal && this.#out.failed;
  }

  /** The sequences that take over the terminal, for `writeToPerson`; remembered, so that `restore` takes them back. */
  enter(modes: Modes): string {
    if (this.#dumb || !(this.outputIsTerminal || this.errorIsTerminal)) return "";
    this.#modes = modes;
    return enterText(modes);
  }

  /** What takes all that was written off the output; "" where that is no terminal, or one that knows no sequences. */
  get wipe(): string {
    return this.#dumb || !this.outputIsTerminal ? "" : WIPE_TEXT;
  }

  /** Characters given to `write` that the system has not taken yet. A painter paints again when it is 0. */
  get backlog(): number {
    return this.#out.length;
  }

  /** To standard output, in order. `true` once the system has taken all of it; `false` if it never will. */
  write(text: string): Promise<boolean> {
    return this.#silent || this.#over || this.#closed ? Promise.resolve(false) : this.#out.write(text);
  }

  /** To standard error, in order; as `write`. Works after `restoreWithin` too: an error is read on the first screen. */
  writeError(text: string): Promise<boolean> {
    // In raw mode a line feed alone does not return to the first column.
    const ends = this.#isRaw && this.errorIsTerminal ? text.replace(/\r?\n/g, "\r\n") : text;
    return this.#silent ? Promise.resolve(false) : this.#err.write(ends);
  }

  /**
   * What is for the person at the keys and not part of the output: where that goes to a file or a program, to standard
   * error; else as `write`.
   */
  writeToPerson(text: string): Promise<boolean> {
    return this.outputIsTerminal ? this.write(text) : this.writeError(text);
  }

  /** In character cells; 80 by 24 where nothing is a terminal or it tells nonsense. */
  size(): { columns: number; rows: number } {
    return consoleSize();
  }

  /** Calls `f` after each change of size; the last `f` given counts, `undefined` stops it. */
  onResize(f: (() => void) | undefined): void {
    if (this.#console !== undefined) {
      this.#console.onResize = f;
      return;
    }
    try {
      if (this.#resize !== undefined) Deno.removeSignalListener("SIGWINCH", this.#resize);
      this.#resize = f;
      if (f !== undefined && this.outputIsTerminal) Deno.addSignalListener("SIGWINCH", f);
      else this.#resize = undefined;
    } catch {
      this.#resize = undefined; // A system without SIGWINCH: the size is asked for at each painting anyway.
    }
  }

  #watchContinued(on: boolean): void {
    try {
      if (on) Deno.addSignalListener("SIGCONT", this.#continued);
      else Deno.removeSignalListener("SIGCONT", this.#continued);
    } catch {
      // A system without that signal.
    }
  }

  readonly #continued = () => {
    if (!this.#isRaw || this.#over) return;
    this.#isRaw = false;
    this.raw(true);
    const modes = this.enter(this.#modes);
    if (modes !== "") void this.writeToPerson(modes);
    this.onContinued?.();
  };

  /**
   * For an ordinary exit: waits at most RESTORE_MS for what is queued, then puts the terminal in order. What else could not
   * be written in that time is dropped. Nothing is written afterwards.
   */
  async restoreWithin(): Promise<void> {
    if (this.#over) return;
    await this.leaveWithin();
    this.raw(false);
    this.#finish();
  }

  /**
   * For a prompt that follows: as `restoreWithin`, but raw mode stays, so that nothing that is typed meanwhile shows, and
   * more can be written afterwards.
   */
  async leaveWithin(): Promise<void> {
    this.onResize(undefined);
    this.onContinued = undefined;
    const leave = this.#leave();
    let left = leave === "" || this.#writeNow === undefined;
    const leaving = leave === "" ? undefined : this.writeToPerson(leave).then(() => left = true);
    await within(RESTORE_MS, Promise.all([leaving, this.#out.running && this.write(""), this.writeError("")]));
    // Past what is on its way: on a machine with too much to do, the conversation would stay on the screen.
    if (!left) writeAtOnce(this.outputIsTerminal ? Deno.stdout : Deno.stderr, leave, this.#writeNow);
  }

  /**
   * For panic: at once, may be called again, never waits for the terminal. It begins to write `lastWords` (of a program
   * read by a script; they are lost if another line is on its way), `lineEnd` (of a line that the person was asked on)
   * and the leave sequences, and gives the system LEAVE_WAIT_MS to take them, and before that PAINTING_WAIT_MS if a
   * painting or a line is on its way. Raw mode is left to `Deno.exit`, except on a Windows console, which nobody else resets.
   */
  restore(lastWords = "", lineEnd = ""): void {
    this.#silent = true;
    if (this.#over) return;
    if (this.#isRaw) this.#console?.raw(false);
    const leave = lineEnd + this.#leave();
    const { outputIsTerminal, errorIsTerminal } = this;
    const whole = 3 * this.#out.length <= PIPE_BUF;
    const [painting, erring, closed] = [this.#out.running, this.#err.running, this.#closed];
    this.#finish();
    for (const write of lastWrites({ outputIsTerminal, errorIsTerminal, painting, erring, closed })) {
      // Behind what is on its way it would begin too late; and in a pipe it would stand within it, were that cut in two.
      const behind = write.to === "error" ? erring : painting;
      if (behind && (this.#writeNow === undefined || (write.to === "output" && !whole))) continue;
      if (write.pause) pause(PAINTING_WAIT_MS);
      const text = (write.what === "leave" ? "" : lastWords) + (write.what === "words" ? "" : leave);
      writeAtOnce(write.to === "output" ? Deno.stdout : Deno.stderr, text, this.#writeNow);
    }
  }

  /** To standard error, after `restore`: at once, as far as it takes something. */
  sayLast(text: string): void {
    writeAtOnce(Deno.stderr, text, this.#writeNow);
  }

  #leave(): string {
    const text = leaveText(this.#modes);
    this.#modes = { screen: false, paste: false };
    return text;
  }

  #finish(): void {
    this.#over = true;
    this.onResize(undefined);
    this.#out.drop();
    this.#err.drop();
    this.#kept.fill(0);
    this.#onBytes = undefined;
    this.#onEnd = undefined;
  }

  async #readLoop(): Promise<void> {
    while (!this.#over) {
      if (this.#onBytes === undefined) {
        await new Promise<void>((resolve) => this.#wake = resolve);
        continue;
      }
      if (this.#kept.length > 0) {
        const kept = this.#kept;
        this.#kept = new Uint8Array(0);
        this.#lend(kept);
        continue;
      }
      if (this.#ended) {
        const onEnd = this.#onEnd;
        this.#onBytes = undefined;
        this.#onEnd = undefined;
        onEnd?.();
        continue;
      }
      // EIO: the terminal hung up.
      const count = await (this.#console ?? Deno.stdin).read(this.#buffer).catch(() => null);
      if (count === null || count === 0) {
        this.#ended = true;
        if (this.inputIsTerminal) this.#close();
      } else if (this.#onBytes === undefined) {
        this.#keep(this.#buffer.subarray(0, count));
        this.#buffer.fill(0, 0, count);
      } else this.#lend(this.#buffer.subarray(0, count));
    }
  }

  /** Gives the chunk to the handler, keeps what it did not take, and zeroes the chunk even if the handler throws. */
  #lend(chunk: Uint8Array): void {
    try {
      const onBytes = this.#onBytes;
      const taken = onBytes?.(chunk);
      if (typeof taken === "number" && taken < chunk.length) {
        if (this.#onBytes === onBytes) this.#onBytes = undefined; // unless the call itself handed over
        this.#keep(chunk.subarray(taken));
      }
    } finally {
      chunk.fill(0);
    }
  }

  #keep(bytes: Uint8Array): void {
    const both = new Uint8Array(this.#kept.length + bytes.length);
    both.set(bytes);
    both.set(this.#kept, bytes.length);
    this.#kept.fill(0);
    this.#kept = both;
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (!this.#over) this.onClosed?.();
  }
}

/** Host.writeNow: writes all of it at once, or nothing and false; never waits. */
export type WriteNow = (fd: number, view: Uint8Array) => boolean;

/** Host.console. */
export interface Keys {
  read(into: Uint8Array): Promise<number>;
  raw(on: boolean): boolean;
  onResize: (() => void) | undefined;
}

/** What views and prompts use of it; tests have another one in memory. */
export type Terminal = Pick<Tty, Exclude<keyof Tty, "sayLast">>;

function consoleSize(): { columns: number; rows: number } {
  try {
    const { columns, rows } = Deno.consoleSize();
    if (columns > 0 && rows > 0) return { columns: Math.min(columns, SIZE_MAX), rows: Math.min(rows, SIZE_MAX) };
  } catch {
    // Nothing is a terminal.
  }
  return { columns: 80, rows: 24 };
}

/** Until it has resolved, and no longer than that. */
async function within(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  await Promise.race([work, new Promise((resolve) => timer = setTimeout(resolve, ms))]);
  clearTimeout(timer);
}

function writeAtOnce(stream: Stream, text: string, writeNow: WriteNow | undefined): void {
  if (text === "") return;
  const bytes = encoder.encode(text);
  if (writeNow !== undefined) {
    // Again and again while it is full for a moment or a painting holds it; then it is stuck.
    const fd = stream === Deno.stdout ? 1 : 2;
    for (let i = 1; !writeNow(fd, bytes) && i < LEAVE_TRIES; i++) pause(1);
    return;
  }
  stream.write(bytes).catch(() => {});
  pause(LEAVE_WAIT_MS);
}

/** Stops this thread; the threads that write go on, and no other code of ours runs. */
function pause(ms: number): void {
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  } catch {
    // Not allowed on this thread: what was begun has been begun all the same.
  }
}

const encoder = new TextEncoder();
const READ_SIZE = 16384;
/** How long an ordinary end waits for a terminal that takes nothing. */
const RESTORE_MS = 300;
/**
 * Without `writeNow`: a write takes 0.1 ms on an idle machine. On one with three times as much to do as it has cores, 3 ms
 * was too short for its thread in one panic of forty, and the messages stayed on the screen (tests/panic/panic.ts).
 */
const LEAVE_WAIT_MS = 8;
const PAINTING_WAIT_MS = 2;
/** Bytes that a pipe of Linux takes whole or not at all. */
const PIPE_BUF = 4096;
const LEAVE_TRIES = 5;
/** A terminal that claims to be larger is believed up to here. */
const SIZE_MAX = 1000;

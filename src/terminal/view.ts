// The three views of one conversation: the screen, plain sentences, JSON lines. In here: reading keys or lines from the
// terminal's owner, showing notices, saying when they have really been written. Not in here: what a command does, when to
// stop, anything that outlives `stop`.

import type { Notice } from "../notice.ts";
import { jsonLine } from "./json.ts";
import { answersYes, ESCAPE_MS, type Key, KeyDecoder, type KeyName } from "./keys.ts";
import { COMMANDS, LineEditor } from "./line_editor.ts";
import { suspicion } from "./secret_filter.ts";
import { newPeople } from "./text/roster.ts";
import { type PlainContext, plainLines } from "./plain.ts";
import { isolate, sanitise, withoutIsolates } from "./text/sanitise.ts";
import { ChatScreen } from "./screen/screen.ts";
import type { Terminal } from "./tty.ts";
import { widestOf, wrap } from "./text/width.ts";

export type Input =
  /** A message or a command. From a screen it may hold line breaks. */
  | { type: "line"; text: string }
  /** Asked and confirmed (Ctrl-C), or Ctrl-D on an empty line. */
  | { type: "leave" }
  /** F12, Ctrl-\, or the terminal is gone. */
  | { type: "panic" }
  /** The end of piped input. */
  | { type: "end" };

export interface View {
  /** Takes over the terminal. */
  start(): void;
  /** May be called before `start`, and is then shown by it. `shown` is called once the text has really been written to the terminal or pipe; never if it has not. */
  show(notice: Notice, shown?: () => void): void;
  /** Holds piped lines back; nothing happens to a person's keys. */
  hold(on: boolean): void;
  /** A line could not be sent: on a screen it goes back to where it was typed. */
  giveBack(text: string): void;
  /** Shows the passing of time, once a second or so while the program is waiting for something. */
  tick(): void;
  /** Flushes what can be flushed within a short time, restores the terminal; nothing is written afterwards. */
  stop(): Promise<void>;
  /** At once, whatever the terminal does: clears the own screen, restores, forgets everything. May be called again. */
  panic(): void;
}

export interface ViewOptions {
  colour: "auto" | "none";
  /** Rings for each message: a leak on a shared desk, so only when asked for. */
  bell: boolean;
  /** Milliseconds since the epoch. */
  wall: () => number;
  /** One's own name. */
  name?: string;
  /** Whether a text holds the phrase of this session. Asked before anything is sent from a terminal. */
  guard?: (text: string) => boolean;
  /** When a person's keys are acted on and notices painted; without it, at once. */
  pace?: Pace;
  /** Calls once, later; what it returns cancels that. Without it an ESC waits for the next key, unless it answers a question. */
  after?: (ms: number, run: () => void) => () => void;
}

/** Runs work in the order in which it was asked for, perhaps a few milliseconds later. */
export interface Pace {
  run(work: () => void): void;
  /** Whatever still waits, now. */
  flush(): void;
}

const AT_ONCE: Pace = { run: (work) => work(), flush: () => {} };

/** `tty` is lent until `stop` or `panic`, which restore it. */
export function openView(
  kind: "screen" | "plain" | "json",
  tty: Terminal,
  options: ViewOptions,
  onInput: (input: Input) => void,
): View {
  if (kind === "screen" && tty.inputIsTerminal && tty.outputIsTerminal) return screenView(tty, options, onInput);
  return lineView(kind === "json" ? "json" : "plain", tty, options, onInput);
}

function screenView(tty: Terminal, options: ViewOptions, onInput: (input: Input) => void): View {
  const { columns, rows } = tty.size();
  const screen = new ChatScreen(
    {
      colour: options.colour === "auto",
      clock: clockTimes(),
      ...(options.name === undefined ? {} : { name: options.name }),
      ...(options.guard === undefined ? {} : { guard: options.guard }),
    },
    columns,
    rows,
  );
  const decoder = new KeyDecoder();
  const pace = options.pace ?? AT_ONCE;
  let running = false;
  /** Nothing of what still waits is taken in any more. */
  let over = false;
  const paced = (work: () => void) => pace.run(() => over || work());
  let bell = false;
  /** Told after the next painting. */
  let waiting: (() => void)[] = [];

  /** One painting at a time: what changes while a slow terminal takes one goes into the next, however much it is. */
  let queued = false;
  const paint = async () => {
    if (!running) return;
    if (tty.backlog > 0) {
      if (queued) return;
      queued = true;
      await tty.write(""); // taken after all that is before it
      queued = false;
      return paint();
    }
    const told = waiting;
    waiting = [];
    const out = (bell ? "\x07" : "") + screen.render(options.wall());
    bell = false;
    if (out === "" && told.length === 0) return;
    const written = await tty.write(out);
    if (written) { for (const shown of told) shown(); }
    return paint(); // what came meanwhile
  };
  let due = false;
  /** After the present step, so that ten notices or keys in a row are one painting. */
  const changed = () => {
    if (due) return;
    due = true;
    queueMicrotask(() =>
      paced(() => {
        due = false;
        void paint();
      })
    );
  };
  const onKeys = (keys: Key[]) => {
    if (keys.some(({ type }) => type === "panic")) return onInput({ type: "panic" }); // waits for nothing
    for (const key of keys) {
      paced(() => {
        if (!running) return;
        const action = screen.key(key);
        if (action !== undefined) onInput(action);
        changed();
      });
    }
  };

  const escapes = loneEscapes(decoder, options.after, onKeys);

  return {
    start() {
      if (running) return;
      running = true;
      tty.raw(true);
      void tty.write(tty.enter({ screen: true, paste: true }));
      tty.onClosed = () => running && onInput({ type: "panic" });
      tty.onResize(() => {
        const { columns, rows } = tty.size();
        screen.resize(columns, rows);
        changed();
      });
      tty.listen((chunk) => {
        onKeys(decoder.feed(chunk));
        escapes.read();
        // Asked after these keys, which may ask or answer.
        if (decoder.escaped) paced(() => screen.asks && escapes.now());
      }, () => running && onInput({ type: "panic" }));
      changed();
    },
    show(notice, shown) {
      const at = options.wall();
      paced(() => {
        screen.notice(notice, at);
        if (shown !== undefined) waiting.push(shown);
        if (options.bell && notice.event === "message") bell = true;
        changed();
      });
    },
    hold() {},
    giveBack(text) {
      paced(() => {
        screen.giveBack(text);
        changed();
      });
    },
    tick() {
      if (screen.busy) changed();
    },
    async stop() {
      if (!running) return;
      pace.flush();
      // What was handed over but is not painted yet still counts as shown if it reaches the terminal.
      void paint();
      running = false;
      over = true;
      screen.clear();
      await tty.restoreWithin();
    },
    panic() {
      running = false;
      over = true;
      waiting = [];
      tty.restore();
      screen.clear();
    },
  };
}

/** `plain` and `json`: one line after the other, from keys or from a pipe. */
function lineView(
  kind: "plain" | "json",
  tty: Terminal,
  options: ViewOptions,
  onInput: (input: Input) => void,
): View {
  const keyed = tty.inputIsTerminal;
  /** Only where what is typed and what is shown are on one terminal, and for people. */
  const echo = keyed && kind === "plain" && tty.outputIsTerminal;
  const context: PlainContext = { people: newPeople(options.name), sent: new Map(), echoed: echo };
  let running = false;
  /** Shown before `start`. */
  let early: [Notice, (() => void) | undefined][] | undefined = [];
  /** In raw mode a line feed alone does not return to the first column. */
  const lineEnd = keyed && tty.outputIsTerminal ? "\r\n" : "\n";

  const write = (lines: readonly string[], shown?: () => void) => {
    if (!running || (lines.length === 0 && shown === undefined)) return;
    // On a terminal a long line would go on at the start of the next row, where a peer could fake a line of the program:
    // it is broken here, and what continues is indented, as nothing else is.
    const columns = tty.size().columns - 1;
    const rows = kind === "json" || !tty.outputIsTerminal
      ? lines
      : lines.flatMap((line) =>
        wrap(withoutIsolates(line), columns, columns - INDENT.length, widestOf)
          .map((row, i) => (i > 0 ? INDENT : "") + isolate(row))
      );
    const block = rows.map((row) => row + lineEnd).join("");
    const text = typing === undefined ? block : typing.around(block);
    void tty.write(text).then((written) => written && shown?.());
  };
  const problem = (doing: string, wrong: string, next: string) => view.show({ event: "problem", doing, wrong, next });
  const typing = keyed ? typedLines(tty, echo, context, options, () => running, onInput, lineEnd) : undefined;
  const lines = pipedLines((text) => onInput({ type: "line", text }), problem);

  const view: View = {
    start() {
      if (running) return;
      running = true;
      tty.raw(true);
      if (echo) void tty.write(tty.enter({ screen: false, paste: true }));
      // Whoever reads a pipe may go away as they like; a terminal that is gone is an emergency.
      tty.onClosed = () => running && onInput({ type: keyed || tty.outputIsTerminal ? "panic" : "leave" });
      const shownEarly = early ?? [];
      early = undefined;
      for (const [notice, shown] of shownEarly) view.show(notice, shown);
      if (typing !== undefined) tty.listen(typing.feed, () => running && onInput({ type: "panic" }));
      else {
        tty.listen(lines.feed, () => {
          lines.end();
          lines.whenDrained(() => running && onInput({ type: "end" }));
        });
      }
    },
    show(notice, shown) {
      if (early !== undefined) {
        early.push([notice, shown]);
        return;
      }
      const now = options.wall();
      const bell = options.bell && notice.event === "message" && tty.outputIsTerminal ? "\x07" : "";
      const out = kind === "json" ? [jsonLine(notice, now)] : plainLines(notice, context);
      if (bell !== "" && kind === "plain") void tty.write(bell);
      write(out, shown);
    },
    hold(on) {
      if (on) tty.pause();
      else tty.resume();
      lines.hold(on);
    },
    giveBack() {},
    tick() {},
    async stop() {
      if (!running) return;
      await tty.restoreWithin();
      running = false;
      typing?.clear();
      lines.clear();
      context.sent.clear();
    },
    panic() {
      const lastWords = kind === "json" && running
        ? jsonLine({ event: "stopped", reason: "panic" }, options.wall()) + lineEnd
        : "";
      running = false;
      early = [];
      tty.restore(lastWords);
      typing?.clear();
      lines.clear();
      context.sent.clear();
    },
  };
  return view;
}

/** Lines typed on a terminal in raw mode, with the least echo that lets a person see what they write. */
function typedLines(
  tty: Terminal,
  echo: boolean,
  context: PlainContext,
  options: ViewOptions,
  running: () => boolean,
  onInput: (input: Input) => void,
  lineEnd: string,
): { feed: (chunk: Uint8Array) => void; around: (block: string) => string; clear: () => void } {
  const decoder = new KeyDecoder();
  const editor = new LineEditor((word, first) => {
    if (first && word.startsWith("/")) return COMMANDS.filter((command) => command.startsWith(word));
    return [...context.people.here.keys()].map((peer) => withoutIsolates(context.people.names.get(peer) ?? ""))
      .filter((name) => name.toLowerCase().startsWith(word.toLowerCase()));
  });
  let question: { text: string; yes: () => void; key?: KeyName } | undefined;
  const say = (text: string) => {
    if (echo) void tty.write(text);
  };
  /** The line as it stands on the terminal now. */
  let seen = "";
  const visible = () => withoutIsolates(sanitise(editor.text, "text")).replaceAll("\n", " ").replaceAll("\t", " ");
  /** Whether so many cells at the end of `seen` stand in its last row: the cursor does not go back over the row's edge. */
  const inLastRow = (cells: number) => {
    const { columns } = tty.size();
    return PRINTABLE.test(seen) ? cells <= seen.length % columns : widestOf(seen) < columns;
  };
  /** Adds what is new at the end, takes back what is gone at the end; what changed before that is written again below. */
  const update = () => {
    const now = visible();
    if (now === seen) return;
    if (now.startsWith(seen)) say(now.slice(seen.length));
    else if (seen.startsWith(now) && PRINTABLE.test(seen.slice(now.length)) && inLastRow(seen.length - now.length)) {
      say("\b \b".repeat(seen.length - now.length));
    } else say((seen === "" ? "" : lineEnd) + now);
    seen = now;
  };
  const ask = (text: string, yes: () => void, key?: KeyName) => {
    question = { text, yes, ...(key === undefined ? {} : { key }) };
    say(lineEnd + text + lineEnd);
    seen = "";
  };
  const send = () => {
    say(lineEnd);
    seen = "";
    onInput({ type: "line", text: editor.take() });
  };

  const onKey = (key: Key) => {
    if (key.type === "panic") return onInput({ type: "panic" });
    if (question !== undefined) {
      const { yes, key: name } = question;
      question = undefined;
      if (answersYes(key, name)) yes();
      else update();
      return;
    }
    if (key.type === "text") editor.insert(key.text);
    else if (key.type === "paste") {
      if (key.cut || !editor.insert(key.text)) say(`${lineEnd}That paste is too long and was left out.${lineEnd}`);
    } else if (key.name === "enter") {
      if (editor.text.trim() === "") return;
      const secret = options.guard?.(editor.text) === true ? "the phrase of this session" : suspicion(editor.text);
      if (secret === undefined || !echo) send(); // a question that nobody sees would only swallow a key
      else ask(`This looks like ${secret}. Send it? Press y to send, any other key to go back.`, send);
      return;
    } else if (key.name === "ctrl-c") {
      const leave = () => onInput({ type: "leave" });
      if (echo) ask("Leave? Press y or Ctrl-C again to leave, any other key to stay.", leave, "ctrl-c");
      else leave();
      return;
    } else if (key.name === "ctrl-d" && editor.text === "") return onInput({ type: "leave" });
    else editor.key(key.name);
    update();
  };

  const onKeys = (keys: Key[]) => {
    for (const key of keys) if (running()) onKey(key);
  };
  const escapes = loneEscapes(decoder, options.after, onKeys);

  return {
    feed(chunk) {
      onKeys(decoder.feed(chunk));
      escapes.read();
      if (question !== undefined) escapes.now();
    },
    /** A block of whole lines between what is being typed: below it, and then the typed text again. */
    around(block) {
      if (!echo || seen === "" || block === "") return block;
      return lineEnd + block + seen;
    },
    clear() {
      editor.clear();
      seen = "";
      question = undefined;
    },
  };
}

/**
 * The Escape key is the first byte of other keys too: it is taken for itself when nothing has followed for a moment, or
 * `now`. Else the y or Enter that is typed next would be Alt and that key.
 */
function loneEscapes(
  decoder: KeyDecoder,
  after: ViewOptions["after"],
  onKeys: (keys: Key[]) => void,
): { read: () => void; now: () => void } {
  let cancel: (() => void) | undefined;
  const now = () => {
    cancel?.();
    cancel = undefined;
    onKeys(decoder.escape());
  };
  return {
    /** After each chunk. */
    read() {
      cancel?.();
      cancel = decoder.escaped ? after?.(ESCAPE_MS, now) : undefined;
    },
    now,
  };
}

/**
 * Piped bytes cut at LF or CRLF, strictly decoded. Too long or ill-formed ones are named in a problem and left out. While
 * held, lines wait here, and the Tty reads no more, so what waits is bounded by one read.
 */
function pipedLines(
  onLine: (text: string) => void,
  problem: (doing: string, wrong: string, next: string) => void,
): {
  feed: (chunk: Uint8Array) => void;
  end: () => void;
  hold: (on: boolean) => void;
  whenDrained: (f: () => void) => void;
  clear: () => void;
} {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let part = new Uint8Array(1024);
  let length = 0;
  let tooLong = false;
  let held = false;
  let emitting = false;
  let number = 0;
  let queue: (() => void)[] = [];

  const drain = () => {
    if (emitting) return; // `onLine` may call `hold`
    emitting = true;
    while (!held && queue.length > 0) queue.shift()?.();
    emitting = false;
  };
  const finish = () => {
    number++;
    if (tooLong) {
      const line = number;
      queue.push(() =>
        problem(`Could not send line ${line}.`, `It is longer than ${LINE_MAX_BYTES} bytes.`, "Send it in pieces.")
      );
    } else {
      const end = length > 0 && part[length - 1] === 0x0d ? length - 1 : length;
      try {
        const text = decoder.decode(part.subarray(0, end));
        queue.push(() => onLine(text));
      } catch {
        const line = number;
        queue.push(() => problem(`Could not send line ${line}.`, "It is not UTF-8.", "Convert it, and send it again."));
      }
    }
    part.fill(0, 0, length);
    length = 0;
    tooLong = false;
  };
  return {
    feed(chunk) {
      for (const byte of chunk) {
        if (byte === 0x0a) finish();
        else if (length >= LINE_MAX_BYTES) tooLong = true;
        else {
          if (length === part.length) {
            const larger = new Uint8Array(part.length * 2);
            larger.set(part);
            part.fill(0);
            part = larger;
          }
          part[length++] = byte;
        }
      }
      drain();
    },
    end() {
      if (length > 0 || tooLong) finish(); // the last line without its LF
      drain();
    },
    hold(on) {
      held = on;
      if (!on) drain();
    },
    whenDrained(f) {
      queue.push(f);
      drain();
    },
    clear() {
      part.fill(0);
      length = 0;
      queue = [];
    },
  };
}

/** Local time as `12:04`. Numbers in, so that no clock is read here. */
function clockTimes(): (at: number) => string {
  let format: Intl.DateTimeFormat | undefined;
  let minute = -1;
  let text = "";
  return (at) => {
    const now = Math.floor(at / 60_000);
    if (now !== minute) {
      format ??= new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
      text = format.format(at);
      minute = now;
    }
    return text;
  };
}

const INDENT = "  ";
/** Longer than any message. */
const LINE_MAX_BYTES = 65_536;
const PRINTABLE = /^[\x20-\x7e]*$/;

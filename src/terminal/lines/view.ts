// `--plain` and `--json`: one line after the other, from keys or from a pipe.

import type { Notice } from "../../notice.ts";
import { isForPeople, jsonLine } from "../json.ts";
import { Keyboard } from "../keyboard.ts";
import type { PlainKey } from "../keys.ts";
import { type PlainContext, plainLines } from "../plain.ts";
import { label, newRoster } from "../text/roster.ts";
import { widestOf, wrap } from "../text/width.ts";
import { leftOut, NOT_CLEARED } from "../../words/screen.ts";
import type { PeerId } from "../../ports.ts";
import type { Terminal } from "../tty.ts";
import { callOf, type Input, type View, type ViewOptions } from "../view.ts";
import { HeldLines } from "./held.ts";
import { PipedLines } from "./piped.ts";
import { TypedLines } from "./typed.ts";

export class LineView implements View {
  readonly #kind: "plain" | "json";
  readonly #tty: Terminal;
  readonly #options: ViewOptions;
  readonly #onInput: (input: Input) => void;
  /** In raw mode a line feed alone does not return to the first column. */
  readonly #lineEnd: string;
  readonly #context: PlainContext;
  /** Where the input is a terminal; else it is a pipe. */
  readonly #typing: TypedLines | undefined;
  readonly #piped: PipedLines | undefined;
  /** Of plain lines. */
  readonly #held: HeldLines | undefined;
  readonly #keyboard: Keyboard;
  #running = false;
  /** Notices that nobody will read. */
  #leftOut = 0;

  constructor(kind: "plain" | "json", tty: Terminal, options: ViewOptions, onInput: (input: Input) => void) {
    const keyed = tty.inputIsTerminal;
    this.#kind = kind;
    this.#tty = tty;
    this.#options = options;
    this.#onInput = onInput;
    // Only where what is typed and what is shown are on one terminal, and for people.
    const echoed = keyed && kind === "plain" && tty.outputIsTerminal;
    this.#lineEnd = keyed && tty.outputIsTerminal ? "\r\n" : "\n";
    this.#context = { roster: newRoster(options.name), sent: new Map(), echoed };
    this.#keyboard = new Keyboard(options.after, (keys) => this.#keys(keys), () => this.#tell({ type: "panic" }));
    this.#typing = keyed ? this.#typedLines() : undefined;
    this.#piped = keyed ? undefined : this.#pipedLines();
    this.#held = kind === "plain"
      ? new HeldLines(this.#context, options.after, (lines, event) => this.#say(lines, event))
      : undefined;
  }

  start(): void {
    if (this.#running) return;
    this.#running = true;
    const tty = this.#tty;
    tty.raw(true);
    if (this.#context.echoed) void tty.write(tty.enter({ screen: false, paste: true }));
    // Whoever reads a pipe may go away as they like; a terminal that is gone is an emergency.
    const gone = tty.inputIsTerminal || tty.outputIsTerminal ? "panic" : "leave";
    tty.onClosed = () => this.#tell({ type: gone });
    tty.onContinued = () => void (this.#running && tty.write(this.#typing?.again() ?? ""));
    this.#piped?.start();
    if (this.#typing !== undefined) tty.listen((chunk) => this.#read(chunk), () => this.#tell({ type: "panic" }));
  }

  show(notice: Notice, shown?: () => void): void {
    if (this.#kind === "json" && isForPeople(notice)) return;
    if (this.#held?.takes(notice)) return;
    const now = this.#options.wall();
    const out = this.#kind === "json" ? [jsonLine(notice, now)] : this.#plain(notice);
    const call = notice.event === "message" && this.#tty.outputIsTerminal ? callOf(this.#options) : "";
    if (call !== "" && this.#kind === "plain") void this.#tty.write(call);
    this.#say(out, notice.event, shown);
  }

  hold(on: boolean): void {
    this.#piped?.hold(on);
  }

  giveBack(): void {}

  clear(): void {
    this.#context.sent.clear();
    this.#typing?.clear();
    if (this.#kind === "json") return;
    const { wipe } = this.#tty;
    if (wipe === "") this.show({ event: "hint", text: NOT_CLEARED });
    else void this.#tty.write(wipe);
  }

  tick(): void {}

  async stop(next?: "asks" | "told"): Promise<void> {
    if (!this.#running) return;
    if (next === undefined) this.#held?.sayAll();
    else this.#held?.drop();
    await (next === "asks" ? this.#tty.leaveWithin() : this.#tty.restoreWithin());
    this.#running = false;
    this.#forget();
  }

  panic(): void {
    const lastWords = this.#kind === "json" && this.#running
      ? jsonLine({ event: "stopped", reason: "panic" }, this.#options.wall()) + this.#lineEnd
      : "";
    this.#held?.drop();
    this.#running = false;
    this.#tty.restore(lastWords);
    this.#forget();
  }

  #say(lines: readonly string[], event: Notice["event"], shown?: () => void): void {
    if (this.#tty.backlog > UNREAD_MAX && LEFT_OUT.has(event)) {
      this.#leftOut++;
      return;
    }
    this.#write(lines, shown);
  }

  /** Once somebody reads again. */
  #sayLeftOut(): void {
    const count = this.#leftOut;
    if (count === 0 || this.#tty.backlog > 0) return;
    this.#leftOut = 0;
    this.show({ event: "hint", text: leftOut(count) });
  }

  #tell(input: Input): void {
    if (this.#running) this.#onInput(input);
  }

  #typedLines(): TypedLines {
    const { roster, echoed } = this.#context;
    const { holdsPhrase } = this.#options;
    const parts = { roster: () => roster, label: (peer: PeerId) => label(roster, peer), holdsPhrase, blind: !echoed };
    return new TypedLines(this.#tty, parts, (line) => this.#block([line]), this.#onInput);
  }

  #pipedLines(): PipedLines {
    return new PipedLines(this.#tty, {
      line: (text) => {
        this.#held?.sayAll();
        this.#onInput({ type: "line", text });
      },
      problem: (doing, wrong, next) => this.show({ event: "problem", doing, wrong, next }),
      end: () => this.#tell({ type: "end" }),
    });
  }

  #read(chunk: Uint8Array): void {
    this.#keyboard.feed(chunk);
    if (this.#typing?.asks === true) this.#keyboard.escape();
  }

  #keys(keys: readonly PlainKey[]): void {
    if (keys.length > 0 && this.#running) this.#held?.sayAll();
    for (const key of keys) if (this.#running) this.#typing?.key(key);
  }

  /** And nobody fills a row with blanks, whoever shows it in the end. */
  #plain(notice: Notice): string[] {
    const lines = plainLines(notice, this.#context);
    return notice.event === "message" ? lines.map((line) => line.replace(BLANKS, " ".repeat(BLANKS_MAX))) : lines;
  }

  #write(lines: readonly string[], shown?: () => void): void {
    if (!this.#running || (lines.length === 0 && shown === undefined)) return;
    const block = this.#block(lines);
    void this.#tty.write(this.#typing?.around(block) ?? block).then((written) => {
      if (written) shown?.();
      this.#sayLeftOut();
    });
  }

  #block(lines: readonly string[]): string {
    const rows = this.#kind === "json" ? lines : lines.flatMap((line) => this.#rows(line));
    return rows.map((row) => row + this.#lineEnd).join("");
  }

  /**
   * On a terminal a long line would go on at the start of the next row, where a peer could fake a line of the program: it
   * is broken here, and what continues is indented, as nothing else is. So it is wherever a person may be reading: of
   * `| tee` we see the keys or standard error alone.
   */
  #rows(text: string): string[] {
    const { inputIsTerminal, outputIsTerminal, errorIsTerminal } = this.#tty;
    if (!inputIsTerminal && !outputIsTerminal && !errorIsTerminal) return [text];
    const columns = this.#tty.size().columns - 1;
    return wrap(text, columns, columns - INDENT.length, widestOf).map((row, i) => (i > 0 ? INDENT : "") + row);
  }

  #forget(): void {
    this.#keyboard.stop();
    this.#typing?.clear();
    this.#piped?.clear();
    this.#context.sent.clear();
  }
}

/** Characters that wait for a reader who has stopped reading. */
const UNREAD_MAX = 4 * 1024 * 1024;
/** What friends and strangers can cause without end. Messages are bounded by themselves, and wait. */
const LEFT_OUT: ReadonlySet<Notice["event"]> = new Set(
  ["circle", "introduction", "named", "refused", "turned-away", "wrong-peer", "new-session", "hint"] as const,
);
const INDENT = "  ";
const BLANKS_MAX = 8;
/** More of them; a TAB and an ideographic space are blanks too. */
const BLANKS = /[ \t\u3000]{9,}/g;

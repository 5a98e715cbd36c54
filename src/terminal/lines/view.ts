// `--plain` and `--json`: one line after the other, from keys or from a pipe.

import type { Notice } from "../../notice.ts";
import { isForPeople, jsonLine } from "../json.ts";
import { type PlainContext, plainLines } from "../plain.ts";
import { isolate, withoutIsolates } from "../text/sanitise.ts";
import { newRoster } from "../text/roster.ts";
import { widestOf, wrap } from "../text/width.ts";
import { leftOut, NOT_CLEARED } from "../../words/screen.ts";
import { callOf } from "../call_person.ts";
import type { Terminal } from "../tty.ts";
import type { Input, View, ViewOptions } from "../view.ts";
import { HeldLines } from "./held.ts";
import { PipedLines } from "./piped.ts";
import { TypedLines } from "./typed.ts";

export class LineView implements View {
  readonly #kind: "plain" | "json";
  readonly #tty: Terminal;
  readonly #options: ViewOptions;
  readonly #onInput: (input: Input) => void;
  /** Only where what is typed and what is shown are on one terminal, and for people. */
  readonly #echo: boolean;
  /** In raw mode a line feed alone does not return to the first column. */
  readonly #lineEnd: string;
  readonly #context: PlainContext;
  readonly #typing: TypedLines | undefined;
  readonly #piped: PipedLines;
  /** Of plain lines, where there is a clock. */
  readonly #held: HeldLines | undefined;
  #running = false;
  /** Notices that nobody will read. */
  #leftOut = 0;
  /** Shown before `start`. */
  #early: [Notice, (() => void) | undefined][] | undefined = [];

  constructor(kind: "plain" | "json", tty: Terminal, options: ViewOptions, onInput: (input: Input) => void) {
    const keyed = tty.inputIsTerminal;
    this.#kind = kind;
    this.#tty = tty;
    this.#options = options;
    this.#onInput = onInput;
    this.#echo = keyed && kind === "plain" && tty.outputIsTerminal;
    this.#lineEnd = keyed && tty.outputIsTerminal ? "\r\n" : "\n";
    this.#context = { roster: newRoster(options.name), sent: new Map(), echoed: this.#echo };
    const parts = { tty, echo: this.#echo, roster: this.#context.roster, options, lineEnd: this.#lineEnd, onInput };
    const [running, before] = [() => this.#running, () => this.#held?.sayAll()];
    this.#typing = keyed ? new TypedLines({ ...parts, running, before }) : undefined;
    this.#held = kind === "plain" && options.after !== undefined
      ? new HeldLines(this.#context, options.after, (lines, event) => this.#say(lines, event))
      : undefined;
    this.#piped = new PipedLines({
      line: (text) => {
        this.#held?.sayAll();
        onInput({ type: "line", text });
      },
      problem: (doing, wrong, next) => this.show({ event: "problem", doing, wrong, next }),
    });
  }

  start(): void {
    if (this.#running) return;
    this.#running = true;
    const tty = this.#tty;
    tty.raw(true);
    if (this.#echo) void tty.write(tty.enter({ screen: false, paste: true }));
    // Whoever reads a pipe may go away as they like; a terminal that is gone is an emergency.
    const gone = tty.inputIsTerminal || tty.outputIsTerminal ? "panic" : "leave";
    tty.onClosed = () => this.#tell({ type: gone });
    tty.onContinued = () => void (this.#running && tty.write(this.#typing?.again() ?? ""));
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const [notice, shown] of early) this.show(notice, shown);
    const typing = this.#typing;
    if (typing !== undefined) tty.listen((chunk) => typing.feed(chunk), () => this.#tell({ type: "panic" }));
    else {
      tty.listen((chunk) => this.#piped.feed(chunk), () => {
        this.#piped.end();
        this.#piped.whenDrained(() => this.#tell({ type: "end" }));
      });
    }
  }

  show(notice: Notice, shown?: () => void): void {
    if (this.#early !== undefined) {
      this.#early.push([notice, shown]);
      return;
    }
    if (this.#kind === "json" && isForPeople(notice)) return;
    if (this.#held?.takes(notice)) return;
    const now = this.#options.wall();
    const out = this.#kind === "json" ? [jsonLine(notice, now)] : this.#plain(notice);
    const call = notice.event === "message" && this.#tty.outputIsTerminal ? callOf(this.#options) : "";
    if (call !== "" && this.#kind === "plain") void this.#tty.write(call);
    this.#say(out, notice.event, shown);
  }

  hold(on: boolean): void {
    if (on) this.#tty.pause();
    else this.#tty.resume();
    this.#piped.hold(on);
  }

  giveBack(): void {}

  clear(): void {
    this.#context.sent.clear();
    if (this.#kind === "json") return;
    const { wipe } = this.#tty;
    if (wipe === "") this.show({ event: "hint", text: NOT_CLEARED });
    else void this.#tty.write(wipe + (this.#typing?.again() ?? ""));
  }

  quiet(): void {}

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
    this.#early = [];
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

  /** And nobody fills a row with blanks, whoever shows it in the end. */
  #plain(notice: Notice): string[] {
    const lines = plainLines(notice, this.#context);
    return notice.event === "message" ? lines.map((line) => line.replace(BLANKS, " ".repeat(BLANKS_MAX))) : lines;
  }

  #write(lines: readonly string[], shown?: () => void): void {
    if (!this.#running || (lines.length === 0 && shown === undefined)) return;
    const rows = this.#kind === "json" ? lines : lines.flatMap((line) => this.#rows(line));
    const block = rows.map((row) => row + this.#lineEnd).join("");
    void this.#tty.write(this.#typing?.around(block) ?? block).then((written) => {
      if (written) shown?.();
      this.#sayLeftOut();
    });
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
    return wrap(withoutIsolates(text), columns, columns - INDENT.length, widestOf)
      .map((row, i) => (i > 0 ? INDENT : "") + isolate(row));
  }

  #forget(): void {
    this.#typing?.clear();
    this.#piped.clear();
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

// Lines typed on a terminal in raw mode, with the least echo that lets a person see what they write. Out of scope: what a
// line means, notices.

import { LEAVE_ASKED, PASTE_TOO_LONG, secretAsked, SECRETS } from "../../words/screen.ts";
import type { Input, ViewOptions } from "../view.ts";
import { LoneEscapes } from "../escapes.ts";
import { answersYes, type Key, KeyDecoder, type KeyName } from "../keys.ts";
import { LineEditor } from "../line_editor.ts";
import { suspicion } from "../secret_filter.ts";
import { sanitise, withoutIsolates } from "../text/sanitise.ts";
import { widestOf } from "../text/width.ts";
import { audienceText } from "../../words/circle.ts";
import { Audience } from "../text/audience.ts";
import { completions, label, type Roster } from "../text/roster.ts";
import type { Terminal } from "../tty.ts";

export interface TypedParts {
  readonly tty: Terminal;
  /** Whether the person sees here what they type. */
  readonly echo: boolean;
  readonly roster: Roster;
  readonly options: ViewOptions;
  readonly lineEnd: string;
  readonly running: () => boolean;
  /** Before any key is acted on but those of panic, which wait for nothing. */
  readonly before: () => void;
  readonly onInput: (input: Input) => void;
}

interface Question {
  readonly yes: () => void;
  /** Answers yes, besides y. */
  readonly key: KeyName | undefined;
}

/** One's own words: `clear` forgets them. */
export class TypedLines {
  readonly #parts: TypedParts;
  readonly #decoder = new KeyDecoder();
  readonly #escapes: LoneEscapes;
  readonly #editor: LineEditor;
  readonly #audience = new Audience();
  #question: Question | undefined;
  /** The line as it stands on the terminal now. */
  #seen = "";

  constructor(parts: TypedParts) {
    this.#parts = parts;
    this.#editor = new LineEditor((word, first) => completions(parts.roster, word, first));
    this.#escapes = new LoneEscapes(this.#decoder, parts.options.after, (keys) => this.#keys(keys));
  }

  /** The chunk is lent. */
  feed(chunk: Uint8Array): void {
    this.#keys(this.#decoder.feed(chunk));
    this.#escapes.read();
    if (this.#question !== undefined) this.#escapes.now();
  }

  /** A block of whole lines between what is being typed: below it, and then the typed text again. */
  around(block: string): string {
    if (!this.#parts.echo || this.#seen === "" || block === "") return block;
    return this.#parts.lineEnd + block + this.#seen;
  }

  /** The line as it is being typed, for a terminal that lost it. */
  again(): string {
    return this.#parts.echo && this.#seen !== "" ? this.#parts.lineEnd + this.#seen : "";
  }

  clear(): void {
    this.#editor.clear();
    this.#seen = "";
    this.#question = undefined;
  }

  #keys(keys: Key[]): void {
    if (!this.#parts.running()) return;
    // It waits for nothing that was typed before it.
    if (keys.some(({ type }) => type === "panic")) return this.#parts.onInput({ type: "panic" });
    if (keys.length > 0) this.#parts.before();
    for (const key of keys) if (key.type !== "panic" && this.#parts.running()) this.#key(key);
  }

  #key(key: Exclude<Key, { type: "panic" }>): void {
    const question = this.#question;
    this.#question = undefined;
    if (question === undefined) this.#typed(key);
    else if (answersYes(key, question.key)) question.yes();
    else this.#update();
    this.#audience.typed(this.#editor.text, this.#parts.roster.here.keys());
  }

  #typed(key: Exclude<Key, { type: "panic" }>): void {
    if (key.type === "text") this.#editor.insert(key.text);
    else if (key.type === "paste") this.#paste(key.text, key.cut);
    else if (key.name === "enter") return this.#enter();
    else if (key.name === "ctrl-c") return this.#interrupt();
    else if (key.name === "ctrl-d" && this.#editor.text === "") return this.#parts.onInput({ type: "leave" });
    else this.#editor.key(key.name);
    this.#update();
  }

  #paste(text: string, tooLong: boolean): void {
    if (!tooLong && this.#editor.insert(text)) return;
    const { lineEnd } = this.#parts;
    this.#say(`${lineEnd}${PASTE_TOO_LONG}${lineEnd}`);
    this.#seen = "";
  }

  /** `meant`: it looks like a secret, and the person wants to send it all the same. */
  #enter(meant = false): void {
    const { text } = this.#editor;
    if (text.trim() === "") return;
    const { echo, options, roster, lineEnd } = this.#parts;
    const here = [...roster.here.keys()];
    const newcomers = this.#audience.newcomers(text, here);
    if (newcomers.length > 0 && echo) {
      const names = (peers: readonly string[]) => peers.map((peer) => label(roster, peer));
      this.#say(`${lineEnd}${audienceText(names(newcomers), names(here))}${lineEnd}`);
      this.#seen = "";
      return this.#update();
    }
    if (meant || !echo) return this.#send(); // a question that nobody sees would only swallow a key
    const secret = options.holdsPhrase?.(text) === true ? SECRETS.phrase : suspicion(text);
    if (secret === undefined) return this.#send();
    this.#ask(secretAsked(secret), () => this.#enter(true)); // somebody may come before the answer
  }

  #interrupt(): void {
    const leave = () => this.#parts.onInput({ type: "leave" });
    if (!this.#parts.echo) return leave();
    this.#ask(LEAVE_ASKED, leave, "ctrl-c");
  }

  #ask(text: string, yes: () => void, key?: KeyName): void {
    const { lineEnd } = this.#parts;
    this.#question = { yes, key };
    this.#say(lineEnd + text + lineEnd);
    this.#seen = "";
  }

  #send(): void {
    this.#say(this.#parts.lineEnd);
    this.#seen = "";
    this.#parts.onInput({ type: "line", text: this.#editor.take() });
  }

  #say(text: string): void {
    if (this.#parts.echo) void this.#parts.tty.write(text);
  }

  /** Adds what is new at the end, takes back what is gone at the end; what changed before that is written again below. */
  #update(): void {
    const seen = this.#seen;
    const now = withoutIsolates(sanitise(this.#editor.text, "text")).replaceAll("\n", " ").replaceAll("\t", " ");
    if (now === seen) return;
    const gone = seen.length - now.length;
    if (now.startsWith(seen)) this.#say(now.slice(seen.length));
    else if (seen.startsWith(now) && PRINTABLE.test(seen.slice(now.length)) && this.#inLastRow(gone)) {
      this.#say("\b \b".repeat(gone));
    } else this.#say((seen === "" ? "" : this.#parts.lineEnd) + now);
    this.#seen = now;
  }

  /** Whether this many cells at the end of `seen` are in its last row: the cursor cannot go back over the row's edge. */
  #inLastRow(cells: number): boolean {
    const { columns } = this.#parts.tty.size();
    return PRINTABLE.test(this.#seen) ? cells <= this.#seen.length % columns : widestOf(this.#seen) < columns;
  }
}

const PRINTABLE = /^[\x20-\x7e]*$/;

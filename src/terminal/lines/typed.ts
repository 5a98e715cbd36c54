// Lines typed on a terminal in raw mode, with the least echo that lets a person see what they write. Out of scope: what a
// line means, what keeps it from being sent (composer.ts), notices.

import { Composer, type ComposerParts } from "../composer.ts";
import type { PlainKey } from "../keys.ts";
import { sanitise, withoutIsolates } from "../text/sanitise.ts";
import { widestOf } from "../text/width.ts";
import type { Terminal } from "../tty.ts";
import type { Input } from "../view.ts";

/** One's own words: `clear` forgets them. */
export class TypedLines {
  readonly #tty: Terminal;
  /** Whether the person sees here what they type. */
  readonly #echo: boolean;
  readonly #composer: Composer;
  readonly #block: (line: string) => string;
  readonly #onInput: (input: Input) => void;
  /** The line as it stands on the terminal now. */
  #seen = "";

  /** `block`: a line of the program as whole rows, none of which a friend's name can begin. */
  constructor(tty: Terminal, parts: ComposerParts, block: (line: string) => string, onInput: (input: Input) => void) {
    this.#tty = tty;
    this.#echo = parts.blind !== true;
    this.#composer = new Composer(parts);
    this.#block = block;
    this.#onInput = onInput;
  }

  /** Whether the next key answers a question. */
  get asks(): boolean {
    return this.#composer.asks !== undefined;
  }

  key(key: PlainKey): void {
    const input = this.#composer.key(key);
    const { asks, remark } = this.#composer;
    const said = asks?.[0] ?? remark;
    if (said !== "") this.#below(`\r\n${this.#block(said)}`);
    if (input?.type === "line") this.#below("\r\n");
    if (asks === undefined && input === undefined) this.#update();
    if (input !== undefined) this.#onInput(input);
  }

  /** A block of whole lines between what is being typed: below it, and then the typed text again. */
  around(block: string): string {
    return this.#seen === "" || block === "" ? block : `\r\n${block}${this.#seen}`;
  }

  /** The line as it is being typed, for a terminal that lost it. */
  again(): string {
    return this.#seen === "" ? "" : `\r\n${this.#seen}`;
  }

  clear(): void {
    this.#composer.clear();
    this.#seen = "";
  }

  #say(text: string): void {
    if (this.#echo) void this.#tty.write(text);
  }

  /** What is typed then goes on in a row of its own. */
  #below(text: string): void {
    this.#say(text);
    this.#seen = "";
  }

  /** Adds what is new at the end, takes back what is gone at the end; what changed before that is written again below. */
  #update(): void {
    if (!this.#echo) return;
    const seen = this.#seen;
    const now = withoutIsolates(sanitise(this.#composer.editor.text, "text")).replaceAll(/[\n\t]/g, " ");
    if (now === seen) return;
    const gone = seen.length - now.length;
    if (now.startsWith(seen)) this.#say(now.slice(seen.length));
    else if (seen.startsWith(now) && PRINTABLE.test(seen.slice(now.length)) && this.#inLastRow(gone)) {
      this.#say("\b \b".repeat(gone));
    } else this.#say((seen === "" ? "" : "\r\n") + now);
    this.#seen = now;
  }

  /** Whether this many cells at the end of `seen` are in its last row: the cursor cannot go back over the row's edge. */
  #inLastRow(cells: number): boolean {
    const { columns } = this.#tty.size();
    return PRINTABLE.test(this.#seen) ? cells <= this.#seen.length % columns : widestOf(this.#seen) < columns;
  }
}

const PRINTABLE = /^[\x20-\x7e]*$/;

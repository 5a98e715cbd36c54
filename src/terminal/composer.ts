// The line that a person is writing, and what keeps it from being sent by accident: the same on the screen and with
// --plain. Scope: what a key does to it, questions, remarks. Out of scope: how all this is shown, what a line means.

import type { PeerId } from "../ports.ts";
import { hidesCommand, isCommand } from "../words/commands.ts";
import { audienceText } from "../words/circle.ts";
import { LEAVE, LINE_FULL, PASTE_TOO_LONG, SECRETS, secretTexts } from "../words/screen.ts";
import { answersYes, type KeyName, type PlainKey } from "./keys.ts";
import { LineEditor } from "./line_editor.ts";
import { completions, type Roster } from "./text/roster.ts";
import type { Input } from "./view.ts";

export interface ComposerParts {
  readonly roster: () => Roster;
  /** A friend, as the person reads it here. */
  readonly label: (peer: PeerId) => string;
  readonly holdsPhrase: (text: string) => boolean;
  /** Nobody sees here what is asked, so nothing is: a question would only swallow a key. */
  readonly blind?: boolean;
}

interface Question {
  /** The same, from the longest to the shortest: what the keys do matters most where there is little room. */
  readonly texts: readonly string[];
  readonly yes: () => Input | undefined;
  /** Answers yes, besides y. */
  readonly key?: KeyName;
}

/** One's own words: `clear` forgets them. */
export class Composer {
  readonly editor: LineEditor;
  readonly #parts: ComposerParts;
  #question: Question | undefined;
  /** What the last key led to, for the person to read; "" as a rule. */
  remark = "";
  /** Who was here when the line was begun; undefined: nothing is typed. */
  #begunFor: ReadonlySet<PeerId> | undefined;

  constructor(parts: ComposerParts) {
    this.#parts = parts;
    this.editor = new LineEditor((word, first) => completions(parts.roster(), word, first));
  }

  /** What is asked, in several lengths, and answered by the next key, which does nothing else; undefined if nothing is. */
  get asks(): readonly string[] | undefined {
    return this.#question?.texts;
  }

  /** What the key asks of the program. `starts`: where the rows of the text begin, for the arrows. */
  key(key: PlainKey, starts?: () => readonly number[]): Input | undefined {
    this.remark = "";
    const question = this.#question;
    this.#question = undefined;
    let input: Input | undefined;
    if (question === undefined) input = this.#typed(key, starts);
    else if (answersYes(key, question.key)) input = question.yes();
    this.#note();
    return input;
  }

  /** A line that could not be sent, unless something else has been begun. */
  giveBack(text: string): void {
    if (this.editor.text === "") this.#insert(text);
    this.#note();
  }

  clear(): void {
    this.editor.clear();
    this.#question = undefined;
    this.#begunFor = undefined;
    this.remark = "";
  }

  #typed(key: PlainKey, starts?: () => readonly number[]): Input | undefined {
    const { editor } = this;
    if (key.type === "text") return this.#insert(key.text);
    if (key.type === "paste") return key.cut ? this.#say(PASTE_TOO_LONG) : this.#insert(key.text);
    switch (key.name) {
      case "enter":
        return this.#enter();
      case "ctrl-c":
        return this.#ask({ texts: LEAVE, yes: () => ({ type: "leave" }), key: "ctrl-c" });
      case "ctrl-d":
        if (editor.text === "") return { type: "leave" };
        return void editor.key("delete");
      case "tab":
        return this.#say(editor.complete().slice(0, CHOICES_MAX).join("  "));
      case "up":
      case "down":
        return void editor.key(key.name, starts?.());
      default:
        return void editor.key(key.name);
    }
  }

  #insert(text: string): undefined {
    if (!this.editor.insert(text)) this.#say(LINE_FULL);
  }

  #say(remark: string): undefined {
    this.remark = remark;
  }

  #ask(question: Question): Input | undefined {
    if (this.#parts.blind === true) return question.yes();
    this.#question = question;
    return undefined;
  }

  /** `meant`: it looks like a secret, and the person wants to send it all the same. */
  #enter(meant = false): Input | undefined {
    const { text } = this.editor;
    if (text.trim() === "") return undefined;
    const newcomers = this.#newcomers(text);
    if (newcomers.length > 0 && this.#parts.blind !== true) {
      const names = (peers: readonly PeerId[]) => peers.map(this.#parts.label);
      return this.#say(audienceText(names(newcomers), names(this.#here)));
    }
    const secret = meant
      ? undefined
      : this.#parts.holdsPhrase(text)
      ? SECRETS.phrase
      : hidesCommand(text)
      ? SECRETS.command
      : undefined;
    if (secret === undefined) return { type: "line", text: this.editor.take() };
    // Somebody may come before the answer.
    return this.#ask({ texts: secretTexts(secret), yes: () => this.#enter(true) });
  }

  get #here(): PeerId[] {
    return [...this.#parts.roster().here.keys()];
  }

  /** After each key. */
  #note(): void {
    if (this.editor.text === "") this.#begunFor = undefined;
    else this.#begunFor ??= new Set(this.#here);
  }

  /**
   * Who would get the line and was not here when it was begun: what is meant for some must not go to others who arrived
   * meanwhile. They are noted, so that the next Enter sends.
   */
  #newcomers(text: string): PeerId[] {
    // A command goes to nobody, and /msg names whom it goes to.
    if (isCommand(text)) return [];
    const newcomers = this.#here.filter((peer) => this.#begunFor?.has(peer) === false);
    this.#begunFor = new Set(this.#here);
    return newcomers;
  }
}

/** More choices than that are not shown. */
const CHOICES_MAX = 20;

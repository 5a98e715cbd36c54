// The hidden prompt: keys straight from the read buffer into locked memory. Scope: the machine, asking with it on a
// terminal, and the first line of a pipe. Out of scope: what a good phrase is (auth), error messages (words). Light:
// the prompt appears before everything else is loaded.

import { PHRASE_MAX_BYTES } from "../constants.ts";
import type { LockedBytes } from "../secrets/locked.ts";
import {
  ALT,
  isControl,
  isF2Sequence,
  isPanicSequence,
  numbered,
  PANIC_BYTE,
  PASTE_BEGIN,
  PASTE_END,
  PENDING,
  SEQUENCE,
  SequenceScanner,
} from "./_sequences.ts";
import type { Terminal } from "./tty.ts";

/** `length` bytes of the phrase stand at the start of the locked memory. After the other outcomes it holds zeros. */
export type PromptOutcome =
  | { type: "done"; length: number; decoy: boolean }
  | { type: "leave" }
  | { type: "panic" }
  | { type: "too-long" };

/** Printed at the end, as the words are at the start: the same bytes whatever was typed and however it was finished. */
export const PROMPT_END = "\r\n";
/** How often a prompt asks for what cannot be taken before the program gives up. */
export const PROMPTS = 5;

/**
 * Enter finishes, F2 finishes in decoy mode. Backspace takes a whole character, Ctrl-U all. Of a paste the first line
 * counts, as with --phrase-fd; its line end finishes nothing, so that Enter or F2 still decides.
 */
export class HiddenPrompt {
  readonly #into: LockedBytes;
  readonly #capacity: number;
  readonly #scanner = new SequenceScanner();
  #length = 0;
  #tooLong = false;
  #pasting = false;
  /** The first line of this paste is over: the rest is ignored. */
  #pastedLine = false;
  #over = false;

  /** `into` is lent until the outcome; at least PHRASE_MAX_BYTES long. */
  constructor(into: LockedBytes) {
    this.#into = into;
    this.#capacity = Math.min(PHRASE_MAX_BYTES, into.length);
  }

  /** Bytes of the phrase so far. Never shown. */
  get length(): number {
    return this.#length;
  }

  /** Takes all of the lent chunk. After the outcome only panic is still answered, and all else is forgotten. */
  feed(chunk: Uint8Array): PromptOutcome | undefined {
    let outcome: PromptOutcome | undefined;
    for (let i = 0; i < chunk.length; i++) {
      const now = this.#byte(chunk[i] ?? 0);
      if (now === undefined) continue;
      // A panic key later in the same chunk counts more than what was finished before it.
      if (now.type === "panic") return this.#finish(now);
      if (!this.#over) outcome = this.#finish(now);
    }
    return outcome;
  }

  #finish(outcome: PromptOutcome): PromptOutcome {
    this.#over = true;
    if (outcome.type !== "done" && !this.#into.disposed) this.#into.bytes.fill(0);
    return outcome;
  }

  #byte(byte: number): PromptOutcome | undefined {
    const scanned = this.#scanner.feed(byte);
    if (scanned === PENDING) return undefined;
    if (scanned === SEQUENCE) return this.#sequence(this.#scanner.sequence);
    const value = scanned === ALT ? this.#scanner.altByte : scanned;
    if (value === PANIC_BYTE) return { type: "panic" };
    if (this.#over) return undefined;
    if (value === CTRL_C) return { type: "leave" };
    if (value === LF || value === CR) {
      if (!this.#pasting) return this.#done(false);
      // Leading empty lines are skipped: nobody means an empty phrase by a paste.
      if (this.#length > 0) this.#pastedLine = true;
      return undefined;
    }
    if (this.#pasting && this.#pastedLine) return undefined;
    if (value === CTRL_D && this.#length === 0 && !this.#tooLong && !this.#pasting) return { type: "leave" };
    if (value === BACKSPACE || value === CTRL_H) this.#erase();
    else if (value === CTRL_U) this.#clear();
    else if (value >= 0x20) this.#append(value);
    return undefined;
  }

  #sequence(sequence: string): PromptOutcome | undefined {
    if (isPanicSequence(sequence)) return { type: "panic" };
    if (this.#over) return undefined;
    if (sequence === PASTE_BEGIN) {
      this.#pasting = true;
      this.#pastedLine = false;
    } else if (sequence === PASTE_END) this.#pasting = false;
    else if (isF2Sequence(sequence)) return this.#done(true);
    else if (sequence === "OM") return this.#done(false); // Enter of the keypad
    else return this.#modern(sequence);
    return undefined;
  }

  /** Enter, backspace, Ctrl-C and Ctrl-U of a terminal that another program left in the kitty protocol. */
  #modern(sequence: string): PromptOutcome | undefined {
    const key = numbered(sequence);
    if (key?.final !== "u") return undefined;
    const [code = 0, modifiers = 1] = key.numbers;
    if (code === 13 || code === 57414) return this.#done(false);
    if (code === 127) this.#erase();
    if (isControl(modifiers) && code === 0x63) return { type: "leave" };
    if (isControl(modifiers) && code === 0x75) this.#clear();
    return undefined;
  }

  #done(decoy: boolean): PromptOutcome {
    return this.#tooLong ? { type: "too-long" } : { type: "done", length: this.#length, decoy };
  }

  /** Too much is swallowed until Enter: ending at once would leave the rest of a pasted phrase to the shell. */
  #append(byte: number): void {
    if (this.#length >= this.#capacity) this.#tooLong = true;
    else this.#into.bytes[this.#length++] = byte;
  }

  #erase(): void {
    const { bytes } = this.#into;
    while (this.#length > 0) {
      const last = bytes[--this.#length] ?? 0;
      bytes[this.#length] = 0;
      if ((last & 0xc0) !== 0x80) return; // not a continuation byte of UTF-8: the character is gone
    }
  }

  #clear(): void {
    this.#into.bytes.fill(0);
    this.#length = 0;
    this.#tooLong = false;
  }
}

/**
 * Asks on the terminal, with these words in front of what is not shown. `into` may be made after the prompt stands, by a
 * function; keys wait meanwhile. After the outcome the listener stays, deaf to all but the panic keys (`onPanic`, with what
 * ends the prompt's line if that still stands), until the next `listen`: what is typed between phrase and chat could be more
 * of the phrase and must not become a message. Raw mode and bracketed paste stay on for the chat; `tty.restore` ends both.
 */
export async function askHidden(
  tty: Terminal,
  text: string,
  into: LockedBytes | (() => Promise<LockedBytes>),
  onPanic?: (lineEnd: string) => void,
): Promise<PromptOutcome> {
  // Raw first: what is typed from now on is not echoed by the terminal.
  tty.raw(true);
  void tty.writeToPerson(tty.enter({ screen: false, paste: true }) + text);
  tty.onContinued = () => void tty.writeToPerson(PROMPT_END + text);
  const phrase = typeof into === "function" ? await into() : into;
  const prompt = new HiddenPrompt(phrase);
  const outcome = await new Promise<PromptOutcome>((resolve) => {
    let asked = true;
    tty.listen((chunk) => {
      const outcome = prompt.feed(chunk);
      if (outcome === undefined) return;
      if (outcome.type === "panic") onPanic?.(asked ? PROMPT_END : ""); // at once, not a turn of the event loop later
      if (asked) resolve(outcome);
      asked = false;
    }, () => { // The terminal is gone, which is an emergency.
      if (asked && !phrase.disposed) phrase.bytes.fill(0);
      onPanic?.("");
      resolve({ type: "panic" });
    });
  });
  tty.onContinued = undefined;
  if (outcome.type !== "panic") void tty.writeToPerson(PROMPT_END);
  return outcome;
}

/** Between a chat and a prompt: what is typed belongs to neither, except the panic keys, until the next `listen`. */
export function hearPanicOnly(tty: Terminal, onPanic: () => void): void {
  const scanner = new SequenceScanner();
  tty.listen((chunk) => {
    for (const byte of chunk) {
      const scanned = scanner.feed(byte);
      const key = scanned === ALT ? scanner.altByte : scanned;
      if (scanned === SEQUENCE ? isPanicSequence(scanner.sequence) : key === PANIC_BYTE) onPanic();
    }
  }, onPanic);
}

/**
 * The first line of the input, without its LF or CRLF, into locked memory; what follows waits for the next `listen`.
 * `"end"`: the input ended before any byte. After `"end"` and `"too-long"` the memory holds zeros.
 */
export function readFirstLine(tty: Terminal, into: LockedBytes): Promise<{ length: number } | "too-long" | "end"> {
  return new Promise((resolve) => {
    // One place more than a phrase may have, for the CR of a CRLF.
    const capacity = Math.min(PHRASE_MAX_BYTES + 1, into.length);
    let length = 0;
    let tooLong = false;
    let over = false;
    const finish = () => {
      over = true;
      if (length > 0 && into.bytes[length - 1] === CR) into.bytes[--length] = 0;
      if (!tooLong && length <= PHRASE_MAX_BYTES) return resolve({ length });
      into.bytes.fill(0);
      resolve("too-long");
    };
    tty.listen((chunk) => {
      if (over) return 0;
      for (let i = 0; i < chunk.length; i++) {
        const byte = chunk[i] ?? 0;
        if (byte === LF) {
          finish();
          return i + 1;
        }
        if (length < capacity) into.bytes[length++] = byte;
        else tooLong = true;
      }
      return chunk.length;
    }, () => {
      if (over) return;
      if (length === 0) resolve("end");
      else finish();
    });
  });
}

const LF = 0x0a;
const CR = 0x0d;
const CTRL_C = 0x03;
const CTRL_D = 0x04;
const CTRL_H = 0x08;
const CTRL_U = 0x15;
const BACKSPACE = 0x7f;

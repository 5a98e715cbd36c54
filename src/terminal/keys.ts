// Bytes from a terminal in raw mode become keys. Scope: decoding, as a stream, bounded. Out of scope: what a key does.

import {
  ALT,
  isControl,
  isPanicSequence,
  numbered,
  PANIC_BYTE,
  PASTE_BEGIN,
  PASTE_END,
  PENDING,
  SEQUENCE,
  SequenceScanner,
} from "./_sequences.ts";

export type KeyName =
  | "enter"
  | "alt-enter"
  | "tab"
  | "backspace"
  | "delete"
  | "escape"
  | "up"
  | "down"
  | "left"
  | "right"
  | "home"
  | "end"
  | "ctrl-end"
  | "page-up"
  | "page-down"
  | "word-left"
  | "word-right"
  | "delete-word-left"
  | "delete-word-right"
  | `ctrl-${string}`;

export type Key =
  /** Well-formed, printable or not: control characters above 0x7f are possible. */
  | ({ type: "text"; text: string } & WithAlt)
  | ({ type: "key"; name: KeyName } & WithAlt)
  /** F12 or Ctrl-\. */
  | { type: "panic" }
  /** Line ends are LF. `cut`: it was longer than PASTE_MAX_BYTES. */
  | { type: "paste"; text: string; cut: boolean };

/** All but panic, which waits for nothing and means the same everywhere. */
export type PlainKey = Exclude<Key, { type: "panic" }>;

/** `alt`: Escape or Alt came right before it, and it has no meaning of its own with Alt. It never answers with yes. */
interface WithAlt {
  alt?: true;
}

/** Whether it says yes to a question: y, or `also`; never with Alt, and no paste. Every other key says no. */
export function answersYes(key: PlainKey, also?: KeyName): boolean {
  if (key.type === "text") return /^y$/i.test(key.text) && key.alt !== true;
  return key.type === "key" && key.name === also && key.alt !== true;
}

/**
 * The panic keys count inside a paste too: a terminal that lost the end of a paste must not lock them out. A paste that
 * holds F12's sequence or the byte 0x1c therefore ends the program, which is the safe side; terminals strip both from
 * real pastes. Ctrl-C likewise ends a paste, so that a lost end can be got over.
 */
export class KeyDecoder {
  readonly #scanner = new SequenceScanner();
  #utf8 = newDecoder();
  /** Bytes of text since the last key. */
  #text: number[] = [];
  #incomplete = false;
  /** The control byte being decoded came with Alt. */
  #alted = false;
  /** An ESC has been taken for the Escape key, and nothing has come since. */
  #late = false;
  #paste: Paste | undefined;
  #keys: Key[] = [];

  /** The keys that this chunk completes. Neither keeps the chunk nor a view of it. */
  feed(chunk: Uint8Array): Key[] {
    this.#keys = [];
    if (this.#late && chunk.length > 0) {
      this.#late = false;
      // The line is so slow that the ESC was taken for Escape. The panic key counts all the same, and what is pasted is not
      // typed: each of its lines would be sent.
      const start = String.fromCharCode(...chunk.subarray(0, LATE_MAX));
      if (isPanicSequence(start) || start.startsWith(PASTE_BEGIN)) this.#scanner.feed(0x1b);
    }
    for (let at = 0; at < chunk.length; at++) {
      if (this.#paste !== undefined && !this.#scanner.pending) {
        // Most of a paste, at once: byte by byte, thousands take a while.
        let end = at;
        while (end < chunk.length && chunk[end]! >= 0x20) end++;
        this.#keep(chunk.subarray(at, end), this.#paste);
        at = end;
      }
      if (at < chunk.length) this.#byte(chunk[at]!);
    }
    this.#endText(true);
    return this.#keys;
  }

  /** A lone ESC came last: the Escape key, unless the rest of a sequence follows within moments. */
  get escaped(): boolean {
    return this.#scanner.escaped && this.#paste === undefined;
  }

  /** Takes the lone ESC for the Escape key; what comes later is a key of its own. */
  escape(): PlainKey[] {
    if (!this.escaped) return [];
    this.#scanner.reset();
    this.#late = true;
    return [{ type: "key", name: "escape" }];
  }

  #byte(byte: number): void {
    const scanned = this.#scanner.feed(byte);
    if (scanned === PENDING) {
      if (byte === 0x1b) this.#endText(false);
      return;
    }
    if (this.#paste !== undefined) return this.#pasted(scanned, this.#paste);
    if (scanned === SEQUENCE) return this.#sequence(this.#scanner.sequence);
    if (scanned === ALT) return this.#alt(this.#scanner.altByte);
    if (scanned >= 0x20 && scanned !== 0x7f) {
      this.#text.push(scanned);
      return;
    }
    this.#endText(false);
    if (scanned === PANIC_BYTE) this.#keys.push({ type: "panic" });
    else this.#control(scanned);
  }

  #pasted(scanned: number, paste: Paste): void {
    if (scanned === SEQUENCE) {
      if (isPanicSequence(this.#scanner.sequence)) this.#keys.push({ type: "panic" });
      else if (this.#scanner.sequence === PASTE_END) this.#endPaste();
      return;
    }
    const value = scanned === ALT ? this.#scanner.altByte : scanned;
    if (value === PANIC_BYTE) this.#keys.push({ type: "panic" });
    else if (value === 0x03) {
      this.#endPaste();
      this.#key("ctrl-c");
    } else this.#keep(Uint8Array.of(value), paste);
  }

  #keep(bytes: Uint8Array, paste: Paste): void {
    const kept = bytes.subarray(0, PASTE_MAX_BYTES - paste.length);
    paste.cut ||= kept.length < bytes.length;
    paste.bytes.set(kept, paste.length);
    paste.length += kept.length;
  }

  #endPaste(): void {
    const paste = this.#paste;
    if (paste === undefined) return;
    this.#paste = undefined;
    const text = newDecoder().decode(paste.bytes.subarray(0, paste.length)).replace(/\r\n?/g, "\n");
    paste.bytes.fill(0);
    if (text !== "" || paste.cut) this.#keys.push({ type: "paste", text, cut: paste.cut });
  }

  /** `more`: an unfinished character at the end may be finished by the next chunk. */
  #endText(more: boolean): void {
    if (this.#text.length === 0 && (more || !this.#incomplete)) return;
    const bytes = Uint8Array.from(this.#text);
    this.#text = [];
    const text = this.#utf8.decode(bytes, { stream: more });
    this.#incomplete = more && (bytes.at(-1) ?? 0) >= 0x80;
    if (!more) this.#utf8 = newDecoder();
    bytes.fill(0);
    if (text !== "") this.#keys.push({ type: "text", text });
  }

  #key(name: KeyName): void {
    this.#keys.push({ type: "key", name, ...(this.#alted ? { alt: true } : {}) });
  }

  #control(byte: number): void {
    if (byte === 0x0d) this.#key("enter");
    else if (byte === 0x0a) this.#key("alt-enter"); // Ctrl-J: a line break on every terminal
    else if (byte === 0x09) this.#key("tab");
    else if (byte === 0x7f || byte === 0x08) this.#key("backspace");
    else if (byte >= 1 && byte <= 26) this.#key(`ctrl-${String.fromCharCode(0x60 + byte)}`);
    else if (byte === 0x1f) this.#key("ctrl-_");
  }

  /** Alt and a key, or Escape and then a key, which looks the same: what has no meaning with Alt counts as typed. */
  #alt(byte: number): void {
    const name = ALT_KEYS.get(byte);
    if (name !== undefined) return this.#key(name);
    if (byte >= 0x20 && byte !== 0x7f) {
      this.#keys.push({ type: "text", text: String.fromCharCode(byte), alt: true });
      return;
    }
    this.#alted = true;
    this.#control(byte);
    this.#alted = false;
  }

  #sequence(sequence: string): void {
    if (isPanicSequence(sequence)) {
      this.#keys.push({ type: "panic" });
      return;
    }
    if (sequence === PASTE_BEGIN) {
      this.#paste = { bytes: new Uint8Array(PASTE_MAX_BYTES), length: 0, cut: false };
      return;
    }
    const plain = SEQUENCES.get(sequence);
    if (plain !== undefined) return this.#key(plain);
    const key = numbered(sequence);
    if (key === undefined) return;
    const [code = 0, modifiers = 1, third = 0] = key.numbers;
    if (key.final === "u") return this.#modern(code, modifiers);
    if (key.final === "~" && code === 27) return this.#modern(third, modifiers);
    const modified = modifiers > 1;
    const letter = ARROWS.get(key.final === "~" || key.final === "^" ? String(code) : key.final);
    if (letter === undefined) return;
    this.#key((modified || key.final === "^" ? MODIFIED.get(letter) : undefined) ?? letter);
  }

  /** kitty's `CSI code ; modifiers u` and xterm's modifyOtherKeys. */
  #modern(code: number, modifiers: number): void {
    const modified = modifiers > 1;
    if (code === 13 || code === 57414) this.#key(modified ? "alt-enter" : "enter");
    else if (code === 9 && !modified) this.#key("tab");
    else if (code === 127 || code === 8) this.#key(modified ? "delete-word-left" : "backspace");
    else if (code === 27) this.#key("escape");
    else if (isControl(modifiers) && code >= 0x61 && code <= 0x7a) this.#key(`ctrl-${String.fromCharCode(code)}`);
    else if (modifiers === 3 && ALT_KEYS.has(code)) this.#key(ALT_KEYS.get(code) ?? "escape");
    else if (modifiers <= 4 && code >= 0x20 && code !== 0x7f && code < 0xd800) {
      const text = String.fromCodePoint(code);
      this.#keys.push({ type: "text", text, ...(modifiers > 2 ? { alt: true } : {}) });
    }
  }
}

interface Paste {
  readonly bytes: Uint8Array;
  length: number;
  cut: boolean;
}

function newDecoder(): TextDecoder {
  return new TextDecoder("utf-8", { ignoreBOM: true });
}

/** Longer than what follows the ESC in any panic sequence. */
const LATE_MAX = 24;
/** How long after an ESC the rest of its sequence may come; afterwards it was the Escape key. */
export const ESCAPE_MS = 50;
/** Four times the longest message. */
export const PASTE_MAX_BYTES = 65536;

const ALT_KEYS: ReadonlyMap<number, KeyName> = new Map<number, KeyName>([
  [0x0d, "alt-enter"],
  [0x0a, "alt-enter"],
  [0x62, "word-left"],
  [0x66, "word-right"],
  [0x64, "delete-word-right"],
  [0x7f, "delete-word-left"],
  [0x08, "delete-word-left"],
]);

/** Without modifiers, by final letter or by number before `~`. */
const ARROWS: ReadonlyMap<string, KeyName> = new Map<string, KeyName>([
  ["A", "up"],
  ["B", "down"],
  ["C", "right"],
  ["D", "left"],
  ["H", "home"],
  ["F", "end"],
  ["1", "home"],
  ["7", "home"],
  ["4", "end"],
  ["8", "end"],
  ["3", "delete"],
  ["5", "page-up"],
  ["6", "page-down"],
]);

const MODIFIED: ReadonlyMap<KeyName, KeyName> = new Map<KeyName, KeyName>([
  ["left", "word-left"],
  ["right", "word-right"],
  ["end", "ctrl-end"],
  ["delete", "delete-word-right"],
]);

/** SS3 keys of application mode, rxvt's Ctrl arrows. */
const SEQUENCES: ReadonlyMap<string, KeyName> = new Map<string, KeyName>([
  ["OA", "up"],
  ["OB", "down"],
  ["OC", "right"],
  ["OD", "left"],
  ["OH", "home"],
  ["OF", "end"],
  ["OM", "enter"],
  ["Oc", "word-right"],
  ["Od", "word-left"],
]);

// Escape sequences as a terminal sends them, cut out of a stream of bytes, and the two function keys that matter.
// Scope: where a sequence ends, and which ones mean F2, F12 and Ctrl-\. Out of scope: text, editing. Light: the prompt
// imports it.

/** What `SequenceScanner.feed` answers, unless it is the byte itself. */
export const PENDING = -1;
/** A sequence is complete; it stands in `scanner.sequence`, without its ESC. */
export const SEQUENCE = -2;
/** ESC and one more byte, which stands in `scanner.altByte`: a key with Alt, or Escape and then a key. */
export const ALT = -3;

/**
 * Bounded: a control byte, a non-ASCII byte or SEQUENCE_MAX bytes end an unfinished sequence, so nothing that was sent
 * before can swallow the panic key (ESC begins again, Ctrl-\ is a control byte).
 */
export class SequenceScanner {
  sequence = "";
  altByte = 0;
  #state: "ground" | "escape" | "sequence" | "string" = "ground";
  /** Bytes of a string so far. */
  #length = 0;
  /** The ESC came inside a string: it may begin the string's terminator, ESC \\. */
  #inString = false;

  /** True while a sequence is unfinished. */
  get pending(): boolean {
    return this.#state !== "ground";
  }

  /** True after a lone ESC, which may be the Escape key. */
  get escaped(): boolean {
    return this.#state === "escape";
  }

  reset(): void {
    this.#state = "ground";
    this.sequence = "";
  }

  /** One byte in; the byte itself out (0 to 255) if it is not part of a sequence, otherwise PENDING, SEQUENCE or ALT. */
  feed(byte: number): number {
    if (byte === 0x1b) {
      this.#inString = this.#state === "string";
      this.#state = "escape";
      this.sequence = "";
      return PENDING;
    }
    switch (this.#state) {
      case "ground":
        return byte;
      case "escape":
        return this.#escaped(byte);
      case "sequence":
        if (byte < 0x20 || byte >= 0x7f) return this.#abort(byte);
        this.sequence += String.fromCharCode(byte);
        if (endsWhole(this.sequence)) return this.#done();
        return this.sequence.length > SEQUENCE_MAX ? this.#abort(PENDING) : PENDING;
      case "string": // Replies of a terminal (OSC, DCS, ...). We never ask, so the content does not matter.
        if (byte === 0x07) return this.#done();
        if (byte < 0x20) return this.#abort(byte);
        return ++this.#length > STRING_MAX ? this.#abort(PENDING) : PENDING;
    }
  }

  #escaped(byte: number): number {
    const char = String.fromCharCode(byte);
    if (char === "[" || char === "O") {
      this.#state = "sequence";
      this.sequence = char;
      return PENDING;
    }
    if ("]PX^_".includes(char)) {
      this.#state = "string";
      this.#length = 0;
      return PENDING;
    }
    if (char === "\\" && this.#inString) return this.#done();
    this.#state = "ground";
    if (byte >= 0x80 || byte === PANIC_BYTE) return byte;
    this.altByte = byte;
    return ALT;
  }

  #done(): number {
    this.#state = "ground";
    return SEQUENCE;
  }

  #abort(answer: number): number {
    this.reset();
    return answer;
  }
}

/** Whether the last byte of `[...` or `O...` ends it. */
function endsWhole(sequence: string): boolean {
  if (sequence.startsWith("[[")) return sequence.length === 3; // the Linux console's first function keys
  // rxvt ends shifted keys with a dollar sign, which elsewhere is only part of a reply.
  if (sequence.endsWith("$")) return sequence.startsWith("[") && !sequence.startsWith("[?");
  return sequence.charCodeAt(sequence.length - 1) >= 0x40;
}

/** F12, in each encoding that was found, with any modifiers; and Ctrl-\ where it comes as a sequence. Without ESC. */
export function isPanicSequence(sequence: string): boolean {
  if (F12.has(sequence)) return true;
  const key = numbered(sequence);
  if (key === undefined) return false;
  const { numbers: [code = 0, modifiers = 1, third = 0], final } = key;
  if (final === "~") {
    // 27;modifiers;92~ is xterm's modifyOtherKeys.
    return code === 24 || (code === 27 && third === 92 && isControl(modifiers));
  }
  if (final === "^" || final === "@" || final === "$") return code === 24;
  if (final === "u") return code === KITTY_F12 || (code === 92 && isControl(modifiers));
  if (final === "_") return code === WIN32_F12;
  return final === "z" && (code === 193 || code === 235);
}

/** F2 without modifiers that would make it another key somewhere. Without ESC. */
export function isF2Sequence(sequence: string): boolean {
  if (F2.has(sequence)) return true;
  const key = numbered(sequence);
  if (key === undefined) return false;
  const [code = 0] = key.numbers;
  switch (key.final) {
    case "~":
      return code === 12;
    case "Q":
      return code === 1;
    case "u":
      return code === KITTY_F2;
    case "_":
      return code === WIN32_F2 && key.numbers[3] === 1; // pressed, not released
    default:
      return false;
  }
}

/**
 * The numbers and the final byte of a CSI sequence: `[24;5:3~` is `{numbers: [24, 5], final: "~"}` (a part after a colon
 * is dropped). Undefined if it is not one, or is a reply of the terminal (`?`).
 */
export function numbered(sequence: string): { numbers: number[]; final: string } | undefined {
  const match = /^\[>?([\d;:]*)([@-~$])$/.exec(sequence);
  if (match === null) return undefined;
  const numbers = (match[1] ?? "").split(";").map((part) => Number.parseInt(part, 10) || 0);
  return { numbers, final: match[2] ?? "" };
}

/** xterm's and kitty's modifiers are a bit set plus one; bit 4 is Control. */
export function isControl(modifiers: number): boolean {
  return modifiers > 0 && ((modifiers - 1) & 4) !== 0;
}

export const PASTE_BEGIN = "[200~";
export const PASTE_END = "[201~";
/** Ctrl-\ */
export const PANIC_BYTE = 0x1c;

// xterm, VTE, Linux console, rxvt, screen, tmux, kitty, Windows Terminal and most others send [24~ (above).
// PuTTY: VT100+ mode sends O[, SCO mode [X.
const F12: ReadonlySet<string> = new Set(["O[", "[X"]);
// xterm OQ; Linux console [[B; PuTTY SCO [N; kitty [Q.
const F2: ReadonlySet<string> = new Set(["OQ", "[[B", "[N", "[Q"]);
// The private-use codes that follow kitty's pattern (F13 is 57376); some implementations send them.
const KITTY_F12 = 57375;
const KITTY_F2 = 57365;
// Windows Terminal's win32-input-mode: virtual key codes.
const WIN32_F12 = 123;
const WIN32_F2 = 113;
/** No key is longer than about 20 bytes. */
const SEQUENCE_MAX = 64;
/** A reply that we never asked for. */
const STRING_MAX = 4096;

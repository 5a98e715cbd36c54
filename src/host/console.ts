// Keys of a Windows console as the bytes that a terminal elsewhere sends for them, so that everything above is the
// same. Reading bytes from the console instead would go through its code page, which damages anything that is not ASCII
// (denoland/deno#18240), and F12 and Ctrl-\ did not arrive at all. Scope: what a record means. Out of scope: the calls
// that fetch records and set the console's mode (windows.ts). Characters go straight from the record into the given
// buffer: what is typed may be the phrase.

/** `INPUT_RECORD`: WORD EventType, two bytes unused, then 16 of the event; all little-endian. */
export const RECORD_SIZE = 20;
/** What a record can become at most: ESC and a character of four bytes, or a sequence with modifiers. */
const BYTES_MAX = 8;

/** `resized`: the window has another size. */
export interface Decoded {
  readonly length: number;
  readonly resized: boolean;
}

export class ConsoleKeys {
  /** The first half of a character beyond U+FFFF, which comes in two records; 0: none waits. */
  #high = 0;

  /**
   * Puts what the first `count` records of `records` say at the start of `into`, as UTF-8 and escape sequences. A key
   * that is held down may count several times in one record; of these what has no room is dropped.
   */
  decode(records: DataView, count: number, into: Uint8Array): Decoded {
    let length = 0;
    let resized = false;
    for (let at = 0; at < count * RECORD_SIZE; at += RECORD_SIZE) {
      const type = records.getUint16(at, true);
      if (type === WINDOW_BUFFER_SIZE_EVENT) resized = true;
      if (type !== KEY_EVENT) continue;
      const key = into.subarray(length, length + BYTES_MAX);
      if (key.length < BYTES_MAX) continue;
      const size = this.#key(records, at, key);
      const repeated = Math.min(
        Math.max(1, records.getUint16(at + 8, true)),
        Math.floor((into.length - length) / BYTES_MAX),
      );
      for (let i = 1; i < repeated; i++) into.copyWithin(length + i * size, length, length + size);
      length += size * repeated;
    }
    return { length, resized };
  }

  /** One KEY_EVENT_RECORD into `out`; returns how many bytes it is. */
  #key(records: DataView, at: number, out: Uint8Array): number {
    const down = records.getInt32(at + 4, true) !== 0;
    const virtualKey = records.getUint16(at + 10, true);
    const unit = records.getUint16(at + 14, true);
    const state = records.getUint32(at + 16, true);
    // A character that was typed by its number comes as Alt going up.
    if (!down && !(virtualKey === VK_MENU && unit !== 0)) return 0;
    const ctrl = (state & (LEFT_CTRL | RIGHT_CTRL)) !== 0;
    const altGr = (state & RIGHT_ALT) !== 0 && (state & LEFT_CTRL) !== 0 && unit >= 0x20;
    const alt = (state & (LEFT_ALT | RIGHT_ALT)) !== 0 && !altGr && down;
    const shift = (state & SHIFT) !== 0;
    if (virtualKey === VK_BACK) return put(out, alt, ctrl && !altGr ? CTRL_W : DELETE);
    if (virtualKey === VK_TAB && shift) return text(out, "\x1b[Z");
    if (unit >= 0xd800 && unit < 0xdc00) {
      this.#high = unit;
      return 0;
    }
    const high = this.#high;
    this.#high = 0;
    if (unit >= 0xdc00 && unit < 0xe000) {
      return high === 0 ? 0 : put(out, alt, 0x10000 + ((high - 0xd800) << 10) + (unit - 0xdc00));
    }
    if (unit !== 0) return put(out, alt, unit);
    // On some keyboards the console makes no character of it.
    if (ctrl && !alt && virtualKey === VK_OEM_5) return put(out, false, CTRL_BACKSLASH);
    return sequence(out, virtualKey, 1 + (shift ? 1 : 0) + (alt ? 2 : 0) + (ctrl ? 4 : 0));
  }
}

/** UTF-8, behind ESC where Alt was held. */
function put(out: Uint8Array, alt: boolean, code: number): number {
  let length = 0;
  if (alt) out[length++] = ESC;
  const more = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  out[length++] = LEADS[more]! | code >> 6 * more;
  for (let left = more - 1; left >= 0; left--) out[length++] = 0x80 | code >> 6 * left & 0x3f;
  return length;
}

/** A key without a character, as xterm names it. `modifier` as in its sequences: 1 for none. */
function sequence(out: Uint8Array, virtualKey: number, modifier: number): number {
  const final = LETTERS.get(virtualKey);
  if (final !== undefined) {
    if (modifier !== 1) return text(out, `\x1b[1;${modifier}${final}`);
    return text(out, virtualKey >= VK_F1 ? `\x1bO${final}` : `\x1b[${final}`);
  }
  const number = NUMBERS.get(virtualKey);
  if (number === undefined) return 0;
  return text(out, `\x1b[${number}${modifier === 1 ? "" : `;${modifier}`}~`);
}

function text(out: Uint8Array, ascii: string): number {
  for (let i = 0; i < ascii.length; i++) out[i] = ascii.charCodeAt(i);
  return ascii.length;
}

const KEY_EVENT = 1;
const WINDOW_BUFFER_SIZE_EVENT = 4;

// dwControlKeyState.
const RIGHT_ALT = 0x01;
const LEFT_ALT = 0x02;
const RIGHT_CTRL = 0x04;
const LEFT_CTRL = 0x08;
const SHIFT = 0x10;

// Virtual keys.
const VK_BACK = 0x08;
const VK_TAB = 0x09;
const VK_MENU = 0x12;
const VK_F1 = 0x70;
const VK_OEM_5 = 0xdc;

/** What a character's first byte begins with, by how many follow it. */
const LEADS: readonly number[] = [0, 0xc0, 0xe0, 0xf0];
const ESC = 0x1b;
const DELETE = 0x7f;
const CTRL_W = 0x17;
const CTRL_BACKSLASH = 0x1c;

/** End, Home, the arrows, F1 to F4. */
const LETTERS: ReadonlyMap<number, string> = new Map([
  ...[[0x23, "F"], [0x24, "H"], [0x25, "D"], [0x26, "A"], [0x27, "C"], [0x28, "B"]] as const,
  ...[[0x70, "P"], [0x71, "Q"], [0x72, "R"], [0x73, "S"]] as const,
]);
/** Page up and down, Insert, Delete, F5 to F12. */
const NUMBERS: ReadonlyMap<number, number> = new Map([
  ...[[0x21, 5], [0x22, 6], [0x2d, 2], [0x2e, 3]] as const,
  ...[[0x74, 15], [0x75, 17], [0x76, 18], [0x77, 19], [0x78, 20], [0x79, 21], [0x7a, 23], [0x7b, 24]] as const,
]);

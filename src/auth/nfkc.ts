// Unicode's NFKC for secret text that never becomes a whole string (UAX #15; docs/PROTOCOL.md section 3, step 5). The
// runtime normalises only strings, and a string cannot be wiped. So it gets one letter with its marks at a time, which
// is enough: nothing changes with what stands beyond them. Where they end it says as well; so the data, and with them
// the version, are the runtime's. Out of scope: which phrases are refused (phrase.ts).
//
// What it leaves in memory: strings of a letter with its marks and of the character behind them, where one of these is
// not ASCII.

/** What a character is that the protocol refuses. */
export type Refused = "not UTF-8" | "control character" | "unassigned";

export interface Normal {
  /** Bytes of the whole; if `out` holds fewer, a number above that, and only the beginning has been written. */
  readonly length: number;
  /**
   * The worst there is, in this order: no UTF-8 (then the length is 0), General_Category Cc, Cn. Of the text itself: what
   * is assigned normalises to what is assigned.
   */
  readonly refused: Refused | undefined;
}

/** Writes the NFKC of `text` (UTF-8) into `out`. They do not overlap, and neither is kept. */
export function nfkc(text: Uint8Array, out: Uint8Array): Normal {
  let length = 0;
  let refused: Refused | undefined;
  /** With its marks, not written yet. */
  let letter = "";
  const write = () => {
    const normal = letter.normalize("NFKC");
    const { read, written } = encoder.encodeInto(normal, out.subarray(length));
    length = read < normal.length ? out.length + 1 : length + written;
    letter = "";
  };
  for (let at = 0; at < text.length;) {
    const start = at;
    const first = text[start]!;
    at += characterSize(first);
    if (first < 0x80 && (text[at] ?? 0) < FIRST_JOINING) {
      write();
      out[length++] = first; // no string for what is ASCII and has no mark
      refused = worse(refused, refusedKind(first));
      continue;
    }
    const character = decode(text.subarray(start, at));
    if (character === undefined) {
      out.fill(0);
      return { length: 0, refused: "not UTF-8" };
    }
    refused = worse(refused, refusedKind(character.codePointAt(0)!));
    if (first < FIRST_JOINING || !joins(letter, character)) write();
    letter += character;
  }
  write();
  return { length, refused };
}

/** Whether the character may change with what stands before it, or with what stands before and a mark behind. */
function joins(letter: string, character: string): boolean {
  if (/^\p{M}/u.test(character.normalize("NFKD"))) return true;
  return (letter + character).normalize("NFKC") !== letter.normalize("NFKC") + character.normalize("NFKC");
}

/** One character. Undefined: not UTF-8. */
function decode(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/** By its first byte; what begins none is refused as a character of any size. */
function characterSize(byte: number): number {
  return byte < 0xc0 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
}

function refusedKind(code: number): Refused | undefined {
  if (code >= 0xa0) return /\p{Cn}/u.test(String.fromCodePoint(code)) ? "unassigned" : undefined;
  return code < 0x20 || code >= 0x7f ? "control character" : undefined; // nothing else will ever be Cc
}

function worse(a: Refused | undefined, b: Refused | undefined): Refused | undefined {
  return a === undefined || a === "unassigned" && b !== undefined ? b : a;
}

const encoder = new TextEncoder();
// "ignoreBOM" means "leave it in".
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
/** The first byte of U+0300: nothing below it is a mark or composes with what stands before it. */
const FIRST_JOINING = 0xcc;

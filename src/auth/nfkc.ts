// Unicode's NFKC for secret text that never becomes a whole string (UAX #15; docs/PROTOCOL.md section 3, step 5). The
// runtime normalises only strings, and a string cannot be wiped. So it is asked about one or two characters at a time,
// which is enough: what a character decomposes into, which of two marks comes first, what two characters compose to.
// The algorithm between these answers (Unicode Standard, section 3.11) is here; the data, and so the version, are the
// runtime's. Out of scope: which phrases are refused (phrase.ts).
//
// What it leaves in memory: strings of one and two characters, what a single one decomposes into, and the last character.

/** What a character is that the protocol refuses. */
export type Refused = "not UTF-8" | "control character" | "unassigned";

export interface Normal {
  /** Bytes of the whole; where `out` holds fewer, only the beginning has been written. */
  readonly length: number;
  /**
   * The worst there is, in this order: no UTF-8 (then the length is 0), General_Category Cc, Cn. Of the text itself: what
   * is assigned normalises to what is assigned.
   */
  readonly refused: Refused | undefined;
}

/** Writes the NFKC of `text` (UTF-8) into `out`. They do not overlap, and neither is kept. */
export function nfkc(text: Uint8Array, out: Uint8Array): Normal {
  // No character comes to more marks than it has bytes.
  using composer = new Composer(out, text.length);
  let refused: Refused | undefined;
  for (let at = 0; at < text.length;) {
    const size = characterSize(text[at]!);
    const code = decode(text, at, size);
    if (code === undefined) {
      out.fill(0);
      return { length: 0, refused: "not UTF-8" };
    }
    at += size;
    refused = worse(refused, refusedKind(code));
    composer.decompose(code);
  }
  composer.flush();
  return { length: composer.length, refused };
}

/** Takes decomposed characters in their order, and writes them in canonical order and composed. */
class Composer implements Disposable {
  /** The last starter and the marks that follow it so far, in canonical order. */
  #starter: number | undefined;
  readonly #marks: Uint32Array;
  #count = 0;
  readonly #out: Uint8Array;
  length = 0;

  constructor(out: Uint8Array, marks: number) {
    this.#out = out;
    this.#marks = new Uint32Array(marks);
  }

  decompose(code: number): void {
    if (code < FIRST_SPECIAL) return this.#add(code);
    for (const part of String.fromCodePoint(code).normalize("NFKD")) this.#add(part.codePointAt(0)!);
  }

  #add(code: number): void {
    if (isMark(code)) return this.#insert(code);
    this.#compose();
    // A starter composes with the one just before it and with nothing further back.
    const together = this.#count === 0 && this.#starter !== undefined ? composed(this.#starter, code) : undefined;
    if (together === undefined) this.#write();
    this.#starter = together ?? code;
  }

  flush(): void {
    this.#compose();
    this.#write();
  }

  [Symbol.dispose](): void {
    this.#marks.fill(0);
  }

  /** Behind those of its own class and of lower ones; by halving, since a hostile text has hundreds. */
  #insert(mark: number): void {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isBefore(mark, this.#marks[middle]!)) high = middle;
      else low = middle + 1;
    }
    this.#marks.copyWithin(low + 1, low, this.#count);
    this.#marks[low] = mark;
    this.#count++;
  }

  /** The starter takes up each mark that is not blocked from it by one of the same class. */
  #compose(): void {
    let starter = this.#starter;
    if (starter === undefined) return;
    let kept = 0;
    for (let i = 0; i < this.#count; i++) {
      const mark = this.#marks[i]!;
      const blocked = kept > 0 && !isBefore(this.#marks[kept - 1]!, mark);
      const together: number | undefined = blocked ? undefined : composed(starter, mark);
      if (together === undefined) this.#marks[kept++] = mark;
      else starter = together;
    }
    this.#starter = starter;
    this.#count = kept;
  }

  #write(): void {
    if (this.#starter !== undefined) this.#put(this.#starter);
    for (let i = 0; i < this.#count; i++) this.#put(this.#marks[i]!);
    this.#count = 0;
  }

  #put(code: number): void {
    const size = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    const at = this.length;
    this.length += size;
    if (this.length > this.#out.length) return;
    this.#out[at] = LEAD[size]! | code >> 6 * (size - 1);
    for (let i = 1; i < size; i++) this.#out[at + i] = 0x80 | code >> 6 * (size - 1 - i) & 0x3f;
  }
}

// --- What the runtime is asked --------------------------------------------------------------------------------------

/** Whether its combining class is not 0: then it changes places with a mark of the lowest or of the highest class. */
function isMark(code: number): boolean {
  return code >= FIRST_MARK && (isBefore(LOWEST_MARK, code) || isBefore(code, HIGHEST_MARK));
}

/** Whether the class of `a` is lower than that of `b` and not 0: behind it, it would not stay. */
function isBefore(a: number, b: number): boolean {
  const pair = String.fromCodePoint(b, a);
  return pair.normalize("NFD") !== pair;
}

/** The one character that both become; undefined if they stay two. */
function composed(a: number, b: number): number | undefined {
  if (b < FIRST_MARK) return undefined;
  const normal = String.fromCodePoint(a, b).normalize("NFC");
  const code = normal.codePointAt(0)!;
  return normal.length === (code > 0xffff ? 2 : 1) ? code : undefined;
}

function refusedKind(code: number): Refused | undefined {
  if (code >= 0xa0) return /\p{Cn}/u.test(String.fromCodePoint(code)) ? "unassigned" : undefined;
  return code < 0x20 || code >= 0x7f ? "control character" : undefined; // nothing else will ever be Cc
}

/** Strictly (RFC 3629): no overlong form, no surrogate, nothing above U+10FFFF. Undefined: not UTF-8. */
function decode(text: Uint8Array, at: number, size: number): number | undefined {
  const first = text[at]!;
  if (first < 0x80) return first;
  if (size === 1) return undefined;
  let code = first ^ LEAD[size]!;
  for (let i = 1; i < size; i++) {
    const byte = text[at + i] ?? 0;
    if ((byte & 0xc0) !== 0x80) return undefined;
    code = code << 6 | byte & 0x3f;
  }
  const surrogate = code >= 0xd800 && code < 0xe000;
  return code < SMALLEST[size]! || code > 0x10ffff || surrogate ? undefined : code;
}

// --- Helpers --------------------------------------------------------------------------------------------------------

/** By its first byte; what begins none comes to a code that is refused. */
function characterSize(byte: number): number {
  return byte < 0xc0 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
}

function worse(a: Refused | undefined, b: Refused | undefined): Refused | undefined {
  return a === undefined || a === "unassigned" && b !== undefined ? b : a;
}

/** Below U+00A0 nothing decomposes; below U+0300 nothing is a mark or composes with what stands before it. */
const FIRST_SPECIAL = 0xa0;
const FIRST_MARK = 0x300;
/** U+0334 has class 1, U+0345 has 240: there is none between 0 and 1, and none above 240 (UAX #44, table 15). */
const LOWEST_MARK = 0x334;
const HIGHEST_MARK = 0x345;
/** By the size in bytes: the smallest code that has it, and the first byte without any of the code. */
const SMALLEST: readonly number[] = [0, 0, 0x80, 0x800, 0x10000];
const LEAD: readonly number[] = [0, 0, 0xc0, 0xe0, 0xf0];

// What a secret may look like in memory, and a search for many such patterns at once.
// Scope: the forms, pure, and the search over one piece of memory. Out of scope: whose memory, which secrets.
//
// Each pattern is looked for in two halves, since freed memory often loses its first bytes: a half alone counts as a part.

/** `plain`: what any key may be found as. `wide`: also the forms of arrays of numbers, and those of curve arithmetic. */
export type Forms = "plain" | "wide";

export interface Found {
  /** The number that `add` returned. */
  readonly secret: number;
  readonly form: string;
  /** Where the pattern begins or, if only its second half is there, that half. */
  readonly at: number;
  /** Bytes of the half that was found first. */
  readonly size: number;
  readonly whole: boolean;
}

interface Half {
  readonly secret: number;
  readonly form: string;
  readonly bytes: Uint8Array;
  /** Offset of the four bytes by which it is found first. */
  readonly anchor: number;
  /** The half that begins where this one ends; absent: this is that half. */
  second?: Half;
}

export class Needles {
  readonly #byAnchor = new Map<number, Half[]>();
  /** One bit for each hash of an anchor: nearly every place in memory is passed over by it. */
  readonly #bits = new Uint32Array(1 << (HASH_BITS - 5));
  #secrets = 0;

  /** How many have been added. */
  get size(): number {
    return this.#secrets;
  }

  /** At least 8 bytes. `text`: the same as a string, where it is one. */
  add(bytes: Uint8Array, forms: Forms, text?: string): number {
    const secret = this.#secrets++;
    const seen = new Set<string>();
    for (const [form, pattern] of formsOf(bytes, forms, text)) {
      const key = pattern.toHex();
      if (pattern.length < 8 || seen.has(key)) continue;
      seen.add(key);
      this.#pattern(secret, form, pattern);
    }
    return secret;
  }

  /** All halves that begin in `memory`, which stands at `base`. What crosses its end is found if the next piece overlaps. */
  search(memory: Uint8Array, base: number, found: (hit: Found) => void): void {
    const bits = this.#bits;
    let window = 0;
    for (let i = 0; i < memory.length; i++) {
      window = (window >>> 8) | (memory[i]! << 24);
      const hash = Math.imul(window, HASH) >>> (32 - HASH_BITS);
      if ((bits[hash >>> 5]! >>> (hash & 31) & 1) === 0 || i < 3) continue;
      const halves = this.#byAnchor.get(window >>> 0);
      if (halves === undefined) continue;
      for (const half of halves) {
        const at = i - 3 - half.anchor;
        if (!standsAt(memory, at, half.bytes)) continue;
        const { secret, form, second } = half;
        const whole = second !== undefined && standsAt(memory, at + half.bytes.length, second.bytes);
        found({ secret, form, at: base + at, size: half.bytes.length, whole });
      }
    }
  }

  #pattern(secret: number, form: string, pattern: Uint8Array): void {
    const middle = pattern.length >> 1;
    const second: Half = this.#half(secret, form, pattern.subarray(middle));
    this.#half(secret, form, pattern.subarray(0, middle), second);
  }

  #half(secret: number, form: string, bytes: Uint8Array, second?: Half): Half {
    const anchor = bestAnchor(bytes);
    const window = new DataView(bytes.buffer, bytes.byteOffset + anchor, 4).getUint32(0, true);
    const half: Half = { secret, form, bytes, anchor, ...(second === undefined ? {} : { second }) };
    const same = this.#byAnchor.get(window);
    if (same === undefined) this.#byAnchor.set(window, [half]);
    else same.push(half);
    const hash = Math.imul(window, HASH) >>> (32 - HASH_BITS);
    this.#bits[hash >>> 5]! |= 1 << (hash & 31);
    return half;
  }
}

/**
 * Counts: whole patterns, and parts, which are halves without their other half. A second half that belongs to a whole
 * pattern is no part.
 */
export function count(hits: readonly Found[]): { whole: Found[]; parts: Found[] } {
  const whole = hits.filter((hit) => hit.whole);
  const ends = new Set(whole.map((hit) => `${hit.secret} ${hit.form} ${hit.at + hit.size}`));
  const parts = hits.filter((hit) => !hit.whole && !ends.has(`${hit.secret} ${hit.form} ${hit.at}`));
  return { whole, parts };
}

/** Each form's name and bytes. */
export function formsOf(bytes: Uint8Array, forms: Forms, text?: string): [string, Uint8Array][] {
  const all: [string, Uint8Array][] = [
    ["raw", bytes],
    ["reversed", bytes.toReversed()],
    ["hex", ascii(bytes.toHex())],
    ["HEX", ascii(bytes.toHex().toUpperCase())],
    ...base64Forms(bytes),
    // A key schedule of SHA-256 reads its key as big-endian words; HMAC leaves key ^ pad in its first block.
    ["words", swapped(bytes, 4)],
    ["ipad", bytes.map((byte) => byte ^ 0x36)],
    ["opad", bytes.map((byte) => byte ^ 0x5c)],
    // A string of V8's with two bytes a character, which holds bytes as "binary" text does.
    ["two-byte", widened(bytes, 2)],
  ];
  if (text !== undefined) {
    all.push(["UTF-16", utf16(text)], ["UTF-16 NFD", utf16(text.normalize("NFD"))]);
    // What V8 makes of text without a character above U+00FF.
    if (/^[\0-\xff]*$/.test(text)) all.push(["Latin-1", Uint8Array.from(text, (unit) => unit.charCodeAt(0))]);
  }
  if (forms === "wide") {
    all.push(
      ["u32 array", widened(bytes, 4)],
      ["small integers", new Uint8Array(Uint32Array.from(bytes, (byte) => byte << 1).buffer)],
      ["tagged integers", widened(bytes, 8)],
      ["doubles", new Uint8Array(Float64Array.from(bytes).buffer)],
      ["64-bit words", swapped(bytes, 8)],
    );
    if (bytes.length === 32) {
      all.push(["51-bit limbs", limbs51(bytes)], ["26-bit limbs", limbs26(bytes)], ["radix 16", radix16(bytes)]);
    }
  }
  return all;
}

function standsAt(memory: Uint8Array, at: number, bytes: Uint8Array): boolean {
  if (at < 0 || at + bytes.length > memory.length) return false;
  for (let i = 0; i < bytes.length; i++) if (memory[at + i] !== bytes[i]) return false;
  return true;
}

/** The four bytes in a row that are least likely to be met by chance: many different ones, few zeros. */
function bestAnchor(bytes: Uint8Array): number {
  let best = 0;
  let most = -1;
  for (let at = 0; at + 4 <= bytes.length; at++) {
    const four = bytes.subarray(at, at + 4);
    const rarity = new Set(four).size - (four.includes(0) ? 1 : 0) - (four.includes(0xff) ? 1 : 0);
    if (rarity > most) [best, most] = [at, rarity];
  }
  return best;
}

/** Text in base64 may begin at any byte of a larger piece: three forms, each without the letters that neighbours change. */
function base64Forms(bytes: Uint8Array): [string, Uint8Array][] {
  const forms: [string, Uint8Array][] = [];
  for (const lead of [0, 1, 2]) {
    const shifted = new Uint8Array(lead + bytes.length);
    shifted.set(bytes, lead);
    const whole = shifted.subarray(0, shifted.length - shifted.length % 3);
    const from = lead === 0 ? 0 : 4;
    for (const alphabet of ["base64", "base64url"] as const) {
      forms.push([alphabet, ascii(whole.toBase64({ alphabet, omitPadding: true }).slice(from))]);
    }
  }
  return forms;
}

function swapped(bytes: Uint8Array, size: number): Uint8Array {
  const out = bytes.slice(0, bytes.length - bytes.length % size);
  for (let at = 0; at < out.length; at += size) out.subarray(at, at + size).reverse();
  return out;
}

function widened(bytes: Uint8Array, size: number): Uint8Array {
  const out = new Uint8Array(bytes.length * size);
  bytes.forEach((byte, i) => out[i * size] = byte);
  return out;
}

/** Five 64-bit words, as curve arithmetic on 64-bit machines (and libsodium's Wasm) has them. */
function limbs51(bytes: Uint8Array): Uint8Array {
  const value = littleEndian(bytes);
  return new Uint8Array(
    BigUint64Array.from({ length: 5 }, (_, i) => (value >> BigInt(51 * i)) & ((1n << 51n) - 1n)).buffer,
  );
}

/** Ten 32-bit words of 26 and 25 bits in turn. */
function limbs26(bytes: Uint8Array): Uint8Array {
  const value = littleEndian(bytes);
  const limbs = Array.from({ length: 10 }, (_, i) => {
    const width = i % 2 === 0 ? 26n : 25n;
    return Number((value >> BigInt(Math.ceil(25.5 * i))) & ((1n << width) - 1n));
  });
  return new Uint8Array(Uint32Array.from(limbs).buffer);
}

/** 64 signed digits, in which a scalar is multiplied. */
function radix16(bytes: Uint8Array): Uint8Array {
  const digits = new Int8Array(64);
  bytes.forEach((byte, i) => {
    digits[2 * i] = byte & 15;
    digits[2 * i + 1] = byte >> 4;
  });
  let carry = 0;
  for (let i = 0; i < 63; i++) {
    const digit = digits[i]! + carry;
    carry = (digit + 8) >> 4;
    digits[i] = digit - (carry << 4);
  }
  digits[63]! += carry;
  return new Uint8Array(digits.buffer);
}

function littleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${bytes.toReversed().toHex()}`);
}

function utf16(text: string): Uint8Array {
  return new Uint8Array(Uint16Array.from(text, (unit) => unit.charCodeAt(0)).buffer);
}

function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

const HASH = 0x9e3779b1;
const HASH_BITS = 23;

// What a fuzz target is, and what all of them share: reading decisions out of bytes, and saying that a promise was broken.
// Targets run in two places: under Jazzer.js (node, coverage-guided: fuzz/fuzz.ts) and under Deno (replay_test.ts).

import { ProtocolViolation, type Violation } from "../src/protocol_violation.ts";

export interface Target {
  readonly name: string;
  /** Longest input that makes sense, in bytes. */
  readonly maxLength: number;
  /** Loads what it needs, once. The function it gives takes any bytes and throws only if a promise was broken. */
  make(): Promise<(data: Uint8Array) => void>;
  /** Inputs to begin with, of which the committed corpus is made (`deno task fuzz TARGET --seeds`). */
  seeds(): Promise<Uint8Array[]> | Uint8Array[];
  /** Tokens that chance would not find. */
  readonly dictionary: readonly (string | Uint8Array)[];
}

/** A promise was broken: a finding. */
export class BrokenPromise extends Error {
  override readonly name = "BrokenPromise";
}

export function must(holds: boolean, promise: string): asserts holds {
  if (!holds) throw new BrokenPromise(promise);
}

export function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** The result, or the violation that was thrown. Whatever else is thrown is a finding and goes on up. */
export function judged<T>(
  run: () => T,
): { readonly value: T } | { readonly violation: Violation } {
  try {
    return { value: run() };
  } catch (error) {
    if (error instanceof ProtocolViolation) {
      return { violation: error.violation };
    }
    throw error;
  }
}

/** `bytes` cut or filled up with zeros to `length`, in a buffer of its own. */
export function padded(
  bytes: Uint8Array,
  length: number,
): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(length);
  out.set(bytes.subarray(0, length));
  return out;
}

export function joined(
  ...parts: (Uint8Array | readonly number[])[]
): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** Decisions from bytes. Past the end everything is 0, so every input means something. */
export class Input {
  readonly #data: Uint8Array;
  #at = 0;

  constructor(data: Uint8Array) {
    this.#data = data;
  }

  get empty(): boolean {
    return this.#at >= this.#data.length;
  }

  u8(): number {
    return this.#data[this.#at++] ?? 0;
  }

  u16(): number {
    return this.u8() << 8 | this.u8();
  }

  u32(): number {
    return this.u16() * 0x10000 + this.u16();
  }

  /** 0 to `below` - 1. */
  pick(below: number): number {
    return (below > 256 ? this.u16() : this.u8()) % below;
  }

  bytes(length: number): Uint8Array<ArrayBuffer> {
    const out = padded(this.#data.subarray(this.#at, this.#at + length), length);
    this.#at += length;
    return out;
  }

  /** As many bytes as the next two say, or what is left of them. */
  some(most: number): Uint8Array<ArrayBuffer> {
    const length = Math.min(this.u16() % (most + 1), Math.max(0, this.#data.length - this.#at));
    return this.bytes(length);
  }

  rest(): Uint8Array<ArrayBuffer> {
    return this.bytes(Math.max(0, this.#data.length - this.#at));
  }
}

/** Up to `most` changes of single bytes, read from `input`. True: at least one byte is another now. */
export function edit(bytes: Uint8Array, input: Input, most: number): boolean {
  const before = bytes.slice();
  for (let n = input.pick(most + 1); n > 0; n--) {
    const at = input.u16() % Math.max(1, bytes.length);
    bytes[at] = bytes[at]! ^ input.u8();
  }
  return !same(before, bytes);
}

export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

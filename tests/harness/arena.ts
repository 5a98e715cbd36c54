// What tests of secrets share: one arena over libsodium's memory for each test file, hex, and known entropy. Nothing
// here is for the product: it turns secrets into text, which the product never does.

import { createHash } from "node:crypto";
import { loadSodium } from "../../src/crypto/sodium.ts";
import type { Entropy } from "../../src/ports.ts";
import {
  type Arena,
  LockedBytes,
  type LockedDhSecret,
  type LockedKey,
  type SlotClasses,
} from "../../src/secrets/locked.ts";

/** More than a test takes of each size; the largest holds an expanded KEM key. */
export const TEST_CLASSES: SlotClasses = [
  [32, 6000],
  [64, 500],
  [96, 100],
  [192, 100],
  [512, 100],
  [1280, 60],
  [4096, 8],
];

let arena: Promise<Arena> | undefined;

/** The arena of this test file. Deno gives each test file its own modules, so each loads libsodium once. */
export function testArena(): Promise<Arena> {
  arena ??= loadSodium(TEST_CLASSES);
  return arena;
}

export function fromHex(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.fromHex(hex);
}

export function toHex(bytes: Uint8Array | LockedBytes): string {
  const plain = bytes instanceof LockedBytes ? bytes.bytes : bytes;
  return plain.toHex();
}

export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

/** A little-endian scalar from the big-endian hex of the vectors, or the other way round. */
export function reversedHex(hex: string): string {
  return toHex(fromHex(hex).reverse());
}

/** Bytes from outside as a secret. Who calls it disposes it. */
export function lockedBytes(arena: Arena, bytes: Uint8Array | string): LockedBytes {
  return filled(bytes, (length) => arena.bytes(length));
}

export function lockedKey(arena: Arena, bytes: Uint8Array | string): LockedKey {
  return filled(bytes, () => arena.key());
}

export function lockedDhSecret(arena: Arena, bytes: Uint8Array | string): LockedDhSecret {
  return filled(bytes, () => arena.dhSecret());
}

function filled<T extends LockedBytes>(bytes: Uint8Array | string, take: (length: number) => T): T {
  const plain = typeof bytes === "string" ? fromHex(bytes) : bytes;
  const slot = take(plain.length);
  if (slot.length !== plain.length) throw new RangeError(`${plain.length} bytes for a slot of ${slot.length}`);
  slot.bytes.set(plain);
  return slot;
}

/** Bytes that depend on the seed alone: SHA-256 of seed and counter, block after block. */
export function seededEntropy(seed: string): Entropy {
  let counter = 0;
  let rest = new Uint8Array(0);
  return (into) => {
    for (let at = 0; at < into.length;) {
      if (rest.length === 0) rest = new Uint8Array(createHash("sha256").update(`${seed} ${counter++}`).digest());
      const part = rest.subarray(0, into.length - at);
      into.set(part, at);
      at += part.length;
      rest = rest.subarray(part.length);
    }
  };
}

/** `length` bytes of an entropy. */
export function draw(entropy: Entropy, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  entropy(bytes);
  return bytes;
}

/** Hands out exactly these pieces, in this order. Throws an Error for another length, or when none is left. */
export function scriptedEntropy(pieces: readonly (Uint8Array | string)[]): Entropy & { readonly left: number } {
  const script = pieces.map((piece) => typeof piece === "string" ? fromHex(piece) : piece);
  const entropy = (into: Uint8Array) => {
    const piece = script.shift();
    if (piece === undefined) throw new Error(`${into.length} bytes of entropy that the script does not have`);
    if (piece.length !== into.length) throw new Error(`${into.length} bytes of entropy, scripted were ${piece.length}`);
    into.set(piece);
  };
  return Object.defineProperty(entropy, "left", { get: () => script.length }) as Entropy & { readonly left: number };
}

/** Entropy for a step that must not draw any. */
export const noEntropy: Entropy = () => {
  throw new Error("entropy was drawn where none is needed");
};

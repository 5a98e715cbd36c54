// The one import of libsodium, and the memory it works on. That memory is the arena: libsodium can compute only there, so
// secrets are made, used and wiped in it, and it is locked and kept out of core dumps as a whole.
// Scope: loading, the block for slots and scratch, the discipline around a call. Out of scope: any primitive.
//
// Once loaded it neither allocates (growth would detach every view) nor draws entropy (randomness is passed in). What a
// call leaves on libsodium's stack is wiped after the call: up to 10 KB of it depends on the secret (measured).

import load from "libsodium-sumo"; // 0.8.4 = libsodium 1.0.22, compiled to Wasm
import { Arena, arenaSize, LockedBytes, type SlotClasses } from "../secrets/locked.ts";

/** Bytes anywhere: in the arena, or in ordinary memory, from and to which they are then copied. */
export type Bytes = Uint8Array | LockedBytes;

/** The exported functions take offsets in `HEAPU8` and lengths; most return 0 or -1. */
type Raw = Record<`_${string}`, (...args: number[]) => number> & { HEAPU8: Uint8Array<ArrayBuffer> };

/** Of this build: everything below is static data and the stack, which grows down from STACK_TOP. `sodium_test.ts` checks. */
export const STACK_LOW = 42112;
export const STACK_TOP = 107648;
/** The deepest call (ML-KEM decapsulation) used 18,480 bytes. */
const STACK_WIPED = 24576;
const PAGE = 4096;
/** The page that holds STACK_TOP and the five below it. */
const STACK_PAGES_LOW: number = (STACK_TOP & -PAGE) - 5 * PAGE;
/** Room for the arguments of the largest call: an expanded KEM key, a ciphertext and a public key. */
const SCRATCH_SIZE = 16384;

interface Loaded {
  readonly raw: Raw;
  readonly heap: Uint8Array<ArrayBuffer>;
  /** Where slots begin; scratch follows them. */
  readonly slots: number;
  readonly end: number;
  scratch: number;
  /** Calls that are currently nested. */
  depth: number;
}

let loaded: Loaded | undefined;
let loading = false;

/**
 * Loads libsodium and makes the arena in its memory. Once a process; a second call throws. Throws an Error if the
 * library does not start and a RangeError if the classes do not fit without growing its memory.
 */
export async function loadSodium(classes: SlotClasses): Promise<Arena> {
  if (loading) throw new Error("libsodium is loaded already");
  loading = true;
  let ready = false;
  // It asks for entropy while it starts, for nothing that is used. Afterwards a request would be a bug.
  const getRandomValue = () => {
    if (ready) throw new Error("libsodium must not draw entropy");
    return 0;
  };
  const raw = await (load as unknown as (options: object) => Promise<Raw>)({ getRandomValue });
  const heap = raw.HEAPU8;
  const size = roundUp(arenaSize(classes)) + SCRATCH_SIZE;
  if (size > heap.length - 262_144) throw new RangeError("the arena does not fit in libsodium's memory");
  const block = call0(raw, "_sodium_init") < 0 ? 0 : call0(raw, "_malloc", size + PAGE);
  if (block === 0) throw new Error("libsodium did not start");
  ready = true;
  raw._malloc = raw._free = () => {
    throw new Error("libsodium must not allocate after start");
  };
  const slots = roundUp(block);
  loaded = { raw, heap, slots, end: slots + size, scratch: slots + size - SCRATCH_SIZE, depth: 0 };
  return new Arena(heap, slots, classes);
}

/**
 * Locks the memory with the function given (true: locked). "part": a low limit let only the top of the stack and the
 * first slots be locked, which are the ones in use.
 */
export function lockSodium(lock: (view: Uint8Array<ArrayBuffer>) => boolean): "all" | "part" | "none" {
  const { heap, slots } = get();
  if (lock(heap)) return "all";
  // 60 of the 64 KiB that a low limit allows: the pages of the stack that calls use, then the first slots.
  const stack = heap.subarray(STACK_PAGES_LOW, STACK_PAGES_LOW + 6 * PAGE);
  return lock(stack) && lock(heap.subarray(slots, slots + 9 * PAGE)) ? "part" : "none";
}

/**
 * Panic: wipes stack, slots and scratch, and `malloc`'s note of what is left after them, which is nothing: those pages
 * are not even in memory. The library must not be called again.
 */
export function wipeSodium(): void {
  loaded?.heap.fill(0, STACK_LOW, loaded.end + 2 * PAGE);
}

/** The memory as a whole, for the tests that look for what is left in it. */
export function sodiumMemory(): Uint8Array<ArrayBuffer> {
  return get().heap;
}

/** Arguments of one call; everything put here is wiped when the call is over. */
export interface Scratch {
  /** The pointer of these bytes; ordinary ones are copied in. */
  in(bytes: Bytes): number;
  /** These parts one after the other: pointer and length. */
  join(parts: readonly Bytes[]): [pointer: number, length: number];
  /** A pointer to `length` bytes of room. */
  room(length: number): number;
  /** Runs `write` with a pointer to room for `out`, and copies the result there unless it was written in place. */
  out<T>(out: Bytes, write: (pointer: number) => T): T;
}

/** One use of the library. Calls may be nested. */
export function use<T>(body: (raw: Raw, scratch: Scratch) => T): T {
  const lib = get();
  const before = lib.scratch;
  lib.depth++;
  try {
    return body(lib.raw, scratch);
  } finally {
    lib.heap.fill(0, before, lib.scratch);
    lib.scratch = before;
    // The outermost wipes for all: nothing comes between them.
    if (--lib.depth === 0) lib.heap.fill(0, STACK_TOP - STACK_WIPED, STACK_TOP);
  }
}

const scratch: Scratch = {
  in(bytes) {
    if (bytes instanceof LockedBytes) return bytes.pointer;
    const { heap } = get();
    if (bytes.buffer === heap.buffer) return bytes.byteOffset;
    const at = this.room(bytes.length);
    heap.set(bytes, at);
    return at;
  },
  join(parts) {
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    const { heap } = get();
    const start = this.room(length);
    let at = start;
    for (const part of parts) {
      heap.set(part instanceof LockedBytes ? part.bytes : part, at);
      at += part.length;
    }
    return [start, length];
  },
  room(length) {
    const lib = get();
    const at = lib.scratch;
    const next = at + ((length + 15) & -16);
    if (next > lib.end) throw new RangeError("a call into libsodium needs more scratch than there is");
    lib.scratch = next;
    return at;
  },
  out(out, write) {
    const { heap } = get();
    if (out instanceof LockedBytes) return write(out.pointer);
    if (out.buffer === heap.buffer) return write(out.byteOffset);
    const at = this.room(out.length);
    const result = write(at);
    out.set(heap.subarray(at, at + out.length));
    return result;
  },
};

function get(): Loaded {
  if (loaded === undefined) throw new Error("libsodium is not loaded");
  return loaded;
}

function call0(raw: Raw, name: `_${string}`, ...args: number[]): number {
  const f = raw[name];
  if (f === undefined) throw new Error(`libsodium has no ${name}`);
  return f(...args);
}

function roundUp(n: number): number {
  return (n + PAGE - 1) & -PAGE;
}

// The product's live arena, read from outside: for secrets that only the product knows, to be checked against public
// values. Scope: pieces of it as they are now, and a watch for what is there for only a fraction of a millisecond.

import { ProcessMemory } from "./memory.ts";

/** Slots and scratch begin behind libsodium's stack; all classes of boot.ts together take less than this. */
const SLOTS_SIZE = 1024 * 1024;
const STACK_TOP = 107_648;

/** Every piece of `length` bytes on a slot's boundary that is not empty. Empty while there is no arena. */
export function* piecesNow(memory: ProcessMemory, length: number): Generator<Uint8Array> {
  const arena = memory.arena();
  if (arena === undefined) return;
  yield* piecesOf(memory.read(arena.start + STACK_TOP, SLOTS_SIZE), length);
}

function* piecesOf(bytes: Uint8Array, length: number): Generator<Uint8Array> {
  const view = new BigUint64Array(bytes.buffer, bytes.byteOffset, bytes.length >> 3);
  const words = length >> 3;
  for (let at = 0; at + words <= view.length; at += 2) {
    // A key has no eight zero bytes at either end.
    if (view[at] !== 0n && view[at + words - 1] !== 0n) yield bytes.subarray(at * 8, at * 8 + length);
  }
}

/** Owns a worker that reads the slots over and over until `seen` is asked for. */
export class Watch implements Disposable {
  readonly #worker: Worker;
  readonly #stop = new Int32Array(new SharedArrayBuffer(4));
  readonly #pieces: Promise<Uint8Array[]>;

  constructor(pid: number) {
    this.#worker = new Worker(import.meta.url, { type: "module" });
    this.#pieces = new Promise((done, fail) => {
      this.#worker.onmessage = ({ data }) => done(data as Uint8Array[]);
      this.#worker.onerror = (event) => {
        event.preventDefault();
        fail(new Error(event.message));
      };
    });
    this.#worker.postMessage({ pid, stop: this.#stop } satisfies WatchJob);
  }

  /** Ends the watch: every piece of 32 bytes that was seen in a slot. */
  async seen(): Promise<Uint8Array[]> {
    Atomics.store(this.#stop, 0, 1);
    return await this.#pieces;
  }

  [Symbol.dispose](): void {
    this.#worker.terminate();
  }
}

interface WatchJob {
  readonly pid: number;
  readonly stop: Int32Array;
}

/** The slots in use are the first of their class. */
const WATCHED = 4096;

function watch({ pid, stop }: WatchJob): Uint8Array[] {
  using memory = new ProcessMemory(pid);
  const arena = memory.arena();
  if (arena === undefined) return [];
  const at = arena.start + (STACK_TOP + 4095 & -4096);
  // Only what differs from the snapshot before is kept, and looked at when all is over: each turn must be fast.
  const kept: Uint8Array[] = [];
  const words = new BigUint64Array(WATCHED / 8);
  const before = new BigUint64Array(WATCHED / 8);
  const bytes = new Uint8Array(words.buffer);
  while (Atomics.load(stop, 0) === 0) {
    memory.readInto(at, bytes);
    let same = true;
    for (let i = 0; i < words.length && same; i++) same = words[i] === before[i];
    if (same) continue;
    before.set(words);
    kept.push(bytes.slice());
  }
  const seen = new Map<string, Uint8Array>();
  for (const snapshot of kept) for (const piece of piecesOf(snapshot, 32)) seen.set(piece.toHex(), piece);
  return [...seen.values()].map((piece) => piece.slice());
}

// As a worker this file is the watch itself.
if ("WorkerGlobalScope" in globalThis) {
  const worker = globalThis as unknown as {
    onmessage: (event: MessageEvent<WatchJob>) => void;
    postMessage(pieces: Uint8Array[]): void;
  };
  worker.onmessage = ({ data }) => worker.postMessage(watch(data));
}

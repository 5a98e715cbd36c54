// Argon2id off the main thread: one worker for one stretch, one stretch at a time (docs/PROTOCOL.md section 3). Phrase
// and result pass through one page of shared memory, which is locked where possible and wiped by both sides.

import { argon2Salt, type Mode, StretchedPhrase } from "../auth/stretched.ts";
import { ARGON2_LANES, ARGON2_MEMORY_KIB, ARGON2_PASSES, STRETCHED_SIZE } from "../constants.ts";
import { ARGON2ID_WORKER } from "../crypto/argon2id_worker.generated.ts";
import type { StretchJob } from "../crypto/argon2id_worker.ts";
import type { Arena, LockedBytes } from "../secrets/locked.ts";

/** Where the result stands in the page; as in crypto/argon2id_worker.ts. */
const RESULT_AT = 2048;
const PAGE = 4096;
/**
 * A data: URL is the same in each run. The runtime's cache of compiled code remembers a worker by its URL, and a blob:
 * URL, new each time, left one entry more on the disk for each run.
 */
const SOURCE = `data:text/javascript,${encodeURIComponent(ARGON2ID_WORKER)}`;

export class Stretcher implements Disposable {
  readonly #arena: Arena;
  readonly #phrase: LockedBytes;
  readonly #mode: Mode;
  /** Of its own mapping, so that it begins on a page of the system's: only then it can be kept out of core dumps. */
  readonly #page: SharedArrayBuffer;
  #last: Promise<unknown> = Promise.resolve();
  #stop: (() => void) | undefined;
  #disposed = false;

  /** Takes the phrase over. `lock` keeps a page in memory. */
  constructor(arena: Arena, phrase: LockedBytes, mode: Mode, lock: (view: Uint8Array) => boolean) {
    this.#arena = arena;
    this.#phrase = phrase;
    this.#mode = mode;
    this.#page = spare ?? new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer as SharedArrayBuffer;
    spare = undefined;
    lock(new Uint8Array(this.#page, 0, PAGE));
    pages.add(this.#page);
  }

  /** Queued behind the stretches asked for before. The caller owns the result. Rejects once disposed. */
  stretch(salt: Uint8Array): Promise<StretchedPhrase> {
    const result = this.#last.then(() => this.#run(salt));
    this.#last = result.catch(() => {});
    return result;
  }

  /**
   * Whether these bytes hold the phrase, in whatever case and with whatever between its words: asked before a message is
   * sent, so that nobody sends it by mistake.
   */
  heldIn(bytes: Uint8Array): boolean {
    if (this.#disposed) return false;
    const phrase = this.#phrase.bytes;
    let letters = 0;
    for (const byte of phrase) if (FOLDED[byte] !== BETWEEN) letters++;
    const fold = letters >= LETTERS_MIN ? FOLDED : AS_IT_STANDS;
    const first = fold[phrase.find((byte) => fold[byte] !== BETWEEN) ?? 0];
    for (let at = 0; at < bytes.length; at++) {
      if (fold[bytes[at]!] === first && standsAt(bytes, at, phrase, fold)) return true;
    }
    return false;
  }

  /** Ends a stretch that is under way and wipes the phrase. */
  [Symbol.dispose](): void {
    if (this.#disposed) return;
    this.#disposed = true;
    if (this.#stop === undefined) spare = this.#page; // else a worker may still write there
    this.#stop?.();
    this.#phrase[Symbol.dispose]();
    new Uint8Array(this.#page, 0, PAGE).fill(0);
    pages.delete(this.#page);
  }

  async #run(salt: Uint8Array): Promise<StretchedPhrase> {
    if (this.#disposed) throw new Error("stretching is over");
    const bytes = new Uint8Array(this.#page, 0, PAGE);
    const worker = new Worker(SOURCE, { type: "module" });
    try {
      await new Promise<void>((done, fail) => {
        this.#stop = () => fail(new Error("stretching is over"));
        worker.onmessage = () => done();
        worker.onerror = (event) => {
          event.preventDefault();
          fail(new Error("the phrase could not be stretched"));
        };
        bytes.set(this.#phrase.bytes);
        worker.postMessage(
          {
            page: this.#page,
            phraseLength: this.#phrase.length,
            salt: argon2Salt(this.#mode, salt),
            passes: ARGON2_PASSES,
            memoryKib: ARGON2_MEMORY_KIB,
            lanes: ARGON2_LANES,
          } satisfies StretchJob,
        );
      });
      using stretched = this.#arena.bytes(STRETCHED_SIZE);
      stretched.bytes.set(bytes.subarray(RESULT_AT, RESULT_AT + STRETCHED_SIZE));
      return StretchedPhrase.from(this.#arena, salt, stretched);
    } finally {
      this.#stop = undefined;
      bytes.fill(0);
      worker.terminate();
    }
  }
}

/** Of the stretcher before, for the phrase that is asked for again: the process locks one page. */
let spare: SharedArrayBuffer | undefined;

/** Of every stretcher of the process: one. */
const pages = new Set<SharedArrayBuffer>();

/** For the end that waits for nothing, also not for a stretch under way. */
export function wipeStretching(): void {
  for (const page of pages) new Uint8Array(page, 0, PAGE).fill(0);
}

function standsAt(bytes: Uint8Array, at: number, phrase: Uint8Array, fold: Uint8Array): boolean {
  for (const byte of phrase) {
    const wanted = fold[byte];
    if (wanted === BETWEEN) continue;
    while (at < bytes.length && fold[bytes[at]!] === BETWEEN) at++;
    if (at === bytes.length || fold[bytes[at++]!] !== wanted) return false;
  }
  return true;
}

/** No letter and no digit: neither a phrase nor a message has a byte 0. */
const BETWEEN = 0;
/** Small for large ASCII letters, BETWEEN for spaces and marks. */
const FOLDED = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte >= 0x41 && byte <= 0x5a) return byte + 0x20;
  const kept = byte >= 0x80 || (byte >= 0x61 && byte <= 0x7a) || (byte >= 0x30 && byte <= 0x39);
  return kept ? byte : BETWEEN;
});
const AS_IT_STANDS = Uint8Array.from({ length: 256 }, (_, byte) => byte);
/** A phrase with fewer letters and digits is compared as it stands: without its marks, little would be left of it. */
const LETTERS_MIN = 6;

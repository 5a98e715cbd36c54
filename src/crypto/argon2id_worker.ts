// Argon2id (RFC 9106) in a separate worker, so that no link misses a tick while a phrase is being stretched. The worker
// does one stretch and is terminated. It is bundled to text (`deno task check worker`) and started from a data: URL,
// which needs no permission; a test compares the text with this file.
//
// hash-wasm leaves H0, the hash of the phrase before all the work, in memory that it drops. So this realm remembers
// every byte array that is created and wipes them all at the end (measured: 48 bytes of H0 found without, 0 with).

import { argon2id } from "hash-wasm";

/** Sent by chat/stretcher.ts. The page is shared memory of 4096 bytes: phrase at 0, result at RESULT_AT. */
export interface StretchJob {
  readonly page: SharedArrayBuffer;
  readonly phraseLength: number;
  readonly salt: Uint8Array;
  readonly passes: number;
  readonly memoryKib: number;
  readonly lanes: number;
}

/** Where in the page the result is; phrases are shorter than this. */
const RESULT_AT = 2048;

const everyArray: Uint8Array[] = [];
const TrackedArray = new Proxy(Uint8Array, {
  construct(target, args, newTarget) {
    const array = Reflect.construct(target, args, newTarget) as Uint8Array;
    everyArray.push(array);
    return array;
  },
});
// The prototype's constructor too: slice() and subarray() make their results through it.
Object.defineProperty(Uint8Array.prototype, "constructor", { value: TrackedArray });
globalThis.Uint8Array = TrackedArray;

const worker = globalThis as unknown as {
  onmessage: (event: MessageEvent<StretchJob>) => void;
  postMessage(done: null): void;
};

worker.onmessage = async ({ data: job }) => {
  const result = await argon2id({
    password: new Uint8Array(job.page, 0, job.phraseLength),
    salt: job.salt,
    iterations: job.passes,
    memorySize: job.memoryKib,
    parallelism: job.lanes,
    hashLength: 64,
    outputType: "binary",
  });
  // Clamped, so that it is not one of the arrays wiped next.
  new Uint8ClampedArray(job.page, RESULT_AT, result.length).set(result);
  for (const array of everyArray) if (array.length > 0) array.fill(0); // a detached one has length 0
  worker.postMessage(null);
};

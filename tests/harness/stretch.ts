// One Argon2id stretch by the program's own worker text, for tests and for the vectors task. The product's caller of the
// worker (locked page, one stretch at a time, an end that can come early) is `src/chat/`; this one wants the result only.

import { ARGON2_LANES, ARGON2_MEMORY_KIB, ARGON2_PASSES, STRETCHED_SIZE } from "../../src/constants.ts";
import { ARGON2ID_WORKER } from "../../src/crypto/argon2id_worker.generated.ts";
import type { StretchJob } from "../../src/crypto/argon2id_worker.ts";

/** What the worker leaves: the result, and the rest of the page as it was when the worker was done. */
export interface Stretch {
  readonly out: Uint8Array<ArrayBuffer>;
  readonly page: Uint8Array<SharedArrayBuffer>;
}

/** `cost` is for tests that have no time for the real one. */
export async function stretch(phrase: Uint8Array, salt: Uint8Array, cost: Partial<StretchJob> = {}): Promise<Stretch> {
  const shared = new SharedArrayBuffer(4096);
  const page = new Uint8Array(shared);
  page.set(phrase);
  const job: StretchJob = {
    page: shared,
    phraseLength: phrase.length,
    salt,
    passes: ARGON2_PASSES,
    memoryKib: ARGON2_MEMORY_KIB,
    lanes: ARGON2_LANES,
    ...cost,
  };
  const url = URL.createObjectURL(new Blob([ARGON2ID_WORKER], { type: "text/javascript" }));
  const worker = new Worker(url, { type: "module" });
  try {
    await new Promise<void>((done, fail) => {
      worker.onmessage = () => done();
      worker.onerror = (event) => {
        event.preventDefault();
        fail(new Error(`the worker failed: ${event.message}`));
      };
      worker.postMessage(job);
    });
    return { out: page.slice(RESULT_AT, RESULT_AT + STRETCHED_SIZE) as Uint8Array<ArrayBuffer>, page };
  } finally {
    worker.terminate();
    URL.revokeObjectURL(url);
  }
}

/** As argon2id_worker.ts says. */
const RESULT_AT = 2048;

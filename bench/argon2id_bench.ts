// Stretching a phrase as the program does it: a separate worker for each stretch, a page of shared memory, every array
// wiped at the end, the worker thrown away, then w, w*M and w*N. It is compared with the library's bare call with the
// same parameters under the same conditions, in a worker that is started for it from as much text; and with the bare
// call in a worker that is already running, where most of the difference is the start of a worker.

import { Stretcher } from "../src/chat/stretcher.ts";
import { ARGON2_LANES, ARGON2_MEMORY_KIB, ARGON2_PASSES, SALT_SIZE, STRETCHED_SIZE } from "../src/constants.ts";
import { compare, type Side } from "./ratio.ts";
import { benchArena, entropy } from "./setup.ts";

compare("Argon2id", async () => {
  const start = await bareStarter();
  return {
    goal: { atMost: 1.1 },
    rounds: 15,
    batch: 1,
    ours: await ours(),
    peer: {
      run: async () => {
        const worker = start();
        await stretchBare(worker);
        worker.terminate();
      },
    },
  };
});

compare("Argon2id, against a worker that stands ready", async () => {
  const worker = (await bareStarter())();
  return { goal: undefined, rounds: 15, batch: 1, ours: await ours(), peer: { run: () => stretchBare(worker) } };
});

/** A stretch as the program makes it. */
export async function ours(): Promise<Side> {
  const arena = await benchArena();
  const phrase = arena.bytes(PHRASE.length);
  phrase.bytes.set(PHRASE);
  const stretcher = new Stretcher(arena, phrase, "real", () => true);
  return {
    run: async () => {
      using _ = await stretcher.stretch(randomBytes(SALT_SIZE));
    },
  };
}

/** Starts a worker of the library's own bundle and one line that calls it. */
async function bareStarter(): Promise<() => Worker> {
  const library = await Deno.readTextFile(new URL(import.meta.resolve("hash-wasm/dist/argon2.umd.min.js")));
  const call = "onmessage = async ({ data }) => postMessage(await globalThis.hashwasm.argon2id(data));";
  const url = URL.createObjectURL(new Blob([library, "\n", call], { type: "text/javascript" }));
  return () => new Worker(url, { type: "module" });
}

function stretchBare(worker: Worker): Promise<void> {
  return new Promise((done, fail) => {
    worker.onmessage = ({ data }) => data.length === STRETCHED_SIZE ? done() : fail(new Error("no result"));
    worker.postMessage({
      password: PHRASE,
      salt: randomBytes(32), // what the library gets as its salt is a hash of the mode and the listener's 16 bytes
      iterations: ARGON2_PASSES,
      memorySize: ARGON2_MEMORY_KIB,
      parallelism: ARGON2_LANES,
      hashLength: STRETCHED_SIZE,
      outputType: "binary",
    });
  });
}

function randomBytes(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  entropy(bytes);
  return bytes;
}

export const PHRASE: Uint8Array = new TextEncoder().encode("correct horse battery staple");

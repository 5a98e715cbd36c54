// Argon2id for the second implementation, away from the thread that times the product. One job, then its owner ends it.
// Out of scope: what is stretched (handshake.ts).

import { argon2id } from "hash-wasm";

export interface Job {
  readonly password: Uint8Array;
  readonly salt: Uint8Array;
}

const worker = globalThis as unknown as {
  onmessage: (event: MessageEvent<Job>) => void;
  postMessage(hash: Uint8Array): void;
};

worker.onmessage = async ({ data }) => {
  const cost = { parallelism: 4, iterations: 3, memorySize: 65536, hashLength: 64 };
  worker.postMessage(await argon2id({ ...data, ...cost, outputType: "binary" }));
};

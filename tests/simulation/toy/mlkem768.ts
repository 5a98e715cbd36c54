// A toy: see mix.ts. The ciphertext carries the randomness in the clear.

import { type Bytes, mix, plain } from "./mix.ts";

export function kemPublicKey(out: Bytes, seed: Bytes): void {
  const key = plain(out);
  key.fill(0);
  mix(key.subarray(0, 32), 5, [seed]);
}

export function kemEncapsulate(ciphertext: Bytes, shared: Bytes, key: Bytes, random: Bytes): boolean {
  const sealed = plain(ciphertext);
  sealed.fill(0);
  sealed.set(plain(random));
  mix(plain(shared), 6, [plain(key).subarray(0, 32), random]);
  return true;
}

export function kemDecapsulate(shared: Bytes, ciphertext: Bytes, seed: Bytes): void {
  const key = new Uint8Array(32);
  mix(key, 5, [seed]);
  mix(plain(shared), 6, [key, plain(ciphertext).subarray(0, 32)]);
}

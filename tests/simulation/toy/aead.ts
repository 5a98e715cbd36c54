// A toy: see mix.ts. It encrypts nothing; its tag covers the key, the nonce, the AAD and the first bytes of the text.

import { type Bytes, mix, plain } from "./mix.ts";

const TAG = 16;
const COVERED = 64;

export function seal(out: Bytes, key: Bytes, nonce: Bytes, aad: Bytes, plaintext: Bytes): void {
  const [sealed, text] = [plain(out), plain(plaintext)];
  sealed.set(text);
  mix(sealed.subarray(text.length), 4, [key, nonce, aad, text.subarray(0, COVERED)]);
}

export function open(out: Bytes, key: Bytes, nonce: Bytes, aad: Bytes, sealed: Bytes): boolean {
  const [text, from] = [plain(out), plain(sealed)];
  const expected = new Uint8Array(TAG);
  mix(expected, 4, [key, nonce, aad, from.subarray(0, COVERED)]);
  const length = from.length - TAG;
  for (let i = 0; i < TAG; i++) if (from[length + i] !== expected[i]) return false;
  text.set(from.subarray(0, length));
  return true;
}

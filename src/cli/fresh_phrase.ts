// `sesame phrase`: a fresh phrase of Sesame's own words.

import { generate } from "../auth/words.ts";
import { sha256 } from "../crypto/sha256.ts";
import { loadSodium } from "../crypto/sodium.ts";
import type { Host } from "../host/host.ts";
import { entropyOf } from "../system.ts";

/** `words` words and the checksum word. It is a string, because it is to be printed. */
export async function freshPhrase(host: Host, words: number): Promise<string> {
  await loadSodium([[64, 1]]);
  return generate(words, entropyOf(host), (bytes, out) => sha256(out, bytes));
}

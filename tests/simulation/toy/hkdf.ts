// A toy: see mix.ts.

import { type Bytes, mix, plain } from "./mix.ts";

export function hkdfSha256(out: Bytes, salt: Bytes | undefined, ikm: readonly Bytes[], info: readonly Bytes[]): void {
  mix(plain(out), 3, salt === undefined ? [...ikm, ...info] : [salt, ...ikm, ...info]);
}

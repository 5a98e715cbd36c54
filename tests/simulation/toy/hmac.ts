// A toy: see mix.ts.

import { type Bytes, mix, plain } from "./mix.ts";

export function hmacSha256(out: Bytes, key: Bytes, ...parts: Bytes[]): void {
  mix(plain(out), 2, [key, ...parts]);
}

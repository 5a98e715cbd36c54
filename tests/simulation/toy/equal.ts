// A toy: see mix.ts. Not in constant time.

import { type Bytes, plain } from "./mix.ts";

export function equal32(a: Bytes, b: Bytes): boolean {
  const [x, y] = [plain(a), plain(b)];
  return x.every((byte, i) => byte === y[i]);
}

// A toy: see mix.ts. The shared secret is the difference of the private keys, which both sides can make.

import { type Bytes, plain } from "./mix.ts";

const BLIND = 0x5a;

export function x25519PublicKey(out: Bytes, secret: Bytes): void {
  const [to, from] = [plain(out), plain(secret)];
  for (let i = 0; i < 32; i++) to[i] = from[i]! ^ BLIND;
}

export function x25519(out: Bytes, secret: Bytes, publicKey: Bytes): boolean {
  const [to, s, p] = [plain(out), plain(secret), plain(publicKey)];
  let all = 0;
  for (let i = 0; i < 32; i++) {
    const byte = s[i]! ^ p[i]! ^ BLIND;
    to[i] = byte;
    all |= byte;
  }
  return all !== 0;
}

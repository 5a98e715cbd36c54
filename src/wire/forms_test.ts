import assert from "node:assert/strict";
import { addressParts, fromB32, isB32, peerFromB32, peerToB32, toB32 } from "./forms.ts";

const BYTES = Uint8Array.from({ length: 32 }, (_, i) => 7 * i);
const TEXT = toB32(BYTES);

Deno.test("32 bytes have one spelling, and what is none of it is refused before it is read", () => {
  assert.deepEqual(fromB32(TEXT), BYTES);
  assert.equal(peerFromB32(peerToB32(BYTES.toHex())), BYTES.toHex());
  const others = ["", TEXT.slice(1), `${TEXT}A`, `${TEXT}=`, `${TEXT.slice(0, -1)}B`, `+${TEXT.slice(1)}`];
  for (const text of others) {
    assert.equal(isB32(text), false, text);
    assert.throws(() => fromB32(text), SyntaxError, text);
    assert.throws(() => peerFromB32(text), SyntaxError, text);
  }
});

Deno.test("an address comes apart into a host without brackets and a port", () => {
  assert.deepEqual(addressParts("1.2.3.4:7373"), { host: "1.2.3.4", port: 7373 });
  assert.deepEqual(addressParts("[2001:db8::1]:1"), { host: "2001:db8::1", port: 1 });
  assert.deepEqual(addressParts("[fe80::1%2]:65535"), { host: "fe80::1%2", port: 65535 });
});

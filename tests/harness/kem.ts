// A KEM key that fails FIPS 203's check, for tests of the refusal.

/** The key with its coefficient number `at` (0 to 767) replaced. FIPS 203 ByteEncode_12: two coefficients in three bytes. */
export function withLargeCoefficient(key: Uint8Array, at: number, value: number): Uint8Array {
  const changed = key.slice();
  const byte = (at >> 1) * 3;
  if (at % 2 === 0) {
    changed[byte] = value & 0xff;
    changed[byte + 1] = (changed[byte + 1]! & 0xf0) | (value >> 8);
  } else {
    changed[byte + 1] = (changed[byte + 1]! & 0x0f) | ((value & 0x0f) << 4);
    changed[byte + 2] = value >> 4;
  }
  return changed;
}

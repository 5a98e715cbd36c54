// The key of an onion name as people pass it on and as Tor expects it: base32 (RFC 4648 section 6, no padding) and
// base64 (section 4), on bytes, since no text can be wiped. Pure. Out of scope: what the key opens (control.ts).

export const CLIENT_KEY_SIZE = 32;
/** In base32. */
export const CLIENT_KEY_LETTERS = 52;

/** Upper case, as Tor writes its keys. For a public key, or for one that is to be shown. */
export function base32(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length * 8; at += 5) text += BASE32[bitsOf(bytes, at, 5)];
  return text;
}

/**
 * The 32 bytes of a key out of its 52 letters, of either case, with blanks around and a line end behind. False: it is none, and
 * `out` holds zeros.
 */
export function keyFromBase32(out: Uint8Array, text: Uint8Array): boolean {
  out.fill(0);
  let letters = 0;
  let good = true;
  let ended = false;
  for (const byte of text) {
    if (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) {
      ended = letters > 0;
      continue;
    }
    const value = valueOf(byte);
    good &&= !ended && value >= 0 && letters < CLIENT_KEY_LETTERS;
    if (!good) break;
    for (let bit = 0; bit < 5; bit++) {
      const at = letters * 5 + bit;
      const set = value >> (4 - bit) & 1;
      // What is left of the last letter says nothing, so it is zero in the one spelling that there is.
      if (at >= CLIENT_KEY_SIZE * 8) good &&= set === 0;
      else out[at >> 3]! |= set << (7 - (at & 7));
    }
    letters++;
  }
  if (good && letters === CLIENT_KEY_LETTERS) return true;
  out.fill(0);
  return false;
}

/** The 44 bytes of base64 of a key, at this place. */
export function base64Key(out: Uint8Array, at: number, key: Uint8Array): void {
  for (let i = 0; i < 43; i++) out[at + i] = BASE64.charCodeAt(bitsOf(key, i * 6, 6));
  out[at + 43] = 0x3d;
}

export const BASE64_KEY_SIZE = 44;

/** `count` bits from this bit on, with zeros behind the end. */
function bitsOf(bytes: Uint8Array, from: number, count: number): number {
  const first = from >> 3;
  const two = (bytes[first] ?? 0) << 8 | (bytes[first + 1] ?? 0);
  return two >> (16 - count - (from & 7)) & (1 << count) - 1;
}

function valueOf(byte: number): number {
  if (byte >= 0x61 && byte <= 0x7a) return byte - 0x61;
  if (byte >= 0x41 && byte <= 0x5a) return byte - 0x41;
  return byte >= 0x32 && byte <= 0x37 ? byte - 0x32 + 26 : -1;
}

/** The 56 letters of an onion name of version 3, which may have more labels in front. */
export function bareName(host: string): string | undefined {
  const labels = host.toLowerCase().split(".");
  const name = labels.at(-2) ?? "";
  return labels.at(-1) === "onion" && /^[a-z2-7]{56}$/.test(name) ? name : undefined;
}

const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// SPAKE2 (RFC 9382) over a group, as pure steps: shares, the shared point, the transcript, the keys that follow from
// it. Order and labels of docs/PROTOCOL.md section 3. `handshake.ts` puts the steps together. Unblinded x*G, w*M and
// w*N are as good as w to somebody who tests phrases, so they are in locked memory too.

import { hkdfSha256 } from "../crypto/hkdf.ts";
import { hmacSha256 } from "../crypto/hmac.ts";
import { sha256 } from "../crypto/sha256.ts";
import type { Bytes } from "../crypto/sodium.ts";
import type { Entropy } from "../ports.ts";
import type { Arena, LockedBytes, LockedKey } from "../secrets/locked.ts";
import type { Group } from "./group.ts";

/** `out` = scalar * G + mask: shareA with x and w*M, shareB with y and w*N. The scalar is not 0. */
export function makeShare(group: Group, arena: Arena, out: Uint8Array, scalar: LockedKey, mask: LockedBytes): void {
  using unmasked = arena.bytes(group.pointSize);
  if (!group.multiplyBase(unmasked, scalar) || !group.add(out, unmasked, mask)) throw new RangeError("not a scalar");
}

/**
 * `out` = K = (cofactor * scalar) * (share - mask), where `share` and `mask` are the other side's. False if the share
 * is not valid; the connection then ends. If K is the identity, the other side made its share from a mask alone, with a
 * correct guess at the phrase: then `out` is random, so that the connection ends in every respect as with a wrong one.
 */
export function sharedPoint(
  group: Group,
  arena: Arena,
  out: LockedBytes,
  scalar: LockedKey,
  share: Uint8Array,
  mask: LockedBytes,
  entropy: Entropy,
): boolean {
  if (!group.valid(share)) return false;
  using factor = arena.key();
  using unmasked = arena.bytes(group.pointSize);
  group.timesCofactor(factor, scalar);
  if (!group.subtract(unmasked, share, mask)) return false;
  if (group.multiply(out, factor, unmasked)) return true;
  group.multiply(out, factor, group.M); // for its time alone
  entropy(out.bytes);
  return true;
}

/** What the transcript joins. `w` is the scalar itself, little-endian; the transcript has it big-endian. */
export interface TranscriptParts {
  readonly identityA: Uint8Array;
  readonly identityB: Uint8Array;
  readonly shareA: Uint8Array;
  readonly shareB: Uint8Array;
  readonly K: LockedBytes;
  readonly w: LockedKey;
}

/** TT of RFC 9382 section 4: each part behind its length as a little-endian u64. The caller disposes it. */
export function makeTranscript(arena: Arena, parts: TranscriptParts): LockedBytes {
  using w = arena.key();
  w.bytes.set(parts.w.bytes);
  w.bytes.reverse();
  const all = [parts.identityA, parts.identityB, parts.shareA, parts.shareB, parts.K.bytes, w.bytes];
  const transcript = arena.bytes(all.reduce((sum, part) => sum + 8 + part.length, 0));
  let at = 0;
  for (const part of all) {
    new DataView(transcript.bytes.buffer, transcript.bytes.byteOffset + at).setBigUint64(0, BigInt(part.length), true);
    transcript.bytes.set(part, at + 8);
    at += 8 + part.length;
  }
  return transcript;
}

/** `out` (32 bytes) = Ke || Ka = H(TT). */
export function transcriptKeys(out: LockedKey, transcript: LockedBytes): void {
  sha256(out, transcript);
}

/** `out` (32 bytes) = KcA || KcB = HKDF(absent, Ka, "ConfirmationKeys" || context). */
export function confirmationKeys(out: LockedKey, Ka: Bytes, context: Bytes): void {
  hkdfSha256(out, undefined, [Ka], [CONFIRMATION_LABEL, context]);
}

/** `out` (32 bytes) = HMAC(Kc, TT): confirmA with KcA, confirmB with KcB. */
export function confirmation(out: Bytes, Kc: Bytes, transcript: LockedBytes): void {
  hmacSha256(out, Kc, transcript);
}

const CONFIRMATION_LABEL = new TextEncoder().encode("ConfirmationKeys");

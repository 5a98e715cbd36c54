// From the bytes that a person typed to the bytes that are stretched (docs/PROTOCOL.md section 3, "Phrase"). No phrase
// becomes a JavaScript string, which cannot be wiped; only single characters that are not ASCII do (`nfkc.ts`). Out of
// scope: where the bytes come from, Argon2id, words for the person.

import { PHRASE_MAX_BYTES, PHRASE_MIN_BYTES } from "../constants.ts";
import { sha256 } from "../crypto/sha256.ts";
import { type Arena, LockedBytes } from "../secrets/locked.ts";
import { nfkc } from "./nfkc.ts";
import { type Canonical, CANONICAL_ROOM, canonicalise } from "./words.ts";

/** Why a phrase is refused. It says nothing about the phrase but the place of an unknown word. */
export type PhraseProblem =
  | "empty"
  | "too short"
  | "too long"
  | "not UTF-8"
  | "control character"
  | "unassigned"
  /** One of Sesame's own phrases, with a typo somewhere. */
  | "checksum"
  | { readonly typo: number };

/**
 * Brings `typed` (lent, in locked memory) to the bytes that both friends stretch: one trailing LF or CRLF removed, strict
 * UTF-8, no control or unassigned characters, at most PHRASE_MAX_BYTES, then NFKC, then PHRASE_MIN_BYTES to
 * PHRASE_MAX_BYTES. A phrase of Sesame's own words (`words.ts`) is brought to its canonical form first, and a typo in it
 * is found. The caller owns the result.
 */
export function normalisePhrase(arena: Arena, typed: Uint8Array): LockedBytes | PhraseProblem {
  const bytes = typed.subarray(0, typed.length - trailingLineEnd(typed));
  if (bytes.length === 0) return "empty";
  if (bytes.length > PHRASE_MAX_BYTES) return "too long";
  const own = ownWords(arena, bytes);
  if (own instanceof LockedBytes) return own;
  if (own.kind === "typo") return { typo: own.position };
  if (own.kind === "checksum") return "checksum";
  using normal = arena.bytes(PHRASE_MAX_BYTES);
  const { length, refused } = nfkc(bytes, normal.bytes);
  if (refused !== undefined) return refused;
  if (length < PHRASE_MIN_BYTES) return "too short";
  if (length > PHRASE_MAX_BYTES) return "too long";
  return taken(arena, normal.bytes.subarray(0, length));
}

/**
 * Whether `text`, a message that has not been sent yet, contains the phrase: as it is, or in any spelling that the
 * prompt would take for the same. `heldIn` compares bytes with the phrase. The message is a string already; no other is
 * made of it unless it is longer than a phrase can be.
 */
export function holdsPhrase(arena: Arena, text: string, heldIn: (bytes: Uint8Array) => boolean): boolean {
  const short = text.length <= PHRASE_MAX_BYTES;
  const typed = new Uint8Array(3 * text.length);
  const normal = new Uint8Array(short ? NFKC_GROWS * typed.length : 0);
  try {
    const { written } = new TextEncoder().encodeInto(short ? text : text.normalize("NFKC"), typed);
    let bytes = typed.subarray(0, written);
    if (short) bytes = normal.subarray(0, nfkc(bytes, normal).length);
    if (heldIn(bytes)) return true;
    const own = bytes.length > PHRASE_MAX_BYTES ? undefined : ownWords(arena, bytes);
    if (!(own instanceof LockedBytes)) return false;
    using spelling = own;
    return heldIn(spelling.bytes);
  } finally {
    typed.fill(0);
    normal.fill(0);
  }
}

/** The canonical form, or why `bytes` are not one of Sesame's word phrases. */
function ownWords(arena: Arena, bytes: Uint8Array): LockedBytes | Exclude<Canonical, { kind: "words" }> {
  using canonical = arena.bytes(Math.max(CANONICAL_ROOM, bytes.length));
  const own = canonicalise(bytes, canonical.bytes, (from, into) => sha256(into, from));
  return own.kind === "words" ? taken(arena, canonical.bytes.subarray(0, own.length)) : own;
}

function taken(arena: Arena, bytes: Uint8Array): LockedBytes {
  const phrase = arena.bytes(bytes.length);
  phrase.bytes.set(bytes);
  return phrase;
}

/** 1 for LF, 2 for CRLF, 0 for none. */
function trailingLineEnd(bytes: Uint8Array): number {
  if (bytes.at(-1) !== 0x0a) return 0;
  return bytes.at(-2) === 0x0d ? 2 : 1;
}

/** U+FDFA, 3 bytes, becomes 33; nothing grows more. */
const NFKC_GROWS = 11;

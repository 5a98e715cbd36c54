// From the bytes that a person typed to the bytes that are stretched (docs/PROTOCOL.md section 3, "Phrase").
// An ASCII phrase never becomes a JavaScript string: it is its own NFKC. Any other has to, because the runtime normalises
// strings only, and a string cannot be wiped; `docs/SECURITY.md` says so.
// Not in here: where the bytes come from, Argon2id, words for the person.

import { PHRASE_MAX_BYTES, PHRASE_MIN_BYTES } from "../constants.ts";
import { sha256 } from "../crypto/sha256.ts";
import type { Arena, LockedBytes } from "../secrets/locked.ts";
import { CANONICAL_ROOM, canonicalise } from "./words.ts";

/** Why a phrase is refused. It names nothing of the phrase but the place of a word that is none. */
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
  using canonical = arena.bytes(Math.max(CANONICAL_ROOM, bytes.length));
  const own = canonicalise(bytes, canonical.bytes, (from, into) => sha256(into, from));
  if (own.kind === "words") return checked(arena, canonical.bytes.subarray(0, own.length));
  if (own.kind === "typo") return { typo: own.position };
  if (own.kind === "checksum") return "checksum";
  if (!bytes.every((byte) => byte < 0x80)) return normaliseText(arena, bytes);
  if (bytes.some((byte) => byte < 0x20 || byte === 0x7f)) return "control character";
  return checked(arena, bytes);
}

function normaliseText(arena: Arena, bytes: Uint8Array): LockedBytes | PhraseProblem {
  let text: string;
  try {
    // ignoreBOM: a BOM is a character like another here, and is not taken away in silence.
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return "not UTF-8";
  }
  const normal = text.normalize("NFKC");
  for (const form of [text, normal]) {
    if (/\p{Cc}/u.test(form)) return "control character";
    if (/\p{Cn}/u.test(form)) return "unassigned";
  }
  const encoded = new TextEncoder().encode(normal);
  try {
    return checked(arena, encoded);
  } finally {
    encoded.fill(0);
  }
}

function checked(arena: Arena, bytes: Uint8Array): LockedBytes | PhraseProblem {
  if (bytes.length < PHRASE_MIN_BYTES) return "too short";
  if (bytes.length > PHRASE_MAX_BYTES) return "too long";
  const phrase = arena.bytes(bytes.length);
  phrase.bytes.set(bytes);
  return phrase;
}

/** 1 for LF, 2 for CRLF, 0 for none. */
function trailingLineEnd(bytes: Uint8Array): number {
  if (bytes.at(-1) !== 0x0a) return 0;
  return bytes.at(-2) === 0x0d ? 2 : 1;
}

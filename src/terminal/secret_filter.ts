// What should not be sent by accident. Scope: private keys and long tokens, recognised by their appearance. Out of
// scope: the session's phrase, which is compared in locked memory (`holdsPhrase` of ViewOptions).

import { SECRETS } from "../words/screen.ts";

/** What the text seems to hold, as `a private key`; undefined if nothing is suspicious. Linear in its length. */
export function suspicion(text: string): string | undefined {
  if (PRIVATE_KEY.test(text)) return SECRETS.privateKey;
  if (KNOWN_TOKEN.test(text) || holdsJwt(text)) return SECRETS.accessToken;
  for (const [word] of text.matchAll(LONG_WORD)) {
    if (/\d/.test(word) && /[A-Za-z]/.test(word) && new Set(word).size >= DISTINCT_MIN) return SECRETS.longToken;
  }
  return undefined;
}

/** Two parts in base64url and a third one, with dots between; the first begins with `{"`. Each word is read once. */
function holdsJwt(text: string): boolean {
  for (const [word] of text.matchAll(DOTTED_WORD)) {
    const parts = word.split(".");
    for (const [i, part] of parts.entries()) {
      const begin = JWT_BEGIN.exec(part)?.index;
      if (begin === undefined || part.length - begin < JWT_PART_MIN + 3) continue;
      if (i + 2 < parts.length && (parts[i + 1] ?? "").length >= JWT_PART_MIN) return true;
    }
  }
  return false;
}

const PRIVATE_KEY = /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY|AGE-SECRET-KEY-1|PuTTY-User-Key-File-\d/;
const KNOWN_TOKEN = /\b(?:gh[pousr]_\w{20}|github_pat_\w{20}|sk-[\w-]{20}|xox[abprs]-[\w-]{10}|AKIA[0-9A-Z]{16})/;
const DOTTED_WORD = /[\w.-]{26,}/g;
const JWT_BEGIN = /\beyJ/;
const JWT_PART_MIN = 10;
// No slash and no hyphen: paths and addresses of pages are long and harmless.
const LONG_WORD = /[A-Za-z0-9+_=]{32,}/g;
/** Fewer different characters are a drawn line or laughter. */
const DISTINCT_MIN = 10;

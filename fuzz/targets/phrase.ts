// docs/PROTOCOL.md section 3, "Phrase": from what was typed to what is stretched, Sesame's own words included.
// Input: a first byte: 0, the rest is what was typed; else words are drawn by the rest, said in another way, and changed.

import { wordlist } from "@scure/bip39/wordlists/english.js";
import { normalisePhrase } from "../../src/auth/phrase.ts";
import { CANONICAL_ROOM, canonicalise, generate } from "../../src/auth/words.ts";
import { PHRASE_MAX_BYTES, PHRASE_MIN_BYTES } from "../../src/constants.ts";
import { sha256 } from "../../src/crypto/sha256.ts";
import type { Arena } from "../../src/secrets/locked.ts";
import { testArena } from "../../tests/harness/arena.ts";
import { edit, Input, joined, must, same, type Target, utf8 } from "../target.ts";

const hash = (from: Uint8Array, into: Uint8Array) => sha256(into, from);
const SEPARATORS = [" ", "-", "\t", ", ", "\u00a0", "\u2009", "\u3000", ".", "\u202f", "_"];

export const target: Target = {
  name: "phrase",
  maxLength: 1200,
  dictionary: [...SEPARATORS, "\ufb01", "\u00c5", "A\u030a", "\ufeff", "\u0378", "\ufdfa", ...wordlist.slice(0, 12)],
  seeds: () => [
    ...[
      "correct horse battery staple",
      "caf\u00e9 au lait",
      "ﬁne Å phrase",
      "abandon ability able about above absent act",
      "\ufdfa".repeat(100),
    ]
      .map((text) => joined([0], utf8(text))),
    joined([0], utf8("long enough\r\n")),
    joined([0], utf8("x\u0378 long enough")),
    ...[0, 1, 2, 3, 4, 5].map((n) => Uint8Array.of(1, n, n, 0, 1, 2, 3, 4, 5, 6, 7, 8)),
    joined([0], new Uint8Array(1025).fill(0x61)),
  ],
  async make() {
    const arena = await testArena();
    return (data) => run(arena, data);
  },
};

function run(arena: Arena, data: Uint8Array): void {
  const before = arena.used;
  const input = new Input(data);
  if (input.u8() === 0) typed(arena, input.rest());
  else words(arena, input);
  must(arena.used === before, "everything is given back");
}

function typed(arena: Arena, bytes: Uint8Array): Uint8Array | undefined {
  const kept = bytes.slice();
  const got = normalisePhrase(arena, bytes);
  must(same(bytes, kept), "what was typed is not changed");
  if (typeof got === "string" || "typo" in got) {
    if (typeof got !== "string") {
      must(got.typo >= 1 && got.typo <= 14, "a typo has its place");
    }
    return undefined;
  }
  using phrase = got;
  const out = phrase.bytes.slice();
  must(out.length >= PHRASE_MIN_BYTES && out.length <= PHRASE_MAX_BYTES, "as long as a phrase may be");
  must(bytes.length <= PHRASE_MAX_BYTES + 2, "what is long is refused before it is normalised");
  const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
    .decode(out);
  must(!/[\p{Cc}\p{Cn}]/u.test(text), "no control or unassigned characters");
  must(text.normalize("NFKC") === text, "it is its own NFKC");
  const again = normalisePhrase(arena, out);
  // NFKC may make the words of another's phrase into Sesame's own: then the second reading may refuse it, both sides alike.
  if (typeof again !== "string" && !("typo" in again)) {
    must(same(again.bytes, out) || bytes.some((byte) => byte >= 0x80), "idempotent");
    again[Symbol.dispose]();
  } else {must(
      bytes.some((byte) => byte >= 0x80),
      "what is ASCII and taken is taken again",
    );}
  if (out.every((byte) => byte < 0x80) && !sesames(out)) {
    const line = kept.at(-1) === 10 ? kept.length - (kept.at(-2) === 13 ? 2 : 1) : kept.length;
    must(
      bytes.some((byte) => byte >= 0x80) || same(out, kept.subarray(0, line)),
      "another's ASCII phrase stays as it is",
    );
  }
  return out;
}

function sesames(bytes: Uint8Array): boolean {
  return canonicalise(bytes, new Uint8Array(Math.max(CANONICAL_ROOM, bytes.length)), hash).kind === "words";
}

function words(arena: Arena, input: Input): void {
  const count = 5 + input.pick(8);
  const [separator, shout, touch] = [SEPARATORS[input.pick(SEPARATORS.length)]!, input.u8(), input.pick(4)];
  const fresh = generate(count, (into) => into.set(input.bytes(into.length)), hash);
  const said = fresh.split(" ").map((word, n) => (shout >> (n % 8)) & 1 ? word.toUpperCase() : word).join(separator);
  const bytes = utf8(said);
  must(
    same(typed(arena, bytes) ?? bytes.slice(0, 0), utf8(fresh)),
    "a phrase of Sesame's is the same however it is said",
  );
  // One word for another: found with the certainty of the checksum, and if it is not, then it is a phrase of Sesame's too.
  if (touch > 0) {
    const changed = utf8(fresh);
    if (!edit(changed, input, touch)) return;
    const out = new Uint8Array(Math.max(CANONICAL_ROOM, changed.length));
    const got = canonicalise(changed, out, hash);
    const length = got.kind === "words" ? got.length : 0;
    must(out.subarray(length).every((byte) => byte === 0), "nothing is left behind the canonical form");
    typed(arena, changed);
  }
}

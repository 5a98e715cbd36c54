// What a phrase becomes, by vectors that were computed without this program (docs/PROTOCOL.md section 9).

import { ok, strictEqual as equal } from "node:assert/strict";
import { testArena } from "../../tests/harness/arena.ts";
import { vectors } from "../../tests/harness/vectors.ts";
import { LockedBytes } from "../secrets/locked.ts";
import { normalisePhrase } from "./phrase.ts";

interface Vector {
  readonly why: string;
  readonly typed: string;
  readonly becomes?: string;
  readonly refused?: string;
  readonly position?: number;
}

const { phrases } = await vectors<{ phrases: Vector[] }>("phrases.json");
const arena = await testArena();

Deno.test("normalisePhrase() gives what each phrase of the vectors becomes, or why it is refused", () => {
  ok(phrases.length >= 40);
  for (const { why, typed, becomes, refused, position } of phrases) {
    const result = normalisePhrase(arena, Uint8Array.fromHex(typed));
    if (result instanceof LockedBytes) {
      using phrase = result;
      equal(phrase.bytes.toHex(), becomes, why);
    } else {
      const [kind, place] = typeof result === "string" ? [result, undefined] : ["typo", result.typo];
      equal(kind, refused, why);
      equal(place, position, why);
    }
  }
  equal(arena.used, 0);
});

// What a person is asked about before it is sent, kind by kind; that it is asked at all: screen/screen_test.ts, view_test.ts.

import { strictEqual as equal } from "node:assert/strict";
import { SECRETS } from "../words/screen.ts";
import { suspicion } from "./secret_filter.ts";

const TWENTY = "Abcdefghij0123456789";
const JWT = "eyJhbGciOiJIUzI1NiJ9";

Deno.test("suspicion() knows private keys, tokens by how they begin, and long words of letters and digits", () => {
  const CASES: readonly (readonly [string | undefined, ...string[]])[] = [
    [
      SECRETS.privateKey,
      "-----BEGIN PRIVATE KEY-----",
      "-----BEGIN ENCRYPTED PRIVATE KEY",
      "-----BEGIN PGP PRIVATE KEY BLOCK-----",
      "key: AGE-SECRET-KEY-1QQQ",
      "PuTTY-User-Key-File-3: ssh-ed25519",
    ],
    [
      SECRETS.accessToken,
      ...[..."pousr"].map((kind) => `gh${kind}_${TWENTY}`),
      `it is github_pat_${TWENTY}.`,
      `sk-proj-${TWENTY}`,
      ...[..."abprs"].map((kind) => `xox${kind}-0123456789`),
      "AKIA0123456789ABCDEF",
      `Bearer ${JWT}.eyJzdWIiOiIx.c2ln`,
      `${JWT}.eyJzdWIiOiIx.`,
    ],
    [SECRETS.longToken, "q83vEjRWeJCrze8SNFZ4kKvN7xI0Vnh1", "a word, q83vEjRWeJCrze8SNFZ4kKvN7xI0Vnh1=, and more"],
    [
      undefined,
      "",
      "-----BEGIN CERTIFICATE-----",
      "-----BEGIN PUBLIC KEY-----",
      `gh_${TWENTY}`,
      `aghp_${TWENTY}`,
      "sk-short",
      "xoxb-012345678",
      "AKIA0123456789ABCDE",
      `${JWT}.short.x`,
      `${JWT}.eyJzdWIiOiIx`,
      "eyJ.eyJzdWIiOiIx.c2ln",
      "q83vEjRWeJCrze8SNFZ4kKvN7xI0Vnh", // one too short
      "abcdefghijklmnopqrstuvwxyzabcdefghij", // no digit
      "01234567890123456789012345678901", // no letter
      "a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1", // two characters over and over
      "https://example.org/a-long-path/to-some/page-with-a-name-of-more-than-32",
    ],
  ];
  for (const [what, ...texts] of CASES) for (const text of texts) equal(suspicion(text), what, text);
});

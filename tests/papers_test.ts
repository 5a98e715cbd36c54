// The papers keep each other honest: docs/SECURITY.md and plans/sesame-mvp-plan.md promise the same, word for word, and
// every check that SECURITY.md names exists.

import { deepStrictEqual as deepEqual, match, strictEqual as equal } from "node:assert/strict";

const ROOT = new URL("..", import.meta.url);

interface Row {
  readonly id: string;
  readonly guarantee: string;
  readonly limit: string;
  readonly checks: string;
}

/** Rows whose first cell is G and a number. */
async function guaranteesOf(page: string): Promise<Row[]> {
  const text = await Deno.readTextFile(new URL(page, ROOT));
  return [...text.matchAll(/^\| (G\d+) \| (.*?) \| (.*?) \|(?: (.*?) \|)?$/gm)].map((m) => ({
    id: m[1] ?? "",
    guarantee: m[2] ?? "",
    limit: m[3] ?? "",
    checks: m[4] ?? "",
  }));
}

Deno.test("SECURITY.md and the plan promise the same, with the same limits", async () => {
  const [security, plan] = await Promise.all([
    guaranteesOf("docs/SECURITY.md"),
    guaranteesOf("plans/sesame-mvp-plan.md"),
  ]);
  const bare = (rows: Row[]) => rows.map(({ id, guarantee, limit }) => ({ id, guarantee, limit }));
  equal(security.length >= 15, true, "the table of SECURITY.md was not found");
  deepEqual(bare(security), bare(plan));
});

Deno.test("every guarantee names a check, and every check that is named exists", async () => {
  for (const { id, checks } of await guaranteesOf("docs/SECURITY.md")) {
    const named = [...checks.matchAll(/`([^`]+\.ts)` “([^”]+)”/g)];
    equal(named.length > 0, true, `${id} names no check`);
    for (const [, file = "", sentence = ""] of named) {
      const source = await Deno.readTextFile(new URL(file, ROOT)).catch(() => "");
      equal(source.includes(sentence), true, `${id}: ${file} has no “${sentence}”`);
    }
  }
});

Deno.test("no page promises what nobody can", async () => {
  for (const page of ["README.md", "docs/SECURITY.md", "docs/PROTOCOL.md", "docs/ARCHITECTURE.md", "CHANGELOG.md"]) {
    const text = await Deno.readTextFile(new URL(page, ROOT));
    equal(/unbreakable|production-secure|military|100 ?% secure/i.test(text), false, page);
  }
  match(await Deno.readTextFile(new URL("README.md", ROOT)), /not been reviewed/);
});

Deno.test("README shows the picture that the screen really makes, in text as well", async () => {
  const [readme, picture] = await Promise.all(
    ["README.md", "tests/screen/picture/chat.txt"].map((file) => Deno.readTextFile(new URL(file, ROOT))),
  );
  equal(readme?.includes((picture ?? "").trimEnd()), true, "deno task picture, then copy chat.txt into README.md");
});

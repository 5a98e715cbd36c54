// The papers keep each other honest: docs/SECURITY.md and plans/sesame-mvp-plan.md promise the same, word for word, and
// every check that SECURITY.md names exists.

import { deepStrictEqual as deepEqual, match, strictEqual as equal } from "node:assert/strict";

const ROOT = new URL("../..", import.meta.url);

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
      equal(namesTest(source, sentence), true, `${id}: ${file} has no test “${sentence}”`);
    }
  }
});

/** Whether the words are (in) the name of a test, or of a run in a table of runs: not in a comment, nor in a message. */
function namesTest(source: string, words: string): boolean {
  return source.split("\n").some((line, i, lines) => {
    const at = line.indexOf(words);
    const before = (/^\s*["`]/.test(line) ? lines[i - 1] ?? "" : "") + line.slice(0, Math.max(0, at));
    return at >= 0 && /(\btest\(|\bname: |^\s*\[)\s*["`][^"]*$/.test(before);
  });
}

Deno.test("namesTest() wants the words in a test's name", () => {
  for (const yes of ['Deno.test("a b c", () => {', "  test(`x ${y} b c`, f)", '  name: "b c",', '["b c", run],']) {
    equal(namesTest(yes, "b c"), true, yes);
  }
  equal(namesTest('Deno.test(\n  "a b c",\n', "b c"), true);
  for (const no of ["// a b c", 'equal(x, y, "a b c");', 'Deno.test("d", () => fail("b c"));']) {
    equal(namesTest(no, "b c"), false, no);
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
  equal(
    readme?.includes((picture ?? "").trimEnd()),
    true,
    "deno task check picture, then copy chat.txt into README.md",
  );
});

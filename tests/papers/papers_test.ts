// The papers keep each other honest: plans/sesame-mvp-plan.md lists the guarantees of docs/SECURITY.md, every check
// that SECURITY.md names exists, links lead somewhere, and README is short and shows what the screen really shows.

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

Deno.test("the plan lists the guarantees of SECURITY.md, each by its title, and links to their limits", async () => {
  const security = (await guaranteesOf("docs/SECURITY.md")).map(({ id, guarantee, limit }) => {
    equal(limit.length > 0, true, `${id} names no limit`);
    return { id, title: /^\*\*(.+?)\.\*\* \S/.exec(guarantee)?.[1] };
  });
  equal(security.length >= 15, true, "the table of SECURITY.md was not found");
  const plan = await Deno.readTextFile(new URL("plans/sesame-mvp-plan.md", ROOT));
  const listed = [...plan.matchAll(/^\| (G\d+) \| (.*?) \|$/gm)].map(([, id, title]) => ({ id, title }));
  deepEqual(listed, security);
  match(plan, /The limits are part of the guarantees: \[read them there\]\(\.\.\/docs\/SECURITY\.md#guarantees\)/);
});

Deno.test("every guarantee names a check, and every check that is named exists", async () => {
  for (const { id, checks } of await guaranteesOf("docs/SECURITY.md")) await namesChecks(id, checks);
});

Deno.test("every finding names a check, and every check that is named exists", async () => {
  const page = await Deno.readTextFile(new URL("docs/FINDINGS.md", ROOT));
  const rows = page.split("\n").filter((line) => line.startsWith("| ")).slice(1);
  equal(rows.length > 30, true, "the table was not found");
  for (const row of rows) await namesChecks(row.slice(2, 60), row);
});

/** The text names at least one, as `file` “words of a test's name”. */
async function namesChecks(id: string, text: string): Promise<void> {
  const named = [...text.matchAll(/`([^`]+\.ts)` “([^”]+)”/g)];
  equal(named.length > 0, true, `${id} names no check`);
  for (const [, file = "", sentence = ""] of named) {
    const source = await Deno.readTextFile(new URL(file, ROOT)).catch(() => "");
    equal(namesTest(source, sentence), true, `${id}: ${file} has no test “${sentence}”`);
  }
}

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
  match(await Deno.readTextFile(new URL("README.md", ROOT)), /has not been reviewed/);
});

/** Patterns that nobody would write whose first language is English. */
const ODD = [
  /\bin vain\b/i,
  /\btold apart\b/i,
  /\bmend(s|ed)?\b/i,
  /\bso far as\b/i,
  /\bleave\b.{0,12} away\b/i,
  /\bof (its|their|his) own([.,;:)]|$| (that|which|and)\b)/i,
  /(^|[.:;] )who(ever)? (knows|holds|calls|sits|listens)\b/i,
];

Deno.test("no paper and no sentence of the program has a phrase that a native speaker stumbles over", async () => {
  const files = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "plans/sesame-mvp-plan.md", "docs/models/README.md"];
  for (const folder of ["docs", "src/words"]) {
    for await (const { name } of Deno.readDir(new URL(folder, ROOT))) {
      if (/\.md$|(?<!_test)\.ts$/.test(name)) files.push(`${folder}/${name}`);
    }
  }
  equal(files.length > 30, true, "the pages were not found");
  for (const file of files) {
    for (const [i, line] of (await Deno.readTextFile(new URL(file, ROOT))).split("\n").entries()) {
      // Names of tests in backquotes and quotation marks belong to others; code has its own comments.
      const prose = file.endsWith(".ts") && /^\s*(\/\/|\/?\*)/.test(line) ? "" : line.replace(/`[^`]*`|“[^”]*”/g, "");
      for (const odd of ODD) equal(odd.test(prose), false, `${file}:${i + 1}: ${odd}`);
    }
  }
});

Deno.test("README has at most 90 lines, and says above the fold that nobody has reviewed Sesame", async () => {
  const lines = (await Deno.readTextFile(new URL("README.md", ROOT))).trimEnd().split("\n");
  equal(lines.length <= 90, true, `${lines.length} lines`);
  match(lines.slice(0, 6).join(" "), /Nobody outside has reviewed Sesame yet/);
  match(lines.slice(0, 20).join("\n"), /^npx -y deno@[\d.]+ task demo .*\nnpx -y deno@[\d.]+ task test /m);
});

Deno.test("no page links to a file that is not there", async () => {
  const pages = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "plans/sesame-mvp-plan.md"];
  for await (const { name } of Deno.readDir(new URL("docs", ROOT))) {
    if (name.endsWith(".md")) pages.push(`docs/${name}`);
  }
  for (const page of pages) {
    const text = await Deno.readTextFile(new URL(page, ROOT));
    for (const [, to = ""] of text.matchAll(/(?:\]\(|src="|srcset=")(?!https?:|#)([^)"#\s]+)/g)) {
      const there = await Deno.stat(new URL(to, new URL(page, ROOT))).then(() => true, () => false);
      equal(there, true, `${page} links to ${to}`);
    }
  }
});

Deno.test("README shows the pictures that the screen really makes, the second in text as well", async () => {
  const readme = await Deno.readTextFile(new URL("README.md", ROOT));
  for (const name of ["two", "three"]) {
    for (const file of [`${name}-light.svg`, `${name}-dark.svg`]) {
      equal(readme.includes(`tests/screen/picture/${file}`), true, `README does not show ${file}`);
      const drawn = await Deno.readTextFile(new URL(`tests/screen/picture/${file}`, ROOT));
      const text = await Deno.readTextFile(new URL(`tests/screen/picture/${name}.txt`, ROOT));
      equal(drawn.includes('<text x="'), true, file);
      for (const word of text.match(/[A-Za-z]{5,}/g) ?? []) equal(drawn.includes(word), true, `${file} has no ${word}`);
    }
  }
  const text = await Deno.readTextFile(new URL("tests/screen/picture/three.txt", ROOT));
  equal(readme.includes(text.trimEnd()), true, "deno task check picture, then copy three.txt into README.md");
});

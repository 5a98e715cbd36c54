// docs/CLAIMS.md names rows of models, vectors, tests and mutants; every one of them must exist, and each mutant must be the
// one that this test dies of. Not in here: running any of them.

import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";
import { nameOf, parseTable } from "../models/models.ts";
import { HANDMADE } from "../mutation/handmade.ts";

const ROOT = new URL("../..", import.meta.url);
const read = (path: string) => Deno.readTextFileSync(new URL(path, ROOT));

interface Claim {
  readonly claim: string;
  readonly models: string;
  readonly vectors: string;
  readonly test: string;
  readonly mutant: string;
}

const CLAIMS: readonly Claim[] = read("docs/CLAIMS.md").split("\n").filter((line) => /^\| [A-Z]/.test(line)).map(
  (line) => {
    const [claim, models, vectors, test, mutant, ...more] = line.slice(2, -2).split(" | ");
    equal(more.length, 0, line);
    return { claim: claim!, models: models!, vectors: vectors!, test: test!, mutant: mutant! };
  },
);

/** What stands in backquotes. */
function quoted(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, text]) => text!);
}

Deno.test("the table of claims can be read, and no claim stands there twice", () => {
  ok(CLAIMS.length >= 16);
  equal(new Set(CLAIMS.map(({ claim }) => claim)).size, CLAIMS.length);
});

Deno.test("each row of the models that a claim names is in the table, and says what the claim needs", () => {
  const rows = parseTable(read("docs/models/expected.txt"));
  for (const { claim, models } of CLAIMS) {
    if (models === "–") continue;
    for (const part of models.split("`, ").map((text) => text.endsWith("`") ? text : `${text}\``)) {
      const [name] = quoted(part);
      const row = rows.find((r) => nameOf(r) === name);
      ok(row !== undefined, `${claim}: no model row ${name}`);
      const fails = /false|fails/.test(row.expected);
      equal(fails, part.startsWith("control "), `${claim}: ${name} is expected to be ${row.expected}`);
    }
  }
});

Deno.test("each file of vectors that a claim names is there", () => {
  for (const { vectors } of CLAIMS) {
    for (const name of quoted(vectors)) ok(Deno.statSync(new URL(`tests/vectors/${name}`, ROOT)).isFile, name);
  }
});

Deno.test("each test that a claim names is there, and is what its mutant dies of", () => {
  for (const { claim, test, mutant } of CLAIMS) {
    const [file] = quoted(test);
    const name = /“(.+)”/.exec(test)?.[1];
    ok(file !== undefined && name !== undefined, claim);
    ok(read(file).includes(`Deno.test("${name}"`), `${file} has no test “${name}”`);
    const made = HANDMADE.find((m) => m.name === mutant);
    ok(made !== undefined, `${claim}: no mutant "${mutant}"`);
    deepEqual(made.test, { file, name }, mutant);
  }
});

Deno.test("each mutant made by hand stands on the page, and the line that it changes in its file once", () => {
  const further = read("docs/CLAIMS.md").split("\n").filter((line) => line.startsWith("- "));
  for (const { name, file, text } of HANDMADE) {
    const ofClaim = CLAIMS.some(({ mutant }) => mutant === name);
    equal(ofClaim || further.includes(`- ${name}`), true, `${name}: no claim, and not among the further mutants`);
    equal(read(file).split(text).length, 2, `${name}: the text in ${file}`);
  }
});

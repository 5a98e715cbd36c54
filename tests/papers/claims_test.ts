// docs/CLAIMS.md names rows of models, vectors, tests and mutants; every one of them must exist, and each mutant must
// be the one that the named test kills. Out of scope: running any of them.

import { deepStrictEqual as deepEqual, ok, strictEqual as equal, throws } from "node:assert/strict";
import { nameOf, parseTable } from "../models/models.ts";
import { HANDMADE } from "../mutation/handmade.ts";
import { claimsOf, quoted, stepsOf, testsOf } from "./claims.ts";

const ROOT = new URL("../..", import.meta.url);
const read = (path: string) => Deno.readTextFileSync(new URL(path, ROOT));

const CLAIMS = claimsOf(read("docs/CLAIMS.md"));

Deno.test("the table of claims can be read, its rows are numbered, and no claim stands there twice", () => {
  ok(CLAIMS.length >= 16);
  deepEqual(CLAIMS.map(({ number }) => number), CLAIMS.map((_, i) => i + 1));
  throws(() => claimsOf("| 1 | a | b | c | d |"), /not a claim/);
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

Deno.test("each test that a claim names is there, and is the one that kills its mutant", () => {
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

Deno.test("each mutant made by hand names a test of the file that it names", () => {
  for (const { name, test } of HANDMADE) {
    const text = read(test.file);
    // A whole name, or what stands behind the beginning that a table of tests shares.
    const beginnings = [...text.matchAll(/Deno\.test\(`([^`$]*)\$\{/g)].map(([, shared]) => shared!);
    const rests = ["", ...beginnings].filter((shared) => test.name.startsWith(shared));
    ok(rests.some((shared) => text.includes(`"${test.name.slice(shared.length)}"`)), `${name}: “${test.name}”`);
  }
});

Deno.test("one command checks a claim: every row of the models, every file of vectors, and the mutant", () => {
  for (const claim of CLAIMS) {
    const steps = stepsOf(claim, testsOf).map(({ args }) => args.join(" "));
    const rows = quoted(claim.models);
    equal(steps.filter((step) => step.includes(`models.ts --rows ${rows.join("|")}`)).length, rows.length > 0 ? 1 : 0);
    for (const name of quoted(claim.vectors)) {
      const step = steps.find((step) => step.includes(name) || testsOf(name).some((file) => step.includes(file)));
      ok(step !== undefined && /check\.ts|_test\.ts/.test(step), `${claim.claim}: nothing reads ${name}`);
    }
    equal(steps.at(-1)?.endsWith(`--handmade --only ${claim.mutant}`), true);
  }
});

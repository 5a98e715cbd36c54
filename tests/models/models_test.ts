// The models beside the code: every rule of a model names the line that it stands for, and the table can be read. A
// test here fails when such a line has gone or changed: then the model may no longer be about this program. Read both,
// and fix the model or docs/models/code.json. Out of scope: running the models (tests/models/models.ts).

import { deepStrictEqual as deepEqual, ok, strictEqual as equal, throws } from "node:assert/strict";
import { filesOf, nameOf, parseTable, proverifVerdict, QUICK_SECONDS, spinVerdict } from "./models.ts";

const ROOT = new URL("../..", import.meta.url);
const read = (path: string) => Deno.readTextFileSync(new URL(path, ROOT));

/** A rule, found by its text in the model, and the line of code (without its indentation), or why there is none. */
interface Entry {
  readonly model: string;
  readonly rule: string;
  readonly file?: string;
  readonly line?: string;
  readonly none?: string;
}

const ENTRIES: readonly Entry[] = JSON.parse(read("docs/models/code.json"));

Deno.test("each rule that docs/models/code.json names stands in its model", () => {
  for (const { model, rule } of ENTRIES) ok(read(`docs/models/${model}`).includes(rule), `${model} has no "${rule}"`);
});

Deno.test("each line of code that a model stands for stands in its file, letter for letter", () => {
  const lost = ENTRIES.flatMap(({ file, line, none, model, rule }) => {
    if (none !== undefined) {
      return file === undefined && line === undefined ? [] : [`${rule}: a line or none, not both`];
    }
    const lines = read(file!).split("\n").map((text) => text.trim());
    return lines.includes(line!) ? [] : [`${file} has no line "${line}" any more, for "${rule}" of ${model}`];
  });
  deepEqual(lost, []);
});

Deno.test("no event, switch or step of a model is without its line", () => {
  const named = (model: string) => ENTRIES.filter((e) => e.model === model).map((e) => e.rule);
  const wanted: [model: string, pattern: RegExp][] = [
    ["proverif/roles.pvl", /^event \w+/gm],
    ["proverif/cfg-base.pvl", /^letfun \w+/gm],
    ["ratchet/roles.pvl", /^event \w+/gm],
    ["ratchet/crypto.pvl", /^fun (?:kdf|hth|mk|next)\b/gm],
    ["spin/pair.pml", /^inline \w+/gm],
    ["spin/glare.pml", /^inline \w+/gm],
    ["spin/linkloss.pml", /^inline \w+/gm],
  ];
  for (const [model, pattern] of wanted) {
    const rules = [...read(`docs/models/${model}`).matchAll(pattern)].map(([rule]) => rule);
    ok(rules.length > 0, model);
    deepEqual(rules.filter((rule) => !named(model).includes(rule)), [], model);
  }
});

Deno.test("the table of expected results can be read, has both tools, names nothing twice and has a quick part", () => {
  const rows = parseTable(read("docs/models/expected.txt"));
  equal(new Set(rows.map((row) => `${nameOf(row)} ${row.tool === "proverif" && row.fine}`)).size, rows.length);
  equal(rows.filter((row) => row.tool === "spin").length, 45);
  const proverif = rows.filter((row) => row.tool === "proverif");
  equal(proverif.filter(({ model }) => model === "proverif").length, 58);
  equal(proverif.filter(({ model }) => model === "ratchet").length, 47);
  const quick = rows.filter((row) => row.tool === "spin" && row.seconds !== undefined && row.seconds <= QUICK_SECONDS);
  // A short run that has no control in it would prove nothing.
  ok(quick.some((row) => row.expected === "holds") && quick.some((row) => row.expected.startsWith("fails")));
});

Deno.test("the files of each row exist", () => {
  for (const row of parseTable(read("docs/models/expected.txt"))) {
    const files = row.tool === "spin" ? [`spin/${row.model}.pml`] : filesOf(row).map((name) => `${row.model}/${name}`);
    for (const file of files) ok(Deno.statSync(new URL(`docs/models/${file}`, ROOT)).isFile, file);
  }
});

Deno.test("parseTable() refuses a line that is not a row", () => {
  for (const line of ["spin|pair|x|holds", "pv|a|b|c|true", "spim|a|b|holds|1", "spin|a|b|holds|soon"]) {
    throws(() => parseTable(line), Error);
  }
});

Deno.test("spinVerdict() takes only a whole search for proof, and says which assertion failed", () => {
  const whole = "State-vector 100 byte, depth reached 9, errors: 0\n";
  equal(spinVerdict(whole, 0), "holds");
  equal(spinVerdict(whole, 1), "incomplete");
  equal(spinVerdict(`error: max search depth too small\n${whole}`, 0), "incomplete");
  equal(spinVerdict(`pan: out of memory\n${whole}`, 0), "incomplete");
  equal(spinVerdict("", 0), "incomplete");
  equal(spinVerdict("pan:1: assertion violated (shown[0]==1) (at depth 9)\n", 0), "fails:twice");
  equal(spinVerdict("pan:1: assertion violated (((n0==1)&&(n1==1)))\n", 0), "fails:apart");
  equal(spinVerdict("pan:1: assertion violated (acked[w])\n", 0), "fails:undelivered");
  equal(spinVerdict("pan:1: assertion violated (x)\n", 0), "fails:other");
});

Deno.test("proverifVerdict() counts nothing but results", () => {
  equal(
    proverifVerdict("RESULT not attacker(sA[]) is true.\nx\nRESULT event(a) ==> event(b) is false.\n"),
    "true false",
  );
  equal(
    proverifVerdict("RESULT inj-event(a) cannot be proved.\nRESULT (but event(a) ==> event(b) is true.)\n"),
    "unproved",
  );
  equal(proverifVerdict("Error: syntax"), "none");
});

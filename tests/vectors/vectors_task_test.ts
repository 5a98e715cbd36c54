// That `deno task vectors` notices: one digit of an expected value changed, a field missing, a field too many, a file
// of another kind. The stretch is taken from the first reading of the file, so that not every attempt costs an Argon2id
// run.

import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert/strict";
import { checkFile } from "./check.ts";
import { fromHex, testArena, toHex } from "../harness/arena.ts";
import { stretch } from "../harness/stretch.ts";
import type { ExchangeFile } from "../harness/vectors.ts";
import { randomExchange, UNSTRETCHED } from "./random_exchange.ts";

const arena = await testArena();
const text = await Deno.readTextFile(new URL("exchange-v1.json", import.meta.url));
const { exchanges } = JSON.parse(text) as ExchangeFile;
/** One exchange is enough for what looks at one changed place. */
const short = JSON.stringify({ ...JSON.parse(text), exchanges: [JSON.parse(text).exchanges[0]] });
const { saltPrime, wBytes } = exchanges[0]!.derived;

/** Argon2id as known from the file. For another salt or phrase it gives something else. */
const known = (_phrase: Uint8Array, salt: Uint8Array): Promise<Uint8Array> =>
  Promise.resolve(toHex(salt) === saltPrime ? fromHex(wBytes) : UNSTRETCHED);

async function check(content: string, stretchWith = known) {
  const lines: string[] = [];
  const problems: string[] = [];
  const code = await checkFile(arena, "FILE", content, stretchWith, {
    line: (line) => lines.push(line),
    problem: (problem) => problems.push(problem),
  });
  equal(arena.used, 0);
  return { code, lines, problems };
}

type Path = readonly (string | number)[];
// deno-lint-ignore no-explicit-any -- a parsed file that is changed at will
type Loose = any;

/** The file with one place of its first exchange replaced. */
function changed(path: Path, change: (old: Loose) => Loose): string {
  const file = JSON.parse(short);
  const holder = path.slice(0, -1).reduce((at: Loose, key) => at[key], file.exchanges[0]);
  const last = path.at(-1)!;
  const value = change(holder[last]);
  if (value === undefined) delete holder[last];
  else holder[last] = value;
  return JSON.stringify(file);
}

function named(path: Path): string {
  return path.map((key, i) => typeof key === "number" ? `[${key}]` : i === 0 ? key : `.${key}`).join("");
}

/** A hex digit changed, a number raised. `at` counts from the front, or from the end if it is negative. */
function flip(at: number) {
  return (old: unknown): unknown => {
    if (typeof old === "number") return old + 1;
    if (typeof old !== "string" || !/^[0-9a-f]+$/.test(old)) return `${old}x`;
    const place = at < 0 ? old.length + at : at % old.length;
    return old.slice(0, place) + (parseInt(old[place]!, 16) ^ 8).toString(16) + old.slice(place + 1);
  };
}

/** Paths of all leaves under a value. */
function leaves(value: unknown, path: Path): Path[] {
  if (typeof value !== "object" || value === null) return [path];
  const entries = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return entries.flatMap(([key, item]) => leaves(item, [...path, key]));
}

async function expectNamed(path: Path, content: string) {
  const { code, problems } = await check(content);
  const start = `FILE: exchange ascii-real: ${named(path)}: expected `;
  equal(problems.length, 1);
  ok(problems[0]!.startsWith(start), `${problems[0]} does not start with ${start}`);
  match(problems[0]!, /, got /);
  equal(code, 1);
}

Deno.test("our own file passes, with Argon2id, and tells how many values were compared", async () => {
  const { code, lines, problems } = await check(text, async (phrase, salt) => (await stretch(phrase, salt)).out);
  deepEqual(problems, []);
  equal(code, 0);
  deepEqual(lines, [
    "FILE: constants: 6 values, all as computed",
    "FILE: exchange ascii-real: 848 values, all as computed",
    "FILE: exchange nfkc-real: 475 values, all as computed",
    "FILE: exchange ascii-decoy: 475 values, all as computed",
  ]);
});

Deno.test("exchanges that the reference makes pass: 300 steps in a random order, late cells among them", async () => {
  for (let seed = 0; seed < 8; seed++) {
    const { exchange, late, renewals } = randomExchange(`exchange ${seed}`);
    const { lines, problems } = await check(JSON.stringify({ ...JSON.parse(text), exchanges: [exchange] }));
    deepEqual(problems, []);
    equal(lines.length, 2);
    ok(late >= 5 && renewals >= 4, `${late} late cells, ${renewals} renewals`);
  }
});

Deno.test("one changed digit of each derived value and each frame is found and named", async () => {
  const [exchange] = exchanges;
  const paths = [...leaves(exchange!.derived, ["derived"]), ...leaves(exchange!.frames, ["frames"])];
  equal(paths.length, 29 + 3);
  for (const [i, path] of paths.entries()) await expectNamed(path, changed(path, flip(i % 3 === 2 ? -1 : i * 7)));
});

Deno.test("one changed digit of each kind of value in the conversation is found and named", async () => {
  const { epoch0, renewals, cells, steps, ratchetEnd } = exchanges[0]!;
  const all = [
    ...leaves(epoch0, ["epoch0"]),
    ...leaves(renewals, ["renewals"]),
    ...leaves(cells, ["cells"]),
    ...leaves(steps, ["steps"]),
    ...leaves(ratchetEnd, ["ratchetEnd"]),
    ["digest"],
  ];
  // Which step does what is an input, and what is drawn for a renewal; a change of it shows as another field.
  const inputs = ["op", "at", "cell", "kemSeed", "kemM", "dhPrivateA", "dhPrivateB"];
  const values = all.filter((path) => !inputs.includes(String(path.at(-1))));
  // The last of each kind, so that what comes first does not hide it.
  const kinds = new Map(values.map((path) => [path.filter((key) => typeof key === "string").join("."), path]));
  ok(kinds.size >= 35);
  for (const path of kinds.values()) await expectNamed(path, changed(path, flip(-1)));
});

Deno.test("a changed plaintext is named itself", async () => {
  await expectNamed(["cells", 4, "plaintext"], changed(["cells", 4, "plaintext"], flip(1000)));
});

Deno.test("a changed input shows in the first value that depends on it", async () => {
  const first: Record<string, string> = {
    salt: "derived.saltPrime",
    nonceA: "derived.ctx",
    nonceB: "derived.ctx",
    xWide: "derived.x",
    yWide: "derived.y",
    kemSeed: "derived.kem",
    kemM: "derived.ciphertext",
    ratchetPrivateA: "derived.ratchetA",
    ratchetPrivateB: "derived.ratchetB",
    cb: "derived.ctx",
    peerIdA: "derived.TT",
    peerIdB: "derived.TT",
  };
  for (const [input, field] of Object.entries(first)) {
    const { code, problems } = await check(changed(["inputs", input], flip(0)));
    ok(problems[0]!.startsWith(`FILE: exchange ascii-real: ${field}: `), problems[0]!);
    equal(code, 1);
  }
  const drawn = { kemSeed: "keyBody", dhPrivateA: "keyBody", kemM: "ciphertextBody", dhPrivateB: "ciphertextBody" };
  for (const [input, field] of Object.entries(drawn)) {
    const { problems } = await check(changed(["renewals", 1, input], flip(30)));
    ok(problems[0]!.startsWith(`FILE: exchange ascii-real: renewals[1].${field}: `), problems[0]!);
  }
  const phrase = await check(changed(["inputs", "phrase"], (old) => old.replace("horse", "house")));
  match(phrase.problems[0]!, /: derived\.phraseBytes: expected/);
  const mode = await check(changed(["inputs", "mode"], () => "decoy"));
  match(mode.problems[0]!, /: derived\.modeByte: expected 0, got 1/);
});

Deno.test("a missing field and a field that nobody knows are found and named, at every level", async () => {
  const places: Path[] = [
    ["derived", "KcA"],
    ["frames", "accept"],
    ["epoch0", "ckB"],
    ["renewals", 0, "th"],
    ["cells", 3, "mk"],
    ["cells", 3, "plaintext"],
    ["steps", 11, "stored"],
    ["ratchetEnd", "B", "sending", "pn"],
    ["digest"],
    ["inputs", "cb"],
  ];
  for (const path of places) {
    const { code, problems } = await check(changed(path, () => undefined));
    equal(code, 1);
    ok(problems[0]!.startsWith(`FILE: exchange ascii-real: ${named(path)}: expected nothing: the field is missing`));
    const extra = [...path.slice(0, -1), "extra"];
    const { problems: unknown } = await check(changed(extra, () => "00"));
    ok(unknown[0]!.startsWith(`FILE: exchange ascii-real: ${named(extra)}: expected 00, got nothing`), unknown[0]!);
  }
});

Deno.test("a list that is too short or too long is found", async () => {
  const last = await check(changed(["cells"], (cells) => [...cells, cells[0]]));
  match(last.problems[0]!, /: cells\[36\]: expected .*, got nothing/);
  const renewals = await check(changed(["renewals"], (old) => [...old, old[0]]));
  match(renewals.problems[0]!, /: renewals\[2\]: expected .*, got nothing/);
  const fewer = await check(changed(["renewals"], (old) => old.slice(1)));
  match(fewer.problems[0]!, /: steps: expected/);
  const steps = await check(changed(["steps"], (old) => old.slice(0, -1)));
  match(steps.problems[0]!, /: ratchetEnd\.B\./);
});

Deno.test("steps that cannot be are named: a cell opened before it is sealed, by its sender, or twice", async () => {
  const before = await check(changed(["steps", 0], () => exchanges[0]!.steps[1]));
  match(before.problems[0]!, /: steps\[0\]\.cell: /);
  const own = await check(changed(["steps", 1, "at"], () => "B"));
  match(own.problems[0]!, /: steps\[1\]\.at: /);
  const twice = await check(changed(["steps"], (old) => [...old.slice(0, 2), ...old.slice(1)]));
  match(twice.problems[0]!, /: steps\[2\]: expected a cell that opens/);
});

Deno.test("the constants and the protocol's name are compared too", async () => {
  for (const name of ["M", "N", "cellFrameHeader", "aadLabel", "keyCell", "plaintextSize"]) {
    const file = JSON.parse(text);
    file.constants[name] = flip(3)(file.constants[name]);
    const { code, problems } = await check(JSON.stringify(file));
    equal(code, 1);
    ok(problems[0]!.startsWith(`FILE: constants.${name}: expected `), problems[0]!);
  }
  const { problems } = await check(JSON.stringify({ ...JSON.parse(text), protocol: "another" }));
  match(problems[0]!, /^FILE: protocol: expected another, got sesame wire protocol, version 1$/);
  const { problems: unknown } = await check(JSON.stringify({ ...JSON.parse(text), more: 1 }));
  match(unknown[0]!, /^FILE: more: expected 1, got nothing/);
});

Deno.test("what is not such a file ends in a problem of three parts and exit code 2", async () => {
  for (const content of ["", "{", "null", "[]", "{}", '{"exchanges":{}}', '{"exchanges":[]}', '"text"']) {
    const { code, problems } = await check(content);
    equal(code, 2);
    match(problems[0]!, /^Could not check FILE\. It.*\. Name a file in the format of .*\.$/);
  }
});

// Every input in the repository, through its target again: the committed corpus, and every past finding. Then a few
// thousand mutations of those inputs, from a fixed seed: the same each time, and blind (coverage guides only
// fuzz/fuzz.ts). This runs under Deno, so what Jazzer.js finds under Node is checked here in the runtime that people
// use.

import { ok } from "node:assert/strict";
import { dictionaryOf, read } from "./runner/jazzer.ts";
import { Random } from "../tests/simulation/random.ts";
import { load, TARGETS } from "./targets.ts";

const HERE = new URL(".", import.meta.url);
/** Of each target: so long, or so many changes. */
const CHANGED_MS = 1500;
const CHANGED_MOST = 5000;

/** The inputs in a folder, in the order of their names. */
function inputs(folder: string): { readonly name: string; readonly data: Uint8Array }[] {
  const at = new URL(`${folder}/`, HERE);
  try {
    const names = [...Deno.readDirSync(at)].filter(({ isFile }) => isFile).map(({ name }) => name).sort();
    return names.map((name) => ({ name: `${folder}/${name}`, data: Deno.readFileSync(new URL(name, at)) }));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** What a fuzzer without eyes does: bytes changed, cut out, put in, copied, swapped for tokens, joined with another input. */
function changed(
  data: Uint8Array,
  random: Random,
  tokens: readonly Uint8Array[],
  others: readonly Uint8Array[],
): Uint8Array {
  let bytes = [...data];
  for (let n = random.int(1, 4); n > 0; n--) {
    const at = random.int(0, bytes.length);
    const how = random.int(0, 6);
    if (how === 0) bytes[Math.min(at, Math.max(0, bytes.length - 1))] = random.int(0, 255);
    else if (how === 1) bytes.splice(at, random.int(1, 8));
    else if (how === 2) bytes.splice(at, 0, ...Array.from({ length: random.int(1, 8) }, () => random.int(0, 255)));
    else if (how === 3 && tokens.length > 0) bytes.splice(at, random.int(0, 4), ...random.pick(tokens));
    else if (how === 4) bytes = [...bytes.slice(0, at), ...random.pick(others).slice(random.int(0, 40))];
    else if (how === 5) bytes.splice(at, 0, ...bytes.slice(at, at + random.int(1, 60)));
    else if (at < bytes.length) bytes[at] = bytes[at]! ^ (1 << random.int(0, 7));
  }
  return Uint8Array.from(bytes);
}

for (const name of TARGETS) {
  Deno.test(`${name}: every input that was kept does what was promised, and so do changes of it`, async () => {
    const target = await load(name);
    const run = await target.make();
    const kept = [...inputs(`corpus/${name}`), ...inputs(`regressions/${name}`)];
    ok(kept.length > 0, "there is a corpus");
    const attempt = (what: string, data: Uint8Array) => {
      try {
        run(data);
      } catch (error) {
        throw new Error(`${what}: ${error instanceof Error ? error.message : error} (hex ${data.toHex()})`, {
          cause: error,
        });
      }
    };
    for (const { name: file, data } of kept) attempt(file, data);
    const random = new Random(1);
    const tokens = target.dictionary.map((token) =>
      typeof token === "string" ? new TextEncoder().encode(token) : token
    );
    const others = kept.map(({ data }) => data);
    const end = performance.now() + CHANGED_MS;
    for (let n = 0; n < CHANGED_MOST && performance.now() < end; n++) {
      const { name: file, data } = random.pick(kept);
      attempt(`change ${n}, of ${file}`, changed(data, random, tokens, others).subarray(0, target.maxLength));
    }
  });
}

Deno.test("read() tells a finding from a good run and from one that never began", () => {
  const good = "#12\tNEW    cov: 5 ft: 9 corp: 3/30b lim: 4 exec/s: 0 rss: 90Mb\nDone 40 runs in 2 second(s)\n";
  const { runs, edges, inputs: count, finding, broken } = read(good, 0, 2);
  ok(runs === 40 && edges === 5 && count === 3 && finding === undefined && broken === undefined);
  const bad = read(
    "BrokenPromise: round trip\n    at x\nartifact_prefix='./'; Test unit written to ./crash-1\n",
    77,
    2,
  );
  ok(bad.finding?.message === "BrokenPromise: round trip" && bad.finding.file === "./crash-1");
  ok(read("Error: no such module\n", 1, 2).broken !== undefined);
});

Deno.test("dictionaryOf() writes libFuzzer's form", async () => {
  const target = { ...await load("frame"), dictionary: ['a"\\', Uint8Array.of(0, 0x7f)] };
  ok(dictionaryOf(target) === '"a\\x22\\x5c"\n"\\x00\\x7f"\n');
});
